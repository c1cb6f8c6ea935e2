package model_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// A tangle is a program of a few actors with small mailboxes that send to each other whatever a
// string of bytes says. Each message names a script of two operations, and how deep it may send on,
// so every tangle ends, unless somebody waits for ever.
//
// It is played with contexts that never end. In a bubble a deadlock that is not reported fails by
// itself. Every report is checked afterwards by tangleLog, which knows nothing of the library's
// graph: who waited for whom, from when to when.
type tangle struct {
	actors, capacity, clients int
	family                    bool // each actor has a child, for whose end it waits if it panics
	acyclic                   bool // an actor sends only to those behind it
	scripts                   [][2]tangleOp
}

type tangleOp struct {
	verb   tangleVerb
	pause  time.Duration
	to     int
	script int
}

type tangleVerb int

const (
	tangleSend tangleVerb = iota
	tangleNotify
	tangleLimited // a Send with a deadline that is far away
	tangleOwn     // a Send in a goroutine that the handler waits for
	tangleGo      // a SendUnpack in a function of Go, whose Future is the reply
	tangleAwait   // a Send in a function of Go that the handler waits for
	tangleGoNote  // a Notify in a function of Go, whose Future is the reply
	tanglePrivate // a Send by the private lane
	tanglePanic
	tangleVerbs
)

const tangleDepth = 3

// quiet has nobody read a log.
var quiet = akt.WithLogger(slog.New(slog.DiscardHandler))

func decodeTangle(data []byte) tangle {
	var head [3]byte
	data = data[copy(head[:], data):]
	p := tangle{
		actors: 2 + int(head[0]%3), capacity: 1 + int(head[1]%2), clients: 1 + int(head[2]%4),
		acyclic: head[1]&0x18 == 0x18,
	}
	p.family = head[1]&4 != 0 && !p.acyclic
	for len(data) >= 6 && len(p.scripts) < 8 {
		var script [2]tangleOp
		for i := range script {
			b := data[3*i:]
			script[i] = tangleOp{
				verb:  tangleVerb(b[0]&15) % tangleVerbs,
				pause: time.Duration(b[0]>>4&3) * time.Millisecond,
				to:    int(b[1]), script: int(b[2]),
			}
		}
		p.scripts = append(p.scripts, script)
		data = data[6:]
	}
	return p
}

// tangled is the state of an actor.
type tangled struct {
	log  *tangleLog
	slot *tangleSlot
}

type tangleMsg struct {
	script, depth int
	by            *tangleWait // nil for a notification
}

func (a *tangled) OnStart(ctx akt.Context) error {
	a.log.begin(a.slot, nil)
	a.log.mu.Lock()
	a.slot.private = ctx.Private()
	a.log.mu.Unlock()
	if !a.log.family || a.slot.place < 0 {
		return nil
	}
	child := &tangleSlot{place: -1}
	addr, err := ctx.Run(&tangled{a.log, child}, akt.WithMailbox(a.log.capacity))
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	if err == nil {
		child.addr = addr
		a.slot.child = child
	}
	return err
}

func (a *tangled) HandleMsg(ctx akt.Context, m tangleMsg) (reply any, err error) {
	run := a.log.begin(a.slot, m.by)
	if m.depth == 0 {
		return nil, nil
	}
	for _, op := range a.log.scripts[m.script%len(a.log.scripts)] {
		reply = a.do(ctx, run, op, tangleMsg{script: op.script, depth: m.depth - 1})
	}
	return reply, nil
}

func (a *tangled) do(ctx akt.Context, run *tangleRun, op tangleOp, m tangleMsg) (reply any) {
	if a.log.paused && op.pause > 0 {
		time.Sleep(op.pause)
	}
	if op.verb == tanglePanic {
		a.panics()
		return nil
	}
	to := a.log.to(a.slot, op.to)
	if to == nil {
		return nil
	}
	send := func(ctx context.Context) { // a request
		a.log.wait(run, to, op.verb, func(by *tangleWait) error {
			m.by = by
			_, err := to.addr.SendUnpack(ctx, m)
			return err
		})
	}
	note := func(ctx context.Context) {
		a.log.wait(run, to, op.verb, func(*tangleWait) error { return to.addr.Notify(ctx, m) })
	}
	switch op.verb {
	case tangleSend:
		send(ctx)
	case tangleNotify:
		note(ctx)
	case tangleLimited:
		limited, cancel := context.WithTimeout(ctx, time.Hour)
		a.log.atEnd(cancel)
		send(limited)
	case tangleOwn:
		done := make(chan struct{})
		go func() {
			defer close(done)
			send(ctx)
		}()
		<-done
	case tangleGo, tangleGoNote, tangleAwait:
		f := akt.Go(ctx, func(ctx context.Context) (any, error) {
			if op.verb == tangleGoNote {
				note(ctx)
			} else {
				send(ctx)
			}
			return nil, nil
		})
		if op.verb != tangleAwait {
			return f
		}
		_, _ = f.Wait(ctx)
	case tanglePrivate:
		a.log.wait(run, to, op.verb, func(by *tangleWait) error {
			m.by = by
			_, err := a.private(to).SendUnpack(ctx, m)
			return err
		})
	}
	return nil
}

func (a *tangled) private(of *tangleSlot) *akt.PrivateAddress {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	return of.private
}

// panics fails the handler of an actor with a child.
func (a *tangled) panics() {
	if a.slot.child == nil {
		return
	}
	a.log.mu.Lock()
	// The run that panics lasts a little longer.
	after := &tangleRun{of: a.slot, begin: a.log.clock.Add(1), end: math.MaxInt64}
	a.slot.runs = append(a.slot.runs, after)
	a.log.waits = append(a.log.waits, &tangleWait{
		run: after, to: a.slot.child, verb: tanglePanic, start: after.begin, end: math.MaxInt64,
	})
	a.log.mu.Unlock()
	panic("tangled")
}

// play plays a tangle to its end. In a bubble it keeps the pauses, and neighbours are in different
// systems.
func (p tangle) play(t *testing.T, rounds int, bubble bool) *tangleLog {
	t.Helper()
	l := &tangleLog{tangle: p, paused: bubble}
	systems := []*akt.System{akt.NewSystem(akt.WithDefaults(quiet))}
	if bubble {
		systems = append(systems, akt.NewSystem(akt.WithDefaults(quiet)))
	}
	var slots []*tangleSlot
	for i := range p.actors {
		slot := &tangleSlot{place: i}
		spawner := akt.Spawner[*tangled](func() *tangled { return &tangled{l, slot} })
		addr, err := systems[i%len(systems)].Run(spawner,
			akt.WithName(string(rune('a'+i))), akt.WithMailbox(p.capacity),
			akt.WithSupervisor(akt.Supervisor{BackoffMin: 1, BackoffMax: 1})) // not for real
		require.NoError(t, err)
		slot.addr = addr
		slots = append(slots, slot)
	}
	l.slots = slots
	contexts := []context.Context{context.Background(), t.Context()}
	var clients sync.WaitGroup
	for c := range p.clients {
		clients.Go(func() {
			for i := c; i < len(p.scripts)*rounds; i += p.clients {
				m, to := tangleMsg{script: i, depth: tangleDepth}, slots[i%len(slots)]
				l.wait(nil, to, tangleNotify, func(by *tangleWait) error {
					if i%3 == 0 {
						return to.addr.Notify(t.Context(), m)
					}
					m.by = by
					_, err := to.addr.Send(contexts[i%2], m)
					return err
				})
			}
		})
	}
	clients.Wait()
	if bubble {
		time.Sleep(10 * time.Minute) // the systems come to rest together
	}
	for _, s := range systems {
		assert.NoError(t, s.Shutdown(context.Background()))
	}
	for _, cancel := range l.cancels {
		cancel()
	}
	return l
}

// playTangle plays and checks a tangle in a bubble, where a deadlock that is not found out panics.
func playTangle(t *testing.T, p tangle) (lengths map[int]int) {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("it hangs: %+v", p)) })
	defer watchdog.Stop()
	defer func() {
		if v := recover(); v != nil {
			panic(fmt.Sprintf("%v: %+v", v, p))
		}
	}()
	synctest.Test(t, func(t *testing.T) { lengths = p.play(t, 1, true).check(t) })
	if t.Failed() {
		t.Logf("%+v", p)
	}
	return lengths
}

// randomTangle is the tangle of a seed.
func randomTangle(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 4))
	data := make([]byte, 3+6*(1+random.IntN(8)))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// FuzzDeadlock: D6: whatever few actors send each other, nobody waits for ever, and whoever is told
// of a deadlock is in one.
func FuzzDeadlock(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomTangle(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { playTangle(t, decodeTangle(data)) })
}

// TestTangles is FuzzDeadlock on a thousand programs, the same at each run. They have rings of one,
// two and three waits.
func TestTangles(t *testing.T) {
	t.Parallel()
	lengths := map[int]int{}
	for seed := range uint64(1000) {
		for n, told := range playTangle(t, decodeTangle(randomTangle(seed))) {
			lengths[n] += told
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("senders told, by the length of their ring: %v", lengths)
	for n := 1; n <= 3; n++ {
		require.Positive(t, lengths[n])
	}
}

// D6: actors that only send to those behind them are never in a deadlock, however many messages
// wait for room.
func TestNoFalseDeadlockUnderLoad(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		p := decodeTangle(randomTangle(seed))
		p.actors, p.clients, p.capacity, p.acyclic, p.family = 4, 8, 1+int(seed%2), true, false
		p.play(t, 200, false).check(t)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, p)
		}
	}
}

// D6: under load nobody waits for ever either, and no alarm is false.
func TestDeadlocksUnderLoad(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		p := decodeTangle(randomTangle(seed))
		p.clients, p.acyclic = 8, false
		p.play(t, 20, false).check(t)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, p)
		}
	}
}
