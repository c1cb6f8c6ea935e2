// Package reliability is the evidence that akt keeps its promises when things go wrong. It has only
// tests, and is a module of its own: nobody who uses akt gets porcupine. All of it is run by one
// command, in the short form that .ci/run has, and in a long one:
//
//	cd reliability
//	go test -race .                                                     # under a minute
//	go test -race -v -timeout 0 . -seeds 2000000 -rounds 5000 -soak 10m # as long as you like
//
// TestModel plays random programs with the package internal/model, where the puppets and the model
// are. They are of:
//
//   - actors from values and from Spawners, with supervisors that resume, restart, stop and
//     escalate, with restart limits, backoff, interceptors, and limits of their ends;
//   - requests by Send, Ask and SendUnpack, notifications, one or many, TryNotify and Do, by both
//     lanes and on both send paths; errors, panics and Goexit;
//   - replies that come later: Promises that are kept, broken or left, and functions of Go that
//     return, fail, panic or exit, over the end and the restart of their actors and over Shutdown;
//   - Context.Stop with and without a veto, Drain, Address.Stop, Clone, Release and weak addresses,
//     Address.Wait, and LookupOrRun, also of actors that are stopping;
//   - requests from handler to handler, and all rings of them, of waits for room and of waits for
//     ends; children, watches, one-shot and interval timers;
//   - Shutdown, and the end of its patience: what comes from inside meanwhile, by handlers, by the
//     ctx of a handler that owes a reply, and by OnStopping; children that are run meanwhile.
//
// It plays them step by step in a testing/synctest bubble, and after each step compares all that
// can be seen with a sequential model: what each sender was told, what was handled in which order,
// calls of the hooks, dead letters, Terminated, and the state of each actor. Where two things
// happen at the same time and their order decides, the model says so, and the rest of the program
// is not played: the log counts how often. A program that fails is printed in words, shrunk, and
// printed again with the command that replays it:
//
//	go test -run TestModel -v . -program='1.0 send.0.3.0 release.0.0.0'
//
// The fuzz target FuzzPrograms of tests/model plays the same programs, also with all clients at the
// same time.
//
// A program that ends the whole process, as a panic in akt itself would, is the last that -trace
// prints.
//
// TestAccount has clients use a bank account at the same time, with panics, restarts and requests
// that are cancelled at any moment, and has porcupine look for an order that explains what they
// saw: NotHandled means no effect, MaybeHandled perhaps one.
//
// TestSoak runs 10,000 actors under load for a time, with every fault there is, and counts: each
// request has its answer, and each accepted notification was handled or is a dead letter; what the
// senders were told is what the handlers did; ended actors are replaced; the live heap stays within
// 1 MiB of what it was; the goroutines are those from before, so that none is parked for ever.
//
// TestRings has clients ask actors that ask each other in rings, and try again when they are told
// ErrDeadlock: all get done, and the live heap stays as it was.
//
// The flags: -seeds, -seed, -program and -trace are TestModel's, -rounds is TestAccount's, -soak
// and -soakseed are TestSoak's and TestRings'.
package reliability
