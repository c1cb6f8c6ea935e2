package decode

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says why a field could not be set. It names kinds and types, never the value, which may be
// a secret. A message with several faults has an error that unwraps to all of them.
type Error struct {
	// Path is the way to the field, such as "items[2].amount" or `limits["eu"]`; it is "" for the
	// message itself.
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

// refuse notes that found cannot become a t.
func (w *walk) refuse(t reflect.Type, found string) { w.refuseFor(t, found, wantedOf(t)) }

// refuseFor is refuse with words of its own for what is wanted.
func (w *walk) refuseFor(t reflect.Type, found, wanted string) {
	_, _ = w.fault(t, found, wanted) // whose text is complete
}

// fault is refuseFor for a text that goes on: it returns the refusal, and how many characters of
// what was sent it may still show.
func (w *walk) fault(t reflect.Type, found, wanted string) (e *Error, left int) {
	at, left := pathOf(w.at)
	e = &Error{Path: at, Target: typeName(t), Found: found, Wanted: wanted}
	w.errs = append(w.errs, e)
	w.stop = w.stop || len(w.errs) >= maxErrors
	return e, left
}

// step is a part of the way to a value.
type step struct {
	kind  stepKind
	name  string
	index int
}

type stepKind uint8

const (
	stepInside stepKind = iota // a pointer or an entry without a name: not shown
	stepField                  // a field of a struct, whose name is the type's
	stepKey                    // a key that names no field
	stepEntry                  // a map's entry
	stepItem                   // a list's item
)

// maxShown is how many characters of what was sent a refusal shows.
const maxShown = 64

// pathOf is the way in one line, with the middle of a long one left out, and how many characters of
// what was sent may still be shown.
func pathOf(steps []step) (text string, left int) {
	const ends = 10
	left = maxShown
	var b strings.Builder
	for i, s := range steps {
		if n := len(steps); n > 2*ends && i >= ends && i < n-ends {
			if i == ends {
				b.WriteString("…")
			}
			continue
		}
		used := 0
		switch s.kind {
		case stepField:
			text := s.name
			if isOdd(text) {
				text = Quote(text)
			}
			b.WriteString("." + text)
		case stepKey:
			text := s.name
			if used = utf8.RuneCountInString(text); isOdd(text) || used > left {
				text, used = quote(text, left)
			}
			b.WriteString("." + text)
		case stepEntry:
			text, used = quote(s.name, left)
			b.WriteString("[" + text + "]")
		case stepItem:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
		left -= used
	}
	return strings.TrimPrefix(b.String(), "."), left
}

// isOdd tells whether a name would be unclear in a path.
func isOdd(name string) bool {
	return name == "" || strings.ContainsFunc(name, func(r rune) bool {
		plain := r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
		return !plain || r == unicode.ReplacementChar
	})
}

// Quote is text in quotes, in one line, with no more of it than an error may show.
func Quote(text string) string {
	text, _ = quote(text, maxShown)
	return text
}

// quote is text in quotes, in one line, and how many characters stand between them: up to room,
// escapes counted as they are shown. The end of a longer one is left out.
func quote(text string, room int) (quoted string, used int) {
	b := []byte{'"'}
	for i := range text {
		_, size := utf8.DecodeRuneInString(text[i:]) // of a byte that is no rune, one
		shown := strconv.Quote(text[i : i+size])
		shown = shown[1 : len(shown)-1]
		if used += utf8.RuneCountInString(shown); used > room {
			return string(b) + "…\"", room
		}
		b = append(b, shown...)
	}
	return string(append(b, '"')), used
}

// typeName is the Go type in words.
func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return t.String()
}
