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
		"Context.Stop": {func(t *testing.T, _ *akt.System, addr *akt.Address) { t.Helper(); contextOf(t, addr).Stop() },
			[]string{"OnStopping stopping", "OnStopped stopping"}},
		"Shutdown": {func(t *testing.T, system *akt.System, _ *akt.Address) { t.Helper(); shutDown(t, system) },
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
						onStart:    func(ctx akt.Context) error { assert.Equal(t, akt.Starting, ctx.State()); return nil },
						onStopping: func(ctx akt.Context) bool { j.add("OnStopping %v", ctx.State()); return true },
						onStopped:  func(ctx akt.Context) { j.add("OnStopped %v", ctx.State()) },
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

// StopCause tells an OnStopped why its actor ends, where that was not asked to.
func TestStopCauseOfAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, &doll{onStopped: func(ctx akt.Context) { j.add("%v", ctx.StopCause()) }}, quiet())
		require.NoError(t, addr.Notify(t.Context(), crash()))
		<-addr.Done()
		require.Equal(t, []string{"akt: panic: crash"}, j.all())
	})
}

// stoppingCtx calls a function as it is told to tell of its end: after OnStart has returned, and
// before Run does.
type stoppingCtx struct {
	*tellingCtx

	then func()
}

func (c *stoppingCtx) AfterFunc(f func()) func() bool {
	c.then()
	return c.tellingCtx.AfterFunc(f)
}

// L7: a Context of OnStart that stops the actor after OnStart has returned is no Stop in OnStart:
// Run returns the address.
func TestStopAfterOnStart(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(akt.Context){"Stop": akt.Context.Stop, "Drain": akt.Context.Drain} {
		synctest.Test(t, func(t *testing.T) {
			var kept akt.Context
			life := &stoppingCtx{newTellingCtx(t.Context()), func() { stop(kept) }}
			addr, err := akt.NewSystem().Run(&doll{onStart: func(ctx akt.Context) error { kept = ctx; return nil }},
				akt.WithContext(life))
			require.NoError(t, err, name)
			<-addr.Done()
		})
	}
}

// L4: a watch ends with the state that began it: the next one is not told, when the watched actor
// ends later; nor of one that OnStopped watches.
func TestWatchesEndWithTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		one, other := run(t, &doll{}), run(t, &doll{})
		_, addr := states(t, &dead, func(n int) *doll {
			return &doll{
				onTerminated: func(_ akt.Context, m akt.Terminated) { j.add("%d: %s", n, m.Name) },
				onStart: func(ctx akt.Context) error {
					if n == 1 {
						ctx.Watch(one)
					}
					return nil
				},
				onStopped: func(ctx akt.Context) { ctx.Watch(other) },
			}
		})
		require.NoError(t, addr.Notify(t.Context(), crash()))
		settled(t, addr)
		one.Stop()
		other.Stop()
		<-one.Done()
		<-other.Done()
		settled(t, addr)
		require.Empty(t, j.all())
		addr.Stop()
		<-addr.Done()
	})
}

// Info: a Terminated that comes while its watcher drains is dropped, and counted.
func TestTerminatedWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithName("watcher"))
		require.NoError(t, err)
		target := run(t, &doll{})
		watch(t, addr, target)
		leave := hold(t, addr)
		addr.Stop()
		target.Stop()
		<-target.Done()
		synctest.Wait()
		for info := range system.Actors() {
			require.EqualValues(t, 1, info.Dropped)
		}
		leave()
		shutDown(t, system)
	})
}

// Escalate: it comes after the current message, also before those that the parent has taken from
// its queue at once.
func TestEscalationComesBeforeABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		system := deadLetters(&dead)
		parent, err := system.Run(&doll{}, akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
		require.NoError(t, err)
		child, err := contextOf(t, parent).Run(&doll{}, supOption(akt.Escalate))
		require.NoError(t, err)
		leave := hold(t, parent)
		require.NoError(t, parent.Notify(t.Context(), deed(func(akt.Context) {
			assert.NoError(t, child.Notify(context.Background(), Stray{}))
			<-child.Done()
			time.Sleep(time.Second)
			j.add("first")
		})))
		for range 5 {
			require.NoError(t, parent.Notify(t.Context(), j.entry("later")))
		}
		leave()
		<-parent.Done()
		require.Equal(t, []string{"first"}, j.all())
		require.Len(t, dead.all(), 6)
		shutDown(t, system)
	})
}

// Shutdown: a state that was made while all were told of the stop is told, too, though it has
// handled nothing: here its actor restarts for a child.
func TestShutdownTellsAFreshState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, restarts journal
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		parent, err := system.Run(generations(&j, nil), akt.WithSupervisor(akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
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
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopping 1", "OnStopped 1", "Spawn 2", "OnStart 2",
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
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { <-leave; panic("again") })))
		began := time.Now()
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		close(leave)
		require.NoError(t, <-over)
		require.Zero(t, time.Since(began))
	})
}

// Shutdown, at its hard end: the sender of a request whose handler goes on is told at once.
func TestHardEndAnswersWhoWaitsForAHandler(t *testing.T) {
	t.Parallel()
	for name, ctx := range map[string]func(*testing.T) context.Context{
		"queued":     func(t *testing.T) context.Context { t.Helper(); return t.Context() },
		"cannot end": func(*testing.T) context.Context { return context.Background() },
	} {
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem()
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			before := hold(t, addr) // so that it is queued
			leave := make(chan struct{})
			asked := make(chan error, 1)
			go func() {
				_, err := addr.Send(ctx(t), deed(func(akt.Context) { <-leave }))
				asked <- err
			}()
			synctest.Wait()
			before()
			synctest.Wait()
			require.ErrorContains(t, system.Shutdown(ended(t)), "in HandleAct", name)
			requireSendError(t, <-asked, akt.MaybeHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
			close(leave)
			<-addr.Done()
		})
	}
}

// L1, L4: a forgotten actor that its timer has kept is released at a restart, which ends the timer.
func TestForgottenActorRestartsWithoutItsTimer(t *testing.T) {
	t.Parallel()
	var over atomic.Int32
	ticks := make(chan struct{})
	func() {
		n := 0
		addr, err := akt.Run(akt.Spawner[*doll](func() *doll {
			n++
			return &doll{onStopped: func(akt.Context) { over.Add(1) }}
		}), quiet())
		require.NoError(t, err)
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) {
				<-ticks
				panic("the timer's own")
			})
		}, time.Hour)
	}()
	var canary atomic.Int32
	for range 3 {
		forget(t, &canary)
	}
	collect(t, &canary, 3)
	require.Zero(t, over.Load(), "it is in a handler, and its timer runs")
	close(ticks)
	collect(t, &over, 2)
}

// L1: a forgotten actor that a timer for one message has kept is released when that was handled.
func TestForgottenActorEndsAfterItsTimer(t *testing.T) {
	t.Parallel()
	var over, canary atomic.Int32
	fired := make(chan struct{})
	func() {
		addr, err := akt.Run(&doll{onStopped: func(akt.Context) { over.Add(1) }})
		require.NoError(t, err)
		contextOf(t, addr).Private().NotifyLater(deed(func(akt.Context) { close(fired) }), 200*time.Millisecond)
	}()
	for range 3 {
		forget(t, &canary)
	}
	collect(t, &canary, 3) // and with them, most likely, the address
	<-fired
	collect(t, &over, 1)
}
