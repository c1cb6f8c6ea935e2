package handlers

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// A type whose embedded fields cannot be nil costs nothing at a start: there is nothing to look at.
func TestLendersAreFound(t *testing.T) {
	t.Parallel()
	lendersOf := func(typ reflect.Type) []Lender {
		methods, faults := testRules.Scan(typ)
		require.Empty(t, faults)
		return Lenders(methods)
	}
	type value struct{ base }
	require.Empty(t, lendersOf(reflect.TypeFor[*base]()))
	require.Empty(t, lendersOf(reflect.TypeFor[*value]()))

	found := lendersOf(reflect.TypeFor[*deep]())
	require.Len(t, found, 1, "io.Closer brings no handler")
	require.Equal(t, "lending.base", found[0].Name())
	require.Equal(t, reflect.TypeFor[*base](), found[0].Type())
	require.Equal(t, []string{
		"HandleAny", "HandleNumber", "HandleSum", "HandleText", "OnBegin", "OnBegun",
	}, found[0].Methods)
	require.True(t, found[0].IsNil(&deep{}))
	require.False(t, found[0].IsNil(&deep{lending: lending{base: &base{}}}))

	found = lendersOf(reflect.TypeFor[*borrowing]())
	require.Len(t, found, 1)
	require.Equal(t, "abstract", found[0].Name())
	require.True(t, found[0].IsNil(&borrowing{}))
}

// Below a nil pointer there is no field that could be nil: the pointer is.
func TestNothingIsNilBelowNil(t *testing.T) {
	t.Parallel()
	type outer struct{ *borrowing }
	methods, _ := testRules.Scan(reflect.TypeFor[*outer]())
	found := Lenders(methods)
	require.Len(t, found, 2)
	require.True(t, found[0].IsNil(&outer{}))
	require.False(t, found[1].IsNil(&outer{}))
	require.True(t, found[1].IsNil(&outer{&borrowing{}}))
	require.False(t, found[1].IsNil(&outer{&borrowing{(*base)(nil)}}))
}
