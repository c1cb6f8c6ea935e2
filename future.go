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
	"sync/atomic"

	"github.com/aktgo/akt/internal/bubble"
	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/waitgraph"
)

// Future is a reply that comes later. A handler returns one, and the message loop goes on;
// SendUnpack and Ask wait for its value. It may be waited for by many, from anywhere, and also
// after the actor has ended. One that was the reply of a notification, and fails, is a dead letter.
//
// The zero Future, and a nil one, is of an actor that stopped long ago: it fails with ErrStopped.
type Future[R any] struct {
	ready   chan struct{} // closed when value, err and dropped are set; nil in a zero Future
	value   R
	err     error
	dropped bool        // its Promise was lost: err is not the handler's
	by      *goFunction // whose reply it is; nil for that of a Promise
	owner   *actor      // whose state has its Promise; nil for one that belongs to no state

	mu      sync.Mutex
	settled atomic.Bool // changed with mu held
	then    []func()    // to be called when it is settled
	to      replyTo     // once a handler has returned it
	awaited int         // how many wait for it, or are going to as they get it for a reply
}

// Promise is the other end of a [Future]: whoever has it owes the reply. A Promise that is
// garbage-collected unresolved fails its Future with ErrFailedToGetResponse (in a testing/synctest
// bubble, where the collector must not interfere, it does not). The zero Promise has no Future, and
// its methods have no effect.
type Promise[R any] struct {
	future  *Future[R]
	cleanup runtime.Cleanup
}

// errPromiseDropped is how a Future fails whose Promise was lost.
var (
	errUnresolved     = errors.New("its Promise was dropped unresolved")
	errPromiseDropped = fmt.Errorf("%w: %w", ErrFailedToGetResponse, errUnresolved)
	errPromiseEnded   = fmt.Errorf("%w before its Promise was settled", ErrStopped)
	errNoPromise      = fmt.Errorf("%w: a Future that no Promise belongs to", ErrStopped)
)

func newFuture[R any]() *Future[R] { return &Future[R]{ready: make(chan struct{})} }

// NewPromise makes a deferred reply and its two ends.
//
// With the ctx of a handler or hook the Promise belongs to the actor's state, also when the
// sender's context has ended. It fails with ErrStopped once the state's OnStopped has returned, at
// a restart too; through [Ask] and SendUnpack that is a [*SendError] with MaybeHandled. A graceful
// Shutdown waits for it while somebody waits for the Future, or a request is on its way back with
// it; what else a state keeps is to be settled in OnStopping or OnStopped. With any other ctx the
// Promise fails when that ends, with its error.
func NewPromise[R any](ctx context.Context) (*Promise[R], *Future[R]) {
	f := newFuture[R]()
	p := &Promise[R]{future: f}
	if !bubble.Inside() {
		p.cleanup = runtime.AddCleanup(p, (*Future[R]).drop, f)
	}
	if ctx == nil {
		f.settle(*new(R), errNilContext)
		return p, f
	}
	c, ok := FromContext(ctx)
	switch {
	case ok:
		f.owner = c.actor
		if !c.actor.promise(c, f) {
			f.fail(errPromiseEnded)
		}
		c.actor.system.noteStart(c.actor) // it owes something, though it may be idle
	default:
		stop := lifetime.AfterEnd(ctx, func() { f.fail(endedSafely(ctx)) })
		f.whenSettled(stop)
	}
	return p, f
}

// promised is a Future of whatever type, which belongs to an actor's state.
type promised interface {
	fail(err error)
	isAwaited() bool
}

// promise notes that the actor's state owes f, since the run of this Context. It reports false
// where that state has ended.
func (a *actor) promise(c Context, f promised) bool {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.rarely()
	if x.stage == stageOver || x.isBefore(c.run) {
		return false
	}
	if x.promises == nil {
		x.promises = map[promised]uint64{}
	}
	x.promises[f] = c.run
	return true
}

// kept forgets what was owed and is settled.
func (a *actor) kept(f promised) {
	a.box.Lock()
	delete(a.rare.promises, f)
	a.box.Unlock()
	a.system.note()
}

// failPromises fails what a state owes that has ended.
func (a *actor) failPromises() {
	a.box.Lock()
	var owed map[promised]uint64
	if a.rare != nil {
		owed, a.rare.promises = a.rare.promises, nil
	}
	a.box.Unlock()
	for f := range owed {
		f.fail(errPromiseEnded)
	}
}

// owed is how many Promises the actor owes, and how many of them somebody waits for; of one run, if
// that is given.
func (a *actor) owed(by *Context) (promises, awaited int) {
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return 0, 0
	}
	for f, run := range a.rare.promises {
		if by != nil && run>>mailbox.RunShift != by.run>>mailbox.RunShift {
			continue
		}
		promises++
		if f.isAwaited() {
			awaited++
		}
	}
	return promises, awaited
}

// owes reports whether the run of a Context owes a Promise that somebody waits for.
func (a *actor) owes(c Context) bool {
	_, awaited := a.owed(&c)
	return awaited > 0
}

// Resolve gives the reply. Only the first Resolve or Reject has an effect.
func (p *Promise[R]) Resolve(value R) { p.settle(value, nil) }

// Reject gives an error instead of a reply; it comes back unchanged. Rejecting with nil is an error
// too.
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
	f.conclude(value, err, false)
}

// fail fails a Future whose Promise was not kept.
func (f *Future[R]) fail(err error) { f.conclude(*new(R), err, true) }

// conclude settles the Future, unless it is settled, and calls the functions of whenSettled.
func (f *Future[R]) conclude(value R, err error, dropped bool) {
	then, decided := f.decide(value, err, dropped)
	if decided && f.owner != nil {
		f.owner.kept(f)
	}
	for _, call := range then {
		call()
	}
}

// drop fails a Future whose Promise was lost. It is called on the garbage collector's goroutine,
// which is not to run the functions of whenSettled.
func (f *Future[R]) drop() {
	if !f.isSettled() {
		go f.fail(errPromiseDropped)
	}
}

// decide sets how the Future ends, unless that is decided, and returns what is to be called then.
func (f *Future[R]) decide(value R, err error, dropped bool) (then []func(), decided bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled.Swap(true) {
		return nil, false
	}
	f.value, f.err, f.dropped = value, err, dropped
	close(f.ready)
	then, f.then = f.then, nil
	return then, true
}

// expect adds to the number of those who wait; with a negative n it takes away.
func (f *Future[R]) expect(n int) {
	if f == nil || f.owner == nil {
		return
	}
	f.mu.Lock()
	f.awaited += n
	f.mu.Unlock()
	if n < 0 {
		f.owner.system.note()
	}
}

func (f *Future[R]) isAwaited() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.settled.Load() && f.awaited > 0
}

// whenSettled calls a function once the Future is settled: at once, or on the goroutine that
// settles it.
func (f *Future[R]) whenSettled(call func()) {
	if !f.isSettled() {
		f.mu.Lock()
		if !f.settled.Load() {
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

// Wait waits for the reply until ctx ends. The error is the one the Promise was rejected with,
// unchanged; but where f is a handler's reply, the [*SendError] of another call comes inside one
// that says MaybeHandled: the handler did run. Or it wraps that of ctx; or ErrStopped where the
// state that owed the reply has ended, ErrFailedToGetResponse where the Promise was lost, and
// ErrDeadlock where a handler would wait for itself: f is the reply of a function started with
// [Go], which waits for the handler. Who owes a Promise nobody knows: a handler that waits for one
// that only its own actor can settle waits until ctx ends.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	if ctx == nil {
		return *new(R), errNilContext
	}
	if err := f.await(ctx, nil); err != nil {
		return *new(R), &annotated{"waiting for a deferred reply", err}
	}
	value, _, err := f.outcome()
	if err != nil && wrapsSendError(err) {
		err = f.failedBy(err)
	}
	return value, err
}

// failedBy is the error of a deferred reply that failed with that of another call, whose Handled
// would speak of another message. Where no handler has replied with the Future, there is no other.
func (f *Future[R]) failedBy(err error) error {
	f.mu.Lock()
	to := f.to
	f.mu.Unlock()
	if to.actor == nil {
		return err
	}
	return to.actor.unanswered(label{typ: to.route.sentType(to.typ)}, MaybeHandled, err)
}

// replyTo is a message that a Future is the reply to, but not the message itself.
type replyTo struct {
	actor *actor
	route route
	typ   reflect.Type
}

// isReply notes what message the Future is the reply to; the first, where it is to several.
func (f *Future[R]) isReply(to replyTo) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to.actor == nil {
		f.to = to
	}
}

// outcome is what a settled Future has. dropped says that it failed as its Promise was not kept.
func (f *Future[R]) outcome() (value R, dropped bool, err error) {
	if f == nil || f.ready == nil {
		return *new(R), false, errNoPromise
	}
	return f.value, f.dropped, f.err
}

// await waits until the Future is settled. The error is why it did not wait so long: ctx's, where
// that has ended before, errShutDown where cut was closed, ErrDeadlock in a ring.
func (f *Future[R]) await(ctx context.Context, cut <-chan struct{}) error {
	if f.isSettled() {
		return nil
	}
	f.expect(1)
	defer f.expect(-1)
	if _, ok := FromContext(ctx); ok && f.by != nil { // it is not known who owes a Promise
		alarm := waitgraph.NewAlarm()
		return await(ctx, f.ready, cut, f.by, alarm, alarm)
	}
	select {
	case <-f.ready:
		return nil
	case <-doneOf(ctx):
		return ended(ctx)
	case <-cut:
		return errShutDown
	}
}

// deferred is what all Futures are, and, by embedding, what has one in it.
type deferred interface {
	await(ctx context.Context, cut <-chan struct{}) error
	result() (value any, dropped bool, err error)
	whenSettled(call func())
	expect(n int)
	isReply(to replyTo)
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
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct &&
		t.Elem().PkgPath() == thisPackage && strings.HasPrefix(t.Elem().Name(), "Future[")
}

// Go runs f off the message loop, in a goroutine of its own, and returns its reply as a Future: for
// a handler to return, so that its actor goes on answering meanwhile. f must not touch the actor's
// state, see [PrivateAddress.Do]; it may send to the actor. It gets the request's context, which
// ends when the sender's does. A panic in f is logged, and becomes the Future's *[PanicError]. It
// outlives a restart; Shutdown waits for it.
func Go[R any](ctx Context, f func(context.Context) (R, error)) *Future[R] {
	future := newFuture[R]()
	if f == nil {
		future.settle(*new(R), errNilFunc)
		return future
	}
	a := ctx.of()
	system := a.system
	system.begin(ctx)
	bound := lifetime.BoundOf(ctx)
	bound.Hold()
	future.by = newFunction(ctx, &future.settled)
	ctx.Context = future.by
	go func() {
		defer system.end(ctx)
		defer bound.Release()
		guard.Catch(func() {
			value, err := f(ctx)
			if err != nil {
				value = *new(R)
			}
			future.settle(value, err)
		}, func(l guard.Loss) {
			failure := panicOf(l)
			a.logPanic("a function started with Go", failure)
			future.settle(*new(R), failure)
		})
	}()
	return future
}

// isDeferred reports whether a reply is a Future.
func isDeferred(reply any) bool {
	_, ok := reply.(deferred)
	return ok && isFuture(reflect.TypeOf(reply))
}

// mayDefer reports whether a reply of this declared type may be a Future.
func mayDefer(declared reflect.Type) bool {
	return declared != nil && (isFuture(declared) || declared.Kind() == reflect.Interface &&
		(declared.NumMethod() == 0 || mayBeFuture(declared)))
}

// follow counts a deferred reply that fails, and reports it where nobody waits for it.
//
//go:noinline
func (a *actor) follow(reply any, e *mailbox.Envelope) {
	f, msg, to, heard := reply.(deferred), e.Msg, routeOf(e), e.Kind == mailbox.Request
	f.isReply(replyTo{a, to, reflect.TypeOf(msg)})
	if heard {
		msg = nil // its sender may want it back
	}
	f.whenSettled(func() {
		_, _, err := f.result()
		if reflect.ValueOf(f).IsNil() {
			err = errNilFuture
		}
		if err != nil {
			a.failed(msg, to, err, heard)
		}
	})
}

// failed counts a message whose handling has failed with an error, and reports the error where no
// sender has heard of it.
func (a *actor) failed(msg any, to route, err error, heard bool) {
	a.countFailed(err)
	if !heard {
		a.log(slog.LevelError, "akt: a notification failed", "message", to.sentAs(msg).String(),
			"error", err)
		a.system.deadLetter(a, msg, err)
	}
}
