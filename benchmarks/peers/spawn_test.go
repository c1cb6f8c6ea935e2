package peers

import (
	"context"
	"runtime"
	"strconv"
	"testing"
)

// BenchmarkSpawn times making a state and an actor of it that could be sent to. From time to time
// the clock is stopped: every new actor then has to answer a request, and is ended.
//
// For the channel it is a goroutine that is started, for the mutex and phony a struct is all there
// is.
func BenchmarkSpawn(b *testing.B) {
	for _, lib := range append([]named{{"akt-default", openAktDefault}}, everyLibrary...) {
		b.Run("lib="+lib.name, spawns{lib.open}.measure)
	}
}

// spawns is a benchmark of new actors, up to spawnBatch at a time.
type spawns struct{ open func(testing.TB) library }

const spawnBatch = 4096

func (w spawns) measure(b *testing.B) {
	b.Helper()
	lib := w.open(b)
	batch := make([]asker, 0, spawnBatch)
	b.ReportAllocs()
	for b.Loop() {
		actor, err := lib.Counter()
		if err != nil {
			b.Error(err)
			break
		}
		if batch = append(batch, actor); len(batch) == spawnBatch {
			b.StopTimer()
			checkAndEnd(b, batch)
			clear(batch)
			batch = batch[:0]
			b.StartTimer()
		}
	}
	b.StopTimer()
	checkAndEnd(b, batch)
}

// checkAndEnd has each actor answer one request, and ends it.
func checkAndEnd(b *testing.B, actors []asker) {
	b.Helper()
	askEach(b, actors)
	for _, actor := range actors {
		if handled := actor.End(); handled != 1 && !b.Failed() {
			b.Errorf("an actor has handled %d requests; want 1", handled)
		}
	}
}

func askEach(b *testing.B, actors []asker) {
	b.Helper()
	for i, actor := range actors {
		n := firstOf(1) + uint64(i)
		if reply, err := actor.Ask(context.Background(), n); err != nil || reply != answer(n) {
			b.Error(wrongReply(n, reply, err))
			return
		}
	}
}

// BenchmarkMemory reports what an idle actor costs, in B/actor: the growth of the heap and of the
// stacks in use, after the garbage collector ran, by so many actors that have each answered one
// request and are idle. It includes the actor's state, of 8 bytes, and its address, but not where
// the benchmark keeps that. It reports no time.
func BenchmarkMemory(b *testing.B) {
	for _, lib := range append([]named{{"akt-default", openAktDefault}}, everyLibrary...) {
		actors := 100_000
		if lib.name == "buffered-chan" {
			actors = 10_000 // 20 kB each
		}
		b.Run("lib="+lib.name+"/actors="+strconv.Itoa(actors), population{lib.open, actors}.measure)
	}
	for _, lib := range []named{{"akt", openAkt}, {"akt-default", openAktDefault}} {
		b.Run("lib="+lib.name+"/actors=1000000", population{lib.open, 1_000_000}.measure)
	}
}

// population is a benchmark of the memory of idle actors.
type population struct {
	open   func(testing.TB) library
	actors int
}

func (w population) measure(b *testing.B) {
	b.Helper()
	var bytes, rounds float64
	for b.Loop() {
		bytes += w.bytes(b)
		rounds++
	}
	b.ReportMetric(bytes/rounds/float64(w.actors), "B/actor")
	b.ReportMetric(0, "ns/op")
}

func (w population) bytes(b *testing.B) float64 {
	b.Helper()
	lib, actors := w.open(b), make([]asker, w.actors)
	before := footprint()
	for i := range actors {
		actor, err := lib.Counter()
		if err != nil {
			b.Fatal(err)
		}
		actors[i] = actor
	}
	askEach(b, actors)
	after := footprint()
	for _, actor := range actors {
		if handled := actor.End(); handled != 1 && !b.Failed() {
			b.Errorf("an actor has handled %d requests; want 1", handled)
		}
	}
	return after - before
}

// footprint is the memory in use. The garbage collector runs more than once because pools keep what
// they have for one more.
func footprint() float64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) + float64(m.StackInuse)
}
