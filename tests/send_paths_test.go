package tests_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about the two paths of a request, through the mailbox and on its sender's
// goroutine: they keep the same promises.

// conformance is what is checked on each path.
func conformance() []struct {
	name  string
	check func(*testing.T, sendPath)
} {
	return []struct {
		name  string
		check func(*testing.T, sendPath)
	}{
		{"order of Notify and Send", checkOrder},
		{"one at a time", checkOneAtATime},
		{"each sender gets its own reply", checkReply},
		{"the handler's error comes back unchanged", checkError},
		{"a panic is a PanicError, then the actor stops", checkPanic},
		{"a panic with an error", checkPanicWithError},
		{"Stop in a handler", checkStop},
		{"Stop in a handler, vetoed", checkVeto},
		{"Stop in OnStart", checkStopInStart},
		{"deadlock", checkDeadlock},
		{"Goexit in a handler", checkGoexit},
		{"after the end", checkAfterEnd},
	}
}

// The two send paths keep the same promises.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range conformance() {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.check(t, path)
				})
			}
		})
	}
}

// Nothing that the library keeps for the whole process belongs to a bubble: use outside, in three
// bubbles one after the other, and outside again, of the same actor types, works.
func TestConformanceInBubbles(t *testing.T) {
	t.Parallel()
	all := func(t *testing.T) {
		t.Helper()
		for _, path := range sendPaths() {
			for _, c := range conformance() {
				c.check(t, path)
			}
		}
	}
	all(t)
	for range 3 {
		synctest.Test(t, all)
	}
	all(t)
}

// D2: one goroutine's messages are handled in the order sent, a Send after a Notify included.
func checkOrder(t *testing.T, p sendPath) {
	t.Helper()
	addr := p.run(t, newGate())
	for n := 0; n < 60; n += 3 {
		require.NoError(t, addr.Notify(p.ctx(t), Note{n}))
		require.NoError(t, addr.TryNotify(context.Background(), Note{n + 1}))
		reply, err := p.send(t, addr, Note{n + 2})
		require.NoError(t, err)
		require.Equal(t, n+2, reply)
	}
	notes, err := akt.Ask[[]int](p.ctx(t), addr, Notes{})
	require.NoError(t, err)
	require.Len(t, notes, 60)
	require.IsIncreasing(t, notes)
}

// D1: handlers never overlap, and see each other's writes.
func checkOneAtATime(t *testing.T, p sendPath) {
	t.Helper()
	addr := p.run(t, &doll{})
	ctx, total := p.ctx(t), 0
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 50 {
				if _, err := p.way(ctx, addr, deed(func(akt.Context) { total++ })); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	reply, err := p.way(ctx, addr, play(func(akt.Context) (any, error) { return total, nil }))
	require.NoError(t, err)
	require.Equal(t, 200, reply)
}

// D4: replies are not mixed up between senders.
func checkReply(t *testing.T, p sendPath) {
	t.Helper()
	addr := p.run(t, newGate())
	ctx := p.ctx(t)
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for round := range 50 {
				want := sender*1000 + round
				got, err := p.way(ctx, addr, Note{want})
				if err != nil || got != want {
					t.Errorf("asked for %d, got %v, error %v", want, got, err)
				}
			}
		})
	}
	senders.Wait()
}

// E1: the handler's own error is the sender's, the same value, without a reply, and the actor lives
// on.
func checkError(t *testing.T, p sendPath) {
	t.Helper()
	own := errors.New("the handler's own")
	addr := p.run(t, &doll{})
	reply, err := p.send(t, addr, play(func(akt.Context) (any, error) { return "not this", own }))
	require.Nil(t, reply)
	//nolint:errorlint,testifylint // the identity is the promise
	require.True(t, err == own, "the error is %v", err)
	settled(t, addr)
}

// L5: the sender of a message whose handler panics hears it at once; the actor stops, and OnStopped
// is not left out.
func checkPanic(t *testing.T, p sendPath) {
	t.Helper()
	var j journal
	addr := p.run(t, &doll{
		onStopping: func(akt.Context) bool { j.add("OnStopping"); return false },
		onStopped:  func(akt.Context) { j.add("OnStopped") },
	})
	reply, err := p.send(t, addr, deed(func(akt.Context) { panic("broken") }))
	require.Nil(t, reply)
	requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
	var failure *akt.PanicError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "broken", failure.Value)
	require.Contains(t, string(failure.Stack), "checkPanic")
	<-addr.Done()
	require.Equal(t, []string{"OnStopped"}, j.all())
	require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
	_, err = p.send(t, addr, deed(func(akt.Context) {}))
	requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
}

// E2: a panic with an error unwraps to it.
func checkPanicWithError(t *testing.T, p sendPath) {
	t.Helper()
	own := errors.New("broken")
	addr := p.run(t, &doll{})
	_, err := p.send(t, addr, deed(func(akt.Context) { panic(own) }))
	requireSendError(t, err, akt.MaybeHandled, own)
	<-addr.Done()
	require.ErrorIs(t, addr.Err(), own)
}

// L2: Context.Stop stops the actor after the message, whose reply is still delivered.
func checkStop(t *testing.T, p sendPath) {
	t.Helper()
	var j journal
	addr := p.run(t, &doll{
		onStopping: func(ctx akt.Context) bool {
			j.add("OnStopping, %v", ctx.State())
			return true
		},
		onStopped: func(ctx akt.Context) { j.add("OnStopped, %v", ctx.State()) },
	})
	reply, err := p.send(t, addr, play(func(ctx akt.Context) (any, error) {
		before := ctx.State()
		ctx.Stop()
		j.add("%v, then %v", before, ctx.State())
		return "reply", nil
	}))
	require.NoError(t, err)
	require.Equal(t, "reply", reply)
	<-addr.Done()
	require.Equal(t,
		[]string{"started, then stopping", "OnStopping, stopping", "OnStopped, stopping"}, j.all())
	require.NoError(t, addr.Err())
	require.True(t, addr.IsClosed())
}

// L2: a veto takes the actor back to where it was; nothing is lost by it.
func checkVeto(t *testing.T, p sendPath) {
	t.Helper()
	var j journal
	addr := p.run(t, &doll{onStopping: func(akt.Context) bool {
		j.add("OnStopping")
		return false
	}})
	_, err := p.send(t, addr, deed(func(ctx akt.Context) {
		assert.NoError(t, ctx.Address().Notify(ctx, j.entry("queued")))
		ctx.Stop()
	}))
	require.NoError(t, err)
	state, err := p.send(t, addr,
		play(func(ctx akt.Context) (any, error) { return ctx.State(), nil }))
	require.NoError(t, err)
	require.Equal(t, akt.Started, state)
	require.Equal(t, []string{"OnStopping", "queued"}, j.all())
	require.False(t, addr.IsClosed())
}

// Stop in OnStart ends the actor before Run returns, with OnStopped; a veto makes it go on.
func checkStopInStart(t *testing.T, p sendPath) {
	t.Helper()
	var j journal
	actor := func(stop bool) *doll {
		return &doll{
			onStart:    func(ctx akt.Context) error { ctx.Stop(); return nil },
			onStopping: func(akt.Context) bool { j.add("OnStopping"); return stop },
			onStopped:  func(akt.Context) { j.add("OnStopped") },
		}
	}
	_, err := akt.NewSystem().Run(actor(true), p.opts...)
	require.ErrorIs(t, err, akt.ErrStopped)
	require.Equal(t, []string{"OnStopping", "OnStopped"}, j.all())
	addr := p.run(t, actor(false))
	state, err := p.send(t, addr,
		play(func(ctx akt.Context) (any, error) { return ctx.State(), nil }))
	require.NoError(t, err)
	require.Equal(t, akt.Started, state)
}

// D6: an actor that would wait for itself hears so at once, directly and through another one.
func checkDeadlock(t *testing.T, p sendPath) {
	t.Helper()
	a, b := p.run(t, &doll{}), p.run(t, &doll{})
	ask := func(to *akt.Address, msg any) dollAct {
		return play(func(ctx akt.Context) (any, error) { return p.way(ctx, to, msg) })
	}
	_, err := p.send(t, a, ask(a, deed(func(akt.Context) {})))
	requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
	_, err = p.send(t, a, ask(b, ask(a, deed(func(akt.Context) {}))))
	requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
	settled(t, a)
	settled(t, b)
}

// D5: Goexit in a handler is as a panic to the actor. A queued sender hears of it; where the
// handler runs on the sender's own goroutine, that ends, as in any Go call.
func checkGoexit(t *testing.T, p sendPath) {
	t.Helper()
	stopped := 0
	addr := p.run(t, &doll{onStopped: func(akt.Context) { stopped++ }})
	ctx := p.ctx(t)
	var err error
	returned, ended := false, make(chan struct{})
	go func() {
		defer close(ended)
		_, err = p.way(ctx, addr, deed(func(akt.Context) { runtime.Goexit() }))
		returned = true
	}()
	<-ended
	require.Equal(t, !p.inline, returned)
	if returned {
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
		require.ErrorAs(t, err, new(*akt.PanicError))
	}
	<-addr.Done()
	require.Equal(t, 1, stopped)
	require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
}

// E2: whatever is sent to an actor that has ended was not handled.
func checkAfterEnd(t *testing.T, p sendPath) {
	t.Helper()
	addr := p.run(t, newGate())
	addr.Stop()
	<-addr.Done()
	_, err := p.send(t, addr, Note{})
	requireSendError(t, err, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToDeliver)
	requireSendError(t, addr.Notify(p.ctx(t), Note{}), akt.NotHandled, akt.ErrStopped,
		akt.ErrFailedToDeliver)
	requireSendError(t, addr.TryNotify(context.Background(), Note{}), akt.NotHandled,
		akt.ErrStopped, akt.ErrFailedToDeliver)
}

// D5: the handler runs on the sender's goroutine where nobody could notice: the actor is idle and
// the ctx cannot end, or WithInlineSend allows it.
func TestWhereTheHandlerRuns(t *testing.T) {
	t.Parallel()
	where := play(func(akt.Context) (any, error) { return goroutine(), nil })
	for _, row := range []struct {
		name string
		ctx  func(akt.Context) context.Context
		opts []akt.Option
		here bool
	}{
		{"a ctx that cannot end", func(akt.Context) context.Context { return context.Background() },
			nil, true},
		{"a ctx that can end", func(akt.Context) context.Context { return t.Context() }, nil,
			false},
		{"a ctx that can end, WithInlineSend",
			func(akt.Context) context.Context { return t.Context() },
			[]akt.Option{akt.WithInlineSend()}, true},
		{"a handler's own Context", func(ctx akt.Context) context.Context { return ctx }, nil,
			true},
		{"one derived from it",
			func(ctx akt.Context) context.Context { return context.WithValue(ctx, Note{}, 1) }, nil,
			false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			outer, inner := run(t, &doll{}), run(t, &doll{}, row.opts...)
			_, err := outer.Send(context.Background(), deed(func(ctx akt.Context) {
				there, err := inner.Send(row.ctx(ctx), where)
				if err != nil || (there == goroutine()) != row.here {
					t.Errorf("the handler ran on goroutine %v, its sender on %v (error %v)", there,
						goroutine(), err)
				}
			}))
			require.NoError(t, err)
		})
	}
}

// D5: a Send that runs the handler itself returns when the handler does, also after its ctx has
// ended.
func TestInlineSendReturnsWithItsHandler(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithInlineSend())
	ctx, cancel := context.WithCancel(t.Context())
	reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) {
		cancel()
		<-ctx.Done()
		return "reply", nil
	}))
	require.NoError(t, err)
	require.Equal(t, "reply", reply)
}
