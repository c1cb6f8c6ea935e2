package akt

import (
	"context"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/names"
	"github.com/aktgo/akt/internal/restarts"
)

// actor is what all addresses of an actor point to.
//
// Its mailbox says who owns it; self is touched by the owner only, and nil where there is no state: between two, and after the end.
// rare is guarded by mailbox.mu, and nil for most actors.
//
// What everybody reads comes first, then what few touch, and the mailbox last: see there.
type actor struct {
	self   any // the user's value
	table  *table
	config *config
	system *System

	started time.Duration // the uptime when Run made it
	refs    atomic.Int32  // strong addresses but the first, and one more for a system or a parent that holds the actor
	phase   atomic.Uint32 // a State
	rare    *rareState
	loop    func() // work, once it was needed; the owner's

	entry names.Entry[*actor] // in the system's names, guarded by System.mu

	box mailbox
}

// rareState is what only some actors have.
type rareState struct {
	done      chan struct{} // made when asked for, closed at the end
	stage     stage
	err       error // why it died
	timers    map[*Timer]struct{}
	children  map[*actor]struct{}
	watchers  map[*actor]struct{} // who is told of this actor's end
	watching  map[*actor]bool     // whose end this actor is told of, and whether it was told and has not handled it
	unbase    func()              // undoes the wait for the end of WithContext's context
	restarts  uint64              // how often a fresh state was made, or tried to be
	recent    restarts.History    // those that count: see Supervisor.Window
	last      any                 // the state before, while there is none
	rest      *time.Timer         // ends the rest, see flagRest
	escalated *escalation         // with orderFail: what to do
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
	return x.born != 0 && int64((run>>runShift-x.born)<<runShift) <= 0
}

// rarely returns the rare state, which is made when needed first, with mu held.
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
	a := &actor{table: newTable(reflect.TypeFor[struct{}](), nil), system: defaultSystem, config: &config{own: names.Own{Given: "nobody"}}}
	a.box.word.Store(flagBusy)
	a.box.shutLanes()
	a.phase.Store(uint32(Stopped))
	a.rare = &rareState{stage: stageOver}
	return a
}()

// name is the actor's name. Where it is a path it is made anew each time.
func (a *actor) name() string { return names.Text(a) }

// Parent, Kind, Own and Entry are what names are made of: an actor is a [names.Holder].
func (a *actor) Parent() *actor              { return a.config.parent }
func (a *actor) Kind() string                { return a.table.kind }
func (a *actor) Own() *names.Own             { return &a.config.own }
func (a *actor) Entry() *names.Entry[*actor] { return &a.entry }

// logger returns the actor's logger.
func (a *actor) logger() *slog.Logger {
	l := a.config.logger
	if l == nil {
		l = slog.Default()
	}
	return l.With("actor", a.name(), "type", a.table.typ.String())
}

// log writes a record to the actor's logger.
func (a *actor) log(level slog.Level, text string, args ...any) {
	a.logBy(text, func(l *slog.Logger) { l.Log(context.Background(), level, text, args...) })
}

// logBy has write use the actor's logger. It is for what calls the user's code to make its
// arguments. Where that fails, the default logger is told, if the actor has another one.
func (a *actor) logBy(text string, write func(*slog.Logger)) {
	failure := detached(func() { write(a.logger()) })
	if failure == nil || a.config.logger == nil {
		return
	}
	_ = detached(func() { // there is nobody left to tell
		slog.Error("akt: the actor's logger failed", "actor", a.name(), "record", text, "panic", failure.shown())
	})
}

// logPanic reports a panic with the place where it happened.
func (a *actor) logPanic(in string, failure *PanicError) {
	const text = "akt: panic"
	a.logBy(text, func(l *slog.Logger) {
		l.Error(text, "in", in, "panic", failure.shown(), "stack", failure.frames())
	})
}

// err is why the actor died, nil while it lives.
func (a *actor) err() error {
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
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
	a.box.mu.Lock()
	defer a.box.mu.Unlock()
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
	return a.runningIn(a.box.word.Load())
}

// runningIn is running for a state word that was read.
func (a *actor) runningIn(word uint64) string {
	index := uint16(word & handlerMask >> handlerShift)
	if name, ok := runNames[index]; ok {
		return name
	}
	if i := int(index) - 1; i >= 0 && i < len(a.table.handlers) {
		return a.table.handlers[i].GoName
	}
	return ""
}

// noteDropped reports notifications that were accepted, or due, and will never be handled.
func (a *actor) noteDropped(err error, msgs ...any) {
	if len(msgs) == 0 {
		return
	}
	a.log(slog.LevelWarn, "akt: notifications were dropped", "count", len(msgs), "first", typeName(msgs[0]), "error", err)
	for _, msg := range msgs {
		a.system.deadLetter(a, msg, err)
	}
}
