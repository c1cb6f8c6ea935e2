// Package mailbox is an actor's mailbox: its two lanes, the senders that wait for room, and the
// word that says whether a goroutine owns the actor. It starts the owner, and knows nothing else
// of actors: what a message is for, and what becomes of it, is the [Host]'s business.
//
// # The word
//
//	63            24 23       8 7        0
//	┌───────────────┬──────────┬──────────┐
//	│ run           │ handler  │ flags    │
//	└───────────────┴──────────┴──────────┘
//
// run counts the messages begun; handler is the number of the handler that runs, 0 for none. The
// two are a link in a chain of calls: it counts as long as the word still shows it.
//
//	         Take (a sender, one CAS)
//	┌──────┐ ───────────────────────▶ ┌──────┐  Push, Order   ┌───────────┐
//	│ idle │                          │ busy │ ─────────────▶ │ busy+work │ ── Next: an order,
//	└──────┘ ◀─────────────────────── └──────┘                └───────────┘    a message, a batch
//	    │    Yield (one CAS)                                    ▲       │
//	    ├── Push, Order: a new owner is started ────────────────┘       │
//	    └◀──────────────────────────── Next: there is nothing to do ────┘
//
// Idle is a word without busy. A sender takes the actor only where no flag is on; where intercepted
// is the only one, it takes it if it calls the interceptors. Who moves the word, and how:
//
//	idle         → busy         a sender with a request, who runs the handler: Take, one CAS
//	idle         → busy         a sender with a notification, for the owner that it starts, who
//	                            begins with that run: TakeFor, the same CAS
//	busy         → idle         the owner, after that one run: Yield or EndFirst, one CAS that
//	                            fails if anything has changed; at the actor's start TryIdle
//	idle         → busy+work    who pushes or orders, with mu held, and starts an owner: markWork
//	busy         → busy+work    who pushes or orders, with mu held: markWork
//	busy, +work  → idle         the owner, with mu held and nothing to do: release
//	busy         → a run more   the owner, with a message from a lane or a hook: BeginRun, one
//	                            addition
//	busy         → a run more   the owner, with a message of its batch: NextRun, one CAS that
//	                            fails if anything has changed
//	busy         → +interrupt   who has what comes before a batch, with mu held: interrupt
//	+interrupt   → busy         the owner, with mu held, when its batch is given back: giveBack
//	busy         → +suspended   the owner, with mu held, if a fresh state has to wait: Suspend
//	+suspended   → busy         who ends that wait, with mu held, and is the owner then: resume
//	any          → +shut        who stops the actor, with mu held: shutLanes
//	any          → +guard       who shuts the actor's system down: Guard
//
// # Batches
//
// Where the public lane has nothing but notifications, and nobody waits for room, the owner takes
// it as a whole: a batch. It then goes from run to run by a CAS, without mu. How much is left of it
// is found from the word: the number of the batch's last run, less that of the run that has begun.
// Whoever has something that comes first – a message in the private lane, an order, a sender that
// waits for room – turns interrupt on. The owner then stops after the message that runs, and the
// rest goes back to where it came from.
//
// # Workers
//
// A [Worker] is what a goroutine that owns actors has besides them. What becomes of an actor that
// a handler wakes:
//
//	                                 ┌──▶ work: the handler's goroutine, if its own actor goes
//	                                 │    idle first
//	StartFor ── hand ──▶ next: busy ─┤
//	                                 └──▶ relieve: the goroutine that is coming
//
// # Invariants
//
// The mailbox:
//
//   - One-Owner: whoever turned busy on owns the actor's state and its current run, or has handed
//     both to exactly one goroutine. Only the owner turns busy off, and only the owner changes run
//     and handler. Nothing that is the owner's is touched after it was handed over.
//   - Suspended: while suspended is on, busy is too, and nobody owns the actor. It changes under
//     mu only: who turned it on was the owner, and who turns it off is. As busy stays on, senders
//     need not know of it.
//   - No-Lost-Wake-Up: lanes and orders change only under mu, and work is turned on in the same
//     critical section. Busy is turned off by a CAS that saw no work, or under mu with lanes and
//     orders empty.
//   - Interrupt: once interrupt is on, no message of the batch is begun: what is left of it is
//     guarded by mu. Until then it only gets less.
//   - Bounded: the public lane and what is left of the batch are never more than the capacity;
//     somebody waits for room only while they are as many.
//   - In-Order: a lane is first in, first out, and those who wait for room enter before all who
//     come later. What is left of a batch goes back before all others.
//   - Taken-Once: an envelope is in at most one list, or in the batch, and leaves a lane once: by
//     Next, and then it is handled unless its sender has left, or by another way, and then it
//     never is. It is used again only by who owns it after that, when it is not the current one.
//   - One-Answer: a request is settled once; who settles it decides what the sender is told. A
//     sender that comes too late to leave still takes the answer.
//   - Noted-First: whoever starts an actor that was idle tells its host so before it runs. So an
//     actor of whose start the host knows nothing is idle.
//
// The worker:
//
//   - Somebody-Comes: whoever puts an actor into a worker's next has seen to it that a goroutine
//     is on its way that looks there afterwards. So it does not matter whether the worker itself
//     gets to look: it may be in a handler that never returns. Both take the actor out by a swap,
//     so one of them owns it.
//   - Batch-Is-Notifications: a batch has no requests, which could be withdrawn. So its owner
//     takes from it without mu, until interrupt is on.
package mailbox
