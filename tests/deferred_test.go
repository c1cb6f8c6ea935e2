package tests_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// lateWaiter declares its deferred reply as an interface that only a Future is.
type lateWaiter struct{ future *akt.Future[int] }

type (
	lateWait struct{}
	// laterInt is what a Future of an int has.
	laterInt interface {
		Wait(ctx context.Context) (int, error)
	}
)

func (w *lateWaiter) HandleWait(akt.Context, lateWait) laterInt { return w.future }

// rejected is a Future that has failed.
func rejected(err error) *akt.Future[int] {
	p, f := akt.NewPromise[int](context.Background())
	p.Reject(err)
	return f
}

// through passes everything on, so that the way is that of an actor with interceptors.
func through() akt.Option {
	return akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		return next(ctx, msg)
	})
}

// Info: a deferred reply that fails is counted once, on each path, with and without interceptors.
func TestFailedDeferredReplyIsCounted(t *testing.T) {
	t.Parallel()
	own := errors.New("later")
	for _, path := range sendPaths() {
		for name, opts := range map[string][]akt.Option{"plain": nil, "intercepted": {through()}} {
			t.Run(path.name+", "+name, func(t *testing.T) {
				t.Parallel()
				system := sysQuiet()
				opts = append(opts, path.opts...)
				addr, info := sysRun(t, system, &lateWaiter{rejected(own)}, opts...)
				for n := range uint64(3) {
					require.Equal(t, n, info().Failed)
					_, err := addr.Send(path.ctx(t), lateWait{})
					require.NoError(t, err, "the Future is the reply")
				}
				got := info()
				require.EqualValues(t, 3, got.Failed)
				require.EqualValues(t, 3, got.Handled)
				require.Equal(t, own, got.LastError)
				_, err := akt.Ask[int](path.ctx(t), addr, lateWait{})
				require.Equal(t, own, err)
				require.EqualValues(t, 4, info().Failed)
				shutDown(t, system)
			})
		}
	}
}

// E3: a notification whose deferred reply fails is reported also where the handler declares an
// interface, and where the Future is an interceptor's.
func TestDeferredFailureOfANotificationIsReported(t *testing.T) {
	t.Parallel()
	own := errors.New("later")
	for _, row := range []struct {
		name  string
		actor any
		msg   any
		opts  []akt.Option
	}{
		{"an interface", &lateWaiter{rejected(own)}, lateWait{}, nil},
		{
			"an interface, intercepted", &lateWaiter{rejected(own)}, lateWait{},
			[]akt.Option{through()},
		},
		{"an interceptor's", &sysEcho{}, sysNone{}, []akt.Option{
			akt.WithInterceptor(func(akt.Context, any, akt.Next) (any, error) {
				return rejected(own), nil
			}),
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dead journal
				system := deadLetters(&dead)
				addr, info := sysRun(t, system, row.actor, row.opts...)
				require.NoError(t, addr.Notify(t.Context(), row.msg))
				synctest.Wait()
				require.Len(t, dead.all(), 1)
				require.EqualValues(t, 1, info().Failed)
				shutDown(t, system)
			})
		})
	}
}

// Go: a function that returns a value and an error has failed: there is never both. One that
// panics is logged.
func TestGoFailsWithoutAValue(t *testing.T) {
	t.Parallel()
	log := newFailLog()
	addr := run(t, &doll{}, akt.WithLogger(slog.New(log)))
	own := errors.New("own")
	reply, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
		return akt.Go(ctx, func(context.Context) (int, error) { return 7, own }), nil
	}))
	require.NoError(t, err)
	value, err := reply.(*akt.Future[int]).Wait(t.Context())
	require.Equal(t, own, err)
	require.Zero(t, value)
	require.Empty(t, log.kept.records)
	reply, err = addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
		return akt.Go(ctx, func(context.Context) (int, error) { panic("broken") }), nil
	}))
	require.NoError(t, err)
	_, err = reply.(*akt.Future[int]).Wait(t.Context())
	require.ErrorAs(t, err, new(*akt.PanicError))
	require.Len(t, log.kept.records, 1)
}

// asNothing is an error whose As says yes and gives nothing.
type asNothing struct{}

func (asNothing) Error() string { return "as nothing" }
func (asNothing) As(any) bool   { return true }

// E1: an error whose As finds a SendError that is none comes back unchanged.
func TestErrorAsNothingIsUnchanged(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	_, err := addr.Send(t.Context(), play(func(akt.Context) (any, error) {
		return nil, asNothing{}
	}))
	same := err == asNothing{} //nolint:errorlint // the identity is the promise
	require.True(t, same, "%v", err)
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
