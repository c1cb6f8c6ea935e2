// Package benchmarks measures akt beside what a program would use instead of it. It has no code of
// its own, only benchmarks:
//
//	go test -run='^$' -bench=. -count=10 ./benchmarks | tee new.txt
//	benchstat -col /lib new.txt
//
// The names are in benchstat's form, as BenchmarkAsk/lib=akt/ctx=background/clients=one, so that
// its -col option sets the libraries side by side. Absolute times belong to one machine: what can
// be claimed are ratios between figures of one run.
//
// The libraries:
//
//   - akt: an actor whose handlers are found and called as in any program.
//   - akt-bound: the same, with its handlers given to akt.Bind.
//   - akt-default: in BenchmarkSpawn, an actor of the default system; akt is then one of a system
//     of its own.
//   - chan: a goroutine that owns the state and receives requests, each with a reply channel of its
//     own, from an unbuffered channel. The reply channel has room for the reply, so that a client
//     may leave. Notifications go through a channel with as much room as an akt mailbox. It selects
//     on ctx only where ctx can end.
//   - mutex: a method that takes a ctx, locks, and unlocks by defer.
//   - reflect-call: that method, called by reflect.Value.Call; its reflect.Value is looked up once.
//   - map and switch: in BenchmarkDispatch, a map[reflect.Type]func and a type switch, under a
//     mutex.
//
// The conditions:
//
//   - ctx=background: a context that can never end; akt may then run the handler on the caller's
//     goroutine.
//   - ctx=deadline: one whose deadline is an hour away; akt then queues the message for a goroutine
//     of the actor's. It is made once, outside of the timed region.
//   - clients=one: one goroutine sends; clients=all: one for each of GOMAXPROCS, to the same actor.
//
// Every library does the same work, and is called through an interface that does not know which one
// it is. For the mutex that call is all there is; the others, but for BenchmarkDispatch, have a
// small adapter behind it, which is counted as theirs.
//
// Every reply is checked while the clock runs, and what a server has handled is compared with what
// was sent to it once the clock has stopped: a wrong figure fails the benchmark.
package benchmarks
