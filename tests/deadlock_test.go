package tests_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about rings of requests. They run in bubbles: there, a deadlock that is not found
// out fails at once instead of hanging.

// sendWay is a way to wait for a doll's reply.
type sendWay struct {
	name string
	send func(context.Context, akt.Sender, any) (any, error)
}

func sendWays() []sendWay {
	return []sendWay{
		{"Send", func(ctx context.Context, to akt.Sender, msg any) (any, error) {
			return to.Send(ctx, msg)
		}},
		{"Ask", func(ctx context.Context, to akt.Sender, msg any) (any, error) {
			return akt.Ask[any](ctx, to, msg)
		}},
		{"SendUnpack", func(ctx context.Context, to akt.Sender, msg any) (any, error) {
			return to.(interface {
				SendUnpack(context.Context, any) (any, error)
			}).SendUnpack(ctx, msg)
		}},
	}
}

// D6: a handler that sends to its own actor, by any way in, gets ErrDeadlock at once, and the
// message is not handled.
func TestDeadlockWithItself(t *testing.T) {
	t.Parallel()
	for _, way := range sendWays() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := runNamed(t, "a")[0]
				never := deed(func(akt.Context) { t.Error("it was handled") })
				for name, ctx := range starts(t) {
					_, err := addr.Send(ctx, deed(func(ctx akt.Context) {
						for _, to := range []akt.Sender{addr, ctx.Address(), ctx.Private()} {
							_, err := way.send(ctx, to, never)
							var failure *akt.SendError
							if assert.ErrorAs(t, err, &failure, "%s, %T", name, to) {
								assert.Equal(t, akt.NotHandled, failure.Handled)
								assert.ErrorIs(t, err, akt.ErrDeadlock)
								assert.ErrorIs(t, err, akt.ErrFailedToDeliver)
								assert.ErrorContains(t, err, "a.HandleAct → a")
							}
						}
					}))
					require.NoError(t, err)
				}
			})
		})
	}
}

// D6: A→B→A is found out for any mix of ways, and the text shows the path.
func TestDeadlockOfTwo(t *testing.T) {
	t.Parallel()
	for _, there := range sendWays() {
		for _, back := range sendWays() {
			t.Run(there.name+" and "+back.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					addrs := runNamed(t, "a", "b")
					a, b := addrs[0], addrs[1]
					for name, ctx := range starts(t) {
						var last error
						_, err := a.Send(ctx, deed(func(ctx akt.Context) {
							_, err := there.send(ctx, b, deed(func(ctx akt.Context) {
								_, last = back.send(ctx, a, deed(func(akt.Context) {}))
							}))
							assert.NoError(t, err)
						}))
						require.NoError(t, err)
						require.ErrorIs(t, last, akt.ErrDeadlock, name)
						require.ErrorContains(t, last, "a.HandleAct → b.HandleAct → a")
					}
				})
			})
		}
	}
}

// D6: a ring is found out whatever its length, with every actor of it in the text, and all of it
// goes on afterwards.
func TestDeadlockOfARing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 4, 17} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var names []string
				for i := range n {
					names = append(names, fmt.Sprintf("ring-%c", 'a'+i))
				}
				addrs, ways := runNamed(t, names...), sendWays()
				var pass func(i int) dollAct
				pass = func(i int) dollAct {
					return play(func(ctx akt.Context) (any, error) {
						return ways[i%len(ways)].send(ctx, addrs[(i+1)%n], pass((i+1)%n))
					})
				}
				for _, ctx := range starts(t) {
					_, err := addrs[0].Send(ctx, pass(0))
					failure := requireSendError(t, err, akt.MaybeHandled, akt.ErrDeadlock)
					require.Equal(t, "ring-a", failure.Actor)
					for _, name := range names {
						require.ErrorContains(t, err, name+".HandleAct → ")
					}
					for _, addr := range addrs {
						settled(t, addr)
					}
				}
			})
		})
	}
}

// D6: only the part of the chain that is the cycle makes a deadlock: a chain may end in a cycle
// that it does not begin.
func TestDeadlockFurtherDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runNamed(t, "a", "b", "c")
		_, err := addrs[0].Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			return addrs[1].Send(ctx, play(func(ctx akt.Context) (any, error) {
				return addrs[2].Send(ctx, play(func(ctx akt.Context) (any, error) {
					return addrs[1].Send(ctx, deed(func(akt.Context) {}))
				}))
			}))
		}))
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "b.HandleAct → c.HandleAct → b")
	})
}

// D6: a ctx that was derived from the handler's, or is used in a goroutine that the handler waits
// for, is the handler's.
func TestDeadlockThroughDerivedContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	for _, row := range []struct {
		name   string
		derive func(akt.Context) (context.Context, context.CancelFunc)
	}{
		{"WithValue", func(ctx akt.Context) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, key{}, 1), func() {}
		}},
		{"WithTimeout", func(ctx akt.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Hour)
		}},
		{"WithoutCancel", func(ctx akt.Context) (context.Context, context.CancelFunc) {
			return context.WithoutCancel(ctx), func() {}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr := runNamed(t, "a")[0]
				for name, ctx := range starts(t) {
					_, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) {
						derived, cancel := row.derive(ctx)
						defer cancel()
						failure := make(chan error)
						go func() {
							_, err := addr.Send(derived, deed(func(akt.Context) {}))
							failure <- err
						}()
						return nil, <-failure
					}))
					require.ErrorIs(t, err, akt.ErrDeadlock, name)
				}
			})
		})
	}
}

// D6: what does not wait, or waits for nobody who waits for it, is no deadlock.
func TestNotADeadlock(t *testing.T) {
	t.Parallel()
	noted := deed(func(akt.Context) {})
	// Each row is a handler of a that gets back to a by way of b; it sends its result to done.
	for _, row := range []struct {
		name string
		way  func(ctx akt.Context, a, b *akt.Address, done chan<- error)
	}{
		{"Notify between", func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
			assert.NoError(t, b.Notify(ctx, deed(func(ctx akt.Context) {
				_, err := a.Send(ctx, noted)
				done <- err
			})))
		}},
		{"Notify between, further down",
			func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
				_, err := b.Send(ctx, deed(func(ctx akt.Context) {
					assert.NoError(t, b.Downgrade().Notify(ctx, deed(func(ctx akt.Context) {
						_, err := a.Send(ctx, noted)
						done <- err
					})))
				}))
				assert.NoError(t, err)
			}},
		{"Notify that waits for room between",
			func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
				go func() {
					assert.NoError(t, b.Notify(ctx, noted))
					assert.NoError(t, b.Notify(ctx, noted))
					assert.NoError(t, b.Notify(ctx, deed(func(ctx akt.Context) {
						_, err := a.Send(ctx, noted)
						done <- err
					})))
				}()
			}},
		{"a timer", func(ctx akt.Context, _, b *akt.Address, done chan<- error) {
			ctx.Private().NotifyLater(deed(func(ctx akt.Context) {
				_, err := b.Send(ctx, noted)
				done <- err
			}), time.Second)
		}},
		{"a timer of the other, set through its handler",
			func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
				_, err := b.Send(ctx, deed(func(ctx akt.Context) {
					ctx.Private().NotifyLater(deed(func(ctx akt.Context) {
						_, err := a.Send(ctx, noted)
						done <- err
					}), 0)
				}))
				assert.NoError(t, err)
			}},
		{"an interval", func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
			_, err := b.Send(ctx, deed(func(ctx akt.Context) {
				var timer *akt.Timer
				timer = ctx.Private().NotifyInterval(func() any {
					return deed(func(ctx akt.Context) {
						timer.Stop()
						_, err := a.Send(ctx, noted)
						done <- err
					})
				}, time.Second)
			}))
			assert.NoError(t, err)
		}},
		{"Do", func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
			_, err := b.Send(ctx, deed(func(ctx akt.Context) {
				assert.NoError(t, ctx.Private().Do(func(ctx akt.Context) {
					_, err := a.Send(ctx, noted)
					done <- err
				}))
			}))
			assert.NoError(t, err)
		}},
		{"Go, after its handler has returned",
			func(ctx akt.Context, a, b *akt.Address, done chan<- error) {
				akt.Go(ctx, func(ctx context.Context) (any, error) {
					time.Sleep(time.Second)
					_, err := b.Send(ctx,
						play(func(ctx akt.Context) (any, error) { return a.Send(ctx, noted) }))
					done <- err
					return nil, nil
				})
			}},
		{"a Context kept after its handler has returned",
			func(ctx akt.Context, a, _ *akt.Address, done chan<- error) {
				go func() {
					time.Sleep(time.Second)
					_, err := a.Send(ctx, play(func(akt.Context) (any, error) { return nil, nil }))
					done <- err
				}()
			}},
		{"the same actor twice, one after the other",
			func(ctx akt.Context, _, b *akt.Address, done chan<- error) {
				_, err := b.Send(ctx, noted)
				assert.NoError(t, err)
				_, err = b.Send(ctx, noted)
				done <- err
			}},
		{"another ctx than the handler's, to an actor that is not in the chain",
			func(_ akt.Context, _, b *akt.Address, done chan<- error) {
				_, err := b.Send(context.Background(), noted)
				done <- err
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := run(t, &doll{}), run(t, &doll{}, akt.WithMailbox(1))
				for name, ctx := range starts(t) {
					done := make(chan error, 1)
					_, err := a.Send(ctx, deed(func(ctx akt.Context) { row.way(ctx, a, b, done) }))
					require.NoError(t, err)
					require.NoError(t, <-done, name)
				}
			})
		})
	}
}

// D6: a link counts only while its own run lasts: that the actor is in a later run of the same
// handler is no deadlock.
func TestLinkOfAnEarlierRunDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		for name, ctx := range starts(t) {
			reply, err := addr.Send(ctx,
				play(func(ctx akt.Context) (any, error) { return ctx, nil }))
			require.NoError(t, err)
			kept := reply.(akt.Context)
			leave := hold(t, addr)
			sent := make(chan error)
			go func() {
				_, err := addr.Send(kept, deed(func(akt.Context) {}))
				sent <- err
			}()
			synctest.Wait()
			leave()
			require.NoError(t, <-sent, name)
		}
	})
}

// D6: of two actors that ask each other only one is told at a time; so clients that try again at
// once are all served, and soon.
func TestCrossingRequestsThatAreTriedAgainAreAllServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const clients = 50
		addrs := runNamed(t, "a", "b")
		var told sync.Map
		var wg sync.WaitGroup
		for i, addr := range addrs {
			for range clients {
				wg.Go(func() {
					for {
						_, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
							time.Sleep(200 * time.Microsecond)
							return addrs[1-i].Send(ctx, deed(func(akt.Context) {}))
						}))
						if err == nil {
							return
						}
						if !assert.ErrorIs(t, err, akt.ErrDeadlock) {
							return
						}
						told.Store(i, true)
					}
				})
			}
		}
		began := time.Now()
		wg.Wait()
		require.Less(t, time.Since(began), 5*time.Second)
		_, a := told.Load(0)
		_, b := told.Load(1)
		require.True(t, a || b, "they crossed")
	})
}

// D6: a handler that asks many at once waits with each: every ring that it is in is found, and the
// others answer.
func TestDeadlockOfAHandlerThatAsksManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addrs := runNamed(t, "a", "b", "c", "d")
		a, others := addrs[0], addrs[1:]
		toldOther := make(chan error, len(others))
		_, err := a.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
			var wg sync.WaitGroup
			for i, other := range others {
				wg.Go(func() {
					_, err := other.Send(ctx, deed(func(ctx akt.Context) {
						var err error
						if i < 2 {
							_, err = a.Send(ctx, deed(func(akt.Context) {}))
						}
						toldOther <- err
					}))
					assert.NoError(t, err)
				})
			}
			wg.Wait()
			return nil, nil
		}))
		require.NoError(t, err)
		close(toldOther)
		told := 0
		for err := range toldOther {
			if err != nil {
				require.ErrorIs(t, err, akt.ErrDeadlock)
				told++
			}
		}
		require.Equal(t, 2, told)
		settled(t, a)
	})
}

// D6: a run that has ended waits for nobody: what a goroutine of it still waits for is in no ring,
// and leaves nothing when the sender that the run had goes on to wait.
func TestNotADeadlockOfAGoroutineThatItsRunHasLeft(t *testing.T) {
	t.Parallel()
	for name, start := range starts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if name == "queued" {
					start = t.Context()
				}
				addrs := runNamed(t, "a", "b")
				a, b := addrs[0], addrs[1]
				told := make(chan error, 1)
				_, err := a.Send(start, deed(func(ctx akt.Context) {
					_, err := b.Send(ctx, deed(func(ctx akt.Context) {
						go func() {
							time.Sleep(time.Second)
							_, err := a.Send(ctx, deed(func(akt.Context) {})) // a still works
							told <- err
						}()
					}))
					assert.NoError(t, err)
					time.Sleep(2 * time.Second)
				}))
				require.NoError(t, err)
				require.NoError(t, <-told)
			})
		})
	}
}
