package mailbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt/internal/bubble"
)

// Envelope is one message on its way. Its place and links are guarded by its mailbox; its other
// fields belong to the sender until it is pushed, and to whoever took it out of its list after
// that. The answer is the sender's again once it is settled.
//
// What a notification needs comes first, in 72 bytes, so that little goes from the sender's
// processor to the owner's.
type Envelope struct {
	next, prev *Envelope
	place      place
	Kind       Kind
	Form       uint8 // how the message was made fit for its handler: the host's
	marks      uint8
	outcome    atomic.Uint32
	Ctx        context.Context // the sender's
	Msg        any
	To         any // the handler: the host's

	Source Source        // nil for a message that somebody sent
	ready  chan struct{} // see Ready
	reply  any           // or with the outcome failed the error
	since  time.Duration // the uptime when it was sent, where that is measured
}

// Source is what a message comes from that belongs to the host's state: a timer or a watch.
type Source interface {
	Begins()  // the message was taken out of its lane
	Handled() // it was handled, and has not failed
}

// Kind is what a message is.
type Kind uint8

// The kinds.
const (
	Request      Kind = iota // its sender waits for a reply
	Notification             // nobody does
	Function                 // a function of the host's, which has no handler
	Interval                 // a tick, whose message is made when its turn comes
)

// The marks of an envelope.
const (
	endless uint8 = 1 << iota // of a request: Ctx cannot end
	pooled                    // of a notification: to be used again by its last owner
)

// NewRequest returns an envelope with a request. endless says that its context cannot end.
func NewRequest(ctx context.Context, cannotEnd bool, msg, to any, form uint8) *Envelope {
	e := &Envelope{Ctx: ctx, Msg: msg, To: to, Form: form}
	if cannotEnd {
		e.marks = endless
	}
	return e
}

// notices are envelopes of notifications to be used again, each with others linked by next. One
// with a channel or a source is never among them: those may belong to a synctest bubble.
var notices = sync.Pool{New: func() any { return &Envelope{Kind: Notification, marks: pooled} }}

// newNotice returns an envelope with a notification.
func newNotice(ctx context.Context, msg, to any, form uint8) *Envelope {
	e := notices.Get().(*Envelope)
	if e.next != nil {
		notices.Put(e.next)
		e.next = nil
	}
	e.Ctx, e.Msg, e.To, e.Form = ctx, msg, to, form
	return e
}

func (e *Envelope) isPooled() bool { return e.marks&pooled != 0 }

// clear empties an envelope that is to be used again.
func (e *Envelope) clear() { e.Ctx, e.Msg, e.To, e.prev, e.since = nil, nil, nil, nil, 0 }

// reuse gives an envelope back whose message was handled, by its owner.
func (e *Envelope) reuse() {
	if e.isPooled() {
		e.clear()
		notices.Put(e)
	}
}

// IsEndless reports of a request whether its context cannot end.
func (e *Envelope) IsEndless() bool { return e.marks&endless != 0 }

// InList reports whether a private message is in its lane. The caller holds the lock. (Of a message
// in a batch it would say so, too.)
func (e *Envelope) InList() bool { return e.place != nowhere }

// Waited is how long ago the message was sent, where its mailbox measures that.
func (e *Envelope) Waited() time.Duration { return bubble.Uptime() - e.since }

// What has become of a request: pending is none of these.
const (
	parked    uint32 = 1 << iota // the sender sleeps until ready is closed
	begun                        // the handler was started
	done                         // answered: reply is there
	cutOff                       // it is not waited for any more; its sender is told so
	abandoned                    // the sender has left: nobody reads an answer

	failed // with done: reply is an error

	settled = done | cutOff | abandoned
)

// ErrRefused is the answer of a message that waited for room when the mailbox was shut.
var ErrRefused = errors.New("the mailbox was shut")

// Begin marks a request as handled from now on. It reports false where the sender has left.
func (e *Envelope) Begin() bool { return e.outcome.Or(begun)&abandoned == 0 }

// Answer ends a request, or tells a notification that waited for room that it was refused.
// It reports whether the sender gets the answer.
func (e *Envelope) Answer(reply any, err error) (heard bool) {
	how := done
	if e.reply = reply; err != nil {
		e.reply, how = err, done|failed
	}
	old := e.outcome.Or(how) // One-Answer
	if old&(parked|settled) == parked {
		close(e.ready)
	}
	return old&settled == 0
}

// Cut ends a request that somebody else is handling.
func (e *Envelope) Cut() {
	if old, ok := e.settle(cutOff); ok && old&parked != 0 {
		close(e.ready)
	}
}

// Abandon settles a request for a sender that leaves. It reports false where that has its answer;
// handled says that the handler was started.
func (e *Envelope) Abandon() (handled, ok bool) {
	old, ok := e.settle(abandoned)
	return old&begun != 0, ok
}

// settle decides how a request ends, unless that is decided.
func (e *Envelope) settle(how uint32) (old uint32, ok bool) {
	for {
		old = e.outcome.Load()
		if old&settled != 0 {
			return old, false
		}
		if e.outcome.CompareAndSwap(old, old|how) { // One-Answer
			return old, true
		}
	}
}

// Park has the sender sleep until Ready is closed. It reports false where there is an answer
// already.
func (e *Envelope) Park() bool {
	e.ready = make(chan struct{})
	return e.outcome.Or(parked)&settled == 0
}

// Ready is closed for a request that is parked when it is settled, and for a notification that
// waits for room when it was let in or refused.
func (e *Envelope) Ready() <-chan struct{} { return e.ready }

// IsSettled reports whether it is decided how a request ends.
func (e *Envelope) IsSettled() bool { return e.outcome.Load()&settled != 0 }

// IsPending reports whether a request is not settled, and its handler was not started.
func (e *Envelope) IsPending() bool { return e.outcome.Load()&(begun|settled) == 0 }

// IsCut reports whether a request was cut off.
func (e *Envelope) IsCut() bool { return e.outcome.Load()&cutOff != 0 }

// Result is the answer: nil and nil where there is none.
func (e *Envelope) Result() (reply any, err error) {
	switch outcome := e.outcome.Load(); {
	case outcome&done == 0:
		return nil, nil
	case outcome&failed != 0:
		return nil, e.reply.(error)
	}
	return e.reply, nil
}
