package peers

import (
	"context"
	"testing"

	"github.com/aktgo/akt"
)

// aktLibrary runs its actors in a system.
type aktLibrary struct{ *akt.System }

func openAkt(testing.TB) library        { return aktLibrary{akt.NewSystem()} }
func openAktDefault(testing.TB) library { return aktLibrary{akt.Default()} }

// aktSendLibrary is the same, but its requests are untyped.
type aktSendLibrary struct{ aktLibrary }

func openAktSend(testing.TB) library { return aktSendLibrary{aktLibrary{akt.NewSystem()}} }

func (l aktLibrary) Counter() (asker, error) {
	addr, err := l.Run(&aktCounter{})
	return askClient{addr}, err
}

func (l aktSendLibrary) Counter() (asker, error) {
	addr, err := l.Run(&aktSendCounter{})
	return sendClient{addr}, err
}

func (l aktLibrary) Listener(seen *tally) (teller, error) {
	addr, err := l.Run(&aktListener{seen})
	return noteClient{addr}, err
}

func (l aktLibrary) Relay(leg *leg) (teller, error) {
	addr, err := l.Run(&aktRelay{leg})
	return passClient{addr}, err
}

// aktCounter is asked by akt.Ask.
type aktCounter struct{ counter }

func (c *aktCounter) HandleAdd(_ akt.Context, m add) (uint64, error)     { return c.add(m.N), nil }
func (c *aktCounter) HandleCount(_ akt.Context, _ count) (uint64, error) { return c.handled, nil }

// aktSendCounter is a type of its own, as what akt learns from an Ask would help a Send to an actor
// of the same type.
type aktSendCounter struct{ counter }

func (c *aktSendCounter) HandleAdd(
	_ akt.Context,
	m add,
) (uint64, error) {
	return c.add(m.N), nil
}

func (c *aktSendCounter) HandleCount(
	_ akt.Context,
	_ count,
) (uint64, error) {
	return c.handled, nil
}

type aktListener struct{ seen *tally }

func (l *aktListener) HandleNote(_ akt.Context, m note) { l.seen.enter(m.N) }

type aktRelay struct{ leg *leg }

func (r *aktRelay) HandlePass(ctx akt.Context, m pass) { r.leg.run(ctx, m.N) }

// The clients are what a program would write at the call.
type (
	askClient  struct{ *akt.Address }
	sendClient struct{ *akt.Address }
	noteClient struct{ *akt.Address }
	passClient struct{ *akt.Address }
)

func (c askClient) Ask(ctx context.Context, n uint64) (uint64, error) {
	return akt.Ask[uint64](ctx, c.Address, add{n})
}

func (c sendClient) Ask(ctx context.Context, n uint64) (uint64, error) {
	reply, err := c.Send(ctx, add{n})
	sum, _ := reply.(uint64)
	return sum, err
}

func (c noteClient) Tell(ctx context.Context, n uint64) error { return c.Notify(ctx, note{n}) }
func (c passClient) Tell(ctx context.Context, n uint64) error { return c.Notify(ctx, pass{n}) }

func (c askClient) End() uint64  { return handledBy(c.Address) }
func (c sendClient) End() uint64 { return handledBy(c.Address) }
func (c noteClient) End()        { endActor(c.Address) }
func (c passClient) End()        { endActor(c.Address) }

// handledBy asks a counter how many requests it has handled, and ends it. No counter has handled as
// many as where it fails.
func handledBy(addr *akt.Address) uint64 {
	reply, err := addr.Send(context.Background(), count{})
	endActor(addr)
	if handled, ok := reply.(uint64); ok && err == nil {
		return handled
	}
	return ^uint64(0)
}

// endActor gives up the only reference to an actor, and waits for its end.
func endActor(addr *akt.Address) {
	addr.Release()
	<-addr.Done()
}
