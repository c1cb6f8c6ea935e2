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

// These tests are about the hard end: Shutdown's patience is over before all actors have ended.

// A Shutdown whose ctx ends before the actors do returns at once and names those that are left.
func TestShutdownRunsOutOfPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithName("stuck"))
		require.NoError(t, err)
		_, err = system.Run(&doll{}, akt.WithName("fine"))
		require.NoError(t, err)
		leave := hold(t, addr)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = system.Shutdown(ctx)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "stuck")
		require.ErrorContains(t, err, "HandleAct")
		require.NotContains(t, err.Error(), "fine")
		leave()
		<-addr.Done()
		shutDown(t, system)
	})
}

// The patience of Shutdown may end also when all are told to end: who is in OnStopped is named.
func TestShutdownRunsOutOfPatienceInOnStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{onStopped: func(akt.Context) { time.Sleep(time.Hour) }},
			akt.WithName("slow"))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = system.Shutdown(ctx)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "not quiet: slow in OnStopped (0 queued)")
		<-addr.Done()
		require.Equal(t, time.Hour, time.Since(began))
	})
}

// Nothing runs in a system after Shutdown has given up waiting, also where the handler that it was
// stuck in asks for it: nobody would stop that.
func TestRunAfterShutdownRanOutOfPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		never := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
		over := make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			<-over
			_, err := ctx.Run(never)
			assert.ErrorIs(t, err, akt.ErrStopped)
			_, _, err = system.LookupOrRun(context.WithoutCancel(ctx), "root", func() any {
				return never
			})
			assert.ErrorIs(t, err, akt.ErrStopped)
		})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.Error(t, system.Shutdown(ctx))
		close(over)
		<-addr.Done()
		shutDown(t, system)
	})
}

// Shutdown: while all end, and after it ran out of patience, nobody is run but as a child of who
// still lives, and ends with that: from inside, too.
func TestNobodyIsRunWhileAllEnd(t *testing.T) {
	t.Parallel()
	lookup := func(t *testing.T, system *akt.System, ctx akt.Context) {
		t.Helper()
		inside := context.WithoutCancel(ctx) // that a hard end has ended it is not the reason
		_, _, err := system.LookupOrRun(inside, "new", func() any { return &doll{} })
		assert.ErrorIs(t, err, akt.ErrStopped)
		if child, err := ctx.Run(&doll{}); err != nil {
			assert.ErrorIs(t, err, akt.ErrStopped)
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
			addr, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool {
				time.Sleep(time.Second)
				return true
			}})
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
			"an own type": func(*testing.T) context.Context {
				return newOwnCtx(context.Background())
			},
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
	for name, first := range map[string]int{
		"all in a batch": 0, "a batch, and others": 0, "behind a request": 1,
	} {
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
				require.ErrorContains(t, system.Shutdown(ended(t)),
					fmt.Sprintf("(%d queued)", n+first+others))
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

// Shutdown: the end of its patience answers who waits for a Future, with ErrStopped and
// MaybeHandled, and its error counts the functions that have not returned.
func TestShutdownAnswersWhoWaitsForAFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		actor := &exact{letGo: make(chan struct{})}
		addr, err := system.Run(actor)
		require.NoError(t, err)
		owe, err := akt.RecipientOf[exactOwe, int](addr)
		require.NoError(t, err)
		functions, err := akt.RecipientOf[exactGo, int](addr)
		require.NoError(t, err)
		answers := make(chan error)
		waiting := 0
		for _, ctx := range starts(t) {
			for _, send := range []func() (any, error){
				func() (any, error) { return addr.SendUnpack(ctx, exactOwe{}) },
				func() (any, error) { return akt.Ask[int](ctx, addr, exactOwe{}) },
				func() (any, error) { return owe.Send(ctx, exactOwe{}) },
				func() (any, error) { return addr.SendUnpack(ctx, exactGo{}) },
				func() (any, error) { return akt.Ask[int](ctx, addr.Downgrade(), exactGo{}) },
				func() (any, error) { return functions.Send(ctx, exactGo{}) },
			} {
				waiting++
				go func() {
					_, err := send()
					answers <- err
				}()
			}
		}
		synctest.Wait()
		require.Len(t, actor.owed, waiting/2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = system.Shutdown(ctx)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, fmt.Sprintf("have not returned: %d", waiting/2))
		for range waiting {
			requireSendError(t, <-answers, akt.MaybeHandled, akt.ErrStopped,
				akt.ErrFailedToGetResponse)
		}
		require.Equal(t, time.Minute, time.Since(began))
		close(actor.letGo)
		synctest.Wait()
		shutDown(t, system)
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
			requireSendError(t, <-asked, akt.MaybeHandled, akt.ErrStopped,
				akt.ErrFailedToGetResponse)
			close(leave)
			<-addr.Done()
		})
	}
}

// Shutdown: at the hard end those are not named that only become busy because others end, be it of
// what the dead-letter hook does.
func TestShutdownDoesNotNameWhoWasQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var others []akt.Context
		left := make(chan struct{})
		system := akt.NewSystem(akt.WithDefaults(quiet()),
			akt.WithDeadLetters(func(akt.DeadLetter) {
				for _, c := range others { // those that have ended refuse it
					_ = c.Private().Do(func(akt.Context) { <-left })
				}
			}))
		for range 8 {
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			others = append(others, contextOf(t, addr))
		}
		stuck, err := system.Run(&doll{}, akt.WithName("stuck"))
		require.NoError(t, err)
		leave := hold(t, stuck)
		require.NoError(t,
			stuck.Notify(t.Context(), deed(func(akt.Context) { t.Error("handled") })))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = system.Shutdown(ctx)
		require.ErrorContains(t, err, "not quiet: stuck in HandleAct (1 queued)")
		require.NotContains(t, err.Error(), "doll-")
		close(left)
		leave()
		shutDown(t, system)
	})
}

// Shutdown: at the hard end an actor that is busy outside its handlers is named, too.
func TestShutdownNamesWhoIsBusyElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		leave := make(chan struct{})
		addr, err := system.Run(&doll{}, akt.WithName("a"),
			akt.WithSupervisor(akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
				<-leave
				return akt.Stop
			}}))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(t.Context(), crash()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = system.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "a in no handler (0 queued)")
		close(leave)
		<-addr.Done()
	})
}
