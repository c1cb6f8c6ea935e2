package tests_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// L2: Context.Stop in a batch drops exactly the rest of it, in its order, and what came later.
func TestStopInABatchDropsTheRest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		stop func(akt.Context)
	}{
		{"in the handler", akt.Context.Stop},
		{"by another goroutine", func(ctx akt.Context) {
			stopped := make(chan struct{})
			go func() { ctx.Stop(); close(stopped) }()
			<-stopped
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var handled []int
			var dead []int
			var last akt.Info
			hook := akt.WithDeadLetters(func(d akt.DeadLetter) {
				dead = append(dead, d.Msg.(numberedNote).N)
			})
			system := akt.NewSystem(akt.WithDefaults(quiet()), hook)
			var info func() akt.Info
			addr, info := sysRun(t, system, &noteTaker{
				take: func(ctx akt.Context, n int) {
					handled = append(handled, n)
					if n == 2 {
						err := errors.Join(
							ctx.Address().TryNotify(ctx, numberedNote{6}),
							ctx.Private().Notify(ctx, numberedNote{7}),
						)
						if err != nil {
							t.Error(err)
						}
						row.stop(ctx)
					}
				},
				stopped: func() { last = info() },
			})
			done := addr.Done()
			busy, leave := make(chan struct{}), make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), noteHold{busy, leave}))
			<-busy
			for n := range 5 {
				require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
			}
			close(leave)
			<-done
			require.Equal(t, []int{1, 2}, handled)
			require.Equal(t, []int{7, 3, 4, 5, 6}, dead, "in the order of their turns")
			require.EqualValues(t, 3, last.Handled)
			require.EqualValues(t, 5, last.Dropped)
			require.Zero(t, last.Queued)
			shutDown(t, system)
		})
	}
}

// L2: where OnStopping vetoes a Context.Stop in a batch, the rest of it is handled.
func TestVetoInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{onStopping: func(akt.Context) bool { j.add("asked"); return false }})
	stop := deed(func(ctx akt.Context) { j.add("stop"); ctx.Stop() })
	<-asBatch(t, addr, j.entry("one"), stop, j.entry("two"), j.entry("three"))
	require.Equal(t, []string{"one", "stop", "asked", "two", "three"}, j.all())
}

// L3: Address.Stop in a batch refuses what comes later, and the rest of the batch is handled.
func TestDrainInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{onStopping: func(akt.Context) bool { j.add("told"); return false }})
	done := addr.Done()
	stop := deed(func(ctx akt.Context) {
		j.add("stop")
		addr.Stop()
		if err := addr.TryNotify(ctx, j.entry("late")); !errors.Is(err, akt.ErrStopped) {
			t.Error(err)
		}
		if err := ctx.Private().Notify(ctx, j.entry("late")); !errors.Is(err, akt.ErrStopped) {
			t.Error(err)
		}
	})
	asBatch(t, addr, j.entry("one"), stop, j.entry("two"), j.entry("three"))
	<-done
	require.Equal(t, []string{"one", "stop", "two", "three", "told"}, j.all())
}

// L5: a failure in a batch is that of its message alone: it is counted and reported once, and the
// rest of the batch is handled in its order, before what came later, by the state that is decided.
func TestFailureInABatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		fail  func()
		d     akt.Directive
		state int
	}{
		{"a panic, and Resume", func() { panic("broken") }, akt.Resume, 1},
		{"a panic, and Restart", func() { panic("broken") }, akt.Restart, 2},
		{"a Goexit, and Resume", runtime.Goexit, akt.Resume, 1},
		{"a Goexit, and Restart", runtime.Goexit, akt.Restart, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var j, dead journal
			system := deadLetters(&dead)
			states, last := 0, make(chan struct{})
			spawn := akt.Spawner[*noteTaker](func() *noteTaker {
				states++
				state := states
				return &noteTaker{take: func(ctx akt.Context, n int) {
					j.add("%d by %d", n, state)
					if n == 2 {
						if err := ctx.Address().TryNotify(ctx, numberedNote{5}); err != nil {
							t.Error(err)
						}
						row.fail()
					}
					if n == 5 {
						close(last)
					}
				}}
			})
			addr, info := sysRun(t, system, spawn, akt.WithSupervisor(akt.Supervisor{
				Decide: func(akt.Failure) akt.Directive { return row.d },
			}))
			busy, leave := make(chan struct{}), make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), noteHold{busy, leave}))
			<-busy
			for n := range 4 {
				require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
			}
			close(leave)
			<-last
			_, err := addr.Send(t.Context(), numberedNote{6})
			require.NoError(t, err)
			by := func(n, state int) string { return fmt.Sprintf("%d by %d", n, state) }
			require.Equal(t, []string{
				by(1, 1), by(2, 1), // and by the state that was decided
				by(3, row.state), by(4, row.state), by(5, row.state), by(6, row.state),
			}, j.all())
			require.Len(t, dead.all(), 1)
			got := info()
			require.EqualValues(t, 7, got.Handled)
			require.EqualValues(t, 1, got.Failed)
			require.Zero(t, got.Dropped)
			shutDown(t, system)
		})
	}
}

// noteTaker hands the numbers of its notes on.
type noteTaker struct {
	take              func(akt.Context, int)
	stopping, stopped func()
}

type (
	numberedNote struct{ N int }
	// noteHold keeps a noteTaker busy.
	noteHold struct{ busy, leave chan struct{} }
)

func (s *noteTaker) HandleNote(ctx akt.Context, m numberedNote) { s.take(ctx, m.N) }

func (*noteTaker) HandleHold(_ akt.Context, m noteHold) { close(m.busy); <-m.leave }

func (s *noteTaker) OnStopping(akt.Context) bool {
	if s.stopping != nil {
		s.stopping()
	}
	return true
}

func (s *noteTaker) OnStopped(akt.Context) {
	if s.stopped != nil {
		s.stopped()
	}
}

// Shutdown: when its patience ends during a batch, the rest is dropped, in its order, and not
// begun; OnStopping is told when the handler that runs has returned.
func TestShutdownCutsABatch(t *testing.T) {
	t.Parallel()
	var handled, dead []int
	var j journal
	system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(d akt.DeadLetter) {
		dead = append(dead, d.Msg.(numberedNote).N)
	}))
	begun, leave := make(chan struct{}), make(chan struct{})
	addr, err := system.Run(&noteTaker{
		take: func(_ akt.Context, n int) {
			handled = append(handled, n)
			if n == 2 {
				close(begun)
				<-leave
			}
		},
		stopping: func() { j.add("OnStopping") },
		stopped:  func() { j.add("OnStopped") },
	})
	require.NoError(t, err)
	done := addr.Done()
	busy, let := make(chan struct{}), make(chan struct{})
	require.NoError(t, addr.Notify(t.Context(), noteHold{busy, let}))
	<-busy
	for n := range 5 {
		require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
	}
	close(let)
	<-begun
	require.NoError(t, addr.TryNotify(t.Context(), numberedNote{6}))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	err = system.Shutdown(over)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "HandleNote (4 queued)")
	require.Equal(t, []int{3, 4, 5, 6}, dead)
	for info := range system.Actors() {
		require.Zero(t, info.Queued)
		require.EqualValues(t, 4, info.Dropped)
	}
	close(leave)
	<-done
	require.Equal(t, []int{1, 2}, handled)
	require.Equal(t, []string{"OnStopping", "OnStopped"}, j.all())
}
