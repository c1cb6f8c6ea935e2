package tests_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about rings through a parent and its child: the one waits for the start or the
// end of the other.

// D6: a hook is a link like a handler: OnStart cannot wait for its own actor.
func TestDeadlockInOnStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		_, err := system.Run(&doll{onStart: func(ctx akt.Context) error {
			_, err := ctx.Address().Send(ctx, deed(func(akt.Context) {}))
			return err
		}}, quiet())
		require.ErrorIs(t, err, akt.ErrDeadlock)
		require.ErrorContains(t, err, "OnStart")
	})
}

// journalLog is what loggers have written.
type journalLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *journalLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *journalLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.text.String(), "\n"), "\n")
}

// L8: an actor that waits longer than 10 s for its children to end says so once, with which child
// does what, and for whom that waits.
func TestLongWaitForChildrenIsLogged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		ending func(t *testing.T, parent *akt.Address)
	}{
		{"stop", func(_ *testing.T, parent *akt.Address) { parent.Stop() }},
		{"restart", func(t *testing.T, parent *akt.Address) {
			t.Helper()
			require.NoError(t, parent.TryNotify(context.Background(), Stray{}))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log journalLog
				parent := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }),
					akt.WithName("parent"),
					akt.WithLogger(slog.New(
						slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))))
				other := run(t, &doll{}, akt.WithName("other"), quiet())
				for _, name := range []string{"quick", "stuck"} {
					child, err := contextOf(t, parent).Run(&doll{}, akt.WithName(name), quiet())
					require.NoError(t, err)
					if name == "quick" {
						continue
					}
					require.NoError(t, child.Notify(t.Context(), deed(func(ctx akt.Context) {
						limited, cancel := context.WithTimeout(ctx, time.Hour)
						defer cancel()
						_, err := other.Send(limited,
							deed(func(akt.Context) { time.Sleep(time.Minute) }))
						assert.NoError(t, err)
					})))
				}
				synctest.Wait()
				waits := func() (lines []string) {
					for _, line := range log.lines() {
						if strings.Contains(line, "waiting long") {
							lines = append(lines, line)
						}
					}
					return lines
				}
				row.ending(t, parent)
				time.Sleep(9 * time.Second)
				require.Empty(t, waits())
				time.Sleep(2 * time.Second)
				require.Len(t, waits(), 1)
				for _, text := range []string{
					"actor=parent", "/parent/stuck.HandleAct → other.HandleAct", "children=1",
					"for=10s",
				} {
					require.Contains(t, waits()[0], text)
				}
				time.Sleep(time.Hour)
				require.Len(t, waits(), 1)
			})
		})
	}
}

// L8: a logger that panics or exits costs the process nothing.
func TestLongWaitWithABadLogger(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(){
		"panic": func() { panic("log") }, "Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				parent := run(t, &doll{},
					akt.WithLogger(slog.New(badHandler{slog.DiscardHandler, bad})))
				child, err := contextOf(t, parent).Run(&doll{}, quiet())
				require.NoError(t, err)
				require.NoError(t, child.TryNotify(context.Background(),
					deed(func(akt.Context) { time.Sleep(time.Minute) })))
				synctest.Wait()
				parent.Stop()
				<-parent.Done()
				require.NoError(t, parent.Err())
			})
		})
	}
}

// badHandler does something bad instead of logging.
type badHandler struct {
	slog.Handler
	bad func()
}

func (badHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h badHandler) Handle(context.Context, slog.Record) error {
	h.bad()
	return errors.New("not reached")
}

func (h badHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h badHandler) WithGroup(string) slog.Handler      { return h }

// D6: a hook waits like a handler, and a handler that runs a child waits for the child's OnStart: a
// ring through them is found out.
func TestDeadlockThroughHooks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, at string
		begin    func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context))
	}{
		{"OnStart of a child", "a.HandleAct → /a/child.OnStart → b",
			func(t *testing.T, a *akt.Address, _ *doll, f func(akt.Context)) {
				t.Helper()
				require.NoError(t, a.Notify(t.Context(), deed(func(ctx akt.Context) {
					_, err := ctx.Run(&doll{onStart: func(ctx akt.Context) error {
						f(ctx)
						return nil
					}}, akt.WithName("child"))
					assert.NoError(t, err)
				})))
			}},
		{"OnStopping", "a.OnStopping → b",
			func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
				t.Helper()
				hook.onStopping = func(ctx akt.Context) bool {
					f(ctx)
					return false
				}
				contextOf(t, a).Stop()
			}},
		{"OnStopped at a restart", "a.OnStopped → b",
			func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
				t.Helper()
				hook.onStopped = func(ctx akt.Context) {
					hook.onStopped = nil
					f(ctx)
				}
				require.NoError(t, a.TryNotify(context.Background(), Stray{}))
			}},
		{"OnStart at a restart", "a.OnStart → b",
			func(t *testing.T, a *akt.Address, hook *doll, f func(akt.Context)) {
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

// D6: an actor that waits for its children to end is in a ring where a child waits for somebody who
// waits for the actor. The sender that began to wait last is told, also where the actor itself came
// last and cannot be; and the restart goes on.
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
				grandchild, err := contextOf(t, child).
					Run(&doll{}, akt.WithName("grandchild"), quiet())
				require.NoError(t, err)
				nothing := deed(func(akt.Context) {})
				begin := map[string]chan struct{}{"the child": make(chan struct{}),
					"the stranger": make(chan struct{})}
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
				require.NoError(t,
					stranger.TryNotify(context.Background(), deed(func(akt.Context) {})))
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
					failure := requireSendError(t, errChild, akt.NotHandled, akt.ErrDeadlock,
						akt.ErrFailedToDeliver)
					require.EqualError(t, failure.Err,
						"akt: deadlock: stranger.HandleAct → parent, which waits for its "+
							"children to end; "+
							"/parent/child/grandchild.HandleAct → stranger, whose mailbox is full")
				} else {
					failure := requireSendError(t, errStranger, akt.NotHandled, akt.ErrDeadlock)
					require.EqualError(t, failure.Err,
						"akt: deadlock: /parent/child/grandchild.HandleAct → stranger, whose "+
							"mailbox is full; "+
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

// lacking is a doll that lacks what its embedded field is to bring.
type lacking struct {
	doll
	*lentCount
}

// D6: a handler that runs a child which ends at once waits for that end: what keeps the child from
// ending, and waits for the handler, is told.
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
					_, err := parent.Send(ctx,
						deed(func(akt.Context) { t.Error("it was handled") }))
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
					_, err := parent.Send(ctx,
						deed(func(akt.Context) { t.Error("it was handled") }))
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

// D6: a parent whose handler runs a child waits for its OnStart: a child that waits for the parent
// there, for its reply or for room in its mailbox, directly or through others, gets ErrDeadlock at
// once.
func TestDeadlockOfAChildThatStarts(t *testing.T) {
	t.Parallel()
	nothing := deed(func(akt.Context) {})
	for _, row := range []struct {
		name, path string
		onStart    func(ctx akt.Context, parent, other *akt.Address) error
	}{
		{"Send", "/parent/child.OnStart → parent",
			func(ctx akt.Context, parent, _ *akt.Address) error {
				_, err := parent.Send(ctx, nothing)
				return err
			}},
		{"Ask", "/parent/child.OnStart → parent",
			func(ctx akt.Context, parent, _ *akt.Address) error {
				_, err := akt.Ask[any](ctx, parent.Downgrade(), nothing)
				return err
			}},
		{"Send with a limit", "/parent/child.OnStart → parent",
			func(ctx akt.Context, parent, _ *akt.Address) error {
				limited, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				_, err := parent.Send(limited, nothing)
				return err
			}},
		{"Notify into a full mailbox", "/parent/child.OnStart → parent, whose mailbox is full",
			func(ctx akt.Context, parent, _ *akt.Address) error {
				assert.NoError(t, parent.Notify(ctx, nothing), "there is room for one")
				return parent.Notify(ctx, nothing)
			}},
		{"by another actor", "/parent/child.OnStart → other.HandleAct → parent",
			func(ctx akt.Context, parent, other *akt.Address) error {
				_, err := other.Send(ctx,
					play(func(ctx akt.Context) (any, error) { return parent.Send(ctx, nothing) }))
				return err
			}},
		{"by a child of the child", "/parent/child.OnStart → /parent/child/child.OnStart → parent",
			func(ctx akt.Context, parent, _ *akt.Address) error {
				_, err := ctx.Run(&doll{onStart: func(ctx akt.Context) error {
					_, err := parent.Send(ctx, nothing)
					return err
				}}, akt.WithName("child"))
				return err
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := akt.NewSystem(akt.WithDefaults(quiet()))
				defer shutDown(t, system)
				parent, err := system.Run(&doll{}, akt.WithName("parent"), akt.WithMailbox(1))
				require.NoError(t, err)
				other, err := system.Run(&doll{}, akt.WithName("other"))
				require.NoError(t, err)
				for start, ctx := range starts(t) {
					began := time.Now()
					_, err := parent.Send(ctx, play(func(ctx akt.Context) (any, error) {
						_, err := ctx.Run(
							&doll{onStart: func(ctx akt.Context) error {
								return row.onStart(ctx, parent, other)
							}}, akt.WithName("child"))
						assert.ErrorIs(t, err, akt.ErrDeadlock)
						assert.ErrorContains(t, err, "parent.HandleAct → "+row.path)
						return nil, nil
					}))
					require.NoError(t, err, start)
					require.Zero(t, time.Since(began), start)
				}
			})
		})
	}
}

// D6: a child that starts may wait for its parent where no handler of that waits for the start:
// with a Context that was kept, also while another handler runs, and in a function whose handler
// has returned.
func TestNoDeadlockOfAChildThatStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent := run(t, &doll{})
		child := &doll{onStart: func(ctx akt.Context) error {
			_, err := parent.Send(ctx, deed(func(akt.Context) {}))
			return err
		}}
		kept := contextOf(t, parent)
		_, err := kept.Run(child)
		require.NoError(t, err)

		leave := hold(t, parent)
		started := make(chan error, 1)
		go func() {
			_, err := kept.Run(child)
			started <- err
		}()
		synctest.Wait()
		require.Empty(t, started)
		leave()
		require.NoError(t, <-started)

		_, err = parent.SendUnpack(t.Context(), play(func(ctx akt.Context) (any, error) {
			returned := make(chan struct{})
			assert.NoError(t, ctx.Private().Do(func(akt.Context) { close(returned) }))
			return akt.Go(ctx, func(context.Context) (*akt.Address, error) {
				<-returned
				return ctx.Run(child)
			}), nil
		}))
		require.NoError(t, err)
	})
}

// L5: a child that waits for its parent while that waits for the child's end at a restart, for a
// reply or for room, gets ErrDeadlock, and both go on; strangers wait on.
func TestRestartWhileAChildWaitsForRoom(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(context.Context, akt.Sender, any) error{
		"Notify": func(ctx context.Context, to akt.Sender, msg any) error {
			return to.Notify(ctx, msg)
		},
		"Send": func(ctx context.Context, to akt.Sender, msg any) error {
			_, err := to.Send(ctx, msg)
			return err
		},
	} {
		for _, when := range []string{"before the panic", "after the panic"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var j journal
					parent := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }),
						akt.WithMailbox(1), quiet())
					private := contextOf(t, parent).Private()
					reply, err := parent.Send(t.Context(),
						play(func(ctx akt.Context) (any, error) { return ctx.Run(&doll{}) }))
					require.NoError(t, err)
					child := reply.(*akt.Address)
					grandchild, err := contextOf(t, child).Run(&doll{})
					require.NoError(t, err)
					leave := hold(t, parent)
					require.NoError(t, parent.TryNotify(context.Background(), j.entry("accepted")))
					for _, of := range []*akt.Address{child, grandchild} {
						require.NoError(t, of.Notify(t.Context(), deed(func(ctx akt.Context) {
							if when == "after the panic" {
								time.Sleep(time.Minute)
							}
							assert.ErrorIs(t, wait(ctx, parent, j.entry("refused")),
								akt.ErrDeadlock)
							j.add("told")
						})))
					}
					synctest.Wait()
					stranger := make(chan error, 1)
					go func() { stranger <- wait(t.Context(), parent, j.entry("let in")) }()
					synctest.Wait()
					require.NoError(t, private.Notify(t.Context(), Stray{}))
					leave()
					<-child.Done()
					<-grandchild.Done()
					require.NoError(t, <-stranger)
					settled(t, parent)
					require.ElementsMatch(t, []string{"told", "told", "accepted", "let in"},
						j.all())
				})
			})
		}
	}
}
