package reliability

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

var (
	soak     = flag.Duration("soak", 5*time.Second, "how long TestSoak runs")
	soakSeed = flag.Uint64(
		"soakseed",
		uint64(time.Now().UnixNano()),
		"the seed of TestSoak's faults",
	)
)

const (
	soakPools = 125
	// so that there are 10,000 actors, and a pool's maps, of room for 112, do not grow however
	// often it is replaced
	soakPoolSize = 79
	soakPhases   = 8 // of equal length; after each, everything is counted
	soakClients  = 64

	// The live heap after the last phases may be larger than after the first by this much: what the
	// runtime itself varies by.
	heapSlack = 1 << 20
)

// deed is what the handler of a piece of work does.
type deed int

const (
	deedReply deed = iota
	deedFail
	deedPanic
	deedSlow  // waits for a millisecond, or until its ctx ends
	deedRelay // asks another worker, and fails as that does
	deedStop  // stops the worker, which drops its queue
	deeds
)

var deedNames = [deeds]string{"replies", "fails", "panics", "is slow", "relays", "stops"}

// work is what a worker handles.
type work struct {
	Deed deed
	Note bool // it was sent with Notify
	To   int  // of deedRelay
}

// errand is work that a worker has a function of akt.Go do.
type errand struct{ work }

// tally counts what became of one kind of work. All of its fields belong together: see unbalanced.
type tally struct {
	sent    atomic.Int64
	begun   atomic.Int64 // counted by the handlers
	replies atomic.Int64
	own     atomic.Int64 // the handler's own errors
	panics  atomic.Int64
	never   atomic.Int64 // NotHandled, or a notification that was not accepted
	maybe   atomic.Int64 // MaybeHandled, the panics apart
	failed  atomic.Int64 // notifications whose handlers were to fail, counted by the handlers
	letters atomic.Int64 // dead letters, counted by the hook
}

// bath is one soak.
type bath struct {
	system   *akt.System
	workers  [soakPools * soakPoolSize]atomic.Pointer[akt.Address]
	requests [deeds]tally
	notes    [deeds]tally
	errands  [deeds]tally
	later    [deeds]tally // errands sent with Notify: whose functions fail is a dead letter
	born     atomic.Int64 // workers
	buried   atomic.Int64 // their ends, as their pools were told
	starts   atomic.Int64
	stops    atomic.Int64
	full     atomic.Int64
	inside   atomic.Int64 // handlers that break D1
	sent     atomic.Int64 // functions that were given to akt.Go
	returned atomic.Int64 // those that have come to their end
}

func (b *bath) tally(w work) *tally {
	if w.Note {
		return &b.notes[w.Deed]
	}
	return &b.requests[w.Deed]
}

func (b *bath) tallyLater(m errand) *tally {
	if m.Note {
		return &b.later[m.Deed]
	}
	return &b.errands[m.Deed]
}

// pool is an actor that replaces its workers when they end.
type pool struct {
	*bath
	first int
	place map[string]int // by the worker's name
}

func (p *pool) OnStart(ctx akt.Context) error {
	p.place = map[string]int{}
	for i := range soakPoolSize {
		if err := p.hire(ctx, p.first+i); err != nil {
			return err
		}
	}
	return nil
}

func (p *pool) hire(ctx akt.Context, at int) error {
	var what any = &worker{bath: p.bath}
	if at%2 == 0 {
		what = akt.Spawner[*worker](func() *worker { return &worker{bath: p.bath} })
	}
	options := []akt.Option{
		akt.WithMailbox(1 + at%8),
		akt.WithSupervisor(
			akt.Supervisor{
				MaxRestarts: 3,
				Window:      5 * time.Second,
				BackoffMin:  time.Millisecond,
				BackoffMax:  10 * time.Millisecond,
			},
		),
	}
	if at%3 == 0 {
		options = append(options, akt.WithInlineSend())
	}
	addr, err := ctx.Run(what, options...)
	if err != nil {
		return err
	}
	p.born.Add(1)
	p.place[addr.Name()] = at
	ctx.Watch(addr)
	p.workers[at].Store(addr)
	return nil
}

func (p *pool) HandleTerminated(ctx akt.Context, t akt.Terminated) error {
	p.buried.Add(1)
	at, known := p.place[t.Name]
	if !known {
		return fmt.Errorf("%s has ended twice, or never lived", t.Name)
	}
	delete(p.place, t.Name)
	return p.hire(ctx, at)
}

type worker struct {
	*bath
	busy bool
}

func (w *worker) OnStart(akt.Context) error { w.starts.Add(1); return nil }
func (w *worker) OnStopped(akt.Context)     { w.stops.Add(1) }

func (w *worker) HandleWork(ctx akt.Context, m work) (int, error) {
	if w.busy {
		w.inside.Add(1)
	}
	w.busy = true
	defer func() { w.busy = false }()
	count := w.tally(m)
	count.begun.Add(1)
	fails := func(err error) (int, error) {
		if m.Note {
			count.failed.Add(1)
		}
		return 0, err
	}
	switch m.Deed {
	case deedFail:
		return fails(errOwn)
	case deedPanic:
		_, _ = fails(nil)
		panic(errOwn)
	case deedSlow:
		dawdle(ctx)
	case deedRelay:
		if err := w.relay(ctx, m.To); err != nil {
			return fails(err)
		}
	case deedStop:
		ctx.Stop()
	}
	return 1, nil
}

// HandleErrand has the deed done off the loop, so the worker may end meanwhile, or be restarted.
func (w *worker) HandleErrand(ctx akt.Context, m errand) (*akt.Future[int], error) {
	count := w.tallyLater(m)
	count.begun.Add(1)
	w.sent.Add(1)
	b := w.bath
	fails := func() error {
		if m.Note {
			count.failed.Add(1)
		}
		return errOwn
	}
	return akt.Go(ctx, func(ctx context.Context) (int, error) {
		defer b.returned.Add(1)
		switch m.Deed {
		case deedFail:
			return 0, fails()
		case deedPanic:
			panic(fails())
		case deedSlow:
			dawdle(ctx)
		case deedRelay:
			_ = b.relay(ctx, m.To)
		case deedStop:
			if c, ok := akt.FromContext(ctx); ok {
				c.Stop()
			}
		}
		return 1, nil
	}), nil
}

// dawdle waits for a millisecond, or until ctx ends.
func dawdle(ctx context.Context) {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// relay asks another worker, and does not wait long.
func (b *bath) relay(ctx context.Context, to int) error {
	limited, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	return b.request(limited, to, work{Deed: deedReply}, false)
}

var errOwn = errors.New("the handler's own error")

// request sends a request and notes what came of it.
func (b *bath) request(ctx context.Context, to int, m work, typed bool) error {
	count := b.tally(m)
	count.sent.Add(1)
	addr := b.workers[to].Load()
	var err error
	if typed {
		_, err = akt.Ask[int](ctx, addr, m)
	} else {
		_, err = addr.Send(ctx, m)
	}
	var failure *akt.SendError
	switch {
	case err == nil:
		count.replies.Add(1)
	case err == errOwn: //nolint:errorlint // E1: unchanged
		count.own.Add(1)
	case !errors.As(err, &failure):
		count.sent.Add(-1 << 40) // no such answer is promised
	case errors.As(err, new(*akt.PanicError)) && failure.Handled == akt.MaybeHandled:
		count.panics.Add(1)
	case failure.Handled == akt.NotHandled:
		count.never.Add(1)
	default:
		count.maybe.Add(1)
	}
	return err
}

// errand sends a request for something to be done later, waits for that in one of the ways there
// are, and notes what came of it.
func (b *bath) errand(ctx context.Context, to int, m work, way int) {
	count := b.tallyLater(errand{m})
	count.sent.Add(1)
	addr := b.workers[to].Load()
	var err error
	switch way {
	case 0:
		_, err = akt.Ask[int](ctx, addr, errand{m})
	case 1:
		_, err = addr.SendUnpack(ctx, errand{m})
	default:
		var later *akt.Future[int]
		if later, err = akt.Ask[*akt.Future[int]](ctx, addr, errand{m}); err == nil {
			_, err = later.Wait(ctx)
		}
	}
	var failure *akt.SendError
	switch {
	case err == nil:
		count.replies.Add(1)
	case err == errOwn: //nolint:errorlint // a Future's error comes back unchanged
		count.own.Add(1)
	case errors.As(err, &failure) && failure.Handled == akt.NotHandled: // perhaps because the worker has died of a panic
		count.never.Add(1)
	case errors.As(err, new(*akt.PanicError)):
		count.panics.Add(1)
	default:
		count.maybe.Add(1)
	}
}

// notify sends a notification and notes whether it was accepted.
func (b *bath) notify(ctx context.Context, to int, m work, try bool) {
	m.Note = true
	b.notifyOf(ctx, b.tally(m), to, m, try)
}

func (b *bath) notifyOf(ctx context.Context, count *tally, to int, m any, try bool) {
	count.sent.Add(1)
	addr := b.workers[to].Load()
	var err error
	if try {
		err = addr.TryNotify(context.Background(), m)
	} else {
		err = addr.Notify(ctx, m)
	}
	if err != nil {
		count.never.Add(1)
	}
	if errors.Is(err, akt.ErrMailboxFull) {
		b.full.Add(1)
	}
}

// client sends work of all kinds until the time is over.
func (b *bath) client(random *rand.Rand, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		to := random.IntN(len(b.workers))
		if random.IntN(4) == 0 {
			to %= 50 // some are popular
		}
		m := work{Deed: deedReply, To: random.IntN(len(b.workers))}
		if random.IntN(4) == 0 {
			m.Deed = deed(random.IntN(int(deeds)))
		}
		switch random.IntN(14) {
		case 0, 1, 2:
			_ = b.request(context.Background(), to, m, random.IntN(2) == 0)
		case 3, 4, 5:
			ctx, cancel := context.WithTimeout(
				context.Background(),
				time.Duration(random.IntN(3000))*time.Microsecond,
			)
			_ = b.request(ctx, to, m, random.IntN(2) == 0)
			cancel()
		case 6, 7:
			b.notify(context.Background(), to, m, false)
		case 8:
			ctx, cancel := context.WithTimeout(
				context.Background(),
				time.Duration(random.IntN(1000))*time.Microsecond,
			)
			b.notify(ctx, to, m, false)
			cancel()
		case 9:
			b.notify(context.Background(), to, work{Deed: deedSlow}, true)
			for range 10 {
				b.notify(context.Background(), to, m, true)
			}
		case 10:
			clone := b.workers[to].Load().Clone()
			_ = clone.TryNotify(context.Background(), nil) // refused: not even counted
			clone.Release()
		case 11:
			if random.IntN(8) == 0 {
				b.workers[to].Load().Stop()
			}
		case 12:
			ctx, cancel := context.WithTimeout(
				context.Background(),
				time.Duration(500+random.IntN(3000))*time.Microsecond,
			)
			b.errand(ctx, to, m, random.IntN(3))
			cancel()
		case 13:
			if m.Note = random.IntN(4) == 0; m.Note {
				later := errand{m}
				b.notifyOf(context.Background(), b.tallyLater(later), to, later, true)
			} else {
				b.errand(context.Background(), to, m, random.IntN(3))
			}
		}
	}
}

// letter counts a dead letter.
func (b *bath) letter(l akt.DeadLetter) {
	switch m := l.Msg.(type) {
	case work:
		b.tally(m).letters.Add(1)
	case errand:
		b.tallyLater(m).letters.Add(1)
	}
}

// TestSoak: under load, with every fault that there is, for as long as one likes: every request
// that was sent has its answer, every notification that was accepted was handled or is a dead
// letter, ended actors are replaced, no memory is kept, and no goroutine is left.
func TestSoak(t *testing.T) { //nolint:paralleltest // it counts goroutines
	began := goroutines()
	b := &bath{}
	t.Logf("-soakseed=%d", *soakSeed)
	b.system = akt.NewSystem(
		akt.WithDefaults(akt.WithLogger(slog.New(slog.DiscardHandler))),
		akt.WithDeadLetters(b.letter),
	)
	for i := range soakPools {
		if _, err := b.system.Run(
			&pool{bath: b, first: i * soakPoolSize},
			akt.WithName(fmt.Sprintf("pool %d", i)),
		); err != nil {
			t.Fatal(err)
		}
	}
	var heap []uint64
	for phase := range soakPhases {
		over := make(chan struct{})
		var clients sync.WaitGroup
		for i := range soakClients {
			clients.Go(
				func() { b.client(rand.New(rand.NewPCG(*soakSeed, uint64(phase*soakClients+i))), over) },
			)
		}
		<-time.After(*soak / soakPhases)
		close(over)
		if !within(time.Minute, func() bool { clients.Wait(); return true }) {
			t.Fatalf("clients wait for ever:\n%s", stacks())
		}
		if !soon(func() bool {
			return goroutines() <= began && len(b.unbalanced()) == 0 &&
				b.born.Load()-b.buried.Load() == int64(len(b.workers))
		}) {
			t.Fatalf(
				"phase %d: %d goroutines, not %d; %d workers live, not %d; %q\n%s",
				phase,
				goroutines(),
				began,
				b.born.Load()-b.buried.Load(),
				len(b.workers),
				b.unbalanced(),
				stacks(),
			)
		}
		b.leaveNoStacks()
		heap = append(heap, liveHeap())
	}
	first, last := slices.Clone(heap[1:3]), heap[soakPhases-2:] // the first phase fills caches
	t.Logf("live heap after each phase: %v", heap)
	if grown := int64(slices.Min(last)) - int64(slices.Max(first)); grown > heapSlack {
		t.Errorf("the live heap has grown by %d bytes, which is more than %d", grown, heapSlack)
	}
	if err := b.system.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if !soon(func() bool { return goroutines() <= began }) {
		t.Errorf("%d goroutines, not %d:\n%s", goroutines(), began, stacks())
	}
	if b.starts.Load() != b.stops.Load() {
		t.Errorf(
			"%d states were started, and %d told that they are stopped",
			b.starts.Load(),
			b.stops.Load(),
		)
	}
	if n := b.inside.Load(); n != 0 {
		t.Errorf("%d messages were handled together with another one", n)
	}
	b.report(t)
}

// leaveNoStacks has each worker fail with an error that is there anyway. An actor keeps its last
// error, see akt.Info, and that of a panic has a stack: how many have one just then is chance, and
// some megabytes.
func (b *bath) leaveNoStacks() {
	for i := range b.workers {
		_ = b.request(context.Background(), i, work{Deed: deedFail}, false)
	}
}

// unbalanced is where what was sent is not what has become of it: nowhere, once nothing is under
// way.
func (b *bath) unbalanced() (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if sent, returned := b.sent.Load(), b.returned.Load(); sent != returned {
		fault("%d functions of akt.Go were started, and %d have returned", sent, returned)
	}
	for _, l := range b.ledgers() {
		r, n := l.requests, l.notes
		handled := r.replies.Load() + r.own.Load() + r.panics.Load() + r.maybe.Load()
		if sent, answered := r.sent.Load(), handled+r.never.Load(); sent != answered {
			fault("requests whose %s: %d sent, %d answered", l.name, sent, answered)
		}
		if begun := r.begun.Load(); begun != handled {
			fault(
				"requests whose %s: %d were begun, and the senders of %d told that they were, or may have been",
				l.name,
				begun,
				handled,
			)
		}
		accepted := n.sent.Load() - n.never.Load()
		if dropped := n.letters.Load() - n.failed.Load(); accepted != n.begun.Load()+dropped {
			fault(
				"notifications whose %s: %d accepted, %d handled, %d dropped",
				l.name,
				accepted,
				n.begun.Load(),
				dropped,
			)
		}
	}
	return faults
}

// ledger is what belongs to one kind of work.
type ledger struct {
	name            string
	requests, notes *tally
}

func (b *bath) ledgers() (all []ledger) {
	for d := range deeds {
		all = append(all,
			ledger{"handler " + deedNames[d], &b.requests[d], &b.notes[d]},
			ledger{"function " + deedNames[d], &b.errands[d], &b.later[d]})
	}
	return all
}

func (b *bath) report(t *testing.T) {
	t.Helper()
	for _, l := range b.ledgers() {
		r, n := l.requests, l.notes
		t.Logf(
			"requests whose %s: %d sent, %d replies, %d own errors, %d panics, %d not handled, %d maybe handled",
			l.name,
			r.sent.Load(),
			r.replies.Load(),
			r.own.Load(),
			r.panics.Load(),
			r.never.Load(),
			r.maybe.Load(),
		)
		t.Logf(
			"notifications whose %s: %d sent, %d refused, %d handled, %d of them failed, %d dead letters",
			l.name,
			n.sent.Load(),
			n.never.Load(),
			n.begun.Load(),
			n.failed.Load(),
			n.letters.Load(),
		)
	}
	t.Logf(
		"workers: %d run, %d ended under load, %d starts; full mailboxes: %d",
		b.born.Load(),
		b.buried.Load(),
		b.starts.Load(),
		b.full.Load(),
	)
}

// liveHeap is what is reachable.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what the pools of package sync have kept for one cycle
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// soon waits for what has to come by itself.
func soon(holds func() bool) bool {
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		<-time.After(time.Millisecond)
	}
	return true
}

// within reports whether f returns true within a time.
func within(d time.Duration, f func() bool) bool {
	done := make(chan bool, 1)
	go func() { done <- f() }()
	select {
	case ok := <-done:
		return ok
	case <-time.After(d):
		return false
	}
}
