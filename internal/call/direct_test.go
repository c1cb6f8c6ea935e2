//go:build !akt_safe

package call

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"
)

// compareTyped calls the method of M as a typed call site does, also after its type was forgotten,
// and by reflection, and wants the same.
func compareTyped[M, R any](t *testing.T, msg M) {
	t.Helper()
	h := handlerOf(reflect.TypeFor[M]())
	n := 41
	c := Context{context.WithValue(t.Context(), riderKey{}, "typed"), &n, 7}
	done := make(chan struct{})
	go func() { // on a fresh, small stack
		defer close(done)
		var fast, slow any = &rider{collect: true}, &rider{collect: true}
		f := FromOpaque[Context, M, R](ToOpaque(TypedFor[Context, M, R](h)))
		got, gotErr := f(ReceiverOf(fast), c, msg)
		wantAny, wantErr := reflected[Context](h)(slow, c, msg)
		runtime.GC()
		want, _ := wantAny.(R)
		sawFast, sawSlow := fast.(*rider), slow.(*rider)
		if wantErr == nil && !reflect.DeepEqual(got, want) || !errors.Is(gotErr, wantErr) ||
			sawFast.got != sawSlow.got || sawFast.ctx != sawSlow.ctx {
			t.Errorf("%s:\n got %#v, %v; saw %s\nwant %#v, %v; saw %s",
				h.Name, got, gotErr, sawFast.got, want, wantErr, sawSlow.got)
		}
	}()
	<-done
}

// A typed call, whose receiver is a bare pointer, gets and returns what the method does by
// reflection, in all its shapes, also when its stack grows and the collector runs meanwhile.
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
