package tests_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// byMessage decides by the message that failed: Stop for a Stray, Restart for all others.
func byMessage(f akt.Failure) akt.Directive {
	if _, ok := f.Msg.(Stray); ok {
		return akt.Stop
	}
	return akt.Restart
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
				require.Equal(t, []string{"Spawn 1", "OnStart 1"}, j.all(), "the handler is not interrupted")
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
			MaxRestarts: 5, Window: 10 * time.Second, BackoffMin: 4 * time.Second, BackoffMax: 4 * time.Second,
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
		require.Equal(t, []string{"p 0", "/p/c 0", "/p/c 1", "/p/c 2", "/p/c 3", "p 1", "p 2"}, asked.all())
		assert.True(t, child.IsClosed())
	})
}
