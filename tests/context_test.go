package tests_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type ctxKey struct{}

// goroutinesOfBubble counts the goroutines of the bubble it is called in, once all others are blocked: one that allocates may have to
// help the garbage collector, and belongs to no bubble meanwhile (runtime.gcAssistAlloc).
func goroutinesOfBubble(t *testing.T) int {
	t.Helper()
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	own, _, _ := bytes.Cut(stacks, []byte("\n")) // the caller's comes first
	_, bubble, ok := strings.Cut(string(own), "synctest bubble ")
	require.True(t, ok, "not in a bubble: %s", own)
	bubble = strings.TrimRight(bubble, "]:")
	n := 0
	for line := range strings.Lines(string(stacks)) {
		if strings.HasPrefix(line, "goroutine ") && strings.Contains(line, "synctest bubble "+bubble+"]") {
			n++
		}
	}
	require.Positive(t, n)
	return n
}

// A handler's Context is its sender's context: deadline, values and end.
func TestContextIsTheSenders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		deadline := time.Now().Add(time.Minute)
		parent := context.WithValue(t.Context(), ctxKey{}, "value")
		ctx, cancel := context.WithDeadline(parent, deadline)
		defer cancel()
		reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) {
			got, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, deadline, got)
			assert.Equal(t, "value", ctx.Value(ctxKey{}))
			assert.NoError(t, ctx.Err())
			return ctx, nil
		}))
		require.NoError(t, err)
		kept := reply.(akt.Context)
		synctest.Wait()
		require.NoError(t, kept.Err(), "the handler's return does not end its Context")
		<-kept.Done()
		require.Equal(t, deadline, time.Now())
		require.ErrorIs(t, kept.Err(), context.DeadlineExceeded)
	})
}

// The cause of the sender's end can be found through the handler's Context, and through one derived from it.
func TestContextKeepsTheCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		cause := errors.New("the cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) { return ctx, nil }))
		require.NoError(t, err)
		kept := reply.(akt.Context)
		derived, stop := context.WithCancel(kept)
		defer stop()
		cancel(cause)
		<-derived.Done()
		require.ErrorIs(t, kept.Err(), context.Canceled)
		require.ErrorIs(t, context.Cause(kept), cause)
		require.ErrorIs(t, context.Cause(derived), cause)
	})
}

// A Context may be kept after its handler returned, and says the same whatever was handled since; also after the actor's end.
func TestContextIsKept(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithName("kept"))
	var kept []akt.Context
	for n := range 3 {
		ctx := context.WithValue(t.Context(), ctxKey{}, n)
		reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) { return ctx, nil }))
		require.NoError(t, err)
		kept = append(kept, reply.(akt.Context))
	}
	check := func() {
		for n, ctx := range kept {
			require.Equal(t, n, ctx.Value(ctxKey{}))
			require.NoError(t, ctx.Err())
			require.Equal(t, "kept", ctx.Address().Name())
		}
	}
	check()
	addr.Stop()
	<-addr.Done()
	check()
	require.Equal(t, akt.Stopped, kept[0].State())
	require.True(t, kept[0].Private().IsClosed())
	kept[0].Stop()
	_, err := kept[0].Run(&doll{})
	require.ErrorIs(t, err, akt.ErrStopped)
	kept[0].Watch(addr)
	kept[0].Unwatch(addr)
}

// After a Notify, a Context has the sender's values only, on every way in that nobody waits for.
func TestContextOfANotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		private := contextOf(t, addr).Private()
		for name, to := range map[string]akt.Sender{"address": addr, "weak": addr.Downgrade(), "private": private} {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, name), time.Hour)
			got := make(chan akt.Context, 1)
			require.NoError(t, to.Notify(ctx, deed(func(ctx akt.Context) { got <- ctx })))
			kept := <-got
			cancel()
			synctest.Wait()
			require.Equal(t, name, kept.Value(ctxKey{}))
			require.NoError(t, kept.Err())
			_, has := kept.Deadline()
			require.False(t, has)
			select {
			case <-kept.Done():
				t.Error("Done is closed")
			default:
			}
		}
	})
}

// Where the sender's ctx cannot end, Done is one channel for the actor's whole life.
func TestContextDoneIsOneChannel(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	first := contextOf(t, addr)
	var second akt.Context
	require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) { second = ctx })))
	settled(t, addr)
	require.Equal(t, first.Done(), second.Done())
	require.NotNil(t, first.Done())
}

// context.WithTimeout, WithCancel and AfterFunc on a handler's Context start no goroutine, and hear of its end.
func TestDerivedContextStartsNoGoroutine(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := path.run(t, &doll{})
				_, err := path.send(t, addr, deed(func(ctx akt.Context) {
					before := goroutinesOfBubble(t)
					var stops []func() bool
					for range 10 {
						derived, cancel := context.WithTimeout(ctx, time.Minute)
						t.Cleanup(cancel)
						assert.NotNil(t, derived.Done())
						stops = append(stops, context.AfterFunc(ctx, func() { t.Error("called though it was stopped") }))
					}
					assert.Equal(t, before, goroutinesOfBubble(t))
					for _, stop := range stops {
						assert.True(t, stop())
					}
				}))
				require.NoError(t, err)
			})
		})
	}
}

// AfterFunc runs when the sender's ctx ends, once, unless it was stopped before.
func TestContextAfterFunc(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		ctx, cancel := context.WithCancel(t.Context())
		reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) { return ctx, nil }))
		require.NoError(t, err)
		kept := reply.(akt.Context)
		calls := 0
		kept.AfterFunc(func() { calls++ })
		stop := kept.AfterFunc(func() { t.Error("called though it was stopped") })
		derived, cancelDerived := context.WithCancel(kept)
		defer cancelDerived()
		require.True(t, stop())
		require.False(t, stop())
		synctest.Wait()
		require.Zero(t, calls)
		cancel()
		<-derived.Done()
		synctest.Wait()
		require.Equal(t, 1, calls)
	})
}

// Context{Context: ctx} belongs to no actor, and every method of it, and of what it returns, may be called.
func TestContextWithoutActor(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, "value"), time.Hour)
	defer cancel()
	for name, ctx := range map[string]akt.Context{"with a context": {Context: parent}, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			_, has := ctx.Deadline()
			require.Equal(t, ctx.Context != nil, has)
			if ctx.Context != nil {
				require.Equal(t, "value", ctx.Value(ctxKey{}))
				require.Equal(t, parent.Done(), ctx.Done())
			}
			require.NoError(t, ctx.Err())
			require.True(t, ctx.AfterFunc(func() {})())
			require.Equal(t, akt.Stopped, ctx.State())
			require.NotNil(t, ctx.Logger())
			ctx.Stop()

			require.True(t, ctx.Address().IsClosed())
			require.NotEmpty(t, ctx.Address().String())
			_, err := ctx.Address().Send(ctx, Note{})
			requireSendError(t, err, akt.NotHandled, akt.ErrStopped)
			require.ErrorIs(t, ctx.Address().Notify(ctx, Note{}), akt.ErrStopped)
			_, ok := ctx.Address().Upgrade()
			require.False(t, ok)

			require.True(t, ctx.Private().IsClosed())
			require.ErrorIs(t, ctx.Private().Notify(ctx, Note{}), akt.ErrStopped)
			require.ErrorIs(t, ctx.Private().Do(func(akt.Context) {}), akt.ErrStopped)
			require.False(t, ctx.Private().NotifyLater(Note{}, time.Hour).Stop())
			require.False(t, ctx.Private().NotifyAt(Note{}, time.Now()).Stop())
			require.False(t, ctx.Private().NotifyInterval(func() any { return Note{} }, time.Hour).Stop())

			child, err := ctx.Run(newGate())
			require.NoError(t, err, "without an actor, Run is akt.Run")
			ctx.Watch(child)
			ctx.Unwatch(child)
			child.Stop()
			<-child.Done()

			value, err := akt.Go(ctx, func(context.Context) (int, error) { return 7, nil }).Wait(ctx)
			require.NoError(t, err)
			require.Equal(t, 7, value)
			_, ok = akt.FromContext(ctx)
			require.False(t, ok)
		})
	}
	reply := newGate().HandleNote(akt.Context{Context: parent}, Note{7}) // a handler as a plain method
	require.Equal(t, 7, reply)
}

// FromContext finds the nearest handler's Context in everything derived from it, and none in nil or a plain context.
func TestFromContext(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithName("outer"))
	inner := run(t, &doll{}, akt.WithName("inner"))
	_, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
		derived, cancel := context.WithCancel(context.WithValue(ctx, ctxKey{}, 1))
		defer cancel()
		found, ok := akt.FromContext(derived)
		assert.True(t, ok)
		assert.Equal(t, ctx, found)
		return inner.Send(derived, deed(func(ctx akt.Context) {
			found, ok := akt.FromContext(context.WithoutCancel(ctx))
			assert.True(t, ok)
			assert.Equal(t, "inner", found.Address().Name(), "the nearest one")
		}))
	}))
	require.NoError(t, err)
	_, ok := akt.FromContext(t.Context())
	require.False(t, ok)
	//lint:ignore SA1012 nil is what is tested
	_, ok = akt.FromContext(nil)
	require.False(t, ok)
}

// Context.Logger names the actor, and writes where WithLogger says.
func TestContextLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	addr := run(t, &doll{}, akt.WithName("speaker"), akt.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Logger().Info("hello") }))
	require.NoError(t, err)
	require.Contains(t, out.String(), "msg=hello")
	require.Contains(t, out.String(), "actor=speaker")
	require.Contains(t, out.String(), "type=*tests_test.doll")
}

// WithContext gives OnStart, timers and notifications the values of its ctx; a sender's own value for the same key goes
// first, and a request has the sender's values only.
func TestWithContextGivesValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type otherKey struct{}
		base, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, "base"), 100*time.Hour)
		defer cancel()
		var j journal
		note := func(where string) func(akt.Context) {
			return func(ctx akt.Context) {
				_, deadline := ctx.Deadline()
				j.add("%s: %v, %v, deadline %t", where, ctx.Value(ctxKey{}), ctx.Value(otherKey{}), deadline)
			}
		}
		addr := run(t, &doll{
			onStart:    func(ctx akt.Context) error { note("OnStart")(ctx); return nil },
			onStopping: func(ctx akt.Context) bool { note("OnStopping")(ctx); return true },
			onStopped:  note("OnStopped"),
		}, akt.WithContext(base))
		private := contextOf(t, addr).Private()
		private.NotifyLater(deed(note("NotifyLater")), time.Second)
		time.Sleep(time.Minute)
		private.NotifyInterval(func() any { return deed(note("NotifyInterval")) }, 1000*time.Hour)
		synctest.Wait()
		require.NoError(t, private.Do(note("Do")))
		require.NoError(t, addr.TryNotify(context.Background(), deed(note("TryNotify"))))
		own := context.WithValue(context.WithValue(t.Context(), ctxKey{}, "own"), otherKey{}, "other")
		require.NoError(t, addr.Notify(context.WithValue(t.Context(), otherKey{}, "other"), deed(note("Notify"))))
		require.NoError(t, addr.Notify(own, deed(note("Notify with its own"))))
		_, err := addr.Send(t.Context(), deed(note("Send")))
		require.NoError(t, err)
		addr.Stop()
		<-addr.Done()
		require.Equal(t, []string{
			"OnStart: base, <nil>, deadline true",
			"NotifyLater: base, <nil>, deadline false",
			"NotifyInterval: base, <nil>, deadline false",
			"Do: base, <nil>, deadline false",
			"TryNotify: base, <nil>, deadline false",
			"Notify: base, other, deadline false",
			"Notify with its own: own, other, deadline false",
			"Send: <nil>, <nil>, deadline false",
			"OnStopping: base, <nil>, deadline false",
			"OnStopped: base, <nil>, deadline false",
		}, j.all())
	})
}

// WithContext stops the actor as Address.Stop does when its ctx ends: what was accepted is handled, OnStopping is told.
func TestWithContextStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		base, cancel := context.WithCancel(t.Context())
		addr := run(t, &doll{
			onStopping: func(akt.Context) bool { j.add("OnStopping"); return false },
			onStopped:  func(akt.Context) { j.add("OnStopped") },
		}, akt.WithContext(base))
		leave := hold(t, addr)
		require.NoError(t, addr.Notify(t.Context(), j.entry("accepted")))
		cancel()
		synctest.Wait()
		require.ErrorIs(t, addr.TryNotify(context.Background(), j.entry("refused")), akt.ErrStopped)
		leave()
		<-addr.Done()
		require.Equal(t, []string{"accepted", "OnStopping", "OnStopped"}, j.all())
		require.NoError(t, addr.Err())
	})
}

// WithContext with a ctx that has ended is no way to run an actor; nil is a wrong option.
func TestWithContextThatHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	started := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
	_, err := akt.NewSystem().Run(started, akt.WithContext(ctx))
	require.ErrorIs(t, err, akt.ErrStopped)
	require.ErrorIs(t, err, context.Canceled)
	//lint:ignore SA1012 nil is what is tested
	_, err = akt.NewSystem().Run(started, akt.WithContext(nil))
	require.ErrorContains(t, err, "WithContext")
}
