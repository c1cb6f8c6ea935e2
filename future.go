package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
)

// Future is a reply that comes later. A handler returns one, and the message loop goes on; SendUnpack and Ask wait for its
// value. It may be waited for by many, from anywhere, and also after the actor has ended.
type Future[R any] struct {
	settled atomic.Bool
	ready   chan struct{} // closed when value and err are set
	value   R
	err     error
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
		p.cleanup = runtime.AddCleanup(p, func(f *Future[R]) { f.settle(*new(R), errPromiseDropped) }, f)
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

// Wait waits for the reply until ctx ends. The error is the one the Promise was rejected with, that of ctx, or
// ErrFailedToGetResponse where the Promise was lost.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	if ctx == nil {
		return *new(R), errNilContext
	}
	select {
	case <-f.ready:
		return f.value, f.err
	default:
	}
	select {
	case <-f.ready:
		return f.value, f.err
	case <-ctx.Done():
		return *new(R), &waitError{ended(ctx)}
	}
}

// waitError says that a wait ended before its Future did.
type waitError struct{ err error }

func (e *waitError) Error() string { return "akt: waiting for a deferred reply: " + e.err.Error() }
func (e *waitError) Unwrap() error { return e.err }

// deferred is what all Futures are.
type deferred interface {
	wait(ctx context.Context) (any, error)
	valueType() reflect.Type
}

func (f *Future[R]) wait(ctx context.Context) (any, error) {
	value, err := f.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (*Future[R]) valueType() reflect.Type { return reflect.TypeFor[R]() }

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
	return unpack(ctx, reply, a.unansweredBy(typeName(msg)))
}

// unansweredBy makes the errors for a deferred reply that does not come.
func (a *actor) unansweredBy(message string) func(error) *SendError {
	return func(err error) *SendError { return a.unanswered(message, MaybeHandled, err) }
}

var errNilFuture = errors.New("akt: the handler returned a nil Future")

// unpack waits for a deferred reply, and passes any other on. Its own errors are made by failed; those of the Future are unchanged.
func unpack(ctx context.Context, reply any, failed func(error) *SendError) (any, error) {
	d, ok := reply.(deferred)
	if !ok {
		return reply, nil
	}
	if v := reflect.ValueOf(d); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, failed(errNilFuture)
	}
	value, err := d.wait(ctx)
	var late *waitError
	switch {
	case errors.As(err, &late):
		e := failed(late.err)
		e.detail = "waiting for the deferred reply"
		return nil, e
	case errors.Is(err, errPromiseDropped):
		return nil, failed(errUnresolved)
	}
	return value, err
}
