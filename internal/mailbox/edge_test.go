package mailbox

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests are small rounds at the edge between idle and busy: two or three messages at the
// moment when the actor goes idle, or stops, thousands of times. Most of what can go wrong with a
// mailbox goes wrong there, and a stress test that keeps the actor busy never gets there.

// No-Lost-Wake-Up: a message that comes at the moment when the actor goes idle is handled, without
// another one to wake it; and at the end nothing is left of any of them.
func TestEdgeOfIdle(t *testing.T) {
	t.Parallel()
	type act = func(link uint64)
	for name, pair := range map[string]func(h *host, f act) []func(){
		"a notification against a request": func(h *host, f act) []func() {
			return []func(){
				func() { h.notify(Public, f) },
				func() {
					if !h.ask(f) {
						h.send(f)
					}
				},
			}
		},
		"a notification against a private one": func(h *host, f act) []func() {
			return []func(){func() { h.notify(Public, f) }, func() { h.notify(Private, f) }}
		},
		"a queued request against another": func(h *host, f act) []func() {
			return []func(){
				func() { h.send(f) },
				func() {
					for !h.ask(f) {
						runtime.Gosched()
					}
				},
			}
		},
		"two notifications and an order": func(h *host, f act) []func() {
			return []func(){
				func() { h.notify(Public, f) },
				func() { h.notify(Public, f) },
				func() { h.box.Order(h, OrderTell) },
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, seen := newHost(10), make(chan struct{}, 2)
			f := func(uint64) { spin(20); seen <- struct{}{} }
			for round := range rounds(2000) {
				together(pair(h, f)...)
				for range 2 {
					inTime(t, seen, "a message was lost", round)
				}
			}
			h.idle()
			h.box.Lock()
			defer h.box.Unlock()
			require.Equal(t, 2*rounds(2000), h.handled)
			require.Zero(t, h.box.Word()&(FlagMask|HandlerMask))
			require.EqualValues(t, h.handled, h.box.Begun(h.box.Word()))
			require.Zero(t, h.box.orders)
			require.Zero(t, h.box.Queued())
			require.Nil(t, h.box.worker.Load())
		})
	}
}

// No-Lost-Wake-Up: an order that comes at the moment when the actor goes idle is done.
func TestEdgeOfIdleWithAnOrder(t *testing.T) {
	t.Parallel()
	for round := range rounds(2000) {
		h := newHost(10)
		together(
			func() { spin(round % 200); h.box.Order(h, OrderDrain) },
			func() { h.ask(nothing) },
		)
		inTime(t, h.ended, "the order was lost", round)
		require.Equal(t, []Task{Finish}, h.tasks)
	}
}

// Bounded, No-Lost-Wake-Up: with room for one message, those who wait for it all get in, also at
// the edge of idle, and there are never more.
func TestEdgeOfRoom(t *testing.T) {
	t.Parallel()
	h, seen := newHost(1), make(chan struct{}, 4)
	f := func(uint64) {
		h.box.Lock()
		defer h.box.Unlock()
		if h.box.public.n+h.box.left() > 1 {
			t.Error("there are more than there is room for")
		}
		seen <- struct{}{}
	}
	wait := func() {
		e := notice(f)
		e.Park()
		if a, _ := h.box.Push(h, e, Public, true); a == MustWait {
			<-e.Ready()
		}
	}
	send := func() { h.send(f) }
	for round := range rounds(1000) {
		together(wait, send, wait, wait)
		for range 4 {
			inTime(t, seen, "a message was lost", round)
		}
	}
}

// Taken-Once: each message that meets the end of its actor is handled, or its sender is told that
// it is not, or it is among those left; and the actor ends once.
func TestEdgeOfTheEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host) (queue []*Envelope){
		"it drains": func(h *host) []*Envelope { h.box.Order(h, OrderDrain); return nil },
		"it stops":  func(h *host) []*Envelope { h.box.Order(h, OrderStop); return nil },
		"it is shut off": func(h *host) []*Envelope {
			queue, current, owns := h.box.ShutOff(OrderDrain)
			if current != nil && current.Kind == Request {
				current.Cut()
			}
			if owns {
				h.box.Start(h)
			}
			return queue
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for round := range rounds(1000) {
				h := newHost(int32(1 + round%3))
				var accepted, refused atomic.Int32
				count := func(a Admission) {
					if a == Accepted {
						accepted.Add(1)
					} else {
						refused.Add(1)
					}
				}
				var queue []*Envelope
				together(
					func() { count(h.notify(Public, nothing)); count(h.notify(Public, nothing)) },
					func() { count(h.notify(Private, nothing)); count(h.notify(Public, nothing)) },
					func() { queue = end(h) },
				)
				inTime(t, h.ended, "the actor did not end", round)
				lost := len(queue) + len(h.left)
				require.EqualValues(t, 4, accepted.Load()+refused.Load())
				require.EqualValues(t, accepted.Load(), h.handled+lost, "round %d", round)
				if name == "it drains" {
					require.Zero(t, lost)
				}
				require.Equal(t, Shut, h.notify(Private, nothing))
				require.True(t, h.box.IsShut())
			}
		})
	}
}

// One-Answer: a sender who leaves at the moment when its request is taken is told the truth: what
// it has withdrawn, or abandoned before it was begun, is not handled.
func TestEdgeOfLeaving(t *testing.T) {
	t.Parallel()
	h := newHost(1)
	for round := range rounds(3000) {
		ran := false
		e := NewRequest(context.Background(), false, func(uint64) { ran = true }, nil, 0)
		var found Whereabouts
		var handled, left bool
		together(
			func() { h.box.Push(h, e, Public, true) },
			func() {
				spin(round % 300)
				if found, _ = h.box.Withdraw(e); found == Taken { // or it is not pushed yet
					handled, left = e.Abandon()
				}
			},
		)
		h.idle()
		switch {
		case found != Taken:
			require.False(t, ran, "it was withdrawn")
		case left:
			require.Equal(t, handled, ran)
		default:
			require.True(t, ran)
			reply, err := e.Result()
			require.NoError(t, err)
			require.NotNil(t, reply)
		}
	}
}

// Interrupt, In-Order: what comes before the rest of a batch does so at whatever moment, and the
// rest goes on in its order.
func TestEdgeOfABatch(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(h *host, f func(uint64)){
		"a private message": func(h *host, f func(uint64)) { h.notify(Private, f) },
		"a sender that waits for room": func(h *host, f func(uint64)) {
			for range 2 {
				e := notice(f)
				e.Park()
				if a, _ := h.box.Push(h, e, Public, true); a == MustWait {
					<-e.Ready()
				}
			}
		},
		"an order": func(h *host, f func(uint64)) {
			h.box.Order(h, OrderTell)
			h.notify(Private, f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for round := range rounds(1000) {
				h := newHost(4)
				entered, leave := make(chan struct{}), make(chan struct{})
				h.notify(Public, func(uint64) { close(entered); <-leave })
				<-entered
				var order []int
				for i := range 4 {
					h.notify(Public, func(uint64) { spin(20); order = append(order, i) })
				}
				together(func() { close(leave) }, func() { spin(round % 400); first(h, nothing) })
				h.idle()
				require.Equal(t, []int{0, 1, 2, 3}, order)
			}
		})
	}
}
