package tests_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These are actors that many tests run.

// gate is an actor whose handler of Hold stays inside until it is let go, so that tests can arrange
// what happens meanwhile without sleeping. It records the Note messages it handles, in order.
type gate struct {
	entered chan struct{} // receives when a Hold is being handled
	leave   chan struct{} // a Hold returns when this is sent to or closed
	mu      sync.Mutex
	notes   []int
}

func (g *gate) HandleHold(akt.Context, Hold) {
	g.entered <- struct{}{}
	<-g.leave
}

func (g *gate) HandleNote(_ akt.Context, n Note) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, n.N)
	return n.N
}

func (g *gate) HandleNotes(akt.Context, Notes) []int { return g.recorded() }

// recorded may be called from anywhere, also after the actor's end.
func (g *gate) recorded() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]int(nil), g.notes...)
}

type (
	// Hold keeps the actor busy.
	Hold struct{}
	// Note is recorded.
	Note struct{ N int }
	// Notes asks for what was recorded.
	Notes struct{}
)

func newGate() *gate {
	return &gate{entered: make(chan struct{}, 1), leave: make(chan struct{})}
}

// runHeld runs a gate in a system of its own and returns when it is busy with a Hold.
func runHeld(t *testing.T, opts ...akt.Option) (*gate, *akt.Address) {
	t.Helper()
	g := newGate()
	addr := run(t, g, opts...)
	if err := addr.Notify(t.Context(), Hold{}); err != nil {
		t.Fatal(err)
	}
	<-g.entered
	return g, addr
}

// doll does what a test tells it to: as its handler what the message says, as its hooks what its
// fields say.
type doll struct {
	onStart      func(akt.Context) error
	onStopping   func(akt.Context) bool
	onStopped    func(akt.Context)
	onTerminated func(akt.Context, akt.Terminated)
}

func (*doll) HandleAct(ctx akt.Context, m dollAct) (any, error) { return m.f(ctx) }

func (d *doll) HandleTerminated(ctx akt.Context, m akt.Terminated) {
	if d.onTerminated != nil {
		d.onTerminated(ctx, m)
	}
}

func (d *doll) OnStart(ctx akt.Context) error {
	if d.onStart != nil {
		return d.onStart(ctx)
	}
	return nil
}

func (d *doll) OnStopping(ctx akt.Context) bool { return d.onStopping == nil || d.onStopping(ctx) }

func (d *doll) OnStopped(ctx akt.Context) {
	if d.onStopped != nil {
		d.onStopped(ctx)
	}
}

func (*doll) HandleStray(akt.Context, Stray) { panic("a Stray was handled") }

// dollAct is what a doll does as its handler, and what it replies.
type dollAct struct {
	f func(akt.Context) (any, error)
}

// play is an act with a reply.
func play(f func(akt.Context) (any, error)) dollAct { return dollAct{f} }

// deed is an act without a reply.
func deed(f func(akt.Context)) dollAct {
	return play(func(ctx akt.Context) (any, error) {
		f(ctx)
		return nil, nil
	})
}

// hold keeps a doll busy until the function it returns is called, at the latest at the end of the
// test.
func hold(t *testing.T, addr akt.Sender) (leave func()) {
	t.Helper()
	entered, left := make(chan struct{}), make(chan struct{})
	require.NoError(t, addr.Notify(context.Background(), deed(func(akt.Context) {
		close(entered)
		<-left
	})))
	<-entered
	leave = sync.OnceFunc(func() { close(left) })
	t.Cleanup(leave)
	return leave
}

// contextOf returns the Context of a handler of the doll, which has returned.
func contextOf(t *testing.T, addr akt.Sender) akt.Context {
	t.Helper()
	reply, err := addr.Send(context.Background(),
		play(func(ctx akt.Context) (any, error) { return ctx, nil }))
	require.NoError(t, err)
	return reply.(akt.Context)
}

// settled returns when the doll has handled all it was sent before.
func settled(t *testing.T, addr akt.Sender) {
	t.Helper()
	_, err := addr.Send(context.Background(), deed(func(akt.Context) {}))
	require.NoError(t, err)
}

// Stray is a message of dolls that is not meant to arrive.
type Stray struct{}

// generation is a state that counts what it handled, so that a fresh one can be told from the old.
type generation struct {
	doll

	N       int // which state it is
	handled int
}

func (g *generation) HandleTouch(akt.Context, Touch) [2]int {
	g.handled++
	return [2]int{g.N, g.handled}
}

// Touch counts, and asks which state it is and how much that has handled.
type Touch struct{}

// generations is a Spawner of states numbered from 1, whose hooks write into the journal.
func generations(j *journal, failStart func(n int) error) akt.Spawner[*generation] {
	n := 0
	return func() *generation {
		n++
		g := &generation{N: n}
		j.add("Spawn %d", g.N)
		g.onStart = func(akt.Context) error {
			j.add("OnStart %d", g.N)
			if failStart != nil {
				return failStart(g.N)
			}
			return nil
		}
		g.onStopping = func(akt.Context) bool { j.add("OnStopping %d", g.N); return true }
		g.onStopped = func(akt.Context) { j.add("OnStopped %d", g.N) }
		return g
	}
}

func touch(t *testing.T, addr akt.Sender) [2]int {
	t.Helper()
	got, err := akt.Ask[[2]int](t.Context(), addr, Touch{})
	require.NoError(t, err)
	return got
}

// states runs an actor whose states are made by a function, the first with 1, in a system whose
// dead letters are noted.
func states(t *testing.T, dead *journal, of func(n int) *doll) (*akt.System, *akt.Address) {
	t.Helper()
	n := 0
	system := deadLetters(dead)
	addr, err := akt.Spawner[*doll](func() *doll { n++; return of(n) }).
		Run(akt.WithSystem(system), quiet(),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Second, BackoffMax: time.Second}))
	require.NoError(t, err)
	return system, addr
}

func crash() dollAct { return deed(func(akt.Context) { panic("crash") }) }

// newWatcher runs a doll that writes down whose end it is told of.
func newWatcher(t *testing.T, j *journal, opts ...akt.Option) *akt.Address {
	t.Helper()
	return run(t, &doll{onTerminated: func(_ akt.Context, m akt.Terminated) {
		j.add("%s: %v", m.Name, m.Err)
		assert.True(t, m.Address.IsClosed())
		assert.Equal(t, m.Name, m.Address.Name())
	}}, opts...)
}

// watch has the watcher watch the target.
func watch(t *testing.T, watcher, target *akt.Address) {
	t.Helper()
	_, err := watcher.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Watch(target) }))
	require.NoError(t, err)
}

// plainMsg is a message like any other.
type plainMsg struct{}

type (
	exactFail  struct{ Err error }
	exactLater struct{ Err error } // fails later
	exactOwe   struct{}            // is never answered
	exactGo    struct{}            // is answered when the test says so
	exactReply struct{}
)

// exact is an actor with handlers of exact types, for typed calls.
type exact struct {
	doll

	letGo chan struct{}
	owed  []*akt.Promise[int]
}

func (*exact) HandleFail(_ akt.Context, m exactFail) (int, error) { return 0, m.Err }

func (*exact) HandleReply(akt.Context, exactReply) (*exactFuture, error) {
	return &exactFuture{}, nil
}

func (*exact) HandleLater(ctx akt.Context, m exactLater) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) { return 0, m.Err })
}

func (a *exact) HandleOwe(akt.Context, exactOwe) *akt.Future[int] {
	promise, future := akt.NewPromise[int](context.Background())
	a.owed = append(a.owed, promise)
	return future
}

func (a *exact) HandleGo(ctx akt.Context, _ exactGo) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) {
		<-a.letGo
		return 1, nil
	})
}

// exactFuture is a reply that has a Future in it.
type exactFuture struct{ *akt.Future[int] }
