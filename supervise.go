package akt

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aktgo/akt/internal/mailbox"
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
	Name     string // the actor's name; that of the parent, where a child's failure was escalated
	Msg      any    // the message whose handler failed; nil for a failure of OnStart or of the Spawner, at a restart
	Err      error  // a *PanicError, or the error of OnStart
	Restarts int    // how many restarts of the actor count at the moment, see Supervisor.Window; without a limit at most 1000
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

var directiveNames = [...]string{Resume: "resume", Restart: "restart", Stop: "stop", Escalate: "escalate"}

func (d Directive) known() bool { return d >= Resume && d <= Escalate }

// String returns the directive in lower case, such as "restart".
func (d Directive) String() string {
	if d.known() {
		return directiveNames[d]
	}
	return "Directive(" + strconv.Itoa(int(d)) + ")"
}

// Terminated is what a watcher receives, exactly once, when an actor it watches has ended.
type Terminated struct {
	Address *WeakAddress // of the actor that ended
	Name    string
	Err     error // why it died; nil for an actor that was stopped
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
		d = on.judge(Failure{Name: on.name(), Msg: f.msg, Err: f.err, Restarts: on.restartsWithin(now)})
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
		a.log(slog.LevelError, "akt: Supervisor.Decide returned an unknown directive: the actor stops", "directive", d.String())
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
		a.log(slog.LevelError, "akt: an actor run from a value cannot be restarted: it stops; run it from a Spawner")
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
// did. A Restart is done once for all children of a state, see replaceOnly; a Stop is never
// forgotten.
func (a *actor) failFor(child *actor, d Directive, f fault) {
	f = fault{msg: f.msg, err: &annotated{"the child " + child.name() + " failed", f.err}}
	a.box.Lock()
	x := a.extra()
	known := x.escalated != nil && (d == Restart || x.escalated.directive == Stop)
	if x.ending || known {
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
	e := a.extras.escalated
	a.extras.escalated = nil
	a.box.Unlock()
	if e == nil { // what was ordered was done already, or is not for this state
		return true
	}
	a.log(slog.LevelError, "akt: a failure was escalated to this actor", "decided", e.directive.String(), "error", e.fault.err)
	return a.obey(e.directive, e.fault)
}
