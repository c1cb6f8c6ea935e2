package akt

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// envelope is one message on its way. Its place and links are guarded by mailbox.mu; its other fields belong to the sender until it is
// pushed, and to whoever took it out of its list after that. reply and err are the sender's again once outcome is done.
//
// What a notification needs comes first, so that little goes from the sender's processor to the owner's.
type envelope struct {
	next, prev *envelope
	at         station
	kind       kind
	endless    bool // of a request: ctx cannot end
	pooled     bool // a notification to be used again: nobody but its owner has it when it was handled
	outcome    atomic.Uint32
	ctx        context.Context // the sender's
	msg        any
	to         route

	timer *Timer        // for a timer's message
	of    *actor        // for a Terminated: who has ended
	ready chan struct{} // closed for a request that is parked when it has its answer, and for a notification when it was let in or refused
	reply any           // or with the outcome failed the error
	since time.Duration // the uptime when it was sent, where that is measured
}

// station is the list that an envelope is in.
type station uint8

const (
	nowhere station = iota
	inPrivate
	inPublic
	inWaiting
)

// notifications are envelopes to be used again, each with others linked by next. One with a channel or a timer is never among
// them: those may belong to a synctest bubble.
var notifications = sync.Pool{New: func() any { return &envelope{kind: notification, pooled: true} }}

// newNotice returns an envelope with a notification.
func newNotice(ctx context.Context, msg any, to route) *envelope {
	e := notifications.Get().(*envelope)
	if e.next != nil {
		notifications.Put(e.next)
		e.next = nil
	}
	e.ctx, e.msg, e.to = ctx, msg, to
	return e
}

// clear empties an envelope that is to be used again.
func (e *envelope) clear() { e.ctx, e.msg, e.to, e.since = nil, nil, route{}, 0 }

// reuse gives an envelope back whose message was handled, by its owner.
func (e *envelope) reuse() {
	if e.pooled {
		e.clear()
		notifications.Put(e)
	}
}

type kind uint8

const (
	request kind = iota
	notification
	function // msg is a func(Context)
	interval // msg is made by timer.next when its turn comes
)

// name is the message as its sender passed it.
func (e *envelope) name() label { return e.to.sentAs(e.msg) }

// index is what the state word says while the envelope is handled.
func (e *envelope) index() uint16 {
	switch e.kind {
	case function:
		return runFunction
	case interval:
		return runInterval
	}
	return e.to.handler.index
}

// What has become of a request: pending is none of these.
const (
	parked    uint32 = 1 << iota // the sender sleeps until ready is closed
	begun                        // the handler was started
	done                         // answered: reply is there
	cutOff                       // Shutdown has run out of patience: the answer is ErrStopped
	abandoned                    // the sender has left: nobody reads an answer

	failed // with done: reply is an error

	settled = done | cutOff | abandoned
)

// begin marks a request as handled from now on. It reports false where the sender has left.
func (e *envelope) begin() bool { return e.outcome.Or(begun)&abandoned == 0 }

// answer ends a request, or tells a notification that waited for room that it was refused.
// It reports whether the sender gets the answer.
func (e *envelope) answer(reply any, err error) (heard bool) {
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

// err is the error of an answered envelope, nil for one with a reply.
func (e *envelope) err() error {
	if e.outcome.Load()&failed == 0 {
		return nil
	}
	return e.reply.(error)
}

// cut ends a request that somebody else is handling.
func (e *envelope) cut() {
	if old, ok := e.settle(cutOff); ok && old&parked != 0 {
		close(e.ready)
	}
}

// settle decides how a request ends, unless that is decided.
func (e *envelope) settle(how uint32) (old uint32, ok bool) {
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

// park has the sender sleep until ready is closed. It reports false where there is an answer already.
func (e *envelope) park() bool {
	e.ready = make(chan struct{})
	return e.outcome.Or(parked)&settled == 0
}

// list is a doubly linked list through its envelopes.
type list struct {
	head, tail *envelope
	n          int32
	requests   int32 // among them
}

func (l *list) push(e *envelope, at station) {
	e.at, e.prev, e.next = at, l.tail, nil
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.next = e
	}
	l.tail = e
	l.n++
	if e.kind == request {
		l.requests++
	}
}

// prepend puts n notifications, which are linked already, before all others.
func (l *list) prepend(head, tail *envelope, n int32) {
	head.prev, tail.next = nil, l.head
	if l.head == nil {
		l.tail = tail
	} else {
		l.head.prev = tail
	}
	l.head = head
	l.n += n
}

// pop takes the first envelope out; nil where there is none, or no list.
func (l *list) pop() *envelope {
	if l.len() == 0 {
		return nil
	}
	e := l.head
	l.remove(e)
	return e
}

// len is how many envelopes there are; 0 where there is no list.
func (l *list) len() int32 {
	if l == nil {
		return 0
	}
	return l.n
}

// ahead is how many envelopes are before another one; or, where more is set, how many there are at least.
type ahead struct {
	n    int32
	more bool
}

// mostCounted is how far a list is counted. As each of many senders that give up together counts, it has a limit.
const mostCounted = 128

// ahead counts the envelopes before e from whichever end is near.
func (l *list) ahead(e *envelope) ahead {
	before, behind := e.prev, e.next
	for n := range int32(mostCounted) {
		if before == nil {
			return ahead{n, false}
		}
		if behind == nil {
			return ahead{l.n - 1 - n, false}
		}
		before, behind = before.prev, behind.next
	}
	return ahead{mostCounted, true}
}

func (l *list) remove(e *envelope) {
	if e.prev == nil {
		l.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.at, e.prev, e.next = nowhere, nil, nil
	l.n--
	if e.kind == request {
		l.requests--
	}
}
