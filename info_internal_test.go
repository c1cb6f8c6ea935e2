package akt

import (
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Info: a request whose sender left between its leaving the lane and its handling is dropped too.
func TestInfoOfAbandonedRequest(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	e := &envelope{ctx: t.Context(), kind: request}
	e.outcome.Store(parked | abandoned)
	require.False(t, addr.actor.mayBegin(e))
	info, lives := addr.actor.info()
	require.True(t, lives)
	require.EqualValues(t, 1, info.Dropped)
	require.Zero(t, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
	_, lives = addr.actor.info()
	require.False(t, lives)
}

// Speed: what an actor is known by costs no more memory than before: 208 bytes is a size class of Go's allocator.
func TestSizeOfActor(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(actor{}), uintptr(208))
}

// Names: whether a given name is a made-up one is found without looking at all actors for each, also as they come and go.
func TestMadeUpNamesAreIndexed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testMadeUpNames)
}

func testMadeUpNames(t *testing.T) {
	s := NewSystem()
	first, err := s.Run(numbered{})
	require.NoError(t, err)
	second, err := s.Run(numbered{})
	require.NoError(t, err)
	taken := func(name string) bool {
		t.Helper()
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.madeUp(name)
	}
	require.True(t, taken("numbered-1"))
	require.Len(t, s.made, 2)
	require.Same(t, second.actor, s.madeUntil)
	end := func(a *Address) { a.Stop(); synctest.Wait() }
	end(second)
	require.Same(t, first.actor, s.madeUntil)
	require.False(t, taken("numbered-2"))
	third, err := s.Run(numbered{})
	require.NoError(t, err)
	require.True(t, taken("numbered-3"))
	require.False(t, taken("other-3"))
	end(first)
	end(third)
	require.Nil(t, s.madeUntil)
	require.Empty(t, s.made)
	fourth, err := s.Run(numbered{})
	require.NoError(t, err)
	require.Equal(t, "numbered-4", fourth.Name())
	require.True(t, taken("numbered-4"))
	require.NoError(t, s.Shutdown(t.Context()))
}

// Info: a tick whose interval was stopped since it was taken from the lane is no message.
func TestInfoOfTickThatWasStopped(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	a := addr.actor
	a.word.Or(flagBusy) // One-Owner: this goroutine
	require.Nil(t, a.handle(&envelope{ctx: t.Context(), kind: interval, timer: &Timer{actor: a, stopped: true}}))
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.True(t, a.goIdle())
	_, err = addr.Send(t.Context(), struct{}{})
	require.NoError(t, err)
	info, _ = a.info()
	require.EqualValues(t, 1, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
}
