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

// These tests are about Ask, SendUnpack and Recipient: replies that have a type.

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
func (s askStranger) Notify(ctx context.Context, msg any) error {
	return s.to.Notify(ctx, msg)
}

// askSenders are all kinds of Senders to one actor.
func askSenders(t *testing.T, addr *akt.Address) map[string]akt.Sender {
	t.Helper()
	private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, askAddress{})
	require.NoError(t, err)
	return map[string]akt.Sender{
		"an Address": addr, "a WeakAddress": addr.Downgrade(), "a PrivateAddress": private,
		"a stranger": askStranger{addr},
	}
}

// asking asks for an R.
func asking[R, M any](msg M) func(context.Context, akt.Sender) (any, error) {
	return func(ctx context.Context, to akt.Sender) (any, error) { return akt.Ask[R](ctx, to, msg) }
}

// Ask: R may be the handler's reply type, an interface that it implements, T of its *Future[T] or
// that Future itself, and struct{} or any where there is no reply, whatever kind of Sender it goes
// through.
func TestAsk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ask  func(context.Context, akt.Sender) (any, error)
		want any
	}{
		{"the reply type", asking[uint32](askNumber{}), uint32(7)},
		{"the reply type of a handler without error", asking[askName](askNamed{}),
			askName("seven")},
		{"any", asking[any](askNumber{}), uint32(7)},
		{"an interface that the reply type implements", asking[fmt.Stringer](askNamed{}),
			askName("seven")},
		{"a reply type that is an interface", asking[fmt.Stringer](askStringer{askName("eight")}),
			askName("eight")},
		{"a nil of a reply type that is an interface", asking[fmt.Stringer](askStringer{}), nil},
		{"the type behind an interface", asking[askName](askStringer{askName("eight")}),
			askName("eight")},
		{"the type behind any", asking[int](askWhat{8}), 8},
		{"an interface behind any", asking[fmt.Stringer](askWhat{askName("eight")}),
			askName("eight")},
		{"nil behind any", asking[any](askWhat{}), nil},
		{"the value of a Future behind any", asking[uint32](askWhat{askSettled[uint32](8, nil)}),
			uint32(8)},
		{"the value of a Future", asking[uint32](askLater{}), uint32(7)},
		{"any of a Future", asking[any](askLater{}), uint32(7)},
		{"the value of a Future of any", asking[string](askLaterAny{"eight"}), "eight"},
		{"nil of a Future of any", asking[any](askLaterAny{}), nil},
		{"an interface of a Future of any", asking[fmt.Stringer](askLaterAny{askName("eight")}),
			askName("eight")},
		{"an interface of a Future of it", asking[fmt.Stringer](askLaterStr{askName("eight")}),
			askName("eight")},
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
				for _, ctx := range []context.Context{
					context.Background(), t.Context(), context.Background(),
				} {
					got, err := tt.ask(ctx, to)
					require.NoError(t, err)
					require.Equal(t, tt.want, got)
				}
			})
		}
	}
}

// Ask: the Future itself can be asked for, by its type and by an interface that only it implements;
// nobody waits for it.
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

// Ask: a mismatch that the table shows is NotHandled and comes before the handler runs; one that
// only the reply shows, and any by a stranger, is MaybeHandled.
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
		{"an interface that the reply type does not implement", asking[fmt.Stringer](askNumber{}),
			before, "HandleNumber", "uint32", "fmt.Stringer"},
		{"struct{} of a handler with a reply", asking[struct{}](askNumber{}), before,
			"HandleNumber", "uint32", "struct {}"},
		{"a reply of a handler without results", asking[uint32](askSilent{}), before,
			"HandleSilent", "nothing", "uint32"},
		{"a reply of a handler with an error alone", asking[int](askOnly{}), before, "HandleOnly",
			"nothing", "int"},
		{"an error", asking[error](askNumber{}), before, "HandleNumber", "uint32", "error"},
		{"another type than the Future's", asking[int](askLater{}), before, "HandleLater",
			"*akt.Future[uint32]", "int"},
		{"a Future of another type", asking[*akt.Future[int]](askLater{}), before, "HandleLater",
			"*akt.Future[uint32]", "*akt.Future[int]"},
		{"another type than the one behind any", asking[int](askWhat{"eight"}), after, "HandleWhat",
			"string", "int"},
		{"a type, for nil behind any", asking[int](askWhat{}), after, "HandleWhat", "nothing",
			"int"},
		{"an interface that the one behind any does not implement",
			asking[fmt.Stringer](askWhat{8}), after, "HandleWhat", "int", "fmt.Stringer"},
		{"another type than the one in a Future of any", asking[int](askLaterAny{"eight"}), after,
			"HandleLaterAny", "string", "int"},
		{"a type, for nil in a Future of any", asking[int](askLaterAny{}), after, "HandleLaterAny",
			"nothing", "int"},
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
				require.Equal(t, akt.ReplyTypeError{Handler: "tests_test.askActor." + tt.method,
					Reply: tt.reply, Want: tt.want}, *mismatch)
				require.EqualError(t, mismatch, "akt: tests_test.askActor."+
					tt.method+" replies with "+tt.reply+", not with "+tt.want)
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

// SendUnpack waits for a deferred reply and passes any other on, whatever kind of address it goes
// through.
func TestSendUnpack(t *testing.T) {
	t.Parallel()
	type unpacker interface {
		SendUnpack(ctx context.Context, msg any) (any, error)
	}
	for kind, to := range askSenders(t, run(t, &askActor{})) {
		if kind == "a stranger" {
			continue
		}
		for msg, want := range map[any]any{
			askLater{}: uint32(7), askNumber{}: uint32(7), askSilent{}: nil, askWhat{}: nil,
		} {
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

// Ask: what a stranger fails with comes back unchanged, and a reply of the wrong type says whose it
// was.
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

type askNoFuture struct{}

func (askNoFuture) HandleMsg(akt.Context, plainMsg) (*akt.Future[uint32], error) { return nil, nil }

// Ask and SendUnpack: a nil Future has no value, which is an error, and not a reply of zero.
func TestNilFuture(t *testing.T) {
	t.Parallel()
	addr := run(t, askNoFuture{})
	asked, err := akt.Ask[uint32](t.Context(), addr, plainMsg{})
	require.Zero(t, asked)
	requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
	reply, err := addr.SendUnpack(t.Context(), plainMsg{})
	require.Nil(t, reply)
	requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
	require.ErrorContains(t, err, "nil Future")
}

// Ask: a stranger's nil Future is an error, and not a panic.
func TestNilFutureOfStranger(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		_, err := akt.Ask[uint32](t.Context(), askFixed{(*akt.Future[uint32])(nil), nil},
			plainMsg{})
		require.Error(t, err)
	})
}

// E2: the end of ctx while a stranger's deferred reply is waited for is a SendError, as it is for
// an akt address.
func TestStrangersDeferredReply(t *testing.T) {
	t.Parallel()
	_, future := akt.NewPromise[uint32](context.Background())
	ctx := ended(t)
	_, err := akt.Ask[uint32](ctx, askFixed{future, nil}, plainMsg{})
	require.ErrorIs(t, err, context.Canceled)
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, akt.MaybeHandled, failed.Handled)
	require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
}

// Ask: that a type does not implement the interface which the handler replies with is a mismatch
// that the table can see.
func TestMismatchWithInterfaceReply(t *testing.T) {
	t.Parallel()
	actor := &askActor{}
	_, err := akt.Ask[int](t.Context(), run(t, actor), askStringer{askName("eight")})
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, akt.NotHandled, failed.Handled)
	require.Zero(t, actor.handled.Load())
}

// Ask: any means the value of a Future that a handler of any replies with, the first time and every
// time after it.
func TestAnyOfAFutureBehindAny(t *testing.T) {
	t.Parallel()
	addr := run(t, &askActor{})
	for range 2 {
		got, err := akt.Ask[any](context.Background(), addr, askWhat{askSettled[uint32](8, nil)})
		require.NoError(t, err)
		require.Equal(t, uint32(8), got)
	}
}

// senderCounting, senderWeakly and senderPrivately are addresses with a Send of their own.
type (
	senderCounting struct {
		*akt.Address
		n *int
	}
	senderWeakly struct {
		*akt.WeakAddress
		n *int
	}
	senderPrivately struct {
		*akt.PrivateAddress
		n *int
	}
)

func (c senderCounting) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.Address.Send(ctx, msg)
}

func (c senderWeakly) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.WeakAddress.Send(ctx, msg)
}

func (c senderPrivately) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.PrivateAddress.Send(ctx, msg)
}

// Ask through a Sender that has an address embedded calls that Sender's own Send, and treats the
// reply as ever.
func TestAskCallsTheSendersOwnSend(t *testing.T) {
	t.Parallel()
	addr := run(t, &exact{})
	own := errors.New("own")
	n := 0
	for i, to := range []akt.Sender{
		senderCounting{addr, &n}, &senderCounting{addr, &n}, senderWeakly{addr.Downgrade(), &n},
		senderPrivately{contextOf(t, addr).Private(), &n},
	} {
		n = 0
		_, err := akt.Ask[int](t.Context(), to, exactFail{})
		require.NoError(t, err)
		_, err = akt.Ask[int](context.Background(), to, exactFail{own})
		//nolint:errorlint,testifylint // the identity is the promise
		require.True(t, err == own, "%v", err)
		_, err = akt.Ask[int](t.Context(), to, exactLater{})
		require.NoError(t, err)
		_, err = akt.Ask[string](t.Context(), to, exactFail{})
		var mismatch *akt.ReplyTypeError
		require.ErrorAs(t, err, &mismatch)
		require.Equal(t, 4, n, i)
	}
}

// A reply that has a *Future embedded is a reply like any other: it is passed on, and nobody waits
// for what is in it.
func TestReplyWithAFutureInIt(t *testing.T) {
	t.Parallel()
	addr := run(t, &exact{})
	for start, ctx := range starts(t) {
		reply, err := addr.SendUnpack(ctx, exactReply{})
		require.NoError(t, err, start)
		require.Equal(t, &exactFuture{}, reply, start)
		asked, err := akt.Ask[*exactFuture](ctx, addr, exactReply{})
		require.NoError(t, err, start)
		require.Equal(t, &exactFuture{}, asked, start)
		_, err = akt.Ask[int](ctx, addr, exactReply{})
		var mismatch *akt.ReplyTypeError
		require.ErrorAs(t, err, &mismatch, start)
		requireSendError(t, err, akt.NotHandled)
	}
}

// recipientOf makes a Recipient and sends a message by it.
func recipientOf[R, M any](msg M) func(context.Context, *akt.Address) (any, error) {
	return func(ctx context.Context, a *akt.Address) (any, error) {
		recipient, err := akt.RecipientOf[M, R](a)
		if err != nil {
			return nil, fmt.Errorf("not made: %w", err)
		}
		return recipient.Send(ctx, msg)
	}
}

// Recipient: it sends and gets what Ask would, of every kind of message and reply.
func TestRecipient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		send func(context.Context, *akt.Address) (any, error)
		want any
	}{
		{"the reply type", recipientOf[uint32](askNumber{}), uint32(7)},
		{"a pointer for a handler of values", recipientOf[uint32](&askNumber{}), uint32(7)},
		{"an interface that the reply type implements", recipientOf[fmt.Stringer](askNamed{}),
			askName("seven")},
		{"any", recipientOf[any](askNumber{}), uint32(7)},
		{"the value of a Future", recipientOf[uint32](askLater{}), uint32(7)},
		{"no reply, as struct{}", recipientOf[struct{}](askSilent{}), struct{}{}},
		{"no reply, as any", recipientOf[any](askOnly{}), nil},
		{"the type behind any", recipientOf[int](askWhat{8}), 8},
		{"messages of an interface that no handler takes",
			recipientOf[uint32, fmt.Stringer](askNumber{}), uint32(7)},
		{"messages that are any", recipientOf[uint32, any](askNumber{}), uint32(7)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, &askActor{})
			for _, ctx := range []context.Context{context.Background(), t.Context()} {
				got, err := tt.send(ctx, addr)
				require.NoError(t, err)
				require.Equal(t, tt.want, got)
			}
		})
	}
}

// Recipient: its types are checked when it is made, and the error is the one that Ask would return;
// nothing is sent.
func TestRecipientIsChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		send  func(context.Context, *akt.Address) (any, error)
		ask   func(context.Context, akt.Sender) (any, error)
	}{
		{"another reply type", &askActor{}, recipientOf[int](askNumber{}),
			asking[int](askNumber{})},
		{"another reply type, by pointer", &askActor{}, recipientOf[int](&askNumber{}),
			asking[int](&askNumber{})},
		{"a reply of a handler without one", &askActor{}, recipientOf[int](askSilent{}),
			asking[int](askSilent{})},
		{"another type than the Future's", &askActor{}, recipientOf[int](askLater{}),
			asking[int](askLater{})},
		{"a message that is not handled", &askActor{}, recipientOf[any]("text"),
			asking[any]("text")},
		{"a message that two interfaces fit", byTwo{}, recipientOf[string](&dispatchCount{}),
			asking[string](&dispatchCount{})},
		{"another reply type of the handler of an interface", byStringer{},
			recipientOf[int](dispatchNamed{}), asking[int](dispatchNamed{})},
		{"another reply type of the handler of everything", byAny{},
			recipientOf[int](dispatchNamed{}), asking[int](dispatchNamed{})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, tt.actor)
			_, err := tt.send(t.Context(), addr)
			_, asked := tt.ask(t.Context(), addr)
			require.Error(t, asked)
			require.EqualError(t, err, "not made: "+asked.Error())
			var failed *akt.SendError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, akt.NotHandled, failed.Handled)
			require.ErrorIs(t, err, akt.ErrFailedToDeliver)
			if actor, ok := tt.actor.(*askActor); ok {
				require.Zero(t, actor.handled.Load())
			}
		})
	}
}

// Recipient: where M is an interface that a handler takes, that handler's reply type is checked
// when it is made.
func TestRecipientOfHandledInterface(t *testing.T) {
	t.Parallel()
	addr := run(t, byStringer{})
	_, err := akt.RecipientOf[fmt.Stringer, int](addr)
	var mismatch *akt.ReplyTypeError
	require.ErrorAs(t, err, &mismatch)

	recipient, err := akt.RecipientOf[fmt.Stringer, string](addr)
	require.NoError(t, err)
	reply, err := recipient.Send(t.Context(), dispatchNamed{})
	require.NoError(t, err)
	require.Equal(t, "Stringer tests_test.dispatchNamed", reply)
	_, err = recipient.Send(t.Context(), nil)
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, err, &unhandled)
}

// Recipient: where M is an interface that no handler takes, each message's own type decides, when
// it is sent.
func TestRecipientOfOtherInterface(t *testing.T) {
	t.Parallel()
	recipient, err := akt.RecipientOf[fmt.Stringer, uint32](run(t, &askActor{}))
	require.NoError(t, err)
	_, err = recipient.Send(t.Context(), dispatchNamed{})
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, err, &unhandled)
	require.ErrorAs(t, recipient.Notify(t.Context(), dispatchNamed{}), &unhandled)
}

// Recipient: Notify needs no reply, and reports only what keeps the message from being accepted.
func TestRecipientNotify(t *testing.T) {
	t.Parallel()
	addr := run(t, newGate())
	recipient, err := akt.RecipientOf[Note, int](addr)
	require.NoError(t, err)
	require.NoError(t, recipient.Notify(t.Context(), Note{1}))
	notes, err := akt.Ask[[]int](t.Context(), addr, Notes{})
	require.NoError(t, err)
	require.Equal(t, []int{1}, notes)
}

// Recipient: it is released with the address it was made of, and the zero value behaves as that of
// a stopped actor.
func TestRecipientOfNobody(t *testing.T) {
	t.Parallel()
	addr := run(t, &askActor{})
	clone := addr.Clone()
	t.Cleanup(clone.Release)
	released, err := akt.RecipientOf[askNumber, uint32](addr)
	require.NoError(t, err)
	addr.Release()
	for _, recipient := range []akt.Recipient[askNumber, uint32]{released, {}} {
		reply, err := recipient.Send(t.Context(), askNumber{})
		require.Zero(t, reply)
		require.ErrorIs(t, err, akt.ErrStopped)
		require.ErrorIs(t, recipient.Notify(t.Context(), askNumber{}), akt.ErrStopped)
	}
	other, err := akt.RecipientOf[askNumber, uint32](clone)
	require.NoError(t, err)
	reply, err := other.Send(t.Context(), askNumber{})
	require.NoError(t, err)
	require.Equal(t, uint32(7), reply)
}

// Recipient: one of Raw can be made where Ask can send a Raw; its name decides.
func TestRecipientOfRaw(t *testing.T) {
	t.Parallel()
	addr := run(t, &rawAccount{})
	raw := akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": 20}}
	_, err := akt.Ask[uint8](t.Context(), addr, raw)
	require.NoError(t, err)
	recipient, err := akt.RecipientOf[akt.Raw, uint8](addr)
	require.NoError(t, err)
	reply, err := recipient.Send(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, uint8(40), reply)
}
