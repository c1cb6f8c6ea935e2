package tests_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about the mailbox: one message at a time, in order, with exact room.

// D1: one message is handled at a time, whatever way it came, and each handler sees the writes of
// the one before it.
func TestOneMessageAtATime(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithMailbox(4))
	private := contextOf(t, addr).Private()
	counter := 0 // without a lock: the race detector watches it
	var inside atomic.Int32
	count := deed(func(akt.Context) {
		if inside.Add(1) != 1 {
			t.Error("two handlers run at once")
		}
		counter++
		inside.Add(-1)
	})
	ways := []func() error{
		func() error { _, err := addr.Send(t.Context(), count); return err },
		func() error { _, err := addr.Send(context.Background(), count); return err },
		func() error { _, err := private.Send(t.Context(), count); return err },
		func() error { return addr.Notify(t.Context(), count) },
		func() error { return private.Notify(t.Context(), count) },
		func() error { return private.Do(func(ctx akt.Context) { _, _ = count.f(ctx) }) },
	}
	const rounds = 200
	var senders sync.WaitGroup
	for _, send := range ways {
		senders.Go(func() {
			for range rounds {
				if err := send(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	settled(t, addr)
	require.Equal(t, rounds*len(ways), counter)
}

// D2: the private lane goes first, in its own order, and the public one keeps its order behind it.
func TestPrivateLaneGoesFirst(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{})
	private := contextOf(t, addr).Private()
	leave := hold(t, addr)
	var j journal
	require.NoError(t, addr.Notify(t.Context(), j.entry("public 1")))
	require.NoError(t, addr.Notify(t.Context(), j.entry("public 2")))
	require.NoError(t, private.Notify(t.Context(), j.entry("private 1")))
	require.NoError(t, private.Do(func(akt.Context) { j.add("private 2") }))
	require.NoError(t, private.Notify(t.Context(), deed(func(akt.Context) {
		j.add("private 3")
		if err := private.Notify(context.Background(),
			j.entry("private 4, sent meanwhile")); err != nil {
			t.Error(err)
		}
	})))
	leave()
	settled(t, addr)
	require.Equal(t, []string{"private 1", "private 2", "private 3", "private 4, sent meanwhile",
		"public 1", "public 2"}, j.all())
}

// D3: the capacity counts exactly the messages whose handling has not begun, and not the one being
// handled.
func TestCapacityIsExact(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{1, 2, 7} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			t.Parallel()
			g, addr := runHeld(t, akt.WithMailbox(capacity))
			for n := range capacity {
				require.NoError(t, addr.TryNotify(context.Background(), Note{n}))
			}
			requireSendError(t, addr.TryNotify(context.Background(), Note{-1}), akt.NotHandled,
				akt.ErrMailboxFull, akt.ErrFailedToDeliver)
			close(g.leave)
			notes, err := akt.Ask[[]int](t.Context(), addr, Notes{})
			require.NoError(t, err)
			require.Len(t, notes, capacity)
		})
	}
}

// D3: a request in the queue takes a place in the mailbox like a notification, and gives it back
// when its handling begins.
func TestQueuedRequestTakesAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		go func() {
			_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
				if err := ctx.Address().
					TryNotify(context.Background(), deed(func(akt.Context) {})); err != nil {
					t.Error("its own place is free while it is handled:", err)
				}
			}))
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		require.ErrorIs(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})),
			akt.ErrMailboxFull)
		leave()
		synctest.Wait()
	})
}

// D3: Send and Notify wait for room until their ctx ends; then the message was certainly not
// handled, nor even accepted.
func TestWaitForRoomEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		send func(context.Context, *akt.Address, any) error
	}{
		{"Send", func(ctx context.Context, to *akt.Address, msg any) error {
			_, err := to.Send(ctx, msg)
			return err
		}},
		{"Notify", func(ctx context.Context, to *akt.Address, msg any) error {
			return to.Notify(ctx, msg)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, addr := runHeld(t, akt.WithMailbox(1))
				require.NoError(t, addr.TryNotify(context.Background(), Note{1}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				err := way.send(ctx, addr, Note{2})
				require.Equal(t, time.Minute, time.Since(began))
				requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver,
					context.DeadlineExceeded)
				require.NotErrorIs(t, err, akt.ErrFailedToGetResponse)
				close(g.leave)
				synctest.Wait()
				require.Equal(t, []int{1}, g.recorded())
			})
		})
	}
}

// D3: those who wait for room get in by turns, and TryNotify does not overtake them at the moment
// when room appears.
func TestTryNotifyDoesNotOvertake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		var j journal
		intrude := deed(func(ctx akt.Context) {
			j.add("queued")
			if err := ctx.Address().TryNotify(context.Background(),
				j.entry("intruder")); !errors.Is(err, akt.ErrMailboxFull) {
				t.Error("the room belongs to who waits for it:", err)
			}
		})
		require.NoError(t, addr.TryNotify(context.Background(), intrude))
		for n := range 3 {
			go func() {
				if err := addr.Notify(t.Context(), j.entry("waited %d", n)); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait() // it is in line
		}
		leave()
		synctest.Wait()
		require.Equal(t, []string{"queued", "waited 0", "waited 1", "waited 2"}, j.all())
	})
}

// D3: the place of a request that is taken back goes to who waits for room, not to who comes later.
func TestWithdrawnPlaceGoesToWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := addr.Send(ctx, j.entry("withdrawn"))
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
		synctest.Wait()
		letIn := false
		go func() {
			if err := addr.Notify(t.Context(), j.entry("waited")); err != nil {
				t.Error(err)
			}
			letIn = true
		}()
		synctest.Wait()
		require.False(t, letIn)
		cancel()
		synctest.Wait()
		require.True(t, letIn)
		require.ErrorIs(t, addr.TryNotify(context.Background(), j.entry("intruder")),
			akt.ErrMailboxFull)
		leave()
		synctest.Wait()
		require.Equal(t, []string{"waited"}, j.all())
	})
}

// D3: the private lane has room for everything, and its Notify never waits.
func TestPrivateLaneIsUnbounded(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithMailbox(1))
	private := contextOf(t, addr).Private()
	leave := hold(t, addr)
	var j journal
	for range 100 {
		require.NoError(t, private.Notify(context.Background(), j.entry("note")))
	}
	require.NoError(t,
		addr.TryNotify(context.Background(), j.entry("the public lane has its own room")))
	leave()
	settled(t, addr)
	require.Len(t, j.all(), 101)
}

// D4: a request whose ctx ends while it is queued is never handled, and its sender hears so at
// once.
func TestExpiredRequestIsNeverHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, addr := runHeld(t)
		require.NoError(t, addr.Notify(t.Context(), Note{1}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, Note{2})
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToGetResponse,
			context.DeadlineExceeded)
		require.ErrorContains(t, err, "queued behind 1")
		require.ErrorContains(t, err, "HandleHold")
		close(g.leave)
		synctest.Wait()
		require.Equal(t, []int{1}, g.recorded())
	})
}

// D4: also where the actor is faster than the sender in noticing that the ctx has ended, the
// request is not handled.
func TestExpiredRequestIsNotHandledByAFasterActor(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			addr := run(t, &doll{})
			ctx, cancel := context.WithCancel(t.Context())
			leave, left := make(chan struct{}), make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {
				<-leave
				cancel() // and on to the next message, before its sender has woken up
			})))
			go func() {
				defer close(left)
				_, err := addr.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
				var failure *akt.SendError
				if !errors.As(err, &failure) ||
					failure.Handled != akt.NotHandled || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
			synctest.Wait()
			close(leave)
			<-left
		})
	}
}

// D4: a ctx that ends while the handler runs ends the handler's ctx, and Send returns at once,
// whatever the handler does.
func TestContextEndsWhileHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var heard, returned time.Duration
		began := time.Now()
		_, err := addr.Send(ctx, deed(func(ctx akt.Context) {
			<-ctx.Done()
			heard = time.Since(began)
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Error(ctx.Err())
			}
			time.Sleep(time.Hour)
			returned = time.Since(began)
		}))
		require.Equal(t, time.Minute, time.Since(began))
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse,
			context.DeadlineExceeded)
		require.ErrorContains(t, err, "running HandleAct")
		settled(t, addr)
		require.Equal(t, time.Minute, heard)
		require.Equal(t, time.Minute+time.Hour, returned)
	})
}

// D4: the ctx of Notify only bounds the wait for room: the handler has its values, not its end and
// not its deadline.
func TestEndOfNotifyContextStaysOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		addr := run(t, &doll{})
		leave := hold(t, addr)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"),
			time.Minute)
		defer cancel()
		handled := false
		require.NoError(t, addr.Notify(ctx, deed(func(ctx akt.Context) {
			handled = true
			if _, has := ctx.Deadline(); has || ctx.Err() != nil {
				t.Error("the end of Notify's ctx reached the handler:", ctx.Err())
			}
			select {
			case <-ctx.Done():
				t.Error("Done is closed")
			default:
			}
			if got := ctx.Value(key{}); got != "value" {
				t.Error("value:", got)
			}
		})))
		time.Sleep(time.Hour)
		leave()
		synctest.Wait()
		require.True(t, handled)
	})
}

// D4: each sender gets the reply to its own request, also while others leave in the middle of
// theirs.
func TestRepliesAreNotCrossed(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithMailbox(2))
	var senders sync.WaitGroup
	for sender := range 8 {
		senders.Go(func() {
			for round := range 150 {
				want := sender*1000 + round
				ctx, cancel := context.WithCancel(context.Background())
				reply, err := addr.Send(ctx, play(func(akt.Context) (any, error) {
					if want%3 == 0 {
						cancel() // the sender leaves while the answer is being given
					}
					return want, nil
				}))
				cancel()
				if err == nil && reply != want {
					t.Errorf("asked for %d, got %v", want, reply)
				}
				if err != nil && want%3 != 0 {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
}
