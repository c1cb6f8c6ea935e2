package akt

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Noted-First: an actor that is started while the system drains is not taken for idle, whatever starts
// it; and as soon as it is idle again, all is quiet.
func TestQuietKnowsWhoWasStarted(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(a *actor, f func(Context)){
		"Do": func(a *actor, f func(Context)) { _ = (*PrivateAddress)(a).Do(f) },
		"a timer": func(a *actor, f func(Context)) {
			(*PrivateAddress)(a).NotifyLater(mendedAct{f}, time.Microsecond)
		},
		"a timer that is due": func(a *actor, f func(Context)) {
			(*PrivateAddress)(a).NotifyLater(mendedAct{f}, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mendedSystem()
			addr := runMended(t, s)
			s.close()
			require.True(t, s.quiet())
			entered, leave := make(chan struct{}), make(chan struct{})
			start(addr.actor, func(Context) {
				close(entered)
				<-leave
			})
			<-entered
			require.False(t, s.quiet())
			close(leave)
			for !addr.actor.box.Word().IsIdle() {
				runtime.Gosched()
			}
			require.True(t, s.quiet())
			require.NoError(t, s.Shutdown(context.Background()))
		})
	}
}

// Shutdown: an actor that is not idle when it begins is waited for, however it came to be busy.
func TestQuietKnowsWhoIsBusyAtTheBeginning(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = addr.Send(context.Background(), mendedAct{func(Context) { // on this goroutine
			close(entered)
			<-leave
		}})
	}()
	<-entered
	s.close()
	require.False(t, s.quiet())
	close(leave)
	require.NoError(t, s.Shutdown(context.Background()))
}

// Shutdown: an actor that is entered at the moment at which it begins is run before it, or not at all.
func TestRunAtTheMomentOfShutdown(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := mendedSystem()
		made, ran := make(chan struct{}), make(chan error, 1)
		s.mu.Lock()
		go func() {
			_, err := s.Run(Spawner[*mended](func() *mended { close(made); return &mended{} }))
			ran <- err
		}()
		<-made
		for range 100 {
			runtime.Gosched() // until it has seen that Shutdown has not begun, and waits for mu
		}
		s.closing.Store(true)
		s.draining = newDraining()
		s.mu.Unlock()
		require.ErrorIs(t, <-ran, ErrStopped)
		require.Empty(t, s.all())
	}
}
