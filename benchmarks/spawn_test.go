package benchmarks

import (
	"testing"

	"github.com/aktgo/akt"
)

// BenchmarkSpawn times making a state and running it as an actor that could be sent to.
//
// With stop=untimed that is all: from time to time the clock is stopped, and every new actor has to
// answer a request, is released, and has ended before the clock goes on. With stop=timed each actor
// is released at once, and the clock runs until it has ended; it is sent nothing. Up to spawnBatch
// actors live at a time with the one, and one with the other.
//
// The actors have no hooks and no name. For the channel it is a goroutine that is spawned and
// ended, for the mutex a struct that is left to the garbage collector.
func BenchmarkSpawn(b *testing.B) {
	own := akt.NewSystem()
	for _, lib := range []struct {
		name  string
		spawn spawner
	}{
		{"akt", func() (spawned, error) { return spawnAkt(own) }},
		{"akt-default", func() (spawned, error) { return spawnAkt(akt.Default()) }},
		{"chan", func() (spawned, error) { return startChan(&counter{}), nil }},
		{"mutex", func() (spawned, error) { return &mutexServer{}, nil }},
	} {
		b.Run("lib="+lib.name+"/stop=untimed", lib.spawn.measureStart)
		b.Run("lib="+lib.name+"/stop=timed", lib.spawn.measureLife)
	}
}

// spawned is a server that was spawned.
type spawned interface {
	requester
	end() // stops it and waits until it has ended
}

// spawner makes a server and starts it.
type spawner func() (spawned, error)

// spawnBatch is how many servers are spawned before the clock is stopped to end them.
const spawnBatch = 4096

func (spawn spawner) measureStart(b *testing.B) {
	b.Helper()
	batch := make([]spawned, 0, spawnBatch)
	b.ReportAllocs()
	for b.Loop() {
		s, err := spawn()
		if err != nil {
			b.Error(err)
			break
		}
		if batch = append(batch, s); len(batch) == spawnBatch {
			b.StopTimer()
			if err := endAll(batch); err != nil {
				b.Fatal(err)
			}
			clear(batch)
			batch = batch[:0]
			b.StartTimer()
		}
	}
	b.StopTimer()
	if err := endAll(batch); err != nil {
		b.Error(err)
	}
}

// endAll has each server answer a request, and ends it. It returns the last thing that went wrong.
func endAll(servers []spawned) (wrong error) {
	for i, s := range servers {
		n := firstOf(1) + uint64(i)
		if reply, err := s.Add(forever, add{n}); err != nil || reply != answer(n) {
			wrong = wrongReply(n, reply, err)
		}
		s.end()
	}
	return wrong
}

func (spawn spawner) measureLife(b *testing.B) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		s, err := spawn()
		if err != nil {
			b.Fatal(err)
		}
		s.end()
	}
}

func spawnAkt(system *akt.System) (spawned, error) {
	addr, err := system.Run(&counter{})
	return askClient{addr}, err
}

func (c askClient) end() { endActor(c.Address) }

func (s *mutexServer) end() {}
