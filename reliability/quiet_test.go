package reliability

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/aktgo/akt"
)

const (
	relayRounds = 200
	relayRing   = 3
	relayHops   = 400
)

// relayer hands a notification on to the next of a ring, until it has gone far enough.
type relayer struct {
	next atomic.Pointer[akt.Address]
	left *atomic.Int64 // hops of all
	soon *atomic.Int64 // calls of OnStopping that came before the last hop
}

// hop is that notification.
type hop struct{ Left int }

func (r *relayer) HandleHop(ctx akt.Context, m hop) error {
	if r.left.Add(-1); m.Left == 0 {
		return nil
	}
	return r.next.Load().Notify(ctx, hop{m.Left - 1})
}

func (r *relayer) OnStopping(akt.Context) bool {
	if r.left.Load() > 0 {
		r.soon.Add(1)
	}
	return true
}

// TestQuiet: Shutdown calls no OnStopping, and ends nothing, before a message that is handed on and
// on has come to its end, though at each moment most of those it goes through are idle.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for range relayRounds {
		system := akt.NewSystem()
		var left, soon atomic.Int64
		left.Store(relayHops)
		var ring []*relayer
		var addrs []*akt.Address
		for range relayRing {
			r := &relayer{left: &left, soon: &soon}
			addr, err := system.Run(r)
			if err != nil {
				t.Fatal(err)
			}
			ring, addrs = append(ring, r), append(addrs, addr)
		}
		for i, r := range ring {
			r.next.Store(addrs[(i+1)%len(addrs)])
		}
		if err := addrs[0].Notify(context.Background(), hop{relayHops - 1}); err != nil {
			t.Fatal(err)
		}
		if err := system.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		if left.Load() != 0 || soon.Load() != 0 {
			t.Fatalf(
				"%d hops are left; OnStopping was called %d times before the last",
				left.Load(),
				soon.Load(),
			)
		}
	}
}
