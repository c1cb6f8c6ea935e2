package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Each test here guards the mend of a bug that once was in the library.

type (
	mendFail  struct{ Err error }
	mendLater struct{ Err error } // fails later
	mendOwe   struct{}            // is never answered
	mendGo    struct{}            // is answered when the test says so
	mendReply struct{}
)

// mend is an actor with handlers of exact types, for typed calls.
type mend struct {
	doll

	letGo chan struct{}
	owed  []*akt.Promise[int]
}

// mendFuture is a reply that has a Future in it.
type mendFuture struct{ *akt.Future[int] }

func (*mend) HandleFail(_ akt.Context, m mendFail) (int, error)       { return 0, m.Err }
func (*mend) HandleReply(akt.Context, mendReply) (*mendFuture, error) { return &mendFuture{}, nil }
func (*mend) HandleLater(ctx akt.Context, m mendLater) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) { return 0, m.Err })
}

func (a *mend) HandleOwe(akt.Context, mendOwe) *akt.Future[int] {
	promise, future := akt.NewPromise[int](context.Background())
	a.owed = append(a.owed, promise)
	return future
}

func (a *mend) HandleGo(ctx akt.Context, _ mendGo) *akt.Future[int] {
	return akt.Go(ctx, func(context.Context) (int, error) {
		<-a.letGo
		return 1, nil
	})
}

// mendBroken is an error whose methods panic.
type mendBroken struct{}

func (*mendBroken) Error() string { panic("Error") }
func (*mendBroken) Unwrap() error { panic("Unwrap") }
func (*mendBroken) Is(error) bool { panic("Is") }

// E1: the handler's own error comes back unchanged, and its methods are not called for that, which panic for a typed nil.
func TestErrorWhoseMethodsPanic(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]error{
		"a typed nil":            (*fs.PathError)(nil),
		"a typed nil in another": fmt.Errorf("wraps: %w", (*fs.PathError)(nil)),
		"its methods panic":      &mendBroken{},
		"joined":                 errors.Join(&mendBroken{}, (*fs.PathError)(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var letter akt.DeadLetter
			system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(d akt.DeadLetter) { letter = d }))
			defer shutDown(t, system)
			addr, err := system.Run(&mend{})
			require.NoError(t, err)
			fail, err := akt.RecipientOf[mendFail, int](addr)
			require.NoError(t, err)
			later, err := akt.RecipientOf[mendLater, int](addr)
			require.NoError(t, err)
			for start, ctx := range starts(t) {
				for way, send := range map[string]func() (any, error){
					"Send":                func() (any, error) { return addr.Send(ctx, mendFail{own}) },
					"SendUnpack":          func() (any, error) { return addr.SendUnpack(ctx, mendFail{own}) },
					"Ask":                 func() (any, error) { return akt.Ask[int](ctx, addr, mendFail{own}) },
					"Recipient":           func() (any, error) { return fail.Send(ctx, mendFail{own}) },
					"SendUnpack a Future": func() (any, error) { return addr.SendUnpack(ctx, mendLater{own}) },
					"Ask for a Future":    func() (any, error) { return akt.Ask[int](ctx, addr, mendLater{own}) },
					"Recipient, Future":   func() (any, error) { return later.Send(ctx, mendLater{own}) },
				} {
					_, err := send()
					require.True(t, err == own, "%s, %s: %T", way, start, err) //nolint:errorlint,testifylint // the identity is the promise
				}
			}
			require.NoError(t, addr.TryNotify(context.Background(), mendFail{own}))
			settled(t, addr)
			require.True(t, letter.Err == own, "%T", letter.Err) //nolint:errorlint,testifylint // the identity is the promise
		})
	}
}

// D6: a parent whose handler runs a child waits for its OnStart: a child that waits for the parent there, for its reply or for room in
// its mailbox, directly or through others, gets ErrDeadlock at once.
func TestDeadlockOfAChildThatStarts(t *testing.T) {
	t.Parallel()
	nothing := deed(func(akt.Context) {})
	for _, row := range []struct {
		name, path string
		onStart    func(ctx akt.Context, parent, other *akt.Address) error
	}{
		{"Send", "/parent/child.OnStart → parent", func(ctx akt.Context, parent, _ *akt.Address) error {
			_, err := parent.Send(ctx, nothing)
			return err
		}},
		{"Ask", "/parent/child.OnStart → parent", func(ctx akt.Context, parent, _ *akt.Address) error {
			_, err := akt.Ask[any](ctx, parent.Downgrade(), nothing)
			return err
		}},
		{"Send with a limit", "/parent/child.OnStart → parent", func(ctx akt.Context, parent, _ *akt.Address) error {
			limited, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			_, err := parent.Send(limited, nothing)
			return err
		}},
		{"Notify into a full mailbox", "/parent/child.OnStart → parent, whose mailbox is full", func(ctx akt.Context, parent, _ *akt.Address) error {
			assert.NoError(t, parent.Notify(ctx, nothing), "there is room for one")
			return parent.Notify(ctx, nothing)
		}},
		{"by another actor", "/parent/child.OnStart → other.HandleAct → parent", func(ctx akt.Context, parent, other *akt.Address) error {
			_, err := other.Send(ctx, play(func(ctx akt.Context) (any, error) { return parent.Send(ctx, nothing) }))
			return err
		}},
		{"by a child of the child", "/parent/child.OnStart → /parent/child/child.OnStart → parent", func(ctx akt.Context, parent, _ *akt.Address) error {
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
						_, err := ctx.Run(&doll{onStart: func(ctx akt.Context) error { return row.onStart(ctx, parent, other) }}, akt.WithName("child"))
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

// D6: a child that starts may wait for its parent where no handler of that waits for the start: with a Context that was kept, also
// while another handler runs, and in a function whose handler has returned.
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

// L5: a child that waits for its parent while that waits for the child's end at a restart, for a reply or for room, gets ErrDeadlock, and
// both go on; strangers wait on.
func TestRestartWhileAChildWaitsForRoom(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(context.Context, akt.Sender, any) error{
		"Notify": func(ctx context.Context, to akt.Sender, msg any) error { return to.Notify(ctx, msg) },
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
					parent := run(t, akt.Spawner[*doll](func() *doll { return &doll{} }), akt.WithMailbox(1), quiet())
					private := contextOf(t, parent).Private()
					reply, err := parent.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return ctx.Run(&doll{}) }))
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
							assert.ErrorIs(t, wait(ctx, parent, j.entry("refused")), akt.ErrDeadlock)
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
					require.ElementsMatch(t, []string{"told", "told", "accepted", "let in"}, j.all())
				})
			})
		}
	}
}

// mendCounting, mendWeakly and mendPrivately are addresses with a Send of their own.
type (
	mendCounting struct {
		*akt.Address
		n *int
	}
	mendWeakly struct {
		*akt.WeakAddress
		n *int
	}
	mendPrivately struct {
		*akt.PrivateAddress
		n *int
	}
)

func (c mendCounting) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.Address.Send(ctx, msg)
}

func (c mendWeakly) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.WeakAddress.Send(ctx, msg)
}

func (c mendPrivately) Send(ctx context.Context, msg any) (any, error) {
	*c.n++
	return c.PrivateAddress.Send(ctx, msg)
}

// Ask through a Sender that has an address embedded calls that Sender's own Send, and treats the reply as ever.
func TestAskCallsTheSendersOwnSend(t *testing.T) {
	t.Parallel()
	addr := run(t, &mend{})
	own := errors.New("own")
	n := 0
	for i, to := range []akt.Sender{
		mendCounting{addr, &n}, &mendCounting{addr, &n}, mendWeakly{addr.Downgrade(), &n}, mendPrivately{contextOf(t, addr).Private(), &n},
	} {
		n = 0
		_, err := akt.Ask[int](t.Context(), to, mendFail{})
		require.NoError(t, err)
		_, err = akt.Ask[int](context.Background(), to, mendFail{own})
		require.True(t, err == own, "%v", err) //nolint:errorlint,testifylint // the identity is the promise
		_, err = akt.Ask[int](t.Context(), to, mendLater{})
		require.NoError(t, err)
		_, err = akt.Ask[string](t.Context(), to, mendFail{})
		var mismatch *akt.ReplyTypeError
		require.ErrorAs(t, err, &mismatch)
		require.Equal(t, 4, n, i)
	}
}

// A reply that has a *Future embedded is a reply like any other: it is passed on, and nobody waits for what is in it.
func TestReplyWithAFutureInIt(t *testing.T) {
	t.Parallel()
	addr := run(t, &mend{})
	for start, ctx := range starts(t) {
		reply, err := addr.SendUnpack(ctx, mendReply{})
		require.NoError(t, err, start)
		require.Equal(t, &mendFuture{}, reply, start)
		asked, err := akt.Ask[*mendFuture](ctx, addr, mendReply{})
		require.NoError(t, err, start)
		require.Equal(t, &mendFuture{}, asked, start)
		_, err = akt.Ask[int](ctx, addr, mendReply{})
		var mismatch *akt.ReplyTypeError
		require.ErrorAs(t, err, &mismatch, start)
		requireSendError(t, err, akt.NotHandled)
	}
}

// Shutdown: the end of its patience answers who waits for a Future, with ErrStopped and MaybeHandled, and its error counts the functions
// that have not returned.
func TestShutdownAnswersWhoWaitsForAFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		actor := &mend{letGo: make(chan struct{})}
		addr, err := system.Run(actor)
		require.NoError(t, err)
		owe, err := akt.RecipientOf[mendOwe, int](addr)
		require.NoError(t, err)
		functions, err := akt.RecipientOf[mendGo, int](addr)
		require.NoError(t, err)
		answers := make(chan error)
		waiting := 0
		for _, ctx := range starts(t) {
			for _, send := range []func() (any, error){
				func() (any, error) { return addr.SendUnpack(ctx, mendOwe{}) },
				func() (any, error) { return akt.Ask[int](ctx, addr, mendOwe{}) },
				func() (any, error) { return owe.Send(ctx, mendOwe{}) },
				func() (any, error) { return addr.SendUnpack(ctx, mendGo{}) },
				func() (any, error) { return akt.Ask[int](ctx, addr.Downgrade(), mendGo{}) },
				func() (any, error) { return functions.Send(ctx, mendGo{}) },
			} {
				waiting++
				go func() {
					_, err := send()
					answers <- err
				}()
			}
		}
		synctest.Wait()
		require.Len(t, actor.owed, waiting/2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err = system.Shutdown(ctx)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, fmt.Sprintf("have not returned: %d", waiting/2))
		for range waiting {
			requireSendError(t, <-answers, akt.MaybeHandled, akt.ErrStopped, akt.ErrFailedToGetResponse)
		}
		require.Equal(t, time.Minute, time.Since(began))
		close(actor.letGo)
		synctest.Wait()
		shutDown(t, system)
	})
}

// Context: once Err says why a Context has ended it says so for ever, whether its sender's end or that of Shutdown's patience came first,
// and whether Done was asked for or not.
func TestErrNeverChanges(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		ends func(sender, patience func())
		err  error
	}{
		{"the sender first", func(sender, patience func()) { sender(); patience() }, context.DeadlineExceeded},
		{"Shutdown first", func(sender, patience func()) { patience(); sender() }, context.Canceled},
	} {
		for _, asked := range []string{"Done was asked for", "Done was not asked for"} {
			t.Run(row.name+", "+asked, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					system := akt.NewSystem()
					addr, err := system.Run(&doll{})
					require.NoError(t, err)
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					reply, err := addr.Send(ctx, play(func(ctx akt.Context) (any, error) { return ctx, nil }))
					require.NoError(t, err)
					kept := reply.(akt.Context)
					endless := contextOf(t, addr)
					require.NoError(t, endless.Err())
					if asked == "Done was asked for" {
						_ = kept.Done()
					}
					leave := hold(t, addr)
					told := []error{kept.Err()}
					end := func(f func()) func() {
						return func() {
							f()
							synctest.Wait()
							told = append(told, kept.Err())
						}
					}
					row.ends(
						end(func() { time.Sleep(2 * time.Hour) }),
						end(func() {
							over, cancel := context.WithCancel(t.Context())
							cancel()
							assert.Error(t, system.Shutdown(over))
						}),
					)
					require.Equal(t, []error{nil, row.err, row.err}, told)
					<-kept.Done()
					require.Equal(t, row.err, kept.Err())
					require.Equal(t, context.Canceled, endless.Err())
					leave()
					shutDown(t, system)
				})
			})
		}
	}
}

// Dead letters: a hook that panics or ends its goroutine ends neither the actor nor who started a timer, and is called for each.
func TestDeadLetterHookThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func(){
		"panic":  func() { panic("in the hook") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			system := akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(akt.DeadLetter) {
				calls.Add(1)
				hook()
			}))
			addr, err := system.Run(&doll{})
			require.NoError(t, err)
			kept := contextOf(t, addr)
			require.NoError(t, addr.TryNotify(context.Background(), play(func(akt.Context) (any, error) { return nil, errors.New("failed") })))
			settled(t, addr)
			require.EqualValues(t, 1, calls.Load())
			kept.Private().NotifyLater(Note{}, time.Hour) // which no doll handles
			require.EqualValues(t, 2, calls.Load())
			leave := hold(t, addr)
			require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) { t.Error("it was handled") })))
			kept.Stop()
			leave()
			<-addr.Done()
			require.EqualValues(t, 3, calls.Load())
			require.NoError(t, addr.Err())
			shutDown(t, system)
		})
	}
}

type (
	MendLeft  struct{}
	MendRight struct{}
	// MendTorn has each handler and hook twice at the same depth.
	MendTorn struct {
		MendLeft
		*MendRight
	}
	MendTornDeeper struct{ *MendTorn }
	// MendOwn says itself which it means.
	MendOwn struct {
		MendLeft
		*MendRight
	}
	// MendShallow has one that is less deep than those that are torn.
	MendShallow struct {
		MendTorn
		MendOwn
	}
)

func (MendLeft) HandleNote(akt.Context, Note) string   { return "left" }
func (*MendRight) HandleNote(akt.Context, Note) string { return "right" }
func (MendOwn) HandleNote(akt.Context, Note) string    { return "own" }

func (MendLeft) OnStart(akt.Context) error   { return errors.New("left") }
func (*MendRight) OnStart(akt.Context) error { return errors.New("right") }
func (MendOwn) OnStart(akt.Context) error    { return nil }

// Those are neither handlers nor hooks, so nothing is wrong with having them twice.

func (MendLeft) Close(akt.Context)          {}
func (*MendRight) Close(akt.Context)        {}
func (MendLeft) HandleFunc(string, func())  {}
func (MendRight) HandleFunc(string, func()) {}

// H3: a handler or hook that two embedded fields of one depth bring, so that Go promotes neither, is a fault that names both; where a less
// deep one hides them it is not.
func TestAmbiguousHandlers(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{MendTorn{}, &MendTorn{}, MendTornDeeper{}, &MendTornDeeper{}} {
		_, err := akt.Describe(actor)
		var faulty *akt.RegistrationError
		require.ErrorAs(t, err, &faulty, "%T", actor)
		require.Len(t, faulty.Faults, 2, "%v", err)
		for i, method := range []string{"HandleNote", "OnStart"} {
			require.Equal(t, method, faulty.Faults[i].Method)
			require.Contains(t, faulty.Faults[i].Found, "MendLeft")
			require.Contains(t, faulty.Faults[i].Found, "MendRight")
		}
		_, err = akt.NewSystem().Run(actor)
		require.ErrorAs(t, err, &faulty, "%T", actor)
	}
	for _, actor := range []any{MendOwn{}, &MendOwn{}, struct{ MendOwn }{}, MendShallow{}, &MendShallow{}} {
		reply, err := akt.Ask[string](t.Context(), run(t, actor), Note{})
		require.NoError(t, err, "%T", actor)
		require.Equal(t, "own", reply, "%T", actor)
	}
}

// L5: panic(nil), where the program has it mean what it meant before Go 1.21, is a panic all the same: the sender is told, on its own
// goroutine too, and the actor goes on with a fresh state.
func TestPanicNil(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1") // which is why it is not parallel
	var states atomic.Int32
	addr := run(t, akt.Spawner[*doll](func() *doll {
		states.Add(1)
		return &doll{}
	}), quiet(), akt.WithSupervisor(akt.Supervisor{BackoffMin: 1, BackoffMax: 1}))
	var nothing any
	for start, ctx := range starts(t) {
		_, err := addr.Send(ctx, deed(func(akt.Context) { panic(nothing) }))
		var failure *akt.PanicError
		require.ErrorAs(t, err, &failure, start)
		requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
		settled(t, addr)
	}
	require.NoError(t, addr.TryNotify(context.Background(), deed(func(akt.Context) { panic(nothing) })))
	settled(t, addr)
	require.EqualValues(t, 4, states.Load(), "one, and one more for each panic")
}
