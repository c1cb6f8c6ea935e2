package tests_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about actors that wait for each other without a chain of calls that comes back. They run in bubbles: a deadlock that is
// not found out fails at once.

// jamWay is a way to wait for a doll that is in a handler.
type jamWay struct {
	name       string
	full       bool // its mailbox is full
	inFunction bool // a function of Go waits, and its handler for that
	wait       func(ctx context.Context, to *akt.Address, msg any) error
}

func jamWays() []jamWay {
	send := func(ctx context.Context, to *akt.Address, msg any) error {
		_, err := to.Send(ctx, msg)
		return err
	}
	return []jamWay{
		{"Notify into a full mailbox", true, false, func(ctx context.Context, to *akt.Address, msg any) error {
			return to.Notify(ctx, msg)
		}},
		{"Send into a full mailbox", true, false, send},
		{"Send", false, false, send},
		{"Send with a limit", false, false, func(ctx context.Context, to *akt.Address, msg any) error {
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return send(limited, to, msg)
		}},
		{"Ask", false, false, func(ctx context.Context, to *akt.Address, msg any) error {
			_, err := akt.Ask[any](ctx, to, msg)
			return err
		}},
		{"SendUnpack", false, false, func(ctx context.Context, to *akt.Address, msg any) error {
			_, err := to.SendUnpack(ctx, msg)
			return err
		}},
		{"Send in a goroutine of its own", false, false, func(ctx context.Context, to *akt.Address, msg any) error {
			failure := make(chan error)
			go func() { failure <- send(ctx, to, msg) }()
			return <-failure
		}},
		{"a function of Go", true, true, func(ctx context.Context, to *akt.Address, msg any) error {
			c, _ := akt.FromContext(ctx)
			_, err := akt.Go(c, func(ctx context.Context) (any, error) { return nil, to.Notify(ctx, msg) }).Wait(ctx)
			return err
		}},
	}
}

// runNarrow runs dolls with the smallest mailbox, each in a system of its own.
func runNarrow(t *testing.T, names ...string) (addrs []*akt.Address) {
	t.Helper()
	for _, name := range names {
		addrs = append(addrs, run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), akt.WithName(name), akt.WithMailbox(1), quiet()))
	}
	return addrs
}

// jam has each doll in a handler that then waits for the next doll, and returns what each was told. With ctx nil the handlers are those
// of notifications.
func jam(ctx context.Context, t *testing.T, addrs []*akt.Address, ways []jamWay, never any) []error {
	t.Helper()
	var entered []chan struct{}
	begin, told := make(chan struct{}), make([]chan error, len(addrs))
	for i, addr := range addrs {
		told[i] = make(chan error, 1)
		inside := make(chan struct{})
		entered = append(entered, inside)
		act := deed(func(ctx akt.Context) {
			close(inside)
			<-begin
			told[i] <- ways[i].wait(ctx, addrs[(i+1)%len(addrs)], never)
		})
		if ctx == nil {
			require.NoError(t, addr.Notify(t.Context(), act))
		} else {
			go func() {
				_, err := addr.Send(ctx, act)
				assert.NoError(t, err)
			}()
		}
	}
	for _, inside := range entered {
		<-inside
	}
	for i := range addrs {
		if ways[i].full {
			require.NoError(t, addrs[(i+1)%len(addrs)].TryNotify(context.Background(), deed(func(akt.Context) {})))
		}
	}
	close(begin)
	errs := make([]error, len(addrs))
	for i := range addrs {
		errs[i] = <-told[i]
	}
	return errs
}

// jamPath is what the sender at i is told: from the doll it waits for, back to that doll. A handler waits for its function of Go.
func jamPath(names []string, ways []jamWay, i int) string {
	var b strings.Builder
	for k := 1; k <= len(names); k++ {
		at, next := (i+k)%len(names), names[(i+k+1)%len(names)]
		b.WriteString(names[at] + ".HandleAct → ")
		if ways[at].inFunction {
			b.WriteString("a function of " + names[at] + ".HandleAct → ")
		}
		switch {
		case ways[at].full && k < len(names):
			b.WriteString(next + ", whose mailbox is full; ")
		case ways[at].full:
			b.WriteString(next + ", whose mailbox is full")
		case k == len(names):
			b.WriteString(next)
		}
	}
	return b.String()
}

// requireJammed checks that one of the senders of a jam was told, and what.
func requireJammed(t *testing.T, names []string, ways []jamWay, errs []error) {
	t.Helper()
	told := -1
	for i, err := range errs {
		if err != nil {
			require.Equal(t, -1, told, "more than one is told: %v", errs)
			told = i
		}
	}
	require.NotEqual(t, -1, told, "nobody is told")
	err := errs[told]
	require.ErrorIs(t, err, akt.ErrDeadlock)
	if !errors.As(err, new(*akt.SendError)) {
		require.True(t, ways[told].inFunction, "it waits for no Future: %v", err)
		for _, name := range names {
			require.ErrorContains(t, err, name+".HandleAct → ")
		}
		return
	}
	failure := requireSendError(t, err, akt.NotHandled, akt.ErrDeadlock)
	require.Equal(t, names[(told+1)%len(names)], failure.Actor)
	require.Equal(t, "akt: deadlock: "+jamPath(names, ways, told), failure.Err.Error())
}

// D6: of two actors that wait for each other, each for a reply or for room, by any way, one is told at once, with the path. Its message is
// not handled, the other's is, and both go on.
func TestDeadlockOfTwoThatMeet(t *testing.T) {
	t.Parallel()
	for _, there := range jamWays() {
		for _, back := range jamWays() {
			t.Run(there.name+" and "+back.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					names, ways := []string{"a", "b"}, []jamWay{there, back}
					addrs := runNarrow(t, names...)
					began := time.Now()
					for _, ctx := range []context.Context{nil, t.Context(), context.Background()} {
						var handled atomic.Int32
						errs := jam(ctx, t, addrs, ways, deed(func(akt.Context) { handled.Add(1) }))
						requireJammed(t, names, ways, errs)
						for _, addr := range addrs {
							settled(t, addr)
						}
						if !there.inFunction && !back.inFunction {
							require.EqualValues(t, 1, handled.Load())
						}
					}
					require.Zero(t, time.Since(began))
				})
			})
		}
	}
}

// D6: one sender of a ring is told, whatever its length and mix.
func TestDeadlockOfARingThatMeets(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 4, 17} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var names []string
				var ways []jamWay
				for i := range n {
					names = append(names, fmt.Sprintf("ring-%c", 'a'+i))
					ways = append(ways, jamWays()[i*3%len(jamWays())])
				}
				addrs := runNarrow(t, names...)
				requireJammed(t, names, ways, jam(t.Context(), t, addrs, ways, deed(func(akt.Context) {})))
				for _, addr := range addrs {
					settled(t, addr)
				}
			})
		})
	}
}

// D6: a request that is being handled is not answered where its handler is in a deadlock: the send that closes the ring is, and the reply
// comes.
func TestDeadlockBehindARequest(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"b", "c"} {
		t.Run(last+" waits last", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b", "c")
				a, b, c := addrs[0], addrs[1], addrs[2]
				nothing := deed(func(akt.Context) {})
				for start, ctx := range starts(t) {
					begin := map[string]chan struct{}{"b": make(chan struct{}), "c": make(chan struct{})}
					toldC := make(chan error, 1)
					require.NoError(t, c.Notify(t.Context(), deed(func(ctx akt.Context) {
						<-begin["c"]
						toldC <- a.Notify(ctx, nothing)
					})))
					var toldB, err error
					var reply any
					answered := make(chan struct{})
					go func() {
						defer close(answered)
						reply, err = a.Send(ctx, play(func(ctx akt.Context) (any, error) {
							return b.Send(ctx, play(func(ctx akt.Context) (any, error) {
								<-begin["b"]
								toldB = c.Notify(ctx, nothing)
								return "the reply", nil
							}))
						}))
					}()
					synctest.Wait()
					require.NoError(t, a.TryNotify(context.Background(), nothing))
					require.NoError(t, c.TryNotify(context.Background(), nothing))
					for name, begin := range begin {
						if name != last {
							close(begin)
						}
					}
					synctest.Wait()
					require.Empty(t, toldC, "a and b still work")
					close(begin[last])
					<-answered
					require.NoError(t, err, start)
					require.Equal(t, "the reply", reply)
					errC, path := <-toldC, "c.HandleAct → a, whose mailbox is full; a.HandleAct → b.HandleAct → c, whose mailbox is full"
					told, other := toldB, errC
					if last == "c" {
						told, other = errC, toldB
						path = "a.HandleAct → b.HandleAct → c, whose mailbox is full; c.HandleAct → a, whose mailbox is full"
					}
					require.NoError(t, other)
					failure := requireSendError(t, told, akt.NotHandled, akt.ErrDeadlock, akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err, "akt: deadlock: "+path)
					for _, addr := range addrs {
						settled(t, addr)
					}
				}
			})
		})
	}
}

// D6: a Future that a function of Go owes counts as waited for by all that wait for it, and the function's own wait closes the ring: of one,
// two or three actors, for a reply or for room.
func TestDeadlockOfFutures(t *testing.T) {
	t.Parallel()
	for _, way := range jamWays() {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(way.name, ", ", n), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					addrs := runNarrow(t, []string{"a", "b", "c"}[:n]...)
					first := addrs[0]
					back := func(ctx context.Context) (any, error) {
						if way.full {
							assert.NoError(t, first.TryNotify(context.Background(), deed(func(akt.Context) {})))
						}
						return "back", way.wait(ctx, first, deed(func(akt.Context) {}))
					}
					var pass func(i int) dollAct
					pass = func(i int) dollAct {
						return play(func(ctx akt.Context) (any, error) {
							if i == n-1 && i > 0 {
								return akt.Go(ctx, back), nil
							}
							return akt.Go(ctx, func(ctx context.Context) (any, error) {
								if i == n-1 {
									return back(ctx)
								}
								return addrs[i+1].SendUnpack(ctx, pass(i+1))
							}).Wait(ctx)
						})
					}
					for start, ctx := range starts(t) {
						_, err := first.SendUnpack(ctx, pass(0))
						require.ErrorIs(t, err, akt.ErrDeadlock, start)
						require.ErrorContains(t, err, "a.HandleAct → ")
						for _, addr := range addrs {
							settled(t, addr)
						}
					}
				})
			})
		}
	}
}

// D6: of two functions that wait for room in each other's mailbox, and whose Futures the two handlers wait for, one is told.
func TestDeadlockOfFunctionsThatMeet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runNarrow(t, "a", "b", "c", "d")
		a, b := addrs[0], addrs[1]
		told := make(chan error, 2)
		// a asks c, whose function waits for b; b asks d, whose function waits for a.
		for i, back := range []*akt.Address{b, a} {
			require.NoError(t, addrs[i].Notify(t.Context(), deed(func(ctx akt.Context) {
				_, err := addrs[2+i].SendUnpack(ctx, play(func(ctx akt.Context) (any, error) {
					return akt.Go(ctx, func(ctx context.Context) (any, error) {
						time.Sleep(time.Second)
						assert.NoError(t, back.TryNotify(context.Background(), deed(func(akt.Context) {})))
						return nil, back.Notify(ctx, deed(func(akt.Context) {}))
					}), nil
				}))
				told <- err
			})))
		}
		err, other := <-told, <-told
		if err == nil {
			err, other = other, err
		}
		require.NoError(t, other)
		failure := requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
		require.ErrorContains(t, failure, "a.HandleAct → a function of c.HandleAct → b, whose mailbox is full")
		require.ErrorContains(t, failure, "b.HandleAct → a function of d.HandleAct → a, whose mailbox is full")
	})
}

// D6: a hook waits like a handler, and a handler that runs a child waits for the child's OnStart: a ring through them is found out.
func TestDeadlockThroughHooks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, at string
		begin    func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context))
	}{
		{"OnStart of a child", "a.HandleAct → /a/child.OnStart → b", func(t *testing.T, a *akt.Address, _ *doll, f func(akt.Context)) {
			t.Helper()
			require.NoError(t, a.Notify(t.Context(), deed(func(ctx akt.Context) {
				_, err := ctx.Run(&doll{onStart: func(ctx akt.Context) error {
					f(ctx)
					return nil
				}}, akt.WithName("child"))
				assert.NoError(t, err)
			})))
		}},
		{"OnStopping", "a.OnStopping → b", func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
			t.Helper()
			hook.onStopping = func(ctx akt.Context) bool {
				f(ctx)
				return false
			}
			contextOf(t, a).Stop()
		}},
		{"OnStopped at a restart", "a.OnStopped → b", func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
			t.Helper()
			hook.onStopped = func(ctx akt.Context) {
				hook.onStopped = nil
				f(ctx)
			}
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		}},
		{"OnStart at a restart", "a.OnStart → b", func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
			t.Helper()
			hook.onStart = func(ctx akt.Context) error {
				f(ctx)
				return nil
			}
			require.NoError(t, a.TryNotify(context.Background(), Stray{}))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, hook := runNarrow(t, "b")[0], &doll{}
				made := 0
				a := run(t, akt.Spawner[*doll](func() *doll {
					if made++; made == 1 {
						return hook
					}
					again := *hook
					return &again
				}), akt.WithName("a"), quiet())
				told := make(chan error, 2)
				begun := false
				row.begin(t, a, hook, func(ctx akt.Context) {
					if begun {
						return
					}
					begun = true
					assert.NoError(t, b.Notify(ctx, deed(func(ctx akt.Context) {
						_, err := a.Send(ctx, deed(func(akt.Context) {}))
						told <- err
					})))
					synctest.Wait() // b waits
					_, err := b.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
					told <- err
				})
				failure := requireSendError(t, <-told, akt.NotHandled, akt.ErrDeadlock)
				require.ErrorContains(t, failure, row.at)
				require.ErrorContains(t, failure, "b.HandleAct → ")
				require.NoError(t, <-told)
				settled(t, a)
			})
		})
	}
}

// D6: an actor that waits for its children to end is in a ring where a child waits for somebody who waits for the actor. The sender that
// began to wait last is told, also where the actor itself came last and cannot be; and the restart goes on.
func TestDeadlockWithARestart(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"the parent", "the child", "the stranger"} {
		t.Run(last+" comes last", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "parent", "stranger")
				parent, stranger := addrs[0], addrs[1]
				private := contextOf(t, parent).Private()
				child, err := contextOf(t, parent).Run(&doll{}, akt.WithName("child"), quiet())
				require.NoError(t, err)
				grandchild, err := contextOf(t, child).Run(&doll{}, akt.WithName("grandchild"), quiet())
				require.NoError(t, err)
				nothing := deed(func(akt.Context) {})
				begin := map[string]chan struct{}{"the child": make(chan struct{}), "the stranger": make(chan struct{})}
				toldChild, toldStranger := make(chan error, 1), make(chan error, 1)
				require.NoError(t, grandchild.Notify(t.Context(), deed(func(ctx akt.Context) {
					<-begin["the child"]
					toldChild <- stranger.Notify(ctx, nothing)
				})))
				require.NoError(t, stranger.Notify(t.Context(), deed(func(ctx akt.Context) {
					<-begin["the stranger"]
					_, err := parent.Send(ctx, nothing)
					toldStranger <- err
				})))
				leave := hold(t, parent)
				synctest.Wait()
				require.NoError(t, stranger.TryNotify(context.Background(), deed(func(akt.Context) {})))
				require.NoError(t, private.Notify(t.Context(), Stray{}))
				letGo := func(name string) {
					if name == "the parent" {
						leave()
					} else {
						close(begin[name])
					}
				}
				for _, name := range []string{"the stranger", "the child", "the parent"} {
					if name != last {
						letGo(name)
						synctest.Wait()
					}
				}
				require.Empty(t, toldChild)
				require.Empty(t, toldStranger)
				letGo(last)
				errChild, errStranger := <-toldChild, <-toldStranger
				if errChild != nil {
					require.NoError(t, errStranger)
					failure := requireSendError(t, errChild, akt.NotHandled, akt.ErrDeadlock, akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err, "akt: deadlock: stranger.HandleAct → parent, which waits for its children to end; "+
						"/parent/child/grandchild.HandleAct → stranger, whose mailbox is full")
				} else {
					failure := requireSendError(t, errStranger, akt.NotHandled, akt.ErrDeadlock)
					require.EqualError(t, failure.Err, "akt: deadlock: /parent/child/grandchild.HandleAct → stranger, whose mailbox is full; "+
						"stranger.HandleAct → parent, which waits for its children to end")
				}
				require.Equal(t, last == "the stranger", errChild == nil)
				<-grandchild.Done()
				settled(t, parent)
				settled(t, stranger)
			})
		})
	}
}

// D6: a handler that runs a child which ends at once waits for that end: what keeps the child from ending, and waits for the handler, is told.
func TestDeadlockOfAChildThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	failed := errors.New("OnStart failed")
	for _, row := range []struct {
		name  string
		child func(ask func(akt.Context)) any
	}{
		{"OnStart fails, and its child waits", func(ask func(akt.Context)) any {
			return &doll{onStart: func(ctx akt.Context) error {
				grandchild, err := ctx.Run(&doll{})
				assert.NoError(t, err)
				assert.NoError(t, grandchild.Notify(ctx, deed(ask)))
				return failed
			}}
		}},
		{"OnStart ends the goroutine, and its child waits", func(ask func(akt.Context)) any {
			return &doll{onStart: func(ctx akt.Context) error {
				grandchild, err := ctx.Run(&doll{})
				assert.NoError(t, err)
				assert.NoError(t, grandchild.Notify(ctx, deed(ask)))
				runtime.Goexit()
				return nil
			}}
		}},
		{"OnStart stops, and OnStopped waits", func(ask func(akt.Context)) any {
			return &doll{
				onStart: func(ctx akt.Context) error {
					ctx.Stop()
					return nil
				},
				onStopped: ask,
			}
		}},
		{"OnStart has it drained, and a message waits", func(ask func(akt.Context)) any {
			return &doll{onStart: func(ctx akt.Context) error {
				assert.NoError(t, ctx.Private().Notify(ctx, deed(ask)))
				ctx.Drain()
				return nil
			}}
		}},
		{"an embedded field stays nil, and its child waits", func(ask func(akt.Context)) any {
			return &lacking{doll: doll{onStart: func(ctx akt.Context) error {
				grandchild, err := ctx.Run(&doll{})
				assert.NoError(t, err)
				assert.NoError(t, grandchild.Notify(ctx, deed(ask)))
				return nil
			}}}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				parent := run(t, &doll{}, akt.WithName("parent"), quiet())
				told := make(chan error, 1)
				child := row.child(func(ctx akt.Context) {
					_, err := parent.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
					told <- err
				})
				require.NoError(t, parent.Notify(t.Context(), deed(func(ctx akt.Context) {
					ended := make(chan struct{})
					go func() { // which a Goexit ends too
						defer close(ended)
						_, err := ctx.Run(child, quiet())
						assert.Error(t, err)
					}()
					<-ended
				})))
				failure := requireSendError(t, <-told, akt.NotHandled, akt.ErrDeadlock)
				require.ErrorContains(t, failure, "parent.HandleAct → /parent/")
				settled(t, parent)
			})
		})
	}
}

// lacking is a doll that lacks what its embedded field is to bring.
type lacking struct {
	doll
	*lentCount
}

// D6: who waits is in no deadlock while somebody else can make it go on.
func TestNotADeadlockOfFullMailboxes(t *testing.T) {
	t.Parallel()
	nothing := deed(func(akt.Context) {})
	toFull := func(ctx akt.Context, to *akt.Address) error {
		if err := to.TryNotify(context.Background(), nothing); err != nil {
			return err
		}
		return to.Notify(ctx, nothing)
	}
	for _, row := range []struct {
		name string
		a, b func(ctx akt.Context, other *akt.Address) error // what they do in their handlers
	}{
		{"the other works", toFull, func(akt.Context, *akt.Address) error {
			time.Sleep(time.Minute)
			return nil
		}},
		{"the other waits with another ctx", toFull, func(_ akt.Context, a *akt.Address) error {
			limited, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			_, err := a.Send(limited, nothing)
			if assert.ErrorIs(t, err, context.DeadlineExceeded) {
				err = nil
			}
			return err
		}},
		{"the other only notifies, and there is room", toFull, func(ctx akt.Context, a *akt.Address) error {
			return a.Notify(ctx, nothing)
		}},
		{"the other does not wait for room", toFull, func(ctx akt.Context, a *akt.Address) error {
			for a.TryNotify(context.Background(), nothing) == nil {
				runtime.Gosched() // a may handle it meanwhile
			}
			return nil
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b")
				a, b := addrs[0], addrs[1]
				told, begin := make(chan error, 2), make(chan struct{})
				require.NoError(t, a.Notify(t.Context(), deed(func(ctx akt.Context) {
					<-begin
					told <- row.a(ctx, b)
				})))
				require.NoError(t, b.Notify(t.Context(), deed(func(ctx akt.Context) {
					<-begin
					told <- row.b(ctx, a)
				})))
				synctest.Wait()
				close(begin)
				require.NoError(t, <-told)
				require.NoError(t, <-told)
			})
		})
	}
}

// D6: a link of a run that has ended is in no ring, though its actor is in a later run, and the goroutine that has it waits on.
func TestNotADeadlockOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"the goroutine", "the other"} {
		t.Run(first+" waits first", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b")
				a, b := addrs[0], addrs[1]
				nothing := deed(func(akt.Context) {})
				told := make(chan error, 2)
				leaveB, begin := make(chan struct{}), make(chan struct{})
				require.NoError(t, b.Notify(t.Context(), deed(func(ctx akt.Context) {
					<-leaveB
					_, err := a.Send(ctx, nothing)
					told <- err
				})))
				_, err := a.Send(t.Context(), deed(func(ctx akt.Context) {
					go func() {
						<-begin
						_, err := b.Send(ctx, nothing)
						told <- err
					}()
					if first == "the goroutine" {
						close(begin)
						synctest.Wait() // it waits, and its link counts
					}
				}))
				require.NoError(t, err)
				leave := hold(t, a)
				close(leaveB)
				synctest.Wait()
				if first == "the other" {
					close(begin)
					synctest.Wait()
				}
				require.Empty(t, told)
				leave()
				require.NoError(t, <-told)
				require.NoError(t, <-told)
			})
		})
	}
}

// D6: a function of Go that waits for its own actor, for a reply or for room, while its handler runs, goes on when that has returned: with
// the Future, or while the handler does anything but wait for it.
func TestNotADeadlockOfAFunctionWhoseHandlerReturns(t *testing.T) {
	t.Parallel()
	for _, way := range jamWays() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := runNarrow(t, "a")[0]
				for start, ctx := range starts(t) {
					var handled atomic.Int32
					_, err := addr.SendUnpack(ctx, play(func(ctx akt.Context) (any, error) {
						assert.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) {})))
						f := akt.Go(ctx, func(ctx context.Context) (any, error) {
							return nil, way.wait(ctx, addr, deed(func(akt.Context) { handled.Add(1) }))
						})
						synctest.Wait() // it waits
						return f, nil
					}))
					require.NoError(t, err, start)
					settled(t, addr)
					require.EqualValues(t, 1, handled.Load())
				}
			})
		})
	}
}

// L5: a child may hold up its parent's restart in several ways at once: all are told.
func TestRestartWhileAChildWaitsTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent := runNarrow(t, "parent")[0]
		private := contextOf(t, parent).Private()
		child, err := contextOf(t, parent).Run(&doll{}, quiet())
		require.NoError(t, err)
		leave := hold(t, parent)
		told := make(chan error, 2)
		require.NoError(t, child.Notify(t.Context(), deed(func(ctx akt.Context) {
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					_, err := parent.Send(ctx, deed(func(akt.Context) { t.Error("it was handled") }))
					told <- err
				})
			}
			both.Wait()
		})))
		synctest.Wait()
		require.NoError(t, private.Notify(t.Context(), Stray{}))
		leave()
		for range 2 {
			requireSendError(t, <-told, akt.NotHandled, akt.ErrDeadlock)
		}
		settled(t, parent)
	})
}

// D6: functions of Go whose handlers still run, and wait for no Future, hold nobody up, as the handlers may return; when a handler does wait
// for its function's Future, directly or as the sender of one that returned it, it is in the ring.
func TestDeadlockOnceTheHandlerWaitsForItsFunction(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		waits bool // the handlers wait for their functions; else they return
		start func(ctx akt.Context, helper *akt.Address, f func(context.Context) (any, error)) *akt.Future[any]
	}{
		{"its own, and it returns", false, func(ctx akt.Context, _ *akt.Address, f func(context.Context) (any, error)) *akt.Future[any] {
			return akt.Go(ctx, f)
		}},
		{"its own, and it waits", true, func(ctx akt.Context, _ *akt.Address, f func(context.Context) (any, error)) *akt.Future[any] {
			return akt.Go(ctx, f)
		}},
		{"one that it was answered with, and it returns", false, answeredWith},
		{"one that it was answered with, and it waits", true, answeredWith},
		{"one within another, and it waits", true, func(ctx akt.Context, _ *akt.Address, f func(context.Context) (any, error)) *akt.Future[any] {
			return akt.Go(ctx, func(ctx context.Context) (any, error) {
				c, _ := akt.FromContext(ctx)
				return akt.Go(c, f).Wait(ctx)
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b", "c", "d")
				told, both, goOn := make(chan error, 4), make(chan struct{}), make(chan struct{})
				handled := make(chan struct{}, 2)
				for i, addr := range addrs[:2] {
					require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
						f := row.start(ctx, addrs[2+i], func(ctx context.Context) (any, error) {
							<-both
							_, err := addrs[1-i].Send(ctx, deed(func(akt.Context) { handled <- struct{}{} }))
							told <- err
							return nil, nil
						})
						<-goOn
						if row.waits {
							_, err := f.Wait(ctx)
							told <- err
						}
					})))
				}
				synctest.Wait()
				close(both)
				synctest.Wait()
				require.Empty(t, told, "the handlers still run")
				close(goOn)
				synctest.Wait()
				require.Len(t, handled, 2, "whoever is told, it is one of the handlers")
				close(told)
				var deadlocks []error
				for err := range told {
					if err != nil {
						deadlocks = append(deadlocks, err)
					}
				}
				if !row.waits {
					require.Empty(t, deadlocks)
					return
				}
				require.Len(t, deadlocks, 1)
				require.ErrorIs(t, deadlocks[0], akt.ErrDeadlock)
				require.ErrorContains(t, deadlocks[0], "a.HandleAct → ")
				require.ErrorContains(t, deadlocks[0], "b.HandleAct → ")
			})
		})
	}
}

// answeredWith is the Future of a function that another actor starts.
func answeredWith(ctx akt.Context, helper *akt.Address, f func(context.Context) (any, error)) *akt.Future[any] {
	reply, err := helper.Send(ctx, play(func(ctx akt.Context) (any, error) { return akt.Go(ctx, f), nil }))
	if err != nil {
		panic(err)
	}
	return reply.(*akt.Future[any])
}
