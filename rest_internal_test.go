package akt

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Supervisor: the first restart is immediate; the n-th after it waits between half of BackoffMin·2ⁿ and all of it, never less than
// BackoffMin and never more than BackoffMax.
func TestBackoffBounds(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, row := range []struct {
		name        string
		least, most time.Duration // BackoffMin and BackoffMax
		want        [][2]time.Duration
	}{
		{"doubles up to the greatest", s, 30 * s, [][2]time.Duration{{0, 0}, {s, 2 * s}, {2 * s, 4 * s}, {4 * s, 8 * s}, {8 * s, 16 * s}, {15 * s, 30 * s}, {15 * s, 30 * s}}},
		{"always the same", s, s, [][2]time.Duration{{0, 0}, {s, s}, {s, s}}},
		{"less than doubled", 2 * s, 3 * s, [][2]time.Duration{{0, 0}, {2 * s, 3 * s}, {2 * s, 3 * s}}},
		{"as short as can be", 1, 2, [][2]time.Duration{{0, 0}, {1, 2}, {1, 2}}},
		{"as long as can be", 1 << 62, 1<<63 - 1, [][2]time.Duration{{0, 0}, {1 << 62, 1<<63 - 1}, {1 << 62, 1<<63 - 1}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			sup, err := Supervisor{BackoffMin: row.least, BackoffMax: row.most}.completed()
			require.NoError(t, err)
			for n, want := range row.want {
				least, most, middle := time.Duration(1<<63-1), time.Duration(0), 0
				for range 1000 {
					got := sup.backoff(n)
					least, most = min(least, got), max(most, got)
					if got-want[0] > (want[1]-want[0])/2 {
						middle++
					}
				}
				require.GreaterOrEqual(t, least, want[0], "restart %d", n)
				require.LessOrEqual(t, most, want[1], "restart %d", n)
				if want[0] < want[1] {
					require.Less(t, least, most, "restart %d is random", n)
					require.InDelta(t, 500, middle, 120, "restart %d is uniform", n)
				}
			}
			require.LessOrEqual(t, sup.backoff(1<<30), row.most)
		})
	}
}

// Supervisor: what is remembered of restarts does not grow without bound, also without a limit.
func TestRestartsAreForgotten(t *testing.T) {
	t.Parallel()
	sup, err := Supervisor{MaxRestarts: -1, BackoffMin: 1, BackoffMax: 1}.completed()
	require.NoError(t, err)
	a := &actor{config: &config{supervisor: sup}}
	for range 3 * mostRestarts {
		_, _, ok := a.allowRestart()
		require.True(t, ok)
	}
	require.Len(t, a.extras.recent, mostRestarts)
	require.LessOrEqual(t, cap(a.extras.recent), 3*mostRestarts)
}

// The state that was to be replaced is let go as soon as another one is made, and at the end.
func TestFormerStateIsLetGo(t *testing.T) {
	t.Parallel()
	system := NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
	former := func(a *actor) any {
		a.box.mu.Lock()
		defer a.box.mu.Unlock()
		return a.extras.last
	}
	addr, err := system.Run(Spawner[*formerState](func() *formerState { return &formerState{} }))
	require.NoError(t, err)
	_, err = addr.Send(context.Background(), 0)
	require.Error(t, err)
	_, err = addr.Send(t.Context(), 1)
	require.NoError(t, err)
	require.Nil(t, former(addr.actor))

	same := &formerState{}
	addr, err = system.Run(Spawner[*formerState](func() *formerState { return same }), WithSupervisor(Supervisor{
		MaxRestarts: 1,
	}))
	require.NoError(t, err)
	require.NoError(t, addr.Notify(t.Context(), 0))
	<-addr.Done()
	require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
	require.Nil(t, former(addr.actor))
	require.NoError(t, system.Shutdown(context.Background()))
}

type formerState struct{ N int }

func (*formerState) HandleInt(_ Context, n int) int { return 1 / n }
