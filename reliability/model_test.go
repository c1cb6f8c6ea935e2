package reliability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aktgo/akt"
)

// model is what the promises say of a whole system: it is told of every step before the system is, and foretells what can be seen
// afterwards. It is sequential: one thing after the other, nothing at the same time.
type model struct {
	actors []*mActor
	calls  []*mCall
	timers []*mTimer // those that may still fire
	every  []*mTimer // all
	tolds  []*mTold
	step   int
	waits  int // how many there were
	now    time.Duration

	closing  bool // Shutdown was called
	stopping bool // it has begun to stop the actors
	cut      bool // its patience has ended
	over     bool // it has returned
	stuck    []stuckIn

	// The rest of the program is not played where two things have happened at the same time and their order decides: an actor that
	// rests and is stopped makes a fresh state only if a message is queued, and a Terminated may or may not be; Goexit has ended the
	// handlers of an actor and of an ancestor; an actor waits for itself in several ways, and who is told depends on which is found first.
	ambiguous bool
	exits     []*mActor // in this step
}

// mActor is an actor: two lanes, those who wait for room, what it was told to do, and its family.
type mActor struct {
	record
	*model
	id       int
	name     string
	parent   *mActor
	capacity int
	spawner  bool
	inline   bool
	named    bool
	vetoes   bool
	faults   int // the next starts that fail
	strict   bool
	policy   *akt.Directive  // nil: no Supervisor.Decide
	recent   []time.Duration // the restarts that count

	private, public, waiting []*mCall
	run                      *mRun // the handler that holds it

	refs       int
	shut       bool // takes nothing more
	drained    bool // to end when everything was handled
	notice     bool // OnStopping is to be called before that
	isTold     bool // OnStopping was called for notice
	handledAny bool // since then
	mayAsk     int  // how many calls of OnStopping more there may be
	ask        bool // Context.Stop was called
	restarting bool // waits for the children of the old state
	stateless  bool // between two states, or after the last
	renewing   bool // a fresh state is to be made
	resting    bool // until due
	due        time.Duration
	wait       time.Duration // of the restart
	hurry      bool          // the old state was started
	work       bool          // something waits for the end of the rest
	escalated  *mFault
	ending     bool // waits for its children
	ended      bool
	why        string // it died of

	children []*mActor
	watching map[*mActor]bool // not told yet
	watched  map[*mActor]bool // when it came to its end
	watchers []*mActor
	toldOf   map[*mActor]bool
	loose    map[int]bool // Terminated of these may come at any moment; true: must come while the actor lives
	unsure   bool         // whether one of these is queued, and before what
	activeAt int          // the last step in which it did something of its own
	shutAt   int
	diedAt   int

	endedWatches int // the last step in which a state ended with its watches
	endedAt      int
	roused       int // the last step in which a stop ended its rest
}

// mRun is one run of a handler that holds its actor.
type mRun struct {
	actor   *mActor
	call    *mCall
	live    bool
	endless bool   // its ctx cannot end, but by Shutdown
	pending *mCall // the request it waits for
}

// mCall is one message, what is to come of it, and, written by its sender, what did.
type mCall struct {
	id      int
	act     act
	on      *mActor
	from    *mRun // the handler that makes it, or nil
	request bool
	private bool
	try     bool
	endless bool
	here    bool // it runs on its sender's goroutine
	order   int  // among the waits
	over    bool // its ctx has ended
	timer   *mTimer
	target  *mActor // of a Terminated
	do      bool
	unpack  bool

	want   []string // empty while its sender waits
	at     int      // the step in which it was refused
	got    string
	cancel func()
}

type mTimer struct {
	id      int
	actor   *mActor
	call    *mCall
	due     time.Duration // negative: not set
	start   time.Duration
	every   time.Duration
	stopped bool
	fired   bool
	ticks   int
	act     act
}

// stuckIn is what Shutdown says of an actor that was not quiet.
type stuckIn struct {
	name   string
	runs   bool
	rests  bool
	queued int
	less   int // how many senders may have left meanwhile, whose ctx has ended too
	more   int // how many Terminated may have come
}

func (m *mActor) stuckIn() stuckIn {
	in := stuckIn{name: m.name, more: len(m.watching), runs: m.run != nil, rests: m.resting}
	for _, c := range slices.Concat(m.private, m.public) {
		in.queued++
		if c.request && c.from != nil {
			in.less++
		}
	}
	return in
}

// mFault is a failure that is to be dealt with.
type mFault struct {
	msg       string
	why       string
	timer     *mCall
	directive akt.Directive // of one that was escalated
}

// mTold is one Terminated on its way.
type mTold struct {
	to, of *mActor
	at     int
}

func (m *mActor) active() { m.activeAt = m.step }

// becomes settles what the sender of a call is told.
func (c *mCall) becomes(outcomes ...string) {
	if c.want != nil {
		return
	}
	c.want = outcomes
	if c.from != nil && c.from.pending == c {
		c.from.pending = nil
	}
}

// waits reports whether the sender waits for the answer to a request.
func (c *mCall) waits() bool { return c.want == nil }

// chain calls f for each live run that waits for r, r itself first, until f returns true.
func (r *mRun) chain(f func(*mRun) bool) bool {
	for r != nil {
		if r.live && f(r) {
			return true
		}
		if !r.call.request {
			return false
		}
		r = r.call.from
	}
	return false
}

// ctxOver reports whether the Context of a run has ended.
func (r *mRun) ctxOver() bool {
	return r.actor.cut || !r.endless && r.call.request && r.call.over
}

func (m *mActor) because(outcome string) string {
	if m.why != "" {
		return outcome + ", " + m.why
	}
	return outcome
}

func (m *mActor) busy() bool {
	return m.run != nil || m.restarting || m.resting || m.ending || m.ended
}

// send takes a message in, or refuses it, and lets the actor go on.
func (m *mActor) send(c *mCall) {
	c.on = m
	fromInside := c.from != nil && c.from.chain(func(*mRun) bool { return true })
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
	m.work = true
	m.pend(c)
	m.settle()
	if c.from != nil && c.waits() {
		m.tellRings(c.from.actor, m)
	}
}

// pend has the handler that makes a call wait for it.
func (m *mActor) pend(c *mCall) {
	if c.from != nil && c.waits() {
		c.from.pending = c
		m.waits++
		c.order = m.waits
	}
}

// cycle reports whether a handler would wait for itself with a call to an actor.
func (m *mActor) cycle(c *mCall) bool {
	return c.from != nil && len(m.rings(c.from.actor, m)) > 0
}

func (m *mActor) accept(c *mCall) {
	if !c.request {
		c.becomes(gotAccepted)
	}
}

// settle does everything there is to do, as far as nothing holds the actor.
func (m *mActor) settle() {
	for !m.busy() {
		switch {
		case m.renewing:
			m.renew()
		case m.escalated != nil:
			f := *m.escalated
			m.escalated = nil
			m.obey(f.directive, f)
		case m.ask:
			m.ask = false
			m.active()
			if m.stateless {
				m.end("")
				return
			}
			m.Asked++
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
			if m.notice && !m.knowsOfStop() {
				m.Asked++
			}
			m.end("")
		default:
			m.quiet()
			return
		}
	}
}

func take(lane *[]*mCall) *mCall {
	c := (*lane)[0]
	*lane = (*lane)[1:]
	return c
}

// letIn moves those who wait into the room there is.
func (m *mActor) letIn() {
	for len(m.public) < m.capacity && len(m.waiting) > 0 {
		c := take(&m.waiting)
		m.public = append(m.public, c)
		m.accept(c)
	}
}

func (m *mActor) begin(c *mCall) {
	if c.target != nil {
		m.Begun = append(m.Begun, c.id)
		delete(m.watching, c.target)
		if m.stopping { // it may come before the stop, and then OnStopping is called again, or after it
			m.mayAsk = 1
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
	m.handledAny = true
	endless := !c.request || c.endless
	m.run = &mRun{actor: m, call: c, live: true, endless: endless}
	switch c.act {
	case actHold:
		m.Holding = c.id
		return
	case actTell:
		told := &mCall{id: tellID + c.id, act: actReply, private: true, from: m.run}
		told.over = m.run.ctxOver()
		m.send(told)
		m.Told = append(m.Told, told.want[0])
	case actStop, actVeto:
		m.vetoes, m.ask = c.act == actVeto, true
	}
	m.conclude(c.act)
}

// conclude ends the run as the act says.
func (m *mActor) conclude(as act) {
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
		m.react(mFault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
	case actExit:
		m.exit(r)
	default:
		m.handled(c)
		if c.request {
			c.becomes(fmt.Sprintf("reply %d", c.id))
		}
	}
}

// exit is what runtime.Goexit does: it ends the goroutine, and with it the handlers that have made inline calls on it.
func (m *mActor) exit(r *mRun) {
	c := r.call
	for _, other := range m.exits {
		m.ambiguous = m.ambiguous || m.descendsFrom(other) || other.descendsFrom(m)
	}
	m.exits = append(m.exits, m)
	if !c.here {
		m.failed(c, gotPanic)
		m.react(mFault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
		return
	}
	c.becomes(gotExit)
	m.react(mFault{msg: fmt.Sprint(c.id), why: diedOfPanic, timer: c})
	if c.from != nil && c.from.live {
		a := c.from.actor
		if a.run != c.from {
			panic("the model has lost track of an inline call")
		}
		a.Holding = 0 // it does not get to look at its ctx
		a.conclude(actExit)
		a.settle()
	}
}

func (m *mActor) failed(c *mCall, outcome string) {
	if c.request {
		c.becomes(outcome)
		return
	}
	m.letter(c)
}

func (m *mActor) letter(c *mCall) {
	id := c.id
	if c.do {
		id = functionID
	}
	m.Letters = append(m.Letters, id)
}

// react does what is decided about a failure.
func (m *mActor) react(f mFault) {
	m.active()
	d, on := m.decide(f)
	if on == m || d == akt.Resume {
		m.obey(d, f)
		return
	}
	f.directive = d
	if !on.ending && !on.ended && !(on.restarting && d == akt.Restart) &&
		!(on.escalated != nil && (d == akt.Restart || on.escalated.directive == akt.Stop)) {
		on.escalated = &mFault{msg: f.msg, why: f.why, directive: d}
		if on.run == nil {
			on.active()
		}
	}
	m.end(f.why)
	on.settle()
}

// decide asks the supervisors, from the actor's own upwards.
func (m *mActor) decide(f mFault) (d akt.Directive, on *mActor) {
	for on = m; ; on = on.parent {
		switch {
		case on.policy != nil:
			d = *on.policy
			on.Decided = append(on.Decided, fmt.Sprintf("%s of a%d, %d restarts", f.msg, on.id, on.restarts()))
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
func (m *mActor) restarts() int {
	for len(m.recent) > 0 && m.now-m.recent[0] >= window {
		m.recent = m.recent[1:]
	}
	return len(m.recent)
}

func (m *mActor) obey(d akt.Directive, f mFault) {
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

func (m *mActor) restart(f mFault) {
	n := m.restarts()
	if m.strict && n >= maxRestarts {
		m.end(f.why + ", " + diedOfLimit)
		return
	}
	m.wait = 0
	if n > 0 {
		m.wait = backoff(m.id)
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
func (m *mActor) forgetRestart() {
	if m.escalated != nil && m.escalated.directive == akt.Restart {
		m.escalated = nil
	}
}

func (m *mActor) queued() bool { return len(m.private)+len(m.public) > 0 }

// familyEnded goes on where the actor has waited for its children.
func (m *mActor) familyEnded() {
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
		m.forgetRestart()
		m.withdrawOwn()
		m.rest()
		m.settle()
	case m.ending:
		m.finish()
	}
}

// rest has a restart wait, unless the actor is to end and nobody would wait for it.
func (m *mActor) rest() {
	m.ambiguous = m.ambiguous || m.unsure
	switch {
	case m.wait == 0:
		m.hurryUp()
	case m.drained && (m.hurry || !m.queued()):
		m.hurryUp()
	default:
		m.work = m.queued() || m.drained || m.ask || m.escalated != nil
		m.resting, m.due = true, m.now+m.wait
		m.quiet()
	}
}

// hurryUp has an actor that is to end, and has nothing to handle, end without a fresh state.
func (m *mActor) hurryUp() {
	if m.drained && !m.queued() {
		m.renewing = false
	}
}

func (m *mActor) getUp() {
	if m.resting {
		m.ambiguous = m.ambiguous || m.unsure
		m.resting = false
		m.hurryUp()
	}
}

func (m *mActor) renew() {
	m.active()
	m.renewing = false
	if m.faults > 0 {
		m.faults--
		m.react(mFault{msg: "a start", why: diedOfStart})
		return
	}
	m.stateless = false
	m.Started++
}

func (m *mActor) descendsFrom(other *mActor) bool {
	for p := m.parent; p != nil; p = p.parent {
		if p == other {
			return true
		}
	}
	return false
}

// knowsOfStop reports whether OnStopping need not be called for notice: it was, and no message handled since, or there is no state.
func (m *mActor) knowsOfStop() bool { return m.stateless || m.isTold && !m.handledAny }

// withdrawOwn takes out of the private lane what belongs to the state that has ended.
func (m *mActor) withdrawOwn() {
	m.private = slices.DeleteFunc(slices.Clone(m.private), func(c *mCall) bool {
		if c.do || c.timer != nil && c.timer.every == 0 {
			m.letter(c)
		}
		return c.do || c.timer != nil || c.target != nil
	})
	m.endedWatches = m.step
}

// endWatches has an actor watch nobody any more.
func (m *mActor) endWatches() {
	for t := range m.watching {
		t.watchers = slices.DeleteFunc(t.watchers, func(w *mActor) bool { return w == m })
	}
	m.watched, m.watching = m.watching, map[*mActor]bool{}
}

// awaitChildren: an actor begins to wait for its children to end.
func (m *mActor) awaitChildren() {
	for _, c := range slices.Clone(m.children) {
		m.tellRings(m, c)
	}
}

// tellRings answers one of each ring that the wait of an actor for another one closes: the last to wait of those who can be told.
func (w *model) tellRings(from, to *mActor) {
	for {
		var told *mCall
		for _, ring := range w.rings(from, to) {
			last := lastOf(ring)
			w.ambiguous = w.ambiguous || told != nil && told != last
			told = last
		}
		if told == nil || w.ambiguous {
			return
		}
		told.refuse()
	}
}

// lastOf is the wait of a ring that began last, of those that can be told. No handler has begun with it.
func lastOf(ring []*mCall) (last *mCall) {
	for _, c := range ring {
		if c.inLane() && (last == nil || c.order > last.order) {
			last = c
		}
	}
	return last
}

func (c *mCall) inLane() bool {
	return slices.Contains(c.on.private, c) || slices.Contains(c.on.public, c) || slices.Contains(c.on.waiting, c)
}

// refuse takes a message back and tells its sender of a ring.
func (c *mCall) refuse() {
	m := c.on
	if drop(&m.waiting, c) {
		c.becomes(gotDeadlock)
	} else if drop(&m.public, c) || drop(&m.private, c) {
		c.becomes(gotRing)
	}
	m.letIn()
}

func drop(lane *[]*mCall, c *mCall) bool {
	i := slices.Index(*lane, c)
	if i >= 0 {
		*lane = slices.Delete(slices.Clone(*lane), i, i+1)
	}
	return i >= 0
}

// rings are the ways by which an actor waits for another one that waits for it: the calls on each.
func (w *model) rings(from, to *mActor) (rings [][]*mCall) {
	seen := map[*mActor]bool{}
	var visit func(a *mActor, by []*mCall)
	visit = func(a *mActor, by []*mCall) {
		if a == from {
			rings = append(rings, slices.Clone(by))
			return
		}
		if seen[a] {
			return
		}
		seen[a] = true
		defer delete(seen, a)
		if a.restarting || a.ending {
			for _, c := range a.children {
				visit(c, by)
			}
		}
		if a.run != nil && a.run.pending != nil {
			visit(a.run.pending.on, append(by, a.run.pending))
		}
	}
	var by []*mCall
	if from.run != nil && from.run.pending != nil {
		by = append(by, from.run.pending)
	}
	visit(to, by)
	return rings
}

// end drops what is queued and ends the children.
func (m *mActor) end(why string) {
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

// drop answers those who are queued.
func (m *mActor) drop() {
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

func (m *mActor) refuseWaiting() {
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
func (m *mActor) finish() {
	if !m.stateless {
		m.Stopped++
	}
	m.ending, m.ended, m.endedAt = false, true, m.step
	if p := m.parent; p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *mActor) bool { return c == m })
	}
	watchers := m.watchers
	m.watchers = nil
	for _, w := range watchers {
		w.told(m)
	}
	if p := m.parent; p != nil {
		p.familyEnded()
	}
	m.quiet()
}

// told has an actor told that another one has ended.
func (m *mActor) told(of *mActor) {
	if !m.watching[of] || m.toldOf[of] {
		return
	}
	m.toldOf[of] = true
	m.tolds = append(m.tolds, &mTold{to: m, of: of, at: m.step})
	if m.shut {
		return
	}
	m.work = true
	m.private = append(m.private, &mCall{id: terminatedID - of.id, private: true, target: of})
	m.settle()
}

func (m *mActor) watch(of *mActor) {
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

func (m *mActor) unwatch(of *mActor) {
	delete(m.watching, of)
	of.watchers = slices.DeleteFunc(of.watchers, func(w *mActor) bool { return w == m })
}

// stop shuts the mailbox; the actor ends when everything was handled.
func (m *mActor) stop(notice bool) {
	if m.shut {
		return
	}
	m.shut, m.drained, m.notice = true, true, notice
	m.shutAt = m.step
	m.refuseWaiting()
	if m.resting {
		m.roused = m.step
	}
	m.getUp()
	m.settle()
}

func (m *mActor) release() {
	if m.refs--; m.refs == 0 {
		m.stop(false)
	}
}

func (m *mActor) contextStop() {
	m.ask, m.work = true, true
	m.settle()
}

// end of a ctx: of a call whose sender waits, or whose handler runs.
func (c *mCall) ends() {
	if c.over || c.endless {
		return
	}
	c.over = true
	m := c.on
	if m == nil {
		return
	}
	if r := m.run; r != nil && r.call == c {
		if n := r.pending; n != nil && !n.endless {
			n.ends()
		}
		if !c.here {
			c.becomes(gotLeft)
		}
		return
	}
	if !c.waits() {
		return
	}
	if drop(&m.waiting, c) {
		c.becomes(gotEnded)
	} else if drop(&m.public, c) || drop(&m.private, c) {
		c.becomes(gotTaken)
		m.letIn()
	}
}

// Timers.

func (m *mActor) later(t *mTimer, after time.Duration) {
	c := &mCall{id: t.id, act: t.act, private: true, timer: t, on: m}
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

func (m *mActor) endTimers() {
	for _, t := range m.timers {
		if t.actor == m && (t.every > 0 || !t.fired) {
			t.stop()
		}
	}
}

// stop reports whether the timer was stopped before its message was begun.
func (t *mTimer) stop() bool {
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

// handled sets an interval for its next tick.
func (m *mActor) handled(c *mCall) {
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
		if m.resting {
			add(m.due, fmt.Sprintf("restart of a%d", m.id), func() {
				m.getUp()
				m.settle()
			})
		}
	}
	return e, tie
}

func (t *mTimer) fire() {
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

// Shutdown.

func (w *model) shutdown() {
	w.closing = true
	w.quiet()
}

// quiet has Shutdown go on when nothing is under way.
func (w *model) quiet() {
	if !w.closing || w.cut || w.over {
		return
	}
	all := true
	for _, m := range w.actors {
		if !m.ended {
			all = false
		}
		if m.resting && !m.work {
			continue
		}
		if !m.ended && (m.busy() || m.queued() || m.escalated != nil) {
			return
		}
	}
	switch {
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

// tellAll has OnStopping of all called for notice who do not know. It reports whether there were any.
func (w *model) tellAll() (any bool) {
	if w.stopping {
		return false
	}
	for _, m := range w.actors {
		if !m.ended && !m.knowsOfStop() {
			any = true
			m.Asked++
			m.isTold, m.handledAny = true, false
		}
	}
	if any {
		w.quiet()
	}
	return any
}

// patienceEnds cuts everything off.
func (w *model) patienceEnds() {
	w.cut, w.over = true, true
	for _, m := range w.actors {
		if m.ended {
			continue
		}
		if m.run != nil || m.queued() {
			w.stuck = append(w.stuck, m.stuckIn())
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

// endStep looks back at a step: what has happened at the same time in it may have happened in any order.
func (w *model) endStep() {
	w.exits = nil
	for _, t := range w.tolds {
		w.ambiguous = w.ambiguous || t.at == w.step && t.to.roused == w.step
		if t.at != w.step || t.to.activeAt != w.step && t.to.shutAt != w.step {
			continue
		}
		if w.stopping {
			t.to.mayAsk = 1
		}
		id := terminatedID - t.of.id
		t.to.loose[id] = t.to.shutAt != w.step && !t.to.shut && t.to.endedWatches != w.step && !t.to.restarting
		t.to.Begun = slices.DeleteFunc(slices.Clone(t.to.Begun), func(n int) bool { return n == id })
		t.to.Letters = slices.DeleteFunc(slices.Clone(t.to.Letters), func(n int) bool { return n == id })
		t.to.private = slices.DeleteFunc(slices.Clone(t.to.private), func(c *mCall) bool { return c.target == t.of })
	}
	for _, m := range w.actors {
		for of := range m.watched {
			if m.diedAt == w.step && of.endedAt == w.step {
				m.loose[terminatedID-of.id] = false
				if w.stopping {
					m.mayAsk = 1
				}
				w.ambiguous = w.ambiguous || m.roused == w.step
			}
		}
	}
	for _, c := range w.calls {
		if c.on != nil && c.at == w.step && c.on.diedAt == w.step && len(c.want) == 1 && strings.HasPrefix(c.want[0], gotRefused) {
			c.want = []string{gotRefused, c.on.because(gotRefused)} // shut first, or dead
		}
	}
}

// heard is told what an actor has begun, or dropped, by the end of a step: so of the Terminated that may come at any moment, those that
// have not are queued.
func (m *mActor) heard(of ...int) {
	m.unsure = false
	for id, must := range m.loose {
		begun := slices.Contains(of, id)
		at := slices.IndexFunc(m.private, func(c *mCall) bool { return c.id == id })
		switch {
		case begun && at >= 0:
			m.private = slices.Delete(slices.Clone(m.private), at, at+1)
		case begun || at >= 0 || !m.busy() || m.ended:
		case must && len(m.private) == 0:
			m.private = append(m.private, &mCall{id: id, private: true, target: m.model.actors[terminatedID-id]})
			m.work = true
		default:
			m.unsure = true
		}
	}
}

func (m *mActor) state() akt.State {
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
