package tests_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

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
	_, loaded, err := system.LookupOrRun(context.Background(), path+"/vault/1", func() any { return &doll{} })
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
