package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/aktgo/akt/internal/waitgraph"
)

// Future is a reply that comes later. A handler returns one, and the message loop goes on; SendUnpack and Ask wait for its
// value. It may be waited for by many, from anywhere, and also after the actor has ended.
type Future[R any] struct {
	settled atomic.Bool
	ready   chan struct{} // closed when value, err and dropped are set
	value   R
	err     error
	dropped bool        // its Promise was lost: err is not the handler's
	by      *goFunction // whose reply it is; nil for that of a Promise
}

// Promise is the other end of a [Future]: whoever has it owes the reply. A Promise that is garbage-collected unresolved fails
// its Future with ErrFailedToGetResponse (in a testing/synctest bubble, where the collector must not interfere, it does not).
type Promise[R any] struct {
	future  *Future[R]
	cleanup runtime.Cleanup
}

// errPromiseDropped is how a Future fails whose Promise was lost.
var (
	errUnresolved     = errors.New("its Promise was dropped unresolved")
	errPromiseDropped = fmt.Errorf("%w: %w", ErrFailedToGetResponse, errUnresolved)
)

func newFuture[R any]() *Future[R] { return &Future[R]{ready: make(chan struct{})} }

// NewPromise makes a deferred reply and its two ends. An actor that keeps a Promise should settle it in OnStopped: neither Stop nor
// Shutdown waits for it, and whoever asked waits until the garbage collector finds it – in a testing/synctest bubble, for ever.
func NewPromise[R any]() (*Promise[R], *Future[R]) {
	f := newFuture[R]()
	p := &Promise[R]{future: f}
	if !inBubble() {
		p.cleanup = runtime.AddCleanup(p, (*Future[R]).drop, f)
	}
	return p, f
}

// Resolve gives the reply. Only the first Resolve or Reject has an effect.
func (p *Promise[R]) Resolve(value R) { p.settle(value, nil) }

// Reject gives an error instead of a reply; it comes back unchanged. Rejecting with nil is an error too.
func (p *Promise[R]) Reject(err error) {
	if err == nil {
		err = errors.New("akt: a promise was rejected with a nil error")
	}
	p.settle(*new(R), err)
}

func (p *Promise[R]) settle(value R, err error) {
	p.cleanup.Stop()
	p.future.settle(value, err)
	runtime.KeepAlive(p)
}

func (f *Future[R]) settle(value R, err error) {
	if f.settled.Swap(true) {
		return
	}
	f.value, f.err = value, err
	close(f.ready)
}

// drop fails a Future whose Promise was lost.
func (f *Future[R]) drop() {
	if f.settled.Swap(true) {
		return
	}
	f.err, f.dropped = errPromiseDropped, true
	close(f.ready)
}

// Wait waits for the reply until ctx ends. The error is the one the Promise was rejected with, that of ctx, or
// ErrFailedToGetResponse where the Promise was lost; and ErrDeadlock where a handler would wait for itself: f is the reply of a
// function started with [Go], which waits for the handler.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	if ctx == nil {
		return *new(R), errNilContext
	}
	if err := f.await(ctx, nil); err != nil {
		return *new(R), fmt.Errorf("akt: waiting for a deferred reply: %w", err)
	}
	return f.value, f.err
}

// await waits until the Future is settled. The error is why it did not wait so long: ctx's, where that has ended before,
// errShutDown where cut was closed, ErrDeadlock in a ring.
func (f *Future[R]) await(ctx context.Context, cut <-chan struct{}) error {
	select {
	case <-f.ready:
		return nil
	default:
	}
	over := ctx.Done()
	var told <-chan struct{}
	var alarm *waitgraph.Alarm // only a function's Future is in the graph: of a Promise nobody knows who owes it
	if f.by != nil {
		if chain := chainOf(ctx); chain.Node != nil {
			alarm = waitgraph.NewAlarm()
			told = alarm.Rung()
			defer waiters.Leave(waiters.Enter(chain, f.by, alarm))
		}
	}
	select {
	case <-f.ready:
		return nil
	case <-over:
		return ended(ctx)
	case <-cut:
		return errShutDown
	case <-told:
		return deadlock(alarm.Path())
	}
}

// deferred is what all Futures are, and, by embedding, what has one in it.
type deferred interface {
	await(ctx context.Context, cut <-chan struct{}) error
	result() (value any, dropped bool, err error)
	valueType() reflect.Type
}

// result is what a settled Future has, and whether that is only for want of its Promise.
func (f *Future[R]) result() (value any, dropped bool, err error) {
	if f.err != nil {
		return nil, f.dropped, f.err
	}
	return f.value, false, nil
}

func (*Future[R]) valueType() reflect.Type { return reflect.TypeFor[R]() }

var thisPackage = reflect.TypeFor[Context]().PkgPath()

// isFuture reports whether a type is some *Future[R] itself.
func isFuture(t reflect.Type) bool {
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().PkgPath() == thisPackage && strings.HasPrefix(t.Elem().Name(), "Future[")
}

// Go runs f off the message loop, in a goroutine of its own, and returns its reply as a Future: for a handler to return, so
// that its actor goes on answering meanwhile. f must not touch the actor's state; it gets the request's context, which ends
// when the sender's does. A panic in f is logged, and becomes the Future's *[PanicError].
func Go[R any](ctx Context, f func(context.Context) (R, error)) *Future[R] {
	future := newFuture[R]()
	if f == nil {
		future.settle(*new(R), errNilFunc)
		return future
	}
	system := ctx.of().system
	system.begin(ctx)
	future.by = newFunction(ctx, &future.settled)
	ctx.Context = future.by
	go func() {
		defer system.end(ctx)
		returned := false
		defer func() {
			if !returned {
				failure := newPanicError(recover())
				ctx.Logger().Error("akt: panic", "in", "a function started with Go", "panic", fmt.Sprint(failure.Value), "stack", string(failure.Stack))
				future.settle(*new(R), failure)
			}
		}()
		value, err := f(ctx)
		returned = true
		if err != nil {
			value = *new(R)
		}
		future.settle(value, err)
	}()
	return future
}

// sendUnpack is send, and waits for a deferred reply.
func (a *actor) sendUnpack(ctx context.Context, msg any, into lane) (any, error) {
	reply, err := a.send(ctx, msg, into)
	if err != nil {
		return nil, err
	}
	return a.unpack(ctx, typeName(msg), reply)
}

// unpack waits for a deferred reply of this actor, also until Shutdown runs out of patience.
func (a *actor) unpack(ctx context.Context, message string, reply any) (any, error) {
	var cut <-chan struct{}
	if isFuture(reflect.TypeOf(reply)) {
		cut = a.system.life().Done()
	}
	return unpack(ctx, reply, cut, func(err error) *SendError { return a.unanswered(message, MaybeHandled, err) })
}

var errNilFuture = errors.New("akt: the handler returned a nil Future")

// unpack waits for a deferred reply, and passes any other on. Its own errors are made by failed; those of the Future are unchanged.
func unpack(ctx context.Context, reply any, cut <-chan struct{}, failed func(error) *SendError) (any, error) {
	if !isFuture(reflect.TypeOf(reply)) {
		return reply, nil
	}
	f := reply.(deferred)
	if reflect.ValueOf(f).IsNil() {
		return nil, failed(errNilFuture)
	}
	if err := f.await(ctx, cut); err != nil {
		e := failed(err)
		if ctx.Err() != nil {
			e.detail = "waiting for the deferred reply"
		}
		return nil, e
	}
	value, dropped, err := f.result()
	if dropped {
		return nil, failed(errUnresolved)
	}
	return value, err
}
