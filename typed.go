package akt

import (
	"context"
	"reflect"
)

// typedCall is a handler as a typed call site calls it: nothing is boxed, and nothing looked up by
// name or type. The id of this type is the key in the table's cache: it tells M and R, and no
// message has it.
type typedCall[M, R any] func(self receiver, ctx Context, msg M) (R, error)

// askBoxed sends the request on the untyped way.
//
//go:noinline
func askBoxed[R, M any](ctx context.Context, a *actor, to route, msg M) (R, error) {
	if a.config.chain != nil {
		want := reflect.TypeFor[R]()
		return typed[R](a.askFor(ctx, to, msg, publicLane, want, to.plan(want)))
	}
	return typed[R](a.sendTo(ctx, to, msg, publicLane))
}

// callHere runs a handler on the sender's goroutine, which has taken the actor: runHere without
// boxes.
func callHere[M, R any](a *actor, call typedCall[M, R], c Context, word uint64, msg M) (reply R, err error) {
	returned := false
	defer func() {
		if !returned {
			err = failedHere(a, recover(), msg)
		}
	}()
	reply, err = call(receiverOf(a.self), c, msg)
	returned = true
	if !a.box.yield(word) {
		a.hire() // One-Owner: handed over
	}
	if err != nil {
		return *new(R), ownFailure(err, a, func() label { return labelOf(msg) })
	}
	return reply, nil
}

// failedHere is what the sender gets whose handler panicked on its own goroutine.
//
//go:noinline
func failedHere[M any](a *actor, value any, msg M) error {
	return a.failedHere(value, msg, labelOf(msg))
}

// learn puts a typed call into the table's cache, and has untyped sends use it too.
func learn[R, M any](t *table) {
	key := dynamicType(typedCall[M, R](nil))
	if t.cache.find(key) != nil {
		return
	}
	msg, reply := reflect.TypeFor[M](), reflect.TypeFor[R]()
	h := t.exact[msg]
	if h == nil || msg.Kind() == reflect.Interface || h.defers {
		return
	}
	plan := h.plan(reply)
	if !(plan == planReply && h.reply == reply || plan == planNothing && reply == typeNothing) {
		return
	}
	call := typedFor[M, R](h)
	if call == nil {
		return
	}
	if h.reply != nil {
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(call(receiverOf(self), ctx, msg.(M)))
		})
	} else {
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			_, err := call(receiverOf(self), ctx, msg.(M))
			return nil, err
		})
	}
	t.cache.add(key, resolved{call: forgotten(call), to: h, index: h.index})
}

// shape is one of the four forms of a handler, with one of the two contexts.
type shape struct {
	plain   bool // it takes a context.Context, not an akt.Context
	replies bool
	fails   bool
}
