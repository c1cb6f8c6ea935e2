package akt_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	forkLeft     struct{}
	forkRight    struct{}
	forkPointer  struct{}
	forkStranger struct{}
	forkField    struct{ HandleX func() }
	forkBoth     struct {
		forkLeft
		*forkPointer
	}
	forkOther struct {
		*forkLeft
		forkPointer
	}
	forkDeep    struct{ forkBoth }
	forkA       struct{ forkLeft }
	forkB       struct{ *forkLeft }
	forkContent interface{ HandleX(akt.Context, int) }
	forkOwn     struct{ forkBoth }
	forkCycle   struct {
		*forkCycle
		forkLeft
		forkRight
	}
)

func (forkLeft) HandleX(akt.Context, int)     {}
func (forkRight) HandleX(akt.Context, int)    {}
func (*forkPointer) HandleX(akt.Context, int) {}
func (forkStranger) HandleX(string)           {}
func (forkOwn) HandleX(akt.Context, int)      {}

// H3: a handler that Go promotes from none of several embedded fields is a fault that names each of them once: whichever of them are
// pointers, embedded in others, or have it from the same type.
func TestAmbiguousOriginsAreNamedOnce(t *testing.T) {
	t.Parallel()
	const neither = ", and so from neither"
	for name, row := range map[string]struct {
		actor any
		found string
	}{
		"a value and a pointer": {&forkBoth{}, "akt_test.forkLeft and from akt_test.forkPointer" + neither},
		"one level down":        {&forkDeep{}, "akt_test.forkLeft and from akt_test.forkPointer" + neither},
		"the same two, twice": {&struct {
			forkBoth
			forkOther
		}{}, "akt_test.forkLeft and from akt_test.forkPointer" + neither},
		"a diamond": {&struct {
			forkA
			forkB
		}{}, "akt_test.forkA and from akt_test.forkB" + neither},
		"torn already in one of them": {&struct {
			forkBoth
			forkA
		}{}, "akt_test.forkLeft, from akt_test.forkPointer and from akt_test.forkA, and so from none"},
		"an interface": {struct {
			forkContent
			forkLeft
		}{}, "akt_test.forkContent and from akt_test.forkLeft" + neither},
		"a stranger's method": {&struct {
			forkStranger
			forkLeft
		}{}, "akt_test.forkStranger and from akt_test.forkLeft" + neither},
		"a field": {&struct {
			forkLeft
			forkField
		}{}, "akt_test.forkLeft and from akt_test.forkField" + neither},
		"a type that embeds itself": {&forkCycle{}, "akt_test.forkLeft and from akt_test.forkRight" + neither},
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
		&forkOwn{},
		&struct{ forkOwn }{},
		&struct {
			forkA
			forkRight
		}{},
		&struct {
			forkBoth
			forkRight
		}{},
	} {
		description, err := akt.Describe(actor)
		require.NoError(t, err, "%T", actor)
		require.Len(t, description.Handlers, 1, "%T", actor)
	}
}
