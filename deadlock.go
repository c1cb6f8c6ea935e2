package akt

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/waitgraph"
)

// waiters has everybody who waits and comes from a handler, a hook, or a function of Go. There is
// one in a process, as actors of different systems may wait for each other. Its mutex is taken
// before a mailbox's lock, never while one is held. A sender that comes from none of those is in no
// ring, and never touches it.
var waiters waitgraph.Graph

// chainOf is by what a sender with this ctx waits: the run it comes from, and where that was called
// on its sender's goroutine, those that have called it. A run that was queued ends the chain, as
// its sender has a wait of its own. A function of Go is its own beginning: those who wait for its
// Future wait for it.
func chainOf(ctx context.Context) (chain waitgraph.Chain) {
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		f, onOwnGoroutine := c.Context.(*goFunction)
		l := waitgraph.Link{Node: (*waiter)(c.actor), Run: c.run >> mailbox.RunShift}
		if onOwnGoroutine {
			l = waitgraph.Link{Node: f, Run: runOfFunction}
		}
		if chain.Node == nil {
			chain.Link = l
		} else {
			chain.Outer = append(chain.Outer, l)
		}
		if onOwnGoroutine || c.run&runHired != 0 {
			break
		}
	}
	return chain
}

// waiter is an actor as a node of the graph.
type waiter actor

// Lasts reports whether a run has not ended. That between two runs lasts as long as it is in the
// graph.
func (w *waiter) Lasts(run uint64) bool {
	return run == waitgraph.Between || w.box.Runs(run<<mailbox.RunShift)
}

// Name is the actor's.
func (w *waiter) Name() string { return (*actor)(w).name() }

// Running is the handler that runs.
func (w *waiter) Running() string { return (*actor)(w).running() }

// goFunction is a function of Go as a node of the graph, and as the sender's context of the Context
// that it gets.
type goFunction struct {
	context.Context // the sender's, of the handler that has started it
	by              link
	settled         *atomic.Bool // of its Future
}

// newFunction makes what a function has that a handler with this Context starts.
func newFunction(ctx Context, settled *atomic.Bool) *goFunction {
	sender := ctx.sender()
	if f, ok := sender.(*goFunction); ok {
		sender = f.Context // a function that starts another
	}
	return &goFunction{sender, ctx.link(), settled}
}

// runOfFunction is the one run of a function.
const runOfFunction = 1

// Lasts reports whether its Future is not settled.
func (f *goFunction) Lasts(uint64) bool { return !f.settled.Load() }

// Name tells the handler that has started it.
func (f *goFunction) Name() string {
	return "a function of " + f.by.actor.name() + "." + f.by.actor.runningIn(f.by.run)
}

// Running is nothing.
func (*goFunction) Running() string { return "" }

// AfterFunc has contexts derived from it end without a goroutine.
func (f *goFunction) AfterFunc(fn func()) func() bool { return context.AfterFunc(f.Context, fn) }

// sent is a message that its sender waits with.
type sent mailbox.Envelope

func (s *sent) envelope() *mailbox.Envelope { return (*mailbox.Envelope)(s) }

// Held reports whether the message's sender still waits because of its actor: for room, or for an
// answer.
func (s *sent) Held(at waitgraph.Node) bool {
	return !s.envelope().IsSettled() && (s.Kind == mailbox.Request || s.Full(at))
}

// Full reports whether it waits for room.
func (s *sent) Full(at waitgraph.Node) bool {
	return at.(*waiter).box.IsWaiting(s.envelope())
}

// Refuse takes the message back, if no run has begun with it, and answers its sender.
func (s *sent) Refuse(at waitgraph.Node, path func() string) bool {
	e := s.envelope()
	if !e.IsPending() {
		return false
	}
	a, err := (*actor)(at.(*waiter)), deadlock(path())
	if e.Kind != mailbox.Request {
		if !a.box.WithdrawWaiting(e) {
			return false
		}
		e.Answer(nil, a.refused(e, err))
		return true
	}
	switch at, _ := a.takeBack(e); at {
	case mailbox.Taken:
		return false
	case mailbox.Waiting:
		e.Answer(nil, a.refused(e, err))
	case mailbox.InLane:
		a.countDropped(1)
		e.Answer(nil, a.unanswered(nameOf(e), NotHandled, err))
	}
	return true
}

// unsent is a message that is about to be sent into a lane. It is in no mailbox yet, so it is only
// asked about.
type unsent mailbox.Lane

// Held is true.
func (unsent) Held(waitgraph.Node) bool { return true }

// Full reports whether it would wait for room.
func (into unsent) Full(at waitgraph.Node) bool {
	return mailbox.Lane(into) == mailbox.Public && at.(*waiter).box.IsFull()
}

// Refuse is never called.
func (unsent) Refuse(waitgraph.Node, func() string) bool { return false }

// cycle returns the path by which the caller would wait for itself if it sent to a, or nothing.
func (a *actor) cycle(ctx context.Context, into mailbox.Lane) string {
	if a.box.Word().Handler() == 0 {
		return "" // it is in no run, which could wait
	}
	return waiters.Cycle(chainOf(ctx), (*waiter)(a), unsent(into))
}

// waitForEnds waits until all of these have ended, which a, in no run, has told to. A wait of that
// kind cannot be refused.
func (a *actor) waitForEnds(children []*actor) {
	if len(children) == 0 {
		return
	}
	nodes := make([]waitgraph.Node, len(children))
	for i, c := range children {
		nodes[i] = (*waiter)(c)
	}
	defer waiters.Leave(waiters.EnterEnds((*waiter)(a), nodes)...)
	var left atomic.Int64 // those that were not seen to have ended
	left.Store(int64(len(children)))
	late := time.AfterFunc(waitIsLong, func() {
		a.logWait(children[len(children)-int(left.Load()):])
	})
	defer late.Stop()
	for i, c := range children {
		<-c.done()
		left.Store(int64(len(children) - i - 1))
	}
}

// awaitEnd waits until the actor has ended. The error is why it did not wait so long.
func (a *actor) awaitEnd(ctx context.Context, patience <-chan struct{}) error {
	alarm := waitgraph.NewAlarm()
	return await(ctx, a.done(), patience, (*waiter)(a), alarm, alarm)
}

// await waits until done is closed, which is because of a node. What it waits with is an alarm, or
// has one in it. The error is why it did not wait so long: ctx's, where that has ended before,
// ErrDeadlock in a ring, or errShutDown where patience was closed.
func await(
	ctx context.Context, done, patience <-chan struct{},
	because waitgraph.Node, with waitgraph.Message, alarm *waitgraph.Alarm,
) error {
	if isClosed(done) {
		return nil
	}
	over := doneOf(ctx)
	defer waiters.Leave(waiters.Enter(chainOf(ctx), because, with))
	select {
	case <-done:
		return nil
	case <-over:
		return ended(ctx)
	case <-alarm.Rung():
		return deadlock(alarm.Path())
	case <-patience:
		return errShutDown
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// waitIsLong is when a wait inside the library, which nobody sees, is logged.
const waitIsLong = 10 * time.Second

// logWait logs that a waits for the ends of children.
func (a *actor) logWait(children []*actor) {
	var waitsFor []string
	n := 0
	for _, c := range children {
		if isClosed(c.done()) {
			continue
		}
		if n++; n <= 8 {
			waitsFor = append(waitsFor, waiters.Trail((*waiter)(c)))
		}
	}
	if n == 0 {
		return
	}
	a.log(slog.LevelWarn, "akt: waiting long for children to end",
		"for", waitIsLong, "children", n, "first", waitsFor)
}

func deadlock(path string) error { return fmt.Errorf("%w: %s", ErrDeadlock, path) }

// doneOf is the Done of a sender's context.
func doneOf(ctx context.Context) <-chan struct{} {
	if b, ok := ctx.(*lifetime.Bound); ok {
		return b.SenderDone() // its own would be made only for the sake of this
	}
	return ctx.Done()
}
