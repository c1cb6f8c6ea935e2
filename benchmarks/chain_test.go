package benchmarks

import (
	"context"
	"strconv"
	"testing"

	"github.com/aktgo/akt"
)

// BenchmarkChain times running 8000 actors in chains, each the child of the one before, and finding
// the last of each chain by its name. One chain of all is to take as long as eight chains of an
// eighth each, but for half more at most, and as many bytes: none keeps the path of its name. As
// they are as many actors, both use the same amount of memory. The clock does not run while they
// end.
//
// With names=given each child has a name of its own; with names=made-up the last one only.
func BenchmarkChain(b *testing.B) {
	for _, names := range []string{"given", "made-up"} {
		for _, depth := range []int{chained / 8, chained} {
			b.Run("names="+names+"/depth="+strconv.Itoa(depth), func(b *testing.B) {
				measureChains(b, names, depth)
			})
		}
	}
}

// chained is how many actors the chains have together.
const chained = 8000

// link is an actor of a chain.
type link struct{}

type linkContext struct{}

// HandleContext lets the caller run a child of the actor.
func (link) HandleContext(ctx akt.Context, _ linkContext) (akt.Context, error) { return ctx, nil }

func measureChains(b *testing.B, names string, depth int) {
	b.Helper()
	named := akt.WithName("child")
	var each []akt.Option
	if names == "given" {
		each = []akt.Option{named}
	}
	b.ReportAllocs()
	for b.Loop() {
		system := akt.NewSystem()
		for i := range chained / depth {
			last, err := chain(system, strconv.Itoa(i), depth, named, each)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			name := last.Name()
			b.StartTimer()
			if found, ok := system.Lookup(name); !ok || found.Downgrade() != last.Downgrade() {
				b.Fatal("the last child was not found by its name")
			}
		}
		b.StopTimer()
		if err := system.Shutdown(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// chain runs a chain of actors, and returns the last.
func chain(
	system *akt.System, top string, depth int, last akt.Option, each []akt.Option,
) (*akt.Address, error) {
	addr, err := system.Run(link{}, akt.WithName(top))
	for range depth - 2 {
		if err == nil {
			addr, err = below(addr, each...)
		}
	}
	if err != nil {
		return nil, err
	}
	return below(addr, last)
}

// below runs a child of an actor.
func below(parent *akt.Address, opts ...akt.Option) (*akt.Address, error) {
	ctx, err := akt.Ask[akt.Context](context.Background(), parent, linkContext{})
	if err != nil {
		return nil, err
	}
	return ctx.Run(link{}, opts...)
}
