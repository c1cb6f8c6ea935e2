package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/leaktest"
	"github.com/aktgo/akt/internal/mailbox"
)

// TestMain fails the run also if a wait is left in the graph, though nobody waits any more.
func TestMain(m *testing.M) {
	leaktest.Main(m, func() string {
		if n := waiters.Len(); n > 0 {
			return fmt.Sprintf("\n\n%d nodes in the graph of those who wait", n)
		}
		return ""
	})
}

// These tests are small rounds at the edge between idle and busy: two or three messages at the
// moment when the actor goes idle, or stops, thousands of times. Most of what can go wrong with a
// mailbox goes wrong there, and a stress test that keeps the actor busy never gets there.

// edge counts what it handles. Its fields have no lock: the race detector watches that there is one
// owner.
type edge struct {
	handled int
	ended   int
	seen    chan int // receives the count after each message, if it is made
}

func (e *edge) HandlePing(ctx Context, m edgePing) int {
	e.handled++
	spin(m.spin)
	if m.stop {
		ctx.Stop()
	}
	if e.seen != nil {
		e.seen <- e.handled
	}
	return e.handled
}

func (e *edge) OnStopped(Context) { e.ended++ }

type edgePing struct {
	stop bool
	spin int // how long the handler takes
}

// edgeSystem counts the notifications that were accepted and not handled.
func edgeSystem(dropped *atomic.Int32) *System {
	return NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))),
		WithDeadLetters(func(DeadLetter) { dropped.Add(1) }))
}

// spin takes a few nanoseconds for each of n.
func spin(n int) {
	for i := range n {
		spun.Store(int32(i))
	}
}

var spun atomic.Int32

// together runs functions at the same moment, each on a goroutine of its own, and waits for them.
func together(fs ...func()) {
	var ready atomic.Int64
	var running sync.WaitGroup
	keep := 500
	if len(fs) > 2 {
		keep = 1 // there may not be as many processors
	}
	for _, f := range fs {
		running.Go(func() {
			ready.Add(1)
			reach(&ready, int64(len(fs)), keep)
			f()
		})
	}
	running.Wait()
}

// reach waits until v has reached n, and gives its processor to others now and then: after every so
// many looks.
func reach(v *atomic.Int64, n int64, keep int) {
	for i := 1; v.Load() < n; i++ {
		if i%keep == 0 {
			runtime.Gosched()
		}
	}
}

// inTime receives from c. What does not come in a minute is taken for lost.
func inTime[T any](t *testing.T, c <-chan T, what string, round int) (v T) {
	t.Helper()
	lost := time.NewTimer(time.Minute)
	defer lost.Stop()
	select {
	case v = <-c:
	case <-lost.C:
		t.Fatalf("round %d: %s", round, what)
	}
	return v
}

// edgeRounds is how many rounds a test plays.
func edgeRounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// No-Lost-Wake-Up: a message that comes at the moment when the actor goes idle is handled, without
// another one to wake it.
func TestEdgeOfIdle(t *testing.T) {
	t.Parallel()
	type way func(canEnd context.Context, a *Address) error
	tryNotify := func(_ context.Context, a *Address) error {
		return a.TryNotify(context.Background(), edgePing{})
	}
	notify := func(canEnd context.Context, a *Address) error {
		return a.Notify(canEnd, edgePing{})
	}
	private := func(canEnd context.Context, a *Address) error {
		return (*PrivateAddress)(a.actor).Notify(canEnd, edgePing{})
	}
	inline := func(_ context.Context, a *Address) error {
		_, err := a.Send(context.Background(), edgePing{})
		return err
	}
	typed := func(_ context.Context, a *Address) error {
		_, err := Ask[int](context.Background(), a, edgePing{})
		return err
	}
	queued := func(canEnd context.Context, a *Address) error {
		_, err := a.Send(canEnd, edgePing{})
		return err
	}
	for name, ways := range map[string][]way{
		"Notify against an inline Send":       {tryNotify, inline},
		"Notify against Notify":               {notify, private},
		"Notify against a typed Ask":          {tryNotify, typed},
		"a queued Send against an inline one": {queued, inline},
		"two inline Sends, a private Notify":  {inline, inline, private},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A lost request does not hang for ever. Its time begins here, not while it is the turn
			// of other tests.
			canEnd, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			self := &edge{seen: make(chan int, 3)}
			var dropped atomic.Int32
			addr, err := edgeSystem(&dropped).Run(self)
			require.NoError(t, err)
			want := 0
			for round := range edgeRounds(1000) {
				fs := make([]func(), len(ways))
				for i, send := range ways {
					fs[i] = func() {
						if err := send(canEnd, addr); err != nil {
							t.Error(err)
						}
					}
				}
				together(fs...)
				for range ways {
					want++
					require.Equal(t, want, inTime(t, self.seen, "a message was lost", round))
				}
			}
			addr.Release()
			inTime(t, addr.Done(), "the actor did not end", 0)
			require.Equal(t, want, self.handled)
			require.Equal(t, 1, self.ended)
			require.Zero(t, dropped.Load())
		})
	}
}

// No-Lost-Wake-Up: the same edge, with the second message moved over it in small steps: the handler
// of the first takes a bit longer each round. The two senders stay on processors of their own.
//
//nolint:paralleltest // it needs two processors for itself
func TestEdgeOfIdleInSteps(t *testing.T) {
	for name, first := range map[string]func(*Address, edgePing) error{
		"after an inline Send": func(a *Address, m edgePing) error {
			_, err := a.Send(context.Background(), m)
			return err
		},
		"after a typed Ask": func(a *Address, m edgePing) error {
			_, err := Ask[int](context.Background(), a, m)
			return err
		},
		"after a Notify": func(a *Address, m edgePing) error {
			return a.TryNotify(context.Background(), m)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rounds := int64(edgeRounds(5000))
			self := &edge{seen: make(chan int, 2)}
			addr, err := NewSystem().Run(self)
			require.NoError(t, err)
			var turn atomic.Int64
			var second sync.WaitGroup
			second.Go(func() {
				for round := range rounds {
					reach(&turn, round+1, 4096)
					if err := addr.TryNotify(context.Background(), edgePing{}); err != nil {
						t.Error(err)
					}
				}
			})
			t.Cleanup(func() { turn.Store(rounds); second.Wait() })
			for round := range rounds {
				turn.Store(round + 1)
				require.NoError(t, first(addr, edgePing{spin: int(round % 250)}))
				for n := range 2 {
					seen := inTime(t, self.seen, "a message was lost", int(round))
					require.Equal(t, int(2*round)+n+1, seen)
				}
			}
			addr.Stop()
			inTime(t, addr.Done(), "the actor did not end", 0)
		})
	}
}

// Bounded, No-Lost-Wake-Up: with room for one message, those who wait for it all get in, also at
// the edge of idle.
func TestEdgeOfRoom(t *testing.T) {
	t.Parallel()
	self := &edge{seen: make(chan int, 4)}
	addr, err := NewSystem().Run(self, WithMailbox(1))
	require.NoError(t, err)
	notify := func() {
		if err := addr.Notify(t.Context(), edgePing{}); err != nil {
			t.Error(err)
		}
	}
	send := func() {
		if _, err := addr.Send(t.Context(), edgePing{}); err != nil {
			t.Error(err)
		}
	}
	want := 0
	for round := range edgeRounds(800) {
		together(notify, send, notify, notify)
		for range 4 {
			want++
			require.Equal(t, want, inTime(t, self.seen, "a message was lost", round))
		}
	}
	addr.Stop()
	inTime(t, addr.Done(), "the actor did not end", 0)
}

// tally is what became of the messages of a round, as their senders heard it.
type tally struct{ handled, refused, unanswered, notified atomic.Int32 }

//nolint:revive // the context is what varies
func (c *tally) send(t *testing.T, to Sender, ctx context.Context) {
	t.Helper()
	_, err := to.Send(ctx, edgePing{})
	c.count(t, err, &c.handled)
}

func (c *tally) notify(t *testing.T, to Sender) {
	t.Helper()
	c.count(t, to.Notify(context.Background(), edgePing{}), &c.notified)
}

func (c *tally) count(t *testing.T, err error, well *atomic.Int32) {
	t.Helper()
	var failure *SendError
	switch {
	case err == nil:
		well.Add(1)
	case !errors.As(err, &failure) || failure.Handled != NotHandled || !errors.Is(err, ErrStopped):
		t.Error(err)
	case errors.Is(err, ErrFailedToDeliver):
		c.refused.Add(1)
	default:
		c.unanswered.Add(1)
	}
}

// Taken-Once: each message that meets the end of its actor is handled once, or its sender, or the
// system, hears that it was not; and the actor ends, once.
func TestEdgeOfTheEnd(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		end    func(*Address)
		drains bool
	}{
		{"Stop", (*Address).Stop, true},
		{"the last Release", (*Address).Release, true},
		{"Context.Stop from outside", func(a *Address) { Context{actor: a.actor}.Stop() }, false},
		{"Context.Stop in a handler", func(a *Address) {
			_ = (*PrivateAddress)(a.actor).Notify(context.Background(), edgePing{stop: true})
		}, false},
		{"both stops", func(a *Address) { a.Stop(); Context{actor: a.actor}.Stop() }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			canEnd := t.Context()
			for round := range edgeRounds(600) {
				var dropped atomic.Int32
				var c tally
				self := &edge{}
				addr, err := edgeSystem(&dropped).Run(self, WithMailbox(1+round%2))
				require.NoError(t, err)
				weak, done := addr.Downgrade(), addr.Done()
				senders := [][]func(){
					{
						func() { c.send(t, weak, context.Background()) },
						func() { c.notify(t, weak) },
					},
					{func() { c.send(t, weak, canEnd) }, func() { c.notify(t, weak) }},
					{
						func() { c.notify(t, (*PrivateAddress)(weak)) },
						func() { c.send(t, weak, canEnd) },
					},
					{func() { c.notify(t, weak); c.notify(t, weak) }},
				}[round%4]
				together(append(senders, func() { row.end(addr) })...)
				inTime(t, done, "the actor did not end", round)

				handled, accepted := self.handled, int(c.handled.Load()+c.notified.Load())
				if row.name == "Context.Stop in a handler" {
					accepted++ // the one that stops
				}
				require.Equal(t, accepted, handled+int(dropped.Load()),
					"round %d: handled %d, dropped %d", round, handled, dropped.Load())
				require.Equal(t, 1, self.ended, "round %d", round)
				if row.drains {
					// what was accepted is handled
					require.Zero(t, dropped.Load(), "round %d", round)
					require.Zero(t, c.unanswered.Load(), "round %d", round)
				}
			}
		})
	}
}

// One-Answer: a sender who leaves at the moment when its request is taken is told the truth: what
// is NotHandled was not handled, and the next sender gets its own answer.
func TestEdgeOfLeaving(t *testing.T) {
	t.Parallel()
	self := &edge{}
	addr, err := NewSystem().Run(self)
	require.NoError(t, err)
	var well, maybe, not atomic.Int32
	for range edgeRounds(1500) {
		ctx, cancel := context.WithCancel(context.Background())
		before := self.handled
		together(cancel, func() {
			_, err := addr.Send(ctx, edgePing{})
			var failure *SendError
			switch {
			case err == nil:
				well.Add(1)
			case !errors.As(err, &failure) || !errors.Is(err, context.Canceled):
				t.Error(err)
			case failure.Handled == NotHandled:
				not.Add(1)
			default:
				maybe.Add(1)
			}
		})
		reply, err := addr.Send(t.Context(), edgePing{})
		require.NoError(t, err)
		require.LessOrEqual(t, reply.(int), before+2)
	}
	addr.Stop()
	inTime(t, addr.Done(), "the actor did not end", 0)
	n := edgeRounds(1500)
	own := self.handled - n // besides the one that closed each round
	require.GreaterOrEqual(t, own, int(well.Load()))
	require.LessOrEqual(t, own, int(well.Load()+maybe.Load()))
	require.Equal(t, n, int(well.Load()+maybe.Load()+not.Load()))
}

// One-Answer: a request whose sender left before it was begun, and was told so, is not handled
// after all.
func TestAbandonedRequestIsNotBegun(t *testing.T) {
	t.Parallel()
	self := &edge{}
	addr, err := NewSystem().Run(self)
	require.NoError(t, err)
	a := addr.actor
	to, msg, err := a.route(edgePing{})
	require.NoError(t, err)
	e := mailbox.NewRequest(t.Context(), false, msg, to.handler, 0)
	handled, ok := e.Abandon()
	require.True(t, ok)
	require.False(t, handled)
	_, started := a.box.Push(a, e, mailbox.Public, true)
	require.True(t, started)
	_, err = addr.Send(t.Context(), edgePing{}) // queued behind it, or after it
	require.NoError(t, err)
	require.Equal(t, 1, self.handled)
	addr.Release()
	inTime(t, addr.Done(), "the actor did not end", 0)
}

// A veto leaves the actor as it was, also where Context.Stop comes from outside, again and again,
// while messages come.
func TestEdgeOfVetoes(t *testing.T) {
	t.Parallel()
	self := &edgeVetoer{edge{seen: make(chan int, 1)}}
	addr, err := NewSystem().Run(self)
	require.NoError(t, err)
	c := Context{actor: addr.actor}
	for round := range edgeRounds(2000) {
		together(func() { spin(round % 100); c.Stop() }, func() {
			if err := addr.TryNotify(context.Background(), edgePing{spin: 50}); err != nil {
				t.Error(err)
			}
		})
		require.Equal(t, 2*round+1, inTime(t, self.seen, "a message was lost", round))
		_, err = addr.Send(t.Context(), edgePing{}) // when it is handled, the veto has been cast
		require.NoError(t, err)
		<-self.seen
		require.Equal(t, Started, c.State(), "round %d", round)
	}
	require.False(t, addr.IsClosed())
	addr.Stop()
	inTime(t, addr.Done(), "the actor did not end", 0)
	require.Equal(t, 1, self.ended)
}

// edgeVetoer does not want to stop.
type edgeVetoer struct{ edge }

func (*edgeVetoer) OnStopping(Context) bool { return false }

// L4: watches end with the watcher: nothing of it stays with the actor that it watched.
func TestEndedWatcherIsForgotten(t *testing.T) {
	t.Parallel()
	system := NewSystem()
	target, err := system.Run(&edge{})
	require.NoError(t, err)
	watcher, err := system.Run(&edgeWatcher{target})
	require.NoError(t, err)
	watchers := func() int {
		target.actor.box.Lock()
		defer target.actor.box.Unlock()
		return len(target.actor.rare.watchers)
	}
	require.Equal(t, 1, watchers())
	watcher.Stop()
	inTime(t, watcher.Done(), "the watcher did not end", 0)
	require.Zero(t, watchers())
	target.Stop()
	inTime(t, target.Done(), "the actor did not end", 0)
}

// edgeWatcher watches an actor from its start.
type edgeWatcher struct{ target *Address }

func (w *edgeWatcher) OnStart(ctx Context) error { ctx.Watch(w.target); return nil }

func (*edgeWatcher) HandleTerminated(Context, Terminated) {}

// keptContext returns the Context of a handler that was sent ctx, and has returned.
func keptContext(ctx context.Context, t *testing.T, addr *Address) (kept Context) {
	t.Helper()
	_, err := addr.Send(ctx, mendedAct{func(ctx Context) { kept = ctx }})
	require.NoError(t, err)
	return kept
}

// An actor that a handler wakes is only handed to the goroutine of that handler while it runs
// there: with a Context that was kept, or that of a handler on its sender's goroutine, nobody would
// come.
func TestKeptContextHandsNothingOver(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	wake := func(ctx Context) {
		woken := make(chan struct{})
		assert.NoError(t, b.TryNotify(ctx, mendedAct{func(Context) { close(woken) }}))
		inTime(t, woken, "the actor has no owner", 0)
	}
	kept := make(chan Context, 1)
	keep := mendedAct{func(ctx Context) { kept <- ctx }}
	require.NoError(t, a.TryNotify(context.Background(), keep))
	wake(<-kept)
	wake(keptContext(context.Background(), t, a))
	_, err := a.Send(context.Background(), mendedAct{wake}) // it runs here
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(t.Context()))
}

// A handler of a queued request may hand what it wakes to its own goroutine, as one of a
// notification does.
func TestWhoMayHandOver(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	hired := make(chan bool, 1)
	tell := mendedAct{func(ctx Context) { hired <- ctx.run&runHired != 0 }}
	require.NoError(t, addr.TryNotify(context.Background(), tell))
	require.True(t, <-hired, "a notification")
	_, err := addr.Send(t.Context(), tell)
	require.NoError(t, err)
	require.True(t, <-hired, "a queued request")
	for !addr.actor.box.Word().IsIdle() {
		runtime.Gosched()
	}
	_, err = addr.Send(context.Background(), tell)
	require.NoError(t, err)
	require.False(t, <-hired, "a request on its sender's goroutine")
	require.NoError(t, s.Shutdown(t.Context()))
}

// mendedLeaving does something at its end.
type mendedLeaving struct {
	mended

	onStopped func(Context)
}

func (m *mendedLeaving) OnStopped(ctx Context) { m.onStopped(ctx) }

// An actor that has ended keeps nothing of its life, as an address of it may be held for long.
func TestEndedActorHoldsNothing(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	made := 0
	addr, err := s.Run(Spawner[*mendedLeaving](func() *mendedLeaving {
		made++
		return &mendedLeaving{onStopped: func(Context) {}}
	}), WithSupervisor(Supervisor{MaxRestarts: 1}))
	require.NoError(t, err)
	watcher, target := runMended(t, s), runMended(t, s)
	keptContext(context.Background(), t, watcher).Watch(addr)
	act := func(f func(Context)) {
		require.NoError(t, addr.TryNotify(context.Background(), mendedAct{f}))
	}
	act(func(Context) { panic("restarted") })
	act(func(ctx Context) {
		ctx.Watch(target)
		_, err := ctx.Run(mended{})
		assert.NoError(t, err)
		ctx.Private().NotifyLater(mendedAct{func(Context) {}}, time.Hour)
		_, _ = NewPromise[int](ctx)
		assert.NoError(
			t,
			target.TryNotify(ctx, mendedAct{func(Context) {}}),
			"so that it has a worker",
		)
	})
	for range 10 {
		act(func(Context) {})
	}
	act(func(Context) { panic("ended") })
	<-addr.Done()
	require.Equal(t, 2, made)
	a := addr.actor
	require.Nil(t, a.self)
	a.box.Lock()
	x := a.rare
	require.Empty(t, x.timers)
	require.Empty(t, x.children)
	require.Empty(t, x.watchers)
	require.Empty(t, x.watching)
	require.Empty(t, x.promises)
	require.Nil(t, x.last)
	require.Nil(t, x.escalated)
	require.Nil(t, x.rest)
	require.Zero(t, a.box.Queued())
	a.box.Unlock()
	target.actor.box.Lock()
	require.Empty(t, target.actor.rare.watchers)
	target.actor.box.Unlock()
	require.NoError(t, s.Shutdown(context.Background()))
}

// mendedStarting has an OnStart.
type mendedStarting struct {
	mended

	onStart func(Context)
}

func (m *mendedStarting) OnStart(ctx Context) error { m.onStart(ctx); return nil }

// D6: who waits by LookupOrRun waits for OnStart, not for the first messages, which may be handled
// before it is told: one that asks who waits is no ring.
func TestLookupOrRunWaitsForOnStartOnly(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	waits, asked := runMended(t, s), make(chan error, 1)
	begun, leave := make(chan struct{}), make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _, err := s.LookupOrRun(context.Background(), "new", func() any {
			return &mendedStarting{onStart: func(ctx Context) {
				close(begun)
				<-leave
				assert.NoError(t, ctx.Private().Do(func(ctx Context) {
					_, err := waits.Send(ctx, mendedAct{func(Context) {}})
					asked <- err
				}))
				s.mu.Lock() // so that nobody is told yet that there is an actor
			}}
		})
		assert.NoError(t, err)
	}()
	<-begun
	require.NoError(t, waits.TryNotify(context.Background(), mendedAct{func(ctx Context) {
		_, loaded, err := s.LookupOrRun(ctx, "new", func() any { return nil })
		assert.NoError(t, err)
		assert.True(t, loaded)
	}}))
	for waiters.Waits((*waiter)(waits.actor)) == 0 {
		runtime.Gosched()
	}
	s.mu.Lock()
	a := s.names.Claimed("new").actor
	s.mu.Unlock()
	close(leave)
	for waiters.Waits((*waiter)(a)) == 0 && len(asked) == 0 {
		runtime.Gosched() // until its first message waits for the one that waits for it
	}
	s.mu.Unlock()
	require.NoError(t, <-asked)
	<-over
	require.NoError(t, s.Shutdown(context.Background()))
}

// lockedAtItsEnd is a promised that locks its actor's mailbox when the state has ended, on the
// goroutine that makes the end known next.
type lockedAtItsEnd struct{ actor *actor }

func (l *lockedAtItsEnd) fail(error) { l.actor.box.Lock() }

func (*lockedAtItsEnd) isAwaited() bool { return false }

// Shutdown's nil says that Done of all is closed, not only that their names are free.
func TestShutdownWaitsForDone(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a := runMended(t, s).actor
	a.box.Lock()
	a.rarely().promises = map[promised]uint64{&lockedAtItsEnd{a}: 0}
	a.box.Unlock()
	done, over := a.done(), make(chan error, 1)
	go func() { over <- s.Shutdown(context.Background()) }()
	for len(s.all()) > 0 {
		runtime.Gosched()
	}
	for range 1000 {
		runtime.Gosched() // it would return now
	}
	require.Empty(t, over)
	require.False(t, isClosed(done))
	a.box.Unlock()
	require.NoError(t, <-over)
	require.True(t, isClosed(done))
}

// Info: a request whose sender left between its leaving the lane and its handling is dropped too.
func TestInfoOfAbandonedRequest(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	e := mailbox.NewRequest(t.Context(), false, nil, nil, 0)
	_, ok := e.Abandon()
	require.True(t, ok)
	require.False(t, addr.actor.mayBegin(e))
	info, lives := addr.actor.info()
	require.True(t, lives)
	require.EqualValues(t, 1, info.Dropped)
	require.Zero(t, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
	_, lives = addr.actor.info()
	require.False(t, lives)
}

// Speed: an actor is three cache lines, and 192 bytes is a size class of Go's allocator. Its
// mailbox begins where it says.
func TestSizeOfActor(t *testing.T) {
	t.Parallel()
	if math.MaxInt == math.MaxInt32 {
		t.Skip("the sizes are those of 64 bits")
	}
	require.LessOrEqual(t, unsafe.Sizeof(actor{}), uintptr(192))
	require.EqualValues(t, 88, unsafe.Offsetof(actor{}.box))
	require.LessOrEqual(t, unsafe.Sizeof(config{}), uintptr(144),
		"a size class, too: what a child or a named actor has besides")
}

// Info: a tick whose interval was stopped since it was taken from the lane is no message.
func TestInfoOfTickThatWasStopped(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	addr, err := s.Run(numbered{})
	require.NoError(t, err)
	a := addr.actor
	_, ok := a.box.Take(runFunction) // One-Owner: this goroutine
	require.True(t, ok)
	a.box.EndOther()
	stopped := (*timed)(&Timer{actor: a, stopped: true})
	require.Nil(t, a.handle(&mailbox.Envelope{
		Ctx: t.Context(), Kind: mailbox.Interval, Source: stopped,
	}))
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.True(t, a.box.TryIdle())
	_, err = addr.Send(t.Context(), struct{}{})
	require.NoError(t, err)
	info, _ = a.info()
	require.EqualValues(t, 1, info.Handled)
	require.NoError(t, s.Shutdown(t.Context()))
}

// The state that was to be replaced is let go as soon as another one is made, and at the end.
func TestFormerStateIsLetGo(t *testing.T) {
	t.Parallel()
	system := NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
	former := func(a *actor) any {
		a.box.Lock()
		defer a.box.Unlock()
		return a.rare.last
	}
	addr, err := system.Run(Spawner[*formerState](func() *formerState { return &formerState{} }))
	require.NoError(t, err)
	_, err = addr.Send(context.Background(), 0)
	require.Error(t, err)
	_, err = addr.Send(t.Context(), 1)
	require.NoError(t, err)
	require.Nil(t, former(addr.actor))

	same := &formerState{}
	addr, err = system.Run(
		Spawner[*formerState](func() *formerState { return same }),
		WithSupervisor(Supervisor{
			MaxRestarts: 1,
		}),
	)
	require.NoError(t, err)
	require.NoError(t, addr.Notify(t.Context(), 0))
	<-addr.Done()
	require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
	require.Nil(t, former(addr.actor))
	require.NoError(t, system.Shutdown(context.Background()))
}

type formerState struct{ N int }

func (*formerState) HandleInt(_ Context, n int) int { return 1 / n }

type numbered struct{}

func (numbered) HandleNothing(Context, struct{}) {}

// Names: a made-up name is never one that another actor was given, and a given one never one that
// was made up.
func TestMadeUpNamesAreFree(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	given, err := s.Run(numbered{}, WithName("numbered-2"))
	require.NoError(t, err)
	first, err := s.Run(numbered{})
	require.NoError(t, err)
	second, err := s.Run(numbered{})
	require.NoError(t, err)
	require.Equal(
		t,
		[]string{"numbered-2", "numbered-1", "numbered-3"},
		[]string{given.Name(), first.Name(), second.Name()},
	)
	_, err = s.Run(numbered{}, WithName("numbered-3"))
	require.ErrorIs(t, err, ErrNameTaken)
	_, err = s.Run(numbered{}, WithName("other-3"))
	require.NoError(t, err)
	given.Stop()
	<-given.Done()
	require.NoError(t, s.Shutdown(t.Context()))
}

// Options: the defaults that count are those of the system in which the actor runs.
func TestDefaultsOfTheSystemThatRuns(t *testing.T) {
	t.Parallel()
	s := NewSystem(WithDefaults(WithMailbox(3)))
	a, err := Run(numbered{}, WithSystem(s))
	require.NoError(t, err)
	require.EqualValues(t, 3, a.actor.config.capacity)
	own, err := s.Run(numbered{}, WithMailbox(4))
	require.NoError(t, err)
	require.EqualValues(t, 4, own.actor.config.capacity)
	require.NoError(t, s.Shutdown(t.Context()))
}

// Noted-First: an actor that is started while the system drains is not taken for idle, whatever
// starts it; and as soon as it is idle again, all is quiet.
func TestQuietKnowsWhoWasStarted(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(a *actor, f func(Context)){
		"Do": func(a *actor, f func(Context)) { _ = (*PrivateAddress)(a).Do(f) },
		"a timer": func(a *actor, f func(Context)) {
			(*PrivateAddress)(a).NotifyLater(mendedAct{f}, time.Microsecond)
		},
		"a timer that is due": func(a *actor, f func(Context)) {
			(*PrivateAddress)(a).NotifyLater(mendedAct{f}, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mendedSystem()
			addr := runMended(t, s)
			s.close()
			require.True(t, s.quiet())
			entered, leave := make(chan struct{}), make(chan struct{})
			start(addr.actor, func(Context) {
				close(entered)
				<-leave
			})
			<-entered
			require.False(t, s.quiet())
			close(leave)
			for !addr.actor.box.Word().IsIdle() {
				runtime.Gosched()
			}
			require.True(t, s.quiet())
			require.NoError(t, s.Shutdown(context.Background()))
		})
	}
}

// Shutdown: an actor that is not idle when it begins is waited for, however it came to be busy.
func TestQuietKnowsWhoIsBusyAtTheBeginning(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = addr.Send(context.Background(), mendedAct{func(Context) { // on this goroutine
			close(entered)
			<-leave
		}})
	}()
	<-entered
	s.close()
	require.False(t, s.quiet())
	close(leave)
	require.NoError(t, s.Shutdown(context.Background()))
}

// Shutdown: an actor that is entered at the moment at which it begins is run before it, or not at
// all.
func TestRunAtTheMomentOfShutdown(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := mendedSystem()
		made, ran := make(chan struct{}), make(chan error, 1)
		s.mu.Lock()
		go func() {
			_, err := s.Run(Spawner[*mended](func() *mended { close(made); return &mended{} }))
			ran <- err
		}()
		<-made
		for range 100 {
			runtime.Gosched() // until it has seen that Shutdown has not begun, and waits for mu
		}
		s.closing.Store(true)
		s.draining = newDraining()
		s.mu.Unlock()
		require.ErrorIs(t, <-ran, ErrStopped)
		require.Empty(t, s.all())
	}
}

// L4: watches end with the actor: one that it begins while it ends leaves nothing with its target.
func TestWatchByAnEndingActor(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	target := runMended(t, s)
	watchers := func() int {
		target.actor.box.Lock()
		defer target.actor.box.Unlock()
		return len(target.actor.rarely().watchers)
	}
	leaving, err := s.Run(&mendedLeaving{onStopped: func(ctx Context) { ctx.Watch(target) }})
	require.NoError(t, err)
	leaving.Stop()
	<-leaving.Done()
	require.Zero(t, watchers(), "watched in OnStopped")

	for range 20 {
		w := runMended(t, s)
		kept := keptContext(context.Background(), t, w)
		watched := make(chan struct{})
		target.actor.box.Lock()
		go func() {
			defer close(watched)
			kept.Watch(target)
		}()
		for watching := 0; watching == 0; runtime.Gosched() {
			w.actor.box.Lock()
			watching = len(w.actor.rarely().watching)
			w.actor.box.Unlock()
		}
		w.actor.box.Lock()
		w.actor.rare.stage = stageEnding // as if its end began here
		w.actor.box.Unlock()
		target.actor.box.Unlock()
		w.actor.endWatching() // gets at the target before the watch does, nearly always
		<-watched
		require.Zero(t, watchers(), "watched at the moment of the end")
	}

	keptContext(context.Background(), t, runMended(t, s)).Watch(target)
	require.Equal(t, 1, watchers())
	require.NoError(t, s.Shutdown(t.Context()))
}

// L4: the Terminated of a watch does not reach the state that follows the one that has watched, at
// whatever moment of its end the watched actor ends.
func TestTerminatedIsNotTheNextStates(t *testing.T) {
	t.Parallel()
	system := NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
	var parent *actor // deep down, so that it takes a while to write the name of its child
	for range 300 {
		addr, err := system.run(t.Context(), numbered{}, parent, nil)
		require.NoError(t, err)
		parent = addr.actor
	}
	for round := range 500 {
		watcher, err := system.Run(Spawner[*watchman](func() *watchman { return &watchman{} }),
			WithSupervisor(Supervisor{MaxRestarts: -1, BackoffMin: time.Nanosecond}))
		require.NoError(t, err)
		target, err := system.run(t.Context(), numbered{}, parent, nil)
		require.NoError(t, err)
		_, err = watcher.Send(t.Context(), target)
		require.NoError(t, err)
		together(
			func() { spin(round % 3000); target.Stop() },
			func() { _, _ = watcher.Send(t.Context(), watchmanDies{}) },
		)
		<-target.Done()
		wrong, err := Ask[bool](t.Context(), watcher, watchmanAsked{})
		require.NoError(t, err)
		require.False(t, wrong, "round %d: told of an end that it does not watch", round)
		watcher.Stop()
		<-watcher.Done()
	}
	require.NoError(t, system.Shutdown(context.Background()))
}

// watchman is a state that watches an actor, or none yet.
type watchman struct{ watches, wrong bool }

type (
	watchmanDies  struct{}
	watchmanAsked struct{}
)

func (w *watchman) HandleWatch(ctx Context, target *Address) { ctx.Watch(target); w.watches = true }
func (*watchman) HandleDies(Context, watchmanDies)           { panic("it dies") }
func (w *watchman) HandleAsked(Context, watchmanAsked) bool  { return w.wrong }
func (w *watchman) HandleTerminated(Context, Terminated)     { w.wrong = w.wrong || !w.watches }
