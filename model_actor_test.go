package akt_test

import (
	"fmt"
	"slices"

	"github.com/aktgo/akt"
)

// modelActor is what the promises say of an actor: two lanes, those who wait for room, and what it was told to do. It does one
// thing after the other, and nothing while a handler holds it.
type modelActor struct {
	puppetRecord
	capacity int
	spawner  bool
	inline   bool
	other    *modelActor

	private, public, waiting []*modelCall
	running                  *modelCall // holds the actor

	refs    int  // strong addresses
	shut    bool // takes nothing more
	drained bool // to end when everything was handled
	notice  bool // OnStopping is to be called before that
	ask     bool // Context.Stop was called
	vetoes  bool
	ended   bool
	died    bool // of a panic
}

// modelCall is one message, what is to come of it, and, written by its sender, what did.
type modelCall struct {
	id      int
	act     puppetAct
	request bool
	private bool
	try     bool
	endless bool       // its ctx cannot end
	here    bool       // it runs on its sender's goroutine
	over    bool       // its ctx has ended
	victim  *modelCall // what it is to cancel, and on which actor
	on      *modelActor
	cancels bool // it does cancel it

	want string // "" while its sender waits
	got  string
	stop func() // ends the ctx
}

// wantNever is wanted of a request that another handler has cancelled while it was queued: any failure, so long as it is
// never handled.
const wantNever = "never handled"

// send takes a message in, or refuses it, and lets the actor go on.
func (m *modelActor) send(c *modelCall) {
	c.on = m
	c.here = c.request && m.running == nil && (c.endless || m.inline)
	switch {
	case m.shut:
		c.want = m.because(gotRefused)
	case c.private:
		m.private = append(m.private, c)
		m.accept(c)
	case len(m.public) < m.capacity:
		m.public = append(m.public, c)
		m.accept(c)
	case c.try:
		c.want = gotFull
	default:
		m.waiting = append(m.waiting, c)
	}
	m.settle()
}

func (m *modelActor) accept(c *modelCall) {
	if !c.request {
		c.want = gotAccepted
	}
}

// because adds what the actor died of to the outcome of a call to it.
func (m *modelActor) because(outcome string) string {
	if m.died {
		return outcome + ofPanic
	}
	return outcome
}

// settle does everything there is to do, as far as nothing holds the actor.
func (m *modelActor) settle() {
	for m.running == nil && !m.ended {
		switch {
		case m.ask:
			m.ask = false
			m.Asked++
			if !m.vetoes {
				m.end()
			}
		case len(m.private) > 0:
			m.begin(take(&m.private))
		case len(m.public) > 0:
			c := take(&m.public)
			m.letIn()
			m.begin(c)
		case m.drained:
			if m.notice {
				m.Asked++
			}
			m.end()
		default:
			return
		}
	}
}

func take(lane *[]*modelCall) *modelCall {
	c := (*lane)[0]
	*lane = (*lane)[1:]
	return c
}

// letIn moves those who wait into the room there is.
func (m *modelActor) letIn() {
	for len(m.public) < m.capacity && len(m.waiting) > 0 {
		c := take(&m.waiting)
		m.public = append(m.public, c)
		m.accept(c)
	}
}

func (m *modelActor) begin(c *modelCall) {
	m.Begun = append(m.Begun, c.id)
	switch c.act {
	case actHold:
		m.Holding, m.running = true, c
		return
	case actFail:
		m.failed(c, fmt.Sprintf("error %d", c.id))
		return
	case actTell:
		m.tell(m, c.id)
	case actForward:
		m.tell(m.other, c.id)
	case actCancel:
		m.cancelVictim(c)
	case actStop, actVeto:
		m.vetoes, m.ask = c.act == actVeto, true
	case actPanic:
		m.panics(c)
		return
	}
	m.reply(c)
}

func (m *modelActor) reply(c *modelCall) {
	if c.request && c.over {
		m.Late = append(m.Late, c.id)
	}
	if c.request && c.want == "" {
		c.want = fmt.Sprintf("reply %d", c.id)
	}
}

func (m *modelActor) failed(c *modelCall, outcome string) {
	if c.request {
		c.want = outcome
		return
	}
	m.Letters = append(m.Letters, c.id)
}

func (m *modelActor) tell(to *modelActor, id int) {
	told := &modelCall{id: -id, act: actReply, private: true}
	if to == m {
		m.running = told // anything: m is busy, and goes on only when its handler returns
		defer func() { m.running = nil }()
	}
	to.send(told)
	m.Told = append(m.Told, told.want)
}

func (m *modelActor) panics(c *modelCall) {
	m.failed(c, gotPanic)
	if m.spawner && (!m.drained || len(m.private)+len(m.public) > 0) {
		m.Stopped++
		m.Started++
		return
	}
	m.died = !m.spawner // else it has nothing left to do, and needs no fresh state for that
	m.end()
}

// cancelVictim ends the ctx of a request that was made before. Where others wait for room, whether they are let in before the
// next handler runs is up to the scheduler, and it is left alone.
func (m *modelActor) cancelVictim(c *modelCall) {
	v := c.victim
	if v == nil || !v.request || v.want != "" || v.over || slices.ContainsFunc(v.on.waiting, func(w *modelCall) bool { return w != v }) {
		return
	}
	c.cancels = true
	if v.on.running == v {
		v.on.cancel(v)
		return
	}
	v.on.cancel(v)
	v.want = wantNever
}

// cancel ends the ctx of a call whose sender waits.
func (m *modelActor) cancel(c *modelCall) {
	c.over = true
	if c.want != "" || c == m.running && c.here {
		return
	}
	if c == m.running {
		c.want = gotLeft
		return
	}
	drop := func(lane *[]*modelCall) bool {
		i := slices.Index(*lane, c)
		if i >= 0 {
			*lane = slices.Delete(slices.Clone(*lane), i, i+1)
		}
		return i >= 0
	}
	if drop(&m.waiting) {
		c.want = gotEnded
	} else if drop(&m.public) || drop(&m.private) {
		c.want = gotTaken
		m.letIn()
	}
}

// letGo lets the handler return that holds the actor.
func (m *modelActor) letGo() {
	c := m.running
	m.Holding, m.running = false, nil
	m.reply(c)
	m.settle()
}

// stop shuts the mailbox; the actor ends when everything was handled.
func (m *modelActor) stop(notice bool) {
	if m.shut {
		return
	}
	m.shut, m.drained, m.notice = true, true, notice
	m.refuseWaiting()
	m.settle()
}

func (m *modelActor) release() {
	if m.refs--; m.refs == 0 {
		m.stop(false)
	}
}

func (m *modelActor) contextStop() {
	m.ask = !m.ended
	m.settle()
}

func (m *modelActor) refuseWaiting() {
	for _, c := range m.waiting {
		c.want = m.because(gotRefused)
	}
	m.waiting = nil
}

// end drops what is queued.
func (m *modelActor) end() {
	m.shut, m.ended = true, true
	m.refuseWaiting()
	for _, c := range slices.Concat(m.private, m.public) {
		if c.request {
			c.want = m.because(gotDropped)
			continue
		}
		m.Letters = append(m.Letters, c.id)
	}
	m.private, m.public = nil, nil
	m.Stopped++
}

func (m *modelActor) state() akt.State {
	switch {
	case m.ended:
		return akt.Stopped
	case m.shut, m.ask:
		return akt.Stopping
	}
	return akt.Started
}
