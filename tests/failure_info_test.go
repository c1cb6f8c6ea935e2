package tests_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// failWays are the ways in which a message comes to its handler. Each sends act to the doll as its
// second message, or as one of two where before is 1.
func failWays() map[string]func(t *testing.T, addr *akt.Address, act dollAct) {
	return map[string]func(*testing.T, *akt.Address, dollAct){
		"a request": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			_, _ = addr.Send(t.Context(), act)
		},
		"a request on its sender's goroutine": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			left := make(chan struct{})
			go func() { // a Goexit ends it
				defer close(left)
				_, _ = addr.Send(context.Background(), act)
			}()
			<-left
		},
		"a notification to an idle actor": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), act))
		},
		"a private notification": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			leave := hold(t, addr)
			require.NoError(t, contextOfHeld(addr).Notify(t.Context(), act))
			leave()
		},
		"a function": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			f := func(ctx akt.Context) { _, _ = act.f(ctx) }
			require.NoError(t, contextOfHeld(addr).Do(f))
		},
		"one of a batch": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			leave := hold(t, addr)
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
			require.NoError(t, addr.Notify(t.Context(), act))
			leave()
		},
	}
}

// contextOfHeld is the private address of an actor that may be busy.
func contextOfHeld(addr *akt.Address) *akt.PrivateAddress {
	return (*akt.PrivateAddress)(addr.Downgrade())
}

// Info: when a failure is told to anybody – the supervisor, or the dead-letter hook for a
// handler's error – its message has ended: it is among Handled, and nothing runs.
func TestFailedMessageHasEnded(t *testing.T) {
	t.Parallel()
	for way, send := range failWays() {
		for how, fail := range map[string]func() error{
			"a panic":  func() error { panic("broken") },
			"a Goexit": func() error { runtime.Goexit(); return nil },
			"an error": func() error { return errors.New("broken") },
		} {
			switch way {
			case "a request", "a request on its sender's goroutine", "a function":
				if how == "an error" {
					continue // nobody else is told
				}
			}
			t.Run(way+", "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var info func() akt.Info
					var seen []akt.Info
					look := func() { seen = append(seen, info()) }
					hook := akt.WithDeadLetters(func(akt.DeadLetter) { look() })
					system := akt.NewSystem(akt.WithDefaults(quiet()), hook)
					addr, info := sysRun(t, system, &doll{}, akt.WithSupervisor(akt.Supervisor{
						Decide: func(akt.Failure) akt.Directive { look(); return akt.Resume },
					}))
					send(t, addr, play(func(akt.Context) (any, error) { return nil, fail() }))
					synctest.Wait()
					require.NotEmpty(t, seen)
					handled := info().Handled
					for _, i := range seen {
						require.Empty(t, i.Handling)
						require.Equal(t, handled, i.Handled)
						require.EqualValues(t, 1, i.Failed)
					}
					shutDown(t, system)
				})
			})
		}
	}
}

// L4, L5: the next tick of an interval whose message panicked comes after the decision: at the
// first multiple of the interval from then on, however long the decision took.
func TestIntervalWaitsForTheDecision(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		addr := run(t, &doll{}, quiet(), akt.WithSupervisor(akt.Supervisor{
			Decide: func(akt.Failure) akt.Directive {
				time.Sleep(2500 * time.Millisecond)
				return akt.Resume
			},
		}))
		ticks := 0
		timer := contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) {
				c.note("tick")
				if ticks++; ticks == 2 {
					panic("broken")
				}
			})
		}, time.Second)
		time.Sleep(5500 * time.Millisecond)
		timer.Stop()
		require.Equal(t, []string{"0s tick", "1s tick", "4s tick", "5s tick"}, c.all())
	})
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

// Shutdown refuses each notification from outside, whatever way it comes, and takes those from
// inside.
func TestShutdownRefusesNotifications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		busy, err := system.Run(&doll{})
		require.NoError(t, err)
		other, err := system.Run(&doll{})
		require.NoError(t, err)
		private, weak := contextOf(t, other).Private(), other.Downgrade()
		var j journal
		step, over := make(chan struct{}), make(chan error)
		require.NoError(t, busy.Notify(t.Context(), deed(func(ctx akt.Context) {
			<-step
			for name, err := range map[string]error{
				"Notify":    other.Notify(ctx, j.entry("note")),
				"TryNotify": other.TryNotify(ctx, j.entry("note")),
				"private":   private.Notify(ctx, j.entry("note")),
			} {
				if err != nil {
					t.Error(name, err)
				}
			}
		})))
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		outside, ctx := j.entry("from outside"), t.Context()
		for _, err := range []error{
			busy.Notify(ctx, outside), busy.TryNotify(ctx, outside),
			other.Notify(ctx, outside), other.TryNotify(ctx, outside),
			private.Notify(ctx, outside), weak.Notify(ctx, outside), weak.TryNotify(ctx, outside),
		} {
			requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
		}
		close(step)
		require.NoError(t, <-over)
		require.Equal(t, []string{"note", "note", "note"}, j.all())
	})
}

// Shutdown: when its patience ends, a sender whose request is being handled is told at once,
// however long that still takes.
func TestShutdownAnswersWhoIsBeingHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		leave, told := make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := addr.Send(t.Context(), deed(func(akt.Context) { <-leave }))
			told <- err
		}()
		synctest.Wait()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, system.Shutdown(over))
		requireSendError(t, <-told, akt.MaybeHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
		close(leave)
		<-addr.Done()
	})
}

// E2: a request that its actor finds expired says that nothing was ahead of it.
func TestExpiredAtItsTurnSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		leave := hold(t, addr)
		ctx, sent := &sysExpiring{Context: t.Context()}, make(chan error, 1)
		go func() {
			_, err := addr.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
			sent <- err
		}()
		synctest.Wait()
		ctx.over.Store(true)
		leave()
		err := <-sent
		requireSendError(t, err, akt.NotHandled, context.DeadlineExceeded)
		require.ErrorContains(t, err, "queued behind 0")
	})
}

// E2: "queued behind" counts both lanes, as the private one goes first.
func TestQueuedBehindBothLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(2))
		private := contextOf(t, addr).Private()
		hold(t, addr)
		for range 3 {
			require.NoError(t, private.Notify(t.Context(), deed(func(akt.Context) {})))
		}
		require.NoError(t, addr.TryNotify(t.Context(), deed(func(akt.Context) {})))
		expire := func(to akt.Sender) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := to.Send(ctx, deed(func(akt.Context) {}))
			return err
		}
		require.ErrorContains(t, expire(addr), "queued behind 4")
		require.ErrorContains(t, expire(private), "queued behind 3")
		require.NoError(t, addr.TryNotify(t.Context(), deed(func(akt.Context) {})))
		require.ErrorContains(t, expire(addr), "queued behind 5", "waiting for room")
	})
}
