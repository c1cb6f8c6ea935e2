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

// These tests are about handlers and hooks of embedded fields.

// H4: methods promoted from embedded fields of every kind are handlers, an actor's own method hides
// a promoted one, and promoted methods that only look like handlers do no harm.
func TestPromotedHandlers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		msg   any
		reply any
	}{
		{"from a value", &struct{ composedBase }{composedBase{"a"}}, composedMsg{}, "base of a"},
		{"from a value whose method is on the pointer", &struct{ composedBase }{composedBase{"a"}},
			composedOther{}, "other of a"},
		{"from a pointer", struct{ *composedBase }{&composedBase{"a"}}, composedMsg{}, "base of a"},
		{"from a pointer whose method is on the pointer",
			struct{ *composedBase }{&composedBase{"a"}}, composedOther{}, "other of a"},
		{"from an interface", struct{ composedContract }{composedBase{"a"}}, composedMsg{},
			"base of a"},
		{"from a generic type", &struct{ composedGeneric[int] }{composedGeneric[int]{7}},
			composedMsg{}, 7},
		{"through two levels", &struct{ composedOwn }{composedOwn{composedBase{"a"}}},
			composedOther{}, "other of a"},
		{"through two levels, hidden in the middle", &struct{ composedOwn }{}, composedMsg{},
			"own"},
		{"hidden by the actor's own", &composedOwn{}, composedMsg{}, "own"},
		{"beside the HandleFunc of an embedded *http.ServeMux", composedPing{}, composedMsg{},
			"pong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := run(t, tt.actor).Send(t.Context(), tt.msg)
			require.NoError(t, err)
			require.Equal(t, tt.reply, reply)
		})
	}
}

// H4: a promoted lifecycle hook is called.
func TestPromotedHook(t *testing.T) {
	t.Parallel()
	actor := &composedStarted{composedHooks: &composedHooks{}}
	run(t, actor)
	require.True(t, actor.started)
}

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

func (s *lentStop) OnStopped(akt.Context) { s.log.add("OnStopped") }

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

func (borrowerOfOwn) HandleInt(akt.Context, int) int { return 7 }
func (borrowerOfOwn) HandleReset(akt.Context, bool)  {}

func (borrowerOfMux) HandleInt(akt.Context, int) int { return 7 }

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

// H4: an embedded pointer or interface that brings handlers or hooks and is nil is Run's error,
// which names the field, what it brings, and the cure.
func TestNilLenders(t *testing.T) {
	t.Parallel()
	const (
		start = " is not an actor: the embedded "
		isNil = " is nil when OnStart has returned; want a value in it: set it where the " +
			"actor is made"
	)
	for name, row := range map[string]struct {
		actor any
		text  string
	}{
		"a pointer": {&borrower{}, "tests_test.borrower" +
			start + "lentCount (*tests_test.lentCount), which brings HandleInt and HandleReset," +
			isNil + ", to &tests_test.lentCount{} for example, or in OnStart"},
		"a pointer in a value": {borrower{}, "tests_test.borrower" +
			start + "lentCount (*tests_test.lentCount), which brings HandleInt and " +
			"HandleReset," + isNil + ", to &tests_test.lentCount{} for example"},
		"an interface": {&borrowerOfWord{}, "tests_test.borrowerOfWord" +
			start + "lentWord (tests_test.lentWord), which brings HandleWord," +
			isNil + ", or in OnStart"},
		"a pointer to one that embeds a pointer": {borrowerOfBoth{},
			"tests_test.borrowerOfBoth" + start + "borrowed (*tests_test.borrowed), " +
				"which brings HandleInt and HandleReset," +
				isNil + ", to &tests_test.borrowed{} for example"},
		"a pointer below a pointer": {borrowerOfBoth{&borrowed{}},
			"tests_test.borrowerOfBoth" + start + "borrowed.lentCount " +
				"(*tests_test.lentCount), which brings HandleInt and HandleReset," +
				isNil + ", to &tests_test.lentCount{} for example"},
		"a pointer below a value": {borrowerThrough{},
			"tests_test.borrowerThrough" + start + "borrowed.lentCount " +
				"(*tests_test.lentCount), which brings HandleInt and HandleReset," +
				isNil + ", to &tests_test.lentCount{} for example"},
		"a pointer to no struct": {borrowerOfNumber{},
			"tests_test.borrowerOfNumber" + start + "number (*tests_test.number), which brings " +
				"HandleSet," + isNil + ", to new(tests_test.number) for example"},
		"one that brings OnStart": {&borrowerOfHooks{},
			"tests_test.borrowerOfHooks" + start + "lentHooks (*tests_test.lentHooks), which " +
				"brings OnStart, is nil; want a value in it: set it where the actor is made, to " +
				"&tests_test.lentHooks{} for example"},
		"one that brings OnStopped": {&borrowerOfStop{},
			"tests_test.borrowerOfStop" + start + "lentStop (*tests_test.lentStop), which " +
				"brings OnStopped," +
				isNil + ", to &tests_test.lentStop{} for example, or in OnStart"},
		"of a Spawner": {akt.Spawner[borrowerOfWord](func() (b borrowerOfWord) { return b }),
			"tests_test.borrowerOfWord" +
				start + "lentWord (tests_test.lentWord), which brings HandleWord," + isNil},
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

// H4: all of them are named at once. Where OnStart has returned, OnStopped runs, and OnStopping is
// not asked; the error is Run's and the actor's.
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

	_, _, err = system.LookupOrRun(t.Context(), "two",
		func() any { return &borrowerThatSets{log: &log, word: &lentReply{}} }, quiet())
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Faults, 1)
	require.Equal(t, []string{"OnStart", "OnStopped", "OnStart", "OnStopped"}, log.all())
	parent, err := system.Run(&doll{})
	require.NoError(t, err)
	_, err = parent.Send(t.Context(),
		play(func(ctx akt.Context) (any, error) { return ctx.Run(&borrower{}) }))
	require.ErrorAs(t, err, &refused)
	shutDown(t, system)
}

// H4: a field that OnStart sets is not nil, nor is one that holds a nil pointer; one whose methods
// the actor hides, and one that brings nothing but a stranger's, may be nil.
func TestLendersThatMayBeRun(t *testing.T) {
	t.Parallel()
	var log journal
	var noReply *lentReply
	for name, row := range map[string]struct {
		actor, msg, reply any
	}{
		"set by OnStart": {&borrowerThatSets{log: &log, count: &lentCount{},
			word: &lentReply{}}, 2, 2},
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

// H4: at a restart a nil field is a failure of the restart: OnStopped runs for the state that has
// it, and the next one is made.
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
		require.Equal(t, []string{"OnStart", "OnStopped", "OnStart", "OnStopped", "OnStart"},
			log.all())
		for i, b := range made[:2] {
			require.Equal(t, []error{failures[i]}, b.causes)
		}
	})
}

type failingWord struct{}

func (failingWord) HandleWord(akt.Context, string) string { panic("a failure") }

var _ = borrowerOfOwn{}.lentCount // a base that only reflection looks at

type (
	ForkLeft     struct{}
	ForkRight    struct{}
	ForkPointer  struct{}
	ForkStranger struct{}
	ForkField    struct{ HandleX func() }
	ForkBoth     struct {
		ForkLeft
		*ForkPointer
	}
	ForkOther struct {
		*ForkLeft
		ForkPointer
	}
	ForkDeep    struct{ ForkBoth }
	ForkA       struct{ ForkLeft }
	ForkB       struct{ *ForkLeft }
	ForkContent interface{ HandleX(akt.Context, int) }
	ForkOwn     struct{ ForkBoth }
	ForkCycle   struct {
		*ForkCycle
		ForkLeft
		ForkRight
	}
)

func (ForkLeft) HandleX(akt.Context, int) {}

func (ForkRight) HandleX(akt.Context, int) {}

func (*ForkPointer) HandleX(akt.Context, int) {}

func (ForkStranger) HandleX(string) {}

func (ForkOwn) HandleX(akt.Context, int) {}

type (
	ForkSwapped struct{}
	ForkTwice   struct {
		ForkSwapped
		ForkStranger
	}
)

func (ForkSwapped) HandleX(int, akt.Context) {}

// H3: a handler that Go promotes from none of several embedded fields is a fault that names each of
// them once: whichever of them are pointers, embedded in others, or have it from the same type.
func TestAmbiguousOriginsAreNamedOnce(t *testing.T) {
	t.Parallel()
	const neither = ", and so from neither"
	for name, row := range map[string]struct {
		actor any
		found string
	}{
		"a value and a pointer": {&ForkBoth{},
			"tests_test.ForkLeft and from tests_test.ForkPointer" + neither},
		"one level down": {&ForkDeep{},
			"tests_test.ForkLeft and from tests_test.ForkPointer" + neither},
		"the same two, twice": {&struct {
			ForkBoth
			ForkOther
		}{}, "tests_test.ForkLeft and from tests_test.ForkPointer" + neither},
		"a diamond": {&struct {
			ForkA
			ForkB
		}{}, "tests_test.ForkA and from tests_test.ForkB" + neither},
		"torn already in one of them": {&struct {
			ForkBoth
			ForkA
		}{},
			"tests_test.ForkLeft, from tests_test.ForkPointer and from tests_test.ForkA, and " +
				"so from none"},
		"an interface": {struct {
			ForkContent
			ForkLeft
		}{}, "tests_test.ForkContent and from tests_test.ForkLeft" + neither},
		"a stranger's method": {&struct {
			ForkStranger
			ForkLeft
		}{}, "tests_test.ForkStranger and from tests_test.ForkLeft" + neither},
		"one that does not fit": {&ForkTwice{},
			"tests_test.ForkSwapped and from tests_test.ForkStranger" + neither},
		"a field": {&struct {
			ForkLeft
			ForkField
		}{}, "tests_test.ForkLeft and from tests_test.ForkField" + neither},
		"a type that embeds itself": {&ForkCycle{},
			"tests_test.ForkLeft and from tests_test.ForkRight" + neither},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := akt.Describe(row.actor)
			var faulty *akt.RegistrationError
			require.ErrorAs(t, err, &faulty)
			require.Len(t, faulty.Faults, 1, "%v", err)
			require.Equal(t, "HandleX", faulty.Faults[0].Method)
			require.Equal(t, "it is promoted from "+row.found, faulty.Faults[0].Found)
		})
	}
}

// H3: what Go does promote, as it is the least deep, is no fault.
func TestHiddenOriginsAreNoFault(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{
		&ForkOwn{},
		&struct{ ForkOwn }{},
		&struct {
			ForkA
			ForkRight
		}{},
		&struct {
			ForkBoth
			ForkRight
		}{},
	} {
		description, err := akt.Describe(actor)
		require.NoError(t, err, "%T", actor)
		require.Len(t, description.Handlers, 1, "%T", actor)
	}
}

type (
	TornLeft  struct{}
	TornRight struct{}
	// Torn has each handler and hook twice at the same depth.
	Torn struct {
		TornLeft
		*TornRight
	}
	TornDeeper struct{ *Torn }
	// TornOwn says itself which it means.
	TornOwn struct {
		TornLeft
		*TornRight
	}
	// TornShallow has one that is less deep than those that are torn.
	TornShallow struct {
		Torn
		TornOwn
	}
)

func (TornLeft) HandleNote(akt.Context, Note) string { return "left" }

func (*TornRight) HandleNote(akt.Context, Note) string { return "right" }

func (TornOwn) HandleNote(akt.Context, Note) string { return "own" }

func (TornLeft) OnStart(akt.Context) error { return errors.New("left") }

func (*TornRight) OnStart(akt.Context) error { return errors.New("right") }

func (TornOwn) OnStart(akt.Context) error { return nil }

// Those are neither handlers nor hooks, so nothing is wrong with having them twice.

func (TornLeft) Close(akt.Context) {}

func (*TornRight) Close(akt.Context) {}

func (TornLeft) HandleFunc(string, func()) {}

func (TornRight) HandleFunc(string, func()) {}

// H3: a handler or hook that two embedded fields of one depth bring, so that Go promotes neither,
// is a fault that names both; where a less deep one hides them it is not.
func TestAmbiguousHandlers(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{Torn{}, &Torn{}, TornDeeper{}, &TornDeeper{}} {
		_, err := akt.Describe(actor)
		var faulty *akt.RegistrationError
		require.ErrorAs(t, err, &faulty, "%T", actor)
		require.Len(t, faulty.Faults, 2, "%v", err)
		for i, method := range []string{"HandleNote", "OnStart"} {
			require.Equal(t, method, faulty.Faults[i].Method)
			require.Contains(t, faulty.Faults[i].Found, "TornLeft")
			require.Contains(t, faulty.Faults[i].Found, "TornRight")
		}
		_, err = akt.NewSystem().Run(actor)
		require.ErrorAs(t, err, &faulty, "%T", actor)
	}
	for _, actor := range []any{
		TornOwn{}, &TornOwn{}, struct{ TornOwn }{}, TornShallow{}, &TornShallow{},
	} {
		reply, err := akt.Ask[string](t.Context(), run(t, actor), Note{})
		require.NoError(t, err, "%T", actor)
		require.Equal(t, "own", reply, "%T", actor)
	}
}

type (
	HidesLeft  struct{}
	HidesRight struct{}
	hides      struct {
		HidesLeft
		HidesRight
		HandleX func() // hides the method of both
	}
)

func (HidesLeft) HandleX(akt.Context, int)  {}
func (HidesRight) HandleX(akt.Context, int) {}
func (hides) HandleY(akt.Context, string)   {}

// H3: where a field hides promoted handlers, there is nothing ambiguous in them.
func TestFieldHidesAmbiguousHandlers(t *testing.T) {
	t.Parallel()
	_, err := akt.Describe(&hides{})
	require.NoError(t, err)
}
