package tests_test

import (
	"context"
	"sync"
	"testing"

	"github.com/aktgo/akt"
)

// gate is an actor whose handler of Hold stays inside until it is let go, so that tests can arrange what happens meanwhile
// without sleeping. It records the Note messages it handles, in order.
type gate struct {
	entered chan struct{} // receives when a Hold is being handled
	leave   chan struct{} // a Hold returns when this is sent to or closed
	mu      sync.Mutex
	notes   []int
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

// run runs an actor in a system of its own, which is shut down with the test.
func run(t *testing.T, actor any, opts ...akt.Option) *akt.Address {
	t.Helper()
	system := akt.NewSystem()
	addr, err := system.Run(actor, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutDown(t, system) })
	return addr
}

func shutDown(t *testing.T, system *akt.System) {
	t.Helper()
	if err := system.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
