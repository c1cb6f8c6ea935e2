package benchmarks

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

// BenchmarkNotify times a message without a reply until it has been handled: the clock runs from
// the first send until the last message was handled, and each operation is one message. Senders are
// held up by a full mailbox, as in a program. The timed region has making the messages, and a
// handler that checks that none is missing, doubled, or out of its sender's order. It leaves out
// starting and stopping the actor, and making ctx.
//
// With the mutex, and the call by reflection, a message is handled by its sender, so there is
// nothing to wait for.
func BenchmarkNotify(b *testing.B) {
	for _, lib := range []struct {
		name string
		open notifyOpener
	}{
		{"akt", openNotifyAkt(func(t *tally) any { return &notified{t} })},
		{"akt-bound", openNotifyAkt(func(t *tally) any { return &boundNotified{t} })},
		{"chan", openNotifyChan},
		{"mutex", openNotifyMutex},
		{"reflect-call", openNotifyReflectCall},
	} {
		for _, l := range everyLoad(b) {
			b.Run("lib="+lib.name+"/"+l.name, notifications{lib.open, l, 30 * time.Second}.measure)
		}
	}
}

// notifications is a benchmark of one library under one load. It waits for the last message no
// longer than patience.
type notifications struct {
	open notifyOpener
	load
	patience time.Duration
}

// measure has a count of messages, and no b.Loop, because the server has to know which is the last.
func (t notifications) measure(b *testing.B) {
	b.Helper()
	seen := newTally(uint64(b.N))
	server, end := t.open(b, seen)
	b.ReportAllocs()
	b.ResetTimer()
	if t.all {
		var clients atomic.Uint64
		b.RunParallel(func(pb *testing.PB) {
			for n := firstOf(clients.Add(1)); pb.Next(); n++ {
				if err := server.Note(t.ctx, note{n}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	} else {
		for n := firstOf(1); n < firstOf(1)+uint64(b.N); n++ {
			if err := server.Note(t.ctx, note{n}); err != nil {
				b.Fatal(err)
			}
		}
	}
	select {
	case <-seen.complete:
	case <-time.After(t.patience):
	}
	b.StopTimer()
	end()
	if err := seen.verdict(); err != nil {
		b.Error(err)
	}
}

// notifier is what a client knows of a server, whichever library it is made with.
type notifier interface {
	Note(ctx context.Context, m note) error
}

// notifyOpener starts a server that enters messages in a tally. end stops it and waits until it has
// ended; it may be called again, and is when b ends.
type notifyOpener func(b testing.TB, seen *tally) (server notifier, end func())

// note is the message; a client's numbers follow each other.
type note struct{ N uint64 }

// tally is the state of the server: what has been handled. It is not safe for concurrent use, but
// for complete.
type tally struct {
	want     uint64
	handled  uint64
	misfits  uint64        // messages that did not follow their client's last
	next     []uint64      // by client, from 1
	complete chan struct{} // closed when want messages were handled
}

func newTally(want uint64) *tally {
	t := &tally{
		want:     want,
		complete: make(chan struct{}),
		next:     make([]uint64, runtime.GOMAXPROCS(0)+1),
	}
	for client := range t.next {
		t.next[client] = firstOf(uint64(client))
	}
	return t
}

func (t *tally) enter(m note) {
	next := &t.next[m.N/firstOf(1)]
	if m.N != *next {
		t.misfits++
	}
	*next = m.N + 1
	if t.handled++; t.handled == t.want {
		close(t.complete)
	}
}

// verdict is asked for when the server has ended.
func (t *tally) verdict() error {
	if t.handled != t.want || t.misfits > 0 {
		return fmt.Errorf(
			"%d of %d notifications were handled, %d of them out of order",
			t.handled,
			t.want,
			t.misfits,
		)
	}
	return nil
}

// notified is the state of the actor; boundNotified that of one whose handler is bound.
type (
	notified      struct{ seen *tally }
	boundNotified struct{ seen *tally }
)

// HandleNote returns an error, which is always nil, because that is the shape that can be bound.
func (n *notified) HandleNote(_ akt.Context, m note) (struct{}, error) {
	n.seen.enter(m)
	return struct{}{}, nil
}

// HandleNote is the same, for its own type.
func (n *boundNotified) HandleNote(_ akt.Context, m note) (struct{}, error) {
	n.seen.enter(m)
	return struct{}{}, nil
}

func openNotifyAkt(state func(*tally) any) notifyOpener {
	return func(tb testing.TB, seen *tally) (notifier, func()) {
		tb.Helper()
		if err := akt.Bind((*boundNotified).HandleNote); err != nil {
			tb.Fatal(err)
		}
		addr := runActor(tb, state(seen))
		return notifyClient{addr}, func() { endActor(addr) }
	}
}

type notifyClient struct{ *akt.Address }

func (c notifyClient) Note(ctx context.Context, m note) error { return c.Notify(ctx, m) }

// noteChan is the way to a goroutine that owns a tally.
type noteChan chan note

func openNotifyChan(tb testing.TB, seen *tally) (notifier, func()) {
	tb.Helper()
	notes := make(noteChan, akt.DefaultMailbox)
	var ended sync.WaitGroup
	ended.Go(func() {
		for m := range notes {
			seen.enter(m)
		}
	})
	end := sync.OnceFunc(func() {
		close(notes)
		ended.Wait()
	})
	tb.Cleanup(end)
	return notes, end
}

func (notes noteChan) Note(ctx context.Context, m note) error {
	if ctx.Done() == nil {
		notes <- m
		return nil
	}
	select {
	case notes <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mutexTally is a tally behind a mutex.
type mutexTally struct {
	mu   sync.Mutex
	seen *tally
}

func openNotifyMutex(_ testing.TB, seen *tally) (notifier, func()) {
	return &mutexTally{seen: seen}, func() {}
}

func (s *mutexTally) Note(_ context.Context, m note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.enter(m)
	return nil
}

func openNotifyReflectCall(tb testing.TB, seen *tally) (notifier, func()) {
	tb.Helper()
	return reflected(tb, &mutexTally{seen: seen}, "Note"), func() {}
}

func (s *reflectServer) Note(ctx context.Context, m note) error {
	out := s.method.Call([]reflect.Value{s.self, reflect.ValueOf(ctx), reflect.ValueOf(m)})
	err, _ := out[0].Interface().(error)
	return err
}
