package tests_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Notifications that queue behind a busy handler are taken all at once: a batch. Nobody is to
// notice. Each of these tests is about what a batch could get wrong, as the actor does not look at
// its mailbox between two messages of it.

// asBatch queues acts behind a busy handler of the doll, which handles them as a batch. It returns
// at once; over is closed when all were handled, and what came meanwhile is not among them.
func asBatch(t *testing.T, addr akt.Sender, acts ...dollAct) (over chan struct{}) {
	t.Helper()
	over = make(chan struct{})
	leave := hold(t, addr)
	for i, act := range acts {
		if last := act; i == len(acts)-1 {
			act = play(func(ctx akt.Context) (any, error) {
				defer close(over)
				return last.f(ctx)
			})
		}
		require.NoError(t, addr.Notify(context.Background(), act))
	}
	leave()
	return over
}

// Interceptors are called around each message of a batch, and Delivery is that message's own.
func TestInterceptorsRunInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	n := 0
	see := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		n++
		d := ctx.Delivery()
		j.add("%d in: %s %s %v", n, d.Handler, d.Message, d.Notification)
		reply, err := next(ctx, msg)
		j.add("%d out", n)
		return reply, err
	}
	addr := run(t, &doll{}, akt.WithInterceptor(see))
	<-asBatch(t, addr, j.entry("one"), j.entry("two"), j.entry("three"))
	settled(t, addr)
	in := " in: HandleAct tests_test.dollAct "
	require.Equal(t, []string{
		"1" + in + "true", "1 out", // what kept the actor busy
		"2" + in + "true", "one", "2 out",
		"3" + in + "true", "two", "3 out",
		"4" + in + "true", "three", "4 out",
		"5" + in + "false", "5 out",
	}, j.all())
}

// E3: an interceptor's own error for a message of a batch is its failure, and the batch goes on.
func TestInterceptorFailsInABatch(t *testing.T) {
	t.Parallel()
	var j, dead journal
	system := deadLetters(&dead)
	n := 0
	addr, info := sysRun(t, system, &doll{}, akt.WithInterceptor(
		func(ctx akt.Context, msg any, next akt.Next) (any, error) {
			if n++; n == 3 {
				return nil, errors.New("refused")
			}
			return next(ctx, msg)
		}))
	<-asBatch(t, addr, j.entry("one"), j.entry("two"), j.entry("three"))
	require.Equal(t, []string{"one", "three"}, j.all())
	require.Equal(t, []string{"tests_test.dollAct: refused"}, dead.all())
	require.EqualValues(t, 1, info().Failed)
	shutDown(t, system)
}

// Info: Queued is exact during a batch, message by message, in its handlers, and so are Handled
// and Handling; what is sent meanwhile counts.
func TestInfoIsExactInABatch(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	var info func() akt.Info
	var queued, handled []uint64
	look := deed(func(akt.Context) {
		i := info()
		queued, handled = append(queued, i.Queued), append(handled, i.Handled)
		if i.Handling != "HandleAct" {
			t.Errorf("handling %q", i.Handling)
		}
	})
	send := deed(func(ctx akt.Context) {
		_, _ = look.f(ctx)
		if err := ctx.Address().TryNotify(ctx, deed(func(akt.Context) {})); err != nil {
			t.Error(err)
		}
		if err := ctx.Private().Notify(ctx, look); err != nil {
			t.Error(err)
		}
	})
	addr, info := sysRun(t, system, &doll{})
	<-asBatch(t, addr, look, look, send, look, look)
	require.Equal(t, []uint64{4, 3, 2, 3, 2, 1}, queued)
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6}, handled)
	shutDown(t, system)
}

// D3: in each message of a batch the mailbox has exactly the room of the messages that were begun.
func TestCapacityIsExactInABatch(t *testing.T) {
	t.Parallel()
	addr := run(t, &doll{}, akt.WithMailbox(3))
	room := make([]int, 0, 3)
	fill := deed(func(ctx akt.Context) {
		n := 0
		for ; n < 10; n++ {
			err := ctx.Address().TryNotify(ctx, deed(func(akt.Context) {}))
			if errors.Is(err, akt.ErrMailboxFull) {
				break
			}
		}
		room = append(room, n)
	})
	<-asBatch(t, addr, fill, fill, fill)
	require.Equal(t, []int{1, 1, 1}, room)

	room = room[:0]
	<-asBatch(t, addr, deed(func(akt.Context) {}), deed(func(akt.Context) {}), fill)
	require.Equal(t, []int{3}, room, "in the last one all of it")
}

// D3: who waits for room is let in as soon as a message of the batch is begun, not when the batch
// is over; and nobody overtakes it, in no message of the batch.
func TestRoomInABatch(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		send func(context.Context, akt.Sender, any) error
	}{
		{"Notify", func(ctx context.Context, to akt.Sender, msg any) error {
			return to.Notify(ctx, msg)
		}},
		{"Send", func(ctx context.Context, to akt.Sender, msg any) error {
			_, err := to.Send(ctx, msg)
			return err
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := sysQuiet()
				var j journal
				addr, info := sysRun(t, system, &doll{}, akt.WithMailbox(3))
				intrude := func() {
					err := addr.TryNotify(context.Background(), j.entry("intruder"))
					if !errors.Is(err, akt.ErrMailboxFull) {
						t.Error("the room belongs to who waits for it:", err)
					}
				}
				wait := func(n int) {
					go func() {
						if err := way.send(t.Context(), addr, j.entry("waited %d", n)); err != nil {
							t.Error(err)
						}
					}()
					synctest.Wait() // it is in line
				}
				step := func(n int, queued uint64) dollAct {
					return deed(func(akt.Context) {
						j.add("batch %d", n)
						synctest.Wait() // who was let in knows it
						if got := info().Queued; got != queued {
							t.Errorf("in message %d of the batch %d are queued", n, got)
						}
						intrude()
					})
				}
				first := deed(func(akt.Context) {
					j.add("batch 1")
					if err := addr.TryNotify(context.Background(), j.entry("in time")); err != nil {
						t.Error(err)
					}
					intrude()
					wait(1)
					intrude()
					wait(2)
					intrude()
				})
				<-asBatch(t, addr, first, step(2, 3), step(3, 3))
				synctest.Wait()
				require.Equal(t, []string{
					"batch 1", "batch 2", "batch 3", "in time", "waited 1", "waited 2",
				}, j.all())
				shutDown(t, system)
			})
		})
	}
}

// D2: a private message goes before the rest of a batch, also one that is sent to a batch by
// somebody else, and the rest of the batch keeps its place before what came later.
func TestPrivateLaneGoesFirstInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{})
	over := make(chan struct{})
	first := deed(func(ctx akt.Context) {
		j.add("batch 1")
		err := errors.Join(
			addr.TryNotify(ctx, j.entry("public")),
			addr.TryNotify(ctx, deed(func(akt.Context) { close(over) })),
			ctx.Private().Notify(ctx, j.entry("private 1")),
			ctx.Private().Do(func(akt.Context) { j.add("private 2") }),
		)
		if err != nil {
			t.Error(err)
		}
	})
	second := deed(func(ctx akt.Context) {
		j.add("batch 2")
		sent := make(chan error)
		go func() { sent <- ctx.Private().Notify(context.Background(), j.entry("private 3")) }()
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
	asBatch(t, addr, first, second, j.entry("batch 3"), j.entry("batch 4"))
	<-over
	require.Equal(t, []string{
		"batch 1", "private 1", "private 2", "batch 2", "private 3", "batch 3", "batch 4", "public",
	}, j.all())
}

// L4: a timer that is due during a batch goes before the rest of it.
func TestTimerGoesFirstInABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		addr := run(t, &doll{})
		first := deed(func(ctx akt.Context) {
			ctx.Private().NotifyLater(j.entry("at once"), 0)
			ctx.Private().NotifyLater(j.entry("later"), time.Second)
		})
		second := deed(func(akt.Context) { time.Sleep(time.Minute); j.add("batch 2") })
		<-asBatch(t, addr, first, second, j.entry("batch 3"))
		require.Equal(t, []string{"at once", "batch 2", "later", "batch 3"}, j.all())
	})
}

// D4, In-Order: a request that is withdrawn from behind the rest of a batch, which a private
// message has interrupted, takes nothing of the rest with it; its sender learns how much was
// ahead.
func TestWithdrawalBehindABatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		first func(akt.Context, func(akt.Context)) // what the first message of the batch does
		ahead string
	}{
		{"in the batch", func(ctx akt.Context, withdraw func(akt.Context)) {
			withdraw(ctx)
		}, "queued behind 3"},
		{"after it was given back", func(ctx akt.Context, withdraw func(akt.Context)) {
			if err := ctx.Private().Do(withdraw); err != nil {
				t.Error(err)
			}
		}, "queued behind 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				addr := run(t, &doll{})
				ctx, cancel := context.WithCancel(t.Context())
				left := make(chan error, 1)
				first := deed(func(own akt.Context) {
					j.add("batch 1")
					go func() {
						_, err := addr.Send(ctx, j.entry("withdrawn"))
						left <- err
					}()
					synctest.Wait()
					if row.name == "in the batch" {
						err := own.Private().Notify(own, j.entry("private"))
						if err != nil {
							t.Error(err)
						}
					}
					row.first(own, func(akt.Context) {
						cancel()
						err := <-left
						requireSendError(t, err, akt.NotHandled, context.Canceled)
						require.ErrorContains(t, err, row.ahead)
					})
				})
				<-asBatch(t, addr, first, j.entry("batch 2"), j.entry("batch 3"))
				settled(t, addr)
				got := j.all()
				require.Equal(t, []string{"batch 2", "batch 3"}, got[len(got)-2:])
			})
		})
	}
}

// WithContext: its values reach each message of a batch, behind those of its sender.
func TestValuesOfWithContextInABatch(t *testing.T) {
	t.Parallel()
	type own struct{}
	ctx := context.WithValue(context.Background(), sysKey{}, "base")
	addr := run(t, &doll{}, akt.WithContext(ctx))
	var got []any
	look := deed(func(ctx akt.Context) { got = append(got, ctx.Value(sysKey{}), ctx.Value(own{})) })
	over := make(chan struct{})
	leave := hold(t, addr)
	with := context.WithValue(t.Context(), own{}, "own")
	require.NoError(t, addr.TryNotify(t.Context(), look))
	require.NoError(t, addr.TryNotify(with, look))
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(ctx akt.Context) {
		_, _ = look.f(ctx)
		close(over)
	})))
	leave()
	<-over
	require.Equal(t, []any{"base", nil, "base", "own", "base", nil}, got)
}
