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
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about code of the user's that breaks where akt calls it beside a handler: log
// handlers, dead-letter hooks and methods of errors.

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

// E4: whatever breaks in a log handler, a dead-letter hook or a method of an error, the actor goes
// on, and so do its senders and its system.
func TestUserCodeThatBreaks(t *testing.T) {
	t.Parallel()
	for how, by := range breaks() {
		systems := map[string]*akt.System{
			"dead-letter hook": akt.NewSystem(akt.WithDeadLetters(func(akt.DeadLetter) { by() }),
				akt.WithDefaults(quiet())),
		}
		for _, method := range []string{"Enabled", "Handle", "WithAttrs"} {
			logger := slog.New(brokenLog{method, by})
			systems["log handler's "+
				method] = akt.NewSystem(akt.WithDefaults(akt.WithLogger(logger)))
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
				system := akt.NewSystem(
					akt.WithDefaults(
						akt.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))))
				goesOnAfter(t, system, broken, broken)
			})
		}
	}
}

// goesOnAfter has an actor's messages fail with an error, and panic with a value, in every way in
// which that is reported, and then wants it to answer and its system to end.
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
	addr, err := newDoll.Run(akt.WithSystem(system),
		akt.WithSupervisor(akt.Supervisor{BackoffMin: 1, BackoffMax: 1}))
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
		//nolint:testifylint // ErrorAs would print the error
		require.True(t, errors.As(err, &failed))
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
//
//nolint:paralleltest // it sets the default logger
func TestLoggerThatBreaksIsReported(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	broken := brokenLog{"Handle", func() { panic("disk full") }}
	addr := run(t, &doll{}, akt.WithLogger(slog.New(broken)))
	require.NoError(t,
		addr.Notify(t.Context(), play(func(akt.Context) (any, error) { return nil, io.EOF })))
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

type panicker struct{}

func (panicker) HandleMsg(akt.Context, plainMsg) { panic("index out of range") }

// A panic's stack, in the log, has the user's functions only, from the panic to the handler; in a
// text log on one line.
func TestPanicsStackIsReadable(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		var log bytes.Buffer
		addr := run(t, panicker{},
			append(path.opts, akt.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
		_, err := addr.Send(path.ctx(t), plainMsg{})
		require.Error(t, err)
		<-addr.Done()
		_, stack, _ := strings.Cut(log.String(), `stack="`)
		require.Regexp(t, `^tests_test\.panicker\.HandleMsg \(errors_broken_test\.go:\d+\)"`, stack,
			path.name)
	}
}

// Dead letters: a hook that panics or ends its goroutine ends neither the actor nor who started a
// timer, and is called for each.
func TestDeadLetterHookThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func(){
		"panic":  func() { panic("in the hook") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			system := akt.NewSystem(akt.WithDefaults(quiet()),
				akt.WithDeadLetters(func(akt.DeadLetter) {
					calls.Add(1)
					hook()
				}))
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			kept := contextOf(t, addr)
			require.NoError(t, addr.TryNotify(context.Background(),
				play(func(akt.Context) (any, error) { return nil, errors.New("failed") })))
			settled(t, addr)
			require.EqualValues(t, 1, calls.Load())
			kept.Private().NotifyLater(Note{}, time.Hour) // which no doll handles
			require.EqualValues(t, 2, calls.Load())
			leave := hold(t, addr)
			require.NoError(t, addr.TryNotify(context.Background(),
				deed(func(akt.Context) { t.Error("it was handled") })))
			kept.Stop()
			leave()
			<-addr.Done()
			require.EqualValues(t, 3, calls.Load())
			require.NoError(t, addr.Err())
			shutDown(t, system)
		})
	}
}

// L5: panic(nil), where the program has it mean what it meant before Go 1.21, is a panic all the
// same: the sender is told, on its own goroutine too, and the actor goes on with a fresh state.
func TestPanicNil(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1") // which is why it is not parallel
	var states atomic.Int32
	addr := run(t, akt.Spawner[*doll](func() *doll {
		states.Add(1)
		return &doll{}
	}), quiet(), akt.WithSupervisor(akt.Supervisor{BackoffMin: 1, BackoffMax: 1}))
	var nothing any
	for start, ctx := range starts(t) {
		_, err := addr.Send(ctx, deed(func(akt.Context) { panic(nothing) }))
		var failure *akt.PanicError
		require.ErrorAs(t, err, &failure, start)
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
		settled(t, addr)
	}
	require.NoError(t,
		addr.TryNotify(context.Background(), deed(func(akt.Context) { panic(nothing) })))
	settled(t, addr)
	require.EqualValues(t, 4, states.Load(), "one, and one more for each panic")
}
