package mailbox

// Word is a mailbox's state: see the package documentation.
type Word uint64

const (
	flagBusy        Word = 1 << iota // somebody owns the actor
	flagWork                         // a lane or an order waits for the owner
	flagShut                         // nothing more is taken; never turned off
	flagGuard                        // every sender is looked at; never turned off
	flagInterrupt                    // the owner is to leave its batch after the current message
	flagSuspended                    // with busy: the actor waits for a fresh state
	flagIntercepted                  // handlers are called through interceptors; never turned off
	flagTick                         // with a run: it is the tick of an interval
)

// What a Word is made of. The host keeps the link of a run, and may have flags of its own in the
// low bits of that.
const (
	FlagMask     = 1<<8 - 1
	HandlerShift = 8
	HandlerMask  = 1<<24 - 1<<8
	RunShift     = 24

	oneRun Word = 1 << RunShift
)

// Link is the run that the word shows: its number, and the handler.
func (w Word) Link() uint64 { return uint64(w &^ FlagMask) }

// Number is that of the last run that has begun.
func (w Word) Number() uint64 { return uint64(w >> RunShift) }

// Handler is the number of the handler that runs, 0 for none.
func (w Word) Handler() uint16 { return uint16(w & HandlerMask >> HandlerShift) }

// IsIdle reports whether nothing is handled and there is nothing to do. That is so for a suspended
// actor, too, if nothing is queued.
func (w Word) IsIdle() bool {
	return w&flagWork == 0 && w&(flagBusy|flagSuspended) != flagBusy
}

// IsSuspended reports whether the actor waits for a fresh state.
func (w Word) IsSuspended() bool { return w&flagSuspended != 0 }

// IsTick reports whether the tick of an interval is handled.
func (w Word) IsTick() bool { return w&flagTick != 0 }

// IsInterrupted reports whether the owner is to leave its batch.
func (w Word) IsInterrupted() bool { return w&flagInterrupt != 0 }

// oneRunMore is the word after the beginning of a run.
func (w Word) oneRunMore(handler uint16) Word {
	return w&^HandlerMask + oneRun | Word(handler)<<HandlerShift
}

// Word returns the present state.
func (m *Mailbox) Word() Word { return Word(m.word.Load()) }

// Take makes the caller the owner of an idle actor, for one run of this handler.
func (m *Mailbox) Take(handler uint16) (begun Word, ok bool) {
	return m.takeFrom(0, handler)
}

// TakeIntercepted is Take for an actor that has interceptors.
func (m *Mailbox) TakeIntercepted(handler uint16) (begun Word, ok bool) {
	return m.takeFrom(flagIntercepted, handler)
}

func (m *Mailbox) takeFrom(flags Word, handler uint16) (begun Word, ok bool) {
	w := m.Word()
	if w&FlagMask != flags {
		return 0, false
	}
	begun = w.oneRunMore(handler) | flagBusy
	return begun, m.swap(w, begun) // One-Owner
}

func (m *Mailbox) swap(from, to Word) bool {
	return m.word.CompareAndSwap(uint64(from), uint64(to))
}

// Yield ends the run that began with Take, and the caller's ownership: where there is work, an
// owner is started.
func (m *Mailbox) Yield(h Host, begun Word) {
	// No-Lost-Wake-Up: it fails where there is work.
	if !m.word.CompareAndSwap(uint64(begun), uint64(begun&^(HandlerMask|flagBusy))) {
		m.endAndStart(h)
	}
}

// endAndStart is not inlined, so that Yield is.
//
//go:noinline
func (m *Mailbox) endAndStart(h Host) {
	m.EndRun()
	m.Start(h)
}

// BeginRun begins a run of a handler, by the owner.
func (m *Mailbox) BeginRun(handler uint16) Word {
	return Word(m.word.Add(uint64(oneRun + Word(handler)<<HandlerShift)))
}

// NextRun is BeginRun for a message of a batch, and ends the run before. It reports false, and has
// done nothing, where the word has changed: so no message of a batch is begun once the owner is
// interrupted.
func (m *Mailbox) NextRun(from Word, handler uint16) (begun Word, ok bool) {
	begun = from.oneRunMore(handler)
	return begun, m.swap(from, begun) // Interrupt
}

// RenameRun has the word show another handler for the same run, by the owner.
func (m *Mailbox) RenameRun(from, to uint16) {
	m.word.Add(uint64(to)<<HandlerShift - uint64(from)<<HandlerShift)
}

// EndRun ends the run: links of a chain that lead through it count no more.
func (m *Mailbox) EndRun() { m.word.And(^uint64(HandlerMask | flagTick)) }

// Runs reports whether the run with this link has not ended.
func (m *Mailbox) Runs(link uint64) bool {
	w := m.Word()
	return w&HandlerMask != 0 && w.Number() == link>>RunShift
}

// MarkTick says of the present run that it is the tick of an interval, by the owner.
func (m *Mailbox) MarkTick() { m.word.Or(uint64(flagTick)) }

// BeginOther is BeginRun for a run that is of no message.
func (m *Mailbox) BeginOther(handler uint16) Word {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.others++
	return m.BeginRun(handler)
}

// EndOther is EndRun for a run that turned out to be of no message.
func (m *Mailbox) EndOther() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.others++
	m.EndRun()
}

// Begun is how many messages were begun when the word was this one. The caller holds the lock.
//
// They are not counted where they are handled: they are the runs less those of no message.
func (m *Mailbox) Begun(w Word) uint64 { return w.Number() - uint64(m.others) }

// IsShut reports whether nothing more is taken.
func (m *Mailbox) IsShut() bool { return m.Word()&flagShut != 0 }

// Guard makes Take fail, so that the host has a look at every sender.
func (m *Mailbox) Guard() { m.turnOn(flagGuard) }

func (m *Mailbox) turnOn(flags Word)  { m.word.Or(uint64(flags)) }
func (m *Mailbox) turnOff(flags Word) { m.word.And(^uint64(flags)) }

// markWork turns work on, with mu held. It reports whether the caller took the actor.
//
// Where both flags are on already they stay so: only who holds mu turns work off.
func (m *Mailbox) markWork() (owns bool) {
	const both = flagWork | flagBusy
	return m.Word()&both != both && Word(m.word.Or(uint64(both)))&flagBusy == 0
}

// interrupt makes the owner leave its batch after the current message, with mu held. It is for
// whatever comes before a batch: private messages, orders, senders that wait for room.
func (m *Mailbox) interrupt() {
	if m.size > 0 {
		m.turnOn(flagInterrupt)
	}
}
