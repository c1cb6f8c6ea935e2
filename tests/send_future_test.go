package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about replies that come later: Promise, Future and Go.

// deferrer replies later.
type deferrer struct{ future *akt.Future[int] }

func (d *deferrer) HandleLater(akt.Context, Later) *akt.Future[int] { return d.future }

// Later asks for the reply that the test owes.
type Later struct{}

// A Future has the first outcome of its Promise, whatever comes after, for all who wait and who ask
// later.
func TestPromiseIsKeptOnce(t *testing.T) {
	t.Parallel()
	own := errors.New("the promise's own")
	for _, row := range []struct {
		name  string
		first func(*akt.Promise[int])
		value int
		err   error
	}{
		{"resolved", func(p *akt.Promise[int]) { p.Resolve(7) }, 7, nil},
		{"rejected", func(p *akt.Promise[int]) { p.Reject(own) }, 0, own},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				promise, future := akt.NewPromise[int](context.Background())
				waited := make(chan error, 3)
				for range 3 {
					go func() {
						value, err := future.Wait(t.Context())
						assert.Equal(t, row.value, value)
						waited <- err
					}()
				}
				synctest.Wait()
				require.Empty(t, waited)
				row.first(promise)
				promise.Resolve(8)
				promise.Reject(errors.New("too late"))
				for range 3 {
					//nolint:errorlint,testifylint // the identity is the promise
					require.True(t, row.err == <-waited)
				}
				ended := ended(t)
				value, err := future.Wait(ended)
				require.Equal(t, row.value, value, "what is there needs no waiting")
				require.Equal(t, row.err, err)
			})
		})
	}
}

// Rejecting with nil is an error too, and Wait needs a context.
func TestPromiseMisused(t *testing.T) {
	t.Parallel()
	promise, future := akt.NewPromise[int](context.Background())
	//lint:ignore SA1012 nil is what is tested
	_, err := future.Wait(nil)
	require.ErrorContains(t, err, "context is nil")
	promise.Reject(nil)
	_, err = future.Wait(t.Context())
	require.ErrorContains(t, err, "nil error")
}

// A wait ends with its ctx; the Future goes on for the others.
func TestFutureWaitEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		promise, future := akt.NewPromise[string](context.Background())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := future.Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		promise.Resolve("reply")
		value, err := future.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "reply", value)
	})
}

// A deferred reply does not hold up its actor: the handler has returned, and others are served
// before the reply comes. Send returns the Future itself; SendUnpack and Ask wait for its value.
func TestDeferredReply(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				promise, future := akt.NewPromise[int](context.Background())
				addr := path.run(t, &deferrer{future})
				ctx := path.ctx(t)
				var unpacked, asked any
				var itself *akt.Future[int]
				var errs [3]error
				go func() { unpacked, errs[0] = addr.SendUnpack(ctx, Later{}) }()
				go func() { asked, errs[1] = akt.Ask[int](ctx, addr, Later{}) }()
				go func() { itself, errs[2] = akt.Ask[*akt.Future[int]](ctx, addr, Later{}) }()
				synctest.Wait()
				require.Nil(t, unpacked)
				require.Same(t, future, itself)
				reply, err := addr.Send(ctx, Later{})
				require.NoError(t, err)
				require.Same(t, future, reply)
				promise.Resolve(7)
				synctest.Wait()
				require.Equal(t, [3]error{}, errs)
				require.Equal(t, 7, unpacked)
				require.Equal(t, 7, asked)
			})
		})
	}
}

// E1: a Future's error comes back unchanged, also where it is the SendError of another call.
func TestFutureErrorIsUnchanged(t *testing.T) {
	t.Parallel()
	own := errors.New("the promise's own")
	promise, future := akt.NewPromise[int](context.Background())
	addr := run(t, &deferrer{future})
	promise.Reject(own)
	_, err := addr.SendUnpack(t.Context(), Later{})
	//nolint:errorlint,testifylint // the identity is the promise
	require.True(t, err == own, "%v", err)
	_, err = akt.Ask[int](t.Context(), addr, Later{})
	//nolint:errorlint,testifylint // the identity is the promise
	require.True(t, err == own, "%v", err)
}

// E1: where a deferred reply fails with the SendError of another call, also as the value of a
// panic, it comes in this call's own: the handler of this message has run, and Handled says so.
func TestFutureFailsWithASendError(t *testing.T) {
	t.Parallel()
	other := run(t, newGate())
	other.Stop()
	_, failure := other.Send(t.Context(), Note{})
	requireSendError(t, failure, akt.NotHandled, akt.ErrStopped)
	for name, own := range map[string]error{
		"itself": failure, "wrapped": fmt.Errorf("wrapped: %w", failure),
		"joined":                 errors.Join(io.EOF, failure),
		"by the user's own type": unwrapsTo{failure}, "of a panic": &akt.PanicError{Value: failure},
	} {
		promise, future := akt.NewPromise[int](context.Background())
		addr := run(t, &deferrer{future}, quiet())
		promise.Reject(own)
		asked := map[string]func() error{
			"SendUnpack": func() error {
				_, err := addr.SendUnpack(t.Context(), Later{})
				return err
			},
			"Ask": func() error { _, err := akt.Ask[int](t.Context(), addr, Later{}); return err },
			"a user's Sender": func() error {
				_, err := akt.Ask[int](t.Context(), struct{ akt.Sender }{addr}, Later{})
				return err
			},
		}
		for way, ask := range asked {
			err := ask()
			require.ErrorIs(t, err, own, "%s, by %s", name, way)
			requireSendError(t, err, akt.MaybeHandled, akt.ErrStopped)
		}
	}
}

type unwrapsTo struct{ err error }

func (u unwrapsTo) Error() string { return "the user's own" }
func (u unwrapsTo) Unwrap() error { return u.err }

// E2: a ctx that ends during the wait for a deferred reply is a SendError: the handler has run.
func TestWaitForDeferredReplyEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		promise, future := akt.NewPromise[int](context.Background())
		addr := run(t, &deferrer{future})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := addr.SendUnpack(ctx, Later{})
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse,
			context.DeadlineExceeded)
		require.ErrorContains(t, err, "deferred")
		promise.Resolve(7)
	})
}

// A Promise that is lost fails its Future instead of leaving those who wait for ever.
func TestLostPromise(t *testing.T) {
	t.Parallel()
	future := func() *akt.Future[int] {
		_, future := akt.NewPromise[int](context.Background())
		return future
	}()
	addr := run(t, &deferrer{future})
	failed := make(chan error, 1)
	go func() {
		_, err := addr.SendUnpack(context.Background(), Later{})
		failed <- err
	}()
	for range 500 {
		runtime.GC()
		select {
		case err := <-failed:
			requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
			return
		default:
		}
	}
	t.Fatal("the Future has not failed")
}

// Go runs its function off the loop: the actor serves others meanwhile, and the reply comes to who
// asked.
func TestGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		began := time.Now()
		replies := make(chan any, 1)
		go func() {
			reply, err := addr.SendUnpack(context.WithValue(t.Context(), ctxKey{}, "value"),
				play(func(ctx akt.Context) (any, error) {
					return akt.Go(ctx, func(ctx context.Context) (string, error) {
						time.Sleep(time.Hour)
						return ctx.Value(ctxKey{}).(string), nil
					}), nil
				}))
			assert.NoError(t, err)
			replies <- reply
		}()
		synctest.Wait()
		settled(t, addr)
		require.Zero(t, time.Since(began))
		require.Equal(t, "value", <-replies)
		require.Equal(t, time.Hour, time.Since(began))
	})
}

// A function started with Go is tied to the request's ctx: it ends when the sender's does, and not
// when the handler returns.
func TestGoIsTiedToTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		ended := make(chan time.Duration, 1)
		_, err := addr.Send(ctx, deed(func(ctx akt.Context) {
			akt.Go(ctx, func(ctx context.Context) (any, error) {
				<-ctx.Done()
				ended <- time.Since(began)
				return nil, ctx.Err()
			})
		}))
		require.NoError(t, err)
		require.Equal(t, time.Minute, <-ended)
	})
}

// What goes wrong in a function started with Go is its Future's error: its own one unchanged, a
// panic or Goexit as a *PanicError, and no function at all. The actor is not touched by it.
func TestGoThatFails(t *testing.T) {
	t.Parallel()
	own := errors.New("its own")
	addr := run(t, &doll{}, quiet())
	send := func(f func(context.Context) (int, error)) error {
		reply, err := addr.SendUnpack(t.Context(),
			play(func(ctx akt.Context) (any, error) { return akt.Go(ctx, f), nil }))
		require.Nil(t, reply)
		return err
	}
	err := send(func(context.Context) (int, error) { return 7, own })
	//nolint:errorlint,testifylint // the identity is the promise
	require.True(t, err == own, "%v", err)
	var failure *akt.PanicError
	require.ErrorAs(t, send(func(context.Context) (int, error) { panic(own) }), &failure)
	require.ErrorIs(t, failure, own)
	require.Contains(t, string(failure.Stack), "TestGoThatFails")
	require.ErrorAs(t, send(func(context.Context) (int, error) { runtime.Goexit(); return 7, nil }),
		&failure)
	require.ErrorContains(t, send(nil), "nil")
	settled(t, addr)
}

// A Future may be waited for after the actor has ended, and Go's function goes on.
func TestGoOutlivesItsActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		reply, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			return akt.Go(ctx, func(context.Context) (int, error) {
				time.Sleep(time.Hour)
				return 7, nil
			}), nil
		}))
		require.NoError(t, err)
		addr.Stop()
		<-addr.Done()
		value, err := reply.(*akt.Future[int]).Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, value)
	})
}

// lateWaiter declares its deferred reply as an interface that only a Future is.
type lateWaiter struct{ future *akt.Future[int] }

func (w *lateWaiter) HandleWait(akt.Context, lateWait) laterInt { return w.future }

type (
	lateWait struct{}
	// laterInt is what a Future of an int has.
	laterInt interface {
		Wait(ctx context.Context) (int, error)
	}
)

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

// E3: a notification whose deferred reply fails is a failed notification: logged, a dead letter,
// and counted, when it fails.
func TestDeferredReplyOfANotificationFails(t *testing.T) {
	t.Parallel()
	own := errors.New("later")
	for name, act := range map[string]func(akt.Context) any{
		"a function": func(ctx akt.Context) any {
			return akt.Go(ctx, func(context.Context) (int, error) { return 0, own })
		},
		"a Promise that is rejected at once": func(akt.Context) any {
			p, f := akt.NewPromise[string](context.Background())
			p.Reject(own)
			return f
		},
		"a Promise that is rejected by another message": func(ctx akt.Context) any {
			p, f := akt.NewPromise[string](context.Background())
			require.NoError(t, ctx.Private().Do(func(akt.Context) { p.Reject(own) }))
			return f
		},
	} {
		for way, notify := range map[string]func(*akt.Address, any){
			"alone": func(addr *akt.Address, msg any) {
				require.NoError(t, addr.Notify(t.Context(), msg))
			},
			"in a batch": func(addr *akt.Address, msg any) {
				leave := hold(t, addr)
				require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
				require.NoError(t, addr.Notify(t.Context(), msg))
				leave()
			},
			"by the private lane": func(addr *akt.Address, msg any) {
				require.NoError(t, contextOf(t, addr).Private().Notify(t.Context(), msg))
			},
			"by a timer": func(addr *akt.Address, msg any) {
				contextOf(t, addr).Private().NotifyLater(msg, 0)
			},
		} {
			for _, opts := range [][]akt.Option{nil,
				{akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
					return next(ctx, msg)
				})}} {
				synctest.Test(t, func(t *testing.T) {
					var dead journal
					log := newFailLog()
					system := deadLetters(&dead)
					addr, err := system.Run(&doll{}, append(opts, akt.WithLogger(slog.New(log)))...)
					require.NoError(t, err)
					notify(addr, play(func(ctx akt.Context) (any, error) { return act(ctx), nil }))
					synctest.Wait()
					settled(t, addr)
					require.Equal(t, []string{"tests_test.dollAct: later"}, dead.all(), "%s, %s",
						name, way)
					require.Len(t, log.kept.records, 1)
					for info := range system.Actors() {
						require.EqualValues(t, 1, info.Failed)
						require.Equal(t, own, info.LastError)
					}
					require.NoError(t, system.Shutdown(t.Context()))
				})
			}
		}
	}
}

// E3: the deferred reply of a request that fails is counted, whoever waits for it, and reported to
// nobody else.
func TestDeferredReplyOfARequestFails(t *testing.T) {
	t.Parallel()
	own := errors.New("later")
	act := play(func(ctx akt.Context) (any, error) {
		return akt.Go(ctx, func(context.Context) (int, error) { return 0, own }), nil
	})
	for _, path := range sendPaths() {
		var dead journal
		system := deadLetters(&dead)
		addr, err := system.Run(&doll{}, path.opts...)
		require.NoError(t, err)
		_, err = akt.Ask[int](path.ctx(t), addr, act)
		require.Equal(t, own, err)
		_, err = addr.SendUnpack(path.ctx(t), act)
		require.Equal(t, own, err)
		reply, err := addr.Send(path.ctx(t), act)
		require.NoError(t, err)
		_, err = reply.(*akt.Future[int]).Wait(t.Context())
		require.Equal(t, own, err)
		future, err := akt.Ask[*akt.Future[int]](path.ctx(t), addr, act)
		require.NoError(t, err)
		_, err = future.Wait(t.Context())
		require.Equal(t, own, err)
		require.NoError(t, system.Shutdown(t.Context()))
		require.Empty(t, dead.all())
		_ = addr
	}
}

// E1: where a handler's reply is a Future that fails with the SendError of another call, its Wait
// says MaybeHandled, too; a Future that is nobody's reply fails unchanged.
func TestWaitOfAReplyThatFailsWithASendError(t *testing.T) {
	t.Parallel()
	gone := run(t, &doll{})
	gone.Stop()
	addr := run(t, &doll{}, akt.WithName("pays"))
	asks := func(ctx akt.Context) *akt.Future[any] {
		return akt.Go(ctx, func(ctx context.Context) (any, error) {
			return gone.Send(ctx, deed(func(akt.Context) {}))
		})
	}
	reply, err := addr.Send(t.Context(),
		play(func(ctx akt.Context) (any, error) { return asks(ctx), nil }))
	require.NoError(t, err)
	_, err = reply.(*akt.Future[any]).Wait(t.Context())
	requireSendError(t, err, akt.MaybeHandled, akt.ErrStopped)
	require.ErrorContains(t, err, "tests_test.dollAct to pays: maybe handled")
	_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) {
		_, err := asks(ctx).Wait(ctx)
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
	}))
	require.NoError(t, err)
}

// A Promise that no actor's state owes fails when its ctx ends, and with a nil one at once.
func TestPromiseOfAnotherContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	_, future := akt.NewPromise[int](ctx)
	kept, other := akt.NewPromise[int](ctx)
	kept.Resolve(1)
	cause := errors.New("enough")
	cancel(cause)
	_, err := future.Wait(context.Background())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, cause)
	value, err := other.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, value)
	var none context.Context
	_, future = akt.NewPromise[int](none)
	_, err = future.Wait(t.Context())
	require.ErrorContains(t, err, "the context is nil")
}

// E1: a Future that is the reply to several messages speaks of the first.
func TestWaitOfAReplyToSeveralMessages(t *testing.T) {
	t.Parallel()
	gone := run(t, &doll{})
	gone.Stop()
	_, own := gone.Send(t.Context(), deed(func(akt.Context) {}))
	promise, future := akt.NewPromise[int](context.Background())
	for _, name := range []string{"first", "second"} {
		reply, err := run(t, &doll{}, akt.WithName(name)).Send(t.Context(),
			play(func(akt.Context) (any, error) { return future, nil }))
		require.NoError(t, err)
		require.Same(t, future, reply)
	}
	promise.Reject(own)
	_, err := future.Wait(t.Context())
	require.Equal(t, "first", requireSendError(t, err, akt.MaybeHandled, akt.ErrStopped).Actor)
}

// E3: a nil Future as the reply to a notification is a failure that says so.
func TestNilFutureOfANotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, &doll{})
		require.NoError(t, addr.Notify(t.Context(),
			play(func(akt.Context) (any, error) { return (*akt.Future[int])(nil), nil })))
		synctest.Wait()
		require.Equal(t,
			[]string{"tests_test.dollAct: akt: the handler returned a nil Future"}, dead.all())
		require.EqualValues(t, 1, info().Failed)
		shutDown(t, system)
	})
}

// A Promise fails when its ctx ends, also where that is of a type of the user's own whose methods
// panic, or end the goroutine, from then on.
func TestPromiseOfAHostileContext(t *testing.T) {
	t.Parallel()
	for failure, fail := range map[string]func(){
		"panic": func() { panic("hostile") }, "Goexit": runtime.Goexit,
	} {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				hostile := &hostileCtx{Context: ctx, fail: fail}
				hostile.left.Store(1000)
				_, future := akt.NewPromise[int](hostile)
				hostile.left.Store(0)
				cancel()
				_, err := future.Wait(t.Context())
				require.Equal(t, context.Canceled, err)
			})
		})
	}
}

// A Promise made with a Context of an actor that has ended, or of a state that was replaced, fails
// at once.
func TestPromiseOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, addr *akt.Address){
		"the actor": func(_ *testing.T, addr *akt.Address) { addr.Stop(); <-addr.Done() },
		"the state": func(t *testing.T, addr *akt.Address) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), crash()))
			settled(t, addr)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), quiet())
			kept := contextOf(t, addr)
			end(t, addr)
			_, future := akt.NewPromise[int](kept)
			_, err := future.Wait(t.Context())
			require.ErrorIs(t, err, akt.ErrStopped)
		})
	}
}
