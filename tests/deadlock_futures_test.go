package tests_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about rings through a Future that a function of Go owes.

// D6: a Go function keeps the links of the handlers that still wait: the actor that waits for its
// Future is one of them.
func TestDeadlockThroughGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runNamed(t, "a", "b")
		a, b := addrs[0], addrs[1]
		for name, ctx := range starts(t) {
			_, err := a.Send(ctx, play(func(ctx akt.Context) (any, error) {
				return b.SendUnpack(ctx, play(func(ctx akt.Context) (any, error) {
					return akt.Go(ctx, func(ctx context.Context) (any, error) {
						return a.Send(ctx, deed(func(akt.Context) {}))
					}), nil
				}))
			}))
			require.ErrorIs(t, err, akt.ErrDeadlock, name)
		}
	})
}

// D6: a Future that a function of Go owes counts as waited for by all that wait for it, and the
// function's own wait closes the ring: of one, two or three actors, for a reply or for room.
func TestDeadlockOfFutures(t *testing.T) {
	t.Parallel()
	for _, way := range jamWays() {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(way.name, ", ", n), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					addrs := runNarrow(t, []string{"a", "b", "c"}[:n]...)
					first := addrs[0]
					back := func(ctx context.Context) (any, error) {
						if way.full {
							assert.NoError(t,
								first.TryNotify(context.Background(), deed(func(akt.Context) {})))
						}
						return "back", way.wait(ctx, first, deed(func(akt.Context) {}))
					}
					var pass func(i int) dollAct
					pass = func(i int) dollAct {
						return play(func(ctx akt.Context) (any, error) {
							if i == n-1 && i > 0 {
								return akt.Go(ctx, back), nil
							}
							return akt.Go(ctx, func(ctx context.Context) (any, error) {
								if i == n-1 {
									return back(ctx)
								}
								return addrs[i+1].SendUnpack(ctx, pass(i+1))
							}).Wait(ctx)
						})
					}
					for start, ctx := range starts(t) {
						_, err := first.SendUnpack(ctx, pass(0))
						require.ErrorIs(t, err, akt.ErrDeadlock, start)
						require.ErrorContains(t, err, "a.HandleAct → ")
						for _, addr := range addrs {
							settled(t, addr)
						}
					}
				})
			})
		}
	}
}

// D6: of two functions that wait for room in each other's mailbox, and whose Futures the two
// handlers wait for, one is told.
func TestDeadlockOfFunctionsThatMeet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runNarrow(t, "a", "b", "c", "d")
		a, b := addrs[0], addrs[1]
		told := make(chan error, 2)
		// a asks c, whose function waits for b; b asks d, whose function waits for a.
		for i, back := range []*akt.Address{b, a} {
			require.NoError(t, addrs[i].Notify(t.Context(), deed(func(ctx akt.Context) {
				_, err := addrs[2+i].SendUnpack(ctx, play(func(ctx akt.Context) (any, error) {
					return akt.Go(ctx, func(ctx context.Context) (any, error) {
						time.Sleep(time.Second)
						assert.NoError(t,
							back.TryNotify(context.Background(), deed(func(akt.Context) {})))
						return nil, back.Notify(ctx, deed(func(akt.Context) {}))
					}), nil
				}))
				told <- err
			})))
		}
		err, other := <-told, <-told
		if err == nil {
			err, other = other, err
		}
		require.NoError(t, other)
		failure := requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
		require.ErrorContains(t, failure,
			"a.HandleAct → a function of c.HandleAct → b, whose mailbox is full")
		require.ErrorContains(t, failure,
			"b.HandleAct → a function of d.HandleAct → a, whose mailbox is full")
	})
}

// D6: a function of Go that waits for its own actor, for a reply or for room, while its handler
// runs, goes on when that has returned: with the Future, or while the handler does anything but
// wait for it.
func TestNotADeadlockOfAFunctionWhoseHandlerReturns(t *testing.T) {
	t.Parallel()
	for _, way := range jamWays() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := runNarrow(t, "a")[0]
				for start, ctx := range starts(t) {
					var handled atomic.Int32
					_, err := addr.SendUnpack(ctx, play(func(ctx akt.Context) (any, error) {
						assert.NoError(t,
							addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
						f := akt.Go(ctx, func(ctx context.Context) (any, error) {
							return nil, way.wait(ctx, addr,
								deed(func(akt.Context) { handled.Add(1) }))
						})
						synctest.Wait() // it waits
						return f, nil
					}))
					require.NoError(t, err, start)
					settled(t, addr)
					require.EqualValues(t, 1, handled.Load())
				}
			})
		})
	}
}

// answeredWith is the Future of a function that another actor starts.
func answeredWith(
	ctx akt.Context, helper *akt.Address, f func(context.Context) (any, error),
) *akt.Future[any] {
	reply, err := helper.Send(ctx,
		play(func(ctx akt.Context) (any, error) { return akt.Go(ctx, f), nil }))
	if err != nil {
		panic(err)
	}
	return reply.(*akt.Future[any])
}

// D6: functions of Go whose handlers still run, and wait for no Future, hold nobody up, as the
// handlers may return; when a handler does wait for its function's Future, directly or as the
// sender of one that returned it, it is in the ring.
func TestDeadlockOnceTheHandlerWaitsForItsFunction(t *testing.T) {
	t.Parallel()
	type function = func(context.Context) (any, error)
	for _, row := range []struct {
		name  string
		waits bool // the handlers wait for their functions; else they return
		start func(ctx akt.Context, helper *akt.Address, f function) *akt.Future[any]
	}{
		{"its own, and it returns", false,
			func(ctx akt.Context, _ *akt.Address, f function) *akt.Future[any] {
				return akt.Go(ctx, f)
			}},
		{"its own, and it waits", true,
			func(ctx akt.Context, _ *akt.Address, f function) *akt.Future[any] {
				return akt.Go(ctx, f)
			}},
		{"one that it was answered with, and it returns", false, answeredWith},
		{"one that it was answered with, and it waits", true, answeredWith},
		{"one within another, and it waits", true,
			func(ctx akt.Context, _ *akt.Address, f function) *akt.Future[any] {
				return akt.Go(ctx, func(ctx context.Context) (any, error) {
					c, _ := akt.FromContext(ctx)
					return akt.Go(c, f).Wait(ctx)
				})
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b", "c", "d")
				told, both, goOn := make(chan error, 4), make(chan struct{}), make(chan struct{})
				handled := make(chan struct{}, 2)
				for i, addr := range addrs[:2] {
					require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
						f := row.start(ctx, addrs[2+i], func(ctx context.Context) (any, error) {
							<-both
							_, err := addrs[1-i].Send(ctx,
								deed(func(akt.Context) { handled <- struct{}{} }))
							told <- err
							return nil, nil
						})
						<-goOn
						if row.waits {
							_, err := f.Wait(ctx)
							told <- err
						}
					})))
				}
				synctest.Wait()
				close(both)
				synctest.Wait()
				require.Empty(t, told, "the handlers still run")
				close(goOn)
				synctest.Wait()
				require.Len(t, handled, 2, "whoever is told, it is one of the handlers")
				close(told)
				var deadlocks []error
				for err := range told {
					if err != nil {
						deadlocks = append(deadlocks, err)
					}
				}
				if !row.waits {
					require.Empty(t, deadlocks)
					return
				}
				require.Len(t, deadlocks, 1)
				require.ErrorIs(t, deadlocks[0], akt.ErrDeadlock)
				require.ErrorContains(t, deadlocks[0], "a.HandleAct → ")
				require.ErrorContains(t, deadlocks[0], "b.HandleAct → ")
			})
		})
	}
}

type (
	goerVia   struct{}
	goerPlain struct{}
)

// goer's function asks its own actor, which is free when the handler has returned.
type goer struct{ self *akt.WeakAddress }

func (g *goer) HandlePlain(akt.Context, goerPlain) int { return 7 }

func (g *goer) HandleVia(ctx akt.Context, _ goerVia) *akt.Future[int] {
	f := akt.Go(ctx, func(ctx context.Context) (int, error) {
		return akt.Ask[int](ctx, g.self, goerPlain{})
	})
	runtime.Gosched() // it may ask before the handler returns
	return f
}

// D6: a function of Go whose handler returns its Future may ask the handler's own actor.
func TestNotADeadlockOfAFunctionThatAsksItsOwnActor(t *testing.T) {
	t.Parallel()
	g := &goer{}
	addr := run(t, g)
	g.self = addr.Downgrade()
	for range 5000 {
		seven, err := akt.Ask[int](t.Context(), addr, goerVia{})
		require.NoError(t, err)
		require.Equal(t, 7, seven)
	}
}

// D6: a handler whose wait for a function's Future closes a ring is told itself, by whichever way
// it waits.
func TestDeadlockThatAFutureCloses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		wait func(ctx akt.Context, f *akt.Future[any]) error
	}{
		{"Wait", func(ctx akt.Context, f *akt.Future[any]) error {
			_, err := f.Wait(ctx)
			return err
		}},
		{"Wait with a limit", func(ctx akt.Context, f *akt.Future[any]) error {
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			_, err := f.Wait(limited)
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr, began := runNamed(t, "a")[0], time.Now()
				handled := make(chan struct{})
				_, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
					f := akt.Go(ctx, func(ctx context.Context) (any, error) {
						return addr.Send(ctx, deed(func(akt.Context) { close(handled) }))
					})
					synctest.Wait() // the function waits, and nobody for it
					return nil, row.wait(ctx, f)
				}))
				require.ErrorIs(t, err, akt.ErrDeadlock)
				require.ErrorContains(t, err,
					"a function of a.HandleAct → a.HandleAct → a function of a.HandleAct")
				<-handled
				require.Zero(t, time.Since(began))
			})
		})
	}
}

type (
	partnerPing struct{}
	partnerGo   struct{}
	partnerMeet struct{ told chan error }
)

// partner asks its partner in a function of Go.
type partner struct{ partner *akt.WeakAddress }

func (*partner) HandlePing(akt.Context, partnerPing) int { return 1 }

func (a *partner) HandleGo(ctx akt.Context, _ partnerGo) *akt.Future[int] {
	return akt.Go(ctx, func(ctx context.Context) (int, error) {
		return akt.Ask[int](ctx, a.partner, partnerPing{})
	})
}

// HandleMeet asks the partner when that waits already, and says what it was told.
func (a *partner) HandleMeet(ctx akt.Context, m partnerMeet) {
	time.Sleep(time.Second)
	_, err := akt.Ask[int](ctx, a.partner, partnerPing{})
	m.told <- err
}

// D6: a run is one link, whatever contexts an interceptor makes of its own: a ring over a function
// of Go is found where the interceptor gave the handler a deadline, and waits for the Future
// without it.
func TestRingThroughAnInterceptorsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		second := &partner{}
		b, err := system.Run(second)
		require.NoError(t, err)
		a, err := system.Run(&partner{b.Downgrade()},
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				limited, cancel := context.WithTimeout(ctx.Context, time.Hour)
				defer cancel()
				inner := ctx
				inner.Context = limited
				reply, err := next(inner, msg)
				if f, ok := reply.(*akt.Future[int]); ok {
					return f.Wait(ctx)
				}
				return reply, err
			}))
		require.NoError(t, err)
		second.partner = a.Downgrade()
		start := time.Now()
		told := make(chan error, 1)
		require.NoError(t, b.Notify(t.Context(), partnerMeet{told}))
		_, err = a.Send(context.Background(), partnerGo{})
		require.NoError(t, err)
		require.ErrorIs(t, <-told, akt.ErrDeadlock)
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, system.Shutdown(t.Context()))
	})
}
