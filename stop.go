package akt

import (
	"log/slog"
	"time"

	"github.com/aktgo/akt/internal/mailbox"
)

// stop drains what was accepted, then stops the actor.
func (a *actor) stop() { a.stopAfter(mailbox.OrderDrain | mailbox.OrderNotice) }

// release gives a strong reference up.
func (a *actor) release() {
	if a.refs.Add(-1) < 0 {
		a.stopAfter(mailbox.OrderDrain)
	}
}

// tellOfStop has OnStopping called for notice, in the actor's turn.
func (a *actor) tellOfStop() {
	a.box.Order(a, mailbox.OrderTell)
}

// forget gives a strong reference up that nobody has any more; but not as long as a timer runs, so that an actor that only its own
// timer wakes is not forgotten with its address.
func (a *actor) forget() {
	a.box.Lock()
	a.extra().forgotten++
	a.box.Unlock()
	a.releaseForgotten()
}

// releaseForgotten does what forget has put off, if no timer runs.
func (a *actor) releaseForgotten() {
	a.box.Lock()
	n := 0
	if x := a.extras; x != nil && len(x.timers) == 0 {
		n, x.forgotten = x.forgotten, 0
	}
	a.box.Unlock()
	for range n {
		a.release()
	}
}

// askToStop stops the actor after its current message, unless it vetoes.
func (a *actor) askToStop() { a.stopAfter(mailbox.OrderStop) }

func (a *actor) stopAfter(o mailbox.Orders) {
	a.phase.CompareAndSwap(uint32(Started), uint32(Stopping)) // before the order: a veto turns it back
	started := a.box.Order(a, o)
	if o&mailbox.OrderDrain != 0 {
		a.timeEnd(started)
	}
}

// timeEnd has an end that was ordered logged where it lasts long, and cut short at the limit of
// WithStopTimeout. One that finds the actor idle, and without hooks and children, is over at once.
func (a *actor) timeEnd(idle bool) {
	a.box.Lock()
	defer a.box.Unlock()
	if idle && !a.table.ends && (a.extras == nil || len(a.extras.children) == 0) {
		return
	}
	x := a.extra()
	if x.over || x.endTimer != nil {
		return
	}
	x.endTimer = time.AfterFunc(waitIsLong, a.logEnd)
	if d := a.config.within().stopTimeout; d > 0 {
		x.limitTimer = time.AfterFunc(d, a.cutShort)
	}
}

// stopTiming stops the timers of timeEnd, with mu held.
func (x *extras) stopTiming() {
	for _, t := range []*time.Timer{x.endTimer, x.limitTimer} {
		if t != nil {
			t.Stop()
		}
	}
}

// logEnd logs an end that lasts, with who waits for whom in which handler.
func (a *actor) logEnd() {
	a.box.Lock()
	over, queued, resting := a.extras.over, a.box.Queued(), a.box.Word().IsSuspended()
	a.box.Unlock()
	if over {
		return
	}
	a.log(slog.LevelWarn, "akt: the actor has been stopping for long", "for", waitIsLong,
		"queued", queued, "restarting", resting, "waits", waiters.Trail((*waiter)(a)))
}

// cutShort ends the Contexts of an actor whose end has reached its limit, and tells those who are
// queued.
func (a *actor) cutShort() {
	a.config.within().life.End()
	queue, _, owns := a.box.ShutOff(mailbox.OrderDrain)
	a.refuseQueue(queue)
	if owns {
		a.box.Start(a)
	}
}
