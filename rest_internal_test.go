package akt

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

// The state that was to be replaced is let go as soon as another one is made, and at the end.
func TestFormerStateIsLetGo(t *testing.T) {
	t.Parallel()
	system := NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
	former := func(a *actor) any {
		a.box.Lock()
		defer a.box.Unlock()
		return a.rare.last
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
