package akt_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// interleavingsSeed replays a failed TestInterleavings.
var interleavingsSeed = flag.Uint64("akt.seed", 0, "the seed of TestInterleavings; 0 for one of its own")

// FuzzInterleavings: whatever few clients do to few actors with small mailboxes, in whatever order, D1 to D4, L1 to L3 and
// L5 hold: see playExactly and playConcurrently.
func FuzzInterleavings(f *testing.F) {
	for _, p := range interleavings {
		f.Add(p.encode())
		p.concurrent = true
		f.Add(p.encode())
		p.lockStep = true
		f.Add(p.encode())
	}
	f.Fuzz(func(t *testing.T, data []byte) { playProgram(t, decodeProgram(data)) })
}

// TestInterleavings is FuzzInterleavings on some hundreds of random programs, new ones at each run.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	seed := *interleavingsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test -run TestInterleavings -akt.seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 800 {
		data := make([]byte, 2+3*(2+random.IntN(30)))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		playProgram(t, decodeProgram(data))
		if t.Failed() {
			return
		}
	}
}

// TestInterleavingsAtTheEdge: two messages that come to an idle actor at the same moment are both handled (No-Lost-Wake-Up),
// in whichever way they come.
func TestInterleavingsAtTheEdge(t *testing.T) {
	t.Parallel()
	for _, ways := range [][2]puppetVerb{
		{doSend, doSend}, {doSend, doNotify}, {doSend, doSendCancellable}, {doSend, doPrivateNotify},
		{doSendCancellable, doSendCancellable}, {doSendCancellable, doNotify}, {doSendCancellable, doPrivateNotify}, {doNotify, doNotify},
	} {
		p := puppetProgram{concurrent: true, lockStep: true, actors: 1, clients: 2, capacity: 2}
		for range maxSteps / 2 {
			p.steps = append(p.steps, puppetStep{verb: ways[0], act: actReply}, puppetStep{verb: ways[1], act: actReply})
		}
		for i := 0; i < 30 && !t.Failed(); i++ {
			playProgram(t, p)
		}
	}
}

// playProgram plays a program in a bubble. Outside of it a watchdog waits for one that spins or blocks for ever.
func playProgram(t *testing.T, p puppetProgram) {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("it hangs: %v", p)) })
	defer watchdog.Stop()
	synctest.Test(t, func(t *testing.T) {
		if p.concurrent {
			playConcurrently(t, p)
		} else {
			playExactly(t, p)
		}
	})
}

// interleavings are programs that were written for one promise each: the seeds of FuzzInterleavings. Each is played in all ways.
var interleavings = []puppetProgram{
	// A handler that runs on its sender's goroutine is told of what came meanwhile.
	{actors: 1, capacity: 1, steps: []puppetStep{{verb: doSend, act: actHold}, {verb: doNotify}, {verb: doLetGo}}},
	// The mailbox is full, two wait for room, nobody overtakes them, and each that leaves lets one in.
	{actors: 1, capacity: 2, clients: 3, steps: []puppetStep{
		{verb: doNotify, act: actHold}, {verb: doNotify}, {verb: doSendCancellable}, {verb: doTryNotify},
		{verb: doNotifyCancellable}, {verb: doSend}, {verb: doCancel, arg: 2}, {verb: doTryNotify}, {verb: doLetGo},
	}},
	// The private lane goes first, also before one who waits for room.
	{actors: 1, capacity: 1, clients: 3, release: true, steps: []puppetStep{
		{verb: doSendCancellable, act: actHold}, {verb: doNotify}, {verb: doNotify}, {verb: doPrivateNotify, act: actTell},
		{verb: doPrivateSend}, {verb: doPrivateNotify, act: actForward}, {verb: doLetGo},
	}},
	// A queued request whose ctx ends is never handled, even where the handler before it ends the ctx.
	{actors: 1, capacity: 3, steps: []puppetStep{
		{verb: doNotify, act: actHold}, {verb: doSendCancellable}, {verb: doPrivateNotify, act: actCancel}, {verb: doNotify}, {verb: doLetGo},
	}},
	// A running handler whose sender leaves goes on, with its ctx ended.
	{actors: 1, capacity: 1, steps: []puppetStep{
		{verb: doSendCancellable, act: actHold}, {verb: doNotify}, {verb: doCancel}, {verb: doTryNotify}, {verb: doLetGo},
	}},
	// Context.Stop drops what is queued and refuses those who wait; a veto does neither.
	{actors: 1, capacity: 2, clients: 3, steps: []puppetStep{
		{verb: doNotify, act: actHold}, {verb: doNotify, act: actVeto}, {verb: doSend}, {verb: doNotify},
		{verb: doLetGo}, {verb: doNotify, act: actHold}, {verb: doNotify}, {verb: doSend}, {verb: doSend}, {verb: doContextStop}, {verb: doLetGo},
	}},
	// Address.Stop and the last Release have all handled that was accepted, and refuse those who wait.
	{actors: 2, capacity: 2, clients: 3, steps: []puppetStep{
		{verb: doNotify, act: actHold}, {verb: doNotify}, {verb: doSend, act: actFail}, {verb: doSend}, {verb: doPrivateNotify}, {verb: doStop},
		{verb: doNotify}, {verb: doLetGo}, {verb: doNotify, act: actHold, arg: 1}, {verb: doClone, arg: 1}, {verb: doSend, arg: 1},
		{verb: doNotify, act: actForward, arg: 3}, {verb: doRelease, arg: 1}, {verb: doRelease, arg: 3}, {verb: doUpgrade, arg: 1}, {verb: doLetGo, arg: 1},
	}},
	// After a panic the actor is gone, with its queue; from a Spawner it goes on, with its queue.
	{actors: 1, capacity: 2, steps: []puppetStep{
		{verb: doNotify, act: actHold}, {verb: doSend, act: actPanic}, {verb: doSend}, {verb: doNotify}, {verb: doPrivateNotify}, {verb: doLetGo},
	}},
	{actors: 1, capacity: 2, spawner: true, inline: true, steps: []puppetStep{
		{verb: doSendCancellable, act: actHold}, {verb: doNotify, act: actPanic}, {verb: doSend}, {verb: doCancel}, {verb: doLetGo},
	}},
}
