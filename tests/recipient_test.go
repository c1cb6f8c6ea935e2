package tests_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

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
		{"an interface that the reply type implements", recipientOf[fmt.Stringer](askNamed{}), askName("seven")},
		{"any", recipientOf[any](askNumber{}), uint32(7)},
		{"the value of a Future", recipientOf[uint32](askLater{}), uint32(7)},
		{"no reply, as struct{}", recipientOf[struct{}](askSilent{}), struct{}{}},
		{"no reply, as any", recipientOf[any](askOnly{}), nil},
		{"the type behind any", recipientOf[int](askWhat{8}), 8},
		{"messages of an interface that no handler takes", recipientOf[uint32, fmt.Stringer](askNumber{}), uint32(7)},
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

// Recipient: its types are checked when it is made, and the error is the one that Ask would return; nothing is sent.
func TestRecipientIsChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		send  func(context.Context, *akt.Address) (any, error)
		ask   func(context.Context, akt.Sender) (any, error)
	}{
		{"another reply type", &askActor{}, recipientOf[int](askNumber{}), asking[int](askNumber{})},
		{"another reply type, by pointer", &askActor{}, recipientOf[int](&askNumber{}), asking[int](&askNumber{})},
		{"a reply of a handler without one", &askActor{}, recipientOf[int](askSilent{}), asking[int](askSilent{})},
		{"another type than the Future's", &askActor{}, recipientOf[int](askLater{}), asking[int](askLater{})},
		{"a message that is not handled", &askActor{}, recipientOf[any]("text"), asking[any]("text")},
		{"a message that two interfaces fit", byTwo{}, recipientOf[string](&dispatchCount{}), asking[string](&dispatchCount{})},
		{"another reply type of the handler of an interface", byStringer{}, recipientOf[int](dispatchNamed{}), asking[int](dispatchNamed{})},
		{"another reply type of the handler of everything", byAny{}, recipientOf[int](dispatchNamed{}), asking[int](dispatchNamed{})},
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

// Recipient: where M is an interface that a handler takes, that handler's reply type is checked when it is made.
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

// Recipient: where M is an interface that no handler takes, each message's own type decides, when it is sent.
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

// Recipient: it is released with the address it was made of, and the zero value behaves as that of a stopped actor.
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
