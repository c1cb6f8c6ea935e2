package akt

import (
	"testing"
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
	require.LessOrEqual(t, unsafe.Sizeof(config{}), uintptr(144), "a size class, too: what a child or a named actor has besides")
}

// Info: a tick whose interval was stopped since it was taken from the lane is no message.
func TestInfoOfTickThatWasStopped(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	a := addr.actor
	a.box.word.Or(flagBusy) // One-Owner: this goroutine
	require.Nil(t, a.handle(&envelope{ctx: t.Context(), kind: interval, timer: &Timer{actor: a, stopped: true}}))
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.True(t, a.box.goIdle())
	_, err = addr.Send(t.Context(), struct{}{})
	require.NoError(t, err)
	info, _ = a.info()
	require.EqualValues(t, 1, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
}
