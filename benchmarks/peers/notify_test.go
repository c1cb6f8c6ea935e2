package peers

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a benchmark waits for its last message before it fails.
const patience = 30 * time.Second

// BenchmarkNotify times a message without a reply until it is handled: the clock runs from the
// first send until the last message was handled. With producers=all, GOMAXPROCS goroutines send. A
// bounded mailbox holds up its senders, an unbounded one grows.
func BenchmarkNotify(b *testing.B) {
	for _, lib := range everyLibrary {
		b.Run("lib="+lib.name+"/producers=one", tells{lib.open, false, patience}.measure)
		b.Run("lib="+lib.name+"/producers=all", tells{lib.open, true, patience}.measure)
	}
}

// tells is a benchmark of messages to one actor, by one producer or by one for each of GOMAXPROCS.
type tells struct {
	open     func(testing.TB) library
	all      bool
	patience time.Duration
}

// measure has a count of messages, and no b.Loop, because the actor has to know which is the last.
func (w tells) measure(b *testing.B) {
	b.Helper()
	seen := newTally(uint64(b.N))
	actor, err := w.open(b).Listener(seen)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if w.all {
		tellAll(b, actor)
	} else {
		tell(b, actor)
	}
	late := time.NewTimer(w.patience)
	defer late.Stop()
	select {
	case <-seen.complete:
	case <-late.C:
	}
	b.StopTimer()
	actor.End()
	if err := seen.verdict(); err != nil {
		b.Error(err)
	}
}

func tell(b *testing.B, actor teller) {
	b.Helper()
	for n := firstOf(1); n < firstOf(1)+uint64(b.N); n++ {
		if err := actor.Tell(context.Background(), n); err != nil {
			b.Error(err)
			return
		}
	}
}

func tellAll(b *testing.B, actor teller) {
	b.Helper()
	var producers atomic.Uint64
	b.RunParallel(func(pb *testing.PB) {
		for n := firstOf(producers.Add(1)); pb.Next(); n++ {
			if err := actor.Tell(context.Background(), n); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// tally is what an actor was told. It is the actor's, but for complete, and for the verdict once
// the actor has ended.
type tally struct {
	want     uint64
	handled  uint64
	misfits  uint64        // numbers that did not follow their producer's last
	next     []uint64      // by producer, from 1
	complete chan struct{} // closed when want numbers were entered
}

func newTally(want uint64) *tally {
	t := &tally{
		want:     want,
		complete: make(chan struct{}),
		next:     make([]uint64, runtime.GOMAXPROCS(0)+1),
	}
	for producer := range t.next {
		t.next[producer] = firstOf(uint64(producer))
	}
	return t
}

func (t *tally) enter(n uint64) {
	next := &t.next[n/firstOf(1)]
	if n != *next {
		t.misfits++
	}
	*next = n + 1
	if t.handled++; t.handled == t.want {
		close(t.complete)
	}
}

func (t *tally) verdict() error {
	if t.handled != t.want || t.misfits > 0 {
		return fmt.Errorf(
			"%d of %d messages were handled, %d of them out of order",
			t.handled,
			t.want,
			t.misfits,
		)
	}
	return nil
}
