package tests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// These tests are about a handler's Context: the sender's deadline, values and end, also where the
// sender's context is of a user's own type, or breaks.

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

// The cause of the sender's end can be found through the handler's Context, and through one derived
// from it, of whatever type the sender's context is.
func TestContextKeepsTheCause(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(context.Context) context.Context{
		"WithCancelCause": func(ctx context.Context) context.Context { return ctx },
		"an own type":     func(ctx context.Context) context.Context { return embeddingCtx{ctx} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := run(t, &doll{})
				cause := errors.New("the cause")
				ctx, cancel := context.WithCancelCause(t.Context())
				kept := keptFrom(of(ctx), t, addr, func(akt.Context) {})
				derived, stop := context.WithCancel(kept)
				defer stop()
				cancel(cause)
				<-derived.Done()
				require.Equal(t, context.Canceled, kept.Err())
				require.Equal(t, cause, context.Cause(kept))
				require.Equal(t, cause, context.Cause(derived))
			})
		})
	}
}

// A Context may be kept after its handler returned, and says the same whatever was handled since;
// also after the actor's end.
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
		for name, to := range map[string]akt.Sender{
			"address": addr, "weak": addr.Downgrade(), "private": private,
		} {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, name),
				time.Hour)
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

// context.WithTimeout, WithCancel and AfterFunc on a handler's Context start no goroutine, and hear
// of its end.
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
						stops = append(stops,
							context.AfterFunc(ctx, func() {
								t.Error("called though it was stopped")
							}))
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

// Context{Context: ctx} belongs to no actor, and every method of it, and of what it returns, may be
// called.
func TestContextWithoutActor(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, "value"),
		time.Hour)
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
			require.False(t, ctx.Private().
				NotifyInterval(func() any { return Note{} }, time.Hour).Stop())

			child, err := ctx.Run(newGate())
			require.NoError(t, err, "without an actor, Run is akt.Run")
			ctx.Watch(child)
			ctx.Unwatch(child)
			child.Stop()
			<-child.Done()

			value, err := akt.Go(ctx, func(context.Context) (int, error) { return 7, nil }).
				Wait(ctx)
			require.NoError(t, err)
			require.Equal(t, 7, value)
			_, ok = akt.FromContext(ctx)
			require.False(t, ok)
		})
	}
	// A handler as a plain method.
	reply := newGate().HandleNote(akt.Context{Context: parent}, Note{7})
	require.Equal(t, 7, reply)
}

// FromContext finds the nearest handler's Context in everything derived from it, and none in nil or
// a plain context.
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
	addr := run(t, &doll{}, akt.WithName("speaker"),
		akt.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) { ctx.Logger().Info("hello") }))
	require.NoError(t, err)
	require.Contains(t, out.String(), "msg=hello")
	require.Contains(t, out.String(), "actor=speaker")
	require.Contains(t, out.String(), "type=*tests_test.doll")
}

// WithContext gives OnStart, timers and notifications the values of its ctx; a sender's own value
// for the same key goes first, and a request has the sender's values only.
func TestWithContextGivesValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type otherKey struct{}
		base, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, "base"),
			100*time.Hour)
		defer cancel()
		var j journal
		note := func(where string) func(akt.Context) {
			return func(ctx akt.Context) {
				_, deadline := ctx.Deadline()
				j.add("%s: %v, %v, deadline %t", where, ctx.Value(ctxKey{}), ctx.Value(otherKey{}),
					deadline)
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
		own := context.WithValue(context.WithValue(t.Context(), ctxKey{}, "own"), otherKey{},
			"other")
		require.NoError(t,
			addr.Notify(context.WithValue(t.Context(), otherKey{}, "other"), deed(note("Notify"))))
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

// WithContext stops the actor as Address.Stop does when its ctx ends: what was accepted is handled,
// OnStopping is told.
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
	ctx := ended(t)
	started := &doll{onStart: func(akt.Context) error { t.Error("OnStart"); return nil }}
	_, err := akt.NewSystem().Run(started, akt.WithContext(ctx))
	require.ErrorIs(t, err, akt.ErrStopped)
	require.ErrorIs(t, err, context.Canceled)
	//lint:ignore SA1012 nil is what is tested
	_, err = akt.NewSystem().Run(started, akt.WithContext(nil))
	require.ErrorContains(t, err, "WithContext")
}

// Context: once Err says why a Context has ended it says so for ever, whether its sender's end or
// that of Shutdown's patience came first, and whether Done was asked for or not.
func TestErrNeverChanges(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		ends func(sender, patience func())
		err  error
	}{
		{"the sender first", func(sender, patience func()) { sender(); patience() },
			context.DeadlineExceeded},
		{"Shutdown first", func(sender, patience func()) { patience(); sender() },
			context.Canceled},
	} {
		for _, asked := range []string{"Done was asked for", "Done was not asked for"} {
			t.Run(row.name+", "+asked, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					system := akt.NewSystem()
					addr, err := system.Run(&doll{})
					require.NoError(t, err)
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					reply, err := addr.Send(ctx,
						play(func(ctx akt.Context) (any, error) { return ctx, nil }))
					require.NoError(t, err)
					kept := reply.(akt.Context)
					endless := contextOf(t, addr)
					require.NoError(t, endless.Err())
					if asked == "Done was asked for" {
						_ = kept.Done()
					}
					leave := hold(t, addr)
					told := []error{kept.Err()}
					end := func(f func()) func() {
						return func() {
							f()
							synctest.Wait()
							told = append(told, kept.Err())
						}
					}
					row.ends(
						end(func() { time.Sleep(2 * time.Hour) }),
						end(func() {
							over := ended(t)
							assert.Error(t, system.Shutdown(over))
						}),
					)
					require.Equal(t, []error{nil, row.err, row.err}, told)
					<-kept.Done()
					require.Equal(t, row.err, kept.Err())
					require.Equal(t, context.Canceled, endless.Err())
					leave()
					shutDown(t, system)
				})
			})
		}
	}
}

// Done is closed at the latest when Err tells of the end, also where many ask while the sender's
// context ends.
func TestErrAndDoneAgree(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		kept := keptFrom(ctx, t, addr, func(akt.Context) {})
		done := kept.Done()
		var all sync.WaitGroup
		all.Go(cancel)
		for range 3 {
			all.Go(func() {
				for kept.Err() == nil {
					runtime.Gosched()
				}
				select {
				case <-done:
				default:
					t.Error("Err tells of an end, and Done is open")
				}
			})
		}
		all.Wait()
	}
}

// fickleCtx has another Done at each call, and no Err when it has ended.
type fickleCtx struct {
	context.Context
	first chan struct{}
	asked atomic.Int32
}

func (c *fickleCtx) Done() <-chan struct{} {
	if c.asked.Add(1) <= 2 {
		return c.first
	}
	return make(chan struct{})
}

func (*fickleCtx) Err() error { return nil }

// A handler's Context is as a context should be, also where its sender's is not.
func TestContextOfAFickleSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		sender := &fickleCtx{Context: t.Context(), first: make(chan struct{})}
		_, _ = addr.Send(sender, deed(func(ctx akt.Context) {
			done := ctx.Done()
			assert.Equal(t, done, ctx.Done())
			c := ctx
			assert.Equal(t, done, c.Done())
			assert.NoError(t, ctx.Err())
			close(sender.first)
			<-done
			assert.Equal(t, context.Canceled, ctx.Err())
			assert.Equal(t, done, ctx.Done())
		}))
	})
}

// hostileCtx is a context whose methods fail from some call on, all of them counted.
type hostileCtx struct {
	context.Context
	left atomic.Int32
	fail func()
}

func (c *hostileCtx) call() {
	if c.left.Add(-1) < 0 {
		c.fail()
	}
}

func (c *hostileCtx) Deadline() (time.Time, bool) { c.call(); return c.Context.Deadline() }
func (c *hostileCtx) Done() <-chan struct{}       { c.call(); return c.Context.Done() }
func (c *hostileCtx) Err() error                  { c.call(); return c.Context.Err() }
func (c *hostileCtx) Value(key any) any           { c.call(); return c.Context.Value(key) }

// A sender's context whose methods panic, or end the goroutine, at whatever call, is its sender's
// trouble: nothing is left taken or queued, and the actor goes on for others.
func TestHostileContext(t *testing.T) {
	t.Parallel()
	parents := map[string]func() (context.Context, func()){
		"endless": func() (context.Context, func()) { return context.Background(), func() {} },
		"can end": func() (context.Context, func()) {
			return context.WithCancel(context.Background())
		},
		"has ended": func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		},
	}
	wraps := map[string]func(context.Context) context.Context{
		"itself": func(ctx context.Context) context.Context { return ctx },
		"a value": func(ctx context.Context) context.Context {
			return context.WithValue(ctx, ctxKey{}, 1)
		},
		"a timeout": func(ctx context.Context) context.Context {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			_ = cancel // the test's parent ends it
			return ctx
		},
	}
	ways := map[string]func(ctx context.Context, addr *akt.Address, reached *atomic.Int32){
		"Send": func(ctx context.Context, addr *akt.Address, reached *atomic.Int32) {
			_, _ = addr.Send(ctx, deed(func(ctx akt.Context) { reached.Add(1) }))
		},
		"Ask": func(ctx context.Context, addr *akt.Address, reached *atomic.Int32) {
			_, _ = akt.Ask[any](ctx, addr,
				play(func(ctx akt.Context) (any, error) { reached.Add(1); return nil, nil }))
		},
		"Notify": func(ctx context.Context, addr *akt.Address, reached *atomic.Int32) {
			_ = addr.Notify(ctx, deed(func(akt.Context) { reached.Add(1) }))
		},
		"Send privately": func(ctx context.Context, addr *akt.Address, reached *atomic.Int32) {
			_, _ = addr.Downgrade().Send(ctx, deed(func(ctx akt.Context) { reached.Add(1) }))
		},
	}
	fails := map[string]func(){"panic": func() { panic("hostile") }, "Goexit": runtime.Goexit}
	for parent, make := range parents {
		for wrapped, wrap := range wraps {
			for way, send := range ways {
				for failure, fail := range fails {
					for state, busy := range map[string]bool{"idle": false, "busy": true} {
						name := fmt.Sprint(way, ", ", parent, ", ", wrapped, ", ", failure, ", ",
							state)
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							for calls := range int32(12) {
								ctx, end := make()
								hostile := &hostileCtx{Context: ctx, fail: fail}
								hostile.left.Store(1000)
								sent := wrap(hostile)
								hostile.left.Store(calls)
								addr := run(t, &doll{}, akt.WithMailbox(1))
								leave := func() {}
								if busy {
									leave = hold(t, addr)
									// It is full.
									require.NoError(t, addr.TryNotify(context.Background(),
										deed(func(akt.Context) {})))
								}
								var reached atomic.Int32
								over := trying(func() { send(sent, addr, &reached) })
								if busy {
									select {
									case <-over:
										require.Zero(t, reached.Load())
									case <-time.After(2 * time.Millisecond): // it waits, as it may
									}
								}
								leave()
								<-over
								_, err := addr.Send(t.Context(), deed(func(akt.Context) {}))
								require.NoError(t, err, "after %d calls", calls)
								require.LessOrEqual(t, reached.Load(), int32(1))
								end()
								addr.Stop()
								<-addr.Done()
							}
						})
					}
				}
			}
		}
	}
}

// WithContext: a context whose methods panic fails Run, on the caller's goroutine, and leaves no
// actor behind.
func TestHostileWithContext(t *testing.T) {
	t.Parallel()
	for failure, fail := range map[string]func(){
		"panic": func() { panic("hostile") }, "Goexit": runtime.Goexit,
	} {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			for calls := range int32(12) {
				ctx, cancel := context.WithCancel(t.Context())
				hostile := &hostileCtx{Context: ctx, fail: fail}
				hostile.left.Store(calls)
				system := akt.NewSystem()
				var addr *akt.Address
				<-trying(func() { addr, _ = system.Run(&doll{}, akt.WithContext(hostile)) })
				cancel()
				if addr != nil {
					<-addr.Done()
				}
				shutDown(t, system)
				for info := range system.Actors() {
					require.Fail(t, "an actor was left", info.Name)
				}
			}
		})
	}
}

// A nil pointer of a user's own type is a context as any other, if its methods can be called.
func TestNilPointerContext(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	var none *nilCtx
	require.NoError(t, addr.Notify(none, deed(func(ctx akt.Context) { _ = ctx.Value(1) })))
	_, err := addr.Send(none, deed(func(ctx akt.Context) { _ = ctx.Err() }))
	require.NoError(t, err)
	noted := notComparableCtx{t.Context(), []int{1}}
	require.NoError(t, addr.Notify(noted,
		deed(func(ctx akt.Context) { _ = ctx.Private().Notify(notComparableCtx{ctx, nil}, 1) })))
	_, err = addr.Send(noted, deed(func(ctx akt.Context) { _ = ctx.Done() }))
	require.NoError(t, err)
	for range 2 {
		other, err := akt.NewSystem().Run(&doll{}, akt.WithContext(noted))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(noted,
			deed(func(akt.Context) { _ = other.Notify(noted, deed(func(akt.Context) {})) })))
		settled(t, addr)
		settled(t, other)
		other.Stop()
		<-other.Done()
	}
}

type nilCtx struct{ context.Context }

func (*nilCtx) Deadline() (deadline time.Time, ok bool) { return deadline, false }
func (*nilCtx) Done() <-chan struct{}                   { return nil }
func (*nilCtx) Err() error                              { return nil }
func (*nilCtx) Value(any) any                           { return nil }

type notComparableCtx struct {
	context.Context
	s []int
}

// Context: Err never changes, also where Shutdown runs out of patience right after the sender's
// context has ended, of which package context hears late.
func TestErrIsOfTheFirstEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		sender := newOwnCtx(t.Context())
		kept := keptFrom(sender, t, addr, func(akt.Context) {})
		require.NotNil(t, kept.Done())
		leave := hold(t, addr)
		sender.finish(context.DeadlineExceeded)
		require.Equal(t, context.DeadlineExceeded, kept.Err())
		require.Error(t, system.Shutdown(ended(t)))
		synctest.Wait()
		leave()
		require.Equal(t, context.DeadlineExceeded, kept.Err())
		shutDown(t, system)
	})
}
