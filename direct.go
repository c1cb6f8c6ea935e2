//go:build !akt_safe

package akt

import (
	"context"
	"unsafe"
)

// This file and erased.go are the ones with unsafe code; the build tag akt_safe leaves them out. It
// rests on three facts of Go's implementation, which TestDirect checks against reflection:
//
//   - An interface value is two words: the type's, and a pointer-shaped value itself or a pointer
//     to any other.
//   - A method expression taken by reflection is a func value, that is, one pointer.
//   - A receiver of type *T is passed to a method as an unsafe.Pointer is: so a func(*T, …) may be
//     called as a func(unsafe.Pointer, …) whose other parameters are the same. The garbage
//     collector treats both alike.

// receiver is an actor's state as a typed call gets it: a *T.
type receiver = unsafe.Pointer

// receiverOf is the pointer in an actor's state, which is always a pointer.
func receiverOf(self any) receiver { return (*[2]unsafe.Pointer)(unsafe.Pointer(&self))[1] }

// typeID tells types apart. It is the type's word of an interface value.
type typeID uintptr

// dynamicType is the id of a value's type; 0 for nil.
func dynamicType(v any) typeID { return *(*typeID)(unsafe.Pointer(&v)) }

// someCall is a typedCall whose type has to be known from elsewhere.
type someCall = unsafe.Pointer

func forgotten[M, R any](call typedCall[M, R]) someCall { return *(*someCall)(unsafe.Pointer(&call)) }

func recalled[M, R any](call someCall) typedCall[M, R] {
	return *(*typedCall[M, R])(unsafe.Pointer(&call))
}

// retyped is a func value under another type F, whose receiver is an unsafe.Pointer.
func retyped[F any](method any) F {
	f := (*[2]unsafe.Pointer)(unsafe.Pointer(&method))[1]
	return *(*F)(unsafe.Pointer(&f))
}

// typedFor makes a typed call of a handler that takes exactly an M and replies with exactly an R,
// or has no reply.
func typedFor[M, R any](h *handler) typedCall[M, R] {
	if h.shape.plain {
		return plainFor[M, R](h)
	}
	switch f := h.expression; {
	case h.replies && h.fails:
		return retyped[func(receiver, Context, M) (R, error)](f)
	case h.replies:
		call := retyped[func(receiver, Context, M) R](f)
		return func(self receiver, ctx Context, msg M) (R, error) { return call(self, ctx, msg), nil }
	case h.fails:
		call := retyped[func(receiver, Context, M) error](f)
		return func(self receiver, ctx Context, msg M) (r R, err error) { return r, call(self, ctx, msg) }
	default:
		call := retyped[func(receiver, Context, M)](f)
		return func(self receiver, ctx Context, msg M) (r R, err error) {
			call(self, ctx, msg)
			return r, nil
		}
	}
}

// plainFor is typedFor for a handler that takes a context.Context.
func plainFor[M, R any](h *handler) typedCall[M, R] {
	switch f := h.expression; {
	case h.replies && h.fails:
		call := retyped[func(receiver, context.Context, M) (R, error)](f)
		return func(self receiver, ctx Context, msg M) (R, error) { return call(self, ctx, msg) }
	case h.replies:
		call := retyped[func(receiver, context.Context, M) R](f)
		return func(self receiver, ctx Context, msg M) (R, error) { return call(self, ctx, msg), nil }
	case h.fails:
		call := retyped[func(receiver, context.Context, M) error](f)
		return func(self receiver, ctx Context, msg M) (r R, err error) { return r, call(self, ctx, msg) }
	default:
		call := retyped[func(receiver, context.Context, M)](f)
		return func(self receiver, ctx Context, msg M) (r R, err error) {
			call(self, ctx, msg)
			return r, nil
		}
	}
}
