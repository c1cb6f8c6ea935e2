package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aktgo/akt/internal/bubble"
	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
)

// run makes an actor of what was passed to one of the Run functions, and starts it. from is the
// caller's ctx; for a child, it is the Context of its parent's run.
func (s *System) run(
	from context.Context, what any, parent *actor, opts []Option,
) (*Address, error) {
	r, err := recipeOf(what)
	if err != nil {
		return nil, err
	}
	s, cfg, err := s.configured(opts, parent, r.spawner)
	if err != nil {
		return nil, err
	}
	if r.state == nil {
		if r.state, err = spawnState(r.spawner, r.table); err != nil {
			return nil, err
		}
	}
	a, addr := newActor(s.collects(cfg))
	a.self, a.table, a.system, a.config = pointerTo(r.state), r.table, s, cfg
	a.started = bubble.Uptime()
	if l := cfg.within(); l.stopTimeout > 0 {
		l.life = &lifetime.Life{}
	}
	if len(cfg.interceptors) > 0 {
		cfg.chain = newChain(a, cfg.interceptors)
	}
	// One-Owner: this goroutine, until OnStart has returned
	a.box.Init(cfg.capacity, cfg.chain != nil)
	if err := s.add(from, a, parent); err != nil {
		return nil, err
	}
	if err := a.start(from); err != nil {
		return nil, err
	}
	if s.collects(cfg) && !bubble.InsideAt(a.started) {
		addr.letCollect()
	}
	return addr, nil
}

// configured is the system that an actor with these options runs in, and what the options come to.
func (s *System) configured(
	opts []Option, parent *actor, sp spawner,
) (in *System, cfg *config, err error) {
	in = systemOf(opts, s)
	cfg, err = configure(in.defaults, opts)
	switch {
	case err != nil:
		return nil, nil, err
	case in != s && parent != nil:
		return nil, nil, errors.New("akt: WithSystem: a child runs in the system of its parent")
	}
	if until := cfg.within().until; until != nil && until.Err() != nil {
		return nil, nil, &stoppedError{ended(until)}
	}
	if sp == nil && parent == nil {
		return in, cfg, nil
	}
	if cfg == &plainConfig { // which all share
		cfg = &config{capacity: DefaultMailbox}
	}
	cfg.parent, cfg.spawner = parent, sp
	return in, cfg, nil
}

// start calls OnStart, as the owner, and lets the actor go. Where OnStart fails or stops the actor,
// the caller waits for its end, and the graph shows that, as the end may wait for the caller.
func (a *actor) start(from context.Context) error {
	var err error
	if a.table.starts {
		guard.Notice(func() { err = a.callStart(from) }, func() { // Run does not return either
			a.endAtStart(from, func() { a.abortStart(errGoexit) })
		})
	}
	if c := a.config.claim; c != nil {
		c.past.Store(true)
	}
	if err != nil {
		a.endAtStart(from, func() { a.abortStart(err) })
		return err
	}
	if err = a.incomplete(); err != nil {
		a.endAtStart(from, func() { a.end(err) })
		return err
	}
	a.markStarted()
	a.endWith(a.config.within().until)
	if a.box.TryIdle() {
		a.system.note()
		return nil
	}
	return a.startBusy(from)
}

// startBusy is the end of start for an actor that has something to do.
func (a *actor) startBusy(from context.Context) error {
	a.box.Lock()
	stopped := a.rare != nil && a.rare.stoppedAtStart
	asked := stopped && a.box.Cancel(mailbox.OrderStop)
	a.box.Unlock()
	if asked && !a.vetoes() {
		a.endAtStart(from, func() { a.end(nil) })
		return a.gone()
	}
	a.box.Start(a) // One-Owner: handed over
	if stopped && a.box.IsShut() {
		a.endAtStart(from, func() { <-a.done() })
		return a.gone()
	}
	return nil
}

// endAtStart calls end, which ends the actor or waits for that. Meanwhile the run that from comes
// from is in the graph, as it waits.
func (a *actor) endAtStart(from context.Context, end func()) {
	defer waiters.Leave(waiters.Enter(chainOf(from), (*waiter)(a), nil))
	end()
}

// noteStopIn notes that OnStart has called Stop or Drain: then Run does not return the address.
func (a *actor) noteStopIn(c Context) {
	if !c.in(runStart) || !a.box.Runs(c.run) {
		return
	}
	a.box.Lock()
	a.rarely().stoppedAtStart = true
	a.box.Unlock()
}

// callStart calls OnStart on a state that was just made. from is the ctx of the caller of Run.
func (a *actor) callStart(from context.Context) (err error) {
	hook, ok := a.self.(StartHook)
	if !ok {
		return nil
	}
	if missing := a.table.nilLenders(a.self, "OnStart"); missing != nil {
		return a.table.refuseNil(missing, false)
	}
	c, release := a.startContext(from)
	defer release()
	a.callHook(c,
		func(c Context) { err = hook.OnStart(c) },
		func(failure *PanicError) { err = failure })
	return err
}

// callHook calls a hook with the Context of its run, which has begun, and ends that. failed is told
// of a panic or Goexit in it; after a Goexit callHook does not return.
func (a *actor) callHook(c Context, hook func(Context), failed func(*PanicError)) {
	guard.Catch(func() {
		defer a.box.EndRun()
		hook(c)
	}, func(l guard.Loss) { failed(panicOf(l)) })
}

// incomplete says what is nil, when OnStart has returned, of the embedded fields that bring
// handlers and hooks. An OnStopped that one of them brings cannot be called: then there is no state
// to end.
func (a *actor) incomplete() error {
	missing := a.table.nilLenders(a.self, "")
	if missing == nil {
		return nil
	}
	if a.table.nilLenders(a.self, "OnStopped") != nil {
		a.forgetState()
	}
	return a.table.refuseNil(missing, true)
}

// startContext begins the run of OnStart. Its Context ends with from and with WithContext's ctx,
// whichever is first, and has the values of both; the run that from comes from waits for it.
// release is to be called when OnStart has returned.
func (a *actor) startContext(from context.Context) (c Context, release func()) {
	until, ends, undo := a.config.within().until, from, func() {}
	switch {
	case until == nil || endless(until):
	case endless(from):
		ends = until
	default:
		var cancel context.CancelCauseFunc
		ends, cancel = context.WithCancelCause(from)
		forget := lifetime.AfterEnd(until, func() { cancel(nil) })
		undo = func() { forget(); cancel(nil) }
	}
	by, _ := FromContext(from)
	forever := endless(ends)
	var bound *lifetime.Bound
	if !forever {
		if bound = a.bound(ends); bound != nil {
			ends = bound
		}
	}
	c = a.hookContext(runStart)
	if !forever {
		c.run &^= runEndless
	}
	if from != context.Background() || !forever {
		c.Context = startContext{ends, c.Context, by}
	}
	return c, func() { undo(); bound.Release() }
}

// startContext is the sender's context of an OnStart. It has the end and the values of the caller
// of Run, behind those the values of any hook, and the chain of the run that waits.
type startContext struct {
	context.Context                 // the end
	values          context.Context // of any hook
	by              Context         // without an actor where no run waits
}

func (s startContext) Value(key any) any { return valueOf(s, key) }

// AfterFunc has contexts derived from it end without a goroutine.
func (s startContext) AfterFunc(f func()) func() bool { return context.AfterFunc(s.Context, f) }

// hookContext begins the run of a hook.
func (a *actor) hookContext(index uint16) Context {
	run := runOf(a.box.BeginOther(index), true)
	return Context{Context: a.config.base.OrNone(), actor: a, run: run}
}

// abortStart ends an actor whose OnStart failed: a state that was not started gets no OnStopped.
func (a *actor) abortStart(err error) {
	a.self = nil
	a.end(err)
}

// markStarted sets the phase of an actor that is going to handle messages.
func (a *actor) markStarted() {
	a.phase.Store(uint32(Started))
	if a.box.IsShut() || a.isTold() {
		a.phase.Store(uint32(Stopping))
	}
}

// isTold reports whether Shutdown has had OnStopping called on this state.
func (a *actor) isTold() bool {
	if !a.system.closing.Load() {
		return false
	}
	a.box.Lock()
	defer a.box.Unlock()
	return a.rare != nil && a.rare.told
}

// vetoes asks OnStopping after Context.Stop, and reports whether the actor goes on.
func (a *actor) vetoes() bool {
	a.phase.Store(uint32(Stopping))
	if a.askStopping(a.stopNow) {
		return false
	}
	a.markStarted()
	return true
}

// askStopping calls OnStopping and reports whether the actor is to stop; a panic counts as true.
// Where the hook ends the goroutine, another one goes on with otherwise.
func (a *actor) askStopping(otherwise func()) (stop bool) {
	hook, ok := a.self.(StoppingHook)
	if !ok {
		return true
	}
	stop = true
	guard.Notice(func() {
		a.callHook(a.hookContext(runStopping), func(c Context) { stop = hook.OnStopping(c) },
			func(failure *PanicError) { a.logPanic("OnStopping", failure) })
	}, func() {
		go otherwise() // One-Owner: handed over
	})
	return stop
}

// stopNow ends the actor as it was told to, where OnStopping has no say any more.
func (a *actor) stopNow() { a.end(nil) }

// tell calls OnStopping for notice, in the turn of an actor that goes on: see [System.Shutdown].
func (a *actor) tell() {
	a.phase.Store(uint32(Stopping))
	a.box.Lock()
	x := a.rarely()
	x.told, x.handledWhenTold, x.ticksWhenTold = true, a.handledIn(a.box.Word()), x.ticks
	a.box.Unlock()
	a.askStopping(func() { a.box.Work(a) })
}

// stop drains what was accepted, then stops the actor.
func (a *actor) stop() { a.stopAfter(mailbox.OrderDrain | mailbox.OrderNotice) }

// askToStop stops the actor after its current message, unless it vetoes.
func (a *actor) askToStop() { a.stopAfter(mailbox.OrderStop) }

func (a *actor) stopAfter(o mailbox.Orders) {
	// Before the order, as a veto turns it back.
	a.phase.CompareAndSwap(uint32(Started), uint32(Stopping))
	idle := a.box.Order(a, o)
	if o&mailbox.OrderDrain != 0 {
		a.timeEnd(idle)
	}
}

// timeEnd starts the timers of an end that was ordered: one logs that it lasts long, one cuts it
// short at the limit of WithStopTimeout. The end of an idle actor without hooks and children is
// over at once, and needs none.
func (a *actor) timeEnd(idle bool) {
	a.box.Lock()
	defer a.box.Unlock()
	if idle && !a.table.ends && (a.rare == nil || len(a.rare.children) == 0) {
		return
	}
	x := a.rarely()
	if x.stage == stageOver || x.endTimer != nil {
		return
	}
	x.endTimer = time.AfterFunc(waitIsLong, a.logEnd)
	if d := a.config.within().stopTimeout; d > 0 {
		x.limitTimer = time.AfterFunc(d, a.cutShort)
	}
}

// stopTiming stops the timers of timeEnd, with the lock held.
func (x *rareState) stopTiming() {
	for _, t := range []*time.Timer{x.endTimer, x.limitTimer} {
		if t != nil {
			t.Stop()
		}
	}
}

// logEnd logs an end that lasts, with who waits for whom in which handler.
func (a *actor) logEnd() {
	a.box.Lock()
	ended, queued := a.rare.stage == stageOver, a.box.Queued()
	resting := a.box.Word().IsSuspended()
	a.box.Unlock()
	if ended {
		return
	}
	a.log(slog.LevelWarn, "akt: the actor has been stopping for long", "for", waitIsLong,
		"queued", queued, "restarting", resting, "waits", waiters.Trail((*waiter)(a)))
}

// cutShort ends the Contexts of an actor whose end has reached its limit, and refuses its queue.
func (a *actor) cutShort() {
	a.config.within().life.End()
	queue, _, owns := a.box.ShutOff(mailbox.OrderDrain)
	a.refuseQueue(queue)
	if owns {
		a.box.Start(a)
	}
}

// tellOfStop has OnStopping called for notice, in the actor's turn.
func (a *actor) tellOfStop() {
	a.box.Order(a, mailbox.OrderTell)
}

// knowsOfStop reports whether OnStopping was called for notice, and no message handled since.
// butTicks leaves those of intervals out.
func (a *actor) knowsOfStop(butTicks bool) bool {
	if !a.table.stopping || a.box.Word().IsSuspended() { // a state that rests is none
		return true
	}
	a.box.Lock()
	defer a.box.Unlock()
	x := a.rare
	if x == nil || x.stage >= stageEnding || !x.told {
		return x != nil && x.stage >= stageEnding
	}
	since := a.handledIn(a.box.Word()) - x.handledWhenTold
	if butTicks {
		since -= x.ticks - x.ticksWhenTold
	}
	return since == 0
}

// end closes the mailbox, tells everybody, and lets the actor go for good. The caller is the owner,
// for the last time.
func (a *actor) end(why error) {
	a.box.Lock()
	x := a.rarely()
	x.err, x.cause = why, why
	x.stage = stageEnding
	a.box.Unlock()
	queue := a.box.CloseDown()
	a.phase.Store(uint32(Stopping))
	a.refuseQueue(queue)
	a.endFamily()
	defer a.ended() // also where OnStopped ends the goroutine
	a.callStopped()
}

// refuseQueue answers the requests that were queued with the end of the actor, and reports the
// notifications.
func (a *actor) refuseQueue(queue []*mailbox.Envelope) {
	var dropped []any
	requests, ticks := 0, 0
	for _, e := range queue {
		switch e.Kind {
		case mailbox.Request:
			requests++
			e.Answer(nil, a.unanswered(nameOf(e), NotHandled, a.gone()))
		case mailbox.Notification, mailbox.Function:
			dropped = append(dropped, e.Msg)
		case mailbox.Interval:
			ticks++
		}
	}
	a.countDropped(requests + len(dropped) + ticks)
	a.noteDropped(a.gone(), dropped...)
}

// dropOwn reports what an ended state, or somebody for it, has queued for itself: its timers'
// messages, the Terminated that it was to be sent, and functions of Do. The next state knows
// nothing of those.
func (a *actor) dropOwn(queue []*mailbox.Envelope) {
	a.countDropped(len(queue))
	var due []any
	for _, e := range queue {
		if e.Kind == mailbox.Function || e.Kind == mailbox.Notification && isTimed(e) {
			due = append(due, e.Msg)
		}
	}
	a.noteDropped(errStateEnded, due...)
}

var errStateEnded = fmt.Errorf("%w: the state that this belongs to has ended", ErrStopped)

// callStopped calls OnStopped on the state, which is not used after it.
func (a *actor) callStopped() {
	if hook, ok := a.self.(StoppedHook); ok {
		a.callHook(a.hookContext(runStopped), hook.OnStopped,
			func(failure *PanicError) { a.logPanic("OnStopped", failure) })
	}
}

// ended makes the end known: the name is free, Done is closed, and watchers are told.
func (a *actor) ended() {
	a.self = nil
	a.box.DropWorker()
	a.phase.Store(uint32(Stopped))
	a.failPromises()
	a.system.remove(a)
	a.box.Lock()
	x := a.rare
	x.stage, x.last = stageOver, nil
	x.stopTiming()
	watchers := x.watchers
	x.watchers = nil
	if x.done != nil {
		close(x.done)
	}
	a.box.Unlock()
	if p := a.config.parent; p != nil {
		p.disown(a)
	}
	for w := range watchers {
		w.deliverTerminated(a)
	}
	a.system.bury() // the last: where the system is empty, Done of all is closed
}
