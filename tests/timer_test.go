package tests_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about messages that come later, once or at intervals.

// clock writes what happens into a journal with the time since the clock was made.
type clock struct {
	journal

	start time.Time
}

func (c *clock) note(what string) { c.add("%v %s", time.Since(c.start), what) }

// entry is an act that writes a line, then takes some time.
func (c *clock) entry(what string, takes time.Duration) dollAct {
	return deed(func(akt.Context) {
		c.note(what)
		time.Sleep(takes)
	})
}

// ticks is the function of an interval whose messages take some time.
func (c *clock) ticks(takes time.Duration) func() any {
	return func() any { return c.entry("tick", takes) }
}

func newClock() *clock { return &clock{start: time.Now()} }

// NotifyLater and NotifyAt send one message at their time; at once where that has passed.
func TestNotifyLaterAndAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		private := contextOf(t, addr).Private()
		private.NotifyAt(c.entry("at 3s", 0), time.Now().Add(3*time.Second))
		private.NotifyLater(c.entry("later 2s", 0), 2*time.Second)
		private.NotifyLater(c.entry("now", 0), 0)
		private.NotifyLater(c.entry("now too", 0), -time.Hour)
		private.NotifyAt(c.entry("in the past", 0), time.Now().Add(-time.Hour))
		time.Sleep(time.Hour)
		require.Equal(t,
			[]string{"0s now", "0s now too", "0s in the past", "2s later 2s", "3s at 3s"}, c.all())
	})
}

// Timer.Stop reports whether it kept a message from being begun: true once before the time, false
// ever after.
func TestTimerStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		private := contextOf(t, addr).Private()
		before := private.NotifyLater(c.entry("stopped before", 0), time.Second)
		after := private.NotifyLater(c.entry("stopped after", 0), time.Second)
		require.True(t, before.Stop())
		require.False(t, before.Stop())
		time.Sleep(time.Minute)
		require.False(t, after.Stop())
		require.Equal(t, []string{"1s stopped after"}, c.all())

		leave := hold(t, addr)
		queued := private.NotifyLater(c.entry("stopped while queued", 0), time.Second)
		atOnce := private.NotifyLater(c.entry("stopped while queued", 0), 0)
		time.Sleep(time.Minute)
		require.True(t, queued.Stop())
		require.True(t, atOnce.Stop())
		leave()
		synctest.Wait()
		require.Len(t, c.all(), 1)
	})
}

// L4: an interval fires at once, then at start + k·every, for as long as its messages take less
// than that.
func TestNotifyInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		timer := contextOf(t, addr).
			Private().NotifyInterval(c.ticks(300*time.Millisecond), time.Second)
		time.Sleep(3500 * time.Millisecond)
		require.True(t, timer.Stop())
		require.False(t, timer.Stop())
		time.Sleep(time.Hour)
		require.Equal(t, []string{"0s tick", "1s tick", "2s tick", "3s tick"}, c.all())
	})
}

// L4: an interval waits for each handling; the ticks missed meanwhile are skipped, without a burst
// and without a drift.
func TestNotifyIntervalSkipsMissedTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		contextOf(t, addr).Private().NotifyInterval(c.ticks(2500*time.Millisecond), time.Second)
		time.Sleep(8800 * time.Millisecond)
		require.Equal(t, []string{"0s tick", "3s tick", "6s tick"}, c.all())
	})
}

// L4: also where the actor is busy with something else, at most one tick waits.
func TestNotifyIntervalOfABusyActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		contextOf(t, addr).Private().NotifyInterval(c.ticks(0), time.Second)
		time.Sleep(500 * time.Millisecond)
		leave := hold(t, addr)
		time.Sleep(5 * time.Second)
		leave()
		time.Sleep(time.Second)
		require.Equal(t, []string{"0s tick", "5.5s tick", "6s tick"}, c.all())
	})
}

// L4: the interval's function is called in the actor's turn, so that it may use the state; an actor
// may stop its own timer.
func TestNotifyIntervalFunctionHasTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		ticks, handled := 0, 0 // without a lock: the race detector watches them
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			var timer *akt.Timer
			timer = ctx.Private().NotifyInterval(func() any {
				ticks++
				if ticks == 3 {
					timer.Stop()
				}
				return deed(func(akt.Context) { handled++ })
			}, time.Second)
			runtime.Gosched()
			assert.Zero(t, ticks, "it is called after this message, not within")
		}))
		require.NoError(t, err)
		for range 10 {
			time.Sleep(time.Second)
			require.NoError(t,
				addr.TryNotify(context.Background(), deed(func(akt.Context) { ticks += 0 })))
		}
		synctest.Wait()
		require.Equal(t, []int{3, 2}, []int{ticks, handled}, "after Stop no message begins")
	})
}

// L4: timers end with the actor: nothing of them is called or handled afterwards, and none can be
// started.
func TestTimersEndWithTheActor(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *akt.Address){
		"Address.Stop": func(_ *testing.T, a *akt.Address) { a.Stop() },
		"Release":      func(_ *testing.T, a *akt.Address) { a.Release() },
		"Context.Stop": func(t *testing.T, a *akt.Address) { t.Helper(); contextOf(t, a).Stop() },
		"panic": func(t *testing.T, a *akt.Address) {
			t.Helper()
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr, c := run(t, &doll{}, quiet()), newClock()
				private := contextOf(t, addr).Private()
				later := private.NotifyLater(c.entry("later", 0), time.Minute)
				interval := private.NotifyInterval(
					func() any { c.note("called"); return c.entry("tick", 0) }, time.Second)
				time.Sleep(1500 * time.Millisecond)
				want := []string{"0s called", "0s tick", "1s called", "1s tick"}
				require.Equal(t, want, c.all())
				end(t, addr)
				<-addr.Done()
				require.False(t, private.NotifyLater(c.entry("too late", 0), time.Second).Stop())
				require.False(t, private.NotifyLater(c.entry("too late", 0), 0).Stop())
				require.False(t, private.NotifyInterval(c.ticks(0), time.Second).Stop())
				time.Sleep(time.Hour)
				require.Equal(t, want, c.all())
				require.False(t, later.Stop())
				require.False(t, interval.Stop())
			})
		})
	}
}

// L3, L4: what a timer would send while the actor drains comes too late: a dead letter, for a
// message; nothing, for a tick.
func TestTimersOfADrainingActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		addr, err := deadLetters(&dead).Run(&doll{})
		require.NoError(t, err)
		c, private := newClock(), contextOf(t, addr).Private()
		private.NotifyInterval(c.ticks(0), time.Second)
		private.NotifyLater(Stray{}, 3*time.Second)
		private.NotifyLater(c.entry("accepted", 0), 1500*time.Millisecond)
		time.Sleep(1200 * time.Millisecond)
		leave := hold(t, addr)
		time.Sleep(time.Second)
		addr.Stop()
		require.False(t, private.NotifyLater(Touch{}, 0).Stop())
		time.Sleep(time.Hour)
		leave()
		<-addr.Done()
		require.Equal(t, "0s tick", c.all()[0])
		require.Equal(t, "1s tick", c.all()[1])
		require.Contains(t, c.all(), "1h0m2.2s accepted")
		require.Contains(t, dead.all(), "tests_test.Stray: stopped")
	})
}

// An interval that is not positive, and a message nobody handles, are logged as errors, and the
// timer never fires.
func TestTimersThatNeverFire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		addr := run(t, &doll{}, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		private := contextOf(t, addr).Private()
		never := func() any { //nolint:unparam // the type is NotifyInterval's
			t.Error("it fired")
			return nil
		}
		for name, start := range map[string]func() *akt.Timer{
			"zero interval": func() *akt.Timer { return private.NotifyInterval(never, 0) },
			"negative interval": func() *akt.Timer {
				return private.NotifyInterval(never, -time.Second)
			},
			"no function": func() *akt.Timer { return private.NotifyInterval(nil, time.Second) },
			"no handler": func() *akt.Timer {
				return private.NotifyLater(time.Second, time.Second)
			},
			"nil": func() *akt.Timer { return private.NotifyLater(nil, time.Second) },
		} {
			log.Reset()
			timer := start()
			require.Contains(t, log.String(), "level=ERROR", name)
			require.False(t, timer.Stop(), name)
			time.Sleep(time.Hour)
		}
		settled(t, addr)
	})
}

// A tick whose message nobody handles is logged and a dead letter, each time, but for nil, which is
// no message; the interval goes on.
func TestIntervalOfUnhandledMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		addr, err := deadLetters(&dead).Run(&doll{})
		require.NoError(t, err)
		handled := j.entry("handled")
		messages, n := []any{nil, (*dollAct)(nil), "text", handled, &handled}, 0
		contextOf(t, addr).Private().NotifyInterval(func() any {
			n++
			return messages[n-1]
		}, time.Second)
		time.Sleep(4500 * time.Millisecond)
		require.Len(t, dead.all(), 2, "%v", dead.all())
		require.Equal(t, []string{"handled", "handled"}, j.all())
		addr.Stop()
		<-addr.Done()
	})
}

// Delivery.Queued of a timer's message is counted from when it was due, at once included; so is
// that of a tick.
func TestDeliveryQueuedOfTimers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		var queued []time.Duration
		see := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			queued = append(queued, ctx.Delivery().Queued)
			return next(ctx, msg)
		}
		addr := run(t, &doll{}, akt.WithInterceptor(see))
		private := contextOf(t, addr).Private()
		queued = nil
		nothing := deed(func(akt.Context) {})
		nap := deed(func(akt.Context) { time.Sleep(3 * time.Second) })
		private.NotifyLater(nothing, 0)
		synctest.Wait()
		private.NotifyLater(nothing, time.Minute)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 0}, queued)
		queued = nil
		require.NoError(t, addr.Notify(t.Context(), nap))
		synctest.Wait()
		private.NotifyLater(nothing, 0)
		private.NotifyLater(nothing, time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 3 * time.Second, 2 * time.Second}, queued)
		queued = nil
		timer := private.NotifyInterval(func() any { return nothing }, time.Second)
		time.Sleep(2500 * time.Millisecond)
		timer.Stop()
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 0, 0}, queued)
	})
}

// L3: what a timer would send while the actor drains is a dead letter, and counted; its Stop comes
// too late.
func TestTimerOfADrainingActorIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, &doll{})
		timer := contextOf(t, addr).Private().NotifyLater(deed(func(akt.Context) {}), time.Second)
		leave := hold(t, addr)
		addr.Stop()
		time.Sleep(time.Minute)
		require.EqualValues(t, 1, info().Dropped)
		require.Equal(t, []string{"tests_test.dollAct: stopped"}, dead.all())
		require.False(t, timer.Stop(), "there is nothing left to keep from being handled")
		leave()
		<-addr.Done()
		shutDown(t, system)
	})
}

// tickCounter counts what it handles.
type tickCounter struct{ handled atomic.Int32 }

func (c *tickCounter) HandleNote(akt.Context, Note) { c.handled.Add(1) }

// Timer.Stop is true exactly if its message is never begun, at whatever moment it is called, also
// while others keep the mailbox busy.
func TestTimerStopTellsTheTruth(t *testing.T) {
	t.Parallel()
	counter := &tickCounter{}
	addr := run(t, counter)
	private := (*akt.PrivateAddress)(addr.Downgrade())
	var busy sync.WaitGroup
	defer busy.Wait()
	var over atomic.Bool
	defer over.Store(true)
	busy.Go(func() {
		for !over.Load() {
			_ = addr.Done()
		}
	})
	var began int32
	for round := range 1500 {
		start := time.Now()
		timer := private.NotifyLater(Note{}, time.Duration(round%2)*time.Microsecond)
		for time.Since(start) < time.Duration(round%30)*time.Microsecond {
			_ = addr.Name()
		}
		if !timer.Stop() {
			began++
		}
		if round%10 == 0 {
			_, err := private.Send(context.Background(), Note{}) // after all that are in the lane
			require.NoError(t, err)
			began++
			require.Equal(t, began, counter.handled.Load(), "in round %d", round)
		}
	}
}

// tickFunction counts the calls of an interval's function.
type tickFunction struct{ calls atomic.Int32 }

func (c *tickFunction) tick() any {
	c.calls.Add(1)
	return Note{}
}

// Timer.Stop of an interval is true once, at whatever moment, and nothing of it comes after what
// was begun.
func TestIntervalStopsForGood(t *testing.T) {
	t.Parallel()
	addr := run(t, &tickCounter{})
	private := (*akt.PrivateAddress)(addr.Downgrade())
	for round := range 300 {
		ticker := &tickFunction{}
		timer := private.NotifyInterval(ticker.tick, time.Microsecond)
		for range round % 300 {
			_ = ticker.calls.Load() // takes a moment
		}
		require.True(t, timer.Stop())
		require.False(t, timer.Stop())
		_, err := private.Send(context.Background(), Note{}) // after the tick that was begun
		require.NoError(t, err)
		calls := ticker.calls.Load()
		runtime.Gosched()
		require.Equal(t, calls, ticker.calls.Load())
	}
}

// L4: after Timer.Stop has said true no message of the timer begins, also where the interval's own
// function calls it.
func TestTimerStoppedByItsFunction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		var timer *akt.Timer
		handled := 0
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			timer = ctx.Private().NotifyInterval(func() any {
				assert.True(t, timer.Stop())
				return deed(func(akt.Context) { handled++ })
			}, time.Second)
		}))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		settled(t, addr)
		require.Zero(t, handled)
	})
}

// E2: while the message of an interval is handled, the text names its handler.
func TestHandlerOfAnIntervalIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) { time.Sleep(time.Minute) })
		}, time.Hour)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, deed(func(akt.Context) {}))
		require.ErrorContains(t, err, "queued behind 0 while HandleAct ran")
	})
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

// The message of a timer that nobody handles is a dead letter, and counted; nil is no message.
func TestTimerOfAnUnhandledMessageIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, &doll{})
		private := contextOf(t, addr).Private()
		private.NotifyLater(nil, time.Second)
		require.Empty(t, dead.all())
		require.Zero(t, info().Dropped)
		private.NotifyLater(time.Second, time.Second)
		require.Len(t, dead.all(), 1)
		require.EqualValues(t, 1, info().Dropped)
		shutDown(t, system)
	})
}
