package values

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/lifetime"
)

type sameKey struct{}

type number int

// embedding is a context of a user's own type that adds no values; own adds one, and lets all
// others through; hiding lets none through.
type (
	embedding struct{ context.Context }
	own       struct {
		context.Context
		key any
		val any
	}
	hiding struct{ context.Context }
)

func (embedding) Deadline() (deadline time.Time, ok bool) { return deadline, false }

func (c *own) Value(key any) any {
	if key == c.key {
		return c.val
	}
	return c.Context.Value(key)
}

func (hiding) Value(any) any { return nil }

// run is the context of an actor's run, and handed one that comes of it.
type (
	run struct {
		context.Context
		base *Carried
	}
	handed struct{ context.Context }
)

func through(ctx context.Context) (under context.Context, base *Carried, known bool) {
	switch c := ctx.(type) {
	case run:
		return c.Context, c.base, true
	case handed:
		return c.Context, nil, false
	}
	return nil, nil, false
}

// relay is the run of a handler for what was sent with ctx.
func relay(ctx context.Context, base *Carried) run { return run{Relayed(ctx, base, through), base} }

func baseOf(ctx context.Context) *Carried { return BaseOf(ctx, through) }

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func timed(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	cancel()
	return ctx
}

// Relays: a context that adds no value adds nothing, however it was derived, and does not count.
func TestRelaysWithoutValues(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(context.Context) context.Context{
		"itself":        func(ctx context.Context) context.Context { return ctx },
		"WithCancel":    canceled,
		"WithTimeout":   timed,
		"WithoutCancel": context.WithoutCancel,
		"mixed": func(ctx context.Context) context.Context {
			return canceled(context.WithoutCancel(timed(ctx)))
		},
		"an own type": func(ctx context.Context) context.Context { return embedding{ctx} },
		"an own pointer": func(ctx context.Context) context.Context {
			return &embedding{canceled(ctx)}
		},
		"by a request": func(ctx context.Context) context.Context {
			return run{Context: timed(ctx)}
		},
		"handed through": func(ctx context.Context) context.Context {
			return handed{run{Context: handed{ctx}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := relay(context.WithValue(t.Context(), number(0), "root"), nil)
			last := first
			for range 200 {
				last = relay(derive(last), nil)
			}
			_, layer := lifetime.Under(context.WithoutCancel(first))
			if layer == lifetime.Unknown && (name == "WithoutCancel" || name == "mixed") {
				return // built without unsafe code, nobody sees through it: it counts
			}
			require.Same(t, first.Context, last.Context)
			require.Equal(t, "root", last.Value(number(0)))
		})
	}
}

// Relays: a handler sees the values that the last 64 relays have added, the newest first, and none
// that are older.
func TestRelaysWithValues(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(ctx context.Context, key, val any) context.Context{
		"WithValue": context.WithValue,
		"WithValue below a timeout": func(ctx context.Context, key, val any) context.Context {
			return timed(context.WithValue(canceled(ctx), key, val))
		},
		"two values": func(ctx context.Context, key, val any) context.Context {
			return context.WithValue(context.WithValue(ctx, key, val), number(-2), val)
		},
		"an interceptor's": func(ctx context.Context, key, val any) context.Context {
			c := ctx.(run)
			c.Context = context.WithValue(c.Context, key, val)
			return c
		},
		"an own type": func(ctx context.Context, key, val any) context.Context {
			return &own{ctx, key, val}
		},
		"an own type below a value": func(ctx context.Context, key, val any) context.Context {
			return context.WithValue(&own{timed(ctx), key, val}, number(-2), val)
		},
		"now this, now that": func(ctx context.Context, key, val any) context.Context {
			if key.(number)%2 == 0 {
				return context.WithValue(ctx, key, val)
			}
			return &own{ctx, key, val}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := baseOf(context.WithValue(t.Context(), number(-1), "base"))
			last := relay(context.WithValue(t.Context(), number(0), 0), base)
			for n := range 300 {
				ctx := derive(last, number(n+1), n+1)
				last = relay(timed(context.WithValue(ctx, sameKey{}, n+1)), base)
			}
			require.Equal(t, 300, last.Value(sameKey{}))
			for n := 300; n > 300-maxRelays; n-- {
				require.Equal(t, n, last.Value(number(n)))
			}
			oldest := 300 - maxRelays
			if name == "now this, now that" {
				// where one type hides what it leads down to, up to as many more are seen
				oldest -= maxRelays
			}
			for n := oldest; n >= 0; n-- {
				require.Nil(t, last.Value(number(n)), n)
			}
			require.Equal(t, "base", last.Value(number(-1)))
			require.Nil(t, last.Value("none"))
			require.LessOrEqual(t, len(last.Context.(*Carried).all()), maxRelays+1)
		})
	}
}

// Relays: what is nil in a newer context is nil.
func TestRelayedNilHidesAValue(t *testing.T) {
	t.Parallel()
	first := relay(context.WithValue(t.Context(), number(0), "root"), nil)
	second := relay(context.WithValue(first, number(0), nil), nil)
	require.Nil(t, second.Value(number(0)))
	require.Equal(t, "root", first.Value(number(0)), "the Context before is as it was")
}

// Relays: a Context that is kept has its values, whatever was made of it since.
func TestRelayedContextsAreKept(t *testing.T) {
	t.Parallel()
	last := relay(context.WithValue(t.Context(), number(0), 0), nil)
	var kept []run
	for n := range 200 {
		kept = append(kept, last)
		last = relay(context.WithValue(last, number(n+1), n+1), nil)
	}
	for n, ctx := range kept {
		for m := range 201 {
			if got := ctx.Value(number(m)); m > n || m <= n-maxRelays {
				require.Nil(t, got)
			} else {
				require.Equal(t, m, got)
			}
		}
	}
}

// Relays: nothing holds what is too old, of whatever type the contexts are.
func TestRelaysHoldNothing(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(ctx context.Context, val *own) context.Context{
		"WithValue": func(ctx context.Context, val *own) context.Context {
			return context.WithValue(ctx, number(0), val)
		},
		"an own type": func(ctx context.Context, val *own) context.Context {
			val.Context, val.key, val.val = ctx, number(0), 1
			return val
		},
		"an own type that hides all below": func(ctx context.Context, val *own) context.Context {
			val.Context = ctx
			return hiding{val}
		},
		"now this, now that": func(ctx context.Context, val *own) context.Context {
			if val.val.(int)%3 == 0 {
				return context.WithValue(ctx, number(0), val)
			}
			val.Context = ctx
			return timed(val)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := relay(t.Context(), nil)
			var made []weak.Pointer[own]
			for n := range 1000 {
				val := &own{val: n}
				made = append(made, weak.Make(val))
				last = relay(derive(last, val), nil)
			}
			alive := len(made)
			// package context has started goroutines, which end
			for n := 0; n < 100 && alive > 2*maxRelays+1; n++ {
				runtime.GC()
				alive = 0
				for _, p := range made {
					if p.Value() != nil {
						alive++
					}
				}
			}
			require.LessOrEqual(t, alive, 2*maxRelays+1)
			runtime.KeepAlive(last)
		})
	}
}

// Relays: those through ever-new actors do not grow either, be their WithContext the same, or one
// for each, and each actor's own values are there.
func TestRelaysThroughNewActors(t *testing.T) {
	t.Parallel()
	common := context.WithValue(t.Context(), number(-1), "common")
	for name, next := range map[string]func(n int, last run) context.Context{
		"the same context": func(int, run) context.Context { return common },
		"derived from it":  func(int, run) context.Context { return timed(common) },
		"the handler's":    func(_ int, last run) context.Context { return last },
		"derived from the handler's": func(n int, last run) context.Context {
			return context.WithValue(last, number(n), n)
		},
		"ever new": func(n int, _ run) context.Context {
			return context.WithValue(context.Background(), number(n), n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := relay(common, baseOf(common))
			for n := range 700 {
				last = relay(timed(last), baseOf(next(n, last)))
				require.LessOrEqual(t, len(last.Context.(*Carried).all()), 4*maxRelays)
			}
			if name == "ever new" || name == "derived from the handler's" {
				require.Equal(t, 699, last.Value(number(699)))
				require.Equal(t, 650, last.Value(number(650)))
				require.Nil(t, last.Value(number(100)))
			} else {
				require.Equal(t, "common", last.Value(number(-1)))
				require.Len(t, last.Context.(*Carried).all(), 1)
			}
		})
	}
}

// WithContext: two actors that send each other notifications for ever have the values of both,
// behind those that were added.
func TestRelaysBetweenTwoBases(t *testing.T) {
	t.Parallel()
	var bases [2]*Carried
	for n := range bases {
		bases[n] = baseOf(context.WithValue(t.Context(), number(-n-1), fmt.Sprint("base ", n)))
	}
	last := relay(t.Context(), bases[0])
	for n := range 300 {
		ctx := context.Context(last)
		if n%3 > 0 {
			ctx = context.WithValue(last, number(n), n)
		}
		last = relay(ctx, bases[(n+1)%2])
		require.Equal(t, "base 0", last.Value(number(-1)))
		if n > 0 {
			require.Equal(t, "base 1", last.Value(number(-2)))
		}
	}
}
