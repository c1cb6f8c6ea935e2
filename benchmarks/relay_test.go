package benchmarks

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

// BenchmarkRelay times a notification that its handler sends on, each with a context derived from
// its own: n in a row and eight times as many, which must cost the same for each. An operation is
// one relay. The timed region has deriving the context; it leaves out starting and stopping the
// actor.
func BenchmarkRelay(b *testing.B) {
	for _, by := range []struct {
		name   string
		derive func(ctx context.Context, n int) (context.Context, context.CancelFunc)
	}{
		{"own", func(ctx context.Context, _ int) (context.Context, context.CancelFunc) { return ctx, func() {} }},
		{"timeout", func(ctx context.Context, _ int) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Hour)
		}},
		{"value", func(ctx context.Context, n int) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, relayKey(n), n), func() {}
		}},
		{"own-type", func(ctx context.Context, n int) (context.Context, context.CancelFunc) {
			return &relayContext{ctx, n}, func() {}
		}},
	} {
		for _, n := range []int{1000, 8000} {
			b.Run(fmt.Sprintf("ctx=%s/relays=%d", by.name, n), func(b *testing.B) {
				r := &relayer{derive: by.derive, over: make(chan error, 1)}
				addr := runActor(b, r)
				b.ReportAllocs()
				b.ResetTimer()
				for left := b.N; left > 0; left -= n {
					if err := addr.Notify(context.Background(), leg{min(n, left)}); err != nil {
						b.Fatal(err)
					}
					if err := <-r.over; err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				endActor(addr)
			})
		}
	}
}

type relayKey int

// relayContext is a context of a type that package context does not know, with a value.
type relayContext struct {
	context.Context
	n int
}

func (c *relayContext) Value(key any) any {
	if key == relayKey(c.n) {
		return c.n
	}
	return c.Context.Value(key)
}

// leg is a message that is sent on so many times.
type leg struct{ Left int }

// relayer is the state of the actor.
type relayer struct {
	derive func(ctx context.Context, n int) (context.Context, context.CancelFunc)
	over   chan error
}

func (r *relayer) HandleLeg(ctx akt.Context, m leg) {
	if m.Left == 1 {
		if ctx.Value("none") != nil {
			r.over <- fmt.Errorf("a value that nobody has given")
			return
		}
		r.over <- nil
		return
	}
	derived, cancel := r.derive(ctx, m.Left)
	defer cancel()
	if err := ctx.Private().Notify(derived, leg{m.Left - 1}); err != nil {
		r.over <- err
	}
}
