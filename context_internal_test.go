package akt

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/values"
)

type valueKey struct{}

// Relays: runs that a notification's ctx was handed through add no values.
func TestCarriedThroughRuns(t *testing.T) {
	t.Parallel()
	root := carriedBy(context.WithValue(t.Context(), valueKey{}, "root"), nil)
	require.IsType(t, (*values.Carried)(nil), root)
	for name, ctx := range map[string]context.Context{
		"itself":           root,
		"by a request":     Context{Context: root, actor: deadActor},
		"without an actor": Context{Context: root},
		"by a function":    Context{Context: &goFunction{Context: root}, actor: deadActor},
		"through a start": Context{
			Context: startContext{root, context.Background(), Context{}}, actor: deadActor,
		},
	} {
		require.Same(t, root, carriedBy(ctx, nil), name)
	}
}

// Value: what was handed through any number of actors by requests is looked through by a loop.
func TestValueThroughManyRequests(t *testing.T) {
	t.Parallel()
	depth := 0
	root := &depthContext{t.Context(), &depth}
	var last context.Context = root
	for range 10_000 {
		last = Context{Context: last, actor: deadActor}
	}
	require.Equal(t, "root", last.Value(valueKey{}))
	require.Less(t, depth, 10)
	found, ok := FromContext(last)
	require.True(t, ok)
	require.Equal(t, last, found)
}

// depthContext notes how deep the stack is where it is asked for a value.
type depthContext struct {
	context.Context
	depth *int
}

func (c *depthContext) Value(key any) any {
	*c.depth = runtime.Callers(1, make([]uintptr, 100))
	if key == (valueKey{}) {
		return "root"
	}
	return c.Context.Value(key)
}
