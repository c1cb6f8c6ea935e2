// Package nearest finds the name that was probably meant.
package nearest

import (
	"strings"
	"unicode/utf8"
)

// limit is how many runes two names may differ in, however long they are: with more, CreateOrder
// would stand for UpdateOrder.
const limit = 2

// plain takes out what spellings such as max_retries and maxRetries differ in.
var plain = strings.NewReplacer("_", "", "-", "")

// Of returns the one of names that is most like name, or "" if none is near enough to be a slip: up
// to two runes apart, or one where a name has fewer than five. Case, underscores and hyphens do not
// count. Of names that are equally near it is the first in the alphabet.
func Of(name string, names []string) string {
	name = folded(name)
	size := utf8.RuneCountInString(name)
	best, least := "", limit+1
	for _, other := range names {
		candidate := folded(other)
		length := utf8.RuneCountInString(candidate)
		shorter, longer := min(size, length), max(size, length)
		if longer-shorter > limit { // at least as far apart; and a long name costs nothing
			continue
		}
		d := Distance(name, candidate)
		if d >= length || d == limit && shorter < 5 {
			continue
		}
		if d < least || d == least && other < best {
			best, least = other, d
		}
	}
	return best
}

func folded(name string) string { return strings.ToLower(plain.Replace(name)) }

// Distance is the Levenshtein distance: how many runes have to be put in, taken out or changed to
// make b of a.
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// row[j] is the distance between what was read of from, and to[:j]
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			change := diagonal
			if r != s {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
