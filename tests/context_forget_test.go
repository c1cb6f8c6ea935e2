package tests_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what contexts must not hold or grow by: ended actors, values of former
// requests, and goroutines that wait for an end.

// ctxUses are what handlers do with a Context.
var ctxUses = map[string]func(akt.Context){
	"nothing":   func(akt.Context) {},
	"Done":      func(ctx akt.Context) { _ = ctx.Done() },
	"Err":       func(ctx akt.Context) { _ = ctx.Err() },
	"AfterFunc": func(ctx akt.Context) { _ = context.AfterFunc(ctx, func() {}) },
	"WithTimeout": func(ctx akt.Context) {
		_, cancel := context.WithTimeout(ctx, time.Hour)
		cancel()
	},
	"WithCancel": func(ctx akt.Context) { _, cancel := context.WithCancel(ctx); _ = cancel },
	"Go": func(ctx akt.Context) {
		_, _ = akt.Go(ctx,
			func(ctx context.Context) (int, error) { _ = ctx.Done(); return 0, nil }).Wait(ctx)
	},
	"sent on": func(ctx akt.Context) {
		_, _ = ctx.Private().Send(context.WithoutCancel(ctx), 1)
		_ = ctx.Done()
	},
	"passed by": func(ctx akt.Context) {
		c := ctx
		c.Context = context.WithValue(ctx.Context, ctxKey{}, 1)
		_ = c.Done()
	},
	"with a cancel": func(ctx akt.Context) {
		d, cancel := context.WithCancel(ctx)
		<-closedAfter(cancel, d.Done())
	},
}

func closedAfter(cancel func(), done <-chan struct{}) <-chan struct{} {
	cancel()
	return done
}

// A handler's Context is held by nobody but who has it: what came with a sender's context that
// never ends is freed, and no goroutine stays behind.
func TestContextsAreNotHeld(t *testing.T) {
	t.Parallel()
	senders := map[string]func(parent context.Context) context.Context{
		"WithCancel": func(parent context.Context) context.Context {
			ctx, cancel := context.WithCancel(parent)
			_ = cancel
			return ctx
		},
		"a value on it": func(parent context.Context) context.Context {
			ctx, cancel := context.WithCancel(parent)
			_ = cancel
			return context.WithValue(ctx, ownKey{}, 1)
		},
		"an own type": func(parent context.Context) context.Context {
			return newOwnCtx(parent)
		},
		"a value on that": func(parent context.Context) context.Context {
			return context.WithValue(newOwnCtx(parent), ownKey{}, 1)
		},
		"one that tells": func(parent context.Context) context.Context {
			return &tellingCtx{ownCtx: newOwnCtx(parent), heard: map[*func()]struct{}{}}
		},
		"an embedding one": func(parent context.Context) context.Context {
			c, cancel := context.WithCancel(parent)
			_ = cancel
			return embeddingCtx{c}
		},
		"Background and value": func(parent context.Context) context.Context { return parent },
	}
	for name, sender := range senders {
		for use, f := range ctxUses {
			if name == "Background and value" && use == "WithCancel" {
				// One that is not canceled is held by its parent, which lives as long as the
				// system.
				continue
			}
			if name == "Background and value" && use == "AfterFunc" {
				continue // so is that
			}
			t.Run(name+", "+use, func(t *testing.T) {
				t.Parallel()
				system := akt.NewSystem()
				addr, err := system.Run(&doll{})
				require.NoError(t, err)
				freed := make(chan struct{}, 50)
				for range 50 {
					v := new([1000]int)
					runtime.AddCleanup(v, func(struct{}) { freed <- struct{}{} }, struct{}{})
					_ = keptFrom(sender(context.WithValue(context.Background(), ctxKey{}, v)), t,
						addr, f)
				}
				for range 10 {
					runtime.GC()
					runtime.Gosched()
				}
				require.Greater(t, len(freed), 40)
				shutDown(t, system)
			})
		}
	}
}

// Of a sender's context that lives long, what its handlers made of it is not held either: the
// values of one request at most.
func TestContextsOfALongLivedSenderAreNotHeld(t *testing.T) {
	t.Parallel()
	long, cancel := context.WithCancel(t.Context())
	defer cancel()
	own := newOwnCtx(t.Context())
	telling := &tellingCtx{ownCtx: newOwnCtx(t.Context()), heard: map[*func()]struct{}{}}
	for name, parent := range map[string]context.Context{
		"WithCancel": long, "an own type": own, "one that tells": telling,
	} {
		t.Run(name, func(t *testing.T) {
			system := akt.NewSystem()
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			freed := make(chan struct{}, 50)
			for range 50 {
				v := new([1000]int)
				runtime.AddCleanup(v, func(struct{}) { freed <- struct{}{} }, struct{}{})
				_ = keptFrom(context.WithValue(parent, ctxKey{}, v), t, addr,
					func(ctx akt.Context) { _ = ctx.Done() })
			}
			for range 10 {
				runtime.GC()
				runtime.Gosched()
			}
			require.Greater(t, len(freed), 45)
			shutDown(t, system)
			runtime.KeepAlive(parent)
		})
	}
}

// For a sender's context of a user's own type, a goroutine waits for its end at most as long as the
// handler, or a function of Go, runs.
func TestOwnContextsEndIsSeenWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	over := errors.New("over")
	for _, inline := range []bool{false, true} {
		t.Run(map[bool]string{false: "queued", true: "inline"}[inline], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var opts []akt.Option
				if inline {
					opts = append(opts, akt.WithInlineSend())
				}
				addr := run(t, &doll{}, opts...)
				before := goroutinesOfBubble(t)
				_ = keptFrom(newOwnCtx(t.Context()), t, addr, func(ctx akt.Context) {
					_ = ctx.Done()
				})
				require.Equal(t, before, goroutinesOfBubble(t), "after the handler's return")

				sender := newOwnCtx(t.Context())
				_, _ = addr.Send(sender, deed(func(ctx akt.Context) {
					derived, cancel := context.WithTimeout(ctx, time.Hour)
					defer cancel()
					done := ctx.Done()
					sender.finish(over)
					<-derived.Done()
					<-done
					assert.Equal(t, done, ctx.Done())
					assert.Equal(t, over, ctx.Err())
				}))

				sender = newOwnCtx(t.Context())
				went := make(chan error, 1)
				kept := keptFrom(sender, t, addr, func(ctx akt.Context) {
					akt.Go(ctx, func(ctx context.Context) (int, error) {
						<-ctx.Done()
						went <- ctx.Err()
						return 0, nil
					})
				})
				synctest.Wait()
				require.Empty(t, went)
				require.NoError(t, kept.Err())
				sender.finish(over)
				require.Equal(t, over, <-went)
				synctest.Wait()
				require.Equal(t, before, goroutinesOfBubble(t))
				require.Equal(t, over, kept.Err())
				<-kept.Done()
			})
		})
	}
}

// The end of a sender's context that has AfterFunc is seen at any time, and without a goroutine.
func TestTellingContextsEndIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		over := errors.New("over")
		sender := &tellingCtx{ownCtx: newOwnCtx(t.Context()), heard: map[*func()]struct{}{}}
		before := goroutinesOfBubble(t)
		kept := keptFrom(sender, t, addr, func(ctx akt.Context) { _ = ctx.Done() })
		again := keptFrom(sender, t, addr, func(ctx akt.Context) { _ = ctx.Done() })
		require.Equal(t, before, goroutinesOfBubble(t))
		require.Len(t, sender.heard, 1)
		sender.finish(over)
		<-kept.Done()
		<-again.Done()
		require.Equal(t, over, kept.Err())
		require.Equal(t, over, again.Err())
	})
}

// Shutdown's end closes Done of every Context, also of those that were kept, and Err says for ever
// what came first.
func TestShutdownEndsKeptContexts(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(context.Context) (context.Context, func()){
		"WithCancel": func(ctx context.Context) (context.Context, func()) {
			return context.WithCancel(ctx)
		},
		"WithTimeout": func(ctx context.Context) (context.Context, func()) {
			return context.WithTimeout(ctx, time.Hour)
		},
		"a value": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			return context.WithValue(ctx, ctxKey{}, 1), cancel
		},
		"embedding": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			return embeddingCtx{ctx}, cancel
		},
		"own": func(ctx context.Context) (context.Context, func()) {
			own := newOwnCtx(ctx)
			return own, func() { own.finish(errors.New("over")) }
		},
		"telling": func(ctx context.Context) (context.Context, func()) {
			own := &tellingCtx{ownCtx: newOwnCtx(ctx), heard: map[*func()]struct{}{}}
			return own, func() { own.finish(errors.New("over")) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := akt.NewSystem()
				addr, err := system.Run(&doll{})
				require.NoError(t, err)
				sender, end := make(t.Context())
				kept := keptFrom(sender, t, addr, func(akt.Context) {})
				ended, endFirst := make(t.Context())
				first := keptFrom(ended, t, addr, func(ctx akt.Context) { _ = ctx.Done() })
				done := kept.Done()
				derived, cancel := context.WithCancel(kept)
				defer cancel()
				require.NoError(t, kept.Err())
				require.NoError(t, context.Cause(kept))
				endFirst()
				synctest.Wait()
				why := first.Err()
				require.Error(t, why)
				leave := hold(t, addr)
				over, cancelOver := context.WithCancel(t.Context())
				cancelOver()
				require.Error(t, system.Shutdown(over))
				<-done
				<-derived.Done()
				require.Equal(t, context.Canceled, kept.Err())
				end()
				runtime.GC()
				require.Equal(t, context.Canceled, kept.Err())
				<-kept.Done()
				require.Equal(t, why, first.Err())
				<-first.Done()
				leave()
				<-addr.Done()
			})
		})
	}
}

type ownKey struct{}

// WithContext: the context lets go of an actor that has ended, however it did, and of one that
// never started: nothing is registered with it any more. A restart registers nothing anew.
func TestWithContextLetsGoOfEndedActors(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, system *akt.System, addr *akt.Address){
		"Stop":    func(_ *testing.T, _ *akt.System, addr *akt.Address) { addr.Stop() },
		"Release": func(_ *testing.T, _ *akt.System, addr *akt.Address) { addr.Release() },
		"Context.Stop": func(t *testing.T, _ *akt.System, addr *akt.Address) {
			t.Helper()
			contextOf(t, addr).Stop()
		},
		"a panic": func(t *testing.T, _ *akt.System, addr *akt.Address) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), Stray{}))
		},
		"Shutdown": func(t *testing.T, system *akt.System, _ *akt.Address) {
			t.Helper()
			shutDown(t, system)
		},
		"an impatient Shutdown": func(t *testing.T, system *akt.System, addr *akt.Address) {
			t.Helper()
			leave := hold(t, addr)
			require.Error(t, system.Shutdown(ended(t)))
			leave()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				life := newTellingCtx(t.Context())
				system := akt.NewSystem()
				n := 0
				addr, err := system.Run(akt.Spawner[*doll](func() *doll { n++; return &doll{} }),
					quiet(),
					akt.WithContext(life), akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
				require.NoError(t, err)
				require.Equal(t, 1, life.listeners())
				require.NoError(t, addr.Notify(t.Context(), crash()))
				settled(t, addr)
				require.Equal(t, 2, n, "it was restarted")
				require.Equal(t, 1, life.listeners())
				weak := addr.Downgrade()
				end(t, system, addr)
				<-weak.Done()
				require.Zero(t, life.listeners())
				shutDown(t, system)
			})
		})
	}
}

// WithContext: while OnStart runs its Context ends with this one too, for which something is
// registered; when OnStart has returned, or failed, that is undone.
func TestWithContextLetsGoOfOnStart(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			life := newTellingCtx(t.Context())
			system := akt.NewSystem()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			addr, _, err := system.LookupOrRun(ctx, "a", func() any {
				return &doll{onStart: func(ctx akt.Context) error {
					assert.NotNil(t, ctx.Done())
					assert.Equal(t, 1, life.listeners())
					if fails {
						return own
					}
					return nil
				}}
			}, akt.WithContext(life))
			synctest.Wait()
			if fails {
				require.ErrorIs(t, err, own)
				require.Zero(t, life.listeners())
			} else {
				require.NoError(t, err)
				require.Equal(t, 1, life.listeners(), "to stop the actor")
				addr.Stop()
				<-addr.Done()
				require.Zero(t, life.listeners())
			}
			shutDown(t, system)
		})
	}
}

// NewPromise: a context that is no handler's lets go of a Promise that was settled.
func TestContextLetsGoOfSettledPromises(t *testing.T) {
	t.Parallel()
	life := newTellingCtx(t.Context())
	promise, future := akt.NewPromise[int](life)
	require.Equal(t, 1, life.listeners())
	promise.Resolve(1)
	_, err := future.Wait(t.Context())
	require.NoError(t, err)
	require.Zero(t, life.listeners())
}

// chainKey is the key of a value, by its name.
type chainKey string

func stackDepth() int { return runtime.Callers(0, make([]uintptr, 1000)) }

// chainProbe is a context that writes down how a look-up of a value gets to it. It is asked by one
// handler at a time.
type chainProbe struct {
	context.Context
	asked, depth int // how often, and how many calls deep
}

func (p *chainProbe) Value(key any) any {
	if key == chainKey("probe") {
		p.asked++
		p.depth = stackDepth()
	}
	return p.Context.Value(key)
}

// look looks a value up in ctx, and returns how often the probe was asked for it, and how deep in
// ctx it is.
func (p *chainProbe) look(ctx context.Context) (asked, depth int) {
	p.asked, p.depth = 0, 0
	_ = ctx.Value(chainKey("probe"))
	return p.asked, p.depth - stackDepth()
}

// Context: however long notifications send each other on with the handler's own ctx, no look-up
// gets longer, and the values of the first sender stay.
func TestChainOfNotificationsDoesNotGrow(t *testing.T) {
	t.Parallel()
	const hops = 3000
	for _, row := range []struct {
		name string
		hop  func(ctx akt.Context, self, peer akt.Sender, next dollAct) error
	}{
		{"public, to itself", func(ctx akt.Context, self, _ akt.Sender, next dollAct) error {
			return self.Notify(ctx, next)
		}},
		{"private, to itself", func(ctx akt.Context, _, _ akt.Sender, next dollAct) error {
			return ctx.Private().Notify(ctx, next)
		}},
		{"by a request between", func(ctx akt.Context, self, peer akt.Sender, next dollAct) error {
			_, err := peer.Send(ctx,
				play(func(ctx akt.Context) (any, error) { return nil, self.Notify(ctx, next) }))
			return err
		}},
		{"by a notification between",
			func(ctx akt.Context, self, peer akt.Sender, next dollAct) error {
				return peer.Notify(ctx,
					play(func(ctx akt.Context) (any, error) { return nil, self.Notify(ctx, next) }))
			}},
		{"by a function between", func(ctx akt.Context, self, _ akt.Sender, next dollAct) error {
			akt.Go(ctx, func(ctx context.Context) (any, error) {
				return nil, self.Notify(ctx, next)
			})
			return nil
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			self, peer := run(t, &doll{}), run(t, &doll{})
			probe := &chainProbe{Context: context.WithValue(t.Context(), chainKey("first"),
				"first")}
			done := make(chan struct{})
			n, depthThen := 0, 0
			var next dollAct
			next = play(func(ctx akt.Context) (any, error) {
				n++
				switch n {
				case 2: // the first that a handler has sent
					_, depthThen = probe.look(ctx)
				case hops:
					asked, depth := probe.look(ctx)
					assert.Equal(t, 1, asked)
					assert.Equal(t, depthThen, depth)
					assert.Equal(t, "first", ctx.Value(chainKey("first")))
					close(done)
					return nil, nil
				}
				return nil, row.hop(ctx, self, peer, next)
			})
			require.NoError(t, self.Notify(probe, next))
			<-done
		})
	}
}

// WithContext: in a chain of notifications between two actors each handler sees the values of its
// sender, and behind them those of its own actor, once each, however long the chain is.
func TestChainBetweenActorsWithValues(t *testing.T) {
	t.Parallel()
	const hops = 3001 // an odd number: the last one is with the first actor
	valued := func(name string) (*akt.Address, *chainProbe) {
		probe := &chainProbe{Context: context.WithValue(
			context.WithValue(t.Context(), chainKey(name), name), chainKey("shared"), name)}
		return run(t, &doll{}, akt.WithContext(probe)), probe
	}
	first, ofFirst := valued("first")
	second, ofSecond := valued("second")
	done := make(chan struct{})
	n := 0
	var depths [2]int
	var next dollAct
	next = play(func(ctx akt.Context) (any, error) {
		n++
		switch n {
		case 3:
			_, depths[0] = ofFirst.look(ctx)
			_, depths[1] = ofSecond.look(ctx)
		case hops:
			for i, probe := range []*chainProbe{ofFirst, ofSecond} {
				asked, depth := probe.look(ctx)
				assert.Equal(t, 1, asked)
				assert.Equal(t, depths[i], depth)
			}
		}
		if n < 10 || n > hops-10 {
			assert.Equal(t, "first", ctx.Value(chainKey("first")))
			assert.Equal(t, "first", ctx.Value(chainKey("shared")),
				"the values of the sender go first")
			assert.Equal(t, n > 1, ctx.Value(chainKey("second")) == "second")
		}
		switch {
		case n == hops:
			close(done)
			return nil, nil
		case n%2 == 1:
			return nil, second.Notify(ctx, next)
		}
		return nil, first.Notify(ctx, next)
	})
	require.NoError(t, first.Notify(t.Context(), next))
	<-done
}

// L1: nothing of the actors that have ended is kept by the long context of who sent to them, nor by
// the handlers that asked for its end and handed it on.
func TestLongContextKeepsNoEndedActors(t *testing.T) {
	t.Parallel()
	const actors = 50
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	system := akt.NewSystem()
	defer shutDown(t, system)
	var collected atomic.Int32
	brief := func(ctx context.Context, act dollAct) {
		mark := new([16]byte) // what an actor's own values refer to is collected with the actor
		runtime.AddCleanup(mark, func(n *atomic.Int32) { n.Add(1) }, &collected)
		addr, err := system.Run(&doll{},
			akt.WithContext(context.WithValue(context.Background(), ctxKey{}, mark)))
		if !assert.NoError(t, err) {
			return
		}
		_, err = addr.Send(ctx, act)
		assert.NoError(t, err)
		addr.Release()
		<-addr.Done()
	}
	waits := deed(func(ctx akt.Context) { _ = ctx.Done() })
	for range actors {
		brief(ctx, waits)
		brief(ctx, deed(func(ctx akt.Context) {
			brief(ctx, waits)
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			brief(limited, waits)
		}))
	}
	deadline := time.Now().Add(10 * time.Second)
	for collected.Load() < 4*actors && time.Now().Before(deadline) {
		runtime.GC()
		runtime.Gosched()
	}
	require.EqualValues(t, 4*actors, collected.Load())
	require.NoError(t, ctx.Err())
}

// L1: a chain of notifications that goes by the OnStart of children keeps nothing of the children
// that have ended.
func TestChainByOnStartKeepsNoEndedActors(t *testing.T) {
	t.Parallel()
	const hops = 100
	parent := run(t, &doll{})
	var collected atomic.Int32
	done, left := make(chan struct{}), hops
	var hop func(ctx akt.Context)
	hop = func(ctx akt.Context) {
		if left--; left == 0 {
			deadline := time.Now().Add(10 * time.Second)
			for collected.Load() < hops-5 && time.Now().Before(deadline) {
				runtime.GC()
				runtime.Gosched()
			}
			close(done)
			runtime.KeepAlive(ctx)
			return
		}
		mark := new([16]byte)
		runtime.AddCleanup(mark, func(n *atomic.Int32) { n.Add(1) }, &collected)
		child, err := ctx.Run(
			&doll{onStart: func(ctx akt.Context) error { return parent.Notify(ctx, deed(hop)) }},
			akt.WithContext(context.WithValue(context.Background(), ctxKey{}, mark)))
		if assert.NoError(t, err) {
			child.Stop()
		}
	}
	require.NoError(t, parent.Notify(context.Background(), deed(hop)))
	<-done
	require.GreaterOrEqual(t, collected.Load(), int32(hops-5))
}
