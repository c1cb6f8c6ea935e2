// Package waitgraph knows who waits for whom, and finds the rings: those who wait for each other,
// so that none of them goes on.
//
// A [Node] is something that is waited for, and may wait itself: an actor, or a function whose
// reply is a Future. It does so in runs, one at a time: a run is one call of a handler. A [Wait] is
// an edge from a run to a node. It means that the run does not go on before the node's current run
// does: because a message waits for room there, is queued, or is that current run's own; or because
// the node's end is waited for, or its reply. Where a run calls another one on its own goroutine, a
// wait of the inner run is one of the outer run too; such runs are the links of one [Chain]. A run
// may have several waits at a time: then it waits with each.
//
// So a ring of edges, each from a run that lasts, is a deadlock.
//
// The invariants that hold:
//
//   - Entered-First: a wait is entered before its sender sleeps, and left before its sender does
//     anything else.
//   - Only-Ends: once it was entered, a wait can only cease to hold, and a run only end. Neither
//     ever comes back.
//   - Current-Run: the waits listed at a node are all of one run. Those of a run before were
//     unlisted when a later one entered.
//   - Both-Ways: a wait that is listed at the node it is for is listed at the nodes of all its
//     links that may last, and the other way round.
//   - One-Told: of a ring one sender is told, the one that was entered last of those that can be.
//     It is unlisted at once.
//
// Every deadlock is found. By Only-Ends a ring is complete when the last of its waits is entered,
// which looks for it; by Both-Ways and Entered-First it finds all the others listed.
//
// What is found is a deadlock. While mu is held nothing is entered. The search looks at the new
// wait first, and at each other wait and run later; by Only-Ends, what it finds holding has held
// since it was entered. So at the moment of that first look all waits of the ring held at once,
// each because of the next. Only from outside does such a ring go on: by a context that ends, or by
// a stop that refuses a message.
//
// One can always be told. A run begins after the message that it handles was sent, or after the run
// that called it, so a ring is not made of those alone: it has a message that no run has begun
// with, or a wait for a reply or an end, which has an [Alarm].
//
// The cost. Entering and leaving take the same time however many wait. The search goes both ways,
// from the node that is waited for along those it waits for, and from the new wait's runs along
// those who wait for them, a step here and a step there, and ends where either side does. So a
// chain is not walked by each that joins it, at its head or at its tail.
package waitgraph

import "sync"

// Node is something that is waited for, and may wait. It is a pointer; its methods must not wait.
type Node interface {
	Lasts(run uint64) bool // whether a run has not ended; see [Between]
	Name() string
	Running() string // the handler that runs, nothing where none does
}

// Between is the run of a node that waits while it is in none: for its children to end.
const Between uint64 = 0

// Link is one run of a node.
type Link struct {
	Node Node
	Run  uint64
}

// Chain is the run that waits, and those that have called it on their own goroutine, the innermost
// first. The zero Chain is nobody's: what waits with it is in no ring.
type Chain struct {
	Link
	Outer []Link
}

// Message is what is waited with. Its methods are called while the graph is locked, with the node
// it was sent to.
type Message interface {
	// Held reports whether its sender still waits because of the node. Once it does not, it never
	// does again.
	Held(at Node) bool
	// Full reports whether it waits for room; for texts.
	Full(at Node) bool
	// Refuse takes the message back and tells its sender of the ring. It reports false where that
	// is too late.
	Refuse(at Node, path func() string) bool
}

// Graph has everybody who waits. Its zero value is empty. It may be used by many at a time.
type Graph struct {
	mu      sync.Mutex
	places  map[Node]*place
	entered uint64 // how many waits there ever were
	search

	sparePlaces, spareWaits spares
}

// place is a node of the graph, as long as somebody waits for it or it waits.
type place struct {
	node Node
	run  uint64 // whose waits are in out
	out  *hook
	in   *Wait

	ahead, behind     uint64 // the search that has been here, from either side
	aheadBy, behindBy *hook  // by which wait it came

	spare *place
}

// Wait is one wait. It is its sender's until it is left.
type Wait struct {
	msg   Message // nil where the end of the node is waited for, and nobody can be told
	to    *place  // nil when it was unlisted
	order uint64

	before, after *Wait // in to.in
	inner         hook
	outer         []hook

	spare *Wait
}

// hook is a link of a wait, as it is listed at the link's node.
type hook struct {
	wait          *Wait
	place         *place // nil when it was unlisted
	before, after *hook
}

// Enter notes that a chain is going to wait for a node, and tells one of each ring that this
// closes. The message is nil where the node's end is waited for by somebody who cannot be told. It
// returns what Leave needs: nil for nobody's chain.
func (g *Graph) Enter(c Chain, target Node, m Message) *Wait {
	if c.Node == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.add(c, target, m)
	if w != nil {
		g.tell(w)
	}
	return w
}

// EnterEnds notes that a node, in none of its runs, is going to wait for the ends of others. It
// returns what Leave needs.
func (g *Graph) EnterEnds(of Node, ends []Node) []*Wait {
	waits := make([]*Wait, 0, len(ends))
	for _, end := range ends {
		waits = append(waits, g.Enter(Chain{Link: Link{of, Between}}, end, nil))
	}
	return waits
}

// Leave forgets waits that are over; a nil is none.
func (g *Graph) Leave(waits ...*Wait) {
	for _, w := range waits {
		if w != nil {
			g.leave(w)
		}
	}
}

func (g *Graph) leave(w *Wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(w)
	g.putWait(w)
}

// Cycle returns the path of the ring that there would be if a chain waited for a node with a
// message; nothing if there would be none.
func (g *Graph) Cycle(c Chain, target Node, m Message) (path string) {
	if c.Node == nil {
		return ""
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.places[target]; (p == nil || p.out == nil) && !c.has(target) {
		return "" // the target does not wait
	}
	w := g.add(c, target, m)
	if w == nil {
		return ""
	}
	if r := g.find(w); r != nil {
		path = r.path(len(r) - 1)
	}
	g.drop(w)
	g.putWait(w)
	return path
}

// has reports whether the chain has a run of this node.
func (c Chain) has(n Node) bool {
	for _, l := range c.Outer {
		if l.Node == n {
			return true
		}
	}
	return c.Node == n
}

// Len is how many nodes wait or are waited for.
func (g *Graph) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.places)
}

// Waits is how many waits a node has.
func (g *Graph) Waits(n Node) (waits int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.places[n]; p != nil {
		for h := p.out; h != nil; h = h.after {
			waits++
		}
	}
	return waits
}

// add lists a wait, with mu held. It returns nil where the innermost run has ended: nobody waits
// then.
func (g *Graph) add(c Chain, target Node, m Message) *Wait {
	if !c.Node.Lasts(c.Run) {
		return nil
	}
	lasting := 0
	for lasting < len(c.Outer) && c.Outer[lasting].Node.Lasts(c.Outer[lasting].Run) {
		lasting++
	}
	w := g.newWait()
	g.entered++
	w.msg, w.to, w.order = m, g.at(target), g.entered
	if w.after = w.to.in; w.after != nil {
		w.after.before = w
	}
	w.to.in = w
	w.inner.hang(w, g.at(c.Node), c.Run)
	if lasting > 0 {
		w.outer = make([]hook, lasting)
		for i, l := range c.Outer[:lasting] {
			w.outer[i].hang(w, g.at(l.Node), l.Run)
		}
	}
	return w
}

// at is the place of a node, made if there is none, with mu held.
func (g *Graph) at(n Node) *place {
	p := g.places[n]
	if p == nil {
		if g.places == nil {
			g.places = map[Node]*place{}
		}
		p = g.newPlace()
		p.node = n
		g.places[n] = p
	}
	return p
}

// hang lists a hook as one of this run. What is listed of another run is over.
func (h *hook) hang(w *Wait, p *place, run uint64) {
	if p.run != run { // Current-Run
		for p.out != nil {
			p.out.unhang()
		}
		p.run = run
	}
	h.wait, h.place = w, p
	if h.after = p.out; h.after != nil {
		h.after.before = h
	}
	p.out = h
}

// unhang unlists a hook, and returns the place it was at; nil if it was at none.
func (h *hook) unhang() *place {
	p := h.place
	if p == nil {
		return nil
	}
	if h.before == nil {
		p.out = h.after
	} else {
		h.before.after = h.after
	}
	if h.after != nil {
		h.after.before = h.before
	}
	h.place, h.before, h.after = nil, nil, nil
	return p
}

// drop unlists a wait, with mu held: Both-Ways. A second time does nothing.
func (g *Graph) drop(w *Wait) {
	p := w.to
	if p == nil {
		return
	}
	if w.before == nil {
		p.in = w.after
	} else {
		w.before.after = w.after
	}
	if w.after != nil {
		w.after.before = w.before
	}
	w.to, w.before, w.after = nil, nil, nil
	g.forget(p)
	g.forget(w.inner.unhang())
	for i := range w.outer {
		g.forget(w.outer[i].unhang())
	}
}

// forget removes a place where nothing is listed.
func (g *Graph) forget(p *place) {
	if p != nil && p.in == nil && p.out == nil {
		delete(g.places, p.node)
		g.putPlace(p)
	}
}

// hook is a link of the wait, the innermost first.
func (w *Wait) hook(i int) *hook {
	if i == 0 {
		return &w.inner
	}
	return &w.outer[i-1]
}

// links is how many links the wait has.
func (w *Wait) links() int { return 1 + len(w.outer) }

// held reports whether only the node waited for can make the wait go on.
func (w *Wait) held() bool { return w.msg == nil || w.msg.Held(w.to.node) }

// lasts reports whether the run of the link has not ended.
func (h *hook) lasts() bool { return h.place != nil && h.place.node.Lasts(h.place.run) }

// waits reports whether the link's run waits: it, and all that it has called, last.
func (h *hook) waits() bool {
	for i := 0; ; i++ {
		inner := h.wait.hook(i)
		if !inner.lasts() {
			return false
		}
		if inner == h {
			return true
		}
	}
}

// Alarm is the message of a wait that has none: for an end, or for a reply that comes later.
type Alarm struct {
	rung chan struct{}
	path string
}

// NewAlarm makes an Alarm.
func NewAlarm() *Alarm { return &Alarm{rung: make(chan struct{})} }

// Rung is closed when its sender is told of a ring.
func (a *Alarm) Rung() <-chan struct{} { return a.rung }

// Path is the path of that ring, once Rung is closed.
func (a *Alarm) Path() string { return a.path }

// Held is true: whoever has an Alarm waits as long as it is entered.
func (*Alarm) Held(Node) bool { return true }

// Full is false.
func (*Alarm) Full(Node) bool { return false }

// Refuse closes Rung. It is called once: who was told is unlisted.
func (a *Alarm) Refuse(_ Node, path func() string) bool {
	a.path = path()
	close(a.rung)
	return true
}

// spares are places or waits to be used again, so that a wait allocates nothing.
type spares struct {
	place *place
	wait  *Wait
	n     int
}

const mostSpares = 64

func (g *Graph) newPlace() *place {
	p := g.sparePlaces.place
	if p == nil {
		return &place{}
	}
	g.sparePlaces.place, p.spare = p.spare, nil
	g.sparePlaces.n--
	return p
}

func (g *Graph) putPlace(p *place) {
	if g.sparePlaces.n == mostSpares {
		return
	}
	*p = place{spare: g.sparePlaces.place}
	g.sparePlaces.place = p
	g.sparePlaces.n++
}

func (g *Graph) newWait() *Wait {
	w := g.spareWaits.wait
	if w == nil {
		return &Wait{}
	}
	g.spareWaits.wait, w.spare = w.spare, nil
	g.spareWaits.n--
	return w
}

func (g *Graph) putWait(w *Wait) {
	if g.spareWaits.n == mostSpares {
		return
	}
	*w = Wait{spare: g.spareWaits.wait}
	g.spareWaits.wait = w
	g.spareWaits.n++
}
