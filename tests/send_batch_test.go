package tests_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Notifications that queue behind a busy handler are taken all at once: a batch. Nobody is to
// notice. Each of these tests is about what a batch could get wrong, as the actor does not look at
// its mailbox between two messages of it.

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

// L2: Context.Stop in a batch drops exactly the rest of it, in its order, and what came later.
func TestStopInABatchDropsTheRest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		stop func(akt.Context)
	}{
		{"in the handler", akt.Context.Stop},
		{"by another goroutine", func(ctx akt.Context) {
			stopped := make(chan struct{})
			go func() { ctx.Stop(); close(stopped) }()
			<-stopped
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var handled []int
			var dead []int
			var last akt.Info
			hook := akt.WithDeadLetters(func(d akt.DeadLetter) {
				dead = append(dead, d.Msg.(numberedNote).N)
			})
			system := akt.NewSystem(akt.WithDefaults(quiet()), hook)
			var info func() akt.Info
			addr, info := sysRun(t, system, &noteTaker{
				take: func(ctx akt.Context, n int) {
					handled = append(handled, n)
					if n == 2 {
						err := errors.Join(
							ctx.Address().TryNotify(ctx, numberedNote{6}),
							ctx.Private().Notify(ctx, numberedNote{7}),
						)
						if err != nil {
							t.Error(err)
						}
						row.stop(ctx)
					}
				},
				stopped: func() { last = info() },
			})
			done := addr.Done()
			busy, leave := make(chan struct{}), make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), noteHold{busy, leave}))
			<-busy
			for n := range 5 {
				require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
			}
			close(leave)
			<-done
			require.Equal(t, []int{1, 2}, handled)
			require.Equal(t, []int{7, 3, 4, 5, 6}, dead, "in the order of their turns")
			require.EqualValues(t, 3, last.Handled)
			require.EqualValues(t, 5, last.Dropped)
			require.Zero(t, last.Queued)
			shutDown(t, system)
		})
	}
}

// L2: where OnStopping vetoes a Context.Stop in a batch, the rest of it is handled.
func TestVetoInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{onStopping: func(akt.Context) bool { j.add("asked"); return false }})
	stop := deed(func(ctx akt.Context) { j.add("stop"); ctx.Stop() })
	<-asBatch(t, addr, j.entry("one"), stop, j.entry("two"), j.entry("three"))
	require.Equal(t, []string{"one", "stop", "asked", "two", "three"}, j.all())
}

// L3: Address.Stop in a batch refuses what comes later, and the rest of the batch is handled.
func TestDrainInABatch(t *testing.T) {
	t.Parallel()
	var j journal
	addr := run(t, &doll{onStopping: func(akt.Context) bool { j.add("told"); return false }})
	done := addr.Done()
	stop := deed(func(ctx akt.Context) {
		j.add("stop")
		addr.Stop()
		if err := addr.TryNotify(ctx, j.entry("late")); !errors.Is(err, akt.ErrStopped) {
			t.Error(err)
		}
		if err := ctx.Private().Notify(ctx, j.entry("late")); !errors.Is(err, akt.ErrStopped) {
			t.Error(err)
		}
	})
	asBatch(t, addr, j.entry("one"), stop, j.entry("two"), j.entry("three"))
	<-done
	require.Equal(t, []string{"one", "stop", "two", "three", "told"}, j.all())
}

// L5: a failure in a batch is that of its message alone: it is counted and reported once, and the
// rest of the batch is handled in its order, before what came later, by the state that is decided.
func TestFailureInABatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		fail  func()
		d     akt.Directive
		state int
	}{
		{"a panic, and Resume", func() { panic("broken") }, akt.Resume, 1},
		{"a panic, and Restart", func() { panic("broken") }, akt.Restart, 2},
		{"a Goexit, and Resume", runtime.Goexit, akt.Resume, 1},
		{"a Goexit, and Restart", runtime.Goexit, akt.Restart, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var j, dead journal
			system := deadLetters(&dead)
			states, last := 0, make(chan struct{})
			spawn := akt.Spawner[*noteTaker](func() *noteTaker {
				states++
				state := states
				return &noteTaker{take: func(ctx akt.Context, n int) {
					j.add("%d by %d", n, state)
					if n == 2 {
						if err := ctx.Address().TryNotify(ctx, numberedNote{5}); err != nil {
							t.Error(err)
						}
						row.fail()
					}
					if n == 5 {
						close(last)
					}
				}}
			})
			addr, info := sysRun(t, system, spawn, akt.WithSupervisor(akt.Supervisor{
				Decide: func(akt.Failure) akt.Directive { return row.d },
			}))
			busy, leave := make(chan struct{}), make(chan struct{})
			require.NoError(t, addr.Notify(t.Context(), noteHold{busy, leave}))
			<-busy
			for n := range 4 {
				require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
			}
			close(leave)
			<-last
			_, err := addr.Send(t.Context(), numberedNote{6})
			require.NoError(t, err)
			by := func(n, state int) string { return fmt.Sprintf("%d by %d", n, state) }
			require.Equal(t, []string{
				by(1, 1), by(2, 1), // and by the state that was decided
				by(3, row.state), by(4, row.state), by(5, row.state), by(6, row.state),
			}, j.all())
			require.Len(t, dead.all(), 1)
			got := info()
			require.EqualValues(t, 7, got.Handled)
			require.EqualValues(t, 1, got.Failed)
			require.Zero(t, got.Dropped)
			shutDown(t, system)
		})
	}
}

// noteTaker hands the numbers of its notes on.
type noteTaker struct {
	take              func(akt.Context, int)
	stopping, stopped func()
}

func (s *noteTaker) HandleNote(ctx akt.Context, m numberedNote) { s.take(ctx, m.N) }
func (*noteTaker) HandleHold(_ akt.Context, m noteHold)         { close(m.busy); <-m.leave }

func (s *noteTaker) OnStopping(akt.Context) bool {
	if s.stopping != nil {
		s.stopping()
	}
	return true
}

func (s *noteTaker) OnStopped(akt.Context) {
	if s.stopped != nil {
		s.stopped()
	}
}

type (
	numberedNote struct{ N int }
	// noteHold keeps a noteTaker busy.
	noteHold struct{ busy, leave chan struct{} }
)

// Shutdown: when its patience ends during a batch, the rest is dropped, in its order, and not
// begun; OnStopping is told when the handler that runs has returned.
func TestShutdownCutsABatch(t *testing.T) {
	t.Parallel()
	var handled, dead []int
	var j journal
	system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(d akt.DeadLetter) {
		dead = append(dead, d.Msg.(numberedNote).N)
	}))
	begun, leave := make(chan struct{}), make(chan struct{})
	addr, err := system.Run(&noteTaker{
		take: func(_ akt.Context, n int) {
			handled = append(handled, n)
			if n == 2 {
				close(begun)
				<-leave
			}
		},
		stopping: func() { j.add("OnStopping") },
		stopped:  func() { j.add("OnStopped") },
	})
	require.NoError(t, err)
	done := addr.Done()
	busy, let := make(chan struct{}), make(chan struct{})
	require.NoError(t, addr.Notify(t.Context(), noteHold{busy, let}))
	<-busy
	for n := range 5 {
		require.NoError(t, addr.TryNotify(t.Context(), numberedNote{n + 1}))
	}
	close(let)
	<-begun
	require.NoError(t, addr.TryNotify(t.Context(), numberedNote{6}))
	over := ended(t)
	err = system.Shutdown(over)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "HandleNote (4 queued)")
	require.Equal(t, []int{3, 4, 5, 6}, dead)
	for info := range system.Actors() {
		require.Zero(t, info.Queued)
		require.EqualValues(t, 4, info.Dropped)
	}
	close(leave)
	<-done
	require.Equal(t, []int{1, 2}, handled)
	require.Equal(t, []string{"OnStopping", "OnStopped"}, j.all())
}

// One-Owner: where panic(nil) of a batch is taken for a Goexit, as GODEBUG=panicnil=1 has it, the
// owner that goes on has the worker to itself. The race detector says so.
func TestPanicOfNilInABatch(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for range 50 {
		addr := run(t, &doll{}, quiet(), supOption(akt.Resume))
		over := make(chan struct{})
		leave := hold(t, addr)
		for range 3 {
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {
				panic(nil) //nolint:govet // the case itself
			})))
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
		}
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { close(over) })))
		leave()
		<-over
		addr.Release()
	}
}
