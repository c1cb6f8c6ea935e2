package tests_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

func newTellingCtx(parent context.Context) *tellingCtx {
	return &tellingCtx{ownCtx: newOwnCtx(parent), heard: map[*func()]struct{}{}}
}

// listeners is how many functions a context is to call at its end.
func (c *tellingCtx) listeners() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heard)
}

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
		"Shutdown": func(t *testing.T, system *akt.System, _ *akt.Address) { t.Helper(); shutDown(t, system) },
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
				addr, err := system.Run(akt.Spawner[*doll](func() *doll { n++; return &doll{} }), quiet(),
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

// L1: a clone, and an address that Upgrade has made, is a reference like the first: where it is
// forgotten, the collector releases it, and the actor stops with the last.
func TestForgottenClonesAreCollected(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(addr *akt.Address) *akt.Address{
		"Clone":             (*akt.Address).Clone,
		"a clone's Clone":   func(addr *akt.Address) *akt.Address { return addr.Clone().Clone() },
		"Upgrade":           func(addr *akt.Address) *akt.Address { up, _ := addr.Downgrade().Upgrade(); return up },
		"Clone, of a clone": func(addr *akt.Address) *akt.Address { c := addr.Clone(); defer c.Release(); return c.Clone() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, release := range []bool{true, false} {
				var over atomic.Int32
				kept := func() *akt.Address {
					addr, err := akt.Run(&doll{onStopped: func(akt.Context) { over.Add(1) }})
					require.NoError(t, err)
					clone := again(addr)
					if release {
						addr.Release()
					}
					return clone
				}()
				_, err := kept.Send(t.Context(), deed(func(akt.Context) {}))
				require.NoError(t, err)
				require.Zero(t, over.Load())
				runtime.KeepAlive(kept)
				kept = nil
				collect(t, &over, 1)
			}
		})
	}
}
