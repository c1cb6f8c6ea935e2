package akt

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/mailbox"
)

// settledRequest is a request to an actor in the state that a sender finds when it wakes up.
func settledRequest(t *testing.T, a *actor) *mailbox.Envelope {
	t.Helper()
	to, msg, err := a.route(mendedAct{func(Context) {}})
	require.NoError(t, err)
	return mailbox.NewRequest(t.Context(), false, msg, to.handler, 0)
}

// One-Answer: who settles a request first decides what its sender hears, whatever comes before the
// sender looks.
func TestFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	a := addr.actor
	over, cancel := context.WithCancel(t.Context())
	cancel()
	t.Run("Shutdown, then the handler", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Begin())
		require.True(t, e.Park())
		e.Cut()
		<-e.Ready()
		e.Answer(7, nil)
		reply, err := a.answerOf(e)
		require.Nil(t, reply)
		requireHandled(t, err, MaybeHandled, ErrStopped)
	})
	t.Run("the handler, then Shutdown", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		e.Answer(7, nil)
		e.Cut()
		reply, err := a.answerOf(e)
		require.NoError(t, err)
		require.Equal(t, 7, reply)
	})
	t.Run("the handler, then the end of the sender's context", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		e.Answer(7, nil)
		require.NoError(t, a.giveUp(over, e))
		reply, err := a.answerOf(e)
		require.NoError(t, err)
		require.Equal(t, 7, reply)
	})
	t.Run("the handler, then the sender wants to sleep", func(t *testing.T) {
		e := settledRequest(t, a)
		e.Answer(7, nil)
		require.False(t, e.Park())
	})
	t.Run("the end of the sender's context, before the handler begins", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		requireHandled(t, a.giveUp(over, e), NotHandled, context.Canceled)
		require.False(t, e.Begin())
	})
	t.Run("the end of the sender's context, in the handler", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		require.True(t, e.Begin())
		requireHandled(t, a.giveUp(over, e), MaybeHandled, context.Canceled)
		e.Answer(7, nil) // deadActor reads it
	})
	require.NoError(t, s.Shutdown(t.Context()))
}

func requireHandled(t *testing.T, err error, handled Handled, cause error) {
	t.Helper()
	var failure *SendError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, handled, failure.Handled)
	require.ErrorIs(t, err, cause)
}

// Info: a tick that turns out to be none is never counted, not even until its turn is over.
func TestTickThatIsNoneIsNotCounted(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	a := addr.actor
	word, ok := a.box.Take(runInterval) // One-Owner: this goroutine
	require.True(t, ok)
	stopped := (*timed)(&Timer{actor: a, stopped: true})
	e := &mailbox.Envelope{Ctx: t.Context(), Kind: mailbox.Interval, Source: stopped}
	_, err := a.tick(Context{Context: t.Context(), actor: a, run: runOf(word, true)}, e)
	require.NoError(t, err)
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.Empty(t, info.Handling)
	require.True(t, a.box.TryIdle())
	require.NoError(t, s.Shutdown(t.Context()))
}

// A Timer that is over, or stopped, leaves nothing behind with its actor, and nothing that is
// still going to happen.
func TestTimersLeaveNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mendedSystem()
		addr := runMended(t, s)
		p := (*PrivateAddress)(addr.actor)
		note := mendedAct{func(Context) {}}
		kept := func() int {
			addr.actor.box.Lock()
			defer addr.actor.box.Unlock()
			return len(addr.actor.rare.timers)
		}
		armed := func(timer *Timer) bool { return timer.timer != nil && timer.timer.Stop() }

		p.NotifyLater(note, 0)
		require.Zero(t, kept(), "sent at once")
		p.NotifyLater(note, time.Second)
		require.Equal(t, 1, kept())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Zero(t, kept(), "sent at its time")
		stopped := p.NotifyLater(note, time.Hour)
		require.True(t, stopped.Stop())
		require.Zero(t, kept(), "stopped before")
		require.False(t, armed(stopped))

		ticks := 0
		var ticking *Timer
		require.NoError(t, p.Do(func(Context) { // in the actor's turn, as its ticks are
			ticking = p.NotifyInterval(func() any {
				if ticks++; ticks == 3 && !ticking.Stop() {
					t.Error("it is not stopped in its own tick")
				}
				return note
			}, time.Second)
		}))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 3, ticks)
		require.Zero(t, kept(), "stopped in its tick")
		require.False(t, armed(ticking))
		require.NoError(t, s.Shutdown(context.Background()))
	})
}

// Promise: what follows the loss of one is not called by the garbage collector's goroutine, which
// has others to tell; and a Future keeps nothing of what it has called.
func TestLostPromiseHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFuture[int]()
		leave, called := make(chan struct{}), 0
		f.whenSettled(func() { called++; <-leave })
		f.whenSettled(func() { called++ })
		f.drop() // returns
		synctest.Wait()
		require.Equal(t, 1, called)
		close(leave)
		synctest.Wait()
		require.Equal(t, 2, called)
		require.Nil(t, f.then)
	})
}

// Future: what is to be called when it is settled is called also where that happens at this very
// moment.
func TestWhenSettledAtThisMoment(t *testing.T) {
	t.Parallel()
	f := newFuture[int]()
	f.settled.Store(true) // the moment between this and the closing of ready
	called := false
	f.whenSettled(func() { called = true })
	require.True(t, called)
}
