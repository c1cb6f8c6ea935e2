package tests_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about actors that wait for each other without a chain of calls that comes back:
// for room in a full mailbox, or for a handler that is busy.

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
		{"Notify into a full mailbox", true, false,
			func(ctx context.Context, to *akt.Address, msg any) error {
				return to.Notify(ctx, msg)
			}},
		{"Send into a full mailbox", true, false, send},
		{"Send", false, false, send},
		{"Send with a limit", false, false,
			func(ctx context.Context, to *akt.Address, msg any) error {
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
		{"Send in a goroutine of its own", false, false,
			func(ctx context.Context, to *akt.Address, msg any) error {
				failure := make(chan error)
				go func() { failure <- send(ctx, to, msg) }()
				return <-failure
			}},
		{"a function of Go", true, true, func(ctx context.Context, to *akt.Address, msg any) error {
			c, _ := akt.FromContext(ctx)
			_, err := akt.Go(c,
				func(ctx context.Context) (any, error) { return nil, to.Notify(ctx, msg) }).
				Wait(ctx)
			return err
		}},
	}
}

// runNarrow runs dolls with the smallest mailbox, each in a system of its own.
func runNarrow(t *testing.T, names ...string) (addrs []*akt.Address) {
	t.Helper()
	for _, name := range names {
		addrs = append(addrs,
			run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), akt.WithName(name),
				akt.WithMailbox(1), quiet()))
	}
	return addrs
}

// jam has each doll in a handler that then waits for the next doll, and returns what each was told.
// With ctx nil the handlers are those of notifications.
func jam(
	ctx context.Context, t *testing.T, addrs []*akt.Address, ways []jamWay, never any,
) []error {
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
			require.NoError(t,
				addrs[(i+1)%len(addrs)].TryNotify(context.Background(), deed(func(akt.Context) {})))
		}
	}
	close(begin)
	errs := make([]error, len(addrs))
	for i := range addrs {
		errs[i] = <-told[i]
	}
	return errs
}

// jamPath is what the sender at i is told: from the doll it waits for, back to that doll. A handler
// waits for its function of Go.
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

// D6: of two actors that wait for each other, each for a reply or for room, by any way, one is told
// at once, with the path. Its message is not handled, the other's is, and both go on.
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
				requireJammed(t, names, ways,
					jam(t.Context(), t, addrs, ways, deed(func(akt.Context) {})))
				for _, addr := range addrs {
					settled(t, addr)
				}
			})
		})
	}
}

// D6: a request that is being handled is not answered where its handler is in a deadlock: the send
// that closes the ring is, and the reply comes.
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
					begin := map[string]chan struct{}{"b": make(chan struct{}),
						"c": make(chan struct{})}
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
					errC, path := <-toldC,
						"c.HandleAct → a, whose mailbox is full; a.HandleAct → b.HandleAct → c, "+
							"whose mailbox is full"
					told, other := toldB, errC
					if last == "c" {
						told, other = errC, toldB
						path = "a.HandleAct → b.HandleAct → c, whose mailbox is full; " +
							"c.HandleAct " +
							"→ a, whose mailbox is full"
					}
					require.NoError(t, other)
					failure := requireSendError(t, told, akt.NotHandled, akt.ErrDeadlock,
						akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err, "akt: deadlock: "+path)
					for _, addr := range addrs {
						settled(t, addr)
					}
				}
			})
		})
	}
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
		{"the other only notifies, and there is room", toFull,
			func(ctx akt.Context, a *akt.Address) error {
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

// D6: a link of a run that has ended is in no ring, though its actor is in a later run, and the
// goroutine that has it waits on.
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

// D6: an actor that waits for room in its own full mailbox, directly or through another actor, gets
// ErrDeadlock; where there is room, nothing is wrong.
func TestDeadlockOfAFullMailbox(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"queued", "inline"} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				other := run(t, &doll{})
				addr := run(t, &doll{}, akt.WithMailbox(1), akt.WithName("narrow"))
				var j journal
				_, err := addr.Send(starts(t)[start], deed(func(ctx akt.Context) {
					self := ctx.Address()
					assert.NoError(t, self.Notify(ctx, j.entry("accepted")))
					err := self.Notify(ctx, j.entry("refused"))
					assert.ErrorIs(t, err, akt.ErrDeadlock)
					assert.ErrorContains(t, err, "mailbox is full")
					_, err = other.Send(ctx, play(func(ctx akt.Context) (any, error) {
						return nil, self.Notify(ctx, j.entry("refused"))
					}))
					assert.ErrorIs(t, err, akt.ErrDeadlock)
					assert.ErrorContains(t, err, "narrow.HandleAct → ")
					assert.NoError(t, ctx.Private().Notify(ctx, j.entry("private")),
						"the private lane has room")
				}))
				require.NoError(t, err)
				synctest.Wait()
				require.Equal(t, []string{"private", "accepted"}, j.all())
			})
		})
	}
}

// D6: a path says that a mailbox is full only where the message would wait for room in it.
func TestPathOfAPrivateSendToAFullMailbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := runNarrow(t, "a")[0]
		told := make(chan error, 1)
		nothing := deed(func(akt.Context) {})
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			assert.NoError(t, addr.TryNotify(context.Background(), nothing))
			_, err := ctx.Private().Send(ctx, nothing)
			told <- err
		}))
		require.NoError(t, err)
		failure := requireSendError(t, <-told, akt.NotHandled, akt.ErrDeadlock)
		require.EqualError(t, failure.Err, "akt: deadlock: a.HandleAct → a")
	})
}
