package nearest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/nearest"
)

// The distance counts runes, not bytes, that are put in, taken out or changed, and is the same both
// ways.
func TestDistance(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		a, b string
		want int
	}{
		"two empty names":         {"", "", 0},
		"a name and nothing":      {"abc", "", 3},
		"the same name":           {"abc", "abc", 0},
		"a changed rune":          {"abc", "axc", 1},
		"a missing rune":          {"abc", "ac", 1},
		"two swapped runes":       {"abc", "acb", 2},
		"runes of several bytes":  {"größe", "grösse", 2},
		"another case":            {"abc", "ABC", 3},
		"some of all":             {"kitten", "sitting", 3},
		"words with a common end": {"deposit", "posit", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, row.want, nearest.Distance(row.a, row.b))
			require.Equal(t, row.want, nearest.Distance(row.b, row.a))
		})
	}
}

// A slip finds the name that was meant, and another word finds nothing.
func TestOf(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		name  string
		names []string
		want  string
	}{
		"two swapped runes":             {"Deposti", []string{"Balance", "Deposit", "Withdraw"}, "Deposit"},
		"another case":                  {"deposit", []string{"Balance", "Deposit"}, "Deposit"},
		"the name itself":               {"Deposit", []string{"Balance", "Deposit"}, "Deposit"},
		"another spelling":              {"maxRetries", []string{"max_delay", "max_retries"}, "max_retries"},
		"the nearer one":                {"depositt", []string{"depots", "deposit"}, "deposit"},
		"the nearer one, listed first":  {"depositt", []string{"deposit", "depots"}, "deposit"},
		"one of two, by the alphabet":   {"rate", []string{"rats", "date"}, "date"},
		"a short name, one rune off":    {"Pin", []string{"Ping"}, "Ping"},
		"a short name, two runes off":   {"Pig", []string{"Pong"}, ""},
		"two of five runes":             {"plian", []string{"Plain"}, "Plain"},
		"names of one rune":             {"x", []string{"y"}, ""},
		"another word of a long name":   {"CreateOrder", []string{"UpdateOrder"}, ""},
		"the opposite of a long name":   {"DisableNotifications", []string{"EnableNotifications"}, ""},
		"no names":                      {"Deposit", nil, ""},
		"an empty name":                 {"", []string{"A", ""}, ""},
		"hyphens alone":                 {"-", []string{"_"}, ""},
		"a name that is far too long":   {strings.Repeat("x", 1<<20), []string{"Deposit"}, ""},
		"a name of runes, not of bytes": {"größ", []string{"größen"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := append([]string(nil), row.names...)
			require.Equal(t, row.want, nearest.Of(row.name, row.names))
			require.Equal(t, before, row.names, "the caller's list stays as it is")
		})
	}
}
