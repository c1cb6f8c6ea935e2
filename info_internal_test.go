package akt

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/mailbox"
)

// Info: a request whose sender left between its leaving the lane and its handling is dropped too.
func TestInfoOfAbandonedRequest(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	e := mailbox.NewRequest(t.Context(), false, nil, nil, 0)
	_, ok := e.Abandon()
	require.True(t, ok)
	require.False(t, addr.actor.mayBegin(e))
	info, lives := addr.actor.info()
	require.True(t, lives)
	require.EqualValues(t, 1, info.Dropped)
	require.Zero(t, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
	_, lives = addr.actor.info()
	require.False(t, lives)
}

// Speed: an actor is three cache lines, and 192 bytes is a size class of Go's allocator. Its mailbox
// begins where it says.
func TestSizeOfActor(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(actor{}), uintptr(192))
	require.EqualValues(t, 88, unsafe.Offsetof(actor{}.box))
	require.LessOrEqual(t, unsafe.Sizeof(config{}), uintptr(144),
		"a size class, too: what a child or a named actor has besides")
}

// Info: a tick whose interval was stopped since it was taken from the lane is no message.
func TestInfoOfTickThatWasStopped(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	a := addr.actor
	_, ok := a.box.Take(runFunction) // One-Owner: this goroutine
	require.True(t, ok)
	a.box.EndOther()
	stopped := (*timed)(&Timer{actor: a, stopped: true})
	require.Nil(t, a.handle(&mailbox.Envelope{
		Ctx: t.Context(), Kind: mailbox.Interval, Source: stopped,
	}))
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.True(t, a.box.TryIdle())
	_, err = addr.Send(t.Context(), struct{}{})
	require.NoError(t, err)
	info, _ = a.info()
	require.EqualValues(t, 1, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
}
