package peers

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/aktgo/akt"
)

// BenchmarkActors times a request beside a growing number of actors. With asked=one it always goes
// to the same actor, and the others are idle. With asked=all it goes to all in turn, which with a
// million of them is a measure of the processor's caches more than of the library: the mutex is
// there to compare.
func BenchmarkActors(b *testing.B) {
	for _, lib := range []named{{"akt", openAkt}, {"mutex", openMutex}} {
		for _, actors := range []int{1, 1_000_000} {
			name := "lib=" + lib.name + "/actors=" + strconv.Itoa(actors)
			b.Run(name+"/asked=one", crowd{lib.open, actors, 0}.measure)
			b.Run(name+"/asked=all", crowd{lib.open, actors, 514_229}.measure)
		}
	}
}

// crowd is a benchmark of requests to some of many actors: to each stride-th, going round.
type crowd struct {
	open           func(testing.TB) library
	actors, stride int
}

func (w crowd) measure(b *testing.B) {
	b.Helper()
	lib, actors := w.open(b), make([]asker, w.actors)
	for i := range actors {
		actor, err := lib.Counter()
		if err != nil {
			b.Fatal(err)
		}
		actors[i] = actor
	}
	b.ReportAllocs()
	at, stride := 0, w.stride%w.actors
	for n := firstOf(1); b.Loop(); n++ {
		reply, err := actors[at].Ask(context.Background(), n)
		if err != nil || reply != answer(n) {
			b.Error(wrongReply(n, reply, err))
			break
		}
		if at += stride; at >= len(actors) {
			at -= len(actors)
		}
	}
	var handled uint64
	for _, actor := range actors {
		handled += actor.End()
	}
	if handled != uint64(b.N) && !b.Failed() {
		b.Errorf("%d requests were answered, and %d handled", b.N, handled)
	}
}

// BenchmarkTypes times a request to an actor that has a handler for each of so many message types,
// all of which are sent in turn, by akt.Ask or by Address.Send. The first request of each type, for
// which akt looks up its handler, is left out. The mutex is there to compare: it calls the same
// thousand methods.
func BenchmarkTypes(b *testing.B) {
	for _, w := range []variety{
		{"akt", byAsk(&single{}), everyMessage[:1]},
		{"akt", byAsk(&thousand{}), everyMessage[:]},
		{"akt-send", bySend(&singleSend{}), everyMessage[:1]},
		{"akt-send", bySend(&thousandSend{}), everyMessage[:]},
		{"mutex", byMutex, everyMessage[:1]},
		{"mutex", byMutex, everyMessage[:]},
	} {
		b.Run("lib="+w.lib+"/types="+strconv.Itoa(len(w.messages)), w.measure)
	}
}

// variety is a benchmark of requests of different types to one actor.
type variety struct {
	lib      string
	open     func(testing.TB) requester
	messages []message
}

// requester sends a request of the type of m.
type requester func(m message, n uint64) (uint64, error)

func (w variety) measure(b *testing.B) {
	b.Helper()
	request := w.open(b)
	for _, m := range w.messages {
		if _, err := request(m, 0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	at := 0
	for n := firstOf(1); b.Loop(); n++ {
		reply, err := request(w.messages[at], n)
		if want := typedAnswer(at, n); err != nil || reply != want {
			b.Errorf(
				"the request %d of type %d was answered with %d, %v; want %d",
				n,
				at,
				reply,
				err,
				want,
			)
			return
		}
		if at++; at == len(w.messages) {
			at = 0
		}
	}
}

func byAsk(state any) func(testing.TB) requester {
	return func(tb testing.TB) requester {
		tb.Helper()
		addr := runActor(tb, state)
		return func(m message, n uint64) (uint64, error) { return m.ask(addr, n) }
	}
}

func bySend(state any) func(testing.TB) requester {
	return func(tb testing.TB) requester {
		tb.Helper()
		addr := runActor(tb, state)
		return func(m message, n uint64) (uint64, error) { return m.send(addr, n) }
	}
}

func runActor(tb testing.TB, state any) *akt.Address {
	tb.Helper()
	addr, err := akt.NewSystem().Run(state)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { endActor(addr) })
	return addr
}

func byMutex(testing.TB) requester {
	var mu sync.Mutex
	state := &thousand{}
	return func(m message, n uint64) (uint64, error) {
		mu.Lock()
		defer mu.Unlock()
		return m.call(state, n)
	}
}

// message sends requests of one type. Its methods differ by the type alone, so that they are the
// same code for all.
type message interface {
	ask(addr *akt.Address, n uint64) (uint64, error)
	send(addr *akt.Address, n uint64) (uint64, error)
	call(state *thousand, n uint64) (uint64, error)
}

// messageOf is the handler of a type.
type messageOf[M ~struct{ N uint64 }] func(*thousand, akt.Context, M) (uint64, error)

func (messageOf[M]) ask(addr *akt.Address, n uint64) (uint64, error) {
	return akt.Ask[uint64](context.Background(), addr, M{n})
}

func (messageOf[M]) send(addr *akt.Address, n uint64) (uint64, error) {
	reply, err := addr.Send(context.Background(), M{n})
	sum, _ := reply.(uint64)
	return sum, err
}

func (handle messageOf[M]) call(state *thousand, n uint64) (uint64, error) {
	return handle(state, akt.Context{}, M{n})
}

// typedAnswer is the right reply to a request of a type: no two handlers answer alike.
func typedAnswer(typ int, n uint64) uint64 { return answer(n) + uint64(typ) }

// The actors. Those that are sent to are types of their own, as what akt learns from an Ask would
// help them.
type (
	thousand     struct{ counter }
	single       struct{ counter }
	thousandSend struct{ thousand }
	singleSend   struct{ single }
)

func (c *single) HandleM000(_ akt.Context, m m000) (uint64, error) { return c.typed(0, m.N) }

func (c *counter) typed(typ int, n uint64) (uint64, error) {
	c.handled++
	return typedAnswer(typ, n), nil
}
