package tests_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// What must not grow with use, or outlive what it belongs to: contexts that are handed on and on, what ended actors and states leave behind,
// timers and watches.

// mendKey is the key of a value, by its name.
type mendKey string

// mendProbe is a context that writes down how a look-up of a value gets to it. It is asked by one handler at a time.
type mendProbe struct {
	context.Context
	asked, depth int // how often, and how many calls deep
}

func (p *mendProbe) Value(key any) any {
	if key == mendKey("probe") {
		p.asked++
		p.depth = stackDepth()
	}
	return p.Context.Value(key)
}

// look looks a value up in ctx, and returns how often the probe was asked for it, and how deep in ctx it is.
func (p *mendProbe) look(ctx context.Context) (asked, depth int) {
	p.asked, p.depth = 0, 0
	_ = ctx.Value(mendKey("probe"))
	return p.asked, p.depth - stackDepth()
}

func stackDepth() int { return runtime.Callers(0, make([]uintptr, 1000)) }

// Context: however long notifications send each other on with the handler's own ctx, no look-up gets longer, and the values of the
// first sender stay.
func TestChainOfNotificationsDoesNotGrow(t *testing.T) {
	t.Parallel()
	const hops = 3000
	for _, row := range []struct {
		name string
		hop  func(ctx akt.Context, self, peer akt.Sender, next dollAct) error
	}{
		{"public, to itself", func(ctx akt.Context, self, _ akt.Sender, next dollAct) error { return self.Notify(ctx, next) }},
		{"private, to itself", func(ctx akt.Context, _, _ akt.Sender, next dollAct) error { return ctx.Private().Notify(ctx, next) }},
		{"by a request between", func(ctx akt.Context, self, peer akt.Sender, next dollAct) error {
			_, err := peer.Send(ctx, play(func(ctx akt.Context) (any, error) { return nil, self.Notify(ctx, next) }))
			return err
		}},
		{"by a notification between", func(ctx akt.Context, self, peer akt.Sender, next dollAct) error {
			return peer.Notify(ctx, play(func(ctx akt.Context) (any, error) { return nil, self.Notify(ctx, next) }))
		}},
		{"by a function between", func(ctx akt.Context, self, _ akt.Sender, next dollAct) error {
			akt.Go(ctx, func(ctx context.Context) (any, error) { return nil, self.Notify(ctx, next) })
			return nil
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			self, peer := run(t, &doll{}), run(t, &doll{})
			probe := &mendProbe{Context: context.WithValue(t.Context(), mendKey("first"), "first")}
			done := make(chan struct{})
			n, depthThen := 0, 0
			var next dollAct
			next = play(func(ctx akt.Context) (any, error) {
				n++
				switch n {
				case 2: // the first that a handler has sent
					_, depthThen = probe.look(ctx)
				case hops:
					asked, depth := probe.look(ctx)
					assert.Equal(t, 1, asked)
					assert.Equal(t, depthThen, depth)
					assert.Equal(t, "first", ctx.Value(mendKey("first")))
					close(done)
					return nil, nil
				}
				return nil, row.hop(ctx, self, peer, next)
			})
			require.NoError(t, self.Notify(probe, next))
			<-done
		})
	}
}

// WithContext: in a chain of notifications between two actors each handler sees the values of its sender, and behind them those of
// its own actor, once each, however long the chain is.
func TestChainBetweenActorsWithValues(t *testing.T) {
	t.Parallel()
	const hops = 3001 // an odd number: the last one is with the first actor
	valued := func(name string) (*akt.Address, *mendProbe) {
		probe := &mendProbe{Context: context.WithValue(context.WithValue(t.Context(), mendKey(name), name), mendKey("shared"), name)}
		return run(t, &doll{}, akt.WithContext(probe)), probe
	}
	first, ofFirst := valued("first")
	second, ofSecond := valued("second")
	done := make(chan struct{})
	n := 0
	var depths [2]int
	var next dollAct
	next = play(func(ctx akt.Context) (any, error) {
		n++
		switch n {
		case 3:
			_, depths[0] = ofFirst.look(ctx)
			_, depths[1] = ofSecond.look(ctx)
		case hops:
			for i, probe := range []*mendProbe{ofFirst, ofSecond} {
				asked, depth := probe.look(ctx)
				assert.Equal(t, 1, asked)
				assert.Equal(t, depths[i], depth)
			}
		}
		if n < 10 || n > hops-10 {
			assert.Equal(t, "first", ctx.Value(mendKey("first")))
			assert.Equal(t, "first", ctx.Value(mendKey("shared")), "the values of the sender go first")
			assert.Equal(t, n > 1, ctx.Value(mendKey("second")) == "second")
		}
		switch {
		case n == hops:
			close(done)
			return nil, nil
		case n%2 == 1:
			return nil, second.Notify(ctx, next)
		}
		return nil, first.Notify(ctx, next)
	})
	require.NoError(t, first.Notify(t.Context(), next))
	<-done
}

// L1: nothing of the actors that have ended is kept by the long context of who sent to them, nor by the handlers that asked for its
// end and handed it on.
func TestLongContextKeepsNoEndedActors(t *testing.T) {
	t.Parallel()
	const actors = 50
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	system := akt.NewSystem()
	defer shutDown(t, system)
	var collected atomic.Int32
	brief := func(ctx context.Context, act dollAct) {
		mark := new([16]byte) // what an actor's own values refer to is collected with the actor
		runtime.AddCleanup(mark, func(n *atomic.Int32) { n.Add(1) }, &collected)
		addr, err := system.Run(&doll{}, akt.WithContext(context.WithValue(context.Background(), ctxKey{}, mark)))
		if !assert.NoError(t, err) {
			return
		}
		_, err = addr.Send(ctx, act)
		assert.NoError(t, err)
		addr.Release()
		<-addr.Done()
	}
	waits := deed(func(ctx akt.Context) { _ = ctx.Done() })
	for range actors {
		brief(ctx, waits)
		brief(ctx, deed(func(ctx akt.Context) {
			brief(ctx, waits)
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			brief(limited, waits)
		}))
	}
	for deadline := time.Now().Add(10 * time.Second); collected.Load() < 4*actors && time.Now().Before(deadline); {
		runtime.GC()
		runtime.Gosched()
	}
	require.EqualValues(t, 4*actors, collected.Load())
	require.NoError(t, ctx.Err())
}

// Names: those of children are unique too, the given and the made-up ones, whichever came first.
func TestNamesOfChildrenAreUnique(t *testing.T) {
	t.Parallel()
	parent := contextOf(t, run(t, &doll{}, akt.WithName("parent")))
	names := map[string]bool{}
	add := func(opts ...akt.Option) string {
		child, err := parent.Run(&doll{}, opts...)
		require.NoError(t, err)
		require.NotContains(t, names, child.Name())
		names[child.Name()] = true
		return child.Name()
	}
	for i := range 20 {
		require.Equal(t, fmt.Sprintf("/parent/doll-%d", i), add(akt.WithName(fmt.Sprintf("doll-%d", i))))
	}
	for range 20 {
		made := add()
		_, err := parent.Run(&doll{}, akt.WithName(made[len("/parent/"):]))
		require.ErrorIs(t, err, akt.ErrNameTaken)
	}
}

// mendCounter counts what it handles.
type mendCounter struct{ handled atomic.Int32 }

func (c *mendCounter) HandleNote(akt.Context, Note) { c.handled.Add(1) }

// Timer.Stop is true exactly if its message is never begun, at whatever moment it is called, also while others keep the mailbox busy.
func TestTimerStopTellsTheTruth(t *testing.T) {
	t.Parallel()
	counter := &mendCounter{}
	addr := run(t, counter)
	private := (*akt.PrivateAddress)(addr.Downgrade())
	var busy sync.WaitGroup
	defer busy.Wait()
	var over atomic.Bool
	defer over.Store(true)
	busy.Go(func() {
		for !over.Load() {
			_ = addr.Done()
		}
	})
	var began int32
	for round := range 1500 {
		start := time.Now()
		timer := private.NotifyLater(Note{}, time.Duration(round%2)*time.Microsecond)
		for time.Since(start) < time.Duration(round%30)*time.Microsecond {
			_ = addr.Name()
		}
		if !timer.Stop() {
			began++
		}
		if round%10 == 0 {
			_, err := private.Send(context.Background(), Note{}) // after all that are in the lane
			require.NoError(t, err)
			began++
			require.Equal(t, began, counter.handled.Load(), "in round %d", round)
		}
	}
}

// mendTicker counts the calls of an interval's function.
type mendTicker struct{ calls atomic.Int32 }

func (c *mendTicker) tick() any {
	c.calls.Add(1)
	return Note{}
}

// Timer.Stop of an interval is true once, at whatever moment, and nothing of it comes after what was begun.
func TestIntervalStopsForGood(t *testing.T) {
	t.Parallel()
	addr := run(t, &mendCounter{})
	private := (*akt.PrivateAddress)(addr.Downgrade())
	for round := range 300 {
		ticker := &mendTicker{}
		timer := private.NotifyInterval(ticker.tick, time.Microsecond)
		for range round % 300 {
			_ = ticker.calls.Load() // takes a moment
		}
		require.True(t, timer.Stop())
		require.False(t, timer.Stop())
		_, err := private.Send(context.Background(), Note{}) // after the tick that was begun
		require.NoError(t, err)
		calls := ticker.calls.Load()
		runtime.Gosched()
		require.Equal(t, calls, ticker.calls.Load())
	}
}

// L5: what the old state starts in its OnStopped at a restart would end up with the new one, and is refused: timers and children. The
// new one starts its own.
func TestRestartRefusesWhatTheOldStateStarts(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"returns", "panics"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j, dead journal
				system := deadLetters(&dead)
				old := &doll{onStopped: func(ctx akt.Context) {
					private := ctx.Private()
					assert.False(t, private.NotifyLater(j.entry("later"), time.Second).Stop())
					assert.False(t, private.NotifyLater(j.entry("at once"), 0).Stop())
					assert.False(t, private.NotifyInterval(func() any { return j.entry("interval") }, time.Second).Stop())
					_, err := ctx.Run(lifeOf(&j))
					assert.ErrorIs(t, err, akt.ErrStopped)
					if way == "panics" {
						panic("in OnStopped")
					}
				}}
				fresh := &doll{onStart: func(ctx akt.Context) error {
					ctx.Private().NotifyLater(j.entry("its own"), time.Second)
					_, err := ctx.Run(&doll{onStart: func(akt.Context) error { j.add("its own child"); return nil }})
					return err
				}}
				states := []*doll{old, fresh}
				addr, err := system.Run(akt.Spawner[*doll](func() *doll {
					state := states[0]
					states = states[1:]
					return state
				}))
				require.NoError(t, err)
				require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
				time.Sleep(time.Hour)
				require.Equal(t, []string{"its own child", "its own"}, j.all())
				require.Contains(t, dead.all(), "tests_test.dollAct: stopped", "what was refused is a dead letter")
				settled(t, addr)
				shutDown(t, system)
			})
		})
	}
}

// Watch: watching twice is watching once, also for an actor that is dead or dies meanwhile, until its Terminated was handled; then it
// can be watched again.
func TestWatchTwiceInOneHandler(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(*akt.Address){
		"before":  func(*akt.Address) {},
		"between": func(a *akt.Address) { a.Stop(); <-a.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				watcher, target := newWatcher(t, &j), run(t, &doll{}, akt.WithName("target"))
				if name == "before" {
					target.Stop()
					<-target.Done()
				}
				twice := deed(func(ctx akt.Context) {
					ctx.Watch(target)
					die(target)
					ctx.Watch(target)
				})
				_, err := watcher.Send(t.Context(), twice)
				require.NoError(t, err)
				synctest.Wait()
				require.Equal(t, []string{"target: <nil>"}, j.all())

				watch(t, watcher, target)
				synctest.Wait()
				require.Len(t, j.all(), 2)
			})
		})
	}
}
