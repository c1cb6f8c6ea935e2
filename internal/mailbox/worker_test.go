package mailbox

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// handTo has a host's handler do something, by this goroutine as the owner, which works with w. It
// returns when the goroutine owns nothing any more. No other goroutine comes to look at what is
// handed to w: so it is this one that owns that, too.
func handTo(t *testing.T, w *Worker, h *host, f func(link uint64)) {
	t.Helper()
	w.coming.Store(true) // Somebody-Comes: it seems so
	_, owns := h.box.push(notice(f), Public, false)
	require.True(t, owns)
	h.box.worker.Store(w)
	h.work()
}

// One-Owner: a goroutine that goes on from actor to actor takes its worker with it. Each of them
// has given it up by then: an actor with a new owner and the worker of the old one would share its
// batch and its envelopes with another actor.
func TestActorsDoNotShareAWorker(t *testing.T) {
	t.Parallel()
	a, b := newHost(10), newHost(10)
	w, visits := new(Worker), 0
	alone := func(here, there *host) {
		visits++
		require.Same(t, w, here.box.worker.Load())
		require.Nil(t, there.box.worker.Load())
	}
	handTo(t, w, a, func(link uint64) {
		alone(a, b)
		b.notifyFrom(a, link, Public, func(link uint64) { // the goroutine comes from next
			alone(b, a)
			a.notifyFrom(b, link, Public, func(link uint64) { // it comes from the first message
				alone(a, b)
				a.notifyFrom(a, link, Public, func(uint64) { alone(a, b) }) // there is more to do
				b.notifyFrom(a, link, Public, func(link uint64) {           // it comes from a batch
					alone(b, a)
					b.notifyFrom(b, link, Public, func(uint64) { alone(b, a) })
					b.notifyFrom(b, link, Public, func(link uint64) {
						alone(b, a)
						a.notifyFrom(b, link, Public, func(uint64) { alone(a, b) })
					})
				})
			})
		})
	})
	require.Equal(t, 8, visits)
	require.Nil(t, w.next.Load())
	for _, h := range []*host{a, b} {
		require.Nil(t, h.box.worker.Load())
		require.Zero(t, h.box.Word()&FlagMask)
	}
}

// Somebody-Comes: an actor that was handed to a worker is not lost or replaced when another one
// comes: that is owned by a goroutine of its own.
func TestWorkerTakesOneActorAtATime(t *testing.T) {
	t.Parallel()
	a, b, c := newHost(10), newHost(10), newHost(10)
	w, order := new(Worker), make(chan string, 2)
	handTo(t, w, a, func(link uint64) {
		b.notifyFrom(a, link, Public, func(uint64) { order <- "b" })
		require.Same(t, &b.box, w.next.Load())
		c.notifyFrom(a, link, Public, func(uint64) { order <- "c" })
		require.Equal(t, "c", inTime(t, order, "the second actor has no owner", 0))
		require.Same(t, &b.box, w.next.Load())
	})
	require.Equal(t, "b", inTime(t, order, "the first actor has no owner", 0))
}

// Somebody-Comes: what a handler wakes does not wait for that handler: a goroutine comes for each
// actor that it hands over.
func TestHandedActorDoesNotWaitForItsWaker(t *testing.T) {
	t.Parallel()
	a, b, over := newHost(10), newHost(10), make(chan struct{})
	a.notify(Public, func(link uint64) {
		for n := range 3 {
			woken := make(chan struct{})
			b.notifyFrom(a, link, Public, func(uint64) { close(woken) })
			inTime(t, woken, "the actor has no owner", n)
			b.idle()
		}
		close(over)
	})
	inTime(t, over, "the handler goes on", 0)
}

// An actor is only handed to the goroutine of the run that wakes it while that lasts: afterwards
// nobody would come.
func TestEndedRunHandsNothingOver(t *testing.T) {
	t.Parallel()
	a, b, kept := newHost(10), newHost(10), uint64(0)
	handTo(t, new(Worker), a, func(link uint64) { kept = link })
	woken := make(chan struct{})
	b.notifyFrom(a, kept, Public, func(uint64) { close(woken) })
	inTime(t, woken, "the actor has no owner", 0)
	require.Nil(t, a.box.worker.Load())
}

// Somebody-Comes: the goroutine that comes takes the actor out, so that no other one owns it as
// well.
func TestRelieveTakesTheActorOut(t *testing.T) {
	t.Parallel()
	b, w, handled := newHost(10), new(Worker), 0
	w.coming.Store(true)
	require.True(t, b.box.TakeFor(handlerOfAll))
	b.box.ownerOf(b)
	b.box.PutFirst(context.Background(), func(uint64) {
		handled++
		require.Nil(t, w.next.Load())
		require.False(t, w.coming.Load(), "who hands over from now on brings another one")
	}, nil, 0)
	require.True(t, w.hand(&b.box))
	w.relieve()
	w.relieve() // there is nothing left
	require.Equal(t, 1, handled)
}

// Somebody-Comes: an actor that is handed over at the moment when the goroutine that was on its
// way finds nothing does not wait for the handler that has woken it.
//
//nolint:paralleltest // it needs two processors for itself
func TestEdgeOfHandingOver(t *testing.T) {
	a, b := newHost(10), newHost(10)
	for round := range rounds(20000) {
		over := make(chan struct{})
		a.notify(Public, func(link uint64) {
			b.notifyFrom(a, link, Public, func(link uint64) { // by either goroutine
				a.idle()
				spin(round % 200)
				woken := make(chan struct{})
				a.notifyFrom(b, link, Public, func(uint64) { close(woken) })
				inTime(t, woken, "the actor waits for who has woken it", round)
				close(over)
			})
		})
		<-over
	}
}

// The run of the first message has ended when the next one begins.
func TestRunAfterTheFirstMessage(t *testing.T) {
	t.Parallel()
	for _, into := range []Lane{Public, Private} {
		h, over := newHost(10), make(chan Word)
		h.notify(Public, func(uint64) {
			h.notify(into, func(uint64) { over <- h.box.Word() })
		})
		require.EqualValues(t, handlerOfAll, inTime(t, over, "it was lost", 0).Handler())
	}
}

// Batch-Is-Notifications: what queues behind a busy handler is taken at once where that is only
// notifications, and one by one where there is a request, or one message.
func TestWhatIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		kinds []Kind
		taken []int32 // in each handler: how many the batch had
	}{
		{"notifications", []Kind{Notification, Notification, Notification}, []int32{3, 3, 3}},
		{"one notification", []Kind{Notification}, []int32{0}},
		{
			"a request among them", []Kind{Notification, Request, Notification, Notification},
			[]int32{0, 0, 2, 2},
		},
		{"requests", []Kind{Request, Request}, []int32{0, 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(10)
			var taken []int32
			for _, k := range row.kinds {
				e := notice(func(uint64) {
					h.box.Lock()
					defer h.box.Unlock()
					taken = append(taken, h.box.size)
				})
				e.Kind = k
				h.box.push(e, Public, true)
			}
			h.work() // One-Owner: the first push has made it this goroutine
			require.Equal(t, row.taken, taken)
			require.Zero(t, h.box.size)
		})
	}
}

// Speed, and memory: the envelopes of a batch are used again, but for those with a channel or a
// source, and hold nothing of the messages that were handled.
func TestEnvelopesOfABatchAreUsedAgain(t *testing.T) {
	t.Parallel()
	h, handled := newHost(10), 0
	push := func(marks uint8) (e *Envelope, owns bool) {
		e = notice(func(uint64) { handled++ })
		e.marks, e.To = marks, h
		_, owns = h.box.push(e, Public, false)
		return e, owns
	}
	first, owns := push(pooled)
	require.True(t, owns) // One-Owner: this goroutine
	_, _ = push(0)
	third, _ := push(pooled)
	h.box.push(notice(func(uint64) {
		w := h.box.worker.Load()
		require.Same(t, third, w.spent)
		require.Same(t, first, third.next)
		require.Nil(t, first.next, "the one that is not pooled is not among them")
		for _, e := range []*Envelope{first, third} {
			require.Nil(t, e.Msg)
			require.Nil(t, e.Ctx)
			require.Nil(t, e.To)
			require.Nil(t, e.prev, "it would hold the message before it")
		}
		lent := notice(func(uint64) { // not one of the pool, which may bring others along
			h.box.Lock()
			defer h.box.Unlock()
			require.Same(t, third, h.box.free, "lent to those who push")
		})
		require.Equal(t, Accepted, pushed(t, h, lent, Private))
	}), Public, false)
	h.work()
	require.Equal(t, 5, h.handled)
	require.Equal(t, 3, handled)
	require.Nil(t, h.box.free)
}

// inBatch runs f in the first message of a batch of n, and returns the numbers of those handled
// after it, in their order.
func inBatch(t *testing.T, h *host, n int, f func(link uint64)) (handled []int) {
	t.Helper()
	_, owns := h.box.push(notice(f), Public, false)
	require.True(t, owns)
	for i := 1; i < n; i++ {
		h.box.push(notice(func(uint64) { handled = append(handled, i) }), Public, false)
	}
	h.work()
	return handled
}

// Interrupt, Bounded: the rest of a batch counts for the capacity, is given back to the owner's
// interruption, and taken away at the hard end.
func TestRestOfABatch(t *testing.T) {
	t.Parallel()
	t.Run("it counts as queued", func(t *testing.T) {
		t.Parallel()
		h := newHost(3)
		require.Equal(t, []int{1, 2}, inBatch(t, h, 3, func(uint64) {
			h.box.Lock()
			require.EqualValues(t, 2, h.box.Queued())
			h.box.Unlock()
			require.True(t, h.box.HasWork())
			require.False(t, h.box.IsFull(), "one message has begun")
			require.Equal(t, Accepted, h.notify(Public, nothing))
			require.True(t, h.box.IsFull())
			require.Equal(t, Full, h.notify(Public, nothing))
			require.False(t, h.box.Word().IsInterrupted())
		}))
	})
	t.Run("a private message comes before it", func(t *testing.T) {
		t.Parallel()
		h, begun := newHost(3), -1
		handled := inBatch(t, h, 3, func(uint64) {
			h.notify(Private, func(uint64) {
				h.box.Lock()
				begun = int(h.box.Queued())
				h.box.Unlock()
			})
			require.True(t, h.box.Word().IsInterrupted())
		})
		require.Equal(t, []int{1, 2}, handled)
		require.Equal(t, 2, begun)
	})
	t.Run("an order comes before it", func(t *testing.T) {
		t.Parallel()
		h, told := newHost(3), -1
		h.box.push(notice(func(uint64) { h.box.Order(h, OrderTell) }), Public, false)
		h.box.push(notice(func(uint64) { told = len(h.tasks) }), Public, false)
		h.work()
		require.Equal(t, 1, told)
	})
	t.Run("it comes before what was sent meanwhile", func(t *testing.T) {
		t.Parallel()
		h, order := newHost(3), []int(nil)
		add := func(n int) func(uint64) { return func(uint64) { order = append(order, n) } }
		h.box.push(notice(func(uint64) {
			h.notify(Public, add(3))
			h.notify(Private, add(1))
		}), Public, false)
		h.box.push(notice(add(2)), Public, false)
		h.work()
		require.Equal(t, []int{1, 2, 3}, order)
	})
	t.Run("it is given back after a failure", func(t *testing.T) {
		t.Parallel()
		h := newHost(3)
		require.Equal(t, []int{1, 2}, inBatch(t, h, 3, func(uint64) {
			w := h.box.worker.Load()
			h.box.GiveBack()
			require.Nil(t, w.Peek())
			require.NotNil(t, w.Last())
			require.EqualValues(t, 2, h.box.public.n)
		}))
	})
	t.Run("it is taken away at the hard end", func(t *testing.T) {
		t.Parallel()
		h := newHost(3)
		var queue []*Envelope
		require.Empty(t, inBatch(t, h, 3, func(uint64) {
			h.notify(Private, nothing)
			h.notify(Public, nothing)
			var owns bool
			queue, _, owns = h.box.ShutOff(OrderDrain)
			require.False(t, owns)
		}))
		require.Len(t, queue, 4)
		require.Equal(t, []Task{Finish}, h.tasks)
	})
	t.Run("who waits for room behind it is let in as it gets less", func(t *testing.T) {
		t.Parallel()
		h, in := newHost(2), false
		require.Equal(t, []int{1}, inBatch(t, h, 2, func(uint64) {
			require.Equal(t, Accepted, h.notify(Public, nothing))
			e := notice(func(uint64) { in = true })
			e.Park()
			a, _ := h.box.Push(h, e, Public, true)
			require.Equal(t, MustWait, a)
			require.True(t, h.box.IsWaiting(e))
			require.True(t, h.box.Word().IsInterrupted())
		}))
		require.True(t, in)
	})
}

// Bounded: a sender that has found the lane full is let in where the last messages of a batch begin
// before the owner is interrupted.
//
//nolint:paralleltest // it needs two processors for itself
func TestRoomWhileABatchGoesOn(t *testing.T) {
	for round := range rounds(20000) {
		h := newHost(2)
		var leave atomic.Bool
		entered := make(chan struct{})
		h.notify(Public, func(uint64) {
			close(entered)
			for i := 1; !leave.Load(); i++ {
				if i%4096 == 0 {
					runtime.Gosched()
				}
			}
		})
		<-entered
		h.notify(Public, nothing)
		h.notify(Public, nothing)
		e := notice(nothing)
		e.Park()
		leave.Store(true)
		spin(round % 250)
		if a, _ := h.box.Push(h, e, Public, true); a == MustWait {
			inTime(t, e.Ready(), "it was not let in", round)
		}
		h.idle()
		require.Equal(t, 4, h.handled)
	}
}
