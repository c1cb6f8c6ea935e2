package mailbox

// Suspend orders a fresh state, by the owner of an actor that has none, and if it may wait lets
// nobody own the actor until [Mailbox.ResumeAndUnlock]. It reports false where the caller is still
// the owner: also where the queue is to be drained, and is empty or the caller in a hurry. The
// caller holds the lock.
func (m *Mailbox) Suspend(wait, hurry bool) (suspended bool) {
	m.orders |= OrderRenew
	if !wait || m.orders&OrderDrain != 0 && (hurry || m.Queued() == 0) {
		m.hurryUp()
		return false
	}
	m.turnOn(flagSuspended) // Suspended
	m.hasNoWork()
	return true
}

// hasNoWork takes work back where the actor is suspended, and has nothing to do but to get a fresh
// state: so it is idle, and a message that comes turns work on again. The caller holds mu.
func (m *Mailbox) hasNoWork() {
	if m.Word().IsSuspended() && m.Queued() == 0 && m.orders == OrderRenew {
		m.turnOff(flagWork)
	}
}

// ResumeAndUnlock ends a suspension, and the critical section that the caller has begun with Lock.
// Where there was one, the caller owns the actor.
func (m *Mailbox) ResumeAndUnlock() (owns bool) {
	defer m.mu.Unlock()
	return m.resume()
}

// resume ends a suspension, with mu held. It reports whether there was one: the caller is the
// owner then.
func (m *Mailbox) resume() (owns bool) {
	if !m.Word().IsSuspended() {
		return false
	}
	m.hurryUp()
	m.turnOff(flagSuspended) // Suspended
	return true
}

// hurryUp takes the order for a fresh state back where there is nothing left to do but to end,
// with mu held.
func (m *Mailbox) hurryUp() {
	if m.orders&OrderDrain != 0 && m.Queued() == 0 {
		m.Cancel(OrderRenew)
	}
}
