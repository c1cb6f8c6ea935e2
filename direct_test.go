//go:build !akt_safe

package akt

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// compareTyped calls the handler of M as a typed call site does and by reflection, and wants the same.
func compareTyped[M, R any](t *testing.T, msg M) {
	t.Helper()
	tbl, err := tableFor(reflect.TypeFor[*rider]())
	require.NoError(t, err)
	h := tbl.exact[reflect.TypeFor[M]()]
	require.NotNil(t, h)
	c := Context{Context: context.WithValue(t.Context(), riderKey{}, "typed")}
	done := make(chan struct{})
	go func() { // on a fresh, small stack
		defer close(done)
		var fast, slow any = &rider{collect: true}, &rider{collect: true}
		got, gotErr := typedFor[M, R](h)(receiverOf(fast), c, msg)
		wantAny, wantErr := reflectCall(reflect.ValueOf(h.expression), h.replies, h.fails)(slow, c, msg)
		runtime.GC()
		want, _ := wantAny.(R)
		if wantErr == nil && !reflect.DeepEqual(got, want) || !errors.Is(gotErr, wantErr) || fast.(*rider).got != slow.(*rider).got {
			t.Errorf("%s:\n got %#v, %v; saw %s\nwant %#v, %v; saw %s", h, got, gotErr, fast.(*rider).got, want, wantErr, slow.(*rider).got)
		}
	}()
	<-done
}

// H2, H8: a typed call, whose receiver is a bare pointer, gets and returns what the handler does by reflection, in all its shapes, also
// when its stack grows and the collector runs meanwhile.
func TestDirect(t *testing.T) { //nolint:paralleltest // it changes how often the collector runs
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	n := 41
	compareTyped[rideEmpty, struct{}](t, rideEmpty{})
	compareTyped[rideByte, rideByte](t, 7)
	compareTyped[rideSmall, int16](t, rideSmall{-300})
	compareTyped[rideText, rideText](t, "a text")
	compareTyped[ridePair, ridePair](t, ridePair{1, 2})
	compareTyped[rideMix, map[string]int](t, rideMix{"a", 3, true})
	compareTyped[rideBytes, []string](t, rideBytes{[]byte("banana")})
	compareTyped[ridePointer, *int](t, ridePointer{&n})
	compareTyped[*rideMix, ridePointer](t, &rideMix{"a", 3, true})
	compareTyped[rideFive, int](t, rideFive{1, 2, 3, 4, 5})
	compareTyped[rideFloat, float64](t, rideFloat{2.5})
	compareTyped[rideBlank, int](t, rideBlank{A: 1, B: 2})
	compareTyped[rideArray, rideArray](t, rideArray{[2]int{1, 2}})
	compareTyped[rideNested, struct{}](t, rideNested{P: ridePointer{&n}, T: "nested"})
	compareTyped[rideFunc, int](t, rideFunc{func() int { return n }})
	compareTyped[rideTail, rideTail](t, rideTail{N: 9})
	compareTyped[uint64, struct{}](t, 9)
	compareTyped[bool, struct{}](t, true)
}
