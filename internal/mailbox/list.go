package mailbox

// place is the list that an envelope is in.
type place uint8

const (
	nowhere place = iota
	inPublic
	inPrivate
	inWaiting
)

// list is a doubly linked list through its envelopes.
type list struct {
	head, tail *Envelope
	n          int32
	requests   int32 // among them
}

func (l *list) push(e *Envelope, in place) {
	e.place, e.prev, e.next = in, l.tail, nil // Taken-Once
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.next = e
	}
	l.tail = e
	l.n++
	if e.Kind == Request {
		l.requests++
	}
}

// prepend puts n notifications, which are linked already, before all others.
func (l *list) prepend(head, tail *Envelope, n int32) {
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
func (l *list) pop() *Envelope {
	if l.len() == 0 {
		return nil
	}
	e := l.head
	l.remove(e)
	return e
}

func (l *list) remove(e *Envelope) {
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
	e.place, e.prev, e.next = nowhere, nil, nil
	l.n--
	if e.Kind == Request {
		l.requests--
	}
}

// len is how many envelopes there are; 0 where there is no list.
func (l *list) len() int32 {
	if l == nil {
		return 0
	}
	return l.n
}

// Ahead is how many messages were before another one; where More is set there were at least so
// many.
type Ahead struct {
	N    int32
	More bool
}

// mostCounted is how far a list is counted. As each of many senders that give up together counts,
// it has a limit.
const mostCounted = 128

// ahead counts the envelopes before e from whichever end is near.
func (l *list) ahead(e *Envelope) Ahead {
	before, behind := e.prev, e.next
	for n := range int32(mostCounted) {
		if before == nil {
			return Ahead{n, false}
		}
		if behind == nil {
			return Ahead{l.n - 1 - n, false}
		}
		before, behind = before.prev, behind.next
	}
	return Ahead{mostCounted, true}
}
