package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about the errors that senders get, and about what is logged and reported of
// failures that no sender hears of.

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

// failQueued calls end when a request waits behind a handler that is held, lets the handler go, and
// returns the request's error.
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

// E2: each failure is a SendError that says truly whether the message may have been handled, and
// unwraps to one of the two layers and to its precise cause.
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
	// held returns an actor that is held in its handler until the row is over, with its mailbox of
	// one full.
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
		{"unhandled", func(t *testing.T) error { return send(t, "text") }, "string", not, deliver,
			nil, new(*akt.UnhandledError), "does not handle string"},
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
		}, note, not, deliver, akt.ErrStopped, new(*akt.PanicError),
			"the actor has stopped: panic: failure 8"},
		{"full",
			func(t *testing.T) error { return held(t).TryNotify(context.Background(), &Note{2}) },
			"*" + note, not, deliver, akt.ErrMailboxFull, nil, "the mailbox is full"},
		{"a request that would wait for itself", func(t *testing.T) error {
			actor := newFailing()
			_, err := run(t, actor, akt.WithName("one")).Send(t.Context(), failCycle{})
			require.NoError(t, err)
			return actor.cycle
		}, "tests_test.Notes", not, deliver, akt.ErrDeadlock, nil, "one.HandleCycle → one"},
		{"a panic", func(t *testing.T) error { return send(t, &failPanic{"oh"}) },
			"*tests_test.failPanic", maybe, response, nil, new(*akt.PanicError), "panic: oh"},
		{"a panic on the sender's goroutine", func(t *testing.T) error {
			return send(t, &failPanic{io.EOF}, akt.WithInlineSend())
		}, "*tests_test.failPanic", maybe, response, io.EOF, new(*akt.PanicError), "panic: EOF"},
		{"a Goexit", func(t *testing.T) error { return send(t, failGoexit{}) },
			"tests_test.failGoexit", maybe, response, nil, new(*akt.PanicError), "Goexit"},
		{"another reply type by declaration", func(t *testing.T) error {
			_, err := akt.Ask[string](t.Context(), run(t, newGate()), Note{1})
			return err
		}, note, not, deliver, nil, new(*akt.ReplyTypeError),
			"tests_test.gate.HandleNote replies with int, not with string"},
		{"another reply type by value", func(t *testing.T) error {
			_, err := akt.Ask[string](t.Context(), run(t, newFailing()), failNil{})
			return err
		}, "tests_test.failNil", maybe, response, nil, new(*akt.ReplyTypeError),
			"tests_test.failing.HandleNil replies with nothing, not with string"},
		{"ended while queued", func(t *testing.T) error {
			g, addr := runHeld(t)
			defer close(g.leave)
			require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
			return failInterrupted(t, func(ctx context.Context) error {
				_, err := addr.Send(ctx, Note{2})
				return err
			})
		}, note, not, response, failure{9}, nil,
			"queued behind 1 while HandleHold ran: context canceled: failure 9"},
		{"too late while queued", func(t *testing.T) error {
			g, addr := runHeld(t)
			defer close(g.leave)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := addr.Send(ctx, Note{1})
			return err
		}, note, not, response, context.DeadlineExceeded, nil,
			"queued behind 0 while HandleHold ran: context deadline exceeded"},
		{"ended while a request waited for room", func(t *testing.T) error {
			addr := held(t)
			return failInterrupted(t, func(ctx context.Context) error {
				_, err := addr.Send(ctx, Note{2})
				return err
			})
		}, note, not, deliver, context.Canceled, nil,
			"queued behind 1 while HandleHold ran: context canceled: failure 9"},
		{"ended while a notification waited for room", func(t *testing.T) error {
			addr := held(t)
			return failInterrupted(t, func(ctx context.Context) error {
				return addr.Notify(ctx, Note{2})
			})
		}, note, not, deliver, context.Canceled, nil,
			"waiting for room: context canceled: failure 9"},
		{"ended while the handler ran", func(t *testing.T) error {
			g := newGate()
			addr := run(t, g)
			defer close(g.leave)
			return failInterrupted(t, func(ctx context.Context) error {
				_, err := addr.Send(ctx, Hold{})
				return err
			})
		}, "tests_test.Hold", maybe, response, context.Canceled, nil,
			"running HandleHold: context canceled: failure 9"},
		{"ended while a deferred reply was waited for", func(t *testing.T) error {
			addr := run(t, newFailing())
			return failInterrupted(t, func(ctx context.Context) error {
				_, err := addr.SendUnpack(ctx, failNever{})
				return err
			})
		}, "tests_test.failNever", maybe, response, context.Canceled, nil,
			"waiting for the deferred reply: context canceled: failure 9"},
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
		{"an error of a send that the handler made", func(t *testing.T) error {
			return send(t, failFar{})
		},
			"tests_test.failFar", maybe, response, akt.ErrFailedToDeliver, new(*akt.UnhandledError),
			"does not handle tests_test.failUnasked"},
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
				require.True(t,
					strings.HasPrefix(err.Error(),
						fmt.Sprintf("akt: %s to %s: %s, %s", shown, failed.Actor, tt.handled,
							layer)), "%v", err)
				require.Contains(t, err.Error(), tt.text)
				require.Equal(t, 1, strings.Count(err.Error(), "akt: "), "%v", err)
			})
		})
	}
}

// E2: a PanicError has what was passed to panic, unwraps it where it is an error, and its stack
// shows the frame that panicked, on the sender's goroutine and queued.
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

// runLogged runs an actor named "one". End shuts it down, and returns the dead letters and what was
// logged as an error.
func runLogged(
	t *testing.T, actor any,
) (addr *akt.Address, end func() ([]akt.DeadLetter, []map[string]string)) {
	t.Helper()
	var letters []akt.DeadLetter // written by the actor, read after its end
	log := newFailLog()
	system := akt.NewSystem(akt.WithDeadLetters(func(l akt.DeadLetter) {
		letters = append(letters, l)
	}))
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

// E3: the error of a notification's handler is logged as an error and reported to the dead-letter
// hook, once each, and the actor lives on.
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
		require.Equal(t, akt.DeadLetter{Actor: "one", Message: "tests_test.failWith",
			Msg: failWith{own}, Err: own}, letters[i])
		require.Equal(t, "one", failures[i]["actor"])
		require.Equal(t, "*tests_test.failing", failures[i]["type"])
		require.Equal(t, "tests_test.failWith", failures[i]["message"])
		require.Equal(t, "failure 4", failures[i]["error"])
	}
}

// E3: a panic while a notification is handled is logged as an error with its stack, and reported to
// the dead-letter hook.
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

// E3: what its sender is told – a failed request, and a notification that nobody handles – is
// neither logged as an error nor a dead letter.
func TestToldIsNotLogged(t *testing.T) {
	t.Parallel()
	addr, end := runLogged(t, newFailing())
	_, err := addr.Send(t.Context(), failWith{io.EOF})
	require.ErrorIs(t, err, io.EOF)
	require.Error(t, addr.Notify(t.Context(), failUnasked{}))
	require.Error(t, addr.TryNotify(context.Background(), nil))
	require.Error(t,
		addr.Notify(t.Context(), akt.Raw{Name: "Fields", Fields: map[string]any{"amount": 300}}))
	letters, failures := end()
	require.Empty(t, letters)
	require.Empty(t, failures)
}

// E3: the dead letter of a request that panicked is none, as its sender was told; the panic is
// logged all the same.
func TestPanickingRequestIsNoDeadLetter(t *testing.T) {
	t.Parallel()
	addr, end := runLogged(t, newFailing())
	_, err := addr.Send(t.Context(), failPanic{errors.New("oh")})
	require.Error(t, err)
	letters, failures := end()
	require.Empty(t, letters)
	require.Len(t, failures, 1)
}

// E2: "queued behind" counts both lanes, as the private one goes first.
func TestQueuedBehindBothLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(2))
		private := contextOf(t, addr).Private()
		hold(t, addr)
		for range 3 {
			require.NoError(t, private.Notify(t.Context(), deed(func(akt.Context) {})))
		}
		require.NoError(t, addr.TryNotify(t.Context(), deed(func(akt.Context) {})))
		expire := func(to akt.Sender) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := to.Send(ctx, deed(func(akt.Context) {}))
			return err
		}
		require.ErrorContains(t, expire(addr), "queued behind 4")
		require.ErrorContains(t, expire(private), "queued behind 3")
		require.NoError(t, addr.TryNotify(t.Context(), deed(func(akt.Context) {})))
		require.ErrorContains(t, expire(addr), "queued behind 5", "waiting for room")
	})
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
		"itself": inner, "wrapped": fmt.Errorf("wrapped: %w", inner),
		"two":    fmt.Errorf("%w and %w", io.EOF, inner),
		"joined": errors.Join(io.EOF, inner), "by Unwrap": unwrapsTo{inner},
		"by As":                           asSendError{inner},
		"the user's in a standard one":    fmt.Errorf("wrapped: %w", unwrapsTo{inner}),
		"a standard one in the user's":    unwrapsTo{fmt.Errorf("wrapped: %w", inner)},
		"the value of a panic":            &akt.PanicError{Value: inner},
		"the second of two of the user's": errors.Join(unwrapsTo{io.EOF}, unwrapsTo{inner}),
	} {
		fails := play(func(akt.Context) (any, error) { return nil, own })
		panics := deed(func(akt.Context) { panic(own) })
		intercepted := akt.WithInterceptor(func(akt.Context, any, akt.Next) (any, error) {
			return nil, own
		})
		for _, path := range sendPaths() {
			for way, send := range map[string]func() error{
				"error": func() error {
					_, err := path.send(t, path.runWith(t, &doll{}), fails)
					return err
				},
				"panic": func() error {
					_, err := path.send(t, path.runWith(t, &doll{}), panics)
					return err
				},
				"interceptor": func() error {
					_, err := path.send(t, path.runWith(t, &doll{}, intercepted), fails)
					return err
				},
				"deferred": func() error {
					_, err := akt.Ask[any](path.ctx(t), path.runWith(t, &doll{}),
						play(func(ctx akt.Context) (any, error) {
							return akt.Go(ctx, func(context.Context) (any, error) { panic(own) }),
								nil
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

// panickingError is an error whose methods panic.
type panickingError struct{}

func (*panickingError) Error() string { panic("Error") }
func (*panickingError) Unwrap() error { panic("Unwrap") }
func (*panickingError) Is(error) bool { panic("Is") }

// E1: a typed nil *SendError is the handler's own error, as any other typed nil is.
func TestNilSendErrorIsTheHandlersOwn(t *testing.T) {
	t.Parallel()
	var own *akt.SendError
	_, err := run(t, &doll{}).Send(context.Background(),
		play(func(akt.Context) (any, error) { return nil, own }))
	//nolint:errorlint,testifylint // the identity is the promise
	require.True(t, err == error(own), "%T", err)
}

// E1: the handler's own error comes back unchanged, and its methods are not called for that, which
// panic for a typed nil.
func TestErrorWhoseMethodsPanic(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]error{
		"a typed nil":            (*fs.PathError)(nil),
		"a typed nil in another": fmt.Errorf("wraps: %w", (*fs.PathError)(nil)),
		"its methods panic":      &panickingError{},
		"joined":                 errors.Join(&panickingError{}, (*fs.PathError)(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var letter akt.DeadLetter
			system := akt.NewSystem(akt.WithDefaults(quiet()),
				akt.WithDeadLetters(func(d akt.DeadLetter) { letter = d }))
			defer shutDown(t, system)
			addr, err := system.Run(&exact{})
			require.NoError(t, err)
			fail, err := akt.RecipientOf[exactFail, int](addr)
			require.NoError(t, err)
			later, err := akt.RecipientOf[exactLater, int](addr)
			require.NoError(t, err)
			for start, ctx := range starts(t) {
				for way, send := range map[string]func() (any, error){
					"Send": func() (any, error) {
						return addr.Send(ctx, exactFail{own})
					},
					"SendUnpack": func() (any, error) {
						return addr.SendUnpack(ctx, exactFail{own})
					},
					"Ask": func() (any, error) {
						return akt.Ask[int](ctx, addr, exactFail{own})
					},
					"Recipient": func() (any, error) {
						return fail.Send(ctx, exactFail{own})
					},
					"SendUnpack a Future": func() (any, error) {
						return addr.SendUnpack(ctx, exactLater{own})
					},
					"Ask for a Future": func() (any, error) {
						return akt.Ask[int](ctx, addr, exactLater{own})
					},
					"Recipient, Future": func() (any, error) {
						return later.Send(ctx, exactLater{own})
					},
				} {
					_, err := send()
					//nolint:errorlint,testifylint // the identity is the promise
					require.True(t, err == own, "%s, %s: %T", way, start, err)
				}
			}
			require.NoError(t, addr.TryNotify(context.Background(), exactFail{own}))
			settled(t, addr)
			//nolint:errorlint,testifylint // the identity is the promise
			require.True(t, letter.Err == own, "%T", letter.Err)
		})
	}
}

// An error about a Raw that was decoded has its name.
func TestRawIsNamedInErrors(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		addr := path.run(t, &rawFails{})
		_, err := addr.Send(path.ctx(t), akt.Raw{Name: "Bad"})
		requireSendError(t, err, akt.MaybeHandled)
		require.ErrorContains(t, err, `akt: akt.Raw "Bad" to `)
	}
}

type RawBad struct{}

type rawFails struct{}

func (rawFails) HandleBad(akt.Context, RawBad) { panic("bad") }
