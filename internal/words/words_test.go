package words

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A list has commas, but for its last two.
func TestLists(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		parts   []string
		and, or string
	}{
		{nil, "", ""},
		{[]string{"a"}, "a", "a"},
		{[]string{"a", "b"}, "a and b", "a or b"},
		{[]string{"a", "b", "c"}, "a, b and c", "a, b or c"},
	} {
		require.Equal(t, row.and, And(row.parts))
		require.Equal(t, row.or, Or(row.parts))
	}
}

// None are as many as several.
func TestPlural(t *testing.T) {
	t.Parallel()
	require.Equal(t, "actors", Plural(0, "actor", "actors"))
	require.Equal(t, "actor", Plural(1, "actor", "actors"))
	require.Equal(t, "actors", Plural(2, "actor", "actors"))
}
