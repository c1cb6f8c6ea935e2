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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about LookupOrRun: one actor for a name.

// LookupOrRun runs an actor under a name that is free, and finds it from then on; the options are
// the new actor's.
func TestLookupOrRun(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	made := 0
	newGate := func() any { made++; return newGate() }
	a, loaded, err := system.LookupOrRun(context.Background(), "ann", newGate, akt.WithMailbox(1),
		akt.WithName("ann"))
	require.NoError(t, err)
	require.False(t, loaded)
	require.Equal(t, "ann", a.Name())
	b, loaded, err := system.LookupOrRun(context.Background(), "ann", newGate)
	require.NoError(t, err)
	require.True(t, loaded)
	require.Equal(t, 1, made)
	require.NotSame(t, a, b)
	a.Release()
	reply, err := b.Send(t.Context(), Note{3})
	require.NoError(t, err, "a reference of its own")
	require.Equal(t, 3, reply)
	_, loaded, err = system.LookupOrRun(context.Background(), "bob", func() any {
		return akt.Spawner[*gate](func() *gate { return &gate{} })
	})
	require.NoError(t, err)
	require.False(t, loaded)
	found, ok := system.Lookup("bob")
	require.True(t, ok)
	_, err = found.Send(t.Context(), Note{1})
	require.NoError(t, err)
	b.Stop()
	<-b.Done()
	_, loaded, err = system.LookupOrRun(context.Background(), "ann", newGate)
	require.NoError(t, err)
	require.False(t, loaded)
	require.Equal(t, 2, made)
	shutDown(t, system)
	_, _, err = system.LookupOrRun(context.Background(), "ann", newGate)
	require.ErrorIs(t, err, akt.ErrStopped)
	require.Equal(t, 2, made)
}

// LookupOrRun says what is wrong with its arguments, and then runs nothing.
func TestLookupOrRunWrongArguments(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	some := func() any { return &doll{} }
	for _, row := range []struct {
		name, text string
		newActor   func() any
		opts       []akt.Option
	}{
		{"", "the name is empty", some, nil},
		{"a", `LookupOrRun("a"): newActor is nil`, nil, nil},
		{"a", `LookupOrRun("a"): newActor returned nil`, func() any { return nil }, nil},
		{"a", `WithName("b") gives another name`, some, []akt.Option{akt.WithName("b")}},
		{"a", "WithSystem gives another system", some,
			[]akt.Option{akt.WithSystem(akt.NewSystem())}},
		{"a", "the capacity must be at least 1", some, []akt.Option{akt.WithMailbox(0)}},
		{"a", "an option is nil", some, []akt.Option{nil}},
		{"a", "the pointer is nil", func() any { return (*doll)(nil) }, nil},
		{"a", "panic: broken", func() any { panic("broken") }, nil},
	} {
		addr, loaded, err := system.LookupOrRun(context.Background(), row.name, row.newActor,
			row.opts...)
		require.ErrorContains(t, err, row.text)
		require.Nil(t, addr)
		require.False(t, loaded)
	}
	require.Empty(t, slices.Collect(system.Actors()))
	_, _, err := system.LookupOrRun(context.Background(), "a", some, akt.WithSystem(system))
	require.NoError(t, err, "the name is free after all that went wrong")
	shutDown(t, system)
}

// LookupOrRun: whoever asks for a name while it is being run waits until OnStart has returned;
// other names are not held up, not even from OnStart, and nobody else gets the name meanwhile.
func TestLookupOrRunWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		started := false
		leave := make(chan struct{})
		slow := func() any {
			return &doll{onStart: func(akt.Context) error {
				_, loaded, err := system.LookupOrRun(context.Background(), "other", func() any {
					return &doll{}
				})
				if err != nil || loaded {
					t.Errorf("%v %v", loaded, err)
				}
				<-leave
				started = true
				return nil
			}}
		}
		var loads atomic.Int32
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				_, loaded, err := system.LookupOrRun(context.Background(), "slow", slow)
				if err != nil || !started {
					t.Errorf("started %v, error %v", started, err)
				}
				if loaded {
					loads.Add(1)
				}
			})
		}
		synctest.Wait()
		_, loaded, err := system.LookupOrRun(context.Background(), "other", func() any {
			return &doll{}
		})
		require.NoError(t, err)
		require.True(t, loaded)
		_, err = system.Run(&doll{}, akt.WithName("slow"))
		require.ErrorIs(t, err, akt.ErrNameTaken)
		close(leave)
		callers.Wait()
		require.EqualValues(t, 4, loads.Load())
		shutDown(t, system)
	})
}

// While newActor runs, the name is taken; and nothing of the system is locked.
func TestLookupOrRunHasTheName(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	_, _, err := system.LookupOrRun(context.Background(), "a", func() any {
		_, err := system.Run(&doll{}, akt.WithName("a"))
		require.ErrorIs(t, err, akt.ErrNameTaken)
		_, ok := system.Lookup("a")
		require.False(t, ok)
		_, err = system.Run(&doll{}, akt.WithName("b"))
		require.NoError(t, err)
		return &doll{}
	})
	require.NoError(t, err)
	shutDown(t, system)
}

// LookupOrRun: where running fails, its own caller gets the error, and those who wait try again,
// one after the other.
func TestLookupOrRunAfterFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		leave := make(chan struct{})
		var made, failed, ran, loads atomic.Int32
		newActor := func() any {
			n := made.Add(1)
			return &doll{onStart: func(akt.Context) error {
				<-leave
				switch n {
				case 1:
					return errors.New("failed")
				case 2:
					panic("broken")
				case 3:
					runtime.Goexit()
				}
				return nil
			}}
		}
		for range 8 {
			go func() {
				_, loaded, err := system.LookupOrRun(context.Background(), "a", newActor)
				switch {
				case err != nil:
					failed.Add(1)
				case loaded:
					loads.Add(1)
				default:
					ran.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.EqualValues(t, 1, made.Load())
		close(leave)
		synctest.Wait()
		require.Equal(t, []int32{4, 2, 1, 4},
			[]int32{made.Load(), failed.Load(), ran.Load(), loads.Load()})
		shutDown(t, system)
	})
}

// LookupOrRun: an actor that is stopping is waited for, then followed by a new one; Shutdown leaves
// nobody waiting.
func TestLookupOrRunBehindOneThatStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := sysQuiet()
		first, _, err := system.LookupOrRun(context.Background(), "a", func() any {
			return &doll{}
		})
		require.NoError(t, err)
		leave := hold(t, first)
		first.Stop()
		type answer struct {
			addr   *akt.Address
			loaded bool
			err    error
		}
		answers := make(chan answer)
		ask := func() {
			addr, loaded, err := system.LookupOrRun(context.Background(), "a", func() any {
				return &doll{}
			})
			answers <- answer{addr, loaded, err}
		}
		go ask()
		synctest.Wait()
		leave()
		got := <-answers
		require.NoError(t, got.err)
		require.False(t, got.loaded)
		settled(t, got.addr)
		<-first.Done()

		leave = hold(t, got.addr)
		got.addr.Stop()
		go ask()
		synctest.Wait()
		over, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, system.Shutdown(over), "not quiet: a in HandleAct (0 queued)")
		require.ErrorIs(t, (<-answers).err, akt.ErrStopped)
		_, _, err = system.LookupOrRun(context.Background(), "a", func() any { return &doll{} })
		require.ErrorIs(t, err, akt.ErrStopped, "at once, while the actor is stuck")
		leave()
		synctest.Wait()
	})
}

// sysOnly is an actor of which there must be one at a time.
type sysOnly struct{ alive, most, made *atomic.Int32 }

func (o *sysOnly) OnStart(akt.Context) error {
	if n := o.alive.Add(1); n > o.most.Load() {
		o.most.Store(n)
	}
	return nil
}

func (o *sysOnly) OnStopped(akt.Context)              { o.alive.Add(-1) }
func (o *sysOnly) HandleNote(akt.Context, Note) error { return nil }

// LookupOrRun: however many ask at a time, and however often the actor is stopped, there is never
// more than one.
func TestLookupOrRunRace(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	var alive, most, made, ran atomic.Int32
	newActor := func() any {
		made.Add(1)
		return &sysOnly{&alive, &most, &made}
	}
	ctx := t.Context()
	var callers sync.WaitGroup
	for caller := range 100 {
		callers.Go(func() {
			for round := range 20 {
				addr, loaded, err := system.LookupOrRun(context.Background(), "only", newActor)
				if err != nil {
					t.Error(err)
					return
				}
				if !loaded {
					ran.Add(1)
				}
				if _, err := addr.Send(ctx, Note{}); err != nil && !errors.Is(err, akt.ErrStopped) {
					t.Error(err)
				}
				if (caller+round)%5 == 0 {
					addr.Stop()
				}
				addr.Release()
			}
		})
	}
	callers.Wait()
	require.EqualValues(t, 1, most.Load())
	require.Equal(t, made.Load(), ran.Load())
	require.Greater(t, made.Load(), int32(1))
	shutDown(t, system)
	require.Zero(t, alive.Load())
}

// L7: LookupOrRun waits for an end, and for the OnStart that somebody else has called, until ctx
// ends.
func TestLookupOrRunUntilContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		leave := make(chan struct{})
		slow := func() any {
			return &doll{onStart: func(ctx akt.Context) error { <-leave; return nil }}
		}
		go func() {
			_, _, err := system.LookupOrRun(context.Background(), "x", slow)
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := system.LookupOrRun(ctx, "x", slow)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `LookupOrRun("x")`)
		close(leave)
		addr, loaded, err := system.LookupOrRun(t.Context(), "x", slow)
		require.NoError(t, err)
		require.True(t, loaded)
		goOn := hold(t, addr)
		addr.Stop()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = system.LookupOrRun(ctx, "x", slow)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		goOn()
		_, loaded, err = system.LookupOrRun(t.Context(), "x", slow)
		require.NoError(t, err)
		require.False(t, loaded)
		shutDown(t, system)
	})
}

// L7: OnStart of an actor that LookupOrRun runs has its ctx's values and deadline, and ends with
// it.
func TestLookupOrRunStartsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		type key struct{}
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), time.Second)
		defer cancel()
		_, _, err := system.LookupOrRun(ctx, "x", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				assert.Equal(t, "v", ctx.Value(key{}))
				_, ok := ctx.Deadline()
				assert.True(t, ok)
				<-ctx.Done()
				return ctx.Err()
			}}
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		shutDown(t, system)
	})
}

// D6: who would wait for itself by LookupOrRun is told: a handler that looks its own name up while
// it drains, an OnStart that looks its own name up, alone or by way of another actor.
func TestLookupOrRunOfOneself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		none := func() any { t.Error("it was made"); return &doll{} }
		addr, err := system.Run(&doll{}, akt.WithName("a"))
		require.NoError(t, err)
		leave := hold(t, addr)
		told := make(chan error, 1)
		require.NoError(t, addr.Notify(t.Context(), deed(func(ctx akt.Context) {
			_, _, err := system.LookupOrRun(ctx, "a", none)
			told <- err
		})))
		addr.Stop()
		leave()
		require.ErrorIs(t, <-told, akt.ErrDeadlock)
		<-addr.Done()

		_, _, err = system.LookupOrRun(t.Context(), "b", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				_, _, err := system.LookupOrRun(ctx, "b", none)
				return err
			}}
		})
		require.ErrorIs(t, err, akt.ErrDeadlock)

		other, err := system.Run(&doll{}, akt.WithName("other"))
		require.NoError(t, err)
		_, _, err = system.LookupOrRun(t.Context(), "c", func() any {
			return &doll{onStart: func(ctx akt.Context) error {
				_, err := other.Send(ctx, play(func(ctx akt.Context) (any, error) {
					_, _, err := system.LookupOrRun(ctx, "c", none)
					return nil, err
				}))
				return err
			}}
		})
		require.ErrorIs(t, err, akt.ErrDeadlock)
		_, _, err = system.LookupOrRun(t.Context(), "c", func() any { return &doll{} })
		require.NoError(t, err, "the name is free again")
		shutDown(t, system)
	})
}

// LookupOrRun with a ctx that has ended runs nothing, and does not call newActor; who is there is
// found.
func TestLookupOrRunWithAnEndedContext(t *testing.T) {
	t.Parallel()
	system := akt.NewSystem()
	_, _, err := system.LookupOrRun(ended(t), "a", func() any {
		t.Error("it was made")
		return &doll{}
	})
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = system.LookupOrRun(t.Context(), "a", func() any { return &doll{} })
	require.NoError(t, err)
	_, loaded, err := system.LookupOrRun(ended(t), "a", func() any { return &doll{} })
	require.NoError(t, err)
	require.True(t, loaded)
	shutDown(t, system)
}
