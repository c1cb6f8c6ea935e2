package akt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	// decodeActor keeps the last transfer it was sent.
	decodeActor struct{ last decodeTransfer }

	decodeTransfer struct {
		Amount uint8         `json:"amount"`
		Within time.Duration `json:"within"`
		Lines  []decodeLine  `json:"lines"`
	}
	decodeLine struct {
		Cents int64 `json:"cents"`
	}
)

func (a *decodeActor) HandleTransfer(_ akt.Context, m decodeTransfer) { a.last = m }

// A Raw goes to the handler that it names, with its fields by json tag and its numbers exact.
func TestDecodeBuildsMessage(t *testing.T) {
	t.Parallel()
	actor := &decodeActor{}
	addr := run(t, actor)
	_, err := addr.Send(t.Context(), akt.Raw{Name: "Transfer", Fields: map[string]any{
		"amount": 255.0, "within": "1.5s", "lines": []any{map[string]any{"cents": int64(9007199254740993)}},
	}})
	require.NoError(t, err)
	require.Equal(t, decodeTransfer{
		Amount: 255, Within: 1500 * time.Millisecond, Lines: []decodeLine{{Cents: 9007199254740993}},
	}, actor.last)

	_, err = addr.Send(t.Context(), akt.Raw{Name: "Transfer"})
	require.NoError(t, err)
	require.Zero(t, actor.last, "without fields all stay zero")
}

// E3: a Raw that cannot be decoded is the sender's error at once, never handled, with all that a user needs of the fault.
func TestDecodeSingleFault(t *testing.T) {
	t.Parallel()
	actor := &decodeActor{}
	addr := run(t, actor)
	raw := akt.Raw{Name: "Transfer", Fields: map[string]any{"lines": []any{map[string]any{}, map[string]any{"cents": 1.5}}}}
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
	require.EqualError(t, fault, "akt: lines[1].cents of type int64: found number with a fraction, "+
		"wanted a whole number from -9223372036854775808 to 9223372036854775807")
	require.Contains(t, err.Error(), ": lines[1].cents of type int64", "the prefix stands at the beginning only")
}

// All faults of a message are reported in one line, ordered by path, and each is a DecodeError of its own.
func TestDecodeSeveralFaults(t *testing.T) {
	t.Parallel()
	addr := run(t, &decodeActor{})
	raw := akt.Raw{Name: "Transfer", Fields: map[string]any{"within": 5, "amuont": 1, "amount": 256}}
	err := addr.Notify(t.Context(), raw)

	var first *akt.DecodeError
	require.ErrorAs(t, err, &first)
	require.Equal(t, "amount", first.Path)

	var sendErr *akt.SendError
	require.ErrorAs(t, err, &sendErr)
	require.EqualError(t, sendErr.Err, "akt: amount of type uint8: found number out of range, wanted a whole number from 0 to 255; "+
		`amuont of type akt_test.decodeTransfer: found unknown field, wanted a field of akt_test.decodeTransfer; did you mean "amount"?; `+
		`within of type time.Duration: found number, wanted a string with a unit such as "1.5s" or a time.Duration, `+
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

// A misspelt name is answered with the handler that was probably meant; another word is not.
func TestDecodeUnknownName(t *testing.T) {
	t.Parallel()
	addr := run(t, &decodeActor{})
	for name, hint := range map[string]string{"Transfre": `did you mean "Transfer"`, "transfer": `did you mean "Transfer"`, "Deposit": ""} {
		_, err := addr.Send(t.Context(), akt.Raw{Name: name})
		var unhandled *akt.UnhandledError
		require.ErrorAs(t, err, &unhandled)
		require.Equal(t, hint, unhandled.Hint)
		require.Equal(t, []string{"Transfer"}, unhandled.Accepts)
	}
}
