package akt

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Next hands a message on to the next interceptor, and the last one to the handler. It returns the handler's reply and error.
type Next func(ctx Context, msg any) (any, error)

// Interceptor is called around every call of a handler, however the message came: requests, notifications, timers, [Terminated]
// and [Raw] messages. Hooks and the functions of Do are not intercepted. It runs as part of the message: the actor handles
// no other meanwhile, and its panic is the handler's.
//
// msg is the message as the handler takes it: decoded, if it was sent as a Raw. What the interceptor returns is what the sender gets;
// where that is not the type that Ask wants, the sender gets a [*ReplyTypeError].
//
// An interceptor may call next with another Context, which it makes of its own, and with another message, for which the
// handler is looked up again; where there is none, next returns an [*UnhandledError]:
//
//	ctx.Context = context.WithValue(ctx.Context, key, value)
//	return next(ctx, msg)
//
// The handler's Context is of the actor and of the message, whatever next was given. It may be called twice, and the handler then runs
// twice, or not at all. It must not be called by two goroutines at a time, nor after the interceptor has returned: it then
// returns an error and does nothing. An interceptor that returns while another goroutine is inside next waits for it.
type Interceptor func(ctx Context, msg any, next Next) (any, error)

// WithInterceptor has interceptors called around every call of the actor's handlers, in their order: the first is the outermost.
// Given more than once they add up, and those of [WithDefaults] come before the actor's own. A nil one is an error. Without interceptors
// messages cost nothing more; with them, Ask boxes message and reply as Send does.
func WithInterceptor(interceptors ...Interceptor) Option {
	return optionOf(fmt.Sprintf("WithInterceptor(%d)", len(interceptors)), func(c *config) error {
		for i, f := range interceptors {
			if f == nil {
				return fmt.Errorf("akt: WithInterceptor: interceptor %d of %d is nil", i+1, len(interceptors))
			}
		}
		c.interceptors = append(c.interceptors, interceptors...)
		return nil
	})
}

var errNextLate = errors.New("akt: next was called after its interceptor returned, or by two goroutines at a time")

// chain is an actor's interceptors, made once. Its fields below outer are the owner's, who sets them before the outer layer is opened;
// whoever is inside a layer may read them.
type chain struct {
	actor *actor
	call  callFunc // of the outer layer, as a func value that is made once
	outer *layer

	run uint64 // that of the message's Context
	to  route
	typ typeID // the type of the message that this is the route of
}

// layer is one interceptor of a chain. Who may go on to the next layer is decided by its state:
//
//	         call                next, one CAS
//	closed ───────▶ open ──────────────────────▶ inside
//	   ▲             │ ▲                            │
//	   │             │ └────────────────────────────┤ next returns
//	   └◀────────────┘ the interceptor returns      │
//	   └◀───────────────────────────────────────────┘ it returns first: it waits for who is inside
//
// So one goroutine at most is at the end of the chain, while the interceptors are called and not after: One-Owner.
type layer struct {
	chain     *chain
	inner     *layer // nil for the innermost
	intercept Interceptor
	next      Next // pass, as a func value that is made once
	state     atomic.Uint32
	left      chan struct{} // closed when who is inside has left; made when the interceptor returned first
}

const (
	layerClosed uint32 = iota
	layerOpen
	layerInside
)

func newChain(a *actor, interceptors []Interceptor) *chain {
	c := &chain{actor: a}
	for i := len(interceptors) - 1; i >= 0; i-- {
		l := &layer{chain: c, inner: c.outer, intercept: interceptors[i]}
		l.next = l.pass
		c.outer = l
	}
	c.call = func(_ any, ctx Context, msg any) (any, error) { return c.outer.call(ctx, msg) }
	return c
}

// around is the call of a message's handler through the interceptors, in the run of this number, by the owner.
func (c *chain) around(run uint64, to route, msg any) callFunc {
	c.run, c.to, c.typ = run, to, dynamicType(msg)
	return c.call
}

// callOf is the call of a message's handler, through the interceptors if there are any.
func (a *actor) callOf(run uint64, to route, msg any) callFunc {
	if a.config.chain == nil {
		return *to.call.Load()
	}
	return a.config.chain.around(run&^flagMask|runHired, to, msg)
}

// call calls the interceptor.
func (l *layer) call(ctx Context, msg any) (any, error) {
	l.state.Store(layerOpen)
	defer l.close()
	return l.intercept(ctx, msg, l.next)
}

// close ends the interceptor's call. A goroutine that is inside still handles the message; so the owner waits for it.
func (l *layer) close() {
	if l.state.CompareAndSwap(layerOpen, layerClosed) {
		return
	}
	l.left = make(chan struct{})
	if l.state.Swap(layerClosed) == layerInside {
		<-l.left // One-Owner
	}
}

// pass is what the interceptor has as next.
func (l *layer) pass(ctx Context, msg any) (any, error) {
	a := l.chain.actor
	if ctx.actor == a && !a.runs(ctx.run) || !l.state.CompareAndSwap(layerOpen, layerInside) {
		return nil, errNextLate
	}
	defer l.leave()
	ctx = l.chain.own(ctx)
	if l.inner != nil {
		return l.inner.call(ctx, msg)
	}
	return l.chain.handle(ctx, msg)
}

func (l *layer) leave() {
	if !l.state.CompareAndSwap(layerInside, layerOpen) {
		close(l.left) // the interceptor has returned, and waits
	}
}

// own is the Context that an interceptor passed on as one of this actor and this run. That of another actor is taken as any other
// context is.
func (c *chain) own(ctx Context) Context {
	sender := ctx.sender()
	if ctx.actor != nil && ctx.actor != c.actor {
		sender = ctx
	}
	run := c.run &^ runEndless
	if endless(sender) {
		run |= runEndless
	}
	return Context{Context: sender, actor: c.actor, run: run}
}

// handle is the end of the chain. A message of another type than was sent is routed again.
func (c *chain) handle(ctx Context, msg any) (any, error) {
	if dynamicType(msg) == c.typ {
		return (*c.to.call.Load())(c.actor.self, ctx, msg)
	}
	r, routed, err := c.actor.table.route(msg)
	if err != nil {
		return nil, err
	}
	c.actor.renameRun(c.to.index, r.index)
	defer c.actor.renameRun(r.index, c.to.index) // yield expects the word as take left it
	return (*r.call.Load())(c.actor.self, ctx, routed)
}

// sendIntercepted is the end of sendTo for an actor with interceptors, which take finds not idle: on this goroutine if it is, else
// queued.
func (a *actor) sendIntercepted(ctx context.Context, run uint64, r route, msg any, into lane) (any, error) {
	word, ok := a.takeFrom(flagIntercepted, r.index)
	if !ok {
		return a.request(ctx, r, msg, into)
	}
	c := Context{Context: ctx, actor: a, run: word&^flagMask | run}
	return a.runHere(c, word, r, msg, a.config.chain.around(c.run, r, msg))
}
