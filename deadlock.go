package akt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A wait is a sender that sleeps: until its message is let in, or until its request is answered. What waits with it are the runs
// of its chain of calls, whose links ride in its ctx. Some waits have no message: they are for an actor to end.
//
// A wait holds while its message is where only the target's owner makes it go on: waiting for room, or queued. A request that is
// being handled needs no wait of its own: what its handler waits for has the links of its sender too. A link lasts as long as its run.
//
// So an actor whose current run is a link of a wait that holds does nothing before the target's owner does. Where that leads
// from actor to actor and comes back, it is a deadlock: a ring.
//
// A function of Go is apart: its handler may go on, and return. So links that ride in its ctx count here only while their own
// handlers wait for a Future.
type wait struct {
	links  []link // the innermost first
	apart  int    // the links from here on are those of a function of Go
	target *actor
	e      *envelope // nil where the target's end is waited for: it then holds as long as it is in the graph
	full   bool      // it waits for room; guarded by waitGraph.mu
}

// betweenRuns is the run of a link whose actor waits for its children to end: it is in no handler then, and handles nothing.
const betweenRuns = 0

func (l link) lasts() bool { return l.run == betweenRuns || l.actor.runs(l.run) }

func (l link) String() string { return l.actor.name() + "." + l.actor.running() }

// linksOf returns the links of a ctx that last, and from where on they are those of a function of Go.
func linksOf(ctx context.Context) (links []link, apart int) {
	inFunction := false
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		inFunction = inFunction || c.run&runApart != 0
		l := c.link()
		if !l.lasts() {
			continue
		}
		links = append(links, l)
		if !inFunction {
			apart++
		}
	}
	return links, apart
}

// waitGraph has everybody who waits and has a link. A wait is entered before its sender sleeps, and left when it wakes.
//
//   - Every deadlock is found. Between entering and leaving, a wait or a link can cease to hold, and begins to only where its handler
//     begins to wait for a Future, which is entered too. So a ring is complete when the last of these is entered, and that one looks for
//     it, with all the others there.
//   - What is found is a deadlock. While mu is held nothing is entered. The search looks at the new wait first and at each other
//     one later, and finds it holding; then it has been holding ever since it was entered. So at the moment of that first look all
//     the ring's waits held at once, each because of the next. Only from outside does such a ring go on: by a ctx that ends, or by a Stop
//     or Shutdown that refuses a message.
//
// Its mutex is taken before a mailbox.mu, never while one is held, and one of those at a time. There is one graph in a process, as
// actors of different systems may wait for each other. Nothing in it is touched but by those who wait, and in a ring by each other.
type waitGraph struct {
	mu    sync.Mutex
	waits map[*actor][]*wait // by the actors of their links
	owed  map[link]int       // how many Futures a run's handler waits for
}

var waiters = waitGraph{waits: map[*actor][]*wait{}, owed: map[link]int{}}

// enter notes that a sender with this ctx is going to wait for target, and tells everybody of a ring that this closes. It returns
// what leave needs. A sender without a link is in no ring.
func (g *waitGraph) enter(ctx context.Context, target *actor, e *envelope) *wait {
	links, apart := linksOf(ctx)
	if links == nil {
		return nil
	}
	w := &wait{links: links, apart: apart, target: target, e: e}
	g.add(w)
	return w
}

// enterEnds notes that a, between two runs, is going to wait for its children to end.
func (g *waitGraph) enterEnds(a *actor, children []*actor) (waits []*wait) {
	for _, c := range children {
		w := &wait{links: []link{{a, betweenRuns}}, apart: 1, target: c}
		g.add(w)
		waits = append(waits, w)
	}
	return waits
}

func (g *waitGraph) add(w *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range w.links {
		g.waits[l.actor] = append(g.waits[l.actor], w)
	}
	g.look(w)
}

// look tells everybody of the rings that w is part of, with mu held. Each has a message in it, which is taken out: waits for an end
// only lead from parents to children.
func (g *waitGraph) look(w *wait) {
	for r := g.find(w); r != nil; r = g.find(w) {
		r.tell()
	}
}

// enterFuture notes that a handler with this ctx is going to wait for a Future, and tells everybody of the rings that this closes. It
// returns what leaveFuture needs.
func (g *waitGraph) enterFuture(ctx context.Context) []link {
	links, apart := linksOf(ctx)
	links = links[:apart]
	if len(links) == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range links {
		g.owed[l]++
	}
	for _, l := range links {
		for _, w := range g.waits[l.actor] {
			if slices.Contains(w.links[w.apart:], l) {
				g.look(w)
			}
		}
	}
	return links
}

func (g *waitGraph) leaveFuture(links []link) {
	if len(links) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range links {
		if g.owed[l]--; g.owed[l] == 0 {
			delete(g.owed, l)
		}
	}
}

// leave forgets waits that are over. A nil is none.
func (g *waitGraph) leave(waits ...*wait) {
	for _, w := range waits {
		if w != nil {
			g.remove(w)
		}
	}
}

func (g *waitGraph) remove(w *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range w.links {
		rest := slices.DeleteFunc(g.waits[l.actor], func(other *wait) bool { return other == w })
		if len(rest) == 0 {
			delete(g.waits, l.actor)
		} else {
			g.waits[l.actor] = rest
		}
	}
}

// find returns a ring that w is part of, or nil, with mu held.
func (g *waitGraph) find(w *wait) ring {
	if !w.holds() {
		return nil
	}
	r := g.search(w.target, w, map[*actor]bool{})
	slices.Reverse(r)
	return r
}

// search returns the hops from an actor to w and over it, the last first. It looks at no actor twice.
func (g *waitGraph) search(at *actor, w *wait, seen map[*actor]bool) ring {
	if from := g.linkOf(w, at); from >= 0 {
		return ring{{w, from}}
	}
	seen[at] = true
	for _, next := range g.waits[at] {
		from := g.linkOf(next, at)
		if from < 0 || seen[next.target] || !next.holds() {
			continue
		}
		if r := g.search(next.target, w, seen); r != nil {
			return append(r, hop{next, from})
		}
	}
	return nil
}

// linkOf returns the place of the link by which an actor waits, or -1.
func (g *waitGraph) linkOf(w *wait, a *actor) int {
	for i, l := range w.links {
		if l.actor == a && l.lasts() && (i < w.apart || g.owed[l] > 0) {
			return i
		}
	}
	return -1
}

// holds reports whether only the target's owner can make the wait go on, with waitGraph.mu held.
func (w *wait) holds() bool {
	if w.e == nil {
		return true
	}
	a := w.target
	a.mu.Lock()
	defer a.mu.Unlock()
	w.full = w.e.at == inWaiting
	return w.full || w.e.kind == request && w.e.at != nowhere
}

// hop is a wait as a part of a ring: from is its link that the hop before leads to.
type hop struct {
	*wait
	from int
}

// ring is a deadlock: each hop's target waits by the link of the next, and that of the last by the first. No actor is the target
// of two.
type ring []hop

// tell answers every sender of a ring. Where a message is no longer where it was found, its sender was told something else.
func (r ring) tell() {
	for i, h := range r {
		if h.e != nil {
			h.refuse(deadlock(r.path(i)))
		}
	}
}

// refuse takes the message back and answers its sender.
func (w *wait) refuse(err error) {
	a, e := w.target, w.e
	if e.kind != request {
		if a.leave(e) {
			e.answer(nil, a.refused(e, err))
		}
		return
	}
	switch at, _ := a.withdraw(e); at {
	case outside:
		e.answer(nil, a.refused(e, err))
	case queued:
		a.countDropped(1)
		e.answer(nil, a.unanswered(e.name(), NotHandled, err))
	}
}

// path is the ring as the sender of hop i is told it: from the actor it waits for, back to that actor.
func (r ring) path(i int) string {
	var b strings.Builder
	between := ""
	for n := range r {
		h, next := r[(i+1+n)%len(r)], r[(i+2+n)%len(r)]
		if h.endsChildren() {
			continue
		}
		for l := h.from; l >= 0; l-- {
			b.WriteString(between + h.links[l].String())
			between = " → "
		}
		var notes []string
		if h.full {
			notes = append(notes, "whose mailbox is full")
		}
		if next.endsChildren() {
			notes = append(notes, "which waits for its children to end")
		}
		if len(notes) > 0 {
			b.WriteString(" → " + h.target.name() + ", " + strings.Join(notes, " and "))
			between = "; "
		} else if n == len(r)-1 {
			b.WriteString(" → " + h.target.name())
		}
	}
	return b.String()
}

// endsChildren reports whether the hop is from an actor that waits for its children to end.
func (h hop) endsChildren() bool { return h.links[h.from].run == betweenRuns }

// cycle returns the path by which the caller would wait for itself if it waited for a, or nothing: a link of its own chain leads
// there. That of a function of Go counts as any other here, while its run lasts.
func (a *actor) cycle(ctx context.Context, full bool) string {
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		if c.actor != a || !a.runs(c.run) {
			continue
		}
		links, _ := linksOf(ctx)
		if from := slices.Index(links, c.link()); from >= 0 {
			return ring{{&wait{links: links, target: a, full: full}, from}}.path(0)
		}
	}
	return ""
}

func deadlock(path string) error { return fmt.Errorf("%w: %s", ErrDeadlock, path) }
