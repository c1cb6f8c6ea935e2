package akt

import (
	"context"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/names"
	"github.com/aktgo/akt/internal/restarts"
)

// actor is what all addresses of an actor point to.
//
// Its mailbox says who owns it; self is touched by the owner only, and nil where there is no state:
// between two, and after the end. rare is guarded by the mailbox's lock, and nil for most actors.
//
// What everybody reads comes first, then what few touch, and the mailbox last: see there.
type actor struct {
	self   any // the user's value
	table  *table
	config *config
	system *System

	started time.Duration // the uptime when Run made it
	refs    atomic.Int32  // strong addresses but the first, and one for a system or parent
	phase   atomic.Uint32 // a State
	rare    *rareState

	entry names.Entry[*actor] // in the system's names, guarded by System.mu

	box mailbox.Mailbox
}

// rareState is what only some actors have.
type rareState struct {
	done      chan struct{} // made when asked for, closed at the end
	stage     stage
	err       error // why it died
	timers    map[*Timer]struct{}
	children  map[*actor]struct{}
	watchers  map[*actor]struct{} // who is told of this actor's end
	watching  map[*actor]bool     // whose end it is told of; true while told and not handled
	unbase    func()              // undoes the wait for the end of WithContext's context
	restarts  uint64              // how often a fresh state was made, or tried to be
	recent    restarts.History    // those that count: see Supervisor.Window
	last      any                 // the state before, while there is none
	rest      *time.Timer         // ends the rest: see Mailbox.Suspend
	escalated *escalation         // with mailbox.OrderFail: what to do
	cause     error               // why the present state ends: see StopCause
	born      uint64              // the number of the last run before the present state
	promises  map[promised]uint64 // what the state owes, by the run that it was made in

	endTimer        *time.Timer // of timeEnd
	limitTimer      *time.Timer
	forgotten       int      // strong references that the collector has found, but a timer runs
	stoppedAtStart  bool     // by Stop or Drain in OnStart
	ticks           uint64   // of intervals, those that were handled
	told            bool     // OnStopping was called for notice, by the owner's tell
	handledWhenTold uint64   // how many messages were handled then
	ticksWhenTold   uint64   // how many of them were ticks
	mishaps         *mishaps // of an actor that had any
}

// stage is how far the end of a state, or of the actor, has come.
type stage uint8

const (
	stageLiving    stage = iota
	stageReplacing       // the state is being ended: it takes no children, watches and timers
	stageEnding          // the actor is being ended: it takes no children and watches any more
	stageOver            // OnStopped has returned, for good
)

// isBefore reports whether a run, as a Context has it, was one of a state before the present one.
func (x *rareState) isBefore(run uint64) bool {
	return x.born != 0 && int64((run>>mailbox.RunShift-x.born)<<mailbox.RunShift) <= 0
}

// rarely returns the rare state, which is made when needed first, with the lock held.
func (a *actor) rarely() *rareState {
	if a.rare == nil {
		a.rare = &rareState{}
	}
	return a.rare
}

// Runs of a hook or a function have these in the place of the handler's index.
const (
	runStart uint16 = 0xffff - iota
	runStopping
	runStopped
	runFunction
	runInterval
)

var runNames = map[uint16]string{
	runStart: "OnStart", runStopping: "OnStopping", runStopped: "OnStopped",
	runFunction: "a function", runInterval: "the function of an interval",
}

// deadActor stands in for the actor of a Context that has none: it stopped long ago.
var deadActor = func() *actor {
	a := &actor{
		table: newTable(reflect.TypeFor[struct{}](), nil), system: defaultSystem,
		config: &config{own: names.Own{Given: "nobody"}},
	}
	a.box.Init(0, false)
	a.box.CloseDown()
	a.phase.Store(uint32(Stopped))
	a.rare = &rareState{stage: stageOver}
	return a
}()

// name is the actor's name. Where it is a path it is made anew each time.
func (a *actor) name() string { return names.Text(a) }

// Parent, Kind, Part and Entry are what names are made of: an actor is a [names.Holder].
func (a *actor) Parent() *actor              { return a.config.parent }
func (a *actor) Kind() string                { return a.table.kind }
func (a *actor) Part() *names.Own            { return &a.config.own }
func (a *actor) Entry() *names.Entry[*actor] { return &a.entry }

// err is why the actor died, nil while it lives.
func (a *actor) err() error {
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return nil
	}
	return a.rare.err
}

// closed is an already closed channel.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// done is closed when OnStopped has returned.
func (a *actor) done() <-chan struct{} {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.rarely()
	switch {
	case x.done != nil:
	case x.stage == stageOver:
		return closed
	default:
		x.done = make(chan struct{})
	}
	return x.done
}

// running names the handler that runs, if one does.
func (a *actor) running() string {
	return a.runningIn(a.box.Word().Link())
}

// runningIn names the handler of a run.
func (a *actor) runningIn(link uint64) string {
	index := mailbox.Word(link).Handler()
	if name, ok := runNames[index]; ok {
		return name
	}
	if i := int(index) - 1; i >= 0 && i < len(a.table.handlers) {
		return a.table.handlers[i].GoName
	}
	return ""
}

// Started tells Shutdown, if it is under way, that the actor was idle and is not any more. It is
// called by the mailbox.
func (a *actor) Started() { a.system.noteStart(a) }

// Own is the owner's loop, which the mailbox starts: an actor is a [mailbox.Host].
func (a *actor) Own() *mailbox.Worker {
	if e, word := a.box.First(); e != nil {
		if w, over := a.handleFirst(e, word); over {
			return w
		}
	}
	for {
		switch task, e, w := a.box.Next(); task {
		case mailbox.GoneIdle:
			a.system.note()
			return w
		case mailbox.Handle:
			failure := a.handle(e)
			if failure != nil && (failure.exited() || !a.supervise(failure, e.Msg, e)) {
				return nil
			}
		case mailbox.HandleBatch:
			failure := a.handleBatch(w)
			if failure == nil {
				continue
			}
			if failure.exited() { // One-Owner: the worker is another goroutine's
				return nil
			}
			if e = w.Last(); !a.supervise(failure, e.Msg, e) {
				return nil
			}
		case mailbox.Renew:
			if !a.renew() {
				return nil
			}
		case mailbox.Fail:
			if !a.failNow() {
				return nil
			}
		case mailbox.Stop:
			if a.vetoes() {
				continue
			}
			a.end(nil)
			return nil
		case mailbox.Tell:
			a.tell()
		case mailbox.Finish:
			if a.box.IsOrdered(mailbox.OrderNotice) && !a.knowsOfStop(false) {
				a.askStopping(a.stopNow)
			}
			a.end(nil)
			return nil
		}
	}
}

// workAfter is the work of a new owner, after a failure of the one before.
func (a *actor) workAfter(failure *PanicError, msg any, e *mailbox.Envelope) {
	if a.supervise(failure, msg, e) {
		a.box.Work(a)
	}
}

// handleFirst runs the message that a new owner begins with, and lets the actor go if it was all
// there was to do. over says that the caller does not own the actor any more.
func (a *actor) handleFirst(
	e *mailbox.Envelope, word mailbox.Word,
) (w *mailbox.Worker, over bool) {
	reply, failure, err := a.invoke(e, word)
	if failure != nil || err != nil || a.defers(reply) {
		return nil, a.settleFirst(e, reply, failure, err)
	}
	if w, over = a.box.EndFirst(e, word); over {
		a.system.note()
	}
	return w, over
}

// settleFirst is what follows where that message has failed, or still may. It reports whether the
// caller does not own the actor any more.
func (a *actor) settleFirst(
	e *mailbox.Envelope, reply any, failure *PanicError, err error,
) (over bool) {
	if failure != nil && failure.exited() {
		return true
	}
	a.box.EndRun()
	a.settle(e, reply, err, failure)
	return failure != nil && !a.supervise(failure, e.Msg, e)
}

// handle runs one envelope, by the owner. It returns the failure of a handler that panicked.
//
// What leads from here to a handler, and from there to the push of a notification, fits the first
// stack of a goroutine: the owner often is a fresh one, and growing its stack would cost more than
// all else. That is why errors are made in functions of their own.
func (a *actor) handle(e *mailbox.Envelope) *PanicError {
	if !a.mayBegin(e) {
		return nil
	}
	reply, failure, err := a.invoke(e, a.box.BeginRun(indexOf(e)))
	if failure == nil || !failure.exited() {
		a.box.EndRun()
		a.settle(e, reply, err, failure)
	}
	return failure
}

// handleBatch runs the owner's batch, until it is used up, a handler fails, or the owner is
// interrupted. It is handle for many messages that nobody waits for: with one deferred call for
// all, and each run ended by the next one's beginning.
func (a *actor) handleBatch(w *mailbox.Worker) (failure *PanicError) {
	returned := false
	defer func() {
		if !returned {
			failure = a.caught(recover(), w.Last())
			if !failure.exited() {
				a.box.EndRun()
				a.settle(w.Last(), nil, nil, failure)
			}
		}
	}()
	for e := w.Peek(); e != nil; e = w.Peek() {
		before := a.box.Word()
		if before.IsInterrupted() {
			break
		}
		word, ok := a.box.NextRun(before, e.To.(*handler).index)
		if !ok {
			continue
		}
		w.Step()
		c := Context{Context: a.noticed(e.Ctx), actor: a, run: runOf(word, true) | runHired}
		reply, err := a.callOf(c.run, e)(a.self, c, e.Msg)
		if err != nil || a.defers(reply) {
			a.box.EndRun()
			a.settle(e, reply, err, nil)
		}
	}
	returned = true
	a.box.EndRun()
	return nil
}

// mayBegin reports whether an envelope is to be handled: not a request whose sender has left, or
// will as its context has ended.
func (a *actor) mayBegin(e *mailbox.Envelope) bool {
	if e.Source != nil {
		e.Source.Begins()
	}
	if e.Kind != mailbox.Request {
		return true
	}
	if why := expired(e); why != nil {
		err := a.unanswered(nameOf(e), NotHandled, why)
		err.detail = a.queuedBehind(mailbox.Ahead{})
		a.countDropped(1)
		e.Answer(nil, err)
		return false
	}
	if !e.Begin() {
		a.countDropped(1)
		return false
	}
	return true
}

// contextOf makes the Context of an envelope's run, which has begun with this word.
func (a *actor) contextOf(e *mailbox.Envelope, word mailbox.Word) Context {
	if e.Kind == mailbox.Request {
		run := runOf(word, e.IsEndless()) | runHired
		return Context{Context: a.system.senderOf(e.Ctx), actor: a, run: run}
	}
	return Context{Context: a.noticed(e.Ctx), actor: a, run: runOf(word, true) | runHired}
}

// noticed is the context of what was sent without a reply. What actors send themselves, such as
// timers, has none of its own.
func (a *actor) noticed(ctx context.Context) context.Context {
	if base := a.config.base; base != nil && ctx == context.Background() {
		return base
	}
	return ctx
}

// settle tells whoever has to know how the handling of an envelope went.
func (a *actor) settle(e *mailbox.Envelope, reply any, err error, failure *PanicError) {
	if e.Kind == mailbox.Interval && (e.Msg != nil || err != nil || failure != nil) {
		a.countTick() // but not one that was of no message
	}
	if failure == nil && e.Source != nil {
		e.Source.Handled()
	}
	heard := e.Kind == mailbox.Request
	switch {
	case failure != nil:
		a.countFailed(failure) // supervise reports it
	case err != nil:
		a.failed(e.Msg, routeOf(e), err, heard)
	case a.defers(reply):
		a.follow(reply, e)
	}
	switch {
	case !heard:
	case failure != nil:
		e.Answer(nil, a.unanswered(nameOf(e), MaybeHandled, failure))
	case err != nil:
		e.Answer(nil, ownError(err, a, func() label { return nameOf(e) }))
	default:
		a.reply(e, reply)
	}
}

// reply answers a request. Until its sender has received a deferred reply, that is on its way to
// somebody.
func (a *actor) reply(e *mailbox.Envelope, reply any) {
	if !a.defers(reply) {
		e.Answer(reply, nil)
		return
	}
	f := reply.(deferred)
	f.expect(1)
	if !e.Answer(reply, nil) {
		f.expect(-1)
	}
}

// defers reports whether a reply is a deferred one, which may fail later.
func (a *actor) defers(reply any) bool {
	return reply != nil && (a.table.defers || a.config.chain != nil) && isDeferred(reply)
}

// invoke calls what an envelope is for. A panic becomes the failure. If the handler calls
// runtime.Goexit, nothing after the deferred call runs; so caught does what is left.
func (a *actor) invoke(
	e *mailbox.Envelope, word mailbox.Word,
) (reply any, failure *PanicError, err error) {
	returned := false
	defer func() {
		if !returned {
			failure = a.caught(recover(), e)
		}
	}()
	c := a.contextOf(e, word)
	switch e.Kind {
	case mailbox.Function:
		e.Msg.(func(Context))(c)
	case mailbox.Interval:
		reply, err = a.tick(c, e)
	default:
		reply, err = a.callOf(c.run, e)(a.self, c, e.Msg)
	}
	returned = true
	return reply, nil, err
}

// caught turns what recover returned into the failure. Nothing recovered means runtime.Goexit: the
// sender is told and a new owner started here. (It also means panic(nil) under GODEBUG=panicnil=1,
// where the goroutine lives on; Own and settleFirst look out for that.)
func (a *actor) caught(recovered any, e *mailbox.Envelope) *PanicError {
	failure := newPanicError(recovered)
	if failure.exited() {
		a.box.EndRun()
		a.settle(e, nil, nil, failure)
		go a.workAfter(failure, e.Msg, e) // One-Owner: handed over
	}
	return failure
}

// tick makes and handles the message of an interval. The envelope has the message from then on, for
// what is told of it.
func (a *actor) tick(c Context, e *mailbox.Envelope) (reply any, err error) {
	timer := (*Timer)(e.Source.(*timed))
	e.Msg, e.To = nil, nil // of the tick before
	a.box.MarkTick()
	a.system.note() // Shutdown does not wait for it

	if timer.isStopped() { // since it was taken
		a.box.EndOther()
		return nil, nil
	}
	e.Msg = timer.next()
	if timer.isStopped() { // by that function, or meanwhile: after it no message begins
		e.Msg = nil
		a.box.EndOther()
		return nil, nil
	}
	r, routed, err := a.route(e.Msg)
	if err != nil {
		return nil, err
	}
	e.Msg, e.To, e.Form = routed, r.handler, uint8(r.adapt)
	a.box.RenameRun(runInterval, r.index)
	return a.callOf(c.run, e)(a.self, c, routed)
}
