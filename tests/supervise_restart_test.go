package tests_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about restarts: what goes on, and what ends with the state that failed.

// L5: an actor run from a Spawner goes on after a panic with a fresh state: OnStopped of the old,
// Spawn, OnStart of the new. It keeps its address, and what is sent to it then is handled by the
// new state.
func TestRestartMakesAFreshState(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			var j journal
			addr := path.run(t, generations(&j, nil))
			require.Equal(t, [2]int{1, 1}, touch(t, addr))
			require.Equal(t, [2]int{1, 2}, touch(t, addr))
			_, err := path.send(t, addr, Stray{})
			requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
			require.ErrorAs(t, err, new(*akt.PanicError))
			require.Equal(t, [2]int{2, 1}, touch(t, addr))
			require.False(t, addr.IsClosed())
			require.NoError(t, addr.Err())
			addr.Stop()
			<-addr.Done()
			require.NoError(t, addr.Err())
			require.Equal(t, []string{
				"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "OnStopping 2",
				"OnStopped 2",
			}, j.all())
		})
	}
}

// L5: at a restart the queue stays, in its order and both lanes of it, and so do name and watchers,
// who are not told.
func TestRestartKeepsQueueNameAndWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		system := deadLetters(&dead)
		addr, err := system.Run(generations(&j, nil), akt.WithName("name"))
		require.NoError(t, err)
		watcher := run(t, &doll{onTerminated: func(_ akt.Context, m akt.Terminated) {
			j.add("Terminated %s", m.Name)
		}})
		_, err = watcher.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Watch(addr) }))
		require.NoError(t, err)
		private := contextOf(t, addr).Private()
		leave := hold(t, addr)
		require.NoError(t, private.Notify(t.Context(), Stray{}))
		require.NoError(t, private.Notify(t.Context(), j.entry("private")))
		require.NoError(t, addr.Notify(t.Context(), j.entry("public")))
		leave()
		require.Equal(t, [2]int{2, 1}, touch(t, addr))
		found, ok := system.Lookup("name")
		require.True(t, ok)
		require.Equal(t, [2]int{2, 2}, touch(t, found))
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2",
			"private", "public"}, j.all())
		require.Equal(t, []string{"tests_test.Stray: akt: panic: a Stray was handled"}, dead.all(),
			"nobody else hears of the panic")
		found.Stop()
		<-addr.Done()
		synctest.Wait()
		require.Equal(t, []string{"OnStopping 2", "OnStopped 2", "Terminated name"}, j.all()[7:])
	})
}

// L5: at a restart the old state's timers and children end, before its OnStopped; the new one
// begins without them.
func TestRestartEndsTimersAndChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var child *akt.Address
		addr := run(t, akt.Spawner[*doll](func() *doll {
			return &doll{onStopped: func(akt.Context) { j.add("OnStopped of the parent") }}
		}), quiet())
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			ctx.Private().NotifyInterval(func() any { return j.entry("tick") }, time.Second)
			ctx.Private().NotifyLater(j.entry("late"), time.Hour)
			var err error
			child, err = ctx.Run(&doll{onStopped: func(akt.Context) {
				time.Sleep(time.Minute)
				j.add("OnStopped of the child")
			}})
			assert.NoError(t, err)
		}))
		require.NoError(t, err)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []string{"tick", "tick"}, j.all())
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		settled(t, addr)
		<-child.Done()
		time.Sleep(10 * time.Hour)
		require.Equal(t,
			[]string{"tick", "tick", "OnStopped of the child", "OnStopped of the parent"}, j.all())
	})
}

// L5: a child that asks its parent while that waits for the child's end at a restart is told of the
// deadlock, and both go on.
func TestRestartDoesNotWaitForAChildThatWaitsForIt(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before the panic", "after the panic"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), quiet())
				reply, err := addr.Send(t.Context(),
					play(func(ctx akt.Context) (any, error) { return ctx.Run(&doll{}) }))
				require.NoError(t, err)
				child, private := reply.(*akt.Address), contextOf(t, addr).Private()
				leave := hold(t, addr)
				require.NoError(t, contextOf(t, child).
					Private().Notify(t.Context(), deed(func(ctx akt.Context) {
					if when == "after the panic" {
						time.Sleep(time.Minute)
					}
					_, err := addr.Send(ctx, deed(func(akt.Context) {}))
					assert.ErrorIs(t, err, akt.ErrDeadlock)
				})))
				if when == "before the panic" {
					synctest.Wait()
				}
				require.NoError(t, private.Notify(t.Context(), Stray{}))
				leave()
				<-child.Done()
				settled(t, addr)
			})
		})
	}
}

// L5: an actor run from a value does not go on after a panic, and what was queued is not handled:
// senders and dead letters say so.
func TestPanicOfAValueStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		addr, err := deadLetters(&dead).Run(lifeOf(&j))
		require.NoError(t, err)
		leave := hold(t, addr)
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		require.NoError(t, addr.TryNotify(context.Background(), j.entry("queued")))
		queued := make(chan error)
		go func() {
			_, err := addr.Send(t.Context(), j.entry("queued"))
			queued <- err
		}()
		synctest.Wait()
		leave()
		err = <-queued
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
		require.ErrorAs(t, err, new(*akt.PanicError))
		<-addr.Done()
		require.Equal(t, []string{"OnStart", "OnStopped"}, j.all())
		require.Equal(t, []string{"tests_test.Stray: akt: panic: a Stray was handled",
			"tests_test.dollAct: stopped"}, dead.all())
	})
}

// L5: a new state whose OnStart fails gets no OnStopped; at the restart limit the actor dies of
// that error.
func TestRestartWhoseOnStartFails(t *testing.T) {
	t.Parallel()
	own := errors.New("no second start")
	for name, fail := range map[string]func() error{
		"error":  func() error { return own },
		"panic":  func() error { panic(own) },
		"Goexit": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j journal
			addr := run(t, generations(&j, func(n int) error {
				if n == 2 {
					return fail()
				}
				return nil
			}), quiet(), akt.WithSupervisor(akt.Supervisor{MaxRestarts: 1}))
			require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
			<-addr.Done()
			require.Equal(t,
				[]string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2"}, j.all())
			require.Error(t, addr.Err())
			if name != "Goexit" {
				require.ErrorIs(t, addr.Err(), own)
			}
			_, err := addr.Send(t.Context(), Touch{})
			requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
		})
	}
}

// L5: a Spawner that makes nothing at a restart, or panics, ends the actor instead of the program.
func TestRestartWithoutAState(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func() *doll{
		"nil":   func() *doll { return nil },
		"panic": func() *doll { panic("nothing left") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopped, spawned := 0, 0
			addr := run(t, akt.Spawner[*doll](func() *doll {
				if spawned++; spawned > 1 {
					return second()
				}
				return &doll{onStopped: func(akt.Context) { stopped++ }}
			}), quiet(), akt.WithSupervisor(akt.Supervisor{MaxRestarts: 1}))
			_, err := addr.Send(context.Background(), Stray{})
			require.Error(t, err)
			<-addr.Done()
			require.Error(t, addr.Err())
			require.Equal(t, 1, stopped)
		})
	}
}

// L5, L3: an actor that panics while it drains restarts, handles the rest with the fresh state, and
// stops.
func TestRestartWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		leave := hold(t, addr)
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		require.NoError(t, addr.TryNotify(context.Background(),
			deed(func(ctx akt.Context) { j.add("accepted, %v", ctx.State()) })))
		addr.Stop()
		leave()
		<-addr.Done()
		require.Equal(t, []string{
			"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "accepted, stopping",
			"OnStopping 2", "OnStopped 2",
		}, j.all())
		require.NoError(t, addr.Err())
	})
}

// L5: Goexit in a handler counts as a panic: the goroutine is gone, the actor restarts on another
// one and goes on.
func TestRestartAfterGoexit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { runtime.Goexit() })))
		require.NoError(t, addr.Notify(t.Context(), j.entry("next")))
		require.Equal(t, [2]int{2, 1}, touch(t, addr))
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2",
			"next"}, j.all())
	})
}

// L4: what a state's timers, its watches and anybody's Do have queued is withdrawn at a restart,
// and counted as dropped; a due one-shot timer and a function are dead letters, and the others are
// not. What others have sent stays.
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
		require.Equal(t, []string{"tests_test.dollAct: crash", "tests_test.dollAct: stopped",
			"func(akt.Context): stopped",
			"tests_test.dollAct: stopped"}, letterKinds(dead.all()))
		for info := range system.Actors() {
			require.EqualValues(t, 5, info.Dropped,
				"two timers, an interval, a function and a Terminated")
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

// L4: with the Context of a state that has ended, nothing is made that would reach the next one: no
// child, no watch, no Promise.
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

// A Promise fails once the state that owes it has ended, at once and by no collector: at a restart,
// at any end, and also where OnStopped does not return. One that OnStopped settles is settled.
func TestPromiseOfAnEndedState(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *akt.System, *akt.Address){
		"restart": func(t *testing.T, _ *akt.System, a *akt.Address) {
			require.NoError(t, a.Notify(t.Context(), crash()))
		},
		"Stop": func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() },
		"Context.Stop": func(t *testing.T, _ *akt.System, a *akt.Address) {
			contextOf(t, a).Stop()
		},
		"Drain": func(t *testing.T, _ *akt.System, a *akt.Address) { contextOf(t, a).Drain() },
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
				_, err := addr.Send(t.Context(),
					deed(func(ctx akt.Context) { kept, settledLast = akt.NewPromise[int](ctx) }))
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

func failAtZero(m int, used *int) int {
	if m == 0 {
		panic("a failure")
	}
	*used++
	return *used
}

// onePointer is a state that knows how often it was used.
type (
	onePointer struct{ n int }
	oneMap     map[string]int
	oneOfNone  struct{}
)

func (p *onePointer) HandleInt(_ akt.Context, m int) int { return failAtZero(m, &p.n) }

func (m oneMap) HandleInt(_ akt.Context, n int) int {
	m["n"]++
	used := m["n"] - 1
	return failAtZero(n, &used)
}

func (oneOfNone) HandleInt(_ akt.Context, m int) int { return failAtZero(m, new(int)) }

// L5: a Spawner that returns the state again that failed is a failure of the restart, told to the
// supervisor and in the end by Err; a fresh one after that goes on.
func TestSpawnerThatReturnsTheSameState(t *testing.T) {
	t.Parallel()
	one, oneOfMaps, another := &onePointer{}, oneMap{}, oneMap{}
	for name, row := range map[string]struct {
		again, fresh akt.Spawner[any]
	}{
		"a pointer": {func() any { return one }, func() any { return &onePointer{} }},
		"a map":     {func() any { return oneOfMaps }, func() any { return oneMap{} }},
		"a pointer to a map": {func() any { return &another },
			func() any { return &oneMap{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				states := 0
				var failures []error
				addr := run(t, akt.Spawner[any](func() any {
					if states++; states == 4 {
						return row.fresh()
					}
					return row.again()
				}), quiet(),
					akt.WithSupervisor(akt.Supervisor{Decide: func(f akt.Failure) akt.Directive {
						failures = append(failures, f.Err)
						return akt.Restart
					}}))
				_, err := addr.Send(t.Context(), 1)
				require.NoError(t, err)
				_, err = addr.Send(t.Context(), 0)
				require.Error(t, err)
				reply, err := addr.Send(t.Context(), 1)
				require.NoError(t, err)
				require.Equal(t, 1, reply)
				require.Len(t, failures, 3)
				for _, failure := range failures[1:] {
					var refused *akt.RegistrationError
					require.ErrorAs(t, failure, &refused)
					require.ErrorContains(t, failure,
						"the Spawner returned the state again that is to be replaced: have it "+
							"make a new one at each call")
				}
			})
		})
	}
}

// L5: the restart limit ends an actor whose Spawner never makes another state, and Err says why; so
// it is for one whose first fresh state did not start.
func TestSpawnerThatNeverMakesAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := &onePointer{}
		addr := run(t, akt.Spawner[*onePointer](func() *onePointer { return one }), quiet())
		_, err := addr.Send(t.Context(), 0)
		require.Error(t, err)
		<-addr.Done()
		require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
		require.Zero(t, one.n)

		states := []*doll{{}, {onStart: func(akt.Context) error { return errors.New("not yet") }}}
		made := 0
		addr = run(t, akt.Spawner[*doll](func() *doll { made++; return states[min(made, 2)-1] }),
			quiet())
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { panic("a failure") })))
		<-addr.Done()
		require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
	})
}

// L5: a state without size has nothing that could be wrong: its Spawner may return it again.
func TestSpawnerOfStatesWithoutSize(t *testing.T) {
	t.Parallel()
	one := &oneOfNone{}
	addr := run(t, akt.Spawner[*oneOfNone](func() *oneOfNone { return one }), quiet())
	_, err := addr.Send(t.Context(), 0)
	require.Error(t, err)
	reply, err := addr.Send(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 1, reply)
}

// L5: what the old state starts in its OnStopped at a restart would end up with the new one, and is
// refused: timers and children. The new one starts its own.
func TestRestartRefusesWhatTheOldStateStarts(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"returns", "panics"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j, dead journal
				system := deadLetters(&dead)
				old := &doll{onStopped: func(ctx akt.Context) {
					private := ctx.Private()
					assert.False(t, private.NotifyLater(j.entry("later"), time.Second).Stop())
					assert.False(t, private.NotifyLater(j.entry("at once"), 0).Stop())
					assert.False(t,
						private.NotifyInterval(func() any { return j.entry("interval") },
							time.Second).Stop())
					_, err := ctx.Run(lifeOf(&j))
					assert.ErrorIs(t, err, akt.ErrStopped)
					if way == "panics" {
						panic("in OnStopped")
					}
				}}
				fresh := &doll{onStart: func(ctx akt.Context) error {
					ctx.Private().NotifyLater(j.entry("its own"), time.Second)
					_, err := ctx.Run(&doll{onStart: func(akt.Context) error {
						j.add("its own child")
						return nil
					}})
					return err
				}}
				states := []*doll{old, fresh}
				addr, err := system.Run(akt.Spawner[*doll](func() *doll {
					state := states[0]
					states = states[1:]
					return state
				}))
				require.NoError(t, err)
				require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
				time.Sleep(time.Hour)
				require.Equal(t, []string{"its own child", "its own"}, j.all())
				require.Contains(t, dead.all(), "tests_test.dollAct: stopped",
					"what was refused is a dead letter")
				settled(t, addr)
				shutDown(t, system)
			})
		})
	}
}
