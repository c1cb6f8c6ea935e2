package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/aktgo/akt"
)

// model is what the promises say of a whole system: it is told of every step before the system is,
// and foretells what can be seen afterwards. It is sequential: one thing after the other, nothing
// at the same time.
type model struct {
	actors []*actor
	calls  []*call
	timers []*timer // those that may still fire
	every  []*timer // all
	tolds  []*told
	laters []*later
	found  func(c *call, m *actor) // what LookupOrRun finds, or with nil runs
	step   int
	waits  int // how many there were
	now    time.Duration

	telling        bool // OnStopping is called for notice
	closing        bool // Shutdown was called
	stopping       bool // it has begun to stop the actors
	cut            bool // its patience has ended
	over           bool // it has returned
	stuck          []stuckIn
	stuckFunctions int

	// The rest of the program is not played where two things have happened at the same time and
	// their order decides: an actor that rests and is stopped makes a fresh state only if a message
	// is queued, and a Terminated may or may not be; Goexit has ended the handlers of an actor and
	// of an ancestor; an actor waits for itself in several ways, and who is told depends on which
	// is found first.
	ambiguous bool
	exits     []*actor // in this step
}

// actor is an actor: two lanes, those who wait for room, what it was told to do, and its family.
type actor struct {
	record
	*model
	id        int
	pause     int // by which its restarts differ from others'
	name      string
	parent    *actor
	limited   bool          // WithStopTimeout
	limitDue  time.Duration // when that is over; 0: not set
	limitOver bool
	capacity  int
	spawner   bool
	inline    bool
	named     bool
	vetoes    bool
	faults    int // the next starts that fail
	strict    bool
	policy    *akt.Directive  // nil: no Supervisor.Decide
	recent    []time.Duration // the restarts that count

	private, public, waiting []*call
	awaiting                 []*call // those who wait for its end
	flushes                  *call   // what OnStopping sends
	flushedBy                *actor
	flushedAt                int  // the last step in which flushedBy has sent it something
	run                      *run // the handler that holds it

	refs        int
	shut        bool // takes nothing more
	drained     bool // to end when everything was handled
	notice      bool // OnStopping is to be called before that
	tellOfStop  bool // OnStopping is to be called for notice, by Shutdown
	isTold      bool // OnStopping was called for notice
	handledTick bool // or only a tick
	handledAny  bool // since then
	mayAsk      int  // how many calls of OnStopping more there may be
	lessAsk     int  // and how many less
	ask         bool // Context.Stop was called
	restarting  bool // waits for the children of the old state
	stateless   bool // between two states, or after the last
	renewing    bool // a fresh state is to be made
	resting     bool // until due
	inHook      bool // OnStopping is called
	due         time.Duration
	wait        time.Duration // of the restart
	hurry       bool          // the old state was started
	escalated   *fault
	ending      bool // waits for its children
	ended       bool
	why         string // it died of

	children  []*actor
	watching  map[*actor]bool // not told yet
	watched   map[*actor]bool // when a state came to its end
	watchedAt int             // the step of that
	watchers  []*actor
	toldOf    map[*actor]bool
	loose     map[int]bool // Terminated that may come at any moment; true: while the actor lives
	unsure    bool         // whether one of these is queued, and before what
	activeAt  int          // the last step in which it did something of its own
	shutAt    int
	diedAt    int

	endedWatches int // the last step in which a state ended with its watches
	endedAt      int
	roused       int // the last step in which a stop ended its rest
}

// run is one run of a handler that holds its actor.
type run struct {
	actor    *actor
	call     *call
	live     bool
	endless  bool   // its ctx cannot end, but by Shutdown
	pending  *call  // the request it waits for
	wentOnAt int    // the last step in which it had waited and goes on
	later    *later // what it owes, since it has returned
	of       *later // it is no handler, but a function of Go
}

// call is one message, what is to come of it, and, written by its sender, what did.
type call struct {
	id      int
	act     act
	on      *actor
	from    *run // the handler that makes it, or nil
	request bool
	private bool
	try     bool
	endless bool
	here    bool // it runs on its sender's goroutine
	order   int  // among the waits
	over    bool // its ctx has ended
	timer   *timer
	target  *actor // of a Terminated
	do      bool
	unpack  bool   // a reply that comes later is waited for
	later   *later // that reply
	await   bool   // no message, but a wait for the actor's end
	lookup  bool   // by LookupOrRun
	flush   bool   // by OnStopping, if that is called
	runs    *fresh // what that runs

	want   []string // empty while its sender waits
	at     int      // the step in which it was refused
	got    string
	cancel func()
}

func (m *actor) active() { m.activeAt = m.step }

// becomes settles what the sender of a call is told.
func (c *call) becomes(outcomes ...string) {
	if c.want != nil {
		return
	}
	c.want = outcomes
	if c.from != nil && c.from.pending == c {
		c.from.pending = nil
		c.from.wentOnAt = c.from.actor.step
	}
}

// waits reports whether the sender waits for the answer to a request.
func (c *call) waits() bool { return c.want == nil }

// liveAbove reports whether a handler that runs has, itself or by others, asked for a run: whether
// what comes with the ctx of one that has ended is from inside then is not said.
func (r *run) liveAbove() bool {
	for r = r.call.from; r != nil; r = r.call.from {
		if r.live {
			return true
		}
	}
	return false
}

// ctxOver reports whether the Context of a run has ended.
func (r *run) ctxOver() bool {
	return r.actor.cut || r.actor.limitOver || !r.endless && r.call.request && r.call.over
}

func (m *actor) because(outcome string) string {
	if m.why != "" {
		return outcome + ", " + m.why
	}
	return outcome
}

func (m *actor) busy() bool {
	return m.run != nil || m.inHook || m.restarting || m.resting || m.ending || m.ended
}

// send takes a message in, or refuses it, and lets the actor go on.
func (m *actor) send(c *call) {
	c.on = m
	fromInside := c.from != nil && (c.from.live || c.from.later != nil && c.from.later.inside())
	if m.closing && c.from != nil && !fromInside {
		m.ambiguous = m.ambiguous || c.from.liveAbove()
	}
	refused := m.closing && !fromInside && !c.do
	switch {
	case c.request && c.over && !c.endless, !c.request && !c.do && c.over:
		c.becomes(gotEnded)
		return
	case c.request && !m.shut && !m.closing && !m.busy() && (c.endless || m.inline):
		c.here = true
		m.pend(c)
		m.active()
		m.begin(c)
		m.settle()
		return
	case refused:
		c.becomes(gotRefused)
		return
	case c.request && !m.shut && m.run != nil && m.cycle(c):
		c.becomes(gotDeadlock)
		return
	case m.shut:
		c.becomes(m.because(gotRefused))
		return
	case c.private:
		m.private = append(m.private, c)
		m.accept(c)
	case len(m.public) < m.capacity:
		m.public = append(m.public, c)
		m.accept(c)
	case c.try:
		c.becomes(gotFull)
		return
	case !c.request && m.run != nil && m.cycle(c):
		c.becomes(gotDeadlock)
		return
	default:
		m.waiting = append(m.waiting, c)
	}
	m.pend(c)
	m.settle()
	if c.from != nil && c.waits() {
		m.tellRings(c, c.from.node(), m)
	}
}

func (m *actor) accept(c *call) {
	if !c.request {
		c.becomes(gotAccepted)
	}
}

// settle does everything there is to do, as far as nothing holds the actor.
func (m *actor) settle() {
	for !m.busy() {
		switch {
		case m.renewing:
			m.renew()
		case m.escalated != nil:
			f := *m.escalated
			m.escalated = nil
			m.obey(f.directive, f)
		case m.tellOfStop:
			m.tellOfStop = false
			if !m.stateless {
				m.isTold, m.handledAny, m.handledTick = true, false, false
				m.asks()
			}
		case m.ask:
			m.ask = false
			m.active()
			if m.stateless {
				m.end("")
				return
			}
			m.asks()
			if !m.vetoes {
				m.end("")
			}
		case len(m.private) > 0:
			m.begin(take(&m.private))
		case len(m.public) > 0:
			c := take(&m.public)
			m.letIn()
			m.begin(c)
		case m.drained:
			if m.notice && !m.knowsOfStop(false) {
				m.asks()
			}
			m.end("")
		default:
			m.quiet()
			return
		}
	}
}

func take(lane *[]*call) *call {
	c := (*lane)[0]
	*lane = (*lane)[1:]
	return c
}

// letIn moves those who wait into the room there is.
func (m *actor) letIn() {
	for len(m.public) < m.capacity && len(m.waiting) > 0 {
		c := take(&m.waiting)
		m.public = append(m.public, c)
		m.accept(c)
	}
}

func (m *actor) begin(c *call) {
	if c.target != nil {
		m.Begun = append(m.Begun, c.id)
		delete(m.watching, c.target)
		if m.stopping {
			m.mayAsk = 1 // if it comes before the stop, OnStopping is called again
		} else {
			m.handledAny = true
		}
		return
	}
	m.active()
	if c.request && c.over && !c.here { // cancelled while the actor could not look
		return
	}
	if t := c.timer; t != nil && t.every > 0 {
		t.ticks++
		c.id = t.id + t.ticks
	}
	m.Begun = append(m.Begun, c.id)
	if c.timer != nil && c.timer.every > 0 {
		m.handledTick = true
		quick := slices.Contains([]act{actReply, actFail, actHold}, c.act)
		if m.closing && !m.stopping && !m.cut && !quick {
			m.ambiguous = true // what it has done when Shutdown looks
		}
	} else {
		m.handledAny = true
	}
	endless := (!c.request || c.endless) && !m.limited
	m.run = &run{actor: m, call: c, live: true, endless: endless}
	switch c.act {
	case actHold:
		m.Holding = c.id
		return
	case actTell:
		told := &call{id: tellID + c.id, act: actReply, private: true, from: m.run}
		told.over = m.run.ctxOver()
		m.send(told)
		m.Told = append(m.Told, told.want[0])
	case actStop, actVeto:
		m.vetoes, m.ask = c.act == actVeto, true
	}
	m.conclude(c.act)
}

// conclude ends the run as the act says.
func (m *actor) conclude(as act) {
	r := m.run
	c := r.call
	m.active()
	if m.Holding != 0 && r.ctxOver() {
		m.Late = append(m.Late, c.id)
	}
	m.Holding = 0
	m.run, r.live = nil, false
	switch as {
	case actFail:
		m.handled(c)
		m.failed(c, fmt.Sprintf("error %d", c.id))
	case actPanic:
		m.failed(c, gotPanic)
		m.react(fault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
	case actExit:
		m.exit(r)
	case actLater, actGo:
		m.handled(c)
		m.later(r)
	default:
		m.handled(c)
		if c.request {
			c.becomes(fmt.Sprintf("reply %d", c.id))
		}
	}
}

// exit is what runtime.Goexit does: it ends the goroutine, and with it the handlers that have made
// inline calls on it.
func (m *actor) exit(r *run) {
	c := r.call
	for _, other := range m.exits {
		m.ambiguous = m.ambiguous || m.descendsFrom(other) || other.descendsFrom(m)
	}
	m.exits = append(m.exits, m)
	if !c.here {
		m.failed(c, gotPanic)
		m.react(fault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
		return
	}
	c.becomes(gotExit)
	m.react(fault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
	switch {
	case c.from == nil || !c.from.live:
	case c.from.of != nil:
		c.from.of.settles(actExit)
	default:
		a := c.from.actor
		if a.run != c.from {
			panic("the model has lost track of an inline call")
		}
		a.Holding = 0 // it does not get to look at its ctx
		a.conclude(actExit)
		a.settle()
	}
}

func (m *actor) failed(c *call, outcome string) {
	if c.request {
		c.becomes(outcome)
		return
	}
	m.letter(c)
}

func (m *actor) letter(c *call) {
	id := c.id
	if c.do {
		id = functionID
	}
	m.Letters = append(m.Letters, id)
}

func drop(lane *[]*call, c *call) bool {
	i := slices.Index(*lane, c)
	if i >= 0 {
		*lane = slices.Delete(slices.Clone(*lane), i, i+1)
	}
	return i >= 0
}
