package guard_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/guard"
)

// A function that returns is nobody's loss.
func TestReturn(t *testing.T) {
	t.Parallel()
	called := 0
	guard.Catch(func() { called++ }, func(guard.Loss) { t.Error("lost") })
	guard.Notice(func() { called++ }, func() { t.Error("lost") })
	require.Nil(t, guard.Detach(func() { called++ }))
	require.Equal(t, 3, called)
}

// A panic ends where it is caught, and its stack shows where it came from.
func TestPanic(t *testing.T) {
	t.Parallel()
	var caught guard.Loss
	guard.Catch(panics, func(l guard.Loss) { caught = l })
	for _, l := range []guard.Loss{caught, *guard.Detach(panics)} {
		require.Equal(t, "no", l.Value)
		require.Contains(t, string(l.Stack), "guard_test.panics(")
	}
}

func panics() { panic("no") }

// A panic that is noticed goes on.
func TestNoticedPanic(t *testing.T) {
	t.Parallel()
	noticed := false
	require.PanicsWithValue(t, "no", func() {
		guard.Notice(panics, func() { noticed = true })
	})
	require.True(t, noticed)
}

// A Goexit ends the goroutine of who is not detached, after those who guard have heard of it, the
// innermost first.
func TestGoexit(t *testing.T) {
	t.Parallel()
	var heard []string
	over := make(chan struct{})
	go func() {
		defer close(over)
		guard.Notice(func() {
			guard.Catch(runtime.Goexit, func(l guard.Loss) {
				if l.Value == nil {
					heard = append(heard, "caught")
				}
			})
			heard = append(heard, "not reached")
		}, func() { heard = append(heard, "noticed") })
		heard = append(heard, "not reached")
	}()
	<-over
	require.Equal(t, []string{"caught", "noticed"}, heard)

	l := guard.Detach(runtime.Goexit)
	require.NotNil(t, l)
	require.Nil(t, l.Value)
	require.Contains(t, string(l.Stack), "runtime.Goexit(")
}
