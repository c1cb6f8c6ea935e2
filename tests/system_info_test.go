package tests_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what a system tells of its actors.

// Info: who the actor is, and since when, by the clock of its bubble.
func TestInfoOfNewActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		time.Sleep(time.Hour)
		at := time.Now()
		var during akt.Info
		_, info := sysRun(t, system, &doll{onStart: func(akt.Context) error {
			time.Sleep(time.Minute)
			during = slices.Collect(system.Actors())[0]
			return nil
		}}, akt.WithName("ann"))
		want := akt.Info{Name: "ann", Type: "*tests_test.doll", State: akt.Starting,
			Handling: "OnStart"}
		require.True(t, at.Equal(during.Started), "%v", during.Started)
		during.Started = time.Time{}
		require.Equal(t, want, during)
		got := info()
		require.True(t, at.Equal(got.Started))
		got.Started = time.Time{}
		want.State, want.Handling = akt.Started, ""
		require.Equal(t, want, got)
		shutDown(t, system)
		require.Empty(t, slices.Collect(system.Actors()))
	})
}

// Info: Handled counts every message on every path, functions of Do and failed ones included; hooks
// are no messages.
func TestInfoHandledOnAllPaths(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			own, system := errors.New("the handler's own"), sysQuiet()
			addr, info := sysRun(t, system,
				&doll{onStopping: func(akt.Context) bool { return false }}, path.opts...)
			for n := range uint64(10) {
				require.Equal(t, n, info().Handled)
				_, err := path.send(t, addr, deed(func(akt.Context) {}))
				require.NoError(t, err)
			}
			_, err := path.send(t, addr, deed(func(ctx akt.Context) {
				require.NoError(t, ctx.Private().Do(func(akt.Context) {}))
				require.NoError(t, ctx.Private().Notify(ctx, deed(func(akt.Context) {})))
				ctx.Stop() // OnStopping vetoes
			}))
			require.NoError(t, err)
			settled(t, addr)
			require.EqualValues(t, 14, info().Handled)
			for n := range uint64(3) {
				require.Equal(t, n, info().Failed)
				_, err := path.send(t, addr,
					play(func(akt.Context) (any, error) { return nil, own }))
				require.Equal(t, own, err)
				require.Equal(t, own, info().LastError)
			}
			got := info()
			require.EqualValues(t, 17, got.Handled)
			require.EqualValues(t, 3, got.Failed)
			require.Zero(t, got.Dropped)
			require.Zero(t, got.Restarts)
			shutDown(t, system)
		})
	}
}

// Info: a panic is a failure, and a fresh state a restart; both keep the counts.
func TestInfoAfterRestart(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths() {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			system := sysQuiet()
			addr, info := sysRun(t, system, akt.Spawner[*doll](func() *doll { return &doll{} }),
				path.opts...)
			_, err := path.send(t, addr, deed(func(akt.Context) { panic("broken") }))
			require.ErrorAs(t, err, new(*akt.PanicError))
			settled(t, addr)
			got := info()
			require.Equal(t, []uint64{2, 1, 0, 1},
				[]uint64{got.Handled, got.Failed, got.Dropped, got.Restarts})
			var failure *akt.PanicError
			require.ErrorAs(t, got.LastError, &failure)
			require.Equal(t, "broken", failure.Value)
			shutDown(t, system)
		})
	}
}

// Info: what is queued, in both lanes, and what runs meanwhile; the message that runs is not
// counted yet.
func TestInfoOfBusyActor(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	addr, info := sysRun(t, system, &doll{})
	private := contextOf(t, addr).Private()
	leave := hold(t, addr)
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
	require.NoError(t, private.Do(func(akt.Context) {
		got := info()
		require.Equal(t, "a function", got.Handling)
		require.EqualValues(t, 2, got.Handled)
		require.GreaterOrEqual(t, got.Queued, uint64(2))
	}))
	got := info()
	require.Equal(t, "HandleAct", got.Handling)
	require.EqualValues(t, 1, got.Handled)
	require.EqualValues(t, 3, got.Queued)
	leave()
	settled(t, addr)
	got = info()
	require.Empty(t, got.Handling)
	require.EqualValues(t, 6, got.Handled)
	require.Zero(t, got.Queued)
	shutDown(t, system)
}

// Info: Dropped counts what was accepted and never handled, not what was refused.
func TestInfoDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		addr, info := sysRun(t, system, &doll{}, akt.WithMailbox(2))
		leave := hold(t, addr)
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		sooner, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		// The third waits for room, and leaves: it was not accepted.
		for _, ctx := range []context.Context{soon, soon, sooner} {
			synctest.Wait()
			go func() {
				if _, err := addr.Send(ctx, deed(func(akt.Context) {})); !errors.Is(err,
					context.DeadlineExceeded) {
					t.Errorf("the error is %v", err)
				}
			}()
		}
		synctest.Wait()
		require.ErrorIs(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})),
			akt.ErrMailboxFull)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		got := info()
		require.Zero(t, got.Queued)
		require.EqualValues(t, 2, got.Dropped)
		leave()
		settled(t, addr)
		require.EqualValues(t, 2, info().Dropped)
		require.EqualValues(t, 2, info().Handled)
		shutDown(t, system)
	})
}

// sysExpiring is a context whose end nobody hears of: only Err tells.
type sysExpiring struct {
	context.Context
	over atomic.Bool
}

func (*sysExpiring) Done() <-chan struct{} { return make(chan struct{}) }

func (c *sysExpiring) Err() error {
	if c.over.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

// Info, E2: a request that is found expired when its turn comes is dropped, and its error says that
// nothing was ahead of it.
func TestInfoExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, &doll{})
		leave := hold(t, addr)
		ctx, sent := &sysExpiring{Context: t.Context()}, make(chan error)
		go func() {
			_, err := addr.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
			sent <- err
		}()
		synctest.Wait()
		ctx.over.Store(true)
		leave()
		failure := requireSendError(t, <-sent, akt.NotHandled, context.DeadlineExceeded)
		require.ErrorContains(t, failure, "queued behind 0")
		require.EqualValues(t, 1, info().Dropped)
		require.EqualValues(t, 1, info().Handled)
		require.Zero(t, info().Failed)
		require.Empty(t, dead.all(), "its sender was told")
		shutDown(t, system)
	})
}

// Info: what is in the mailbox when the actor ends is dropped, as OnStopped sees; all but the
// request, whose sender is told, are dead letters.
func TestInfoDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		var info func() akt.Info
		var last akt.Info
		addr, info := sysRun(t, system, &doll{onStopped: func(akt.Context) { last = info() }})
		filled := make(chan struct{})
		require.NoError(t, addr.TryNotify(context.Background(), deed(func(ctx akt.Context) {
			<-filled
			ctx.Private().NotifyLater(deed(func(akt.Context) {}), 0)
			ctx.Private().NotifyInterval(func() any { return nil }, time.Hour)
			ctx.Stop()
		})))
		require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
		sent := make(chan error)
		go func() {
			_, err := addr.Send(t.Context(), deed(func(akt.Context) {}))
			sent <- err
		}()
		synctest.Wait()
		close(filled)
		requireSendError(t, <-sent, akt.NotHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
		<-addr.Done()
		require.EqualValues(t, 4, last.Dropped,
			"the request, the notification, the timer's message and the interval's")
		require.EqualValues(t, 1, last.Handled)
		require.Equal(t, "OnStopped", last.Handling)
		require.Zero(t, last.Queued)
		require.Equal(t, []string{"tests_test.dollAct: stopped", "tests_test.dollAct: stopped"},
			dead.all())
		shutDown(t, system)
	})
}

// Info: each tick of an interval is a message; one that was stopped before its turn is none.
func TestInfoOfIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead journal
		system := deadLetters(&dead)
		addr, info := sysRun(t, system, &doll{})
		private := contextOf(t, addr).Private()
		timer := private.NotifyInterval(func() any { return deed(func(akt.Context) {}) },
			time.Second)
		time.Sleep(2500 * time.Millisecond)
		require.EqualValues(t, 4, info().Handled)
		timer.Stop()
		leave := hold(t, addr)
		stopped := private.NotifyInterval(func() any { t.Error("it was called"); return nil },
			time.Second)
		stopped.Stop()
		leave()
		settled(t, addr)
		require.EqualValues(t, 6, info().Handled)
		timer = private.NotifyInterval(func() any { return nil }, time.Second)
		synctest.Wait()
		timer.Stop()
		got := info()
		require.EqualValues(t, 7, got.Handled)
		require.EqualValues(t, 1, got.Failed)
		require.ErrorAs(t, got.LastError, new(*akt.UnhandledError))
		require.Empty(t, dead.all(), "there was no message")
		shutDown(t, system)
	})
}

// E3: where there is no message there is no dead letter: not for a refused interval, nor for a
// panic in its function.
func TestNoDeadLetterWithoutMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead, j journal
		system := deadLetters(&dead)
		addr, err := system.Run(akt.Spawner[*doll](func() *doll { return &doll{} }))
		require.NoError(t, err)
		private := contextOf(t, addr).Private()
		private.NotifyInterval(nil, time.Second)
		private.NotifyInterval(func() any { return nil }, 0)
		ticks := 0
		private.NotifyInterval(func() any {
			if ticks++; ticks == 2 {
				panic("broken")
			}
			return j.entry("tick")
		}, time.Second)
		time.Sleep(5 * time.Second)
		require.Equal(t, []string{"tick"}, j.all())
		addr.Stop()
		<-addr.Done()
		private.NotifyInterval(func() any { return nil }, time.Second)
		require.Empty(t, dead.all())
		private.NotifyLater(j.entry("late"), time.Second)
		require.Equal(t, []string{"tests_test.dollAct: stopped"}, dead.all())
		shutDown(t, system)
	})
}

// Actors yields each living actor once, the oldest first, children included; the loop may stop, run
// and send to actors.
func TestActors(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	names := func() (names []string) {
		for info := range system.Actors() {
			names = append(names, info.Name)
		}
		return names
	}
	require.Empty(t, names())
	addrs := map[string]*akt.Address{}
	for _, name := range []string{"b", "c", "a"} {
		addr, err := system.Run(&doll{}, akt.WithName(name))
		require.NoError(t, err)
		addrs[name] = addr
	}
	_, err := addrs["c"].Send(t.Context(), deed(func(ctx akt.Context) {
		_, err := ctx.Run(&doll{}, akt.WithName("child"))
		require.NoError(t, err)
		require.Equal(t, []string{"b", "c", "a", "/c/child"}, names(), "from a handler")
	}))
	require.NoError(t, err)
	var seen []string
	for info := range system.Actors() {
		seen = append(seen, info.Name)
		if info.Name == "b" {
			addrs["a"].Stop()
			<-addrs["a"].Done()
			_, err := system.Run(&doll{}, akt.WithName("new"))
			require.NoError(t, err)
			settled(t, addrs["c"])
		}
		if info.Name == "/c/child" {
			break
		}
	}
	require.Equal(t, []string{"b", "c", "/c/child"}, seen)
	require.Equal(t, []string{"b", "c", "/c/child", "new"}, names())
	shutDown(t, system)
	require.Empty(t, names())
}

// Info is of one moment: while messages of all kinds come in, Failed is never more than Handled,
// and neither goes back.
func TestInfoUnderLoad(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	addr, info := sysRun(t, system, &doll{onStopping: func(akt.Context) bool { return false }})
	ctx, rounds := t.Context(), 300
	failing := play(func(c akt.Context) (any, error) { c.Stop(); return nil, errors.New("failed") })
	var senders sync.WaitGroup
	for _, send := range []func(){
		func() { _, _ = addr.Send(context.Background(), failing) },
		func() { _, _ = addr.Send(ctx, failing) },
		func() { _ = addr.Notify(ctx, failing) },
	} {
		senders.Go(func() {
			for range rounds {
				send()
			}
		})
	}
	over := make(chan struct{})
	go func() { senders.Wait(); close(over) }()
	var before akt.Info
	for looking := true; looking; {
		select {
		case <-over:
			looking = false
		default:
		}
		now := info()
		if now.Failed > now.Handled || now.Handled < before.Handled ||
			now.Failed < before.Failed || now.Handled > uint64(3*rounds) {
			t.Fatalf("%+v after %+v", now, before)
		}
		before = now
		runtime.Gosched()
	}
	settled(t, addr)
	got := info()
	require.EqualValues(t, 3*rounds+1, got.Handled)
	require.EqualValues(t, 3*rounds, got.Failed)
	shutDown(t, system)
}

// Info: a notification that fails counts as failed, and its failure is the last error, wherever it
// was in the queue: the first of a new owner, one of several taken at once, or alone.
func TestInfoOfFailedNotifications(t *testing.T) {
	t.Parallel()
	own := errors.New("the handler's own")
	for name, fail := range map[string]func() error{
		"an error": func() error { return own },
		"a panic":  func() error { panic(own) },
		"Goexit":   func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := sysQuiet()
				resume := akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
					return akt.Resume
				}}
				addr, info := sysRun(t, system, infoFailing{}, akt.WithSupervisor(resume))
				failed := uint64(0)
				check := func() {
					synctest.Wait()
					i := info()
					require.Equal(t, failed, i.Failed)
					require.Error(t, i.LastError)
					if name != "Goexit" {
						require.ErrorIs(t, i.LastError, own)
					}
				}
				for behind := range 4 {
					entered, leave := make(chan struct{}), make(chan struct{})
					failed++
					require.NoError(t, addr.TryNotify(context.Background(),
						infoFail{func() error { close(entered); <-leave; return fail() }}))
					<-entered
					for range behind {
						require.NoError(t, addr.TryNotify(context.Background(), infoFail{fail}))
						failed++
					}
					close(leave)
					check()
				}
				shutDown(t, system)
			})
		})
	}
}

type infoFail struct{ how func() error }

type infoFailing struct{}

func (infoFailing) HandleFail(_ akt.Context, m infoFail) error { return m.how() }

// failWays are the ways in which a message comes to its handler. Each sends act to the doll as its
// second message, or as one of two where before is 1.
func failWays() map[string]func(t *testing.T, addr *akt.Address, act dollAct) {
	return map[string]func(*testing.T, *akt.Address, dollAct){
		"a request": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			_, _ = addr.Send(t.Context(), act)
		},
		"a request on its sender's goroutine": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			left := make(chan struct{})
			go func() { // a Goexit ends it
				defer close(left)
				_, _ = addr.Send(context.Background(), act)
			}()
			<-left
		},
		"a notification to an idle actor": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			require.NoError(t, addr.Notify(t.Context(), act))
		},
		"a private notification": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			leave := hold(t, addr)
			require.NoError(t, contextOfHeld(addr).Notify(t.Context(), act))
			leave()
		},
		"a function": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			f := func(ctx akt.Context) { _, _ = act.f(ctx) }
			require.NoError(t, contextOfHeld(addr).Do(f))
		},
		"one of a batch": func(t *testing.T, addr *akt.Address, act dollAct) {
			t.Helper()
			leave := hold(t, addr)
			require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) {})))
			require.NoError(t, addr.Notify(t.Context(), act))
			leave()
		},
	}
}

// contextOfHeld is the private address of an actor that may be busy.
func contextOfHeld(addr *akt.Address) *akt.PrivateAddress {
	return (*akt.PrivateAddress)(addr.Downgrade())
}

// Info: when a failure is told to anybody – the supervisor, or the dead-letter hook for a
// handler's error – its message has ended: it is among Handled, and nothing runs.
func TestFailedMessageHasEnded(t *testing.T) {
	t.Parallel()
	for way, send := range failWays() {
		for how, fail := range map[string]func() error{
			"a panic":  func() error { panic("broken") },
			"a Goexit": func() error { runtime.Goexit(); return nil },
			"an error": func() error { return errors.New("broken") },
		} {
			switch way {
			case "a request", "a request on its sender's goroutine", "a function":
				if how == "an error" {
					continue // nobody else is told
				}
			}
			t.Run(way+", "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var info func() akt.Info
					var seen []akt.Info
					look := func() { seen = append(seen, info()) }
					hook := akt.WithDeadLetters(func(akt.DeadLetter) { look() })
					system := akt.NewSystem(akt.WithDefaults(quiet()), hook)
					addr, info := sysRun(t, system, &doll{}, akt.WithSupervisor(akt.Supervisor{
						Decide: func(akt.Failure) akt.Directive { look(); return akt.Resume },
					}))
					send(t, addr, play(func(akt.Context) (any, error) { return nil, fail() }))
					synctest.Wait()
					require.NotEmpty(t, seen)
					handled := info().Handled
					for _, i := range seen {
						require.Empty(t, i.Handling)
						require.Equal(t, handled, i.Handled)
						require.EqualValues(t, 1, i.Failed)
					}
					shutDown(t, system)
				})
			})
		}
	}
}

// Info.Dropped counts a request that was queued when its sender was told of a deadlock; one that
// waited for room was never accepted.
func TestInfoDroppedForADeadlock(t *testing.T) {
	t.Parallel()
	for name, full := range map[string]bool{"queued": false, "waiting for room": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := sysQuiet()
				parent, info := sysRun(t, system,
					akt.Spawner[*doll](func() *doll { return &doll{} }),
					supOption(akt.Restart), akt.WithMailbox(1))
				child, err := contextOf(t, parent).Run(&doll{})
				require.NoError(t, err)
				private := contextOf(t, parent).Private()
				leave := hold(t, parent)
				want, layer := uint64(1), akt.ErrFailedToGetResponse
				if full {
					want, layer = 0, akt.ErrFailedToDeliver
					require.NoError(t,
						parent.TryNotify(context.Background(), deed(func(akt.Context) {})))
				}
				told := make(chan error, 1)
				require.NoError(t, child.Notify(t.Context(), deed(func(ctx akt.Context) {
					_, err := parent.Send(ctx,
						deed(func(akt.Context) { t.Error("it was handled") }))
					told <- err
				})))
				synctest.Wait()
				require.NoError(t, private.Notify(t.Context(), crash()))
				leave()
				requireSendError(t, <-told, akt.NotHandled, akt.ErrDeadlock, layer)
				settled(t, parent)
				require.Equal(t, want, info().Dropped)
				shutDown(t, system)
			})
		})
	}
}
