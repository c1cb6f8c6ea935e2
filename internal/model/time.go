package model

import (
	"fmt"
	"slices"
	"time"
)

type timer struct {
	id      int
	actor   *actor
	call    *call
	due     time.Duration // negative: not set
	start   time.Duration
	every   time.Duration
	stopped bool
	fired   bool
	ticks   int
	act     act
}

func (m *actor) startTimer(t *timer, after time.Duration) {
	c := &call{id: t.id, act: t.act, private: true, timer: t, on: m}
	t.actor, t.call, t.due, t.start = m, c, -1, m.now
	if m.shut {
		t.stopped = true
		if t.every == 0 { // an interval has made no message yet
			m.letter(c)
		}
		return
	}
	m.timers = append(m.timers, t)
	if t.every > 0 || after == 0 {
		t.fired = t.every == 0
		m.private = append(m.private, c)
		m.settle()
		return
	}
	t.due = m.now + after
}

func (m *actor) endTimers() {
	for _, t := range m.timers {
		if t.actor == m && (t.every > 0 || !t.fired) {
			t.stop()
		}
	}
}

// handled sets an interval for its next tick.
func (m *actor) handled(c *call) {
	t := c.timer
	if t == nil || t.every == 0 || t.stopped || m.shut {
		return
	}
	t.due = m.now + t.every - (m.now-t.start)%t.every
}

// event is something that time brings.
type event struct {
	due    time.Duration
	what   string
	happen func()
}

// next is what time brings next, and whether two things come at the same moment.
func (w *model) next() (e *event, tie bool) {
	add := func(due time.Duration, what string, happen func()) {
		switch {
		case e == nil || due < e.due:
			e, tie = &event{due, what, happen}, false
		case due == e.due:
			tie = true
		}
	}
	for _, t := range w.timers {
		if t.due >= 0 {
			add(t.due, fmt.Sprintf("timer %d of a%d", t.id, t.actor.id), t.fire)
		}
	}
	for _, m := range w.actors {
		if m.limitDue > 0 && !m.ended {
			add(m.limitDue, fmt.Sprintf("limit of the end of a%d", m.id), m.cutShort)
		}
		if m.resting {
			add(m.due, fmt.Sprintf("restart of a%d", m.id), func() {
				m.getUp()
				m.settle()
			})
		}
	}
	return e, tie
}

// cutShort ends an end that has reached its limit.
func (m *actor) cutShort() {
	m.limitDue, m.limitOver = 0, true
	if m.run != nil && m.run.pending != nil {
		m.run.pending.ends()
	}
	for _, l := range m.laters { // told, or gone: both at once
		if !l.function || l.run.actor != m {
			continue
		}
		if c := l.runs.pending; c != nil && c.on == m && c.inLane() {
			_ = drop(&m.public, c) || drop(&m.private, c)
			c.becomes(m.because(gotDropped), gotTaken)
		}
	}
	m.endFunctions(func(l *later) bool { return l.run.actor == m })
	m.drop()
	m.getUp()
	m.settle()
}

func (t *timer) fire() {
	m := t.actor
	t.due = -1
	if m.shut {
		t.stopped = true
		if t.every == 0 {
			m.letter(t.call)
		}
		return
	}
	t.fired = t.every == 0
	m.private = append(m.private, t.call)
	m.settle()
}

// stop reports whether the timer was stopped before its message was begun.
func (t *timer) stop() bool {
	if t.stopped {
		return false
	}
	t.stopped, t.due = true, -1
	if i := slices.Index(t.actor.private, t.call); i >= 0 {
		t.actor.private = slices.Delete(slices.Clone(t.actor.private), i, i+1)
		return true
	}
	return !t.fired
}
