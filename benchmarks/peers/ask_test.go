package peers

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkAsk times a request of one client to an idle actor, from the call to the checked reply.
// With ctx=deadline the context has a deadline, an hour away, that is made outside of the timed
// region; what a library without deadlines does instead is said in the package's documentation.
func BenchmarkAsk(b *testing.B) {
	for _, lib := range append([]named{{"akt-send", openAktSend}}, everyLibrary...) {
		b.Run(
			"lib="+lib.name+"/ctx=background",
			asks{open: lib.open, ctx: context.Background(), actors: 1}.measure,
		)
		b.Run("lib="+lib.name+"/ctx=deadline", func(b *testing.B) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			asks{open: lib.open, ctx: ctx, actors: 1}.measure(b)
		})
	}
}

// BenchmarkAskAll times requests of GOMAXPROCS clients at a time, to one actor or in turn to 1,024.
// The context cannot end.
func BenchmarkAskAll(b *testing.B) {
	for _, lib := range append([]named{{"akt-send", openAktSend}}, everyLibrary...) {
		for _, actors := range []int{1, 1024} {
			name := "lib=" + lib.name + "/actors=" + strconv.Itoa(actors)
			b.Run(name, asks{lib.open, context.Background(), actors, true}.measure)
		}
	}
}

// asks is a benchmark of requests to some actors, by one client or by one for each of GOMAXPROCS.
type asks struct {
	open   func(testing.TB) library
	ctx    context.Context
	actors int
	all    bool
}

func (w asks) measure(b *testing.B) {
	b.Helper()
	actors := make([]asker, w.actors)
	lib := w.open(b)
	for i := range actors {
		actor, err := lib.Counter()
		if err != nil {
			b.Fatal(err)
		}
		actors[i] = actor
	}
	b.ReportAllocs()
	if w.all {
		w.askAll(b, actors)
	} else {
		w.ask(b, actors[0])
	}
	var handled uint64
	for _, actor := range actors {
		handled += actor.End()
	}
	if handled != uint64(b.N) && !b.Failed() {
		b.Errorf("%d requests were answered, and %d handled", b.N, handled)
	}
}

func (w asks) ask(b *testing.B, actor asker) {
	b.Helper()
	for n := firstOf(1); b.Loop(); n++ {
		reply, err := actor.Ask(w.ctx, n)
		if err != nil || reply != answer(n) {
			b.Error(wrongReply(n, reply, err))
			return
		}
	}
}

// askAll has each client go round the actors, from a place of its own.
func (w asks) askAll(b *testing.B, actors []asker) {
	b.Helper()
	var clients atomic.Uint64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		client := clients.Add(1)
		at := int(client*509) % len(actors)
		for n := firstOf(client); pb.Next(); n++ {
			reply, err := actors[at].Ask(w.ctx, n)
			if err != nil || reply != answer(n) {
				b.Error(wrongReply(n, reply, err))
				return
			}
			if at++; at == len(actors) {
				at = 0
			}
		}
	})
	b.StopTimer()
}

func wrongReply(n, reply uint64, err error) error {
	if err != nil {
		return fmt.Errorf("the request %d failed: %w", n, err)
	}
	return fmt.Errorf("the request %d was answered with %d; want %d", n, reply, answer(n))
}
