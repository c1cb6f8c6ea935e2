package akt

import (
	"context"
	"fmt"
	"runtime"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/typecache"
	"github.com/aktgo/akt/internal/values"
	"github.com/aktgo/akt/internal/waitgraph"
)

// route finds the handler of a message.
func (a *actor) route(msg any) (route, any, error) {
	found := a.table.cache.Find(typecache.IDOf(msg))
	if found != nil && found.adapt == asItIs {
		return found.route(), msg, nil
	}
	return a.routeSlowly(found, msg)
}

// routeSlowly is route for a message that has to be resolved, adapted or refused.
func (a *actor) routeSlowly(found *resolved, msg any) (route, any, error) {
	r, routed, err := a.table.routeBy(found, msg)
	if err != nil && a.box.shut() {
		err = a.gone()
	}
	if err != nil {
		return route{}, nil, a.refusal(msg, err)
	}
	return r, routed, nil
}

// refusal is the error for a message that is refused before anything is done with it. Like all makers of errors on the way into a
// mailbox it is not inlined: the frames there are to stay small.
//
//go:noinline
func (a *actor) refusal(msg any, err error) error { return a.undelivered(labelOf(msg), err) }

// send sends a request and waits for its reply.
func (a *actor) send(ctx context.Context, msg any, into lane) (any, error) {
	if ctx == nil {
		return nil, a.undelivered(labelOf(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return nil, err
	}
	reply, err := a.sendTo(ctx, r, routed, into)
	if a.defers(reply) {
		a.received(reply)
	}
	return reply, err
}

// deliver is send for a caller that says when it has received the reply. It is no part of send, as a
// call more is felt there.
func (a *actor) deliver(ctx context.Context, msg any, into lane) (any, error) {
	if ctx == nil {
		return nil, a.undelivered(labelOf(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return nil, err
	}
	return a.sendTo(ctx, r, routed, into)
}

// sendTo sends a request whose handler is known: on this goroutine if the actor is idle, and ctx or the actor allows it.
func (a *actor) sendTo(ctx context.Context, r route, msg any, into lane) (any, error) {
	forever := endless(ctx)
	if !forever {
		if ctx.Err() != nil {
			return nil, a.undelivered(r.sentAs(msg), ended(ctx))
		}
		if b := a.bound(ctx); b != nil {
			return a.sendBound(b, r, msg, into)
		}
	}
	return a.sendIn(ctx, forever, r, msg, into)
}

// sendBound is sendIn with a ctx that is bound for as long as the request lasts.
func (a *actor) sendBound(b *lifetime.Bound, r route, msg any, into lane) (any, error) {
	defer b.Release()
	return a.sendIn(b, false, r, msg, into)
}

// bound returns what the handler of a request gets in the place of a ctx that can end and that a
// type of the user's own has a part in, as it was when the sender called; nil where package context
// and this one have made all that matters. The sender releases it.
func (a *actor) bound(ctx context.Context) *lifetime.Bound {
	for under := ctx; ; {
		switch c := under.(type) {
		case Context:
			under = c.sender()
			continue
		case *goFunction:
			under = c.Context
			continue
		case startContext:
			under = c.Context
			continue
		case *values.Carried, *lifetime.Bound:
			return nil
		}
		if lifetime.Origin(under) != nil {
			return nil
		}
		switch parent, layer := lifetime.Under(under); layer {
		case lifetime.Valued:
			under = parent
		case lifetime.Bottom:
			return nil
		default:
			return lifetime.Bind(ctx, a.usableLife())
		}
	}
}

// sendIn has the message handled with a ctx that is as the handler is to have it.
func (a *actor) sendIn(ctx context.Context, forever bool, r route, msg any, into lane) (any, error) {
	if run, ok := a.mayRunHere(ctx, forever); ok {
		if word, ok := a.box.take(r.index); ok {
			c := Context{Context: ctx, actor: a, run: word&^flagMask | run}
			reply, err := a.runHere(c, word, r, msg, *r.call.Load())
			if a.defers(reply) {
				a.followHere(reply, r, msg)
			}
			return reply, err
		}
		if a.config.chain != nil {
			return a.sendIntercepted(ctx, forever, run, r, msg, into)
		}
	}
	return a.request(ctx, forever, r, msg, into)
}

// mayRunHere reports whether a request with this ctx may be handled on this goroutine, and what its run then has, see inlineRun.
func (a *actor) mayRunHere(ctx context.Context, forever bool) (run uint64, ok bool) {
	if forever {
		return inlineRun(ctx)
	}
	if !a.config.inline {
		return 0, false
	}
	depth, _ := ctx.Value(values.DepthKey{}).(uint8)
	return uint64(depth) + oneDeeper, uint64(depth) != runDepth
}

// inlineRun is what a run on its sender's goroutine has in the place of the state word's flags,
// where ctx can never end. It reports false where it can, and where too many runs lie on that
// goroutine already: a stack ends, a queue does not.
func inlineRun(ctx context.Context) (run uint64, ok bool) {
	if c, ok := ctx.(Context); ok && c.actor != nil {
		return c.run&(runEndless|runDepth) + oneDeeper, c.endless() && c.run&runDepth != runDepth
	}
	return runEndless, ctx.Done() == nil
}

// runOf is what a Context keeps of the state word.
func runOf(word uint64, forever bool) uint64 {
	word &^= flagMask
	if forever {
		word |= runEndless
	}
	return word
}

// runHere runs a handler, by this call of it, on the sender's goroutine, which has taken the actor.
func (a *actor) runHere(c Context, word uint64, r route, msg any, call callFunc) (reply any, err error) {
	returned := false
	defer func() {
		if !returned {
			reply, err = nil, a.failedHere(recover(), msg, r.sentAs(msg))
		}
	}()
	reply, err = call(a.self, c, msg)
	returned = true
	if a.defers(reply) {
		reply.(deferred).expect(1) // before the run has ended: the sender is going to wait
	}
	if !a.box.yield(word) {
		a.hire() // One-Owner: handed over
	}
	if err != nil {
		return nil, ownFailure(err, a, func() label { return r.sentAs(msg) })
	}
	return reply, nil
}

// followHere is follow for the deferred reply of a handler on its sender's goroutine.
func (a *actor) followHere(reply any, r route, msg any) {
	a.follow(reply, &envelope{msg: msg, to: r, kind: request})
}

// failedHere is what follows where a handler on its sender's goroutine did not return: the actor gets a new owner, and the sender
// this error, unless its goroutine is ending too.
func (a *actor) failedHere(recovered, msg any, message label) error {
	failure := newPanicError(recovered)
	a.box.endRun()
	a.countFailed(failure)
	go a.workAfter(failure, msg, nil) // One-Owner: handed over
	return a.unanswered(message, MaybeHandled, failure)
}

// request queues a message and waits for the reply.
func (a *actor) request(ctx context.Context, forever bool, r route, msg any, into lane) (any, error) {
	e := &envelope{ctx: ctx, endless: forever, msg: msg, to: r, kind: request}
	if err := a.mayWait(ctx, into); err != nil {
		return nil, a.refused(e, err)
	}
	admission, start := a.box.push(e, into, true)
	if start {
		a.hire()
		runtime.Gosched() // the owner is next in line, and has often answered when this goroutine is back
	}
	if admission == refusedShut {
		return nil, a.refused(e, a.gone())
	}
	if e.outcome.Load()&settled == 0 && e.park() {
		if err := a.sleep(ctx, e); err != nil {
			return nil, err
		}
	}
	return a.answerOf(e)
}

// mayWait says why a sender cannot wait for this actor, if so.
func (a *actor) mayWait(ctx context.Context, into lane) error {
	if a.system.refuses(ctx) {
		return errOutside
	}
	if path := a.cycle(ctx, into); path != "" && !a.box.shut() {
		return deadlock(path)
	}
	return nil
}

// sleep waits for the answer of a request that is parked.
func (a *actor) sleep(ctx context.Context, e *envelope) error {
	w, over := a.enterWait(ctx, e)
	select {
	case <-e.ready:
		waiters.Leave(w)
		return nil
	case <-over:
		waiters.Leave(w) // Entered-First: from here on it does not wait
		return a.giveUp(ctx, e)
	}
}

// enterWait enters a sender into the graph, whose message is under way. Where a method of its ctx panics, it does not wait.
func (a *actor) enterWait(ctx context.Context, e *envelope) (w *waitgraph.Wait, over <-chan struct{}) {
	waits := false
	defer func() {
		if !waits {
			a.forsake(e)
		}
	}()
	over = doneOf(ctx)
	w = waiters.Enter(chainOf(ctx), (*waiter)(a), e)
	waits = true
	return w, over
}

// forsake leaves a message whose sender cannot wait for it.
func (a *actor) forsake(e *envelope) {
	if e.kind != request {
		a.box.leave(e)
		return
	}
	if at, _ := a.takeBack(e); at == taken {
		e.settle(abandoned)
	}
}

// takeBack is withdraw. It tells Shutdown, which waits for what is behind the tick of an interval, but not
// for that.
func (a *actor) takeBack(e *envelope) (at whereabouts, ahead ahead) {
	at, ahead = a.box.withdraw(e)
	if at == queued {
		a.system.note()
	}
	return at, ahead
}

// answerOf is what a settled request came to.
func (a *actor) answerOf(e *envelope) (any, error) {
	if e.outcome.Load()&cutOff != 0 {
		return nil, a.unanswered(e.name(), MaybeHandled, errShutDown)
	}
	switch err := e.err(); err {
	case nil:
		return e.reply, nil
	case errRefused: //nolint:errorlint // the mark itself: the methods of a handler's error are not called
		return nil, a.refused(e, a.gone())
	default:
		return nil, err
	}
}

// giveUp leaves a request whose context has ended. It returns nil if the answer is there already.
func (a *actor) giveUp(ctx context.Context, e *envelope) error {
	at, ahead := a.takeBack(e)
	if at == taken {
		old, ok := e.settle(abandoned)
		if !ok {
			return nil
		}
		if old&begun != 0 {
			err := a.unanswered(e.name(), MaybeHandled, ended(ctx))
			err.detail = "running " + e.to.GoName
			return err
		}
	}
	err := a.unanswered(e.name(), NotHandled, ended(ctx))
	switch at {
	case outside:
		err.layer = ErrFailedToDeliver
	case queued:
		a.countDropped(1)
	}
	err.detail = a.queuedBehind(ahead)
	return err
}

// queuedBehind says what a message was waiting for.
func (a *actor) queuedBehind(ahead ahead) string {
	text := fmt.Sprintf("queued behind %d", ahead.n)
	if ahead.more {
		text += " or more"
	}
	if running := a.running(); running != "" {
		text += " while " + running + " ran"
	}
	return text
}

// notify queues a message that nobody waits for. wait says whether to wait for room, until ctx ends; to TryNotify that end means nothing.
func (a *actor) notify(ctx context.Context, msg any, into lane, wait bool) error {
	if ctx == nil {
		return a.refusal(msg, errNilContext)
	}
	r, routed, err := a.route(msg)
	switch {
	case err != nil:
		return err
	case (wait || into == privateLane) && ctx.Err() != nil:
		return a.refusal(msg, ended(ctx))
	case a.system.refuses(ctx):
		return a.refusal(msg, errOutside)
	}
	values := carriedBy(ctx, a.config.base)
	if a.box.takeIdle(r.index) {
		a.box.hand = newNotice(values, routed, r)
		a.hireFor(ctx) // One-Owner: handed over
		return nil
	}
	admission, start := a.box.pushNotice(values, routed, r, into)
	switch {
	case start:
		a.hireFor(ctx)
		return nil
	case admission == accepted:
		return nil
	}
	return a.notAccepted(ctx, &envelope{ctx: values, msg: routed, to: r, kind: notification}, admission, wait)
}

// notAccepted is what follows where a mailbox does not take a notification.
//
//go:noinline
func (a *actor) notAccepted(ctx context.Context, e *envelope, why admission, wait bool) error {
	switch {
	case why == refusedShut:
		return a.refused(e, a.gone())
	case wait:
		return a.postLate(ctx, e)
	}
	return a.refused(e, ErrMailboxFull)
}

// post pushes an envelope that is not a request into the private lane.
func (a *actor) post(e *envelope) error {
	admission, start := a.box.push(e, privateLane, false)
	if start {
		a.hire()
	}
	if admission == refusedShut {
		return a.refused(e, a.gone())
	}
	return nil
}

// refused is refusal for a message in its envelope.
//
//go:noinline
func (a *actor) refused(e *envelope, err error) error { return a.undelivered(e.name(), err) }

// postLate pushes into a mailbox that was full a moment ago, and waits for room. So only a full mailbox costs a look for cycles, and a
// channel.
func (a *actor) postLate(ctx context.Context, e *envelope) error {
	if path := a.cycle(ctx, publicLane); path != "" {
		return a.refused(e, deadlock(path))
	}
	e.park()
	admission, start := a.box.push(e, publicLane, true)
	if start {
		a.hire()
	}
	switch admission {
	case refusedShut:
		return a.refused(e, a.gone())
	case mustWait:
		return a.awaitRoom(ctx, e)
	}
	return nil
}

// awaitRoom waits until a notification is let in.
func (a *actor) awaitRoom(ctx context.Context, e *envelope) error {
	w, over := a.enterWait(ctx, e)
	select {
	case <-e.ready:
		waiters.Leave(w)
	case <-over:
		waiters.Leave(w)
		if a.box.leave(e) {
			err := a.undelivered(e.name(), ended(ctx))
			err.detail = "waiting for room"
			return err
		}
		<-e.ready
	}
	if e.outcome.Load()&done == 0 {
		return nil
	}
	if err := e.err(); err != errRefused { //nolint:errorlint // the mark itself: no methods are called
		return err
	}
	return a.refused(e, a.gone())
}

// undelivered is the error for a message that never entered the mailbox.
func (a *actor) undelivered(message label, err error) *SendError {
	return newSendError(a.name(), message, NotHandled, ErrFailedToDeliver, err)
}

// unanswered is the error for a request that was accepted and got no answer.
func (a *actor) unanswered(message label, handled Handled, err error) *SendError {
	return newSendError(a.name(), message, handled, ErrFailedToGetResponse, err)
}

// gone is the cause of a failed send to an actor that takes nothing more.
func (a *actor) gone() error { return stopped(a.err()) }
