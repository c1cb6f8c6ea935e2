package restarts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The first restart is immediate; the n-th after it waits between half of BackoffMin·2ⁿ and all of
// it, never less than BackoffMin and never more than BackoffMax.
func TestBackoffBounds(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, row := range []struct {
		name        string
		least, most time.Duration // BackoffMin and BackoffMax
		want        [][2]time.Duration
	}{
		{"doubles up to the greatest", s, 30 * s, [][2]time.Duration{
			{0, 0}, {s, 2 * s}, {2 * s, 4 * s}, {4 * s, 8 * s}, {8 * s, 16 * s}, {15 * s, 30 * s},
			{15 * s, 30 * s},
		}},
		{"always the same", s, s, [][2]time.Duration{{0, 0}, {s, s}, {s, s}}},
		{"less than doubled", 2 * s, 3 * s, [][2]time.Duration{
			{0, 0}, {2 * s, 3 * s}, {2 * s, 3 * s},
		}},
		{"as short as can be", 1, 2, [][2]time.Duration{{0, 0}, {1, 2}, {1, 2}}},
		{"as long as can be", 1 << 62, 1<<63 - 1, [][2]time.Duration{
			{0, 0}, {1 << 62, 1<<63 - 1}, {1 << 62, 1<<63 - 1},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			limits := Limits{BackoffMin: row.least, BackoffMax: row.most}
			for n, want := range row.want {
				least, most, middle := time.Duration(1<<63-1), time.Duration(0), 0
				for range 1000 {
					got := limits.backoff(n)
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
			require.LessOrEqual(t, limits.backoff(1<<30), row.most)
		})
	}
}

// What is remembered of restarts does not grow without bound, also without a limit.
func TestRestartsAreForgotten(t *testing.T) {
	t.Parallel()
	var h History
	for i := range 3 * mostKept {
		_, count, ok := h.Allow(time.Unix(0, 0),
			Limits{Max: -1, Window: time.Hour, BackoffMin: 1, BackoffMax: 1})
		require.True(t, ok)
		require.Equal(t, min(i, mostKept)+1, count)
	}
	require.Len(t, h.recent, mostKept)
	require.LessOrEqual(t, cap(h.recent), 3*mostKept)
}

// A restart counts from the end of its wait until a window later. At the limit there is none, and
// the refusal itself does not count.
func TestAllow(t *testing.T) {
	t.Parallel()
	var h History
	limits := Limits{Max: 2, Window: time.Minute, BackoffMin: time.Second, BackoffMax: time.Second}
	at := func(after time.Duration) time.Time { return time.Unix(0, 0).Add(after) }
	require.Zero(t, h.Count(at(0), limits.Window))
	for _, row := range []struct {
		now, wait time.Duration
		count     int
		ok        bool
	}{
		{0, 0, 1, true},
		{30 * time.Second, time.Second, 2, true},
		{time.Minute - 1, 0, 2, false},
		{time.Minute, time.Second, 2, true}, // the first counts no more
		{91*time.Second - 1, 0, 2, false},
		{91 * time.Second, time.Second, 2, true},
	} {
		wait, count, ok := h.Allow(at(row.now), limits)
		require.Equal(t, row.wait, wait, row.now)
		require.Equal(t, row.count, count, row.now)
		require.Equal(t, row.ok, ok, row.now)
	}
	require.Equal(t, 2, h.Count(at(2*time.Minute), limits.Window))
	require.Zero(t, h.Count(at(time.Hour), limits.Window))

	limits.Max = 0
	_, _, ok := h.Allow(at(time.Hour), limits)
	require.False(t, ok)
}
