package mailbox

// Whereabouts is where Withdraw found an envelope.
type Whereabouts uint8

// Where it may be.
const (
	Taken   Whereabouts = iota // it was handled, is being handled, or was refused
	InLane                     // it was accepted, and is withdrawn
	Waiting                    // it waited for room, and is withdrawn
)

// Withdraw takes an envelope back that was not taken yet, and says how many were ahead of it.
func (m *Mailbox) Withdraw(e *Envelope) (found Whereabouts, ahead Ahead) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.place {
	case nowhere:
		return Taken, ahead
	case inWaiting:
		ahead = m.waiting().ahead(e)
		ahead.N += m.Queued()
		m.takeWaiting(e)
		return Waiting, ahead
	case inPublic:
		ahead = m.public.ahead(e)
		ahead.N += m.Queued() - m.public.n
		m.public.remove(e)
		m.letIn() // Bounded
	case inPrivate:
		ahead = m.private().ahead(e)
		m.private().remove(e)
	}
	m.hasNoWork()
	return InLane, ahead
}

// WithdrawWaiting takes an envelope back that waits for room. It reports false where it was let
// in, or refused.
func (m *Mailbox) WithdrawWaiting(e *Envelope) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.place != inWaiting {
		return false
	}
	m.takeWaiting(e)
	return true
}

// IsWaiting reports whether an envelope waits for room.
func (m *Mailbox) IsWaiting(e *Envelope) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return e.place == inWaiting
}

// Remove takes an envelope out of the private lane, and reports whether it was there. The caller
// holds the lock.
func (m *Mailbox) Remove(e *Envelope) bool {
	if e.place != inPrivate {
		return false
	}
	m.private().remove(e)
	m.hasNoWork()
	return true
}

// Recall takes out of the private lane what belongs to the host's state: what has a source, and
// functions. The caller holds the lock.
func (m *Mailbox) Recall() (own []*Envelope) {
	if m.private().len() == 0 {
		return nil
	}
	for e := m.private().head; e != nil; {
		next := e.next
		if e.Source != nil || e.Kind == Function {
			m.private().remove(e)
			own = append(own, e)
		}
		e = next
	}
	return own
}

// CloseDown shuts both lanes for good and returns what was queued, by the owner, who has no batch.
// Nothing is handled after it.
func (m *Mailbox) CloseDown() (queue []*Envelope) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.takeAll()
}

// ShutOff is CloseDown by somebody else: the owner stops when it is free, as the order says.
// current is the message that it handles, or did. Where the actor was idle or suspended, the
// caller owns it.
func (m *Mailbox) ShutOff(o Orders) (queue []*Envelope, current *Envelope, owns bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders |= o
	m.interrupt()
	queue = append(m.takeRest(), m.takeAll()...)
	return queue, m.current, m.resume() || m.markWork()
}

// shutLanes has the mailbox take nothing more, with mu held. Those who wait for room find
// themselves in no list, and not let in.
func (m *Mailbox) shutLanes() {
	m.closed = true
	m.turnOn(flagShut)
	for e := m.waiting().pop(); e != nil; e = m.waiting().pop() {
		e.Answer(nil, ErrRefused)
	}
	m.crowded = false
}

// takeAll shuts the lanes and returns what was queued, with mu held.
func (m *Mailbox) takeAll() (queue []*Envelope) {
	m.shutLanes()
	m.free = nil
	for _, l := range []*list{m.private(), &m.public} {
		for e := l.pop(); e != nil; e = l.pop() {
			queue = append(queue, e)
		}
	}
	return queue
}
