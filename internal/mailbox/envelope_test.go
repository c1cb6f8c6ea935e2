package mailbox

import (
	"context"
	"errors"
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/bubble"
)

// One-Answer: who settles a request first decides what its sender hears, whatever comes before the
// sender looks.
func TestFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	fresh := func() *Envelope {
		e := NewRequest(context.Background(), true, nil, nil, 0)
		require.True(t, e.IsPending())
		require.True(t, e.Park())
		return e
	}
	failure := errors.New("failed")
	t.Run("cut, then answered", func(t *testing.T) {
		t.Parallel()
		e := fresh()
		require.True(t, e.Begin())
		require.False(t, e.IsPending())
		e.Cut()
		<-e.Ready()
		require.False(t, e.Answer(7, nil))
		require.True(t, e.IsCut())
	})
	t.Run("answered, then cut and abandoned", func(t *testing.T) {
		t.Parallel()
		e := fresh()
		require.True(t, e.Answer(7, nil))
		<-e.Ready()
		e.Cut()
		handled, ok := e.Abandon()
		require.False(t, handled)
		require.False(t, ok)
		require.False(t, e.IsCut())
		require.True(t, e.IsSettled())
		reply, err := e.Result()
		require.NoError(t, err)
		require.Equal(t, 7, reply)
	})
	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		e := fresh()
		require.True(t, e.Answer(7, failure))
		reply, err := e.Result()
		require.Nil(t, reply)
		require.Equal(t, failure, err)
	})
	t.Run("answered, then the sender wants to sleep", func(t *testing.T) {
		t.Parallel()
		e := NewRequest(context.Background(), true, nil, nil, 0)
		require.True(t, e.Answer(7, nil))
		require.False(t, e.Park())
	})
	t.Run("abandoned before the handler begins", func(t *testing.T) {
		t.Parallel()
		e := fresh()
		handled, ok := e.Abandon()
		require.False(t, handled)
		require.True(t, ok)
		require.False(t, e.Begin())
		reply, err := e.Result()
		require.NoError(t, err)
		require.Nil(t, reply)
	})
	t.Run("abandoned in the handler", func(t *testing.T) {
		t.Parallel()
		e := fresh()
		require.True(t, e.Begin())
		handled, ok := e.Abandon()
		require.True(t, handled)
		require.True(t, ok)
		require.False(t, e.Answer(7, nil))
	})
}

// Speed: a mailbox is a line and a half, what a notification needs of its envelope comes first, and
// 128 bytes is a size class of Go's allocator.
func TestLayout(t *testing.T) {
	t.Parallel()
	if math.MaxInt == math.MaxInt32 {
		t.Skip("the sizes are those of 64 bits")
	}
	require.EqualValues(t, 104, unsafe.Sizeof(Mailbox{}))
	require.EqualValues(t, 40, unsafe.Offsetof(Mailbox{}.worker))
	require.LessOrEqual(t, unsafe.Offsetof(Envelope{}.Source), uintptr(72))
	require.LessOrEqual(t, unsafe.Sizeof(Envelope{}), uintptr(128))
	between := unsafe.Offsetof(Worker{}.batch) - unsafe.Offsetof(Worker{}.lastRun)
	require.GreaterOrEqual(t, between, uintptr(64))
}

// What is measured of an envelope is how long ago it was pushed, and only where somebody asks.
func TestWaited(t *testing.T) {
	t.Parallel()
	for _, intercepted := range []bool{false, true} {
		h := &host{}
		h.box.Init(10, intercepted)
		e := notice(nothing)
		h.box.Push(h, e, Private, false)
		require.Equal(t, intercepted, e.since != 0)
		if intercepted {
			require.Less(t, e.Waited(), bubble.Uptime())
		}
	}
}

// Who gives up is told how many were before it, exactly where it is near either end of a long
// queue, and costs the same wherever it is.
func TestCountingAheadIsLimited(t *testing.T) {
	t.Parallel()
	var l list
	const n = 3 * mostCounted
	all := make([]Envelope, n)
	for i := range all {
		l.push(&all[i], inPublic)
	}
	for i := range all {
		want := Ahead{int32(i), false}
		if i >= mostCounted && i < n-mostCounted {
			want = Ahead{mostCounted, true}
		}
		require.Equal(t, want, l.ahead(&all[i]))
	}
}

// The word tells the run, and what it is.
func TestWord(t *testing.T) {
	t.Parallel()
	h := newHost(10)
	require.True(t, h.ask(func(link uint64) {
		w := h.box.Word()
		require.EqualValues(t, 1, w.Number())
		require.EqualValues(t, handlerOfAll, w.Handler())
		require.Equal(t, w.Link(), link)
		require.False(t, w.IsIdle())
		require.True(t, h.box.Runs(link))
		require.False(t, h.box.Runs(link+1<<RunShift))
		h.box.RenameRun(handlerOfAll, 7)
		require.EqualValues(t, 7, h.box.Word().Handler())
		require.True(t, h.box.Runs(link))
		before := h.box.Word()
		h.box.MarkTick()
		require.True(t, h.box.Word().IsTick())
		_, ok := h.box.NextRun(before, 8)
		require.False(t, ok, "the word has changed")
		require.True(t, h.box.Runs(link))
		begun, ok := h.box.NextRun(h.box.Word(), 8)
		require.True(t, ok)
		require.False(t, h.box.Runs(link))
		require.EqualValues(t, 8, begun.Handler())
	}))
	h.idle()
	require.False(t, h.box.Word().IsTick())
	require.False(t, h.box.Runs(h.box.Word().Link()))
	_, ok := h.box.TakeIntercepted(handlerOfAll)
	require.False(t, ok)
	h.box.Guard()
	_, ok = h.box.Take(handlerOfAll)
	require.False(t, ok)

	h = &host{}
	h.box.Init(1, true)
	require.Equal(t, uint16(9), h.box.BeginOther(9).Handler())
	h.box.EndRun()
	require.True(t, h.box.TryIdle())
	_, ok = h.box.Take(handlerOfAll)
	require.False(t, ok)
	begun, ok := h.box.TakeIntercepted(handlerOfAll)
	require.True(t, ok)
	h.box.Lock()
	require.EqualValues(t, 1, h.box.Begun(begun))
	h.box.Unlock()
	h.box.EndOther()
	h.box.Lock()
	require.Zero(t, h.box.Begun(h.box.Word()))
	h.box.Unlock()
}
