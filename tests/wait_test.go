package tests_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Wait returns nil when the actor has ended, however; ctx's error where that ends before.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, quiet())
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		err := addr.Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "waiting for the end of doll-1")
		var none context.Context
		require.Error(t, addr.Wait(none))
		require.NoError(t, addr.Notify(t.Context(), crash()))
		require.NoError(t, addr.Wait(t.Context()))
		require.Error(t, addr.Err())
		require.NoError(t, addr.Downgrade().Wait(t.Context()))
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, addr.Wait(canceled), "it has ended already")
	})
}

// D6: a handler that would wait for its own end is told; so is one whose wait for an end closes a ring with a request.
func TestWaitForOneself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := run(t, &doll{}, akt.WithName("a")), run(t, &doll{}, akt.WithName("b"))
		_, err := a.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "a.HandleAct → a")
		_, err = a.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			return b.Send(ctx, play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		}))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		settled(t, a)
		settled(t, b)

		told := make(chan error, 1)
		require.NoError(t, a.Notify(t.Context(), deed(func(ctx akt.Context) { told <- b.Wait(ctx) })))
		synctest.Wait()
		_, err = b.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock, "it waits for one that waits for it")
		b.Stop()
		require.NoError(t, <-told, "the other goes on")
	})
}

// L7: LookupOrRun waits for an end, and for the OnStart that somebody else has called, until ctx ends.
func TestLookupOrRunUntilContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		leave := make(chan struct{})
		slow := func() any {
			return &doll{onStart: func(ctx akt.Context) error { <-leave; return nil }}
		}
		go func() {
			_, _, err := system.LookupOrRun(context.Background(), "x", slow)
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := system.LookupOrRun(ctx, "x", slow)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `LookupOrRun("x")`)
		close(leave)
		addr, loaded, err := system.LookupOrRun(t.Context(), "x", slow)
		require.NoError(t, err)
		require.True(t, loaded)
		goOn := hold(t, addr)
		addr.Stop()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = system.LookupOrRun(ctx, "x", slow)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		goOn()
		_, loaded, err = system.LookupOrRun(t.Context(), "x", slow)
		require.NoError(t, err)
		require.False(t, loaded)
		shutDown(t, system)
	})
}

// L7: OnStart of an actor that LookupOrRun runs has its ctx's values and deadline, and ends with it.
func TestLookupOrRunStartsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		type key struct{}
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), time.Second)
		defer cancel()
		_, _, err := system.LookupOrRun(ctx, "x", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				assert.Equal(t, "v", ctx.Value(key{}))
				_, ok := ctx.Deadline()
				assert.True(t, ok)
				<-ctx.Done()
				return ctx.Err()
			}}
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		shutDown(t, system)
	})
}

// D6: who would wait for itself by LookupOrRun is told: a handler that looks its own name up while it drains, an OnStart that looks its
// own name up, alone or by way of another actor.
func TestLookupOrRunOfOneself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		none := func() any { t.Error("it was made"); return &doll{} }
		addr, err := system.Run(&doll{}, akt.WithName("a"))
		require.NoError(t, err)
		leave := hold(t, addr)
		told := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, _, err := system.LookupOrRun(ctx, "a", none)
			told <- err
		})))
		addr.Stop()
		leave()
		require.ErrorIs(t, <-told, akt.ErrDeadlock)
		<-addr.Done()

		_, _, err = system.LookupOrRun(t.Context(), "b", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				_, _, err := system.LookupOrRun(ctx, "b", none)
				return err
			}}
		})
		require.ErrorIs(t, err, akt.ErrDeadlock)

		other, err := system.Run(&doll{}, akt.WithName("other"))
		require.NoError(t, err)
		_, _, err = system.LookupOrRun(t.Context(), "c", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				_, err := other.Send(ctx, play(func(ctx akt.Context) (any, error) {
					_, _, err := system.LookupOrRun(ctx, "c", none)
					return nil, err
				}))
				return err
			}}
		})
		require.ErrorIs(t, err, akt.ErrDeadlock)
		_, _, err = system.LookupOrRun(t.Context(), "c", func() any { return &doll{} })
		require.NoError(t, err, "the name is free again")
		shutDown(t, system)
	})
}

// Shutdown: from inside, LookupOrRun and Run work while the system drains; from outside they are refused. Shutdown itself, called from
// inside, is ErrDeadlock and does nothing.
func TestInsideWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		addr, err := system.Run(&doll{}, akt.WithName("a"))
		require.NoError(t, err)
		_, err = addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return nil, system.Shutdown(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "a.HandleAct → Shutdown")
		_, err = addr.SendUnpack(t.Context(), play(func(ctx akt.Context) (any, error) {
			return akt.Go(ctx, func(ctx context.Context) (any, error) { return nil, system.Shutdown(ctx) }), nil
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
			_, err = akt.Ask[any](ctx, child, play(func(akt.Context) (any, error) { return 1, nil }))
			inside <- err
			inside <- b.TryNotify(ctx, deed(func(akt.Context) {}))
			assert.ErrorIs(t, b.TryNotify(context.Background(), deed(func(akt.Context) {})), akt.ErrStopped)
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

// Shutdown: OnStopping of all is called while all serve each other, so buffers can be flushed, and is called again for what comes
// into a buffer after it was asked.
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
					if _, err := to().Send(ctx, deed(func(akt.Context) { j.add("%s has sent", name) })); err != nil {
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
		_, err = system.Run(buffers(func() *akt.Address { return sink }, "first"), akt.WithName("first"))
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

// Shutdown: it waits for a Promise as long as somebody waits for the Future, and a run that owes one is inside.
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
			_, err := akt.Ask[int](context.Background(), addr, play(func(ctx akt.Context) (any, error) {
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

// LookupOrRun with a ctx that has ended runs nothing, and does not call newActor; who is there is
// found.
func TestLookupOrRunWithAnEndedContext(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	_, _, err := system.LookupOrRun(ended(t), "a", func() any { t.Error("it was made"); return &doll{} })
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = system.LookupOrRun(t.Context(), "a", func() any { return &doll{} })
	require.NoError(t, err)
	_, loaded, err := system.LookupOrRun(ended(t), "a", func() any { return &doll{} })
	require.NoError(t, err)
	require.True(t, loaded)
	shutDown(t, system)
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
