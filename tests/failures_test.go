package tests_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// This file is about what goes wrong in production: one test for each failure, with the answer that
// the sender gets and the time that this takes. Time is virtual, so that "at once" means exactly 0,
// while the senders' patience is 5 seconds.

// mishap is an actor that fails as it is told.
type mishap struct {
	other   *akt.Address
	handled []int
	stopped *int
}

type (
	mishapPanic   struct{}
	mishapError   struct{}
	mishapUnknown struct{}
	mishapCount   struct{ N int }
	mishapCycle   struct{ Back akt.Sender }
	mishapSleep   struct{ For time.Duration }
	mishapHandled struct{}
)

var (
	errMishap      = errors.New("no such account")
	errMishapPanic = errors.New("index out of range")
)

func (m *mishap) OnStopped(akt.Context) {
	if m.stopped != nil {
		*m.stopped++
	}
}

func (m *mishap) HandlePanic(akt.Context, mishapPanic) int { panic(errMishapPanic) }

func (m *mishap) HandleError(akt.Context, mishapError) (int, error) { return 0, errMishap }

func (m *mishap) HandleCount(_ akt.Context, c mishapCount) int {
	m.handled = append(m.handled, c.N)
	return len(m.handled)
}

func (m *mishap) HandleCycle(ctx akt.Context, c mishapCycle) (any, error) {
	if m.other == nil {
		return c.Back.Send(ctx, mishapCount{})
	}
	return m.other.Send(ctx, c)
}

func (m *mishap) HandleSleep(_ akt.Context, s mishapSleep) { time.Sleep(s.For) }

func (m *mishap) HandleHandled(akt.Context, mishapHandled) []int { return m.handled }

// mishapPatience is how long the senders are ready to wait.
const mishapPatience = 5 * time.Second

// eachMishapPath runs a test in a bubble for both send paths.
func eachMishapPath(t *testing.T, test func(t *testing.T, ctx context.Context, s *akt.System)) {
	t.Helper()
	for name, patience := range map[string]time.Duration{
		"on the sender's goroutine": 0, "queued": mishapPatience,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inMishapBubble(t, func(t *testing.T, s *akt.System) {
				ctx := context.Background()
				if patience > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, patience)
					defer cancel()
				}
				test(t, ctx, s)
			})
		})
	}
}

// inMishapBubble runs a test in a bubble, with a system that has to shut down in the end.
func inMishapBubble(t *testing.T, test func(t *testing.T, s *akt.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem(akt.WithDefaults(quiet()))
		test(t, system)
		shutDown(t, system)
	})
}

// runMishap runs an actor for these tests.
func runMishap(t *testing.T, s *akt.System, actor any, opts ...akt.Option) *akt.Address {
	t.Helper()
	addr, err := s.Run(actor, opts...)
	require.NoError(t, err)
	return addr
}

// after is the time since a moment, for the tests' own record too.
func after(t *testing.T, began time.Time, answer error) time.Duration {
	t.Helper()
	took := time.Since(began)
	t.Logf("after %v: %v", took, answer)
	return took
}

// The sender of a request whose handler panics is told at once, with the panic's value and stack.
func TestFailurePanic(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		addr := runMishap(t, s, &mishap{})
		began := time.Now()
		_, err := addr.Send(ctx, mishapPanic{})
		require.Zero(t, after(t, began, err))
		requireSendError(t, err, akt.MaybeHandled, errMishapPanic)
		var failure *akt.PanicError
		require.ErrorAs(t, err, &failure)
		require.Contains(t, string(failure.Stack), "HandlePanic")
	})
}

// The sender of a message that the actor does not know is told at once what it knows, and the actor
// never sees the message.
func TestFailureUnknownMessage(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		addr := runMishap(t, s, &mishap{})
		began := time.Now()
		_, err := addr.Send(ctx, mishapUnknown{})
		require.Zero(t, after(t, began, err))
		failure := requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
		var unhandled *akt.UnhandledError
		require.ErrorAs(t, failure, &unhandled)
		require.Len(t, unhandled.Accepts, 6)
		require.ErrorAs(t, addr.Notify(ctx, mishapUnknown{}), &unhandled, "a notification likewise")
		require.Zero(t, after(t, began, err))
	})
}

// A cycle of requests is told at once, with its path, and both actors go on.
func TestFailureCycle(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		b := runMishap(t, s, &mishap{}, akt.WithName("b"))
		a := runMishap(t, s, &mishap{other: b}, akt.WithName("a"))
		began := time.Now()
		_, err := a.Send(ctx, mishapCycle{Back: a})
		require.Zero(t, after(t, began, err))
		requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
		require.ErrorContains(t, err, "a.HandleCycle → b.HandleCycle → a")
		for _, addr := range []*akt.Address{a, b} {
			n, err := akt.Ask[int](ctx, addr, mishapCount{1})
			require.NoError(t, err)
			require.Equal(t, 1, n, "what the cycle sent was never handled")
		}
	})
}

// An error that a handler returns reaches the sender as it is, at once, and the actor lives on with
// its state.
func TestFailureError(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		ends := 0
		addr := runMishap(t, s, &mishap{stopped: &ends})
		_, err := addr.Send(ctx, mishapCount{1})
		require.NoError(t, err)
		began := time.Now()
		_, err = addr.Send(ctx, mishapError{})
		require.Zero(t, after(t, began, err))
		require.Same(t, errMishap, err, "unchanged")
		require.NoError(t, addr.Notify(ctx, mishapError{}))
		n, err := akt.Ask[int](ctx, addr, mishapCount{2})
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.Zero(t, ends, "calls of OnStopped")
	})
}

// None of 99 messages that are queued behind one whose handler panics is lost: the fresh state
// handles them all, in order.
func TestFailureRestartKeepsTheQueue(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		addr := runMishap(t, s, akt.Spawner[*mishap](func() *mishap { return &mishap{} }))
		require.NoError(t, addr.Notify(ctx, mishapSleep{time.Second}))
		synctest.Wait()
		panicked := make(chan error)
		go func() {
			_, err := addr.Send(ctx, mishapPanic{})
			panicked <- err
		}()
		synctest.Wait()
		var want []int
		answers := make(chan error, 99)
		for i := range 99 {
			want = append(want, i)
			if i%3 > 0 {
				require.NoError(t, addr.Notify(ctx, mishapCount{i}))
				continue
			}
			go func() {
				_, err := addr.Send(ctx, mishapCount{i})
				answers <- err
			}()
			synctest.Wait()
		}
		err := <-panicked
		requireSendError(t, err, akt.MaybeHandled, errMishapPanic)
		began := time.Now()
		handled, err := akt.Ask[[]int](ctx, addr, mishapHandled{})
		require.NoError(t, err)
		require.Zero(t, after(t, began, nil))
		require.Equal(t, want, handled, "99 of 99")
		for range 33 {
			require.NoError(t, <-answers)
		}
	})
}

// mishapWatcher keeps what it is told of the end of another actor.
type mishapWatcher struct{ told []error }

type (
	mishapWatch struct{ Addr *akt.Address }
	mishapTold  struct{}
)

func (*mishapWatcher) HandleWatch(ctx akt.Context, w mishapWatch) { ctx.Watch(w.Addr) }

func (w *mishapWatcher) HandleTerminated(_ akt.Context, t akt.Terminated) {
	w.told = append(w.told, t.Err)
}

func (w *mishapWatcher) HandleTold(akt.Context, mishapTold) []error { return w.told }

// An actor whose handler panics again and again stops at its restart limit. Each sender is told of
// its panic, those who come later that the actor has stopped, and of what; whoever watches learns
// why; and the rest of the program goes on.
func TestFailureRestartLimit(t *testing.T) {
	t.Parallel()
	eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
		ends := 0
		newMishap := func() *mishap { return &mishap{stopped: &ends} }
		addr := runMishap(t, s, akt.Spawner[*mishap](newMishap))
		watcher := runMishap(t, s, &mishapWatcher{})
		require.NoError(t, watcher.Notify(ctx, mishapWatch{addr}))
		for range 1 + 5 {
			require.NoError(t, addr.Err())
			_, err := addr.Send(ctx, mishapPanic{}) // waits for the restart, where that waits
			requireSendError(t, err, akt.MaybeHandled, errMishapPanic)
		}
		synctest.Wait()
		<-addr.Done()
		require.ErrorIs(t, addr.Err(), errMishapPanic)
		require.ErrorContains(t, addr.Err(), "restart limit reached: 5 restarts in 1m0s")
		require.Equal(t, 6, ends, "calls of OnStopped: one for each state")

		began := time.Now()
		_, err := addr.Send(ctx, mishapCount{})
		require.Zero(t, after(t, began, err))
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, errMishapPanic)

		told, err := akt.Ask[[]error](ctx, watcher, mishapTold{})
		require.NoError(t, err, "the program lives on")
		require.Equal(t, []error{addr.Err()}, told)
	})
}

// Actors that sleep in their handlers, however many, do not delay a request to another one.
func TestFailureSleepers(t *testing.T) {
	t.Parallel()
	for _, sleepers := range []int{16, 1000} {
		eachMishapPath(t, func(t *testing.T, ctx context.Context, s *akt.System) {
			for range sleepers {
				sleeper := runMishap(t, s, &mishap{})
				if ctx.Done() != nil {
					require.NoError(t, sleeper.Notify(ctx, mishapSleep{16 * time.Second}))
					continue
				}
				go func() {
					_, err := sleeper.Send(context.Background(), mishapSleep{16 * time.Second})
					assert.NoError(t, err)
				}()
			}
			synctest.Wait()
			addr := runMishap(t, s, &mishap{})
			began := time.Now()
			_, err := addr.Send(ctx, mishapCount{})
			require.NoError(t, err)
			require.Zero(t, after(t, began, err))
		})
	}
}

// An actor that waits for a day is tested under testing/synctest in no time: the bubble's clock
// goes on by itself as soon as all actors are idle, and no goroutine of theirs is left when the
// system is shut down.
func TestFailureSynctest(t *testing.T) {
	t.Parallel()
	wall := time.Now()
	inMishapBubble(t, func(t *testing.T, s *akt.System) {
		began := time.Now()
		addr := runMishap(t, s, &mishap{})
		_, err := addr.Send(t.Context(), mishapSleep{24 * time.Hour})
		require.NoError(t, err)
		require.Equal(t, 24*time.Hour, after(t, began, err))

		ctx, cancel := context.WithTimeout(t.Context(), mishapPatience)
		defer cancel()
		began = time.Now()
		_, err = addr.Send(ctx, mishapSleep{24 * time.Hour})
		requireSendError(t, err, akt.MaybeHandled, context.DeadlineExceeded)
		require.Equal(t, mishapPatience, after(t, began, err))
	})
	t.Cleanup(func() { require.Less(t, time.Since(wall), time.Minute, "of real time") })
}

// A mailbox is bounded by default. To one that is full, TryNotify fails at once, and Send and
// Notify when their patience ends; none of these messages is ever handled, and all others are.
func TestFailureOverload(t *testing.T) {
	t.Parallel()
	inMishapBubble(t, func(t *testing.T, _ *akt.System) {
		system := akt.NewSystem() // without any option
		defer shutDown(t, system)
		addr := runMishap(t, system, &mishap{})
		require.NoError(t, addr.Notify(t.Context(), mishapSleep{time.Minute}))
		synctest.Wait()
		for i := range akt.DefaultMailbox {
			require.NoError(t, addr.TryNotify(context.Background(), mishapCount{i}))
		}
		began := time.Now()
		err := addr.TryNotify(context.Background(), mishapCount{-1})
		require.Zero(t, after(t, began, err))
		requireSendError(t, err, akt.NotHandled, akt.ErrMailboxFull)

		ctx, cancel := context.WithTimeout(t.Context(), mishapPatience)
		defer cancel()
		_, err = addr.Send(ctx, mishapCount{-2})
		require.Equal(t, mishapPatience, after(t, began, err))
		failure := requireSendError(t, err, akt.NotHandled, context.DeadlineExceeded)
		require.ErrorIs(t, failure, akt.ErrFailedToDeliver)

		handled, err := akt.Ask[[]int](t.Context(), addr, mishapHandled{})
		require.NoError(t, err)
		require.Equal(t, time.Minute, after(t, began, err), "it has waited for room")
		require.Len(t, handled, akt.DefaultMailbox)
		require.NotContains(t, handled, -1)
		require.NotContains(t, handled, -2)
	})
}
