package lifetime

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Life is what ends once, for all: the patience of a system. Its zero value has not ended. It
// starts no goroutine.
//
// The Ends of contexts that end with it are found again by the Done of the context they come from,
// so that all who ask have one channel. It holds them weakly: an End lives as long as that context
// does, which it is a child of.
type Life struct {
	over atomic.Bool

	mu     sync.Mutex
	ctx    context.Context // made when first asked for
	cancel context.CancelFunc
	ends   map[<-chan struct{}]weak.Pointer[End]
	limit  int                          // of ends: at this size those that are gone are taken out
	first  map[<-chan struct{}]struct{} // the keys of the Ends that life has ended first, for good
}

// Over reports whether the life has ended.
func (l *Life) Over() bool { return l.over.Load() }

// Context returns the context that ends with the life, and with nothing else. It has no values.
func (l *Life) Context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		l.ctx, l.cancel = context.WithCancel(context.Background())
		if l.over.Load() {
			l.cancel()
		}
	}
	return l.ctx
}

// End ends the life, and with it all that ends with it.
func (l *Life) End() {
	l.mu.Lock()
	l.over.Store(true)
	cancel := l.cancel
	var live []*End
	for _, p := range l.ends {
		if e := p.Value(); e != nil {
			live = append(live, e)
		}
	}
	l.mu.Unlock()
	if cancel != nil {
		cancel() // not under mu: it calls functions that may take it
	}
	for _, e := range live {
		_ = e.Err()
	}
}

// With returns what ends with origin or with the life, whichever is first. Origin is a context that
// package context has made, or an End: Done, Err and Value may be called at any time.
func (l *Life) With(origin context.Context) *End {
	key := origin.Done()
	if e := l.Find(key); e != nil {
		return e
	}
	e := &End{life: l, key: key, sender: origin}
	// not under mu: it takes the locks of origin
	e.inner, e.cancel = context.WithCancelCause(upward{e})
	return l.enter(e)
}

// enter enters an End, unless there is one for its key.
func (l *Life) enter(e *End) *End {
	l.mu.Lock()
	if known := l.find(e.key); known != nil {
		l.mu.Unlock()
		e.cancel(nil) // somebody was faster
		return known
	}
	if len(l.ends) >= l.limit {
		l.sweep()
	}
	l.ends[e.key] = weak.Make(e)
	l.mu.Unlock()
	_ = e.Err() // if it has an end already
	return e
}

// Find returns the End of the context that has this Done, if somebody has asked for it and it
// lives.
func (l *Life) Find(key <-chan struct{}) *End {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(key)
}

func (l *Life) find(key <-chan struct{}) *End {
	if p, ok := l.ends[key]; ok {
		return p.Value()
	}
	return nil
}

// sweep takes the Ends out that are gone. So much is swept only as was entered since the last time.
func (l *Life) sweep() {
	if l.ends == nil {
		l.ends = map[<-chan struct{}]weak.Pointer[End]{}
	}
	for key, p := range l.ends {
		if p.Value() == nil {
			delete(l.ends, key)
		}
	}
	l.limit = 2*len(l.ends) + 32
}

// wasFirst reports whether the life had ended before the context of this Done.
func (l *Life) wasFirst(key <-chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, first := l.first[key]
	return first
}

// isFirst remembers that the life has ended before the context of this Done.
func (l *Life) isFirst(key <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = map[<-chan struct{}]struct{}{}
	}
	l.first[key] = struct{}{}
}

// End is a context that ends with a sender's or with a life, and has no values. Why is decided
// once, by whichever of both has ended when it is looked at first.
type End struct {
	life   *Life
	key    <-chan struct{}
	sender context.Context
	inner  context.Context // closes Done
	cancel context.CancelCauseFunc
	why    atomic.Pointer[reason]
}

// reason is why an End has ended.
type reason struct {
	err    error
	byLife bool
}

// reason returns why it has ended, nil where it has not. Done is closed then.
func (e *End) reason() *reason {
	why := e.why.Load()
	if why == nil {
		if why = e.look(); why == nil {
			return nil
		}
		if !e.why.CompareAndSwap(nil, why) {
			why = e.why.Load()
		}
	}
	switch {
	case isClosed(e.inner.Done()):
	case why.byLife:
		e.cancel(why.err)
	default:
		e.cancel(context.Cause(e.sender))
	}
	return why
}

func (e *End) look() *reason {
	// looked at first: where it has not ended yet, the sender's end is the first
	byLife := e.life.Over()
	switch err := e.sender.Err(); {
	case byLife && (err == nil || e.life.wasFirst(e.key)):
		e.life.isFirst(e.key)
		return &reason{context.Canceled, true}
	case err != nil:
		return &reason{err: err}
	}
	return nil
}

// Done is closed when the sender's context or the life ends.
func (e *End) Done() <-chan struct{} { return e.inner.Done() }

// Err returns why Done is closed.
func (e *End) Err() error {
	if why := e.reason(); why != nil {
		return why.err
	}
	return nil
}

// Deadline is none: it is the sender's to say.
func (e *End) Deadline() (deadline time.Time, ok bool) { return deadline, false }

// Value has package context find the context that it is to end another one by.
func (e *End) Value(key any) any { return e.inner.Value(key) }

// upward is the parent of an End's inner context. Package context enters that with the sender's
// context, which so holds the End.
type upward struct{ *End }

func (u upward) Done() <-chan struct{}       { return u.sender.Done() }
func (u upward) Err() error                  { return u.sender.Err() }
func (u upward) Deadline() (time.Time, bool) { return u.sender.Deadline() }
func (u upward) Value(key any) any           { return u.sender.Value(key) }
