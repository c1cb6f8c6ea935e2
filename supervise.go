package akt

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/restarts"
	"github.com/aktgo/akt/internal/typename"
)

// Supervisor decides what happens after a failure of an actor: a panic, or at a restart an error of
// OnStart. The sender of the message that failed has its answer by then, and the message is not
// handled again. The zero value is what an actor without [WithSupervisor] has.
type Supervisor struct {
	// Decide says what is to be done. nil stops an actor that was run from a value, as its state
	// cannot be trusted, and restarts one that was run from a [Spawner].
	//
	// The failing actor waits for it, so it should not block. It is called by many goroutines at
	// once where actors share a Supervisor, or children escalate to it. A panic in it, and a
	// Directive that does not exist, are logged and mean Stop; a runtime.Goexit in it does, too.
	Decide func(Failure) Directive

	// MaxRestarts is how many restarts there may be within Window: at the next one the actor stops
	// instead, and its Err says so. 0 is the default, 5; a negative number is no limit.
	MaxRestarts int
	// Window is how long a restart counts, from when the fresh state is made. 0 is the default, 1
	// minute; it must not be negative.
	Window time.Duration

	// BackoffMin and BackoffMax bound how long a restart waits while others count. The first is
	// immediate; the wait then doubles from BackoffMin on, with jitter. 0 is the default, 100 ms
	// and 30 s; neither may be negative, nor BackoffMin above BackoffMax.
	BackoffMin, BackoffMax time.Duration
}

// Failure is what a [Supervisor] decides about.
type Failure struct {
	Name string // the actor's name; that of the parent, where a child's failure was escalated
	// Msg is the message whose handler failed; nil for a failure of OnStart or of the Spawner, at a
	// restart.
	Msg any
	Err error // a *PanicError, or the error of OnStart
	// Restarts is how many restarts of the actor count at the moment, see Supervisor.Window;
	// without a limit at most 1000.
	Restarts int
}

// Directive is what a [Supervisor] decides. Its zero value is none, and means Stop.
type Directive int

// What is done after a failure.
const (
	// Resume goes on with the state as it is, and with its timers and children. Where there is no
	// state, as OnStart has failed, it means Stop.
	Resume Directive = iota + 1
	// Restart goes on with a fresh state from the Spawner. Address, name, what others have sent,
	// and who watches the actor stay. Timers, watches and children of the old state end, what they
	// and Do have queued is dropped, then OnStopped is called on it, and its Promises fail. For an
	// actor that was run from a value it means Stop.
	Restart
	// Stop ends the actor. Queued messages are not handled; Err, and those who watch, say what the
	// failure was.
	Stop
	// Escalate asks the parent's supervisor, as if the parent had failed. Resume then is for the
	// child; Restart and Stop are for the parent, when its current handler has returned, and the
	// child ends at once. Where there is no parent it means Stop.
	Escalate
)

var directiveNames = [...]string{
	Resume: "resume", Restart: "restart", Stop: "stop", Escalate: "escalate",
}

func (d Directive) known() bool { return d >= Resume && d <= Escalate }

// String returns the directive in lower case, such as "restart".
func (d Directive) String() string {
	if d.known() {
		return directiveNames[d]
	}
	return "Directive(" + strconv.Itoa(int(d)) + ")"
}

// fault is a failure that is being dealt with, by the owner.
type fault struct {
	msg    any
	err    error
	source mailbox.Source // of the message
}

// supervise deals with a handler that has not returned, by the owner. e is nil where the handler
// ran on its sender's goroutine. It reports whether the caller still owns a living actor.
func (a *actor) supervise(failure *PanicError, msg any, e *mailbox.Envelope) (goOn bool) {
	a.box.GiveBack()
	where := fmt.Sprintf("the handler of %T", msg)
	switch {
	case e != nil && e.Kind == mailbox.Interval && msg == nil:
		where = "the function of an interval"
	case e != nil && e.Kind == mailbox.Function:
		where = "a function of Do"
	}
	a.logPanic(where, failure)
	f := fault{msg: msg, err: failure}
	if e != nil && e.Kind != mailbox.Request {
		a.system.deadLetter(a, msg, failure)
		f.source = e.Source
	}
	return a.react(f)
}

// react does what is decided about a failure.
func (a *actor) react(f fault) (goOn bool) {
	d, on := a.decide(f)
	if on == a || d == Resume {
		return a.obey(d, f)
	}
	a.log(slog.LevelWarn, "akt: the failure was escalated", "to", on.name(), "decided", d.String())
	on.failFor(a, d, f)
	a.end(f.err)
	return false
}

// decide asks the actor's supervisor, and those of its ancestors as long as they escalate. It
// returns what was decided, and for whom.
func (a *actor) decide(f fault) (d Directive, on *actor) {
	now := time.Now()
	for on = a; ; on = on.config.parent {
		d = on.judge(Failure{on.name(), f.msg, f.err, on.restartsWithin(now)})
		switch {
		case d != Escalate:
			return d, on
		case on.config.parent == nil:
			return Stop, on
		}
	}
}

// judge asks the actor's own supervisor.
func (a *actor) judge(f Failure) Directive {
	decide := a.supervisor().Decide
	switch {
	case decide != nil:
	case a.config.spawner == nil:
		return Stop
	default:
		return Restart
	}
	var d Directive
	failure := detached(func() { d = decide(f) })
	switch {
	case failure != nil:
		a.logPanic("Supervisor.Decide", failure)
	case !d.known():
		a.log(slog.LevelError, "akt: Supervisor.Decide returned an unknown directive: "+
			"the actor stops", "directive", d.String())
	default:
		return d
	}
	return Stop
}

// obey does what was decided for this actor, by its owner.
func (a *actor) obey(d Directive, f fault) (goOn bool) {
	switch {
	case d == Resume && a.self != nil:
		if f.source != nil {
			f.source.Handled()
		}
		return true
	case d == Restart && a.config.spawner != nil:
		return a.restart(f)
	case d == Restart:
		a.log(slog.LevelError, "akt: an actor run from a value cannot be restarted: it stops; "+
			"run it from a Spawner")
	case d == Resume:
		a.log(slog.LevelError, "akt: an actor without a state cannot be resumed: it stops")
	}
	a.end(f.err)
	return false
}

// escalation is what was decided for an actor after a failure of one of its descendants.
type escalation struct {
	directive Directive
	fault     fault
}

// failFor has the actor fail as soon as its current handler has returned, for a descendant that
// did. A Restart is done once for all children of a state, see replace; a Stop is never
// forgotten.
func (a *actor) failFor(child *actor, d Directive, f fault) {
	f = fault{msg: f.msg, err: &annotated{"the child " + child.name() + " failed", f.err}}
	a.box.Lock()
	x := a.rarely()
	known := x.escalated != nil && (d == Restart || x.escalated.directive == Stop)
	if x.stage >= stageEnding || known {
		a.box.Unlock()
		return
	}
	x.escalated = &escalation{d, f}
	a.box.Unlock()
	a.box.Order(a, mailbox.OrderFail)
}

// failNow does what failFor has ordered, by the owner.
func (a *actor) failNow() (goOn bool) {
	a.box.Lock()
	e := a.rare.escalated
	a.rare.escalated = nil
	a.box.Unlock()
	if e == nil { // what was ordered was done already, or is not for this state
		return true
	}
	a.log(slog.LevelError, "akt: a failure was escalated to this actor",
		"decided", e.directive.String(), "error", e.fault.err)
	return a.obey(e.directive, e.fault)
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
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return 0
	}
	return a.rare.recent.Count(now, a.supervisor().Window)
}

// allowRestart counts one more restart and returns how long it is to wait. At the limit it returns
// false instead.
func (a *actor) allowRestart() (wait time.Duration, count int, ok bool) {
	now, limits := time.Now(), a.supervisor().limits()
	a.box.Lock()
	defer a.box.Unlock()
	return a.rarely().recent.Allow(now, limits)
}

// restart ends the state, and has the owner make a fresh one: at once, or after a rest. Address,
// name, watches and queue stay. It reports whether the caller still owns a living actor.
func (a *actor) restart(f fault) (goOn bool) {
	wait, count, ok := a.allowRestart()
	if !ok {
		window := a.supervisor().Window
		a.log(slog.LevelError, "akt: the actor stops at its restart limit",
			"restarts", count, "window", window, "error", f.err)
		limit := fmt.Sprintf("restart limit reached: %d restarts in %v", count, window)
		a.end(&annotated{limit, f.err})
		return false
	}
	if wait > 0 {
		a.log(slog.LevelWarn, "akt: restarting", "attempt", count, "backoff", wait)
	}
	a.box.Lock()
	a.rare.cause = f.err
	a.box.Unlock()
	started := a.self != nil
	guard.Notice(a.endState, func() { // OnStopped ended the goroutine
		go a.workAfterState(wait, started) // One-Owner: handed over
	})
	return !a.rest(wait, started)
}

// workAfterState is the work of a new owner, after the end of a state that ended the goroutine of
// the one before.
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
		a.box.Lock()
		a.rarely().last = a.self
		a.box.Unlock()
	}
	a.self = nil
}

// replace begins and ends the replacement of the state. At its end it takes what the state has
// queued for itself out of the mailbox: what is queued from then on is for the next state.
func (a *actor) replace(to stage) (own []*mailbox.Envelope) {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.rarely()
	x.stage = to
	if to == stageLiving {
		x.told, x.cause = false, nil
		// a state that rests is none, and Shutdown tells the next one
		a.box.Cancel(mailbox.OrderTell)
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
		timer = time.AfterFunc(wait, func() { // it waits for the lock
			a.box.Lock()
			if a.rare.rest != timer {
				a.box.Unlock()
			} else if a.box.ResumeAndUnlock() {
				a.box.Work(a)
			}
		})
		a.rare.rest = timer
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
	guard.Notice(func() { err = a.startAnew() }, func() {
		// The Spawner or OnStart ended the goroutine.
		go a.workAfterRenewal(newPanicError(nil)) // One-Owner: handed over
	})
	if err != nil {
		return a.notRenewed(err)
	}
	a.markStarted()
	a.releaseForgotten()
	return true
}

// startAnew makes a state and calls its OnStart.
func (a *actor) startAnew() error {
	a.box.Lock()
	x := a.rarely()
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

// notRenewed deals with a fresh state that could not be made or started: there is none then.
func (a *actor) notRenewed(err error) (goOn bool) {
	a.forgetState()
	// An error of OnStart may wrap the panic of another actor.
	if failure, ok := err.(*PanicError); ok { //nolint:errorlint // a panic itself
		a.logPanic("a restart", failure)
	} else {
		a.log(slog.LevelError, "akt: a restart failed", "error", err)
	}
	return a.react(fault{err: err})
}

// workAfterRenewal is the work of a new owner, after a renewal that ended the goroutine of the one
// before.
func (a *actor) workAfterRenewal(failure *PanicError) {
	if a.notRenewed(failure) {
		a.box.Work(a)
	}
}
