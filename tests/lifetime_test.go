package tests_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// ownCtx is a context of a user's own type: package context cannot enter another one with it.
type ownCtx struct {
	context.Context
	done chan struct{}
	end  atomic.Pointer[error]
}

func newOwnCtx(parent context.Context) *ownCtx {
	return &ownCtx{Context: parent, done: make(chan struct{})}
}

func (c *ownCtx) Done() <-chan struct{} { return c.done }

func (c *ownCtx) Err() error {
	if err := c.end.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *ownCtx) finish(err error) {
	c.end.Store(&err)
	close(c.done)
}

// tellingCtx tells of its end itself.
type tellingCtx struct {
	*ownCtx
	mu    sync.Mutex
	heard map[*func()]struct{}
}

func (c *tellingCtx) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard[&f] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, ok := c.heard[&f]
		delete(c.heard, &f)
		return ok
	}
}

func (c *tellingCtx) finish(err error) {
	c.ownCtx.finish(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	for f := range c.heard {
		go (*f)()
	}
}

// keptFrom returns the Context of a handler that was sent ctx, and has returned.
func keptFrom(ctx context.Context, t *testing.T, addr *akt.Address, use func(akt.Context)) akt.Context {
	t.Helper()
	reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) {
		use(ctx)
		return ctx, nil
	}))
	require.NoError(t, err)
	return reply.(akt.Context)
}

// ctxUses are what handlers do with a Context.
var ctxUses = map[string]func(akt.Context){
	"nothing":     func(akt.Context) {},
	"Done":        func(ctx akt.Context) { _ = ctx.Done() },
	"Err":         func(ctx akt.Context) { _ = ctx.Err() },
	"AfterFunc":   func(ctx akt.Context) { _ = context.AfterFunc(ctx, func() {}) },
	"WithTimeout": func(ctx akt.Context) { _, cancel := context.WithTimeout(ctx, time.Hour); cancel() },
	"WithCancel":  func(ctx akt.Context) { _, cancel := context.WithCancel(ctx); _ = cancel },
	"Go": func(ctx akt.Context) {
		_, _ = akt.Go(ctx, func(ctx context.Context) (int, error) { _ = ctx.Done(); return 0, nil }).Wait(ctx)
	},
	"sent on":       func(ctx akt.Context) { _, _ = ctx.Private().Send(context.WithoutCancel(ctx), 1); _ = ctx.Done() },
	"passed by":     func(ctx akt.Context) { c := ctx; c.Context = context.WithValue(ctx.Context, ctxKey{}, 1); _ = c.Done() },
	"with a cancel": func(ctx akt.Context) { d, cancel := context.WithCancel(ctx); <-closedAfter(cancel, d.Done()) },
}

func closedAfter(cancel func(), done <-chan struct{}) <-chan struct{} {
	cancel()
	return done
}

// A handler's Context is held by nobody but who has it: what came with a sender's context that never ends is freed, and no
// goroutine stays behind.
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
		"an own type":     func(parent context.Context) context.Context { return newOwnCtx(parent) },
		"a value on that": func(parent context.Context) context.Context { return context.WithValue(newOwnCtx(parent), ownKey{}, 1) },
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
				continue // one that is not canceled is held by its parent, which lives as long as the system
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
					_ = keptFrom(sender(context.WithValue(context.Background(), ctxKey{}, v)), t, addr, f)
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

// embeddingCtx is a context of a user's own type that only embeds one.
type embeddingCtx struct{ context.Context }

// Of a sender's context that lives long, what its handlers made of it is not held either: the values of one request at most.
func TestContextsOfALongLivedSenderAreNotHeld(t *testing.T) {
	t.Parallel()
	long, cancel := context.WithCancel(t.Context())
	defer cancel()
	own := newOwnCtx(t.Context())
	telling := &tellingCtx{ownCtx: newOwnCtx(t.Context()), heard: map[*func()]struct{}{}}
	for name, parent := range map[string]context.Context{"WithCancel": long, "an own type": own, "one that tells": telling} {
		t.Run(name, func(t *testing.T) {
			system := akt.NewSystem()
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			freed := make(chan struct{}, 50)
			for range 50 {
				v := new([1000]int)
				runtime.AddCleanup(v, func(struct{}) { freed <- struct{}{} }, struct{}{})
				_ = keptFrom(context.WithValue(parent, ctxKey{}, v), t, addr, func(ctx akt.Context) { _ = ctx.Done() })
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

// For a sender's context of a user's own type, a goroutine waits for its end at most as long as the handler, or a function of Go, runs.
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
				_ = keptFrom(newOwnCtx(t.Context()), t, addr, func(ctx akt.Context) { _ = ctx.Done() })
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

// Shutdown's end closes Done of every Context, also of those that were kept, and Err says for ever what came first.
func TestShutdownEndsKeptContexts(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(context.Context) (context.Context, func()){
		"WithCancel": func(ctx context.Context) (context.Context, func()) { return context.WithCancel(ctx) },
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

// The cause of a sender's context of whatever type is found through the handler's Context.
func TestContextKeepsTheCauseOfOwnTypes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		cause := errors.New("the cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		kept := keptFrom(embeddingCtx{ctx}, t, addr, func(akt.Context) {})
		derived, stop := context.WithCancel(kept)
		defer stop()
		cancel(cause)
		<-derived.Done()
		require.Equal(t, context.Canceled, kept.Err())
		require.Equal(t, cause, context.Cause(kept))
		require.Equal(t, cause, context.Cause(derived))
	})
}

// Done is closed at the latest when Err tells of the end, also where many ask while the sender's context ends.
func TestErrAndDoneAgree(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		kept := keptFrom(ctx, t, addr, func(akt.Context) {})
		done := kept.Done()
		var all sync.WaitGroup
		all.Go(cancel)
		for range 3 {
			all.Go(func() {
				for kept.Err() == nil {
					runtime.Gosched()
				}
				select {
				case <-done:
				default:
					t.Error("Err tells of an end, and Done is open")
				}
			})
		}
		all.Wait()
	}
}

// fickleCtx has another Done at each call, and no Err when it has ended.
type fickleCtx struct {
	context.Context
	first chan struct{}
	asked atomic.Int32
}

func (c *fickleCtx) Done() <-chan struct{} {
	if c.asked.Add(1) <= 2 {
		return c.first
	}
	return make(chan struct{})
}

func (*fickleCtx) Err() error { return nil }

// A handler's Context is as a context should be, also where its sender's is not.
func TestContextOfAFickleSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		sender := &fickleCtx{Context: t.Context(), first: make(chan struct{})}
		_, _ = addr.Send(sender, deed(func(ctx akt.Context) {
			done := ctx.Done()
			assert.Equal(t, done, ctx.Done())
			c := ctx
			assert.Equal(t, done, c.Done())
			assert.NoError(t, ctx.Err())
			close(sender.first)
			<-done
			assert.Equal(t, context.Canceled, ctx.Err())
			assert.Equal(t, done, ctx.Done())
		}))
	})
}

type ownKey struct{}
