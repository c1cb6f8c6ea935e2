package akt_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// E2: while the message of an interval is handled, the text names its handler.
func TestFoundHandlerOfAnIntervalIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) { time.Sleep(time.Minute) })
		}, time.Hour)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, deed(func(akt.Context) {}))
		require.ErrorContains(t, err, "queued behind 0 while HandleAct ran")
	})
}

// Shutdown, step 2: what a handler that is running sends within the system is still accepted.
func TestFoundShutdownAcceptsFromInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		a, err := system.Run(&doll{})
		require.NoError(t, err)
		b, err := system.Run(&doll{})
		require.NoError(t, err)
		sent := make(chan error, 1)
		go func() {
			_, _ = a.Send(context.Background(), deed(func(ctx akt.Context) {
				time.Sleep(time.Second)
				_, err := b.Send(ctx, deed(func(akt.Context) {}))
				sent <- err
			}))
		}()
		synctest.Wait()
		shutDown(t, system)
		require.NoError(t, <-sent)
	})
}

// Shutdown counts functions started with Go: it waits for them.
func TestFoundShutdownWaitsForGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		var returned atomic.Bool
		_, err = addr.Send(context.Background(), deed(func(ctx akt.Context) {
			akt.Go(ctx, func(context.Context) (any, error) {
				time.Sleep(time.Hour)
				returned.Store(true)
				return nil, nil
			})
		}))
		require.NoError(t, err)
		shutDown(t, system)
		waited := returned.Load()
		time.Sleep(2 * time.Hour)
		require.True(t, waited)
	})
}
