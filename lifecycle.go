package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// run makes an actor of what was passed to one of the Run functions, and starts it. A child's is called from a run of its parent.
func (s *System) run(what any, from Context, opts []Option) (*Address, error) {
	parent := from.actor
	sp, spawned := what.(spawner)
	if spawned && !sp.isNil() && sp.actorType().Kind() == reflect.Interface {
		made, err := spawnState(sp, nil) // only what it makes has a type
		if err != nil {
			return nil, err
		}
		what = made
	}
	t, err := tableOf(what)
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
	if cfg.until != nil && cfg.until.Err() != nil {
		return nil, &stoppedError{ended(cfg.until)}
	}
	if spawned { // else sp is nil, but may still hold on to the state
		cfg.spawner = sp
	}
	if _, unmade := what.(spawner); unmade {
		if what, err = spawnState(sp, t); err != nil {
			return nil, err
		}
	}
	a, addr := newActor(s.collects(cfg))
	a.self, a.table, a.system, a.config = pointerTo(what), t, s, cfg
	a.started = uptime()
	a.capacity = cfg.capacity
	word := flagBusy // One-Owner: this goroutine, until OnStart has returned
	if len(cfg.interceptors) > 0 {
		cfg.chain = newChain(a, cfg.interceptors)
		word |= flagIntercepted
	}
	a.word.Store(word)
	if err := s.add(a, parent); err != nil {
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
	if v := reflect.ValueOf(state); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, notRunnable(sp.actorType().String(), "the Spawner made a nil", "have it return a value, such as &Account{}")
	}
	if got := reflect.TypeOf(state); t != nil && got != t.typ {
		return nil, notRunnable(got.String(), "the Spawner made a "+t.typ.String()+" before", "have it always make the same type")
	}
	return state, nil
}

// start calls OnStart, by the owner, and lets the actor go. Where that ends the actor, the run that from belongs to waits for the end.
func (a *actor) start(from Context) error {
	returned := false
	defer func() {
		if !returned { // OnStart ended the goroutine: Run does not return either
			defer waiters.Leave(waiters.Enter(chainOf(from), (*waiter)(a), nil))
			a.neverStarted(errGoexit)
		}
	}()
	err := a.callStart(from)
	returned = true
	if err != nil {
		defer waiters.Leave(waiters.Enter(chainOf(from), (*waiter)(a), nil))
		a.neverStarted(err)
		return err
	}
	a.goOn()
	a.endWith(a.config.until)
	if a.goIdle() {
		a.system.note()
		return nil
	}
	if a.takeOrder(orderAsk) && !a.vetoes() {
		defer waiters.Leave(waiters.Enter(chainOf(from), (*waiter)(a), nil))
		a.end(nil)
		return a.gone()
	}
	if a.goIdle() {
		a.system.note()
		return nil
	}
	a.hire() // One-Owner: handed over
	if a.shut() {
		defer waiters.Leave(waiters.Enter(chainOf(from), (*waiter)(a), nil))
		<-a.done()
		return a.gone()
	}
	return nil
}

// callStart calls OnStart on a state that was just made. Where that is for a parent's run, the parent waits for it.
func (a *actor) callStart(from Context) (err error) {
	hook, ok := a.self.(StartHook)
	if !ok {
		return nil
	}
	returned := false
	c := a.hookContext(runStart)
	if from.actor != nil {
		c.Context = startContext{c.Context, from}
	}
	defer func() {
		a.endRun()
		if !returned {
			err = newPanicError(recover())
		}
	}()
	err = hook.OnStart(c)
	returned = true
	return err
}

// startContext is the sender of a child's OnStart: it has the values of any hook, and the chain of the run that waits for it.
type startContext struct {
	context.Context
	from Context
}

func (s startContext) Value(key any) any {
	if key == (contextKey{}) {
		return s.from
	}
	return s.Context.Value(key)
}

// hookContext begins the run of a hook.
func (a *actor) hookContext(index uint16) Context {
	return Context{Context: noticeOf(context.Background(), a.config.base), actor: a, run: runOf(a.beginHook(index), true)}
}

// neverStarted ends an actor whose OnStart failed: a state that was not started gets no OnStopped.
func (a *actor) neverStarted(err error) {
	a.self = nil
	a.end(err)
}

// goOn sets the phase of an actor that is going to handle messages.
func (a *actor) goOn() {
	a.phase.Store(uint32(Started))
	if a.shut() {
		a.phase.Store(uint32(Stopping))
	}
}

// vetoes asks OnStopping after Context.Stop, and reports whether the actor goes on.
func (a *actor) vetoes() bool {
	a.phase.Store(uint32(Stopping))
	if a.askStopping(true) {
		return false
	}
	a.goOn()
	return true
}

// askStopping calls OnStopping and reports whether the actor is to stop. Where it is not asked but told, it is always true.
func (a *actor) askStopping(asked bool) (stop bool) {
	hook, ok := a.self.(StoppingHook)
	if !ok {
		return true
	}
	returned := false
	defer func() {
		if !returned { // OnStopping ended the goroutine
			go a.end(nil) // One-Owner: handed over
		}
	}()
	stop = a.callStopping(hook) || !asked
	returned = true
	return stop
}

// callStopping calls OnStopping. A panic counts as true.
func (a *actor) callStopping(hook StoppingHook) (stop bool) {
	returned := false
	c := a.hookContext(runStopping)
	defer func() {
		a.endRun()
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
	a.mu.Lock()
	a.extra().err = why
	a.extras.ending = true
	a.mu.Unlock()
	queue := a.closeDown()
	a.phase.Store(uint32(Stopping))
	a.refuseQueue(queue)
	a.endFamily()
	defer a.ended() // also where OnStopped ends the goroutine
	a.callStopped()
}

// refuseQueue tells who was queued that the actor has stopped, and reports the notifications.
func (a *actor) refuseQueue(queue []*envelope) {
	var dropped []any
	requests := 0
	for _, e := range queue {
		switch e.kind {
		case request:
			requests++
			e.answer(nil, a.unanswered(e.name(), NotHandled, a.gone()))
		case notification, function:
			dropped = append(dropped, e.msg)
		}
	}
	a.countDropped(requests + len(dropped))
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
		a.endRun()
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
	a.crew.Store(nil)
	a.phase.Store(uint32(Stopped))
	a.system.remove(a)
	a.mu.Lock()
	x := a.extras
	x.over = true
	watchers := x.watchers
	x.watchers = nil
	if x.done != nil {
		close(x.done)
	}
	a.mu.Unlock()
	if p := a.config.parent; p != nil {
		p.disown(a)
	}
	for w := range watchers {
		w.deliverTerminated(a)
	}
	a.system.note()
}

func (a *actor) logPanic(in string, failure *PanicError) {
	a.logger().Error("akt: panic", "in", in, "panic", fmt.Sprint(failure.Value), "stack", string(failure.Stack))
}
