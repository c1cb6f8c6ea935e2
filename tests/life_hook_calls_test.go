package tests_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what hooks and other functions of the user's may call.

// moment is a place in an actor's life where code of the user's is called.
type moment struct {
	name string
	// open says that the mailbox takes messages, so that who asks the actor itself would wait.
	open bool
	// bare says that there is no Context, so that nobody knows who waits: do has one that was kept.
	bare bool
	// live has an actor reach the moment, once, and call do there.
	live func(t *testing.T, l *lifeCalls)
}

// lifeCalls is what the moments of a life are tried with.
type lifeCalls struct {
	system *akt.System
	other  *akt.Address
	do     func(ctx akt.Context)
	life   journal // the hooks of the actor's states
}

// state is a state of the actor that calls do, at most once, where the hook of that name is called
// and which is true there.
func (l *lifeCalls) state(n int, at string) *doll {
	call := func(hook string, ctx akt.Context) {
		if hook == at {
			l.do(ctx)
		}
	}
	return &doll{
		onStart: func(ctx akt.Context) error {
			l.life.add("OnStart %d", n)
			call("OnStart", ctx)
			return nil
		},
		onStopping: func(ctx akt.Context) bool { call("OnStopping", ctx); return true },
		onStopped: func(ctx akt.Context) {
			l.life.add("OnStopped %d", n)
			call("OnStopped", ctx)
		},
	}
}

// run runs an actor named "subject", whose states are made as at says.
func (l *lifeCalls) run(t *testing.T, at func(n int) string, opts ...akt.Option) *akt.Address {
	t.Helper()
	n := 0
	addr, _ := l.system.Run(akt.Spawner[*doll](func() *doll {
		n++
		return l.state(n, at(n))
	}), append(opts, akt.WithName("subject"))...)
	return addr
}

// onlyAt is the hook of all states.
func onlyAt(hook string) func(int) string { return func(int) string { return hook } }

// in says the hook of one state.
func in(n int, hook string) func(int) string {
	return func(m int) string {
		if m == n {
			return hook
		}
		return ""
	}
}

func moments() []moment {
	notify := func(t *testing.T, addr *akt.Address, act dollAct) {
		t.Helper()
		require.NoError(t, addr.Notify(t.Context(), act))
		synctest.Wait()
	}
	return []moment{
		{"OnStart, in Run", true, false, func(t *testing.T, l *lifeCalls) {
			l.run(t, onlyAt("OnStart"))
		}},
		{"OnStart, in LookupOrRun", true, false, func(t *testing.T, l *lifeCalls) {
			_, _, _ = l.system.LookupOrRun(t.Context(), "subject", func() any {
				return l.state(1, "OnStart")
			})
		}},
		{"OnStart, in a handler's Run", true, false, func(t *testing.T, l *lifeCalls) {
			notify(t, l.other, deed(func(ctx akt.Context) {
				_, _ = ctx.Run(l.state(1, "OnStart"), akt.WithName("subject"))
			}))
		}},
		{"OnStart, at a restart", true, false, func(t *testing.T, l *lifeCalls) {
			notify(t, l.run(t, in(2, "OnStart")), crash())
		}},
		{"OnStopping, asked", true, false, func(t *testing.T, l *lifeCalls) {
			notify(t, l.run(t, onlyAt("OnStopping")), deed(akt.Context.Stop))
		}},
		{"OnStopping, told", false, false, func(t *testing.T, l *lifeCalls) {
			l.run(t, onlyAt("OnStopping")).Stop()
		}},
		{"OnStopping, told of a parent's end", false, false, func(t *testing.T, l *lifeCalls) {
			parent, err := l.system.Run(&doll{})
			require.NoError(t, err)
			_, err = contextOf(t, parent).Run(l.state(1, "OnStopping"), akt.WithName("subject"))
			require.NoError(t, err)
			parent.Stop()
		}},
		{"OnStopping, in Shutdown", true, false, func(t *testing.T, l *lifeCalls) {
			l.run(t, onlyAt("OnStopping"))
			assert.NoError(t, l.system.Shutdown(context.Background()))
		}},
		{"OnStopped, at the end", false, false, func(t *testing.T, l *lifeCalls) {
			l.run(t, onlyAt("OnStopped")).Stop()
		}},
		{"OnStopped, of Shutdown", false, false, func(t *testing.T, l *lifeCalls) {
			l.run(t, onlyAt("OnStopped"))
			assert.NoError(t, l.system.Shutdown(context.Background()))
		}},
		{"OnStopped, at a restart", true, false, func(t *testing.T, l *lifeCalls) {
			notify(t, l.run(t, in(1, "OnStopped")), crash())
		}},
		{"a handler", true, false, func(t *testing.T, l *lifeCalls) {
			notify(t, l.run(t, onlyAt("")), deed(l.do))
		}},
		{"a handler, inline", true, false, func(t *testing.T, l *lifeCalls) {
			_, _ = l.run(t, onlyAt("")).Send(context.Background(), deed(l.do))
		}},
		{"a handler, while it drains", false, false, func(t *testing.T, l *lifeCalls) {
			addr := l.run(t, onlyAt(""))
			leave := hold(t, addr)
			notify(t, addr, deed(l.do))
			addr.Stop()
			leave()
		}},
		{"a function of Do", true, false, func(t *testing.T, l *lifeCalls) {
			require.NoError(t, contextOf(t, l.run(t, onlyAt(""))).Private().Do(l.do))
		}},
		{"an interval's function", true, true, func(t *testing.T, l *lifeCalls) {
			addr := l.run(t, onlyAt(""))
			require.NoError(t, contextOf(t, addr).Private().Do(func(kept akt.Context) {
				once := false
				var timer *akt.Timer
				timer = kept.Private().NotifyInterval(func() any {
					if !once {
						once = true
						l.do(kept) // of a run that has ended
					}
					return deed(func(akt.Context) { timer.Stop() })
				}, time.Second)
			}))
		}},
		{"an interceptor", true, false, func(t *testing.T, l *lifeCalls) {
			once := false
			addr := l.run(t, onlyAt(""), akt.WithInterceptor(
				func(ctx akt.Context, msg any, next akt.Next) (any, error) {
					if !once {
						once = true
						l.do(ctx)
					}
					return next(ctx, msg)
				}))
			notify(t, addr, deed(func(akt.Context) {}))
		}},
		{"Terminated", true, false, func(t *testing.T, l *lifeCalls) {
			addr, err := l.system.Run(&doll{onTerminated: func(ctx akt.Context, _ akt.Terminated) {
				l.do(ctx)
			}},
				akt.WithName("subject"))
			require.NoError(t, err)
			dead, err := l.system.Run(&doll{})
			require.NoError(t, err)
			watch(t, addr, dead)
			dead.Stop()
		}},
	}
}

// lifeCall is what a moment's code does.
type lifeCall struct {
	name  string
	waits bool // it would wait for the actor
	call  func(t *testing.T, l *lifeCalls, m moment, ctx akt.Context)
}

func lifeCallsOfAll() []lifeCall {
	nothing := deed(func(akt.Context) {})
	// waits checks what is said to who would wait for itself.
	waits := func(t *testing.T, m moment, err error) {
		t.Helper()
		want := akt.ErrStopped
		if m.open {
			want = akt.ErrDeadlock
		}
		if !errors.Is(err, want) {
			t.Errorf("want %v: %v", want, err)
		}
	}
	return []lifeCall{
		{"nothing", false, func(*testing.T, *lifeCalls, moment, akt.Context) {}},
		{"Context.Stop", false, func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Stop()
		}},
		{"Context.Stop twice, and Drain", false,
			func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
				ctx.Stop()
				ctx.Drain()
				ctx.Stop()
			}},
		{"Drain", false, func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Drain()
		}},
		{"Address.Stop", false, func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Address().Stop()
		}},
		{"Release", false, func(t *testing.T, _ *lifeCalls, m moment, ctx akt.Context) {
			if addr, ok := ctx.Address().Upgrade(); ok {
				addr.Release()
			} else if m.open {
				t.Error("there is no address")
			}
		}},
		{"Watch", false, func(_ *testing.T, l *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Watch(l.other)
			ctx.Watch(ctx.Address())
		}},
		{"Watch and Unwatch", false, func(_ *testing.T, l *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Watch(l.other)
			ctx.Unwatch(l.other)
			ctx.Unwatch(ctx.Address())
		}},
		{"Run", false, func(t *testing.T, l *lifeCalls, m moment, ctx akt.Context) {
			child, err := ctx.Run(&doll{})
			if err != nil {
				assert.ErrorIs(t, err, akt.ErrStopped)
				return
			}
			_, err = child.Send(ctx, nothing)
			assert.NoError(t, err)
		}},
		{"Run of one that breaks", false,
			func(t *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
				_, err := ctx.Run(&doll{onStart: func(akt.Context) error { panic("broken") }})
				assert.Error(t, err)
			}},
		{"Do", false, func(t *testing.T, l *lifeCalls, m moment, ctx akt.Context) {
			err := ctx.Private().Do(func(ctx akt.Context) { ctx.Stop() })
			assert.Equal(t, m.open, err == nil, "%v", err)
		}},
		{"timers", false, func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			ctx.Private().NotifyLater(nothing, 0)
			ctx.Private().NotifyLater(nothing, time.Hour)
			ctx.Private().NotifyInterval(func() any { return nothing }, time.Hour)
			ctx.Private().NotifyLater(nothing, time.Hour).Stop()
		}},
		{"Send to itself", true, func(t *testing.T, _ *lifeCalls, m moment, ctx akt.Context) {
			_, err := ctx.Address().Send(ctx, nothing)
			waits(t, m, err)
			_, err = ctx.Private().Send(ctx, nothing)
			waits(t, m, err)
			bounded, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			_, err = ctx.Address().Send(bounded, nothing)
			waits(t, m, err)
		}},
		{"Send to itself by another", true,
			func(t *testing.T, l *lifeCalls, m moment, ctx akt.Context) {
				if l.other.Downgrade() == ctx.Address() {
					return
				}
				child, err := ctx.Run(&doll{})
				if err != nil {
					return
				}
				_, err = child.Send(ctx,
					play(func(c akt.Context) (any, error) {
						return ctx.Address().Send(c, nothing)
					}))
				waits(t, m, err)
			}},
		{"Notify to itself", false, func(t *testing.T, _ *lifeCalls, m moment, ctx akt.Context) {
			for _, err := range []error{
				ctx.Address().Notify(ctx, nothing), ctx.Private().Notify(ctx, nothing),
				ctx.Address().TryNotify(ctx, nothing),
			} {
				assert.Equal(t, m.open, err == nil, "%v", err)
			}
		}},
		{"Wait for itself", true, func(t *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			assert.ErrorIs(t, ctx.Address().Wait(ctx), akt.ErrDeadlock)
		}},
		{"LookupOrRun of itself", true,
			func(t *testing.T, l *lifeCalls, _ moment, ctx akt.Context) {
				found, loaded, err := l.system.LookupOrRun(ctx, ctx.Address().Name(), func() any {
					t.Error("it was made again")
					return nil
				})
				if err != nil {
					assert.ErrorIs(t, err, akt.ErrDeadlock)
					return
				}
				assert.True(t, loaded)
				assert.Equal(t, ctx.Address(), found.Downgrade())
			}},
		{"LookupOrRun of another", false,
			func(t *testing.T, l *lifeCalls, _ moment, ctx akt.Context) {
				made, _, err := l.system.LookupOrRun(ctx, "made", func() any { return &doll{} })
				if err != nil {
					assert.ErrorIs(t, err, akt.ErrStopped)
					return
				}
				_, err = made.Send(ctx, nothing)
				assert.NoError(t, err)
			}},
		{"Shutdown", true, func(t *testing.T, l *lifeCalls, _ moment, ctx akt.Context) {
			assert.ErrorIs(t, l.system.Shutdown(ctx), akt.ErrDeadlock)
		}},
		{"a Promise", false, func(_ *testing.T, _ *lifeCalls, _ moment, ctx akt.Context) {
			_, future := akt.NewPromise[int](ctx) // is kept by nobody
			go func() {
				patience, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, _ = future.Wait(patience)
			}()
		}},
		{"Go", false, func(t *testing.T, _ *lifeCalls, m moment, ctx akt.Context) {
			akt.Go(ctx, func(ctx context.Context) (int, error) {
				time.Sleep(time.Second)
				c, _ := akt.FromContext(ctx)
				_, _ = c.Address().Send(ctx, nothing)
				return 0, nil
			})
		}},
		{"a wait for Go", true, func(t *testing.T, _ *lifeCalls, m moment, ctx akt.Context) {
			_, err := akt.Go(ctx, func(inner context.Context) (any, error) {
				return ctx.Address().Send(inner, nothing)
			}).Wait(ctx)
			waits(t, m, err)
		}},
	}
}

// Nothing that a hook, or another of the user's functions, may call locks its actor up, at
// whichever moment of a life: what would wait for itself is told, the call is made once, every
// state that was started is stopped once, and Shutdown ends all.
func TestCallsInEveryHook(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		for _, c := range lifeCallsOfAll() {
			if m.bare && c.waits {
				continue
			}
			t.Run(m.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := &lifeCalls{system: akt.NewSystem(akt.WithDefaults(quiet()))}
					var err error
					l.other, err = l.system.Run(&doll{})
					require.NoError(t, err)
					called := false
					l.do = func(ctx akt.Context) {
						if called {
							return
						}
						called = true
						c.call(t, l, m, ctx)
					}
					m.live(t, l)
					time.Sleep(time.Minute)
					synctest.Wait()
					require.True(t, called)
					require.NoError(t, l.system.Shutdown(context.Background()))
					require.Empty(t, slices.Collect(l.system.Actors()))
					started, stopped := 0, 0
					for _, line := range l.life.all() {
						if strings.HasPrefix(line, "OnStart ") {
							started++
						} else {
							stopped++
						}
					}
					require.Equal(t, started, stopped, "%v", l.life.all())
				})
			})
		}
	}
}
