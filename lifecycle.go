package akt

import (
	"context"
	"errors"
	"reflect"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/typename"
)

// run makes an actor of what was passed to one of the Run functions, and starts it. from is the ctx of who calls it, for a child the
// Context of its parent's run.
func (s *System) run(from context.Context, what any, parent *actor, opts []Option) (*Address, error) {
	sp, spawned := asSpawner(what)
	var t *table
	var err error
	if spawned && !sp.isNil() && sp.actorType().Kind() == reflect.Interface {
		if what, err = spawnState(sp, nil); err == nil { // only what it makes has a type
			t, err = tableOfSpawned(what)
		}
	} else {
		t, err = tableOf(what)
	}
	if err != nil {
		return nil, err
	}
	cfg, err := configure(nil, opts)
	if err != nil {
		return nil, err
	}
	if cfg.system != nil && cfg.system != s {
		if parent != nil {
			return nil, errors.New("akt: WithSystem: a child runs in the system of its parent")
		}
		s = cfg.system
	}
	if len(s.defaults) > 0 {
		if cfg, err = configure(s.defaults, opts); err != nil {
			return nil, err
		}
	}
	if (spawned || parent != nil) && cfg == &plainConfig {
		cfg = &config{capacity: DefaultMailbox}
	}
	if parent != nil {
		cfg.parent = parent
	}
	if until := cfg.within().until; until != nil && until.Err() != nil {
		return nil, &stoppedError{ended(until)}
	}
	if spawned { // else sp is nil, but may still hold on to the state
		cfg.spawner = sp
	}
	if _, unmade := asSpawner(what); unmade {
		if what, err = spawnState(sp, t); err != nil {
			return nil, err
		}
	}
	a, addr := newActor(s.collects(cfg))
	a.self, a.table, a.system, a.config = pointerTo(what), t, s, cfg
	a.started = uptime()
	if l := cfg.within(); l.stopTimeout > 0 {
		l.life = &lifetime.Life{}
	}
	if len(cfg.interceptors) > 0 {
		cfg.chain = newChain(a, cfg.interceptors)
	}
	a.box.Init(cfg.capacity, cfg.chain != nil) // One-Owner: this goroutine, until OnStart has returned
	if err := s.add(from, a, parent); err != nil {
		return nil, err
	}
	if err := a.start(from); err != nil {
		return nil, err
	}
	if s.collects(cfg) && !inBubbleAt(a.started) {
		addr.letCollect()
	}
	return addr, nil
}

// pointerTo is a state as a pointer: itself, or one to a copy. Handlers and hooks are called by the pointer's methods, which for
// a value's type are its own.
func pointerTo(state any) any {
	if v := reflect.ValueOf(state); v.Kind() != reflect.Pointer {
		return behindPointer(v)
	}
	return state
}

// spawnState makes a state, of the type of the table if that is known.
func spawnState(sp spawner, t *table) (state any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	state = sp.spawn()
	if isNilActor(state) {
		return nil, notRunnable(typename.Short(sp.actorType()), "the Spawner made a nil",
			"have it return a value, such as &Account{}")
	}
	if _, again := asSpawner(state); again {
		return nil, notRunnable(typename.Short(sp.actorType()), "the Spawner made a Spawner",
			"have it return an actor, such as &Account{}")
	}
	if got := reflect.TypeOf(state); t != nil && got != t.typ {
		texts := typename.All(got, t.typ)
		return nil, notRunnable(texts[0], "the Spawner made a "+texts[1]+" before",
			"have it always make the same type")
	}
	return state, nil
}

// start calls OnStart, by the owner, and lets the actor go. Where OnStart fails or stops the actor, the
// run that from belongs to waits for the end; whatever ends it otherwise comes after the start.
func (a *actor) start(from context.Context) error {
	returned := false
	defer func() {
		if !returned { // OnStart ended the goroutine: Run does not return either
			a.endAtStart(from, func() { a.neverStarted(errGoexit) })
		}
	}()
	err := a.callStart(from)
	returned = true
	if c := a.config.claim; c != nil {
		c.past.Store(true)
	}
	if err != nil {
		a.endAtStart(from, func() { a.neverStarted(err) })
		return err
	}
	if err = a.incomplete(); err != nil {
		a.endAtStart(from, func() { a.end(err) })
		return err
	}
	a.goOn()
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
	stopped := a.extras != nil && a.extras.stoppedAtStart
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

// endAtStart ends an actor, or waits for that, while the run that from comes from waits.
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
	a.extra().stoppedAtStart = true
	a.box.Unlock()
}

// callStart calls OnStart on a state that was just made, for whoever runs the actor with ctx from.
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
	returned := false
	defer func() {
		a.box.EndRun()
		if !returned {
			err = newPanicError(recover())
		}
	}()
	err = hook.OnStart(c)
	returned = true
	return err
}

// incomplete says what is nil, when OnStart has returned, of the embedded fields that bring handlers
// and hooks. An OnStopped that one of them brings cannot be called: then there is no state to end.
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

// startContext begins the run of OnStart. Its Context ends with from and with WithContext's ctx, whichever is
// first, and has the values of both; the run that from comes from waits for it. release is to be called when
// OnStart has returned.
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

// startContext is the sender of an OnStart: it has an end, values of who runs the actor and, behind them, those
// of any hook, and the chain of the run that waits for it.
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
	return Context{Context: a.config.base.orNone(), actor: a, run: runOf(a.box.BeginOther(index), true)}
}

// neverStarted ends an actor whose OnStart failed: a state that was not started gets no OnStopped.
func (a *actor) neverStarted(err error) {
	a.self = nil
	a.end(err)
}

// goOn sets the phase of an actor that is going to handle messages.
func (a *actor) goOn() {
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
	return a.extras != nil && a.extras.told
}

// vetoes asks OnStopping after Context.Stop, and reports whether the actor goes on.
func (a *actor) vetoes() bool {
	a.phase.Store(uint32(Stopping))
	if a.askStopping(a.stopNow) {
		return false
	}
	a.goOn()
	return true
}

// askStopping calls OnStopping and reports whether the actor is to stop. Where the hook ends the goroutine, another one goes on.
func (a *actor) askStopping(otherwise func()) (stop bool) {
	hook, ok := a.self.(StoppingHook)
	if !ok {
		return true
	}
	returned := false
	defer func() {
		if !returned {
			go otherwise() // One-Owner: handed over
		}
	}()
	stop = a.callStopping(hook)
	returned = true
	return stop
}

// stopNow ends the actor as it was told to: nobody has anything against it.
func (a *actor) stopNow() { a.end(nil) }

// tell calls OnStopping for notice, in the turn of an actor that goes on: see [System.Shutdown].
func (a *actor) tell() {
	a.phase.Store(uint32(Stopping))
	a.box.Lock()
	x := a.extra()
	x.told, x.handledWhenTold, x.ticksWhenTold = true, a.handledIn(a.box.Word()), x.ticks
	a.box.Unlock()
	a.askStopping(func() { a.box.Work(a) })
}

// knowsOfStop reports whether OnStopping was called for notice, and no message handled since. butTicks
// leaves those of intervals out.
func (a *actor) knowsOfStop(butTicks bool) bool {
	if !a.table.stopping || a.box.Word().IsSuspended() { // a state that rests is none
		return true
	}
	a.box.Lock()
	defer a.box.Unlock()
	x := a.extras
	if x == nil || x.ending || !x.told {
		return x != nil && x.ending
	}
	since := a.handledIn(a.box.Word()) - x.handledWhenTold
	if butTicks {
		since -= x.ticks - x.ticksWhenTold
	}
	return since == 0
}

// callStopping calls OnStopping. A panic counts as true.
func (a *actor) callStopping(hook StoppingHook) (stop bool) {
	returned := false
	c := a.hookContext(runStopping)
	defer func() {
		a.box.EndRun()
		if !returned {
			stop = true
			a.logPanic("OnStopping", newPanicError(recover()))
		}
	}()
	stop = hook.OnStopping(c)
	returned = true
	return stop
}

// end closes the mailbox, tells everybody, and lets the actor go for good. The caller is the owner, for the last time.
func (a *actor) end(why error) {
	a.box.Lock()
	x := a.extra()
	x.err, x.cause = why, why
	x.ending = true
	a.box.Unlock()
	queue := a.box.CloseDown()
	a.phase.Store(uint32(Stopping))
	a.refuseQueue(queue)
	a.endFamily()
	defer a.ended() // also where OnStopped ends the goroutine
	a.callStopped()
}

// refuseQueue tells who was queued that the actor has stopped, and reports the notifications.
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

// callStopped calls OnStopped on the state, which is not used after it.
func (a *actor) callStopped() {
	hook, ok := a.self.(StoppedHook)
	if !ok {
		return
	}
	returned := false
	c := a.hookContext(runStopped)
	defer func() {
		a.box.EndRun()
		if !returned {
			a.logPanic("OnStopped", newPanicError(recover()))
		}
	}()
	hook.OnStopped(c)
	returned = true
}

// ended makes the end known: the name is free, Done is closed, and watchers are told.
func (a *actor) ended() {
	a.self = nil
	a.box.DropWorker()
	a.phase.Store(uint32(Stopped))
	a.failPromises()
	a.system.remove(a)
	a.box.Lock()
	x := a.extras
	x.over, x.last = true, nil
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
	a.system.bury() // the last: whoever finds the system empty finds Done of all closed
}
