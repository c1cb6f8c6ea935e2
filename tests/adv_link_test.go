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
	advPing struct{}
	advGo   struct{}
	advMeet struct{ told chan error }
)

// advAsker asks its partner in a function of Go.
type advAsker struct{ partner *akt.WeakAddress }

func (*advAsker) HandlePing(akt.Context, advPing) int { return 1 }

func (a *advAsker) HandleGo(ctx akt.Context, _ advGo) *akt.Future[int] {
	return akt.Go(ctx, func(ctx context.Context) (int, error) { return akt.Ask[int](ctx, a.partner, advPing{}) })
}

// HandleMeet asks the partner when that waits already, and says what it was told.
func (a *advAsker) HandleMeet(ctx akt.Context, m advMeet) {
	time.Sleep(time.Second)
	_, err := akt.Ask[int](ctx, a.partner, advPing{})
	m.told <- err
}

// D6: a run is one link, whatever contexts an interceptor makes of its own: a ring over a function of Go is found where the interceptor
// gave the handler a deadline, and waits for the Future without it.
func TestAdvRingThroughAnInterceptorsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		second := &advAsker{}
		b, err := system.Run(second)
		require.NoError(t, err)
		a, err := system.Run(&advAsker{b.Downgrade()}, akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			limited, cancel := context.WithTimeout(ctx.Context, time.Hour)
			defer cancel()
			inner := ctx
			inner.Context = limited
			reply, err := next(inner, msg)
			if f, ok := reply.(*akt.Future[int]); ok {
				return f.Wait(ctx)
			}
			return reply, err
		}))
		require.NoError(t, err)
		second.partner = a.Downgrade()
		start := time.Now()
		told := make(chan error, 1)
		require.NoError(t, b.Notify(t.Context(), advMeet{told}))
		_, err = a.Send(context.Background(), advGo{})
		require.NoError(t, err)
		require.ErrorIs(t, <-told, akt.ErrDeadlock)
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, system.Shutdown(t.Context()))
	})
}
