package akt_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// A tangle is a program of a few actors with small mailboxes that send to each other whatever a string of bytes says. Each message
// names a script of two operations, and how deep it may send on, so every tangle ends – unless somebody waits for ever.
//
// It is played with contexts that never end. In a bubble a deadlock that is not reported fails by itself. Every report is checked afterwards
// by tangleLog, which knows nothing of the library's graph: who waited for whom, from when to when.
type tangle struct {
	actors, capacity, clients int
	family                    bool // each actor has a child, and may panic: it then waits for the child's end
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
	tangleAsk
	tangleUnpack
	tangleNotify
	tangleLimited // a Send with a deadline that is far away
	tangleOwn     // a Send in a goroutine that the handler waits for
	tangleGo      // a SendUnpack in a function of Go, whose Future is the reply
	tangleAwait   // a Send in a function of Go that the handler waits for
	tangleGoNote  // a Notify in a function of Go, whose Future is the reply
	tanglePrivate // a Send by the private lane
	tangleTell    // a Notify by the private lane
	tangleTry
	tanglePanic
	tangleVerbs
)

const tangleDepth = 3

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
				verb: tangleVerb(b[0]&15) % tangleVerbs, pause: time.Duration(b[0]>>4&3) * time.Millisecond, to: int(b[1]), script: int(b[2]),
			}
		}
		p.scripts = append(p.scripts, script)
		data = data[6:]
	}
	return p
}

// tangleRun is one run of an actor's handler or OnStart, or the time after a panic of it.
type tangleRun struct {
	of         *tangleSlot
	begin, end int64       // end: when the next one of the actor began, so a bit late
	by         *tangleWait // the request it is the handling of
}

// span is a stretch of time.
type span struct{ from, to int64 }

func (s span) within(from, to int64) span { return span{max(s.from, from), min(s.to, to)} }

// waiting calls f with each run that waits by w, and when it may have: the run that has made it, those whose requests are being handled
// meanwhile. The run of a function whose Future is the reply does not wait for it.
func (w *tangleWait) waiting(s span, f func(r *tangleRun, s span) bool) bool {
	for ; w != nil && w.run != nil; w = w.run.by {
		if s = s.within(w.start, w.end); s.from >= s.to {
			return false
		}
		if w.verb == tangleGo || w.verb == tangleGoNote {
			continue
		}
		if s = s.within(w.run.begin, w.run.end); s.from < s.to && f(w.run, s) {
			return true
		}
	}
	return false
}

// tangleWait is one send, from before the call till after it, or a panicked actor's wait for its child.
type tangleWait struct {
	run        *tangleRun // nil for a client's
	to         *tangleSlot
	verb       tangleVerb
	start, end int64
	err        error
}

func (w *tangleWait) from() *tangleRun {
	if w == nil {
		return nil
	}
	return w.run
}

// tangleSlot is an actor, through all its states.
type tangleSlot struct {
	place   int
	addr    *akt.Address
	private *akt.PrivateAddress
	child   *tangleSlot
	runs    []*tangleRun // those that have no end yet
}

// tangleLog has what happened. Everything in it, slots and runs are guarded by mu.
type tangleLog struct {
	tangle
	paused bool // pauses are kept
	clock  atomic.Int64
	mu     sync.Mutex
	slots  []*tangleSlot
	waits  []*tangleWait

	cancels []func()
}

func (l *tangleLog) begin(of *tangleSlot, by *tangleWait) *tangleRun {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &tangleRun{of: of, begin: l.clock.Add(1), end: math.MaxInt64, by: by}
	for _, before := range of.runs {
		before.end = r.begin
	}
	of.runs = []*tangleRun{r}
	return r
}

// atEnd has a context end with the tangle: functions that nobody waits for have it still.
func (l *tangleLog) atEnd(cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancels = append(l.cancels, cancel)
}

// to chooses whom an operation sends to: any actor and any child, or one behind, if there is one.
func (l *tangleLog) to(from *tangleSlot, n int) *tangleSlot {
	l.mu.Lock()
	defer l.mu.Unlock()
	slots := l.slots
	if l.acyclic {
		slots = slots[from.place+1:]
	}
	if len(slots) == 0 {
		return nil
	}
	to := slots[n%len(slots)]
	if l.family && n/len(slots)%2 == 1 && to.child != nil {
		return to.child
	}
	return to
}

// wait makes a send and notes when it was.
func (l *tangleLog) wait(run *tangleRun, to *tangleSlot, verb tangleVerb, send func(by *tangleWait) error) {
	w := &tangleWait{run: run, to: to, verb: verb, start: l.clock.Add(1), end: math.MaxInt64}
	l.mu.Lock()
	l.waits = append(l.waits, w)
	l.mu.Unlock()
	err := send(w)
	l.mu.Lock()
	defer l.mu.Unlock()
	w.end, w.err = l.clock.Add(1), err
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
	send := func(ctx context.Context, request func(ctx context.Context, msg tangleMsg) error) {
		a.log.wait(run, to, op.verb, func(by *tangleWait) error {
			m.by = by
			return request(ctx, m)
		})
	}
	plain := func(ctx context.Context, m tangleMsg) error {
		_, err := to.addr.Send(ctx, m)
		return err
	}
	unpack := func(ctx context.Context, m tangleMsg) error {
		_, err := to.addr.SendUnpack(ctx, m)
		return err
	}
	note := func(ctx context.Context, m tangleMsg) error {
		m.by = nil
		return to.addr.Notify(ctx, m)
	}
	switch op.verb {
	case tangleSend:
		send(ctx, plain)
	case tangleAsk:
		send(ctx, func(ctx context.Context, m tangleMsg) error {
			_, err := akt.Ask[any](ctx, to.addr, m)
			return err
		})
	case tangleUnpack:
		send(ctx, unpack)
	case tangleNotify:
		send(ctx, note)
	case tangleLimited:
		limited, cancel := context.WithTimeout(ctx, time.Hour)
		a.log.atEnd(cancel)
		send(limited, plain)
	case tangleOwn:
		done := make(chan struct{})
		go func() {
			defer close(done)
			send(ctx, plain)
		}()
		<-done
	case tangleGo, tangleGoNote, tangleAwait:
		f := akt.Go(ctx, func(ctx context.Context) (any, error) {
			if op.verb == tangleGoNote {
				send(ctx, note)
			} else {
				send(ctx, unpack)
			}
			return nil, nil
		})
		if op.verb != tangleAwait {
			return f
		}
		_, _ = f.Wait(ctx)
	case tanglePrivate:
		send(ctx, func(ctx context.Context, m tangleMsg) error {
			_, err := a.private(to).Send(ctx, m)
			return err
		})
	case tangleTell:
		send(ctx, func(ctx context.Context, m tangleMsg) error {
			m.by = nil
			return a.private(to).Notify(ctx, m)
		})
	case tangleTry:
		send(ctx, func(_ context.Context, m tangleMsg) error {
			m.by = nil
			return to.addr.TryNotify(context.Background(), m)
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
	after := &tangleRun{of: a.slot, begin: a.log.clock.Add(1), end: math.MaxInt64} // the run that panics lasts a little longer
	a.slot.runs = append(a.slot.runs, after)
	a.log.waits = append(a.log.waits, &tangleWait{run: after, to: a.slot.child, verb: tanglePanic, start: after.begin, end: math.MaxInt64})
	a.log.mu.Unlock()
	panic("tangled")
}

// play plays a tangle to its end. In a bubble it keeps the pauses, and neighbours are in different systems.
func (p tangle) play(t *testing.T, rounds int, bubble bool) *tangleLog {
	t.Helper()
	l := &tangleLog{tangle: p, paused: bubble}
	systems := []*akt.System{akt.NewSystem(akt.WithDefaults(quiet()))}
	if bubble {
		systems = append(systems, akt.NewSystem(akt.WithDefaults(quiet())))
	}
	var slots []*tangleSlot
	for i := range p.actors {
		slot := &tangleSlot{place: i}
		addr, err := systems[i%len(systems)].Run(akt.Spawner[*tangled](func() *tangled { return &tangled{l, slot} }),
			akt.WithName(string(rune('a'+i))), akt.WithMailbox(p.capacity))
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

// check checks every answer, and returns how many waits the rings had whose senders were told.
func (l *tangleLog) check(t *testing.T) (lengths map[int]int) {
	t.Helper()
	lengths = map[int]int{}
	for _, w := range l.waits {
		switch {
		case w.verb == tanglePanic:
		case w.end == math.MaxInt64:
			t.Errorf("a wait has no end: %s", w)
		case w.err == nil, errors.Is(w.err, akt.ErrMailboxFull) && w.verb == tangleTry:
		case errors.Is(w.err, akt.ErrDeadlock) && !l.acyclic:
			var failure *akt.SendError
			if !errors.As(w.err, &failure) {
				t.Errorf("not a SendError: %v", w.err)
			}
			n := l.ring(w, failure.Handled == akt.MaybeHandled)
			if n == 0 {
				t.Errorf("a false alarm: %s", w)
				for _, other := range l.waits {
					if other.start <= w.end && w.start <= other.end {
						t.Logf("meanwhile: %s", other)
					}
				}
			}
			lengths[n]++
		case errors.Is(w.err, akt.ErrStopped) && (l.family || w.verb == tangleTry): // Shutdown counts a TryNotify as from outside
		case errors.As(w.err, new(*akt.PanicError)) && l.family:
		default:
			t.Errorf("a wrong answer: %s", w)
		}
	}
	return lengths
}

// ring returns the length of a ring that a wait was in, or 0. Where the message was handled, it is the Future of a function that was
// waited for, which is in the ring by a wait of its own.
func (l *tangleLog) ring(w *tangleWait, handled bool) int {
	var meanwhile []*tangleWait
	for _, other := range l.waits {
		if other.start < w.end && w.start < other.end {
			meanwhile = append(meanwhile, other)
		}
	}
	s := span{w.start, w.end}
	if !handled {
		return ringOf(meanwhile, []*tangleWait{w}, s)
	}
	for _, inner := range meanwhile {
		for r := inner.run; r != nil && inner != w; r = r.by.from() {
			if r.by != w {
				continue
			}
			if n := ringOf(meanwhile, []*tangleWait{inner}, s); n > 0 {
				return n + 1
			}
		}
	}
	return 0
}

// ringOf looks for a ring of waits that were all under way at one time. It returns its length.
func ringOf(waits, path []*tangleWait, s span) (n int) {
	last := path[len(path)-1]
	if path[0].waiting(s, func(r *tangleRun, _ span) bool { return r.of == last.to }) {
		return len(path)
	}
	for _, w := range waits {
		if slices.Contains(path, w) {
			continue
		}
		if w.waiting(s, func(r *tangleRun, s span) bool {
			if r.of == last.to {
				n = ringOf(waits, append(path[:len(path):len(path)], w), s)
			}
			return n > 0
		}) {
			return n
		}
	}
	return 0
}

func (w *tangleWait) String() string {
	text := fmt.Sprintf("verb %d to %d from %d until %d: %v; by", w.verb, w.to.place, w.start, w.end, w.err)
	for r := w.run; r != nil; r = r.by.from() {
		text += fmt.Sprintf(" %d (%d until %d)", r.of.place, r.begin, r.end)
	}
	return text
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

// FuzzDeadlock: D6: whatever few actors send each other, nobody waits for ever, and whoever is told of a deadlock is in one.
func FuzzDeadlock(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomTangle(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { playTangle(t, decodeTangle(data)) })
}

// TestTangles is FuzzDeadlock on a thousand programs, the same at each run. They have rings of one, two and three waits.
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

// D6: actors that only send to those behind them are never in a deadlock, however many messages wait for room.
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
