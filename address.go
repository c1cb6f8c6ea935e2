package akt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/bubble"
	"github.com/aktgo/akt/internal/mailbox"
)

// Sender is what messages can be sent to: an Address, a WeakAddress, a PrivateAddress, or a type of
// your own.
type Sender interface {
	// Send sends a request and waits for its reply.
	Send(ctx context.Context, msg any) (any, error)
	// Notify sends a message without a reply.
	Notify(ctx context.Context, msg any) error
}

var (
	_ Sender = (*Address)(nil)
	_ Sender = (*WeakAddress)(nil)
	_ Sender = (*PrivateAddress)(nil)
)

// Address is the public, bounded way to an actor, and a strong reference to it: the actor stops
// when the last one is released. It is safe for concurrent use. Copies of the pointer are the same
// address; [Address.Clone] makes another one.
//
// The zero Address, and a nil one, behaves as that of an actor that has stopped; so do zero and nil
// weak and private addresses.
type Address struct {
	actor    *actor
	released atomic.Bool
	cleanup  runtime.Cleanup // releases it for the forgetful; only where the actor may be collected
}

// newAddress makes an address for a reference that is counted already.
func newAddress(a *actor) *Address {
	addr := &Address{actor: a}
	if a.system.collects(a.config) && !bubble.Inside() {
		addr.letCollect()
	}
	return addr
}

// anchored is an actor that lives until it is stopped, and its first address, made in one piece.
type anchored struct {
	actor
	first Address
}

// newActor makes an actor and its first address.
func newActor(collectable bool) (*actor, *Address) {
	if collectable { // the actor must not hold the address
		a := &actor{}
		return a, &Address{actor: a}
	}
	both := &anchored{}
	both.first.actor = &both.actor
	return &both.actor, &both.first
}

// letCollect has the garbage collector release the address.
func (a *Address) letCollect() { a.cleanup = runtime.AddCleanup(a, (*actor).forget, a.actor) }

// target is the actor, or one that stopped long ago.
func (a *Address) target() *actor {
	if a == nil || a.actor == nil {
		return deadActor
	}
	return a.actor
}

func (a *Address) isReleased() bool { return a != nil && a.released.Load() }

// open returns the actor to send msg to, unless this address was released.
func (a *Address) open(msg any) (*actor, error) {
	t := a.target()
	if a.isReleased() {
		return nil, t.refusal(msg, errReleased)
	}
	return t, nil
}

var errReleased = fmt.Errorf("%w: this address of it was released", ErrStopped)

// Send sends a request and waits for its reply, which has the type that the handler returns; nil
// for a handler without one. It returns a reply or an error, never both.
//
// The handler's own error comes back unchanged, but for the [*SendError] of a call that it made.
// Every other failure is a SendError that says whether the message may have been handled. Where the
// mailbox is full, Send waits for room, until ctx ends. A ctx that ends while the request is queued
// takes it back: it is never handled. One that ends while the handler runs ends the handler's
// Context too, and Send returns at once – but for handlers that run on the sender's own goroutine,
// see the package documentation.
func (a *Address) Send(ctx context.Context, msg any) (any, error) {
	t, err := a.open(msg)
	if err != nil {
		return nil, err
	}
	reply, err := t.send(ctx, msg, mailbox.Public)
	runtime.KeepAlive(a) // not deferred: that would cost more, and room on the stack
	return reply, err
}

// SendUnpack is Send for a deferred reply: where the handler returns a [*Future], it waits for that
// and returns its value, or its error, which is unchanged as a handler's own is.
func (a *Address) SendUnpack(ctx context.Context, msg any) (any, error) {
	t, err := a.open(msg)
	if err != nil {
		return nil, err
	}
	reply, err := t.sendUnpack(ctx, msg, mailbox.Public)
	runtime.KeepAlive(a) // not deferred: that would cost more, and room on the stack
	return reply, err
}

// Notify sends a message without waiting for it to be handled. Where the mailbox is full it waits
// for room, until ctx ends; that is all that the end of ctx means to it. The handler's Context has
// the values of ctx; where notifications send each other on, those that the last 64 of them have
// added.
//
// An error says that the message was not accepted, and why: a [*SendError], also where the actor
// does not handle such a message. An error of the handler is logged, and given to the hook of
// [WithDeadLetters].
func (a *Address) Notify(ctx context.Context, msg any) error {
	t, err := a.open(msg)
	if err != nil {
		return err
	}
	err = t.notify(ctx, msg, mailbox.Public, true)
	runtime.KeepAlive(a)
	return err
}

// TryNotify is Notify without waiting: where the mailbox is full, or others wait for room, it fails
// with ErrMailboxFull. The handler's Context has the values of ctx. ctx also says whether the
// message comes from inside a system that shuts down; its end means nothing, as there is nothing to
// wait for.
func (a *Address) TryNotify(ctx context.Context, msg any) error {
	t, err := a.open(msg)
	if err != nil {
		return err
	}
	err = t.notify(ctx, msg, mailbox.Public, false)
	runtime.KeepAlive(a)
	return err
}

// Clone returns another strong reference, to be released on its own. The clone of a released
// address is released.
func (a *Address) Clone() *Address {
	defer runtime.KeepAlive(a)
	t := a.target()
	if !a.isReleased() {
		if clone, ok := t.refer(); ok {
			return clone
		}
	}
	clone := &Address{actor: t}
	clone.released.Store(true)
	return clone
}

// Release gives this reference up; the address then behaves as that of an actor that has stopped.
// When the last one is released, the actor handles what it has accepted, and stops, without asking
// OnStopping. An actor that was given a name is held by its system too, and a child by its parent:
// for those Release only gives the address up, and Stop ends them. Releasing twice is releasing
// once.
func (a *Address) Release() {
	defer runtime.KeepAlive(a)
	if a == nil || a.actor == nil || a.released.Swap(true) {
		return
	}
	a.cleanup.Stop()
	a.actor.release()
}

// Downgrade returns an address that does not keep the actor alive.
func (a *Address) Downgrade() *WeakAddress { return (*WeakAddress)(a.target()) }

// Stop tells the actor to stop once it has handled what it has accepted, and returns at once;
// OnStopping is then called for notice. Nothing new is accepted from now on, and timers that are
// still to come do not fire. It has no effect on an actor that is stopping already, and none
// through a released address.
func (a *Address) Stop() {
	defer runtime.KeepAlive(a)
	if !a.isReleased() {
		a.target().stop()
	}
}

// Done returns a channel that is closed when the actor has ended: after OnStopped has returned.
func (a *Address) Done() <-chan struct{} {
	defer runtime.KeepAlive(a)
	return a.target().done()
}

// Wait waits until the actor has ended, or ctx has: then the error wraps ctx's. nil says only that
// the actor has ended; Err says why. A handler that would wait for itself, alone or in a ring with
// others, gets ErrDeadlock. Waiting does not stop the actor.
func (a *Address) Wait(ctx context.Context) error {
	defer runtime.KeepAlive(a)
	return a.target().wait(ctx)
}

// wait is awaitEnd for a user.
func (a *actor) wait(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	if err := a.awaitEnd(ctx, nil); err != nil {
		return &annotated{"waiting for the end of " + a.name(), err}
	}
	return nil
}

// Err returns why the actor died, once Done is closed: nil for one that was stopped. Before, it is
// nil.
func (a *Address) Err() error {
	defer runtime.KeepAlive(a)
	return a.target().diedOf()
}

// IsClosed reports whether the actor takes no more messages through this address.
func (a *Address) IsClosed() bool {
	defer runtime.KeepAlive(a)
	return a.isReleased() || a.target().box.IsShut()
}

// IsConnected is the opposite of IsClosed.
func (a *Address) IsConnected() bool { return !a.IsClosed() }

// Name returns the actor's name: the one given with [WithName], or a made-up one such as
// "Account-17".
func (a *Address) Name() string {
	defer runtime.KeepAlive(a)
	return a.target().name()
}

// String returns the name and the type, as in "Account-17 (*bank.Account)".
func (a *Address) String() string {
	defer runtime.KeepAlive(a)
	return a.target().String()
}

func (a *actor) String() string { return a.name() + " (" + a.table.typ.String() + ")" }

// refer makes another strong address, unless the actor is stopping.
func (a *actor) refer() (*Address, bool) {
	for {
		n := a.refs.Load()
		if n < 0 || a.box.IsShut() {
			return nil, false
		}
		if a.refs.CompareAndSwap(n, n+1) {
			return newAddress(a), true
		}
	}
}

// collects reports whether the garbage collector may release the addresses of an actor of this
// configuration: only those of an actor that nobody else holds, in the default system. It must not
// where the caller is in a synctest bubble.
func (s *System) collects(c *config) bool {
	return s == defaultSystem && !c.named() && c.parent == nil
}

// release gives a strong reference up.
func (a *actor) release() {
	if a.refs.Add(-1) < 0 {
		a.stopAfter(mailbox.OrderDrain)
	}
}

// forget gives a strong reference up that nobody has any more; but not as long as a timer runs, so
// that an actor that only its own timer wakes is not forgotten with its address.
func (a *actor) forget() {
	a.box.Lock()
	a.rarely().forgotten++
	a.box.Unlock()
	a.releaseForgotten()
}

// releaseForgotten does what forget has put off, if no timer runs.
func (a *actor) releaseForgotten() {
	a.box.Lock()
	n := 0
	if x := a.rare; x != nil && len(x.timers) == 0 {
		n, x.forgotten = x.forgotten, 0
	}
	a.box.Unlock()
	for range n {
		a.release()
	}
}

// diedOf is why the actor died; nil while it lives.
func (a *actor) diedOf() error {
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil || a.rare.stage != stageOver {
		return nil
	}
	return a.rare.err
}

// WeakAddress is an address that does not keep the actor alive. It works for as long as somebody
// else keeps the actor alive. All weak addresses of one actor are ==, so they can be keys of a map.
type WeakAddress actor

// target is the actor, or one that stopped long ago.
func (w *WeakAddress) target() *actor {
	if w == nil || w.table == nil {
		return deadActor
	}
	return (*actor)(w)
}

// Upgrade returns a new strong reference, to be released on its own; none to an actor that has
// stopped or is stopping.
func (w *WeakAddress) Upgrade() (*Address, bool) { return w.target().refer() }

// Send is [Address.Send]; ErrStopped where the actor is gone.
func (w *WeakAddress) Send(ctx context.Context, msg any) (any, error) {
	return w.target().send(ctx, msg, mailbox.Public)
}

// SendUnpack is [Address.SendUnpack]; ErrStopped where the actor is gone.
func (w *WeakAddress) SendUnpack(ctx context.Context, msg any) (any, error) {
	return w.target().sendUnpack(ctx, msg, mailbox.Public)
}

// Notify is [Address.Notify]; ErrStopped where the actor is gone.
func (w *WeakAddress) Notify(ctx context.Context, msg any) error {
	return w.target().notify(ctx, msg, mailbox.Public, true)
}

// TryNotify is [Address.TryNotify]; ErrStopped where the actor is gone.
func (w *WeakAddress) TryNotify(ctx context.Context, msg any) error {
	return w.target().notify(ctx, msg, mailbox.Public, false)
}

// Stop is [Address.Stop].
func (w *WeakAddress) Stop() { w.target().stop() }

// Done is [Address.Done].
func (w *WeakAddress) Done() <-chan struct{} { return w.target().done() }

// Wait is [Address.Wait].
func (w *WeakAddress) Wait(ctx context.Context) error { return w.target().wait(ctx) }

// Err is [Address.Err].
func (w *WeakAddress) Err() error { return w.target().diedOf() }

// IsClosed reports whether the actor takes no more messages.
func (w *WeakAddress) IsClosed() bool { return w.target().box.IsShut() }

// Name returns the actor's name.
func (w *WeakAddress) Name() string { return w.target().name() }

// String returns the name and the type.
func (w *WeakAddress) String() string { return w.target().String() }

// PrivateAddress is the unbounded way to an actor, for the actor itself and the actors it controls.
// Its messages are served before all public ones, however long that goes on: an actor that keeps
// sending to itself starves its public mailbox. It does not keep the actor alive.
type PrivateAddress actor

// target is the actor, or one that stopped long ago.
func (p *PrivateAddress) target() *actor { return (*WeakAddress)(p).target() }

// Send is [Address.Send] by the private lane.
func (p *PrivateAddress) Send(ctx context.Context, msg any) (any, error) {
	return p.target().send(ctx, msg, mailbox.Private)
}

// SendUnpack is [Address.SendUnpack] by the private lane.
func (p *PrivateAddress) SendUnpack(ctx context.Context, msg any) (any, error) {
	return p.target().sendUnpack(ctx, msg, mailbox.Private)
}

// Notify is [Address.Notify] by the private lane, which always has room: it never waits.
func (p *PrivateAddress) Notify(ctx context.Context, msg any) error {
	return p.target().notify(ctx, msg, mailbox.Private, false)
}

// Do runs f as one of the actor's messages, so that it may use the actor's state. The error says
// that f was not accepted. A panic in f is treated as that of a notification's handler. At a
// restart, a function that has not been run is dropped: it was for the old state.
func (p *PrivateAddress) Do(f func(Context)) error {
	a := p.target()
	if f == nil {
		return a.undelivered(label{typ: "func(akt.Context)"}, errNilFunc)
	}
	e := &mailbox.Envelope{Ctx: context.Background(), Msg: f, Kind: mailbox.Function}
	return a.postPrivate(e)
}

var errNilFunc = errors.New("akt: the function is nil")

// NotifyLater sends msg to the actor after a time; at once for one that is not positive. Its
// handler's Context has the values of [WithContext].
//
// The timer ends with the actor's state: at a restart, and when the actor stops. One that is still
// to come is then forgotten; one whose time comes while the actor drains, or whose message is
// queued when the state ends and so not handled, is a dead letter. A message for which the actor
// has no handler is logged as an error and is a dead letter, and the timer never fires.
func (p *PrivateAddress) NotifyLater(msg any, after time.Duration) *Timer {
	return p.target().notifyLater(msg, after)
}

// NotifyAt sends msg to the actor at a time; at once for one in the past. See
// [PrivateAddress.NotifyLater].
func (p *PrivateAddress) NotifyAt(msg any, at time.Time) *Timer {
	return p.target().notifyLater(msg, time.Until(at))
}

// NotifyInterval calls msg and sends the actor the result: once immediately, and then once per
// interval, measured from the first. It waits until each message was handled; ticks that were
// missed meanwhile are skipped. msg is called in the actor's turn, as part of the message, and
// never after the end of the state that has started the timer. It has no Context: with that of an
// earlier message, kept in it, what it sends is no part of any chain of calls, and a deadlock is
// not seen. Where every is not positive or msg is nil, that is logged as an error, and the timer
// never fires.
func (p *PrivateAddress) NotifyInterval(msg func() any, every time.Duration) *Timer {
	return p.target().notifyInterval(msg, every)
}

// IsClosed reports whether the actor takes no more messages.
func (p *PrivateAddress) IsClosed() bool { return p.target().box.IsShut() }
