package mailbox

import (
	"slices"
	"sync/atomic"
)

// Worker is what a goroutine that owns actors works with, besides the actor. Most goroutines never
// need one: it is made when the first batch is taken, or when a handler wakes an idle actor. A
// mailbox has the worker of its owner, while there is one.
type Worker struct {
	next   atomic.Pointer[Mailbox] // busy, and to be owned by whoever takes it from here
	coming atomic.Bool             // a goroutine is on its way to look at next

	// Guarded by mu of the mailbox whose batch it is.
	tail    *Envelope // the last message of the batch
	lastRun uint32    // the number of that message's run, its low bits

	_ [64]byte // others do not touch the cache line of what follows

	// The owner's.
	batch *Envelope // what is left of the messages taken at once from the public lane
	last  *Envelope // the message of the batch that was handled last
	spent *Envelope // envelopes to be used again, linked by next
}

// hand gives an actor that its caller owns to the worker: to itself if its present actor goes idle
// soon, else to the goroutine that comes. It reports false where an actor is handed over already.
func (w *Worker) hand(m *Mailbox) bool {
	if !w.next.CompareAndSwap(nil, m) { // One-Owner
		return false
	}
	if !w.coming.Load() && !w.coming.Swap(true) { // Somebody-Comes
		go w.relieve()
	}
	return true
}

// relieve owns the actor that was handed to a worker, if that has not taken it itself.
func (w *Worker) relieve() {
	w.coming.Store(false) // before the look: what comes after it brings another goroutine
	if m := w.next.Swap(nil); m != nil {
		m.owner.work()
	}
}

// Peek returns the next message of the batch, nil where there is none.
func (w *Worker) Peek() *Envelope { return w.batch }

// Step takes the next message of the batch, and keeps the envelope of the one before.
func (w *Worker) Step() {
	e := w.batch
	w.batch = e.next
	w.keep()
	w.last = e
}

// Last returns the message that was taken last.
func (w *Worker) Last() *Envelope { return w.last }

// keep keeps the envelope of the last message, if it can be used again.
func (w *Worker) keep() {
	if e := w.last; e != nil && e.isPooled() {
		e.clear()
		e.next, w.spent = w.spent, e
	}
	w.last = nil
}

// leave gives away the envelopes of a worker whose goroutine ends.
func (w *Worker) leave() {
	w.keep()
	if w.spent != nil {
		notices.Put(w.spent)
		w.spent = nil
	}
}

// takeBatch takes the whole public lane, where it has no requests and nobody waits for room.
func (m *Mailbox) takeBatch() *Worker {
	w := m.worker.Load()
	if w == nil {
		m.worker.CompareAndSwap(nil, new(Worker)) // or somebody else has made one: see StartFor
		w = m.worker.Load()
	}
	w.batch, w.tail, m.size = m.public.head, m.public.tail, m.public.n
	w.lastRun = uint32(m.Word().Number()) + uint32(m.size)
	m.public = list{}
	return w
}

// left is how many messages of the owner's batch were not begun, with mu held.
func (m *Mailbox) left() int32 {
	if m.size == 0 {
		return 0
	}
	return int32(m.worker.Load().lastRun - uint32(m.Word().Number()))
}

// giveBack puts what is left of the owner's batch back to where it came from, with mu held.
func (m *Mailbox) giveBack() {
	if m.size == 0 {
		return
	}
	w := m.worker.Load()
	if n := m.left(); n > 0 {
		m.public.prepend(w.batch, w.tail, n) // In-Order
	}
	w.batch, w.tail, m.size = nil, nil, 0
	m.turnOff(flagInterrupt)
}

// GiveBack ends the owner's batch before its time, by the owner.
func (m *Mailbox) GiveBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack()
}

// lend gives the envelopes that the owner has kept to those who push, with mu held.
func (m *Mailbox) lend(w *Worker) {
	w.keep()
	if m.free == nil {
		m.free, w.spent = w.spent, nil
	}
}

// takeRest takes what is left of the owner's batch away from it, with mu held and flagInterrupt
// on: what follows the message that runs.
func (m *Mailbox) takeRest() (rest []*Envelope) {
	n := m.left()
	if n == 0 {
		return nil
	}
	for e := m.worker.Load().tail; len(rest) < int(n); e = e.prev {
		rest = append(rest, e)
	}
	slices.Reverse(rest)
	m.worker.Load().lastRun -= uint32(n) // Interrupt: the owner begins none of them
	return rest
}
