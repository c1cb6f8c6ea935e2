// Package peers measures akt beside other actor libraries, and beside a channel and a mutex. It has
// no code of its own, only benchmarks, and a module of its own, so that nobody who uses akt gets
// the peers' dependencies.
//
//	go run ./cmd/table        # every benchmark in rounds, one process each; writes the results
//	go test -bench=. .        # all of them in one process
//
// Every library is an adapter behind the interface library, and does the same work: an actor that
// answers a number (asker), one that receives numbers (teller), and one that passes a token on to
// the next (teller, with a leg). Every reply is checked while the clock runs, and what an actor has
// handled is compared with what was sent to it once the clock has stopped. A wrong figure fails the
// benchmark.
//
// The libraries:
//
//   - akt: akt.Ask and Address.Notify, on a system of its own, nothing bound. akt-default: on the
//     default system, whose actors the garbage collector may end.
//   - akt-send: the untyped Address.Send of a message that no typed call and no akt.Bind has
//     prepared.
//   - protoactor: github.com/asynkron/protoactor-go, unbounded mailboxes (its default), its log
//     discarded. A deadline is passed on as its timeout.
//   - phony: github.com/Arceliar/phony, unbounded mailboxes. It has no deadlines: it ignores the
//     context.
//
// The baselines, which are no actors:
//
//   - chan: a goroutine that owns the state, behind an unbuffered channel; each request has a new
//     reply channel. It selects on the context only where that can end, and the reply channel then
//     has room for the reply, so that the client may leave.
//   - buffered-chan: the same, with room for 1,024 messages.
//   - mutex: a method that takes a context, locks, and unlocks by defer. It ignores the context.
//
// All of them are called through the same interfaces. For the mutex that call is all there is; what
// the others need behind it is counted as theirs.
package peers

//go:generate go run ./internal/gentypes
