package tests_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

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

type (
	ForkSwapped struct{}
	ForkTwice   struct {
		ForkSwapped
		ForkStranger
	}
)

func (ForkSwapped) HandleX(int, akt.Context) {}

func (ForkLeft) HandleX(akt.Context, int)     {}
func (ForkRight) HandleX(akt.Context, int)    {}
func (*ForkPointer) HandleX(akt.Context, int) {}
func (ForkStranger) HandleX(string)           {}
func (ForkOwn) HandleX(akt.Context, int)      {}

// H3: a handler that Go promotes from none of several embedded fields is a fault that names each of them once: whichever of them are
// pointers, embedded in others, or have it from the same type.
func TestAmbiguousOriginsAreNamedOnce(t *testing.T) {
	t.Parallel()
	const neither = ", and so from neither"
	for name, row := range map[string]struct {
		actor any
		found string
	}{
		"a value and a pointer": {&ForkBoth{}, "tests_test.ForkLeft and from tests_test.ForkPointer" + neither},
		"one level down":        {&ForkDeep{}, "tests_test.ForkLeft and from tests_test.ForkPointer" + neither},
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
		}{}, "tests_test.ForkLeft, from tests_test.ForkPointer and from tests_test.ForkA, and so from none"},
		"an interface": {struct {
			ForkContent
			ForkLeft
		}{}, "tests_test.ForkContent and from tests_test.ForkLeft" + neither},
		"a stranger's method": {&struct {
			ForkStranger
			ForkLeft
		}{}, "tests_test.ForkStranger and from tests_test.ForkLeft" + neither},
		"one that does not fit": {&ForkTwice{}, "tests_test.ForkSwapped and from tests_test.ForkStranger" + neither},
		"a field": {&struct {
			ForkLeft
			ForkField
		}{}, "tests_test.ForkLeft and from tests_test.ForkField" + neither},
		"a type that embeds itself": {&ForkCycle{}, "tests_test.ForkLeft and from tests_test.ForkRight" + neither},
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
