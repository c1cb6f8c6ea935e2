package decode

import (
	"fmt"
	"reflect"
)

// isString tells whether v is text. A json.Number is a number.
func isString(v reflect.Value) bool {
	return v.Kind() == reflect.String && v.Type() != jsonNumberType
}

// isList tells whether v is a slice or an array.
func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice || v.Kind() == reflect.Array
}

// kindOf is the kind of in, in the words of an Error.
func kindOf(in any) string {
	if in == nil {
		return "null"
	}
	t := reflect.TypeOf(in)
	switch k := t.Kind(); {
	case t == jsonNumberType || isNumber(k):
		return "number"
	case k == reflect.Slice, k == reflect.Array:
		return "list"
	case k == reflect.Bool, k == reflect.String, k == reflect.Map:
		return k.String()
	}
	return "Go value of type " + t.String()
}

// wantedOf is what a field of type t takes, in the words of an Error.
func wantedOf(t reflect.Type) string {
	switch {
	case t == nil:
		return "less"
	case t == durationType:
		return `a string with a unit such as "1.5s" or a time.Duration, ` +
			"because a bare number would be nanoseconds"
	case t == timeType:
		return `a time.Time or an RFC 3339 string such as "2006-01-02T15:04:05Z"`
	case t == jsonNumberType:
		return "a number"
	case readsJSON(t):
		return "what the UnmarshalJSON of " + t.String() + " accepts, or a value of its type"
	case readsText(t):
		return "a string that the UnmarshalText of " + t.String() +
			" accepts, or a value of its type"
	case isNumber(t.Kind()):
		return wantedNumber(t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return "a bool, true or false"
	case reflect.String:
		return "a string, in quotes"
	case reflect.Struct:
		if isOpaque(t) {
			return "a Go value of its type, because it has no fields that could be set; " +
				"leave the field out"
		}
		return "a map of its fields by name, or a value of its type"
	case reflect.Interface:
		return "a Go value that implements " + t.String()
	case reflect.Pointer:
		return "a " + t.String() + " or what it points to"
	case reflect.Slice, reflect.Array:
		return wantedList(t)
	case reflect.Map:
		if keyFormOf(t.Key()) != keyNone {
			return "a map by the names of its keys"
		}
		return "a map field whose keys are strings or whole numbers, or read themselves from text"
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return "no value, because a " + t.Kind().String() +
			" cannot be set from fields; leave the field out"
	}
	return "a " + t.String()
}

// wantedList is wantedOf for slices and arrays.
func wantedList(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("a list of exactly %d", t.Len())
	case t.Elem().Kind() != reflect.Uint8:
		return "a list"
	}
	return "a []byte or a base64 string"
}
