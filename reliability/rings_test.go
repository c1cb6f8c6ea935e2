package reliability

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

const (
	ringPhases  = 6
	ringClients = 32
	ringErrands = 20 // of each client, in each round
)

// asker is an actor of a ring: for one request it asks the next one, which asks the next, as often
// as the request says.
type asker struct {
	next    atomic.Pointer[akt.Address]
	handled int // by those requests that were to be asked on no more
}

// around is a request that goes around a ring.
type around struct{ Hops int }

func (a *asker) HandleAround(ctx akt.Context, m around) (int, error) {
	if m.Hops == 0 {
		a.handled++
		return a.handled, nil
	}
	return akt.Ask[int](ctx, a.next.Load(), around{m.Hops - 1})
}

// ringOf runs a ring of actors.
func ringOf(t *testing.T, system *akt.System, size int) (ring []*akt.Address) {
	t.Helper()
	var askers []*asker
	for i := range size {
		a := &asker{}
		addr, err := system.Run(a, akt.WithMailbox(1+i))
		if err != nil {
			t.Fatal(err)
		}
		askers, ring = append(askers, a), append(ring, addr)
	}
	for i, a := range askers {
		a.next.Store(ring[(i+1)%size])
	}
	return ring
}

// roundTrip sends a request around a ring, and again where it is told ErrDeadlock, with a pause
// that grows. It returns how often it was told that, or another error.
func roundTrip(
	ctx context.Context,
	ring []*akt.Address,
	random *rand.Rand,
) (told int64, err error) {
	for pause := 10 * time.Microsecond; ; pause *= 2 {
		_, err := akt.Ask[int](
			ctx,
			ring[random.IntN(len(ring))],
			around{1 + random.IntN(len(ring)-1)},
		)
		if err == nil || !errors.Is(err, akt.ErrDeadlock) {
			return told, err
		}
		told++
		<-time.After(pause + rand.N(pause))
	}
}

// TestRings: actors that ask each other, of which many clients want something at once who try again
// when they are told ErrDeadlock, get all of it done: one of a ring is told, and the others go on
// (D6). No memory is kept of who has waited.
func TestRings(t *testing.T) { //nolint:paralleltest // it counts goroutines
	began := goroutines()
	system := akt.NewSystem(akt.WithDefaults(akt.WithLogger(slog.New(slog.DiscardHandler))))
	rings := [][]*akt.Address{
		ringOf(t, system, 2),
		ringOf(t, system, 2),
		ringOf(t, system, 3),
		ringOf(t, system, 5),
	}
	var told, done atomic.Int64
	var heap []uint64
	for phase := range ringPhases {
		deadline := time.Now().Add(*soak / (2 * ringPhases))
		for round := 0; round == 0 || time.Now().Before(deadline); round++ {
			var clients sync.WaitGroup
			for i := range ringClients {
				clients.Go(func() {
					random := rand.New(rand.NewPCG(*soakSeed, uint64(phase*ringClients+i)))
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					if i%2 == 0 {
						ctx = context.Background()
					}
					for range ringErrands {
						n, err := roundTrip(ctx, rings[i%len(rings)], random)
						if told.Add(n); err != nil {
							t.Error(err)
							return
						}
						done.Add(1)
					}
				})
			}
			if !within(time.Minute, func() bool { clients.Wait(); return true }) {
				t.Fatalf("clients wait for ever:\n%s", stacks())
			}
		}
		heap = append(heap, liveHeap())
	}
	t.Logf(
		"%d requests done, %d times ErrDeadlock; live heap after each phase: %v",
		done.Load(),
		told.Load(),
		heap,
	)
	if told.Load() == 0 {
		t.Error("no ring was closed")
	}
	if grown := int64(
		slices.Min(heap[ringPhases-2:]),
	) - int64(
		slices.Max(heap[1:3]),
	); grown > heapSlack {
		t.Errorf("the live heap has grown by %d bytes, which is more than %d", grown, heapSlack)
	}
	if err := system.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if !soon(func() bool { return goroutines() <= began }) {
		t.Errorf("%d goroutines, not %d:\n%s", goroutines(), began, stacks())
	}
}
