package tests_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	advLater struct{}
	advEnds  struct{}
)

// advBubbled looks at what a handler's Context shares with others of its system.
type advBubbled struct{}

func (advBubbled) HandleLater(ctx akt.Context, _ advLater) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) {
		<-time.After(time.Millisecond)
		return 1, nil
	})
}

func (advBubbled) HandleEnds(ctx akt.Context, _ advEnds) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(time.Millisecond):
		return false
	}
}

// L1: an actor run on the default system inside a testing/synctest bubble leaves nothing of the bubble behind for other bubbles, or for
// who is in none, nor is it held up by what is outside: a deferred reply, and the Done of a handler.
func TestAdvDefaultSystemInBubbles(t *testing.T) {
	t.Parallel()
	use := func(t *testing.T) {
		addr, err := akt.Run(advBubbled{})
		require.NoError(t, err)
		defer addr.Release()
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			reply, err := akt.Ask[int](ctx, addr, advLater{})
			require.NoError(t, err)
			require.Equal(t, 1, reply)
			ended, err := akt.Ask[bool](ctx, addr, advEnds{})
			require.NoError(t, err)
			require.False(t, ended)
		}
	}
	synctest.Test(t, use)
	synctest.Test(t, use)
	use(t)
	synctest.Test(t, use)
}
