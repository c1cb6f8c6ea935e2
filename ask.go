package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/typecache"
	"github.com/aktgo/akt/internal/typename"
)

// replyPlan is how an R is obtained from what a handler returns.
type replyPlan uint8

const (
	planUnknown  replyPlan = iota
	planMismatch           // its declaration rules R out
	planReply              // the reply is an R
	planFuture             // the reply is a Future, its value is an R
	planNothing            // there is no reply, and R is struct{} or any
	planLook               // the reply itself shows it
)

var (
	typeNothing = reflect.TypeFor[struct{}]()
	typeAny     = reflect.TypeFor[any]()
)

// plan says how an R is obtained from this handler's reply; found out once for each R.
func (h *handler) plan(want reflect.Type) replyPlan {
	if h.Reply == want && want != typeAny {
		return planReply
	}
	if p, ok := h.plans.Load(want); ok {
		return p.(replyPlan)
	}
	p := planFor(h.Reply, want)
	h.plans.Store(want, p)
	return p
}

func planFor(reply, want reflect.Type) replyPlan {
	switch {
	case reply == nil && (want == typeNothing || want == typeAny):
		return planNothing
	case reply == nil:
		return planMismatch
	case isFuture(reply):
		return futurePlan(reply, want)
	case reply.Kind() == reflect.Interface && want.Kind() != reflect.Interface &&
		!want.Implements(reply) && !mayBeFuture(reply):
		return planMismatch
	case reply.Kind() == reflect.Interface:
		return planLook
	case want.Kind() == reflect.Interface && reply.Implements(want), reply == want:
		return planReply
	}
	return planMismatch
}

// mayBeFuture reports whether some Future could be a reply of this interface type.
func mayBeFuture(reply reflect.Type) bool {
	_, waits := reply.MethodByName("Wait")
	return waits && reply.NumMethod() == 1
}

// futurePlan is planFor for a handler that returns a *Future: a want with methods may mean the
// Future itself, while any means its value.
func futurePlan(reply, want reflect.Type) replyPlan {
	value := reflect.Zero(reply).Interface().(deferred).valueType()
	switch {
	case reply == want,
		want.Kind() == reflect.Interface && want.NumMethod() > 0 && reply.Implements(want):
		return planReply
	case value == want, want.Kind() == reflect.Interface && value.Implements(want):
		return planFuture
	case value.Kind() == reflect.Interface:
		return planLook
	}
	return planMismatch
}

// actorOf is the actor behind an address of this package, and the lane that it leads to; nil for
// any other Sender, also one that has such an address embedded.
func actorOf(to Sender) (*actor, mailbox.Lane) {
	switch to := to.(type) {
	case *Address:
		return to.target(), mailbox.Public
	case *WeakAddress:
		return to.target(), mailbox.Public
	case *PrivateAddress:
		return to.target(), mailbox.Private
	}
	return nil, mailbox.Public
}

func ask[R, M any](ctx context.Context, to Sender, msg M) (R, error) {
	a, into := actorOf(to)
	if addr, ok := to.(*Address); ok && addr.isReleased() {
		return *new(R), a.refusal(msg, errReleased)
	}
	if a == nil {
		return askForeign[R](ctx, to, msg)
	}
	learn[R, M](a.table)
	reply, err := a.ask(ctx, msg, into, reflect.TypeFor[R]())
	runtime.KeepAlive(to) // an Address that is collected releases the actor
	return typed[R](reply, err)
}

// askBoxed sends the request on the untyped way.
//
//go:noinline
func askBoxed[R, M any](ctx context.Context, a *actor, to route, msg M) (R, error) {
	if a.config.chain != nil {
		want := reflect.TypeFor[R]()
		return typed[R](a.askFor(ctx, to, msg, mailbox.Public, want, to.plan(want)))
	}
	return typed[R](a.sendTo(ctx, to, msg, mailbox.Public))
}

// callHere runs a handler on the sender's goroutine, which has taken the actor: runHere without
// boxes.
func callHere[M, R any](
	a *actor, f call.Typed[Context, M, R], c Context, word mailbox.Word, msg M,
) (reply R, err error) {
	returned := false
	defer func() {
		if !returned {
			err = failedHere(a, recover(), msg)
		}
	}()
	reply, err = f(call.ReceiverOf(a.self), c, msg)
	returned = true
	a.box.Yield(a, word)
	if err != nil {
		return *new(R), ownFailure(err, a, func() label { return labelOf(msg) })
	}
	return reply, nil
}

// failedHere is what the sender gets whose handler panicked on its own goroutine.
//
//go:noinline
func failedHere[M any](a *actor, value any, msg M) error {
	return a.failedHere(value, msg, labelOf(msg))
}

// learn puts a typed call into the table's cache, and has untyped sends use it too. The key is the
// type of the call itself: it tells M and R, and no message has it.
func learn[R, M any](t *table) {
	key := typecache.IDOf(call.Typed[Context, M, R](nil))
	if t.cache.Find(key) != nil {
		return
	}
	msg, reply := reflect.TypeFor[M](), reflect.TypeFor[R]()
	h := t.exact[msg]
	if h == nil || msg.Kind() == reflect.Interface || h.defers {
		return
	}
	plan := h.plan(reply)
	if !(plan == planReply && h.Reply == reply || plan == planNothing && reply == typeNothing) {
		return
	}
	f := call.TypedFor[Context, M, R](h.Method)
	if f == nil {
		return
	}
	if h.Reply != nil {
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(f(call.ReceiverOf(self), ctx, msg.(M)))
		})
	} else {
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			_, err := f(call.ReceiverOf(self), ctx, msg.(M))
			return nil, err
		})
	}
	t.cache.Add(key, resolved{call: call.ToOpaque(f), to: h, index: h.index})
}

// askForeign asks a Sender of the user's own, of which only the reply shows what it is.
func askForeign[R, M any](ctx context.Context, to Sender, msg M) (R, error) {
	failed := func(err error) *SendError {
		return newSendError(typeName(to), labelOf(msg), MaybeHandled, ErrFailedToGetResponse, err)
	}
	if to == nil {
		return *new(R),
			newSendError("nobody", labelOf(msg), NotHandled, ErrFailedToDeliver, errNilSender)
	}
	reply, err := to.Send(ctx, msg)
	if r, ok := reply.(R); ok && err == nil && reflect.TypeFor[R]() != typeAny {
		return r, nil
	}
	if err == nil {
		reply, err = unpack(ctx, reply, nil, failed)
	}
	if err != nil {
		return *new(R), err
	}
	if r, ok := reply.(R); ok {
		return r, nil
	}
	want := reflect.TypeFor[R]()
	if reply == nil && (want == typeNothing || want.Kind() == reflect.Interface) {
		return *new(R), nil
	}
	return *new(R), failed(&ReplyTypeError{
		Handler: typeName(to), Reply: typeName(reply), Want: want.String(),
	})
}

var errNilSender = errors.New("akt: the address is a nil interface; pass the address of an actor")

// typed is the reply as an R, of which ask has made sure.
func typed[R any](reply any, err error) (R, error) {
	r, _ := reply.(R)
	return r, err
}

// sendUnpack is send, and waits for a deferred reply.
func (a *actor) sendUnpack(ctx context.Context, msg any, into mailbox.Lane) (any, error) {
	reply, err := a.deliver(ctx, msg, into)
	if err != nil {
		return nil, err
	}
	if a.defers(reply) {
		defer a.received(reply)
	}
	return a.unpack(ctx, labelOf(msg), reply)
}

// received notes that a deferred reply has come to who asked, who may go on to wait for it.
func (a *actor) received(reply any) { reply.(deferred).expect(-1) }

// unpack waits for a deferred reply of this actor, also until Shutdown runs out of patience.
func (a *actor) unpack(ctx context.Context, message label, reply any) (any, error) {
	var cut <-chan struct{}
	if isFuture(reflect.TypeOf(reply)) {
		cut = a.system.patience()
	}
	return unpack(ctx, reply, cut, func(err error) *SendError {
		return a.unanswered(message, MaybeHandled, err)
	})
}

var errNilFuture = errors.New("akt: the handler returned a nil Future")

// unpack waits for a deferred reply, and passes any other on. Its own errors are made by failed;
// those of the Future are unchanged, but for the SendError of another call.
func unpack(
	ctx context.Context, reply any, cut <-chan struct{}, failed func(error) *SendError,
) (any, error) {
	if !isFuture(reflect.TypeOf(reply)) {
		return reply, nil
	}
	f := reply.(deferred)
	if reflect.ValueOf(f).IsNil() {
		return nil, failed(errNilFuture)
	}
	if err := f.await(ctx, cut); err != nil {
		e := failed(err)
		if ctx.Err() != nil {
			e.detail = "waiting for the deferred reply"
		}
		return nil, e
	}
	value, dropped, err := f.result()
	switch {
	case dropped && err == errPromiseDropped: //nolint:errorlint // the mark itself
		return nil, failed(errUnresolved)
	case dropped:
		return nil, failed(err)
	case wrapsSendError(err):
		return nil, failed(err)
	}
	return value, err
}

// ask sends a request whose reply is to be a want, and returns it as one.
func (a *actor) ask(
	ctx context.Context, msg any, into mailbox.Lane, want reflect.Type,
) (any, error) {
	if ctx == nil {
		return nil, a.undelivered(labelOf(msg), errNilContext)
	}
	r, routed, err := a.route(msg)
	if err != nil {
		return nil, err
	}
	plan := r.plan(want)
	if plan == planMismatch {
		return nil, a.undelivered(labelOf(msg), r.replyTypeError(r.Reply, want))
	}
	return a.askFor(ctx, r, routed, into, want, plan)
}

// askFor is ask where the handler is known, and how a want is obtained from its reply. Where there
// are interceptors, the reply may be theirs: then only the reply itself shows what it is.
func (a *actor) askFor(
	ctx context.Context, r route, msg any, into mailbox.Lane, want reflect.Type, plan replyPlan,
) (any, error) {
	reply, err := a.sendTo(ctx, r, msg, into)
	if err != nil {
		return nil, err
	}
	if a.defers(reply) {
		defer a.received(reply)
	}
	intercepted := a.config.chain != nil
	switch plan {
	case planReply, planNothing:
		if !intercepted || fits(reply, want) || plan == planNothing && reply == nil {
			return reply, nil
		}
	case planLook:
		if reflect.TypeOf(reply) == want {
			return reply, nil
		}
	}
	if reply, err = a.unpack(ctx, r.sentAs(msg), reply); err != nil {
		return nil, err
	}
	if fits(reply, want) || plan == planFuture && !intercepted {
		return reply, nil
	}
	wrong := r.replyTypeError(reflect.TypeOf(reply), want)
	if intercepted && !mayReply(r.Reply, reflect.TypeOf(reply)) {
		// Or the handler of the message that it made.
		wrong.Handler = "an interceptor of " + wrong.Handler
	}
	return nil, a.unanswered(r.sentAs(msg), MaybeHandled, wrong)
}

// mayReply reports whether a handler that declares a reply can have made this one.
func mayReply(declared, got reflect.Type) bool {
	switch {
	case declared == nil, got == nil:
		return got == nil
	case declared.Kind() == reflect.Interface:
		return got.Implements(declared)
	case isFuture(declared):
		value := reflect.Zero(declared).Interface().(deferred).valueType()
		return got == declared || mayReply(value, got)
	}
	return got == declared
}

// fits reports whether a reply is a want.
func fits(reply any, want reflect.Type) bool {
	got := reflect.TypeOf(reply)
	return got == want || want.Kind() == reflect.Interface && (got == nil || got.Implements(want))
}

func (h *handler) replyTypeError(got, want reflect.Type) *ReplyTypeError {
	if got == nil {
		return &ReplyTypeError{Handler: h.String(), Reply: "nothing", Want: want.String()}
	}
	texts := typename.All(got, want) // told apart where they have one name
	return &ReplyTypeError{Handler: h.String(), Reply: texts[0], Want: texts[1]}
}

// Recipient sends messages of one type to one actor, and gets replies of one type. Its types were
// checked when it was made. It uses the address it was made from, and is released with it. The zero
// Recipient behaves as that of a stopped actor.
type Recipient[M, R any] struct{ address Sender }

// RecipientOf makes a Recipient of any address of this package. The error is the *[SendError] that
// Ask would return for such a message and reply type. Where M is an interface that no handler
// takes, the messages' own types decide, at each Send; where it is [Raw] or *Raw, their names.
func RecipientOf[M, R any](to Sender) (Recipient[M, R], error) {
	t, _ := actorOf(to)
	switch {
	case to == nil:
		return Recipient[M, R]{}, errNilSender
	case t == nil:
		return Recipient[M, R]{}, fmt.Errorf(
			"akt: RecipientOf: a %T is no address of this package, so its types cannot be "+
				"checked: use Ask", to)
	}
	if t == deadActor {
		return Recipient[M, R]{to}, nil
	}
	msgType, want := reflect.TypeFor[M](), reflect.TypeFor[R]()
	h := t.table.exact[msgType]
	if h == nil && !isRaw(msgType) && msgType.Kind() != reflect.Interface {
		r, err := t.table.resolve(msgType)
		if err != nil {
			return Recipient[M, R]{}, t.undelivered(label{typ: msgType.String()}, err)
		}
		h = r.handler
	}
	if h != nil && h.plan(want) == planMismatch {
		return Recipient[M, R]{},
			t.undelivered(label{typ: msgType.String()}, h.replyTypeError(h.Reply, want))
	}
	return Recipient[M, R]{to}, nil
}

func isRaw(t reflect.Type) bool { return t == typeRaw || t == reflect.PointerTo(typeRaw) }

// Send sends a request and waits for its reply, as [Ask] does.
func (r Recipient[M, R]) Send(ctx context.Context, msg M) (R, error) {
	return Ask[R](ctx, r.to(), msg)
}

// Notify sends a message without waiting for it to be handled; see [Address.Notify].
func (r Recipient[M, R]) Notify(ctx context.Context, msg M) error { return r.to().Notify(ctx, msg) }

// TryNotify is Notify without waiting for room; see [Address.TryNotify].
func (r Recipient[M, R]) TryNotify(ctx context.Context, msg M) error {
	switch to := r.to().(type) {
	case *Address:
		return to.TryNotify(ctx, msg)
	case *WeakAddress:
		return to.TryNotify(ctx, msg)
	default: // a PrivateAddress, as RecipientOf takes no other: it always has room
		return to.Notify(ctx, msg)
	}
}

func (r Recipient[M, R]) to() Sender {
	if r.address == nil {
		return &Address{}
	}
	return r.address
}
