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

// These tests are about when Shutdown takes a system to be quiet, so that it may end.

// Shutdown: hooks that send each other something whenever they are told of the stop do not go on
// for ever.
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
					// At the end it has stopped.
					_ = sends(ctx, addrs[1-i]).Notify(ctx, deed(func(akt.Context) {}))
					return true
				}})
				require.NoError(t, err)
			}
			require.NoError(t, system.Shutdown(context.Background()), name)
			require.Less(t, asked.Load(), int32(5000), name)
		})
	}
}

// Shutdown: intervals whose ticks overlap, or that are due again whenever OnStopping has returned,
// do not keep it from ending; what a tick has left in a buffer is flushed.
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
		addr, err := system.Run(&doll{onStopping: func(akt.Context) bool {
			j.add("OnStopping")
			return true
		}})
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

// Shutdown goes on beside a tick that lasts, also where that began with nobody idle in between, and
// where what was queued behind it has been taken back.
func TestShutdownGoesOnBesideATickThatLasts(t *testing.T) {
	t.Parallel()
	type ticks = func() any
	for name, meanwhile := range map[string]func(
		*testing.T, akt.Context, *akt.Address, ticks,
	) (later func()){
		"right after a message": func(
			t *testing.T, ctx akt.Context, addr *akt.Address, next ticks,
		) func() {
			leave := hold(t, addr)
			ctx.Private().NotifyInterval(next, time.Hour)
			return leave
		},
		"and a sender that leaves": func(
			t *testing.T, ctx akt.Context, addr *akt.Address, next ticks,
		) func() {
			ctx.Private().NotifyInterval(next, time.Hour)
			synctest.Wait()
			sender, leave := context.WithCancel(t.Context())
			go func() { _, _ = addr.Send(sender, deed(func(akt.Context) { t.Error("handled") })) }()
			return leave
		},
		"and a timer that is stopped": func(
			_ *testing.T, ctx akt.Context, _ *akt.Address, next ticks,
		) func() {
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
			_, err = system.Run(&doll{onStopping: func(akt.Context) bool {
				told <- struct{}{}
				return true
			}})
			require.NoError(t, err)
			left := make(chan struct{})
			later := meanwhile(t, contextOf(t, addr), addr, func() any {
				return deed(func(akt.Context) { <-left })
			})
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

// Shutdown does not wait for the restart of an actor with nothing queued, also where it was about
// to be told of the stop when it failed.
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

// Shutdown asks OnStopping once, of who handles nothing after it, however often others are asked;
// and again whoever has handled a message since, until none has.
func TestShutdownAsksOnStoppingAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		_, err := system.Run(&doll{onStopping: func(akt.Context) bool {
			j.add("idle")
			return true
		}})
		require.NoError(t, err)
		sink, err := system.Run(&doll{onStopping: func(akt.Context) bool {
			j.add("sink")
			return true
		}})
		require.NoError(t, err)
		left := 3
		_, err = system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			j.add("source")
			if left--; left > 0 {
				time.Sleep(time.Second)
				assert.NoError(t, sink.Notify(ctx, deed(func(akt.Context) {
					time.Sleep(time.Second)
				})))
				assert.NoError(t, ctx.Private().Notify(ctx, deed(func(akt.Context) {})))
			}
			return false
		}})
		require.NoError(t, err)
		require.NoError(t, system.Shutdown(context.Background()))
		count := map[string]int{}
		for _, line := range j.all() {
			count[line]++
		}
		require.Equal(t, map[string]int{"idle": 1, "sink": 3, "source": 3}, count)
	})
}

// Shutdown waits for a Promise as long as somebody waits for its Future, be it with Future.Wait
// from outside: until that has its value, or gives up.
func TestShutdownWaitsForWhoWaitsForAFuture(t *testing.T) {
	t.Parallel()
	for name, settles := range map[string]bool{"it is settled": true, "who waits gives up": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := akt.NewSystem()
				addr, err := system.Run(&doll{})
				require.NoError(t, err)
				var promise *akt.Promise[int]
				var future *akt.Future[int]
				_, err = addr.Send(t.Context(),
					deed(func(ctx akt.Context) { promise, future = akt.NewPromise[int](ctx) }))
				require.NoError(t, err)
				waited := make(chan error, 1)
				go func() {
					patience, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					_, err := future.Wait(patience)
					waited <- err
				}()
				if settles {
					time.AfterFunc(time.Minute-1, func() { promise.Resolve(1) })
				}
				synctest.Wait()
				began := time.Now()
				require.NoError(t, system.Shutdown(context.Background()))
				require.Equal(t, time.Minute, time.Since(began).Round(time.Second))
				require.Equal(t, settles, <-waited == nil)
			})
		})
	}
}

// Shutdown: a state that was made while all were told of the stop is told, too, though it has
// handled nothing: here its actor restarts for a child.
func TestShutdownTellsAFreshState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, restarts journal
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		parent, err := system.Run(generations(&j, nil),
			akt.WithSupervisor(akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
				restarts.add("")
				return akt.Restart
			}}))
		require.NoError(t, err)
		_, err = contextOf(t, parent).Run(&doll{onStopping: func(ctx akt.Context) bool {
			time.Sleep(time.Second) // the parent was told
			assert.NoError(t, ctx.Private().Notify(ctx, crash()))
			return true
		}}, supOption(akt.Escalate))
		require.NoError(t, err)
		require.NoError(t, system.Shutdown(context.Background()))
		require.Len(t, restarts.all(), 1)
		require.Equal(t,
			[]string{"Spawn 1", "OnStart 1", "OnStopping 1", "OnStopped 1", "Spawn 2", "OnStart 2",
				"OnStopping 2", "OnStopped 2"}, j.all())
	})
}

// Shutdown: an actor that goes to wait for its restart with nothing queued is not waited for.
func TestShutdownDoesNotWaitForAnEmptyRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system, addr := states(t, &dead, func(int) *doll { return &doll{} })
		require.NoError(t, addr.Notify(t.Context(), crash()))
		settled(t, addr)
		leave := make(chan struct{})
		require.NoError(t,
			addr.Notify(t.Context(), deed(func(akt.Context) { <-leave; panic("again") })))
		began := time.Now()
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		close(leave)
		require.NoError(t, <-over)
		require.Zero(t, time.Since(began))
	})
}

// Shutdown: the tick of an interval that turns out to be of no message is no message, so OnStopping
// is told again of what was handled beside it.
func TestTickOfNoMessageHidesNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		sink, err := system.Run(&doll{})
		require.NoError(t, err)
		flusher, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			if err := sink.Notify(ctx, j.entry("flushed")); err != nil {
				j.add("flush: %v", err)
			}
			return true
		}})
		require.NoError(t, err)
		var timer *akt.Timer
		ticks := 0
		timer = contextOf(t, flusher).Private().NotifyInterval(func() any {
			if ticks++; ticks > 1 {
				timer.Stop() // this tick is of no message
			}
			return deed(func(akt.Context) {})
		}, time.Hour)
		slow, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			time.Sleep(90 * time.Minute) // the second tick comes meanwhile
			j.add("late: %v", flusher.Notify(ctx, j.entry("handled")))
			return true
		}})
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, system.Shutdown(context.Background()))
		<-slow.Done()
		require.Equal(t, []string{"flushed", "late: <nil>", "handled", "flushed"}, j.all()[:4])
	})
}
