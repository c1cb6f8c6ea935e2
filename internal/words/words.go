// Package words puts parts of a sentence together as one reads them.
package words

import "strings"

// And is a list that ends with "and": "a, b and c".
func And(parts []string) string { return list(parts, " and ") }

// Or is a list that ends with "or": "a, b or c".
func Or(parts []string) string { return list(parts, " or ") }

func list(parts []string, last string) string {
	n := len(parts) - 1
	if n < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:n], ", ") + last + parts[n]
}

// Plural is one for one thing, and many for any other number.
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
