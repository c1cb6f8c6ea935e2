package waitgraph

import (
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// stone is a node that is in one run for ever.
type stone struct{ name string }

func (*stone) Lasts(run uint64) bool { return run == 1 }
func (s *stone) Name() string        { return s.name }
func (*stone) Running() string       { return "Handle" }

func stones(n int) (all []*stone) {
	for range n {
		all = append(all, &stone{"stone"})
	}
	return all
}

func runOf(s *stone) Chain { return Chain{Link: Link{s, 1}} }

// However many wait already, one more costs the same: at the head or at the tail of a chain, from
// one run to many, from many to one.
func TestSearchCostsWhatIsNew(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		enter func(g *Graph, all []*stone, i int)
	}{
		{"a chain that grows at its end", func(g *Graph, all []*stone, i int) {
			if i > 0 {
				g.Enter(runOf(all[i-1]), all[i], NewAlarm())
			}
		}},
		{"a chain that grows at its beginning", func(g *Graph, all []*stone, i int) {
			if i > 0 {
				g.Enter(runOf(all[len(all)-i-1]), all[len(all)-i], NewAlarm())
			}
		}},
		{"chains that are joined", func(g *Graph, all []*stone, i int) {
			if half := len(all) / 2; i < half-1 {
				g.Enter(runOf(all[2*i]), all[2*i+1], NewAlarm())
			} else if j := i - half; j >= 0 && j < half-1 {
				g.Enter(runOf(all[2*j+1]), all[2*j+2], NewAlarm())
			}
		}},
		{"one that waits for many", func(g *Graph, all []*stone, i int) {
			if i > 0 {
				g.Enter(runOf(all[0]), all[i], NewAlarm())
			}
		}},
		{"many that wait for one that waits", func(g *Graph, all []*stone, i int) {
			if i < len(all)-1 {
				g.Enter(runOf(all[i]), all[max(i, 1)-min(i, 1)*(i-1)], NewAlarm())
			}
		}},
		{"one that waits for many children", func(g *Graph, all []*stone, i int) {
			if i == 0 {
				var ends []Node
				for _, s := range all[1:] {
					ends = append(ends, s)
				}
				g.EnterEnds(all[0], ends)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			steps := func(n int) uint64 {
				g, all := &Graph{}, stones(n)
				for i := range n {
					row.enter(g, all, i)
				}
				return g.steps
			}
			few, many := steps(1000), steps(8000)
			require.LessOrEqual(
				t,
				many,
				12*max(few, 1000),
				"%d steps, for 8 times as many %d",
				few,
				many,
			)
		})
	}
}

// Of a ring of thousands one is told, once, with a text that has its beginning and its end.
func TestLongRing(t *testing.T) {
	t.Parallel()
	const n = 4000
	g, all := &Graph{}, stones(n)
	var alarms []*Alarm
	for i := range n {
		alarms = append(alarms, NewAlarm())
		all[i].name = "s" + strings.Repeat("x", i%3)
		g.Enter(runOf(all[i]), all[(i+1)%n], alarms[i])
	}
	for i, a := range alarms {
		select {
		case <-a.Rung():
			require.Equal(t, n-1, i)
			require.Less(t, len(a.Path()), 1024)
			require.Contains(t, a.Path(), "s.Handle → sx.Handle → ")
			require.Contains(t, a.Path(), " → … 3968 more … → ")
		default:
			require.NotEqual(t, n-1, i, "nobody is told")
		}
	}
}

// A text of no more than twice mostShown runs is whole.
func TestRingThatIsShownWhole(t *testing.T) {
	t.Parallel()
	for n, more := range map[int]bool{2 * mostShown: false, 2*mostShown + 1: true} {
		g, all := &Graph{}, stones(n)
		alarm := NewAlarm()
		for i := range n {
			g.Enter(runOf(all[i]), all[(i+1)%n], alarm)
		}
		<-alarm.Rung()
		require.Equal(t, more, strings.Contains(alarm.Path(), "… 1 more …"), alarm.Path())
		require.Equal(t, 2*mostShown, strings.Count(alarm.Path(), ".Handle"))
	}
}

// Who waits again and again allocates nothing.
func TestEnterAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	g, all := &Graph{}, stones(2)
	alarm := NewAlarm()
	g.Leave(g.Enter(runOf(all[0]), all[1], alarm))
	require.Zero(
		t,
		testing.AllocsPerRun(100, func() { g.Leave(g.Enter(runOf(all[0]), all[1], alarm)) }),
	)
	require.Zero(t, g.Len())
}

// Nobody's chain, and one whose run is over, waits for nobody.
func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	g, all := &Graph{}, stones(2)
	require.Nil(t, g.Enter(Chain{}, all[0], nil))
	require.Nil(t, g.Enter(Chain{Link: Link{all[0], 2}}, all[0], nil))
	require.Empty(t, g.Cycle(Chain{}, all[0], nil))
	require.Empty(t, g.Cycle(Chain{Link: Link{all[0], 2}}, all[0], nil))
	require.NotEmpty(t, g.Cycle(runOf(all[0]), all[0], nil))
	g.Leave(nil)
	require.Zero(t, g.Len())
}

// A Trail says who waits for whom, once around.
func TestTrail(t *testing.T) {
	t.Parallel()
	g, all := &Graph{}, []*stone{{"a"}, {"b"}, {"c"}}
	require.Equal(t, "a.Handle", g.Trail(all[0]))
	g.Enter(runOf(all[0]), all[1], nil)
	g.Enter(runOf(all[1]), all[2], nil)
	require.Equal(t, "a.Handle → b.Handle → c.Handle", g.Trail(all[0]))
	g.Enter(runOf(all[2]), all[0], nil)
	require.Equal(t, "a.Handle → b.Handle → c.Handle → a.Handle", g.Trail(all[0]))
}

// worker is a node that really waits: run is which run it is in, and over is closed when that ends.
type worker struct {
	run  atomic.Uint64
	mu   sync.Mutex
	over chan struct{}
}

func (w *worker) Lasts(run uint64) bool { return w.run.Load() == run }
func (*worker) Name() string            { return "worker" }
func (*worker) Running() string         { return "Handle" }

func (w *worker) begin() (run uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = make(chan struct{})
	return w.run.Add(1)
}

func (w *worker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.Add(1)
	close(w.over)
}

// at is a message to whatever run the worker is in.
func (w *worker) at() *toRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &toRun{NewAlarm(), w.over, w.run.Load()}
}

// toRun waits until one run is over.
type toRun struct {
	*Alarm
	over chan struct{}
	run  uint64
}

func (m *toRun) Held(at Node) bool { return at.Lasts(m.run) }

// Workers that wait for each other's runs, as they come, all go on: no ring is missed, and in the
// end nobody is in the graph.
func TestWorkersGoOn(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		g := &Graph{}
		var all []*worker
		for range 2 + seed%3 {
			all = append(all, &worker{over: make(chan struct{})})
		}
		var wg sync.WaitGroup
		for i, w := range all {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				for range 200 {
					c := Chain{Link: Link{w, w.begin()}}
					if to := all[random.IntN(len(all))]; to != w {
						m := to.at()
						if m.run%2 == 1 {
							entered := g.Enter(c, to, m)
							select {
							case <-m.over:
							case <-m.Rung():
							}
							g.Leave(entered)
						}
					}
					w.end()
				}
			})
		}
		wg.Wait()
		require.Zero(t, g.Len())
	}
}
