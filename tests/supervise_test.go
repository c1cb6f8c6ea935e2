package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what a supervisor decides, and about escalation.

// L5: after a failure the actor does what its supervisor decides, whichever way the message came;
// without a decision a value stops and what a Spawner made restarts. The sender has its *PanicError
// in any case.
func TestDirectives(t *testing.T) {
	t.Parallel()
	const goesOn, startsAgain, stops = "goes on", "starts again", "stops"
	for _, row := range []struct {
		name           string
		opts           []akt.Option
		value, spawned string
	}{
		{"no Supervisor", nil, stops, startsAgain},
		{"the zero Supervisor", []akt.Option{akt.WithSupervisor(akt.Supervisor{})}, stops,
			startsAgain},
		{"Resume", []akt.Option{supOption(akt.Resume)}, goesOn, goesOn},
		{"Restart", []akt.Option{supOption(akt.Restart)}, stops, startsAgain},
		{"Stop", []akt.Option{supOption(akt.Stop)}, stops, stops},
		{"Escalate without a parent", []akt.Option{supOption(akt.Escalate)}, stops, stops},
		{"no directive", []akt.Option{supOption(0)}, stops, stops},
		{"a directive that does not exist", []akt.Option{supOption(17)}, stops, stops},
		{"a panic",
			[]akt.Option{akt.WithSupervisor(
				akt.Supervisor{Decide: func(akt.Failure) akt.Directive { panic("undecided") }})},
			stops, stops},
		{"a Goexit",
			[]akt.Option{akt.WithSupervisor(
				akt.Supervisor{Decide: func(akt.Failure) akt.Directive {
					runtime.Goexit()
					return akt.Resume
				}})}, stops, stops},
	} {
		for _, path := range sendPaths() {
			for _, spawned := range []bool{false, true} {
				want, made := row.value, "a value"
				if spawned {
					want, made = row.spawned, "a Spawner"
				}
				t.Run(row.name+"/"+made+"/"+path.name, func(t *testing.T) {
					t.Parallel()
					var j journal
					var actor any = generations(&j, nil)
					if !spawned {
						actor = generations(&j, nil)()
					}
					p := path
					p.opts = slices.Concat(row.opts, path.opts)
					addr := p.run(t, actor)
					require.Equal(t, [2]int{1, 1}, touch(t, addr))
					_, err := p.send(t, addr, Stray{})
					requireSendError(t, err, akt.MaybeHandled, akt.ErrFailedToGetResponse)
					require.ErrorAs(t, err, new(*akt.PanicError))
					switch want {
					case goesOn:
						require.Equal(t, [2]int{1, 2}, touch(t, addr))
					case startsAgain:
						require.Equal(t, [2]int{2, 1}, touch(t, addr))
						require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2",
							"OnStart 2"}, j.all())
					default:
						<-addr.Done()
						require.ErrorAs(t, addr.Err(), new(*akt.PanicError))
						require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1"}, j.all())
					}
				})
			}
		}
	}
}

// Directive: its zero value is none of the four, and String says which it is.
func TestDirectiveString(t *testing.T) {
	t.Parallel()
	require.Equal(t, "[resume restart stop escalate]",
		fmt.Sprint([]akt.Directive{akt.Resume, akt.Restart, akt.Stop, akt.Escalate}))
	require.Equal(t, "Directive(0)", akt.Directive(0).String())
	require.Equal(t, "Directive(-1)", akt.Directive(-1).String())
	require.Equal(t, "Directive(5)", akt.Directive(5).String())
}

// WithSupervisor: a field out of its range is Run's error, which says what was found and what is
// wanted.
func TestSupervisorOutOfRange(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]akt.Supervisor{
		"akt: WithSupervisor: Window is -1s; it must not be negative, and " +
			"0 means 1m0s": {Window: -time.Second},
		"akt: WithSupervisor: BackoffMin is -1s; it must not be negative, and " +
			"0 means 100ms": {BackoffMin: -time.Second},
		"akt: WithSupervisor: BackoffMax is -1s; it must not be negative, " +
			"and 0 means 30s": {BackoffMax: -time.Second},
		"akt: WithSupervisor: BackoffMin is 2s and BackoffMax 1s; BackoffMin must " +
			"not be above it": {BackoffMin: 2 * time.Second, BackoffMax: time.Second},
		"akt: WithSupervisor: BackoffMin is 1m0s and BackoffMax 30s; BackoffMin must " +
			"not be above it": {BackoffMin: time.Minute},
		"akt: WithSupervisor: BackoffMin is 100ms and BackoffMax 1ms; BackoffMin must " +
			"not be above it": {BackoffMax: time.Millisecond},
		"akt: WithSupervisor: Window is -1ns; it must not be negative, and 0 means 1m0s\n" +
			"akt: WithSupervisor: BackoffMax is -1ns; it must not be negative, " +
			"and 0 means 30s": {Window: -1, BackoffMax: -1},
	} {
		_, err := akt.NewSystem().Run(&doll{}, akt.WithSupervisor(s))
		require.EqualError(t, err, want)
	}
	addr, err := akt.NewSystem(akt.WithDefaults(akt.WithSupervisor(akt.Supervisor{Window: -1}))).
		Run(&doll{}, akt.WithSupervisor(akt.Supervisor{}))
	require.Error(t, err)
	require.Nil(t, addr)
	require.Equal(t, "WithSupervisor(MaxRestarts 5, Window 1m0s, BackoffMin 100ms, BackoffMax 30s)",
		akt.WithSupervisor(akt.Supervisor{}).String())
}

// Failure: the supervisor is told which actor, which message, why, and how many restarts count.
func TestFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var failures []akt.Failure
		var j journal
		own := errors.New("no second start")
		addr := run(t, generations(&j, func(n int) error {
			switch n {
			case 2:
				return own
			case 3:
				panic("no third start")
			}
			return nil
		}), quiet(), akt.WithName("pupil"),
			akt.WithSupervisor(akt.Supervisor{Decide: func(f akt.Failure) akt.Directive {
				failures = append(failures, f)
				return akt.Restart
			}}))
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		require.Equal(t, [2]int{4, 1}, touch(t, addr))
		require.Len(t, failures, 3)
		for i, f := range failures {
			require.Equal(t, "pupil", f.Name)
			require.Equal(t, i, f.Restarts)
		}
		require.Equal(t, Stray{}, failures[0].Msg)
		require.ErrorContains(t, failures[0].Err, "a Stray was handled")
		require.Nil(t, failures[1].Msg)
		require.Equal(t, own, failures[1].Err)
		require.Nil(t, failures[2].Msg)
		require.EqualError(t, failures[2].Err, "akt: panic: no third start")
		require.ErrorAs(t, failures[2].Err, new(*akt.PanicError))
	})
}

// Resume: state, timers, children and watches go on, and so does an interval whose own message has
// failed.
func TestResumeKeepsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		watched := run(t, &doll{}, akt.WithName("watched"))
		addr := run(t, &doll{
			onStopped:    func(akt.Context) { j.add("OnStopped") },
			onTerminated: func(_ akt.Context, m akt.Terminated) { j.add("Terminated %s", m.Name) },
		}, quiet(), supOption(akt.Resume))
		var child *akt.Address
		_, err := addr.Send(t.Context(), deed(func(ctx akt.Context) {
			var err error
			child, err = ctx.Run(&doll{})
			assert.NoError(t, err)
			ctx.Watch(watched)
			ctx.Private().NotifyLater(j.entry("late"), 90*time.Second)
			ctx.Private().
				NotifyInterval(
					func() any { return deed(func(akt.Context) { j.add("tick"); panic("tick") }) },
					time.Minute)
		}))
		require.NoError(t, err)
		require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
		time.Sleep(150 * time.Second)
		watched.Stop()
		synctest.Wait()
		require.Equal(t, []string{"tick", "tick", "late", "tick", "Terminated watched"}, j.all())
		require.False(t, child.IsClosed())
	})
}

// L5: an actor that cannot be started again is not resumed: Resume means Stop there, and a state
// that was never started gets no OnStopped.
func TestResumeWithoutAState(t *testing.T) {
	t.Parallel()
	var j journal
	own := errors.New("no second start")
	addr := run(t, generations(&j, func(n int) error {
		if n == 2 {
			return own
		}
		return nil
	}), quiet(), akt.WithSupervisor(akt.Supervisor{Decide: func(f akt.Failure) akt.Directive {
		if f.Msg == nil {
			return akt.Resume
		}
		return akt.Restart
	}}))
	require.NoError(t, addr.TryNotify(context.Background(), Stray{}))
	<-addr.Done()
	require.Equal(t, own, addr.Err())
	require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2"},
		j.all())
}

// supFamily is a grandparent, a parent and a child, each with a supervisor of its own, whose states
// are numbered.
type supFamily struct {
	j                          journal
	grandparent, parent, child *akt.Address
}

// newSupFamily runs a family from Spawners, or from values. A fresh state of an elder runs no new
// child.
func newSupFamily(
	t *testing.T, spawned bool, ofGrandparent, ofParent, ofChild akt.Directive,
) *supFamily {
	t.Helper()
	f := &supFamily{}
	member := func(name string, d akt.Directive) (any, []akt.Option) {
		n := 0
		spawner := akt.Spawner[*generation](func() *generation {
			n++
			g := &generation{N: n}
			g.onStart = func(akt.Context) error { f.j.add("OnStart %s %d", name, g.N); return nil }
			g.onStopped = func(akt.Context) { f.j.add("OnStopped %s %d", name, g.N) }
			return g
		})
		opts := []akt.Option{quiet(), akt.WithName(name),
			akt.WithSupervisor(akt.Supervisor{Decide: func(fail akt.Failure) akt.Directive {
				f.j.add("asked %s: %s %T %d", name, fail.Name, fail.Msg, fail.Restarts)
				return d
			}})}
		if spawned {
			return spawner, opts
		}
		return spawner(), opts
	}
	below := func(elder *akt.Address, actor any, opts []akt.Option) *akt.Address {
		reply, err := elder.Send(t.Context(),
			play(func(ctx akt.Context) (any, error) { return ctx.Run(actor, opts...) }))
		require.NoError(t, err)
		return reply.(*akt.Address)
	}
	actor, opts := member("g", ofGrandparent)
	f.grandparent = run(t, actor, opts...)
	actor, opts = member("p", ofParent)
	f.parent = below(f.grandparent, actor, opts)
	actor, opts = member("c", ofChild)
	f.child = below(f.parent, actor, opts)
	return f
}

// Escalate: the parent's supervisor is asked as if the parent had failed, and so on up to the top.
// Resume is for the child; Restart and Stop are for the ancestor, whose children end with it, and
// Err of all says what failed.
func TestEscalate(t *testing.T) {
	t.Parallel()
	const askC, askP, askG = "asked c: /g/p/c tests_test.Stray 0", "asked p: /g/p " +
		"tests_test.Stray 0", "asked g: g tests_test.Stray 0"
	for _, row := range []struct {
		name     string
		spawned  bool
		c, p, g  akt.Directive
		want     []string
		ended    string // who ends, of failure: c, p, g
		restarts string // who restarts
	}{
		{"one level, Resume", true, akt.Escalate, akt.Resume, 0, []string{askC, askP}, "", ""},
		{"one level, Resume, values", false, akt.Escalate, akt.Resume, 0, []string{askC, askP}, "",
			""},
		{"one level, Stop", true, akt.Escalate, akt.Stop, 0,
			[]string{askC, askP, "OnStopped c 1", "OnStopped p 1"}, "cp", ""},
		{"one level, Restart", true, akt.Escalate, akt.Restart, 0,
			[]string{askC, askP, "OnStopped c 1", "OnStopped p 1", "OnStart p 2"}, "c", "p"},
		{"one level, Restart, values", false, akt.Escalate, akt.Restart, 0,
			[]string{askC, askP, "OnStopped c 1", "OnStopped p 1"}, "cp", ""},
		{"two levels, Resume", true, akt.Escalate, akt.Escalate, akt.Resume,
			[]string{askC, askP, askG}, "", ""},
		{"two levels, Stop", true, akt.Escalate, akt.Escalate, akt.Stop,
			[]string{askC, askP, askG, "OnStopped c 1", "OnStopped p 1", "OnStopped g 1"}, "cpg",
			""},
		{"two levels, Restart", true, akt.Escalate, akt.Escalate, akt.Restart,
			[]string{askC, askP, askG, "OnStopped c 1", "OnStopped p 1", "OnStopped g 1",
				"OnStart g 2"}, "cp", "g"},
		{"to the top", true, akt.Escalate, akt.Escalate, akt.Escalate,
			[]string{askC, askP, askG, "OnStopped c 1", "OnStopped p 1", "OnStopped g 1"}, "cpg",
			""},
	} {
		for _, inline := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/inline %t", row.name, inline), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newSupFamily(t, row.spawned, row.g, row.p, row.c)
					before := len(f.j.all())
					ctx := t.Context()
					if inline {
						ctx = context.Background()
					}
					_, err := f.child.Send(ctx, Stray{})
					require.ErrorAs(t, err, new(*akt.PanicError))
					synctest.Wait()
					require.Equal(t, row.want, f.j.all()[before:])
					for name, addr := range map[string]*akt.Address{
						"g": f.grandparent, "p": f.parent, "c": f.child,
					} {
						want := [2]int{1, 1}
						switch {
						case strings.Contains(row.ended, name):
							require.True(t, addr.IsClosed(), name)
							<-addr.Done()
							if name == "p" && row.g != 0 && row.g != akt.Resume {
								require.NoError(t, addr.Err(), "its parent stopped it")
								continue
							}
							require.ErrorAs(t, addr.Err(), new(*akt.PanicError), name)
							continue
						case strings.Contains(row.restarts, name):
							want[0] = 2
						}
						require.Equal(t, want, touch(t, addr), name)
					}
				})
			})
		}
	}
}

// Escalate: who dies of a descendant's failure says so, and who.
func TestEscalateSaysWho(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newSupFamily(t, true, akt.Stop, akt.Escalate, akt.Escalate)
		_, err := f.child.Send(t.Context(), Stray{})
		require.Error(t, err)
		<-f.grandparent.Done()
		require.EqualError(t, f.grandparent.Err(),
			"akt: the child /g/p/c failed: panic: a Stray was handled")
		require.EqualError(t, f.child.Err(), "akt: panic: a Stray was handled")
	})
}

// Escalate: the parent's handler that waits for the child is not interrupted, and its own failure
// comes after it, before what is queued.
func TestEscalateWhileTheParentWaits(t *testing.T) {
	t.Parallel()
	for _, inline := range []bool{false, true} {
		t.Run(fmt.Sprintf("inline %t", inline), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newSupFamily(t, true, 0, akt.Restart, akt.Escalate)
				queued := make(chan any)
				ctx := t.Context()
				if inline {
					ctx = context.Background()
				}
				_, err := f.parent.Send(ctx, deed(func(ctx akt.Context) {
					_, err := f.child.Send(ctx, Stray{})
					assert.ErrorAs(t, err, new(*akt.PanicError))
					go func() {
						reply, err := f.parent.Send(t.Context(), Touch{})
						assert.NoError(t, err)
						queued <- reply
					}()
					synctest.Wait()
					f.j.add("the handler returns")
				}))
				require.NoError(t, err)
				require.Equal(t, [2]int{2, 1}, <-queued)
				require.Equal(t, []string{"asked c: /g/p/c tests_test.Stray 0",
					"asked p: /g/p tests_test.Stray 0", "OnStopped c 1",
					"the handler returns", "OnStopped p 1", "OnStart p 2"}, f.j.all()[3:])
			})
		})
	}
}

// Escalate: children that fail together, or while their parent replaces the state they belong to,
// restart it once.
func TestEscalateOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		parent := run(t, generations(&j, nil), quiet(),
			akt.WithSupervisor(akt.Supervisor{Decide: supAlways(akt.Restart)}))
		var children []*akt.Address
		release := make(chan struct{})
		_, err := parent.Send(t.Context(), deed(func(ctx akt.Context) {
			for range 10 {
				child, err := ctx.Run(&doll{}, quiet(), supOption(akt.Escalate))
				assert.NoError(t, err)
				children = append(children, child)
			}
			for i, child := range children {
				if i%2 == 0 { // fails while it drains
					assert.NoError(t, child.TryNotify(context.Background(),
						deed(func(akt.Context) { <-release })))
				}
				assert.NoError(t, child.TryNotify(context.Background(), Stray{}))
			}
			synctest.Wait()
		}))
		require.NoError(t, err)
		synctest.Wait()
		close(release)
		require.Equal(t, [2]int{2, 1}, touch(t, parent))
		for _, child := range children {
			<-child.Done()
			require.ErrorAs(t, child.Err(), new(*akt.PanicError))
		}
		time.Sleep(time.Hour)
		require.Equal(t, [2]int{2, 2}, touch(t, parent))
		require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1", "Spawn 2", "OnStart 2"},
			j.all())
	})
}

// Escalate: a child's failure counts as a restart of its parent, with the parent's limit.
func TestEscalateReachesTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := 0
		child := akt.Spawner[*doll](func() *doll { return &doll{} })
		parent := run(t, akt.Spawner[*doll](func() *doll {
			return &doll{onStart: func(ctx akt.Context) error {
				started++
				addr, err := ctx.Run(child, quiet(), supOption(akt.Escalate))
				assert.NoError(t, err)
				return addr.TryNotify(context.Background(), Stray{})
			}}
		}), quiet(), akt.WithSupervisor(akt.Supervisor{MaxRestarts: 2}), akt.WithName("p"))
		<-parent.Done()
		require.Equal(t, 3, started)
		require.ErrorContains(t, parent.Err(),
			"akt: restart limit reached: 2 restarts in 1m0s: the child /p/")
		require.ErrorAs(t, parent.Err(), new(*akt.PanicError))
	})
}

// The log says what was decided where that is not obvious, besides the failure itself.
func TestSupervisionIsLogged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		spawned  bool
		s        akt.Supervisor
		failures int
		want     []string
	}{
		{"a value, by default", false, akt.Supervisor{}, 1, []string{"ERROR akt: panic"}},
		{"a Spawner, by default", true, akt.Supervisor{}, 2,
			[]string{"ERROR akt: panic", "ERROR akt: panic", "WARN akt: restarting"}},
		{"at the limit", true, akt.Supervisor{MaxRestarts: 1}, 2,
			[]string{"ERROR akt: panic", "ERROR akt: panic",
				"ERROR akt: the actor stops at its restart limit"}},
		{"Restart of a value", false, akt.Supervisor{Decide: supAlways(akt.Restart)}, 1,
			[]string{"ERROR akt: panic",
				"ERROR akt: an actor run from a value cannot be restarted: it stops; run it " +
					"from a Spawner"}},
		{"an unknown directive", true, akt.Supervisor{Decide: supAlways(0)}, 1,
			[]string{"ERROR akt: panic",
				"ERROR akt: Supervisor.Decide returned an unknown directive: the actor stops"}},
		{"a panic in Decide", true,
			akt.Supervisor{Decide: func(akt.Failure) akt.Directive { panic("oh") }}, 1,
			[]string{"ERROR akt: panic", "ERROR akt: panic"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				var actor any = akt.Spawner[*doll](func() *doll { return &doll{} })
				if !row.spawned {
					actor = &doll{}
				}
				addr := run(t, actor, akt.WithLogger(slog.New(supLog{&j})),
					akt.WithSupervisor(row.s))
				for range row.failures {
					supFail(t, addr)
					synctest.Wait()
				}
				require.Equal(t, row.want, j.all())
			})
		})
	}
}

// Escalate: what was decided for a parent is done after its current handler, and a Stop is neither
// lost behind a Restart that was decided before, nor taken back by one that is decided later.
func TestEscalatedStopIsNotLost(t *testing.T) {
	t.Parallel()
	for name, failures := range map[string][]any{
		"Stop":                 {Stray{}},
		"Stop, then Restart":   {Stray{}, crash()},
		"Restart, then Stop":   {crash(), Stray{}},
		"Stop between two":     {crash(), Stray{}, crash()},
		"Stop twice, at first": {Stray{}, Stray{}, crash()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				system := akt.NewSystem()
				parent, err := system.Run(generations(&j, nil), quiet(), akt.WithName("p"),
					akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
				require.NoError(t, err)
				context := contextOf(t, parent)
				children := make([]*akt.Address, len(failures))
				for i := range failures {
					children[i], err = context.Run(&doll{}, quiet(), supOption(akt.Escalate))
					require.NoError(t, err)
				}
				leave := hold(t, parent)
				queued := make(chan error, 1)
				go func() {
					_, err := parent.Send(t.Context(), j.entry("handled"))
					queued <- err
				}()
				for i, msg := range failures {
					require.NoError(t, children[i].Notify(t.Context(), msg))
					<-children[i].Done()
				}
				synctest.Wait()
				require.Equal(t, []string{"Spawn 1", "OnStart 1"}, j.all(),
					"the handler is not interrupted")
				require.Empty(t, queued)
				leave()
				<-parent.Done()
				requireSendError(t, <-queued, akt.NotHandled, akt.ErrStopped)
				require.Equal(t, []string{"Spawn 1", "OnStart 1", "OnStopped 1"}, j.all())
				require.ErrorContains(t, parent.Err(), "a Stray was handled")
				shutDown(t, system)
			})
		})
	}
}

// Escalate: a Stop that a child of the old state escalates while the parent restarts ends the
// parent; a Restart was done by then.
func TestEscalationDuringARestart(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		msg   any
		stops bool
	}{{"Stop", Stray{}, true}, {"Restart", crash(), false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				system := akt.NewSystem()
				parent, err := system.Run(generations(&j, nil), quiet(),
					akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
				require.NoError(t, err)
				child, err := contextOf(t, parent).Run(&doll{}, quiet(), supOption(akt.Escalate))
				require.NoError(t, err)
				leave := hold(t, child)
				require.NoError(t, child.Notify(t.Context(), row.msg))
				require.NoError(t, parent.Notify(t.Context(), crash()))
				synctest.Wait() // the parent waits for the child
				leave()
				<-child.Done()
				time.Sleep(time.Hour)
				require.Equal(t, row.stops, parent.IsClosed(), "%v", j.all())
				if !row.stops {
					require.Equal(t, [2]int{2, 1}, touch(t, parent))
				}
				shutDown(t, system)
			})
		})
	}
}

// Supervisor: a restart counts for the length of Window from the restart on, not from the failure
// before its wait. Failure.Restarts is that number.
func TestWindowBeginsWithTheRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, counts journal
		addr := run(t, generations(&j, nil), quiet(), akt.WithSupervisor(akt.Supervisor{
			Decide: func(f akt.Failure) akt.Directive {
				counts.add("%d", f.Restarts)
				if f.Restarts < 2 && len(counts.all()) < 3 {
					return akt.Restart
				}
				return akt.Resume
			},
			MaxRestarts: 5, Window: 10 * time.Second, BackoffMin: 4 * time.Second,
			BackoffMax: 4 * time.Second,
		}))
		fail := func() {
			require.NoError(t, addr.Notify(t.Context(), crash()))
			synctest.Wait()
		}
		fail()                         // restarts at once: it counts until 10 s
		fail()                         // restarts at 4 s: until 14 s
		time.Sleep(10*time.Second - 1) // just before 10 s
		fail()                         //
		time.Sleep(time.Nanosecond)    // 10 s
		fail()                         //
		time.Sleep(4*time.Second - 1)  // just before 14 s
		fail()                         //
		time.Sleep(time.Nanosecond)    // 14 s
		fail()                         //
		require.Equal(t, []string{"0", "1", "2", "1", "1", "0"}, counts.all())
	})
}

// Failure: Restarts is of the actor named: the child's when its own supervisor is asked, the
// parent's when the failure was escalated.
func TestFailureCountsTheRestartsOfWhoIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, asked journal
		decide := func(d func(f akt.Failure) akt.Directive) akt.Option {
			return akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: 1, BackoffMax: 1,
				Decide: func(f akt.Failure) akt.Directive {
					asked.add("%s %d", f.Name, f.Restarts)
					return d(f)
				}})
		}
		restart := func(akt.Failure) akt.Directive { return akt.Restart }
		parent := run(t, generations(&j, nil), quiet(), akt.WithName("p"), decide(restart))
		require.NoError(t, parent.Notify(t.Context(), crash()))
		settled(t, parent)
		child, err := contextOf(t, parent).Run(generations(&j, nil), quiet(), akt.WithName("c"),
			decide(func(f akt.Failure) akt.Directive {
				if f.Restarts == 3 {
					return akt.Escalate
				}
				return akt.Restart
			}))
		require.NoError(t, err)
		for range 4 {
			require.NoError(t, child.Notify(context.Background(), crash()))
			time.Sleep(time.Second)
		}
		settled(t, parent)
		require.NoError(t, parent.Notify(t.Context(), crash()))
		settled(t, parent)
		require.Equal(t, []string{"p 0", "/p/c 0", "/p/c 1", "/p/c 2", "/p/c 3", "p 1", "p 2"},
			asked.all())
		assert.True(t, child.IsClosed())
	})
}

// Escalate: it comes after the current message, also before those that the parent has taken from
// its queue at once.
func TestEscalationComesBeforeABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j, dead journal
		system := deadLetters(&dead)
		parent, err := system.Run(&doll{}, akt.WithSupervisor(akt.Supervisor{Decide: byMessage}))
		require.NoError(t, err)
		child, err := contextOf(t, parent).Run(&doll{}, supOption(akt.Escalate))
		require.NoError(t, err)
		leave := hold(t, parent)
		require.NoError(t, parent.Notify(t.Context(), deed(func(akt.Context) {
			assert.NoError(t, child.Notify(context.Background(), Stray{}))
			<-child.Done()
			time.Sleep(time.Second)
			j.add("first")
		})))
		for range 5 {
			require.NoError(t, parent.Notify(t.Context(), j.entry("later")))
		}
		leave()
		<-parent.Done()
		require.Equal(t, []string{"first"}, j.all())
		require.Len(t, dead.all(), 6)
		shutDown(t, system)
	})
}
