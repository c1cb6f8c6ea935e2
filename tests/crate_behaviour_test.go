package tests_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// TestBehaviour has the differences from the crate akt 0.1.2, and what is the same though it need
// not be, by the rows of docs/crate.md, each in a bubble of its own.
func TestBehaviour(t *testing.T) {
	t.Parallel()
	t.Run("mailbox of any size, 1,024 by default; blocked senders enter in order; one that gives "+
		"up is never delivered", behaviourMailbox)
	t.Run("private messages run before any queued public one, however long their chain",
		behaviourPrivateFirst)
	t.Run("sender gone while the handler waits: its ctx ends, the sender is free, the actor goes "+
		"on when the handler returns", behaviourSenderGone)
	t.Run("sender gone before its queued message starts: never handled", behaviourNeverHandled)
	t.Run("stop: the reply arrives, then queued and waiting senders are told, before OnStopped; "+
		"dropped notifications are counted and logged", behaviourStop)
	t.Run("closed before OnStopped: nothing accepted is lost", behaviourClosedBeforeStopped)
	t.Run("stop inside OnStart: it stops", behaviourStopInStart)
	t.Run("veto: back to Started", behaviourVeto)
	t.Run("all addresses dropped: what was queued is handled, OnStopping is not asked",
		behaviourReleased)
	t.Run("panic: PanicError for its sender and the queue, OnStopped once, logged with the stack",
		behaviourPanic)
	t.Run("panic: an actor of a Spawner goes on", behaviourPanicSpawner)
	t.Run("panic in a hook", behaviourPanicInHook)
	t.Run("notify_interval: immediate, no overlap, no burst; the function is not called "+
		"after the end", behaviourInterval)
	t.Run("notify_interval: a period that is not positive never fires and is logged",
		behaviourIntervalZero)
	t.Run("notify_later, notify_at: a Timer to stop; the past fires at once; dropped where the "+
		"actor is gone", behaviourLater)
	t.Run("send_unpack: the loop serves others meanwhile, and the end of the actor does not "+
		"affect the reply", behaviourUnpack)
	t.Run("send_unpack: resolver dropped: ErrFailedToGetResponse", behaviourResolverDropped)
	t.Run("an actor that sends to itself and waits: ErrDeadlock at once", behaviourDeadlock)
	t.Run("run returns after OnStart, with its error", behaviourRun)
}

// runWithLetters runs an actor whose dead letters are kept.
func runWithLetters(t *testing.T, actor any, opts ...akt.Option) (*akt.Address, *[]akt.DeadLetter) {
	t.Helper()
	letters := new([]akt.DeadLetter)
	system := akt.NewSystem(akt.WithDeadLetters(func(l akt.DeadLetter) {
		*letters = append(*letters, l)
	}))
	addr, err := system.Run(actor, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { shutDown(t, system) })
	return addr, letters
}

// D3, D4: room is given in the order of asking, and who gave up asking is not there.
func behaviourMailbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, addr := runHeld(t)
		for n := range 1024 {
			require.NoError(t, addr.TryNotify(context.Background(), Note{n}))
		}
		require.ErrorIs(t, addr.TryNotify(context.Background(), Note{1024}), akt.ErrMailboxFull)
		ctx, cancel := context.WithCancel(t.Context())
		first := later(func() error { return addr.Notify(context.Background(), Note{1024}) })
		second := later(func() error { return addr.Notify(ctx, Note{-1}) })
		third := sendLater(addr, Note{1025})
		fourth := later(func() error { return addr.Notify(context.Background(), Note{1026}) })
		cancel()
		require.ErrorIs(t, <-second, context.Canceled)
		close(g.leave)
		require.NoError(t, <-first)
		require.NoError(t, <-third)
		require.NoError(t, <-fourth)
		synctest.Wait()
		notes := g.recorded()
		require.Len(t, notes, 1027)
		require.IsIncreasing(t, notes)

		h, small := runHeld(t, akt.WithMailbox(1))
		require.NoError(t, small.TryNotify(context.Background(), Note{0}),
			"the message that is being handled does not count")
		require.ErrorIs(t, small.TryNotify(context.Background(), Note{1}), akt.ErrMailboxFull)
		close(h.leave)
	})
}

// D2: a private message sent by a private message is still before the public ones.
func behaviourPrivateFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &parityProbe{}
		addr := run(t, probe)
		var link func(n int) parityDo
		link = func(n int) parityDo {
			return parityDo{func(ctx akt.Context) (any, error) {
				if n == 100 {
					return nil, ctx.Private().Notify(ctx, parityNote("end of the chain"))
				}
				if n == 1 {
					if err := ctx.Address().Notify(ctx, parityNote("public")); err != nil {
						return nil, err
					}
				}
				return nil, ctx.Private().Notify(ctx, link(n+1))
			}}
		}
		require.NoError(t, addr.Notify(t.Context(), link(0)))
		synctest.Wait()
		require.Equal(t, []string{"OnStart", "end of the chain", "public"}, probe.log)
	})
}

// D4: the end of a sender's ctx ends the Send and the handler's ctx, and nothing else.
func behaviourSenderGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{})
		leave := make(chan struct{})
		var seen error
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := addr.Send(ctx, parityDo{func(ctx akt.Context) (any, error) {
			<-leave
			seen = ctx.Err()
			return nil, nil
		}})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
		require.Equal(t, time.Second, time.Since(start), "free at once")
		next := sendLater(addr, parityNote("next"))
		require.Empty(t, next, "the actor goes on when the handler returns")
		close(leave)
		require.NoError(t, <-next)
		require.Equal(t, context.DeadlineExceeded, seen)
	})
}

// D4: who leaves while its message is queued is sure that it is never handled.
func behaviourNeverHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 50 { // the original flips a coin
			g, addr := runHeld(t)
			ctx, cancel := context.WithCancel(t.Context())
			gone := later(func() error { _, err := addr.Send(ctx, Note{1}); return err })
			cancel() // and at the same moment the actor becomes free
			g.leave <- struct{}{}
			err := <-gone
			require.ErrorIs(t, err, context.Canceled)
			synctest.Wait()
			require.Empty(t, g.recorded())
			addr.Release()
		}
	})
}

// L2, D3, E2: Context.Stop drops what is queued, and says so to each sender, in the log and as dead
// letters.
func behaviourStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		var told []string
		probe := &parityProbe{}
		addr, letters := runWithLetters(t, probe, akt.WithMailbox(3), log.option())
		leave, stopping := make(chan struct{}), make(chan struct{})
		reply := later(func() error {
			reply, err := addr.Send(context.Background(),
				parityDo{func(ctx akt.Context) (any, error) {
					ctx.Stop()
					<-leave
					return "bye", nil
				}})
			assert.Equal(t, "bye", reply)
			return err
		})
		queued := sendLater(addr, parityNote("queued"))
		require.NoError(t, addr.TryNotify(context.Background(), parityNote("dropped")))
		require.NoError(t, addr.TryNotify(context.Background(), parityNote("dropped too")))
		waiting := sendLater(addr, parityNote("waiting"))
		probe.stopping = func(akt.Context) bool { <-stopping; return true }
		probe.stopped = func(akt.Context) {
			// It would hang if they were told after OnStopped.
			told = []string{(<-queued).Error(), (<-waiting).Error()}
		}
		close(leave)
		require.NoError(t, <-reply)
		synctest.Wait()
		require.Empty(t, queued, "not before OnStopping has agreed")
		close(stopping)
		<-addr.Done()
		require.Contains(t, told[0], "not handled, failed to get response")
		require.Contains(t, told[0], "the actor has stopped")
		require.Contains(t, told[1], "not handled, failed to deliver")
		require.Contains(t, told[1], "the actor has stopped")
		require.Len(t, *letters, 2)
		require.ErrorIs(t, (*letters)[0].Err, akt.ErrStopped)
		require.Equal(t, parityNote("dropped"), (*letters)[0].Msg)
		require.Equal(t, 1, strings.Count(log.String(), "notifications were dropped"))
		require.Contains(t, log.String(), "count=2")
		require.Equal(t, []string{"OnStart"}, probe.log)
	})
}

// L2: in OnStopped nothing is accepted that would then be lost.
func behaviourClosedBeforeStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var errs []error
		var addr *akt.Address
		addr, letters := runWithLetters(t, &parityProbe{stopped: func(ctx akt.Context) {
			assert.True(t, ctx.Address().IsClosed())
			errs = append(errs, addr.TryNotify(context.Background(), parityNote("lost")),
				ctx.Private().Notify(ctx, parityNote("lost")))
			// Not a deadlock: it would not wait.
			for _, ctx := range []context.Context{ctx, context.Background()} {
				_, err := addr.Send(ctx, parityNote("lost"))
				errs = append(errs, err)
			}
		}})
		_, err := addr.Send(t.Context(), parityStop)
		require.NoError(t, err)
		<-addr.Done()
		require.Len(t, errs, 4)
		for _, err := range errs {
			require.ErrorIs(t, err, akt.ErrStopped)
			require.ErrorIs(t, err, akt.ErrFailedToDeliver)
		}
		require.Empty(t, *letters)
	})
}

// L2: Context.Stop counts in OnStart too; Run says that the actor has stopped.
func behaviourStopInStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &parityProbe{start: func(ctx akt.Context) error { ctx.Stop(); return nil }}
		_, err := akt.NewSystem().Run(probe)
		require.ErrorIs(t, err, akt.ErrStopped)
		require.Equal(t, []string{"OnStopping", "OnStopped"}, probe.log)
	})
}

// L2: after a veto all is as before.
func behaviourVeto(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		addr := run(t, &parityProbe{stopping: func(ctx akt.Context) bool {
			asked++
			assert.Equal(t, akt.Stopping, ctx.State())
			return false
		}})
		_, err := addr.Send(t.Context(), parityStop)
		require.NoError(t, err)
		for range 3 {
			state, err := addr.Send(t.Context(),
				parityDo{func(ctx akt.Context) (any, error) { return ctx.State(), nil }})
			require.NoError(t, err)
			require.Equal(t, akt.Started, state)
		}
		require.Equal(t, 1, asked, "not asked again before every message")
	})
}

// L1: the last Release lets the actor finish, and cannot be vetoed.
func behaviourReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &parityProbe{}
		addr := run(t, probe)
		private, leave := privateOf(t, addr), make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(),
			parityDo{func(akt.Context) (any, error) { <-leave; return nil, nil }}))
		synctest.Wait()
		queued := sendLater(addr, parityNote("public request"))
		require.NoError(t, addr.Notify(t.Context(), parityNote("public")))
		require.NoError(t, private.Notify(t.Context(), parityNote("private")))
		addr.Release()
		require.ErrorIs(t, private.Notify(t.Context(), parityNote("late")), akt.ErrStopped)
		close(leave)
		require.NoError(t, <-queued)
		<-addr.Done()
		require.Equal(t, []string{"OnStart", "private", "public request", "public", "OnStopped"},
			probe.log)
	})
}

// A deferred reply occupies its sender, not the actor, and outlives the actor.
func behaviourUnpack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{})
		promise, future := akt.NewPromise[int](context.Background())
		deferred := later(func() error {
			reply, err := addr.SendUnpack(context.Background(),
				parityDo{func(akt.Context) (any, error) { return future, nil }})
			assert.Equal(t, 7, reply)
			return err
		})
		_, err := addr.Send(t.Context(), parityNote("meanwhile"))
		require.NoError(t, err)
		addr.Stop()
		<-addr.Done()
		synctest.Wait()
		require.Empty(t, deferred)
		promise.Resolve(7)
		require.NoError(t, <-deferred)
	})
}

// A Promise that is lost fails its Future.
func behaviourResolverDropped(t *testing.T) {
	t.Parallel()
	addr := run(t, &parityProbe{})
	dropped := make(chan error, 1)
	go func() {
		_, err := addr.SendUnpack(t.Context(), parityDo{func(akt.Context) (any, error) {
			_, future := akt.NewPromise[int](context.Background())
			return future, nil
		}})
		dropped <- err
	}()
	for {
		select {
		case err := <-dropped:
			require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
			return
		default:
			runtime.GC()
		}
	}
}

// D6: an actor does not wait for itself, by either lane.
func behaviourDeadlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{})
		start := time.Now()
		for _, self := range []func(akt.Context) akt.Sender{
			func(akt.Context) akt.Sender { return addr },
			func(ctx akt.Context) akt.Sender { return ctx.Private() },
		} {
			_, err := addr.Send(t.Context(),
				parityDo{func(ctx akt.Context) (any, error) {
					return self(ctx).Send(ctx, parityNote("self"))
				}})
			require.ErrorIs(t, err, akt.ErrDeadlock)
		}
		require.Zero(t, time.Since(start))
		log, err := akt.Ask[[]string](t.Context(), addr, parityNote("alive"))
		require.NoError(t, err)
		require.Equal(t, []string{"OnStart", "alive"}, log)
	})
}

// Run returns when OnStart has, and hands on its error unchanged; then there is no OnStopped.
func behaviourRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("its own")
		probe := &parityProbe{start: func(akt.Context) error {
			time.Sleep(time.Second)
			return nil
		}}
		start := time.Now()
		run(t, probe)
		require.Equal(t, time.Second, time.Since(start))
		failing := &parityProbe{start: func(akt.Context) error { return own }}
		addr, err := akt.NewSystem().Run(failing)
		require.Equal(t, own, err)
		require.Nil(t, addr)
		require.Empty(t, failing.log, "no OnStopped")
	})
}

// parityPanics panics when it is let go.
func parityPanics(leave <-chan struct{}) parityDo {
	return parityDo{func(akt.Context) (any, error) { <-leave; panic("oh") }}
}

// L5: an actor run from a value dies of a panic, and everybody is told of it.
func behaviourPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		probe, leave := &parityProbe{}, make(chan struct{})
		addr := run(t, probe, log.option())
		own := sendLater(addr, parityPanics(leave))
		queued := sendLater(addr, parityNote("queued"))
		close(leave)
		for err, handled := range map[error]akt.Handled{
			<-own: akt.MaybeHandled, <-queued: akt.NotHandled,
		} {
			require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
			var failure *akt.SendError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, handled, failure.Handled)
			var panicked *akt.PanicError
			require.ErrorAs(t, err, &panicked)
			require.Equal(t, "oh", panicked.Value)
		}
		<-addr.Done()
		_, err := addr.Send(t.Context(), parityNote("late"))
		require.ErrorIs(t, err, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, new(*akt.PanicError))
		require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
		require.Equal(t, []string{"OnStart", "OnStopped"}, probe.log)
		require.Contains(t, log.String(), "parityPanics", "the stack")
	})
}

// L5: an actor run from a Spawner goes on after a panic, with a fresh state and its queue.
func behaviourPanicSpawner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		var states []*parityProbe
		addr := run(t, akt.Spawner[*parityProbe](func() *parityProbe {
			states = append(states, &parityProbe{})
			return states[len(states)-1]
		}), log.option())
		leave := make(chan struct{})
		own := sendLater(addr, parityPanics(leave))
		queued := sendLater(addr, parityNote("queued"))
		close(leave)
		require.ErrorAs(t, <-own, new(*akt.PanicError))
		require.NoError(t, <-queued)
		require.Len(t, states, 2)
		require.Equal(t, []string{"OnStart", "OnStopped"}, states[0].log)
		require.Equal(t, []string{"OnStart", "queued"}, states[1].log)
		require.True(t, addr.IsConnected())
	})
}

// L5: a panic in OnStart is Run's error, in OnStopping it counts as true, in OnStopped it is
// logged.
func behaviourPanicInHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log parityLog
		stopped := false
		_, err := akt.NewSystem().Run(&parityProbe{
			start:   func(akt.Context) error { panic("in OnStart") },
			stopped: func(akt.Context) { stopped = true },
		}, log.option())
		require.ErrorAs(t, err, new(*akt.PanicError))
		require.False(t, stopped, "a state that was not started gets no OnStopped")
		addr := run(t, &parityProbe{
			stopping: func(akt.Context) bool { panic("in OnStopping") },
			stopped:  func(akt.Context) { stopped = true; panic("in OnStopped") },
		}, log.option())
		_, err = addr.Send(t.Context(), parityStop)
		require.NoError(t, err)
		<-addr.Done()
		require.True(t, stopped)
		require.Contains(t, log.String(), "in OnStopping")
		require.Contains(t, log.String(), "in OnStopped")
	})
}

// L4: ticks come at start + k·every; one that was missed is skipped.
func behaviourInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{})
		start, inside, made := time.Now(), 0, 0
		var ticks []string
		tick := parityDo{func(akt.Context) (any, error) {
			inside++
			assert.Equal(t, 1, inside, "ticks overlap")
			ticks = append(ticks, time.Since(start).String())
			if len(ticks) == 3 {
				time.Sleep(35 * time.Second) // the ticks at 30, 40 and 50 s are missed
			}
			inside--
			return nil, nil
		}}
		privateOf(t, addr).NotifyInterval(func() any { made++; return tick }, 10*time.Second)
		time.Sleep(75 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"0s", "10s", "20s", "1m0s", "1m10s"}, ticks)
		addr.Stop()
		<-addr.Done()
		time.Sleep(time.Hour)
		require.Len(t, ticks, made)
		require.Equal(t, 5, made)
	})
}

// L4: an interval that cannot be is logged as an error.
func behaviourIntervalZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, every := range []time.Duration{0, -time.Second} {
			var log parityLog
			addr := run(t, &parityProbe{}, log.option())
			timer := privateOf(t, addr).
				NotifyInterval(func() any { t.Error("it fires"); return parityNote("") }, every)
			time.Sleep(time.Hour)
			require.Contains(t, log.String(), "level=ERROR")
			require.Contains(t, log.String(), "the interval must be positive")
			require.False(t, timer.Stop())
		}
	})
}

// L4, D3: a timer can be stopped, ends with its actor, and is a dead letter where the actor is gone
// before.
func behaviourLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &parityProbe{}
		addr, letters := runWithLetters(t, probe, new(parityLog).option())
		private := privateOf(t, addr)
		require.True(t, private.NotifyLater(parityNote("stopped"), time.Second).Stop())
		private.NotifyAt(parityNote("past"), time.Now().Add(-time.Hour))
		private.NotifyLater(parityNote("negative"), -time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"OnStart", "past", "negative"}, probe.log, "at once")
		fired := private.NotifyLater(parityNote("later"), time.Second)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, "later", probe.log[3])
		require.False(t, fired.Stop())
		private.NotifyLater(parityNote("too late"), time.Minute)
		addr.Stop()
		<-addr.Done()
		private.NotifyLater(parityNote("to one that is gone"), time.Second)
		time.Sleep(time.Hour)
		require.Equal(t,
			[]string{"OnStart", "past", "negative", "later", "OnStopping", "OnStopped"}, probe.log)
		require.NotEmpty(t, *letters)
		last := (*letters)[len(*letters)-1]
		require.Equal(t, parityNote("to one that is gone"), last.Msg)
		require.ErrorIs(t, last.Err, akt.ErrStopped)
	})
}
