package tests_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about next: it works in its own call of its interceptor only.

// E4: next takes a Context that is, or comes from, its own message's. With any other it returns an
// error, and does nothing.
func TestNextTakesItsOwnContext(t *testing.T) {
	t.Parallel()
	stranger := contextOf(t, run(t, &doll{}))
	for _, path := range sendPaths() {
		var earlier akt.Context
		addr := path.runWith(t, &doll{},
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				for name, other := range map[string]akt.Context{
					"empty": {}, "of no actor": {Context: context.Background()},
					"of another actor":      stranger,
					"of an earlier message": earlier,
				} {
					_, err := next(other, msg)
					assert.ErrorContains(t, err, "does not come from its own message's", "%s: %s",
						path.name, name)
				}
				earlier = ctx
				return next(ctx, msg)
			}))
		handled := 0
		for range 2 {
			_, err := path.send(t, addr, deed(func(akt.Context) { handled++ }))
			require.NoError(t, err)
		}
		require.Equal(t, 2, handled)
	}
}

// E4: a next that was kept does nothing while another message is at its interceptor, whatever
// Context it is given.
func TestNextOfAnotherMessage(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		var kept akt.Next
		var first akt.Context
		addr := path.runWith(t, &doll{},
			akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				if kept == nil {
					kept, first = next, ctx
					return next(ctx, msg)
				}
				both := first
				both.Context = ctx
				for _, given := range []akt.Context{
					ctx, first, both, {Context: ctx}, {Context: first},
				} {
					_, err := kept(given, msg)
					assert.Error(t, err, path.name)
				}
				return next(ctx, msg)
			}))
		handled := 0
		for range 3 {
			_, err := path.send(t, addr, deed(func(akt.Context) { handled++ }))
			require.NoError(t, err)
		}
		require.Equal(t, 3, handled)
	}
}

// D1: next does nothing but return an error when its interceptor has returned, whatever Context it
// is given.
func TestNextIsLate(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			var late []func(akt.Context) error
			addr := path.runWith(t, &doll{},
				akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
					late = append(late, func(other akt.Context) error {
						if other == (akt.Context{}) {
							other = ctx
						}
						_, err := next(other, msg)
						return err
					})
					return next(ctx, msg)
				}))
			handled := 0
			for range 2 {
				_, err := path.send(t, addr, deed(func(akt.Context) { handled++ }))
				require.NoError(t, err)
			}
			require.Error(t, late[0](akt.Context{}))
			require.Error(t, late[1](akt.Context{}))
			require.Error(t, late[1](akt.Context{Context: t.Context()}))
			_, err := path.send(t, addr,
				deed(func(akt.Context) {
					require.Error(t, late[0](akt.Context{}), "during another message")
				}))
			require.NoError(t, err)
			_, err = path.send(t, addr, deed(func(akt.Context) { require.Equal(t, 2, handled) }))
			require.NoError(t, err)
		})
	}
}

// D1: while one goroutine is inside next, another gets an error; and the actor handles no other
// message until it has left, also where the interceptor returns before.
func TestNextInOtherGoroutines(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				entered, leave := make(chan struct{}), make(chan struct{})
				var j journal
				messages := 0
				addr := path.runWith(t, &doll{},
					akt.WithInterceptor(func(ctx akt.Context, msg any, next akt.Next) (any, error) {
						if messages++; messages > 1 {
							return next(ctx, msg)
						}
						go func() {
							if _, err := next(ctx, msg); err != nil {
								t.Error(err)
							}
						}()
						<-entered
						_, err := next(ctx, msg)
						return "early", err
					}))
				var senders sync.WaitGroup
				ctx := path.ctx(t)
				senders.Go(func() {
					_, err := path.way(ctx, addr, deed(func(akt.Context) {
						close(entered)
						<-leave
						time.Sleep(time.Hour)
						j.add("first")
					}))
					if err == nil {
						t.Error("the second call of next has run the handler")
					}
				})
				synctest.Wait()
				senders.Go(func() {
					_, _ = path.way(ctx, addr, deed(func(akt.Context) { j.add("second") }))
				})
				synctest.Wait()
				require.Empty(t, j.all())
				close(leave)
				senders.Wait()
				require.Equal(t, []string{"first", "second"}, j.all())
			})
		})
	}
}

// keptNext is what an interceptor got for a message that it let go long ago.
type keptNext struct {
	next akt.Next
	ctx  akt.Context
}

// nextKeeper are two interceptors that keep what they get for the first message.
type nextKeeper struct {
	kept []keptNext
	try  func(ctx akt.Context, msg any) // at each point of a later message, in each layer
}

func (k *nextKeeper) interceptor() akt.Interceptor {
	had := false
	return func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		if !had {
			had = true
			k.kept = append(k.kept, keptNext{next, ctx})
			return next(ctx, msg)
		}
		k.try(ctx, msg)
		reply, err := next(ctx, msg)
		k.try(ctx, msg)
		return reply, err
	}
}

// keptNexts makes an actor with two such interceptors, and a function that tries all that is kept,
// with every Context that there is, and wants nothing but errors.
func keptNexts(
	t *testing.T, run func(actor any, opts ...akt.Option) *akt.Address,
) (*akt.Address, *nextKeeper) {
	t.Helper()
	t.Helper()
	k := &nextKeeper{}
	k.try = func(ctx akt.Context, _ any) {
		handled := deed(func(akt.Context) { t.Error("a next that was kept has run the handler") })
		for layer, kept := range k.kept {
			mixed, other := kept.ctx, ctx
			mixed.Context, other.Context = ctx, kept.ctx
			for name, given := range map[string]akt.Context{
				"its own": kept.ctx, "the later one": ctx, "its own, in it the later one": mixed,
				"the later one, in it its own": other,
				"of no actor, in it its own":   {Context: kept.ctx},
				"of no actor, in it both":      {Context: context.WithValue(mixed, sysKey{}, "v")},
			} {
				reply, err := kept.next(given, handled)
				if err == nil || reply != nil {
					t.Errorf("layer %d with a Context that is %s: %v, %v", layer, name, reply, err)
				}
			}
		}
	}
	outer, inner := k.interceptor(), k.interceptor()
	return run(&doll{}, akt.WithInterceptor(outer, inner)), k
}

// E4: a next that was kept does nothing but return an error, at each point of a later message:
// before and in the handler and after it, in each layer, from each of them, on each path, with
// whatever Context. The later message is handled as if nothing were.
func TestKeptNextDoesNothing(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			addr, k := keptNexts(t, func(actor any, opts ...akt.Option) *akt.Address {
				return path.runWith(t, actor, opts...)
			})
			handled := 0
			for range 3 {
				reply, err := path.send(t, addr, play(func(ctx akt.Context) (any, error) {
					if handled++; handled > 1 {
						k.try(ctx, nil)
						over := make(chan struct{})
						go func() { k.try(ctx, nil); close(over) }()
						<-over
					}
					return handled, nil
				}))
				require.NoError(t, err)
				require.Equal(t, handled, reply)
			}
			require.Equal(t, 3, handled)
			require.Len(t, k.kept, 2)
			k.try(akt.Context{}, nil) // while the actor is idle
		})
	}
}

// E4: nor does it in a batch, where the messages follow each other without a look at the mailbox.
func TestKeptNextDoesNothingInABatch(t *testing.T) {
	t.Parallel()
	addr, k := keptNexts(t, func(actor any, opts ...akt.Option) *akt.Address {
		return run(t, actor, opts...)
	})
	var j journal
	tries := func(n int) dollAct {
		return deed(func(ctx akt.Context) { j.add("%d", n); k.try(ctx, nil) })
	}
	<-asBatch(t, addr, tries(1), tries(2), tries(3))
	settled(t, addr)
	require.Equal(t, []string{"1", "2", "3"}, j.all())
}

// E4: nor while another goroutine is inside next for the later message, after its interceptor has
// returned: it does not let the actor go on.
func TestKeptNextWhileAnotherIsInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var first keptNext
		messages, entered, leave := 0, make(chan struct{}), make(chan struct{})
		see := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			switch messages++; messages {
			case 1:
				first = keptNext{next, ctx}
			case 2:
				go func() { _, _ = next(ctx, msg) }()
				<-entered
				return nil, nil
			}
			return next(ctx, msg)
		}
		addr := run(t, &doll{}, akt.WithInterceptor(see))
		settled(t, addr)
		inside := deed(func(akt.Context) { close(entered); <-leave; j.add("first") })
		require.NoError(t, addr.TryNotify(t.Context(), inside))
		synctest.Wait()
		require.NoError(t, addr.TryNotify(t.Context(), j.entry("second")))
		_, err := first.next(first.ctx, j.entry("kept"))
		require.Error(t, err)
		synctest.Wait()
		require.Empty(t, j.all())
		close(leave)
		synctest.Wait()
		require.Equal(t, []string{"first", "second"}, j.all())
	})
}

// E4: nor does one that was kept from an earlier call for the same message, where the interceptor
// before it calls next once more.
func TestKeptNextOfAnEarlierTry(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			retry := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				for range 2 {
					if _, err := next(ctx, msg); err != nil {
						return nil, err
					}
				}
				return next(ctx, msg)
			}
			var kept []keptNext
			keep := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
				for n, earlier := range kept {
					for _, given := range []akt.Context{earlier.ctx, ctx} {
						if _, err := earlier.next(given, msg); err == nil {
							t.Errorf("next of try %d has run the handler in try %d", n, len(kept))
						}
					}
				}
				kept = append(kept, keptNext{next, ctx})
				return next(ctx, msg)
			}
			addr := path.runWith(t, &doll{}, akt.WithInterceptor(retry, keep))
			handled := 0
			reply, err := path.send(t, addr, play(func(akt.Context) (any, error) {
				handled++
				return handled, nil
			}))
			require.NoError(t, err)
			require.Equal(t, 3, reply)
			require.Equal(t, 3, handled)
		})
	}
}

// Info: an interceptor that recovers from a panic in another message than its own is handling its
// own one again.
func TestRecoveredMessageIsNamedAgain(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	var info func() akt.Info
	var during, after string
	d := &doll{onTerminated: func(akt.Context, akt.Terminated) {
		during = info().Handling
		panic("broken")
	}}
	addr, info := sysRun(t, system, d, akt.WithInterceptor(
		func(ctx akt.Context, _ any, next akt.Next) (any, error) {
			func() {
				defer func() { _ = recover() }()
				_, _ = next(ctx, akt.Terminated{})
			}()
			after = info().Handling
			return nil, nil
		}))
	_, err := addr.Send(t.Context(), deed(func(akt.Context) {}))
	require.NoError(t, err)
	require.Equal(t, "HandleTerminated", during)
	require.Equal(t, "HandleAct", after)
	shutDown(t, system)
}
