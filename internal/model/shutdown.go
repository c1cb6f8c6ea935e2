package model

import (
	"slices"
	"strings"
)

// stuckIn is what Shutdown says of an actor that was not quiet.
type stuckIn struct {
	name   string
	runs   bool
	rests  bool
	waits  bool // for children to end
	held   bool // by a handler of one of those
	owes   int
	queued int
	less   int // how many senders may have left meanwhile, whose ctx has ended too
	more   int // how many Terminated may have come
}

func (m *actor) stuckIn(owes int) stuckIn {
	in := stuckIn{
		name: m.name, more: len(m.watching), runs: m.run != nil, rests: m.resting, owes: owes,
	}
	if m.restarting || m.ending {
		in.waits = true
		in.held = slices.ContainsFunc(m.model.actors, func(a *actor) bool {
			return a.run != nil && a.descendsFrom(m)
		})
	}
	for _, c := range slices.Concat(m.private, m.public) {
		in.queued++
		if c.request && c.from != nil {
			in.less++
		}
	}
	return in
}

// knowsOfStop reports whether OnStopping need not be called for notice: it was, and no message
// handled since, or there is no state. For Shutdown, as long as it waits, the ticks of intervals
// are no messages.
func (m *actor) knowsOfStop(butTicks bool) bool {
	return m.stateless || m.isTold && !m.handledAny && (butTicks || !m.handledTick)
}

// isTick reports whether the actor is in a tick of an interval.
func (m *actor) isTick() bool {
	return m.run != nil && m.run.call.timer != nil && m.run.call.timer.every > 0
}

// hasWork reports whether there is something to do for an actor that rests, but to be made anew.
func (m *actor) hasWork() bool {
	return m.queued() || m.drained || m.ask || m.escalated != nil
}

// isQuiet reports whether Shutdown does not wait for the actor: it has nothing to do, but perhaps a
// tick of an interval.
func (m *actor) isQuiet() bool {
	switch {
	case m.ended, m.resting && !m.hasWork():
		return true
	case m.queued(), m.escalated != nil, m.owes() > 0:
		return false
	case m.isTick():
		switch {
		case m.unsure, m.lessAsk > 0: // whether it was told since its last message
			m.ambiguous = true
		case m.run.wentOnAt == m.step: // what it has done when Shutdown looks
			m.ambiguous = true
		}
		return !m.ask && !m.tellOfStop && !m.drained
	}
	return !m.busy() && !m.ask && !m.tellOfStop && !m.drained && !m.renewing
}

func (w *model) shutdown() {
	w.closing = true
	w.quiet()
}

// quiet has Shutdown go on when nothing is under way.
func (w *model) quiet() {
	if !w.closing || w.cut || w.over || w.telling {
		return
	}
	all := true
	for _, m := range w.actors {
		if !m.ended {
			all = false
		}
		if !m.isQuiet() {
			return
		}
	}
	switch {
	case w.functions() > 0 && !w.stopping:
		return
	case all:
		w.over = true
	case w.tellAll():
	case !w.stopping:
		w.stopping = true
		for _, m := range w.actors {
			if m.parent == nil {
				m.stop(true)
			}
		}
		w.quiet()
	}
}

// tellAll has OnStopping of all called for notice who do not know. It reports whether there were
// any.
func (w *model) tellAll() (told bool) {
	if w.stopping {
		return false
	}
	w.telling = true
	for _, m := range w.actors {
		if !m.ended && !m.knowsOfStop(true) {
			told = true
			m.tellOfStop = true
			m.settle()
		}
	}
	w.telling = false
	if told {
		w.quiet()
	}
	return told
}

// patienceEnds cuts everything off.
func (w *model) patienceEnds() {
	w.cut, w.over = true, true
	w.stuckFunctions = w.functions()
	for _, c := range w.calls {
		if c.await && c.waits() && (c.lookup || c.from != nil) {
			c.becomes(gotNotRun, gotNotAwaited, "ended")
		}
	}
	owes := map[*actor]int{}
	for _, l := range w.laters {
		if l.awaited() {
			if !l.function {
				owes[l.run.actor]++
			}
			l.call.giveUpLater()
		}
	}
	for _, m := range w.actors {
		if m.ended {
			continue
		}
		mayLeave := func(c *call) bool { return c.request && c.from != nil }
		if len(m.waiting) > 0 && slices.ContainsFunc(m.public, mayLeave) {
			w.ambiguous = true // whether one that leaves lets another one in before all are refused
		}
		if m.run != nil || m.queued() || m.restarting || m.ending || owes[m] > 0 {
			w.stuck = append(w.stuck, m.stuckIn(owes[m]))
		}
		if m.run != nil {
			c := m.run.call
			if c.request && !c.here {
				if c.from != nil {
					c.becomes(gotCut, gotLeft)
				}
				c.becomes(gotCut)
			}
		}
	}
	for _, m := range w.actors {
		if !m.ended {
			m.shut, m.drained, m.notice = true, true, true
			if m.shutAt == 0 {
				m.shutAt = m.step
			}
			m.shutAt = m.step
			m.drop()
			m.getUp()
		}
	}
	for _, m := range w.actors {
		m.settle()
	}
}

// endStep looks back at a step: what has happened at the same time in it may have happened in any
// order.
func (w *model) endStep() {
	w.exits = nil
	for _, m := range w.actors {
		flushed := m.flushedAt == w.step && m.shutAt == w.step && !w.stopping
		w.ambiguous = w.ambiguous || flushed || m.races()
	}
	for _, t := range w.tolds {
		m := t.to
		w.ambiguous = w.ambiguous || t.at == w.step && m.roused == w.step
		if t.at != w.step || m.activeAt != w.step && m.shutAt != w.step {
			continue
		}
		if w.closing { // it may come before OnStopping is called, or after
			m.mayAsk++
			m.lessAsk++
		}
		id := terminatedID - t.of.id
		m.loose[id] = m.shutAt != w.step && !m.shut && m.endedWatches != w.step && !m.restarting
		m.Begun, m.Letters = without(m.Begun, id), without(m.Letters, id)
		m.private = slices.DeleteFunc(slices.Clone(m.private), func(c *call) bool {
			return c.target == t.of
		})
	}
	for _, m := range w.actors {
		for of := range m.watched {
			if (m.diedAt == w.step || m.endedWatches == w.step) && of.endedAt == w.step {
				m.loose[terminatedID-of.id] = false
				if w.closing {
					m.mayAsk++
				}
				w.ambiguous = w.ambiguous || m.roused == w.step
			}
		}
	}
	for _, c := range w.calls {
		if c.on == nil || c.at != w.step || c.on.diedAt != w.step {
			continue
		}
		if len(c.want) == 1 && strings.HasPrefix(c.want[0], gotRefused) {
			c.want = []string{gotRefused, c.on.because(gotRefused)} // shut first, or dead
		}
	}
}

func without(ids []int, id int) []int {
	return slices.DeleteFunc(slices.Clone(ids), func(n int) bool { return n == id })
}
