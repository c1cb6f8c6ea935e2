package peers

import (
	"context"
	"sync"
	"testing"
)

// mutexLibrary makes states behind a mutex: how the same thing is written without actors. The
// caller does the work.
type mutexLibrary struct{}

func openMutex(testing.TB) library { return mutexLibrary{} }

func (mutexLibrary) Counter() (asker, error)              { return &mutexCounter{}, nil }
func (mutexLibrary) Listener(seen *tally) (teller, error) { return &mutexListener{seen: seen}, nil }
func (mutexLibrary) Relay(leg *leg) (teller, error)       { return &mutexRelay{leg: leg}, nil }

type mutexCounter struct {
	mu    sync.Mutex
	state counter
}

type mutexListener struct {
	mu   sync.Mutex
	seen *tally
}

type mutexRelay struct {
	mu  sync.Mutex
	leg *leg
}

func (c *mutexCounter) Ask(_ context.Context, n uint64) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.add(n), nil
}

func (l *mutexListener) Tell(_ context.Context, n uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.enter(n)
	return nil
}

// Tell carries the token all the way, as a relay that called the next one would hold its own lock
// meanwhile.
func (r *mutexRelay) Tell(ctx context.Context, n uint64) error {
	for s := stepper(r); s != nil; n-- {
		s = s.step(ctx, n)
	}
	return nil
}

type stepper interface {
	step(ctx context.Context, n uint64) stepper
}

// step returns who is next, or nil.
func (r *mutexRelay) step(_ context.Context, n uint64) stepper {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.leg.take(n) {
		return nil
	}
	return r.leg.next.(*mutexRelay)
}

func (c *mutexCounter) End() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.handled
}

func (l *mutexListener) End() {}
func (r *mutexRelay) End()    {}
