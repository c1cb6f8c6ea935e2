package benchmarks

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

// BenchmarkParked times a request whose sender has to sleep until it is answered, because the
// handler waits for another goroutine: from=client has a ctx with a deadline and comes from no
// actor, from=handler has the ctx of a handler that has one, and so may be in a ring.
func BenchmarkParked(b *testing.B) {
	gate, end := make(chan struct{}), make(chan struct{})
	var opener sync.WaitGroup
	opener.Go(func() {
		for {
			select {
			case gate <- struct{}{}:
			case <-end:
				return
			}
		}
	})
	defer opener.Wait()
	defer close(end)
	system, ctx := akt.NewSystem(), deadlined(b)
	held := mustRun(b, system, acting{})
	wait := act{func(context.Context) { <-gate }}
	ask := func(ctx context.Context, b *testing.B) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := akt.Ask[struct{}](ctx, held, wait); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("lib=akt/from=client", func(b *testing.B) { ask(ctx, b) })
	b.Run("lib=akt/from=handler", func(b *testing.B) {
		asker := mustRun(b, system, acting{})
		_, err := asker.Send(ctx, act{func(ctx context.Context) { ask(ctx, b) }})
		if err != nil {
			b.Fatal(err)
		}
	})
	if err := system.Shutdown(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMany times what n have in common: with eight times as many it should take about eight
// times as long. What has to be made before is left out.
//
//   - what=give-up: n senders whose requests are queued give up together.
//   - what=children: an actor with n children ends.
//   - what=chain: a request goes from actor to actor, under a deadline, through n of them.
//   - what=inline-chain: the same with a ctx that never ends, so that most run on their sender's
//     goroutine.
//   - what=asks: a handler asks another actor n times at once.
//   - what=ring: n actors ask each other in a ring; one is told, and the others answer.
//   - what=ring-reversed: the same, but each begins before the one that asks it.
func BenchmarkMany(b *testing.B) {
	for _, row := range []struct {
		what    string
		n       int
		measure func(b *testing.B, n int)
	}{
		{"give-up", 20000, manyGiveUp},
		{"children", 10000, manyChildren},
		{"chain", 2000, func(b *testing.B, n int) {
			b.Helper()
			longChain(deadlined(b), b, n)
		}},
		{"inline-chain", 5000, func(b *testing.B, n int) {
			b.Helper()
			longChain(context.Background(), b, n)
		}},
		{"asks", 4000, manyAsks},
		{"ring", 2000, func(b *testing.B, n int) {
			b.Helper()
			longRing(b, n, false)
		}},
		{"ring-reversed", 2000, func(b *testing.B, n int) {
			b.Helper()
			longRing(b, n, true)
		}},
	} {
		for _, n := range []int{row.n, 8 * row.n} {
			b.Run(
				fmt.Sprintf("lib=akt/what=%s/n=%d", row.what, n),
				func(b *testing.B) { row.measure(b, n) },
			)
		}
	}
}

// acting is an actor whose messages say what it does.
type acting struct{}

type act struct{ do func(context.Context) }

func (acting) HandleAct(ctx akt.Context, m act) { m.do(ctx) }

// ringing is an actor that asks the next one of a ring, when all are about to.
type ringing struct {
	next *akt.Address
	meet *meeting
	turn int
}

type touch struct{}

func (r *ringing) HandlePass(ctx akt.Context, _ pass) (int, error) {
	r.meet.wait(r.turn)
	return akt.Ask[int](ctx, r.next, touch{})
}

func (*ringing) HandleTouch(akt.Context, touch) int { return 1 }

// passing is an actor that passes a request on to the next one.
type passing struct{ next *akt.Address }

type pass struct{}

func (p *passing) HandlePass(ctx akt.Context, _ pass) (int, error) {
	if p.next == nil {
		return 0, nil
	}
	n, err := akt.Ask[int](ctx, p.next, pass{})
	return n + 1, err
}

// meeting has everybody go on when all are there, one after the other.
type meeting struct {
	here  atomic.Int32
	turns []chan struct{}
}

func newMeeting(n int) *meeting {
	m := &meeting{}
	for range n {
		m.turns = append(m.turns, make(chan struct{}))
	}
	return m
}

// wait waits for everybody, and for who is before in the order of turns.
func (m *meeting) wait(turn int) {
	if int(m.here.Add(1)) == len(m.turns) {
		close(m.turns[0])
	}
	<-m.turns[turn]
	if turn+1 < len(m.turns) {
		close(m.turns[turn+1])
	}
}

func deadlined(b *testing.B) context.Context {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	b.Cleanup(cancel)
	return ctx
}

func mustRun(b *testing.B, system *akt.System, actor any, opts ...akt.Option) *akt.Address {
	b.Helper()
	addr, err := system.Run(actor, opts...)
	if err != nil {
		b.Fatal(err)
	}
	return addr
}

// untimed runs a part that is not measured.
func untimed(b *testing.B, f func()) {
	b.Helper()
	b.StopTimer()
	f()
	b.StartTimer()
}

func manyGiveUp(b *testing.B, n int) {
	b.Helper()
	for b.Loop() {
		var (
			system  = akt.NewSystem()
			gate    = make(chan struct{})
			senders sync.WaitGroup
			addr    *akt.Address
			cancel  context.CancelFunc
		)
		untimed(b, func() {
			addr = mustRun(b, system, acting{}, akt.WithMailbox(2*n))
			if err := addr.TryNotify(
				context.Background(),
				act{func(context.Context) { <-gate }},
			); err != nil {
				b.Fatal(err)
			}
			var ctx context.Context
			ctx, cancel = context.WithCancel(context.Background())
			for range n {
				senders.Go(func() { _, _ = addr.Send(ctx, act{func(context.Context) {}}) })
			}
			for queued := uint64(0); queued < uint64(n); runtime.Gosched() {
				for info := range system.Actors() {
					queued = info.Queued
				}
			}
		})
		cancel()
		senders.Wait()
		untimed(b, func() {
			close(gate)
			end(b, system)
		})
	}
}

func manyChildren(b *testing.B, n int) {
	b.Helper()
	for b.Loop() {
		system, addr := akt.NewSystem(), (*akt.Address)(nil)
		untimed(b, func() {
			addr = mustRun(b, system, acting{})
			_, err := addr.Send(context.Background(), act{func(ctx context.Context) {
				c, _ := akt.FromContext(ctx)
				for range n {
					if _, err := c.Run(acting{}); err != nil {
						b.Error(err)
					}
				}
			}})
			if err != nil {
				b.Fatal(err)
			}
		})
		addr.Stop()
		<-addr.Done()
	}
}

func longChain(ctx context.Context, b *testing.B, n int) {
	b.Helper()
	system, next := akt.NewSystem(), (*akt.Address)(nil)
	for range n {
		next = mustRun(b, system, &passing{next})
	}
	for b.Loop() {
		if passed, err := akt.Ask[int](ctx, next, pass{}); err != nil || passed != n-1 {
			b.Fatal(passed, err)
		}
	}
	end(b, system)
}

func manyAsks(b *testing.B, n int) {
	b.Helper()
	system, ctx := akt.NewSystem(), deadlined(b)
	asker, asked := mustRun(b, system, acting{}), mustRun(b, system, acting{}, akt.WithMailbox(n))
	for b.Loop() {
		_, err := asker.Send(ctx, act{func(ctx context.Context) {
			var asks sync.WaitGroup
			for range n {
				asks.Go(func() {
					if _, err := asked.Send(ctx, act{func(context.Context) {}}); err != nil {
						b.Error(err)
					}
				})
			}
			asks.Wait()
		}})
		if err != nil {
			b.Fatal(err)
		}
	}
	end(b, system)
}

func longRing(b *testing.B, n int, reversed bool) {
	b.Helper()
	ctx := deadlined(b)
	for b.Loop() {
		system, addrs := akt.NewSystem(), make([]*akt.Address, n)
		var clients sync.WaitGroup
		var told atomic.Int32
		untimed(b, func() {
			meet, states := newMeeting(n), make([]*ringing, n)
			for i := range n {
				turn := i
				if reversed {
					turn = n - 1 - i
				}
				states[i] = &ringing{meet: meet, turn: turn}
				addrs[i] = mustRun(b, system, states[i])
			}
			for i, s := range states {
				s.next = addrs[(i+1)%n]
			}
		})
		for _, addr := range addrs {
			clients.Go(func() {
				if _, err := addr.Send(ctx, pass{}); err != nil {
					told.Add(1)
				}
			})
		}
		clients.Wait()
		if n := told.Load(); n != 1 {
			b.Fatalf("%d were told", n)
		}
		untimed(b, func() { end(b, system) })
	}
}

func end(b *testing.B, system *akt.System) {
	b.Helper()
	if err := system.Shutdown(context.Background()); err != nil {
		b.Fatal(err)
	}
}
