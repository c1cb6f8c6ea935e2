package tests_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about watches and their Terminated.

// A watcher receives one Terminated when the actor it watches ends, with why it died, however often
// it watches.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, cause string
		end         func(*testing.T, *akt.Address)
	}{
		{"Address.Stop", "<nil>", func(_ *testing.T, a *akt.Address) { a.Stop() }},
		{"Release", "<nil>", func(_ *testing.T, a *akt.Address) { a.Release() }},
		{"Context.Stop", "<nil>", func(t *testing.T, a *akt.Address) {
			t.Helper()
			contextOf(t, a).Stop()
		}},
		{"panic", "akt: panic: a Stray was handled", func(t *testing.T, a *akt.Address) {
			t.Helper()
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				watcher, target := newWatcher(t, &j), run(t, &doll{}, quiet())
				name := target.Name()
				for range 3 {
					watch(t, watcher, target)
				}
				clone := target.Clone()
				watch(t, watcher, clone)
				clone.Release()
				synctest.Wait()
				require.Empty(t, j.all())
				row.end(t, target)
				synctest.Wait()
				require.Equal(t, []string{name + ": " + row.cause}, j.all())
			})
		})
	}
}

// Terminated comes by the private lane, before what waits in the public one.
func TestTerminatedGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watcher, target := newWatcher(t, &j, akt.WithMailbox(1)),
			run(t, &doll{}, akt.WithName("target"))
		watch(t, watcher, target)
		leave := hold(t, watcher)
		require.NoError(t, watcher.TryNotify(context.Background(), j.entry("public")))
		target.Stop()
		synctest.Wait() // Done is closed before those who watch are told
		leave()
		synctest.Wait()
		require.Equal(t, []string{"target: <nil>", "public"}, j.all())
	})
}

// An actor that is dead already when it is watched is reported too, once.
func TestWatchOfADeadActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watcher, target := newWatcher(t, &j), run(t, &doll{}, akt.WithName("target"), quiet())
		require.NoError(t, target.TryNotify(context.Background(), Stray{}))
		<-target.Done()
		watch(t, watcher, target)
		synctest.Wait()
		require.Equal(t, []string{"target: akt: panic: a Stray was handled"}, j.all())
	})
}

// An actor that is ending when it is watched is reported when it has ended, not before.
func TestWatchOfAnEndingActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watcher := newWatcher(t, &j)
		target := run(t, &doll{onStopped: func(akt.Context) {
			time.Sleep(time.Minute)
			j.add("OnStopped has returned")
		}}, akt.WithName("target"))
		target.Stop()
		synctest.Wait()
		watch(t, watcher, target)
		<-target.Done()
		synctest.Wait()
		require.Equal(t, []string{"OnStopped has returned", "target: <nil>"}, j.all())
	})
}

// It is the actor that is watched, not the reference: that may be released, and the watch goes on.
func TestWatchThroughAReleasedAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watcher, target := newWatcher(t, &j), run(t, &doll{}, akt.WithName("target"))
		reference := target.Clone()
		reference.Release()
		watch(t, watcher, reference)
		synctest.Wait()
		require.Empty(t, j.all())
		target.Stop()
		<-target.Done()
		synctest.Wait()
		require.Equal(t, []string{"target: <nil>"}, j.all())
	})
}

// Unwatch undoes Watch, and watching again undoes that.
func TestUnwatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watcher := newWatcher(t, &j)
		left, again := run(t, &doll{}, akt.WithName("left")), run(t, &doll{}, akt.WithName("again"))
		_, err := watcher.Send(t.Context(), deed(func(ctx akt.Context) {
			ctx.Unwatch(left) // that is not watched
			ctx.Watch(left)
			ctx.Watch(again)
			ctx.Unwatch(left)
			ctx.Unwatch(again)
			ctx.Watch(again)
		}))
		require.NoError(t, err)
		left.Stop()
		again.Stop()
		synctest.Wait()
		require.Equal(t, []string{"again: <nil>"}, j.all())
	})
}

// An actor without a handler for Terminated is not told of an end, which is no dead letter; that it
// watches is logged at once.
func TestWatcherWithoutHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system, target := deadLetters(&dead), run(t, &doll{})
		ready := make(chan struct{})
		log := newFailLog()
		addr, err := system.Run(&deafWatcher{target: target, ready: ready},
			akt.WithLogger(slog.New(log)))
		require.NoError(t, err)
		<-ready
		require.Len(t, log.kept.records, 1)
		require.Equal(t, "akt: a watch that nobody will hear of", log.kept.records[0]["text"])
		require.Equal(t, target.Name(), log.kept.records[0]["watched"])
		target.Stop()
		<-target.Done()
		synctest.Wait()
		require.Empty(t, dead.all())
		require.False(t, addr.IsClosed())
		shutDown(t, system)
	})
}

// deafWatcher watches, and has no handler for Terminated.
type deafWatcher struct {
	target *akt.Address
	ready  chan struct{}
}

func (d *deafWatcher) OnStart(ctx akt.Context) error {
	ctx.Watch(d.target)
	close(d.ready)
	return nil
}

// L4: watches end with the actor: who has ended is not told any more, and that is no dead letter.
func TestWatchesEndWithTheWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		target := run(t, &doll{})
		watcher, err := deadLetters(&dead).
			Run(&doll{onTerminated: func(akt.Context, akt.Terminated) { j.add("told") }})
		require.NoError(t, err)
		watch(t, watcher, target)
		watcher.Stop()
		<-watcher.Done()
		target.Stop()
		<-target.Done()
		synctest.Wait()
		require.Empty(t, j.all())
		require.Empty(t, dead.all())
	})
}

// One actor may be watched by many, its parent among them, and two may watch each other.
func TestWatchInAFamily(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		parent, friend := newWatcher(t, &j, akt.WithName("parent")),
			newWatcher(t, &j, akt.WithName("friend"))
		reply, err := parent.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			child, err := ctx.Run(&doll{}, akt.WithName("child"))
			if err == nil {
				ctx.Watch(child)
			}
			return child, err
		}))
		require.NoError(t, err)
		child := reply.(*akt.Address)
		watch(t, friend, child)
		watch(t, friend, parent)
		watch(t, parent, friend)
		child.Stop()
		<-child.Done()
		synctest.Wait()
		require.Equal(t, []string{"/parent/child: <nil>", "/parent/child: <nil>"}, j.all())
		parent.Stop()
		<-parent.Done()
		synctest.Wait()
		require.Equal(t, "parent: <nil>", j.all()[2])
		friend.Stop()
		<-friend.Done()
		require.Len(t, j.all(), 3)
	})
}

// Watch: watching twice is watching once, also for an actor that is dead or dies meanwhile, until
// its Terminated was handled; then it can be watched again.
func TestWatchTwiceInOneHandler(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(*akt.Address){
		"before":  func(*akt.Address) {},
		"between": func(a *akt.Address) { a.Stop(); <-a.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				watcher, target := newWatcher(t, &j), run(t, &doll{}, akt.WithName("target"))
				if name == "before" {
					target.Stop()
					<-target.Done()
				}
				twice := deed(func(ctx akt.Context) {
					ctx.Watch(target)
					die(target)
					ctx.Watch(target)
				})
				_, err := watcher.Send(t.Context(), twice)
				require.NoError(t, err)
				synctest.Wait()
				require.Equal(t, []string{"target: <nil>"}, j.all())

				watch(t, watcher, target)
				synctest.Wait()
				require.Len(t, j.all(), 2)
			})
		})
	}
}

// L4: a watch ends with the state that began it: the next one is not told, when the watched actor
// ends later; nor of one that OnStopped watches.
func TestWatchesEndWithTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		one, other := run(t, &doll{}), run(t, &doll{})
		_, addr := states(t, &dead, func(n int) *doll {
			return &doll{
				onTerminated: func(_ akt.Context, m akt.Terminated) { j.add("%d: %s", n, m.Name) },
				onStart: func(ctx akt.Context) error {
					if n == 1 {
						ctx.Watch(one)
					}
					return nil
				},
				onStopped: func(ctx akt.Context) { ctx.Watch(other) },
			}
		})
		require.NoError(t, addr.Notify(t.Context(), crash()))
		settled(t, addr)
		one.Stop()
		other.Stop()
		<-one.Done()
		<-other.Done()
		settled(t, addr)
		require.Empty(t, j.all())
		addr.Stop()
		<-addr.Done()
	})
}

// Info: a Terminated that comes while its watcher drains is dropped, and counted.
func TestTerminatedWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithName("watcher"))
		require.NoError(t, err)
		target := run(t, &doll{})
		watch(t, addr, target)
		leave := hold(t, addr)
		addr.Stop()
		target.Stop()
		<-target.Done()
		synctest.Wait()
		for info := range system.Actors() {
			require.EqualValues(t, 1, info.Dropped)
		}
		leave()
		shutDown(t, system)
	})
}
