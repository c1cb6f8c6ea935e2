package lifetime

import (
	"context"
	"sync"
	"time"

	"github.com/aktgo/akt/internal/guard"
)

// Bound is a sender's context of a type of the user's own, for as long as a message is handled that
// came with it. Package context cannot enter another one with it without a goroutine, so such a
// goroutine ends when nobody Holds it. It says the same of its end at each call, whatever the
// user's methods do: those are not called but for values and the deadline, and for the error of a
// context that has ended, where a panic is caught.
type Bound struct {
	sender context.Context
	done   <-chan struct{} // the sender's, as it was when it was asked first
	origin context.Context // made by package context, and the sender ends with it; nil for none
	life   *Life

	mu    sync.Mutex
	holds int
	end   *End          // made when first asked for
	stop  chan struct{} // ends the goroutine that waits for done, while there is one
	err   error         // why it has ended, once that was seen
}

// Bind returns the Bound of a sender's context, which the caller holds. Methods of the sender's are
// called here, by whoever sends. Without a life it ends with the sender only.
func Bind(sender context.Context, life *Life) *Bound {
	if life == nil {
		life = &Life{}
	}
	b := &Bound{sender: sender, done: sender.Done(), life: life, holds: 1}
	if known.cancelKey != nil {
		origin, ok := sender.Value(known.cancelKey).(context.Context)
		if ok && Origin(origin) != nil && origin.Done() == b.done {
			b.origin = origin
		}
	}
	return b
}

// afterFuncer is a context that tells of its end.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

type boundKey struct{}

// BoundOf finds the Bound that ctx comes from, nil if there is none.
func BoundOf(ctx context.Context) *Bound {
	b, _ := ctx.Value(boundKey{}).(*Bound)
	return b
}

// Sender is the context that was bound.
func (b *Bound) Sender() context.Context { return b.sender }

// SenderDone is the sender's own Done, as it was when it was bound.
func (b *Bound) SenderDone() <-chan struct{} { return b.done }

// Hold has the sender's end be seen until Release. A nil Bound holds nothing.
func (b *Bound) Hold() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holds++
	b.watch()
}

// Release undoes Bind, or Hold.
func (b *Bound) Release() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holds--
	if b.holds == 0 && b.stop != nil {
		close(b.stop)
		b.stop = nil
	}
}

// ends returns the End, which is made when first asked for.
func (b *Bound) ends() *End {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end != nil {
		return b.end
	}
	if b.origin != nil {
		b.end = b.life.With(b.origin)
		return b.end
	}
	own := &End{life: b.life, sender: seen{b}}
	own.inner, own.cancel = context.WithCancelCause(context.Background())
	if asks, ok := b.sender.(afterFuncer); ok {
		own.key = b.done
		b.end = b.life.Find(own.key)
		if b.end == nil && caught(func() { asks.AfterFunc(func() { _ = own.Err() }) }) {
			b.end = b.life.enter(own)
		}
	}
	if b.end == nil {
		own.key = own.inner.Done() // nobody else's
		b.end = b.life.enter(own)
		b.watch()
	}
	return b.end
}

// watch starts the goroutine that waits for the sender's end, where one is needed, with mu held.
func (b *Bound) watch() {
	if b.end == nil || b.holds == 0 || b.stop != nil || b.end.key != b.end.Done() ||
		b.end.why.Load() != nil {
		return
	}
	b.stop = make(chan struct{})
	go func(end *End, stop chan struct{}) {
		select {
		case <-b.done:
			_ = end.Err()
		case <-end.Done():
		case <-stop:
		}
	}(b.end, b.stop)
}

// Done is closed when the sender's end is seen, or when the life ends.
func (b *Bound) Done() <-chan struct{} { return b.ends().Done() }

// Err returns why Done is closed.
func (b *Bound) Err() error {
	b.mu.Lock()
	err, end := b.err, b.end
	b.mu.Unlock()
	if err != nil {
		return err
	}
	switch {
	case end != nil:
		why := end.reason()
		switch {
		case why == nil:
			return nil
		case why.byLife:
			err = why.err
		default:
			err = b.senderErr()
		}
	case isClosed(b.done):
		err = b.senderErr()
	case b.life.Over():
		return b.ends().Err()
	default:
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	return b.err
}

// Expired returns why the sender's context has ended, also where only its Err says so yet.
func (b *Bound) Expired() (err error) {
	if err = b.Err(); err != nil || b.origin != nil {
		return err
	}
	if !caught(func() { err = b.sender.Err() }) {
		return context.Canceled
	}
	return err
}

// senderErr is the error of a sender's context that has ended.
func (b *Bound) senderErr() (err error) {
	if !caught(func() { err = b.sender.Err() }) || err == nil {
		return context.Canceled
	}
	return err
}

// caught calls code of the user's on a goroutine of its own, and reports whether it has returned:
// neither a panic nor a Goexit in it ends who called.
func caught(f func()) bool {
	return guard.Detach(f) == nil
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// AfterFunc calls f in a goroutine of its own when Done is closed, as context.AfterFunc does.
func (b *Bound) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(b.ends(), f) }

// Deadline is the sender's.
func (b *Bound) Deadline() (time.Time, bool) { return b.sender.Deadline() }

// Value is the sender's. Package context does not find the sender's end by it, but this one's.
func (b *Bound) Value(key any) any {
	switch {
	case key == boundKey{}:
		return b
	case known.cancelKey != nil && key == known.cancelKey:
		return b.ends().Value(key)
	}
	return b.sender.Value(key)
}

// seen is the sender of a Bound as its End sees it.
type seen struct{ *Bound }

func (s seen) Err() error {
	if !isClosed(s.done) {
		return nil
	}
	return s.senderErr()
}

// Value has the cause found, where one is to be found: without methods of the user's that could
// panic here.
func (s seen) Value(key any) (found any) {
	if !caught(func() { found = s.sender.Value(key) }) {
		return nil
	}
	return found
}

func (s seen) Done() <-chan struct{} { return s.done }

// AfterEnd calls f when ctx ends, in a goroutine of its own, and returns a function that undoes it.
// Methods of a type of the user's own are called here only, not when ctx ends.
func AfterEnd(ctx context.Context, f func()) (undo func()) {
	if Origin(ctx) != nil {
		stop := context.AfterFunc(ctx, f)
		return func() { stop() }
	}
	if ctx.Done() == nil {
		return func() {}
	}
	if asks, ok := ctx.(afterFuncer); ok {
		stop := asks.AfterFunc(f)
		return func() { caught(func() { stop() }) }
	}
	b := Bind(ctx, nil)
	stop := context.AfterFunc(b.ends(), f)
	return func() {
		stop()
		b.Release()
	}
}
