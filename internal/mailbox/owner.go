package mailbox

import "context"

// Host is what a mailbox belongs to.
type Host interface {
	// Own is the owner's loop: it does what [Mailbox.Next] says, after the [Mailbox.First] message.
	// It returns when the actor has gone idle, with the worker that Next or [Mailbox.EndFirst] has
	// told, or nil; and with nil where it has handed the actor to another goroutine, or ended it.
	Own() *Worker

	// Started notes that an actor that was idle is not any more, before it runs.
	Started()
}

// owner is what it takes to start an actor's owner. It is made once, as a go statement would
// otherwise make a func value each time.
type owner struct {
	host Host
	loop func() // work
}

// ownerOf returns how the owner is started, by the owner.
func (m *Mailbox) ownerOf(h Host) *owner {
	if m.owner == nil {
		o := &owner{host: h}
		o.loop = o.work
		m.owner = o
	}
	return m.owner
}

// work has the goroutine own an actor until there is nothing to do, and then the one that was
// handed to it meanwhile, if there is one.
func (o *owner) work() {
	for {
		w := o.host.Own()
		if w == nil {
			return
		}
		m := w.next.Swap(nil)
		if m == nil {
			w.leave()
			return
		}
		m.worker.Store(w)
		o = m.owner
	}
}

// Start hands an actor, which the caller owns, to a goroutine of its own.
func (m *Mailbox) Start(h Host) {
	h.Started()            // Noted-First
	go m.ownerOf(h).loop() // One-Owner
}

// Work is Start for a caller whose own goroutine does the work.
func (m *Mailbox) Work(h Host) {
	h.Started() // Noted-First
	m.ownerOf(h).work()
}

// StartFor is Start on behalf of a sender, whose message is handled in the run with this link of
// another actor. That often has nothing more to do when its handler returns, so its goroutine may
// be the one: that saves a goroutine, and both a switch.
func (m *Mailbox) StartFor(h Host, sender *Mailbox, link uint64) {
	if !sender.Runs(link) {
		m.Start(h)
		return
	}
	w := sender.worker.Load()
	if w == nil {
		w = new(Worker)
		// If it fails, or the sender's actor has gone idle, nobody works with w: then relieve
		// comes.
		sender.worker.CompareAndSwap(nil, w)
	}
	h.Started() // Noted-First
	o := m.ownerOf(h)
	if !w.hand(m) {
		go o.loop() // One-Owner
	}
}

// TakeFor takes an idle actor for a notification to this handler: the caller owns it, and starts
// an owner that begins with the message. It does not look at the word of an actor whose owner has
// a worker, which it would take from that one's processor.
func (m *Mailbox) TakeFor(handler uint16) (owns bool) {
	if m.worker.Load() != nil {
		return false
	}
	_, ok := m.Take(handler)
	return ok
}

// PutFirst gives a new owner the notification that the caller has taken the actor for.
func (m *Mailbox) PutFirst(ctx context.Context, msg, to any, form uint8) {
	m.firstMessage = newNotice(ctx, msg, to, form)
}

// First returns the message that the owner begins with, and its run; nil where it begins with what
// Next says.
func (m *Mailbox) First() (e *Envelope, begun Word) {
	if e = m.firstMessage; e == nil {
		return nil, 0
	}
	m.firstMessage = nil
	return e, m.Word()&^FlagMask | flagBusy // as Take has left it
}

// EndFirst ends the run of the first message, and lets the actor go if it was all there was to do.
// idle says that the caller does not own the actor any more; w is the worker that it leaves with.
func (m *Mailbox) EndFirst(e *Envelope, begun Word) (w *Worker, idle bool) {
	e.reuse()
	if w = m.worker.Load(); w != nil {
		m.worker.Store(nil) // before the actor is another owner's, with another worker
	}
	if m.swap(begun, begun&^(HandlerMask|flagBusy)) { // No-Lost-Wake-Up
		return w, true
	}
	m.EndRun()
	if w != nil {
		m.worker.Store(w)
	}
	return nil, false
}

// DropWorker forgets the owner's worker, at the end of the actor.
func (m *Mailbox) DropWorker() { m.worker.Store(nil) }
