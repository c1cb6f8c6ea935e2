package tests_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// states runs an actor whose states are made by a function, the first with 1, in a system whose dead letters are noted.
func states(t *testing.T, dead *journal, of func(n int) *doll) (*akt.System, *akt.Address) {
	t.Helper()
	n := 0
	system := deadLetters(dead)
	addr, err := akt.Spawner[*doll](func() *doll { n++; return of(n) }).Run(akt.WithSystem(system), quiet(),
		akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Second, BackoffMax: time.Second}))
	require.NoError(t, err)
	return system, addr
}

func crash() dollAct { return deed(func(akt.Context) { panic("crash") }) }

// L4: what a state's timers, its watches and anybody's Do have queued is withdrawn at a restart, and counted as dropped; a due one-shot
// timer and a function are dead letters, and the others are not. What others have sent stays.
func TestRestartWithdrawsWhatTheStateHasQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		other := run(t, &doll{})
		system, addr := states(t, &dead, func(n int) *doll {
			return &doll{
				onTerminated: func(akt.Context, akt.Terminated) { j.add("told %d", n) },
				onStart: func(ctx akt.Context) error {
					if n > 1 {
						return nil
					}
					ctx.Watch(other)
					return nil
				},
			}
		})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			private := ctx.Private()
			private.NotifyLater(j.entry("due at once"), 0)
			private.NotifyLater(j.entry("due"), time.Second)
			private.NotifyLater(j.entry("not due"), time.Hour)
			private.NotifyInterval(func() any { return j.entry("tick") }, time.Minute)
			assert.NoError(t, private.Do(func(akt.Context) { j.add("function") }))
			assert.NoError(t, private.Notify(ctx, j.entry("sent to oneself")))
			other.Stop()
			<-other.Done()
			time.Sleep(2 * time.Second)
			panic("crash")
		})))
		require.NoError(t, addr.Notify(t.Context(), j.entry("sent by another")))
		time.Sleep(2 * time.Hour)
		settled(t, addr)
		require.Equal(t, []string{"sent to oneself", "sent by another"}, j.all())
		require.Equal(t, []string{"tests_test.dollAct: crash", "tests_test.dollAct: stopped", "func(akt.Context): stopped",
			"tests_test.dollAct: stopped"}, letterKinds(dead.all()))
		for info := range system.Actors() {
			require.EqualValues(t, 5, info.Dropped, "two timers, an interval, a function and a Terminated")
		}
		shutDown(t, system)
	})
}

// letterKinds are dead letters with the errors of restarts in short.
func letterKinds(letters []string) (kinds []string) {
	for _, l := range letters {
		if strings.HasPrefix(l, "tests_test.dollAct:") && l != "tests_test.dollAct: stopped" {
			l = "tests_test.dollAct: crash"
		}
		kinds = append(kinds, l)
	}
	return kinds
}

// L4: what a state queues that fails to start, or in its OnStopped, does not reach the next one.
func TestRestartWithdrawsWhatAFailedStartHasQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		system, addr := states(t, &dead, func(n int) *doll {
			queue := func(ctx akt.Context) {
				ctx.Private().NotifyLater(j.entry("timer of %d", n), 0)
				ctx.Private().NotifyLater(j.entry("later timer of %d", n), time.Minute)
				_ = ctx.Private().Do(func(akt.Context) { j.add("function of %d", n) })
			}
			return &doll{
				onStart: func(ctx akt.Context) error {
					if n == 2 {
						queue(ctx)
						return errors.New("not yet")
					}
					j.add("start %d", n)
					return nil
				},
				onStopped: func(ctx akt.Context) {
					if n == 1 {
						queue(ctx)
					}
				},
			}
		})
		require.NoError(t, addr.Notify(t.Context(), crash()))
		time.Sleep(time.Hour)
		require.Equal(t, []string{"start 1", "start 3"}, j.all())
		shutDown(t, system)
	})
}

// L4: with the Context of a state that has ended, nothing is made that would reach the next one: no child, no watch, no Promise.
func TestContextOfAnEndedState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		other := run(t, &doll{})
		system, addr := states(t, &dead, func(n int) *doll {
			return &doll{onTerminated: func(akt.Context, akt.Terminated) { j.add("told %d", n) }}
		})
		old := contextOf(t, addr)
		_, err := addr.Send(t.Context(), crash())
		require.Error(t, err)
		settled(t, addr)
		_, err = old.Run(&doll{})
		require.ErrorIs(t, err, akt.ErrStopped)
		old.Watch(other)
		other.Stop()
		<-other.Done()
		_, future := akt.NewPromise[int](old)
		_, err = future.Wait(t.Context())
		require.ErrorIs(t, err, akt.ErrStopped)
		settled(t, addr)
		require.Empty(t, j.all())
		current := contextOf(t, addr)
		_, err = current.Run(&doll{})
		require.NoError(t, err)
		shutDown(t, system)
	})
}

// A Promise fails once the state that owes it has ended, at once and by no collector: at a restart, at any end, and also where OnStopped
// does not return. One that OnStopped settles is settled.
func TestPromiseOfAnEndedState(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *akt.System, *akt.Address){
		"restart":      func(t *testing.T, _ *akt.System, a *akt.Address) { require.NoError(t, a.Notify(t.Context(), crash())) },
		"Stop":         func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() },
		"Context.Stop": func(t *testing.T, _ *akt.System, a *akt.Address) { contextOf(t, a).Stop() },
		"Drain":        func(t *testing.T, _ *akt.System, a *akt.Address) { contextOf(t, a).Drain() },
		"impatient Shutdown": func(t *testing.T, s *akt.System, _ *akt.Address) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorContains(t, s.Shutdown(ctx), "doll-1 owing 1 Promise (0 queued)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dead journal
				var kept *akt.Promise[int]
				system, addr := states(t, &dead, func(n int) *doll {
					return &doll{onStopped: func(akt.Context) {
						if n == 1 {
							kept.Resolve(7)
						}
					}}
				})
				asked := make(chan error, 2)
				ask := func(act dollAct) {
					go func() {
						_, err := akt.Ask[int](context.Background(), addr, act)
						asked <- err
					}()
					synctest.Wait()
				}
				ask(play(func(ctx akt.Context) (any, error) {
					_, f := akt.NewPromise[int](ctx)
					return f, nil
				}))
				var settledLast *akt.Future[int]
				_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { kept, settledLast = akt.NewPromise[int](ctx) }))
				require.NoError(t, err)
				end(t, system, addr)
				requireSendError(t, <-asked, akt.MaybeHandled, akt.ErrStopped)
				value, err := settledLast.Wait(t.Context())
				require.NoError(t, err)
				require.Equal(t, 7, value)
				_ = system.Shutdown(t.Context())
			})
		})
	}
}

// A Promise that no actor's state owes fails when its ctx ends, and with a nil one at once.
func TestPromiseOfAnotherContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	_, future := akt.NewPromise[int](ctx)
	kept, other := akt.NewPromise[int](ctx)
	kept.Resolve(1)
	cause := errors.New("enough")
	cancel(cause)
	_, err := future.Wait(context.Background())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, cause)
	value, err := other.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, value)
	var none context.Context
	_, future = akt.NewPromise[int](none)
	_, err = future.Wait(t.Context())
	require.ErrorContains(t, err, "the context is nil")
}

// StopCause tells OnStopped, and OnStopping, why the state ends; nil where the actor was asked to.
func TestStopCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		system, addr := states(t, &dead, func(n int) *doll {
			return &doll{
				onStopping: func(ctx akt.Context) bool { j.add("stopping %d: %v", n, ctx.StopCause()); return true },
				onStopped:  func(ctx akt.Context) { j.add("stopped %d: %v", n, ctx.StopCause()) },
			}
		})
		_, err := addr.Send(t.Context(), crash())
		require.Error(t, err)
		_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) { assert.NoError(t, ctx.StopCause()) }))
		require.NoError(t, err)
		shutDown(t, system)
		require.Equal(t, []string{"stopped 1: akt: panic: crash", "stopping 2: <nil>", "stopped 2: <nil>"}, j.all())
		require.NoError(t, akt.Context{}.StopCause())
	})
}

// Context.Stop in OnStopping has no effect: what it returns decides, and a veto is one.
func TestStopInOnStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		addr := run(t, &doll{onStopping: func(ctx akt.Context) bool {
			asked++
			ctx.Stop()
			return asked > 1
		}})
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Stop() }))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 1, asked)
		settled(t, addr)
		_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Stop() }))
		require.NoError(t, err)
		<-addr.Done()
	})
}

// L7: once OnStart has returned, Run returns the address, whatever ends the actor next; but where OnStart has called Stop or Drain.
func TestRunReturnsTheAddress(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(akt.Context) error{
		"a message stops it": func(ctx akt.Context) error {
			return ctx.Private().Do(func(ctx akt.Context) { ctx.Stop() })
		},
		"a message drains it": func(ctx akt.Context) error {
			return ctx.Private().Do(func(ctx akt.Context) { ctx.Drain() })
		},
		"a message panics": func(ctx akt.Context) error {
			return ctx.Private().Do(func(akt.Context) { panic("at once") })
		},
		"its address is stopped": func(ctx akt.Context) error { ctx.Address().Stop(); return nil },
	} {
		addr, err := akt.NewSystem().Run(&doll{onStart: start}, quiet())
		require.NoError(t, err, name)
		<-addr.Done()
	}
	for name, start := range map[string]func(akt.Context){"Stop": akt.Context.Stop, "Drain": akt.Context.Drain} {
		var j journal
		_, err := akt.NewSystem().Run(&doll{
			onStart: func(ctx akt.Context) error {
				_ = ctx.Private().Do(func(akt.Context) { j.add("function") })
				start(ctx)
				return nil
			},
			onStopped: func(akt.Context) { j.add("OnStopped") },
		}, quiet())
		require.ErrorIs(t, err, akt.ErrStopped, name)
		require.Contains(t, j.all(), "OnStopped")
		require.Equal(t, name == "Drain", len(j.all()) == 2)
	}
}

// L4: after Timer.Stop has said true no message of the timer begins, also where the interval's own function calls it.
func TestTimerStoppedByItsFunction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		var timer *akt.Timer
		handled := 0
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			timer = ctx.Private().NotifyInterval(func() any {
				assert.True(t, timer.Stop())
				return deed(func(akt.Context) { handled++ })
			}, time.Second)
		}))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		settled(t, addr)
		require.Zero(t, handled)
	})
}
