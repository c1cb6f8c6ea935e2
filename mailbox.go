package akt

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/bubble"
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
//	│ idle │                          │ busy │ ──────────────▶ │ busy+work │ ── next: an order, a message, a batch
//	└──────┘ ◀─────────────────────── └──────┘                 └───────────┘
//	    │    yield (one CAS)                                     ▲       │
//	    ├── push, order: the pusher starts the owner ────────────┘       │
//	    └◀─────────────────────────── next: nothing to do ───────────────┘
//
// Who takes an idle actor for a request is its owner, and runs the handler. Who takes it for a notification puts that into hand and
// starts the owner, which begins with it.
//
// Where the public lane has nothing but notifications, and nobody waits for room, the owner takes it as a whole: a batch. It then
// goes from run to run by a CAS, without mu. The word tells how much of the batch is left, as worker.due is the number of its last run.
//
// Invariants:
//
//   - One-Owner: whoever turned busy on owns the actor's state and its current run, or has handed both to exactly one
//     goroutine. Only the owner turns busy off, and only the owner changes run and handler.
//   - Rest: while rest is on, busy is too, and nobody owns the actor. It changes under mu only: who turns it on was the owner, and who
//     turns it off is, be it because the time has come or to drain. As busy stays on, senders and pushers need not know of it.
//   - No-Lost-Wake-Up: lanes and orders change only under mu, and work is turned on in the same critical section. Busy is
//     turned off by a CAS that saw no work, or under mu with lanes and orders empty.
//   - Care: once care is on, no message of the batch is begun: what is left of it is guarded by mu. Until then it only gets less. Care is
//     turned on under mu, by whoever has something that comes first, and off by the owner, under mu, when the batch has been given back.
//   - Bounded: the public lane and what is left of the batch are never more than capacity; somebody waits for room only while they are
//     as many.
//   - In-Order: a lane is first in, first out, and those who wait for room enter before all who come later. What is left of a
//     batch goes back before all others.
//   - Taken-Once: an envelope is in at most one list, or in the batch, and leaves a lane once: by next, and then it is handled unless its
//     sender has left, or by another way, and then it never is. What is given back has not left.
//   - One-Answer: a request is settled once; who settles it decides what the sender is told.
//
// The word and what senders write are kept apart, so that they are not on one cache line.
type mailbox struct {
	word    atomic.Uint64
	hand    *envelope  // the message that a new owner begins with, whose run has begun: the owner's
	rare    *rareLists // made when needed first
	current *envelope  // what next returned last

	crew     atomic.Pointer[worker] // changed by the owner, but for the first one: see hireFor
	free     *envelope              // to be used again by who pushes a notification, with others linked by next; lent by the owner
	capacity int32
	others   uint32 // runs that were of no message: hooks
	size     int32  // of the owner's batch when it was taken; 0 for none
	crowded  bool   // somebody waits for room
	closed   bool   // flagShut, for those who hold mu
	measures bool   // how long messages are queued; never changed
	orders   orders
	mu       sync.Mutex // guards rare, current and all from free on
	public   list
}

// rareLists are those that few mailboxes need.
type rareLists struct {
	private list
	waiting list // senders that wait for room in public
}

// rarely returns the rare lists, with mu held.
func (m *mailbox) rarely() *rareLists {
	if m.rare == nil {
		m.rare = &rareLists{}
	}
	return m.rare
}

// private is the private lane, with mu held; nil for an empty one.
func (m *mailbox) private() *list {
	if m.rare == nil {
		return nil
	}
	return &m.rare.private
}

// waiting has those who wait for room, with mu held; nil for nobody.
func (m *mailbox) waiting() *list {
	if m.rare == nil {
		return nil
	}
	return &m.rare.waiting
}

const (
	flagBusy        uint64 = 1 << iota // somebody owns the actor
	flagWork                           // a lane or an order waits for the owner
	flagShut                           // takes nothing more; never turned off
	flagGuard                          // the system shuts down: who sends is looked at; never turned off
	flagCare                           // the owner, who has a batch, is to look at the lanes and orders before its next message
	flagRest                           // with busy: the actor waits for its restart
	flagIntercepted                    // handlers are called through interceptors; never turned off
	flagTick                           // with a run: it is the tick of an interval, which Shutdown does not wait for

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
	orderFail                      // fail as rare.escalated says
	orderTell                      // call OnStopping for notice, and go on
)

// lane says which way a message goes in.
type lane uint8

const (
	publicLane  lane = iota // bounded
	privateLane             // unbounded, served first
)

// take makes the caller the owner of an idle actor, for one message to the handler of this index.
func (m *mailbox) take(index uint16) (word uint64, ok bool) {
	return m.takeFrom(0, index)
}

// takeFrom is take for an actor that is idle with these flags.
func (m *mailbox) takeFrom(flags uint64, index uint16) (word uint64, ok bool) {
	w := m.word.Load()
	if w&flagMask != flags {
		return 0, false
	}
	word = oneRunMore(w, index) | flagBusy
	return word, m.word.CompareAndSwap(w, word)
}

// oneRunMore is a word after the beginning of a run.
func oneRunMore(word uint64, index uint16) uint64 {
	return word&^handlerMask + oneRun | uint64(index)<<handlerShift
}

// takeIdle is take for a message that waits for its owner to begin. It does not look at the word of an actor that has a batch.
func (m *mailbox) takeIdle(index uint16) bool {
	if m.crew.Load() != nil {
		return false
	}
	_, ok := m.take(index)
	return ok
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

// nextRun is beginRun for a message of a batch, which ends the run before. It reports false, and has done nothing, where the word is not
// this one any more: so no message of a batch is begun once flagCare is on.
func (m *mailbox) nextRun(word uint64, index uint16) (begun uint64, ok bool) {
	begun = oneRunMore(word, index)
	return begun, m.word.CompareAndSwap(word, begun)
}

// endRun ends the run: links of a chain that lead through it count no more.
func (m *mailbox) endRun() { m.word.And(^(handlerMask | flagTick)) }

// runs reports whether the run that began with this word has not ended.
func (m *mailbox) runs(word uint64) bool {
	w := m.word.Load()
	return w&handlerMask != 0 && w>>runShift == word>>runShift
}

// lock locks mu. Who holds it does so for a few nanoseconds, so it pays to try a little before sync.Mutex does: that waits for more than
// a microsecond at a time.
func (m *mailbox) lock() {
	for range 64 {
		if m.mu.TryLock() {
			return
		}
	}
	m.mu.Lock()
}

// wake marks work, with mu held. It reports whether the caller took the actor and must start its owner.
//
// Where both flags are on already they stay so: only who holds mu turns work off.
func (m *mailbox) wake() bool {
	const both = flagWork | flagBusy
	return m.word.Load()&both != both && m.word.Or(both)&flagBusy == 0
}

// care has an owner who has a batch look at the lanes and orders before its next message, with mu held.
func (m *mailbox) care() {
	if m.size > 0 {
		m.word.Or(flagCare) // Care
	}
}

// putLocked puts an envelope into a lane, with mu held, and reports whether the caller must start the owner.
func (m *mailbox) putLocked(e *envelope, into lane) (start bool) {
	if into == privateLane {
		m.care()
		m.rarely().private.push(e, inPrivate)
		return m.private().len() == 1 && m.wake()
	}
	m.public.push(e, inPublic)
	return m.public.n == 1 && m.wake() // No-Lost-Wake-Up: where the lane was not empty, work is on already
}

// admission is what became of a push.
type admission uint8

const (
	accepted admission = iota
	mustWait           // it is in the queue of those who wait for room
	refusedFull
	refusedShut
)

// admits says whether a lane takes a message, with mu held.
func (m *mailbox) admits(into lane) admission {
	switch {
	case m.closed:
		return refusedShut
	case into == privateLane:
		return accepted
	case m.crowded: // a message of a batch may have made room for them
		m.letIn()
	}
	if m.crowded || !m.hasRoom() {
		return refusedFull
	}
	return accepted
}

// hasRoom reports whether the public lane takes one message more: the rest of a batch counts, too.
func (m *mailbox) hasRoom() bool {
	return m.public.n+m.size < m.capacity || m.public.n+m.left() < m.capacity
}

// left is how many messages of the owner's batch were not begun, with mu held.
func (m *mailbox) left() int32 {
	if m.size == 0 {
		return 0
	}
	return int32(m.crew.Load().due - uint32(m.word.Load()>>runShift))
}

// push puts an envelope into a lane, or in line for it if wait is set. start is true where the caller must start the owner.
func (m *mailbox) push(e *envelope, into lane, wait bool) (a admission, start bool) {
	m.stamp(e)
	m.lock()
	defer m.mu.Unlock()
	switch a = m.admits(into); {
	case a == accepted:
		return accepted, m.putLocked(e, into)
	case a == refusedShut || !wait:
		return a, false
	}
	m.rarely().waiting.push(e, inWaiting)
	m.crowded = true
	m.care()
	m.letIn() // Bounded: the owner may have begun a message of its batch before it was to care
	if e.at != inWaiting {
		return accepted, false // the owner is at work, else there would have been room
	}
	return mustWait, false // Bounded: public is full, so the owner is at work and will let it in
}

// pushNotice is push for a new notification, which does not wait.
func (m *mailbox) pushNotice(ctx context.Context, msg any, to route, into lane) (a admission, start bool) {
	m.lock()
	if a = m.admits(into); a == accepted {
		e := m.blank()
		e.ctx, e.msg, e.to = ctx, msg, to
		m.stamp(e)
		start = m.putLocked(e, into)
	}
	m.mu.Unlock()
	return a, start
}

// stamp notes when an envelope was sent, where that is measured.
func (m *mailbox) stamp(e *envelope) {
	if m.measures {
		e.since = bubble.Uptime()
	}
}

// blank returns an envelope for a notification, with mu held.
func (m *mailbox) blank() *envelope {
	e := m.free
	if e == nil {
		e = notifications.Get().(*envelope)
	}
	m.free = e.next
	return e
}

// order tells the owner to do something when it is free. start is true where the caller must start it.
func (m *mailbox) order(o orders) (start bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o&orderDrain != 0 {
		if m.closed {
			return false // it drains, or has ended
		}
		m.shutLanes()
	}
	m.orders |= o
	m.care()
	return o&orderDrain != 0 && m.getUp() || m.wake()
}

// shutLanes has the mailbox take nothing more. Those who wait for room find themselves in no list and not let in.
func (m *mailbox) shutLanes() {
	m.closed = true
	m.word.Or(flagShut)
	for e := m.waiting().pop(); e != nil; e = m.waiting().pop() {
		e.answer(nil, errRefused)
	}
	m.crowded = false
}

// task is what the owner does next.
type task uint8

const (
	goneIdle task = iota // nothing: the caller does not own the actor any more
	handle
	handleBatch // handle the messages that w has now
	askToStop
	finish // everything accepted was handled
	tell   // call OnStopping for notice
	renew  // make a fresh state
	fail   // for a descendant
)

// next decides what the owner does next, and takes the message to handle. Where the actor goes idle, w is the worker that its owner
// leaves with, if it has one.
func (m *mailbox) next() (todo task, e *envelope, w *worker) {
	m.lock()
	last := m.current
	m.giveBack()
	if w = m.crew.Load(); w != nil {
		m.lend(w)
	}
	todo, e = m.nextLocked()
	m.current = e
	switch todo {
	case goneIdle:
		w = m.letGo()
	case handleBatch:
		w = m.takeBatch()
	}
	m.mu.Unlock()
	if last != nil {
		last.reuse() // Taken-Once: it is in no list, and no longer the current one
	}
	return todo, e, w
}

func (m *mailbox) nextLocked() (todo task, e *envelope) {
	if m.orders&^(orderDrain|orderNotice) != 0 {
		return m.takeTask(), nil
	}
	switch {
	case m.private().len() > 0:
		return handle, m.private().pop()
	case m.public.n > 1 && m.public.requests == 0 && !m.crowded:
		return handleBatch, nil
	case m.public.n > 0:
		e = m.public.pop()
		m.letIn()
		return handle, e
	case m.orders&orderDrain != 0:
		return finish, nil
	}
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
	case m.orders&orderTell != 0:
		m.orders &^= orderTell
		return tell
	}
	m.orders &^= orderAsk
	return askToStop
}

// letGo turns busy off, with mu held and nothing to do. It returns the worker, if there is one.
func (m *mailbox) letGo() *worker {
	w := m.crew.Load()
	if w != nil {
		m.crew.Store(nil)
	}
	if m.free != nil {
		notifications.Put(m.free)
		m.free = nil
	}
	m.word.And(^(flagBusy | flagWork | handlerMask)) // No-Lost-Wake-Up
	return w
}

// goIdle lets an actor go that has nothing to do. It reports false where the caller is still the owner.
func (m *mailbox) goIdle() bool {
	if w := m.word.Load(); w&flagWork == 0 && m.word.CompareAndSwap(w, w&^(flagBusy|handlerMask)) { // No-Lost-Wake-Up
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orders != 0 || m.queued() > 0 {
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

// takeWaiting takes one out who waits for room.
func (m *mailbox) takeWaiting(e *envelope) *envelope {
	m.waiting().remove(e)
	m.crowded = m.waiting().len() > 0
	return e
}

// letIn moves those who wait into the room that there is now.
func (m *mailbox) letIn() {
	for m.crowded && m.hasRoom() {
		e := m.takeWaiting(m.waiting().head)
		m.public.push(e, inPublic)
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
func (m *mailbox) withdraw(e *envelope) (at whereabouts, ahead ahead) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.at {
	case nowhere:
		return taken, ahead
	case inWaiting:
		ahead = m.waiting().ahead(e)
		ahead.n += m.queued()
		m.takeWaiting(e)
		return outside, ahead
	case inPublic:
		ahead = m.public.ahead(e)
		ahead.n += m.queued() - m.public.n
		m.public.remove(e)
		m.letIn()
	case inPrivate:
		ahead = m.private().ahead(e)
		m.private().remove(e)
	}
	return queued, ahead
}

// queued is how many messages are in the lanes and in the owner's batch, with mu held.
func (m *mailbox) queued() int32 {
	return m.public.n + m.private().len() + m.left()
}

// leave takes a notification out of the queue of those who wait for room. It reports false where it was let in, or refused.
func (m *mailbox) leave(e *envelope) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.at != inWaiting {
		return false
	}
	m.takeWaiting(e)
	return true
}

// closeDown shuts both lanes for good and returns what was queued, by the owner. Nothing is handled after it.
func (m *mailbox) closeDown() (queue []*envelope) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack()
	return m.takeAll()
}

// shutOff is closeDown by somebody else: the owner stops when it is free, as the order says. current is the request that it handles, or did.
func (m *mailbox) shutOff(o orders) (queue []*envelope, current *envelope, start bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders |= o
	m.care()
	queue = append(m.takeRest(), m.takeAll()...)
	return queue, m.current, m.getUp() || m.wake()
}

// guard makes take fail, so that every sender goes through request, which asks System.refuses.
func (m *mailbox) guard() { m.word.Or(flagGuard) }

// takeAll shuts the lanes and returns what was queued, with mu held.
func (m *mailbox) takeAll() (queue []*envelope) {
	m.shutLanes()
	m.free = nil
	for _, l := range []*list{m.private(), &m.public} {
		for e := l.pop(); e != nil; e = l.pop() {
			queue = append(queue, e)
		}
	}
	return queue
}

func (m *mailbox) shut() bool { return m.word.Load()&flagShut != 0 }
