package akt

import (
	"sync"
	"sync/atomic"
)

// mailbox is an actor's two lanes, the senders that wait for room, and the word that says whether somebody owns the actor.
//
// The word:
//
//	63            24 23       8 7        0
//	┌───────────────┬──────────┬──────────┐
//	│ run           │ handler  │ flags    │   run counts the messages begun, handler is the table's index of the one
//	└───────────────┴──────────┴──────────┘   that runs, 0 for none. The flags: see flagBusy.
//
// Its states, and who moves it:
//
//	         take (a sender, one CAS)
//	┌──────┐ ───────────────────────▶ ┌──────┐   push, order   ┌───────────┐
//	│ idle │                          │ busy │ ──────────────▶ │ busy+work │ ── next: a message, or an order
//	└──────┘ ◀─────────────────────── └──────┘                 └───────────┘
//	    │    yield (one CAS)                                     ▲       │
//	    ├── push, order: the pusher starts the owner ────────────┘       │
//	    └◀─────────────────────────── next: nothing to do ───────────────┘
//
// Invariants:
//
//   - One-Owner: whoever turned busy on owns the actor's state and its current run, or has handed both to exactly one
//     goroutine. Only the owner turns busy off, and only the owner changes run and handler.
//   - Rest: while rest is on, busy is too, and nobody owns the actor. It changes under mu only: who turns it on was the owner, and who
//     turns it off is, be it because the time has come or to drain. As busy stays on, senders and pushers need not know of it.
//   - No-Lost-Wake-Up: lanes and orders change only under mu, and work is turned on in the same critical section. Busy is
//     turned off by a CAS that saw no work, or under mu with lanes and orders empty.
//   - Bounded: the public lane never holds more than capacity; somebody waits for room only while it is full.
//   - In-Order: a lane is first in, first out, and those who wait for room enter before all who come later.
//   - Taken-Once: an envelope is in at most one list, and leaves a lane once: by next, and then it is handled unless its
//     sender has left, or by another way, and then it never is.
//   - One-Answer: a request is settled once; who settles it decides what the sender is told.
type mailbox struct {
	word atomic.Uint64

	mu       sync.Mutex
	private  list
	public   list
	waiting  list // senders that wait for room in public
	capacity int32
	orders   orders
	current  *envelope // what next returned last
}

const (
	flagBusy  uint64 = 1 << iota // somebody owns the actor
	flagWork                     // a lane or an order waits for the owner
	flagShut                     // takes nothing more; never turned off
	flagGuard                    // the system shuts down: who sends is looked at; never turned off
	flagRest                     // with busy: the actor waits for its restart

	flagMask     uint64 = 1<<8 - 1
	handlerShift        = 8
	handlerMask  uint64 = 1<<24 - 1<<8
	runShift            = 24
	oneRun       uint64 = 1 << runShift
)

// orders are what the owner has to do besides handling messages. Guarded by mailbox.mu.
type orders uint8

const (
	orderAsk    orders = 1 << iota // Context.Stop: ask OnStopping after the message that runs now
	orderDrain                     // handle what was accepted, then stop
	orderNotice                    // with orderDrain: OnStopping is called for notice
	orderRenew                     // there is no state: make a fresh one
	orderFail                      // fail as extras.escalated says
)

// lane says which way a message goes in.
type lane uint8

const (
	publicLane  lane = iota // bounded
	privateLane             // unbounded, served first
)

// take makes the caller the owner of an idle actor, for one message to the handler of this index.
func (m *mailbox) take(index uint16) (word uint64, ok bool) {
	w := m.word.Load()
	if w&flagMask != 0 {
		return 0, false
	}
	word = w&^handlerMask + oneRun | uint64(index)<<handlerShift | flagBusy
	return word, m.word.CompareAndSwap(w, word)
}

// yield ends the run that began with take. It reports false where the caller is still the owner, because there is work.
func (m *mailbox) yield(word uint64) bool {
	if m.word.CompareAndSwap(word, word&^(handlerMask|flagBusy)) {
		return true
	}
	m.endRun()
	return false
}

// beginRun starts a run of a handler, by the owner, and returns the word.
func (m *mailbox) beginRun(index uint16) uint64 {
	return m.word.Add(oneRun + uint64(index)<<handlerShift)
}

// renameRun has the word show another handler for the same run, by the owner.
func (m *mailbox) renameRun(from, to uint16) {
	m.word.Add(uint64(to)<<handlerShift - uint64(from)<<handlerShift)
}

// endRun ends the run: links of a chain that lead through it count no more.
func (m *mailbox) endRun() { m.word.And(^handlerMask) }

// runs reports whether the run that began with this word has not ended.
func (m *mailbox) runs(word uint64) bool {
	w := m.word.Load()
	return w&handlerMask != 0 && w>>runShift == word>>runShift
}

// wake marks work, with mu held. It reports whether the caller took the actor and must start its owner.
//
// Where both flags are on already they stay so: only who holds mu turns work off.
func (m *mailbox) wake() bool {
	const both = flagWork | flagBusy
	return m.word.Load()&both != both && m.word.Or(both)&flagBusy == 0
}

// putLocked puts an envelope into the private lane, with mu held, and reports whether the caller must start the owner.
func (m *mailbox) putLocked(e *envelope) (start bool) {
	m.private.push(e)
	return m.wake()
}

// admission is what became of a push.
type admission uint8

const (
	accepted admission = iota
	mustWait           // it is in the queue of those who wait for room
	refusedFull
	refusedShut
)

// push puts an envelope into a lane, or in line for it if wait is set. start is true where the caller must start the owner.
func (m *mailbox) push(e *envelope, into lane, wait bool) (a admission, start bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.word.Load()&flagShut != 0:
		return refusedShut, false
	case into == privateLane:
		m.private.push(e)
	case m.public.n < m.capacity:
		m.public.push(e)
	case !wait:
		return refusedFull, false
	default:
		m.waiting.push(e)
		return mustWait, false // Bounded: public is full, so the owner is at work, or will be after a rest, and lets it in
	}
	return accepted, m.wake()
}

// order tells the owner to do something when it is free. start is true where the caller must start it.
func (m *mailbox) order(o orders) (start bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o&orderDrain != 0 {
		if m.word.Or(flagShut)&flagShut != 0 {
			return false // it drains, or has ended
		}
		m.refuse(&m.waiting)
	}
	m.orders |= o
	return o&orderDrain != 0 && m.getUp() || m.wake()
}

// lieDown lets an actor without a state rest, by the owner, with mu held: nobody owns it then, until getUp. It reports false where the
// queue is to be drained and either empty or the caller in a hurry: the caller is still the owner.
func (m *mailbox) lieDown(hurry bool) bool {
	queued := m.private.n+m.public.n > 0
	if m.orders&orderDrain != 0 && (hurry || !queued) {
		return false
	}
	if !queued && m.orders == orderRenew {
		m.word.And(^flagWork)
	}
	m.word.Or(flagRest) // Rest
	return true
}

// getUp ends the rest, with mu held. It reports whether there was one: the caller owns the actor then, and must start its loop.
func (m *mailbox) getUp() bool {
	if m.word.Load()&flagRest == 0 {
		return false
	}
	m.hurryUp()
	m.word.And(^flagRest) // Rest
	return true
}

// hurryUp takes the order for a fresh state back where there is nothing left to do but to end, with mu held.
func (m *mailbox) hurryUp() {
	if m.orders&orderDrain != 0 && m.private.n+m.public.n == 0 {
		m.orders &^= orderRenew
	}
}

// refuse empties the queue of those who wait for room. Each finds itself in no list and not let in.
func (m *mailbox) refuse(l *list) {
	for e := l.pop(); e != nil; e = l.pop() {
		e.answer(nil, errRefused)
	}
}

// task is what the owner does next.
type task uint8

const (
	goneIdle task = iota // nothing: the caller does not own the actor any more
	handle
	askToStop
	finish // everything accepted was handled
	renew  // make a fresh state
	fail   // for a descendant
)

// next decides what the owner does next, and takes the message to handle.
func (m *mailbox) next() (task, *envelope) {
	m.mu.Lock()
	last := m.current
	todo, e := m.nextLocked()
	m.current = e
	m.mu.Unlock()
	if last != nil {
		last.reuse() // Taken-Once: it is in no list, and no longer the current one
	}
	return todo, e
}

func (m *mailbox) nextLocked() (task, *envelope) {
	if m.orders&^(orderDrain|orderNotice) != 0 {
		return m.takeTask(), nil
	}
	switch {
	case m.private.n > 0:
		return handle, m.private.pop()
	case m.public.n > 0:
		e := m.public.pop()
		m.letIn()
		return handle, e
	case m.orders&orderDrain != 0:
		return finish, nil
	}
	m.letGo()
	return goneIdle, nil
}

// takeTask takes the order that comes before all messages.
func (m *mailbox) takeTask() task {
	switch {
	case m.orders&orderRenew != 0:
		m.orders &^= orderRenew
		return renew
	case m.orders&orderFail != 0:
		m.orders &^= orderFail
		return fail
	}
	m.orders &^= orderAsk
	return askToStop
}

// letGo turns busy off, with mu held and nothing to do.
func (m *mailbox) letGo() {
	m.word.And(^(flagBusy | flagWork | handlerMask)) // No-Lost-Wake-Up
}

// goIdle lets an actor go that has nothing to do. It reports false where the caller is still the owner.
func (m *mailbox) goIdle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orders != 0 || m.private.n > 0 || m.public.n > 0 {
		return false
	}
	m.letGo()
	return true
}

// takeOrder takes back an order, if it was given.
func (m *mailbox) takeOrder(o orders) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	given := m.orders&o != 0
	m.orders &^= o
	return given
}

// wantsNotice reports whether OnStopping is to be told of the stop.
func (m *mailbox) wantsNotice() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.orders&orderNotice != 0
}

// letIn moves those who wait into the room that there is now.
func (m *mailbox) letIn() {
	for m.public.n < m.capacity && m.waiting.n > 0 {
		e := m.waiting.pop()
		m.public.push(e)
		if e.kind != request {
			close(e.ready)
		}
	}
}

// whereabouts is where withdraw found an envelope.
type whereabouts uint8

const (
	taken   whereabouts = iota // it was handled, is being handled, or was refused
	queued                     // it was accepted, and is withdrawn
	outside                    // it waited for room, and is withdrawn
)

// withdraw takes an envelope back, if it was not taken yet, and says how many were ahead of it.
func (m *mailbox) withdraw(e *envelope) (at whereabouts, ahead int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := e.in
	if l == nil {
		return taken, 0
	}
	for before := e.prev; before != nil; before = before.prev {
		ahead++
	}
	l.remove(e)
	switch l {
	case &m.waiting:
		return outside, ahead + m.public.n + m.private.n
	case &m.public:
		m.letIn()
		return queued, ahead + m.private.n
	}
	return queued, ahead
}

// leave takes a notification out of the queue of those who wait for room. It reports false where it was let in, or refused.
func (m *mailbox) leave(e *envelope) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.in != &m.waiting {
		return false
	}
	m.waiting.remove(e)
	return true
}

// closeDown shuts both lanes for good and returns what was queued, by the owner. Nothing is handled after it.
func (m *mailbox) closeDown() (queue []*envelope) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.takeAll()
}

// shutOff is closeDown by somebody else: the owner stops when it is free. current is what it handles, or did.
func (m *mailbox) shutOff() (queue []*envelope, current *envelope, start bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders |= orderDrain | orderNotice
	queue = m.takeAll()
	return queue, m.current, m.getUp() || m.wake()
}

// guard makes take fail, so that every sender goes through request, which asks System.refuses.
func (m *mailbox) guard() { m.word.Or(flagGuard) }

// takeAll shuts the lanes and returns what was queued, with mu held.
func (m *mailbox) takeAll() (queue []*envelope) {
	m.word.Or(flagShut)
	m.refuse(&m.waiting)
	for _, l := range []*list{&m.private, &m.public} {
		for e := l.pop(); e != nil; e = l.pop() {
			queue = append(queue, e)
		}
	}
	return queue
}

// whoWaits returns the requests in the lanes, and everything that waits for room, with mu held.
func (m *mailbox) whoWaits() (waiting []*envelope) {
	for _, l := range []*list{&m.private, &m.public, &m.waiting} {
		for e := l.head; e != nil; e = e.next {
			if e.kind == request || l == &m.waiting {
				waiting = append(waiting, e)
			}
		}
	}
	return waiting
}

func (m *mailbox) shut() bool { return m.word.Load()&flagShut != 0 }
