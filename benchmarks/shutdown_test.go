package benchmarks

import (
	"context"
	"fmt"
	"testing"

	"github.com/aktgo/akt"
)

// BenchmarkShutdown times Shutdown of n actors: with eight times as many it should take about eight
// times as long.
//
//   - what=idle: two of them hand each other a message 10,000 times before the system is quiet.
//   - what=buffers: each flushes into the next one when it is told of the stop.
func BenchmarkShutdown(b *testing.B) {
	for _, row := range []struct {
		what string
		n    int
		run  func(b *testing.B, system *akt.System, n int)
	}{
		{"idle", 10_000, runIdle},
		{"buffers", 500, runBuffers},
	} {
		for _, n := range []int{row.n, 8 * row.n} {
			b.Run(fmt.Sprintf("lib=akt/what=%s/n=%d", row.what, n), func(b *testing.B) {
				for b.Loop() {
					var system *akt.System
					untimed(b, func() {
						system = akt.NewSystem()
						row.run(b, system, n)
					})
					if err := system.Shutdown(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// handing is an actor that hands a count on until it is zero.
type handing struct{ to *akt.Address }

type count struct{ left int }

func (h *handing) HandleCount(ctx akt.Context, m count) error {
	if m.left == 0 {
		return nil
	}
	return h.to.Notify(ctx, count{m.left - 1})
}

func runIdle(b *testing.B, system *akt.System, n int) {
	b.Helper()
	first, second := &handing{}, &handing{}
	a := mustRun(b, system, first)
	for range n - 2 {
		mustRun(b, system, acting{})
	}
	second.to, first.to = a, mustRun(b, system, second)
	if err := a.Notify(context.Background(), count{10_000}); err != nil {
		b.Fatal(err)
	}
}

// buffering is an actor that sends what it holds to the next one when it is told of the stop.
type buffering struct {
	to   *akt.Address
	held int
}

func (f *buffering) HandleCount(_ akt.Context, m count) { f.held += m.left }

func (f *buffering) OnStopping(ctx akt.Context) bool {
	if f.held > 0 && f.to != nil && f.to.Notify(ctx, count{f.held}) == nil {
		f.held = 0
	}
	return true
}

func runBuffers(b *testing.B, system *akt.System, n int) {
	b.Helper()
	var next *akt.Address
	for i := range n {
		f := &buffering{to: next}
		if i == n-1 {
			f.held = 1 // it goes through all the others
		}
		next = mustRun(b, system, f)
	}
}
