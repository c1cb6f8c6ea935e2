package waitgraph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// search is what a search for a ring has seen. A place that it has been at has its number.
type search struct {
	number uint64
	ahead  aheadSide
	behind behindSide
	steps  uint64 // of all searches, for tests
}

// aheadSide goes from the node that is waited for along those it waits for.
type aheadSide struct {
	queue []*place
	seen  int
	next  *hook // the wait to look at
}

// behindSide goes from the runs that wait along those who wait for them.
type behindSide struct {
	queue []*place
	seen  int
	next  *Wait
}

// tell tells one sender of each ring that a wait is part of, with mu held.
func (g *Graph) tell(w *Wait) {
	for r := g.find(w); r != nil; r = g.find(w) {
		told := r.tell()
		if told == nil {
			return // whoever can be told is being told something else
		}
		g.drop(told) // One-Told
		if told == w {
			return
		}
	}
}

// find returns a ring that a wait is part of, or nil, with mu held. The wait is its last hop.
func (g *Graph) find(w *Wait) ring {
	to := w.to
	if to.out == nil && !w.by(to) || !w.held() {
		return nil // the target does not wait
	}
	g.number++
	defer g.done()
	for i := range w.links() {
		h := w.hook(i)
		if !h.lasts() {
			break
		}
		h.place.behind, h.place.behindBy = g.number, nil
		g.behind.queue = append(g.behind.queue, h.place)
	}
	if to.behind == g.number {
		return ring{w.hop(to)}
	}
	to.ahead, to.aheadBy = g.number, nil
	g.ahead.queue = append(g.ahead.queue, to)
	var met *place
	for more := true; more && met == nil; {
		g.steps++
		if met, more = g.stepAhead(); more && met == nil {
			met, more = g.stepBehind()
		}
	}
	if met == nil {
		return nil
	}
	return w.ringOver(met)
}

// done forgets what a search has seen, so that it holds nobody.
func (s *search) done() {
	s.ahead = aheadSide{queue: emptied(s.ahead.queue)}
	s.behind = behindSide{queue: emptied(s.behind.queue)}
}

func emptied(queue []*place) []*place {
	if cap(queue) > 1<<10 {
		return nil
	}
	clear(queue)
	return queue[:0]
}

// by reports whether the wait has a link at this place.
func (w *Wait) by(p *place) bool {
	for i := range w.links() {
		if w.hook(i).place == p {
			return true
		}
	}
	return false
}

// stepAhead looks at one wait of a place that is waited for. It returns where the two sides meet,
// and false at its end.
func (g *Graph) stepAhead() (met *place, more bool) {
	s := &g.ahead
	for s.next == nil {
		if s.seen == len(s.queue) {
			return nil, false
		}
		s.next = s.queue[s.seen].out
		s.seen++
	}
	h := s.next
	s.next = h.after
	to := h.wait.to
	if to.ahead == g.number || !h.wait.held() || !h.waits() {
		return nil, true
	}
	to.ahead, to.aheadBy = g.number, h
	if to.behind == g.number {
		return to, true
	}
	s.queue = append(s.queue, to)
	return nil, true
}

// stepBehind looks at one wait for a place whose run waits. It returns where the two sides meet,
// and false at its end.
func (g *Graph) stepBehind() (met *place, more bool) {
	s := &g.behind
	for s.next == nil {
		if s.seen == len(s.queue) {
			return nil, false
		}
		s.next = s.queue[s.seen].in
		s.seen++
	}
	w := s.next
	s.next = w.after
	if !w.held() {
		return nil, true
	}
	for i := range w.links() {
		h := w.hook(i)
		if !h.lasts() {
			break
		}
		from := h.place
		if from.behind == g.number {
			continue
		}
		from.behind, from.behindBy = g.number, h
		if from.ahead == g.number {
			return from, true
		}
		s.queue = append(s.queue, from)
	}
	return nil, true
}

// ringOver is the ring of a wait over the place where the two sides of the search have met.
func (w *Wait) ringOver(met *place) (r ring) {
	for h := met.aheadBy; h != nil; h = h.place.aheadBy {
		r = append(r, hop{h.wait, h})
	}
	slices.Reverse(r)
	p := met
	for h := p.behindBy; h != nil; h = p.behindBy {
		r = append(r, hop{h.wait, h})
		p = h.wait.to
	}
	return append(r, w.hop(p))
}

// hop is the wait as that of the link at a place.
func (w *Wait) hop(at *place) hop {
	i := 0
	for w.hook(i).place != at {
		i++
	}
	return hop{w, w.hook(i)}
}

// hop is a wait as a part of a ring: by is its link that the hop before leads to.
type hop struct {
	*Wait
	by *hook
}

// ring is a deadlock: each hop's target waits by the link of the next, and that of the last by the
// first.
type ring []hop

// tell tells the sender that was entered last, of those that can be told. It returns its wait, or
// nil.
func (r ring) tell() *Wait {
	latest := make([]int, len(r))
	for i := range r {
		latest[i] = i
	}
	slices.SortFunc(latest, func(a, b int) int { return cmp.Compare(r[b].order, r[a].order) })
	for _, i := range latest {
		if h := r[i]; h.msg != nil && h.msg.Refuse(h.to.node, func() string { return r.path(i) }) {
			return h.Wait
		}
	}
	return nil
}

// mostShown is how many runs of a path are shown, at its beginning and at its end.
const mostShown = 16

// path is the ring as the sender of hop i is told it: from the node it waits for, back to that
// node. The middle of a long one is left out.
func (r ring) path(i int) string {
	total := 0
	for _, h := range r {
		total += h.shown()
	}
	var b strings.Builder
	between, n := "", 0
	for k := range r {
		h, next := r[(i+1+k)%len(r)], r[(i+2+k)%len(r)]
		for l := h.shown() - 1; l >= 0; l-- {
			if n++; n == mostShown+1 && total > 2*mostShown {
				fmt.Fprintf(&b, "%s… %d more …", between, total-2*mostShown)
				between = " → "
			}
			if n <= mostShown || n > total-mostShown {
				b.WriteString(between + h.hook(l).place.text())
				between = " → "
			}
		}
		if n > mostShown && n <= total-mostShown {
			continue
		}
		var notes []string
		if h.shown() > 0 && h.msg != nil && h.msg.Full(h.to.node) {
			notes = append(notes, "whose mailbox is full")
		}
		if h.shown() > 0 && next.shown() == 0 {
			notes = append(notes, "which waits for its children to end")
		}
		if len(notes) > 0 {
			b.WriteString(" → " + h.to.node.Name() + ", " + strings.Join(notes, " and "))
			between = "; "
		} else if k == len(r)-1 {
			b.WriteString(" → " + h.to.node.Name())
		}
	}
	return b.String()
}

// shown is how many runs of a hop a path shows: those from its link to the innermost, and none of a
// node between its runs.
func (h hop) shown() int {
	if h.by.place.run == Between {
		return 0
	}
	for i := 0; ; i++ {
		if h.hook(i) == h.by {
			return i + 1
		}
	}
}

// text is a node in its current run.
func (p *place) text() string { return text(p.node) }

func text(n Node) string {
	if running := n.Running(); running != "" {
		return n.Name() + "." + running
	}
	return n.Name()
}

// Trail says what a node does, and where that is to wait, for whom, and so on; for logs.
func (g *Graph) Trail(n Node) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	said := []string{text(n)}
	for p := g.places[n]; p != nil && p.ahead != g.number; {
		p.ahead = g.number
		h := p.out
		for h != nil && !(h.waits() && h.wait.held()) {
			h = h.after
		}
		if h == nil {
			break
		}
		if p = h.wait.to; len(said) == mostShown {
			return strings.Join(said, " → ") + " → …"
		}
		said = append(said, text(p.node))
	}
	return strings.Join(said, " → ")
}
