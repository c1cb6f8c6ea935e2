package mailbox

// Orders are what the owner has to do besides handling messages. What else there is to know of
// them is the host's.
type Orders uint8

// The orders. Those but the drain come before all messages.
const (
	OrderStop   Orders = 1 << iota // stop after the message that runs, unless the host vetoes it
	OrderDrain                     // take nothing more, handle what was accepted, then stop
	OrderNotice                    // with OrderDrain: the host is to be told when it has drained
	OrderRenew                     // there is no state: make a fresh one
	OrderFail                      // fail for somebody else
	OrderTell                      // tell the host of a stop to come, and go on

	beforeMessages = OrderStop | OrderRenew | OrderFail | OrderTell
)

// Order tells the owner to do something when it is free, and starts it where the actor was idle,
// or suspended and is to drain. It reports whether the actor was idle.
func (m *Mailbox) Order(h Host, o Orders) (idle bool) {
	owns, idle := m.order(o)
	if owns {
		m.Start(h)
	}
	return idle
}

func (m *Mailbox) order(o Orders) (owns, idle bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case o&OrderDrain != 0 && m.closed:
		return false, false // it drains, or has ended
	case o&OrderDrain != 0:
		m.shutLanes()
	case o == OrderTell && m.Word().IsSuspended():
		return false, false // there is no state that could be told
	}
	m.orders |= o
	m.interrupt()
	if o&OrderDrain != 0 && m.resume() {
		return true, false
	}
	idle = m.markWork()
	return idle, idle
}

// Cancel takes orders back, if they were given. The caller holds the lock.
func (m *Mailbox) Cancel(o Orders) (given bool) {
	given = m.orders&o != 0
	m.orders &^= o
	return given
}

// IsOrdered reports whether an order was given.
func (m *Mailbox) IsOrdered(o Orders) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.orders&o != 0
}

// HasWork reports whether there is something to do after the present run.
func (m *Mailbox) HasWork() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.orders != 0 || m.Queued() > 0
}

// Task is what the owner does next.
type Task uint8

// The tasks.
const (
	GoneIdle    Task = iota // nothing: the caller does not own the actor any more
	Handle                  // handle the message
	HandleBatch             // handle the messages that the worker has now
	Stop                    // as OrderStop says
	Finish                  // stop: everything accepted was handled
	Tell                    // as OrderTell says
	Renew                   // as OrderRenew says
	Fail                    // as OrderFail says
)

// Next decides what the owner does next, and takes the message to handle. w is the worker with the
// batch to handle or, where the actor goes idle, the one that its owner leaves with, if it has one:
// see [Host].
func (m *Mailbox) Next() (todo Task, e *Envelope, w *Worker) {
	m.lock()
	last := m.current
	m.giveBack()
	if w = m.worker.Load(); w != nil {
		m.lend(w)
	}
	todo, e = m.next()
	m.current = e
	switch todo {
	case GoneIdle:
		w = m.release()
	case HandleBatch:
		w = m.takeBatch()
	}
	m.mu.Unlock()
	if last != nil {
		last.reuse() // Taken-Once: it is in no list, and no longer the current one
	}
	return todo, e, w
}

func (m *Mailbox) next() (todo Task, e *Envelope) {
	if m.orders&beforeMessages != 0 {
		return m.takeOrder(), nil
	}
	switch {
	case m.private().len() > 0:
		return Handle, m.private().pop()
	case m.public.n > 1 && m.public.requests == 0 && !m.crowded: // Batch-Is-Notifications
		return HandleBatch, nil
	case m.public.n > 0:
		e = m.public.pop()
		m.letIn() // Bounded
		return Handle, e
	case m.orders&OrderDrain != 0:
		return Finish, nil
	}
	return GoneIdle, nil
}

// takeOrder takes the order that comes before all messages.
func (m *Mailbox) takeOrder() Task {
	switch {
	case m.Cancel(OrderRenew):
		return Renew
	case m.Cancel(OrderFail):
		return Fail
	case m.Cancel(OrderTell):
		return Tell
	}
	m.Cancel(OrderStop)
	return Stop
}

// release turns busy off, with mu held and nothing to do. It returns the worker, if there is one.
func (m *Mailbox) release() *Worker {
	w := m.worker.Load()
	if w != nil {
		m.worker.Store(nil)
	}
	if m.free != nil {
		notices.Put(m.free)
		m.free = nil
	}
	m.turnOff(flagBusy | flagWork | HandlerMask) // No-Lost-Wake-Up
	return w
}

// TryIdle lets an actor go that has nothing to do and was never at work. It reports false where
// the caller is still the owner.
func (m *Mailbox) TryIdle() bool {
	if w := m.Word(); w&flagWork == 0 && m.swap(w, w&^(flagBusy|HandlerMask)) { // No-Lost-Wake-Up
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orders != 0 || m.Queued() > 0 {
		return false
	}
	m.release()
	return true
}
