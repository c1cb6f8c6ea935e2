package akt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"strconv"

	"github.com/aktgo/akt/internal/guard"
)

// detached calls the user's code that akt calls beside handlers and hooks: log handlers, dead-letter
// hooks, Decide, the methods of errors. That may panic, or end its goroutine, and must not take the
// actor's owner with it. It returns how f failed, nil if it returned.
func detached(f func()) *PanicError {
	if l := guard.Detach(f); l != nil {
		return panicOf(*l)
	}
	return nil
}

// log writes a record to the actor's logger.
func (a *actor) log(level slog.Level, text string, args ...any) {
	a.logBy(text, func(l *slog.Logger) { l.Log(context.Background(), level, text, args...) })
}

// logBy has write use the actor's logger. It is for what calls the user's code to make its
// arguments. Where that fails, the default logger is told, if the actor has another one.
func (a *actor) logBy(text string, write func(*slog.Logger)) {
	failure := detached(func() { write(a.logger()) })
	if failure == nil || a.config.logger == nil {
		return
	}
	_ = detached(func() { // there is nobody left to tell
		slog.Error("akt: the actor's logger failed", "actor", a.name(), "record", text, "panic", failure.shown())
	})
}

// logPanic reports a panic with the place where it happened.
func (a *actor) logPanic(in string, failure *PanicError) {
	const text = "akt: panic"
	a.logBy(text, func(l *slog.Logger) {
		l.Error(text, "in", in, "panic", failure.shown(), "stack", failure.frames())
	})
}

// standardWrappers are the types of errors of the standard library whose methods do nothing but
// return what they wrap. All others are the user's code.
var standardWrappers = map[reflect.Type]bool{
	reflect.TypeOf(fmt.Errorf("%w", ErrStopped)):                true,
	reflect.TypeOf(fmt.Errorf("%w, %w", ErrStopped, errGoexit)): true,
	reflect.TypeOf(errors.Join(ErrStopped)):                     true,
	reflect.TypeFor[*fs.PathError]():                            true,
	reflect.TypeFor[*strconv.NumError]():                        true,
	reflect.TypeFor[*PanicError]():                              true,
	reflect.TypeFor[*stoppedError]():                            true,
	reflect.TypeFor[*annotated]():                               true,
	reflect.TypeFor[*causedError]():                             true,
	reflect.TypeFor[decodeErrors]():                             true,
}

// mostWrapped is how many errors are looked at in one: an Unwrap may return its own error.
const mostWrapped = 1000

// wrapsSendError reports whether an error is, or wraps, the SendError of some call. The methods of
// the user's errors are called detached; most errors have none of those.
func wrapsSendError(err error) bool {
	s := errorSearch{left: mostWrapped}
	if found := s.in(err); found || !s.foreign {
		return found
	}
	s = errorSearch{left: mostWrapped, detached: true}
	found := false
	_ = detached(func() { found = s.in(err) }) // where it fails, nothing was found
	return found
}

// errorSearch looks for a SendError in an error.
type errorSearch struct {
	detached bool // the methods of the user's errors may be called
	foreign  bool // there was one whose methods were not
	left     int  // how many errors it still looks at
}

func (s *errorSearch) in(err error) bool {
	if s.left--; err == nil || s.left < 0 || isNil(err) {
		return false
	}
	if _, ok := err.(*SendError); ok { //nolint:errorlint // what it wraps comes below
		return true
	}
	if !standardWrappers[reflect.TypeOf(err)] && !s.mayCall(err) {
		return false
	}
	if as, ok := err.(interface{ As(any) bool }); ok {
		if inner := (*SendError)(nil); as.As(&inner) && inner != nil {
			return true
		}
	}
	switch e := err.(type) { //nolint:errorlint // the walk itself
	case interface{ Unwrap() error }:
		return s.in(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if s.in(inner) {
				return true
			}
		}
	}
	return false
}

// mayCall reports whether the methods of a user's error are to be called, if it has any.
func (s *errorSearch) mayCall(err error) bool {
	switch err.(type) { //nolint:errorlint // of what methods the error itself has
	case interface{ As(any) bool }, interface{ Unwrap() error }, interface{ Unwrap() []error }:
		s.foreign = s.foreign || !s.detached
		return s.detached
	}
	return false
}

// isNil reports whether an error is a nil pointer, whose methods may not look at it.
func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
