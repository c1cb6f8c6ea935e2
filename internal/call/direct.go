//go:build !akt_safe

package call

import (
	"context"
	"unsafe"

	"github.com/aktgo/akt/internal/handlers"
)

// This file and erased.go have the unsafe code of calls. It rests on three facts of Go's
// implementation, which TestDirect checks against reflection:
//
//   - An interface value is two words: the type's, and a pointer-shaped value itself or a pointer
//     to any other.
//   - A method expression taken by reflection is a func value, that is, one pointer.
//   - A receiver of type *T is passed to a method as an unsafe.Pointer is: so a func(*T, …) may be
//     called as a func(unsafe.Pointer, …) whose other parameters are the same. The garbage
//     collector treats both alike.

// Receiver is a *T as a Typed call gets it.
type Receiver = unsafe.Pointer

// ReceiverOf returns the receiver in an interface value, which has to be a pointer.
func ReceiverOf(self any) Receiver { return (*[2]unsafe.Pointer)(unsafe.Pointer(&self))[1] }

// Opaque is a Typed of one word, whose type has to be known from elsewhere.
type Opaque = unsafe.Pointer

// ToOpaque returns a call without its type.
func ToOpaque[C, M, R any](f Typed[C, M, R]) Opaque { return *(*Opaque)(unsafe.Pointer(&f)) }

// FromOpaque gives a call its type again, which has to be the one that it had.
func FromOpaque[C, M, R any](f Opaque) Typed[C, M, R] {
	return *(*Typed[C, M, R])(unsafe.Pointer(&f))
}

// retyped is a func value under another type F, whose receiver is an unsafe.Pointer.
func retyped[F any](method any) F {
	f := (*[2]unsafe.Pointer)(unsafe.Pointer(&method))[1]
	return *(*F)(unsafe.Pointer(&f))
}

// TypedFor makes a typed call of a method that takes exactly an M and replies with exactly an R, or
// has no reply. It returns nil where there is none, which is so with the tag akt_safe.
func TypedFor[C context.Context, M, R any](m handlers.Method) Typed[C, M, R] {
	if m.Plain {
		return plainFor[C, M, R](m)
	}
	switch f := m.Expression; {
	case m.Reply != nil && m.Fails:
		return retyped[func(Receiver, C, M) (R, error)](f)
	case m.Reply != nil:
		call := retyped[func(Receiver, C, M) R](f)
		return func(self Receiver, ctx C, msg M) (R, error) { return call(self, ctx, msg), nil }
	case m.Fails:
		call := retyped[func(Receiver, C, M) error](f)
		return func(self Receiver, ctx C, msg M) (r R, err error) { return r, call(self, ctx, msg) }
	default:
		call := retyped[func(Receiver, C, M)](f)
		return func(self Receiver, ctx C, msg M) (r R, err error) {
			call(self, ctx, msg)
			return r, nil
		}
	}
}

// plainFor is TypedFor for a method that takes a context.Context.
func plainFor[C context.Context, M, R any](m handlers.Method) Typed[C, M, R] {
	switch f := m.Expression; {
	case m.Reply != nil && m.Fails:
		call := retyped[func(Receiver, context.Context, M) (R, error)](f)
		return func(self Receiver, ctx C, msg M) (R, error) { return call(self, ctx, msg) }
	case m.Reply != nil:
		call := retyped[func(Receiver, context.Context, M) R](f)
		return func(self Receiver, ctx C, msg M) (R, error) { return call(self, ctx, msg), nil }
	case m.Fails:
		call := retyped[func(Receiver, context.Context, M) error](f)
		return func(self Receiver, ctx C, msg M) (r R, err error) { return r, call(self, ctx, msg) }
	default:
		call := retyped[func(Receiver, context.Context, M)](f)
		return func(self Receiver, ctx C, msg M) (r R, err error) {
			call(self, ctx, msg)
			return r, nil
		}
	}
}
