package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// doll does what a test tells it to: as its handler what the message says, as its hooks what its fields say.
type doll struct {
	onStart      func(akt.Context) error
	onStopping   func(akt.Context) bool
	onStopped    func(akt.Context)
	onTerminated func(akt.Context, akt.Terminated)
}

// dollAct is what a doll does as its handler, and what it replies.
type dollAct struct {
	f func(akt.Context) (any, error)
}

func (*doll) HandleAct(ctx akt.Context, m dollAct) (any, error) { return m.f(ctx) }

func (d *doll) HandleTerminated(ctx akt.Context, m akt.Terminated) {
	if d.onTerminated != nil {
		d.onTerminated(ctx, m)
	}
}

func (d *doll) OnStart(ctx akt.Context) error {
	if d.onStart != nil {
		return d.onStart(ctx)
	}
	return nil
}

func (d *doll) OnStopping(ctx akt.Context) bool { return d.onStopping == nil || d.onStopping(ctx) }

func (d *doll) OnStopped(ctx akt.Context) {
	if d.onStopped != nil {
		d.onStopped(ctx)
	}
}

// play is an act with a reply.
func play(f func(akt.Context) (any, error)) dollAct { return dollAct{f} }

// deed is an act without a reply.
func deed(f func(akt.Context)) dollAct {
	return play(func(ctx akt.Context) (any, error) {
		f(ctx)
		return nil, nil
	})
}

// hold keeps a doll busy until the function it returns is called, at the latest at the end of the test.
func hold(t *testing.T, addr akt.Sender) (leave func()) {
	t.Helper()
	entered, left := make(chan struct{}), make(chan struct{})
	require.NoError(t, addr.Notify(context.Background(), deed(func(akt.Context) {
		close(entered)
		<-left
	})))
	<-entered
	leave = sync.OnceFunc(func() { close(left) })
	t.Cleanup(leave)
	return leave
}

// contextOf returns the Context of a handler of the doll, which has returned.
func contextOf(t *testing.T, addr akt.Sender) akt.Context {
	t.Helper()
	reply, err := addr.Send(context.Background(), play(func(ctx akt.Context) (any, error) { return ctx, nil }))
	require.NoError(t, err)
	return reply.(akt.Context)
}

// settled returns when the doll has handled all it was sent before.
func settled(t *testing.T, addr akt.Sender) {
	t.Helper()
	_, err := addr.Send(context.Background(), deed(func(akt.Context) {}))
	require.NoError(t, err)
}

// journal is a list of lines that may be written from anywhere.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}

// entry is an act that writes a line.
func (j *journal) entry(format string, args ...any) dollAct {
	return deed(func(akt.Context) { j.add(format, args...) })
}

// quiet keeps expected failures out of the tests' output.
func quiet() akt.Option { return akt.WithLogger(slog.New(slog.DiscardHandler)) }

// requireSendError checks what every failed send says: whether the message was handled, the layer and the cause.
func requireSendError(t *testing.T, err error, handled akt.Handled, causes ...error) *akt.SendError {
	t.Helper()
	var failure *akt.SendError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, handled, failure.Handled, "%v", err)
	for _, cause := range causes {
		require.ErrorIs(t, err, cause)
	}
	return failure
}

// goroutine names the goroutine that calls it.
func goroutine() string {
	var header [64]byte
	text := string(header[:runtime.Stack(header[:], false)])
	name, _, _ := strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	return name
}

// D1: one message is handled at a time, whatever way it came, and each handler sees the writes of the one before it.
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
		if err := private.Notify(context.Background(), j.entry("private 4, sent meanwhile")); err != nil {
			t.Error(err)
		}
	})))
	leave()
	settled(t, addr)
	require.Equal(t, []string{"private 1", "private 2", "private 3", "private 4, sent meanwhile", "public 1", "public 2"}, j.all())
}

// D3: the capacity counts exactly the messages whose handling has not begun, and not the one being handled.
func TestCapacityIsExact(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{1, 2, 7} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			t.Parallel()
			g, addr := runHeld(t, akt.WithMailbox(capacity))
			for n := range capacity {
				require.NoError(t, addr.TryNotify(context.Background(), Note{n}))
			}
			requireSendError(t, addr.TryNotify(context.Background(), Note{-1}), akt.NotHandled, akt.ErrMailboxFull, akt.ErrFailedToDeliver)
			close(g.leave)
			notes, err := akt.Ask[[]int](t.Context(), addr, Notes{})
			require.NoError(t, err)
			require.Len(t, notes, capacity)
		})
	}
}

// D3: a request in the queue takes a place in the mailbox like a notification, and gives it back when its handling begins.
func TestQueuedRequestTakesAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		go func() {
			_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
				if err := ctx.Address().TryNotify(context.Background(), deed(func(akt.Context) {})); err != nil {
					t.Error("its own place is free while it is handled:", err)
				}
			}))
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		require.ErrorIs(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})), akt.ErrMailboxFull)
		leave()
		synctest.Wait()
	})
}

// D3: Send and Notify wait for room until their ctx ends; then the message was certainly not handled, nor even accepted.
func TestWaitForRoomEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		send func(context.Context, *akt.Address, any) error
	}{
		{"Send", func(ctx context.Context, to *akt.Address, msg any) error { _, err := to.Send(ctx, msg); return err }},
		{"Notify", func(ctx context.Context, to *akt.Address, msg any) error { return to.Notify(ctx, msg) }},
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
				requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver, context.DeadlineExceeded)
				require.NotErrorIs(t, err, akt.ErrFailedToGetResponse)
				close(g.leave)
				synctest.Wait()
				require.Equal(t, []int{1}, g.recorded())
			})
		})
	}
}

// D3: those who wait for room get in by turns, and TryNotify does not overtake them at the moment when room appears.
func TestTryNotifyDoesNotOvertake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{}, akt.WithMailbox(1))
		leave := hold(t, addr)
		var j journal
		intrude := deed(func(ctx akt.Context) {
			j.add("queued")
			if err := ctx.Address().TryNotify(context.Background(), j.entry("intruder")); !errors.Is(err, akt.ErrMailboxFull) {
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
		require.ErrorIs(t, addr.TryNotify(context.Background(), j.entry("intruder")), akt.ErrMailboxFull)
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
	require.NoError(t, addr.TryNotify(context.Background(), j.entry("the public lane has its own room")))
	leave()
	settled(t, addr)
	require.Len(t, j.all(), 101)
}

// D4: a request whose ctx ends while it is queued is never handled, and its sender hears so at once.
func TestExpiredRequestIsNeverHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, addr := runHeld(t)
		require.NoError(t, addr.Notify(t.Context(), Note{1}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, Note{2})
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToGetResponse, context.DeadlineExceeded)
		require.ErrorContains(t, err, "queued behind 1")
		require.ErrorContains(t, err, "HandleHold")
		close(g.leave)
		synctest.Wait()
		require.Equal(t, []int{1}, g.recorded())
	})
}

// D4: also where the actor is faster than the sender in noticing that the ctx has ended, the request is not handled.
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
				if !errors.As(err, &failure) || failure.Handled != akt.NotHandled || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
			synctest.Wait()
			close(leave)
			<-left
		})
	}
}

// D4: a ctx that ends while the handler runs ends the handler's ctx, and Send returns at once, whatever the handler does.
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
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse, context.DeadlineExceeded)
		require.ErrorContains(t, err, "running HandleAct")
		settled(t, addr)
		require.Equal(t, time.Minute, heard)
		require.Equal(t, time.Minute+time.Hour, returned)
	})
}

// D4: the ctx of Notify only bounds the wait for room: the handler has its values, not its end and not its deadline.
func TestEndOfNotifyContextStaysOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		addr := run(t, &doll{})
		leave := hold(t, addr)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Minute)
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

// D4: each sender gets the reply to its own request, also while others leave in the middle of theirs.
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

// A nil pointer is no message for a handler that takes the value: its sender hears so, and nothing is dereferenced.
func TestNilPointerMessage(t *testing.T) {
	t.Parallel()
	addr := run(t, newGate())
	var unhandled *akt.UnhandledError
	for range 2 { // the second time, the way is known
		reply, err := addr.Send(t.Context(), &Note{7})
		require.NoError(t, err)
		require.Equal(t, 7, reply)
		_, err = addr.Send(t.Context(), (*Note)(nil))
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, &unhandled)
		err = addr.Notify(t.Context(), (*Note)(nil))
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, &unhandled)
	}
	notes, err := akt.Ask[[]int](t.Context(), addr, Notes{})
	require.NoError(t, err)
	require.Equal(t, []int{7, 7}, notes)
}

// D5: the handler runs on the sender's goroutine where nobody could notice: the actor is idle and the ctx cannot end, or
// WithInlineSend allows it.
func TestWhereTheHandlerRuns(t *testing.T) {
	t.Parallel()
	where := play(func(akt.Context) (any, error) { return goroutine(), nil })
	for _, row := range []struct {
		name string
		ctx  func(akt.Context) context.Context
		opts []akt.Option
		here bool
	}{
		{"a ctx that cannot end", func(akt.Context) context.Context { return context.Background() }, nil, true},
		{"a ctx that can end", func(akt.Context) context.Context { return t.Context() }, nil, false},
		{"a ctx that can end, WithInlineSend", func(akt.Context) context.Context { return t.Context() }, []akt.Option{akt.WithInlineSend()}, true},
		{"a handler's own Context", func(ctx akt.Context) context.Context { return ctx }, nil, true},
		{"one derived from it", func(ctx akt.Context) context.Context { return context.WithValue(ctx, Note{}, 1) }, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			outer, inner := run(t, &doll{}), run(t, &doll{}, row.opts...)
			_, err := outer.Send(context.Background(), deed(func(ctx akt.Context) {
				there, err := inner.Send(row.ctx(ctx), where)
				if err != nil || (there == goroutine()) != row.here {
					t.Errorf("the handler ran on goroutine %v, its sender on %v (error %v)", there, goroutine(), err)
				}
			}))
			require.NoError(t, err)
		})
	}
}

// D5: a Send that runs the handler itself returns when the handler does, also after its ctx has ended.
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
