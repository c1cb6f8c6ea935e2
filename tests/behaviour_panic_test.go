package tests_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// parityPanics panics when it is let go.
func parityPanics(leave <-chan struct{}) parityDo {
	return parityDo{func(akt.Context) (any, error) { <-leave; panic("oh") }}
}

// L5: an actor run from a value dies of a panic, and everybody is told of it.
func behaviourPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		probe, leave := &parityProbe{}, make(chan struct{})
		addr := run(t, probe, log.option())
		own := sendLater(addr, parityPanics(leave))
		queued := sendLater(addr, parityNote("queued"))
		close(leave)
		for err, handled := range map[error]akt.Handled{<-own: akt.MaybeHandled, <-queued: akt.NotHandled} {
			require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
			var failure *akt.SendError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, handled, failure.Handled)
			var panicked *akt.PanicError
			require.ErrorAs(t, err, &panicked)
			require.Equal(t, "oh", panicked.Value)
		}
		<-addr.Done()
		_, err := addr.Send(t.Context(), parityNote("late"))
		require.ErrorIs(t, err, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, new(*akt.PanicError))
		require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
		require.Equal(t, []string{"OnStart", "OnStopped"}, probe.log)
		require.Contains(t, log.String(), "parityPanics", "the stack")
	})
}

// L5: an actor run from a Spawner goes on after a panic, with a fresh state and its queue.
func behaviourPanicSpawner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		var states []*parityProbe
		addr := run(t, akt.Spawner[*parityProbe](func() *parityProbe {
			states = append(states, &parityProbe{})
			return states[len(states)-1]
		}), log.option())
		leave := make(chan struct{})
		own := sendLater(addr, parityPanics(leave))
		queued := sendLater(addr, parityNote("queued"))
		close(leave)
		require.ErrorAs(t, <-own, new(*akt.PanicError))
		require.NoError(t, <-queued)
		require.Len(t, states, 2)
		require.Equal(t, []string{"OnStart", "OnStopped"}, states[0].log)
		require.Equal(t, []string{"OnStart", "queued"}, states[1].log)
		require.True(t, addr.IsConnected())
	})
}

// L5: a panic in OnStart is Run's error, in OnStopping it counts as true, in OnStopped it is logged.
func behaviourPanicInHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		stopped := false
		_, err := akt.NewSystem().Run(&parityProbe{
			start:   func(akt.Context) error { panic("in OnStart") },
			stopped: func(akt.Context) { stopped = true },
		}, log.option())
		require.ErrorAs(t, err, new(*akt.PanicError))
		require.False(t, stopped, "a state that was not started gets no OnStopped")
		addr := run(t, &parityProbe{
			stopping: func(akt.Context) bool { panic("in OnStopping") },
			stopped:  func(akt.Context) { stopped = true; panic("in OnStopped") },
		}, log.option())
		_, err = addr.Send(t.Context(), parityStop)
		require.NoError(t, err)
		<-addr.Done()
		require.True(t, stopped)
		require.Contains(t, log.String(), "in OnStopping")
		require.Contains(t, log.String(), "in OnStopped")
	})
}
