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

// goer's function asks its own actor, which is free when the handler has returned.
type goer struct{ self *akt.WeakAddress }

type (
	goerVia   struct{}
	goerPlain struct{}
)

func (g *goer) HandlePlain(akt.Context, goerPlain) int { return 7 }

func (g *goer) HandleVia(ctx akt.Context, _ goerVia) *akt.Future[int] {
	f := akt.Go(ctx, func(ctx context.Context) (int, error) { return akt.Ask[int](ctx, g.self, goerPlain{}) })
	runtime.Gosched() // it may ask before the handler returns
	return f
}

// D6: a function of Go whose handler returns its Future may ask the handler's own actor.
func TestNotADeadlockOfAFunctionThatAsksItsOwnActor(t *testing.T) {
	t.Parallel()
	g := &goer{}
	addr := run(t, g)
	g.self = addr.Downgrade()
	for range 5000 {
		seven, err := akt.Ask[int](t.Context(), addr, goerVia{})
		require.NoError(t, err)
		require.Equal(t, 7, seven)
	}
}

// D6: OnStart of a child waits for itself where it asks its parent, whose handler waits for it.
func TestDeadlockOfOnStartThatAsksItsParent(t *testing.T) {
	t.Parallel()
	for name, start := range starts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if name == "queued" {
					start = t.Context()
				}
				parent := run(t, &doll{}, akt.WithName("parent"), quiet())
				_, err := parent.Send(start, play(func(ctx akt.Context) (any, error) {
					return ctx.Run(&doll{onStart: func(ctx akt.Context) error {
						_, err := parent.Send(ctx, deed(func(akt.Context) {}))
						return err
					}}, akt.WithName("child"), quiet())
				}))
				require.ErrorIs(t, err, akt.ErrDeadlock)
				require.ErrorContains(t, err, "parent.HandleAct → /parent/child.OnStart → parent")
				settled(t, parent)
			})
		})
	}
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

// D6: a handler whose wait for a function's Future closes a ring is told itself, by whichever way
// it waits.
func TestDeadlockThatAFutureCloses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		wait func(ctx akt.Context, f *akt.Future[any]) error
	}{
		{"Wait", func(ctx akt.Context, f *akt.Future[any]) error {
			_, err := f.Wait(ctx)
			return err
		}},
		{"Wait with a limit", func(ctx akt.Context, f *akt.Future[any]) error {
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			_, err := f.Wait(limited)
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				addr, began := runNamed(t, "a")[0], time.Now()
				handled := make(chan struct{})
				_, err := addr.Send(t.Context(), play(func(ctx akt.Context) (any, error) {
					f := akt.Go(ctx, func(ctx context.Context) (any, error) {
						return addr.Send(ctx, deed(func(akt.Context) { close(handled) }))
					})
					synctest.Wait() // the function waits, and nobody for it
					return nil, row.wait(ctx, f)
				}))
				require.ErrorIs(t, err, akt.ErrDeadlock)
				require.ErrorContains(t, err, "a function of a.HandleAct → a.HandleAct → a function of a.HandleAct")
				<-handled
				require.Zero(t, time.Since(began))
			})
		})
	}
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
				parent := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), akt.WithName("parent"),
					akt.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))))
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
						_, err := other.Send(limited, deed(func(akt.Context) { time.Sleep(time.Minute) }))
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
				for _, text := range []string{"actor=parent", "/parent/stuck.HandleAct → other.HandleAct", "children=1", "for=10s"} {
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
	for name, bad := range map[string]func(){"panic": func() { panic("log") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				parent := run(t, &doll{}, akt.WithLogger(slog.New(badHandler{slog.DiscardHandler, bad})))
				child, err := contextOf(t, parent).Run(&doll{}, quiet())
				require.NoError(t, err)
				require.NoError(t, child.TryNotify(context.Background(), deed(func(akt.Context) { time.Sleep(time.Minute) })))
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
