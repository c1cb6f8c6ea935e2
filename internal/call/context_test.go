package call

import (
	"context"
	"reflect"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/handlers"
)

// Contexts of other sizes than akt's, down to one that is no more than what it embeds.
type (
	ctxBare  struct{ context.Context }
	ctxPlus1 struct { // five words
		Context
		a uint8
	}
	ctxPlus4 struct { // eight words, which with the receiver are all that amd64 has
		ctxPlus1
		b *int
		c string
	}
	ctxPlus5 struct { // on the stack
		ctxPlus4
		d bool
	}
	ctxFloat struct {
		Context
		f float64
	}
	ctxArray struct {
		Context
		a [2]int
	}
	ctxTail struct { // three words in the registers, four in memory
		ctxBare
		t rideTail
	}
)

// Messages of as many words as their names say, which are all to be smashed.
type (
	words2 struct {
		A uint8
		B int64
	}
	words3 struct {
		words2
		C uint16
	}
	words4 struct {
		words3
		D int32
	}
)

// How many words a message may have depends on the context: it is what that leaves of the
// registers. With each context, messages of every number of words come through as by reflection,
// those that end in a field of size zero, too, and so does the context.
func TestErasedContexts(t *testing.T) { //nolint:paralleltest // it sets the collector
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	n := 7
	four := Context{context.WithValue(t.Context(), riderKey{}, "value"), &n, 1 << 40}
	five := ctxPlus1{four, 200}
	eight := ctxPlus4{five, &n, "text"}
	erasesContext(t, four, 4)
	erasesContext(t, ctxBare{four}, 4)
	erasesContext(t, ctxTail{ctxBare{four}, rideTail{N: 9}}, 4)
	erasesContext(t, five, 3)
	erasesContext(t, eight, 0)
	erasesContext(t, ctxPlus5{eight, true}, -1)
	erasesContext(t, ctxFloat{four, 2.5}, -1)
	erasesContext(t, ctxArray{four, [2]int{3, 4}}, -1)
}

// erasesContext tries a context which leaves this many words for a message, none where negative.
func erasesContext[C context.Context](t *testing.T, c C, spare int) {
	t.Helper()
	triesMessage(t, c, rideEmpty{}, spare >= 0)
	triesMessage(t, c, uint8(200), spare >= 1)
	triesMessage(t, c, words2{1, -2}, spare >= 2)
	triesMessage(t, c, words3{words2{1, -2}, 3}, spare >= 3)
	triesMessage(t, c, words4{words3{words2{1, -2}, 3}, -4}, spare >= 4)
	triesMessage(t, c, rideTail{N: 9}, spare >= 2)
	triesMessage(t, c, rideTails{T: rideTail{N: 9}}, spare >= 3)
	triesMessage(t, c, rideFive{A: 1, E: 5}, false)
}

// triesMessage calls functions that take a message with this context, and one with a
// context.Context: without reflection where this says so, and with.
func triesMessage[C context.Context, M any](t *testing.T, c C, msg M, without bool) {
	t.Helper()
	m := handlers.Method{
		Message: reflect.TypeFor[M](), Reply: reflect.TypeFor[uint16](), Fails: true,
	}
	m.Expression = func(r *rider, c C, msg M) (uint16, error) {
		was := smash(&msg)
		r.saw(c, was)
		return 7, nil
	}
	require.Equal(t, without && erases, erased[C](m) != nil, "%T, %T", c, msg)
	compare(t, "its own", m, c, msg, true)
	m.Plain = true
	m.Expression = func(r *rider, c context.Context, msg M) (uint16, error) {
		was := smash(&msg)
		r.saw(c, was)
		return 7, errRider
	}
	compare(t, "plain", m, c, msg, true)
}
