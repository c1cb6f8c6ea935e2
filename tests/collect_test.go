package tests_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// collectable is an actor whose collection can be seen.
type collectable struct{ _ *int }

func (*collectable) HandleNote(akt.Context, Note) {}

// L1, L4: an actor that has ended lets go of its state, also while an address of it is held.
func TestEndedActorLetsGoOfItsState(t *testing.T) {
	t.Parallel()
	var collected atomic.Bool
	addr := func() *akt.Address {
		state := &collectable{new(int)}
		runtime.AddCleanup(state, func(*struct{}) { collected.Store(true) }, nil)
		return run(t, state)
	}()
	require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
	addr.Stop()
	<-addr.Done()
	for deadline := time.Now().Add(10 * time.Second); !collected.Load() && time.Now().Before(deadline); {
		runtime.GC()
		runtime.Gosched()
	}
	require.True(t, collected.Load())
	runtime.KeepAlive(addr)
}
