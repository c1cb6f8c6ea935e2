package tests_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Lookup finds a named actor of its own system, and returns a strong reference of its own.
func TestLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system, other := akt.NewSystem(), akt.NewSystem()
		addr, err := system.Run(newGate(), akt.WithName("bank"))
		require.NoError(t, err)
		require.Equal(t, "bank", addr.Name())
		require.Equal(t, "bank (*tests_test.gate)", addr.String())
		found, ok := system.Lookup("bank")
		require.True(t, ok)
		addr.Release()
		reply, err := found.Send(t.Context(), Note{7})
		require.NoError(t, err)
		require.Equal(t, 7, reply)
		for _, name := range []string{"", "Bank", "/bank", "ban"} {
			_, ok = system.Lookup(name)
			require.False(t, ok, name)
		}
		_, ok = other.Lookup("bank")
		require.False(t, ok)
		shutDown(t, system)
		_, ok = system.Lookup("bank")
		require.False(t, ok)
	})
}

// A name is taken until its actor has ended: Run fails meanwhile, without OnStart, and Lookup does not find one that stops.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{onStopped: func(akt.Context) { time.Sleep(time.Minute) }}, akt.WithName("bank"))
		require.NoError(t, err)
		taken := func() {
			_, err := system.Run(&doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}, akt.WithName("bank"))
			require.ErrorIs(t, err, akt.ErrNameTaken)
			require.ErrorContains(t, err, `"bank"`)
		}
		taken()
		leave := hold(t, addr)
		addr.Stop()
		taken()
		_, ok := system.Lookup("bank")
		require.False(t, ok)
		leave()
		time.Sleep(time.Second)
		taken() // OnStopped has not returned
		<-addr.Done()
		addr, err = system.Run(&doll{}, akt.WithName("bank"))
		require.NoError(t, err)
		found, ok := system.Lookup("bank")
		require.True(t, ok)
		require.False(t, found.IsClosed())
		shutDown(t, system)
		require.True(t, addr.IsClosed())
	})
}

// Of many that want one name at once, one gets it.
func TestNameIsGivenOnce(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	var won atomic.Int32
	var runs sync.WaitGroup
	for range 16 {
		runs.Go(func() {
			switch _, err := system.Run(newGate(), akt.WithName("one")); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, akt.ErrNameTaken):
				t.Error(err)
			}
		})
	}
	runs.Wait()
	require.EqualValues(t, 1, won.Load())
	shutDown(t, system)
}

// A made-up name is unique too, tells the type, and is not found by Lookup; nobody can be given one that is in use.
func TestMadeUpNames(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	names := map[string]bool{}
	for range 20 {
		addr, err := system.Run(newGate())
		require.NoError(t, err)
		name := addr.Name()
		require.Regexp(t, `^gate-\d+$`, name)
		require.False(t, names[name], name)
		names[name] = true
		_, ok := system.Lookup(name)
		require.False(t, ok)
		_, err = system.Run(newGate(), akt.WithName(name))
		require.ErrorIs(t, err, akt.ErrNameTaken)
	}
	given, err := system.Run(newGate(), akt.WithName("gate-21"))
	require.NoError(t, err)
	for range 3 {
		addr, err := system.Run(newGate())
		require.NoError(t, err)
		require.NotEqual(t, given.Name(), addr.Name())
	}
	shutDown(t, system)
}

// A child's name is the path of its parents' names and its own, at every depth, and unique like any other.
func TestNamesOfChildren(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	var names journal
	_, err := system.Run(&doll{onStart: func(ctx akt.Context) error {
		made, err := ctx.Run(newGate())
		if err != nil {
			return err
		}
		assert.Regexp(t, `^/bank/gate-\d+$`, made.Name())
		_, err = ctx.Run(&doll{onStart: func(ctx akt.Context) error {
			names.add("%s", ctx.Address().Name())
			grandchild, err := ctx.Run(newGate(), akt.WithName("vault"))
			if err == nil {
				names.add("%s", grandchild.Name())
			}
			return err
		}}, akt.WithName("branch"))
		if err != nil {
			return err
		}
		_, err = ctx.Run(newGate(), akt.WithName("branch"))
		assert.ErrorIs(t, err, akt.ErrNameTaken)
		return nil
	}}, akt.WithName("bank"))
	require.NoError(t, err)
	require.Equal(t, []string{"/bank/branch", "/bank/branch/vault"}, names.all())
	for _, name := range names.all() {
		found, ok := system.Lookup(name)
		require.True(t, ok, name)
		require.Equal(t, name, found.Name())
	}
	_, ok := system.Lookup("branch")
	require.False(t, ok)

	unnamed, err := system.Run(&doll{})
	require.NoError(t, err)
	reply, err := unnamed.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return ctx.Run(newGate(), akt.WithName("own")) }))
	require.NoError(t, err)
	require.Equal(t, "/"+unnamed.Name()+"/own", reply.(*akt.Address).Name())
	shutDown(t, system)
}

// A child runs in its parent's system, with that system's defaults; to ask for another system is a wrong option.
func TestChildRunsInItsParentsSystem(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem(akt.WithDefaults(akt.WithMailbox(2)))
	_, err := system.Run(&doll{onStart: func(ctx akt.Context) error {
		child, err := ctx.Run(&doll{}, akt.WithSystem(system))
		if err != nil {
			return err
		}
		leave := hold(t, child)
		defer leave()
		assert.NoError(t, child.TryNotify(context.Background(), deed(func(akt.Context) {})))
		assert.NoError(t, child.TryNotify(context.Background(), deed(func(akt.Context) {})))
		assert.ErrorIs(t, child.TryNotify(context.Background(), Stray{}), akt.ErrMailboxFull)
		_, err = ctx.Run(&doll{}, akt.WithSystem(akt.NewSystem()))
		assert.ErrorContains(t, err, "WithSystem")
		return nil
	}})
	require.NoError(t, err)
	shutDown(t, system)
}

// An actor's own options win over its system's defaults; WithSystem chooses the system for akt.Run, MustRun and Spawner.Run.
func TestOptionsAndSystems(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem(akt.WithDefaults(akt.WithMailbox(1), quiet()))
	addr, err := akt.Run(&doll{}, akt.WithSystem(system), akt.WithName("in its system"), akt.WithMailbox(2))
	require.NoError(t, err)
	_, ok := system.Lookup("in its system")
	require.True(t, ok)
	_, ok = akt.Default().Lookup("in its system")
	require.False(t, ok)
	leave := hold(t, addr)
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
	require.ErrorIs(t, addr.TryNotify(context.Background(), Stray{}), akt.ErrMailboxFull)
	leave()
	must := akt.MustRun(newGate(), akt.WithSystem(system))
	spawned, err := akt.Spawner[*gate](newGate).Run(akt.WithSystem(system))
	require.NoError(t, err)
	require.Panics(t, func() { akt.MustRun(newGate(), akt.WithName("in its system"), akt.WithSystem(system)) })
	shutDown(t, system)
	for _, addr := range []*akt.Address{addr, must, spawned} {
		require.True(t, addr.IsClosed())
	}
}

// Wrong options are Run's error, all of them at once, and nothing is run.
func TestWrongOptions(t *testing.T) {
	t.Parallel()
	never := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
	for name, row := range map[string]struct {
		opts  []akt.Option
		texts []string
	}{
		"empty name":                 {[]akt.Option{akt.WithName("")}, []string{"WithName"}},
		"no capacity":                {[]akt.Option{akt.WithMailbox(0)}, []string{"WithMailbox(0)"}},
		"negative capacity":          {[]akt.Option{akt.WithMailbox(-1)}, []string{"WithMailbox(-1)"}},
		"nil option":                 {[]akt.Option{nil}, []string{"nil"}},
		"several":                    {[]akt.Option{akt.WithName(""), akt.WithMailbox(0)}, []string{"WithName", "WithMailbox(0)"}},
		"a good one after a bad one": {[]akt.Option{akt.WithMailbox(0), akt.WithMailbox(1)}, []string{"WithMailbox(0)"}},
	} {
		_, err := akt.NewSystem().Run(never, row.opts...)
		for _, text := range row.texts {
			require.ErrorContains(t, err, text, name)
		}
	}
}

// Shutdown has every actor handle what it accepted, stops children before their parents, and returns when all have ended.
func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		slow := func(name string, start func(akt.Context) error) *doll {
			return &doll{onStart: start, onStopping: func(akt.Context) bool { return false }, onStopped: func(akt.Context) {
				time.Sleep(time.Second)
				j.add("%s", name)
			}}
		}
		var addrs []*akt.Address
		for n := range 3 {
			addr, err := system.Run(slow(fmt.Sprint("parent ", n), func(ctx akt.Context) error {
				_, err := ctx.Run(slow(fmt.Sprint("child ", n), nil))
				return err
			}))
			require.NoError(t, err)
			addrs = append(addrs, addr)
		}
		leave := hold(t, addrs[2])
		require.NoError(t, addrs[2].TryNotify(context.Background(), j.entry("accepted")))
		shut := make(chan error)
		go func() { shut <- system.Shutdown(context.Background()) }()
		time.Sleep(time.Minute)
		select {
		case err := <-shut:
			t.Error("Shutdown returned before the end of all", err)
		default:
		}
		_, err := addrs[2].Send(t.Context(), Stray{})
		requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
		leave()
		require.NoError(t, <-shut)
		got := j.all()
		require.Len(t, got, 7)
		require.Equal(t, "accepted", got[0])
		require.ElementsMatch(t, []string{"child 0", "child 1", "child 2"}, got[1:4])
		require.ElementsMatch(t, []string{"parent 0", "parent 1", "parent 2"}, got[4:])
		for _, addr := range addrs {
			<-addr.Done()
		}
	})
}

// After Shutdown nothing runs in the system: Run, a parent's Run and a second Shutdown say so at once.
func TestRunAfterShutdown(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	addr, err := system.Run(&doll{})
	require.NoError(t, err)
	kept := contextOf(t, addr)
	shutDown(t, system)
	never := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
	_, err = system.Run(never)
	require.ErrorIs(t, err, akt.ErrStopped)
	_, err = akt.Run(never, akt.WithSystem(system), akt.WithName("name"))
	require.ErrorIs(t, err, akt.ErrStopped)
	_, err = kept.Run(never)
	require.ErrorIs(t, err, akt.ErrStopped)
	shutDown(t, system)
	shutDown(t, akt.NewSystem())
}

// An actor that starts while its system is shut down does not outlive it.
func TestShutdownDuringOnStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := akt.NewSystem()
		started := make(chan error)
		go func() {
			_, err := system.Run(&doll{
				onStart:   func(akt.Context) error { time.Sleep(time.Minute); j.add("OnStart"); return nil },
				onStopped: func(akt.Context) { j.add("OnStopped") },
			})
			started <- err
		}()
		time.Sleep(time.Second)
		go shutDown(t, system)
		require.NoError(t, <-started)
		synctest.Wait()
		require.Equal(t, []string{"OnStart", "OnStopped"}, j.all())
	})
}

// An actor that was told of Shutdown is Stopping from then on, also after it has vetoed a Context.Stop.
func TestStateOnceToldOfShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		told := 0
		var states []akt.State
		_, err := system.Run(&doll{onStopping: func(ctx akt.Context) bool {
			told++
			next := deed(func(ctx akt.Context) { states = append(states, ctx.State()) })
			if told == 1 {
				next = deed(func(ctx akt.Context) { ctx.Stop() })
			}
			if told < 3 {
				assert.NoError(t, ctx.Private().Notify(ctx, next))
			}
			return false
		}})
		require.NoError(t, err)
		shutDown(t, system)
		require.Equal(t, []akt.State{akt.Stopping}, states)
		require.Equal(t, 3, told)
	})
}

// A Shutdown whose ctx ends before the actors do returns at once and names those that are left.
func TestShutdownRunsOutOfPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{}, akt.WithName("stuck"))
		require.NoError(t, err)
		_, err = system.Run(&doll{}, akt.WithName("fine"))
		require.NoError(t, err)
		leave := hold(t, addr)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = system.Shutdown(ctx)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "stuck")
		require.ErrorContains(t, err, "HandleAct")
		require.NotContains(t, err.Error(), "fine")
		leave()
		<-addr.Done()
		shutDown(t, system)
	})
}

// Nothing runs in a system after Shutdown has given up waiting, also where the handler that it was
// stuck in asks for it: nobody would stop that.
func TestRunAfterShutdownRanOutOfPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		never := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
		over := make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			<-over
			_, err := ctx.Run(never)
			assert.ErrorIs(t, err, akt.ErrStopped)
			_, _, err = system.LookupOrRun(context.WithoutCancel(ctx), "root", func() any { return never })
			assert.ErrorIs(t, err, akt.ErrStopped)
		})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.Error(t, system.Shutdown(ctx))
		close(over)
		<-addr.Done()
		shutDown(t, system)
	})
}

// A panic in the dead-letter hook is logged and goes no further.
func TestDeadLetterHookThatPanics(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(akt.DeadLetter) { panic("broken hook") }))
	addr, err := system.Run(&doll{})
	require.NoError(t, err)
	require.NoError(t, addr.TryNotify(context.Background(), play(func(akt.Context) (any, error) { return nil, errors.New("failed") })))
	settled(t, addr)
	shutDown(t, system)
}

// E3: the handler's error for a notification is a dead letter with the message and its type; the actor lives on.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	own := errors.New("failed")
	var letters []akt.DeadLetter
	system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(d akt.DeadLetter) { letters = append(letters, d) }))
	addr, err := system.Run(&doll{}, akt.WithName("name"))
	require.NoError(t, err)
	_, err = addr.Send(t.Context(), play(func(akt.Context) (any, error) { return nil, own }))
	require.ErrorIs(t, err, own)
	require.NoError(t, addr.TryNotify(context.Background(), play(func(akt.Context) (any, error) { return nil, own })))
	settled(t, addr)
	shutDown(t, system)
	require.Len(t, letters, 1, "who sends a request hears of its error")
	require.Equal(t, "name", letters[0].Actor)
	require.Equal(t, "tests_test.dollAct", letters[0].Message)
	require.IsType(t, dollAct{}, letters[0].Msg)
	require.ErrorIs(t, letters[0].Err, own)
}
