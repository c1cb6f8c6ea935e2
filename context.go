package akt

import (
	"context"
	"log/slog"
	"time"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/values"
)

// StartHook is implemented by an actor that has something to do before its first message. Run
// returns after OnStart has, and returns its error; the actor is then gone, without OnStopped. At a
// restart an error is a failure for the [Supervisor]. Where OnStart calls [Context.Stop] or
// [Context.Drain], Run returns ErrStopped, and OnStopped is called.
//
// Its Context ends with the ctx of [WithContext], with that of [System.LookupOrRun], and, for a
// child, with that of the handler that runs it; it has their values. So what is to outlive OnStart
// must not be tied to its Context.
type StartHook interface{ OnStart(Context) error }

// StoppingHook is implemented by an actor that wants to be asked, or told, before it stops. It is
// asked after [Context.Stop], where false vetoes: the actor goes on. Where somebody else stops the
// actor, or [Context.Drain] does, it is told when what was accepted has been handled, and its
// answer is ignored. At Shutdown it is told while all actors still serve what comes from inside, so
// a buffer can be sent to another actor; and told again if it has handled a message since.
//
// It is not called after the last Release, nor after a panic. A panic in it counts as true.
type StoppingHook interface{ OnStopping(Context) bool }

// StoppedHook is implemented by an actor that has something to let go of. OnStopped is the last
// call to a state that was started, made exactly once, however the actor ended; [Context.StopCause]
// says why. Its children have ended by then, and the mailbox is closed, but for a restart.
type StoppedHook interface{ OnStopped(Context) }

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

// Context is what a handler and a hook get: the sender's context.Context – its deadline,
// cancellation and values – and the actor. It is a small value that may be copied, and kept after
// the handler has returned; it is not cancelled by that. It is cancelled when the sender's context
// ends, when the actor's system is shut down and runs out of patience, or when the actor's end
// lasts longer than [WithStopTimeout] allows. A message sent with Notify has the sender's values
// only: its end is not the handler's.
//
// Hand it on: to further sends, so that a cycle of requests is detected, and to everything that
// takes a context.Context. In a goroutine of your own it counts as the handler that waits there,
// while that handler runs; [Go] is for what goes on without it.
//
// The zero value with a context in it, Context{Context: ctx}, belongs to no actor. All its methods
// may be called, so a unit test can call a handler as a plain method. Timers never fire there, and
// Run uses the default system: a handler that needs those is better tested by running its actor.
type Context struct {
	context.Context

	actor *actor
	run   uint64 // the state word of this run, with what follows in the place of its flags
}

// What Context.run has in the place of the state word's flags.
const (
	runEndless uint64 = 1 << iota // the sender's context can never end
	runHired                      // the handler does not run on its sender's goroutine
	oneDeeper                     // from this bit on: how many runs lie below on the stack

	runDepth = mailbox.FlagMask &^ (oneDeeper - 1)
)

// link is the run, as all its Contexts have it, also those that an interceptor made of it.
func (c Context) link() link { return link{c.actor, c.run &^ mailbox.FlagMask} }

// FromContext finds the akt Context of the handler that ctx comes from.
func FromContext(ctx context.Context) (Context, bool) {
	if ctx == nil {
		return Context{}, false
	}
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c, true
	}
	c, ok := ctx.Value(values.RunKey{}).(Context)
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
		return deadActor
	}
	return c.actor
}

// Deadline returns the sender's deadline.
func (c Context) Deadline() (time.Time, bool) { return c.sender().Deadline() }

// Done returns a channel that is closed when the sender's context ends, when the patience of
// Shutdown does, or at the limit of [WithStopTimeout]. It is the same at each call. Where the
// sender's context is of a type of the user's own that has no AfterFunc, its end is seen while the
// handler, or a function of [Go] that it has started, runs; after that, only the other ends.
func (c Context) Done() <-chan struct{} { return c.ends().Done() }

// Err returns why Done is closed: the sender's error if its context has ended first, else
// context.Canceled; nil before. It never changes.
func (c Context) Err() error {
	if c.actor == nil {
		return c.sender().Err()
	}
	sender, life := c.outerSender(), c.actor.life()
	over := life.Over() // looked at first: where it has not ended, the sender's end came first
	err := sender.Err()
	switch {
	case err == nil && !over:
		return nil
	case c.run&runEndless != 0 && err == nil:
		return context.Canceled
	case c.run&runEndless != 0:
		return err
	case !over:
		if origin := lifetime.Origin(sender); origin != nil {
			if end := life.Find(origin.Done()); end != nil {
				return end.Err() // Done is closed now
			}
		}
		return err
	default:
		return c.ends().Err()
	}
}

// outerSender is the sender's context without the runs in this system that it was handed through,
// which end with the system as well.
func (c Context) outerSender() context.Context { return c.actor.system.senderOf(c.sender()) }

// ends is a context whose Done, Err and AfterFunc are those of c. All Contexts of one sender's
// context share one, which lives as long as that: nothing else holds it.
func (c Context) ends() context.Context {
	if c.actor == nil {
		return c.sender()
	}
	life := c.actor.usableLife()
	switch {
	case c.run&runEndless == 0:
		return endOf(c.outerSender(), life)
	case life == nil:
		return context.Background()
	}
	return life.Context()
}

// endOf is a context that ends with the sender's or with a life, where there is one.
func endOf(sender context.Context, life *lifetime.Life) context.Context {
	origin := sender
	for {
		switch ctx := origin.(type) {
		case Context:
			if ctx.actor == nil {
				origin = ctx.sender()
				continue
			}
			ends := ctx.ends()
			if life == nil || life == ctx.actor.life() {
				return ends
			}
			if ends.Done() == nil {
				return life.Context()
			}
			return life.With(ends)
		case *goFunction:
			origin = ctx.Context
			continue
		case startContext:
			origin = ctx.Context
			continue
		case *lifetime.Bound:
			return ctx // it ends with its system's life
		}
		parent, layer := lifetime.Under(origin)
		switch found := lifetime.Origin(origin); {
		case found != nil && life != nil:
			return life.With(found)
		case layer == lifetime.Valued:
			origin = parent
		default:
			return sender
		}
	}
}

// Value returns the sender's value for key.
func (c Context) Value(key any) any {
	return valueOf(c, key)
}

// own is what the Context itself has for a key, besides its sender's values.
func (c Context) own(key any) (value any, ok bool) {
	switch {
	case c.actor == nil:
		return nil, false
	case key == values.RunKey{}:
		return c, true
	case key == values.DepthKey{}: // by itself, as it needs no allocation
		return uint8(c.run & runDepth), true
	}
	return nil, false
}

// valueOf is ctx.Value(key). It goes through the runs that ctx was handed through by a loop: there
// may be any number of them.
func valueOf(ctx context.Context, key any) any {
	for {
		switch c := ctx.(type) {
		case Context:
			if v, ok := c.own(key); ok {
				return v
			}
			ctx = c.sender()
		case *goFunction:
			ctx = c.Context
		case startContext:
			if v, ok := c.by.own(key); ok {
				return v
			}
			if v := c.Context.Value(key); v != nil {
				return v
			}
			ctx = c.values
		default:
			return ctx.Value(key)
		}
	}
}

// AfterFunc calls f in a goroutine of its own when Done is closed, and returns a function that
// stops that, as context.AfterFunc does. The context package uses it, so that
// context.WithTimeout(ctx, …) starts no goroutine.
func (c Context) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(c.ends(), f) }

// Address returns the actor's own address. It is weak, so that an actor does not keep itself alive.
func (c Context) Address() *WeakAddress { return (*WeakAddress)(c.of()) }

// Private returns the actor's private way in, to send to itself or to hand to the actors it
// controls.
func (c Context) Private() *PrivateAddress { return (*PrivateAddress)(c.of()) }

// Stop stops the actor after the message that runs now, unless OnStopping vetoes. What is queued is
// not handled then: its senders get ErrFailedToGetResponse and ErrStopped, and notifications are
// dead letters. In OnStopping it has no effect: what that returns decides. [Context.Drain] handles
// the queue first.
func (c Context) Stop() {
	a := c.of()
	if c.in(runStopping) {
		return
	}
	a.noteStopIn(c)
	a.askToStop()
}

// Drain stops the actor when what was accepted has been handled, as [Address.Stop] does. OnStopping
// is told, and cannot veto that.
func (c Context) Drain() {
	a := c.of()
	a.noteStopIn(c)
	a.stop()
}

// StopCause returns, in OnStopped, why the actor's state ends: the [*PanicError] of a handler, an
// error that wraps it at the restart limit or where a child's failure was escalated, or the
// [*RegistrationError] of a state whose embedded field is nil when OnStart has returned. It is nil
// where the actor was asked to stop, and so in OnStopping, which is not called otherwise; and nil
// everywhere else.
func (c Context) StopCause() error {
	a := c.of()
	if !c.in(runStopping) && !c.in(runStopped) {
		return nil
	}
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return nil
	}
	return a.rare.cause
}

// in reports whether the Context is that of a hook's run.
func (c Context) in(hook uint16) bool {
	return c.actor != nil && c.run&mailbox.HandlerMask>>mailbox.HandlerShift == uint64(hook)
}

// State returns where the actor is in its life; Stopped where there is no actor.
func (c Context) State() State { return State(c.of().phase.Load()) }

// Run runs an actor as a child: it is held by this actor, and stops with it, before it. It belongs
// to the actor's state, so it ends at a restart too, and a state that has ended gets none. Its
// OnStart has the values and the end of c. A child's name is a path such as "/bank/account-7".
// Without an actor, Run is [Run].
func (c Context) Run(child any, opts ...Option) (*Address, error) {
	if c.actor == nil {
		return Run(child, opts...)
	}
	return c.actor.system.run(c, child, c.actor, opts)
}

// Watch has the actor told when another one ends: it receives one [Terminated] on its private lane,
// also for an actor that is dead already. It is the actor that is watched, not the reference, which
// may be released. Watching twice is watching once. Any address of this package will do.
//
// The watch belongs to the actor's state: after a restart, the fresh one watches anew. An actor
// without a handler for Terminated is not told, nor is one whose state has ended its watches, as in
// OnStopped: then a warning is logged.
func (c Context) Watch(target Sender) {
	if c.actor != nil {
		c.actor.watchBy(c, target)
	}
}

// Unwatch undoes Watch. A Terminated that is queued already is still delivered.
func (c Context) Unwatch(target Sender) {
	if other, _ := actorOf(target); other != nil && c.actor != nil {
		c.actor.unwatch(other)
	}
}

// Logger returns the actor's logger, with its name and type as attributes; slog.Default() where
// there is no actor.
func (c Context) Logger() *slog.Logger {
	if c.actor == nil {
		return slog.Default()
	}
	return c.actor.logger()
}

// endless reports whether ctx can never end, so that nobody would notice if the handler ran on this
// goroutine. Shutdown's cancellation does not count.
func endless(ctx context.Context) bool {
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c.endless()
	}
	return ctx.Done() == nil
}

// endless reports whether the Context ends with its system at most: its sender's cannot end, nor
// has the end of its actor a limit.
func (c Context) endless() bool {
	return c.run&runEndless != 0 && c.actor.config.within().life == nil
}

// senderOf is the context of a queued request without the runs of this system that it was handed
// through, which add neither values nor an end. So a chain of requests costs each of its handlers
// the same, however long it is.
func (s *System) senderOf(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case Context:
			if c.actor == nil || c.actor.system != s || c.actor.config.within().life != nil {
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

// carriedBy makes the context of a notification that is sent with ctx to an actor with these base
// values, nil for none. It is called by the sender, as methods of ctx are.
func carriedBy(ctx context.Context, base *values.Carried) context.Context {
	under := withoutRuns(ctx)
	if c, ok := under.(*values.Carried); ok && c.HasBase(base) {
		return c
	}
	if under == context.Background() {
		return base.OrNone()
	}
	return values.Relayed(ctx, base, seeThrough)
}

// withoutRuns is ctx without the runs it was handed through, which add no values.
func withoutRuns(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case Context:
			ctx = c.sender()
		case *goFunction:
			ctx = c.Context
		default:
			return ctx
		}
	}
}

// seeThrough tells what the context of a run was made from: see [values.SeeThrough].
func seeThrough(ctx context.Context) (under context.Context, base *values.Carried, known bool) {
	switch c := ctx.(type) {
	case Context:
		if c.actor == nil {
			return c.sender(), nil, false
		}
		return c.sender(), c.actor.config.base, true
	case startContext:
		return c.Context, nil, false
	case *goFunction:
		return c.Context, nil, false
	}
	return nil, nil, false
}

// expired returns why the context of a queued request has ended. It is asked in the actor's turn,
// so no method of a user's own type is called that could end that.
func expired(e *mailbox.Envelope) error {
	if e.IsEndless() {
		return nil
	}
	if b, ok := e.Ctx.(*lifetime.Bound); ok {
		return b.Expired()
	}
	if e.Ctx.Err() == nil {
		return nil
	}
	return ended(e.Ctx)
}

// life is what the Contexts of the actor's runs end with: its own, where it has a limit for its
// end, else its system's.
func (a *actor) life() *lifetime.Life {
	if own := a.config.within().life; own != nil {
		return own
	}
	return &a.system.life
}

// usableLife is life where it may be used.
func (a *actor) usableLife() *lifetime.Life {
	if own := a.config.within().life; own != nil {
		return own
	}
	return a.system.usableLife()
}
