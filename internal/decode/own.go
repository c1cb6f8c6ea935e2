package decode

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
)

// json has a value read itself from the JSON of what was given.
func (w *walk) json(p *plan, in any, dst reflect.Value) {
	if in != nil && w.taken(p, in, dst) {
		return
	}
	if b, ok := in.([]byte); ok && p.typ == rawJSONType && json.Valid(b) {
		dst.SetBytes(bytes.Clone(b))
		return
	}
	text, ok := w.jsonOf(in)
	if !ok {
		w.refuse(p.typ, kindOf(in)+" that has no JSON form")
		return
	}
	if !w.read(p.typ, func() bool {
		return dst.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(text) == nil
	}) {
		w.refuse(p.typ, kindOf(in)+" that was not accepted")
	}
}

// text has a value read itself from a string.
func (w *walk) text(p *plan, in any, dst reflect.Value) {
	if w.taken(p, in, dst) {
		return
	}
	v := reflect.ValueOf(in)
	if !isString(v) {
		w.refuse(p.typ, kindOf(in))
		return
	}
	if !w.readText(v.String(), dst) {
		w.refuse(p.typ, "string that was not accepted")
	}
}

func (w *walk) readText(s string, dst reflect.Value) bool {
	return w.read(dst.Type(), func() bool {
		return dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)) == nil
	})
}

// readKey has a map's key read itself. A key that reads itself from JSON only – encoding/json would
// not ask it – gets the JSON of what encoding/json writes for it, a string or a number, so that it
// cannot be bypassed.
func (w *walk) readKey(how keyForm, name string, key reflect.Value) bool {
	if how == keyText {
		return w.readText(name, key) && key.Comparable()
	}
	text, ok := []byte(name), key.Kind() != reflect.String
	if ok {
		_, ok = scanNumber(name)
	} else {
		text, ok = w.jsonOf(name)
	}
	return ok && w.read(key.Type(), func() bool {
		return key.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(text) == nil
	})
}

// read calls a type's own code and reports whether that accepted its input. The text of its error
// is dropped, and so is its panic: they may quote the value.
func (w *walk) read(t reflect.Type, accepts func() bool) bool {
	w.reading = t
	return w.guard(safePackages[t.PkgPath()], accepts)
}

// guard calls code that may panic and, unless it is safe, end its goroutine.
func (w *walk) guard(safe bool, f func() bool) (ok bool) {
	if safe || w.alone {
		return recovered(f)
	}
	onOwnGoroutine(func() { ok = recovered(f) })
	return ok
}

// recovered is what f returns; false where it panics.
func recovered(f func() bool) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f()
}

// jsonOf is the JSON of what was given, which may be any Go value.
func (w *walk) jsonOf(in any) (text []byte, ok bool) {
	switch v := in.(type) {
	case nil:
		return []byte("null"), true
	case string:
		if isPlain(v) {
			text = make([]byte, 0, len(v)+2)
			return append(append(append(text, '"'), v...), '"'), true
		}
	case json.Number:
		_, ok = scanNumber(string(v))
		return []byte(v), ok
	}
	if deeper(reflect.ValueOf(in), maxDepth-len(w.at)) {
		w.tooDeep()
		return nil, false
	}
	ok = w.guard(false, func() bool {
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(in)
		text = bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
		return err == nil
	})
	return text, ok
}

// deeper tells whether v has more levels of lists, maps, structs and pointers than some:
// encoding/json goes down without a limit, until the stack ends.
func deeper(v reflect.Value, levels int) bool {
	if levels < 0 {
		return true
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return !v.IsNil() && deeper(v.Elem(), levels-1)
	case reflect.Slice, reflect.Array:
		if !mayNest(v.Type().Elem()) {
			return false
		}
		for i := range v.Len() {
			if deeper(v.Index(i), levels-1) {
				return true
			}
		}
	case reflect.Map:
		if !mayNest(v.Type().Elem()) {
			return false
		}
		for entries := v.MapRange(); entries.Next(); {
			if deeper(entries.Value(), levels-1) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if deeper(v.Field(i), levels-1) {
				return true
			}
		}
	}
	return false
}

// mayNest tells whether a value of type t may have levels of its own.
func mayNest(t reflect.Type) bool {
	return t.Kind() >= reflect.Array && t.Kind() != reflect.String &&
		t.Kind() != reflect.UnsafePointer
}

// isPlain tells whether s stands for itself in JSON.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
