// Package akt is an actor library: an ordinary struct becomes an actor, its methods named
// Handle<Something> its handlers. They are found by reflection when the actor is run, checked, and
// put into a dispatch table by message type; so any value can be sent to an actor, and the type of
// the message decides which handler gets it.
//
//	func (a *Account) HandleDeposit(ctx akt.Context, msg Deposit) (uint32, error)
//
//	addr, err := akt.Run(&Account{Balance: 50})
//	reply, err := addr.Send(ctx, Deposit{40})                // reply.(uint32) == 90
//	balance, err := akt.Ask[uint32](ctx, addr, Deposit{40})  // typed
//
// # Handlers
//
// A handler has one of these shapes, where C is akt.Context or context.Context, M is the type of
// the message and R that of the reply:
//
//	func(C, M) (R, error)
//	func(C, M) error
//	func(C, M) R
//	func(C, M)
//
// A message goes to the handler of exactly its type; else a *M to the handler of M, or an M to that
// of *M; else to the one handler whose M is an interface that it implements; else to that of the
// empty interface.
//
// A method that is meant as a handler and does not fit is an error, never skipped: Run returns a
// [*RegistrationError] with all faults of the type, each with its place and cure. A near miss is a
// fault too: an exported method that takes an akt.Context and is called Handle_Deposit, Handle2FA
// or HandlesDeposit, or OnStop, OnStarted or OnFlush; and a method named OnStart, OnStopping or
// OnStopped that has another shape. Methods that take no akt.Context first and do not begin with
// Handle and an upper-case letter, such as Handler, are left alone.
//
// Methods of embedded fields count, so behaviour can be composed. What such a field brings is no
// handler if its signature has no akt.Context and its first parameter is no context: the HandleFunc
// of an embedded *http.ServeMux is left alone. An embedded pointer or interface that brings
// handlers or hooks must not be nil when OnStart has returned; if it brings OnStart itself, not
// before. Methods with type parameters of their own, which Go 1.27 has, cannot be seen by
// reflection, and are no handlers.
//
// # Concurrency
//
// An actor handles one message at a time, and each handler sees the writes of the one before it:
// fields need no lock. Messages from one goroutine to one lane of one actor are handled in the
// order sent; the private lane goes first. The public mailbox is bounded, and whoever sends to a
// full one waits for room, until its context ends. An idle actor owns no goroutine. All types of
// this package are safe for concurrent use. The zero value of every address, Promise, Future and
// Recipient behaves as that of an actor that has stopped.
//
// A request whose context can never end may run its handler on the sender's own goroutine, if the
// actor is idle; with [WithInlineSend], any request may. It returns when the handler does, and a
// runtime.Goexit in the handler ends that goroutine.
//
// The handler of a request has the sender's context. The handler of a notification has the values
// of the sender's context, but not its end. Where notifications send each other on for ever, those
// are the values that the last 64 of them have added; one that adds none does not count. Behind
// them come the values of [WithContext], which timers and functions of Do have alone.
//
// # Errors
//
// The handler's own error comes back unchanged, and the actor lives on; only an error that is or
// wraps the [*SendError] of a call that the handler made comes wrapped in this call's own, also
// where it is the error of a [Future] that Ask or SendUnpack waits for. Every other failure is a
// SendError too, which says whether the message may have been handled, and wraps the precise cause.
// It comes at once, never as a timeout of something else.
//
// Nobody waits for a notification: where its handler fails, or the Future that it has returned, or
// where it is dropped, that is logged, and told to the hook of [WithDeadLetters]. A message that
// the actor does not handle, and a [Raw] that does not fit, are Notify's own error.
//
// Your code that is called beside handlers – log handlers, the dead-letter hook, Decide, methods of
// errors and of contexts – may panic or exit its goroutine: the actor, its senders and the process
// go on.
//
// # Deadlocks
//
// Handlers pass their Context on to whatever they call: then the end of the first sender's context
// reaches all of them, and a sender that would wait for itself, alone or in a ring with others,
// gets [ErrDeadlock] with the path instead of waiting. Waits for replies, for room, for ends, in
// [System.LookupOrRun] and for the Futures of [Go] are seen; a Promise, a channel, a lock, and the
// Shutdown of another system are not. A notification, a timer and Do begin a new chain.
//
// Of a ring one sender is told, and the others go on. It is a handler that is told, and the others
// wait for it: so it has to return before trying again helps. Whoever sent to it tries again, with
// a pause that grows. Actors that notify each other, with bounded mailboxes, can form a ring in
// which all mailboxes are full. Let one of the ring send by [Address.TryNotify], or by a
// [PrivateAddress], which always has room; or let it keep what was refused and return.
//
// An end that lasts longer than 10 seconds, and a wait for children to end, is logged once, with
// who waits for whom in which handler. [WithStopTimeout] bounds an end.
//
// # Lifecycle
//
// An actor stops when its last strong [Address] is released, after [Address.Stop] or
// [Context.Drain], after [Context.Stop], when the ctx of [WithContext] ends, and with its parent or
// its system. All but Context.Stop handle first what was accepted. It may have the hooks OnStart,
// OnStopping and OnStopped; see [StartHook], [StoppingHook] and [StoppedHook]. An actor that
// another one runs with [Context.Run] is its child and ends before it; one that watches another,
// with [Context.Watch], receives one [Terminated] when that has ended. To wait for an end there is
// [Address.Wait], and [Address.Done]; [Address.Err] says why it ended.
//
// Once OnStart has returned nil, without having called Stop or Drain, Run returns the address and
// no error, whatever happens next.
//
// A system holds its named actors, and a parent its children: Release does not end those. An
// unnamed actor without a parent, in the [Default] system, is released by the garbage collector
// where nobody has an Address of it any more and no timer of it runs; in a system of [NewSystem],
// whose address was forgotten, it lives until Shutdown. Addresses in an actor's own state count:
// store a [WeakAddress] there.
//
// # Supervision
//
// After a panic the sender gets a [*PanicError] at once, and the message is not handled again. An
// actor that was run from a [Spawner] goes on with a fresh state, any other stops. The first
// restart is immediate, further ones wait, and at the sixth within a minute the actor stops
// instead. [WithSupervisor] decides otherwise, and [Escalate] leaves the decision to the parent's
// supervisor.
//
// A restart is a new life. Address, name, what others have sent, and who watches the actor stay.
// The old state's timers, children and watches end, its Promises fail, and what its timers, its
// watches and functions of Do have queued is withdrawn: counted as Dropped, and a dead letter where
// it was a function of Do or the message of NotifyLater or NotifyAt.
//
// # Systems
//
// Actors are run in a [System], [Default] or one of [NewSystem]; [WithDefaults] gives it options
// for all of them. An actor that has a name, by [WithName], is found by [System.Lookup], and
// [System.LookupOrRun] runs it if need be. [System.Shutdown] refuses what comes from outside,
// handles what was accepted and what comes from inside, and stops all actors; when its context ends
// before, it tells everybody who waits, and names the actors that were not quiet.
//
// [System.Actors] says of each actor what it does, what is queued, and how many messages were
// handled, failed and were dropped. [WithInterceptor] has a function called around every call of a
// handler: for traces, permissions, measurements.
//
// # Cost
//
// A type is scanned once per process. Looking up methods by reflection keeps the linker from
// removing unused exported methods of the program, which makes a binary somewhat larger.
//
// [Ask] and [Recipient.Send] call a handler without reflection where M and R are exactly its types.
// So does every other send to that handler once the program has used one of them, or has called
// [Bind] for it. All else depends on types. On amd64 and arm64, with Go versions before 1.27, there
// is no reflection where the message has at most four words, of integers, bools, pointers, strings,
// slices and interfaces, and the reply is one integer, bool, pointer, map, string, slice or any, or
// there is none. Floats, arrays, blank fields, larger messages, replies of several fields, and
// handlers of an interface with methods go by reflection; so does all of it with Go 1.27, and on
// other architectures. The build tag akt_safe leaves all unsafe code out: only handlers for which
// Bind was called are then called without reflection.
package akt

import (
	"context"
	"reflect"
	"runtime"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/typecache"
	"github.com/aktgo/akt/internal/typename"
)

// Run makes an actor of a value, usually a pointer to a struct, or of what a [Spawner] makes, in
// the [Default] system or the one given with [WithSystem]. It returns after OnStart has; an error
// of OnStart is returned unchanged, a panic in it, or in the Spawner, as a [*PanicError]. Other
// errors are a [*RegistrationError], ErrNameTaken, ErrStopped (the system was shut down, or OnStart
// stopped the actor), and those of wrong options. The actor owns the value from then on.
//
// The address is a strong reference: the actor stops when the last one is released.
func Run(actor any, opts ...Option) (*Address, error) { return Default().Run(actor, opts...) }

// MustRun is Run for a program that cannot go on without the actor: it panics with the error.
func MustRun(actor any, opts ...Option) *Address {
	addr, err := Run(actor, opts...)
	if err != nil {
		panic(err)
	}
	return addr
}

// Spawner makes the state of an actor. It can be stored and passed on, and Run takes it wherever it
// takes an actor; an actor that was run from one can be restarted, as its state can be made anew.
// So it must make another one at each call, and not capture what it returns: a restart fails where
// it returns the state that is to be replaced. Only states of size zero may be the same.
type Spawner[A any] func() A

// Spawn makes a state, without running it.
func (s Spawner[A]) Spawn() A { return s() }

// Run makes a state and runs it; see [Run].
func (s Spawner[A]) Run(opts ...Option) (*Address, error) { return Run(s, opts...) }

// spawner is what all Spawners are.
type spawner interface {
	spawn() any
	actorType() reflect.Type
	isNil() bool
}

func (s Spawner[A]) spawn() any            { return s() }
func (Spawner[A]) actorType() reflect.Type { return reflect.TypeFor[A]() }
func (s Spawner[A]) isNil() bool           { return s == nil }

// asSpawner returns what was passed as the Spawner that it is. A struct that embeds a Spawner has
// its methods too, and is an actor of its own.
func asSpawner(what any) (spawner, bool) {
	sp, ok := what.(spawner)
	if !ok || reflect.TypeOf(what).Kind() == reflect.Func {
		return sp, ok
	}
	with, ok := what.(*fieldSpawner)
	return with, ok
}

// recipe is what an actor is made of: a state, or the Spawner that makes it.
type recipe struct {
	state   any // nil where it is still to be made
	spawner spawner
	table   *table
}

// recipeOf is the recipe in what was passed to one of the Run functions.
func recipeOf(what any) (r recipe, err error) {
	sp, spawned := asSpawner(what)
	switch {
	case !spawned:
		r.state = what
		r.table, err = tableOf(what)
	case !sp.isNil() && sp.actorType().Kind() == reflect.Interface: // only what it makes has a type
		r.spawner = sp
		if r.state, err = spawnState(sp, nil); err == nil {
			r.table, err = tableOfSpawned(r.state)
		}
	default:
		r.spawner = sp
		r.table, err = tableOf(what)
	}
	return r, err
}

// Ask sends a request and waits for a reply of type R: the type that the handler returns, an
// interface that it implements, or, for a handler that returns a *[Future] of T, T (Ask waits for
// it) or the Future itself. For a handler without a reply, R is struct{} or any. M is inferred;
// where it is an interface, the message's own type decides.
//
// A handler that does not reply with R is a [*ReplyTypeError]: before the handler runs, where its
// declaration tells; after, where only the reply itself shows it. See [Address.Send] for all else.
func Ask[R, M any](ctx context.Context, to Sender, msg M) (R, error) {
	addr, ok := to.(*Address)
	if !ok || ctx == nil || addr == nil || addr.actor == nil || addr.released.Load() {
		return ask[R](ctx, to, msg)
	}
	a := addr.actor
	found := a.table.cache.Find(typecache.IDOf(call.Typed[Context, M, R](nil)))
	if found == nil {
		return ask[R](ctx, to, msg)
	}
	// The actor was asked with exactly these types before. This is no function of its own, as
	// calling a generic one from another costs the look-up of its dictionary, which with many types
	// is a cache miss.
	if run, ok := inlineRun(ctx); ok {
		if word, idle := a.box.Take(found.index); idle {
			c := Context{Context: ctx, actor: a, run: word.Link() | run}
			reply, err := callHere(a, call.FromOpaque[Context, M, R](found.call), c, word, msg)
			runtime.KeepAlive(addr)
			return reply, err
		}
	}
	reply, err := askBoxed[R](ctx, a, found.route(), msg)
	runtime.KeepAlive(addr)
	return reply, err
}

// pointerTo is a state as a pointer: itself, or one to a copy. Handlers and hooks are called by the
// pointer's methods, which for a value's type are its own.
func pointerTo(state any) any {
	if v := reflect.ValueOf(state); v.Kind() != reflect.Pointer {
		return behindPointer(v)
	}
	return state
}

// spawnState makes a state, of the type of the table if that is known.
func spawnState(sp spawner, t *table) (state any, err error) {
	guard.Catch(func() { state = sp.spawn() }, func(l guard.Loss) { err = panicOf(l) })
	switch {
	case err != nil:
		return nil, err
	case isNilActor(state):
		return nil, notRunnable(typename.Short(sp.actorType()), "the Spawner made a nil",
			"have it return a value, such as &Account{}")
	}
	if _, again := asSpawner(state); again {
		return nil, notRunnable(typename.Short(sp.actorType()), "the Spawner made a Spawner",
			"have it return an actor, such as &Account{}")
	}
	if got := reflect.TypeOf(state); t != nil && got != t.typ {
		texts := typename.All(got, t.typ)
		return nil, notRunnable(texts[0], "the Spawner made a "+texts[1]+" before",
			"have it always make the same type")
	}
	return state, nil
}

// isSameState reports whether a state has the memory of the one before: it is the same pointer, or
// the same map. All pointers to what has no size may be equal, and nothing can be wrong with it.
func isSameState(fresh, last any) bool {
	if last == nil {
		return false
	}
	a, b := reflect.ValueOf(fresh), reflect.ValueOf(last)
	if a.UnsafePointer() == b.UnsafePointer() {
		return a.Elem().Type().Size() > 0
	}
	a, b = a.Elem(), b.Elem()
	return a.Kind() == reflect.Map && !a.IsNil() && a.UnsafePointer() == b.UnsafePointer()
}
