package akt

import "context"

// hire starts a goroutine that owns the actor from now on, on behalf of the owner. The func value is made once, as a go statement
// would otherwise make one each time.
func (a *actor) hire() {
	a.system.noteStart(a)
	if a.loop == nil {
		a.loop = a.work
	}
	go a.loop()
}

// hireFor is hire on behalf of a sender. Where that is a handler, whose actor often has nothing more to do when it returns, its
// goroutine may be the one: that saves a goroutine, and both a switch.
func (a *actor) hireFor(ctx context.Context) {
	c, ok := ctx.(Context)
	if !ok || c.run&runHired == 0 || !c.actor.box.runs(c.run) {
		a.hire()
		return
	}
	w := c.actor.box.crew.Load()
	if w == nil {
		w = new(worker)
		c.actor.box.crew.CompareAndSwap(nil, w) // if it fails, w is one that nobody works with
	}
	a.system.noteStart(a)
	if !w.hand(a) {
		a.hire()
	}
}

// work has the goroutine own the actor until there is nothing to do, and then the actor that was handed to it meanwhile, if
// there is one.
func (a *actor) work() {
	for a != nil {
		w := a.workOff()
		if w == nil {
			return
		}
		if a = w.next.Swap(nil); a == nil {
			w.leave()
			return
		}
		a.box.crew.Store(w)
	}
}

// workOff is the owner's loop. It returns the worker that the owner has left with.
func (a *actor) workOff() *worker {
	if e := a.box.hand; e != nil {
		a.box.hand = nil
		if w, over := a.handleFirst(e); over {
			return w
		}
	}
	for {
		switch task, e, w := a.box.next(); task {
		case goneIdle:
			a.system.note()
			return w
		case handle:
			failure := a.handle(e)
			if failure != nil && (failure.exited() || !a.supervise(failure, e.msg, e)) {
				return nil
			}
		case handleBatch:
			failure := a.handleBatch(w)
			if failure != nil && (failure.exited() || !a.supervise(failure, w.last.msg, w.last)) {
				return nil
			}
		case renew:
			if !a.renew() {
				return nil
			}
		case fail:
			if !a.failNow() {
				return nil
			}
		case askToStop:
			if a.vetoes() {
				continue
			}
			a.end(nil)
			return nil
		case tell:
			a.tell()
		case finish:
			if a.box.wantsNotice() && !a.knowsOfStop(false) {
				a.askStopping(a.stopNow)
			}
			a.end(nil)
			return nil
		}
	}
}

// workAfter is work by a new owner, after a failure of the one before.
func (a *actor) workAfter(failure *PanicError, msg any, e *envelope) {
	if a.supervise(failure, msg, e) {
		a.work()
	}
}

// handleFirst runs the message that a new owner begins with, and lets the actor go if it was all there was to do. over says that
// the caller does not own the actor any more.
func (a *actor) handleFirst(e *envelope) (w *worker, over bool) {
	word := a.box.word.Load()&^flagMask | flagBusy // as take has left it
	reply, failure, err := a.invoke(e, word)
	if failure != nil || err != nil || a.defers(reply) {
		return nil, a.settleFirst(e, reply, failure, err)
	}
	e.reuse()
	if w = a.box.crew.Load(); w != nil {
		a.box.crew.Store(nil)
	}
	if a.box.yield(word) {
		a.system.note()
		return w, true
	}
	if w != nil {
		a.box.crew.Store(w)
	}
	return nil, false
}

// settleFirst is what follows where that message has failed, or still may. It reports whether the caller does not own the actor any more.
func (a *actor) settleFirst(e *envelope, reply any, failure *PanicError, err error) (over bool) {
	if failure != nil && failure.exited() {
		return true
	}
	a.box.endRun()
	a.settle(e, reply, err, failure)
	return failure != nil && !a.supervise(failure, e.msg, e)
}

// handle runs one envelope, by the owner. It returns the failure of a handler that panicked.
//
// What leads from here to a handler, and from there to the push of a notification, fits the first stack of a goroutine: the owner
// often is a fresh one, and growing its stack would cost more than all else. That is why errors are made in functions of their own.
func (a *actor) handle(e *envelope) *PanicError {
	if !a.mayBegin(e) {
		return nil
	}
	reply, failure, err := a.invoke(e, a.box.beginRun(e.index()))
	if failure == nil || !failure.exited() {
		a.box.endRun()
		a.settle(e, reply, err, failure)
	}
	return failure
}

// handleBatch runs the owner's batch, until it is used up, a handler fails, or somebody has the owner care for something else. It
// is handle for many messages that nobody waits for: with one deferred call for all, and each run ended by the next one's
// beginning.
func (a *actor) handleBatch(w *worker) (failure *PanicError) {
	returned := false
	defer func() {
		if !returned {
			failure = a.caught(recover(), w.last)
			if !failure.exited() {
				a.box.endRun()
				a.settle(w.last, nil, nil, failure)
			}
		}
	}()
	for w.batch != nil {
		before := a.box.word.Load()
		if before&flagCare != 0 {
			break
		}
		word, ok := a.box.nextRun(before, w.batch.to.index)
		if !ok {
			continue
		}
		e := w.step()
		c := Context{Context: a.noticed(e.ctx), actor: a, run: runOf(word, true) | runHired}
		reply, err := a.callOf(word, e)(a.self, c, e.msg)
		if err != nil || a.defers(reply) {
			a.box.endRun()
			a.settle(e, reply, err, nil)
		}
	}
	returned = true
	a.box.endRun()
	return nil
}

// mayBegin reports whether an envelope is to be handled: not a request whose sender has left, or will as its context has ended.
func (a *actor) mayBegin(e *envelope) bool {
	if e.of != nil {
		a.forgetWatch(e.of)
	}
	if e.kind != request {
		return true
	}
	if why := e.expired(); why != nil {
		err := a.unanswered(e.name(), NotHandled, why)
		err.detail = a.queuedBehind(ahead{})
		a.countDropped(1)
		e.answer(nil, err)
		return false
	}
	if !e.begin() {
		a.countDropped(1)
		return false
	}
	return true
}

// contextOf makes the Context of an envelope's run, which has begun with this word.
func (a *actor) contextOf(e *envelope, word uint64) Context {
	if e.kind == request {
		return Context{Context: a.system.senderOf(e.ctx), actor: a, run: runOf(word, e.endless) | runHired}
	}
	return Context{Context: a.noticed(e.ctx), actor: a, run: runOf(word, true) | runHired}
}

// noticed is the context of what was sent without a reply. What actors send themselves, such as timers, has none of its own.
func (a *actor) noticed(ctx context.Context) context.Context {
	if base := a.config.base; base != nil && ctx == context.Background() {
		return base
	}
	return ctx
}

// settle tells whoever has to know how the handling of an envelope went.
func (a *actor) settle(e *envelope, reply any, err error, failure *PanicError) {
	if e.kind == interval {
		a.countTick()
	}
	if failure == nil && e.timer != nil {
		e.timer.handled()
	}
	heard := e.kind == request
	switch {
	case failure != nil:
		a.countFailed(failure) // supervise reports it
	case err != nil:
		a.failed(e.msg, e.to, err, heard)
	case a.defers(reply):
		a.follow(reply, e)
	}
	switch {
	case !heard:
	case failure != nil:
		e.answer(nil, a.unanswered(e.name(), MaybeHandled, failure))
	case err != nil:
		e.answer(nil, ownError(err, a, e.name))
	default:
		a.reply(e, reply)
	}
}

// reply answers a request. Until its sender has received a deferred reply, that is on its way to somebody.
func (a *actor) reply(e *envelope, reply any) {
	if !a.defers(reply) {
		e.answer(reply, nil)
		return
	}
	f := reply.(deferred)
	f.expect(1)
	if !e.answer(reply, nil) {
		f.expect(-1)
	}
}

// defers reports whether a reply is a deferred one, which may fail later.
func (a *actor) defers(reply any) bool {
	return reply != nil && (a.table.defers || a.config.chain != nil) && isDeferred(reply)
}

// invoke calls what an envelope is for. A panic becomes the failure. If the handler calls runtime.Goexit, nothing after the
// deferred call runs; so caught does what is left.
func (a *actor) invoke(e *envelope, word uint64) (reply any, failure *PanicError, err error) {
	returned := false
	defer func() {
		if !returned {
			failure = a.caught(recover(), e)
		}
	}()
	c := a.contextOf(e, word)
	switch e.kind {
	case function:
		e.msg.(func(Context))(c)
	case interval:
		reply, err = a.tick(c, e)
	default:
		reply, err = a.callOf(word, e)(a.self, c, e.msg)
	}
	returned = true
	return reply, nil, err
}

// caught turns what recover returned into the failure. Nothing recovered means runtime.Goexit: the sender is told and a new owner
// started here. (It also means panic(nil) under GODEBUG=panicnil=1, where the goroutine lives on; work looks out for that.)
func (a *actor) caught(recovered any, e *envelope) *PanicError {
	failure := newPanicError(recovered)
	if failure.exited() {
		a.box.endRun()
		a.settle(e, nil, nil, failure)
		go a.workAfter(failure, e.msg, e) // One-Owner: handed over
	}
	return failure
}

// tick makes and handles the message of an interval. The envelope has the message from then on, for what is told of it.
func (a *actor) tick(c Context, e *envelope) (reply any, err error) {
	e.msg, e.to = nil, route{} // of the tick before
	a.box.word.Or(flagTick)
	a.system.note() // Shutdown does not wait for it

	if e.timer.isStopped() { // since it was taken
		a.endRunOfNone()
		return nil, nil
	}
	e.msg = e.timer.next()
	if e.timer.isStopped() { // by that function, or meanwhile: after it no message begins
		e.msg = nil
		a.endRunOfNone()
		return nil, nil
	}
	r, routed, err := a.route(e.msg)
	if err != nil {
		return nil, err
	}
	e.to, e.msg = r, routed
	a.box.renameRun(runInterval, r.index)
	return a.callOf(c.run, e)(a.self, c, routed)
}
