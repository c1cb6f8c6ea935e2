// Package restarts decides whether there may be one more restart, and how long it is to wait. It
// has no clock, lock or timer: the caller says what time it is, and waits itself.
package restarts

import (
	"math/rand/v2"
	"time"
)

// Limits are how many restarts there may be, and how close together.
type Limits struct {
	Max                    int           // how many may count at a time; negative for any number
	Window                 time.Duration // how long a restart counts, after its wait
	BackoffMin, BackoffMax time.Duration // the bounds of the wait, but of the first, which is none
}

// History are the restarts that count. The zero History has none.
type History struct{ recent []time.Time }

// mostKept is how many restarts are remembered where there is no limit.
const mostKept = 1000

// Count forgets the restarts that count no more, and returns how many do.
func (h *History) Count(now time.Time, window time.Duration) int {
	for len(h.recent) > 0 && now.Sub(h.recent[0]) >= window {
		h.recent = h.recent[1:]
	}
	return len(h.recent)
}

// Allow counts one more restart, and returns how long it is to wait and how many count with it. At
// the limit ok is false, and count is how many there were.
func (h *History) Allow(now time.Time, l Limits) (wait time.Duration, count int, ok bool) {
	count = h.Count(now, l.Window)
	if l.Max >= 0 && count >= l.Max {
		return 0, count, false
	}
	wait = l.backoff(count)
	if count >= max(l.Max, mostKept) {
		h.recent = h.recent[1:]
	}
	h.recent = append(h.recent, now.Add(wait))
	return wait, count + 1, true
}

// backoff is how long a restart waits when n others count: none for the first.
//
// It is exponential, with what Marc Brooker calls equal jitter ("Exponential Backoff And Jitter",
// AWS Architecture Blog, 2015): half of it is random, so that actors that failed together do not
// come back together, and the other half is a wait for certain.
func (l Limits) backoff(n int) time.Duration {
	if n == 0 {
		return 0
	}
	most := l.BackoffMin
	for range n {
		if most > l.BackoffMax/2 {
			most = l.BackoffMax
			break
		}
		most *= 2
	}
	least := max(most/2, l.BackoffMin)
	return least + rand.N(most-least+1)
}
