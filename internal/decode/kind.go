package decode

import (
	"fmt"
	"reflect"
)

// isString tells whether v is text. A json.Number is a number.
func isString(v reflect.Value) bool {
	return v.Kind() == reflect.String && v.Type() != jsonNumberType
}

// isFields tells whether v is a map by names.
func isFields(v reflect.Value) bool {
	return v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String
}

// isList tells whether v is a slice or an array.
func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice || v.Kind() == reflect.Array
}

// isBytes tells whether t is a byte slice.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// isText tells whether a t reads itself from a string.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(textUnmarshalerType)
}

// hasStringKeys tells whether the keys of the map type t are strings that may be any string.
func hasStringKeys(t reflect.Type) bool {
	return t.Key().Kind() == reflect.String && !isText(t.Key())
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
	case k == reflect.Map && t.Key().Kind() != reflect.String:
		return "map without string keys"
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
	case t == durationType:
		return `a string with a unit such as "1.5s" or a time.Duration, because a bare number would be nanoseconds`
	case t == timeType:
		return `a time.Time or an RFC 3339 string such as "2006-01-02T15:04:05Z"`
	case t == jsonNumberType:
		return "a json.Number"
	case t.Kind() != reflect.Interface && isText(t):
		return "a string that the UnmarshalText of " + t.String() + " accepts, or a value of its type"
	case isNumber(t.Kind()):
		return wantedNumber(t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return "a bool, true or false"
	case reflect.String:
		return "a string, in quotes"
	case reflect.Struct:
		return "a map of its fields by name, or a value of its type"
	case reflect.Interface:
		return "a Go value that implements " + t.String()
	case reflect.Pointer:
		return "a " + t.String() + " or what it points to"
	case reflect.Slice, reflect.Array:
		return wantedList(t)
	case reflect.Map:
		if hasStringKeys(t) {
			return "a map with string keys"
		}
		return "a map field with plain string keys, because the keys of fields are names; declare it with string keys"
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return "no value, because a " + t.Kind().String() + " cannot be set from fields; leave the field out"
	}
	return "a " + t.String()
}

// wantedList is wantedOf for slices and arrays.
func wantedList(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("a list of exactly %d", t.Len())
	case !isBytes(t):
		return "a list"
	case reflect.PointerTo(t).Implements(jsonUnmarshalerType):
		return "a []byte"
	}
	return "a []byte or a base64 string"
}
