package peers

import (
	"context"
	"sync"
	"testing"
)

// chanLibrary makes goroutines that own a state, each behind a channel with so much room.
type chanLibrary struct{ room int }

func openChan(testing.TB) library         { return chanLibrary{} }
func openBufferedChan(testing.TB) library { return chanLibrary{1024} }

// chanCounter is the client's end of a goroutine that answers requests.
type chanCounter struct {
	requests chan chanRequest
	ended    sync.WaitGroup
	state    counter // the goroutine's, until it has ended
}

type chanRequest struct {
	n     uint64
	reply chan uint64
}

func (l chanLibrary) Counter() (asker, error) {
	c := &chanCounter{requests: make(chan chanRequest, l.room)}
	c.ended.Go(c.serve)
	return c, nil
}

func (c *chanCounter) serve() {
	for r := range c.requests {
		r.reply <- c.state.add(r.n)
	}
}

func (c *chanCounter) Ask(ctx context.Context, n uint64) (uint64, error) {
	if ctx.Done() == nil {
		r := chanRequest{n, make(chan uint64)}
		c.requests <- r
		return <-r.reply, nil
	}
	// the goroutine need not wait for a client that has left
	r := chanRequest{n, make(chan uint64, 1)}
	select {
	case c.requests <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case reply := <-r.reply:
		return reply, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (c *chanCounter) End() uint64 {
	close(c.requests)
	c.ended.Wait()
	return c.state.handled
}

// chanTeller is the sender's end of a goroutine that handles numbers.
type chanTeller struct {
	numbers chan uint64
	ended   sync.WaitGroup
}

func (l chanLibrary) Listener(seen *tally) (teller, error) { return l.teller(seen.enter), nil }

func (l chanLibrary) Relay(leg *leg) (teller, error) {
	return l.teller(func(n uint64) { leg.run(context.Background(), n) }), nil
}

func (l chanLibrary) teller(handle func(uint64)) *chanTeller {
	t := &chanTeller{numbers: make(chan uint64, l.room)}
	t.ended.Go(func() {
		for n := range t.numbers {
			handle(n)
		}
	})
	return t
}

func (t *chanTeller) Tell(ctx context.Context, n uint64) error {
	if ctx.Done() == nil {
		t.numbers <- n
		return nil
	}
	select {
	case t.numbers <- n:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *chanTeller) End() {
	close(t.numbers)
	t.ended.Wait()
}
