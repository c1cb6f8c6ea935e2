package decode

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// value makes a value of type t from in. The result is false after a refusal.
func (w *walk) value(in any, t reflect.Type, at *path) (reflect.Value, bool) {
	if w.stop {
		return reflect.Value{}, false
	}
	if at.depth() > maxDepth {
		w.stop = true
		return w.refuseFor(at, t, "a value nested too deep",
			fmt.Sprintf("at most %d levels; a map or list that holds itself has no end", maxDepth))
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return w.refuse(at, t, kindOf(in))
	}
	if in == nil {
		return w.null(t, at)
	}
	if assignable := reflect.TypeOf(in).AssignableTo(t); assignable && takenAsIs(t.Kind()) {
		out := reflect.New(t).Elem()
		out.Set(reflect.ValueOf(in))
		return out, true
	} else if !assignable && isText(t) {
		return w.text(in, t, at)
	}
	if t == durationType {
		return w.duration(in, at)
	}
	return w.ofKind(in, t, at)
}

// ofKind makes a value of type t by the kind of t alone.
func (w *walk) ofKind(in any, t reflect.Type, at *path) (reflect.Value, bool) {
	v := reflect.ValueOf(in)
	switch kind := t.Kind(); {
	case isNumber(kind):
		out, found := numberOf(in, t)
		if found != "" {
			return w.refuse(at, t, found)
		}
		return out, true
	case kind == reflect.Bool && v.Kind() == reflect.Bool:
		return v.Convert(t), true
	case kind == reflect.String && t != jsonNumberType && isString(v):
		return v.Convert(t), true
	case kind == reflect.Pointer:
		return w.pointer(in, t, at)
	case kind == reflect.Struct && isFields(v):
		return w.structure(v, t, at)
	case kind == reflect.Map && isFields(v) && hasStringKeys(t):
		return w.mapping(v, t, at)
	case isBytes(t) && (isString(v) || isBytes(v.Type())):
		return w.bytes(v, t, at)
	case kind == reflect.Slice && isList(v):
		return w.list(v, t, at)
	case kind == reflect.Array && isList(v):
		if v.Len() != t.Len() {
			return w.refuse(at, t, "list of another length")
		}
		return w.list(v, t, at)
	}
	return w.refuse(at, t, kindOf(in))
}

// null is the value for a JSON null: nil where the type has a nil.
func (w *walk) null(t reflect.Type, at *path) (reflect.Value, bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return reflect.Zero(t), true
	}
	return w.refuseFor(at, t, "null", wantedOf(t)+"; leave the field out for its zero value")
}

// duration reads a string such as "1.5s".
func (w *walk) duration(in any, at *path) (reflect.Value, bool) {
	v := reflect.ValueOf(in)
	if !isString(v) {
		return w.refuse(at, durationType, kindOf(in))
	}
	d, err := time.ParseDuration(v.String())
	if err != nil { // its text quotes the value
		return w.refuse(at, durationType, "string that is not a duration")
	}
	return reflect.ValueOf(d), true
}

// text has a fresh t read a string through its UnmarshalText.
func (w *walk) text(in any, t reflect.Type, at *path) (reflect.Value, bool) {
	v := reflect.ValueOf(in)
	if !isString(v) {
		return w.refuse(at, t, kindOf(in))
	}
	out := reflect.New(t)
	if !unmarshalText(out, v.String()) {
		return w.refuse(at, t, "string that was not accepted")
	}
	return out.Elem(), true
}

// unmarshalText reports whether the value p points to accepted s. Its error and its panic are dropped: they may quote
// the value.
func unmarshalText(p reflect.Value, s string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	u, is := p.Interface().(encoding.TextUnmarshaler)
	return is && u.UnmarshalText([]byte(s)) == nil
}

// bytes copies a byte slice or reads a base64 string, as encoding/json does.
func (w *walk) bytes(v reflect.Value, t reflect.Type, at *path) (reflect.Value, bool) {
	out := reflect.New(t).Elem()
	if !isString(v) {
		out.SetBytes(slices.Clone(v.Bytes()))
		return out, true
	}
	if reflect.PointerTo(t).Implements(jsonUnmarshalerType) { // json.RawMessage is not base64
		return w.refuse(at, t, "string")
	}
	b, err := base64.StdEncoding.DecodeString(v.String())
	if err != nil {
		return w.refuse(at, t, "string that is not base64")
	}
	out.SetBytes(b)
	return out, true
}

// pointer makes a fresh pointer to what in gives.
func (w *walk) pointer(in any, t reflect.Type, at *path) (reflect.Value, bool) {
	base := t
	for n := 0; base.Kind() == reflect.Pointer; base = base.Elem() {
		if n++; n > maxPointers {
			return w.refuse(at, t, kindOf(in))
		}
	}
	inner := t.Elem().Kind()
	if reflect.TypeOf(in).Kind() == reflect.Pointer && inner != reflect.Pointer && inner != reflect.Interface {
		return w.refuse(at, t, kindOf(in))
	}
	elem, ok := w.value(in, t.Elem(), at)
	if !ok {
		return elem, false
	}
	return pointerTo(elem, t), true
}

// takenAsIs tells whether an assignable value of kind k is taken unseen. Lists and maps are copied instead, and floats
// are looked at for NaN.
func takenAsIs(k reflect.Kind) bool {
	switch k {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Float32, reflect.Float64:
		return false
	}
	return true
}

// pointerTo makes a fresh pointer of type t to a copy of v.
func pointerTo(v reflect.Value, t reflect.Type) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Convert(t)
}
