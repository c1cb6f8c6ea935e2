package decode

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Error says why a field could not be set. It names kinds and types, never the
// value, which may be a secret. A message with several faults has an error that unwraps to all of them.
type Error struct {
	// Path is the way to the field, such as "items[2].amount" or `limits["eu"]`; it is "" for the message itself.
	Path string
	// Target is the Go type of the field, or of the struct that has no such field.
	Target string
	// Found is the kind of what was given, such as "number with a fraction".
	Found string
	// Wanted is what can be given instead.
	Wanted string
}

// Error is one line, without a prefix.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("value of type %s: found %s, wanted %s", e.Target, e.Found, e.Wanted)
	}
	return fmt.Sprintf("%s of type %s: found %s, wanted %s", e.Path, e.Target, e.Found, e.Wanted)
}

// errorList is several refusals of one message, ordered by path.
type errorList []*Error

// Error is one line with all refusals.
func (e errorList) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives every refusal to errors.Is and errors.As.
func (e errorList) Unwrap() []error {
	errs := make([]error, len(e))
	for i, one := range e {
		errs[i] = one
	}
	return errs
}

// err is nil, the only refusal, or all of them ordered by path.
func (w *walk) err() error {
	switch len(w.errs) {
	case 0:
		return nil
	case 1:
		return w.errs[0]
	}
	slices.SortStableFunc(w.errs, func(a, b *Error) int { return cmp.Compare(a.Path, b.Path) })
	return errorList(w.errs)
}

// refuse notes that found cannot become a t. It returns what value returns.
func (w *walk) refuse(at *path, t reflect.Type, found string) (reflect.Value, bool) {
	return w.refuseFor(at, t, found, wantedOf(t))
}

// refuseFor is refuse with words of its own for what is wanted.
func (w *walk) refuseFor(at *path, t reflect.Type, found, wanted string) (reflect.Value, bool) {
	w.errs = append(w.errs, &Error{Path: at.String(), Target: typeName(t), Found: found, Wanted: wanted})
	w.stop = w.stop || len(w.errs) >= maxErrors
	return reflect.Value{}, false
}

// path is the way to a value; nil is the message itself. Its text is made only when there is something to refuse.
type path struct {
	up    *path
	step  string
	index int // of a list item if step is ""
	level int
}

func (p *path) depth() int {
	if p == nil {
		return 0
	}
	return p.level
}

// field is the path to the struct field name.
func (p *path) field(name string) *path {
	step := "." + cutKey(name)
	if strings.ContainsFunc(name, isOdd) || name == "" {
		step = "." + quoteKey(name)
	}
	return &path{up: p, step: step, level: p.depth() + 1}
}

// entry is the path to the value of a map's key.
func (p *path) entry(key string) *path {
	return &path{up: p, step: "[" + quoteKey(key) + "]", level: p.depth() + 1}
}

// item is the path to an element of a list.
func (p *path) item(i int) *path {
	return &path{up: p, index: i, level: p.depth() + 1}
}

// String is the path in one line, with the middle of a long one left out.
func (p *path) String() string {
	const ends = 10
	var steps []string
	for ; p != nil; p = p.up {
		steps = append(steps, cmp.Or(p.step, "["+strconv.Itoa(p.index)+"]"))
	}
	slices.Reverse(steps)
	if n := len(steps); n > 2*ends {
		steps = slices.Concat(steps[:ends], []string{"…"}, steps[n-ends:])
	}
	return strings.TrimPrefix(strings.Join(steps, ""), ".")
}

// isOdd tells whether r makes a name in a path unclear.
func isOdd(r rune) bool {
	return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == unicode.ReplacementChar
}

// quoteKey is key in quotes, in one line and not too long.
func quoteKey(key string) string { return strconv.Quote(cutKey(key)) }

// cutKey is the first 64 runes of key.
func cutKey(key string) string {
	n := 0
	for i := range key {
		if n++; n > 64 {
			return key[:i] + "…"
		}
	}
	return key
}

// typeName is the Go type in words.
func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return t.String()
}
