// Package model_test plays random programs whose outcome is known: against the model of
// internal/model, and with real interleavings of clients, of actors that wait for each other, and
// of trees that fail.
package model_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/model"
)

// programsSeed replays a failed TestPrograms.
var programsSeed = flag.Uint64("seed", 0, "the first seed of TestPrograms; 0 for one of its own")

// ways is how many ways of playing a program there are.
const ways = 5

// play plays a program in one of these ways: step by step, or with two or three clients at the same
// time, which are in lock step or not.
func play(t *testing.T, p model.Program, way int) {
	t.Helper()
	var report model.Report
	if way == 0 {
		report = model.Play(t, p)
	} else {
		report = model.PlayAtOnce(t, p, 2+way%2, way > 2)
	}
	if len(report.Wrong) > 0 {
		t.Errorf("in way %d: %s\n%s", way, p, report)
	}
}

// FuzzPrograms: whatever few clients and handlers do to few actors with small mailboxes, in
// whatever order, D1 to D6 and L1 to L5 hold: see model.Play and model.PlayAtOnce.
func FuzzPrograms(f *testing.F) {
	var programs []model.Program
	for _, text := range written {
		p, err := model.Parse(text)
		require.NoError(f, err)
		programs = append(programs, p)
	}
	for seed := range uint64(40) {
		programs = append(programs, model.Random(seed))
	}
	for _, p := range programs {
		for way := range ways {
			f.Add(p.Encode(), byte(way))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, way byte) { play(t, model.Decode(data), int(way)%ways) })
}

// TestPrograms is FuzzPrograms on some hundreds of random programs, new ones at each run.
func TestPrograms(t *testing.T) {
	t.Parallel()
	seed := *programsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./tests/model -run TestPrograms -seed=%d", seed)
	for n := seed; n < seed+800 && !t.Failed(); n++ {
		play(t, model.Random(n), int(n%ways))
	}
}

// TestAtTheEdge: two messages that come to an idle actor at the same moment are both handled
// (No-Lost-Wake-Up), in whichever way they come.
func TestAtTheEdge(t *testing.T) {
	t.Parallel()
	const (
		send        = " send.0.0.0"
		cancellable = " send.0.0.12"
		notify      = " notify.0.0.0"
		private     = " notify.0.0.3"
	)
	for _, ways := range [][2]string{
		{send, send}, {send, notify}, {send, cancellable}, {send, private}, {notify, notify},
		{cancellable, cancellable}, {cancellable, notify}, {cancellable, private},
	} {
		p, err := model.Parse("2.0" + strings.Repeat(ways[0]+ways[1], 24))
		require.NoError(t, err)
		for i := 0; i < 30 && !t.Failed(); i++ {
			play(t, p, 4) // two clients, in lock step
		}
	}
}

// A program is the same one after it was written as text or as bytes and read again.
func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		p := model.Random(seed)
		read, err := model.Parse(p.String())
		require.NoError(t, err)
		require.Equal(t, p, read)
		require.Equal(t, p, model.Decode(p.Encode()))
	}
}

// A failing program shrinks to what it fails of.
func TestShrink(t *testing.T) {
	t.Parallel()
	p, err := model.Parse("3.7.9 " + strings.Repeat("send.5.6.7 ", 20) + "stop.8.9.10 notify.1.2.3")
	require.NoError(t, err)
	small := model.Shrink(p, func(p model.Program) bool {
		return strings.Contains(p.String(), "stop")
	})
	require.Equal(t, "1.0 stop.0.0.0", small.String())
}

// written are programs for one promise each. The third number of a call says how it is made, and
// the second what its handler does: 6 holds the actor, 9 fails, 10 notifies itself, 11 panics, 14
// stops the actor, which vetoes.
var written = []string{
	// A handler that runs on its sender's goroutine is told of what came meanwhile.
	"1.0 send.0.6.0 notify.0.0.0 end.0.0.0",
	// The mailbox is full, two wait for room, nobody overtakes them; each that leaves lets one in.
	"2.0 notify.0.6.0 notify.0.0.0 send.0.0.12 notify.0.0.2 notify.0.0.12 send.0.0.0 cancel.1.0.0" +
		" notify.0.0.2 end.0.0.0",
	// The private lane goes first, also before one who waits for room.
	"1.0 send.0.6.12 notify.0.0.0 notify.0.0.0 notify.0.10.3 send.0.0.3 notify.0.0.3 end.0.0.0",
	// It goes before what is left of a batch, too.
	"9.0 notify.0.6.0 burst.0.4.2 end.0.0.0 notify.0.0.3 end.0.0.0",
	// A queued request whose ctx ends is never handled, even where the handler before it ends the
	// ctx.
	"3.0 notify.0.6.0 send.0.0.12 notify.0.0.0 cancel.0.0.0 end.0.0.0",
	"3.0 notify.0.6.0 send.0.0.12 notify.0.0.0 hcancel.0.0.0",
	// A running handler whose sender leaves goes on, with its ctx ended.
	"1.0 send.0.6.12 notify.0.0.0 cancel.0.0.0 notify.0.0.2 end.0.0.0",
	// Context.Stop drops what is queued and refuses those who wait; a veto does neither.
	"2.0 notify.0.6.0 notify.0.14.0 send.0.0.0 notify.0.0.0 end.0.0.0" +
		" notify.0.6.0 notify.0.0.0 send.0.0.0 send.0.0.0 askstop.0.0.0 end.0.0.0",
	// Address.Stop has all handled that was accepted, and refuses those who wait.
	"2.0 notify.0.6.0 notify.0.0.0 send.0.9.0 send.0.0.0 notify.0.0.3 stop.0.0.0" +
		" notify.0.0.0 end.0.0.0",
	// So does the last Release.
	"2.0 notify.0.6.0 clone.0.0.0 send.0.0.0 notify.1.10.0 release.0.0.0" +
		" release.1.0.0 upgrade.0.0.0 end.0.0.0",
	// After a panic the actor is gone, with its queue; from a Spawner it goes on, with its queue.
	"2.0 notify.0.6.0 send.0.11.0 send.0.0.0 notify.0.0.0 notify.0.0.3 end.0.0.0",
	"2.3 send.0.6.12 notify.0.11.0 send.0.0.12 cancel.0.0.0 end.0.0.0",
}
