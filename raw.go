package akt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aktgo/akt/internal/decode"
)

// Raw is a message by name, for a sender that does not have its Go type. Name is what follows
// Handle in the name of the handler's method. Fields holds the message's fields as encoding/json
// decodes an object; fields that are left out stay zero, and nil Fields leave out all.
//
// # Reach
//
// A Raw reaches the handlers of messages that anybody could write down in Go: of exported and
// predeclared types, of pointers to them, and of types made of them, such as map[string]int. An
// instance of a generic type is as exported as its type arguments. For all others, and for handlers
// of akt's own types, such as [Terminated], it is as if they were not there: that is an
// [*UnhandledError] that says so. An actor that takes Raw itself gets every Raw as it is; one that
// takes any message gets those that no other handler is for.
//
// # Fields
//
// The message is built strictly, on the sender's goroutine, before it is sent. Fields go by the
// name in their json tag, else by their Go name: in its exact case, or else in any case where only
// one field has that name. A key that names no field is refused, and so are two keys for one field.
// Values are not converted from one kind to another.
//
//   - A type's own UnmarshalJSON or else UnmarshalText decides what it takes, for keys of maps too.
//     It gets the JSON of what was sent. Only a Go value of that very type is taken without asking:
//     it was made in Go.
//   - Whatever encoding/json writes of a message is read back: base64, numbers as keys of maps, the
//     option string of a tag. But a [time.Duration] is a string such as "1.5s", never a bare
//     number, which has no unit.
//   - A whole number has to fit exactly. 3.0 and 3e2 are whole. A float is the nearest one; a
//     number that is nearest to an infinity, and NaN, are refused. json.Number keeps all digits,
//     and is taken as a number everywhere; it stays one in a field of type any. float64 has them up
//     to 2^53.
//   - Of a struct that has unexported fields, and none that JSON could set, such as a [sync.Mutex]
//     or a [time.Timer], and of akt's own addresses, futures, contexts and timers, no value can be
//     built: neither by {} nor by null, unless that is a nil pointer. Leave the field out, or give
//     a Go value of that type.
//
// Lists, maps and structs may lie in each other to a depth of 10,000, as in encoding/json. The
// error has a [*DecodeError] for each fault.
//
// # Sharing
//
// The message shares nothing with Fields that either could see change: lists, maps, structs and
// what is behind pointers are copied, in fields of type any too. What cannot be copied stays what
// it is: addresses, locks and other structs without fields of their own behind pointers; functions,
// channels, and errors in interfaces; what a Go value has behind unexported fields. An actor that
// takes Raw itself gets the sender's Fields.
type Raw struct {
	Name   string
	Fields map[string]any
}

// UnmarshalJSON reads an object with the keys name and fields, in any case, and no others. Numbers
// in Fields are of type [json.Number], so that they keep their digits. As usual null changes
// nothing.
func (r *Raw) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		return errors.New("akt: a Raw cannot be read: its JSON is broken")
	}
	if given == nil {
		return nil
	}
	object, ok := given.(map[string]any)
	if !ok {
		return &DecodeError{
			Target: "akt.Raw", Found: "something else", Wanted: "an object with a name and fields",
		}
	}
	var fields map[string]any
	for key, value := range object {
		if m, ok := value.(map[string]any); ok && strings.EqualFold(key, "Fields") {
			fields, object[key] = m, nil // they are nobody else's, and need no copy
		}
	}
	type plain Raw // without this method
	v, err := messages.Message(object, reflect.TypeFor[plain]())
	if err != nil {
		return asRaw(decodeError(err))
	}
	*r = Raw{Name: v.Interface().(plain).Name, Fields: fields}
	return nil
}

// asRaw has the faults of a Raw's own JSON speak of it, and not of what it is decoded into.
func asRaw(err error) error {
	const plain, raw = "akt.plain", "akt.Raw"
	var several decodeErrors
	if errors.As(err, &several) {
		for _, fault := range several {
			_ = asRaw(fault)
		}
		return err
	}
	var fault *DecodeError
	if errors.As(err, &fault) {
		fault.Target = strings.ReplaceAll(fault.Target, plain, raw)
		fault.Wanted = strings.ReplaceAll(fault.Wanted, plain, raw)
	}
	return err
}

// DecodeError says why a field could not be set from the fields of a [Raw] message. It names kinds
// and types, never the value, which may be a secret. A message with several faults has an error
// that unwraps to all of them, ordered by path; errors.As finds the first.
type DecodeError struct {
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

// messages builds messages, and sets the fields of actors.
var messages = decode.New(isOwnHandle)

// isOwnHandle tells whether a struct is one of akt's that only akt can make, such as an address.
func isOwnHandle(t reflect.Type) bool {
	if t.PkgPath() != thisPackage {
		return false
	}
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return true
		}
	}
	return false
}

// decodeMessage builds a message of type t from the fields of a Raw.
func decodeMessage(fields map[string]any, t reflect.Type) (reflect.Value, error) {
	msg, err := messages.Message(fields, t)
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

// whyNotRaw says why no Raw reaches a handler of messages of type t. It is "" where one does.
func whyNotRaw(t reflect.Type) string {
	switch name := t.Name(); {
	case name != "" && t.PkgPath() == thisPackage:
		return t.String() + " is a type of akt itself"
	case name != "" && t.PkgPath() != "" && !isExportedType(name):
		return t.String() + " is not exported"
	case t.Kind() == reflect.Pointer:
		return whyNotRaw(t.Elem())
	case name != "":
		return ""
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return whyNotRaw(t.Elem())
	case reflect.Map:
		return cmp.Or(whyNotRaw(t.Key()), whyNotRaw(t.Elem()))
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() && f.Name != "_" {
				return t.String() + " is not exported"
			}
			if why := whyNotRaw(f.Type); why != "" {
				return why
			}
		}
	}
	return ""
}

// isExportedType tells whether a type's name, as reflect.Type.Name returns it, and those of its
// type arguments, which stand in it with their packages' paths, begin with an upper-case letter.
// Predeclared arguments have no path.
func isExportedType(name string) bool {
	name, arguments, _ := strings.Cut(name, "[")
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsUpper(first) {
		return false
	}
	for arguments != "" {
		end := strings.IndexAny(arguments, "[]{}(),;* \"")
		if end < 0 {
			end = len(arguments)
		}
		word := strings.TrimPrefix(arguments[:end], "...")
		if dot := strings.LastIndexByte(word, '.'); dot >= 0 {
			if first, _ := utf8.DecodeRuneInString(word[dot+1:]); !unicode.IsUpper(first) {
				return false
			}
		}
		arguments = arguments[end:]
		if strings.HasPrefix(arguments, `"`) { // the tag of a field
			tag, err := strconv.QuotedPrefix(arguments)
			if err != nil {
				return false
			}
			arguments = arguments[len(tag):]
		} else if arguments != "" {
			arguments = arguments[1:]
		}
	}
	return true
}
