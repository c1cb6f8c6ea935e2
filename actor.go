package akt

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
)

// actor is what all addresses of an actor point to.
//
// Its mailbox says who owns it; self is touched by the owner only. extras is guarded by mailbox.mu, and nil for most actors.
type actor struct {
	mailbox
	self   any // the user's value; nil after the end
	table  *table
	system *System
	config *config
	serial uint64        // for the name of an actor that was given none
	refs   atomic.Int64  // strong addresses, and one more for a system or a parent that holds the actor
	phase  atomic.Uint32 // a State
	extras *extras

	before, after *actor // in the system's list, guarded by System.mu
}

// extras are what only some actors have.
type extras struct {
	done     chan struct{} // made when asked for, closed at the end
	over     bool          // OnStopped has returned
	ending   bool          // takes no children and no watches any more
	err      error         // why it died
	dropped  uint64        // notifications that were accepted and never handled
	failed   uint64        // notifications whose handling failed
	life     context.Context
	endLife  context.CancelFunc
	lifeOver bool
	merged   map[<-chan struct{}]context.Context // by the Done of a sender: see either
	timers   map[*Timer]struct{}
	children map[*actor]struct{}
	watchers map[*actor]struct{} // who is told of this actor's end
	watching map[*actor]struct{} // whose end this actor is told of
	unbase   func() bool         // undoes the wait for the end of WithContext's context
}

// extra returns the extras, with mu held.
func (a *actor) extra() *extras {
	if a.extras == nil {
		a.extras = &extras{}
	}
	return a.extras
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

// nobody stands in for the actor of a Context that has none: it stopped long ago.
var nobody = func() *actor {
	a := &actor{table: newTable(reflect.TypeFor[struct{}](), nil), system: defaultSystem, config: &config{name: "nobody"}}
	a.word.Store(flagBusy | flagShut)
	a.phase.Store(uint32(Stopped))
	a.extras = &extras{over: true}
	return a
}()

func (a *actor) name() string {
	if a.config.name != "" {
		return a.config.name
	}
	return autoName(a.table.typ, a.serial)
}

// logger returns the actor's logger.
func (a *actor) logger() *slog.Logger {
	l := a.config.logger
	if l == nil {
		l = slog.Default()
	}
	return l.With("actor", a.name(), "type", a.table.typ.String())
}

// undelivered is the error for a message that never entered the mailbox.
func (a *actor) undelivered(message string, err error) *SendError {
	return &SendError{Actor: a.name(), Message: message, Handled: NotHandled, Err: err, layer: ErrFailedToDeliver}
}

// unanswered is the error for a request that was accepted and got no answer.
func (a *actor) unanswered(message string, handled Handled, err error) *SendError {
	return &SendError{Actor: a.name(), Message: message, Handled: handled, Err: err, layer: ErrFailedToGetResponse}
}

// err is why the actor died, nil while it lives.
func (a *actor) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.extras == nil {
		return nil
	}
	return a.extras.err
}

// closed is done before anything else was.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// done is closed when OnStopped has returned.
func (a *actor) done() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.extra()
	switch {
	case x.done != nil:
	case x.over:
		return closed
	default:
		x.done = make(chan struct{})
	}
	return x.done
}

// stop drains what was accepted, then stops the actor.
func (a *actor) stop() { a.stopAfter(orderDrain | orderNotice) }

// release gives a strong reference up.
func (a *actor) release() {
	if a.refs.Add(-1) == 0 {
		a.stopAfter(orderDrain)
	}
}

// askToStop stops the actor after its current message, unless it vetoes.
func (a *actor) askToStop() { a.stopAfter(orderVeto) }

func (a *actor) stopAfter(o orders) {
	start := a.order(o)
	a.phase.CompareAndSwap(uint32(Started), uint32(Stopping))
	if start {
		go a.work()
	}
}

// gone is the cause of a failed send to an actor that takes nothing more.
func (a *actor) gone() error { return stopped(a.err()) }

// route finds the handler of a message.
func (a *actor) route(msg any) (route, any, error) {
	r, routed, err := a.table.route(msg)
	if err == nil {
		return r, routed, nil
	}
	if a.shut() {
		err = a.gone()
	}
	return r, nil, a.undelivered(typeName(msg), err)
}

// send sends a request and waits for its reply.
func (a *actor) send(ctx context.Context, msg any, into lane) (any, error) {
	if ctx == nil {
		return nil, a.undelivered(typeName(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return nil, err
	}
	return a.sendTo(ctx, r, routed, into)
}

// sendTo sends a request whose handler is known: on this goroutine if the actor is idle and nobody could notice.
func (a *actor) sendTo(ctx context.Context, r route, msg any, into lane) (any, error) {
	forever := endless(ctx)
	if !forever && ctx.Err() != nil {
		return nil, a.undelivered(r.sentAs(msg), ended(ctx))
	}
	if forever || a.config.inline {
		if word, ok := a.take(r.index); ok {
			return a.runHere(Context{Context: ctx, actor: a, run: runOf(word, forever)}, word, r, msg)
		}
	}
	return a.request(ctx, r, msg, into)
}

// runOf is what a Context keeps of the state word.
func runOf(word uint64, forever bool) uint64 {
	word &^= flagMask
	if forever {
		word |= runEndless
	}
	return word
}

// runHere runs a handler on the sender's goroutine, which has taken the actor.
func (a *actor) runHere(c Context, word uint64, r route, msg any) (any, error) {
	reply, err, failure := a.invoke(c, r, msg, nil)
	if failure != nil {
		a.endRun()
		go a.workAfter(failure, msg, false) // One-Owner: handed over
		return nil, a.unanswered(r.sentAs(msg), MaybeHandled, failure)
	}
	if !a.yield(word) {
		go a.work() // One-Owner: handed over
	}
	if err != nil {
		return nil, ownError(err, a, r.sentAs(msg))
	}
	return reply, nil
}

// request queues a message and waits for the reply.
func (a *actor) request(ctx context.Context, r route, msg any, into lane) (any, error) {
	if path := a.cycle(ctx); path != "" {
		return nil, a.undelivered(r.sentAs(msg), deadlock(path))
	}
	e := &envelope{ctx: ctx, msg: msg, to: r, kind: request, ready: make(chan struct{})}
	admission, start := a.push(e, into, true)
	if admission == refusedShut {
		return nil, a.undelivered(r.sentAs(msg), a.gone())
	}
	if start {
		go a.work()
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		if err := a.giveUp(e, ctx); err != nil {
			return nil, err
		}
		<-e.ready
	}
	if e.err == errRefused {
		return nil, a.undelivered(r.sentAs(msg), a.gone())
	}
	return e.reply, e.err
}

// giveUp leaves a request whose context has ended. It returns nil if the answer is there already.
func (a *actor) giveUp(e *envelope, ctx context.Context) error {
	at, ahead := a.withdraw(e)
	if at == taken {
		if !e.outcome.CompareAndSwap(pending, abandoned) { // One-Answer
			return nil
		}
		err := a.unanswered(e.name(), MaybeHandled, ended(ctx))
		err.detail = "running " + e.to.method
		return err
	}
	err := a.unanswered(e.name(), NotHandled, ended(ctx))
	if at == outside {
		err.layer = ErrFailedToDeliver
	}
	err.detail = a.queuedBehind(ahead)
	return err
}

// queuedBehind says what a message was waiting for.
func (a *actor) queuedBehind(ahead int32) string {
	text := fmt.Sprintf("queued behind %d", ahead)
	if running := a.running(); running != "" {
		text += " while " + running + " ran"
	}
	return text
}

// running names the handler that runs, if one does.
func (a *actor) running() string {
	index := uint16(a.word.Load() & handlerMask >> handlerShift)
	if name, ok := runNames[index]; ok {
		return name
	}
	if i := int(index) - 1; i >= 0 && i < len(a.table.handlers) {
		return a.table.handlers[i].method
	}
	return ""
}

// notify queues a message that nobody waits for. wait says whether to wait for room.
func (a *actor) notify(ctx context.Context, msg any, into lane, wait bool) error {
	if ctx == nil {
		return a.undelivered(typeName(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return a.undelivered(typeName(msg), ended(ctx))
	}
	e := &envelope{ctx: noticeOf(ctx, a.config.base), msg: routed, to: r, kind: notification}
	return a.post(ctx, e, into, wait)
}

// post pushes an envelope that is not a request.
func (a *actor) post(ctx context.Context, e *envelope, into lane, wait bool) error {
	admission, start := a.push(e, into, false)
	if admission == refusedFull && wait {
		if path := a.cycle(ctx); path != "" {
			return a.undelivered(e.name(), deadlock(path+", whose mailbox is full"))
		}
		e.ready = make(chan struct{})
		admission, start = a.push(e, into, true)
	}
	if start {
		go a.work()
	}
	switch admission {
	case refusedShut:
		return a.undelivered(e.name(), a.gone())
	case refusedFull:
		return a.undelivered(e.name(), ErrMailboxFull)
	case mustWait:
		return a.awaitRoom(ctx, e)
	}
	return nil
}

// awaitRoom waits until a notification is let in.
func (a *actor) awaitRoom(ctx context.Context, e *envelope) error {
	select {
	case <-e.ready:
	case <-ctx.Done():
		if a.leave(e) {
			err := a.undelivered(e.name(), ended(ctx))
			err.detail = "waiting for room"
			return err
		}
		<-e.ready
	}
	if e.outcome.Load() == done {
		return a.undelivered(e.name(), a.gone())
	}
	return nil
}

// work is the owner's loop. The goroutine that runs it owns the actor, until there is nothing to do.
func (a *actor) work() {
	for {
		switch task, e := a.next(); task {
		case goneIdle:
			return
		case handle:
			if failure := a.handle(e); failure != nil && !a.supervise(failure, e.msg, e.kind != request) {
				return
			}
		case askToStop:
			if a.askStopping(true) {
				a.end(nil)
				return
			}
			if !a.shut() {
				a.phase.Store(uint32(Started))
			}
		case finish:
			if a.wantsNotice() {
				a.askStopping(false)
			}
			a.end(nil)
			return
		}
	}
}

// workAfter is work by a new owner, after a failure of the one before.
func (a *actor) workAfter(failure *PanicError, msg any, unasked bool) {
	if a.supervise(failure, msg, unasked) {
		a.work()
	}
}

// handle runs one envelope, by the owner. It returns the failure of a handler that panicked.
func (a *actor) handle(e *envelope) *PanicError {
	if e.kind == request && e.ctx.Err() != nil {
		err := a.unanswered(e.name(), NotHandled, ended(e.ctx))
		err.detail = a.queuedBehind(0)
		e.answer(nil, err)
		return nil
	}
	word := a.beginRun(e.index())
	c := Context{Context: e.ctx, actor: a, run: runOf(word, e.kind != request || endless(e.ctx))}
	reply, err, failure := a.invoke(c, e.to, e.msg, e)
	a.endRun()
	a.settle(e, reply, err, failure)
	return failure
}

// settle tells whoever has to know how the handling of an envelope went.
func (a *actor) settle(e *envelope, reply any, err error, failure *PanicError) {
	if failure == nil && e.timer != nil {
		e.timer.handled()
	}
	switch {
	case e.kind == request && failure != nil:
		e.answer(nil, a.unanswered(e.name(), MaybeHandled, failure))
	case e.kind == request && err != nil:
		e.answer(nil, ownError(err, a, e.name()))
	case e.kind == request:
		e.answer(reply, nil)
	case failure == nil && err != nil:
		a.logger().Error("akt: a notification failed", "message", e.name(), "error", err)
		a.noteFailed(e.msg, err)
	}
}

// invoke calls a handler. A panic becomes the failure. Where the handler ends its goroutine, what would follow is done by a
// new owner: e tells its sender.
func (a *actor) invoke(c Context, r route, msg any, e *envelope) (reply any, err error, failure *PanicError) {
	returned := false
	defer func() {
		if !returned {
			failure = a.caught(recover(), msg, e)
		}
	}()
	switch {
	case e != nil && e.kind == function:
		msg.(func(Context))(c)
	case e != nil && e.kind == interval:
		err = a.tick(c, e)
	default:
		reply, err = (*r.call.Load())(a.self, c, msg)
	}
	returned = true
	return reply, err, nil
}

// caught makes a failure of what a handler panicked with; of nothing, if it ended its goroutine.
func (a *actor) caught(value any, msg any, e *envelope) *PanicError {
	failure := newPanicError(value)
	if value == nil {
		a.endRun()
		if e != nil {
			a.settle(e, nil, nil, failure)
		}
		go a.workAfter(failure, msg, e != nil && e.kind != request) // One-Owner: handed over
	}
	return failure
}

// tick makes and handles the message of an interval. The envelope has the message from then on, for what is told of it.
func (a *actor) tick(c Context, e *envelope) (err error) {
	e.msg = e.timer.next()
	if e.to, e.msg, err = a.route(e.msg); err != nil {
		return err
	}
	_, err = (*e.to.call.Load())(a.self, c, e.msg)
	return err
}

// noteFailed counts a notification whose handling failed, and tells the system: the sender is not waiting to hear of it.
func (a *actor) noteFailed(msg any, err error) {
	a.mu.Lock()
	a.extra().failed++
	a.mu.Unlock()
	a.system.deadLetter(a, msg, err)
}

// noteDropped reports notifications that were accepted, or due, and will never be handled.
func (a *actor) noteDropped(err error, msgs ...any) {
	if len(msgs) == 0 {
		return
	}
	a.mu.Lock()
	a.extra().dropped += uint64(len(msgs))
	a.mu.Unlock()
	a.logger().Warn("akt: notifications were dropped", "count", len(msgs), "first", typeName(msgs[0]), "error", err)
	for _, msg := range msgs {
		a.system.deadLetter(a, msg, err)
	}
}

// cycle returns the path by which the caller would wait for itself if it waited for a, or nothing.
//
// The links of the chain ride in ctx: each is one run of one handler, and counts while that run lasts.
func (a *actor) cycle(ctx context.Context) string {
	var path []string
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		if !c.actor.runs(c.run) {
			continue
		}
		path = append([]string{c.actor.name() + "." + c.actor.running()}, path...)
		if c.actor == a {
			return strings.Join(append(path, a.name()), " → ")
		}
	}
	return ""
}

func deadlock(path string) error { return fmt.Errorf("%w: %s", ErrDeadlock, path) }
