package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about failures that are the same by whichever way a message is sent.

type (
	failWith    struct{ Err error }
	failPanic   struct{ Value any }
	failGoexit  struct{}
	failFar     struct{ Wrap bool } // the handler returns the error of a send of its own
	failStop    struct{}
	failUnasked struct{}
	failNever   struct{} // its deferred reply never comes
	failNil     struct{} // replies with a nil any
	FailFields  struct{ Amount uint8 }
	failCycle   struct{}
	failPrivate struct{}
)

// failure is an error whose type errors.As looks for.
type failure struct{ Code int }

func (f failure) Error() string { return fmt.Sprint("failure ", f.Code) }

// failing is an actor whose handlers fail in every way there is.
type failing struct {
	gate
	cycle   error
	promise *akt.Promise[int] // owed for ever
}

func (*failing) HandleWith(_ akt.Context, m failWith) (int, error) { return 1, m.Err }
func (*failing) HandlePanic(_ akt.Context, m failPanic)            { failDeeper(m.Value) }
func (*failing) HandleGoexit(akt.Context, failGoexit)              { runtime.Goexit() }
func (*failing) HandleNil(akt.Context, failNil) any                { return nil }
func (*failing) HandleFields(akt.Context, FailFields)              {}

func (*failing) HandlePrivate(ctx akt.Context, _ failPrivate) *akt.PrivateAddress {
	return ctx.Private()
}

func (*failing) HandleFar(ctx akt.Context, m failFar) error {
	_, err := ctx.Address().Send(ctx, failUnasked{})
	if m.Wrap {
		return fmt.Errorf("the far side: %w", errors.Join(io.EOF, err))
	}
	return err
}

func (f *failing) HandleStop(ctx akt.Context, _ failStop) {
	f.entered <- struct{}{}
	<-f.leave
	ctx.Stop()
}

func (f *failing) HandleCycle(ctx akt.Context, _ failCycle) {
	_, f.cycle = ctx.Address().Send(ctx, Notes{})
}

func (f *failing) HandleNever(akt.Context, failNever) *akt.Future[int] {
	promise, future := akt.NewPromise[int](context.Background())
	f.promise = promise
	return future
}

func newFailing() *failing {
	return &failing{gate: gate{entered: make(chan struct{}, 1), leave: make(chan struct{})}}
}

func failDeeper(value any) { panic(value) }

// way is a way to send a message, without its reply.
type way struct {
	name string
	send func(ctx context.Context, msg any) error
}

// waysTo returns all ways to send to an actor, those that take a context first.
func waysTo(t *testing.T, addr *akt.Address) (withContext, without []way) {
	t.Helper()
	private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, failPrivate{})
	require.NoError(t, err)
	recipient, err := akt.RecipientOf[any, any](addr)
	require.NoError(t, err)
	weak := addr.Downgrade()
	request := func(send func(context.Context, any) (any, error)) func(context.Context, any) error {
		return func(ctx context.Context, msg any) error { _, err := send(ctx, msg); return err }
	}
	ask := func(to akt.Sender) func(context.Context, any) error {
		return func(ctx context.Context, msg any) error {
			_, err := akt.Ask[any](ctx, to, msg)
			return err
		}
	}
	return []way{
			{"Address.Send", request(addr.Send)}, {"Address.SendUnpack", request(addr.SendUnpack)},
			{"Address.Notify", addr.Notify},
			{"WeakAddress.Send", request(weak.Send)},
			{"WeakAddress.SendUnpack", request(weak.SendUnpack)},
			{"WeakAddress.Notify", weak.Notify},
			{"PrivateAddress.Send", request(private.Send)},
			{"PrivateAddress.SendUnpack", request(private.SendUnpack)},
			{"PrivateAddress.Notify", private.Notify},
			{"Ask an Address", ask(addr)}, {"Ask a WeakAddress", ask(weak)},
			{"Ask a PrivateAddress", ask(private)},
			{"Recipient.Send", request(recipient.Send)}, {"Recipient.Notify", recipient.Notify},
		}, []way{
			{"Address.TryNotify", addr.TryNotify}, {"WeakAddress.TryNotify", weak.TryNotify},
			{"Recipient.TryNotify", recipient.TryNotify},
		}
}

// E3, E2: nil, a message that nobody handles, a nil context, one that has ended, and an actor that
// has stopped are the own error of every way to send, on the caller's goroutine: nothing was
// delivered.
func TestEveryWayRefuses(t *testing.T) {
	t.Parallel()
	addr := run(t, newFailing())
	withContext, without := waysTo(t, addr)
	gone := run(t, newFailing())
	toGone, tryGone := waysTo(t, gone)
	gone.Stop()
	<-gone.Done()
	stopped := ended(t)
	var none context.Context

	all := slices.Concat(withContext, without)
	tests := []struct {
		name    string
		ways    []way
		ctx     context.Context
		msg     any
		message string
		cause   error // nil: an UnhandledError
		text    string
	}{
		{"a nil message", all, t.Context(), nil, "<nil>", nil, "a message cannot be nil"},
		{"a nil message that cannot be waited for", all, context.Background(), nil, "<nil>", nil,
			"a message cannot be nil"},
		{"a message that nobody handles", all, t.Context(), failUnasked{}, "tests_test.failUnasked",
			nil, "does not handle tests_test.failUnasked"},
		{"a nil pointer", all, t.Context(), (*failNil)(nil), "*tests_test.failNil", nil,
			"the pointer is nil"},
		{"a nil context", all, none, failNil{}, "tests_test.failNil", nil,
			"the context is nil; pass context.Background()"},
		{"a context that has ended", withContext, stopped, failNil{}, "tests_test.failNil",
			context.Canceled, "context canceled"},
		{"a stopped actor", append(toGone, tryGone...), t.Context(), failNil{},
			"tests_test.failNil", akt.ErrStopped, "the actor has stopped"},
	}
	for _, tt := range tests {
		for _, way := range tt.ways {
			err := way.send(tt.ctx, tt.msg)
			var failed *akt.SendError
			require.ErrorAs(t, err, &failed, "%s by %s", tt.name, way.name)
			require.Equal(t, tt.message, failed.Message, "%s by %s", tt.name, way.name)
			require.Equal(t, akt.NotHandled, failed.Handled, "%s by %s", tt.name, way.name)
			require.ErrorIs(t, err, akt.ErrFailedToDeliver, "%s by %s", tt.name, way.name)
			require.ErrorContains(t, err, tt.text, "%s by %s", tt.name, way.name)
			if tt.cause != nil {
				require.ErrorIs(t, err, tt.cause, "%s by %s", tt.name, way.name)
			}
		}
	}
	require.NoError(t, addr.Err(), "the actor lives on")
}

// E1: the handler's own error comes back unchanged from every way to ask, the first and the last
// time: the actor lives on.
func TestOwnError(t *testing.T) {
	t.Parallel()
	addr := run(t, newFailing())
	withContext, _ := waysTo(t, addr)
	pointer := &failure{1}
	for _, own := range []error{
		io.EOF, failure{2}, fmt.Errorf("wrapped: %w", failure{3}), pointerError{pointer},
		context.Canceled,
	} {
		for _, way := range withContext {
			if strings.HasSuffix(way.name, "Notify") {
				continue
			}
			for _, ctx := range []context.Context{context.Background(), t.Context()} {
				err := way.send(ctx, failWith{own})
				if err != own { //nolint:errorlint // unchanged means ==
					t.Errorf("%s: got %v (%[2]T), want %v", way.name, err, own)
				}
			}
		}
	}
	_, err := addr.Send(t.Context(), failWith{fmt.Errorf("wrapped: %w", failure{3})})
	var as failure
	require.ErrorAs(t, err, &as)
	require.Equal(t, 3, as.Code)
}

type pointerError struct{ *failure }

// E1: an error that is or wraps the SendError of a call that the handler made comes back in this
// call's own, whose Handled speaks of this message, while errors.Is finds the causes of both.
func TestNestedSendError(t *testing.T) {
	t.Parallel()
	addr := run(t, newFailing(), akt.WithName("one"))
	withContext, _ := waysTo(t, addr)
	for _, way := range withContext {
		if strings.HasSuffix(way.name, "Notify") {
			continue
		}
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			for _, msg := range []failFar{{Wrap: false}, {Wrap: true}} {
				err := way.send(ctx, msg)
				outer, ok := err.(*akt.SendError) //nolint:errorlint // it is the outermost
				require.True(t, ok, "%s: %v", way.name, err)
				require.Equal(t, "tests_test.failFar", outer.Message)
				require.Equal(t, "one", outer.Actor)
				require.Equal(t, akt.MaybeHandled, outer.Handled)
				require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
				require.ErrorIs(t, err, akt.ErrFailedToDeliver, "the inner call's")

				var inner *akt.SendError
				require.ErrorAs(t, outer.Err, &inner)
				require.Equal(t, "tests_test.failUnasked", inner.Message)
				require.Equal(t, akt.NotHandled, inner.Handled)
				require.Equal(t, msg.Wrap, errors.Is(err, io.EOF))
			}
		}
	}
}

// E1, E2: an Ask of exactly the handler's types fails as any other send does, the first time and
// every time after it.
func TestTypedAskFails(t *testing.T) {
	t.Parallel()
	spawner := akt.Spawner[*failing](newFailing)
	addr, gone, released := run(t, spawner), run(t, spawner), run(t, spawner)
	gone.Stop()
	<-gone.Done()
	holder := released.Clone() // the actor lives on
	t.Cleanup(holder.Release)
	released.Release()
	ended := ended(t)
	with := asking[int](failWith{io.EOF})
	tests := []struct {
		name string
		ask  func(context.Context, akt.Sender) (any, error)
		to   *akt.Address
		ctx  []context.Context
		want *akt.SendError // nil: io.EOF, unchanged
		as   any
	}{
		{"the handler's own error", with, addr,
			[]context.Context{context.Background(), t.Context()}, nil, nil},
		{"an error of a send that the handler made", asking[struct{}](failFar{}), addr,
			[]context.Context{context.Background(), t.Context()},
			&akt.SendError{Message: "tests_test.failFar", Handled: akt.MaybeHandled},
			new(*akt.UnhandledError)},
		{"a panic", asking[struct{}](failPanic{io.EOF}), addr,
			[]context.Context{context.Background(), t.Context()},
			&akt.SendError{Message: "tests_test.failPanic", Handled: akt.MaybeHandled},
			new(*akt.PanicError)},
		{"a nil context", with, addr, []context.Context{nil},
			&akt.SendError{Message: "tests_test.failWith", Handled: akt.NotHandled}, nil},
		{"a context that has ended", with, addr, []context.Context{ended},
			&akt.SendError{Message: "tests_test.failWith", Handled: akt.NotHandled}, nil},
		{"an actor that has stopped", with, gone,
			[]context.Context{context.Background(), t.Context()},
			&akt.SendError{Message: "tests_test.failWith", Handled: akt.NotHandled}, nil},
		{"a released address", with, released, []context.Context{context.Background(), t.Context()},
			&akt.SendError{Message: "tests_test.failWith", Handled: akt.NotHandled}, nil},
		{"no actor", with, &akt.Address{}, []context.Context{context.Background(), t.Context()},
			&akt.SendError{Message: "tests_test.failWith", Handled: akt.NotHandled}, nil},
	}
	for range 3 {
		for _, tt := range tests {
			for _, ctx := range tt.ctx {
				reply, err := tt.ask(ctx, tt.to)
				require.Zero(t, reply, tt.name)
				if tt.want == nil {
					require.Equal(t, io.EOF, err, tt.name)
					continue
				}
				failed, ok := err.(*akt.SendError) //nolint:errorlint // it is the outermost
				require.True(t, ok, "%s: %v", tt.name, err)
				require.Equal(t, tt.want.Message, failed.Message, tt.name)
				require.Equal(t, tt.want.Handled, failed.Handled, tt.name)
				if tt.as != nil {
					require.ErrorAs(t, failed.Err, tt.as, tt.name)
				}
				//nolint:errorlint // it is the cause itself
				if panicked, ok := failed.Err.(*akt.PanicError); ok {
					require.Contains(t, string(panicked.Stack), "tests_test.failDeeper(")
				}
			}
		}
	}
}

// The zero values of addresses, Recipients, Promises, Futures and Timers, and nil pointers to them,
// behave as those of an actor that stopped long ago.
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
		requireSendError(t, to.Notify(ctx, 1), akt.NotHandled, akt.ErrStopped,
			akt.ErrFailedToDeliver)
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
