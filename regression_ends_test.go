package akt

import (
	"context"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// actress does what she is told.
type actress struct{ start func(Context) error }

type act struct{ f func(Context) error }

func (*actress) HandleAct(ctx Context, a act) error { return a.f(ctx) }

func (a *actress) OnStart(ctx Context) error {
	if a.start == nil {
		return nil
	}
	return a.start(ctx)
}

// Context: a chain of notifications that goes by the OnStart of children keeps nothing of the children that have ended.
func TestChainByOnStartDoesNotGrow(t *testing.T) {
	t.Parallel()
	const hops = 100
	s := NewSystem()
	parent, err := s.Run(&actress{})
	require.NoError(t, err)
	var collected atomic.Int32
	done, left := make(chan struct{}), hops
	var hop func(ctx Context) error
	hop = func(ctx Context) error {
		if left--; left == 0 {
			for deadline := time.Now().Add(10 * time.Second); collected.Load() < hops-5 && time.Now().Before(deadline); {
				runtime.GC()
				runtime.Gosched()
			}
			close(done)
			runtime.KeepAlive(ctx)
			return nil
		}
		type markKey struct{}
		mark := new([16]byte)
		runtime.AddCleanup(mark, func(n *atomic.Int32) { n.Add(1) }, &collected)
		child, err := ctx.Run(&actress{start: func(c Context) error { return parent.Notify(c, act{hop}) }},
			WithContext(context.WithValue(context.Background(), markKey{}, mark)))
		if err == nil {
			child.Stop()
		}
		return err
	}
	require.NoError(t, parent.Notify(context.Background(), act{hop}))
	<-done
	require.GreaterOrEqual(t, collected.Load(), int32(hops-5))
	require.NoError(t, s.Shutdown(context.Background()))
}

// E1: a typed nil *SendError is the handler's own error, as any other typed nil is.
func TestNilSendErrorIsTheHandlersOwn(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	a, err := s.Run(&actress{})
	require.NoError(t, err)
	var own *SendError
	_, err = a.Send(context.Background(), act{func(Context) error { return own }})
	require.Equal(t, typeName(own), typeName(err))
	require.True(t, reflect.ValueOf(err).IsNil(), "it is not wrapped")
	require.NoError(t, s.Shutdown(context.Background()))
}

// ownEnd is a context of a type of its own, of whose end the context package hears late.
type ownEnd struct {
	context.Context
	done chan struct{}
}

func (c *ownEnd) Done() <-chan struct{} { return c.done }

func (c *ownEnd) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Context: Err never changes, also where Shutdown runs out of patience right after the sender's context has ended.
func TestErrIsOfTheFirstEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem()
		a, err := s.Run(&actress{})
		require.NoError(t, err)
		sender := &ownEnd{t.Context(), make(chan struct{})}
		var kept Context
		_, err = a.Send(sender, act{func(ctx Context) error { kept = ctx; return nil }})
		require.NoError(t, err)
		require.NotNil(t, kept.Done())
		in, out := make(chan struct{}), make(chan struct{})
		require.NoError(t, a.Notify(context.Background(), act{func(Context) error { close(in); <-out; return nil }}))
		<-in
		close(sender.done)
		require.Equal(t, context.DeadlineExceeded, kept.Err())
		over, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, s.Shutdown(over))
		synctest.Wait()
		close(out)
		require.Equal(t, context.DeadlineExceeded, kept.Err())
	})
}

type (
	HiddenLeft  struct{}
	HiddenRight struct{}
	hiding      struct {
		HiddenLeft
		HiddenRight
		HandleX func() // hides the method of both
	}
)

func (HiddenLeft) HandleX(Context, int)  {}
func (HiddenRight) HandleX(Context, int) {}
func (hiding) HandleY(Context, string)   {}

// H3: where a field hides promoted handlers, there is nothing ambiguous in them.
func TestFieldHidesAmbiguousHandlers(t *testing.T) {
	t.Parallel()
	_, err := Describe(&hiding{})
	require.NoError(t, err)
}
