package akt

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/values"
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

func waitsOf(a *actor) int { return waiters.Waits((*waiter)(a)) }

// Only-Ends: a wait that is over is in no ring, though its sender has not woken yet: let in, taken
// out of its lane, or refused.
func TestWaitThatIsOverHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		kind     mailbox.Kind
		push     bool // it is in the lane
		answered bool
		ring     bool
	}{
		{"a notification that was let in", mailbox.Notification, true, false, false},
		{"a notification that was let in and taken, or refused", mailbox.Notification, false, false, false},
		{"a request that was answered, or refused", mailbox.Request, false, true, false},
		{"a request in the lane", mailbox.Request, true, false, true},
		{"a request that is being handled", mailbox.Request, false, false, true},
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
					e := notification(ctx, msg, r)
					e.Kind = row.kind
					e.Park()
					if row.push {
						_, started := b.actor.box.Push(b.actor, e, mailbox.Public, true)
						assert.False(t, started)
					}
					if row.answered {
						e.Answer(nil, nil)
					}
					w := waiters.Enter(chainOf(ctx), (*waiter)(b.actor), (*sent)(e))
					defer waiters.Leave(w)
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
	if key == (values.RunKey{}) {
		return Context{Context: w.Context, actor: w.of, run: runOf(w.of.box.Word(), true)}
	}
	return w.Context.Value(key)
}

// The graph holds who waits, and deadActor else: whichever way a wait ends, nothing of it is left; who
// has no link is never in it.
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
			{"Future.Wait", func(ctx context.Context) error {
				c, _ := FromContext(ctx)
				f := Go(c, func(context.Context) (any, error) { return b.Send(context.Background(), nothing) })
				_, err := f.Wait(ctx)
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

// The chain of a request that was queued is one run, however long the chain of calls is, as each
// sender has a wait of its own; where runs have called each other on one goroutine, it has them
// all. A function of Go begins a chain.
func TestChainsHaveWhatIsOnOneGoroutine(t *testing.T) {
	t.Parallel()
	limited, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, row := range []struct {
		name  string
		ctx   context.Context
		links int
	}{{"queued", limited, 1}, {"inline", context.Background(), 5}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addrs := runSnags(t, 5)
			reached := false
			var next func(i int) snagAct
			next = func(i int) snagAct {
				return snagAct{func(ctx Context) {
					if i < len(addrs) {
						_, err := addrs[i].Send(ctx, next(i+1))
						assert.NoError(t, err)
						return
					}
					chain := chainOf(ctx)
					assert.Len(t, chain.Outer, row.links-1)
					assert.Equal(t, (*waiter)(ctx.actor), chain.Node)
					_, err := Go(ctx, func(ctx context.Context) (any, error) {
						chain := chainOf(ctx)
						assert.IsType(t, &goFunction{}, chain.Node)
						assert.Empty(t, chain.Outer)
						return nil, nil
					}).Wait(context.Background())
					assert.NoError(t, err)
					reached = true
				}}
			}
			_, err := addrs[0].Send(row.ctx, next(1))
			require.NoError(t, err)
			require.True(t, reached)
		})
	}
}

// However long a chain of requests is, no more than so many runs lie on one goroutine's stack: the
// others are queued.
func TestInlineRunsAreLimited(t *testing.T) {
	t.Parallel()
	most := int(runDepth / oneDeeper)
	for _, row := range []struct {
		name string
		ctx  func() (context.Context, func())
		opts []Option
	}{
		{"a ctx that never ends", func() (context.Context, func()) { return context.Background(), func() {} }, nil},
		{"WithInlineSend and a deadline in each", func() (context.Context, func()) { return context.WithCancel(t.Context()) },
			[]Option{WithInlineSend()}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := NewSystem()
			var addrs []*Address
			for range 3*most + 5 {
				addr, err := s.Run(snag{}, row.opts...)
				require.NoError(t, err)
				addrs = append(addrs, addr)
			}
			var depths []int
			var next func(i int) snagAct
			next = func(i int) snagAct {
				return snagAct{func(c Context) {
					depths = append(depths, len(chainOf(c).Outer))
					if i == len(addrs) {
						return
					}
					ctx, cancel := context.Context(c), func() {}
					if len(row.opts) > 0 {
						ctx, cancel = context.WithCancel(c)
					}
					defer cancel()
					_, err := addrs[i].Send(ctx, next(i+1))
					assert.NoError(t, err)
				}}
			}
			ctx, cancel := row.ctx()
			defer cancel()
			_, err := addrs[0].Send(ctx, next(1))
			require.NoError(t, err)
			require.Len(t, depths, len(addrs))
			inline := 0
			for _, d := range depths {
				require.LessOrEqual(t, d, most)
				if d > 0 {
					inline++
				}
			}
			require.Greater(t, inline, 2*most, "most are not queued")
			require.NoError(t, s.Shutdown(t.Context()))
		})
	}
}

// Who gives up is told how many were before it, or how many there were at least.
func TestQueuedBehind(t *testing.T) {
	t.Parallel()
	behind := func(n int32, more bool) string {
		return deadActor.queuedBehind(mailbox.Ahead{N: n, More: more})
	}
	require.Equal(t, "queued behind 128 or more", behind(128, true))
	require.Equal(t, "queued behind 3", behind(3, false))
}

// Entered-First: who gives up is in no ring from then on, though its message is not taken back yet.
func TestWhoGivesUpWaitsNoMore(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		wait func(ctx context.Context, to *Address) error
	}{
		{"Send", func(ctx context.Context, to *Address) error {
			_, err := to.Send(ctx, snagAct{func(Context) {}})
			return err
		}},
		{"Notify", func(ctx context.Context, to *Address) error { return to.Notify(ctx, snagAct{func(Context) {}}) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addrs := runSnags(t, 2)
			a, b := addrs[0], addrs[1]
			busy, leave := make(chan struct{}), make(chan struct{})
			defer close(leave)
			require.NoError(t, b.Notify(t.Context(), snagAct{func(Context) { close(busy); <-leave }}))
			<-busy
			require.NoError(t, b.TryNotify(context.Background(), snagAct{func(Context) {}}))
			ctx, cancel := context.WithCancel(t.Context())
			told := make(chan error, 1)
			require.NoError(t, a.Notify(t.Context(), snagAct{func(own Context) {
				linked, stop := context.WithCancel(own)
				defer context.AfterFunc(ctx, stop)()
				told <- row.wait(linked, b)
			}}))
			become := func(waits int) {
				for deadline := time.Now().Add(10 * time.Second); waitsOf(a.actor) != waits; runtime.Gosched() {
					if time.Now().After(deadline) {
						t.Errorf("there are %d waits", waitsOf(a.actor))
						return
					}
				}
			}
			become(1)
			b.actor.box.Lock() // so that the message cannot be taken back
			cancel()
			become(0)
			b.actor.box.Unlock()
			require.ErrorIs(t, <-told, context.Canceled)
		})
	}
}

// The graph forgets every wait, however it ends, and all links of it, also at the end of a chain
// of runs on one goroutine, which has many.
func TestChainsOfWaitsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		actors := runSnags(t, 6)
		first, last := actors[0], actors[len(actors)-1]
		nothing := snagAct{func(Context) {}}
		for name, way := range map[string]func(ctx Context) error{
			"answered": func(ctx Context) error {
				_, err := last.Send(ctx, nothing)
				return err
			},
			"room": func(ctx Context) error { return last.Notify(ctx, nothing) },
			"given up": func(ctx Context) error {
				patience, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				_, err := last.Send(patience, nothing)
				return err
			},
			"an end": waitForTheEndOfAChild,
			"a name": waitForAName,
			"a deadlock": func(ctx Context) error {
				_, err := first.Send(ctx, nothing)
				return err
			},
			"a function of Go": func(ctx Context) error {
				_, err := Go(ctx, func(ctx context.Context) (any, error) {
					return last.Send(ctx, nothing)
				}).Wait(ctx)
				return err
			},
		} {
			stay := make(chan struct{})
			require.NoError(t, last.Notify(t.Context(), snagAct{func(Context) { <-stay }}))
			synctest.Wait()
			require.NoError(t, last.Notify(t.Context(), nothing))
			done := make(chan error, 1)
			var next func(i int, ctx context.Context)
			next = func(i int, ctx context.Context) {
				_, err := actors[i].Send(ctx, snagAct{func(own Context) {
					if i == len(actors)-2 {
						done <- way(own)
					} else {
						next(i+1, own)
					}
				}})
				assert.NoError(t, err)
			}
			go next(0, context.Background())
			time.Sleep(2 * time.Millisecond)
			if len(done) == 0 {
				require.Positive(t, waitsOf(first.actor), name)
			}
			time.Sleep(time.Minute)
			close(stay)
			err := <-done
			require.Equal(t, name == "a deadlock", errors.Is(err, ErrDeadlock), "%s: %v", name, err)
			synctest.Wait()
			for _, addr := range actors {
				require.Zero(t, waitsOf(addr.actor), name)
			}
		}
	})
}

func waitForTheEndOfAChild(ctx Context) error {
	child, err := ctx.Run(slowlyEnding{})
	if err != nil {
		return err
	}
	child.Stop()
	return child.Wait(ctx)
}

type slowlyEnding struct{ snag }

func (slowlyEnding) OnStopped(Context) { time.Sleep(time.Second) }

func waitForAName(ctx Context) error {
	system := ctx.Address().target().system
	go func() {
		_, _, _ = system.LookupOrRun(context.Background(), "name", func() any {
			return slowlyStarting{}
		})
	}()
	time.Sleep(time.Millisecond)
	_, _, err := system.LookupOrRun(ctx, "name", func() any { return nil })
	return err
}

type slowlyStarting struct{ snag }

func (slowlyStarting) OnStart(Context) error {
	time.Sleep(time.Second)
	return nil
}
