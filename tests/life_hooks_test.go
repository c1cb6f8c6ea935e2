package tests_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about hooks that return an error, panic or end their goroutine.

// waysToBreak are the ways in which a function of the user's does not return.
var waysToBreak = map[string]func(){
	"panic":  func() { panic("broken") },
	"Goexit": runtime.Goexit,
}

// scene is a system in which a hook breaks, and what is seen of it.
type scene struct {
	t       *testing.T
	system  *akt.System
	watcher *akt.Address
	fail    func()
	told    journal // of the watcher
	dead    journal
	life    journal // what the actors' own hooks write
}

// watch has the watcher told of an actor's end.
func (s *scene) watch(addr *akt.Address) {
	s.t.Helper()
	watch(s.t, s.watcher, addr)
}

// run runs an actor, which is watched, under the name "subject".
func (s *scene) run(actor any) *akt.Address {
	s.t.Helper()
	addr, err := s.system.Run(actor, akt.WithName("subject"))
	require.NoError(s.t, err)
	s.watch(addr)
	return addr
}

// doll is one that notes its end. A nil hook is one that does nothing.
func (s *scene) doll(stopping func(akt.Context) bool, stopped func(akt.Context)) *doll {
	return &doll{onStopping: stopping, onStopped: func(ctx akt.Context) {
		s.life.add("OnStopped")
		if stopped != nil {
			stopped(ctx)
		}
	}}
}

// spawner makes dolls, numbered from 1.
func (s *scene) spawner(of func(n int) *doll) akt.Spawner[*doll] {
	n := 0
	return func() *doll { n++; return of(n) }
}

// queue sends a request, which waits in the queue of an actor that is busy, and returns where its
// sender says how it ended.
func (s *scene) queue(addr akt.Sender, msg any) <-chan error {
	answered := make(chan error, 1)
	go func() {
		_, err := addr.Send(s.t.Context(), msg)
		answered <- err
	}()
	synctest.Wait()
	return answered
}

// over checks that an actor has ended: everybody knows, and its name is free.
func (s *scene) over(addr akt.Sender, stopped int) {
	s.t.Helper()
	ender := addr.(interface {
		Done() <-chan struct{}
		Wait(ctx context.Context) error
		Name() string
		IsClosed() bool
	})
	<-ender.Done()
	synctest.Wait()
	require.NoError(s.t, ender.Wait(s.t.Context()))
	require.True(s.t, ender.IsClosed())
	require.Equal(s.t, []string{"subject"}, s.told.all(), "the watcher is told once")
	require.Len(s.t, s.life.all(), stopped, "OnStopped")
	_, err := addr.Send(s.t.Context(), deed(func(akt.Context) {}))
	requireSendError(s.t, err, akt.NotHandled, akt.ErrStopped)
	for info := range s.system.Actors() {
		require.NotEqual(s.t, "subject", info.Name)
	}
	again, err := s.system.Run(&doll{}, akt.WithName("subject"))
	require.NoError(s.t, err, "the name is free")
	again.Stop()
	<-again.Done()
}

// goesOn checks that an actor handles messages, as it did before, and can be stopped.
func (s *scene) goesOn(addr *akt.Address, stopped int) {
	s.t.Helper()
	settled(s.t, addr)
	synctest.Wait()
	require.Len(s.t, s.life.all(), stopped, "OnStopped")
	require.Empty(s.t, s.told.all())
	for info := range s.system.Actors() {
		if info.Name == "subject" {
			require.Equal(s.t, akt.Started, info.State)
			require.Empty(s.t, info.Handling)
			require.Zero(s.t, info.Queued)
		}
	}
	addr.Stop()
	s.over(addr, stopped+1)
}

// exits reports whether the way to break is Goexit.
func (s *scene) exits() bool { return s.t.Name()[len(s.t.Name())-len("Goexit"):] == "Goexit" }

// child runs an actor under a parent, watched.
func (s *scene) child(actor any, opts ...akt.Option) (parent, addr *akt.Address) {
	s.t.Helper()
	parent, err := s.system.Run(&doll{}, akt.WithName("parent"))
	require.NoError(s.t, err)
	addr, err = contextOf(s.t, parent).Run(actor, append(opts, akt.WithName("subject"))...)
	require.NoError(s.t, err)
	watch(s.t, s.watcher, addr)
	return parent, addr
}

// inScene runs a test once for each way to break, in a bubble. A goroutine that is left in the end
// fails it, and so does an actor that Shutdown cannot end.
func inScene(t *testing.T, play func(s *scene)) {
	t.Helper()
	for name, fail := range waysToBreak {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scene{t: t, fail: fail}
				s.system = deadLetters(&s.dead)
				s.watcher = run(t, &doll{onTerminated: func(_ akt.Context, m akt.Terminated) {
					s.told.add("%s", m.Name)
				}})
				play(s)
				synctest.Wait()
				require.NoError(t, s.system.Shutdown(context.Background()))
				require.Empty(t, slices.Collect(s.system.Actors()))
			})
		})
	}
}

// An OnStart that breaks ends the actor that was to be run, with its timers and children, and its
// name is free. A panic is the error of whoever runs it; a Goexit ends their goroutine.
func TestOnStartThatBreaks(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(s *scene, actor any) (*akt.Address, error){
		"Run": func(s *scene, actor any) (*akt.Address, error) {
			return s.system.Run(actor, akt.WithName("subject"))
		},
		"LookupOrRun": func(s *scene, actor any) (*akt.Address, error) {
			addr, _, err := s.system.LookupOrRun(s.t.Context(), "subject", func() any {
				return actor
			})
			return addr, err
		},
		"Spawn": func(s *scene, actor any) (*akt.Address, error) {
			if err := s.system.Register("kind", func() any { return actor }); err != nil {
				return nil, err
			}
			return s.system.Spawn("kind", nil, akt.WithName("subject"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inScene(t, func(s *scene) {
				var weak *akt.WeakAddress
				var child *akt.Address
				d := s.doll(
					func(akt.Context) bool { s.t.Error("OnStopping was called"); return true }, nil)
				d.onStart = func(ctx akt.Context) error {
					weak = ctx.Address()
					_, err := s.watcher.Send(ctx, deed(func(ctx akt.Context) { ctx.Watch(weak) }))
					assert.NoError(s.t, err)
					child, err = ctx.Run(&doll{})
					assert.NoError(s.t, err)
					ctx.Private().NotifyInterval(func() any { return s.life.entry("tick") },
						time.Second)
					assert.NoError(s.t, weak.Notify(ctx, s.life.entry("handled")))
					s.fail()
					return nil
				}
				var err error
				returned := false
				<-trying(func() {
					_, err = start(s, d)
					returned = true
				})
				require.Equal(s.t, s.exits(), !returned)
				if returned {
					requirePanic(s.t, err)
				}
				<-child.Done()
				time.Sleep(time.Hour)
				s.over(weak, 0)
				require.Equal(s.t, []string{"tests_test.dollAct: stopped"}, s.dead.all())
			})
		})
	}
}

// requirePanic checks that an error is, or wraps, that of a hook that broke.
func requirePanic(t *testing.T, err error) {
	t.Helper()
	require.ErrorAs(t, err, new(*akt.PanicError))
}

// An OnStart of a child that breaks ends the child. Its parent's handler gets the panic as an
// error, and a Goexit as its own failure: the sender is told, and the supervisor asked.
func TestOnStartOfAChildThatBreaks(t *testing.T) {
	t.Parallel()
	inScene(t, func(s *scene) {
		parent := s.run(s.spawner(func(int) *doll { return s.doll(nil, nil) }))
		_, err := parent.Send(s.t.Context(), play(func(ctx akt.Context) (any, error) {
			_, err := ctx.Run(&doll{onStart: func(akt.Context) error { s.fail(); return nil }})
			return nil, err
		}))
		requirePanic(s.t, err)
		stopped := 0
		if s.exits() {
			stopped = 1 // that of the state whose handler was left
		}
		s.goesOn(parent, stopped)
	})
}

// An OnStart that breaks at a restart is a failure: the actor tries again, and goes on with what
// was queued; what the broken state has made ends with it.
func TestOnStartThatBreaksAtARestart(t *testing.T) {
	t.Parallel()
	inScene(t, func(s *scene) {
		var child *akt.Address
		addr := s.run(s.spawner(func(n int) *doll {
			d := s.doll(nil, nil)
			d.onStart = func(ctx akt.Context) error {
				if n != 2 {
					return nil
				}
				var err error
				child, err = ctx.Run(&doll{})
				assert.NoError(s.t, err)
				ctx.Private().NotifyInterval(func() any { return s.life.entry("tick") },
					time.Second)
				s.fail()
				return nil
			}
			return d
		}))
		leave := hold(s.t, addr)
		require.NoError(s.t, addr.Notify(s.t.Context(), crash()))
		queued := s.queue(addr, deed(func(akt.Context) {}))
		leave()
		require.NoError(s.t, <-queued)
		<-child.Done()
		s.goesOn(addr, 1)
	})
}

// Of those who ask for one name, another one runs the actor where OnStart, or newActor, breaks.
func TestLookupOrRunAfterABreak(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(s *scene) any{
		"newActor": func(s *scene) any { s.fail(); return nil },
		"OnStart": func(s *scene) any {
			return &doll{onStart: func(akt.Context) error { s.fail(); return nil }}
		},
		"Spawner": func(s *scene) any {
			return akt.Spawner[*doll](func() *doll { s.fail(); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inScene(t, func(s *scene) {
				leave := make(chan struct{})
				first := trying(func() {
					_, _, err := s.system.LookupOrRun(context.Background(), "subject", func() any {
						<-leave
						return broken(s)
					})
					requirePanic(s.t, err)
				})
				synctest.Wait()
				found := make(chan *akt.Address, 3)
				for range 3 {
					go func() {
						addr, _, err := s.system.LookupOrRun(s.t.Context(), "subject", func() any {
							return s.doll(nil, nil)
						})
						assert.NoError(s.t, err)
						found <- addr
					}()
				}
				synctest.Wait()
				require.Empty(s.t, found)
				close(leave)
				<-first
				addr := <-found
				require.Equal(s.t, addr.Downgrade(), (<-found).Downgrade())
				require.Equal(s.t, addr.Downgrade(), (<-found).Downgrade())
				s.watch(addr)
				s.goesOn(addr, 0)
			})
		})
	}
}

// A Spawner that breaks when an actor is run is Run's error, or ends its goroutine; at a restart it
// is a failure, and asked again.
func TestSpawnerThatBreaks(t *testing.T) {
	t.Parallel()
	inScene(t, func(s *scene) {
		none := akt.Spawner[*doll](func() *doll { s.fail(); return nil })
		require.NoError(s.t, s.system.Register("none", func() any { return none }))
		require.NoError(s.t, s.system.Register("broken", func() any { s.fail(); return nil }))
		for _, start := range []func() (*akt.Address, error){
			func() (*akt.Address, error) { return s.system.Run(none, akt.WithName("subject")) },
			func() (*akt.Address, error) { return none.Run(akt.WithSystem(s.system)) },
			func() (*akt.Address, error) {
				return s.system.Spawn("none", nil, akt.WithName("subject"))
			},
			func() (*akt.Address, error) {
				return s.system.Spawn("broken", nil, akt.WithName("subject"))
			},
		} {
			returned := false
			<-trying(func() {
				_, err := start()
				returned = true
				requirePanic(s.t, err)
			})
			require.Equal(s.t, s.exits(), !returned)
			require.Empty(s.t, slices.Collect(s.system.Actors()))
		}
		addr := s.run(s.spawner(func(n int) *doll {
			if n == 2 {
				s.fail()
			}
			return s.doll(nil, nil)
		}))
		leave := hold(s.t, addr)
		require.NoError(s.t, addr.Notify(s.t.Context(), crash()))
		queued := s.queue(addr, deed(func(akt.Context) {}))
		leave()
		require.NoError(s.t, <-queued)
		s.goesOn(addr, 1)
	})
}

// stops are the ways to stop an actor in which OnStopping is asked, or told.
var stops = map[string]func(s *scene, parent, addr *akt.Address){
	"Address.Stop": func(_ *scene, _, addr *akt.Address) { addr.Stop() },
	"Context.Stop": func(s *scene, _, addr *akt.Address) {
		assert.NoError(s.t, addr.Notify(s.t.Context(), deed(akt.Context.Stop)))
	},
	"Context.Stop, of an idle one": func(s *scene, _, addr *akt.Address) {
		contextOf(s.t, addr).Stop()
	},
	"Context.Drain": func(s *scene, _, addr *akt.Address) {
		assert.NoError(s.t, addr.Notify(s.t.Context(), deed(akt.Context.Drain)))
	},
	"its parent": func(_ *scene, parent, _ *akt.Address) { parent.Stop() },
	"Shutdown": func(s *scene, _, _ *akt.Address) {
		assert.NoError(s.t, s.system.Shutdown(context.Background()))
	},
}

// An OnStopping that breaks counts as true, and an OnStopped that breaks is over: whoever stops the
// actor, it ends, once, and everybody is told.
func TestStopWhoseHooksBreak(t *testing.T) {
	t.Parallel()
	for name, stop := range stops {
		for _, hook := range []string{"OnStopping", "OnStopped", "both"} {
			t.Run(hook+" at "+name, func(t *testing.T) {
				t.Parallel()
				inScene(t, func(s *scene) {
					asked := 0
					parent, addr := s.child(s.doll(func(akt.Context) bool {
						if asked++; hook != "OnStopped" {
							s.fail()
						}
						return true
					}, func(akt.Context) {
						if hook != "OnStopping" {
							s.fail()
						}
					}))
					stop(s, parent, addr)
					<-addr.Done()
					synctest.Wait()
					require.NoError(s.t, addr.Err())
					require.Equal(s.t, 1, asked)
					require.Equal(s.t, []string{"OnStopped"}, s.life.all())
					require.Equal(s.t, []string{"/parent/subject"}, s.told.all())
					parent.Stop()
					<-parent.Done()
				})
			})
		}
	}
}

// An OnStopping that breaks where OnStart has called Stop or Drain ends the actor as its true does.
func TestOnStoppingThatBreaksInRun(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(akt.Context){
		"Stop": akt.Context.Stop, "Drain": akt.Context.Drain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inScene(t, func(s *scene) {
				var weak *akt.WeakAddress
				d := s.doll(func(akt.Context) bool { s.fail(); return false }, nil)
				d.onStart = func(ctx akt.Context) error {
					weak = ctx.Address()
					_, err := s.watcher.Send(ctx, deed(func(ctx akt.Context) { ctx.Watch(weak) }))
					stop(ctx)
					return err
				}
				<-trying(func() {
					_, err := s.system.Run(d, akt.WithName("subject"))
					assert.ErrorIs(s.t, err, akt.ErrStopped)
				})
				s.over(weak, 1)
			})
		})
	}
}

// An OnStopping that breaks in the third step of Shutdown is over: its actor goes on serving the
// others, until all end.
func TestOnStoppingThatBreaksInShutdown(t *testing.T) {
	t.Parallel()
	inScene(t, func(s *scene) {
		asked := 0
		sink := s.run(s.doll(func(akt.Context) bool { asked++; s.fail(); return true }, nil))
		_, err := s.system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			for range 3 {
				time.Sleep(time.Second) // the other one has been told
				_, err := sink.Send(ctx, deed(func(akt.Context) {}))
				assert.NoError(s.t, err)
			}
			return true
		}})
		require.NoError(s.t, err)
		require.NoError(s.t, s.system.Shutdown(context.Background()))
		require.Equal(s.t, 2, asked, "once, and again for what it has handled since")
		require.Equal(s.t, []string{"OnStopped"}, s.life.all())
		require.NoError(s.t, sink.Err())
		require.Empty(s.t, s.dead.all())
	})
}

// An OnStopped that breaks at an end of whichever kind is over: the actor has ended, for a restart
// its state has.
func TestOnStoppedThatBreaks(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *scene, addr *akt.Address){
		"Release": func(_ *scene, addr *akt.Address) { addr.Release() },
		"a panic": func(s *scene, addr *akt.Address) {
			_, err := addr.Send(s.t.Context(), crash())
			requirePanic(s.t, err)
		},
		"an inline panic": func(s *scene, addr *akt.Address) {
			_, err := addr.Send(context.Background(), crash())
			requirePanic(s.t, err)
		},
		"Goexit": func(s *scene, addr *akt.Address) {
			_, err := addr.Send(s.t.Context(), deed(func(akt.Context) { runtime.Goexit() }))
			requirePanic(s.t, err)
		},
		"an impatient Shutdown": func(s *scene, addr *akt.Address) {
			leave := hold(s.t, addr)
			queued := s.queue(addr, s.life.entry("handled"))
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			require.Error(s.t, s.system.Shutdown(ctx))
			requireSendError(s.t, <-queued, akt.NotHandled, akt.ErrStopped)
			leave()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inScene(t, func(s *scene) {
				var promise *akt.Future[int]
				addr, err := s.system.Run(s.doll(nil, func(akt.Context) { s.fail() }))
				require.NoError(s.t, err)
				s.watch(addr)
				weak := addr.Downgrade()
				_, err = addr.Send(s.t.Context(),
					deed(func(ctx akt.Context) { _, promise = akt.NewPromise[int](ctx) }))
				require.NoError(s.t, err)
				end(s, addr)
				<-weak.Done()
				_, err = promise.Wait(s.t.Context())
				require.ErrorIs(s.t, err, akt.ErrStopped)
				synctest.Wait()
				require.Equal(s.t, []string{"OnStopped"}, s.life.all())
				require.Equal(s.t, []string{weak.Name()}, s.told.all())
				require.Empty(s.t, slices.Collect(s.system.Actors()))
			})
		})
	}
	t.Run("a restart", func(t *testing.T) {
		t.Parallel()
		inScene(t, func(s *scene) {
			addr := s.run(s.spawner(func(n int) *doll {
				return s.doll(nil, func(akt.Context) {
					if n < 3 {
						s.fail()
					}
				})
			}))
			for range 2 {
				leave := hold(s.t, addr)
				require.NoError(s.t, addr.Notify(s.t.Context(), crash()))
				queued := s.queue(addr, deed(func(akt.Context) {}))
				leave()
				require.NoError(s.t, <-queued)
			}
			s.goesOn(addr, 2)
		})
	})
}

// nilPanicker panics with nil in its OnStopping.
type nilPanicker struct{ stopped chan struct{} }

func (*nilPanicker) HandleMsg(ctx akt.Context, _ plainMsg) { ctx.Stop() }

func (*nilPanicker) OnStopping(akt.Context) bool { panic(nil) } //nolint:govet // that is the point

func (n *nilPanicker) OnStopped(akt.Context) { n.stopped <- struct{}{} }

// L5: a panic in OnStopping counts as true and ends the actor once, also panic(nil) where GODEBUG
// lets that look like a Goexit.
func TestNilPanicInOnStopping(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for range 20 {
		for name, stop := range map[string]func(*akt.Address){
			"asked": func(a *akt.Address) {
				require.NoError(t, a.TryNotify(context.Background(), plainMsg{}))
			},
			"told": (*akt.Address).Stop,
		} {
			n := &nilPanicker{make(chan struct{}, 2)}
			addr, err := sysQuiet().Run(n)
			require.NoError(t, err)
			stop(addr)
			<-addr.Done()
			require.NoError(t, addr.Err(), name)
			require.Len(t, n.stopped, 1, name)
		}
	}
}

// A context of the user's own type that an actor is run with is waited for by a goroutine only
// until OnStart has returned.
func TestOnStartLetsGoOfTheCallersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		own := newOwnCtx(t.Context())
		before := goroutinesOfBubble(t)
		addr, _, err := system.LookupOrRun(own, "a", func() any {
			return &doll{onStart: func(ctx akt.Context) error { _ = ctx.Done(); return nil }}
		})
		require.NoError(t, err)
		require.Equal(t, before, goroutinesOfBubble(t))
		settled(t, addr)
		own.finish(errors.New("over"))
		shutDown(t, system)
	})
}
