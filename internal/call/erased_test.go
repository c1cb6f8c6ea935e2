package call

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/handlers"
)

// Context takes four words, as akt's does.
type Context struct {
	context.Context

	owner *int
	run   uint64
}

// rider has a handler for every way in which messages and replies are passed. Each handler writes
// down what it got, after its stack has grown and the collector has run.
type rider struct {
	got     string
	last    any
	ctx     context.Context
	collect bool // whether to run the collector in each handler
}

// saw makes trouble for words that are not kept alive, or not seen by the collector, and notes what
// came through.
func (r *rider) saw(ctx context.Context, msg any) {
	deep(40)
	if r.collect {
		runtime.GC()
	}
	r.got = fmt.Sprintf("%T %+v %v", msg, msg, ctx.Value(riderKey{}))
	r.last, r.ctx = msg, ctx
}

type riderKey struct{}

//go:noinline
func deep(n int) int {
	var room [256]byte
	if n == 0 {
		return 0
	}
	return deep(n-1) + int(room[n])
}

var errRider = errors.New("rider")

// smash returns a message, and writes every byte of where it was, by its address: so the room that
// the caller has made for it has to be large enough.
//
//go:noinline
func smash[M any](m *M) M {
	was := *m
	room := unsafe.Slice((*byte)(unsafe.Pointer(m)), unsafe.Sizeof(was))
	for i := range room {
		room[i] = 0xA5
	}
	deep(1)
	return was
}

type (
	rideEmpty struct{}
	rideByte  uint8
	rideSmall struct{ A int16 }
	rideText  string
	ridePair  struct{ A, B uint8 }
	rideMix   struct {
		S string
		N int32
		B bool
	}
	rideBytes   struct{ B []byte }
	rideAny     struct{ V any }
	ridePointer struct{ P *int }
	rideFive    struct{ A, B, C, D, E int }
	rideFloat   struct{ F float64 }
	rideBlank   struct {
		A int
		_ int
		B int
	}
	rideArray  struct{ A [2]int }
	rideNested struct {
		P ridePointer
		Z struct{}
		T rideText
	}
	rideFunc struct{ F func() int }
	rideTail struct {
		N uint64
		Z struct{}
	}
	rideTails struct { // one word in the registers, three in memory
		T rideTail
		Z struct{}
	}
	rideWide struct { // two words in the registers, nine in memory
		A uint8
		T struct {
			T struct {
				T struct {
					T rideTails
					Z [0]uint64
				}
				Z [0]uint64
			}
			Z [0]uint64
		}
		Z [0]uint64
	}
	rideShout interface{ Shout() string }
	rideLoud  struct{ N int }
)

func (l rideLoud) Shout() string { return fmt.Sprint(l.N, "!") }

func (r *rider) HandleEmpty(c Context, m rideEmpty)        { r.saw(c, m) }
func (r *rider) HandleByte(c Context, m rideByte) rideByte { r.saw(c, m); return m + 1 }
func (r *rider) HandleSmall(c context.Context, m rideSmall) (int16, error) {
	r.saw(c, m)
	return -m.A, nil
}
func (r *rider) HandleText(c Context, m rideText) (rideText, error) {
	r.saw(c, m)
	return m + "?", nil
}
func (r *rider) HandlePair(c Context, m ridePair) (ridePair, error) {
	r.saw(c, m)
	return ridePair{m.B, m.A}, nil
}
func (r *rider) HandleMix(c Context, m rideMix) (map[string]int, error) {
	r.saw(c, m)
	return map[string]int{m.S: int(m.N)}, nil
}
func (r *rider) HandleBytes(c Context, m rideBytes) ([]string, error) {
	r.saw(c, m)
	return strings.Split(string(m.B), "a"), nil
}
func (r *rider) HandleAny(c Context, m any) (any, error) { r.saw(c, m); return m, nil }
func (r *rider) HandleHolder(c Context, m rideAny) (any, error) {
	r.saw(c, m)
	return m.V, errRider
}
func (r *rider) HandlePointer(c Context, m ridePointer) (*int, error) {
	r.saw(c, *m.P)
	n := *m.P + 1
	return &n, nil
}
func (r *rider) HandleBare(c context.Context, m *rideMix) (ridePointer, error) {
	r.saw(c, *m)
	n := int(m.N)
	return ridePointer{&n}, nil
}
func (r *rider) HandleFive(c Context, m rideFive) int { r.saw(c, m); return m.A + m.E }
func (r *rider) HandleFloat(c Context, m rideFloat) (float64, error) {
	r.saw(c, m)
	return m.F / 2, nil
}
func (r *rider) HandleBlank(c Context, m rideBlank) (int, error) {
	r.saw(c, m)
	return m.A + m.B, nil
}
func (r *rider) HandleArray(c Context, m rideArray) (rideArray, error) {
	r.saw(c, m)
	return m, nil
}
func (r *rider) HandleNested(c Context, m rideNested) error {
	r.saw(c, string(m.T)+fmt.Sprint(*m.P.P))
	return errRider
}
func (r *rider) HandleFunc(c context.Context, m rideFunc) int {
	n := m.F()
	r.saw(c, n)
	return n
}
func (r *rider) HandleTail(c Context, m rideTail) (rideTail, error) { r.saw(c, m); return m, nil }
func (r *rider) HandleTails(c Context, m rideTails) (uint64, error) {
	was := smash(&m)
	r.saw(c, was)
	return was.T.N, nil
}
func (r *rider) HandleWide(c context.Context, m rideWide) uint64 {
	was := smash(&m)
	r.saw(c, was)
	return was.T.T.T.T.T.N
}
func (r *rider) HandleShout(c Context, m rideShout) string { r.saw(c, m); return m.Shout() }
func (r *rider) HandleUnit(c Context, m uint64) (struct{}, error) {
	r.saw(c, m)
	return struct{}{}, errRider
}
func (r *rider) HandleUnitless(c context.Context, m int16) (rideEmpty, error) {
	r.saw(c, m)
	return rideEmpty{}, nil
}
func (r *rider) HandleVoid(c Context, m uint16) [0]*int { r.saw(c, m); return [0]*int{} }
func (r *rider) HandleQuiet(c context.Context, m bool)  { r.saw(c, m) }

// rides are messages of every kind, made of a few numbers and a text.
func rides(n uint64, s string) []any {
	i := int(int32(n))
	wide := rideWide{A: uint8(n)}
	wide.T.T.T.T.T.N = n
	return []any{
		rideEmpty{},
		rideByte(n),
		rideSmall{int16(n)},
		rideText(s),
		ridePair{
			uint8(n),
			uint8(n >> 8),
		},
		rideMix{s, int32(n), n%2 == 0},
		&rideMix{s, int32(n), true},
		rideBytes{[]byte(s)},
		rideBytes{},
		rideAny{s},
		rideAny{},
		rideAny{i},
		ridePointer{&i},
		rideFive{1, 2, 3, 4, i},
		rideFloat{float64(i)},
		rideBlank{A: i, B: 7},
		rideArray{[2]int{i, 2}},
		rideNested{P: ridePointer{&i}, T: rideText(s)},
		rideFunc{func() int { return i }},
		rideTail{N: n},
		rideTails{T: rideTail{N: n}},
		wide,
		rideLoud{i},
		n,
		n%3 == 0,
		int8(n),
		int16(n),
		uint16(n),
		s,
		complex(float64(i), 1),
		[3]string{s, s},
		[]any{s, i},
		&i,
	}
}

// riders are the handlers of rider, by name.
var riders = sync.OnceValue(func() []handlers.Method {
	rules := handlers.Rules{Context: reflect.TypeFor[Context]()}
	found, faults := rules.Scan(reflect.TypeFor[*rider]())
	if len(faults) > 0 {
		panic(faults)
	}
	return found
})

// handlerOf is the method of rider for a message: that of its type, else that of an interface.
func handlerOf(msg reflect.Type) handlers.Method {
	for _, h := range riders() {
		if h.Message == msg {
			return h
		}
	}
	if _, loud := reflect.Zero(msg).Interface().(rideShout); loud {
		return handlerOf(reflect.TypeFor[rideShout]())
	}
	return handlerOf(reflect.TypeFor[any]())
}

// compare calls a method the way it is called and by reflection, and wants the same.
func compare[C context.Context](
	t *testing.T, name string, m handlers.Method, c C, msg any, collect bool,
) {
	t.Helper()
	done := make(chan struct{})
	go func() { // on a fresh, small stack
		defer close(done)
		fast, slow := rider{collect: collect}, rider{collect: collect}
		gotReply, gotErr := FuncFor[C](m)(&fast, c, msg)
		wantReply, wantErr := reflected[C](m)(&slow, c, msg)
		if collect {
			runtime.GC()
		}
		same := reflect.TypeOf(gotReply) == reflect.TypeOf(wantReply) &&
			reflect.DeepEqual(gotReply, wantReply) && errors.Is(gotErr, wantErr)
		if !same || fast.got != slow.got || fast.ctx != slow.ctx {
			t.Errorf("%s of %T:\n got %#v, %v; saw %s\nwant %#v, %v; saw %s",
				name, msg, gotReply, gotErr, fast.got, wantReply, wantErr, slow.got)
		}
	}()
	<-done
}

// compareRides compares every method of rider.
func compareRides(t *testing.T, n uint64, s string, collect bool) {
	t.Helper()
	owner := int(int32(n))
	c := Context{context.WithValue(t.Context(), riderKey{}, s), &owner, n}
	for _, msg := range rides(n, s) {
		h := handlerOf(reflect.TypeOf(msg))
		compare(t, h.Name, h, c, msg, collect)
	}
}

// A method that is called without reflection gets and returns what it does by reflection, also when
// its stack grows and the collector runs meanwhile.
func TestErased(t *testing.T) { //nolint:paralleltest // it changes how often the collector runs
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	for n := range uint64(8) {
		compareRides(t, n*0x0102030405060708-n, strings.Repeat("a text ", int(n)), true)
	}
}

// The kinds that have to stay with reflection do, and the others do not.
func TestErasedKinds(t *testing.T) {
	t.Parallel()
	var byReflection []string
	for _, h := range riders() {
		if erased[Context](h) == nil {
			byReflection = append(byReflection, h.Name)
		}
	}
	if erases {
		kinds := []string{"Array", "Blank", "Five", "Float", "Pair", "Shout", "Tail", "Wide"}
		require.Equal(t, kinds, byReflection)
	} else {
		require.Len(t, byReflection, len(riders()))
	}
}

func FuzzErased(f *testing.F) {
	f.Add([]byte("12345678"), "text")
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255}, "")
	f.Fuzz(func(t *testing.T, b []byte, s string) {
		compareRides(t, binary.LittleEndian.Uint64(append(b, make([]byte, 8)...)), s, false)
	})
}
