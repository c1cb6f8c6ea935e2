package akt_test

import (
	"context"
	"fmt"
	"strings"
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
	name  string
	full  bool // its mailbox is full
	wait  func(ctx context.Context, to *akt.Address, msg any) error
	layer error
}

func jamWays() []jamWay {
	send := func(ctx context.Context, to *akt.Address, msg any) error {
		_, err := to.Send(ctx, msg)
		return err
	}
	return []jamWay{
		{"Notify into a full mailbox", true, func(ctx context.Context, to *akt.Address, msg any) error {
			return to.Notify(ctx, msg)
		}, akt.ErrFailedToDeliver},
		{"Send into a full mailbox", true, send, akt.ErrFailedToDeliver},
		{"Send", false, send, akt.ErrFailedToGetResponse},
		{"Send with a limit", false, func(ctx context.Context, to *akt.Address, msg any) error {
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return send(limited, to, msg)
		}, akt.ErrFailedToGetResponse},
		{"Ask", false, func(ctx context.Context, to *akt.Address, msg any) error {
			_, err := akt.Ask[any](ctx, to, msg)
			return err
		}, akt.ErrFailedToGetResponse},
		{"SendUnpack", false, func(ctx context.Context, to *akt.Address, msg any) error {
			_, err := to.SendUnpack(ctx, msg)
			return err
		}, akt.ErrFailedToGetResponse},
		{"Send in a goroutine of its own", false, func(ctx context.Context, to *akt.Address, msg any) error {
			failure := make(chan error)
			go func() { failure <- send(ctx, to, msg) }()
			return <-failure
		}, akt.ErrFailedToGetResponse},
		{"a function of Go", true, func(ctx context.Context, to *akt.Address, msg any) error {
			c, _ := akt.FromContext(ctx)
			_, err := akt.Go(c, func(ctx context.Context) (any, error) { return nil, to.Notify(ctx, msg) }).Wait(ctx)
			return err
		}, akt.ErrFailedToDeliver},
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
			require.NoError(t, addrs[(i+1)%len(addrs)].TryNotify(deed(func(akt.Context) {})))
		}
	}
	close(begin)
	errs := make([]error, len(addrs))
	for i := range addrs {
		errs[i] = <-told[i]
	}
	return errs
}

// jamPath is what the sender at i is told: from the doll it waits for, back to that doll.
func jamPath(names []string, ways []jamWay, i int) string {
	var b strings.Builder
	for k := 1; k <= len(names); k++ {
		at, next := (i+k)%len(names), names[(i+k+1)%len(names)]
		b.WriteString(names[at] + ".HandleAct → ")
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

// requireJammed checks what the senders of a jam were told.
func requireJammed(t *testing.T, names []string, ways []jamWay, errs []error) {
	t.Helper()
	for i, err := range errs {
		failure := requireSendError(t, err, akt.NotHandled, akt.ErrDeadlock, ways[i].layer)
		require.Equal(t, names[(i+1)%len(names)], failure.Actor)
		require.Equal(t, "akt: deadlock: "+jamPath(names, ways, i), failure.Err.Error())
	}
}

// D6: two actors that wait for each other, each for a reply or for room, by any way, are both told at once, with the path; their messages
// are not handled, and both go on.
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
						errs := jam(ctx, t, addrs, ways, deed(func(akt.Context) { t.Error("it was handled") }))
						requireJammed(t, names, ways, errs)
						for _, addr := range addrs {
							settled(t, addr)
						}
					}
					require.Zero(t, time.Since(began))
				})
			})
		}
	}
}

// D6: every sender of a ring is told, whatever its length and mix.
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
				requireJammed(t, names, ways, jam(t.Context(), t, addrs, ways, deed(func(akt.Context) { t.Error("it was handled") })))
				for _, addr := range addrs {
					settled(t, addr)
				}
			})
		})
	}
}

// D6: a request that is being handled is not answered where its handler is in a deadlock: the handler's own send is, and the reply comes.
func TestDeadlockBehindARequest(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"b", "c"} {
		t.Run(last+" waits last", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addrs := runNarrow(t, "a", "b", "c")
				a, b, c := addrs[0], addrs[1], addrs[2]
				never, nothing := deed(func(akt.Context) { t.Error("it was handled") }), deed(func(akt.Context) {})
				for start, ctx := range starts(t) {
					begin := map[string]chan struct{}{"b": make(chan struct{}), "c": make(chan struct{})}
					toldC := make(chan error, 1)
					require.NoError(t, c.Notify(t.Context(), deed(func(ctx akt.Context) {
						<-begin["c"]
						toldC <- a.Notify(ctx, never)
					})))
					var toldB, err error
					var reply any
					answered := make(chan struct{})
					go func() {
						defer close(answered)
						reply, err = a.Send(ctx, play(func(ctx akt.Context) (any, error) {
							return b.Send(ctx, play(func(ctx akt.Context) (any, error) {
								<-begin["b"]
								toldB = c.Notify(ctx, never)
								return "the reply", nil
							}))
						}))
					}()
					synctest.Wait()
					require.NoError(t, a.TryNotify(nothing))
					require.NoError(t, c.TryNotify(nothing))
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
					failure := requireSendError(t, toldB, akt.NotHandled, akt.ErrDeadlock, akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err,
						"akt: deadlock: c.HandleAct → a, whose mailbox is full; a.HandleAct → b.HandleAct → c, whose mailbox is full")
					failure = requireSendError(t, <-toldC, akt.NotHandled, akt.ErrDeadlock, akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err,
						"akt: deadlock: a.HandleAct → b.HandleAct → c, whose mailbox is full; c.HandleAct → a, whose mailbox is full")
					for _, addr := range addrs {
						settled(t, addr)
					}
				}
			})
		})
	}
}
