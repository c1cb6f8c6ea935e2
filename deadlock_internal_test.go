package akt

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// snag is an actor whose handlers the tests write.
type snag struct{}

type snagAct struct{ f func(Context) }

func (snag) HandleAct(ctx Context, m snagAct) { m.f(ctx) }

func runSnags(t *testing.T, n int) (addrs []*Address) {
	t.Helper()
	s := NewSystem()
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(context.Background())) })
	for range n {
		addr, err := s.Run(snag{}, WithMailbox(1))
		require.NoError(t, err)
		addrs = append(addrs, addr)
	}
	return addrs
}

func waitsOf(a *actor) int {
	waiters.mu.Lock()
	defer waiters.mu.Unlock()
	n := len(waiters.waits[a])
	for l := range waiters.owed {
		if l.actor == a {
			n++
		}
	}
	return n
}

// A wait that is over is in no ring, though its sender has not woken yet: let in, taken out of its lane, or refused.
func TestWaitThatIsOverHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		kind kind
		push bool // it is in the lane
		ring bool
	}{
		{"a notification that was let in", notification, true, false},
		{"a notification that was let in and taken, or refused", notification, false, false},
		{"a request that was taken, or refused", request, false, false},
		{"a request in the lane", request, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runSnags(t, 2)
				a, b := addrs[0], addrs[1]
				stayB := make(chan struct{})
				require.NoError(t, b.Notify(t.Context(), snagAct{func(Context) { <-stayB }}))
				synctest.Wait()
				told := make(chan error, 1)
				_, err := a.Send(t.Context(), snagAct{func(ctx Context) {
					r, msg, err := b.actor.route(snagAct{func(Context) {}})
					assert.NoError(t, err)
					e := &envelope{ctx: ctx, kind: row.kind, to: r, msg: msg}
					e.park()
					if row.push {
						_, start := b.actor.push(e, publicLane, true)
						assert.False(t, start)
					}
					w := waiters.enter(ctx, b.actor, e)
					defer waiters.leave(w)
					go func() {
						_, err := a.Send(withLink{Context: context.Background(), of: b.actor}, snagAct{func(Context) {}})
						told <- err
					}()
					synctest.Wait()
					assert.Equal(t, row.ring, len(told) == 1)
				}})
				require.NoError(t, err)
				err = <-told
				if row.ring {
					require.ErrorIs(t, err, ErrDeadlock)
				} else {
					require.NoError(t, err)
				}
				close(stayB)
			})
		})
	}
}

// withLink has the run that an actor is in now as its chain.
type withLink struct {
	context.Context
	of *actor
}

func (w withLink) Value(key any) any {
	if key == (contextKey{}) {
		return Context{Context: w.Context, actor: w.of, run: runOf(w.of.word.Load(), true)}
	}
	return w.Context.Value(key)
}

// The graph holds who waits, and nobody else: whichever way a wait ends, nothing of it is left; who has no link is never in it.
func TestWaitersAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runSnags(t, 2)
		a, b := addrs[0], addrs[1]
		nothing := snagAct{func(Context) {}}
		for _, row := range []struct {
			name string
			wait func(ctx context.Context) error
			want error
		}{
			{"Send", func(ctx context.Context) error {
				_, err := b.Send(ctx, nothing)
				return err
			}, context.Canceled},
			{"SendUnpack", func(ctx context.Context) error {
				promise, future := NewPromise[int](context.Background())
				defer context.AfterFunc(ctx, func() { promise.Reject(context.Canceled) })()
				go func() {
					_, err := b.Send(context.Background(), nothing)
					assert.NoError(t, err)
					promise.Resolve(1)
				}()
				_, err := future.Wait(ctx)
				return err
			}, context.Canceled},
			{"Notify", func(ctx context.Context) error {
				assert.NoError(t, b.TryNotify(context.Background(), nothing))
				return b.Notify(ctx, nothing)
			}, context.Canceled},
		} {
			for _, cancelled := range []bool{false, true} {
				stay := make(chan struct{})
				require.NoError(t, b.Notify(t.Context(), snagAct{func(Context) { <-stay }}))
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				told := make(chan error, 1)
				require.NoError(t, a.Notify(t.Context(), snagAct{func(own Context) {
					linked, stop := context.WithCancel(own)
					defer context.AfterFunc(ctx, stop)()
					told <- row.wait(linked)
				}}))
				synctest.Wait()
				require.Equal(t, 1, waitsOf(a.actor), row.name)
				if cancelled {
					cancel()
					require.ErrorIs(t, <-told, row.want)
					close(stay)
				} else {
					close(stay)
					require.NoError(t, <-told)
				}
				cancel()
				synctest.Wait()
				require.Zero(t, waitsOf(a.actor), row.name)
			}
		}
		require.Zero(t, waitsOf(b.actor))
	})
}
