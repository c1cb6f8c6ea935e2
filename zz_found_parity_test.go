package akt_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// E, D6: a send that would not wait, because the actor takes nothing more, is refused with ErrStopped, not called a deadlock;
// also where it comes from the actor's own OnStopped.
func TestFoundSendToOneselfInOnStopped(t *testing.T) {
	t.Parallel()
	var refused error
	addr := run(t, &parityProbe{stopped: func(ctx akt.Context) { _, refused = ctx.Address().Send(ctx, parityNote("late")) }})
	addr.Stop()
	<-addr.Done()
	require.ErrorIs(t, refused, akt.ErrStopped)
	require.NotErrorIs(t, refused, akt.ErrDeadlock)
}
