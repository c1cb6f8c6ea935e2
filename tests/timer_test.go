package tests_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// clock writes what happens into a journal with the time since the clock was made.
type clock struct {
	journal

	start time.Time
}

func newClock() *clock { return &clock{start: time.Now()} }

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
		require.Equal(t, []string{"0s now", "0s now too", "0s in the past", "2s later 2s", "3s at 3s"}, c.all())
	})
}

// Timer.Stop reports whether it kept a message from being begun: true once before the time, false ever after.
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

// L4: an interval fires at once, then at start + k·every, for as long as its messages take less than that.
func TestNotifyInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr, c := run(t, &doll{}), newClock()
		timer := contextOf(t, addr).Private().NotifyInterval(c.ticks(300*time.Millisecond), time.Second)
		time.Sleep(3500 * time.Millisecond)
		require.True(t, timer.Stop())
		require.False(t, timer.Stop())
		time.Sleep(time.Hour)
		require.Equal(t, []string{"0s tick", "1s tick", "2s tick", "3s tick"}, c.all())
	})
}

// L4: an interval waits for each handling; the ticks missed meanwhile are skipped, without a burst and without a drift.
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

// L4: the interval's function is called in the actor's turn, so that it may use the state; an actor may stop its own timer.
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
			require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) { ticks += 0 })))
		}
		synctest.Wait()
		require.Equal(t, []int{3, 2}, []int{ticks, handled}, "after Stop no message begins")
	})
}

// L4: timers end with the actor: nothing of them is called or handled afterwards, and none can be started.
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
				interval := private.NotifyInterval(func() any { c.note("called"); return c.entry("tick", 0) }, time.Second)
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

// L3, L4: what a timer would send while the actor drains comes too late: a dead letter, for a message; nothing, for a tick.
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

// An interval that is not positive, and a message nobody handles, are logged as errors, and the timer never fires.
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
			"zero interval":     func() *akt.Timer { return private.NotifyInterval(never, 0) },
			"negative interval": func() *akt.Timer { return private.NotifyInterval(never, -time.Second) },
			"no function":       func() *akt.Timer { return private.NotifyInterval(nil, time.Second) },
			"no handler":        func() *akt.Timer { return private.NotifyLater(time.Second, time.Second) },
			"nil":               func() *akt.Timer { return private.NotifyLater(nil, time.Second) },
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

// A tick whose message nobody handles is logged and a dead letter, each time, but for nil, which is no message; the interval goes on.
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
