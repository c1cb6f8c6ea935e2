package waitgraph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// world is the abstract state that the graph is about: nodes in their runs, messages on their way,
// and who waits. It knows who waits for whom without the graph, and looks for rings in the plainest
// way.
type world struct {
	*rand.Rand
	nodes []*thing
	sent  []*mail // those whose senders wait
	run   uint64
	order uint64
	told  []*mail // since the last look
}

// thing is a node. Those with a higher number are its descendants, whose ends it may wait for.
type thing struct {
	number  int
	current *run
	ending  bool // it is in no run, and waits for others to end
}

// run is one run of a node.
type run struct {
	number  uint64
	of      *thing
	handles *mail
	caller  *run // on the same goroutine
	calls   *run
	over    bool
}

// mail is what is waited with; or, with nobody to tell, an end that is waited for.
type mail struct {
	from    *run   // nil for the ends
	ends    *thing // who waits for them
	to      *thing
	entered bool
	room    bool // it waits for room, and is then let in
	mute    bool
	begun   bool
	over    bool
	order   uint64
	wait    *Wait
	world   *world
}

func (n *thing) Lasts(run uint64) bool {
	return run == Between && n.ending || n.current != nil && n.current.number == run
}
func (n *thing) Name() string { return strconv.Itoa(n.number) }
func (n *thing) Running() string {
	if n.current == nil {
		return ""
	}
	return "run" + strconv.FormatUint(n.current.number, 10)
}

func (m *mail) Held(Node) bool { return !m.over }
func (m *mail) Full(Node) bool { return m.room }
func (m *mail) Refuse(_ Node, path func() string) bool {
	if m.begun || m.over {
		return false
	}
	_ = path()
	m.over = true
	m.world.told = append(m.world.told, m)
	return true
}

func (m *mail) tellable() bool { return !m.mute && !m.begun && !m.over }

func (m *mail) chain() Chain {
	if m.from == nil {
		return Chain{Link: Link{m.ends, Between}}
	}
	c := Chain{Link: Link{m.from.of, m.from.number}}
	for r := m.from.caller; r != nil; r = r.caller {
		c.Outer = append(c.Outer, Link{r.of, r.number})
	}
	return c
}

// waiting are the nodes that wait with a mail.
func (m *mail) waiting() (nodes []*thing) {
	if m.ends != nil {
		return []*thing{m.ends}
	}
	for r := m.from; r != nil && !r.over; r = r.caller {
		nodes = append(nodes, r.of)
	}
	return nodes
}

// rings are all rings that a mail is in, among those that were entered.
func (w *world) rings(m *mail) (rings [][]*mail) {
	var search func(path []*mail)
	search = func(path []*mail) {
		last := path[len(path)-1]
		if slices.Contains(m.waiting(), last.to) {
			rings = append(rings, slices.Clone(path))
		}
		for _, next := range w.sent {
			if next.entered && !next.over && !slices.Contains(path, next) &&
				slices.Contains(next.waiting(), last.to) &&
				!slices.ContainsFunc(
					path,
					func(before *mail) bool { return before.to == next.to },
				) {
				search(append(path, next))
			}
		}
	}
	if !m.over && len(m.waiting()) > 0 {
		search([]*mail{m})
	}
	return rings
}

// play does a few hundred steps, and checks what the graph says of each.
func (w *world) play(t *testing.T, g *Graph, steps int) (rings int) {
	t.Helper()
	for range steps {
		n := w.nodes[w.IntN(len(w.nodes))]
		switch r := n.current; w.IntN(9) {
		case 0, 1: // it begins with a message, or with none
			if r == nil && !n.ending {
				w.begin(n, w.queued(n), nil)
			}
		case 2: // it is called
			caller := w.nodes[w.IntN(len(w.nodes))].current
			if r == nil && !n.ending && caller != nil && caller.calls == nil {
				w.begin(n, nil, caller)
			}
		case 3, 4, 5: // it sends, and waits later if somebody begins with the message at once
			if r != nil {
				m := &mail{
					from:  r,
					to:    w.nodes[w.IntN(len(w.nodes))],
					room:  w.IntN(4) == 0,
					world: w,
				}
				w.sent = append(w.sent, m)
				if w.IntN(3) > 0 {
					rings += w.enter(t, g, m)
				}
			}
		case 6: // a run ends, though one that it has called, or its goroutine, may wait on
			if r != nil && (r.calls == nil || w.IntN(4) == 0) {
				w.end(r)
			}
		case 7: // it waits for others to end
			if r == nil && !n.ending && n.number+1 < len(w.nodes) {
				n.ending = true
				for _, child := range w.nodes[n.number+1:] {
					if w.IntN(2) == 0 {
						m := &mail{ends: n, to: child, mute: true, world: w}
						w.sent = append(w.sent, m)
						rings += w.enter(t, g, m)
					}
				}
			}
		case 8: // somebody gives up, is let in, or wakes and goes on
			if len(w.sent) > 0 {
				w.goOn(t, g, w.sent[w.IntN(len(w.sent))])
			}
		}
		check(t, g)
	}
	return rings
}

func (w *world) begin(n *thing, m *mail, caller *run) {
	w.run++
	n.current = &run{number: w.run, of: n, handles: m, caller: caller}
	if m != nil {
		m.begun = true
	}
	if caller != nil {
		caller.calls = n.current
	}
}

func (w *world) end(r *run) {
	r.of.current, r.over = nil, true
	if r.handles != nil {
		r.handles.over = true
	}
	if r.caller != nil {
		r.caller.calls = nil
	}
}

// queued is a message that a node may begin with, or nil.
func (w *world) queued(n *thing) *mail {
	for _, m := range w.sent {
		if m.to == n && m.tellable() && !m.room {
			return m
		}
	}
	return nil
}

// enter enters a wait, and checks who is told.
func (w *world) enter(t *testing.T, g *Graph, m *mail) (rings int) {
	t.Helper()
	if m.entered {
		return 0
	}
	before := w.rings(m)
	cycle := g.Cycle(m.chain(), m.to, m)
	require.Equal(t, len(before) > 0, cycle != "", "asked before")
	require.Empty(t, w.told)
	w.order++
	m.entered, m.order = true, w.order
	tellable := m.tellable()
	var message Message = m
	if m.mute {
		message = nil
	}
	m.wait = g.Enter(m.chain(), m.to, message)
	told := w.told
	w.told = nil
	for _, other := range told {
		require.Nil(t, other.wait.to, "who was told is unlisted")
	}
	switch {
	case len(before) == 0:
		require.Empty(t, told, "a false alarm")
		return 0
	case tellable:
		require.Equal(t, []*mail{m}, told, "whose wait closes the ring is told")
	default:
		require.NotEmpty(t, told)
		for _, other := range told {
			require.True(t, slices.ContainsFunc(before, func(ring []*mail) bool {
				return slices.Contains(ring, other) && latest(ring, told) == other
			}), "told is who has begun to wait last")
		}
	}
	require.Empty(t, w.rings(m), "a ring is left")
	return 1
}

// latest is who began to wait last, of those in a ring that can be told, or were.
func latest(ring, told []*mail) (last *mail) {
	for _, m := range ring {
		if (m.tellable() || slices.Contains(told, m)) && (last == nil || m.order > last.order) {
			last = m
		}
	}
	return last
}

// goOn has a sender enter its wait late, be let in, or leave.
func (w *world) goOn(t *testing.T, g *Graph, m *mail) {
	t.Helper()
	switch {
	case !m.entered: // perhaps it was answered
		w.enter(t, g, m)
		return
	case m.room && !m.over:
		m.room = false
		return
	case m.begun && !m.over && w.IntN(2) == 0:
		return // it is handled
	}
	if m.ends != nil {
		for _, other := range slices.Clone(w.sent) {
			if other.ends == m.ends {
				w.leave(g, other)
			}
		}
		m.ends.ending = false
		return
	}
	w.leave(g, m)
}

func (w *world) leave(g *Graph, m *mail) {
	g.Leave(m.wait)
	m.over = true
	w.sent = slices.DeleteFunc(w.sent, func(other *mail) bool { return other == m })
}

// check checks Both-Ways and Current-Run.
func check(t *testing.T, g *Graph) {
	t.Helper()
	for n, p := range g.places {
		if p.node != n || p.in == nil && p.out == nil {
			t.Fatalf("an empty place: %v", n)
		}
		for h := p.out; h != nil; h = h.after {
			if h.place != p || h.wait.to == nil {
				t.Fatalf("Both-Ways: %v is listed as waiting by what is not listed", n)
			}
		}
		for w := p.in; w != nil; w = w.after {
			if w.to != p {
				t.Fatalf("Both-Ways: a wait for %v is listed elsewhere", n)
			}
			for i := range w.links() {
				if h := w.hook(i); h.place != nil && !listed(h) {
					t.Fatalf("Both-Ways: a link of a wait for %v is not listed", n)
				}
			}
		}
	}
}

func listed(h *hook) bool {
	for other := h.place.out; other != nil; other = other.after {
		if other == h {
			return true
		}
	}
	return false
}

// The graph says of every wait whether it closes a ring, as a plain search does, and tells whom it
// promises.
func TestGraphAgreesWithAPlainSearch(t *testing.T) {
	t.Parallel()
	rings := 0
	for seed := range uint64(2000) {
		w := &world{Rand: rand.New(rand.NewPCG(seed, 1))}
		for i := range 2 + int(seed%5) {
			w.nodes = append(w.nodes, &thing{number: i})
		}
		g := &Graph{}
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) { rings += w.play(t, g, 120) })
		if !ok {
			return
		}
		for _, m := range slices.Clone(w.sent) {
			w.leave(g, m)
		}
		require.Zero(t, g.Len(), "waits are forgotten")
		require.Nil(t, g.ahead.next)
		require.Nil(t, g.behind.next)
	}
	require.Greater(t, rings, 1000)
	t.Logf("%d rings", rings)
}
