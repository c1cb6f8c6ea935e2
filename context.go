package akt

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"
	"time"
)

// StartHook is implemented by an actor that has something to do before its first message. Run returns after OnStart has,
// and returns its error; the actor is then gone, without OnStopped. At a restart an error is a failure for the [Supervisor].
type StartHook interface{ OnStart(Context) error }

// StoppingHook is implemented by an actor that wants to be asked, or told, before it stops. It is asked after Context.Stop,
// where false vetoes: the actor goes on. Where somebody else stops the actor (Address.Stop, its parent, Shutdown) it is told,
// and its answer is ignored. It is not called after the last Release, nor after a panic. A panic in it counts as true.
type StoppingHook interface{ OnStopping(Context) bool }

// StoppedHook is implemented by an actor that has something to let go of. OnStopped is the last call to a state that was
// started, made exactly once, however the actor ended. The mailbox is closed by then, but for a restart.
type StoppedHook interface{ OnStopped(Context) }

// hookShapes are the lifecycle hooks' types, by name.
var hookShapes = map[string]reflect.Type{
	"OnStart":    reflect.TypeFor[func(Context) error](),
	"OnStopping": reflect.TypeFor[func(Context) bool](),
	"OnStopped":  reflect.TypeFor[func(Context)](),
}

func isHook(method string) bool { return hookShapes[method] != nil }

// State is where an actor is in its life.
type State uint32

// The states of an actor's life, in their order.
const (
	Starting State = iota // OnStart has not returned; or the actor waits for its restart
	Started               // it handles messages
	Stopping              // it was told to stop; what was accepted may still be handled
	Stopped               // OnStopped has returned
)

var stateNames = [...]string{"starting", "started", "stopping", "stopped"}

// String returns the state in lower case, such as "started".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Context is what a handler and a hook get: the sender's context.Context – its deadline, cancellation and values – and the
// actor. It is a small value that may be copied, and kept after the handler has returned; it is not cancelled by that.
// It is cancelled when the sender's context ends, or when the actor's system is shut down and runs out of patience.
// A message sent with Notify has the sender's values only: its end is not the handler's.
//
// Hand it on: to further sends, so that a cycle of requests is detected, and to everything that takes a context.Context.
//
// The zero value with a context in it, Context{Context: ctx}, belongs to no actor. All its methods may be called, so a unit
// test can call a handler as a plain method. Timers never fire there, and Run uses the default system: a handler that needs those is
// better tested by running its actor.
type Context struct {
	context.Context

	actor *actor
	run   uint64 // the state word of this run, with runEndless, runHired and runDepth in the place of its flags
}

// What Context.run has in the place of the state word's flags.
const (
	runEndless uint64 = 1 << iota // the sender's context can never end
	runHired                      // the handler runs on a goroutine that was started for its actor, not on its sender's
	oneDeeper                     // counts, from this bit on, the runs that have this one on their goroutine

	runDepth = flagMask &^ (oneDeeper - 1)
)

// link is the run, as all its Contexts have it, also those that an interceptor made of it.
func (c Context) link() link { return link{c.actor, c.run &^ flagMask} }

type contextKey struct{}

// depthKey finds the runDepth of the Context that FromContext finds, without an allocation.
type depthKey struct{}

// FromContext finds the akt Context of the handler that ctx comes from.
func FromContext(ctx context.Context) (Context, bool) {
	if ctx == nil {
		return Context{}, false
	}
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c, true
	}
	c, ok := ctx.Value(contextKey{}).(Context)
	return c, ok
}

// sender is the sender's own context.
func (c Context) sender() context.Context {
	if c.Context == nil {
		return context.Background()
	}
	return c.Context
}

// of is the actor, or one that stopped long ago.
func (c Context) of() *actor {
	if c.actor == nil {
		return nobody
	}
	return c.actor
}

// Deadline returns the sender's deadline.
func (c Context) Deadline() (time.Time, bool) { return c.sender().Deadline() }

// Done returns a channel that is closed when the sender's context ends, or when the patience of Shutdown does.
func (c Context) Done() <-chan struct{} {
	if c.actor == nil {
		return c.sender().Done()
	}
	if c.run&runEndless != 0 {
		return c.actor.system.life().Done()
	}
	return c.actor.system.either(c.Context).Done()
}

// Err returns why Done is closed: the sender's error if its context has ended first, else context.Canceled; nil before.
func (c Context) Err() error {
	err := c.sender().Err() // before lifeOver is looked at: where that is false, this end came first
	switch {
	case c.actor == nil || !c.actor.system.lifeOver.Load():
		return err
	case c.run&runEndless != 0:
		return context.Canceled
	default:
		return c.actor.system.either(c.Context).Err()
	}
}

// Value returns the sender's value for key.
func (c Context) Value(key any) any {
	if c.actor != nil {
		switch key {
		case contextKey{}:
			return c
		case depthKey{}:
			return uint8(c.run & runDepth)
		}
	}
	return c.sender().Value(key)
}

// AfterFunc calls f in a goroutine of its own when Done is closed, and returns a function that stops that, as
// context.AfterFunc does. The context package uses it, so that context.WithTimeout(ctx, …) starts no goroutine.
func (c Context) AfterFunc(f func()) (stop func() bool) {
	switch {
	case c.actor == nil:
		return context.AfterFunc(c.sender(), f)
	case c.run&runEndless != 0:
		return context.AfterFunc(c.actor.system.life(), f)
	default:
		return context.AfterFunc(c.actor.system.either(c.Context), f)
	}
}

// Address returns the actor's own address. It is weak, so that an actor does not keep itself alive.
func (c Context) Address() *WeakAddress { return (*WeakAddress)(c.of()) }

// Private returns the actor's private way in, to send to itself or to hand to the actors it controls.
func (c Context) Private() *PrivateAddress { return (*PrivateAddress)(c.of()) }

// Stop stops the actor after the message that runs now, unless OnStopping vetoes. What is queued is not handled then: its
// senders get ErrFailedToGetResponse and ErrStopped.
func (c Context) Stop() { c.of().askToStop() }

// State returns where the actor is in its life; Stopped where there is no actor.
func (c Context) State() State { return State(c.of().phase.Load()) }

// Run runs an actor as a child: it is held by this actor, and stops with it, before it. A child's name is a path such as
// "/bank/account-7". Without an actor, Run is [Run].
func (c Context) Run(child any, opts ...Option) (*Address, error) {
	if c.actor == nil {
		return Run(child, opts...)
	}
	return c.actor.system.run(child, c, opts)
}

// Watch has the actor told when another one ends: it receives one [Terminated] on its private lane, also for an actor that
// is dead already. It is the actor that is watched, not the reference, which may be released. Watching twice is watching
// once. An actor without a handler for Terminated is not told.
func (c Context) Watch(target *Address) { c.of().watch(target.target()) }

// Unwatch undoes Watch. A Terminated that is queued already is still delivered.
func (c Context) Unwatch(target *Address) { c.of().unwatch(target.target()) }

// Logger returns the actor's logger, with its name and type as attributes; slog.Default() where there is no actor.
func (c Context) Logger() *slog.Logger {
	if c.actor == nil {
		return slog.Default()
	}
	return c.actor.logger()
}

// endless reports whether ctx can never end, so that nobody would notice if the handler ran on this goroutine.
// Shutdown's cancellation does not count.
func endless(ctx context.Context) bool {
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c.run&runEndless != 0
	}
	return ctx.Done() == nil
}

// senderOf is the context of a queued request without the runs of this system that it was handed through, which add neither values
// nor an end. So a chain of requests costs each of its handlers the same, however long it is.
func (s *System) senderOf(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case Context:
			if c.actor == nil || c.actor.system != s {
				return ctx
			}
			ctx = c.sender()
		case *goFunction:
			ctx = c.Context
		default:
			return ctx
		}
	}
}

// inlineRun is what a run on its sender's goroutine has in the place of the state word's flags, where ctx can never end. It reports
// false where it can, and where too many runs lie on that goroutine already: a stack ends, a queue does not.
func inlineRun(ctx context.Context) (run uint64, ok bool) {
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c.run&(runEndless|runDepth) + oneDeeper, c.run&runEndless != 0 && c.run&runDepth != runDepth
	}
	return runEndless, ctx.Done() == nil
}

// notice is what the handler of a notification sees of its sender: the values, and behind them those of WithContext, without any
// end. It hides the sender's chain of calls, because nobody waits.
type notice struct {
	context.Context // Background
	parts           []*values
}

// values are those of a context. A pointer to them tells them apart, as contexts need not be comparable.
type values struct{ of context.Context }

func (n *notice) Value(key any) any {
	if key == (contextKey{}) || key == (depthKey{}) {
		return nil
	}
	for _, p := range n.parts {
		if v := p.of.Value(key); v != nil {
			return v
		}
	}
	return nil
}

// noticeOf makes the context of a notification sent with ctx to an actor with these base values, nil for none. However long
// notifications send each other on, it does not grow: a handler's Context adds no values to its sender's.
func noticeOf(ctx context.Context, base *notice) context.Context {
	ctx = withoutRuns(ctx)
	n, ok := ctx.(*notice)
	switch {
	case ctx == context.Background() && base == nil:
		return ctx
	case ctx == context.Background():
		return base
	case !ok:
		n = &notice{context.Background(), []*values{{context.WithoutCancel(ctx)}}}
	}
	return n.with(base)
}

// withoutRuns is ctx without the runs it was handed through, which add no values.
func withoutRuns(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case Context:
			ctx = c.sender()
		case startContext:
			ctx = c.Context
		case *goFunction:
			ctx = c.Context
		default:
			return ctx
		}
	}
}

// baseOf is the values of WithContext's context, nil if it has none.
func baseOf(ctx context.Context) *notice {
	base, _ := noticeOf(ctx, nil).(*notice)
	return base
}

// with adds base values that n does not have.
func (n *notice) with(base *notice) *notice {
	if base == nil {
		return n
	}
	parts := n.parts
	for _, p := range base.parts {
		if !slices.Contains(n.parts, p) {
			parts = append(parts[:len(parts):len(parts)], p)
		}
	}
	if len(parts) == len(n.parts) {
		return n
	}
	return &notice{context.Background(), parts}
}

// life is cancelled when the patience of Shutdown ends. It is made when first asked for. What is made in a testing/synctest bubble must not be
// used outside, so there the default system, which all share, has none.
func (s *System) life() context.Context {
	if s == defaultSystem && inBubble() {
		return context.Background()
	}
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.lifetime == nil {
		s.lifetime, s.endLife = context.WithCancel(context.Background())
		if s.lifeOver.Load() {
			s.endLife()
		}
	}
	return s.lifetime
}

// cutLife ends the life: the contexts of what runs, or is kept, are cancelled.
func (s *System) cutLife() {
	s.lifeMu.Lock()
	s.lifeOver.Store(true)
	end := s.endLife
	s.lifeMu.Unlock()
	if end != nil {
		end() // not under lifeMu: it calls functions that take it
	}
}

// either ends with the sender's context or with the system's life. All handlers of one sender's context share one, until that
// context has ended.
func (s *System) either(sender context.Context) context.Context {
	if f, ok := sender.(*goFunction); ok {
		sender = f.Context
	}
	for c, ok := sender.(Context); ok && c.actor != nil && c.actor.system == s; c, ok = sender.(Context) {
		sender = c.sender() // that Context ends with the system's life already
	}
	life, key := s.life(), sender.Done()
	s.lifeMu.Lock()
	known := s.merged[key]
	s.lifeMu.Unlock()
	if known != nil {
		return known
	}
	inner, cancel := context.WithCancel(sender) // not under lifeMu: the sender's context may be of any kind
	both := &firstEnd{Context: inner, sender: sender, life: &s.lifeOver}
	s.lifeMu.Lock()
	if known := s.merged[key]; known != nil {
		s.lifeMu.Unlock()
		cancel() // somebody was faster
		return known
	}
	if s.merged == nil {
		s.merged = map[<-chan struct{}]context.Context{}
	}
	s.merged[key] = both
	s.lifeMu.Unlock()
	forgetLife := context.AfterFunc(life, func() {
		_ = both.Err() // decides
		cancel()
	})
	context.AfterFunc(both, func() { // after it was entered, as it may run at once
		forgetLife()
		s.lifeMu.Lock()
		defer s.lifeMu.Unlock()
		if !s.lifeOver.Load() { // else it is what tells for ever which end came first
			delete(s.merged, key)
		}
	})
	if s.lifeOver.Load() {
		cancel()
	}
	return both
}

// firstEnd is a context whose Err is decided once: by whichever end, of the sender or of life, is looked at first.
type firstEnd struct {
	context.Context // closes Done
	sender          context.Context
	life            *atomic.Bool
	err             atomic.Pointer[error]
}

func (f *firstEnd) Err() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	err := f.sender.Err()
	if err == nil && f.life.Load() {
		err = context.Canceled
	}
	if err == nil {
		return nil
	}
	f.err.CompareAndSwap(nil, &err)
	return *f.err.Load()
}

// AfterFunc has contexts derived from f end without a goroutine.
func (f *firstEnd) AfterFunc(fn func()) func() bool { return context.AfterFunc(f.Context, fn) }
