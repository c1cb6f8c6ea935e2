package model_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aktgo/akt"
)

// tangleRun is one run of an actor's handler or OnStart, or the time after a panic of it.
type tangleRun struct {
	of         *tangleSlot
	begin, end int64       // end: when the next one of the actor began, so a bit late
	by         *tangleWait // the request it is the handling of
}

// span is a stretch of time.
type span struct{ from, to int64 }

func (s span) within(from, to int64) span { return span{max(s.from, from), min(s.to, to)} }

// waiting calls f with each run that waits by w, and when it may have: the run that has made it,
// those whose requests are being handled meanwhile. The run of a function whose Future is the reply
// does not wait for it.
func (w *tangleWait) waiting(s span, f func(r *tangleRun, s span) bool) bool {
	for ; w != nil && w.run != nil; w = w.run.by {
		if s = s.within(w.start, w.end); s.from >= s.to {
			return false
		}
		if w.verb == tangleGo || w.verb == tangleGoNote {
			continue
		}
		if s = s.within(w.run.begin, w.run.end); s.from < s.to && f(w.run, s) {
			return true
		}
	}
	return false
}

// tangleWait is one send, from before the call till after it, or a panicked actor's wait for its
// child.
type tangleWait struct {
	run        *tangleRun // nil for a client's
	to         *tangleSlot
	verb       tangleVerb
	start, end int64
	err        error
}

func (w *tangleWait) from() *tangleRun {
	if w == nil {
		return nil
	}
	return w.run
}

// tangleSlot is an actor, through all its states.
type tangleSlot struct {
	place   int
	addr    *akt.Address
	private *akt.PrivateAddress
	child   *tangleSlot
	runs    []*tangleRun // those that have no end yet
}

// tangleLog has what happened. Everything in it, slots and runs are guarded by mu.
type tangleLog struct {
	tangle
	paused bool // pauses are kept
	clock  atomic.Int64
	mu     sync.Mutex
	slots  []*tangleSlot
	waits  []*tangleWait

	cancels []func()
}

func (l *tangleLog) begin(of *tangleSlot, by *tangleWait) *tangleRun {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &tangleRun{of: of, begin: l.clock.Add(1), end: math.MaxInt64, by: by}
	for _, before := range of.runs {
		before.end = r.begin
	}
	of.runs = []*tangleRun{r}
	return r
}

// atEnd has a context end with the tangle: functions that nobody waits for have it still.
func (l *tangleLog) atEnd(cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancels = append(l.cancels, cancel)
}

// to chooses whom an operation sends to: any actor and any child, or one behind, if there is one.
func (l *tangleLog) to(from *tangleSlot, n int) *tangleSlot {
	l.mu.Lock()
	defer l.mu.Unlock()
	slots := l.slots
	if l.acyclic {
		slots = slots[from.place+1:]
	}
	if len(slots) == 0 {
		return nil
	}
	to := slots[n%len(slots)]
	if l.family && n/len(slots)%2 == 1 && to.child != nil {
		return to.child
	}
	return to
}

// wait makes a send and notes when it was.
func (l *tangleLog) wait(run *tangleRun, to *tangleSlot, verb tangleVerb,
	send func(by *tangleWait) error,
) {
	w := &tangleWait{run: run, to: to, verb: verb, start: l.clock.Add(1), end: math.MaxInt64}
	l.mu.Lock()
	l.waits = append(l.waits, w)
	l.mu.Unlock()
	err := send(w)
	l.mu.Lock()
	defer l.mu.Unlock()
	w.end, w.err = l.clock.Add(1), err
}

// check checks every answer, and returns how many waits the rings had whose senders were told.
func (l *tangleLog) check(t *testing.T) (lengths map[int]int) {
	t.Helper()
	lengths = map[int]int{}
	for _, w := range l.waits {
		switch {
		case w.verb == tanglePanic:
		case w.end == math.MaxInt64:
			t.Errorf("a wait has no end: %s", w)
		case w.err == nil:
		case errors.Is(w.err, akt.ErrDeadlock) && !l.acyclic:
			var failure *akt.SendError
			if !errors.As(w.err, &failure) {
				t.Errorf("not a SendError: %v", w.err)
			}
			n := l.ring(w, failure.Handled == akt.MaybeHandled)
			if n == 0 {
				t.Errorf("a false alarm: %s", w)
				for _, other := range l.waits {
					if other.start <= w.end && w.start <= other.end {
						t.Logf("meanwhile: %s", other)
					}
				}
			}
			lengths[n]++
		case errors.Is(w.err, akt.ErrStopped) && l.family:
		case errors.As(w.err, new(*akt.PanicError)) && l.family:
		default:
			t.Errorf("a wrong answer: %s", w)
		}
	}
	return lengths
}

// ring returns the length of a ring that a wait was in, or 0. Where the message was handled, it is
// the Future of a function that was waited for, which is in the ring by a wait of its own.
func (l *tangleLog) ring(w *tangleWait, handled bool) int {
	var meanwhile []*tangleWait
	for _, other := range l.waits {
		if other.start < w.end && w.start < other.end {
			meanwhile = append(meanwhile, other)
		}
	}
	s := span{w.start, w.end}
	if !handled {
		return ringOf(meanwhile, []*tangleWait{w}, s)
	}
	for _, inner := range meanwhile {
		for r := inner.run; r != nil && inner != w; r = r.by.from() {
			if r.by != w {
				continue
			}
			if n := ringOf(meanwhile, []*tangleWait{inner}, s); n > 0 {
				return n + 1
			}
		}
	}
	return 0
}

// ringOf looks for a ring of waits that were all under way at one time. It returns its length.
func ringOf(waits, path []*tangleWait, s span) (n int) {
	last := path[len(path)-1]
	if path[0].waiting(s, func(r *tangleRun, _ span) bool { return r.of == last.to }) {
		return len(path)
	}
	for _, w := range waits {
		if slices.Contains(path, w) {
			continue
		}
		if w.waiting(s, func(r *tangleRun, s span) bool {
			if r.of == last.to {
				n = ringOf(waits, append(path[:len(path):len(path)], w), s)
			}
			return n > 0
		}) {
			return n
		}
	}
	return 0
}

func (w *tangleWait) String() string {
	text := fmt.Sprintf("verb %d to %d from %d until %d: %v; by",
		w.verb, w.to.place, w.start, w.end, w.err)
	for r := w.run; r != nil; r = r.by.from() {
		text += fmt.Sprintf(" %d (%d until %d)", r.of.place, r.begin, r.end)
	}
	return text
}
