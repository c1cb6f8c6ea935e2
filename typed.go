package akt

import (
	"context"
	"reflect"
	"runtime"
)

// typedCall is a handler as a typed call site calls it: nothing is boxed, and nothing looked up by name or type.
type typedCall[M, R any] func(self receiver, ctx Context, msg M) (R, error)

// askKnown is Ask of a handler that was asked with exactly these types before. It reports false, and has done nothing, for any other.
func askKnown[R, M any](ctx context.Context, addr *Address, msg M) (reply R, ok bool, err error) {
	a := addr.actor
	if a == nil || ctx == nil || addr.released.Load() {
		return reply, false, nil
	}
	found := a.table.cache.find(typeOf[M](), typeOf[R]())
	if found == nil {
		return reply, false, nil
	}
	if endless(ctx) {
		if word, idle := a.take(found.index); idle {
			c := Context{Context: ctx, actor: a, run: runOf(word, true)}
			reply, err = callHere(a, found.call.(typedCall[M, R]), c, word, msg)
			runtime.KeepAlive(addr)
			return reply, true, err
		}
	}
	reply, err = askBoxed[R](ctx, a, found.route, msg)
	runtime.KeepAlive(addr)
	return reply, true, err
}

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

// callHere runs a handler on the sender's goroutine, which has taken the actor: runHere without boxes.
func callHere[M, R any](a *actor, call typedCall[M, R], c Context, word uint64, msg M) (reply R, err error) {
	returned := false
	defer func() {
		if !returned {
			err = failedHere(a, recover(), msg)
		}
	}()
	reply, err = call(receiverOf(a.self), c, msg)
	returned = true
	if !a.yield(word) {
		a.hire() // One-Owner: handed over
	}
	if err != nil {
		return *new(R), ownFailure(err, a, func() string { return typeName(msg) })
	}
	return reply, nil
}

// failedHere is what the sender gets whose handler panicked on its own goroutine.
//
//go:noinline
func failedHere[M any](a *actor, value any, msg M) error {
	return a.failedHere(value, msg, typeName(msg))
}

// learn puts a typed call into the table's cache, and has untyped sends use it too.
func learn[R, M any](t *table) {
	if t.cache.find(typeOf[M](), typeOf[R]()) != nil {
		return
	}
	msg, reply := reflect.TypeFor[M](), reflect.TypeFor[R]()
	h := t.exact[msg]
	if h == nil || msg.Kind() == reflect.Interface {
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
	t.cache.add(&cached{msg: typeOf[M](), reply: typeOf[R](), route: route{handler: h}, call: call})
}

// shape is one of the four forms of a handler, with one of the two contexts.
type shape struct {
	plain   bool // it takes a context.Context, not an akt.Context
	replies bool
	fails   bool
}
