package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// askName is a reply that implements fmt.Stringer.
type askName string

func (n askName) String() string { return string(n) }

// askWaiter is implemented by the Futures of a number.
type askWaiter interface {
	Wait(ctx context.Context) (uint32, error)
}

// What can be asked for. A reply of askWhat and askStringer is the message's own.
type (
	askNumber   struct{}
	askNamed    struct{}
	askWhat     struct{ Reply any }
	askStringer struct{ Reply fmt.Stringer }
	askSilent   struct{}
	askOnly     struct{}
	askLater    struct{ Err error }
	askLaterAny struct{ Reply any }
	askLaterStr struct{ Reply fmt.Stringer }
	askStruct   struct{}
	askAddress  struct{}
)

func (askNumber) String() string { return "a message that is a Stringer" }

type askActor struct{ handled atomic.Int32 }

func (a *askActor) HandleNumber(akt.Context, askNumber) (uint32, error) {
	a.handled.Add(1)
	return 7, nil
}

func (a *askActor) HandleNamed(akt.Context, askNamed) askName {
	a.handled.Add(1)
	return "seven"
}

func (a *askActor) HandleWhat(_ akt.Context, m askWhat) any {
	a.handled.Add(1)
	return m.Reply
}

func (a *askActor) HandleStringer(_ akt.Context, m askStringer) (fmt.Stringer, error) {
	a.handled.Add(1)
	return m.Reply, nil
}

func (a *askActor) HandleSilent(akt.Context, askSilent)   { a.handled.Add(1) }
func (a *askActor) HandleOnly(akt.Context, askOnly) error { a.handled.Add(1); return nil }
func (a *askActor) HandleStruct(akt.Context, askStruct) struct{} {
	a.handled.Add(1)
	return struct{}{}
}

func (a *askActor) HandleLater(_ akt.Context, m askLater) *akt.Future[uint32] {
	a.handled.Add(1)
	return askSettled[uint32](7, m.Err)
}

func (a *askActor) HandleLaterAny(_ akt.Context, m askLaterAny) *akt.Future[any] {
	a.handled.Add(1)
	return askSettled(m.Reply, nil)
}

func (a *askActor) HandleLaterStr(_ akt.Context, m askLaterStr) *akt.Future[fmt.Stringer] {
	a.handled.Add(1)
	return askSettled(m.Reply, nil)
}

func (a *askActor) HandleAddress(ctx akt.Context, _ askAddress) *akt.PrivateAddress {
	return ctx.Private()
}

// askSettled is a deferred reply that is there already.
func askSettled[R any](reply R, err error) *akt.Future[R] {
	promise, future := akt.NewPromise[R](context.Background())
	if err != nil {
		promise.Reject(err)
	} else {
		promise.Resolve(reply)
	}
	return future
}

// askStranger is a Sender that akt knows nothing of.
type askStranger struct{ to akt.Sender }

func (s askStranger) Send(ctx context.Context, msg any) (any, error) { return s.to.Send(ctx, msg) }
func (s askStranger) Notify(ctx context.Context, msg any) error      { return s.to.Notify(ctx, msg) }

// askSenders are all kinds of Senders to one actor.
func askSenders(t *testing.T, addr *akt.Address) map[string]akt.Sender {
	t.Helper()
	private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, askAddress{})
	require.NoError(t, err)
	return map[string]akt.Sender{
		"an Address": addr, "a WeakAddress": addr.Downgrade(), "a PrivateAddress": private, "a stranger": askStranger{addr},
	}
}

// asking asks for an R.
func asking[R, M any](msg M) func(context.Context, akt.Sender) (any, error) {
	return func(ctx context.Context, to akt.Sender) (any, error) { return akt.Ask[R](ctx, to, msg) }
}

// Ask: R may be the handler's reply type, an interface that it implements, T of its *Future[T] or that Future itself, and
// struct{} or any where there is no reply, whatever kind of Sender it goes through.
func TestAsk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ask  func(context.Context, akt.Sender) (any, error)
		want any
	}{
		{"the reply type", asking[uint32](askNumber{}), uint32(7)},
		{"the reply type of a handler without error", asking[askName](askNamed{}), askName("seven")},
		{"any", asking[any](askNumber{}), uint32(7)},
		{"an interface that the reply type implements", asking[fmt.Stringer](askNamed{}), askName("seven")},
		{"a reply type that is an interface", asking[fmt.Stringer](askStringer{askName("eight")}), askName("eight")},
		{"a nil of a reply type that is an interface", asking[fmt.Stringer](askStringer{}), nil},
		{"the type behind an interface", asking[askName](askStringer{askName("eight")}), askName("eight")},
		{"the type behind any", asking[int](askWhat{8}), 8},
		{"an interface behind any", asking[fmt.Stringer](askWhat{askName("eight")}), askName("eight")},
		{"nil behind any", asking[any](askWhat{}), nil},
		{"the value of a Future behind any", asking[uint32](askWhat{askSettled[uint32](8, nil)}), uint32(8)},
		{"the value of a Future", asking[uint32](askLater{}), uint32(7)},
		{"any of a Future", asking[any](askLater{}), uint32(7)},
		{"the value of a Future of any", asking[string](askLaterAny{"eight"}), "eight"},
		{"nil of a Future of any", asking[any](askLaterAny{}), nil},
		{"an interface of a Future of any", asking[fmt.Stringer](askLaterAny{askName("eight")}), askName("eight")},
		{"an interface of a Future of it", asking[fmt.Stringer](askLaterStr{askName("eight")}), askName("eight")},
		{"a nil interface of a Future of it", asking[fmt.Stringer](askLaterStr{}), nil},
		{"struct{} of a handler without results", asking[struct{}](askSilent{}), struct{}{}},
		{"any of a handler without results", asking[any](askSilent{}), nil},
		{"struct{} of a handler with an error alone", asking[struct{}](askOnly{}), struct{}{}},
		{"any of a handler with an error alone", asking[any](askOnly{}), nil},
		{"struct{} of a handler that replies with it", asking[struct{}](askStruct{}), struct{}{}},
		{"a message that is an interface", asking[uint32, fmt.Stringer](askNumber{}), uint32(7)},
		{"a message that is any", asking[uint32, any](&askNumber{}), uint32(7)},
	}
	for kind, to := range askSenders(t, run(t, &askActor{})) {
		for _, tt := range tests {
			t.Run(tt.name+" by "+kind, func(t *testing.T) {
				t.Parallel()
				for _, ctx := range []context.Context{context.Background(), t.Context(), context.Background()} {
					got, err := tt.ask(ctx, to)
					require.NoError(t, err)
					require.Equal(t, tt.want, got)
				}
			})
		}
	}
}

// Ask: the Future itself can be asked for, by its type and by an interface that only it implements; nobody waits for it.
func TestAskForTheFuture(t *testing.T) {
	t.Parallel()
	for kind, to := range askSenders(t, run(t, &askActor{})) {
		t.Run("by "+kind, func(t *testing.T) {
			t.Parallel()
			_, unsettled := akt.NewPromise[uint32](context.Background())

			future, err := akt.Ask[*akt.Future[uint32]](t.Context(), to, askLater{})
			require.NoError(t, err)
			value, err := future.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, uint32(7), value)

			same, err := akt.Ask[*akt.Future[uint32]](t.Context(), to, askWhat{unsettled})
			require.NoError(t, err)
			require.Same(t, unsettled, same)

			waiter, err := akt.Ask[askWaiter](t.Context(), to, askLater{})
			require.NoError(t, err)
			require.IsType(t, unsettled, waiter)
		})
	}
}

// Ask: a mismatch that the table shows is NotHandled and comes before the handler runs; one that only the reply shows, and any
// by a stranger, is MaybeHandled.
func TestAskMismatch(t *testing.T) {
	t.Parallel()
	const before, after = akt.NotHandled, akt.MaybeHandled
	tests := []struct {
		name        string
		ask         func(context.Context, akt.Sender) (any, error)
		handled     akt.Handled
		method      string
		reply, want string
	}{
		{"another type", asking[uint64](askNumber{}), before, "HandleNumber", "uint32", "uint64"},
		{"an interface that the reply type does not implement", asking[fmt.Stringer](askNumber{}), before, "HandleNumber", "uint32", "fmt.Stringer"},
		{"struct{} of a handler with a reply", asking[struct{}](askNumber{}), before, "HandleNumber", "uint32", "struct {}"},
		{"a reply of a handler without results", asking[uint32](askSilent{}), before, "HandleSilent", "nothing", "uint32"},
		{"a reply of a handler with an error alone", asking[int](askOnly{}), before, "HandleOnly", "nothing", "int"},
		{"an error", asking[error](askNumber{}), before, "HandleNumber", "uint32", "error"},
		{"another type than the Future's", asking[int](askLater{}), before, "HandleLater", "*akt.Future[uint32]", "int"},
		{"a Future of another type", asking[*akt.Future[int]](askLater{}), before, "HandleLater", "*akt.Future[uint32]", "*akt.Future[int]"},
		{"another type than the one behind any", asking[int](askWhat{"eight"}), after, "HandleWhat", "string", "int"},
		{"a type, for nil behind any", asking[int](askWhat{}), after, "HandleWhat", "nothing", "int"},
		{"an interface that the one behind any does not implement", asking[fmt.Stringer](askWhat{8}), after, "HandleWhat", "int", "fmt.Stringer"},
		{"another type than the one in a Future of any", asking[int](askLaterAny{"eight"}), after, "HandleLaterAny", "string", "int"},
		{"a type, for nil in a Future of any", asking[int](askLaterAny{}), after, "HandleLaterAny", "nothing", "int"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			actor := &askActor{}
			addr := run(t, actor)
			for kind, to := range askSenders(t, addr) {
				actor.handled.Store(0)
				got, err := tt.ask(t.Context(), to)
				require.Zero(t, got)
				var failed *akt.SendError
				require.ErrorAs(t, err, &failed, kind)
				var mismatch *akt.ReplyTypeError
				require.ErrorAs(t, err, &mismatch, kind)
				require.Equal(t, tt.want, mismatch.Want)
				if kind == "a stranger" {
					require.Equal(t, akt.MaybeHandled, failed.Handled)
					require.Equal(t, int32(1), actor.handled.Load())
					continue
				}
				require.Equal(t, tt.handled, failed.Handled, kind)
				require.Equal(t, addr.Name(), failed.Actor)
				require.Equal(t, akt.ReplyTypeError{Handler: "tests_test.askActor." + tt.method, Reply: tt.reply, Want: tt.want}, *mismatch)
				require.EqualError(t, mismatch, "akt: tests_test.askActor."+tt.method+" replies with "+tt.reply+", not with "+tt.want)
				if tt.handled == before {
					require.Zero(t, actor.handled.Load(), kind)
					require.ErrorIs(t, err, akt.ErrFailedToDeliver)
				} else {
					require.Equal(t, int32(1), actor.handled.Load(), kind)
					require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
				}
			}
		})
	}
}

// E1: the error of a deferred reply comes back unchanged, also by Ask and SendUnpack.
func TestAskDeferredError(t *testing.T) {
	t.Parallel()
	addr := run(t, &askActor{})
	for _, want := range []error{errors.New("rejected"), io.EOF} {
		for kind, to := range askSenders(t, addr) {
			reply, err := akt.Ask[uint32](t.Context(), to, askLater{want})
			require.Zero(t, reply)
			require.Same(t, want, err, kind)
		}
		reply, err := addr.SendUnpack(t.Context(), askLater{want})
		require.Nil(t, reply)
		require.Same(t, want, err)
	}
}

// SendUnpack waits for a deferred reply and passes any other on, whatever kind of address it goes through.
func TestSendUnpack(t *testing.T) {
	t.Parallel()
	type unpacker interface {
		SendUnpack(ctx context.Context, msg any) (any, error)
	}
	for kind, to := range askSenders(t, run(t, &askActor{})) {
		if kind == "a stranger" {
			continue
		}
		for msg, want := range map[any]any{askLater{}: uint32(7), askNumber{}: uint32(7), askSilent{}: nil, askWhat{}: nil} {
			reply, err := to.(unpacker).SendUnpack(t.Context(), msg)
			require.NoError(t, err)
			require.Equal(t, want, reply, "%T by %s", msg, kind)
		}
		reply, err := to.Send(t.Context(), askLater{})
		require.NoError(t, err)
		require.IsType(t, &akt.Future[uint32]{}, reply, "Send does not wait")
	}
}

// askFixed is a Sender with an answer of its own.
type askFixed struct {
	reply any
	err   error
}

func (f askFixed) Send(context.Context, any) (any, error) { return f.reply, f.err }
func (f askFixed) Notify(context.Context, any) error      { return f.err }

// Ask: what a stranger fails with comes back unchanged, and a reply of the wrong type says whose it was.
func TestAskStranger(t *testing.T) {
	t.Parallel()
	own := errors.New("the stranger's own")
	reply, err := akt.Ask[int](t.Context(), askFixed{8, own}, "question")
	require.Zero(t, reply, "a reply or an error, never both")
	require.Same(t, own, err)

	_, err = akt.Ask[int](t.Context(), askFixed{"eight", nil}, "question")
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "tests_test.askFixed", failed.Actor)
	require.Equal(t, "string", failed.Message)
	require.Equal(t, akt.MaybeHandled, failed.Handled)
	require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
}
