package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/typecache"
)

// Next hands a message on to the next interceptor, and the last one to the handler. It returns the
// handler's reply and error.
type Next func(ctx Context, msg any) (any, error)

// Interceptor is called around every call of a handler, however the message came: requests,
// notifications, timers, [Terminated] and [Raw] messages. Hooks and the functions of Do are not
// intercepted. It runs as part of the message: the actor handles no other meanwhile, and its panic
// is the handler's.
//
// msg is the message as the handler takes it: decoded, if it was sent as a Raw. What the
// interceptor returns is what the sender gets; where that is not the type that Ask wants, the
// sender gets a [*ReplyTypeError]. A handler that replies later has returned its [*Future] as the
// reply: the interceptor sees that, not the value.
//
// An interceptor may call next with another Context, which it makes of its own, and with another
// message, for which the handler is looked up again; where there is none, next returns an
// [*UnhandledError]:
//
//	ctx.Context = context.WithValue(ctx.Context, key, value)
//	return next(ctx, msg)
//
// It may call next twice, and the handler then runs twice, or not at all. A next takes a Context
// that is, or comes from, that of its own message, until its interceptor has returned, and from one
// goroutine at a time; otherwise it returns an error and does nothing. An interceptor that returns
// while another goroutine is inside next waits for it.
//
// [Context.Delivery] tells what the message is, and for which handler.
type Interceptor func(ctx Context, msg any, next Next) (any, error)

// Delivery is what an interceptor can know of the message that it is called for, besides the
// message.
type Delivery struct {
	Handler      string // the method it was sent to, such as "HandleDeposit"
	Message      string // the type of the message as it was sent, as %T prints it
	Notification bool   // nobody waits for a reply: it came by Notify, a timer or a watch
	// Queued is the time from its sending to its turn, waiting for room included; 0 for one that is
	// handled on its sender's goroutine.
	Queued time.Duration
}

// Delivery describes the message that the Context belongs to, also after it was handled, until the
// actor begins with another one. It is the zero Delivery from then on, for hooks, functions of Do,
// and actors without interceptors.
func (c Context) Delivery() Delivery {
	a := c.of()
	if a.config.chain == nil {
		return Delivery{}
	}
	return a.config.chain.deliveryOf(c.run)
}

// WithInterceptor has interceptors called around every call of the actor's handlers, in their
// order: the first is the outermost. Given more than once they add up, and those of [WithDefaults]
// come before the actor's own. A nil one is an error. Without interceptors messages cost nothing
// more; with them, Ask boxes message and reply as Send does.
func WithInterceptor(interceptors ...Interceptor) Option {
	return optionOf(fmt.Sprintf("WithInterceptor(%d)", len(interceptors)), func(c *config) error {
		for i, f := range interceptors {
			if f == nil {
				return fmt.Errorf("akt: WithInterceptor: interceptor %d of %d is nil", i+1,
					len(interceptors))
			}
		}
		c.interceptors = append(c.interceptors, interceptors...)
		return nil
	})
}

var (
	errNextLate = errors.New("akt: next was called after its interceptor returned, " +
		"or by two goroutines at a time")
	errNextOf = errors.New("akt: next was called with a Context that does not come from its own " +
		"message's; derive one from the ctx that the interceptor got, such as with " +
		"ctx.Context = context.WithValue(ctx.Context, …)")
)

// chain is an actor's interceptors, made once. Its fields below outer are the owner's, who sets
// them before the outer layer is opened; whoever is inside a layer may read them.
type chain struct {
	actor *actor
	call  callFunc // of the outer layer, as a func value that is made once
	outer *layer

	run uint64 // that of the message's Context
	to  route
	typ typecache.ID // the type of the message that this is the route of

	mu      sync.Mutex // guards current
	current delivered
}

// delivered is what a Delivery is made of. It has the message's type only, not to keep the message.
type delivered struct {
	run    uint64
	to     route
	typ    reflect.Type
	notice bool
	queued time.Duration
}

// layer is one interceptor of a chain. Its state has the number of the run that it is open for, and
// which call of the interceptor in it: one may be called again for the same message. Who may go on
// to the next layer is decided by the rest:
//
//	         call                next, one CAS
//	closed ───────▶ open ──────────────────────▶ inside
//	   ▲             │ ▲                            │
//	   │             │ └────────────────────────────┤ next returns
//	   └◀────────────┘ the interceptor returns      │
//	   └◀───────────────────────────────────────────┘ it returns first: it waits for who is inside
//
// So one goroutine at most is at the end of the chain, while the interceptors are called and not
// after: One-Owner. And a next that was kept opens nothing for another message.
type layer struct {
	chain     *chain
	inner     *layer // nil for the innermost
	intercept Interceptor
	state     atomic.Uint64
	calls     uint64        // of the interceptor, so far; whoever calls it has the layer to itself
	left      chan struct{} // made when the interceptor returned first; closed by who was inside
}

// What the state of a layer has besides the run, and the call in the place of the run's handler.
const (
	layerClosed uint64 = iota
	layerOpen
	layerInside
)

func newChain(a *actor, interceptors []Interceptor) *chain {
	c := &chain{actor: a}
	for i := len(interceptors) - 1; i >= 0; i-- {
		c.outer = &layer{chain: c, inner: c.outer, intercept: interceptors[i]}
	}
	c.call = func(_ any, ctx Context, msg any) (any, error) { return c.outer.call(ctx, msg) }
	return c
}

// around is the call of a message's handler through the interceptors, in the run that d has, by the
// owner.
func (c *chain) around(d delivered, msg any) callFunc {
	d.typ = reflect.TypeOf(msg)
	c.run, c.to, c.typ = d.run, d.to, typecache.IDOf(msg)
	c.mu.Lock()
	c.current = d
	c.mu.Unlock()
	return c.call
}

// deliveryOf is the Delivery of the message of a run, if that is the current one, or the last.
func (c *chain) deliveryOf(run uint64) Delivery {
	c.mu.Lock()
	d := c.current
	c.mu.Unlock()
	if d.typ == nil || d.run>>mailbox.RunShift != run>>mailbox.RunShift {
		return Delivery{}
	}
	return Delivery{
		Handler: d.to.GoName, Message: d.to.sentType(d.typ),
		Notification: d.notice, Queued: d.queued,
	}
}

// callOf is the call of an envelope's handler, through the interceptors if there are any.
func (a *actor) callOf(link uint64, e *mailbox.Envelope) callFunc {
	if a.config.chain == nil {
		return *e.To.(*handler).call.Load()
	}
	return a.config.chain.around(delivered{
		run: link&^mailbox.FlagMask | runHired, to: routeOf(e),
		notice: e.Kind != mailbox.Request, queued: e.Waited(),
	}, e.Msg)
}

// call calls the interceptor.
func (l *layer) call(ctx Context, msg any) (any, error) {
	l.calls++
	const below = mailbox.HandlerMask | mailbox.FlagMask
	run := l.chain.run&^below | l.calls<<mailbox.HandlerShift&mailbox.HandlerMask
	l.state.Store(run | layerOpen)
	defer l.close(run)
	return l.intercept(ctx, msg,
		func(ctx Context, msg any) (any, error) { return l.pass(run, ctx, msg) })
}

// close ends the interceptor's call. A goroutine that is inside still handles the message; so the
// owner waits for it.
func (l *layer) close(run uint64) {
	if l.state.CompareAndSwap(run|layerOpen, layerClosed) {
		return
	}
	l.left = make(chan struct{})
	if l.state.Swap(layerClosed) == run|layerInside {
		<-l.left // One-Owner
	}
}

// pass is what the interceptor has as next, for the message of a run.
func (l *layer) pass(run uint64, ctx Context, msg any) (any, error) {
	if !l.chain.actor.comesFrom(ctx, run) {
		return nil, errNextOf
	}
	if !l.state.CompareAndSwap(run|layerOpen, run|layerInside) {
		return nil, errNextLate
	}
	defer l.leave(run)
	ctx, bound := l.chain.own(ctx)
	defer bound.Release()
	if l.inner != nil {
		return l.inner.call(ctx, msg)
	}
	return l.chain.handle(ctx, msg)
}

// comesFrom reports whether a Context is that of a run of this actor, or has it in it.
func (a *actor) comesFrom(ctx Context, run uint64) bool {
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		if c.actor == a && c.run>>mailbox.RunShift == run>>mailbox.RunShift {
			return true
		}
	}
	return false
}

func (l *layer) leave(run uint64) {
	if !l.state.CompareAndSwap(run|layerInside, run|layerOpen) {
		close(l.left) // the interceptor has returned, and waits
	}
}

// own is the Context that an interceptor passed on as one of this actor and this run. That of
// another actor is taken as any other context is; it is bound, where it has to be, until next
// returns.
func (c *chain) own(ctx Context) (own Context, bound *lifetime.Bound) {
	sender := ctx.sender()
	if ctx.actor != nil && ctx.actor != c.actor {
		sender = ctx
	}
	run := c.run &^ runEndless
	_, already := sender.(*lifetime.Bound)
	switch {
	case !already && endless(sender):
		run |= runEndless
	default:
		if bound = c.actor.bound(sender); bound != nil {
			sender = bound
		}
	}
	return Context{Context: sender, actor: c.actor, run: run}, bound
}

// handle is the end of the chain. A message of another type than was sent is routed again.
func (c *chain) handle(ctx Context, msg any) (any, error) {
	if typecache.IDOf(msg) == c.typ {
		return (*c.to.call.Load())(c.actor.self, ctx, msg)
	}
	r, routed, err := c.actor.table.route(msg)
	if err != nil {
		return nil, err
	}
	c.actor.box.RenameRun(c.to.index, r.index)
	defer c.actor.box.RenameRun(r.index, c.to.index) // Yield expects the word as Take left it
	return (*r.call.Load())(c.actor.self, ctx, routed)
}

// sendIntercepted is the end of sendIn for an actor with interceptors, which Take finds not idle:
// on this goroutine if it is, else queued.
func (a *actor) sendIntercepted(
	ctx context.Context, forever bool, run uint64, r route, msg any, into mailbox.Lane,
) (any, error) {
	word, ok := a.box.TakeIntercepted(r.index)
	if !ok {
		return a.request(ctx, forever, r, msg, into)
	}
	c := Context{Context: ctx, actor: a, run: word.Link() | run}
	reply, err := a.runHere(c, word, r, msg,
		a.config.chain.around(delivered{run: c.run, to: r}, msg))
	if a.defers(reply) {
		a.followHere(reply, r, msg)
	}
	return reply, err
}
