package tests_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about an actor's life from Run to its end, in order.

// OnStart has returned when Run does, and before the first message is handled, also one that
// OnStart itself sent.
func TestOnStartComesFirst(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{onStart: func(ctx akt.Context) error {
		assert.Equal(t, akt.Starting, ctx.State())
		assert.NoError(t, ctx.Address().Notify(ctx, j.entry("public")))
		assert.NoError(t, ctx.Private().Notify(ctx, j.entry("private")))
		runtime.Gosched()
		j.add("OnStart")
		return nil
	}})
	require.Contains(t, j.all(), "OnStart")
	settled(t, addr)
	require.Equal(t, []string{"OnStart", "private", "public"}, j.all())
	require.Equal(t, akt.Started, contextOf(t, addr).State())
}

// OnStart's error is Run's, unchanged: the actor is gone, with its children, timers and name, and
// gets no OnStopped.
func TestOnStartFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("OnStart's own")
		var j, dead journal
		system := deadLetters(&dead)
		var kept akt.Context
		var child *akt.Address
		_, err := system.Run(&doll{
			onStart: func(ctx akt.Context) error {
				kept = ctx
				var err error
				child, err = ctx.Run(lifeOf(&j))
				assert.NoError(t, err)
				ctx.Private().NotifyLater(j.entry("timer"), time.Second)
				assert.NoError(t, ctx.Address().Notify(ctx, j.entry("notification")))
				return own
			},
			onStopping: func(akt.Context) bool { j.add("OnStopping"); return true },
			onStopped:  func(akt.Context) { j.add("OnStopped of the one that failed") },
		}, akt.WithName("name"))
		//nolint:errorlint,testifylint // the identity is the promise
		require.True(t, err == own, "%v", err)
		<-child.Done()
		require.Equal(t, akt.Stopped, kept.State())
		require.True(t, kept.Address().IsClosed())
		time.Sleep(time.Minute)
		require.Equal(t, []string{"OnStart", "OnStopping", "OnStopped"}, j.all(),
			"the child's hooks, and nothing else")
		require.Equal(t, []string{"tests_test.dollAct: stopped"}, dead.all())
		again, err := system.Run(&doll{}, akt.WithName("name"))
		require.NoError(t, err, "the name is free")
		again.Stop()
		<-again.Done()
	})
}

// A panic in OnStart is Run's error, as a *PanicError; Goexit in it ends Run's goroutine, and the
// name is free after both.
func TestOnStartPanics(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	stopped := func(akt.Context) { t.Error("OnStopped of an actor that was not started") }
	_, err := system.Run(&doll{onStopped: stopped,
		onStart: func(akt.Context) error { panic("broken") }}, akt.WithName("n"), quiet())
	var failure *akt.PanicError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "broken", failure.Value)
	require.Contains(t, string(failure.Stack), "TestOnStartPanics")

	var ended sync.WaitGroup
	ended.Go(func() {
		_, err := system.Run(
			&doll{onStopped: stopped,
				onStart: func(akt.Context) error { runtime.Goexit(); return nil }},
			akt.WithName("n"), quiet())
		t.Error("Run returned:", err)
	})
	ended.Wait()
	_, err = system.Run(&doll{}, akt.WithName("n"))
	require.NoError(t, err)
	shutDown(t, system)
}

// L3: Address.Stop takes no new messages, has the accepted ones handled, tells OnStopping whatever
// it answers, then stops.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, &doll{
			onStopping: func(ctx akt.Context) bool {
				j.add("OnStopping, %v", ctx.State())
				return false
			},
			onStopped: func(ctx akt.Context) { j.add("OnStopped, %v", ctx.State()) },
		})
		kept := contextOf(t, addr)
		leave := hold(t, addr)
		require.NoError(t, addr.Notify(t.Context(), j.entry("public")))
		go func() {
			_, err := addr.Send(t.Context(), j.entry("request"))
			assert.NoError(t, err)
		}()
		synctest.Wait()
		require.NoError(t, kept.Private().Notify(t.Context(), j.entry("private")))
		addr.Stop()
		addr.Stop()
		require.Equal(t, akt.Stopping, kept.State())
		require.True(t, addr.IsClosed())
		require.False(t, addr.IsConnected())
		require.NoError(t, addr.Err())
		_, err := addr.Send(t.Context(), j.entry("too late"))
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		require.ErrorIs(t, addr.Notify(t.Context(), j.entry("too late")), akt.ErrStopped)
		require.ErrorIs(t, kept.Private().Notify(t.Context(), j.entry("too late")), akt.ErrStopped)
		require.ErrorIs(t, kept.Private().Do(func(akt.Context) { j.add("too late") }),
			akt.ErrStopped)
		_, ok := addr.Downgrade().Upgrade()
		require.False(t, ok)
		leave()
		<-addr.Done()
		require.Equal(t, []string{"private", "public", "request", "OnStopping, stopping",
			"OnStopped, stopping"}, j.all())
		require.Equal(t, akt.Stopped, kept.State())
		require.NoError(t, addr.Err())
	})
}

// L3: who waits for room when the actor is told to stop was not accepted, and hears so at once.
func TestStopRefusesWhoWaitsForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		require.NoError(t, addr.TryNotify(context.Background(), j.entry("accepted")))
		failures := make(chan error, 2)
		go func() {
			_, err := addr.Send(t.Context(), j.entry("waits"))
			failures <- err
		}()
		go func() { failures <- addr.Notify(t.Context(), j.entry("waits")) }()
		synctest.Wait()
		addr.Stop()
		for range 2 {
			requireSendError(t, <-failures, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		}
		leave()
		<-addr.Done()
		require.Equal(t, []string{"accepted"}, j.all())
	})
}

// L2: Context.Stop leaves what is queued unhandled: its senders hear so, and notifications become
// dead letters.
func TestContextStopDoesNotDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		addr, err := deadLetters(&dead).Run(lifeOf(&j), akt.WithMailbox(3))
		require.NoError(t, err)
		leave := hold(t, addr)
		kept := make(chan akt.Context, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			kept <- ctx
			ctx.Stop()
			j.add("last message")
		})))
		require.NoError(t, addr.Notify(t.Context(), Stray{}))
		failures := make(chan error, 2)
		send := func() {
			_, err := addr.Send(t.Context(), j.entry("queued"))
			failures <- err
		}
		go send() // the third place
		synctest.Wait()
		go func() { // waits for room, which there is when the last message begins
			failures <- addr.Notify(t.Context(), Stray{})
		}()
		synctest.Wait()
		leave()
		var accepted, refused int
		for range 2 {
			if err := <-failures; err != nil {
				requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
				refused++
			} else {
				accepted++
			}
		}
		require.Equal(t, 1, refused)
		require.Equal(t, 1, accepted)
		<-addr.Done()
		require.Equal(t, []string{"OnStart", "last message", "OnStopping", "OnStopped"}, j.all())
		require.Equal(t, []string{"tests_test.Stray: stopped", "tests_test.Stray: stopped"},
			dead.all())
		require.True(t, (<-kept).Address().IsClosed())
	})
}

// L2: Context.Stop comes after the current message, also on a Context that was kept, where the
// actor is busy or idle.
func TestContextStopFromOutside(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"idle", "busy"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				addr := run(t, lifeOf(&j))
				kept := contextOf(t, addr)
				leave := func() {}
				if state == "busy" {
					leave = hold(t, addr)
				}
				kept.Stop()
				synctest.Wait()
				if state == "busy" {
					require.Equal(t, []string{"OnStart"}, j.all())
				}
				leave()
				<-addr.Done()
				require.Equal(t, []string{"OnStart", "OnStopping", "OnStopped"}, j.all())
			})
		})
	}
}

// Hooks that panic: a panic in OnStopping counts as true, one in OnStopped is logged, and the actor
// ends all the same.
func TestHooksThatPanic(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func(){
		"panic":  func() { panic("broken hook") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for stopBy, stop := range map[string]func(*akt.Address){
				"Address.Stop": (*akt.Address).Stop,
				"Context.Stop": func(addr *akt.Address) {
					_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Stop() }))
					require.NoError(t, err)
				},
			} {
				var j journal
				var log bytes.Buffer
				addr := run(t, &doll{
					onStopping: func(akt.Context) bool {
						j.add("OnStopping")
						failing()
						return false
					},
					onStopped: func(akt.Context) { j.add("OnStopped"); failing() },
				}, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				stop(addr)
				<-addr.Done()
				require.Equal(t, []string{"OnStopping", "OnStopped"}, j.all(), stopBy)
				require.NoError(t, addr.Err())
				require.Contains(t, log.String(), "in=OnStopping")
				require.Contains(t, log.String(), "in=OnStopped")
			}
		})
	}
}

// OnStopped is the last call, made exactly once, however the actor ended; Done closes after it has
// returned.
func TestOnStoppedExactlyOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		end     func(*testing.T, *akt.System, *akt.Address)
		journal []string
		fails   bool
	}{
		{"Address.Stop", func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() },
			[]string{"OnStopping", "OnStopped"}, false},
		{"Release", func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Release() },
			[]string{"OnStopped"}, false},
		{"Context.Stop", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			require.NoError(t,
				a.TryNotify(context.Background(), deed(func(ctx akt.Context) { ctx.Stop() })))
		}, []string{"OnStopping", "OnStopped"}, false},
		{"Shutdown",
			func(t *testing.T, s *akt.System, _ *akt.Address) { t.Helper(); shutDown(t, s) },
			[]string{"OnStopping", "OnStopped"}, false},
		{"a panic in a request", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			_, err := a.Send(t.Context(), Stray{})
			require.Error(t, err)
		}, []string{"OnStopped"}, true},
		{"a panic in an inline request", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			_, err := a.Send(context.Background(), Stray{})
			require.Error(t, err)
		}, []string{"OnStopped"}, true},
		{"a panic in a notification", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		}, []string{"OnStopped"}, true},
		{"a panic in Do", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			require.NoError(t, contextOf(t, a).Private().Do(func(akt.Context) { panic("broken") }))
		}, []string{"OnStopped"}, true},
		{"a panic in the function of an interval",
			func(t *testing.T, _ *akt.System, a *akt.Address) {
				t.Helper()
				contextOf(t, a).Private().NotifyInterval(func() any { panic("broken") }, time.Hour)
			}, []string{"OnStopped"}, true},
		{"Goexit in a notification", func(t *testing.T, _ *akt.System, a *akt.Address) {
			t.Helper()
			require.NoError(t,
				a.TryNotify(context.Background(), deed(func(akt.Context) { runtime.Goexit() })))
		}, []string{"OnStopped"}, true},
		{"all at once", func(t *testing.T, s *akt.System, a *akt.Address) {
			t.Helper()
			leave := hold(t, a)
			weak := a.Downgrade()
			a.Stop()
			a.Release()
			require.True(t, weak.IsClosed())
			leave()
			shutDown(t, s)
			shutDown(t, s)
		}, []string{"OnStopping", "OnStopped"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				system := akt.NewSystem(akt.WithDefaults(quiet()))
				returned := false
				addr, err := system.Run(&doll{
					onStopping: func(akt.Context) bool { j.add("OnStopping"); return true },
					onStopped: func(akt.Context) {
						j.add("OnStopped")
						time.Sleep(time.Second)
						returned = true
					},
				})
				require.NoError(t, err)
				row.end(t, system, addr)
				<-addr.Done()
				require.True(t, returned, "Done was closed before OnStopped had returned")
				shutDown(t, system)
				require.Equal(t, row.journal, j.all())
				require.Equal(t, row.fails, addr.Err() != nil, "%v", addr.Err())
			})
		})
	}
}

// L4: children end before their parent does: their OnStopped has returned when the parent's is
// called, at every depth.
func TestChildrenEndBeforeParents(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *akt.Address){
		"Address.Stop": func(_ *testing.T, a *akt.Address) { a.Stop() },
		"Context.Stop": func(t *testing.T, a *akt.Address) {
			t.Helper()
			require.NoError(t,
				a.TryNotify(context.Background(), deed(func(ctx akt.Context) { ctx.Stop() })))
		},
		"Release": func(_ *testing.T, a *akt.Address) { a.Release() },
		"panic": func(t *testing.T, a *akt.Address) {
			t.Helper()
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				family := func(name string, start func(akt.Context) error) *doll {
					return &doll{onStart: start, onStopped: func(akt.Context) {
						time.Sleep(time.Second) // whoever does not wait is faster
						j.add("%s", name)
					}}
				}
				addr := run(t, family("parent", func(ctx akt.Context) error {
					_, err := ctx.Run(family("child", func(ctx akt.Context) error {
						_, err := ctx.Run(family("grandchild", nil))
						return err
					}))
					return err
				}), quiet())
				end(t, addr)
				<-addr.Done()
				require.Equal(t, []string{"grandchild", "child", "parent"}, j.all())
			})
		})
	}
}

// L3: a parent's stop has the child handle what it accepted; a veto of the child is ignored.
func TestParentsStopDrainsChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var child *akt.Address
		addr := run(t, &doll{onStart: func(ctx akt.Context) (err error) {
			child, err = ctx.Run(&doll{
				onStopping: func(akt.Context) bool { j.add("OnStopping"); return false },
				onStopped:  func(akt.Context) { j.add("OnStopped") },
			})
			return err
		}})
		leave := hold(t, child)
		require.NoError(t, child.TryNotify(context.Background(), j.entry("accepted")))
		addr.Stop()
		synctest.Wait()
		require.ErrorIs(t, child.TryNotify(context.Background(), Stray{}), akt.ErrStopped)
		leave()
		<-addr.Done()
		require.Equal(t, []string{"accepted", "OnStopping", "OnStopped"}, j.all())
	})
}

// L6: an idle actor owns no goroutine: not after its messages, nor while its timers wait and its
// children and watches are there.
func TestIdleActorOwnsNoGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		before := goroutinesOfBubble(t)
		var last *akt.Address
		for range 50 {
			addr, err := system.Run(&doll{}, akt.WithContext(t.Context()))
			require.NoError(t, err)
			_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) {
				_, err := ctx.Run(newGate())
				assert.NoError(t, err)
				ctx.Private().NotifyInterval(func() any { return deed(func(akt.Context) {}) },
					time.Hour)
				ctx.Private().NotifyLater(Stray{}, 1000*time.Hour)
				if last != nil {
					ctx.Watch(last)
				}
			}))
			require.NoError(t, err)
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
			require.NotNil(t, addr.Done())
			last = addr
		}
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		require.Equal(t, before, goroutinesOfBubble(t))
		shutDown(t, system)
		synctest.Wait()
		require.Equal(t, before, goroutinesOfBubble(t), "an ended one owns none either")
	})
}

// L7: once OnStart has returned, Run returns the address, whatever ends the actor next; but where
// OnStart has called Stop or Drain.
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
	for name, start := range map[string]func(akt.Context){
		"Stop": akt.Context.Stop, "Drain": akt.Context.Drain,
	} {
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

// Run: a Spawner that panics is an error, whatever its type says of what it makes; and it is asked
// once for each actor.
func TestSpawnerOfAny(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		_, err := akt.NewSystem().Run(akt.Spawner[any](func() any { panic("oh") }))
		require.Error(t, err)
	})
	made := 0
	run(t, akt.Spawner[any](func() any { made++; return &askActor{} }))
	require.Equal(t, 1, made)
}

// Context.Stop in OnStart asks OnStopping once: where that vetoes, the actor starts.
func TestVetoOfAStopInOnStart(t *testing.T) {
	t.Parallel()
	asked := 0
	addr := run(t, &doll{
		onStart:    func(ctx akt.Context) error { ctx.Stop(); return nil },
		onStopping: func(akt.Context) bool { asked++; return asked > 1 },
	})
	settled(t, addr)
	require.Equal(t, 1, asked)
	require.Equal(t, akt.Started, contextOf(t, addr).State())
}

// State is Stopping in OnStopping, whoever asks or tells, and in OnStopped at whatever end; and
// Starting in the OnStopped of a restart.
func TestStateInHooks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		live func(t *testing.T, system *akt.System, addr *akt.Address)
		want []string
	}{
		"Address.Stop": {func(_ *testing.T, _ *akt.System, addr *akt.Address) { addr.Stop() },
			[]string{"OnStopping stopping", "OnStopped stopping"}},
		"Context.Stop": {func(t *testing.T, _ *akt.System, addr *akt.Address) {
			t.Helper()
			contextOf(t, addr).Stop()
		},
			[]string{"OnStopping stopping", "OnStopped stopping"}},
		"Shutdown": {func(t *testing.T, system *akt.System, _ *akt.Address) {
			t.Helper()
			shutDown(t, system)
		},
			[]string{"OnStopping stopping", "OnStopped stopping"}},
		"a panic": {func(t *testing.T, _ *akt.System, addr *akt.Address) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), Stray{}))
		}, []string{"OnStopped stopping"}},
		"a restart": {func(t *testing.T, _ *akt.System, addr *akt.Address) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), crash()))
			settled(t, addr)
			addr.Stop()
		}, []string{"OnStopped starting", "OnStopping stopping", "OnStopped stopping"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				system := akt.NewSystem()
				addr, err := system.Run(akt.Spawner[*doll](func() *doll {
					return &doll{
						onStart: func(ctx akt.Context) error {
							assert.Equal(t, akt.Starting, ctx.State())
							return nil
						},
						onStopping: func(ctx akt.Context) bool {
							j.add("OnStopping %v", ctx.State())
							return true
						},
						onStopped: func(ctx akt.Context) { j.add("OnStopped %v", ctx.State()) },
					}
				}), quiet(), akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
				require.NoError(t, err)
				row.live(t, system, addr)
				<-addr.Done()
				require.Equal(t, row.want, j.all())
				shutDown(t, system)
			})
		})
	}
	var j journal
	_, err := akt.NewSystem().Run(&doll{
		onStart:    func(ctx akt.Context) error { ctx.Stop(); return nil },
		onStopping: func(ctx akt.Context) bool { j.add("%v", ctx.State()); return true },
	})
	require.ErrorIs(t, err, akt.ErrStopped)
	require.Equal(t, []string{"stopping"}, j.all())
}
