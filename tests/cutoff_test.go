package tests_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Shutdown: an actor that Shutdown has cut off while a handler of it runs is stopping: it takes nothing more, and ends when the handler
// returns.
func TestStateOfAnActorThatIsCutOff(t *testing.T) {
	t.Parallel()
	states := make(chan akt.State, 1)
	g := &cutOff{gate: newGate(), states: states}
	system := akt.NewSystem()
	addr, err := system.Run(g)
	require.NoError(t, err)
	require.NoError(t, addr.Notify(t.Context(), Hold{}))
	<-g.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, system.Shutdown(ctx), context.Canceled)
	require.True(t, addr.IsClosed())
	close(g.leave)
	<-addr.Done()
	require.Equal(t, akt.Stopping, <-states)
}

// cutOff is a gate that tells its state when a Hold ends.
type cutOff struct {
	*gate
	states chan akt.State
}

func (c *cutOff) HandleHold(ctx akt.Context, h Hold) {
	c.gate.HandleHold(ctx, h)
	c.states <- ctx.State()
}
