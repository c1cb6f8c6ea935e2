package tests_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// WithStopTimeout: an end waits so long for the handler and the queue; then the handler's Context ends, and so do those of the
// handlers that it has asked, and the queued are told. It is over when the handler has returned.
func TestStopTimeout(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*testing.T, *akt.System, *akt.Address){
		"Stop":  func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() },
		"Drain": func(t *testing.T, _ *akt.System, a *akt.Address) { a.Downgrade().Stop() },
		"a parent's": func(t *testing.T, s *akt.System, _ *akt.Address) {
			parent, ok := s.Lookup("parent")
			require.True(t, ok)
			parent.Stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dead journal
				system := deadLetters(&dead)
				parent, err := system.Run(&doll{}, akt.WithName("parent"))
				require.NoError(t, err)
				other, err := system.Run(&doll{})
				require.NoError(t, err)
				var addr *akt.Address
				_, err = parent.Send(t.Context(), deed(func(ctx akt.Context) {
					addr, err = ctx.Run(&doll{}, akt.WithStopTimeout(time.Second))
				}))
				require.NoError(t, err)
				ended := make(chan time.Time, 3)
				until := func(ctx akt.Context) {
					<-ctx.Done()
					assert.ErrorIs(t, ctx.Err(), context.Canceled)
					ended <- time.Now()
				}
				for _, ctx := range []context.Context{t.Context(), context.Background()} {
					require.NoError(t, addr.Notify(ctx, deed(func(ctx akt.Context) {
						derived, cancel := context.WithTimeout(ctx, time.Hour)
						defer cancel()
						_, _ = other.Send(derived, deed(until)) // both are told at the same moment
						until(ctx)
						<-derived.Done()
						time.Sleep(time.Second) // it goes on
					})))
				}
				queued := later(func() error { _, err := addr.Send(context.Background(), deed(func(akt.Context) {})); return err })
				synctest.Wait()
				began := time.Now()
				stop(t, system, addr)
				requireSendError(t, <-queued, akt.NotHandled, akt.ErrStopped)
				require.Equal(t, time.Second, time.Since(began))
				<-addr.Done()
				require.Equal(t, 2*time.Second, time.Since(began))
				require.Equal(t, time.Second, (<-ended).Sub(began))
				require.Equal(t, time.Second, (<-ended).Sub(began))
				require.Equal(t, []string{"tests_test.dollAct: stopped"}, dead.all())
				require.NoError(t, addr.Err())
				shutDown(t, system)
			})
		})
	}
}

// The limit of WithStopTimeout ends the Contexts of those too whom the handler has asked with its own
// Context, whether they run by then or are asked later; Done and Err agree.
func TestStopTimeoutReachesThoseAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithStopTimeout(time.Second))
		require.NoError(t, err)
		other, err := system.Run(&doll{})
		require.NoError(t, err)
		ended, left := make(chan struct{}), make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, err := other.Send(ctx, deed(func(ctx akt.Context) {
				<-ctx.Done()
				assert.ErrorIs(t, ctx.Err(), context.Canceled)
				<-left
				close(ended)
			}))
			close(left)
			requireSendError(t, err, akt.MaybeHandled, context.Canceled)
			_, err = other.Send(ctx, deed(func(akt.Context) { t.Error("handled") }))
			requireSendError(t, err, akt.NotHandled, context.Canceled)
		})))
		synctest.Wait()
		addr.Stop()
		<-addr.Done()
		<-ended
		shutDown(t, system)
	})
}

// When the patience of Shutdown ends, so does the Context of a function of Go whose actor had a limit
// for its end, and has ended before.
func TestStopTimeoutAndFunctionsThatOutliveTheirActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithStopTimeout(time.Second))
		require.NoError(t, err)
		returned := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			akt.Go(ctx, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				returned <- ctx.Err()
				return 0, nil
			})
		})))
		addr.Stop()
		<-addr.Done()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorContains(t, system.Shutdown(ctx), "functions started with Go")
		require.ErrorIs(t, <-returned, context.Canceled)
		shutDown(t, system)
	})
}

// WithStopTimeout changes nothing for an actor that ends in time, nor for what is not an end; and a negative one is an error.
func TestStopTimeoutThatIsNotReached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithStopTimeout(time.Second))
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			time.Sleep(time.Minute)
			assert.NoError(t, ctx.Err())
		}))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			time.Sleep(time.Second / 2)
			assert.NoError(t, ctx.Err())
		})))
		addr.Stop()
		<-addr.Done()
		_, err = akt.NewSystem().Run(&doll{}, akt.WithStopTimeout(-1))
		require.ErrorContains(t, err, "WithStopTimeout(-1ns)")
	})
}

// Shutdown's hard end ends the Contexts of an actor with a limit of its own, too.
func TestStopTimeoutAndShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet(), akt.WithStopTimeout(time.Hour)))
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		for _, ctx := range []context.Context{t.Context(), context.Background()} {
			require.NoError(t, addr.Notify(ctx, deed(func(ctx akt.Context) { <-ctx.Done() })))
		}
		patience, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, system.Shutdown(patience))
		<-addr.Done()
		require.NoError(t, system.Shutdown(t.Context()))
	})
}

// L8: an end that takes more than ten seconds is logged once, with what it waits for.
func TestLongEndIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		addr := run(t, &doll{}, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), akt.WithName("slow"))
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { time.Sleep(time.Minute) })))
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
		addr.Stop()
		time.Sleep(9 * time.Second)
		synctest.Wait()
		require.Zero(t, log.Len())
		<-addr.Done()
		synctest.Wait()
		require.Contains(t, log.String(), `the actor has been stopping for long" actor=slow type=*tests_test.doll for=10s queued=1`)
		require.Contains(t, log.String(), "slow.HandleAct")
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")))
	})
}
