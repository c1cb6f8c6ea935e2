package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/mailbox"
)

// mended does what a message says.
type mended struct{}

type (
	mendedAct   struct{ f func(Context) }
	mendedLater struct{ future *Future[int] }
)

func (mended) HandleAct(ctx Context, m mendedAct)                { m.f(ctx) }
func (mended) HandleLater(_ Context, m mendedLater) *Future[int] { return m.future }
func (mended) HandleTerminated(Context, Terminated)              {}

func mendedSystem() *System {
	return NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
}

// runMended runs an actor.
func runMended(t *testing.T, s *System) *Address {
	t.Helper()
	addr, err := s.Run(mended{})
	require.NoError(t, err)
	return addr
}

// keptContext returns the Context of a handler that was sent ctx, and has returned.
func keptContext(ctx context.Context, t *testing.T, addr *Address) (kept Context) {
	t.Helper()
	_, err := addr.Send(ctx, mendedAct{func(ctx Context) { kept = ctx }})
	require.NoError(t, err)
	return kept
}

// E1: a Future's own error comes back unchanged, also one that wraps how the wait for another Future ended.
func TestFutureFailsWithAnothersError(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	defer func() { require.NoError(t, s.Shutdown(context.Background())) }()
	addr := runMended(t, s)
	recipient, err := RecipientOf[mendedLater, int](addr)
	require.NoError(t, err)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, late := newFuture[int]().Wait(over)
	require.ErrorIs(t, late, context.Canceled)
	for name, own := range map[string]error{
		"a wait that ended":              late,
		"one that wraps it":              fmt.Errorf("the other: %w", late),
		"that of a lost Promise itself":  errPromiseDropped,
		"one that wraps a lost Promise":  fmt.Errorf("the other: %w", errPromiseDropped),
		"one that joins both":            errors.Join(late, errPromiseDropped),
		"one that wraps a Shutdown's":    fmt.Errorf("the other: %w", errShutDown),
		"one that wraps a lost envelope": fmt.Errorf("the other: %w", mailbox.ErrRefused),
	} {
		promise, future := NewPromise[int](context.Background())
		promise.Reject(own)
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			_, unpacked := addr.SendUnpack(ctx, mendedLater{future})
			_, asked := Ask[int](ctx, addr, mendedLater{future})
			_, received := recipient.Send(ctx, mendedLater{future})
			for _, err := range []error{unpacked, asked, received} {
				require.True(t, err == own, "%s: %v", name, err) //nolint:errorlint,testifylint // the identity is the promise
			}
		}
	}
}

// Timer.Stop is true, and no message comes, also where the time is up already and the message has not got into the lane.
func TestTimerStopWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	private := (*PrivateAddress)(addr.actor)
	timer := private.NotifyLater(mendedAct{func(Context) { t.Error("it was handled after all") }}, time.Hour)
	require.True(t, timer.timer.Stop(), "as if the time was up, and fire about to be called")
	require.True(t, timer.Stop())
	timer.fire()
	require.False(t, timer.Stop())

	began := make(chan struct{})
	timer = private.NotifyLater(mendedAct{func(Context) { close(began) }}, time.Hour)
	require.True(t, timer.timer.Stop())
	timer.fire()
	<-began
	require.False(t, timer.Stop())
	require.NoError(t, s.Shutdown(t.Context()))
}

// Timer.Stop is true of an interval that goes on: a tick whose turn has come, and has not begun, never does.
func TestTimerStopBeforeATickBegins(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	ticks := 0
	timer := (*PrivateAddress)(addr.actor).NotifyInterval(func() any {
		ticks++
		return mendedAct{func(Context) {}}
	}, time.Hour)
	_, err := (*PrivateAddress)(addr.actor).Send(context.Background(), mendedAct{func(Context) { assert.Equal(t, 1, ticks) }})
	require.NoError(t, err)
	_, err = addr.Send(context.Background(), mendedAct{func(ctx Context) {
		tick := timer.message // as if its owner had just taken it out of the lane
		assert.True(t, timer.Stop())
		_, err := ctx.actor.tick(ctx, tick)
		assert.NoError(t, err)
		assert.Equal(t, 1, ticks)
	}})
	require.NoError(t, err)
	require.False(t, timer.Stop())
	require.NoError(t, s.Shutdown(t.Context()))
}

// L4: watches end with the actor: one that it begins while it ends leaves nothing with its target.
func TestWatchByAnEndingActor(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	target := runMended(t, s)
	watchers := func() int {
		target.actor.box.Lock()
		defer target.actor.box.Unlock()
		return len(target.actor.rarely().watchers)
	}
	leaving, err := s.Run(&mendedLeaving{onStopped: func(ctx Context) { ctx.Watch(target) }})
	require.NoError(t, err)
	leaving.Stop()
	<-leaving.Done()
	require.Zero(t, watchers(), "watched in OnStopped")

	for range 20 {
		w := runMended(t, s)
		kept := keptContext(context.Background(), t, w)
		watched := make(chan struct{})
		target.actor.box.Lock()
		go func() {
			defer close(watched)
			kept.Watch(target)
		}()
		for watching := 0; watching == 0; runtime.Gosched() {
			w.actor.box.Lock()
			watching = len(w.actor.rarely().watching)
			w.actor.box.Unlock()
		}
		w.actor.box.Lock()
		w.actor.rare.stage = stageEnding // as if its end began here
		w.actor.box.Unlock()
		target.actor.box.Unlock()
		w.actor.endWatching() // gets at the target before the watch does, nearly always
		<-watched
		require.Zero(t, watchers(), "watched at the moment of the end")
	}

	keptContext(context.Background(), t, runMended(t, s)).Watch(target)
	require.Equal(t, 1, watchers())
	require.NoError(t, s.Shutdown(t.Context()))
}

// mendedLeaving does something at its end.
type mendedLeaving struct {
	mended

	onStopped func(Context)
}

func (m *mendedLeaving) OnStopped(ctx Context) { m.onStopped(ctx) }
