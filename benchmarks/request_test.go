package benchmarks

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
)

// BenchmarkSend times a request whose reply comes as an any, from the call to the reply, one at a
// time for each client. The timed region has making the message and its way into an any, the
// handler, which counts, and the check of the reply. It leaves out starting and stopping the actor,
// and making ctx.
func BenchmarkSend(b *testing.B) {
	for _, lib := range withBaselines(
		library{"akt", openAkt(func() actorState { return &counter{} }, bySend)},
		library{"akt-bound", openAkt(func() actorState { return &boundCounter{} }, bySend)},
	) {
		for _, l := range everyLoad(b) {
			b.Run("lib="+lib.name+"/"+l.name, requests{lib.open, l}.measure)
		}
	}
}

// BenchmarkAsk times a typed request, from the call to the reply, one at a time for each client.
// What is timed and what is left out is the same as in BenchmarkSend, and so are the baselines.
func BenchmarkAsk(b *testing.B) {
	for _, lib := range withBaselines(
		library{"akt", openAkt(func() actorState { return &counter{} }, byAsk)},
		library{"akt-bound", openAkt(func() actorState { return &boundCounter{} }, byAsk)},
	) {
		for _, l := range everyLoad(b) {
			b.Run("lib="+lib.name+"/"+l.name, requests{lib.open, l}.measure)
		}
	}
}

// requests is a benchmark of one library under one load.
type requests struct {
	open opener
	load
}

// measure sends requests with different numbers, and checks the reply to each and how many the
// server has handled.
func (r requests) measure(b *testing.B) {
	b.Helper()
	server, end := r.open(b)
	b.ReportAllocs()
	if r.all {
		var clients atomic.Uint64
		b.RunParallel(func(pb *testing.PB) {
			for n := firstOf(clients.Add(1)); pb.Next(); n++ {
				reply, err := server.Add(r.ctx, add{n})
				if err != nil || reply != answer(n) {
					b.Error(wrongReply(n, reply, err))
					return
				}
			}
		})
		b.StopTimer()
	} else {
		for n := firstOf(1); b.Loop(); n++ {
			reply, err := server.Add(r.ctx, add{n})
			if err != nil || reply != answer(n) {
				b.Fatal(wrongReply(n, reply, err))
			}
		}
	}
	if handled := end(); handled != uint64(b.N) && !b.Failed() {
		b.Errorf("%d requests were answered, and %d handled", b.N, handled)
	}
}

// requester is what a client knows of a server, whichever library it is made with.
type requester interface {
	Add(ctx context.Context, m add) (uint64, error)
}

// add is the request. Its number differs from that of all others, so that no reply can be taken for
// another's.
type add struct{ N uint64 }

// answer is the right reply to the request with a number.
func answer(n uint64) uint64 { return 2*n + 1 }

// firstOf is the first number of a client, from 1. Small numbers would not need an allocation to
// become an any.
func firstOf(client uint64) uint64 { return client << 32 }

func wrongReply(n, reply uint64, err error) error {
	if err != nil {
		return fmt.Errorf("the request with %d failed: %w", n, err)
	}
	return fmt.Errorf("the request with %d was answered with %d; want %d", n, reply, answer(n))
}
