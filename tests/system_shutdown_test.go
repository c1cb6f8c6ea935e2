package tests_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about Shutdown while all actors still serve each other, and in the end.

// Shutdown has every actor handle what it accepted, stops children before their parents, and
// returns when all have ended.
func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		slow := func(name string, start func(akt.Context) error) *doll {
			return &doll{onStart: start, onStopping: func(akt.Context) bool { return false },
				onStopped: func(akt.Context) {
					time.Sleep(time.Second)
					j.add("%s", name)
				}}
		}
		var addrs []*akt.Address
		for n := range 3 {
			addr, err := system.Run(slow(fmt.Sprint("parent ", n), func(ctx akt.Context) error {
				_, err := ctx.Run(slow(fmt.Sprint("child ", n), nil))
				return err
			}))
			require.NoError(t, err)
			addrs = append(addrs, addr)
		}
		leave := hold(t, addrs[2])
		require.NoError(t, addrs[2].TryNotify(context.Background(), j.entry("accepted")))
		shut := make(chan error)
		go func() { shut <- system.Shutdown(context.Background()) }()
		time.Sleep(time.Minute)
		select {
		case err := <-shut:
			t.Error("Shutdown returned before the end of all", err)
		default:
		}
		_, err := addrs[2].Send(t.Context(), Stray{})
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
		leave()
		require.NoError(t, <-shut)
		got := j.all()
		require.Len(t, got, 7)
		require.Equal(t, "accepted", got[0])
		require.ElementsMatch(t, []string{"child 0", "child 1", "child 2"}, got[1:4])
		require.ElementsMatch(t, []string{"parent 0", "parent 1", "parent 2"}, got[4:])
		for _, addr := range addrs {
			<-addr.Done()
		}
	})
}

// After Shutdown nothing runs in the system: Run, a parent's Run and a second Shutdown say so at
// once.
func TestRunAfterShutdown(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	addr, err := system.Run(&doll{})
	require.NoError(t, err)
	kept := contextOf(t, addr)
	shutDown(t, system)
	never := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
	_, err = system.Run(never)
	require.ErrorIs(t, err, akt.ErrStopped)
	_, err = akt.Run(never, akt.WithSystem(system), akt.WithName("name"))
	require.ErrorIs(t, err, akt.ErrStopped)
	_, err = kept.Run(never)
	require.ErrorIs(t, err, akt.ErrStopped)
	shutDown(t, system)
	shutDown(t, akt.NewSystem())
}

// An actor that starts while its system is shut down does not outlive it.
func TestShutdownDuringOnStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		started := make(chan error)
		go func() {
			_, err := system.Run(&doll{
				onStart: func(akt.Context) error {
					time.Sleep(time.Minute)
					j.add("OnStart")
					return nil
				},
				onStopped: func(akt.Context) { j.add("OnStopped") },
			})
			started <- err
		}()
		time.Sleep(time.Second)
		go shutDown(t, system)
		require.NoError(t, <-started)
		synctest.Wait()
		require.Equal(t, []string{"OnStart", "OnStopped"}, j.all())
	})
}

// An actor that was told of Shutdown is Stopping from then on, also after it has vetoed a
// Context.Stop.
func TestStateOnceToldOfShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		told := 0
		var states []akt.State
		_, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			told++
			next := deed(func(ctx akt.Context) { states = append(states, ctx.State()) })
			if told == 1 {
				next = deed(func(ctx akt.Context) { ctx.Stop() })
			}
			if told < 3 {
				assert.NoError(t, ctx.Private().Notify(ctx, next))
			}
			return false
		}})
		require.NoError(t, err)
		shutDown(t, system)
		require.Equal(t, []akt.State{akt.Stopping}, states)
		require.Equal(t, 3, told)
	})
}

// Shutdown: from inside, LookupOrRun and Run work while the system drains; from outside they are
// refused. Shutdown itself, called from inside, is ErrDeadlock and does nothing.
func TestInsideWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		addr, err := system.Run(&doll{}, akt.WithName("a"))
		require.NoError(t, err)
		_, err = addr.Send(t.Context(),
			play(func(ctx akt.Context) (any, error) { return nil, system.Shutdown(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "a.HandleAct → Shutdown")
		_, err = addr.SendUnpack(t.Context(), play(func(ctx akt.Context) (any, error) {
			return akt.Go(ctx,
				func(ctx context.Context) (any, error) { return nil, system.Shutdown(ctx) }), nil
		}))
		require.ErrorIs(t, err, akt.ErrDeadlock, "a function is inside")
		leave := hold(t, addr)
		inside := make(chan error, 5)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, _, err := system.LookupOrRun(ctx, "b", func() any { return &doll{} })
			inside <- err
			b, loaded, err := system.LookupOrRun(ctx, "b", func() any { return &doll{} })
			inside <- err
			assert.True(t, loaded)
			child, err := ctx.Run(&doll{})
			inside <- err
			_, err = akt.Ask[any](ctx, child,
				play(func(akt.Context) (any, error) { return 1, nil }))
			inside <- err
			inside <- b.TryNotify(ctx, deed(func(akt.Context) {}))
			assert.ErrorIs(t, b.TryNotify(context.Background(), deed(func(akt.Context) {})),
				akt.ErrStopped)
			err = b.Notify(context.Background(), deed(func(akt.Context) {}))
			assert.ErrorContains(t, err, "pass the handler's ctx on")
		})))
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		_, _, err = system.LookupOrRun(t.Context(), "c", func() any { return &doll{} })
		require.ErrorIs(t, err, akt.ErrStopped)
		_, err = system.Run(&doll{})
		require.ErrorIs(t, err, akt.ErrStopped)
		leave()
		require.NoError(t, <-over)
		for range 5 {
			require.NoError(t, <-inside)
		}
	})
}

// Shutdown: OnStopping of all is called while all serve each other, so buffers can be flushed, and
// is called again for what comes into a buffer after it was asked.
func TestShutdownFlushesBuffers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		system := deadLetters(&dead)
		sink, err := system.Run(&doll{}, akt.WithName("sink"))
		require.NoError(t, err)
		var second *akt.Address
		buffers := func(to func() *akt.Address, name string) *doll {
			held := 1
			d := &doll{}
			d.onStopping = func(ctx akt.Context) bool {
				j.add("%s flushes %d", name, held)
				for ; held > 0; held-- {
					if _, err := to().Send(ctx,
						deed(func(akt.Context) { j.add("%s has sent", name) })); err != nil {
						t.Error(err)
					}
				}
				return false // ignored
			}
			return d
		}
		more := 0
		second, err = system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			_, err := sink.Send(ctx, deed(func(akt.Context) { j.add("second has sent %d", more) }))
			assert.NoError(t, err)
			return true
		}}, akt.WithName("second"))
		require.NoError(t, err)
		_, err = system.Run(buffers(func() *akt.Address { return sink }, "first"),
			akt.WithName("first"))
		require.NoError(t, err)
		_, err = system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			if more == 0 {
				time.Sleep(time.Second) // until the second one has been asked
				assert.NoError(t, second.Notify(ctx, deed(func(akt.Context) { more++ })))
			}
			return true
		}}, akt.WithName("third"))
		require.NoError(t, err)
		require.NoError(t, system.Shutdown(context.Background()))
		require.Contains(t, j.all(), "first has sent")
		require.Contains(t, j.all(), "second has sent 0")
		require.Contains(t, j.all(), "second has sent 1")
		require.Empty(t, dead.all())
	})
}

// Shutdown: it waits for a Promise as long as somebody waits for the Future, and a run that owes
// one is inside.
func TestShutdownWaitsForPromises(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		other, err := system.Run(&doll{})
		require.NoError(t, err)
		asked := make(chan error, 1)
		go func() {
			_, err := akt.Ask[int](context.Background(), addr,
				play(func(ctx akt.Context) (any, error) {
					promise, future := akt.NewPromise[int](ctx)
					go func() { // something of the program's own, which the ctx reaches
						time.Sleep(time.Minute)
						_, err := other.Send(ctx, deed(func(akt.Context) {}))
						assert.NoError(t, err, "the run owes a Promise: it is inside")
						promise.Resolve(1)
					}()
					return future, nil
				}))
			asked <- err
		}()
		synctest.Wait()
		began := time.Now()
		require.NoError(t, system.Shutdown(context.Background()))
		require.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, <-asked)

		system = deadLetters(&dead)
		addr, err = system.Run(&doll{})
		require.NoError(t, err)
		reply, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			_, future := akt.NewPromise[int](ctx)
			return future, nil
		}))
		require.NoError(t, err)
		require.NoError(t, system.Shutdown(context.Background()), "nobody waits for it")
		_, err = reply.(*akt.Future[int]).Wait(t.Context())
		require.ErrorIs(t, err, akt.ErrStopped)
	})
}

// Shutdown: an actor that is run from inside while the system drains takes nothing from outside,
// also not on its sender's goroutine.
func TestActorRunWhileDrainingRefusesOutsiders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(akt.WithInlineSend()))
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		leave := hold(t, addr)
		nothing := deed(func(akt.Context) {})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			child, err := ctx.Run(&doll{})
			assert.NoError(t, err)
			named, _, err := system.LookupOrRun(ctx, "named", func() any { return &doll{} })
			assert.NoError(t, err)
			for _, to := range []*akt.Address{child, named} {
				for _, outside := range []context.Context{context.Background(), t.Context()} {
					_, err := to.Send(outside, nothing)
					assert.ErrorIs(t, err, akt.ErrStopped)
					_, err = akt.Ask[any](outside, to, nothing)
					assert.ErrorIs(t, err, akt.ErrStopped)
				}
				_, err := to.Send(ctx, nothing)
				assert.NoError(t, err)
			}
		})))
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		leave()
		require.NoError(t, <-over)
	})
}

// Shutdown, step 2: what a handler that is running sends within the system is still accepted.
func TestShutdownAcceptsFromInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		a, err := system.Run(&doll{})
		require.NoError(t, err)
		b, err := system.Run(&doll{})
		require.NoError(t, err)
		sent := make(chan error, 1)
		go func() {
			_, _ = a.Send(context.Background(), deed(func(ctx akt.Context) {
				time.Sleep(time.Second)
				_, err := b.Send(ctx, deed(func(akt.Context) {}))
				sent <- err
			}))
		}()
		synctest.Wait()
		shutDown(t, system)
		require.NoError(t, <-sent)
	})
}

// Shutdown counts functions started with Go: it waits for them.
func TestShutdownWaitsForGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		var returned atomic.Bool
		_, err = addr.Send(context.Background(), deed(func(ctx akt.Context) {
			akt.Go(ctx, func(context.Context) (any, error) {
				time.Sleep(time.Hour)
				returned.Store(true)
				return nil, nil
			})
		}))
		require.NoError(t, err)
		shutDown(t, system)
		waited := returned.Load()
		time.Sleep(2 * time.Hour)
		require.True(t, waited)
	})
}

type bindNamesake struct{}

func (*bindNamesake) HandleMsg(akt.Context, plainMsg) (int, error) { return 7, nil }

// HandleMsg is no method, only of the same name as one.
func HandleMsg(*bindNamesake, akt.Context, plainMsg) (string, error) { return "a function", nil }

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

// Shutdown's nil says that Done of all is closed: of parents, children, and who was told last.
func TestDoneIsNeverLate(t *testing.T) {
	t.Parallel()
	for range 100 {
		system := akt.NewSystem()
		var all []*akt.Address
		for range 4 {
			parent, err := system.Run(&doll{})
			require.NoError(t, err)
			child, err := contextOf(t, parent).Run(&doll{})
			require.NoError(t, err)
			all = append(all, parent, child)
		}
		dones := make([]<-chan struct{}, len(all))
		for i, addr := range all {
			if i%2 == 0 {
				dones[i] = addr.Done()
			}
		}
		require.NoError(t, system.Shutdown(context.Background()))
		for i, addr := range all {
			for _, done := range []<-chan struct{}{dones[i], addr.Done()} {
				select {
				case <-done:
				default:
					require.Nil(t, done, "Done is open")
				}
			}
			require.True(t, addr.IsClosed())
			require.NoError(t, addr.Err())
		}
	}
}

// Shutdown: whoever comes from a handler of the system is inside, through an actor of another one,
// too; a handler of the other one that comes from elsewhere is not.
func TestInsideThroughAnotherSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system, other := akt.NewSystem(), akt.NewSystem()
		defer shutDown(t, other)
		a, err := system.Run(&doll{})
		require.NoError(t, err)
		b, err := system.Run(&doll{})
		require.NoError(t, err)
		between, err := other.Run(&doll{})
		require.NoError(t, err)
		nothing := deed(func(akt.Context) {})
		toB := play(func(ctx akt.Context) (any, error) { return b.Send(ctx, nothing) })
		leave := hold(t, a)
		inside := make(chan error, 1)
		require.NoError(t, a.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, err := between.Send(ctx, toB)
			inside <- err
		})))
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		for _, ctx := range starts(t) {
			_, err = between.Send(ctx, toB)
			requireSendError(t, err, akt.MaybeHandled, akt.ErrStopped)
			require.ErrorContains(t, err, "pass the handler's ctx on")
		}
		leave()
		require.NoError(t, <-over)
		require.NoError(t, <-inside)
	})
}

// Shutdown: an actor that is run while the system drains, and gets no message, is told while the
// others still serve it, too.
func TestActorRunWhileDrainingIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		sink, err := system.Run(&doll{})
		require.NoError(t, err)
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		leave := hold(t, addr)
		flushed := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, _, err := system.LookupOrRun(ctx, "late", func() any {
				return &doll{onStopping: func(ctx akt.Context) bool {
					_, err := sink.Send(ctx, deed(func(akt.Context) {}))
					flushed <- err
					return true
				}}
			})
			assert.NoError(t, err)
		})))
		over := make(chan error)
		go func() { over <- system.Shutdown(context.Background()) }()
		synctest.Wait()
		leave()
		require.NoError(t, <-over)
		require.NoError(t, <-flushed)
	})
}
