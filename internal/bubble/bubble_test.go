package bubble_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/bubble"
)

// Outside all bubbles the uptime is short, and the time of day that it stands for is the clock's.
func TestOutside(t *testing.T) {
	t.Parallel()
	up := bubble.Uptime()
	require.Positive(t, up)
	require.Less(t, up, 24*time.Hour)
	require.False(t, bubble.Inside())
	require.False(t, bubble.InsideAt(up))
	require.WithinDuration(t, time.Now(), bubble.At(up), time.Minute)
}

// In a bubble an uptime is of the bubble's clock, and so is the time of day that it stands for.
func TestInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := bubble.Uptime()
		require.True(t, bubble.Inside())
		require.True(t, bubble.InsideAt(up))
		start := time.Now()
		time.Sleep(time.Hour)
		require.Equal(t, time.Hour, bubble.Uptime()-up)
		require.True(t, start.Equal(bubble.At(up)))
		require.Equal(t, 2000, bubble.At(up).Year())
		inside := make(chan bool)
		go func() { inside <- bubble.Inside() }()
		require.True(t, <-inside)
	})
}

// Whoever has read a clock that is off is asked for its own bubble, not for that of the clock.
func TestClockOfABubble(t *testing.T) {
	t.Parallel()
	require.False(t, bubble.InsideAt(-1))
}
