package tests_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

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

// A sender's context whose methods panic, or end the goroutine, at whatever call, is its sender's trouble: nothing is left taken or
// queued, and the actor goes on for others.
func TestHostileContext(t *testing.T) {
	t.Parallel()
	parents := map[string]func() (context.Context, func()){
		"endless": func() (context.Context, func()) { return context.Background(), func() {} },
		"can end": func() (context.Context, func()) { return context.WithCancel(context.Background()) },
		"has ended": func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		},
	}
	wraps := map[string]func(context.Context) context.Context{
		"itself":  func(ctx context.Context) context.Context { return ctx },
		"a value": func(ctx context.Context) context.Context { return context.WithValue(ctx, ctxKey{}, 1) },
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
			_, _ = akt.Ask[any](ctx, addr, play(func(ctx akt.Context) (any, error) { reached.Add(1); return nil, nil }))
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
						name := fmt.Sprint(way, ", ", parent, ", ", wrapped, ", ", failure, ", ", state)
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
									require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {}))) // it is full
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

// trying calls f on a goroutine of its own, whatever becomes of that.
func trying(f func()) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() { _ = recover() }()
		f()
	}()
	return over
}

// WithContext: a context whose methods panic fails Run, on the caller's goroutine, and leaves no actor behind.
func TestHostileWithContext(t *testing.T) {
	t.Parallel()
	for failure, fail := range map[string]func(){"panic": func() { panic("hostile") }, "Goexit": runtime.Goexit} {
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
	require.NoError(t, addr.Notify(noted, deed(func(ctx akt.Context) { _ = ctx.Private().Notify(notComparableCtx{ctx, nil}, 1) })))
	_, err = addr.Send(noted, deed(func(ctx akt.Context) { _ = ctx.Done() }))
	require.NoError(t, err)
	for range 2 {
		other, err := akt.NewSystem().Run(&doll{}, akt.WithContext(noted))
		require.NoError(t, err)
		require.NoError(t, addr.Notify(noted, deed(func(akt.Context) { _ = other.Notify(noted, deed(func(akt.Context) {})) })))
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
