package akt_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	rawDeposit  struct{ Amount uint8 }
	rawRename   struct{ Name string }
	rawTags     map[string]int
	rawNumber   int
	rawSecret   struct{ PIN uint8 }
	rawSecrets  struct{ Inner rawSecret }
	rawOtherMsg struct{}
)

// rawAccount's handlers are named otherwise than their messages, where that shows whose name counts.
type rawAccount struct {
	amount  uint8
	handled int
}

func (a *rawAccount) HandleDeposit(_ akt.Context, m rawDeposit) (uint8, error) {
	a.handled++
	a.amount += m.Amount
	return a.amount, nil
}

func (a *rawAccount) HandleMove(_ akt.Context, m *rawRename) string { a.handled++; return m.Name }
func (a *rawAccount) HandleTags(_ akt.Context, m rawTags) int       { a.handled++; return m["a"] }
func (a *rawAccount) HandleNumber(akt.Context, rawNumber)           { a.handled++ }
func (a *rawAccount) HandleUnlock(akt.Context, rawSecrets)          { a.handled++ }
func (a *rawAccount) HandleFail(akt.Context, rawSecret) error {
	a.handled++
	return failure{5}
}

func (a *rawAccount) HandleOther(ctx akt.Context, _ rawOtherMsg) *akt.PrivateAddress {
	return ctx.Private()
}

// Dynamic messages: a Raw is decoded into the message of the handler that it names, and handled as if that had been sent.
func TestRaw(t *testing.T) {
	t.Parallel()
	amount := akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": 20}}
	tests := []struct {
		name string
		raw  any
		want any
	}{
		{"fields", amount, uint8(20)},
		{"no fields", akt.Raw{Name: "Deposit"}, uint8(0)},
		{"a message by pointer", akt.Raw{Name: "Move", Fields: map[string]any{"Name": "a"}}, "a"},
		{"a map", akt.Raw{Name: "Tags", Fields: map[string]any{"a": 3.0}}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, ctx := range []context.Context{context.Background(), t.Context()} {
				reply, err := run(t, &rawAccount{}).Send(ctx, tt.raw)
				require.NoError(t, err)
				require.Equal(t, tt.want, reply)
			}
		})
	}

	t.Run("by every way", func(t *testing.T) {
		t.Parallel()
		addr := run(t, &rawAccount{})
		private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, rawOtherMsg{})
		require.NoError(t, err)
		require.NoError(t, addr.Notify(t.Context(), amount))
		require.NoError(t, addr.TryNotify(context.Background(), amount))
		require.NoError(t, private.Notify(t.Context(), amount))
		asked, err := akt.Ask[uint8](t.Context(), addr, amount)
		require.NoError(t, err)
		require.Equal(t, uint8(80), asked)
		asked, err = akt.Ask[uint8](t.Context(), private, amount)
		require.NoError(t, err)
		require.Equal(t, uint8(100), asked)
		reply, err := private.Send(t.Context(), amount)
		require.NoError(t, err)
		require.Equal(t, uint8(120), reply)
		_, err = akt.Ask[string](t.Context(), addr, amount)
		var mismatch *akt.ReplyTypeError
		require.ErrorAs(t, err, &mismatch)
	})
}

// E2: a Raw is named by what follows Handle, not by the message's type; an unknown name lists those there are, and suggests
// the near one.
func TestRawUnknownName(t *testing.T) {
	t.Parallel()
	const accepts = "; it accepts Deposit, Fail, Move, Number, Other, Tags, Unlock"
	tests := []struct{ name, rawName, text string }{
		{"a slip", "Deposti", `"Deposti"` + accepts + `; did you mean "Deposit"`},
		{"another case", "deposit", `"deposit"` + accepts + `; did you mean "Deposit"`},
		{"the method's name", "HandleTags", `"HandleTags"` + accepts + `; did you mean "Tags"`},
		{"the message's type", "rawRename", `"rawRename"` + accepts},
		{"no name", "", `""` + accepts},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			actor := &rawAccount{}
			addr := run(t, actor)
			raw := akt.Raw{Name: tt.rawName, Fields: map[string]any{"amount": "hunter2"}}
			_, err := addr.Send(t.Context(), raw)
			for _, err := range []error{err, addr.Notify(t.Context(), raw), addr.TryNotify(context.Background(), raw)} {
				var unhandled *akt.UnhandledError
				require.ErrorAs(t, err, &unhandled)
				require.EqualError(t, unhandled, "akt: *akt_test.rawAccount does not handle "+tt.text)
				requireRawError(t, err)
			}
			require.Zero(t, actor.handled)
		})
	}
}

// requireRawError checks what all errors of a Raw that does not reach its handler have in common.
func requireRawError(t *testing.T, err error) {
	t.Helper()
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "akt.Raw", failed.Message)
	require.Equal(t, akt.NotHandled, failed.Handled)
	require.ErrorIs(t, err, akt.ErrFailedToDeliver)
	require.NotContains(t, err.Error(), "hunter2")
}

// Dynamic messages: a Raw that does not fit is an error on the caller's goroutine, which names the field's path and never the
// value.
func TestRawThatDoesNotFit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		raw  akt.Raw
		path string
	}{
		{"an unknown field", akt.Raw{Name: "Deposit", Fields: map[string]any{"sum": "hunter2"}}, "sum"},
		{"another type", akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": "hunter2"}}, "Amount"},
		{"a number that is too large", akt.Raw{Name: "Unlock", Fields: map[string]any{"inner": map[string]any{"pin": 7777}}}, "Inner.PIN"},
		{"a fraction", akt.Raw{Name: "Unlock", Fields: map[string]any{"inner": map[string]any{"pin": 77.77}}}, "Inner.PIN"},
		{"a message that has no fields", akt.Raw{Name: "Number", Fields: map[string]any{"number": "hunter2"}}, ""},
		{"a message that has no fields, and none given", akt.Raw{Name: "Number"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			actor := &rawAccount{}
			addr := run(t, actor)
			_, sent := addr.Send(t.Context(), tt.raw)
			_, asked := akt.Ask[any](t.Context(), addr.Downgrade(), tt.raw)
			for _, err := range []error{sent, asked, addr.Notify(t.Context(), tt.raw), addr.TryNotify(context.Background(), tt.raw)} {
				var refused *akt.DecodeError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, tt.path, refused.Path)
				require.NotContains(t, err.Error(), "77")
				requireRawError(t, err)
			}
			require.Zero(t, actor.handled)
		})
	}
}

// E1, E2: the handler of a Raw fails as any other; a SendError names the message as it was sent.
func TestRawWhoseHandlerFails(t *testing.T) {
	t.Parallel()
	_, err := run(t, &rawAccount{}).Send(t.Context(), akt.Raw{Name: "Fail"})
	require.Equal(t, failure{5}, err)

	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		_, err = run(t, rawPanics{}).Send(ctx, akt.Raw{Name: "Deposit"})
		var failed *akt.SendError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "akt.Raw", failed.Message)
		require.Equal(t, akt.MaybeHandled, failed.Handled)
	}
}

// Each takes Raw, or something else, in its own way.
type (
	rawPanics    struct{}
	rawItself    struct{}
	rawAnything  struct{ rawAccount }
	rawInterface struct{}
	rawNamed     interface{ isNever() }
)

func (rawPanics) HandleDeposit(akt.Context, rawDeposit)                  { panic("oh") }
func (rawItself) HandleRaw(_ akt.Context, m akt.Raw) string              { return "raw " + m.Name }
func (rawItself) HandleDeposit(akt.Context, rawDeposit) string           { return "deposit" }
func (*rawAnything) HandleAnything(_ akt.Context, m any) string          { return fmt.Sprintf("any %T", m) }
func (rawInterface) HandleNamed(akt.Context, rawNamed) string            { return "named" }
func (rawInterface) HandleDeposit(_ akt.Context, m rawDeposit) rawNumber { return rawNumber(m.Amount) }

// Dynamic messages: an actor with a handler of Raw gets every Raw as it is; one that handles anything gets those of an unknown
// name.
func TestRawAsItIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		raw   any
		want  any
	}{
		{"a handler of Raw gets an unknown name", rawItself{}, akt.Raw{Name: "Unknown"}, "raw Unknown"},
		{"a handler of Raw gets a known name", rawItself{}, akt.Raw{Name: "Deposit"}, "raw Deposit"},
		{"a handler of Raw gets its own name", rawItself{}, akt.Raw{Name: "Raw"}, "raw Raw"},
		{"a handler of Raw gets one by pointer", rawItself{}, &akt.Raw{Name: "Deposit"}, "raw Deposit"},
		{"a handler of anything gets an unknown name", &rawAnything{}, akt.Raw{Name: "Unknown"}, "any akt.Raw"},
		{"a handler of anything leaves a known name to its handler", &rawAnything{}, akt.Raw{Name: "Deposit"}, uint8(0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, tt.actor)
			for range 2 {
				reply, err := addr.Send(t.Context(), tt.raw)
				require.NoError(t, err)
				require.Equal(t, tt.want, reply)
			}
		})
	}
}

// Dynamic messages: a handler of an interface that Raw does not implement gets none, and cannot be named.
func TestRawForAnInterface(t *testing.T) {
	t.Parallel()
	addr := run(t, rawInterface{})
	_, err := addr.Send(t.Context(), akt.Raw{Name: "Unknown"})
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, err, &unhandled)
	requireRawError(t, err)

	_, err = addr.Send(t.Context(), akt.Raw{Name: "Named"})
	var refused *akt.DecodeError
	require.ErrorAs(t, err, &refused)
	requireRawError(t, err)
}
