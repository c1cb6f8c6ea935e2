package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
)

// BenchmarkDispatch times a request whose message has one of so many types, in no order, to show
// what finding the handler of a type costs: the rows of one library differ in nothing else. It is
// the whole of a Send with a context that cannot end, from one client. It leaves out making the
// messages, and the first message of each type, for which akt looks for a handler.
//
//   - handler=exact: each type has a handler of its own. There are ten of them, also where only one
//     type is sent.
//   - handler=interface: one handler takes an interface that all types implement.
//   - handler=any: one handler takes the empty interface.
//
// A thousand types with handlers of their own are for the map alone: nobody writes the thousand
// methods, or cases.
func BenchmarkDispatch(b *testing.B) {
	if err := bindDispatch(); err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct {
		lib, handler string
		types        []int
		open         func(testing.TB) dispatcher
	}{
		{"akt", "exact", []int{1, 10}, dispatchAkt(func() actorState { return &exactActor{} })},
		{"akt", "interface", []int{1, 10, 1000}, dispatchAkt(func() actorState { return &interfaceActor{} })},
		{"akt", "any", []int{1, 10, 1000}, dispatchAkt(func() actorState { return &anyActor{} })},
		{"akt-bound", "exact", []int{1, 10}, dispatchAkt(func() actorState { return &boundExactActor{} })},
		{"akt-bound", "interface", []int{1, 10, 1000}, dispatchAkt(func() actorState { return &boundInterfaceActor{} })},
		{"akt-bound", "any", []int{1, 10, 1000}, dispatchAkt(func() actorState { return &boundAnyActor{} })},
		{"map", "exact", []int{1, 10, 1000}, openMapServer(true)},
		{"map", "interface", []int{1, 10, 1000}, openMapServer(false)},
		{"map", "any", []int{1, 10, 1000}, openMapServer(false)},
		{"switch", "exact", []int{1, 10}, openSwitchServer},
	} {
		for _, types := range row.types {
			name := fmt.Sprintf("lib=%s/handler=%s/types=%d", row.lib, row.handler, types)
			b.Run(name, dispatches{row.open, sampleOf(types, row.handler == "exact")}.measure)
		}
	}
}

// dispatcher is what a client knows of a server, whichever library it is made with. An akt Address
// is one.
type dispatcher interface {
	Send(ctx context.Context, msg any) (any, error)
}

// sample is a message and the right reply to it.
type sample struct {
	msg  any
	want uint64
}

// sampleOf returns a thousand messages of so many types, in an order that is the same every time.
func sampleOf(types int, exact bool) []sample {
	samples := make([]sample, 1000)
	for i := range samples {
		n := uint64(i % 13)
		if !exact {
			n = uint64(i % 251)
		}
		samples[i] = sample{messageTypes[i%types].make(n), n}
		if exact {
			samples[i].want += mark(uint64(i % types % 10))
		}
	}
	rand.New(
		rand.NewPCG(1, 2),
	).Shuffle(
		len(samples),
		func(i, j int) { samples[i], samples[j] = samples[j], samples[i] },
	)
	return samples
}

// dispatches is a benchmark of one library with one set of messages.
type dispatches struct {
	open    func(testing.TB) dispatcher
	samples []sample
}

func (d dispatches) measure(b *testing.B) {
	b.Helper()
	server := d.open(b)
	for _, s := range d.samples {
		if err := dispatched(server, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := dispatched(server, d.samples[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(d.samples) {
			i = 0
		}
	}
}

// dispatched sends a message and checks the reply.
func dispatched(server dispatcher, s sample) error {
	reply, err := server.Send(forever, s.msg)
	if err != nil {
		return err
	}
	if n, ok := reply.(uint64); !ok || n != s.want {
		return fmt.Errorf("%T was answered with %v; want %d", s.msg, reply, s.want)
	}
	return nil
}

func dispatchAkt(state func() actorState) func(testing.TB) dispatcher {
	return func(tb testing.TB) dispatcher {
		tb.Helper()
		return runActor(tb, state())
	}
}

var errUnknown = errors.New("no handler for this type")

// mapServer finds the function of a message's type in a map.
type mapServer struct {
	mu       sync.Mutex
	handlers map[reflect.Type]func(msg any) uint64
	state    counter
}

// newMapServer has a function for each of the thousand types, which knows that type, or which knows
// the interface only.
func newMapServer(exact bool) *mapServer {
	s := &mapServer{handlers: map[reflect.Type]func(any) uint64{}}
	for i, t := range messageTypes {
		s.handlers[t.typ] = func(msg any) uint64 {
			s.state.handled++
			return msg.(valued).value()
		}
		if exact {
			own := mark(uint64(i % 10))
			s.handlers[t.typ] = func(msg any) uint64 {
				s.state.handled++
				return own + t.value(msg)
			}
		}
	}
	return s
}

func openMapServer(exact bool) func(testing.TB) dispatcher {
	return func(testing.TB) dispatcher { return newMapServer(exact) }
}

func (s *mapServer) Send(_ context.Context, msg any) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	handle := s.handlers[reflect.TypeOf(msg)]
	if handle == nil {
		return nil, errUnknown
	}
	return handle(msg), nil
}

// switchServer finds what to do in a type switch.
type switchServer struct {
	mu    sync.Mutex
	state exactActor
}

func openSwitchServer(testing.TB) dispatcher { return &switchServer{} }

func (s *switchServer) Send(_ context.Context, msg any) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := msg.(type) {
	case m0:
		return s.state.reply(0, m.N)
	case m1:
		return s.state.reply(1, m.N)
	case m2:
		return s.state.reply(2, m.N)
	case m3:
		return s.state.reply(3, m.N)
	case m4:
		return s.state.reply(4, m.N)
	case m5:
		return s.state.reply(5, m.N)
	case m6:
		return s.state.reply(6, m.N)
	case m7:
		return s.state.reply(7, m.N)
	case m8:
		return s.state.reply(8, m.N)
	case m9:
		return s.state.reply(9, m.N)
	}
	return nil, errUnknown
}
