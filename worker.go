package akt

import (
	"slices"
	"sync/atomic"
)

// worker is what a goroutine that owns actors works with, besides the actor. Most goroutines never
// need one: it is made when the first batch is taken, or when a handler wakes an idle actor. An
// actor's crew is the worker of its owner, while there is one.
//
// What becomes of an actor that a handler wakes:
//
//	                                ┌──▶ work: the goroutine of the handler, if its own actor goes idle first
//	hireFor ── hand ──▶ next: busy ─┤
//	                                └──▶ relieve: the goroutine that is coming
//
// Invariants:
//
//   - Somebody-Comes: whoever puts an actor into next has seen to it that a goroutine is on its way
//     that looks there afterwards. So it does not matter whether the worker itself gets to look: it
//     may be in a handler that never returns. Both take the actor out by a swap, so one of them
//     owns it.
//   - Batch-Is-Notifications: a batch has no requests, which could be withdrawn, so its owner takes
//     from it without mailbox.mu, until care is on.
type worker struct {
	next   atomic.Pointer[actor] // busy, and to be owned by whoever takes it from here
	coming atomic.Bool           // a goroutine is on its way to look at next

	// Guarded by mailbox.mu of the actor whose batch it is.
	tail *envelope // the last message of the batch
	due  uint32    // the number of that message's run, its low bits

	_ [64]byte // others do not touch the cache line of what follows

	// The owner's.
	batch *envelope // what is left of the messages taken at once from the public lane
	last  *envelope // the message of the batch that was handled last
	spent *envelope // envelopes to be used again, linked by next
}

// hand gives an actor that its caller owns to the worker: to itself if its present actor goes idle
// soon, else to the goroutine that comes. It reports false where an actor is handed over already.
func (w *worker) hand(a *actor) bool {
	if !w.next.CompareAndSwap(nil, a) {
		return false
	}
	if !w.coming.Load() && !w.coming.Swap(true) { // Somebody-Comes
		go w.relieve()
	}
	return true
}

// relieve owns the actor that was handed to a worker, if that has not taken it itself.
func (w *worker) relieve() {
	w.coming.Store(false) // before the look: what comes after it brings another goroutine
	if a := w.next.Swap(nil); a != nil {
		a.work()
	}
}

// step takes the next message of the batch, and keeps the envelope of the one before.
func (w *worker) step() *envelope {
	e := w.batch
	w.batch = e.next
	w.keep()
	w.last = e
	return e
}

// keep keeps the envelope of the last message, if it can be used again.
func (w *worker) keep() {
	if e := w.last; e != nil && e.pooled {
		e.clear()
		e.next, w.spent = w.spent, e
	}
	w.last = nil
}

// leave gives away the envelopes of a worker whose goroutine ends.
func (w *worker) leave() {
	w.keep()
	if w.spent != nil {
		notifications.Put(w.spent)
		w.spent = nil
	}
}

// takeBatch takes the whole public lane, where it has no requests and nobody waits for room.
func (m *mailbox) takeBatch() *worker {
	w := m.crew.Load()
	if w == nil {
		m.crew.CompareAndSwap(nil, new(worker)) // or somebody else has made one: see hireFor
		w = m.crew.Load()
	}
	w.batch, w.tail, m.size = m.public.head, m.public.tail, m.public.n
	w.due = uint32(m.word.Load()>>runShift) + uint32(m.size)
	m.public = list{}
	return w
}

// giveBack puts what is left of the owner's batch back to where it came from, with mu held.
func (m *mailbox) giveBack() {
	if m.size == 0 {
		return
	}
	w := m.crew.Load()
	if n := m.left(); n > 0 {
		m.public.prepend(w.batch, w.tail, n)
	}
	w.batch, w.tail, m.size = nil, nil, 0
	m.word.And(^flagCare)
}

// lend gives the envelopes that the owner has kept to those who push, with mu held.
func (m *mailbox) lend(w *worker) {
	w.keep()
	if m.free == nil {
		m.free, w.spent = w.spent, nil
	}
}

// dissolve gives the owner's batch back, by the owner.
func (m *mailbox) dissolve() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack()
}

// takeRest takes what is left of the owner's batch away from it, with mu held and flagCare on: what
// follows the message that runs.
func (m *mailbox) takeRest() (rest []*envelope) {
	n := m.left()
	if n == 0 {
		return nil
	}
	for e := m.crew.Load().tail; len(rest) < int(n); e = e.prev {
		rest = append(rest, e)
	}
	slices.Reverse(rest)
	m.crew.Load().due -= uint32(n) // Care: the owner begins none of them
	return rest
}
