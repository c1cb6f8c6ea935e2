package peers

import (
	"context"
	"testing"
)

// library makes the actors of the workloads. An actor may be sent to as soon as it is returned.
type library interface {
	Counter() (asker, error)              // one that answers requests with a counter
	Listener(seen *tally) (teller, error) // one that enters what it is told in a tally
	Relay(leg *leg) (teller, error)       // one that runs a leg with the token it is told
}

// asker is an actor that answers the request n with answer(n).
type asker interface {
	Ask(ctx context.Context, n uint64) (uint64, error)
	// stops it, waits until it has ended, and returns how many requests it has handled
	End() (handled uint64)
}

// teller is an actor that takes n and does not reply.
type teller interface {
	Tell(ctx context.Context, n uint64) error
	End() // stops it, and waits until it has ended
}

// named is a library under the name that its benchmarks have.
type named struct {
	name string
	open func(testing.TB) library
}

// everyLibrary has those that differ in all workloads, the baselines last.
var everyLibrary = []named{
	{"akt", openAkt},
	{"protoactor", openProtoactor},
	{"phony", openPhony},
	{"chan", openChan},
	{"buffered-chan", openBufferedChan},
	{"mutex", openMutex},
}

// The messages, for the libraries that have messages.
type (
	add   struct{ N uint64 } // a request
	count struct{}           // the request how many were handled
	note  struct{ N uint64 } // a number to be entered in a tally
	pass  struct{ N uint64 } // a token
)

// counter is the state of an actor that answers requests.
type counter struct{ handled uint64 }

func (c *counter) add(n uint64) uint64 {
	c.handled++
	return answer(n)
}

// answer is the right reply to the request n. Requests have different numbers, so that no reply can
// be taken for another's.
func answer(n uint64) uint64 { return 2*n + 1 }

// firstOf is the first number of a client, from 1. Small numbers would not need an allocation to
// become an any.
func firstOf(client uint64) uint64 { return client << 32 }
