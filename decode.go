package akt

import (
	"errors"
	"reflect"
	"strings"

	"github.com/aktgo/akt/internal/decode"
)

// Raw is a message by name, for a sender that does not have its Go type. Name is what follows Handle in the name of the
// handler's method. Fields holds the message's fields as encoding/json decodes an object; fields that are left out stay
// zero, and nil Fields leave out all.
//
// The message is built strictly, before it is sent. Fields go by the name in their json tag, else by their Go name; a
// key that names none is refused. Values are not converted from one kind to another: a duration is a string such as
// "1.5s", never a bare number, and a number has to fit: exactly into an integer, to the nearest into a float. Use json.Number, or
// the Go type itself, for whole numbers beyond 2^53. The error has a [*DecodeError] for each fault.
type Raw struct {
	Name   string
	Fields map[string]any
}

// DecodeError says why a field could not be set from the fields of a [Raw] message. It names kinds and types, never the
// value, which may be a secret. A message with several faults has an error that unwraps to all of them, ordered by
// path; errors.As finds the first.
type DecodeError struct {
	// Path is the way to the field, such as "items[2].amount" or `limits["eu"]`; it is "" for the message itself.
	Path string
	// Target is the Go type of the field, or of the struct that has no such field.
	Target string
	// Found is the kind of what was given, such as "number with a fraction".
	Found string
	// Wanted is what can be given instead.
	Wanted string
}

func (e *DecodeError) Error() string { return "akt: " + (*decode.Error)(e).Error() }

// decodeErrors is the faults of one message, two or more.
type decodeErrors []error

func (e decodeErrors) Error() string {
	texts := make([]string, len(e))
	for i, fault := range e {
		texts[i] = bare(fault)
	}
	return "akt: " + strings.Join(texts, "; ")
}

func (e decodeErrors) Unwrap() []error { return e }

// decodeMessage builds a message of type t from the fields of a Raw.
func decodeMessage(fields map[string]any, t reflect.Type) (reflect.Value, error) {
	msg, err := decode.Message(fields, t)
	return msg, decodeError(err)
}

// decodeError makes an error of internal/decode the one that users see.
func decodeError(err error) error {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		var all decodeErrors
		for _, fault := range several.Unwrap() {
			all = append(all, decodeError(fault))
		}
		return all
	}
	var fault *decode.Error
	if errors.As(err, &fault) {
		return (*DecodeError)(fault)
	}
	return err
}
