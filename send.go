package akt

import (
	"context"
	"fmt"
	"runtime"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
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
	if err != nil && a.box.IsShut() {
		err = a.gone()
	}
	if err != nil {
		return route{}, nil, a.refusal(msg, err)
	}
	return r, routed, nil
}

// refusal is the error for a message that is refused before anything is done with it. Like all
// makers of errors on the way into a mailbox it is not inlined: the frames there are to stay small.
//
//go:noinline
func (a *actor) refusal(msg any, err error) error { return a.undelivered(labelOf(msg), err) }

// send sends a request and waits for its reply.
func (a *actor) send(ctx context.Context, msg any, into mailbox.Lane) (any, error) {
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

// deliver is send for a caller that says when it has received the reply. It is no part of send, as
// a call more is felt there.
func (a *actor) deliver(ctx context.Context, msg any, into mailbox.Lane) (any, error) {
	if ctx == nil {
		return nil, a.undelivered(labelOf(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return nil, err
	}
	return a.sendTo(ctx, r, routed, into)
}

// sendTo sends a request whose handler is known: on this goroutine if the actor is idle, and ctx or
// the actor allows it.
func (a *actor) sendTo(ctx context.Context, r route, msg any, into mailbox.Lane) (any, error) {
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
func (a *actor) sendBound(b *lifetime.Bound, r route, msg any, into mailbox.Lane) (any, error) {
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
func (a *actor) sendIn(
	ctx context.Context, forever bool, r route, msg any, into mailbox.Lane,
) (any, error) {
	if run, ok := a.mayRunHere(ctx, forever); ok {
		if word, ok := a.box.Take(r.index); ok {
			c := Context{Context: ctx, actor: a, run: word.Link() | run}
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

// mayRunHere reports whether a request with this ctx may be handled on this goroutine, and what its
// run then has, see inlineRun.
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
func runOf(word mailbox.Word, forever bool) (run uint64) {
	run = word.Link()
	if forever {
		run |= runEndless
	}
	return run
}

// runHere runs a handler, by this call of it, on the sender's goroutine, which has taken the actor.
func (a *actor) runHere(
	c Context, word mailbox.Word, r route, msg any, call callFunc,
) (reply any, err error) {
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
	a.box.Yield(a, word)
	if err != nil {
		return nil, ownFailure(err, a, func() label { return r.sentAs(msg) })
	}
	return reply, nil
}

// followHere is follow for the deferred reply of a handler on its sender's goroutine.
func (a *actor) followHere(reply any, r route, msg any) {
	e := mailbox.Envelope{Msg: msg, To: r.handler, Form: uint8(r.adapt), Kind: mailbox.Request}
	a.follow(reply, &e)
}

// failedHere is what follows where a handler on its sender's goroutine did not return: the actor
// gets a new owner, and the sender this error, unless its goroutine is ending too.
func (a *actor) failedHere(recovered, msg any, message label) error {
	failure := newPanicError(recovered)
	a.box.EndRun()
	a.countFailed(failure)
	go a.workAfter(failure, msg, nil) // One-Owner: handed over
	return a.unanswered(message, MaybeHandled, failure)
}

// request queues a message and waits for the reply.
func (a *actor) request(
	ctx context.Context, forever bool, r route, msg any, into mailbox.Lane,
) (any, error) {
	e := mailbox.NewRequest(ctx, forever, msg, r.handler, uint8(r.adapt))
	if err := a.mayWait(ctx, into); err != nil {
		return nil, a.refused(e, err)
	}
	admission, started := a.box.Push(a, e, into, true)
	if started {
		// The owner is next in line, and has often answered when this goroutine is back.
		runtime.Gosched()
	}
	if admission == mailbox.Shut {
		return nil, a.refused(e, a.gone())
	}
	if !e.IsSettled() && e.Park() {
		if err := a.sleep(ctx, e); err != nil {
			return nil, err
		}
	}
	return a.answerOf(e)
}

// mayWait says why a sender cannot wait for this actor, if so.
func (a *actor) mayWait(ctx context.Context, into mailbox.Lane) error {
	if a.system.refuses(ctx) {
		return errOutside
	}
	if path := a.cycle(ctx, into); path != "" && !a.box.IsShut() {
		return deadlock(path)
	}
	return nil
}

// sleep waits for the answer of a request that is parked.
func (a *actor) sleep(ctx context.Context, e *mailbox.Envelope) error {
	w, over := a.enterWait(ctx, e)
	select {
	case <-e.Ready():
		waiters.Leave(w)
		return nil
	case <-over:
		waiters.Leave(w) // Entered-First: from here on it does not wait
		return a.giveUp(ctx, e)
	}
}

// enterWait enters a sender into the graph, whose message is under way. Where a method of its ctx
// panics, it does not wait.
func (a *actor) enterWait(
	ctx context.Context, e *mailbox.Envelope,
) (w *waitgraph.Wait, over <-chan struct{}) {
	waits := false
	defer func() {
		if !waits {
			a.forsake(e)
		}
	}()
	over = doneOf(ctx)
	w = waiters.Enter(chainOf(ctx), (*waiter)(a), (*sent)(e))
	waits = true
	return w, over
}

// forsake leaves a message whose sender cannot wait for it.
func (a *actor) forsake(e *mailbox.Envelope) {
	if e.Kind != mailbox.Request {
		a.box.WithdrawWaiting(e)
		return
	}
	if at, _ := a.takeBack(e); at == mailbox.Taken {
		e.Abandon()
	}
}

// takeBack is Withdraw. It tells Shutdown, which waits for what is behind the tick of an interval,
// but not for that.
func (a *actor) takeBack(e *mailbox.Envelope) (at mailbox.Whereabouts, ahead mailbox.Ahead) {
	at, ahead = a.box.Withdraw(e)
	if at == mailbox.InLane {
		a.system.note()
	}
	return at, ahead
}

// answerOf is what a settled request came to.
func (a *actor) answerOf(e *mailbox.Envelope) (any, error) {
	if e.IsCut() {
		return nil, a.unanswered(nameOf(e), MaybeHandled, errShutDown)
	}
	switch reply, err := e.Result(); err {
	case nil:
		return reply, nil
	case mailbox.ErrRefused: //nolint:errorlint // the mark itself: no methods are called
		return nil, a.refused(e, a.gone())
	default:
		return nil, err
	}
}

// giveUp leaves a request whose context has ended. It returns nil if the answer is there already.
func (a *actor) giveUp(ctx context.Context, e *mailbox.Envelope) error {
	at, ahead := a.takeBack(e)
	if at == mailbox.Taken {
		handled, ok := e.Abandon()
		if !ok {
			return nil
		}
		if handled {
			err := a.unanswered(nameOf(e), MaybeHandled, ended(ctx))
			err.detail = "running " + routeOf(e).GoName
			return err
		}
	}
	err := a.unanswered(nameOf(e), NotHandled, ended(ctx))
	switch at {
	case mailbox.Waiting:
		err.layer = ErrFailedToDeliver
	case mailbox.InLane:
		a.countDropped(1)
	}
	err.detail = a.queuedBehind(ahead)
	return err
}

// queuedBehind says what a message was waiting for.
func (a *actor) queuedBehind(ahead mailbox.Ahead) string {
	text := fmt.Sprintf("queued behind %d", ahead.N)
	if ahead.More {
		text += " or more"
	}
	if running := a.running(); running != "" {
		text += " while " + running + " ran"
	}
	return text
}

// notify queues a message that nobody waits for. wait says whether to wait for room, until ctx
// ends. TryNotify does not wait, so that end means nothing to it; the private lane always has room,
// but an ended ctx is refused there, too.
func (a *actor) notify(ctx context.Context, msg any, into mailbox.Lane, wait bool) error {
	if ctx == nil {
		return a.refusal(msg, errNilContext)
	}
	r, routed, err := a.route(msg)
	switch {
	case err != nil:
		return err
	case (wait || into == mailbox.Private) && ctx.Err() != nil:
		return a.refusal(msg, ended(ctx))
	case a.system.refuses(ctx):
		return a.refusal(msg, errOutside)
	}
	values := carriedBy(ctx, a.config.base)
	if a.box.TakeFor(r.index) {
		a.box.PutFirst(values, routed, r.handler, uint8(r.adapt))
		a.startFor(ctx)
		return nil
	}
	admission, owns := a.box.PushNotice(values, routed, r.handler, uint8(r.adapt), into)
	switch {
	case owns:
		a.startFor(ctx)
		return nil
	case admission == mailbox.Accepted:
		return nil
	}
	return a.notAccepted(ctx, notification(values, routed, r), admission, wait)
}

// startFor starts the owner of an actor that a notification with this ctx has found idle.
func (a *actor) startFor(ctx context.Context) {
	if c, ok := ctx.(Context); ok && c.run&runHired != 0 {
		a.box.StartFor(a, &c.actor.box, c.run)
		return
	}
	a.box.Start(a)
}

// notAccepted is what follows where a mailbox does not take a notification.
//
//go:noinline
func (a *actor) notAccepted(
	ctx context.Context, e *mailbox.Envelope, why mailbox.Admission, wait bool,
) error {
	switch {
	case why == mailbox.Shut:
		return a.refused(e, a.gone())
	case wait:
		return a.postWaiting(ctx, e)
	}
	return a.refused(e, ErrMailboxFull)
}

// postPrivate pushes an envelope that is not a request into the private lane.
func (a *actor) postPrivate(e *mailbox.Envelope) error {
	admission, _ := a.box.Push(a, e, mailbox.Private, false)
	if admission == mailbox.Shut {
		return a.refused(e, a.gone())
	}
	return nil
}

// refused is refusal for a message in its envelope.
//
//go:noinline
func (a *actor) refused(e *mailbox.Envelope, err error) error {
	return a.undelivered(nameOf(e), err)
}

// postWaiting pushes a notification into the public lane, which was full a moment ago, and waits
// for room. So only a full mailbox costs a look for cycles, and a channel.
func (a *actor) postWaiting(ctx context.Context, e *mailbox.Envelope) error {
	if path := a.cycle(ctx, mailbox.Public); path != "" {
		return a.refused(e, deadlock(path))
	}
	e.Park()
	admission, _ := a.box.Push(a, e, mailbox.Public, true)
	switch admission {
	case mailbox.Shut:
		return a.refused(e, a.gone())
	case mailbox.MustWait:
		return a.awaitRoom(ctx, e)
	}
	return nil
}

// awaitRoom waits until a notification is let in.
func (a *actor) awaitRoom(ctx context.Context, e *mailbox.Envelope) error {
	w, over := a.enterWait(ctx, e)
	select {
	case <-e.Ready():
		waiters.Leave(w)
	case <-over:
		waiters.Leave(w)
		if a.box.WithdrawWaiting(e) {
			err := a.undelivered(nameOf(e), ended(ctx))
			err.detail = "waiting for room"
			return err
		}
		<-e.Ready()
	}
	_, err := e.Result()
	if err == mailbox.ErrRefused { //nolint:errorlint // the mark itself: no methods are called
		return a.refused(e, a.gone())
	}
	return err
}

// routeOf is the route of the message in an envelope.
func routeOf(e *mailbox.Envelope) route {
	h, _ := e.To.(*handler)
	return route{h, adaptation(e.Form)}
}

// nameOf is the message in an envelope as its sender passed it.
func nameOf(e *mailbox.Envelope) label { return routeOf(e).sentAs(e.Msg) }

// indexOf is what the mailbox's word says while an envelope is handled.
func indexOf(e *mailbox.Envelope) uint16 {
	switch e.Kind {
	case mailbox.Function:
		return runFunction
	case mailbox.Interval:
		return runInterval
	}
	return e.To.(*handler).index
}

// notification returns an envelope with a notification.
func notification(ctx context.Context, msg any, to route) *mailbox.Envelope {
	return &mailbox.Envelope{
		Ctx: ctx, Msg: msg, To: to.handler, Form: uint8(to.adapt), Kind: mailbox.Notification,
	}
}
