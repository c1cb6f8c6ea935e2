package akt

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aktgo/akt/internal/mailbox"
)

// Timer is a message that comes later, or again and again, until it is stopped or the state that
// has started it ends: at a restart, or with the actor.
type Timer struct {
	// Guarded by the mailbox's lock, but for next, which the actor's owner calls.
	actor   *actor
	timer   *time.Timer       // nil until it has to wait
	message *mailbox.Envelope // nil for one that never fires
	stopped bool
	fired   bool // its one message was put into the lane

	next  func() any    // of an interval: makes its message
	every time.Duration // of an interval
	start time.Time     // of an interval: when its first tick was
}

// Stop stops the timer. It reports whether it did: false where the timer never fires, was stopped,
// or its one message is being handled or was. After true no message of the timer begins, also not
// the one that an interval's function is about to return.
func (t *Timer) Stop() bool {
	if t == nil || t.message == nil {
		return false
	}
	defer t.actor.releaseForgotten()
	defer t.actor.system.note() // as takeBack does
	t.actor.box.Lock()
	defer t.actor.box.Unlock()
	if t.stopped {
		return false
	}
	delete(t.actor.rarely().timers, t)
	return t.end()
}

// end stops the timer, with the lock of its actor held. It reports whether that keeps a message
// from being handled.
func (t *Timer) end() bool {
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
	return t.actor.box.Remove(t.message) || !t.fired
}

// isStopped reports whether the timer was stopped.
func (t *Timer) isStopped() bool {
	t.actor.box.Lock()
	defer t.actor.box.Unlock()
	return t.stopped
}

// notifyLater starts a timer for one message.
func (a *actor) notifyLater(msg any, after time.Duration) *Timer {
	t := &Timer{actor: a}
	r, routed, err := a.route(msg)
	if err != nil {
		return a.neverFires(t, msg, err)
	}
	t.message = notification(context.Background(), routed, r)
	t.message.Source = (*timed)(t)
	if !a.startTimer(t, max(after, 0)) {
		return a.neverFires(t, msg, a.gone())
	}
	return t
}

// notifyInterval starts a timer that fires now, and then again and again.
func (a *actor) notifyInterval(next func() any, every time.Duration) *Timer {
	t := &Timer{actor: a, next: next, every: every, start: time.Now()}
	switch {
	case every <= 0:
		err := errors.New("akt: NotifyInterval: the interval must be positive")
		return a.neverFires(t, nil, err)
	case next == nil:
		return a.neverFires(t, nil, errors.New("akt: NotifyInterval: the function is nil"))
	}
	t.message = &mailbox.Envelope{
		Ctx: context.Background(), Kind: mailbox.Interval, Source: (*timed)(t),
	}
	if !a.startTimer(t, 0) {
		return a.neverFires(t, nil, a.gone())
	}
	return t
}

// neverFires reports what is wrong with a timer. For an actor that is gone it is not an error, only
// a message dropped, if there is one.
func (a *actor) neverFires(t *Timer, msg any, err error) *Timer {
	t.message = nil
	switch {
	case errors.Is(err, ErrStopped) && msg != nil:
		a.countDropped(1)
		a.noteDropped(err, msg)
	case errors.Is(err, ErrStopped):
		a.log(slog.LevelWarn, "akt: a timer that never fires", "error", err)
	default:
		a.log(slog.LevelError, "akt: a timer that never fires",
			"message", typeName(msg), "error", err)
		if msg != nil {
			a.countDropped(1)
			a.system.deadLetter(a, msg, err)
		}
	}
	return t
}

// startTimer starts a timer, unless the actor takes no more messages.
func (a *actor) startTimer(t *Timer, after time.Duration) bool {
	a.box.Lock()
	x := a.rarely()
	if a.box.IsShut() || x.stage == stageReplacing {
		a.box.Unlock()
		return false
	}
	if x.timers == nil {
		x.timers = map[*Timer]struct{}{}
	}
	x.timers[t] = struct{}{}
	if after > 0 {
		t.timer = time.AfterFunc(after, t.fire)
		a.box.Unlock()
		return true
	}
	t.isMessage()
	if a.box.PutAndUnlock(t.message) {
		a.box.Start(a)
	}
	return true
}

// fire puts the timer's message into the private lane.
func (t *Timer) fire() {
	a := t.actor
	a.box.Lock()
	if t.stopped || t.message.InList() {
		a.box.Unlock()
		return
	}
	if a.box.IsShut() { // it drains: what comes now comes too late
		t.stopped = true
		a.box.Unlock()
		if t.every == 0 {
			a.countDropped(1)
			a.noteDropped(a.gone(), t.message.Msg)
		}
		return
	}
	t.isMessage()
	if a.box.PutAndUnlock(t.message) {
		a.box.Work(a)
	}
}

// isMessage makes the one message of a timer a message like others, with the lock held: a restart
// withdraws it.
func (t *Timer) isMessage() {
	if t.every == 0 {
		t.fired = true
		delete(t.actor.rare.timers, t)
	}
}

// timed is a timer as the source of its messages.
type timed Timer

// isTimed reports whether a message is a timer's.
func isTimed(e *mailbox.Envelope) bool {
	_, ok := e.Source.(*timed)
	return ok
}

// Begins is nothing.
func (*timed) Begins() {}

// Handled sets an interval for its next tick, by the owner: the first multiple of every after now.
func (t *timed) Handled() {
	if t.every == 0 {
		t.actor.releaseForgotten()
		return
	}
	t.actor.box.Lock()
	defer t.actor.box.Unlock()
	if t.stopped || t.actor.box.IsShut() {
		return
	}
	wait := t.every - time.Since(t.start)%t.every
	if t.timer == nil {
		t.timer = time.AfterFunc(wait, (*Timer)(t).fire)
	} else {
		t.timer.Reset(wait)
	}
}
