package akt

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An actor that has ended keeps nothing of its life, as an address of it may be held for long.
func TestEndedActorHoldsNothing(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	made := 0
	addr, err := s.Run(Spawner[*mendedLeaving](func() *mendedLeaving {
		made++
		return &mendedLeaving{onStopped: func(Context) {}}
	}), WithSupervisor(Supervisor{MaxRestarts: 1}))
	require.NoError(t, err)
	watcher, target := runMended(t, s), runMended(t, s)
	keptContext(context.Background(), t, watcher).Watch(addr)
	act := func(f func(Context)) {
		require.NoError(t, addr.TryNotify(context.Background(), mendedAct{f}))
	}
	act(func(Context) { panic("restarted") })
	act(func(ctx Context) {
		ctx.Watch(target)
		_, err := ctx.Run(mended{})
		assert.NoError(t, err)
		ctx.Private().NotifyLater(mendedAct{func(Context) {}}, time.Hour)
		_, _ = NewPromise[int](ctx)
		assert.NoError(t, target.TryNotify(ctx, mendedAct{func(Context) {}}), "so that it has a worker")
	})
	for range 10 {
		act(func(Context) {})
	}
	act(func(Context) { panic("ended") })
	<-addr.Done()
	require.Equal(t, 2, made)
	a := addr.actor
	require.Nil(t, a.self)
	a.box.Lock()
	x := a.rare
	require.Empty(t, x.timers)
	require.Empty(t, x.children)
	require.Empty(t, x.watchers)
	require.Empty(t, x.watching)
	require.Empty(t, x.promises)
	require.Nil(t, x.last)
	require.Nil(t, x.escalated)
	require.Nil(t, x.rest)
	require.Zero(t, a.box.Queued())
	a.box.Unlock()
	target.actor.box.Lock()
	require.Empty(t, target.actor.rare.watchers)
	target.actor.box.Unlock()
	require.NoError(t, s.Shutdown(context.Background()))
}

// mendedStarting has an OnStart.
type mendedStarting struct {
	mended

	onStart func(Context)
}

func (m *mendedStarting) OnStart(ctx Context) error { m.onStart(ctx); return nil }

// D6: who waits by LookupOrRun waits for OnStart, not for the first messages, which may be handled
// before it is told: one that asks who waits is no ring.
func TestLookupOrRunWaitsForOnStartOnly(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	waits, asked := runMended(t, s), make(chan error, 1)
	begun, leave := make(chan struct{}), make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _, err := s.LookupOrRun(context.Background(), "new", func() any {
			return &mendedStarting{onStart: func(ctx Context) {
				close(begun)
				<-leave
				assert.NoError(t, ctx.Private().Do(func(ctx Context) {
					_, err := waits.Send(ctx, mendedAct{func(Context) {}})
					asked <- err
				}))
				s.mu.Lock() // so that deadActor is told yet that there is an actor
			}}
		})
		assert.NoError(t, err)
	}()
	<-begun
	require.NoError(t, waits.TryNotify(context.Background(), mendedAct{func(ctx Context) {
		_, loaded, err := s.LookupOrRun(ctx, "new", func() any { return nil })
		assert.NoError(t, err)
		assert.True(t, loaded)
	}}))
	for waiters.Waits((*waiter)(waits.actor)) == 0 {
		runtime.Gosched()
	}
	s.mu.Lock()
	a := s.names.Claimed("new").actor
	s.mu.Unlock()
	close(leave)
	for waiters.Waits((*waiter)(a)) == 0 && len(asked) == 0 {
		runtime.Gosched() // until its first message waits for the one that waits for it
	}
	s.mu.Unlock()
	require.NoError(t, <-asked)
	<-over
	require.NoError(t, s.Shutdown(context.Background()))
}

// lockedAtItsEnd is a promised that locks its actor's mailbox when the state has ended, on the
// goroutine that makes the end known next.
type lockedAtItsEnd struct{ actor *actor }

func (l *lockedAtItsEnd) fail(error) { l.actor.box.Lock() }

func (*lockedAtItsEnd) isAwaited() bool { return false }

// Shutdown's nil says that Done of all is closed, not only that their names are free.
func TestShutdownWaitsForDone(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a := runMended(t, s).actor
	a.box.Lock()
	a.rarely().promises = map[promised]uint64{&lockedAtItsEnd{a}: 0}
	a.box.Unlock()
	done, over := a.done(), make(chan error, 1)
	go func() { over <- s.Shutdown(context.Background()) }()
	for len(s.all()) > 0 {
		runtime.Gosched()
	}
	for range 1000 {
		runtime.Gosched() // it would return now
	}
	require.Empty(t, over)
	require.False(t, isClosed(done))
	a.box.Unlock()
	require.NoError(t, <-over)
	require.True(t, isClosed(done))
}
