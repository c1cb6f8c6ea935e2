package mailbox

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// host is an actor that has nothing but a mailbox. Its messages are functions, which it calls with
// the link of their run. Its fields below have no lock: the race detector watches that there is
// one owner.
type host struct {
	box    Mailbox
	starts atomic.Int32
	ended  chan struct{}

	handled int
	tasks   []Task // besides messages
	left    []*Envelope
}

// handlerOfAll is the number of the only handler.
const handlerOfAll = 1

// newHost returns an idle one.
func newHost(capacity int32) *host {
	h := ownedHost(capacity)
	h.box.TryIdle()
	return h
}

// ownedHost returns one that the caller owns.
func ownedHost(capacity int32) *host {
	h := &host{ended: make(chan struct{})}
	h.box.Init(capacity, false)
	return h
}

func (h *host) Started() { h.starts.Add(1) }

func (h *host) Own() *Worker {
	if e, begun := h.box.First(); e != nil {
		h.call(e, begun)
		if w, idle := h.box.EndFirst(e, begun); idle {
			return w
		}
	}
	for {
		switch todo, e, w := h.box.Next(); todo {
		case GoneIdle:
			return w
		case Handle:
			h.handle(e)
		case HandleBatch:
			h.handleBatch(w)
		default:
			if h.do(todo) {
				return nil
			}
		}
	}
}

func (h *host) call(e *Envelope, begun Word) {
	h.handled++
	e.Msg.(func(link uint64))(begun.Link())
}

func (h *host) handle(e *Envelope) {
	if e.Kind == Request && !e.Begin() {
		return
	}
	h.call(e, h.box.BeginRun(handlerOfAll))
	h.box.EndRun()
	if e.Kind == Request {
		e.Answer(h.handled, nil)
	}
}

func (h *host) handleBatch(w *Worker) {
	for e := w.Peek(); e != nil; e = w.Peek() {
		before := h.box.Word()
		if before.IsInterrupted() {
			break
		}
		begun, ok := h.box.NextRun(before, handlerOfAll)
		if !ok {
			continue
		}
		w.Step()
		h.call(e, begun)
	}
	h.box.EndRun()
}

func (h *host) do(todo Task) (ended bool) {
	h.tasks = append(h.tasks, todo)
	if todo != Stop && todo != Finish {
		return false
	}
	h.left = h.box.CloseDown()
	h.box.DropWorker()
	close(h.ended)
	return true
}

// ask takes an idle host and handles a request on this goroutine. It reports false for a busy one.
func (h *host) ask(f func(link uint64)) bool {
	begun, ok := h.box.Take(handlerOfAll)
	if ok {
		h.handled++
		f(begun.Link())
		h.box.Yield(h, begun)
	}
	return ok
}

// notify sends a notification, from outside.
func (h *host) notify(into Lane, f func(link uint64)) Admission {
	return h.notifyFrom(nil, 0, into, f)
}

// notifyFrom sends a notification from a run of another host.
func (h *host) notifyFrom(from *host, link uint64, into Lane, f func(link uint64)) Admission {
	owns := h.box.TakeFor(handlerOfAll)
	a := Accepted
	if owns {
		h.box.PutFirst(context.Background(), f, nil, 0)
	} else {
		a, owns = h.box.PushNotice(context.Background(), f, nil, 0, into)
	}
	switch {
	case owns && from != nil:
		h.box.StartFor(h, &from.box, link)
	case owns:
		h.box.Start(h)
	}
	return a
}

// send sends a request that is queued, and waits for the answer.
func (h *host) send(f func(link uint64)) {
	e := NewRequest(context.Background(), true, f, nil, 0)
	if a, _ := h.box.Push(h, e, Public, true); a == Shut {
		return
	}
	if e.Park() {
		<-e.Ready()
	}
}

// notice returns an envelope with a notification.
func notice(f func(link uint64)) *Envelope {
	return &Envelope{Ctx: context.Background(), Msg: f, Kind: Notification}
}

func nothing(uint64) {}

// idle waits until the host has gone idle.
func (h *host) idle() {
	for !h.box.Word().IsIdle() {
		runtime.Gosched()
	}
	h.box.HasWork() // takes the lock, which whoever goes idle by Next holds until it is over
}

// work has this goroutine own a host that the caller owns, without a word to anybody.
func (h *host) work() { h.box.ownerOf(h).work() }

// together runs functions at the same moment, each on a goroutine of its own, and waits for them.
func together(fs ...func()) {
	var ready atomic.Int64
	var running sync.WaitGroup
	for _, f := range fs {
		running.Go(func() {
			ready.Add(1)
			for i := 1; ready.Load() < int64(len(fs)); i++ {
				if len(fs) > 2 || i%500 == 0 { // there may not be as many processors
					runtime.Gosched()
				}
			}
			f()
		})
	}
	running.Wait()
}

// inTime receives from c. What does not come in a minute is taken for lost.
func inTime[T any](t *testing.T, c <-chan T, what string, round int) (v T) {
	t.Helper()
	lost := time.NewTimer(time.Minute)
	defer lost.Stop()
	select {
	case v = <-c:
	case <-lost.C:
		require.FailNow(t, what, "round %d", round)
	}
	return v
}

// rounds is how many rounds a test plays.
func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// spin takes a few nanoseconds for each of n.
func spin(n int) {
	for i := range n {
		spun.Store(int32(i))
	}
}

var spun atomic.Int32
