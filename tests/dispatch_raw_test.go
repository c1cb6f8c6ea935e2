package tests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about messages that are named by their handler, with fields to be decoded.

type (
	RawDeposit  struct{ Amount uint8 }
	RawRename   struct{ Name string }
	RawTags     map[string]int
	RawNumber   int
	RawSecret   struct{ PIN uint8 }
	RawSecrets  struct{ Inner RawSecret }
	RawOtherMsg struct{}
)

// rawAccount's handlers are named otherwise than their messages, where that shows whose name
// counts.
type rawAccount struct {
	amount  uint8
	handled int
}

func (a *rawAccount) HandleDeposit(_ akt.Context, m RawDeposit) (uint8, error) {
	a.handled++
	a.amount += m.Amount
	return a.amount, nil
}

func (a *rawAccount) HandleMove(_ akt.Context, m *RawRename) string { a.handled++; return m.Name }
func (a *rawAccount) HandleTags(_ akt.Context, m RawTags) int       { a.handled++; return m["a"] }
func (a *rawAccount) HandleNumber(akt.Context, RawNumber)           { a.handled++ }
func (a *rawAccount) HandleUnlock(akt.Context, RawSecrets)          { a.handled++ }

func (a *rawAccount) HandleFail(akt.Context, RawSecret) error {
	a.handled++
	return failure{5}
}

func (a *rawAccount) HandleOther(ctx akt.Context, _ RawOtherMsg) *akt.PrivateAddress {
	return ctx.Private()
}

// Dynamic messages: a Raw is decoded into the message of the handler that it names, and handled as
// if that had been sent.
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
		private, err := akt.Ask[*akt.PrivateAddress](t.Context(), addr, RawOtherMsg{})
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

// E2: a Raw is named by what follows Handle, not by the message's type; an unknown name lists those
// there are, and suggests the near one.
func TestRawUnknownName(t *testing.T) {
	t.Parallel()
	const accepts = "; it accepts Deposit, Fail, Move, Number, Other, Tags, Unlock"
	tests := []struct{ name, rawName, text string }{
		{"a slip", "Deposti", `"Deposti"` + accepts + `; did you mean "Deposit"`},
		{"another case", "deposit", `"deposit"` + accepts + `; did you mean "Deposit"`},
		{"the method's name", "HandleTags", `"HandleTags"` + accepts + `; did you mean "Tags"`},
		{"the message's type", "RawRename", `"RawRename"` + accepts},
		{"no name", "", `""` + accepts},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			actor := &rawAccount{}
			addr := run(t, actor)
			raw := akt.Raw{Name: tt.rawName, Fields: map[string]any{"amount": "hunter2"}}
			_, err := addr.Send(t.Context(), raw)
			for _, err := range []error{
				err, addr.Notify(t.Context(), raw), addr.TryNotify(context.Background(), raw),
			} {
				var unhandled *akt.UnhandledError
				require.ErrorAs(t, err, &unhandled)
				require.EqualError(t, unhandled,
					"akt: *tests_test.rawAccount does not handle "+tt.text)
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

// Dynamic messages: a Raw that does not fit is an error on the caller's goroutine, which names the
// field's path and never the value.
func TestRawThatDoesNotFit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		raw  akt.Raw
		path string
	}{
		{"an unknown field", akt.Raw{Name: "Deposit", Fields: map[string]any{"sum": "hunter2"}},
			"sum"},
		{"another type", akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": "hunter2"}},
			"Amount"},
		{"a number that is too large",
			akt.Raw{Name: "Unlock", Fields: map[string]any{"inner": map[string]any{"pin": 7777}}},
			"Inner.PIN"},
		{"a fraction", akt.Raw{Name: "Unlock",
			Fields: map[string]any{"inner": map[string]any{"pin": 77.77}}}, "Inner.PIN"},
		{"a message that has no fields",
			akt.Raw{Name: "Number", Fields: map[string]any{"number": "hunter2"}}, ""},
		{"a message that has no fields, and none given", akt.Raw{Name: "Number"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			actor := &rawAccount{}
			addr := run(t, actor)
			_, sent := addr.Send(t.Context(), tt.raw)
			_, asked := akt.Ask[any](t.Context(), addr.Downgrade(), tt.raw)
			for _, err := range []error{
				sent, asked, addr.Notify(t.Context(), tt.raw),
				addr.TryNotify(context.Background(), tt.raw),
			} {
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
	rawHidden    struct{}
	rawSecret    struct{ Word string }
	RawNamed     interface{ isNever() }
)

func (rawPanics) HandleDeposit(akt.Context, RawDeposit) { panic("oh") }

func (rawItself) HandleRaw(_ akt.Context, m akt.Raw) string    { return "raw " + m.Name }
func (rawItself) HandleDeposit(akt.Context, RawDeposit) string { return "deposit" }

func (*rawAnything) HandleAnything(_ akt.Context, m any) string { return fmt.Sprintf("any %T", m) }

func (rawHidden) HandleSecret(akt.Context, rawSecret) string { return "secret" }
func (rawHidden) HandleAnything(_ akt.Context, m any) string { return fmt.Sprintf("any %T", m) }

func (rawInterface) HandleNamed(akt.Context, RawNamed) string { return "named" }

func (rawInterface) HandleDeposit(_ akt.Context, m RawDeposit) RawNumber {
	return RawNumber(m.Amount)
}

// Dynamic messages: an actor with a handler of Raw gets every Raw as it is; one that handles
// anything gets those of an unknown name.
func TestRawAsItIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		raw   any
		want  any
	}{
		{"a handler of Raw gets an unknown name", rawItself{}, akt.Raw{Name: "Unknown"},
			"raw Unknown"},
		{"a handler of Raw gets a known name", rawItself{}, akt.Raw{Name: "Deposit"},
			"raw Deposit"},
		{"a handler of Raw gets its own name", rawItself{}, akt.Raw{Name: "Raw"}, "raw Raw"},
		{"a handler of Raw gets one by pointer", rawItself{}, &akt.Raw{Name: "Deposit"},
			"raw Deposit"},
		{"a handler of anything gets an unknown name", &rawAnything{}, akt.Raw{Name: "Unknown"},
			"any akt.Raw"},
		{"a handler of anything gets its own name", &rawAnything{}, akt.Raw{Name: "Anything"},
			"any akt.Raw"},
		{"a handler of anything gets one for nobody else", &rawHidden{}, akt.Raw{Name: "Secret"},
			"any akt.Raw"},
		{"a handler of anything leaves a known name to its handler", &rawAnything{},
			akt.Raw{Name: "Deposit"}, uint8(0)},
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

// Dynamic messages: a handler of an interface that Raw does not implement gets none, and nothing
// can be built for it.
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

type (
	// decodeActor keeps the last transfer it was sent.
	decodeActor struct{ last DecodeTransfer }

	DecodeTransfer struct {
		Amount uint8         `json:"amount"`
		Within time.Duration `json:"within"`
		Lines  []decodeLine  `json:"lines"`
	}
	decodeLine struct {
		Cents int64 `json:"cents"`
	}
)

func (a *decodeActor) HandleTransfer(_ akt.Context, m DecodeTransfer) { a.last = m }

// A Raw goes to the handler that it names, with its fields by json tag and its numbers exact.
func TestDecodeBuildsMessage(t *testing.T) {
	t.Parallel()
	actor := &decodeActor{}
	addr := run(t, actor)
	_, err := addr.Send(t.Context(), akt.Raw{Name: "Transfer", Fields: map[string]any{
		"amount": 255.0, "within": "1.5s",
		"lines": []any{map[string]any{"cents": int64(9007199254740993)}},
	}})
	require.NoError(t, err)
	require.Equal(t, DecodeTransfer{
		Amount: 255, Within: 1500 * time.Millisecond,
		Lines: []decodeLine{{Cents: 9007199254740993}},
	}, actor.last)

	_, err = addr.Send(t.Context(), akt.Raw{Name: "Transfer"})
	require.NoError(t, err)
	require.Zero(t, actor.last, "without fields all stay zero")
}

// E3: a Raw that cannot be decoded is the sender's error at once, never handled, with all that a
// user needs of the fault.
func TestDecodeSingleFault(t *testing.T) {
	t.Parallel()
	actor := &decodeActor{}
	addr := run(t, actor)
	raw := akt.Raw{Name: "Transfer",
		Fields: map[string]any{"lines": []any{map[string]any{}, map[string]any{"cents": 1.5}}}}
	_, err := addr.Send(t.Context(), raw)

	var sendErr *akt.SendError
	require.ErrorAs(t, err, &sendErr)
	require.Equal(t, akt.NotHandled, sendErr.Handled)
	require.ErrorIs(t, err, akt.ErrFailedToDeliver)

	var fault *akt.DecodeError
	require.ErrorAs(t, err, &fault)
	require.Same(t, fault, sendErr.Err, "one fault is the cause itself")
	require.Equal(t, akt.DecodeError{
		Path: "lines[1].cents", Target: "int64", Found: "number with a fraction",
		Wanted: "a whole number from -9223372036854775808 to 9223372036854775807",
	}, *fault)
	require.EqualError(t, fault,
		"akt: lines[1].cents of type int64: found number with a fraction, "+
			"wanted a whole number from -9223372036854775808 to 9223372036854775807")
	require.Contains(t, err.Error(), ": lines[1].cents of type int64",
		"the prefix stands at the beginning only")
}

// All faults of a message are reported in one line, ordered by path, and each is a DecodeError of
// its own.
func TestDecodeSeveralFaults(t *testing.T) {
	t.Parallel()
	addr := run(t, &decodeActor{})
	raw := akt.Raw{Name: "Transfer",
		Fields: map[string]any{"within": 5, "amuont": 1, "amount": 256}}
	err := addr.Notify(t.Context(), raw)

	var first *akt.DecodeError
	require.ErrorAs(t, err, &first)
	require.Equal(t, "amount", first.Path)

	var sendErr *akt.SendError
	require.ErrorAs(t, err, &sendErr)
	require.EqualError(t, sendErr.Err,
		"akt: amount of type uint8: found number out of range, wanted a whole number "+
			"from 0 to 255; "+
			"amuont of type tests_test.DecodeTransfer: found unknown field, "+
			`wanted a field of tests_test.DecodeTransfer; did you mean "amount"?; `+
			"within of type time.Duration: found number, "+
			`wanted a string with a unit such as "1.5s" or a time.Duration, `+
			"because a bare number would be nanoseconds")

	var several interface{ Unwrap() []error }
	require.ErrorAs(t, sendErr.Err, &several)
	var paths []string
	for _, one := range several.Unwrap() {
		var fault *akt.DecodeError
		require.ErrorAs(t, one, &fault)
		paths = append(paths, fault.Path)
	}
	require.Equal(t, []string{"amount", "amuont", "within"}, paths)
}

// What may be a message of a Raw, and what may not.
type (
	RawBox[T any]     struct{ V T }
	RawPair[A, B any] struct {
		A A
		B B
	}
	rawBox[T any] struct{ V T }
)

// rawReach has a handler for each.
type rawReach[M any] struct{}

func (rawReach[M]) HandleIt(akt.Context, M) string { return "it" }

// rawReachOf sends a Raw without fields to an actor that handles an M.
func rawReachOf[M any](t *testing.T) error {
	t.Helper()
	_, err := run(t, rawReach[M]{}).Send(t.Context(), akt.Raw{Name: "It"})
	return err
}

// Dynamic messages: a Raw reaches handlers of messages that anybody could write down in Go, and is
// told of the others.
func TestRawReach(t *testing.T) {
	t.Parallel()
	for name, reached := range map[string]func(*testing.T) error{
		"exported":                   rawReachOf[RawDeposit],
		"a pointer":                  rawReachOf[*RawDeposit],
		"of another package":         rawReachOf[url.URL],
		"an instance":                rawReachOf[RawBox[RawDeposit]],
		"an instance of predeclared": rawReachOf[RawBox[map[string][]int]],
		"an instance of an instance": rawReachOf[RawPair[RawBox[*url.URL], struct {
			X int `json:"x.y"`
		}]],
		"an instance of a func":   rawReachOf[RawBox[[]func(int, ...string) RawDeposit]],
		"no name":                 rawReachOf[map[string]int],
		"no name, of exported":    rawReachOf[map[string]*RawDeposit],
		"no fields":               rawReachOf[struct{}],
		"a struct without a name": rawReachOf[struct{ A RawDeposit }],
		"a struct with a field of an unexported type": rawReachOf[RawBox[int]],
	} {
		require.NoError(t, reached(t), name)
	}
	for name, reached := range map[string]func(*testing.T) error{
		"unexported":                   rawReachOf[rawSecret],
		"a pointer":                    rawReachOf[*rawSecret],
		"an instance":                  rawReachOf[rawBox[int]],
		"an instance of unexported":    rawReachOf[RawBox[rawSecret]],
		"the second argument":          rawReachOf[RawPair[int, []*rawSecret]],
		"an argument's argument":       rawReachOf[RawBox[RawPair[int, rawBox[int]]]],
		"a map of unexported":          rawReachOf[map[string]rawSecret],
		"a struct of unexported":       rawReachOf[struct{ S []rawSecret }],
		"an unexported field":          rawReachOf[struct{ s int }],
		"a type of akt":                rawReachOf[akt.Terminated],
		"a pointer to a type of akt":   rawReachOf[*akt.Terminated],
		"a map of a type of akt":       rawReachOf[map[string]akt.Info],
		"a future":                     rawReachOf[*akt.Future[int]],
		"an unexported type of others": rawReachOf[struct{ E *rawBox[url.URL] }],
	} {
		err := reached(t)
		var unhandled *akt.UnhandledError
		require.ErrorAs(t, err, &unhandled, name)
		require.Empty(t, unhandled.Accepts)
		require.Regexp(t,
			"HandleIt takes no akt.Raw, because .* is (not exported|a type of akt itself)$",
			unhandled.Reason)
		requireRawError(t, err)
	}
	addr := run(t, rawMixed{})
	err := addr.Notify(t.Context(), akt.Raw{Name: "Secret"})
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, err, &unhandled)
	require.EqualError(t, unhandled,
		`akt: tests_test.rawMixed does not handle "Secret": HandleSecret takes no akt.Raw, `+
			"because tests_test.rawSecret is not exported; it accepts Deposit")
	_, err = addr.Send(t.Context(), akt.Raw{Name: "Secert"})
	require.NotContains(t, err.Error(), "did you mean", "it is as if it was not there")
	reply, err := addr.Send(t.Context(), rawSecret{"w"})
	require.NoError(t, err)
	require.Equal(t, "w", reply)
}

// rawMixed promotes a handler, and has one that is not for everybody.
type (
	rawMixed struct{ rawBase }
	rawBase  struct{}
)

func (rawBase) HandleDeposit(akt.Context, RawDeposit) {}

func (rawMixed) HandleSecret(_ akt.Context, m rawSecret) string { return m.Word }

// RawHandles has what only akt can make.
type RawHandles struct {
	Weak     *akt.WeakAddress
	Address  []*akt.Address
	Private  map[string]*akt.PrivateAddress
	Value    []akt.WeakAddress
	Context  akt.Context
	Future   *akt.Future[int]
	Promise  **akt.Promise[string]
	Timer    [1]*akt.Timer
	System   *akt.System
	Sender   akt.Sender
	To       akt.Recipient[RawDeposit, int]
	Ended    akt.Terminated
	Embedded struct{ *akt.WeakAddress }
	Nested   RawBox[RawBox[*akt.Timer]]
	Failed   *akt.SendError
	Again    akt.Raw
}

type rawKeeper struct{ last RawHandles }

func (k *rawKeeper) HandleHandles(_ akt.Context, m RawHandles) { k.last = m }

// Dynamic messages: no address, future, context or timer is made of fields, wherever it lies; one
// made in Go is taken as it is, and null is the nil pointer that it is when the field is left out.
func TestRawMakesNoHandles(t *testing.T) {
	t.Parallel()
	actor := &rawKeeper{}
	addr := run(t, actor)
	empty := map[string]any{}
	for path, fields := range map[string]map[string]any{
		"Weak": {"Weak": empty}, "Address[0]": {"Address": []any{empty}},
		`Private["a"]`: {"Private": map[string]any{"a": empty}},
		"Value[0]":     {"Value": []any{empty}}, "Context": {"Context": empty},
		"Future": {"Future": empty}, "Promise": {"Promise": empty},
		"Timer[0]": {"Timer": []any{empty}}, "System": {"System": empty},
		"Failed": {"Failed": map[string]any{"Actor": "a"}}, "Sender": {"Sender": empty},
		"To":                    {"To": empty},
		"Ended.Address":         {"Ended": map[string]any{"Address": empty}},
		"Nested.V.V":            {"Nested": map[string]any{"V": map[string]any{"V": empty}}},
		"Embedded":              {"Embedded": map[string]any{"WeakAddress": empty}},
		"Context, of its parts": {"Context": map[string]any{"Context": nil}},
	} {
		_, err := addr.Send(t.Context(), akt.Raw{Name: "Handles", Fields: fields})
		var refused *akt.DecodeError
		require.ErrorAs(t, err, &refused, path)
		require.Equal(t, strings.TrimSuffix(path, ", of its parts"), refused.Path)
		requireRawError(t, err)
	}
	weak := addr.Downgrade()
	_, err := addr.Send(t.Context(), akt.Raw{Name: "Handles", Fields: map[string]any{
		"weak": weak, "address": []any{addr, nil}, "sender": addr, "future": nil,
		"again": map[string]any{"name": "A", "fields": map[string]any{"n": 1}},
	}})
	require.NoError(t, err)
	require.Same(t, weak, actor.last.Weak)
	require.Equal(t, []*akt.Address{addr, nil}, actor.last.Address)
	require.Same(t, addr, actor.last.Sender)
	require.Equal(t, akt.Raw{Name: "A", Fields: map[string]any{"n": json.Number("1")}},
		actor.last.Again)
}

// Dynamic messages: what a handler sees is not changed by what becomes of the fields.
func TestRawSharesNothing(t *testing.T) {
	t.Parallel()
	type Anything struct {
		Any  any
		Tags []string
		Box  *RawBox[[]int]
	}
	kept := make(chan Anything, 1)
	addr := run(t, rawFunc[Anything](func(m Anything) { kept <- m }))
	tags, box := []string{"a"}, &RawBox[[]int]{[]int{1}}
	fields := map[string]any{"any": map[string]any{"a": []any{1}}, "tags": tags, "box": box}
	require.NoError(t, addr.Notify(t.Context(), akt.Raw{Name: "It", Fields: fields}))
	got := <-kept
	fields["any"].(map[string]any)["a"].([]any)[0] = 9
	tags[0], box.V[0] = "b", 9
	require.Equal(t,
		Anything{map[string]any{"a": []any{1}}, []string{"a"}, &RawBox[[]int]{[]int{1}}}, got)
}

// rawFunc calls itself with each message.
type rawFunc[M any] func(M)

func (f rawFunc[M]) HandleIt(_ akt.Context, m M) { f(m) }

// RawRole checks itself.
type RawRole string

func (r *RawRole) UnmarshalJSON(text []byte) error {
	switch {
	case bytes.Contains(text, []byte("exit")):
		runtime.Goexit()
	case bytes.Contains(text, []byte("panic")):
		panic(string(text))
	case string(text) != `"user"`:
		return errors.New(string(text))
	}
	*r = "user"
	return nil
}

// Dynamic messages: a type's own UnmarshalJSON decides; whatever it does, the sender gets an error
// that quotes nothing.
func TestRawAsksTheTypesOwnCode(t *testing.T) {
	t.Parallel()
	addr := run(t, rawReach[RawBox[RawRole]]{})
	_, err := addr.Send(t.Context(), akt.Raw{Name: "It", Fields: map[string]any{"v": "user"}})
	require.NoError(t, err)
	for _, role := range []string{"root hunter2", "exit hunter2", "panic hunter2"} {
		err := addr.Notify(t.Context(), akt.Raw{Name: "It", Fields: map[string]any{"v": role}})
		var refused *akt.DecodeError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "V", refused.Path)
		requireRawError(t, err)
	}
}

// A Raw is read from JSON strictly, and keeps the digits of its numbers.
func TestRawFromJSON(t *testing.T) {
	t.Parallel()
	var raw akt.Raw
	require.NoError(t,
		json.Unmarshal([]byte(`{"name": "It", "Fields": {"v": 9007199254740993, "w": [1.50]}}`),
			&raw))
	require.Equal(t,
		akt.Raw{Name: "It", Fields: map[string]any{"v": json.Number("9007199254740993"),
			"w": []any{json.Number("1.50")}}}, raw)
	text, err := json.Marshal(raw)
	require.NoError(t, err)
	var again akt.Raw
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, raw, again)
	require.NoError(t, json.Unmarshal([]byte(`null`), &again))
	require.Equal(t, raw, again)
	require.NoError(t, json.Unmarshal([]byte(`{"NAME": "It", "fields": null}`), &again))
	require.Equal(t, akt.Raw{Name: "It"}, again)

	for text, path := range map[string]string{
		`{"name": "It", "field": {}}`: "field", `{"name": 5}`: "Name",
		`{"name": "A", "NAME": "B"}`: "Name",
		`{"fields": ["hunter2"]}`:    "Fields", `{"fields": "hunter2"}`: "Fields",
		`["hunter2"]`: "", `"hunter2"`: "",
	} {
		raw := akt.Raw{Name: "before"}
		err := json.Unmarshal([]byte(text), &raw)
		var refused *akt.DecodeError
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, path, refused.Path)
		require.NotContains(t, err.Error(), "hunter2")
		require.Equal(t, akt.Raw{Name: "before"}, raw)
	}
	require.Error(t, raw.UnmarshalJSON([]byte(`{"name"`)))
}

// E2: a name that nobody has is shown in quotes, and no more of it than 64 characters.
func TestRawShowsLittleOfItsName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		strings.Repeat("n", 99), strings.Repeat("\x00", 99), strings.Repeat("é\xff", 99),
	} {
		_, err := run(t, rawMixed{}).Send(t.Context(), akt.Raw{Name: name})
		var unhandled *akt.UnhandledError
		require.ErrorAs(t, err, &unhandled)
		require.LessOrEqual(t, len([]rune(strings.Trim(unhandled.Message, `"…`))), 64)
	}
}

// Dynamic messages: what is nested too deep is refused, also for a type that reads itself, where
// encoding/json would go down until the stack ends.
func TestRawNestedTooDeep(t *testing.T) {
	t.Parallel()
	addr := run(t, &rawDeep{})
	var deep any = 1
	for range 20_000 {
		deep = []any{deep}
	}
	for _, field := range []string{"Any", "JSON"} {
		_, err := addr.Send(t.Context(), akt.Raw{Name: "Deep", Fields: map[string]any{field: deep}})
		require.ErrorContains(t, err, "a value nested too deep, wanted at most 10000 levels", field)
		require.NotContains(t, err.Error(), "of type nil")
	}
	_, err := addr.Send(t.Context(), (*akt.Raw)(nil))
	require.ErrorContains(t, err, "the pointer is nil")
	var raw akt.Raw
	require.ErrorContains(t, json.Unmarshal([]byte(`{"name": "Deep", "x": 1}`), &raw),
		"wanted a field of akt.Raw")
}

type rawDeep struct{}

func (*rawDeep) HandleDeep(akt.Context, RawDeep) {}

type RawDeep struct {
	Any  any
	JSON json.RawMessage
}

type rawByPointer struct{}

func (rawByPointer) HandleRaw(_ akt.Context, m *akt.Raw) string   { return "raw " + m.Name }
func (rawByPointer) HandleDeposit(akt.Context, RawDeposit) string { return "deposit" }

// H5: a Raw goes to a handler of *Raw, as a value does to a handler of its pointer.
func TestRawForAHandlerOfItsPointer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Unknown", "Raw", "Deposit"} {
		reply, err := run(t, rawByPointer{}).Send(t.Context(), akt.Raw{Name: name})
		require.NoError(t, err)
		require.Equal(t, "raw "+name, reply)
	}
}
