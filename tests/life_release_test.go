package tests_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about actors that end because nobody has an address of them any more.

// L1: the actor stops when its last strong address is released: what was accepted is handled first,
// OnStopping is not asked.
func TestReleaseOfTheLastAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, lifeOf(&j))
		weak := addr.Downgrade()
		clone := addr.Clone()
		upgraded, ok := weak.Upgrade()
		require.True(t, ok)
		leave := hold(t, weak)
		require.NoError(t, weak.Notify(t.Context(), j.entry("accepted")))

		addr.Release()
		addr.Release() // once is all it counts
		addr.Release()
		clone.Release()
		clone.Release()
		require.False(t, weak.IsClosed(), "an address is left")
		require.NoError(t, upgraded.TryNotify(context.Background(), j.entry("accepted too")))
		upgraded.Release()
		require.True(t, weak.IsClosed())
		_, err := weak.Send(t.Context(), j.entry("too late"))
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
		_, ok = weak.Upgrade()
		require.False(t, ok)
		leave()
		<-addr.Done()
		require.Equal(t, []string{"OnStart", "accepted", "accepted too", "OnStopped"}, j.all())
	})
}

// L1: a released address behaves as that of a stopped actor, while the actor goes on for the
// others.
func TestReleasedAddressBehavesAsStopped(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithName("name"))
	other := addr.Clone()
	addr.Release()
	require.True(t, addr.IsClosed())
	require.False(t, addr.IsConnected())
	_, err := addr.Send(t.Context(), Stray{})
	requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
	_, err = addr.SendUnpack(t.Context(), Stray{})
	requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
	_, err = akt.Ask[any](t.Context(), addr, Stray{})
	requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
	requireSendError(t, addr.Notify(t.Context(), Stray{}), akt.NotHandled, akt.ErrStopped)
	requireSendError(t, addr.TryNotify(context.Background(), Stray{}), akt.NotHandled,
		akt.ErrStopped)
	clone := addr.Clone()
	require.True(t, clone.IsClosed(), "the clone of a released address is released")
	clone.Release()
	addr.Stop()
	require.Equal(t, "name", addr.Name())

	require.False(t, other.IsClosed())
	settled(t, other)
	other.Stop()
	<-addr.Done()
}

// L1: private addresses, timers and watches hold nothing: with the last address the actor ends, and
// so does its timer.
func TestWhatDoesNotHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		watcher := run(t, &doll{})
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		private := contextOf(t, addr).Private()
		private.NotifyInterval(func() any { return deed(func(akt.Context) {}) }, time.Second)
		private.NotifyLater(Stray{}, time.Hour)
		_, err = watcher.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Watch(addr) }))
		require.NoError(t, err)
		addr.Release()
		<-addr.Done()
		require.True(t, private.IsClosed())
		time.Sleep(2 * time.Hour)
		shutDown(t, system)
	})
}

// L1: a named actor is held by its system, and a child by its parent, until they are stopped.
func TestWhatHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		named, err := system.Run(&doll{}, akt.WithName("named"))
		require.NoError(t, err)
		weakNamed := named.Downgrade()
		var weakChild *akt.WeakAddress
		_, err = named.Send(t.Context(), deed(func(ctx akt.Context) {
			child, err := ctx.Run(newGate())
			assert.NoError(t, err)
			weakChild = child.Downgrade()
			child.Release()
		}))
		require.NoError(t, err)
		named.Release()
		synctest.Wait()
		require.False(t, weakChild.IsClosed(), "its parent holds it")
		require.False(t, weakNamed.IsClosed(), "its system holds it")

		found, ok := system.Lookup("named")
		require.True(t, ok)
		found.Release()
		synctest.Wait()
		require.False(t, weakNamed.IsClosed(), "its system still holds it")
		found, ok = system.Lookup("named")
		require.True(t, ok)
		found.Stop()
		<-found.Done()
		require.True(t, weakChild.IsClosed())
	})
}

// L1: a child is stopped through its address like any other actor; its parent lives on.
func TestChildMayBeStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		reply, err := addr.Send(t.Context(),
			play(func(ctx akt.Context) (any, error) { return ctx.Run(newGate()) }))
		require.NoError(t, err)
		child := reply.(*akt.Address)
		child.Stop()
		<-child.Done()
		settled(t, addr)
	})
}

// cloneOf runs an actor and returns a clone of its address, with which it parts.
//
//go:noinline
func cloneOf(t *testing.T, ended *atomic.Int32, part func(*akt.Address)) *akt.Address {
	t.Helper()
	addr, err := akt.Run(&doll{onStopped: func(akt.Context) { ended.Add(1) }})
	require.NoError(t, err)
	clone := addr.Clone()
	part(addr)
	return clone
}

// L1: an unnamed, parentless actor of the default system whose addresses were all forgotten is
// stopped by the garbage collector; one that is held by a name, a parent, a system of its own or a
// reachable address is not.
func TestCollectorReleasesForgottenAddresses(t *testing.T) {
	t.Parallel()
	var ended, held atomic.Int32
	reachable, err := akt.Run(&doll{onStopped: func(akt.Context) { held.Add(1) }})
	require.NoError(t, err)
	system := akt.NewSystem()
	named := forget(t, &held, akt.WithName("held in TestCollectorReleasesForgottenAddresses"))
	apart := forget(t, &held, akt.WithSystem(system))
	_, err = reachable.Send(t.Context(), deed(func(ctx akt.Context) {
		_, err := ctx.Run(&doll{onStopped: func(akt.Context) { held.Add(1) }})
		assert.NoError(t, err)
	}))
	require.NoError(t, err)
	for range 5 {
		forget(t, &ended)
	}
	collect(t, &ended, 5)
	for n := range int32(3) { // those that are held had their chance
		forget(t, &ended)
		collect(t, &ended, 6+n)
	}
	require.Zero(t, held.Load())
	require.False(t, named.IsClosed())
	require.False(t, apart.IsClosed())
	require.False(t, reachable.IsClosed())
	reachable.Stop()
	<-reachable.Done()
	end(t, named)
	shutDown(t, system)
	require.EqualValues(t, 4, held.Load())
}

// L1: an actor with a running timer is not collected; when the timer was stopped, or has fired and
// the message was handled without a new one, it is.
func TestCollectorSparesAnActorWithATimer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*akt.PrivateAddress) *akt.Timer{
		"interval": func(p *akt.PrivateAddress) *akt.Timer {
			return p.NotifyInterval(func() any { return deed(func(akt.Context) {}) }, time.Hour)
		},
		"later": func(p *akt.PrivateAddress) *akt.Timer {
			return p.NotifyLater(deed(func(akt.Context) {}), time.Hour)
		},
	} {
		var ended, canary atomic.Int32
		weak := forget(t, &ended)
		timer := start(contextOf(t, weak).Private())
		for n := range int32(3) {
			forget(t, &canary)
			collect(t, &canary, n+1)
		}
		require.False(t, weak.IsClosed(), name)
		require.True(t, timer.Stop())
		collect(t, &ended, 1)
	}
	var ended atomic.Int32
	weak := forget(t, &ended)
	fired := make(chan struct{})
	private := contextOf(t, weak).Private()
	private.NotifyLater(deed(func(akt.Context) {
		private.NotifyLater(deed(func(akt.Context) { close(fired) }), time.Millisecond)
	}), time.Millisecond)
	runtime.GC()
	<-fired
	collect(t, &ended, 1)
}

// L1: a clone holds the actor after the address it was made of was forgotten or released; and the
// collector does not release a second time what was released.
func TestCollectorAndClones(t *testing.T) {
	t.Parallel()
	var ended atomic.Int32
	for name, part := range map[string]func(*akt.Address){
		"forgotten": func(*akt.Address) {},
		"released":  (*akt.Address).Release,
	} {
		clone := cloneOf(t, &ended, part)
		var canary atomic.Int32
		for n := range int32(3) {
			forget(t, &canary)
			collect(t, &canary, n+1)
		}
		require.False(t, clone.IsClosed(), name)
		settled(t, clone)
		clone.Release()
		<-clone.Done()
	}
	require.EqualValues(t, 2, ended.Load())
}

// L1: an address that somebody waits through is not forgotten: a Send, an Ask or a Notify that
// waits for room keeps it.
func TestCollectorSparesAddressesInUse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		use  func(context.Context, *akt.Address) error
	}{
		{"Send", func(ctx context.Context, a *akt.Address) error {
			_, err := a.Send(ctx, deed(func(akt.Context) {}))
			return err
		}},
		{"SendUnpack", func(ctx context.Context, a *akt.Address) error {
			_, err := a.SendUnpack(ctx, deed(func(akt.Context) {}))
			return err
		}},
		{"Ask", func(ctx context.Context, a *akt.Address) error {
			_, err := akt.Ask[any](ctx, a, deed(func(akt.Context) {}))
			return err
		}},
		{"a Recipient", func(ctx context.Context, a *akt.Address) error {
			recipient, err := akt.RecipientOf[dollAct, any](a)
			if err != nil {
				return err
			}
			_, err = recipient.Send(ctx, deed(func(akt.Context) {}))
			return err
		}},
		{"Notify", func(ctx context.Context, a *akt.Address) error {
			return a.Notify(ctx, deed(func(akt.Context) {}))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			collectWhileInUse(t, row.use)
		})
	}
}

// collectWhileInUse has the only address of an actor be used by a sender who waits for room, and
// collects garbage meanwhile.
func collectWhileInUse(t *testing.T, use func(context.Context, *akt.Address) error) {
	t.Helper()
	var ended, canary atomic.Int32
	weak, waiting := make(chan *akt.WeakAddress), make(chan error, 1)
	var leave func()
	go func() {
		addr, err := akt.Run(&doll{onStopped: func(akt.Context) { ended.Add(1) }},
			akt.WithMailbox(1), quiet())
		if err != nil {
			t.Error(err)
		}
		weak <- addr.Downgrade()
		<-weak
		waiting <- use(t.Context(), addr)
	}()
	actor := <-weak
	leave = hold(t, actor)
	require.NoError(t, actor.TryNotify(context.Background(), deed(func(akt.Context) {})))
	weak <- nil
	for n := range int32(5) {
		runtime.Gosched()
		forget(t, &canary)
		collect(t, &canary, n+1)
	}
	leave()
	require.NoError(t, <-waiting)
	collect(t, &ended, 1)
}

// L1: Run on the default system registers nothing with the collector inside a bubble, where it
// could not work.
func TestCollectorStaysOutOfBubbles(t *testing.T) {
	t.Parallel()
	var canary atomic.Int32
	for range 3 {
		forget(t, &canary) // outside
	}
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		weak := forget(t, &ended)
		collect(t, &canary, 3)
		synctest.Wait()
		require.Zero(t, ended.Load())
		require.False(t, weak.IsClosed())
		end(t, weak)
		require.EqualValues(t, 1, ended.Load())
	})
}

// collectable is an actor whose collection can be seen.
type collectable struct{ _ *int }

func (*collectable) HandleNote(akt.Context, Note) {}

// L1, L4: an actor that has ended lets go of its state, also while an address of it is held.
func TestEndedActorLetsGoOfItsState(t *testing.T) {
	t.Parallel()
	var collected atomic.Bool
	addr := func() *akt.Address {
		state := &collectable{new(int)}
		runtime.AddCleanup(state, func(*struct{}) { collected.Store(true) }, nil)
		return run(t, state)
	}()
	require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
	addr.Stop()
	<-addr.Done()
	deadline := time.Now().Add(10 * time.Second)
	for !collected.Load() && time.Now().Before(deadline) {
		runtime.GC()
		runtime.Gosched()
	}
	require.True(t, collected.Load())
	runtime.KeepAlive(addr)
}

// L1: a clone, and an address that Upgrade has made, is a reference like the first: where it is
// forgotten, the collector releases it, and the actor stops with the last.
func TestForgottenClonesAreCollected(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(addr *akt.Address) *akt.Address{
		"Clone":           (*akt.Address).Clone,
		"a clone's Clone": func(addr *akt.Address) *akt.Address { return addr.Clone().Clone() },
		"Upgrade": func(addr *akt.Address) *akt.Address {
			up, _ := addr.Downgrade().Upgrade()
			return up
		},
		"Clone, of a clone": func(addr *akt.Address) *akt.Address {
			c := addr.Clone()
			defer c.Release()
			return c.Clone()
		},
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

// L1, L4: a forgotten actor that its timer has kept is released at a restart, which ends the timer.
func TestForgottenActorRestartsWithoutItsTimer(t *testing.T) {
	t.Parallel()
	var over atomic.Int32
	ticks := make(chan struct{})
	func() {
		n := 0
		addr, err := akt.Run(akt.Spawner[*doll](func() *doll {
			n++
			return &doll{onStopped: func(akt.Context) { over.Add(1) }}
		}), quiet())
		require.NoError(t, err)
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) {
				<-ticks
				panic("the timer's own")
			})
		}, time.Hour)
	}()
	var canary atomic.Int32
	for range 3 {
		forget(t, &canary)
	}
	collect(t, &canary, 3)
	require.Zero(t, over.Load(), "it is in a handler, and its timer runs")
	close(ticks)
	collect(t, &over, 2)
}

// L1: a forgotten actor that a timer for one message has kept is released when that was handled.
func TestForgottenActorEndsAfterItsTimer(t *testing.T) {
	t.Parallel()
	var over, canary atomic.Int32
	fired := make(chan struct{})
	func() {
		addr, err := akt.Run(&doll{onStopped: func(akt.Context) { over.Add(1) }})
		require.NoError(t, err)
		contextOf(t, addr).Private().
			NotifyLater(deed(func(akt.Context) { close(fired) }), 200*time.Millisecond)
	}()
	for range 3 {
		forget(t, &canary)
	}
	collect(t, &canary, 3) // and with them, most likely, the address
	<-fired
	collect(t, &over, 1)
}
