package akt

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handTo has an actor's handler do something, by this goroutine as the owner, which works with w.
// It returns when the goroutine owns nothing any more. No other goroutine comes to look at what is
// handed to w: so it is this one that owns that, too.
func handTo(t *testing.T, w *worker, a *Address, f func(Context)) {
	t.Helper()
	handAs(t, notification, w, a, f)
}

// handAs is handTo for a message of this kind.
func handAs(t *testing.T, k kind, w *worker, a *Address, f func(Context)) {
	t.Helper()
	w.coming.Store(true) // Somebody-Comes: it seems so
	to, msg, err := a.actor.route(mendedAct{f})
	require.NoError(t, err)
	e := &envelope{ctx: context.Background(), msg: msg, to: to, kind: k}
	_, start := a.actor.box.push(e, publicLane, false)
	require.True(t, start)
	a.actor.box.crew.Store(w)
	a.actor.work()
}

// say sends the actor something to do.
//
//nolint:revive // the test comes first
func say(t *testing.T, ctx context.Context, to *Address, f func(Context)) {
	t.Helper()
	if err := to.TryNotify(ctx, mendedAct{f}); err != nil {
		t.Error(err)
	}
}

// One-Owner: a goroutine that goes on from actor to actor takes its worker with it. Each of them
// has given it up by then: an actor with a new owner and the worker of the old one would share its
// batch and its envelopes with another actor.
func TestActorsDoNotShareAWorker(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	w, visits := new(worker), 0
	alone := func(here, there *Address) {
		visits++
		require.Same(t, w, here.actor.box.crew.Load())
		require.Nil(t, there.actor.box.crew.Load())
	}
	handTo(t, w, a, func(ctx Context) {
		alone(a, b)
		say(t, ctx, b, func(ctx Context) { // the goroutine comes from next
			alone(b, a)
			say(t, ctx, a, func(ctx Context) { // it comes from the message in hand
				alone(a, b)
				say(t, ctx, a, func(Context) { alone(a, b) }) // there is more to do
				say(t, ctx, b, func(ctx Context) {            // it comes from a batch
					alone(b, a)
					say(t, ctx, b, func(Context) { alone(b, a) })
					say(t, ctx, b, func(ctx Context) {
						alone(b, a)
						say(t, ctx, a, func(Context) { alone(a, b) })
					})
				})
			})
		})
	})
	require.Equal(t, 8, visits)
	require.Nil(t, w.next.Load())
	for _, addr := range []*Address{a, b} {
		require.Nil(t, addr.actor.box.crew.Load())
		require.Zero(t, addr.actor.box.word.Load()&flagMask)
	}
	require.NoError(t, s.Shutdown(t.Context()))
}

// Somebody-Comes: an actor that was handed to a worker is not lost or replaced when another one
// comes: that is owned by a goroutine of its own.
func TestWorkerTakesOneActorAtATime(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b, c := runMended(t, s), runMended(t, s), runMended(t, s)
	w, order := new(worker), make(chan string, 2)
	var first *actor
	handTo(t, w, a, func(ctx Context) {
		say(t, ctx, b, func(Context) { order <- "b" })
		first = w.next.Load()
		say(t, ctx, c, func(Context) { order <- "c" })
		require.Equal(t, "c", inTime(t, order, "the second actor has no owner", 0))
		require.Same(t, first, w.next.Load())
	})
	require.Same(t, b.actor, first)
	require.Equal(t, "b", inTime(t, order, "the first actor has no owner", 0))
	require.NoError(t, s.Shutdown(t.Context()))
}

// Somebody-Comes: what a handler wakes does not wait for that handler: a goroutine comes for each
// actor that it hands over.
func TestHandedActorDoesNotWaitForItsWaker(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	over := make(chan struct{})
	say(t, context.Background(), a, func(ctx Context) {
		for n := range 3 {
			woken := make(chan struct{})
			say(t, ctx, b, func(Context) { close(woken) })
			inTime(t, woken, "the actor has no owner", n)
			for b.actor.box.word.Load()&flagBusy != 0 { // it is idle, and woken again
				runtime.Gosched()
			}
		}
		close(over)
	})
	inTime(t, over, "the handler goes on", 0)
	require.NoError(t, s.Shutdown(t.Context()))
}

// D5: an actor that a handler wakes is only handed to the goroutine of that handler while it runs
// there: with a Context that was kept, or that of a handler on its sender's goroutine, nobody
// would come.
func TestKeptContextHandsNothingOver(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	for name, keep := range map[string]func() Context{
		"of a handler that has returned": func() (kept Context) {
			handTo(t, new(worker), a, func(ctx Context) { kept = ctx })
			return kept
		},
		"of one on its sender's goroutine": func() Context {
			return keptContext(context.Background(), t, a)
		},
	} {
		kept, woken := keep(), make(chan struct{})
		say(t, kept, b, func(Context) { close(woken) })
		inTime(t, woken, name, 0)
		require.Nil(t, a.actor.box.crew.Load(), name)
	}
	_, err := a.Send(context.Background(), mendedAct{func(ctx Context) { // it runs here
		woken := make(chan struct{})
		say(t, ctx, b, func(Context) { close(woken) })
		inTime(t, woken, "the actor has no owner", 0)
		require.Nil(t, a.actor.box.crew.Load(), "its goroutine has no worker")
	}})
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(t.Context()))
}

// Batch-Is-Notifications: what queues behind a busy handler is taken at once where that is only
// notifications, and one by one where there is a request, or one message.
func TestWhatIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		kinds []kind
		taken []int32 // in each handler: how many the batch had
	}{
		{"notifications", []kind{notification, notification, notification}, []int32{3, 3, 3}},
		{"one notification", []kind{notification}, []int32{0}},
		{
			"a request among them", []kind{notification, request, notification, notification},
			[]int32{0, 0, 2, 2},
		},
		{"requests", []kind{request, request}, []int32{0, 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := mendedSystem()
			addr := runMended(t, s)
			a := addr.actor
			var taken []int32
			to, msg, err := a.route(mendedAct{func(Context) {
				a.box.mu.Lock()
				defer a.box.mu.Unlock()
				taken = append(taken, a.box.size)
			}})
			require.NoError(t, err)
			for _, k := range row.kinds {
				e := &envelope{ctx: context.Background(), msg: msg, to: to, kind: k}
				a.box.push(e, publicLane, true)
			}
			a.work() // One-Owner: the first push has made it this goroutine
			require.Equal(t, row.taken, taken)
			require.Zero(t, a.box.size)
			require.NoError(t, s.Shutdown(context.Background()))
		})
	}
}

// Somebody-Comes: the goroutine that comes takes the actor out, so that no other one owns it as
// well.
func TestRelieveTakesTheActorOut(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	b := runMended(t, s)
	w, handled := new(worker), 0
	w.coming.Store(true)
	to, msg, err := b.actor.route(mendedAct{func(Context) {
		handled++
		require.Nil(t, w.next.Load())
		require.False(t, w.coming.Load(), "who hands over from now on brings another one")
	}})
	require.NoError(t, err)
	require.True(t, b.actor.box.takeIdle(to.index))
	b.actor.box.hand = newNotice(context.Background(), msg, to)
	require.True(t, w.hand(b.actor))
	w.relieve()
	w.relieve() // there is nothing left
	require.Equal(t, 1, handled)
	require.NoError(t, s.Shutdown(t.Context()))
}

// A handler of a queued request hands what it wakes to its own goroutine, as one of a notification
// does.
func TestRequestHandsOverToItsGoroutine(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	w, handled := new(worker), false
	handAs(t, request, w, a, func(ctx Context) {
		say(t, ctx, b, func(Context) { handled = true })
		require.Same(t, b.actor, w.next.Load())
	})
	require.True(t, handled)
	require.NoError(t, s.Shutdown(t.Context()))
}

// Speed, and memory: the envelopes of a batch are used again, but for those with a channel or a
// timer, and hold nothing of the messages that were handled.
func TestEnvelopesOfABatchAreUsedAgain(t *testing.T) {
	t.Parallel()
	s := mendedSystem()
	addr := runMended(t, s)
	a, waited := addr.actor, 0
	to, msg, err := a.route(mendedAct{func(Context) { waited++ }})
	require.NoError(t, err)
	push := func(pooled bool) (e *envelope, start bool) {
		e = &envelope{ctx: t.Context(), msg: msg, to: to, kind: notification, pooled: pooled}
		_, start = a.box.push(e, publicLane, false)
		return e, start
	}
	first, start := push(true)
	require.True(t, start) // One-Owner: this goroutine
	_, _ = push(false)
	third, _ := push(true)
	lastOf, lastMsg, err := a.route(mendedAct{func(Context) {
		w := a.box.crew.Load()
		require.Same(t, third, w.spent)
		require.Same(t, first, third.next)
		require.Nil(t, first.next, "the one that is not pooled is not among them")
		for _, e := range []*envelope{first, third} {
			require.Nil(t, e.msg)
			require.Nil(t, e.ctx)
			require.Zero(t, e.to)
		}
	}})
	require.NoError(t, err)
	e := &envelope{ctx: t.Context(), msg: lastMsg, to: lastOf, kind: notification}
	a.box.push(e, publicLane, false)
	a.work()
	require.Equal(t, 3, waited)
	require.NoError(t, s.Shutdown(t.Context()))
}

// Somebody-Comes: an actor that is handed over at the moment when the goroutine that was on its
// way finds nothing does not wait for the handler that has woken it.
//
//nolint:paralleltest // it needs two processors for itself
func TestEdgeOfHandingOver(t *testing.T) {
	s := mendedSystem()
	a, b := runMended(t, s), runMended(t, s)
	for round := range edgeRounds(20000) {
		over := make(chan struct{})
		say(t, context.Background(), a, func(ctx Context) {
			say(t, ctx, b, func(ctx Context) { // by either goroutine
				for a.actor.box.word.Load()&flagBusy != 0 {
					runtime.Gosched()
				}
				spin(round % 200)
				woken := make(chan struct{})
				say(t, ctx, a, func(Context) { close(woken) })
				lost := time.NewTimer(10 * time.Second)
				defer lost.Stop()
				select {
				case <-woken:
				case <-lost.C:
					t.Errorf("round %d: the actor waits for who has woken it", round)
				}
				close(over)
			})
		})
		<-over
		if t.Failed() {
			break
		}
	}
	require.NoError(t, s.Shutdown(context.Background()))
}
