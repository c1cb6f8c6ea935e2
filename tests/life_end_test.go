package tests_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about ends: why, how long they may take, and who waits for them.

// StopCause tells OnStopped, and OnStopping, why the state ends; nil where the actor was asked to.
func TestStopCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		system, addr := states(t, &dead, func(n int) *doll {
			return &doll{
				onStopping: func(ctx akt.Context) bool {
					j.add("stopping %d: %v", n, ctx.StopCause())
					return true
				},
				onStopped: func(ctx akt.Context) { j.add("stopped %d: %v", n, ctx.StopCause()) },
			}
		})
		_, err := addr.Send(t.Context(), crash())
		require.Error(t, err)
		_, err = addr.Send(t.Context(),
			deed(func(ctx akt.Context) { assert.NoError(t, ctx.StopCause()) }))
		require.NoError(t, err)
		shutDown(t, system)
		require.Equal(t, []string{"stopped 1: akt: panic: crash", "stopping 2: <nil>",
			"stopped 2: <nil>"}, j.all())
		require.NoError(t, akt.Context{}.StopCause())
	})
}

// Context.Stop in OnStopping has no effect: what it returns decides, and a veto is one.
func TestStopInOnStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		addr := run(t, &doll{onStopping: func(ctx akt.Context) bool {
			asked++
			ctx.Stop()
			return asked > 1
		}})
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Stop() }))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 1, asked)
		settled(t, addr)
		_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Stop() }))
		require.NoError(t, err)
		<-addr.Done()
	})
}

// StopCause tells an OnStopped why its actor ends, where that was not asked to.
func TestStopCauseOfAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, &doll{onStopped: func(ctx akt.Context) { j.add("%v", ctx.StopCause()) }},
			quiet())
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
	for name, stop := range map[string]func(akt.Context){
		"Stop": akt.Context.Stop, "Drain": akt.Context.Drain,
	} {
		synctest.Test(t, func(t *testing.T) {
			var kept akt.Context
			life := &stoppingCtx{newTellingCtx(t.Context()), func() { stop(kept) }}
			addr, err := akt.NewSystem().
				Run(&doll{onStart: func(ctx akt.Context) error { kept = ctx; return nil }},
					akt.WithContext(life))
			require.NoError(t, err, name)
			<-addr.Done()
		})
	}
}

// Shutdown: an actor that Shutdown has cut off while a handler of it runs is stopping: it takes
// nothing more, and ends when the handler returns.
func TestStateOfAnActorThatIsCutOff(t *testing.T) {
	t.Parallel()
	states := make(chan akt.State, 1)
	g := &cutOff{gate: newGate(), states: states}
	system := akt.NewSystem()
	addr, err := system.Run(g)
	require.NoError(t, err)
	require.NoError(t, addr.Notify(t.Context(), Hold{}))
	<-g.entered
	ctx := ended(t)
	require.ErrorIs(t, system.Shutdown(ctx), context.Canceled)
	require.True(t, addr.IsClosed())
	close(g.leave)
	<-addr.Done()
	require.Equal(t, akt.Stopping, <-states)
}

// cutOff is a gate that tells its state when a Hold ends.
type cutOff struct {
	*gate
	states chan akt.State
}

func (c *cutOff) HandleHold(ctx akt.Context, h Hold) {
	c.gate.HandleHold(ctx, h)
	c.states <- ctx.State()
}

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
		canceled := ended(t)
		require.NoError(t, addr.Wait(canceled), "it has ended already")
	})
}

// D6: a handler that would wait for its own end is told; so is one whose wait for an end closes a
// ring with a request.
func TestWaitForOneself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := run(t, &doll{}, akt.WithName("a")), run(t, &doll{}, akt.WithName("b"))
		_, err := a.Send(t.Context(),
			play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "a.HandleAct → a")
		_, err = a.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			return b.Send(ctx, play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		}))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		settled(t, a)
		settled(t, b)

		told := make(chan error, 1)
		require.NoError(t,
			a.Notify(t.Context(), deed(func(ctx akt.Context) { told <- b.Wait(ctx) })))
		synctest.Wait()
		_, err = b.Send(t.Context(),
			play(func(ctx akt.Context) (any, error) { return nil, a.Wait(ctx) }))
		require.ErrorIs(t, err, akt.ErrDeadlock, "it waits for one that waits for it")
		b.Stop()
		require.NoError(t, <-told, "the other goes on")
	})
}

// WithStopTimeout: an end waits so long for the handler and the queue; then the handler's Context
// ends, and so do those of the handlers that it has asked, and the queued are told. It is over when
// the handler has returned.
func TestStopTimeout(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*testing.T, *akt.System, *akt.Address){
		"Stop":  func(_ *testing.T, _ *akt.System, a *akt.Address) { a.Stop() },
		"Drain": func(t *testing.T, _ *akt.System, a *akt.Address) { a.Downgrade().Stop() },
		"a parent's": func(t *testing.T, s *akt.System, _ *akt.Address) {
			parent, ok := s.Lookup("parent")
			require.True(t, ok)
			parent.Stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dead journal
				system := deadLetters(&dead)
				parent, err := system.Run(&doll{}, akt.WithName("parent"))
				require.NoError(t, err)
				other, err := system.Run(&doll{})
				require.NoError(t, err)
				var addr *akt.Address
				_, err = parent.Send(t.Context(), deed(func(ctx akt.Context) {
					addr, err = ctx.Run(&doll{}, akt.WithStopTimeout(time.Second))
				}))
				require.NoError(t, err)
				ended := make(chan time.Time, 3)
				until := func(ctx akt.Context) {
					<-ctx.Done()
					assert.ErrorIs(t, ctx.Err(), context.Canceled)
					ended <- time.Now()
				}
				for _, ctx := range []context.Context{t.Context(), context.Background()} {
					require.NoError(t, addr.Notify(ctx, deed(func(ctx akt.Context) {
						derived, cancel := context.WithTimeout(ctx, time.Hour)
						defer cancel()
						_, _ = other.Send(derived, deed(until)) // both are told at the same moment
						until(ctx)
						<-derived.Done()
						time.Sleep(time.Second) // it goes on
					})))
				}
				queued := later(func() error {
					_, err := addr.Send(context.Background(), deed(func(akt.Context) {}))
					return err
				})
				synctest.Wait()
				began := time.Now()
				stop(t, system, addr)
				requireSendError(t, <-queued, akt.NotHandled, akt.ErrStopped)
				require.Equal(t, time.Second, time.Since(began))
				<-addr.Done()
				require.Equal(t, 2*time.Second, time.Since(began))
				require.Equal(t, time.Second, (<-ended).Sub(began))
				require.Equal(t, time.Second, (<-ended).Sub(began))
				require.Equal(t, []string{"tests_test.dollAct: stopped"}, dead.all())
				require.NoError(t, addr.Err())
				shutDown(t, system)
			})
		})
	}
}

// The limit of WithStopTimeout ends the Contexts of those too whom the handler has asked with its
// own Context, whether they run by then or are asked later; Done and Err agree.
func TestStopTimeoutReachesThoseAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithStopTimeout(time.Second))
		require.NoError(t, err)
		other, err := system.Run(&doll{})
		require.NoError(t, err)
		ended, left := make(chan struct{}), make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, err := other.Send(ctx, deed(func(ctx akt.Context) {
				<-ctx.Done()
				assert.ErrorIs(t, ctx.Err(), context.Canceled)
				<-left
				close(ended)
			}))
			close(left)
			requireSendError(t, err, akt.MaybeHandled, context.Canceled)
			_, err = other.Send(ctx, deed(func(akt.Context) { t.Error("handled") }))
			requireSendError(t, err, akt.NotHandled, context.Canceled)
		})))
		synctest.Wait()
		addr.Stop()
		<-addr.Done()
		<-ended
		shutDown(t, system)
	})
}

// When the patience of Shutdown ends, so does the Context of a function of Go whose actor had a
// limit for its end, and has ended before.
func TestStopTimeoutAndFunctionsThatOutliveTheirActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithStopTimeout(time.Second))
		require.NoError(t, err)
		returned := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			akt.Go(ctx, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				returned <- ctx.Err()
				return 0, nil
			})
		})))
		addr.Stop()
		<-addr.Done()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorContains(t, system.Shutdown(ctx), "functions started with Go")
		require.ErrorIs(t, <-returned, context.Canceled)
		shutDown(t, system)
	})
}

// WithStopTimeout changes nothing for an actor that ends in time, nor for what is not an end; and a
// negative one is an error.
func TestStopTimeoutThatIsNotReached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithStopTimeout(time.Second))
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			time.Sleep(time.Minute)
			assert.NoError(t, ctx.Err())
		}))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			time.Sleep(time.Second / 2)
			assert.NoError(t, ctx.Err())
		})))
		addr.Stop()
		<-addr.Done()
		_, err = akt.NewSystem().Run(&doll{}, akt.WithStopTimeout(-1))
		require.ErrorContains(t, err, "WithStopTimeout(-1ns)")
	})
}

// Shutdown's hard end ends the Contexts of an actor with a limit of its own, too.
func TestStopTimeoutAndShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet(), akt.WithStopTimeout(time.Hour)))
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		for _, ctx := range []context.Context{t.Context(), context.Background()} {
			require.NoError(t, addr.Notify(ctx, deed(func(ctx akt.Context) { <-ctx.Done() })))
		}
		patience, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, system.Shutdown(patience))
		<-addr.Done()
		require.NoError(t, system.Shutdown(t.Context()))
	})
}

// L8: an end that takes more than ten seconds is logged once, with what it waits for.
func TestLongEndIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		addr := run(t, &doll{}, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			akt.WithName("slow"))
		require.NoError(t,
			addr.Notify(t.Context(), deed(func(akt.Context) { time.Sleep(time.Minute) })))
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
		addr.Stop()
		time.Sleep(9 * time.Second)
		synctest.Wait()
		require.Zero(t, log.Len())
		<-addr.Done()
		synctest.Wait()
		require.Contains(t, log.String(),
			`the actor has been stopping for long" `+
				`actor=slow type=*tests_test.doll for=10s queued=1`)
		require.Contains(t, log.String(), "slow.HandleAct")
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")))
	})
}
