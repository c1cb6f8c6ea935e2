package tests_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// ended is a ctx that has.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// Shutdown: while all end, and after it ran out of patience, nobody is run but as a child of who
// still lives, and ends with that: from inside, too.
func TestNobodyIsRunWhileAllEnd(t *testing.T) {
	t.Parallel()
	lookup := func(t *testing.T, system *akt.System, ctx akt.Context) {
		t.Helper()
		inside := context.WithoutCancel(ctx) // that a hard end has ended it is not the reason
		_, _, err := system.LookupOrRun(inside, "new", func() any { return &doll{} })
		requireIs(t, err, akt.ErrStopped)
		if child, err := ctx.Run(&doll{}); err != nil {
			requireIs(t, err, akt.ErrStopped)
		} else if child.IsClosed() {
			t.Error("a child is closed while its parent is in a handler")
		}
	}
	t.Run("in OnStopped", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem()
			_, err := system.Run(&doll{onStopped: func(ctx akt.Context) { lookup(t, system, ctx) }})
			require.NoError(t, err)
			require.NoError(t, system.Shutdown(context.Background()))
			require.Empty(t, slices.Collect(system.Actors()))
		})
	})
	t.Run("by a timer's handler, as it ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem()
			addr, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool { time.Sleep(time.Second); return true }})
			require.NoError(t, err)
			_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) {
				ctx.Private().NotifyLater(deed(func(ctx akt.Context) {
					_, _, err := system.LookupOrRun(ctx, "new", func() any { return &doll{} })
					assert.NoError(t, err, "while it drains, it is run, and ends with the others")
				}), time.Second/2)
			}))
			require.NoError(t, err)
			require.NoError(t, system.Shutdown(context.Background()))
			require.Empty(t, slices.Collect(system.Actors()))
		})
	})
	t.Run("by a handler that goes on", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			system := akt.NewSystem()
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			leave := make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
				<-leave
				lookup(t, system, ctx)
			})))
			synctest.Wait()
			require.Error(t, system.Shutdown(ended(t)))
			close(leave)
			<-addr.Done()
			require.NoError(t, system.Shutdown(context.Background()))
			require.Empty(t, slices.Collect(system.Actors()))
		})
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

// Shutdown, at its hard end: Done of every handler that runs is closed, and of every context that
// was derived from its own, be it that the sender's ctx can end; Err stays what it was first.
func TestHardEndEndsHandlersContexts(t *testing.T) {
	t.Parallel()
	type derived struct {
		context.Context
		name string
	}
	for _, inline := range []bool{false, true} {
		for name, sender := range map[string]func(t *testing.T) context.Context{
			"Background": func(*testing.T) context.Context { return context.Background() },
			"WithCancel": func(t *testing.T) context.Context {
				t.Helper()
				ctx, cancel := context.WithCancel(context.Background())
				t.Cleanup(cancel)
				return ctx
			},
			"WithTimeout": func(t *testing.T) context.Context {
				t.Helper()
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				t.Cleanup(cancel)
				return context.WithValue(ctx, ctxKey{}, 1)
			},
			"an own type": func(*testing.T) context.Context { return newOwnCtx(context.Background()) },
		} {
			t.Run(fmt.Sprintf("%s, inline %t", name, inline), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var opts []akt.Option
					if inline {
						opts = append(opts, akt.WithInlineSend())
					}
					system := akt.NewSystem()
					addr, err := system.Run(&doll{}, opts...)
					require.NoError(t, err)
					other, err := system.Run(&doll{}, opts...)
					require.NoError(t, err)
					left := make(chan struct{})
					over := make(chan struct{})
					var waiting []derived
					wait := func(ctx context.Context, name string) {
						assert.NoError(t, ctx.Err())
						waiting = append(waiting, derived{ctx, name})
					}
					go func() {
						defer close(over)
						_, _ = addr.Send(sender(t), deed(func(ctx akt.Context) {
							limited, cancel := context.WithTimeout(ctx, 2*time.Hour)
							defer cancel()
							_, _ = other.Send(limited, deed(func(ctx akt.Context) {
								cancelled, cancel := context.WithCancel(ctx)
								defer cancel()
								wait(ctx, "of the handler")
								wait(cancelled, "derived from it")
								wait(context.WithValue(cancelled, ctxKey{}, 2), "with a value")
								wait(limited, "of the sender")
								<-cancelled.Done()
								<-ctx.Done()
								assert.Equal(t, context.Canceled, ctx.Err())
								close(left)
							}))
							<-ctx.Done()
							<-limited.Done()
							assert.Equal(t, context.Canceled, ctx.Err())
							assert.Equal(t, context.Canceled, limited.Err())
						}))
					}()
					synctest.Wait()
					gone, cancelGone := context.WithCancelCause(t.Context())
					cancelGone(errors.New("no patience"))
					began := time.Now()
					require.ErrorContains(t, system.Shutdown(gone), "no patience")
					<-left
					<-over
					for _, ctx := range waiting {
						<-ctx.Done()
						require.Equal(t, context.Canceled, ctx.Err(), ctx.name)
					}
					require.Zero(t, time.Since(began))
					time.Sleep(3 * time.Hour) // beyond all deadlines
					for _, ctx := range waiting {
						require.Equal(t, context.Canceled, ctx.Err(), ctx.name)
					}
					<-addr.Done()
					<-other.Done()
				})
			})
		}
	}
}

// Shutdown, at its hard end: what is reported as dead is not handled as well, be it in a lane, or
// in the batch that the owner has taken already; and all of it is reported.
func TestDeadLettersOfTheHardEndAreNotHandled(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"all in a batch": 0, "a batch, and others": 0, "behind a request": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dead, handled journal
				system := deadLetters(&dead)
				addr, err := system.Run(&doll{})
				require.NoError(t, err)
				private := contextOf(t, addr).Private()
				entered, leave := make(chan struct{}), make(chan struct{})
				gate := deed(func(akt.Context) {
					close(entered)
					<-leave
				})
				before := hold(t, addr) // so that what follows is queued, and taken at once
				require.NoError(t, addr.Notify(t.Context(), gate))
				const n = 10
				for i := range n {
					require.NoError(t, addr.Notify(t.Context(), handled.entry("public %d", i)))
				}
				answered := make(chan error, 1)
				for range first {
					go func() {
						_, err := addr.Send(t.Context(), handled.entry("request"))
						answered <- err
					}()
				}
				synctest.Wait()
				before()
				<-entered
				others := 0
				if name != "all in a batch" { // else nothing but Shutdown interrupts the batch
					others = 3
					require.NoError(t, addr.Notify(t.Context(), handled.entry("later")))
					require.NoError(t, private.Notify(t.Context(), handled.entry("private")))
					require.NoError(t, private.Do(func(akt.Context) { handled.add("function") }))
				}
				require.ErrorContains(t, system.Shutdown(ended(t)), fmt.Sprintf("(%d queued)", n+first+others))
				for range first {
					requireSendError(t, <-answered, akt.NotHandled, akt.ErrStopped)
				}
				require.Len(t, dead.all(), n+others)
				close(leave)
				<-addr.Done()
				require.Empty(t, handled.all())
				require.Len(t, dead.all(), n+others)
			})
		})
	}
}

// Shutdown asks OnStopping once, of who handles nothing after it, however often others are asked;
// and again whoever has handled a message since, until none has.
func TestShutdownAsksOnStoppingAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		_, err := system.Run(&doll{onStopping: func(akt.Context) bool { j.add("idle"); return true }})
		require.NoError(t, err)
		sink, err := system.Run(&doll{onStopping: func(akt.Context) bool { j.add("sink"); return true }})
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
				_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) { promise, future = akt.NewPromise[int](ctx) }))
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
