package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// failInterrupted sends with a context that ends when nobody can go on.
func failInterrupted(t *testing.T, send func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- send(ctx) }()
	synctest.Wait()
	cancel(failure{9})
	return <-failed
}

// failQueued calls end when a request waits behind a handler that is held, lets the handler go, and returns the request's
// error.
func failQueued(g *gate, addr *akt.Address, end func()) error {
	failed := make(chan error, 1)
	go func() {
		_, err := addr.Send(context.Background(), Note{2})
		failed <- err
	}()
	synctest.Wait()
	end()
	close(g.leave)
	return <-failed
}

// E2: each failure is a SendError that says truly whether the message may have been handled, and unwraps to one of the two
// layers and to its precise cause.
func TestSendErrors(t *testing.T) {
	t.Parallel()
	const (
		not, maybe = akt.NotHandled, akt.MaybeHandled
		note       = "tests_test.Note"
	)
	deliver, response := akt.ErrFailedToDeliver, akt.ErrFailedToGetResponse
	send := func(t *testing.T, msg any, opts ...akt.Option) error {
		t.Helper()
		_, err := run(t, newFailing(), opts...).Send(t.Context(), msg)
		return err
	}
	// held returns an actor that is held in its handler until the row is over, with its mailbox of one full.
	held := func(t *testing.T) *akt.Address {
		t.Helper()
		g, addr := runHeld(t, akt.WithMailbox(1))
		t.Cleanup(func() { close(g.leave) })
		require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
		return addr
	}
	tests := []struct {
		name    string
		fail    func(t *testing.T) error
		message string
		handled akt.Handled
		layer   error
		cause   error // found by errors.Is; or
		as      any   // by errors.As
		text    string
	}{
		{"unhandled", func(t *testing.T) error { return send(t, "text") }, "string", not, deliver, nil, new(*akt.UnhandledError), "does not handle string"},
		{"a Raw that cannot be decoded", func(t *testing.T) error {
			return send(t, akt.Raw{Name: "Fields", Fields: map[string]any{"amount": 300}})
		}, "akt.Raw", not, deliver, nil, new(*akt.DecodeError), "Amount"},
		{"released", func(t *testing.T) error {
			addr := run(t, newGate())
			addr.Release()
			return addr.TryNotify(context.Background(), Note{1})
		}, note, not, deliver, akt.ErrStopped, nil, "this address of it was released"},
		{"died of a panic before", func(t *testing.T) error {
			addr := run(t, newFailing())
			require.NoError(t, addr.Notify(t.Context(), failPanic{failure{8}}))
			<-addr.Done()
			require.ErrorIs(t, addr.TryNotify(context.Background(), Note{1}), failure{8})
			return addr.TryNotify(context.Background(), Note{1})
		}, note, not, deliver, akt.ErrStopped, new(*akt.PanicError), "the actor has stopped: panic: failure 8"},
		{"full", func(t *testing.T) error { return held(t).TryNotify(context.Background(), &Note{2}) }, "*" + note, not, deliver, akt.ErrMailboxFull, nil, "the mailbox is full"},
		{"a request that would wait for itself", func(t *testing.T) error {
			actor := newFailing()
			_, err := run(t, actor, akt.WithName("one")).Send(t.Context(), failCycle{})
			require.NoError(t, err)
			return actor.cycle
		}, "tests_test.Notes", not, deliver, akt.ErrDeadlock, nil, "one.HandleCycle → one"},
		{"a panic", func(t *testing.T) error { return send(t, &failPanic{"oh"}) }, "*tests_test.failPanic", maybe, response, nil, new(*akt.PanicError), "panic: oh"},
		{"a panic on the sender's goroutine", func(t *testing.T) error {
			return send(t, &failPanic{io.EOF}, akt.WithInlineSend())
		}, "*tests_test.failPanic", maybe, response, io.EOF, new(*akt.PanicError), "panic: EOF"},
		{"a Goexit", func(t *testing.T) error { return send(t, failGoexit{}) }, "tests_test.failGoexit", maybe, response, nil, new(*akt.PanicError), "Goexit"},
		{"another reply type by declaration", func(t *testing.T) error {
			_, err := akt.Ask[string](t.Context(), run(t, newGate()), Note{1})
			return err
		}, note, not, deliver, nil, new(*akt.ReplyTypeError), "tests_test.gate.HandleNote replies with int, not with string"},
		{"another reply type by value", func(t *testing.T) error {
			_, err := akt.Ask[string](t.Context(), run(t, newFailing()), failNil{})
			return err
		}, "tests_test.failNil", maybe, response, nil, new(*akt.ReplyTypeError), "tests_test.failing.HandleNil replies with nothing, not with string"},
		{"ended while queued", func(t *testing.T) error {
			g, addr := runHeld(t)
			defer close(g.leave)
			require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
			return failInterrupted(t, func(ctx context.Context) error { _, err := addr.Send(ctx, Note{2}); return err })
		}, note, not, response, failure{9}, nil, "queued behind 1 while HandleHold ran: context canceled: failure 9"},
		{"too late while queued", func(t *testing.T) error {
			g, addr := runHeld(t)
			defer close(g.leave)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := addr.Send(ctx, Note{1})
			return err
		}, note, not, response, context.DeadlineExceeded, nil, "queued behind 0 while HandleHold ran: context deadline exceeded"},
		{"ended while a request waited for room", func(t *testing.T) error {
			addr := held(t)
			return failInterrupted(t, func(ctx context.Context) error { _, err := addr.Send(ctx, Note{2}); return err })
		}, note, not, deliver, context.Canceled, nil, "queued behind 1 while HandleHold ran: context canceled: failure 9"},
		{"ended while a notification waited for room", func(t *testing.T) error {
			addr := held(t)
			return failInterrupted(t, func(ctx context.Context) error { return addr.Notify(ctx, Note{2}) })
		}, note, not, deliver, context.Canceled, nil, "waiting for room: context canceled: failure 9"},
		{"ended while the handler ran", func(t *testing.T) error {
			g := newGate()
			addr := run(t, g)
			defer close(g.leave)
			return failInterrupted(t, func(ctx context.Context) error { _, err := addr.Send(ctx, Hold{}); return err })
		}, "tests_test.Hold", maybe, response, context.Canceled, nil, "running HandleHold: context canceled: failure 9"},
		{"ended while a deferred reply was waited for", func(t *testing.T) error {
			addr := run(t, newFailing())
			return failInterrupted(t, func(ctx context.Context) error { _, err := addr.SendUnpack(ctx, failNever{}); return err })
		}, "tests_test.failNever", maybe, response, context.Canceled, nil, "waiting for the deferred reply: context canceled: failure 9"},
		{"stopped by the handler before it", func(t *testing.T) error {
			actor := newFailing()
			addr := run(t, actor)
			require.NoError(t, addr.TryNotify(context.Background(), failStop{}))
			<-actor.entered
			return failQueued(&actor.gate, addr, func() {})
		}, note, not, response, akt.ErrStopped, nil, "the actor has stopped"},
		{"stopped while it waited for room", func(t *testing.T) error {
			g, addr := runHeld(t, akt.WithMailbox(1))
			require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
			return failQueued(g, addr, addr.Stop)
		}, note, not, deliver, akt.ErrStopped, nil, "the actor has stopped"},
		{"an error of a send that the handler made", func(t *testing.T) error { return send(t, failFar{}) },
			"tests_test.failFar", maybe, response, akt.ErrFailedToDeliver, new(*akt.UnhandledError), "does not handle tests_test.failUnasked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := tt.fail(t)
				failed, ok := err.(*akt.SendError) //nolint:errorlint // it is the outermost
				require.True(t, ok, "%v", err)
				require.Equal(t, tt.message, failed.Message)
				require.Equal(t, tt.handled, failed.Handled)
				require.NotEmpty(t, failed.Actor)
				require.Equal(t, []error{tt.layer, failed.Err}, failed.Unwrap())
				if tt.cause != nil {
					require.ErrorIs(t, failed.Err, tt.cause)
				}
				if tt.as != nil {
					require.ErrorAs(t, failed.Err, tt.as)
				}
				shown := strings.Replace(tt.message, "akt.Raw", `akt.Raw "Fields"`, 1)
				layer := strings.TrimPrefix(tt.layer.Error(), "akt: ")
				require.True(t, strings.HasPrefix(err.Error(), fmt.Sprintf("akt: %s to %s: %s, %s", shown, failed.Actor, tt.handled, layer)), "%v", err)
				require.Contains(t, err.Error(), tt.text)
				require.Equal(t, 1, strings.Count(err.Error(), "akt: "), "%v", err)
			})
		})
	}
}

// E2: a PanicError has what was passed to panic, unwraps it where it is an error, and its stack shows the frame that panicked,
// on the sender's goroutine and queued.
func TestPanicError(t *testing.T) {
	t.Parallel()
	var panicked *akt.PanicError
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		for _, value := range []any{"text", 7, failure{8}, io.EOF} {
			_, err := run(t, newFailing()).Send(ctx, failPanic{value})
			require.ErrorAs(t, err, &panicked)
			require.Equal(t, value, panicked.Value)
			require.EqualError(t, panicked, fmt.Sprint("akt: panic: ", value))
			if own, ok := value.(error); ok {
				require.ErrorIs(t, err, own)
			} else {
				require.NoError(t, panicked.Unwrap())
			}
			require.Contains(t, string(panicked.Stack), "tests_test.failDeeper(")
		}
		_, err := run(t, newFailing()).Send(ctx, failPanic{nil})
		var none *runtime.PanicNilError
		require.ErrorAs(t, err, &none)
	}
}

// failLog is a slog.Handler that keeps records, with the attributes of their logger.
type failLog struct {
	attrs []slog.Attr
	kept  *failRecords
}

type failRecords struct {
	mu      sync.Mutex
	records []map[string]string
}

func newFailLog() failLog { return failLog{kept: &failRecords{}} }

func (l failLog) Enabled(context.Context, slog.Level) bool { return true }
func (l failLog) WithGroup(string) slog.Handler            { return l }
func (l failLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return failLog{append(l.attrs[:len(l.attrs):len(l.attrs)], attrs...), l.kept}
}

func (l failLog) Handle(_ context.Context, r slog.Record) error {
	record := map[string]string{"level": r.Level.String(), "text": r.Message}
	note := func(a slog.Attr) bool { record[a.Key] = a.Value.String(); return true }
	for _, a := range l.attrs {
		note(a)
	}
	r.Attrs(note)
	l.kept.mu.Lock()
	defer l.kept.mu.Unlock()
	l.kept.records = append(l.kept.records, record)
	return nil
}

// runLogged runs an actor named "one". End shuts it down, and returns the dead letters and what was logged as an error.
func runLogged(t *testing.T, actor any) (addr *akt.Address, end func() ([]akt.DeadLetter, []map[string]string)) {
	t.Helper()
	var letters []akt.DeadLetter // written by the actor, read after its end
	log := newFailLog()
	system := akt.NewSystem(akt.WithDeadLetters(func(l akt.DeadLetter) { letters = append(letters, l) }))
	addr, err := system.Run(actor, akt.WithName("one"), akt.WithLogger(slog.New(log)))
	require.NoError(t, err)
	return addr, func() ([]akt.DeadLetter, []map[string]string) {
		shutDown(t, system)
		log.kept.mu.Lock()
		defer log.kept.mu.Unlock()
		var failures []map[string]string
		for _, r := range log.kept.records {
			if r["level"] == "ERROR" {
				failures = append(failures, r)
			}
		}
		return letters, failures
	}
}

// E3: the error of a notification's handler is logged as an error and reported to the dead-letter hook, once each, and the
// actor lives on.
func TestFailedNotification(t *testing.T) {
	t.Parallel()
	own := failure{4}
	addr, end := runLogged(t, newFailing())
	ways, tries := waysTo(t, addr)
	sent := 0
	for _, way := range append(ways, tries...) {
		if !strings.HasSuffix(way.name, "otify") {
			continue
		}
		sent++
		require.NoError(t, way.send(t.Context(), failWith{own}), way.name)
	}
	require.Equal(t, 7, sent)
	_, err := addr.Send(t.Context(), Note{1})
	require.NoError(t, err, "the actor lives on")

	letters, failures := end()
	require.Len(t, letters, sent)
	require.Len(t, failures, sent)
	for i := range letters {
		require.Equal(t, akt.DeadLetter{Actor: "one", Message: "tests_test.failWith", Msg: failWith{own}, Err: own}, letters[i])
		require.Equal(t, "one", failures[i]["actor"])
		require.Equal(t, "*tests_test.failing", failures[i]["type"])
		require.Equal(t, "tests_test.failWith", failures[i]["message"])
		require.Equal(t, "failure 4", failures[i]["error"])
	}
}

// E3: a panic while a notification is handled is logged as an error with its stack, and reported to the dead-letter hook.
func TestPanickingNotification(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		notify  func(*akt.Address, *akt.PrivateAddress) error
		message string
	}{
		{"by the public lane", func(a *akt.Address, _ *akt.PrivateAddress) error {
			return a.TryNotify(context.Background(), failPanic{io.EOF})
		}, "tests_test.failPanic"},
		{"by the private lane", func(_ *akt.Address, p *akt.PrivateAddress) error {
			return p.Notify(context.Background(), failPanic{io.EOF})
		}, "tests_test.failPanic"},
		{"in a function", func(_ *akt.Address, p *akt.PrivateAddress) error {
			return p.Do(func(akt.Context) { failDeeper(io.EOF) })
		}, "func(akt.Context)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, end := runLogged(t, newFailing())
			private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, failPrivate{})
			require.NoError(t, err)
			require.NoError(t, tt.notify(addr, private))

			letters, failures := end()
			require.Len(t, letters, 1)
			require.Equal(t, "one", letters[0].Actor)
			require.Equal(t, tt.message, letters[0].Message)
			var panicked *akt.PanicError
			require.ErrorAs(t, letters[0].Err, &panicked)
			require.ErrorIs(t, letters[0].Err, io.EOF)
			require.Len(t, failures, 1)
			require.Equal(t, "one", failures[0]["actor"])
			require.Equal(t, "EOF", failures[0]["panic"])
			require.Contains(t, failures[0]["stack"], "tests_test.failDeeper (")
		})
	}
}

// E3: what its sender is told – a failed request, and a notification that nobody handles – is neither logged as an error nor a
// dead letter.
func TestToldIsNotLogged(t *testing.T) {
	t.Parallel()
	addr, end := runLogged(t, newFailing())
	_, err := addr.Send(t.Context(), failWith{io.EOF})
	require.ErrorIs(t, err, io.EOF)
	require.Error(t, addr.Notify(t.Context(), failUnasked{}))
	require.Error(t, addr.TryNotify(context.Background(), nil))
	require.Error(t, addr.Notify(t.Context(), akt.Raw{Name: "Fields", Fields: map[string]any{"amount": 300}}))
	letters, failures := end()
	require.Empty(t, letters)
	require.Empty(t, failures)
}

// E3: the dead letter of a request that panicked is none, as its sender was told; the panic is logged all the same.
func TestPanickingRequestIsNoDeadLetter(t *testing.T) {
	t.Parallel()
	addr, end := runLogged(t, newFailing())
	_, err := addr.Send(t.Context(), failPanic{errors.New("oh")})
	require.Error(t, err)
	letters, failures := end()
	require.Empty(t, letters)
	require.Len(t, failures, 1)
}
