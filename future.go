package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"sync"
)

// Future is a reply that comes later. A handler returns one, and the message loop goes on; SendUnpack and Ask wait for its
// value. It may be waited for by many, from anywhere, and also after the actor has ended.
//
// The zero Future, and a nil one, is of an actor that stopped long ago: it fails with ErrStopped.
type Future[R any] struct {
	ready   chan struct{} // closed when value, err and dropped are set; nil in a zero Future
	value   R
	err     error
	dropped bool // its Promise was lost: err is not the handler's

	mu      sync.Mutex
	settled bool
	then    []func() // to be called when it is settled
}

// Promise is the other end of a [Future]: whoever has it owes the reply. A Promise that is garbage-collected unresolved fails
// its Future with ErrFailedToGetResponse (in a testing/synctest bubble, where the collector must not interfere, it does not). The zero Promise has no
// Future, and its methods have no effect.
type Promise[R any] struct {
	future  *Future[R]
	cleanup runtime.Cleanup
}

// errPromiseDropped is how a Future fails whose Promise was lost.
var (
	errUnresolved     = errors.New("its Promise was dropped unresolved")
	errPromiseDropped = fmt.Errorf("%w: %w", ErrFailedToGetResponse, errUnresolved)
	errNoPromise      = fmt.Errorf("%w: a Future that no Promise belongs to", ErrStopped)
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
	if p == nil || p.future == nil {
		return
	}
	p.cleanup.Stop()
	p.future.settle(value, err)
	runtime.KeepAlive(p)
}

func (f *Future[R]) settle(value R, err error) {
	for _, call := range f.decide(value, err, false) {
		call()
	}
}

// drop fails a Future whose Promise was lost. It is called by the garbage collector, whose
// goroutine has to do with nothing else.
func (f *Future[R]) drop() {
	if then := f.decide(*new(R), errPromiseDropped, true); len(then) > 0 {
		go func() {
			for _, call := range then {
				call()
			}
		}()
	}
}

// decide sets how the Future ends, unless that is decided, and returns what is to be called then.
func (f *Future[R]) decide(value R, err error, dropped bool) (then []func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled {
		return nil
	}
	f.settled = true
	f.value, f.err, f.dropped = value, err, dropped
	close(f.ready)
	then, f.then = f.then, nil
	return then
}

// whenSettled calls a function once the Future is settled: at once, or on the goroutine that
// settles it.
func (f *Future[R]) whenSettled(call func()) {
	if !f.isSettled() {
		f.mu.Lock()
		if !f.settled {
			f.then = append(f.then, call)
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
	}
	call()
}

// isSettled reports whether the Future has its value or error. A zero one never had a Promise.
func (f *Future[R]) isSettled() bool {
	if f == nil || f.ready == nil {
		return true
	}
	select {
	case <-f.ready:
		return true
	default:
		return false
	}
}

// Wait waits for the reply until ctx ends. The error is the one the Promise was rejected with, that of ctx, or
// ErrFailedToGetResponse where the Promise was lost.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	if ctx == nil {
		return *new(R), errNilContext
	}
	if !f.await(ctx, nil) {
		return *new(R), fmt.Errorf("akt: waiting for a deferred reply: %w", ended(ctx))
	}
	value, _, err := f.outcome()
	return value, err
}

// outcome is what a settled Future has, and whether that is only for want of its Promise.
func (f *Future[R]) outcome() (value R, dropped bool, err error) {
	if f == nil || f.ready == nil {
		return *new(R), false, errNoPromise
	}
	return f.value, f.dropped, f.err
}

// await waits until the Future is settled, and reports false where ctx ends or cut is closed before.
func (f *Future[R]) await(ctx context.Context, cut <-chan struct{}) bool {
	if f.isSettled() {
		return true
	}
	defer waiters.leaveFuture(waiters.enterFuture(ctx))
	select {
	case <-f.ready:
		return true
	case <-ctx.Done():
	case <-cut:
	}
	return false
}

// deferred is what all Futures are, and, by embedding, what has one in it.
type deferred interface {
	await(ctx context.Context, cut <-chan struct{}) bool
	result() (value any, dropped bool, err error)
	whenSettled(call func())
	valueType() reflect.Type
}

// result is outcome without the type.
func (f *Future[R]) result() (value any, dropped bool, err error) {
	v, dropped, err := f.outcome()
	if err != nil {
		return nil, dropped, err
	}
	return v, false, nil
}

func (*Future[R]) valueType() reflect.Type { return reflect.TypeFor[R]() }

var thisPackage = reflect.TypeFor[Context]().PkgPath()

// isFuture reports whether a type is some *Future[R] itself.
func isFuture(t reflect.Type) bool {
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && t.Elem().PkgPath() == thisPackage && strings.HasPrefix(t.Elem().Name(), "Future[")
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
	ctx.run |= runApart
	a := ctx.of()
	system := a.system
	system.begin(ctx)
	go func() {
		defer system.end(ctx)
		returned := false
		defer func() {
			if !returned {
				failure := newPanicError(recover())
				a.logPanic("a function started with Go", failure)
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
	return a.unpack(ctx, labelOf(msg), reply)
}

// unpack waits for a deferred reply of this actor, also until Shutdown runs out of patience.
func (a *actor) unpack(ctx context.Context, message label, reply any) (any, error) {
	var cut <-chan struct{}
	if isFuture(reflect.TypeOf(reply)) {
		cut = a.system.life().Done()
	}
	return unpack(ctx, reply, cut, func(err error) *SendError { return a.unanswered(message, MaybeHandled, err) })
}

var errNilFuture = errors.New("akt: the handler returned a nil Future")

// unpack waits for a deferred reply, and passes any other on. Its own errors are made by failed;
// those of the Future are unchanged, but for the SendError of another call.
func unpack(ctx context.Context, reply any, cut <-chan struct{}, failed func(error) *SendError) (any, error) {
	if !isFuture(reflect.TypeOf(reply)) {
		return reply, nil
	}
	f := reply.(deferred)
	switch {
	case reflect.ValueOf(f).IsNil():
		return nil, failed(errNilFuture)
	case f.await(ctx, cut):
	case ctx.Err() != nil:
		e := failed(ended(ctx))
		e.detail = "waiting for the deferred reply"
		return nil, e
	default:
		return nil, failed(errShutDown)
	}
	value, dropped, err := f.result()
	switch {
	case dropped:
		return nil, failed(errUnresolved)
	case wrapsSendError(err):
		return nil, failed(err)
	}
	return value, err
}

// isDeferred reports whether a reply is a Future.
func isDeferred(reply any) bool {
	_, ok := reply.(deferred)
	return ok && isFuture(reflect.TypeOf(reply))
}

// mayDefer reports whether a reply of this declared type may be a Future.
func mayDefer(declared reflect.Type) bool {
	return declared != nil && (isFuture(declared) || isEmptyInterface(declared) ||
		declared.Kind() == reflect.Interface && mayBeFuture(declared))
}

// follow has a deferred reply that fails counted, and, where nobody waits for it, reported.
//
//go:noinline
func (a *actor) follow(reply any, e *envelope) {
	f, msg, name, heard := reply.(deferred), e.msg, e.name(), e.kind == request
	if heard {
		msg = nil
	}
	f.whenSettled(func() {
		_, _, err := f.result()
		switch {
		case reflect.ValueOf(f).IsNil():
			a.failed(msg, name, errNilFuture, heard)
		case err != nil:
			a.failed(msg, name, err, heard)
		}
	})
}

// failed counts a message whose handling has failed with an error, and reports it where nobody has
// heard of that.
func (a *actor) failed(msg any, name label, err error, heard bool) {
	a.countFailed(err)
	if !heard {
		a.log(slog.LevelError, "akt: a notification failed", "message", name.String(), "error", err)
		a.system.deadLetter(a, msg, err)
	}
}
