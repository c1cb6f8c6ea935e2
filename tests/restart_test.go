package tests_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// generation is a state that counts what it handled, so that a fresh one can be told from the old.
type generation struct {
	doll

	N       int // which state it is
	handled int
}

// Touch counts, and asks which state it is and how much that has handled.
type Touch struct{}

func (g *generation) HandleTouch(akt.Context, Touch) [2]int {
	g.handled++
	return [2]int{g.N, g.handled}
}

// generations is a Spawner of states numbered from 1, whose hooks write into the journal.
func generations(j *journal, failStart func(n int) error) akt.Spawner[*generation] {
	n := 0
	return func() *generation {
		n++
		g := &generation{N: n}
		j.add("Spawn %d", g.N)
		g.onStart = func(akt.Context) error {
			j.add("OnStart %d", g.N)
			if failStart != nil {
				return failStart(g.N)
			}
			return nil
		}
		g.onStopping = func(akt.Context) bool { j.add("OnStopping %d", g.N); return true }
		g.onStopped = func(akt.Context) { j.add("OnStopped %d", g.N) }
		return g
	}
}

func touch(t *testing.T, addr akt.Sender) [2]int {
	t.Helper()
	got, err := akt.Ask[[2]int](t.Context(), addr, Touch{})
	require.NoError(t, err)
	return got
}

// L5: an actor run from a Spawner goes on after a panic with a fresh state: OnStopped of the old, Spawn, OnStart of the new.
// It keeps its address, and what is sent to it then is handled by the new state.
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
				"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "OnStopping 2", "OnStopped 2",
			}, j.all())
		})
	}
}

// L5: at a restart the queue stays, in its order and both lanes of it, and so do name and watchers, who are not told.
func TestRestartKeepsQueueNameAndWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		system := deadLetters(&dead)
		addr, err := system.Run(generations(&j, nil), akt.WithName("name"))
		require.NoError(t, err)
		watcher := run(t, &doll{onTerminated: func(_ akt.Context, m akt.Terminated) { j.add("Terminated %s", m.Name) }})
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
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "private", "public"}, j.all())
		require.Equal(t, []string{"tests_test.Stray: akt: panic: a Stray was handled"}, dead.all(), "nobody else hears of the panic")
		found.Stop()
		<-addr.Done()
		synctest.Wait()
		require.Equal(t, []string{"OnStopping 2", "OnStopped 2", "Terminated name"}, j.all()[7:])
	})
}

// L5: at a restart the old state's timers and children end, before its OnStopped; the new one begins without them.
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
		require.Equal(t, []string{"tick", "tick", "OnStopped of the child", "OnStopped of the parent"}, j.all())
	})
}

// L5: a child that asks its parent while that waits for the child's end at a restart is answered, and both go on.
func TestRestartDoesNotWaitForAChildThatWaitsForIt(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before the panic", "after the panic"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), quiet())
				reply, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return ctx.Run(&doll{}) }))
				require.NoError(t, err)
				child, private := reply.(*akt.Address), contextOf(t, addr).Private()
				leave := hold(t, addr)
				require.NoError(t, contextOf(t, child).Private().Notify(t.Context(), deed(func(ctx akt.Context) {
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

// L5: an actor run from a value does not go on after a panic, and what was queued is not handled: senders and dead letters say so.
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
		require.Equal(t, []string{"tests_test.Stray: akt: panic: a Stray was handled", "tests_test.dollAct: stopped"}, dead.all())
	})
}

// L5: a new state whose OnStart fails gets no OnStopped; at the restart limit the actor dies of that error.
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
			require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2"}, j.all())
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

// L5, L3: an actor that panics while it drains restarts, handles the rest with the fresh state, and stops.
func TestRestartWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		leave := hold(t, addr)
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		require.NoError(t, addr.TryNotify(context.Background(), deed(func(ctx akt.Context) { j.add("accepted, %v", ctx.State()) })))
		addr.Stop()
		leave()
		<-addr.Done()
		require.Equal(t, []string{
			"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "accepted, stopping", "OnStopping 2", "OnStopped 2",
		}, j.all())
		require.NoError(t, addr.Err())
	})
}

// L5: Goexit in a handler counts as a panic: the goroutine is gone, the actor restarts on another one and goes on.
func TestRestartAfterGoexit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { runtime.Goexit() })))
		require.NoError(t, addr.Notify(t.Context(), j.entry("next")))
		require.Equal(t, [2]int{2, 1}, touch(t, addr))
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2", "next"}, j.all())
	})
}
