package tests_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These are contexts of a user's own types.

type ctxKey struct{}

// ownCtx is a context of a user's own type: package context cannot enter another one with it.
type ownCtx struct {
	context.Context
	done chan struct{}
	end  atomic.Pointer[error]
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

func newOwnCtx(parent context.Context) *ownCtx {
	return &ownCtx{Context: parent, done: make(chan struct{})}
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

// listeners is how many functions a context is to call at its end.
func (c *tellingCtx) listeners() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heard)
}

func newTellingCtx(parent context.Context) *tellingCtx {
	return &tellingCtx{ownCtx: newOwnCtx(parent), heard: map[*func()]struct{}{}}
}

// keptFrom returns the Context of a handler that was sent ctx, and has returned.
func keptFrom(
	ctx context.Context, t *testing.T, addr *akt.Address, use func(akt.Context),
) akt.Context {
	t.Helper()
	reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) {
		use(ctx)
		return ctx, nil
	}))
	require.NoError(t, err)
	return reply.(akt.Context)
}

// embeddingCtx is a context of a user's own type that only embeds one.
type embeddingCtx struct{ context.Context }
