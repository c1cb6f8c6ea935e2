package tests_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about a system's options and the names of its actors.

// A child runs in its parent's system, with that system's defaults; to ask for another system is a
// wrong option.
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

// An actor's own options win over its system's defaults; WithSystem chooses the system for akt.Run,
// MustRun and Spawner.Run.
func TestOptionsAndSystems(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem(akt.WithDefaults(akt.WithMailbox(1), quiet()))
	addr, err := akt.Run(&doll{}, akt.WithSystem(system), akt.WithName("in its system"),
		akt.WithMailbox(2))
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
	require.Panics(t, func() {
		akt.MustRun(newGate(), akt.WithName("in its system"), akt.WithSystem(system))
	})
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
		"empty name": {[]akt.Option{akt.WithName("")}, []string{"WithName"}},
		"no capacity": {[]akt.Option{akt.WithMailbox(0)},
			[]string{"WithMailbox(0)"}},
		"negative capacity": {[]akt.Option{akt.WithMailbox(-1)},
			[]string{"WithMailbox(-1)"}},
		"nil option": {[]akt.Option{nil}, []string{"nil"}},
		"several": {[]akt.Option{akt.WithName(""), akt.WithMailbox(0)},
			[]string{"WithName", "WithMailbox(0)"}},
		"a good one after a bad one": {[]akt.Option{akt.WithMailbox(0), akt.WithMailbox(1)},
			[]string{"WithMailbox(0)"}},
	} {
		_, err := akt.NewSystem().Run(never, row.opts...)
		for _, text := range row.texts {
			require.ErrorContains(t, err, text, name)
		}
	}
}

type (
	bubbleLater struct{}
	bubbleEnds  struct{}
)

// bubbled looks at what a handler's Context shares with others of its system.
type bubbled struct{}

func (bubbled) HandleLater(ctx akt.Context, _ bubbleLater) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) {
		<-time.After(time.Millisecond)
		return 1, nil
	})
}

func (bubbled) HandleEnds(ctx akt.Context, _ bubbleEnds) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(time.Millisecond):
		return false
	}
}

// L1: an actor run on the default system inside a testing/synctest bubble leaves nothing of the
// bubble behind for other bubbles, or for who is in none, nor is it held up by what is outside: a
// deferred reply, and the Done of a handler.
func TestDefaultSystemInBubbles(t *testing.T) {
	t.Parallel()
	use := func(t *testing.T) {
		addr, err := akt.Run(bubbled{})
		require.NoError(t, err)
		defer addr.Release()
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			reply, err := akt.Ask[int](ctx, addr, bubbleLater{})
			require.NoError(t, err)
			require.Equal(t, 1, reply)
			ended, err := akt.Ask[bool](ctx, addr, bubbleEnds{})
			require.NoError(t, err)
			require.False(t, ended)
		}
	}
	synctest.Test(t, use)
	synctest.Test(t, use)
	use(t)
	synctest.Test(t, use)
}

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

// A name is taken until its actor has ended: Run fails meanwhile, without OnStart, and Lookup does
// not find one that stops.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{onStopped: func(akt.Context) { time.Sleep(time.Minute) }},
			akt.WithName("bank"))
		require.NoError(t, err)
		taken := func() {
			_, err := system.Run(
				&doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }},
				akt.WithName("bank"))
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

// A made-up name is unique too, tells the type, and is not found by Lookup; nobody can be given one
// that is in use.
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

// A child's name is the path of its parents' names and its own, at every depth, and unique like any
// other.
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
	reply, err := unnamed.Send(t.Context(),
		play(func(ctx akt.Context) (any, error) { return ctx.Run(newGate(), akt.WithName("own")) }))
	require.NoError(t, err)
	require.Equal(t, "/"+unnamed.Name()+"/own", reply.(*akt.Address).Name())
	shutDown(t, system)
}

// Names: those of children are unique too, the given and the made-up ones, whichever came first.
func TestNamesOfChildrenAreUnique(t *testing.T) {
	t.Parallel()
	parent := contextOf(t, run(t, &doll{}, akt.WithName("parent")))
	names := map[string]bool{}
	add := func(opts ...akt.Option) string {
		child, err := parent.Run(&doll{}, opts...)
		require.NoError(t, err)
		require.NotContains(t, names, child.Name())
		names[child.Name()] = true
		return child.Name()
	}
	for i := range 20 {
		require.Equal(t, fmt.Sprintf("/parent/doll-%d", i),
			add(akt.WithName(fmt.Sprintf("doll-%d", i))))
	}
	for range 20 {
		made := add()
		_, err := parent.Run(&doll{}, akt.WithName(made[len("/parent/"):]))
		require.ErrorIs(t, err, akt.ErrNameTaken)
	}
}

// A made-up name says what an actor is, and has nothing in it but that and a number.
func TestNamesMadeOfTypes(t *testing.T) {
	t.Parallel()
	var n number
	for want, actor := range map[string]any{
		"number-1":  &n,
		"numbers-1": numbers{},
		"boxed-1":   &boxed[map[string]http.Request]{},
		"struct-1":  &struct{ *number }{&n},
		"pooled-1":  pooled{},
	} {
		require.Equal(t, want, run(t, actor).Name())
	}
	require.Equal(t, "struct-1", run(t, struct{ numbers }{numbers{}}).Name())
}

// childOf runs a child of the actor that ctx belongs to, and returns a Context of the child.
func childOf(t *testing.T, ctx akt.Context, opts ...akt.Option) akt.Context {
	t.Helper()
	child, err := ctx.Run(&doll{}, opts...)
	require.NoError(t, err)
	return contextOf(t, child)
}

// Names: far down a chain of children, of given, made-up and slashed names, a name is the whole
// path; it is found, taken, and free again as any other is, by whichever way one comes to it.
func TestNamesOfDeepChildren(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	top, err := system.Run(&doll{})
	require.NoError(t, err)
	ctx := contextOf(t, top)
	path := "/" + top.Name()
	var last *akt.Address
	for i := range 300 {
		own := []string{"a", "", "b/c", "/d", "d-7"}[i%5]
		var opts []akt.Option
		if own != "" {
			opts = append(opts, akt.WithName(own))
		}
		last, err = ctx.Run(&doll{}, opts...)
		require.NoError(t, err)
		if opts == nil {
			made := last.Name()
			require.Regexp(t, `^doll-\d+$`, made[strings.LastIndexByte(made, '/')+1:])
			path += "/" + made[strings.LastIndexByte(made, '/')+1:]
			_, found := system.Lookup(path)
			require.False(t, found)
		} else {
			path += "/" + own
			found, ok := system.Lookup(path)
			require.True(t, ok, path)
			require.Equal(t, last.Downgrade(), found.Downgrade())
		}
		require.Equal(t, path, last.Name())
		_, err = system.Run(&doll{}, akt.WithName(path))
		require.ErrorIs(t, err, akt.ErrNameTaken)
		require.ErrorContains(t, err, path)
		ctx = contextOf(t, last)
	}
	parent := ctx
	vault := childOf(t, parent, akt.WithName("vault/1"))
	_, loaded, err := system.LookupOrRun(context.Background(), path+"/vault/1", func() any {
		return &doll{}
	})
	require.NoError(t, err)
	require.True(t, loaded)
	shelf := childOf(t, parent, akt.WithName("vault"))
	_, err = shelf.Run(&doll{}, akt.WithName("1"))
	require.ErrorIs(t, err, akt.ErrNameTaken, "the same path, of other parts")
	end(t, vault.Address())
	require.Equal(t, path+"/vault/1", childOf(t, shelf, akt.WithName("1")).Address().Name())
	_, err = parent.Run(&doll{}, akt.WithName("vault/1"))
	require.ErrorIs(t, err, akt.ErrNameTaken)
	_, _, err = system.LookupOrRun(context.Background(), path+"/attic", func() any {
		_, err := parent.Run(&doll{}, akt.WithName("attic"))
		require.ErrorIs(t, err, akt.ErrNameTaken, "its name is claimed")
		return &doll{}
	})
	require.NoError(t, err)
	shutDown(t, system)
	require.Equal(t, path, last.Name(), "also of an actor that has ended")
}

// Names: a chain of children takes as much memory for each of them at any depth, whether their
// names are given or made up.
//
//nolint:paralleltest // it counts the bytes of the whole process
func TestMemoryOfDeepChildren(t *testing.T) {
	for name, opts := range map[string][]akt.Option{
		"given names": {akt.WithName("child")}, "made-up names": nil,
	} {
		t.Run(name, func(t *testing.T) {
			perChild := func(n int) float64 {
				system := akt.NewSystem()
				addr, err := system.Run(&doll{})
				require.NoError(t, err)
				ctx := contextOf(t, addr)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range n {
					ctx = childOf(t, ctx, opts...)
				}
				runtime.ReadMemStats(&after)
				shutDown(t, system)
				return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
			}
			shallow := perChild(250)
			require.Less(t, perChild(2000), 1.5*shallow)
		})
	}
}
