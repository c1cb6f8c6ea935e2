package akt

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

type noticeNumber int

// noticeEmbedding is a context of a user's own type that adds no values; noticeOwn adds one, and lets all others through;
// noticeHiding lets none through.
type (
	noticeEmbedding struct{ context.Context }
	noticeOwn       struct {
		context.Context
		key any
		val any
	}
	noticeHiding struct{ context.Context }
)

func (noticeEmbedding) Deadline() (deadline time.Time, ok bool) { return deadline, false }

func (c *noticeOwn) Value(key any) any {
	if key == c.key {
		return c.val
	}
	return c.Context.Value(key)
}

func (noticeHiding) Value(any) any { return nil }

// relay is the Context of a handler for what was sent with ctx.
func relay(ctx context.Context, base *notice) Context {
	a := &actor{system: defaultSystem, config: &config{base: base}}
	return Context{Context: noticeOf(ctx, base), actor: a, run: runEndless}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func inAnHour(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	cancel()
	return ctx
}

// Relays: a context that adds no value adds nothing, however it was derived, and does not count.
func TestRelaysWithoutValues(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(context.Context) context.Context{
		"itself":           func(ctx context.Context) context.Context { return ctx },
		"WithCancel":       canceled,
		"WithTimeout":      inAnHour,
		"WithoutCancel":    context.WithoutCancel,
		"mixed":            func(ctx context.Context) context.Context { return canceled(context.WithoutCancel(inAnHour(ctx))) },
		"an own type":      func(ctx context.Context) context.Context { return noticeEmbedding{ctx} },
		"an own pointer":   func(ctx context.Context) context.Context { return &noticeEmbedding{canceled(ctx)} },
		"by a request":     func(ctx context.Context) context.Context { return Context{Context: inAnHour(ctx), actor: nobody} },
		"through a start":  func(ctx context.Context) context.Context { return startContext{ctx, context.Background(), Context{}} },
		"without an actor": func(ctx context.Context) context.Context { return Context{Context: ctx} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := relay(context.WithValue(t.Context(), noticeNumber(0), "root"), nil)
			last := first
			for range 200 {
				last = relay(derive(last), nil)
			}
			if _, layer := lifetime.Under(context.WithoutCancel(first)); layer == lifetime.Unknown &&
				(name == "WithoutCancel" || name == "mixed") {
				return // built without unsafe code, nobody sees through it: it counts
			}
			require.Same(t, first.Context, last.Context)
			require.Equal(t, "root", last.Value(noticeNumber(0)))
		})
	}
}

// Relays: a handler sees the values that the last 64 relays have added, the newest first, and none that are older.
func TestRelaysWithValues(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(ctx context.Context, key, val any) context.Context{
		"WithValue": context.WithValue,
		"WithValue below a timeout": func(ctx context.Context, key, val any) context.Context {
			return inAnHour(context.WithValue(canceled(ctx), key, val))
		},
		"two values": func(ctx context.Context, key, val any) context.Context {
			return context.WithValue(context.WithValue(ctx, key, val), noticeNumber(-2), val)
		},
		"an interceptor's": func(ctx context.Context, key, val any) context.Context {
			c := ctx.(Context)
			c.Context = context.WithValue(c.Context, key, val)
			return c
		},
		"an own type": func(ctx context.Context, key, val any) context.Context {
			return &noticeOwn{ctx, key, val}
		},
		"an own type below a value": func(ctx context.Context, key, val any) context.Context {
			return context.WithValue(&noticeOwn{inAnHour(ctx), key, val}, noticeNumber(-2), val)
		},
		"now this, now that": func(ctx context.Context, key, val any) context.Context {
			if key.(noticeNumber)%2 == 0 {
				return context.WithValue(ctx, key, val)
			}
			return &noticeOwn{ctx, key, val}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := baseOf(context.WithValue(t.Context(), noticeNumber(-1), "base"))
			last := relay(context.WithValue(t.Context(), noticeNumber(0), 0), base)
			for n := range 300 {
				ctx := derive(last, noticeNumber(n+1), n+1)
				last = relay(inAnHour(context.WithValue(ctx, sameKey{}, n+1)), base)
			}
			require.Equal(t, 300, last.Value(sameKey{}))
			for n := 300; n > 300-maxRelays; n-- {
				require.Equal(t, n, last.Value(noticeNumber(n)))
			}
			oldest := 300 - maxRelays
			if name == "now this, now that" {
				oldest -= maxRelays // where one type hides what it leads down to, up to as many more are seen
			}
			for n := oldest; n >= 0; n-- {
				require.Nil(t, last.Value(noticeNumber(n)), n)
			}
			require.Equal(t, "base", last.Value(noticeNumber(-1)))
			require.Nil(t, last.Value("none"))
			require.LessOrEqual(t, len(last.Context.(*notice).all()), maxRelays+1)
		})
	}
}

// Relays: what is nil in a newer context is nil.
func TestRelayedNilHidesAValue(t *testing.T) {
	t.Parallel()
	first := relay(context.WithValue(t.Context(), noticeNumber(0), "root"), nil)
	second := relay(context.WithValue(first, noticeNumber(0), nil), nil)
	require.Nil(t, second.Value(noticeNumber(0)))
	require.Equal(t, "root", first.Value(noticeNumber(0)), "the Context before is as it was")
}

// Relays: a Context that is kept has its values, whatever was made of it since.
func TestRelayedContextsAreKept(t *testing.T) {
	t.Parallel()
	last := relay(context.WithValue(t.Context(), noticeNumber(0), 0), nil)
	var kept []Context
	for n := range 200 {
		kept = append(kept, last)
		last = relay(context.WithValue(last, noticeNumber(n+1), n+1), nil)
	}
	for n, ctx := range kept {
		for m := range 201 {
			if got := ctx.Value(noticeNumber(m)); m > n || m <= n-maxRelays {
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
	for name, derive := range map[string]func(ctx context.Context, val *noticeOwn) context.Context{
		"WithValue": func(ctx context.Context, val *noticeOwn) context.Context {
			return context.WithValue(ctx, noticeNumber(0), val)
		},
		"an own type": func(ctx context.Context, val *noticeOwn) context.Context {
			val.Context, val.key, val.val = ctx, noticeNumber(0), 1
			return val
		},
		"an own type that hides all below": func(ctx context.Context, val *noticeOwn) context.Context {
			val.Context = ctx
			return noticeHiding{val}
		},
		"now this, now that": func(ctx context.Context, val *noticeOwn) context.Context {
			if val.val.(int)%3 == 0 {
				return context.WithValue(ctx, noticeNumber(0), val)
			}
			val.Context = ctx
			return inAnHour(val)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := relay(t.Context(), nil)
			var made []weak.Pointer[noticeOwn]
			for n := range 1000 {
				val := &noticeOwn{val: n}
				made = append(made, weak.Make(val))
				last = relay(derive(last, val), nil)
			}
			alive := len(made)
			for n := 0; n < 100 && alive > 2*maxRelays+1; n++ { // package context has started goroutines, which end
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

// Relays: those through ever-new actors do not grow either, be their WithContext the same, or one for each, and each
// actor's own values are there.
func TestRelaysThroughNewActors(t *testing.T) {
	t.Parallel()
	common := context.WithValue(t.Context(), noticeNumber(-1), "common")
	for name, next := range map[string]func(n int, last Context) context.Context{
		"the same context": func(int, Context) context.Context { return common },
		"derived from it":  func(int, Context) context.Context { return inAnHour(common) },
		"the handler's":    func(_ int, last Context) context.Context { return last },
		"derived from the handler's": func(n int, last Context) context.Context {
			return context.WithValue(last, noticeNumber(n), n)
		},
		"ever new": func(n int, _ Context) context.Context {
			return context.WithValue(context.Background(), noticeNumber(n), n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := relay(common, baseOf(common))
			for n := range 700 {
				last = relay(inAnHour(last), baseOf(next(n, last)))
				require.LessOrEqual(t, len(last.Context.(*notice).all()), 4*maxRelays)
			}
			if name == "ever new" || name == "derived from the handler's" {
				require.Equal(t, 699, last.Value(noticeNumber(699)))
				require.Equal(t, 650, last.Value(noticeNumber(650)))
				require.Nil(t, last.Value(noticeNumber(100)))
			} else {
				require.Equal(t, "common", last.Value(noticeNumber(-1)))
				require.Len(t, last.Context.(*notice).all(), 1)
			}
		})
	}
}

// WithContext: two actors that send each other notifications for ever have the values of both, behind those that were added.
func TestRelaysBetweenTwoBases(t *testing.T) {
	t.Parallel()
	var bases [2]*notice
	for n := range bases {
		bases[n] = baseOf(context.WithValue(t.Context(), noticeNumber(-n-1), fmt.Sprint("base ", n)))
	}
	last := relay(t.Context(), bases[0])
	for n := range 300 {
		ctx := context.Context(last)
		if n%3 > 0 {
			ctx = context.WithValue(last, noticeNumber(n), n)
		}
		last = relay(ctx, bases[(n+1)%2])
		require.Equal(t, "base 0", last.Value(noticeNumber(-1)))
		if n > 0 {
			require.Equal(t, "base 1", last.Value(noticeNumber(-2)))
		}
	}
}

// Value: what was handed through any number of actors by requests is looked through by a loop.
func TestValueThroughManyRequests(t *testing.T) {
	t.Parallel()
	depth := 0
	root := &noticeDepth{t.Context(), &depth}
	var last context.Context = root
	for range 10_000 {
		last = Context{Context: last, actor: nobody}
	}
	require.Equal(t, "root", last.Value(noticeNumber(0)))
	require.Less(t, depth, 10)
	found, ok := FromContext(last)
	require.True(t, ok)
	require.Equal(t, last, found)
}

// noticeDepth notes how deep the stack is where it is asked for a value.
type noticeDepth struct {
	context.Context
	depth *int
}

func (c *noticeDepth) Value(key any) any {
	*c.depth = runtime.Callers(1, make([]uintptr, 100))
	if key == noticeNumber(0) {
		return "root"
	}
	return c.Context.Value(key)
}
