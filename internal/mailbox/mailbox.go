package mailbox

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/bubble"
)

// Mailbox is an actor's mailbox. It is the last field of its actor, and made by [Mailbox.Init].
//
// The fields lie so that, while a batch is handled, those who push neither read nor write a cache
// line that its owner writes: first the word and what is the owner's, then what few touch, the
// lock, and the public lane. Only where the mailbox may be full do they look at the word. With 24
// bytes of the host's before it, it begins in the middle of a line.
type Mailbox struct {
	owner *owner        // made when an owner is started first
	word  atomic.Uint64 // a Word

	// firstMessage is what a new owner begins with, and its run has begun: the owner's. Through a
	// lane a notification to an idle actor would take half as long again.
	firstMessage *Envelope

	rare    *rareLists // made when needed first
	current *Envelope  // what Next returned last

	worker atomic.Pointer[Worker] // changed by the owner; who finds none may add one: see StartFor

	// free are envelopes to be used again by who pushes a notification, linked by next: lent by
	// the owner. With a sync.Pool alone a notification would take a third longer, or more.
	free *Envelope

	capacity int32
	others   uint32 // runs that were of no message
	size     int32  // of the owner's batch when it was taken; 0 for none

	// crowded says that somebody waits for room in the public lane, and closed what flagShut does:
	// a push that looked at the rare lists and the word instead would touch two more lines, one of
	// them the owner's.
	crowded bool
	closed  bool

	measures bool // how long messages are queued; never changed
	orders   Orders

	mu     sync.Mutex // guards all from free on, rare, current, and what the host says it does
	public list
}

// rareLists are those that few mailboxes need: most actors get no private messages.
type rareLists struct {
	private list
	waiting list // senders that wait for room in public
}

// Init makes an empty mailbox, which the caller owns.
func (m *Mailbox) Init(capacity int32, intercepted bool) {
	word := flagBusy // One-Owner
	if intercepted {
		word |= flagIntercepted
	}
	m.capacity, m.measures = capacity, intercepted
	m.word.Store(uint64(word))
}

// Lock locks the mailbox. The host's rare state is guarded by it, too: what an order is about, or
// a timer that has come to its message, changes together with the lanes.
func (m *Mailbox) Lock() { m.mu.Lock() }

// Unlock ends what Lock began.
func (m *Mailbox) Unlock() { m.mu.Unlock() }

// lock is Lock for the hot paths. Who holds mu does so for a few nanoseconds, so it pays to try a
// little before sync.Mutex does: that waits for more than a microsecond at a time.
func (m *Mailbox) lock() {
	for range 64 {
		if m.mu.TryLock() {
			return
		}
	}
	m.mu.Lock()
}

// rarely returns the rare lists, with mu held.
func (m *Mailbox) rarely() *rareLists {
	if m.rare == nil {
		m.rare = &rareLists{}
	}
	return m.rare
}

// private is the private lane, with mu held; nil for an empty one.
func (m *Mailbox) private() *list {
	if m.rare == nil {
		return nil
	}
	return &m.rare.private
}

// waiting are those who wait for room, with mu held; nil for nobody.
func (m *Mailbox) waiting() *list {
	if m.rare == nil {
		return nil
	}
	return &m.rare.waiting
}

// Lane says which way a message goes in.
type Lane uint8

// The lanes.
const (
	Public  Lane = iota // bounded
	Private             // unbounded, served first
)

// Admission is what became of a message.
type Admission uint8

// What may become of one.
const (
	Accepted Admission = iota
	MustWait           // it is in line for room: it was let in, or refused, when Ready is closed
	Full
	Shut
)

// admit says whether a lane takes a message, with mu held.
func (m *Mailbox) admit(into Lane) Admission {
	switch {
	case m.closed:
		return Shut
	case into == Private || m.hasRoom(): // In-Order: where there is room, nobody waits for it
		return Accepted
	}
	return Full // Bounded
}

// hasRoom reports whether the public lane takes one message more: the rest of a batch counts, too.
func (m *Mailbox) hasRoom() bool {
	return m.public.n+m.size < m.capacity || m.public.n+m.left() < m.capacity
}

// put puts an envelope into a lane, with mu held, and reports whether the caller owns the actor.
func (m *Mailbox) put(e *Envelope, into Lane) (owns bool) {
	if into == Private {
		m.interrupt()
		m.rarely().private.push(e, inPrivate)
		return m.private().len() == 1 && m.markWork()
	}
	m.public.push(e, inPublic)
	// No-Lost-Wake-Up: where the lane was not empty, work is on already.
	return m.public.n == 1 && m.markWork()
}

// Push puts an envelope into a lane, or in line for it if wait is set. It starts the owner where
// the actor was idle.
func (m *Mailbox) Push(h Host, e *Envelope, into Lane, wait bool) (a Admission, started bool) {
	if a, started = m.push(e, into, wait); started {
		m.Start(h)
	}
	return a, started
}

func (m *Mailbox) push(e *Envelope, into Lane, wait bool) (a Admission, owns bool) {
	m.stamp(e)
	m.lock()
	defer m.mu.Unlock()
	switch a = m.admit(into); {
	case a == Accepted:
		return Accepted, m.put(e, into)
	case a == Shut || !wait:
		return a, false
	}
	m.rarely().waiting.push(e, inWaiting)
	m.crowded = true
	m.interrupt()
	// Bounded: the owner may have begun a message of its batch before it was interrupted. If not,
	// there is no room, and none comes but by who lets in: Next and Withdraw.
	m.letIn()
	return MustWait, false
}

// PushNotice is Push for a new notification, which does not wait. Where the actor was idle, the
// caller owns it, and starts the owner: see [Mailbox.StartFor].
func (m *Mailbox) PushNotice(
	ctx context.Context, msg, to any, form uint8, into Lane,
) (a Admission, owns bool) {
	m.lock()
	if a = m.admit(into); a == Accepted {
		e := m.blank()
		e.Ctx, e.Msg, e.To, e.Form = ctx, msg, to, form
		m.stamp(e)
		owns = m.put(e, into)
	}
	m.mu.Unlock()
	return a, owns
}

// PutAndUnlock puts an envelope into the private lane, and ends the critical section that the
// caller has begun with Lock. Where the actor was idle, the caller owns it.
func (m *Mailbox) PutAndUnlock(e *Envelope) (owns bool) {
	m.stamp(e)
	owns = m.put(e, Private)
	m.mu.Unlock()
	return owns
}

// stamp notes when an envelope was sent, where that is measured.
func (m *Mailbox) stamp(e *Envelope) {
	if m.measures {
		e.since = bubble.Uptime()
	}
}

// blank returns an envelope for a notification, with mu held.
func (m *Mailbox) blank() *Envelope {
	e := m.free
	if e == nil {
		e = notices.Get().(*Envelope)
	}
	m.free = e.next
	return e
}

// letIn moves those who wait for room in the public lane into what there is now, with mu held.
func (m *Mailbox) letIn() {
	for m.crowded && m.hasRoom() {
		e := m.takeWaiting(m.waiting().head)
		m.public.push(e, inPublic)
		if e.Kind != Request {
			close(e.ready)
		}
	}
}

// takeWaiting takes one out who waits for room, with mu held.
func (m *Mailbox) takeWaiting(e *Envelope) *Envelope {
	m.waiting().remove(e)
	m.crowded = m.waiting().len() > 0
	return e
}

// IsFull reports whether a message would have to wait for room in the public lane.
func (m *Mailbox) IsFull() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.hasRoom()
}

// Queued is how many messages are in the lanes and in the owner's batch. The caller holds the lock.
func (m *Mailbox) Queued() int32 {
	return m.public.n + m.private().len() + m.left()
}
