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

// These tests are about the time between a failure and the restart.

// supResting runs generations, and has them fail twice: the second restart waits for a minute.
func supResting(
	t *testing.T, j *journal, opts ...akt.Option,
) (system *akt.System, addr *akt.Address) {
	t.Helper()
	system = akt.NewSystem()
	opts = append([]akt.Option{quiet(),
		akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, Window: time.Hour,
			BackoffMin: time.Minute, BackoffMax: time.Minute})}, opts...)
	addr, err := system.Run(generations(j, nil), opts...)
	require.NoError(t, err)
	supFail(t, addr)
	require.Equal(t, [2]int{2, 1}, touch(t, addr))
	supFail(t, addr)
	synctest.Wait()
	require.Equal(t, "OnStopped 2", j.all()[5])
	return system, addr
}

// supFail has a handler of the doll panic.
func supFail(t *testing.T, addr akt.Sender) {
	t.Helper()
	_, err := addr.Send(t.Context(), Stray{})
	require.ErrorAs(t, err, new(*akt.PanicError))
}

// Supervisor: at the restart limit the actor stops, its Err says so, and what it died of; who
// watches it learns that.
func TestRestartLimit(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		s    akt.Supervisor
		text string
		n    int
	}{
		"the default": {akt.Supervisor{},
			"akt: restart limit reached: 5 restarts in 1m0s: panic: a Stray was handled", 5},
		"its own": {akt.Supervisor{MaxRestarts: 1, Window: time.Hour},
			"akt: restart limit reached: 1 restarts in 1h0m0s: panic: a Stray was handled", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j, watcher journal
				addr := run(t, generations(&j, nil), quiet(), akt.WithName("name"),
					akt.WithSupervisor(row.s))
				watch(t, newWatcher(t, &watcher), addr)
				for n := range row.n {
					supFail(t, addr)
					require.Equal(t, [2]int{n + 2, 1}, touch(t, addr))
				}
				supFail(t, addr)
				<-addr.Done()
				synctest.Wait()
				require.EqualError(t, addr.Err(), row.text)
				require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
				require.Equal(t, []string{"name: " + row.text}, watcher.all())
				require.Len(t, j.all(), 3*(row.n+1), "Spawn, OnStart and OnStopped of each")
			})
		})
	}
}

// Supervisor: a restart counts for the length of Window, neither shorter nor longer.
func TestRestartsOutsideTheWindow(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		pause time.Duration
		ends  bool
	}{"just within": {time.Hour - 1, true}, "just outside": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				addr := run(t, generations(&j, nil), quiet(),
					akt.WithSupervisor(akt.Supervisor{MaxRestarts: 1, Window: time.Hour}))
				for range 5 {
					supFail(t, addr)
					time.Sleep(row.pause)
				}
				require.Equal(t, row.ends, addr.IsClosed())
			})
		})
	}
}

// Supervisor: a negative MaxRestarts is no limit; the waits double, from BackoffMin to BackoffMax,
// and the first restart is immediate.
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet(),
			akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, Window: 1000 * time.Hour,
				BackoffMin: time.Second, BackoffMax: time.Minute}))
		for n := range 30 {
			supFail(t, addr)
			began := time.Now()
			touch(t, addr)
			waited := time.Since(began)
			if n == 0 {
				require.Zero(t, waited)
				continue
			}
			most := min(time.Second<<min(n, 10), time.Minute)
			require.GreaterOrEqual(t, waited, most/2, "restart %d", n)
			require.LessOrEqual(t, waited, most, "restart %d", n)
		}
	})
}

// L6: an actor that waits for its restart owns no goroutine, and its State is Starting.
func TestRestHoldsNoGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		before := goroutinesOfBubble(t)
		var j journal
		var self akt.Context
		_, addr := supResting(t, &j)
		require.Equal(t, before, goroutinesOfBubble(t))
		require.False(t, addr.IsClosed())
		require.NoError(t,
			addr.TryNotify(context.Background(), deed(func(ctx akt.Context) { self = ctx })))
		require.Equal(t, before, goroutinesOfBubble(t), "nor after a message")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, akt.Started, self.State())
		supFail(t, addr)
		synctest.Wait()
		require.Equal(t, akt.Starting, self.State())
		addr.Stop()
		<-addr.Done()
		synctest.Wait()
		require.Equal(t, before, goroutinesOfBubble(t))
	})
}

// L5, D3, D4: while an actor waits for its restart its mailbox is as ever: bounded, in order, and a
// request whose ctx ends is withdrawn.
func TestSendsDuringARest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system, addr := supResting(t, &j, akt.WithMailbox(2), akt.WithInlineSend())
		before := len(j.all())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, j.entry("never"))
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToGetResponse,
			context.DeadlineExceeded)
		require.ErrorContains(t, err, "queued behind 0")
		require.NoError(t, addr.Notify(t.Context(), j.entry("first")))
		require.NoError(t, addr.TryNotify(context.Background(), j.entry("second")))
		requireSendError(t, addr.TryNotify(context.Background(), j.entry("never")), akt.NotHandled,
			akt.ErrMailboxFull)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		requireSendError(t, addr.Notify(ctx, j.entry("never")), akt.NotHandled,
			akt.ErrFailedToDeliver, context.DeadlineExceeded)
		waits := make(chan error)
		go func() { waits <- addr.Notify(context.Background(), j.entry("third")) }()
		synctest.Wait()
		require.Len(t, j.all(), before)
		_, err = addr.Send(context.Background(), j.entry("last"))
		require.NoError(t, err)
		require.NoError(t, <-waits)
		require.Equal(t, []string{"Spawn 3", "OnStart 3", "first", "second", "third", "last"},
			j.all()[before:])
		shutDown(t, system)
	})
}

// L3, L1: an order to drain ends the rest at once: what is queued is handled by a fresh state, and
// where nothing is there will be none. Only a Context.Stop waits for the restart.
func TestRestIsCutShort(t *testing.T) {
	t.Parallel()
	queue := []string{"Spawn 3", "OnStart 3", "queued", "OnStopping 3", "OnStopped 3"}
	stop := func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() }
	for _, row := range []struct {
		name   string
		queued bool
		end    func(*testing.T, *akt.System, *akt.Address)
		want   []string
		waits  time.Duration
	}{
		{"Stop", true, stop, queue, 0},
		{"Stop, nothing queued", false, stop, []string{}, 0},
		{"Release", true, func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Release() },
			[]string{"Spawn 3", "OnStart 3", "queued", "OnStopped 3"}, 0},
		{"Release, nothing queued", false,
			func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Release() }, []string{}, 0},
		{"Shutdown", true,
			func(t *testing.T, s *akt.System, _ *akt.Address) { t.Helper(); shutDown(t, s) }, queue,
			time.Minute},
		{"Shutdown, nothing queued", false,
			func(t *testing.T, s *akt.System, _ *akt.Address) { t.Helper(); shutDown(t, s) },
			[]string{}, 0},
		{"Shutdown, impatient", true, func(t *testing.T, s *akt.System, _ *akt.Address) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.EqualError(t, s.Shutdown(ctx),
				"akt: shutdown: context deadline exceeded: not quiet: generation-1 waiting for "+
					"its restart (1 queued)")
		}, []string{}, time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				system, addr := supResting(t, &j)
				if row.queued {
					require.NoError(t, addr.TryNotify(context.Background(), j.entry("queued")))
				}
				done, began := addr.Done(), time.Now()
				row.end(t, system, addr)
				<-done
				require.Equal(t, row.waits, time.Since(began))
				time.Sleep(time.Hour)
				require.Equal(t, row.want, j.all()[6:])
				require.NoError(t, addr.Err())
				shutDown(t, system)
			})
		})
	}
}

// Context.Stop during a rest waits for the restart: it is the fresh state that is asked, and may
// veto.
func TestContextStopDuringARest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var self akt.Context
		addr := run(t, generations(&j, nil), quiet(),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Minute, BackoffMax: time.Minute}))
		self = contextOf(t, addr)
		supFail(t, addr)
		supFail(t, addr)
		began := time.Now()
		self.Stop()
		<-addr.Done()
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, []string{"Spawn 3", "OnStart 3", "OnStopping 3", "OnStopped 3"},
			j.all()[6:])
	})
}

// L4: a child that waits for its restart ends with its parent, at once.
func TestParentEndsDuringARest(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			parent := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), quiet())
			reply, err := parent.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
				return ctx.Run(generations(&j, nil), quiet(),
					akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Minute,
						BackoffMax: time.Minute}))
			}))
			require.NoError(t, err)
			child := reply.(*akt.Address)
			supFail(t, child)
			supFail(t, child)
			began := time.Now()
			if restart {
				supFail(t, parent)
			} else {
				parent.Stop()
			}
			<-child.Done()
			require.Zero(t, time.Since(began))
			require.NoError(t, child.Err())
			require.Equal(t, "OnStopped 2", j.all()[len(j.all())-1])
		})
	}
}

// L5: the old state's timers and children end, and OnStopped is called, before the rest, not after
// it.
func TestOldStateEndsBeforeTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, akt.Spawner[*doll](func() *doll {
			return &doll{onStopped: func(akt.Context) { j.add("OnStopped") }}
		}), quiet(),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Minute, BackoffMax: time.Minute}))
		supFail(t, addr)
		var child *akt.Address
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			var err error
			child, err = ctx.Run(&doll{onStopped: func(akt.Context) {
				j.add("OnStopped of the child")
			}})
			assert.NoError(t, err)
			ctx.Private().NotifyInterval(func() any { return j.entry("tick") }, time.Second)
		}))
		require.NoError(t, err)
		settled(t, addr)
		supFail(t, addr)
		synctest.Wait()
		require.True(t, child.IsClosed())
		require.Equal(t, []string{"OnStopped", "tick", "OnStopped of the child", "OnStopped"},
			j.all())
		settled(t, addr)
		require.Len(t, j.all(), 4)
	})
}

// L5: an OnStart that fails at a restart, in whichever way, is a failure like any other: the actor
// tries again, with a wait, until it starts, and its queue is handled then. A state that was not
// started gets no OnStopped, but its timers and children end.
func TestRestartUntilOnStartSucceeds(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func() error{
		"error":  func() error { return errors.New("not yet") },
		"panic":  func() error { panic("not yet") },
		"Goexit": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				n := 0
				addr := run(t, akt.Spawner[*generation](func() *generation {
					n++
					g := &generation{N: n}
					g.onStart = func(ctx akt.Context) error {
						j.add("OnStart %d", g.N)
						if g.N == 1 || g.N == 5 {
							return nil
						}
						ctx.Private().NotifyLater(j.entry("its timer"), time.Nanosecond)
						_, err := ctx.Run(&doll{onStopped: func(akt.Context) {
							j.add("its child")
						}})
						assert.NoError(t, err)
						return failing()
					}
					g.onStopped = func(akt.Context) { j.add("OnStopped %d", g.N) }
					return g
				}), quiet())
				supFail(t, addr)
				began := time.Now()
				require.Equal(t, [2]int{5, 1}, touch(t, addr))
				require.GreaterOrEqual(t, time.Since(began), 700*time.Millisecond)
				require.LessOrEqual(t, time.Since(began), 1400*time.Millisecond)
				require.Equal(t, []string{"OnStart 1", "OnStopped 1", "OnStart 2", "its child",
					"OnStart 3", "its child", "OnStart 4", "its child", "OnStart 5"}, j.all())
			})
		})
	}
}

// L5: an OnStart that fails for ever while the actor is to drain does not spin: the restarts wait,
// also without a limit, and a hard end of Shutdown ends that at once.
func TestOnStartFailsWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		addr, err := system.Run(generations(&j, func(n int) error {
			if n > 1 {
				return errors.New("never")
			}
			return nil
		}), quiet(),
			akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: time.Minute,
				BackoffMax: time.Minute, Window: time.Hour}))
		require.NoError(t, err)
		supFail(t, addr)
		queued := make(chan error)
		go func() {
			_, err := addr.Send(context.Background(), Touch{})
			queued <- err
		}()
		time.Sleep(30 * time.Second)
		addr.Stop() // the timer of this rest does not end the next one
		time.Sleep(10*time.Minute + time.Second)
		require.Len(t, j.all(), 3+2*12,
			"one try at once, one at the order to drain, one each minute")
		ctx := ended(t)
		require.Error(t, system.Shutdown(ctx))
		requireSendError(t, <-queued, akt.NotHandled, akt.ErrStopped)
		<-addr.Done()
		require.NoError(t, addr.Err())
	})
}

// L5: an OnStopped, at a restart, that panics or ends its goroutine is logged, and the actor goes
// on with a fresh state.
func TestRestartWhoseOnStoppedFails(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func(){
		"panic": func() { panic("oh") }, "Goexit": runtime.Goexit,
	} {
		for _, wait := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					started, stopped := 0, 0
					addr := run(t, akt.Spawner[*doll](func() *doll {
						return &doll{onStart: func(akt.Context) error { started++; return nil },
							onStopped: func(akt.Context) { stopped++; failing() }}
					}), quiet())
					supFail(t, addr)
					if wait {
						supFail(t, addr)
					}
					settled(t, addr)
					require.Equal(t, stopped+1, started)
					addr.Stop()
					<-addr.Done()
					require.Equal(t, stopped, started)
				})
			})
		}
	}
}

// L5: a Spawner that fails at a restart is asked again, after a wait.
func TestRestartWhoseSpawnerFails(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func() any{
		"nil":          func() any { return nil },
		"another type": func() any { return &generation{} },
		"a panic":      func() any { panic("nothing yet") },
		"a Goexit":     func() any { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				addr := run(t, akt.Spawner[any](func() any {
					if n++; n == 2 {
						return second()
					}
					return &doll{}
				}), quiet())
				supFail(t, addr)
				settled(t, addr)
				require.Equal(t, 3, n)
			})
		})
	}
}

// L3: an actor that fails again while it drains does not rest: what is queued is handled at once,
// by a fresh state each time.
func TestNoRestWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		leave := hold(t, addr)
		for range 3 {
			require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		}
		require.NoError(t, addr.TryNotify(context.Background(), j.entry("last")))
		addr.Stop()
		began := time.Now()
		leave()
		<-addr.Done()
		require.Zero(t, time.Since(began))
		require.Equal(t, []string{"Spawn 4", "OnStart 4", "last", "OnStopping 4", "OnStopped 4"},
			j.all()[9:])
	})
}

// L3: an actor whose last message fails while it drains ends in order, and no fresh state is made
// only to be stopped.
func TestNoFreshStateOnlyToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, nil), quiet())
		leave := hold(t, addr)
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		addr.Stop()
		leave()
		<-addr.Done()
		require.NoError(t, addr.Err())
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1"}, j.all())
	})
}

// Shutdown: what was queued before the rest began is accepted work: it is waited for, as long as
// the rest lasts.
func TestShutdownWaitsForWhatARestHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		addr, err := system.Run(generations(&j, nil), quiet(),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Minute, BackoffMax: time.Minute}))
		require.NoError(t, err)
		leave := hold(t, addr)
		for range 2 {
			require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		}
		require.NoError(t, addr.TryNotify(context.Background(), j.entry("queued")))
		leave()
		synctest.Wait()
		began := time.Now()
		shutDown(t, system)
		require.Equal(t, time.Minute, time.Since(began))
		require.Contains(t, j.all(), "queued")
	})
}

// L3: an actor that cannot be started again ends as soon as nothing is left to drain, be it that
// the last sender has left while OnStart ran.
func TestOnStartFailsWithNothingToDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, generations(&j, func(n int) error {
			if n > 1 {
				time.Sleep(10 * time.Second)
				return errors.New("never")
			}
			return nil
		}), quiet(),
			akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: time.Minute,
				BackoffMax: time.Minute, Window: time.Hour}))
		supFail(t, addr)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 145*time.Second)
		defer cancel()
		go func() {
			synctest.Wait()
			addr.Stop()
		}()
		_, err := addr.Send(ctx, Touch{})
		requireSendError(t, err, akt.NotHandled, context.DeadlineExceeded)
		<-addr.Done()
		require.Equal(t, 150*time.Second, time.Since(began), "when the third try has failed")
		require.NoError(t, addr.Err())
	})
}

// Shutdown: an actor that rests before its restart has nothing to do, also where what was queued
// meanwhile has been withdrawn; so Shutdown ends it without waiting.
func TestShutdownEndsARestWithNothingQueued(t *testing.T) {
	t.Parallel()
	for name, withdrawn := range map[string]func(*testing.T, *akt.Address, *akt.PrivateAddress){
		"nothing": func(*testing.T, *akt.Address, *akt.PrivateAddress) {},
		"a request that was given up": func(t *testing.T, addr *akt.Address, _ *akt.PrivateAddress) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			_, err := addr.Send(ctx, Touch{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
		},
		"a timer that was stopped": func(t *testing.T, _ *akt.Address, own *akt.PrivateAddress) {
			t.Helper()
			timer := own.NotifyLater(Touch{}, 0)
			synctest.Wait()
			require.True(t, timer.Stop())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := akt.NewSystem()
				addr, err := system.Run(generations(new(journal), nil), quiet(), akt.WithSupervisor(
					akt.Supervisor{BackoffMin: time.Minute, BackoffMax: time.Minute}))
				require.NoError(t, err)
				own := contextOf(t, addr).Private()
				for range 2 { // the second restart waits
					supFail(t, addr)
				}
				synctest.Wait()
				withdrawn(t, addr, own)
				began := time.Now()
				require.NoError(t, system.Shutdown(context.Background()))
				require.Zero(t, time.Since(began))
			})
		})
	}
}

// WithStopTimeout: the limit holds for an actor that rests before its restart, too.
func TestStopTimeoutOfARest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(akt.Spawner[*patient](func() *patient { return &patient{} }), quiet(),
			akt.WithStopTimeout(time.Second),
			akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: time.Hour, BackoffMax: time.Hour}))
		require.NoError(t, err)
		for range 2 {
			supFail(t, addr)
		}
		synctest.Wait()
		ended := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), Patience{ended}))
		addr.Stop() // ends the rest: a fresh state handles what was accepted
		began := time.Now()
		require.NoError(t, addr.Wait(t.Context()))
		require.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, <-ended, context.Canceled)
		shutDown(t, system)
	})
}

// patient has no hooks.
type patient struct{}

func (*patient) HandleStray(akt.Context, Stray) { panic("a Stray was handled") }

// HandlePatience waits for the end of its Context.
func (*patient) HandlePatience(ctx akt.Context, m Patience) {
	<-ctx.Done()
	m.ended <- ctx.Err()
}

// Patience tells why it was at its end.
type Patience struct{ ended chan<- error }

// WithStopTimeout: at the limit an actor ends that still waits for its restart, as its last state
// failed to start.
func TestStopTimeoutOfARestThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		n := 0
		addr, err := system.Run(akt.Spawner[*doll](func() *doll {
			n++
			return &doll{onStart: func(akt.Context) error {
				if n > 1 {
					return errors.New("not yet")
				}
				return nil
			}}
		}), akt.WithStopTimeout(time.Minute),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: time.Hour, BackoffMax: time.Hour}))
		require.NoError(t, err)
		leave := hold(t, addr)
		require.NoError(t, addr.Notify(t.Context(), crash()))
		require.NoError(t, addr.Notify(t.Context(), Stray{}))
		began := time.Now()
		addr.Stop()
		leave()
		<-addr.Done()
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, []string{"tests_test.dollAct: akt: panic: crash",
			"tests_test.Stray: stopped"}, dead.all())
		shutDown(t, system)
	})
}

// A watch by an OnStopped is none: nothing of it comes to the next state, or is counted.
func TestWatchByAnOnStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, told journal
		gone := run(t, &doll{})
		gone.Stop()
		<-gone.Done()
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, akt.Spawner[*doll](func() *doll {
			return &doll{
				onStopped:    func(ctx akt.Context) { ctx.Watch(gone) },
				onTerminated: func(akt.Context, akt.Terminated) { told.add("told") },
			}
		}))
		require.NoError(t, addr.Notify(t.Context(), crash()))
		settled(t, addr)
		require.Zero(t, info().Dropped)
		require.Empty(t, told.all())
		shutDown(t, system)
	})
}
