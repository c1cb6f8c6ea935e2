package akt

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// between is a promised that does something when it is asked whether somebody waits for it: that is
// between the two looks of quiet.
type between struct{ do func() }

func (*between) fail(error) {}

func (b *between) isAwaited() bool {
	if b.do != nil {
		b.do()
	}
	return false
}

// Shutdown: an actor that is idle at both looks, and was busy between them, may have made another
// one busy that had been looked at already: then nothing is quiet yet. Nor is it where the second
// look finds one at work.
func TestQuietLooksTwice(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	for name, row := range map[string]struct {
		meanwhile func(t *testing.T, addr *Address)
		after     func(addr *Address)
	}{
		"a message was handled": {func(t *testing.T, addr *Address) {
			t.Helper()
			_, err := (*PrivateAddress)(addr.actor).Send(context.Background(), mendedAct{func(Context) {}})
			require.NoError(t, err)
			for !isIdle(addr.actor.word.Load()) {
			}
		}, nil},
		"one is being handled": {func(t *testing.T, addr *Address) {
			t.Helper()
			require.NoError(t, addr.TryNotify(context.Background(), mendedAct{func(Context) {
				close(entered)
				<-leave
			}}))
			<-entered
		}, func(addr *Address) { close(leave) }},
		"nothing": {func(*testing.T, *Address) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mendedSystem()
			owing, busy := runMended(t, s), runMended(t, s)
			step := &between{}
			owing.actor.mu.Lock()
			owing.actor.extra().promises = map[promised]uint64{step: 0}
			owing.actor.mu.Unlock()
			s.mu.Lock() // as close does, without refusing anything
			s.changed, s.active = make(chan struct{}), map[*actor]struct{}{}
			s.mu.Unlock()
			require.True(t, s.quiet())
			step.do = func() { row.meanwhile(t, busy) }
			require.Equal(t, name == "nothing", s.quiet())
			step.do = nil
			if row.after != nil {
				require.False(t, s.quiet())
				row.after(busy)
			}
			require.NoError(t, s.Shutdown(context.Background()))
		})
	}
}

// Shutdown: an actor that is entered at the moment at which it begins is run before it, or not at
// all.
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
		s.changed, s.active = make(chan struct{}), map[*actor]struct{}{}
		s.mu.Unlock()
		require.ErrorIs(t, <-ran, ErrStopped)
		require.Empty(t, s.all())
	}
}
