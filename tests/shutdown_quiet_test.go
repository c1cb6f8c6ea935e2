package tests_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Shutdown: hooks that send each other something whenever they are told of the stop do not go on for ever.
func TestShutdownOfHooksThatAlwaysSend(t *testing.T) {
	t.Parallel()
	for name, sends := range map[string]func(self akt.Context, other *akt.Address) akt.Sender{
		"each other":  func(_ akt.Context, other *akt.Address) akt.Sender { return other },
		"to themself": func(self akt.Context, _ *akt.Address) akt.Sender { return self.Private() },
	} {
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem(akt.WithDefaults(quiet()))
			var addrs [2]*akt.Address
			var asked atomic.Int32
			for i := range addrs {
				var err error
				addrs[i], err = system.Run(&doll{onStopping: func(ctx akt.Context) bool {
					asked.Add(1)
					_ = sends(ctx, addrs[1-i]).Notify(ctx, deed(func(akt.Context) {})) // at the end it has stopped
					return true
				}})
				require.NoError(t, err)
			}
			require.NoError(t, system.Shutdown(context.Background()), name)
			require.Less(t, asked.Load(), int32(5000), name)
		})
	}
}

// Shutdown: intervals whose ticks overlap, or that are due again whenever OnStopping has returned, do not keep it from ending; what
// a tick has left in a buffer is flushed.
func TestShutdownBesideIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		buffered, flushed := 0, 0
		for i := range 10 {
			time.Sleep(100 * time.Millisecond)
			_, err := system.Run(&doll{
				onStart: func(ctx akt.Context) error {
					ctx.Private().NotifyInterval(func() any {
						return deed(func(akt.Context) {
							time.Sleep(200 * time.Millisecond)
							if i == 0 {
								buffered++
							}
						})
					}, time.Second)
					return nil
				},
				onStopping: func(akt.Context) bool {
					time.Sleep(1500 * time.Millisecond)
					if i == 0 {
						flushed, buffered = flushed+buffered, 0
					}
					return true
				},
			})
			require.NoError(t, err)
		}
		began := time.Now()
		require.NoError(t, system.Shutdown(context.Background()))
		require.Less(t, time.Since(began), 10*time.Second)
		require.Positive(t, flushed)
		require.Zero(t, buffered)
	})
}

// Shutdown: what is queued behind a tick is handled before it goes on.
func TestShutdownWaitsForWhatIsBehindATick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		var j journal
		addr, err := system.Run(&doll{onStopping: func(akt.Context) bool { j.add("OnStopping"); return true }})
		require.NoError(t, err)
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) { time.Sleep(time.Minute) })
		}, time.Hour)
		synctest.Wait()
		require.NoError(t, addr.Notify(t.Context(), j.entry("queued")))
		require.NoError(t, system.Shutdown(context.Background()))
		require.Equal(t, []string{"queued", "OnStopping"}, j.all())
	})
}

// Shutdown goes on beside a tick that lasts, also where that began with nobody idle in between, and where
// what was queued behind it has been taken back.
func TestShutdownGoesOnBesideATickThatLasts(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*testing.T, akt.Context, *akt.Address, func() any) (later func()){
		"right after a message": func(t *testing.T, ctx akt.Context, addr *akt.Address, next func() any) func() {
			leave := hold(t, addr)
			ctx.Private().NotifyInterval(next, time.Hour)
			return leave
		},
		"and a sender that leaves": func(t *testing.T, ctx akt.Context, addr *akt.Address, next func() any) func() {
			ctx.Private().NotifyInterval(next, time.Hour)
			synctest.Wait()
			sender, leave := context.WithCancel(t.Context())
			go func() { _, _ = addr.Send(sender, deed(func(akt.Context) { t.Error("handled") })) }()
			return leave
		},
		"and a timer that is stopped": func(_ *testing.T, ctx akt.Context, _ *akt.Address, next func() any) func() {
			ctx.Private().NotifyInterval(next, time.Hour)
			synctest.Wait()
			timer := ctx.Private().NotifyLater(deed(func(akt.Context) {}), 0)
			return func() { timer.Stop() }
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem(akt.WithDefaults(quiet()))
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			told := make(chan struct{}, 1)
			_, err = system.Run(&doll{onStopping: func(akt.Context) bool { told <- struct{}{}; return true }})
			require.NoError(t, err)
			left := make(chan struct{})
			later := meanwhile(t, contextOf(t, addr), addr, func() any { return deed(func(akt.Context) { <-left }) })
			synctest.Wait()
			over := make(chan error)
			go func() { over <- system.Shutdown(context.Background()) }()
			synctest.Wait()
			require.Empty(t, told, name)
			later()
			synctest.Wait()
			require.NotEmpty(t, told, name)
			close(left)
			require.NoError(t, <-over)
		})
	}
}

// Shutdown does not wait for the restart of an actor with nothing queued, also where it was about to be
// told of the stop when it failed.
func TestShutdownDoesNotWaitForARestartOfWhoWasToBeTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		addr, err := system.Run(akt.Spawner[*doll](func() *doll { return &doll{} }),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Hour, BackoffMax: time.Hour}))
		require.NoError(t, err)
		fails := deed(func(akt.Context) { panic("fails") })
		require.NoError(t, addr.Notify(t.Context(), fails)) // the first restart is immediate
		synctest.Wait()
		left := make(chan struct{})
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) { <-left; panic("fails") })
		}, time.Hour)
		synctest.Wait()
		began, over := time.Now(), make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		close(left)
		require.NoError(t, <-over)
		require.Zero(t, time.Since(began))
	})
}

// Shutdown: at the hard end those are not named that only become busy because others end, be it of what
// the dead-letter hook does.
func TestShutdownDoesNotNameWhoWasQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var others []akt.Context
		left := make(chan struct{})
		system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(akt.DeadLetter) {
			for _, c := range others { // those that have ended refuse it
				_ = c.Private().Do(func(akt.Context) { <-left })
			}
		}))
		for range 20 {
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			others = append(others, contextOf(t, addr))
		}
		stuck, err := system.Run(&doll{}, akt.WithName("stuck"))
		require.NoError(t, err)
		leave := hold(t, stuck)
		require.NoError(t, stuck.Notify(t.Context(), deed(func(akt.Context) { t.Error("handled") })))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = system.Shutdown(ctx)
		require.ErrorContains(t, err, "not quiet: stuck in HandleAct (1 queued)")
		require.NotContains(t, err.Error(), "doll-")
		close(left)
		leave()
		shutDown(t, system)
	})
}

// Shutdown: at the hard end an actor that is busy outside its handlers is named, too.
func TestShutdownNamesWhoIsBusyElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		leave := make(chan struct{})
		addr, err := system.Run(&doll{}, akt.WithName("a"), akt.WithSupervisor(akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
			<-leave
			return akt.Stop
		}}))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(t.Context(), crash()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = system.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "a in no handler (0 queued)")
		close(leave)
		<-addr.Done()
	})
}
