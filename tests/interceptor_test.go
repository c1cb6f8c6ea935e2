package tests_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what interceptors see, and what they may do.

// sysTrace is an interceptor that writes down what passes it.
func sysTrace(j *journal, name string) akt.Interceptor {
	return func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		j.add("%s in %T", name, msg)
		reply, err := next(ctx, msg)
		j.add("%s out %v %v", name, reply, err)
		return reply, err
	}
}

type (
	// sysEcho replies with what it was sent.
	sysEcho  struct{}
	SysWord  struct{ Text string }
	SysPtr   struct{ Text string }
	SysOther struct{ N int }
	sysLater struct{ N int }
	sysNone  struct{ N int }
	sysKey   struct{}
)

func (*sysEcho) HandleWord(ctx akt.Context, m SysWord) string {
	if v, ok := ctx.Value(sysKey{}).(string); ok {
		return m.Text + v
	}
	return m.Text
}

func (*sysEcho) HandlePtr(_ akt.Context, m *SysPtr) (string, error) { return m.Text, nil }
func (*sysEcho) HandleOther(_ akt.Context, m SysOther) (int, error) { return m.N, nil }
func (*sysEcho) HandleNone(akt.Context, sysNone)                    {}

func (*sysEcho) HandleLater(_ akt.Context, m sysLater) *akt.Future[int] {
	p, f := akt.NewPromise[int](context.Background())
	p.Resolve(m.N)
	return f
}

// sysSend sends on a path, untyped or typed.
func sysSend(t *testing.T, p sendPath, to *akt.Address, msg any) (any, error) {
	t.Helper()
	ctx := p.ctx(t)
	typed := p.name == "queued, typed" || p.name == "inline, typed"
	switch m := msg.(type) {
	case SysWord:
		if typed {
			return sysBoxed(akt.Ask[string](ctx, to, m))
		}
	case SysOther:
		if typed {
			return sysBoxed(akt.Ask[int](ctx, to, m))
		}
	}
	return to.Send(ctx, msg)
}

func sysBoxed[R any](reply R, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// Interceptors are called around every request on every path: the first is the outermost, those of
// the defaults come before, and the message is handled where it would be without them.
func TestInterceptorsOnAllPaths(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			var j journal
			where := ""
			system := sysQuiet(akt.WithInterceptor(sysTrace(&j, "default")))
			addr, info := sysRun(t, system, &sysEcho{}, append([]akt.Option{
				akt.WithInterceptor(sysTrace(&j, "first"), sysTrace(&j, "second")),
				akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
					where = goroutine()
					return next(ctx, msg)
				}),
			}, path.opts...)...)
			for range 3 { // from the second on a typed call is known
				before := len(j.all())
				reply, err := sysSend(t, path, addr, SysWord{"hi"})
				require.NoError(t, err)
				require.Equal(t, "hi", reply)
				require.Equal(t, []string{
					"default in tests_test.SysWord", "first in tests_test.SysWord",
					"second in tests_test.SysWord",
					"second out hi <nil>", "first out hi <nil>", "default out hi <nil>",
				}, j.all()[before:])
				require.Equal(t, path.inline, where == goroutine())
			}
			require.EqualValues(t, 3, info().Handled)
			require.Empty(t, info().Handling)
			shutDown(t, system)
		})
	}
}

// Interceptors see every other message too, as its handler takes it; hooks and functions of Do they
// do not.
func TestInterceptedMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		system := sysQuiet()
		hooks := &doll{
			onStart:    func(akt.Context) error { return nil },
			onStopping: func(akt.Context) bool { return true },
		}
		see := akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			j.add("%T", msg)
			return next(ctx, msg)
		})
		addr, err := system.Run(hooks, see)
		require.NoError(t, err)
		target, err := system.Run(&doll{})
		require.NoError(t, err)
		private := addr.Downgrade()
		ctx := contextOf(t, addr)
		require.NoError(t, ctx.Private().Do(func(akt.Context) {}))
		require.NoError(t, private.TryNotify(context.Background(), deed(func(akt.Context) {})))
		require.NoError(t, ctx.Private().Notify(t.Context(), deed(func(akt.Context) {})))
		ctx.Private().NotifyLater(deed(func(akt.Context) {}), time.Second)
		timer := ctx.Private().
			NotifyInterval(func() any { return deed(func(akt.Context) {}) }, time.Second)
		time.Sleep(1500 * time.Millisecond)
		timer.Stop()
		ctx.Watch(target)
		target.Stop()
		<-target.Done()
		settled(t, addr)
		addr.Stop()
		<-addr.Done()
		const act = "tests_test.dollAct"
		require.Equal(t, []string{act, act, act, act, act, act, "akt.Terminated", act}, j.all())

		j = journal{}
		echo, err := system.Run(&sysEcho{}, see)
		require.NoError(t, err)
		for _, msg := range []any{
			akt.Raw{Name: "Word", Fields: map[string]any{"text": "a"}}, &SysWord{"b"}, SysPtr{"c"},
			&SysPtr{"d"},
		} {
			_, err := echo.Send(t.Context(), msg)
			require.NoError(t, err)
		}
		require.Equal(t, []string{"tests_test.SysWord", "tests_test.SysWord", "*tests_test.SysPtr",
			"*tests_test.SysPtr"}, j.all())
		shutDown(t, system)
	})
}

// Whatever Context an interceptor makes, the handler's is of its own actor and run, with the values
// and the end that it was given.
func TestInterceptorsContext(t *testing.T) {
	t.Parallel()
	stranger := contextOf(t, run(t, &doll{}))
	with := func(f func(akt.Context) akt.Context) akt.Interceptor {
		return func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			return next(f(ctx), msg)
		}
	}
	for _, row := range []struct {
		name  string
		f     func(akt.Context) akt.Context
		value any
		ends  bool
	}{
		{name: "its own", f: func(c akt.Context) akt.Context { return c }},
		{name: "a value", value: "v", f: func(c akt.Context) akt.Context {
			c.Context = context.WithValue(c.Context, sysKey{}, "v")
			return c
		}},
		{name: "a value of its own Context", value: "v", f: func(c akt.Context) akt.Context {
			c.Context = context.WithValue(c, sysKey{}, "v")
			return c
		}},
		{name: "an end", ends: true, f: func(c akt.Context) akt.Context {
			ended, cancel := context.WithCancel(c.Context)
			cancel()
			c.Context = ended
			return c
		}},
		{name: "of no actor, with its own in it", value: "v", f: func(c akt.Context) akt.Context {
			return akt.Context{Context: context.WithValue(c, sysKey{}, "v")}
		}},
		{name: "without a context", f: func(c akt.Context) akt.Context {
			c.Context = nil
			return c
		}},
		{name: "of another actor, with its own in it", value: "v",
			f: func(own akt.Context) akt.Context {
				c := stranger
				c.Context = context.WithValue(own, sysKey{}, "v")
				return c
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range sendPaths() {
				inner := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
					assert.NotEqual(t, stranger.Address(), ctx.Address(),
						"each interceptor has the actor's own")
					return next(ctx, msg)
				}
				addr := path.runWith(t, &doll{}, akt.WithInterceptor(with(row.f), inner))
				_, err := path.send(t, addr, deed(func(ctx akt.Context) {
					assert.Equal(t, addr.Name(), ctx.Address().Name(), path.name)
					assert.Equal(t, akt.Started, ctx.State())
					assert.Equal(t, row.value, ctx.Value(sysKey{}))
					assert.Equal(t, row.ends, ctx.Err() != nil)
					select {
					case <-ctx.Done():
						assert.True(t, row.ends)
					default:
						assert.False(t, row.ends)
					}
					_, err := addr.Send(ctx, deed(func(akt.Context) {}))
					if !row.ends {
						assert.ErrorIs(t, err, akt.ErrDeadlock, path.name)
					}
				}))
				require.NoError(t, err)
			}
		})
	}
}

// D5: with an end that the interceptor gave, a request of the handler's is not made inline, where
// its end would not be noticed.
func TestInterceptorsContextThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := run(t, &doll{})
		addr := run(t, &doll{},
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				limited, cancel := context.WithTimeout(ctx.Context, time.Second)
				defer cancel()
				ctx.Context = limited
				return next(ctx, msg)
			}))
		_, err := addr.Send(context.Background(), play(func(ctx akt.Context) (any, error) {
			// The sender does not wait for that.
			_, err := other.Send(ctx, deed(func(akt.Context) { time.Sleep(time.Minute) }))
			requireSendError(t, err, akt.MaybeHandled, context.DeadlineExceeded)
			return nil, nil
		}))
		require.NoError(t, err)
	})
}

// An interceptor may pass on another message, which is routed by its own type; where nobody handles
// it, next says so.
func TestInterceptorsMessage(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			var instead any
			var info func() akt.Info
			handling := ""
			system := sysQuiet()
			addr, info := sysRun(t, system, &sysEcho{}, append(path.opts, akt.WithInterceptor(
				func(ctx akt.Context, _ any, next akt.Next) (any, error) {
					reply, err := next(ctx, instead)
					handling = info().Handling
					return reply, err
				}))...)
			for _, row := range []struct {
				name          string
				sent, instead any
				want          any
			}{
				{"the same type", SysWord{"a"}, SysWord{"b"}, "b"},
				{"a pointer to it", SysWord{"a"}, &SysWord{"b"}, "b"},
				{"for a pointer handler", SysWord{"a"}, SysPtr{"b"}, "b"},
				{"decoded", SysWord{"a"}, akt.Raw{Name: "Ptr", Fields: map[string]any{"Text": "c"}},
					"c"},
			} {
				instead = row.instead
				reply, err := sysSend(t, path, addr, row.sent)
				require.NoError(t, err, row.name)
				require.Equal(t, row.want, reply, row.name)
				require.Equal(t, "HandleWord", handling,
					"back in the interceptor it is its own message again")
			}
			for _, wrong := range []any{nil, "text", (*SysWord)(nil), akt.Raw{Name: "Nope"}} {
				instead = wrong
				_, err := sysSend(t, path, addr, SysWord{"a"})
				require.ErrorAs(t, err, new(*akt.UnhandledError), "%T", wrong)
			}
			require.EqualValues(t, 8, info().Handled)
			require.EqualValues(t, 4, info().Failed)
			shutDown(t, system)
		})
	}
}

// While another message is handled instead, the state word names its handler; a panic there leaves
// nothing behind.
func TestInterceptedMessageIsNamed(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			system := sysQuiet()
			var info func() akt.Info
			d := &doll{onTerminated: func(akt.Context, akt.Terminated) { panic(info().Handling) }}
			addr, info := sysRun(t, system, d, append(path.opts, akt.WithInterceptor(
				func(ctx akt.Context, _ any, next akt.Next) (reply any, err error) {
					defer func() { reply, err = fmt.Sprint("recovered ", recover()), nil }()
					return next(ctx, akt.Terminated{})
				}))...)
			for range 2 {
				reply, err := path.send(t, addr, deed(func(akt.Context) {}))
				require.NoError(t, err)
				require.Equal(t, "recovered HandleTerminated", reply)
				require.Empty(t, info().Handling)
			}
			require.EqualValues(t, 2, info().Handled)
			require.Zero(t, info().Failed, "the interceptor has dealt with it")
			shutDown(t, system)
		})
	}
}

// An interceptor may retry, answer itself, fail, or panic: it stands for the handler.
func TestInterceptorStandsForHandler(t *testing.T) {
	t.Parallel()
	own := errors.New("the interceptor's own")
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			t.Run("it retries", func(t *testing.T) {
				t.Parallel()
				addr := path.runWith(t, &doll{}, akt.WithInterceptor(
					func(ctx akt.Context, msg any, next akt.Next) (any, error) {
						if reply, err := next(ctx, msg); err == nil {
							return reply, nil
						}
						return next(ctx, msg)
					}, func(ctx akt.Context, msg any, next akt.Next) (any, error) {
						return next(ctx, msg)
					}))
				n := 0
				reply, err := path.send(t, addr, play(func(akt.Context) (any, error) {
					if n++; n == 1 {
						return nil, errors.New("once more")
					}
					return n, nil
				}))
				require.NoError(t, err)
				require.Equal(t, 2, reply)
			})
			t.Run("it answers", func(t *testing.T) {
				t.Parallel()
				addr := path.runWith(t, &doll{}, akt.WithInterceptor(
					func(akt.Context, any, akt.Next) (any, error) { return "cached", nil }))
				reply, err := path.send(t, addr,
					deed(func(akt.Context) { t.Error("it was handled") }))
				require.NoError(t, err)
				require.Equal(t, "cached", reply)
			})
			t.Run("it fails", func(t *testing.T) {
				t.Parallel()
				addr := path.runWith(t, &doll{}, akt.WithInterceptor(
					func(akt.Context, any, akt.Next) (any, error) { return "not this", own }))
				reply, err := path.send(t, addr, deed(func(akt.Context) {}))
				require.Nil(t, reply)
				//nolint:errorlint,testifylint // the identity is the promise
				require.True(t, err == own, "the error is %v", err)
			})
			t.Run("it panics", func(t *testing.T) {
				t.Parallel()
				addr := path.runWith(t, &doll{}, akt.WithInterceptor(
					func(akt.Context, any, akt.Next) (any, error) { panic("broken") }))
				_, err := path.send(t, addr, deed(func(akt.Context) {}))
				requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
				require.ErrorAs(t, err, new(*akt.PanicError))
				<-addr.Done()
				require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
			})
		})
	}
}

// E3: an interceptor's error for a notification is logged and a dead letter.
func TestInterceptorFailsNotification(t *testing.T) {
	t.Parallel()
	var dead journal
	system := deadLetters(&dead)
	addr, err := system.Run(&sysEcho{},
		akt.WithInterceptor(func(akt.Context, any, akt.Next) (any, error) {
			return nil, errors.New("refused")
		}))
	require.NoError(t, err)
	require.NoError(t, addr.TryNotify(context.Background(), SysWord{}))
	addr.Stop()
	<-addr.Done()
	require.Equal(t, []string{"tests_test.SysWord: refused"}, dead.all())
	shutDown(t, system)
}

// E2: an interceptor's reply of another type than Ask wants is a ReplyTypeError, MaybeHandled,
// whatever way the type is found; one of the right type, or a Future of it, is the reply.
func TestInterceptorsReplyType(t *testing.T) {
	t.Parallel()
	var instead any
	addr := run(t, &sysEcho{},
		akt.WithInterceptor(func(akt.Context, any, akt.Next) (any, error) { return instead, nil }))
	future := func() *akt.Future[int] {
		p, f := akt.NewPromise[int](context.Background())
		p.Resolve(4)
		return f
	}
	contexts := map[string]context.Context{"inline": context.Background(), "queued": t.Context()}
	for name, ctx := range contexts {
		for range 2 { // the second time the call is known
			for _, wrong := range []any{"text", nil, 4.0, struct{}{}, &SysWord{}} {
				instead = wrong
				var wants []error
				_, err := akt.Ask[int](ctx, addr, SysOther{1})
				wants = append(wants, err)
				_, err = akt.Ask[int](ctx, addr, sysLater{1})
				wants = append(wants, err)
				_, err = akt.Ask[fmt.Stringer](ctx, addr, sysLater{1})
				if wrong != nil {
					requireSendError(t, err, akt.NotHandled)
				}
				recipient, err := akt.RecipientOf[SysOther, int](addr)
				require.NoError(t, err)
				_, err = recipient.Send(ctx, SysOther{1})
				wants = append(wants, err)
				for i, err := range wants {
					requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
					require.ErrorAs(t, err, new(*akt.ReplyTypeError), "%s %d %T", name, i, wrong)
				}
			}
			instead = 4.0
			_, err := akt.Ask[struct{}](ctx, addr, sysNone{1})
			require.ErrorAs(t, err, new(*akt.ReplyTypeError), "where there is no reply")
			instead = 3
			n, err := akt.Ask[int](ctx, addr, SysOther{1})
			require.NoError(t, err)
			require.Equal(t, 3, n)
			n, err = akt.Ask[int](ctx, addr, sysLater{1})
			require.NoError(t, err, "a value in place of the Future")
			require.Equal(t, 3, n)
			instead = future()
			n, err = akt.Ask[int](ctx, addr, SysOther{1})
			require.NoError(t, err, "a Future in place of the value")
			require.Equal(t, 4, n)
			got, err := akt.Ask[*akt.Future[int]](ctx, addr, sysLater{1})
			require.NoError(t, err)
			require.Same(t, instead, got)
			reply, err := akt.Ask[any](ctx, addr, sysLater{1})
			require.NoError(t, err)
			require.Equal(t, 4, reply)
			instead = nil
			_, err = akt.Ask[struct{}](ctx, addr, sysNone{1})
			require.NoError(t, err)
		}
	}
}

// An interceptor, and the handler, can know how their message came; also later, as long as the
// actor has no other one.
func TestDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []akt.Delivery
		var last akt.Context
		addr := run(t, &sysEcho{}, quiet(),
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				got = append(got, ctx.Delivery())
				last = ctx
				return next(ctx, msg)
			}))
		ctx := t.Context()
		_, err := addr.Send(context.Background(), SysWord{"inline"})
		require.NoError(t, err)
		_, err = addr.Send(ctx, &SysWord{"a pointer"})
		require.NoError(t, err)
		_, err = addr.Send(ctx, SysPtr{"a value"})
		require.NoError(t, err)
		_, err = addr.Send(ctx, akt.Raw{Name: "Other", Fields: map[string]any{"N": 1}})
		require.NoError(t, err)
		require.NoError(t, addr.Notify(ctx, sysNone{}))
		synctest.Wait()
		require.Equal(t, []akt.Delivery{
			{Handler: "HandleWord", Message: "tests_test.SysWord"},
			{Handler: "HandleWord", Message: "*tests_test.SysWord"},
			{Handler: "HandlePtr", Message: "tests_test.SysPtr"},
			{Handler: "HandleOther", Message: "akt.Raw"},
			{Handler: "HandleNone", Message: "tests_test.sysNone", Notification: true},
		}, got)
		require.Equal(t, got[4], last.Delivery())
		old := last
		_, err = addr.Send(ctx, sysNone{})
		require.NoError(t, err)
		require.Zero(t, old.Delivery(), "the actor has gone on")
		require.Zero(t, akt.Context{}.Delivery())
		require.Zero(t, contextOf(t, run(t, &doll{})).Delivery(), "without interceptors")
	})
}

// Delivery.Queued is the time from sending to the turn, also of a sender that waits for room, of a
// batch and of a timer.
func TestDeliveryQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var queued []time.Duration
		addr := run(t, &doll{}, akt.WithMailbox(2),
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				queued = append(queued, ctx.Delivery().Queued)
				return next(ctx, msg)
			}))
		nap := deed(func(akt.Context) { time.Sleep(time.Second) })
		for range 5 {
			require.NoError(t, addr.Notify(t.Context(), nap)) // from the fourth on there is no room
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		settled(t, addr)
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second,
			3 * time.Second}, queued[:5])
	})
}

// Options: a nil interceptor is an error, and none is none.
func TestWrongInterceptors(t *testing.T) {
	t.Parallel()
	fine := func(ctx akt.Context, msg any, next akt.Next) (any, error) { return next(ctx, msg) }
	_, err := akt.NewSystem().Run(&sysEcho{}, akt.WithInterceptor(fine, nil))
	require.ErrorContains(t, err, "interceptor 2 of 2 is nil")
	addr := run(t, &sysEcho{}, akt.WithInterceptor())
	reply, err := akt.Ask[string](t.Context(), addr, SysWord{"a"})
	require.NoError(t, err)
	require.Equal(t, "a", reply)
}
