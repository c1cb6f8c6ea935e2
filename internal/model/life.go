package model

import (
	"maps"
	"slices"

	"github.com/aktgo/akt"
)

// fault is a failure that is to be dealt with.
type fault struct {
	msg       string
	why       string
	timer     *call
	directive akt.Directive // of one that was escalated
}

// told is one Terminated on its way.
type told struct {
	to, of *actor
	at     int
}

// react does what is decided about a failure.
func (m *actor) react(f fault) {
	m.active()
	d, on := m.decide(f)
	if on == m || d == akt.Resume {
		m.obey(d, f)
		return
	}
	f.directive = d
	for _, other := range m.exits { // whether that one restarts first
		m.ambiguous = m.ambiguous || other != m && other.descendsFrom(on)
	}
	m.ambiguous = m.ambiguous || m.telling // whether the other one was told before
	if !on.ending && !on.ended && !(on.restarting && d == akt.Restart) &&
		!(on.escalated != nil && (d == akt.Restart || on.escalated.directive == akt.Stop)) {
		on.escalated = &fault{msg: f.msg, why: f.why, directive: d}
		if on.run == nil {
			on.active()
		}
	}
	m.end(f.why)
	on.settle()
}

// decide asks the supervisors, from the actor's own upwards.
func (m *actor) decide(f fault) (d akt.Directive, on *actor) {
	for on = m; ; on = on.parent {
		switch {
		case on.policy != nil:
			d = *on.policy
			on.Decided = append(on.Decided, decision(f.msg, on.id, on.restarts()))
			if d < akt.Resume || d > akt.Escalate {
				d = akt.Stop
			}
		case on.spawner:
			d = akt.Restart
		default:
			d = akt.Stop
		}
		switch {
		case d != akt.Escalate:
			return d, on
		case on.parent == nil:
			return akt.Stop, on
		}
	}
}

// restarts is how many count.
func (m *actor) restarts() int {
	for len(m.recent) > 0 && m.now-m.recent[0] >= window {
		m.recent = m.recent[1:]
	}
	return len(m.recent)
}

func (m *actor) obey(d akt.Directive, f fault) {
	m.active()
	switch {
	case d == akt.Resume && !m.stateless:
		if f.timer != nil {
			m.handled(f.timer)
		}
	case d == akt.Restart && m.spawner:
		m.restart(f)
	default:
		m.end(f.why)
	}
}

func (m *actor) restart(f fault) {
	n := m.restarts()
	if m.strict && n >= maxRestarts {
		m.end(f.why + ", " + diedOfLimit)
		return
	}
	m.wait = 0
	if n > 0 {
		m.wait = backoff(m.pause)
	}
	m.recent = append(m.recent, m.now+m.wait)
	m.hurry = !m.stateless
	m.restarting = true
	m.forgetRestart()
	m.endTimers()
	m.endWatches()
	for _, c := range slices.Clone(m.children) {
		c.stop(true)
	}
	if m.restarting {
		m.awaitChildren()
		m.familyEnded()
	}
}

// forgetRestart: the state that was to be restarted for a child is gone.
func (m *actor) forgetRestart() {
	if m.escalated != nil && m.escalated.directive == akt.Restart {
		m.escalated = nil
	}
}

func (m *actor) queued() bool { return len(m.private)+len(m.public) > 0 }

// familyEnded goes on where the actor has waited for its children.
func (m *actor) familyEnded() {
	if len(m.children) > 0 {
		return
	}
	switch {
	case m.restarting:
		m.active()
		if !m.stateless {
			m.Stopped++
		}
		m.restarting, m.stateless, m.renewing, m.isTold = false, true, true, false
		m.tellOfStop = false
		m.forgetRestart()
		m.failPromises()
		m.withdrawOwn()
		m.rest()
		m.settle()
	case m.ending:
		m.finish()
	}
}

// rest has a restart wait, unless the actor is to end and nobody would wait for it.
func (m *actor) rest() {
	m.ambiguous = m.ambiguous || m.unsure
	switch {
	case m.wait == 0:
		m.hurryUp()
	case m.drained && (m.hurry || !m.queued()):
		m.hurryUp()
	default:
		m.resting, m.due = true, m.now+m.wait
		m.quiet()
	}
}

// hurryUp has an actor that is to end, and has nothing to handle, end without a fresh state.
func (m *actor) hurryUp() {
	if m.drained && !m.queued() {
		m.renewing = false
	}
}

func (m *actor) getUp() {
	if m.resting {
		m.ambiguous = m.ambiguous || m.unsure
		m.resting = false
		m.hurryUp()
	}
}

func (m *actor) renew() {
	m.active()
	m.renewing = false
	if m.faults > 0 {
		m.faults--
		m.react(fault{msg: "a start", why: diedOfStart})
		return
	}
	m.stateless = false
	m.Started++
}

func (m *actor) descendsFrom(other *actor) bool {
	for p := m.parent; p != nil; p = p.parent {
		if p == other {
			return true
		}
	}
	return false
}

// withdrawOwn takes out of the private lane what belongs to the state that has ended.
func (m *actor) withdrawOwn() {
	m.private = slices.DeleteFunc(slices.Clone(m.private), func(c *call) bool {
		if c.do || c.timer != nil && c.timer.every == 0 {
			m.letter(c)
		}
		return c.do || c.timer != nil || c.target != nil
	})
	m.endedWatches = m.step
}

// endWatches has an actor watch nobody any more.
func (m *actor) endWatches() {
	for t := range m.watching {
		t.watchers = slices.DeleteFunc(t.watchers, func(w *actor) bool { return w == m })
	}
	if m.watchedAt != m.step {
		m.watched, m.watchedAt = map[*actor]bool{}, m.step
	}
	maps.Copy(m.watched, m.watching)
	m.watching = map[*actor]bool{}
}

// end drops what is queued and ends the children.
func (m *actor) end(why string) {
	m.active()
	m.shut, m.ending, m.why = true, true, why
	m.shutAt, m.diedAt = m.step, m.step
	m.drop()
	m.endTimers()
	m.endWatches()
	for _, c := range slices.Clone(m.children) {
		c.stop(true)
	}
	m.awaitChildren()
	m.familyEnded()
}

func (m *actor) refuseWaiting() {
	for _, c := range m.waiting {
		c.at = m.step
		if m.cut && c.from != nil {
			c.becomes(gotRefused, gotEnded)
		}
		c.becomes(m.because(gotRefused))
	}
	m.waiting = nil
}

// finish is the last of an actor.
func (m *actor) finish() {
	if !m.stateless {
		m.Stopped++
	}
	m.ending, m.ended, m.endedAt = false, true, m.step
	m.failPromises()
	if p := m.parent; p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *actor) bool { return c == m })
	}
	watchers := m.watchers
	m.watchers = nil
	for _, w := range watchers {
		w.told(m)
	}
	m.tellAwaiting()
	if p := m.parent; p != nil {
		p.familyEnded()
	}
	m.quiet()
}

// told has an actor told that another one has ended.
func (m *actor) told(of *actor) {
	if !m.watching[of] || m.toldOf[of] {
		return
	}
	m.toldOf[of] = true
	m.tolds = append(m.tolds, &told{to: m, of: of, at: m.step})
	if m.shut {
		return
	}
	m.private = append(m.private, &call{id: terminatedID - of.id, private: true, target: of})
	m.settle()
}

func (m *actor) watch(of *actor) {
	if m.watching[of] || m.toldOf[of] {
		return
	}
	m.watching[of] = true
	if of.ended {
		m.told(of)
		return
	}
	of.watchers = append(of.watchers, m)
}

func (m *actor) unwatch(of *actor) {
	delete(m.watching, of)
	of.watchers = slices.DeleteFunc(of.watchers, func(w *actor) bool { return w == m })
}

func (m *actor) release() {
	if m.refs--; m.refs == 0 {
		m.stop(false)
	}
}

func (m *actor) contextStop() {
	m.ask = true
	m.settle()
}

// heard is told what an actor has begun, or dropped, by the end of a step: so of the Terminated
// that may come at any moment, those that have not are queued.
func (m *actor) heard(of ...int) {
	m.unsure = false
	for id, must := range m.loose {
		begun := slices.Contains(of, id)
		at := slices.IndexFunc(m.private, func(c *call) bool { return c.id == id })
		switch {
		case begun && at >= 0:
			m.private = slices.Delete(slices.Clone(m.private), at, at+1)
		case begun || at >= 0 || !m.busy() || m.ended:
		case must && len(m.private) == 0:
			of := m.model.actors[terminatedID-id]
			m.private = append(m.private, &call{id: id, private: true, target: of})
		default:
			m.unsure = true
		}
	}
}

func (m *actor) state() akt.State {
	switch {
	case m.ended:
		return akt.Stopped
	case m.ending:
		return akt.Stopping
	case m.restarting, m.resting:
		return akt.Starting
	case m.shut, m.ask, m.isTold:
		return akt.Stopping
	}
	return akt.Started
}

// drop answers those who are queued.
func (m *actor) drop() {
	m.refuseWaiting()
	for _, c := range slices.Concat(m.private, m.public) {
		switch {
		case c.request && !c.waits():
		case c.request:
			c.at = m.step
			if m.cut && c.from != nil {
				c.becomes(gotDropped, gotTaken)
			}
			c.becomes(m.because(gotDropped))
		case c.timer != nil && c.timer.every > 0:
		default:
			m.letter(c)
		}
	}
	m.private, m.public = nil, nil
}

// stop shuts the mailbox; the actor ends when everything was handled.
func (m *actor) stop(notice bool) {
	if m.shut {
		return
	}
	m.shut, m.drained, m.notice = true, true, notice
	m.shutAt = m.step
	if m.limited {
		m.limitDue = m.now + stopLimit(m.pause)
	}
	m.refuseWaiting()
	if m.resting {
		m.roused = m.step
	}
	m.getUp()
	m.settle()
}
