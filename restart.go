package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/restarts"
	"github.com/aktgo/akt/internal/typename"
)

var defaultSupervisor = Supervisor{MaxRestarts: 5, Window: time.Minute, BackoffMin: 100 * time.Millisecond, BackoffMax: 30 * time.Second}

// completed is the supervisor with its defaults filled in, or what is wrong with it.
func (s Supervisor) completed() (*Supervisor, error) {
	var faults []error
	for _, field := range []struct {
		name         string
		value        *time.Duration
		defaultValue time.Duration
	}{
		{"Window", &s.Window, defaultSupervisor.Window},
		{"BackoffMin", &s.BackoffMin, defaultSupervisor.BackoffMin},
		{"BackoffMax", &s.BackoffMax, defaultSupervisor.BackoffMax},
	} {
		switch {
		case *field.value < 0:
			faults = append(faults, fmt.Errorf("akt: WithSupervisor: %s is %v; it must not be negative, and 0 means %v",
				field.name, *field.value, field.defaultValue))
		case *field.value == 0:
			*field.value = field.defaultValue
		}
	}
	if s.BackoffMin > s.BackoffMax && s.BackoffMax >= 0 {
		faults = append(faults, fmt.Errorf("akt: WithSupervisor: BackoffMin is %v and BackoffMax %v; BackoffMin must not be above it",
			s.BackoffMin, s.BackoffMax))
	}
	if s.MaxRestarts == 0 {
		s.MaxRestarts = defaultSupervisor.MaxRestarts
	}
	return &s, errors.Join(faults...)
}

// supervisor is the actor's own, with all its fields set.
func (a *actor) supervisor() *Supervisor {
	if s := a.config.supervisor; s != nil {
		return s
	}
	return &defaultSupervisor
}

// limits are what the supervisor says of restarts.
func (s *Supervisor) limits() restarts.Limits {
	return restarts.Limits{
		Max: s.MaxRestarts, Window: s.Window, BackoffMin: s.BackoffMin, BackoffMax: s.BackoffMax,
	}
}

// restartsWithin is how many restarts count at this time.
func (a *actor) restartsWithin(now time.Time) int {
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
	if a.rare == nil {
		return 0
	}
	return a.rare.recent.Count(now, a.supervisor().Window)
}

// allowRestart counts one more restart and returns how long it is to wait. At the limit it returns
// false instead.
func (a *actor) allowRestart() (wait time.Duration, count int, ok bool) {
	now, limits := time.Now(), a.supervisor().limits()
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
	return a.rarely().recent.Allow(now, limits)
}

// restart ends the state, and has the owner make a fresh one: at once, or after a rest. Address,
// name, watches and queue stay. It reports whether the caller still owns a living actor.
func (a *actor) restart(f fault) (goOn bool) {
	wait, count, ok := a.allowRestart()
	if !ok {
		err := &annotated{fmt.Sprintf("restart limit reached: %d restarts in %v", count, a.supervisor().Window), f.err}
		a.log(slog.LevelError, "akt: the actor stops at its restart limit", "restarts", count, "window", a.supervisor().Window, "error", f.err)
		a.end(err)
		return false
	}
	if wait > 0 {
		a.log(slog.LevelWarn, "akt: restarting", "attempt", count, "backoff", wait)
	}
	a.box.mu.Lock()
	a.rare.cause = f.err
	a.box.mu.Unlock()
	started := a.self != nil
	guard.Notice(a.endState, func() { // OnStopped ended the goroutine
		go a.workAfterState(wait, started) // One-Owner: handed over
	})
	return !a.rest(wait, started)
}

// workAfterState is work by a new owner, after the end of a state that ended the goroutine of the
// one before.
func (a *actor) workAfterState(wait time.Duration, started bool) {
	if !a.rest(wait, started) {
		a.work()
	}
}

// endState ends what belongs to the state: timers, watches, children, Promises, and the state
// itself, if it was started. It takes no new ones meanwhile, which would end up with the next
// state; nor is an escalated failure of it the next one's.
func (a *actor) endState() {
	a.phase.Store(uint32(Starting))
	a.replace(stageReplacing)
	a.endTimers()
	a.endWatching()
	a.endChildren()
	defer func() { // also where OnStopped ends the goroutine
		a.forgetState()
		a.failPromises()
		a.dropOwn(a.replace(stageLiving))
	}()
	a.callStopped()
}

// forgetState lets the state go, but for what tells whether the Spawner makes it again.
func (a *actor) forgetState() {
	if a.config.spawner != nil && a.self != nil {
		a.box.mu.Lock()
		a.rarely().last = a.self
		a.box.mu.Unlock()
	}
	a.self = nil
}

// dropOwn reports what an ended state, or somebody for it, has queued for itself: its timers'
// messages, the Terminated that it was to be sent, and functions of Do. The next state knows
// nothing of those.
func (a *actor) dropOwn(queue []*envelope) {
	a.countDropped(len(queue))
	var due []any
	for _, e := range queue {
		if e.kind == function || e.kind == notification && e.timer != nil {
			due = append(due, e.msg)
		}
	}
	a.noteDropped(errStateEnded, due...)
}

var errStateEnded = fmt.Errorf("%w: the state that this belongs to has ended", ErrStopped)

// withdrawOwn takes out of the private lane what belongs to the state, with mu held.
func (m *mailbox) withdrawOwn() (own []*envelope) {
	if m.private().len() == 0 {
		return nil
	}
	for e := m.private().head; e != nil; {
		next := e.next
		if e.timer != nil || e.of != nil || e.kind == function {
			m.private().remove(e)
			own = append(own, e)
		}
		e = next
	}
	return own
}

// replace begins and ends the replacement of the state. At its end it takes what the state has queued
// for itself out of the mailbox: what is queued from then on is for the next state.
func (a *actor) replace(to stage) (own []*envelope) {
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
	x := a.rarely()
	x.stage = to
	if to == stageLiving {
		x.told, x.cause = false, nil
		a.box.orders &^= orderTell // a state that rests is none, and Shutdown tells the next one
		x.born = a.box.word.Load() >> runShift
		own = a.box.withdrawOwn()
	}
	if x.escalated != nil && x.escalated.directive == Restart {
		x.escalated = nil
		a.box.orders &^= orderFail
	}
	return own
}

// rest orders a fresh state, and lets the actor wait for it. It reports false where the caller is
// still the owner, as there is no time to wait: the first restart, and one of an actor that is to
// drain. But where that has failed to start it does wait, so as not to spin.
func (a *actor) rest(wait time.Duration, started bool) bool {
	a.box.mu.Lock()
	a.box.orders |= orderRenew
	resting := wait > 0 && a.box.lieDown(started)
	if resting {
		var timer *time.Timer
		timer = time.AfterFunc(wait, func() { // it waits for mu
			a.box.mu.Lock()
			ended := a.rare.rest == timer && a.box.getUp()
			a.box.mu.Unlock()
			if ended {
				a.system.noteStart(a)
				a.work()
			}
		})
		a.rare.rest = timer
	} else {
		a.box.hurryUp()
	}
	a.box.mu.Unlock()
	if resting {
		a.system.note()
	}
	return resting
}

// lieDown lets an actor without a state rest, by the owner, with mu held: nobody owns it then,
// until getUp. It reports false where the queue is to be drained and either empty or the caller in
// a hurry: the caller is still the owner.
func (m *mailbox) lieDown(hurry bool) bool {
	queued := m.queued() > 0
	if m.orders&orderDrain != 0 && (hurry || !queued) {
		return false
	}
	if !queued && m.orders == orderRenew {
		m.word.And(^flagWork)
	}
	m.word.Or(flagRest) // Rest
	return true
}

// getUp ends the rest, with mu held. It reports whether there was one: the caller owns the actor
// then, and must start its loop.
func (m *mailbox) getUp() bool {
	if m.word.Load()&flagRest == 0 {
		return false
	}
	m.hurryUp()
	m.word.And(^flagRest) // Rest
	return true
}

// hurryUp takes the order for a fresh state back where there is nothing left to do but to end, with
// mu held.
func (m *mailbox) hurryUp() {
	if m.orders&orderDrain != 0 && m.queued() == 0 {
		m.orders &^= orderRenew
	}
}

// endRest forgets the timer of a rest that has ended, perhaps before its time.
func (a *actor) endRest() {
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
	if x := a.rare; x != nil && x.rest != nil {
		x.rest.Stop()
		x.rest = nil
	}
}

// renew makes and starts a fresh state, by the owner of an actor without one. A failure of that is
// a failure of the actor.
func (a *actor) renew() (goOn bool) {
	a.endRest()
	var err error
	guard.Notice(func() { err = a.startAnew() }, func() { // the Spawner or OnStart ended the goroutine
		go a.workAfterRenewal(newPanicError(nil)) // One-Owner: handed over
	})
	if err != nil {
		return a.notRenewed(err)
	}
	a.goOn()
	a.releaseForgotten()
	return true
}

// startAnew makes a state and calls its OnStart.
func (a *actor) startAnew() error {
	a.box.mu.Lock()
	x := a.rarely()
	x.restarts++
	last := x.last
	a.box.mu.Unlock()
	state, err := spawnState(a.config.spawner, a.table)
	if err != nil {
		return err
	}
	fresh := pointerTo(state)
	if isSameState(fresh, last) {
		return notRunnable(typename.Short(a.table.typ),
			"the Spawner returned the state again that is to be replaced",
			"have it make a new one at each call")
	}
	a.box.mu.Lock()
	x.last = nil
	a.box.mu.Unlock()
	a.self = fresh
	if err := a.callStart(context.Background()); err != nil {
		return err
	}
	if err := a.incomplete(); err != nil {
		a.box.mu.Lock()
		x.cause = err
		a.box.mu.Unlock()
		a.endState()
		return err
	}
	return nil
}

// isSameState reports whether a state has the memory of the one before: it is the same pointer, or
// the same map. All pointers to what has no size may be equal, and nothing can be wrong with it.
func isSameState(fresh, last any) bool {
	if last == nil {
		return false
	}
	a, b := reflect.ValueOf(fresh), reflect.ValueOf(last)
	if a.UnsafePointer() == b.UnsafePointer() {
		return a.Elem().Type().Size() > 0
	}
	a, b = a.Elem(), b.Elem()
	return a.Kind() == reflect.Map && !a.IsNil() && a.UnsafePointer() == b.UnsafePointer()
}

// notRenewed deals with a fresh state that could not be made or started: there is none then.
func (a *actor) notRenewed(err error) (goOn bool) {
	a.forgetState()
	if failure, ok := err.(*PanicError); ok { //nolint:errorlint // a panic itself; an error of OnStart may wrap another's
		a.logPanic("a restart", failure)
	} else {
		a.log(slog.LevelError, "akt: a restart failed", "error", err)
	}
	return a.react(fault{err: err})
}

// workAfterRenewal is work by a new owner, after a renewal that ended the goroutine of the one
// before.
func (a *actor) workAfterRenewal(failure *PanicError) {
	if a.notRenewed(failure) {
		a.work()
	}
}
