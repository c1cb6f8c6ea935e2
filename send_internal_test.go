package akt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/values"
)

// snag is an actor whose handlers the tests write.
type snag struct{}

func (snag) HandleAct(ctx Context, m snagAct) { m.f(ctx) }

type snagAct struct{ f func(Context) }

func runSnags(t *testing.T, n int) (addrs []*Address) {
	t.Helper()
	s := NewSystem()
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(context.Background())) })
	for range n {
		addr, err := s.Run(snag{}, WithMailbox(1))
		require.NoError(t, err)
		addrs = append(addrs, addr)
	}
	return addrs
}

func waitsOf(a *actor) int { return waiters.Waits((*waiter)(a)) }

// Only-Ends: a wait that is over is in no ring, though its sender has not woken yet: let in, taken
// out of its lane, or refused.
func TestWaitThatIsOverHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		kind     mailbox.Kind
		push     bool // it is in the lane
		answered bool
		ring     bool
	}{
		{"a notification that was let in", mailbox.Notification, true, false, false},
		{"a notification that was let in and taken, or refused", mailbox.Notification, false, false, false},
		{"a request that was answered, or refused", mailbox.Request, false, true, false},
		{"a request in the lane", mailbox.Request, true, false, true},
		{"a request that is being handled", mailbox.Request, false, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runSnags(t, 2)
				a, b := addrs[0], addrs[1]
				stayB := make(chan struct{})
				require.NoError(t, b.Notify(t.Context(), snagAct{func(Context) { <-stayB }}))
				synctest.Wait()
				told := make(chan error, 1)
				_, err := a.Send(t.Context(), snagAct{func(ctx Context) {
					r, msg, err := b.actor.route(snagAct{func(Context) {}})
					assert.NoError(t, err)
					e := notification(ctx, msg, r)
					e.Kind = row.kind
					e.Park()
					if row.push {
						_, started := b.actor.box.Push(b.actor, e, mailbox.Public, true)
						assert.False(t, started)
					}
					if row.answered {
						e.Answer(nil, nil)
					}
					w := waiters.Enter(chainOf(ctx), (*waiter)(b.actor), (*sent)(e))
					defer waiters.Leave(w)
					go func() {
						_, err := a.Send(
							withLink{Context: context.Background(), of: b.actor},
							snagAct{func(Context) {}},
						)
						told <- err
					}()
					synctest.Wait()
					assert.Equal(t, row.ring, len(told) == 1)
				}})
				require.NoError(t, err)
				err = <-told
				if row.ring {
					require.ErrorIs(t, err, ErrDeadlock)
				} else {
					require.NoError(t, err)
				}
				close(stayB)
			})
		})
	}
}

// withLink has the run that an actor is in now as its chain.
type withLink struct {
	context.Context
	of *actor
}

func (w withLink) Value(key any) any {
	if key == (values.RunKey{}) {
		return Context{Context: w.Context, actor: w.of, run: runOf(w.of.box.Word(), true)}
	}
	return w.Context.Value(key)
}

// The graph holds who waits, and nobody else: whichever way a wait ends, nothing of it is left; who
// has no link is never in it.
func TestWaitersAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runSnags(t, 2)
		a, b := addrs[0], addrs[1]
		nothing := snagAct{func(Context) {}}
		for _, row := range []struct {
			name string
			wait func(ctx context.Context) error
			want error
		}{
			{"Send", func(ctx context.Context) error {
				_, err := b.Send(ctx, nothing)
				return err
			}, context.Canceled},
			{"Future.Wait", func(ctx context.Context) error {
				c, _ := FromContext(ctx)
				f := Go(c, func(context.Context) (any, error) { return b.Send(context.Background(), nothing) })
				_, err := f.Wait(ctx)
				return err
			}, context.Canceled},
			{"Notify", func(ctx context.Context) error {
				assert.NoError(t, b.TryNotify(context.Background(), nothing))
				return b.Notify(ctx, nothing)
			}, context.Canceled},
		} {
			for _, cancelled := range []bool{false, true} {
				stay := make(chan struct{})
				require.NoError(t, b.Notify(t.Context(), snagAct{func(Context) { <-stay }}))
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				told := make(chan error, 1)
				require.NoError(t, a.Notify(t.Context(), snagAct{func(own Context) {
					linked, stop := context.WithCancel(own)
					defer context.AfterFunc(ctx, stop)()
					told <- row.wait(linked)
				}}))
				synctest.Wait()
				require.Equal(t, 1, waitsOf(a.actor), row.name)
				if cancelled {
					cancel()
					require.ErrorIs(t, <-told, row.want)
					close(stay)
				} else {
					close(stay)
					require.NoError(t, <-told)
				}
				cancel()
				synctest.Wait()
				require.Zero(t, waitsOf(a.actor), row.name)
			}
		}
		require.Zero(t, waitsOf(b.actor))
	})
}

// The chain of a request that was queued is one run, however long the chain of calls is, as each
// sender has a wait of its own; where runs have called each other on one goroutine, it has them
// all. A function of Go begins a chain.
func TestChainsHaveWhatIsOnOneGoroutine(t *testing.T) {
	t.Parallel()
	limited, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, row := range []struct {
		name  string
		ctx   context.Context
		links int
	}{{"queued", limited, 1}, {"inline", context.Background(), 5}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addrs := runSnags(t, 5)
			reached := false
			var next func(i int) snagAct
			next = func(i int) snagAct {
				return snagAct{func(ctx Context) {
					if i < len(addrs) {
						_, err := addrs[i].Send(ctx, next(i+1))
						assert.NoError(t, err)
						return
					}
					chain := chainOf(ctx)
					assert.Len(t, chain.Outer, row.links-1)
					assert.Equal(t, (*waiter)(ctx.actor), chain.Node)
					_, err := Go(ctx, func(ctx context.Context) (any, error) {
						chain := chainOf(ctx)
						assert.IsType(t, &goFunction{}, chain.Node)
						assert.Empty(t, chain.Outer)
						return nil, nil
					}).Wait(context.Background())
					assert.NoError(t, err)
					reached = true
				}}
			}
			_, err := addrs[0].Send(row.ctx, next(1))
			require.NoError(t, err)
			require.True(t, reached)
		})
	}
}

// However long a chain of requests is, no more than so many runs lie on one goroutine's stack: the
// others are queued.
func TestInlineRunsAreLimited(t *testing.T) {
	t.Parallel()
	most := int(runDepth / oneDeeper)
	for _, row := range []struct {
		name string
		ctx  func() (context.Context, func())
		opts []Option
	}{
		{"a ctx that never ends", func() (context.Context, func()) { return context.Background(), func() {} }, nil},
		{"WithInlineSend and a deadline in each", func() (context.Context, func()) { return context.WithCancel(t.Context()) },
			[]Option{WithInlineSend()}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := NewSystem()
			var addrs []*Address
			for range 3*most + 5 {
				addr, err := s.Run(snag{}, row.opts...)
				require.NoError(t, err)
				addrs = append(addrs, addr)
			}
			var depths []int
			var next func(i int) snagAct
			next = func(i int) snagAct {
				return snagAct{func(c Context) {
					depths = append(depths, len(chainOf(c).Outer))
					if i == len(addrs) {
						return
					}
					ctx, cancel := context.Context(c), func() {}
					if len(row.opts) > 0 {
						ctx, cancel = context.WithCancel(c)
					}
					defer cancel()
					_, err := addrs[i].Send(ctx, next(i+1))
					assert.NoError(t, err)
				}}
			}
			ctx, cancel := row.ctx()
			defer cancel()
			_, err := addrs[0].Send(ctx, next(1))
			require.NoError(t, err)
			require.Len(t, depths, len(addrs))
			inline := 0
			for _, d := range depths {
				require.LessOrEqual(t, d, most)
				if d > 0 {
					inline++
				}
			}
			require.Greater(t, inline, 2*most, "most are not queued")
			require.NoError(t, s.Shutdown(t.Context()))
		})
	}
}

// Who gives up is told how many were before it, or how many there were at least.
func TestQueuedBehind(t *testing.T) {
	t.Parallel()
	behind := func(n int32, more bool) string {
		return deadActor.queuedBehind(mailbox.Ahead{N: n, More: more})
	}
	require.Equal(t, "queued behind 128 or more", behind(128, true))
	require.Equal(t, "queued behind 3", behind(3, false))
}

// Entered-First: who gives up is in no ring from then on, though its message is not taken back yet.
func TestWhoGivesUpWaitsNoMore(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		wait func(ctx context.Context, to *Address) error
	}{
		{"Send", func(ctx context.Context, to *Address) error {
			_, err := to.Send(ctx, snagAct{func(Context) {}})
			return err
		}},
		{"Notify", func(ctx context.Context, to *Address) error { return to.Notify(ctx, snagAct{func(Context) {}}) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addrs := runSnags(t, 2)
			a, b := addrs[0], addrs[1]
			busy, leave := make(chan struct{}), make(chan struct{})
			defer close(leave)
			require.NoError(
				t,
				b.Notify(t.Context(), snagAct{func(Context) { close(busy); <-leave }}),
			)
			<-busy
			require.NoError(t, b.TryNotify(context.Background(), snagAct{func(Context) {}}))
			ctx, cancel := context.WithCancel(t.Context())
			told := make(chan error, 1)
			require.NoError(t, a.Notify(t.Context(), snagAct{func(own Context) {
				linked, stop := context.WithCancel(own)
				defer context.AfterFunc(ctx, stop)()
				told <- row.wait(linked, b)
			}}))
			become := func(waits int) {
				for deadline := time.Now().Add(10 * time.Second); waitsOf(a.actor) != waits; runtime.Gosched() {
					if time.Now().After(deadline) {
						t.Errorf("there are %d waits", waitsOf(a.actor))
						return
					}
				}
			}
			become(1)
			b.actor.box.Lock() // so that the message cannot be taken back
			cancel()
			become(0)
			b.actor.box.Unlock()
			require.ErrorIs(t, <-told, context.Canceled)
		})
	}
}

// The graph forgets every wait, however it ends, and all links of it, also at the end of a chain
// of runs on one goroutine, which has many.
func TestChainsOfWaitsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		actors := runSnags(t, 6)
		first, last := actors[0], actors[len(actors)-1]
		nothing := snagAct{func(Context) {}}
		for name, way := range map[string]func(ctx Context) error{
			"answered": func(ctx Context) error {
				_, err := last.Send(ctx, nothing)
				return err
			},
			"room": func(ctx Context) error { return last.Notify(ctx, nothing) },
			"given up": func(ctx Context) error {
				patience, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				_, err := last.Send(patience, nothing)
				return err
			},
			"an end": waitForTheEndOfAChild,
			"a name": waitForAName,
			"a deadlock": func(ctx Context) error {
				_, err := first.Send(ctx, nothing)
				return err
			},
			"a function of Go": func(ctx Context) error {
				_, err := Go(ctx, func(ctx context.Context) (any, error) {
					return last.Send(ctx, nothing)
				}).Wait(ctx)
				return err
			},
		} {
			stay := make(chan struct{})
			require.NoError(t, last.Notify(t.Context(), snagAct{func(Context) { <-stay }}))
			synctest.Wait()
			require.NoError(t, last.Notify(t.Context(), nothing))
			done := make(chan error, 1)
			var next func(i int, ctx context.Context)
			next = func(i int, ctx context.Context) {
				_, err := actors[i].Send(ctx, snagAct{func(own Context) {
					if i == len(actors)-2 {
						done <- way(own)
					} else {
						next(i+1, own)
					}
				}})
				assert.NoError(t, err)
			}
			go next(0, context.Background())
			time.Sleep(2 * time.Millisecond)
			if len(done) == 0 {
				require.Positive(t, waitsOf(first.actor), name)
			}
			time.Sleep(time.Minute)
			close(stay)
			err := <-done
			require.Equal(t, name == "a deadlock", errors.Is(err, ErrDeadlock), "%s: %v", name, err)
			synctest.Wait()
			for _, addr := range actors {
				require.Zero(t, waitsOf(addr.actor), name)
			}
		}
	})
}

func waitForTheEndOfAChild(ctx Context) error {
	child, err := ctx.Run(slowlyEnding{})
	if err != nil {
		return err
	}
	child.Stop()
	return child.Wait(ctx)
}

type slowlyEnding struct{ snag }

func (slowlyEnding) OnStopped(Context) { time.Sleep(time.Second) }

func waitForAName(ctx Context) error {
	system := ctx.Address().target().system
	go func() {
		_, _, _ = system.LookupOrRun(context.Background(), "name", func() any {
			return slowlyStarting{}
		})
	}()
	time.Sleep(time.Millisecond)
	_, _, err := system.LookupOrRun(ctx, "name", func() any { return nil })
	return err
}

type slowlyStarting struct{ snag }

func (slowlyStarting) OnStart(Context) error {
	time.Sleep(time.Second)
	return nil
}

// settledRequest is a request to an actor in the state that a sender finds when it wakes up.
func settledRequest(t *testing.T, a *actor) *mailbox.Envelope {
	t.Helper()
	to, msg, err := a.route(mendedAct{func(Context) {}})
	require.NoError(t, err)
	return mailbox.NewRequest(t.Context(), false, msg, to.handler, 0)
}

// One-Answer: who settles a request first decides what its sender hears, whatever comes before the
// sender looks.
func TestFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	a := addr.actor
	over, cancel := context.WithCancel(t.Context())
	cancel()
	t.Run("Shutdown, then the handler", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Begin())
		require.True(t, e.Park())
		e.Cut()
		<-e.Ready()
		e.Answer(7, nil)
		reply, err := a.answerOf(e)
		require.Nil(t, reply)
		requireHandled(t, err, MaybeHandled, ErrStopped)
	})
	t.Run("the handler, then Shutdown", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		e.Answer(7, nil)
		e.Cut()
		reply, err := a.answerOf(e)
		require.NoError(t, err)
		require.Equal(t, 7, reply)
	})
	t.Run("the handler, then the end of the sender's context", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		e.Answer(7, nil)
		require.NoError(t, a.giveUp(over, e))
		reply, err := a.answerOf(e)
		require.NoError(t, err)
		require.Equal(t, 7, reply)
	})
	t.Run("the handler, then the sender wants to sleep", func(t *testing.T) {
		e := settledRequest(t, a)
		e.Answer(7, nil)
		require.False(t, e.Park())
	})
	t.Run("the end of the sender's context, before the handler begins", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		requireHandled(t, a.giveUp(over, e), NotHandled, context.Canceled)
		require.False(t, e.Begin())
	})
	t.Run("the end of the sender's context, in the handler", func(t *testing.T) {
		e := settledRequest(t, a)
		require.True(t, e.Park())
		require.True(t, e.Begin())
		requireHandled(t, a.giveUp(over, e), MaybeHandled, context.Canceled)
		e.Answer(7, nil) // nobody reads it
	})
	require.NoError(t, s.Shutdown(t.Context()))
}

func requireHandled(t *testing.T, err error, handled Handled, cause error) {
	t.Helper()
	var failure *SendError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, handled, failure.Handled)
	require.ErrorIs(t, err, cause)
}

// Info: a tick that turns out to be none is never counted, not even until its turn is over.
func TestTickThatIsNoneIsNotCounted(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	a := addr.actor
	word, ok := a.box.Take(runInterval) // One-Owner: this goroutine
	require.True(t, ok)
	stopped := (*timed)(&Timer{actor: a, stopped: true})
	e := &mailbox.Envelope{Ctx: t.Context(), Kind: mailbox.Interval, Source: stopped}
	_, err := a.tick(Context{Context: t.Context(), actor: a, run: runOf(word, true)}, e)
	require.NoError(t, err)
	info, _ := a.info()
	require.Zero(t, info.Handled)
	require.Empty(t, info.Handling)
	require.True(t, a.box.TryIdle())
	require.NoError(t, s.Shutdown(t.Context()))
}

// A Timer that is over, or stopped, leaves nothing behind with its actor, and nothing that is
// still going to happen.
func TestTimersLeaveNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mendedSystem()
		addr := runMended(t, s)
		p := (*PrivateAddress)(addr.actor)
		note := mendedAct{func(Context) {}}
		kept := func() int {
			addr.actor.box.Lock()
			defer addr.actor.box.Unlock()
			return len(addr.actor.rare.timers)
		}
		armed := func(timer *Timer) bool { return timer.timer != nil && timer.timer.Stop() }

		p.NotifyLater(note, 0)
		require.Zero(t, kept(), "sent at once")
		p.NotifyLater(note, time.Second)
		require.Equal(t, 1, kept())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Zero(t, kept(), "sent at its time")
		stopped := p.NotifyLater(note, time.Hour)
		require.True(t, stopped.Stop())
		require.Zero(t, kept(), "stopped before")
		require.False(t, armed(stopped))

		ticks := 0
		var ticking *Timer
		require.NoError(t, p.Do(func(Context) { // in the actor's turn, as its ticks are
			ticking = p.NotifyInterval(func() any {
				if ticks++; ticks == 3 && !ticking.Stop() {
					t.Error("it is not stopped in its own tick")
				}
				return note
			}, time.Second)
		}))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 3, ticks)
		require.Zero(t, kept(), "stopped in its tick")
		require.False(t, armed(ticking))
		require.NoError(t, s.Shutdown(context.Background()))
	})
}

// Promise: what follows the loss of one is not called by the garbage collector's goroutine, which
// has others to tell; and a Future keeps nothing of what it has called.
func TestLostPromiseHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFuture[int]()
		leave, called := make(chan struct{}), 0
		f.whenSettled(func() { called++; <-leave })
		f.whenSettled(func() { called++ })
		f.drop() // returns
		synctest.Wait()
		require.Equal(t, 1, called)
		close(leave)
		synctest.Wait()
		require.Equal(t, 2, called)
		require.Nil(t, f.then)
	})
}

// Future: what is to be called when it is settled is called also where that happens at this very
// moment.
func TestWhenSettledAtThisMoment(t *testing.T) {
	t.Parallel()
	f := newFuture[int]()
	f.settled.Store(true) // the moment between this and the closing of ready
	called := false
	f.whenSettled(func() { called = true })
	require.True(t, called)
}

type valueKey struct{}

// Relays: runs that a notification's ctx was handed through add no values.
func TestCarriedThroughRuns(t *testing.T) {
	t.Parallel()
	root := carriedBy(context.WithValue(t.Context(), valueKey{}, "root"), nil)
	require.IsType(t, (*values.Carried)(nil), root)
	for name, ctx := range map[string]context.Context{
		"itself":           root,
		"by a request":     Context{Context: root, actor: deadActor},
		"without an actor": Context{Context: root},
		"by a function":    Context{Context: &goFunction{Context: root}, actor: deadActor},
		"through a start": Context{
			Context: startContext{root, context.Background(), Context{}}, actor: deadActor,
		},
	} {
		require.Same(t, root, carriedBy(ctx, nil), name)
	}
}

// Value: what was handed through any number of actors by requests is looked through by a loop.
func TestValueThroughManyRequests(t *testing.T) {
	t.Parallel()
	depth := 0
	root := &depthContext{t.Context(), &depth}
	var last context.Context = root
	for range 10_000 {
		last = Context{Context: last, actor: deadActor}
	}
	require.Equal(t, "root", last.Value(valueKey{}))
	require.Less(t, depth, 10)
	found, ok := FromContext(last)
	require.True(t, ok)
	require.Equal(t, last, found)
}

// depthContext notes how deep the stack is where it is asked for a value.
type depthContext struct {
	context.Context
	depth *int
}

func (c *depthContext) Value(key any) any {
	*c.depth = runtime.Callers(1, make([]uintptr, 100))
	if key == (valueKey{}) {
		return "root"
	}
	return c.Context.Value(key)
}

type (
	scannedActor struct{}
	scannedRace  struct{}
	scannedFault struct{}
	scannedMsg   struct{}
)

func (scannedActor) HandleMsg(Context, scannedMsg) {}

func (scannedActor) HandleStringer(Context, fmt.Stringer) {}

func (*scannedRace) HandleMsg(Context, scannedMsg) {}

func (scannedFault) HandleMsg(scannedMsg) {}

// H6: a type is scanned once: all its actors, and Describe, share one table; a pointer is another
// type than its value.
func TestTypeIsScannedOnce(t *testing.T) {
	t.Parallel()
	first, err := tableFor(reflect.TypeFor[scannedActor]())
	require.NoError(t, err)
	system := NewSystem()
	t.Cleanup(func() { require.NoError(t, system.Shutdown(context.Background())) })
	for _, actor := range []any{scannedActor{}, Spawner[scannedActor](func() scannedActor { return scannedActor{} })} {
		addr, err := system.Run(actor)
		require.NoError(t, err)
		require.Same(t, first, addr.actor.table)
		again, err := tableOf(actor)
		require.NoError(t, err)
		require.Same(t, first, again)
	}
	pointer, err := tableFor(reflect.TypeFor[*scannedActor]())
	require.NoError(t, err)
	require.NotSame(t, first, pointer)
}

// H6: a type with faults is not scanned again either.
func TestFaultyTypeIsScannedOnce(t *testing.T) {
	t.Parallel()
	_, first := NewSystem().Run(scannedFault{})
	_, again := NewSystem().Run(scannedFault{})
	require.Error(t, first)
	require.Same(t, first, again)
}

// H6: those who need the table of a new type at the same time share one scan.
func TestConcurrentRunsScanOnce(t *testing.T) {
	t.Parallel()
	const rounds = 500
	typ := reflect.TypeFor[*scannedRace]()
	for range rounds {
		tables.Delete(typ) // a new type again
		var (
			found   [2]*table
			arrived atomic.Int32
			ended   sync.WaitGroup
		)
		for i := range found {
			ended.Add(1)
			go func() {
				defer ended.Done()
				for arrived.Add(1); arrived.Load() < int32(len(found)); {
					runtime.Gosched() // a channel would wake them one after the other
				}
				var err error
				if found[i], err = tableFor(typ); err != nil {
					t.Error(err)
				}
			}()
		}
		ended.Wait()
		require.Same(t, found[0], found[1])
	}
}

// H5: what a message's type was resolved to is remembered: it is found again where the rules would
// find it no more.
func TestResolvedIsCached(t *testing.T) {
	t.Parallel()
	tbl, err := scan(reflect.TypeFor[*scannedActor]()) // not the one that all tests share
	require.NoError(t, err)
	msg := context.Background().(fmt.Stringer)
	first, _, err := tbl.route(msg)
	require.NoError(t, err)
	require.Equal(t, "HandleStringer", first.GoName)
	tbl.partial = nil
	again, _, err := tbl.route(msg)
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// What is nearly a hook's name is found by what it begins with.
func TestHooksBeginWithStems(t *testing.T) {
	t.Parallel()
	for name, hook := range rules.Hooks {
		require.True(t, slices.ContainsFunc(rules.Stems, func(stem string) bool {
			return strings.HasPrefix(name, stem)
		}), name)
		require.Equal(t, 1, hook.NumIn())
		require.Equal(t, rules.Context, hook.In(0))
	}
}

// Speed: what the cache has for a type is three words, and with its key half a cache line.
func TestResolvedIsSmall(t *testing.T) {
	t.Parallel()
	if reflect.TypeFor[call.Opaque]().Kind() == reflect.Interface {
		t.Skip("built without unsafe code, whose calls are one word")
	}
	require.LessOrEqual(t, reflect.TypeFor[resolved]().Size(), uintptr(24))
}

// Speed: a Context takes four registers, and so leaves four for a message where there are fewest:
// on amd64, of nine, with one for the receiver.
func TestContextIsSmall(t *testing.T) {
	t.Parallel()
	if bits.UintSize != 64 {
		t.Skip("handlers are called without reflection on 64-bit machines only")
	}
	require.LessOrEqual(t, reflect.TypeFor[Context]().Size(), uintptr(32))
}

// mended does what a message says.
type mended struct{}

func (mended) HandleAct(ctx Context, m mendedAct) { m.f(ctx) }

func (mended) HandleLater(_ Context, m mendedLater) *Future[int] { return m.future }

func (mended) HandleTerminated(Context, Terminated) {}

type (
	mendedAct   struct{ f func(Context) }
	mendedLater struct{ future *Future[int] }
)

func mendedSystem() *System {
	return NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
}

// runMended runs an actor.
func runMended(t *testing.T, s *System) *Address {
	t.Helper()
	addr, err := s.Run(mended{})
	require.NoError(t, err)
	return addr
}

// E1: a Future's own error comes back unchanged, also one that wraps how the wait for another
// Future ended.
func TestFutureFailsWithAnothersError(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	defer func() { require.NoError(t, s.Shutdown(context.Background())) }()
	addr := runMended(t, s)
	recipient, err := RecipientOf[mendedLater, int](addr)
	require.NoError(t, err)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, late := newFuture[int]().Wait(over)
	require.ErrorIs(t, late, context.Canceled)
	for name, own := range map[string]error{
		"a wait that ended":              late,
		"one that wraps it":              fmt.Errorf("the other: %w", late),
		"that of a lost Promise itself":  errPromiseDropped,
		"one that wraps a lost Promise":  fmt.Errorf("the other: %w", errPromiseDropped),
		"one that joins both":            errors.Join(late, errPromiseDropped),
		"one that wraps a Shutdown's":    fmt.Errorf("the other: %w", errShutDown),
		"one that wraps a lost envelope": fmt.Errorf("the other: %w", mailbox.ErrRefused),
	} {
		promise, future := NewPromise[int](context.Background())
		promise.Reject(own)
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			_, unpacked := addr.SendUnpack(ctx, mendedLater{future})
			_, asked := Ask[int](ctx, addr, mendedLater{future})
			_, received := recipient.Send(ctx, mendedLater{future})
			for _, err := range []error{unpacked, asked, received} {
				same := err == own //nolint:errorlint // the identity is the promise
				require.True(t, same, "%s: %v", name, err)
			}
		}
	}
}

// Timer.Stop is true, and no message comes, also where the time is up already and the message has
// not got into the lane.
func TestTimerStopWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	private := (*PrivateAddress)(addr.actor)
	timer := private.NotifyLater(
		mendedAct{func(Context) { t.Error("it was handled after all") }},
		time.Hour,
	)
	require.True(t, timer.timer.Stop(), "as if the time was up, and fire about to be called")
	require.True(t, timer.Stop())
	timer.fire()
	require.False(t, timer.Stop())

	began := make(chan struct{})
	timer = private.NotifyLater(mendedAct{func(Context) { close(began) }}, time.Hour)
	require.True(t, timer.timer.Stop())
	timer.fire()
	<-began
	require.False(t, timer.Stop())
	require.NoError(t, s.Shutdown(t.Context()))
}

// Timer.Stop is true of an interval that goes on: a tick whose turn has come, and has not begun,
// never does.
func TestTimerStopBeforeATickBegins(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	ticks := 0
	timer := (*PrivateAddress)(addr.actor).NotifyInterval(func() any {
		ticks++
		return mendedAct{func(Context) {}}
	}, time.Hour)
	_, err := (*PrivateAddress)(
		addr.actor,
	).Send(
		context.Background(),
		mendedAct{func(Context) { assert.Equal(t, 1, ticks) }},
	)
	require.NoError(t, err)
	_, err = addr.Send(context.Background(), mendedAct{func(ctx Context) {
		tick := timer.message // as if its owner had just taken it out of the lane
		assert.True(t, timer.Stop())
		_, err := ctx.actor.tick(ctx, tick)
		assert.NoError(t, err)
		assert.Equal(t, 1, ticks)
	}})
	require.NoError(t, err)
	require.False(t, timer.Stop())
	require.NoError(t, s.Shutdown(t.Context()))
}

// A Context has no Context of its own system below it, nor a function one of Go, however messages
// and functions are sent on: so none of them keeps those before.
func TestContextsThatAreSentOnDoNotGrow(t *testing.T) {
	t.Parallel()
	actors := runSnags(t, 2)
	got := make(chan Context, 1)
	keep := snagAct{func(ctx Context) { got <- ctx }}
	sender, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := actors[0].Send(sender, keep)
	require.NoError(t, err)
	first := <-got
	_, err = actors[1].Send(first, keep)
	require.NoError(t, err)
	require.NotEqual(t, reflect.TypeFor[Context](), reflect.TypeOf((<-got).Context))

	var below context.Context
	_, err = Go(first, func(ctx context.Context) (int, error) {
		return Go(ctx.(Context), func(ctx context.Context) (int, error) {
			below = ctx.(Context).Context.(*goFunction).Context
			return 0, nil
		}).Wait(ctx)
	}).Wait(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, reflect.TypeFor[*goFunction](), reflect.TypeOf(below))
}
