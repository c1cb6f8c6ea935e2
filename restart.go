package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/aktgo/akt/internal/mailbox"
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

// backoff is how long a restart waits when n others count: none for the first.
//
// It is exponential, with what Marc Brooker calls equal jitter ("Exponential Backoff And Jitter",
// AWS Architecture Blog, 2015): half of it is random, so that actors that failed together do not
// come back together, and the other half is a wait for certain.
func (s *Supervisor) backoff(n int) time.Duration {
	if n == 0 {
		return 0
	}
	most := s.BackoffMin
	for range n {
		if most > s.BackoffMax/2 {
			most = s.BackoffMax
			break
		}
		most *= 2
	}
	least := max(most/2, s.BackoffMin)
	return least + rand.N(most-least+1)
}

// mostRestarts is how many restarts are remembered where there is no limit.
const mostRestarts = 1000

// supervisor is the actor's own, with all its fields set.
func (a *actor) supervisor() *Supervisor {
	if s := a.config.supervisor; s != nil {
		return s
	}
	return &defaultSupervisor
}

// restartsWithin is how many restarts count at this time.
func (a *actor) restartsWithin(now time.Time) int {
	a.box.Lock()
	defer a.box.Unlock()
	return a.countRestarts(now)
}

// countRestarts forgets the restarts that count no more, and returns how many do, with mu held.
func (a *actor) countRestarts(now time.Time) int {
	if a.extras == nil {
		return 0
	}
	recent := a.extras.recent
	for len(recent) > 0 && now.Sub(recent[0]) >= a.supervisor().Window {
		recent = recent[1:]
	}
	a.extras.recent = recent
	return len(recent)
}

// allowRestart counts one more restart and returns how long it is to wait. At the limit it returns
// false instead.
func (a *actor) allowRestart() (wait time.Duration, count int, ok bool) {
	now, s := time.Now(), a.supervisor()
	a.box.Lock()
	defer a.box.Unlock()
	count = a.countRestarts(now)
	if s.MaxRestarts >= 0 && count >= s.MaxRestarts {
		return 0, count, false
	}
	wait = s.backoff(count)
	x := a.extra()
	if count >= max(s.MaxRestarts, mostRestarts) {
		x.recent = x.recent[1:]
	}
	x.recent = append(x.recent, now.Add(wait))
	return wait, count + 1, true
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
	a.box.Lock()
	a.extras.cause = f.err
	a.box.Unlock()
	started := a.self != nil
	ended := false
	defer func() {
		if !ended { // OnStopped ended the goroutine
			go a.workAfterState(wait, started) // One-Owner: handed over
		}
	}()
	a.endState()
	ended = true
	return !a.rest(wait, started)
}

// workAfterState is work by a new owner, after the end of a state that ended the goroutine of the
// one before.
func (a *actor) workAfterState(wait time.Duration, started bool) {
	if !a.rest(wait, started) {
		a.box.Work(a)
	}
}

// endState ends what belongs to the state: timers, watches, children, Promises, and the state
// itself, if it was started. It takes no new ones meanwhile, which would end up with the next
// state; nor is an escalated failure of it the next one's.
func (a *actor) endState() {
	a.phase.Store(uint32(Starting))
	a.replaceOnly(true)
	a.endTimers()
	a.endWatching()
	a.endChildren()
	defer func() { // also where OnStopped ends the goroutine
		a.forgetState()
		a.failPromises()
		a.dropOwn(a.replaceOnly(false))
	}()
	a.callStopped()
}

// forgetState lets the state go, but for what tells whether the Spawner makes it again.
func (a *actor) forgetState() {
	if a.config.spawner != nil && a.self != nil {
		a.box.Lock()
		a.extra().last = a.self
		a.box.Unlock()
	}
	a.self = nil
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

// replaceOnly begins and ends the time in which a takes no timers, watches and children. At the end
// it takes what the state has queued for itself out of the mailbox: what is queued from then on is
// for the next state.
func (a *actor) replaceOnly(on bool) (own []*mailbox.Envelope) {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.extra()
	x.replacing = on
	if !on {
		x.told, x.cause = false, nil
		a.box.Cancel(mailbox.OrderTell) // a state that rests is none, and Shutdown tells the next one
		x.born = a.box.Word().Number()
		own = a.box.Recall()
	}
	if x.escalated != nil && x.escalated.directive == Restart {
		x.escalated = nil
		a.box.Cancel(mailbox.OrderFail)
	}
	return own
}

// rest orders a fresh state, and lets the actor wait for it. It reports false where the caller is
// still the owner, as there is no time to wait: the first restart, and one of an actor that is to
// drain. But where that has failed to start it does wait, so as not to spin.
func (a *actor) rest(wait time.Duration, started bool) bool {
	a.box.Lock()
	resting := a.box.Suspend(wait > 0, started)
	if resting {
		var timer *time.Timer
		timer = time.AfterFunc(wait, func() { // it waits for mu
			a.box.Lock()
			if a.extras.rest != timer {
				a.box.Unlock()
			} else if a.box.ResumeAndUnlock() {
				a.box.Work(a)
			}
		})
		a.extras.rest = timer
	}
	a.box.Unlock()
	if resting {
		a.system.note()
	}
	return resting
}

// endRest forgets the timer of a rest that has ended, perhaps before its time.
func (a *actor) endRest() {
	a.box.Lock()
	defer a.box.Unlock()
	if x := a.extras; x != nil && x.rest != nil {
		x.rest.Stop()
		x.rest = nil
	}
}

// renew makes and starts a fresh state, by the owner of an actor without one. A failure of that is
// a failure of the actor.
func (a *actor) renew() (goOn bool) {
	returned := false
	defer func() {
		if !returned { // the Spawner or OnStart ended the goroutine
			go a.workAfterRenewal(newPanicError(nil)) // One-Owner: handed over
		}
	}()
	a.endRest()
	err := a.startAnew()
	returned = true
	if err != nil {
		return a.notRenewed(err)
	}
	a.goOn()
	a.releaseForgotten()
	return true
}

// startAnew makes a state and calls its OnStart.
func (a *actor) startAnew() error {
	a.box.Lock()
	x := a.extra()
	x.restarts++
	last := x.last
	a.box.Unlock()
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
	a.box.Lock()
	x.last = nil
	a.box.Unlock()
	a.self = fresh
	if err := a.callStart(context.Background()); err != nil {
		return err
	}
	if err := a.incomplete(); err != nil {
		a.box.Lock()
		x.cause = err
		a.box.Unlock()
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
		a.box.Work(a)
	}
}
