package model

import (
	"slices"
)

// pend has the handler that makes a call wait for it.
func (m *actor) pend(c *call) {
	if c.from != nil && c.waits() {
		c.from.pending = c
		m.waits++
		c.order = m.waits
	}
}

// cycle reports whether a handler would wait for itself with a call to an actor.
func (m *actor) cycle(c *call) bool {
	return c.from != nil && len(m.rings(c.from.node(), m)) > 0
}

// awaitChildren: an actor begins to wait for its children to end.
func (m *actor) awaitChildren() {
	for _, c := range slices.Clone(m.children) {
		m.tellRings(nil, m, c)
	}
}

// tellRings answers one of each ring that the wait of an actor for another one closes: the last to
// wait of those who can be told.
func (w *model) tellRings(by *call, from, to any) {
	for by == nil || by.waits() {
		var told *call
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

// lastOf is the wait of a ring that began last, of those that can be told. No handler has begun
// with it.
func lastOf(ring []*call) (last *call) {
	for _, c := range ring {
		if (c.await || c.later != nil || c.inLane()) && (last == nil || c.order > last.order) {
			last = c
		}
	}
	return last
}

func (c *call) inLane() bool {
	m := c.on
	return slices.Contains(slices.Concat(m.private, m.public, m.waiting), c)
}

// refuse takes a message back and tells its sender of a ring.
func (c *call) refuse() {
	m := c.on
	switch {
	case c.later != nil:
		c.becomes(gotRingLater)
	case c.await:
		c.becomes(gotRingOfEnd)
	case drop(&m.waiting, c):
		c.becomes(gotDeadlock)
	case drop(&m.public, c) || drop(&m.private, c):
		c.becomes(gotRing)
	}
	m.letIn()
}

// rings are the ways by which something waits for what waits for it: the calls on each. They are
// actors and functions of Go.
func (w *model) rings(from, to any) (rings [][]*call) {
	seen := map[any]bool{}
	var visit func(a any, by []*call)
	visit = func(a any, by []*call) {
		if a == from {
			rings = append(rings, slices.Clone(by))
			return
		}
		if seen[a] {
			return
		}
		seen[a] = true
		defer delete(seen, a)
		if m, ok := a.(*actor); ok && (m.restarting || m.ending) {
			for _, c := range m.children {
				visit(c, by)
			}
		}
		switch c := pendingOf(a); {
		case c == nil:
		case c.later == nil:
			visit(c.on, append(by, c))
		case c.later.function: // of a Promise nobody knows who owes it
			visit(c.later, append(by, c))
		}
	}
	var by []*call
	if c := pendingOf(from); c != nil {
		by = append(by, c)
	}
	visit(to, by)
	return rings
}

// pendingOf is the call that an actor or a function waits for.
func pendingOf(a any) *call {
	switch a := a.(type) {
	case *actor:
		if a.run != nil {
			return a.run.pending
		}
	case *later:
		return a.runs.pending
	}
	return nil
}

// end of a ctx: of a call whose sender waits, or whose handler runs.
func (c *call) ends() {
	if c.over || c.endless {
		return
	}
	c.over = true
	if c.on != nil {
		c.on.endFunctions(func(l *later) bool { return l.call == c && c.request })
	}
	m := c.on
	if m == nil {
		return
	}
	if r := m.run; r != nil && r.call == c {
		if n := r.pending; n != nil && c.request && !n.endless {
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
	switch {
	case c.await:
		c.becomes(gotNotAwaited)
	case c.later != nil:
		c.becomes(gotLeft)
		m.quiet()
	case drop(&m.waiting, c):
		c.becomes(gotEnded)
	case drop(&m.public, c) || drop(&m.private, c):
		c.becomes(gotTaken)
		m.letIn()
	}
}
