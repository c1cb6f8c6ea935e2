package tests_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Bases and contracts that bring handlers or hooks to those that embed them.
type (
	lentCount struct{ n int }
	lentHooks struct{ log *journal }
	lentStop  struct{ log *journal }
	lentWord  interface {
		HandleWord(akt.Context, string) string
	}
	lentReply struct{}
)

func (c *lentCount) HandleInt(_ akt.Context, m int) int { c.n += m; return c.n }
func (c *lentCount) HandleReset(akt.Context, bool)      { c.n = 0 }

func (h *lentHooks) OnStart(akt.Context) error { h.log.add("OnStart"); return nil }
func (s *lentStop) OnStopped(akt.Context)      { s.log.add("OnStopped") }

func (*lentReply) HandleWord(_ akt.Context, m string) string { return m }

type (
	borrower         struct{ *lentCount }
	borrowerOfWord   struct{ lentWord }
	borrowerOfBoth   struct{ *borrowed }
	borrowed         struct{ *lentCount }
	borrowerThrough  struct{ borrowed }
	borrowerOfHooks  struct{ *lentHooks }
	borrowerOfStop   struct{ *lentStop }
	borrowerOfOwn    struct{ *lentCount }
	borrowerOfMux    struct{ *http.ServeMux }
	borrowerOfNumber struct{ *number }

	// borrowerThatSets writes its hooks into a journal, and sets what is nil.
	borrowerThatSets struct {
		*lentCount
		lentWord
		log    *journal
		count  *lentCount
		word   lentWord
		causes []error
	}
)

func (borrowerOfOwn) HandleInt(akt.Context, int) int  { return 7 }
func (borrowerOfOwn) HandleReset(akt.Context, bool)   {}
func (borrowerOfMux) HandleInt(akt.Context, int) int  { return 7 }
func (borrowerOfStop) HandleInt(akt.Context, int) int { return 7 }

func (b *borrowerThatSets) OnStart(akt.Context) error {
	b.log.add("OnStart")
	b.lentCount, b.lentWord = b.count, b.word
	return nil
}
func (b *borrowerThatSets) OnStopping(akt.Context) bool { b.log.add("OnStopping"); return true }
func (b *borrowerThatSets) OnStopped(ctx akt.Context) {
	b.log.add("OnStopped")
	b.causes = append(b.causes, ctx.StopCause())
}

// H4: an embedded pointer or interface that brings handlers or hooks and is nil is Run's error, which
// names the field, what it brings, and the cure.
func TestNilLenders(t *testing.T) {
	t.Parallel()
	const (
		start = " is not an actor: the embedded "
		isNil = " is nil when OnStart has returned; want a value in it: set it where the actor is made"
	)
	for name, row := range map[string]struct {
		actor any
		text  string
	}{
		"a pointer": {&borrower{}, "tests_test.borrower" + start + "lentCount (*tests_test.lentCount), which brings HandleInt and HandleReset," +
			isNil + ", to &tests_test.lentCount{} for example, or in OnStart"},
		"a pointer in a value": {borrower{}, "tests_test.borrower" + start + "lentCount (*tests_test.lentCount), which brings HandleInt and " +
			"HandleReset," + isNil + ", to &tests_test.lentCount{} for example"},
		"an interface": {&borrowerOfWord{}, "tests_test.borrowerOfWord" + start + "lentWord (tests_test.lentWord), which brings HandleWord," +
			isNil + ", or in OnStart"},
		"a pointer to one that embeds a pointer": {borrowerOfBoth{}, "tests_test.borrowerOfBoth" + start + "borrowed (*tests_test.borrowed), " +
			"which brings HandleInt and HandleReset," + isNil + ", to &tests_test.borrowed{} for example"},
		"a pointer below a pointer": {borrowerOfBoth{&borrowed{}}, "tests_test.borrowerOfBoth" + start + "borrowed.lentCount " +
			"(*tests_test.lentCount), which brings HandleInt and HandleReset," + isNil + ", to &tests_test.lentCount{} for example"},
		"a pointer below a value": {borrowerThrough{}, "tests_test.borrowerThrough" + start + "borrowed.lentCount " +
			"(*tests_test.lentCount), which brings HandleInt and HandleReset," + isNil + ", to &tests_test.lentCount{} for example"},
		"a pointer to no struct": {borrowerOfNumber{}, "tests_test.borrowerOfNumber" + start + "number (*tests_test.number), which brings " +
			"HandleSet," + isNil + ", to new(tests_test.number) for example"},
		"one that brings OnStart": {&borrowerOfHooks{}, "tests_test.borrowerOfHooks" + start + "lentHooks (*tests_test.lentHooks), which " +
			"brings OnStart, is nil; want a value in it: set it where the actor is made, to &tests_test.lentHooks{} for example"},
		"one that brings OnStopped": {&borrowerOfStop{}, "tests_test.borrowerOfStop" + start + "lentStop (*tests_test.lentStop), which " +
			"brings OnStopped," + isNil + ", to &tests_test.lentStop{} for example, or in OnStart"},
		"of a Spawner": {akt.Spawner[borrowerOfWord](func() (b borrowerOfWord) { return b }),
			"tests_test.borrowerOfWord" + start + "lentWord (tests_test.lentWord), which brings HandleWord," + isNil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := akt.Describe(row.actor)
			require.NoError(t, err, "a type says nothing of that")
			var log journal
			system := akt.NewSystem()
			_, err = system.Run(row.actor, akt.WithName("one"), logged(&log))
			var refused *akt.RegistrationError
			require.ErrorAs(t, err, &refused)
			require.EqualError(t, err, "akt: "+row.text)
			require.Empty(t, log.all(), "nothing was called that panicked")
			_, found := system.Lookup("one")
			require.False(t, found)
			shutDown(t, system)
		})
	}
}

// logged writes an actor's log into a journal.
func logged(j *journal) akt.Option { return akt.WithLogger(slog.New(supLog{j})) }

// H4: all of them are named at once. Where OnStart has returned, OnStopped runs, and OnStopping is not
// asked; the error is Run's and the actor's.
func TestNilLendersAfterOnStart(t *testing.T) {
	t.Parallel()
	var log journal
	system := akt.NewSystem()
	actor := &borrowerThatSets{log: &log}
	_, err := system.Run(actor, quiet())
	var refused *akt.RegistrationError
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Faults, 2)
	require.ErrorContains(t, err, "lentCount")
	require.ErrorContains(t, err, "lentWord")
	require.Equal(t, []string{"OnStart", "OnStopped"}, log.all())
	require.Equal(t, []error{err}, actor.causes)

	_, _, err = system.LookupOrRun(t.Context(), "two", func() any { return &borrowerThatSets{log: &log, word: &lentReply{}} }, quiet())
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Faults, 1)
	require.Equal(t, []string{"OnStart", "OnStopped", "OnStart", "OnStopped"}, log.all())
	parent, err := system.Run(&doll{})
	require.NoError(t, err)
	_, err = parent.Send(t.Context(), play(func(ctx akt.Context) (any, error) { return ctx.Run(&borrower{}) }))
	require.ErrorAs(t, err, &refused)
	shutDown(t, system)
}

// H4: a field that OnStart sets is not nil, nor is one that holds a nil pointer; one whose methods the actor
// hides, and one that brings nothing but a stranger's, may be nil.
func TestLendersThatMayBeRun(t *testing.T) {
	t.Parallel()
	var log journal
	var noReply *lentReply
	for name, row := range map[string]struct {
		actor, msg, reply any
	}{
		"set by OnStart":         {&borrowerThatSets{log: &log, count: &lentCount{}, word: &lentReply{}}, 2, 2},
		"set where it was made":  {borrowerOfBoth{&borrowed{&lentCount{n: 1}}}, 2, 3},
		"a nil pointer in it":    {borrowerOfWord{noReply}, "word", "word"},
		"hidden by the actor":    {&borrowerOfOwn{}, 2, 7},
		"of a stranger's method": {&borrowerOfMux{}, 2, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply, err := run(t, row.actor).Send(t.Context(), row.msg)
			require.NoError(t, err)
			require.Equal(t, row.reply, reply)
		})
	}
}

// H4: at a restart a nil field is a failure of the restart: OnStopped runs for the state that has it, and
// the next one is made.
func TestNilLenderAtARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log journal
		var failures []error
		states := 0
		var made []*borrowerThatSets
		addr := run(t, akt.Spawner[*borrowerThatSets](func() *borrowerThatSets {
			states++
			b := &borrowerThatSets{log: &log, count: &lentCount{}, word: &lentReply{}}
			made = append(made, b)
			switch states {
			case 1:
				b.word = failingWord{}
			case 2:
				b.word = nil
			}
			return b
		}), quiet(), akt.WithSupervisor(akt.Supervisor{Decide: func(f akt.Failure) akt.Directive {
			failures = append(failures, f.Err)
			return akt.Restart
		}}))
		_, err := addr.Send(context.Background(), "fail")
		var failure *akt.PanicError
		require.ErrorAs(t, err, &failure)
		reply, err := addr.Send(t.Context(), "word")
		require.NoError(t, err)
		require.Equal(t, "word", reply)
		require.Len(t, failures, 2)
		var refused *akt.RegistrationError
		require.ErrorAs(t, failures[1], &refused)
		require.ErrorContains(t, failures[1], "lentWord")
		require.Equal(t, []string{"OnStart", "OnStopped", "OnStart", "OnStopped", "OnStart"}, log.all())
		for i, b := range made[:2] {
			require.Equal(t, []error{failures[i]}, b.causes)
		}
	})
}

type failingWord struct{}

func (failingWord) HandleWord(akt.Context, string) string { panic("a failure") }

// onePointer is a state that knows how often it was used.
type (
	onePointer struct{ n int }
	oneMap     map[string]int
	oneOfNone  struct{}
)

func (p *onePointer) HandleInt(_ akt.Context, m int) int { return failAtZero(m, &p.n) }
func (m oneMap) HandleInt(_ akt.Context, n int) int {
	m["n"]++
	used := m["n"] - 1
	return failAtZero(n, &used)
}
func (oneOfNone) HandleInt(_ akt.Context, m int) int { return failAtZero(m, new(int)) }

func failAtZero(m int, used *int) int {
	if m == 0 {
		panic("a failure")
	}
	*used++
	return *used
}

// L5: a Spawner that returns the state again that failed is a failure of the restart, told to the
// supervisor and in the end by Err; a fresh one after that goes on.
func TestSpawnerThatReturnsTheSameState(t *testing.T) {
	t.Parallel()
	one, oneOfMaps, another := &onePointer{}, oneMap{}, oneMap{}
	for name, row := range map[string]struct {
		again, fresh akt.Spawner[any]
	}{
		"a pointer": {func() any { return one }, func() any { return &onePointer{} }},
		"a map":     {func() any { return oneOfMaps }, func() any { return oneMap{} }},
		"a pointer to a map": {func() any { return &another },
			func() any { return &oneMap{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				states := 0
				var failures []error
				addr := run(t, akt.Spawner[any](func() any {
					if states++; states == 4 {
						return row.fresh()
					}
					return row.again()
				}), quiet(), akt.WithSupervisor(akt.Supervisor{Decide: func(f akt.Failure) akt.Directive {
					failures = append(failures, f.Err)
					return akt.Restart
				}}))
				_, err := addr.Send(t.Context(), 1)
				require.NoError(t, err)
				_, err = addr.Send(t.Context(), 0)
				require.Error(t, err)
				reply, err := addr.Send(t.Context(), 1)
				require.NoError(t, err)
				require.Equal(t, 1, reply)
				require.Len(t, failures, 3)
				for _, failure := range failures[1:] {
					var refused *akt.RegistrationError
					require.ErrorAs(t, failure, &refused)
					require.ErrorContains(t, failure, "the Spawner returned the state again that is to be replaced: have it make a new one at each call")
				}
			})
		})
	}
}

// L5: the restart limit ends an actor whose Spawner never makes another state, and Err says why; so it is
// for one whose first fresh state did not start.
func TestSpawnerThatNeverMakesAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := &onePointer{}
		addr := run(t, akt.Spawner[*onePointer](func() *onePointer { return one }), quiet())
		_, err := addr.Send(t.Context(), 0)
		require.Error(t, err)
		<-addr.Done()
		require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
		require.Zero(t, one.n)

		states := []*doll{{}, {onStart: func(akt.Context) error { return errors.New("not yet") }}}
		made := 0
		addr = run(t, akt.Spawner[*doll](func() *doll { made++; return states[min(made, 2)-1] }), quiet())
		require.NoError(t, addr.Notify(t.Context(), deed(func(akt.Context) { panic("a failure") })))
		<-addr.Done()
		require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
	})
}

// L5: a state without size has nothing that could be wrong: its Spawner may return it again.
func TestSpawnerOfStatesWithoutSize(t *testing.T) {
	t.Parallel()
	one := &oneOfNone{}
	addr := run(t, akt.Spawner[*oneOfNone](func() *oneOfNone { return one }), quiet())
	_, err := addr.Send(t.Context(), 0)
	require.Error(t, err)
	reply, err := addr.Send(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 1, reply)
}

var _ = borrowerOfOwn{}.lentCount // a base that only reflection looks at
