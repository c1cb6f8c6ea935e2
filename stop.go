package akt

import (
	"log/slog"
	"time"
)

// stop drains what was accepted, then stops the actor.
func (a *actor) stop() { a.stopAfter(orderDrain | orderNotice) }

// release gives a strong reference up.
func (a *actor) release() {
	if a.refs.Add(-1) < 0 {
		a.stopAfter(orderDrain)
	}
}

// tellOfStop has OnStopping called for notice, in the actor's turn.
func (a *actor) tellOfStop() {
	if a.box.order(orderTell) {
		a.hire()
	}
}

// forget gives a strong reference up that nobody has any more; but not as long as a timer runs, so that an actor that only its own
// timer wakes is not forgotten with its address.
func (a *actor) forget() {
	a.box.mu.Lock()
	a.rarely().forgotten++
	a.box.mu.Unlock()
	a.releaseForgotten()
}

// releaseForgotten does what forget has put off, if no timer runs.
func (a *actor) releaseForgotten() {
	a.box.mu.Lock()
	n := 0
	if x := a.rare; x != nil && len(x.timers) == 0 {
		n, x.forgotten = x.forgotten, 0
	}
	a.box.mu.Unlock()
	for range n {
		a.release()
	}
}

// askToStop stops the actor after its current message, unless it vetoes.
func (a *actor) askToStop() { a.stopAfter(orderAsk) }

func (a *actor) stopAfter(o orders) {
	a.phase.CompareAndSwap(uint32(Started), uint32(Stopping)) // before the order: a veto turns it back
	start := a.box.order(o)
	if o&orderDrain != 0 {
		a.timeEnd(start)
	}
	if start {
		a.hire()
	}
}

// timeEnd has an end that was ordered logged where it lasts long, and cut short at the limit of
// WithStopTimeout. One that finds the actor idle, and without hooks and children, is over at once.
func (a *actor) timeEnd(idle bool) {
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
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

// stopTiming stops the timers of timeEnd, with mu held.
func (x *rareState) stopTiming() {
	for _, t := range []*time.Timer{x.endTimer, x.limitTimer} {
		if t != nil {
			t.Stop()
		}
	}
}

// logEnd logs an end that lasts, with who waits for whom in which handler.
func (a *actor) logEnd() {
	a.box.mu.Lock()
	ended, queued, resting := a.rare.stage == stageOver, a.box.queued(), a.box.word.Load()&flagRest != 0
	a.box.mu.Unlock()
	if ended {
		return
	}
	a.log(slog.LevelWarn, "akt: the actor has been stopping for long", "for", waitIsLong,
		"queued", queued, "restarting", resting, "waits", waiters.Trail((*waiter)(a)))
}

// cutShort ends the Contexts of an actor whose end has reached its limit, and tells those who are
// queued.
func (a *actor) cutShort() {
	a.config.within().life.End()
	queue, _, start := a.box.shutOff(orderDrain)
	a.refuseQueue(queue)
	if start {
		a.hire()
	}
}
