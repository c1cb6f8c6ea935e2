package lifetime

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// entered is how many Ends a life has entered, gone ones included.
func (l *Life) entered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ends)
}

// The Ends of contexts that are gone are swept out, as long as new ones come.
func TestEndsOfContextsThatAreGone(t *testing.T) {
	t.Parallel()
	life := &Life{}
	enter := func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		_ = life.With(ctx)
	}
	for range 20 {
		for range 100 {
			enter()
		}
		runtime.GC()
	}
	require.Less(t, life.entered(), 500)
}

// All who ask for the End of one context get the same one.
func TestOneEndOfAContext(t *testing.T) {
	t.Parallel()
	life := &Life{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end := life.With(ctx)
	require.Same(t, end, life.With(ctx))
	require.Same(t, end, life.With(context.WithValue(ctx, layerKey{}, 1)))
	require.Same(t, end, life.Find(ctx.Done()))
	require.NotSame(t, end, (&Life{}).With(ctx))
}

// Why an End has ended is decided by what has ended first, and never changes; also where nobody
// keeps the End meanwhile, and it is made again.
func TestWhyIsDecidedOnce(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	for name, again := range map[string]bool{"the same End": false, "another End": true} {
		for first, ends := range map[string][2]func(*Life, context.CancelCauseFunc){
			"the life": {
				func(l *Life, _ context.CancelCauseFunc) { l.End() },
				func(_ *Life, cancel context.CancelCauseFunc) { cancel(why) },
			},
			"the sender": {
				func(_ *Life, cancel context.CancelCauseFunc) { cancel(why) },
				func(l *Life, _ context.CancelCauseFunc) { l.End() },
			},
		} {
			t.Run(first+" is first, "+name, func(t *testing.T) {
				t.Parallel()
				life := &Life{}
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				end := life.With(ctx)
				require.NoError(t, end.Err())
				require.False(t, isClosed(end.Done()))
				ends[0](life, cancel)
				require.Equal(t, context.Canceled, end.Err())
				require.True(t, isClosed(end.Done()))
				cause := context.Canceled
				if first == "the sender" {
					cause = why
				}
				require.Equal(t, cause, context.Cause(end))
				ends[1](life, cancel)
				require.Equal(t, cause, context.Cause(end))
				if again {
					life.mu.Lock()
					clear(life.ends) // as if it had been collected
					life.mu.Unlock()
					end = life.With(ctx)
					require.True(t, isClosed(end.Done()))
				}
				require.Equal(t, first == "the life", end.reason().byLife)
				require.Equal(t, context.Canceled, end.Err())
			})
		}
	}
}

// What is made once the life has ended, has ended.
func TestLifeThatHasEnded(t *testing.T) {
	t.Parallel()
	life := &Life{}
	life.End()
	require.True(t, life.Over())
	require.Equal(t, context.Canceled, life.Context().Err())
	end := life.With(t.Context())
	require.True(t, isClosed(end.Done()))
	require.Equal(t, context.Canceled, end.Err())
}
