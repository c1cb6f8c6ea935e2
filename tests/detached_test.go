package tests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// breaks are the two ways in which code can fail to return.
func breaks() map[string]func() {
	return map[string]func(){
		"panics":           func() { panic("the user's code") },
		"ends a goroutine": runtime.Goexit,
	}
}

// brokenLog is a log handler of which one method breaks.
type brokenLog struct {
	in string
	by func()
}

func (l brokenLog) at(method string) {
	if l.in == method {
		l.by()
	}
}
func (l brokenLog) Enabled(context.Context, slog.Level) bool  { l.at("Enabled"); return true }
func (l brokenLog) Handle(context.Context, slog.Record) error { l.at("Handle"); return nil }
func (l brokenLog) WithAttrs([]slog.Attr) slog.Handler        { l.at("WithAttrs"); return l }
func (l brokenLog) WithGroup(string) slog.Handler             { return l }

// brokenError is an error of which one method breaks.
type brokenError struct {
	in string
	by func()
}

func (e *brokenError) at(method string) {
	if e.in == method {
		e.by()
	}
}
func (e *brokenError) Error() string { e.at("Error"); return "the user's error" }
func (e *brokenError) Is(error) bool { e.at("Is"); return false }
func (e *brokenError) As(any) bool   { e.at("As"); return false }
func (e *brokenError) Unwrap() error { e.at("Unwrap"); return nil }

// E4: whatever breaks in a log handler, a dead-letter hook or a method of an error, the actor goes on, and so do
// its senders and its system.
func TestUserCodeThatBreaks(t *testing.T) {
	t.Parallel()
	for how, by := range breaks() {
		systems := map[string]*akt.System{
			"dead-letter hook": akt.NewSystem(akt.WithDeadLetters(func(akt.DeadLetter) { by() }), akt.WithDefaults(quiet())),
		}
		for _, method := range []string{"Enabled", "Handle", "WithAttrs"} {
			logger := slog.New(brokenLog{method, by})
			systems["log handler's "+method] = akt.NewSystem(akt.WithDefaults(akt.WithLogger(logger)))
		}
		for name, system := range systems {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				goesOnAfter(t, system, errors.New("an answer"), "a panic")
			})
		}
		for _, method := range []string{"Error", "Is", "As", "Unwrap"} {
			t.Run(method+" of an error "+how, func(t *testing.T) {
				t.Parallel()
				broken := &brokenError{method, by}
				system := akt.NewSystem(akt.WithDefaults(akt.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))))
				goesOnAfter(t, system, broken, broken)
			})
		}
	}
}

// goesOnAfter has an actor's messages fail with an error, and panic with a value, in every way in which that is reported, and
// then wants it to answer and its system to end.
func goesOnAfter(t *testing.T, system *akt.System, own error, value any) {
	t.Helper()
	made := 0
	newDoll := akt.Spawner[*doll](func() *doll {
		made++
		return &doll{onStart: func(akt.Context) error {
			if made == 2 {
				return own // a restart that fails
			}
			return nil
		}}
	})
	addr, err := newDoll.Run(akt.WithSystem(system), akt.WithSupervisor(akt.Supervisor{BackoffMin: 1, BackoffMax: 1}))
	require.NoError(t, err)
	fails := play(func(akt.Context) (any, error) { return nil, own })
	panics := deed(func(akt.Context) { panic(value) })
	defers := play(func(ctx akt.Context) (any, error) {
		return akt.Go(ctx, func(context.Context) (int, error) { return 0, own }), nil
	})
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		for range 3 { // the last two are a batch
			require.NoError(t, addr.Notify(ctx, fails))
			require.NoError(t, addr.Notify(ctx, defers))
		}
		_, err := addr.Send(ctx, fails)
		require.True(t, err == own, "%T", err) //nolint:errorlint,testifylint // unchanged means ==
		_, err = addr.SendUnpack(ctx, defers)
		require.True(t, err == own, "%T", err) //nolint:errorlint,testifylint // unchanged means ==
		_, err = addr.Send(ctx, panics)
		var failed *akt.SendError
		require.True(t, errors.As(err, &failed)) //nolint:testifylint // ErrorAs would print the error
		require.Equal(t, akt.MaybeHandled, failed.Handled)
		require.NoError(t, addr.Notify(ctx, panics))
	}
	_, err = addr.Send(t.Context(), deed(func(ctx akt.Context) {
		ctx.Private().NotifyInterval(nil, 0) // logged
	}))
	require.NoError(t, err, "the actor goes on")
	require.NoError(t, system.Shutdown(t.Context()))
}

// E4: a logger that breaks is reported to the default one.
func TestLoggerThatBreaksIsReported(t *testing.T) { //nolint:paralleltest // it sets the default logger
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	broken := brokenLog{"Handle", func() { panic("disk full") }}
	addr := run(t, &doll{}, akt.WithLogger(slog.New(broken)))
	require.NoError(t, addr.Notify(t.Context(), play(func(akt.Context) (any, error) { return nil, io.EOF })))
	settled(t, addr)
	require.Contains(t, log.String(), `record="akt: a notification failed" panic="disk full"`)
}

// endlessError is an error that wraps itself.
type endlessError struct{}

func (endlessError) Error() string   { return "endless" }
func (e endlessError) Unwrap() error { return e }

// E4: an error that wraps itself is looked at for some time only.
func TestErrorThatWrapsItself(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	for _, own := range []error{endlessError{}, fmt.Errorf("wrapped: %w", endlessError{})} {
		_, err := addr.Send(t.Context(), play(func(akt.Context) (any, error) { return nil, own }))
		require.Equal(t, own, err)
	}
}

// E1: an error of the user's that makes a SendError of itself, by As, is one.
type asSendError struct{ inner *akt.SendError }

func (asSendError) Error() string { return "as" }
func (e asSendError) As(target any) bool {
	p, ok := target.(**akt.SendError)
	if ok {
		*p = e.inner
	}
	return ok
}

// E1: Handled speaks of this message, however the handler's error holds that of another call.
func TestHandledIsOfThisMessage(t *testing.T) {
	t.Parallel()
	inner := &akt.SendError{Handled: akt.NotHandled, Err: akt.ErrStopped}
	for name, own := range map[string]error{
		"itself": inner, "wrapped": fmt.Errorf("wrapped: %w", inner), "two": fmt.Errorf("%w and %w", io.EOF, inner),
		"joined": errors.Join(io.EOF, inner), "by Unwrap": unwrapsTo{inner}, "by As": asSendError{inner},
		"the user's in a standard one":    fmt.Errorf("wrapped: %w", unwrapsTo{inner}),
		"a standard one in the user's":    unwrapsTo{fmt.Errorf("wrapped: %w", inner)},
		"the value of a panic":            &akt.PanicError{Value: inner},
		"the second of two of the user's": errors.Join(unwrapsTo{io.EOF}, unwrapsTo{inner}),
	} {
		fails := play(func(akt.Context) (any, error) { return nil, own })
		panics := deed(func(akt.Context) { panic(own) })
		intercepted := akt.WithInterceptor(func(akt.Context, any, akt.Next) (any, error) { return nil, own })
		for _, path := range sendPaths() {
			for way, send := range map[string]func() error{
				"error":       func() error { _, err := path.send(t, path.runWith(t, &doll{}), fails); return err },
				"panic":       func() error { _, err := path.send(t, path.runWith(t, &doll{}), panics); return err },
				"interceptor": func() error { _, err := path.send(t, path.runWith(t, &doll{}, intercepted), fails); return err },
				"deferred": func() error {
					_, err := akt.Ask[any](path.ctx(t), path.runWith(t, &doll{}), play(func(ctx akt.Context) (any, error) {
						return akt.Go(ctx, func(context.Context) (any, error) { panic(own) }), nil
					}))
					return err
				},
			} {
				err := send()
				require.ErrorIs(t, err, own, "%s, %s, %s", path.name, name, way)
				requireSendError(t, err, akt.MaybeHandled)
			}
		}
	}
}

type panics struct{}

func (panics) HandleNothing(akt.Context, nothing) { panic("index out of range") }

type nothing struct{}

// A panic's stack, in the log, has the user's functions only, from the panic to the handler; in a text log on one line.
func TestPanicsStackIsReadable(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		var log bytes.Buffer
		addr := run(t, panics{}, append(path.opts, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
		_, err := addr.Send(path.ctx(t), nothing{})
		require.Error(t, err)
		<-addr.Done()
		_, stack, _ := strings.Cut(log.String(), `stack="`)
		require.Regexp(t, `^tests_test\.panics\.HandleNothing \(detached_test\.go:\d+\)"`, stack, path.name)
	}
}

// E3: a notification whose deferred reply fails is a failed notification: logged, a dead letter, and counted, when it fails.
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
			"alone": func(addr *akt.Address, msg any) { require.NoError(t, addr.Notify(t.Context(), msg)) },
			"in a batch": func(addr *akt.Address, msg any) {
				leave := hold(t, addr)
				require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
				require.NoError(t, addr.Notify(t.Context(), msg))
				leave()
			},
			"by the private lane": func(addr *akt.Address, msg any) {
				require.NoError(t, contextOf(t, addr).Private().Notify(t.Context(), msg))
			},
			"by a timer": func(addr *akt.Address, msg any) { contextOf(t, addr).Private().NotifyLater(msg, 0) },
		} {
			for _, opts := range [][]akt.Option{nil, {akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
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
					require.Equal(t, []string{"tests_test.dollAct: later"}, dead.all(), "%s, %s", name, way)
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

// E3: the deferred reply of a request that fails is counted, whoever waits for it, and reported to nobody else.
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

// The zero values of addresses, Recipients, Promises, Futures and Timers, and nil pointers to them, behave as those of an actor that
// stopped long ago.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	type sender interface {
		akt.Sender
		SendUnpack(context.Context, any) (any, error)
		IsClosed() bool
	}
	for name, to := range map[string]sender{
		"Address": &akt.Address{}, "nil Address": (*akt.Address)(nil),
		"WeakAddress": &akt.WeakAddress{}, "nil WeakAddress": (*akt.WeakAddress)(nil),
		"PrivateAddress": &akt.PrivateAddress{}, "nil PrivateAddress": (*akt.PrivateAddress)(nil),
	} {
		_, err := to.Send(ctx, 1)
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		_, err = to.SendUnpack(ctx, 1)
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		requireSendError(t, to.Notify(ctx, 1), akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		_, err = akt.Ask[int](ctx, to, 1)
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
		require.True(t, to.IsClosed(), name)
		if to, ok := to.(interface {
			TryNotify(context.Context, any) error
		}); ok {
			requireSendError(t, to.TryNotify(ctx, 1), akt.NotHandled, akt.ErrStopped)
		}
		if to, ok := to.(interface {
			Stop()
			Done() <-chan struct{}
			Err() error
			Name() string
			String() string
		}); ok {
			to.Stop()
			<-to.Done()
			require.NoError(t, to.Err())
			require.NotEmpty(t, to.Name())
			require.NotEmpty(t, to.String())
		}
		addr := run(t, &doll{})
		_, err = addr.Send(ctx, deed(func(ctx akt.Context) {
			ctx.Watch(to)
			ctx.Unwatch(to)
		}))
		require.NoError(t, err)
		recipient, err := akt.RecipientOf[int, int](to)
		require.NoError(t, err)
		_, err = recipient.Send(ctx, 1)
		require.ErrorIs(t, err, akt.ErrStopped)
	}
	for _, addr := range []*akt.Address{{}, nil} {
		require.True(t, addr.Clone().IsClosed())
		_, ok := addr.Downgrade().Upgrade()
		require.False(t, ok)
		require.False(t, addr.IsConnected())
		addr.Release()
	}
	for _, private := range []*akt.PrivateAddress{{}, nil} {
		require.ErrorIs(t, private.Do(func(akt.Context) {}), akt.ErrStopped)
		require.False(t, private.NotifyLater(1, 1).Stop())
	}
	for _, timer := range []*akt.Timer{{}, nil} {
		require.False(t, timer.Stop())
	}
	for _, promise := range []*akt.Promise[int]{{}, nil} {
		promise.Resolve(1)
		promise.Reject(io.EOF)
	}
	for _, future := range []*akt.Future[int]{{}, nil} {
		_, err := future.Wait(ctx)
		require.ErrorIs(t, err, akt.ErrStopped)
	}
	var recipient akt.Recipient[int, int]
	_, err := recipient.Send(ctx, 1)
	require.ErrorIs(t, err, akt.ErrStopped)
	require.ErrorIs(t, recipient.Notify(ctx, 1), akt.ErrStopped)
	require.ErrorIs(t, recipient.TryNotify(ctx, 1), akt.ErrStopped)
	_, err = akt.Ask[int](ctx, nil, 1)
	requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
	_, err = akt.RecipientOf[int, int](nil)
	require.ErrorContains(t, err, "nil")
}

// E1: where a handler's reply is a Future that fails with the SendError of another call, its Wait says
// MaybeHandled, too; a Future that is nobody's reply fails unchanged.
func TestWaitOfAReplyThatFailsWithASendError(t *testing.T) {
	t.Parallel()
	gone := run(t, &doll{})
	gone.Stop()
	addr := run(t, &doll{}, akt.WithName("pays"))
	asks := func(ctx akt.Context) *akt.Future[any] {
		return akt.Go(ctx, func(ctx context.Context) (any, error) { return gone.Send(ctx, deed(func(akt.Context) {})) })
	}
	reply, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return asks(ctx), nil }))
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
