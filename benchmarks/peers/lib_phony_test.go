package peers

import (
	"context"
	"testing"

	"github.com/Arceliar/phony"
)

// phonyLibrary makes structs that embed an inbox. Nothing ends one: it is left to the garbage
// collector when it is idle.
type phonyLibrary struct{}

func openPhony(testing.TB) library { return phonyLibrary{} }

func (phonyLibrary) Counter() (asker, error)              { return &phonyCounter{}, nil }
func (phonyLibrary) Listener(seen *tally) (teller, error) { return &phonyListener{seen: seen}, nil }
func (phonyLibrary) Relay(leg *leg) (teller, error)       { return &phonyRelay{leg: leg}, nil }

type phonyCounter struct {
	phony.Inbox
	counter
}

type phonyListener struct {
	phony.Inbox
	seen *tally
}

type phonyRelay struct {
	phony.Inbox
	leg *leg
}

func (c *phonyCounter) Ask(_ context.Context, n uint64) (reply uint64, err error) {
	phony.Block(c, func() { reply = c.add(n) })
	return reply, nil
}

func (l *phonyListener) Tell(_ context.Context, n uint64) error {
	l.Act(nil, func() { l.seen.enter(n) })
	return nil
}

func (r *phonyRelay) Tell(ctx context.Context, n uint64) error {
	r.Act(nil, func() { r.leg.run(ctx, n) })
	return nil
}

func (c *phonyCounter) End() (handled uint64) {
	phony.Block(c, func() { handled = c.handled })
	return handled
}

func (l *phonyListener) End() { phony.Block(l, func() {}) }
func (r *phonyRelay) End()    { phony.Block(r, func() {}) }
