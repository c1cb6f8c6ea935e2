package lifetime

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// hostile is a context of a user's own type, whose methods but for Done fail once it is turned on.
type hostile struct {
	context.Context
	done chan struct{}
	on   bool
	fail func()
}

func (h *hostile) Done() <-chan struct{} { return h.done }

func (h *hostile) Err() error {
	if h.on {
		h.fail()
	}
	return nil
}

func (h *hostile) Value(key any) any {
	if h.on {
		h.fail()
	}
	return h.Context.Value(key)
}

// tellingHostile tells of its end itself, and fails while it does.
type tellingHostile struct{ *hostile }

func (h tellingHostile) AfterFunc(func()) (stop func() bool) {
	if h.on {
		h.fail()
	}
	return func() bool { h.fail(); return false }
}

// Once a sender's context is bound, its methods can neither panic nor end a goroutine of who looks
// at its end: it was canceled then.
func TestBoundOfAHostileContext(t *testing.T) {
	t.Parallel()
	for failure, fail := range map[string]func(){
		"panic": func() { panic("hostile") }, "Goexit": runtime.Goexit,
	} {
		for kind, of := range map[string]func(*hostile) context.Context{
			"silent": func(h *hostile) context.Context { return h },
			"one that tells of its end": func(h *hostile) context.Context {
				return tellingHostile{h}
			},
		} {
			t.Run(failure+", "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := &hostile{
						Context: context.Background(), done: make(chan struct{}), fail: fail,
					}
					asked, unasked := Bind(of(h), nil), Bind(of(h), nil)
					defer asked.Release()
					defer unasked.Release()
					h.on = true
					done := asked.Done()
					require.NoError(t, asked.Err())
					require.Equal(t, context.Canceled, unasked.Expired())
					close(h.done)
					synctest.Wait()
					require.Equal(t, context.Canceled, asked.Err())
					require.True(t, isClosed(done))
					require.Equal(t, context.Canceled, asked.Expired())
					require.Equal(t, context.Canceled, unasked.Err())
				})
			})
		}
	}
}

// The goroutine that waits for a sender's end lasts no longer than somebody holds the Bound.
func TestBoundThatNobodyHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hostile{Context: context.Background(), done: make(chan struct{})}
		b := Bind(h, nil)
		b.Hold()
		_ = b.Done()
		b.Release()
		synctest.Wait()
		b.mu.Lock()
		require.NotNil(t, b.stop)
		b.mu.Unlock()
		b.Release()
		// The bubble ends with a deadlock if the goroutine is still there.
	})
}

// Undone is what AfterEnd was to do, for every kind of context, whatever that does.
func TestAfterEndThatIsUndone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := &hostile{Context: context.Background(), done: make(chan struct{})}
		telling := tellingHostile{
			&hostile{
				Context: context.Background(), done: make(chan struct{}),
				fail: func() { panic("hostile") },
			},
		}
		of, cancel := context.WithCancel(t.Context())
		for name, ctx := range map[string]context.Context{
			"silent": silent, "telling": telling, "of package context": of,
			"endless": context.Background(),
		} {
			undo := AfterEnd(ctx, func() { t.Errorf("%s: it was not undone", name) })
			undo()
		}
		cancel()
		close(silent.done)
		close(telling.done)
		synctest.Wait()
	})
}
