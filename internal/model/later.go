package model

import (
	"fmt"
	"slices"

	"github.com/aktgo/akt"
)

// later is a reply that comes later: what a Promise or a function of Go owes.
type later struct {
	id       int // of the message
	call     *call
	run      *run // the handler that has promised it
	function bool
	settled  bool
	runs     *run // of a function: as long as it has not returned
}

// awaited reports whether somebody waits for it.
func (l *later) awaited() bool { return !l.settled && l.call.later == l && l.call.waits() }

// inside reports whether the ctx of its handler, which has returned, still is one from inside a
// system that shuts down.
func (l *later) inside() bool { return l.function && !l.settled || l.awaited() }

// later ends a handler that has returned a Future.
func (m *actor) later(r *run) {
	c := r.call
	l := &later{id: c.id, call: c, run: r, function: c.act == actGo}
	if l.function {
		l.runs = &run{actor: m, call: c, live: true, endless: r.endless, of: l}
	}
	m.laters = append(m.laters, l)
	switch {
	case !c.request:
	case !c.unpack:
		c.becomes(gotFuture)
	case c.waits():
		m.waits++
		c.later, c.order = l, m.waits
		c.giveUpLater()
	}
}

// giveUpLater has a sender leave that waits for a reply that comes later, if its ctx has ended.
func (c *call) giveUpLater() {
	switch {
	case c.on.cut && c.from != nil:
		c.becomes(gotCut, gotLeft)
	case c.on.cut:
		c.becomes(gotCut)
	case c.over:
		c.becomes(gotLeft)
	}
}

// settles gives the reply, or what there is instead of one.
func (l *later) settles(as act) {
	m := l.run.actor
	l.settled = true
	if l.function {
		l.runs.live = false
	}
	outcome := map[act]string{
		actReply: fmt.Sprintf("reply %d", l.id),
		actFail:  fmt.Sprintf("error %d", l.id),
		actPanic: gotFunctionPanic,
		actExit:  gotFunctionPanic,
	}[as]
	l.tell(outcome, as != actReply)
	m.quiet()
}

// tell tells whoever waits; what has failed and nobody waits for is a dead letter.
func (l *later) tell(outcome string, failed bool) {
	switch {
	case l.call.later == l:
		l.call.becomes(outcome)
	case failed && !l.call.request:
		l.run.actor.Letters = append(l.run.actor.Letters, l.id)
	}
}

// failPromises fails what a state owes that has ended.
func (m *actor) failPromises() {
	for _, l := range m.laters {
		if l.run.actor == m && !l.function && !l.settled {
			l.settled = true
			l.tell(gotCut, true)
		}
	}
}

// owes is how many Promises an actor owes to somebody who waits.
func (m *actor) owes() (n int) {
	for _, l := range m.laters {
		if l.run.actor == m && !l.function && l.awaited() {
			n++
		}
	}
	return n
}

// functions is how many functions of Go have not returned.
func (w *model) functions() (n int) {
	for _, l := range w.laters {
		if l.function && !l.settled {
			n++
		}
	}
	return n
}

// node is what waits when a run does: its actor, or a function of Go.
func (r *run) node() any {
	if r.of != nil {
		return r.of
	}
	return r.actor
}

// endFunctions ends the wait of functions whose ctx has ended.
func (w *model) endFunctions(theirs func(*later) bool) {
	for _, l := range w.laters {
		if !l.function || l.settled || !theirs(l) {
			continue
		}
		if c := l.runs.pending; c != nil && !c.endless {
			c.ends()
		}
	}
}

// open are those that are not settled, and can be: a function that waits for something cannot
// return.
func (w *model) open() (open []*later) {
	for _, l := range w.laters {
		if !l.settled && (!l.function || l.runs.pending == nil) {
			open = append(open, l)
		}
	}
	return open
}

// await begins a wait for an actor's end: by Address.Wait, or by LookupOrRun.
func (m *actor) await(c *call) {
	c.on = m
	m.pend(c)
	if c.from != nil {
		m.tellRings(c, c.from.node(), m)
	}
	switch {
	case c.over && c.waits():
		c.becomes(gotNotAwaited)
	case c.over:
		c.want = append(c.want, gotNotAwaited) // both at once
	}
	if c.waits() {
		m.awaiting = append(m.awaiting, c)
	}
}

// lookUp is LookupOrRun of a named actor.
func (m *actor) lookUp(c *call) {
	switch {
	case m.closing && (c.from == nil || !c.from.live):
		c.becomes(gotNotRun)
	case !m.shut:
		m.refs++
		m.found(c, m)
		c.becomes("found")
	case !m.ended:
		m.await(c)
	case c.over:
		c.becomes(gotNotAwaited)
	default:
		m.runAnew(c)
	}
}

// runAnew is the rest of LookupOrRun where there is no actor of that name any more.
func (m *actor) runAnew(c *call) {
	if m.stopping || m.closing && (c.from == nil || !c.from.live) {
		c.becomes(gotNotRun)
		return
	}
	c.becomes("run")
	m.found(c, nil)
}

// tellAwaiting answers those who have waited for the actor's end.
func (m *actor) tellAwaiting() {
	awaiting := m.awaiting
	m.awaiting = nil
	for _, c := range awaiting {
		switch {
		case !c.waits():
		case c.lookup:
			m.runAnew(c)
		default:
			c.becomes("ended")
		}
	}
}

// named is the actor that has a name, or had it last.
func (w *model) called(name string) *actor {
	for _, m := range slices.Backward(w.actors) {
		if m.name == name {
			return m
		}
	}
	return nil
}

// flush is what a hook OnStopping does that has a buffer: it sends that to an actor.
func (m *actor) flush() {
	c := m.flushes
	if c == nil || m.stateless {
		return
	}
	m.flushes = nil
	to := c.on
	if to != m {
		m.ambiguous = m.ambiguous || to.activeAt == m.step || to.shutAt == m.step
		to.flushedAt, to.flushedBy = m.step, m
		if m.closing && !m.stopping && !to.ended {
			to.lessAsk, to.mayAsk = 1, 1 // it may come before that one is told, or after
		}
	}
	c.from = &run{actor: m, call: &call{}, live: true, endless: true}
	c.over = (m.cut || m.limitOver) && c.private
	to.send(c)
	c.from.live = false
	m.Told = append(m.Told, c.want[0])
}

// asks has OnStopping called.
func (m *actor) asks() {
	m.Asked++
	m.inHook = true
	m.flush()
	m.inHook = false
}

// races reports whether what an ending actor has sent to another one, and what comes of its end,
// reach that one at the same time: it is of the same family, or watches that one.
func (m *actor) races() bool {
	by := m.flushedBy
	if m.flushedAt != m.step || by.endedAt != m.step && by.diedAt != m.step {
		return false
	}
	return m.root() == by.root() || m.watching[by] || m.watched[by] || m.toldOf[by]
}

func (m *actor) root() *actor {
	for m.parent != nil {
		m = m.parent
	}
	return m
}

func (m *actor) stateAllowed(got akt.State) bool {
	switch want := m.state(); {
	case got == want:
		return true
	case want == akt.Stopping && got == akt.Started:
		return m.lessAsk > 0
	case want == akt.Started && got == akt.Stopping:
		return m.mayAsk > 0
	}
	return false
}
