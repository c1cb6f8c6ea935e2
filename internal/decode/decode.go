// Package decode builds values from fields by name, strictly: names go by the json tag, every key has to name a field,
// and a value that a field cannot hold exactly is refused. Errors name kinds and types, never values, which may be
// secrets.
package decode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/mitchellh/mapstructure"

	"github.com/aktgo/akt/internal/nearest"
)

const (
	// maxDepth is how many lists, maps and structs may lie in each other.
	maxDepth = 1000
	// maxErrors is how many refusals are collected before giving up.
	maxErrors = 20
	// maxPointers is how many pointers may point to each other in a type.
	maxPointers = 16
)

var (
	durationType        = reflect.TypeFor[time.Duration]()
	timeType            = reflect.TypeFor[time.Time]()
	jsonNumberType      = reflect.TypeFor[json.Number]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// Message builds a value of type t from fields. The type t is a struct, a pointer to a struct (a fresh one is made), or
// a map with string keys; every other type is refused. Fields that are left out stay zero, and nil fields stand for
// none.
//
// Lists and maps are copied when the field names their type. What stays shared with the caller is what is taken as it
// is: values in interface fields, pointers, and struct values of the field's own type.
//
// The error is the only *Error, or unwraps to several, ordered by path; then the value is the zero reflect.Value.
func Message(fields map[string]any, t reflect.Type) (reflect.Value, error) {
	if fields == nil {
		fields = map[string]any{}
	}
	in := reflect.ValueOf(fields)
	w := &walk{}
	var out reflect.Value
	switch {
	case t != nil && t.Kind() == reflect.Struct:
		out, _ = w.structure(in, t, nil)
	case t != nil && t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		if made, ok := w.structure(in, t.Elem(), nil); ok {
			out = pointerTo(made, t)
		}
	case t != nil && t.Kind() == reflect.Map && hasStringKeys(t):
		out, _ = w.mapping(in, t, nil)
	default:
		w.refuseFor(nil, t, "fields", "a message type that is a struct, a pointer to a struct or a map with string keys; "+
			"such a message cannot be built from fields")
	}
	if err := w.err(); err != nil {
		return reflect.Value{}, err
	}
	return out, nil
}

// Into sets fields on the struct that target points to, by the rules of Message. A field that is named is replaced as a
// whole, nested structs included; fields left out keep what they hold. It is all or nothing: with an error the struct
// is unchanged.
func Into(fields map[string]any, target any) error {
	w := &walk{}
	v := reflect.ValueOf(target)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		w.refuseFor(nil, reflect.TypeOf(target), "a target without fields to set", "a pointer to a struct that is not nil")
		return w.err()
	}
	if set, ok := w.settings(reflect.ValueOf(fields), v.Elem().Type(), nil); ok {
		w.fill(v.Elem(), set, nil)
	}
	return w.err()
}

// walk goes through the wanted type and the input side by side. It checks every value and makes it exact before
// mapstructure sees it, because only here the path is known, and because mapstructure wraps numbers around and quotes
// values in its errors.
type walk struct {
	errs []*Error
	stop bool
}

// list makes a slice or an array of type t, element by element.
func (w *walk) list(v reflect.Value, t reflect.Type, at *path) (reflect.Value, bool) {
	if v.Kind() == reflect.Slice && v.IsNil() && t.Kind() == reflect.Slice {
		return reflect.Zero(t), true
	}
	before := len(w.errs)
	parts := make([]any, v.Len())
	made := make([]reflect.Value, v.Len())
	carried := isCarried(t.Elem()) && (t.Kind() == reflect.Slice || t.Comparable())
	for i := 0; i < len(made) && !w.stop; i++ {
		part, ok := w.value(v.Index(i).Interface(), t.Elem(), at.item(i))
		if made[i] = part; ok && carried {
			parts[i] = part.Interface()
		}
	}
	if len(w.errs) > before || w.stop {
		return reflect.Value{}, false
	}
	out := reflect.New(t).Elem()
	if carried {
		return out, w.transfer(parts, out, at)
	}
	if t.Kind() == reflect.Slice {
		out.Set(reflect.MakeSlice(t, len(made), len(made)))
	}
	for i, part := range made {
		out.Index(i).Set(part)
	}
	return out, true
}

// mapping makes a map of type t, whose keys are strings.
func (w *walk) mapping(v reflect.Value, t reflect.Type, at *path) (reflect.Value, bool) {
	if v.IsNil() {
		return reflect.Zero(t), true
	}
	before := len(w.errs)
	carried := isCarried(t.Elem())
	parts := make(map[string]any, v.Len())
	out := reflect.New(t).Elem()
	if !carried {
		out.Set(reflect.MakeMapWithSize(t, v.Len()))
	}
	for _, key := range sortedKeys(v) {
		part, ok := w.value(v.MapIndex(key).Interface(), t.Elem(), at.entry(key.String()))
		switch {
		case ok && carried:
			parts[key.String()] = part.Interface()
		case ok:
			out.SetMapIndex(key.Convert(t.Key()), part)
		}
	}
	if len(w.errs) > before || w.stop {
		return reflect.Value{}, false
	}
	if carried {
		return out, w.transfer(parts, out, at)
	}
	return out, true
}

// structure makes a struct of type t from a map of its fields.
func (w *walk) structure(v reflect.Value, t reflect.Type, at *path) (reflect.Value, bool) {
	set, ok := w.settings(v, t, at)
	if !ok {
		return reflect.Value{}, false
	}
	out := reflect.New(t).Elem()
	return out, w.fill(out, set, at)
}

// setting is a field and the exact value that it gets.
type setting struct {
	field *field
	value reflect.Value
}

// settings makes the values of the fields of t that the map v names.
func (w *walk) settings(v reflect.Value, t reflect.Type, at *path) ([]setting, bool) {
	before := len(w.errs)
	fields := fieldsOf(t)
	set := make([]setting, 0, v.Len())
	taken := make(map[*field]string, v.Len())
	for _, key := range sortedKeys(v) {
		if w.stop {
			break
		}
		f := w.field(fields, key.String(), t, at)
		if f == nil {
			continue
		}
		if first, double := taken[f]; double {
			w.refuseFor(at.field(f.name), f.typ, "two keys for one field, "+quoteKey(first)+" and "+quoteKey(key.String()),
				"one of them")
			continue
		}
		taken[f] = key.String()
		if value, ok := w.value(v.MapIndex(key).Interface(), f.typ, at.field(f.name)); ok {
			set = append(set, setting{f, value})
		}
	}
	return set, len(w.errs) == before && !w.stop
}

// field is the field of t that key names, or nil after a refusal.
func (w *walk) field(fields []field, key string, t reflect.Type, at *path) *field {
	exact, folded := matchField(fields, key)
	switch {
	case exact != nil:
		return exact
	case len(folded) == 1:
		return folded[0]
	case len(folded) > 1:
		w.refuseFor(at.field(key), t, "a key that fits two fields",
			"the exact name: "+quoteKey(folded[0].name)+" or "+quoteKey(folded[1].name))
		return nil
	}
	wanted := "a field of " + typeName(t)
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].name
	}
	if name := nearest.Of(key, names); name != "" {
		wanted += "; did you mean " + quoteKey(name) + "?"
	}
	w.refuseFor(at.field(key), t, "unknown field", wanted)
	return nil
}

// fill puts the values into their fields of dst. Mapstructure fills a fresh struct for dst and for each struct embedded
// in it; only when all of these are done the named fields of dst are set, so that a failure leaves dst as it was.
func (w *walk) fill(dst reflect.Value, set []setting, at *path) bool {
	parts := map[string]map[string]any{}
	fresh := map[string]reflect.Value{}
	for _, s := range set {
		if !isCarried(s.field.typ) {
			continue
		}
		if owner := s.field.owner; parts[owner] == nil {
			parts[owner] = map[string]any{}
			fresh[owner] = reflect.New(s.field.ownerType).Elem()
		}
		parts[s.field.owner][s.field.goName] = s.value.Interface()
	}
	for owner, out := range fresh {
		if !w.transfer(parts[owner], out, at) {
			return false
		}
	}
	for _, s := range set {
		value := s.value
		if isCarried(s.field.typ) {
			value = fresh[s.field.owner].FieldByName(s.field.goName)
		}
		s.field.of(dst).Set(value)
	}
	return true
}

// isCarried tells whether mapstructure brings a value of type t over unchanged. It copies what a pointer points to,
// drops the type of a nil in an interface, and has no complex numbers or uintptr: those, and lists and maps, which are
// complete by then, are set without it.
func isCarried(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Struct:
		return true
	case reflect.Uintptr:
		return false
	}
	return isNumber(t.Kind())
}

// transfer has mapstructure assign parts, which are exact, to out.
func (w *walk) transfer(parts any, out reflect.Value, at *path) bool {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		ErrorUnused: true,
		// No struct tag has a colon for a key, so that mapstructure goes by Go names. It reads json tags in its own
		// way: "-" is a name to it, and an embedded struct with a name is flattened all the same.
		TagName:   ":",
		MatchName: func(key, name string) bool { return key == name },
		Result:    out.Addr().Interface(),
	})
	if err == nil {
		err = decoder.Decode(parts)
	}
	if err != nil { // its text quotes values
		w.refuseFor(at, out.Type(), "values that could not be assigned", wantedOf(out.Type()))
	}
	return err == nil
}

// sortedKeys is the keys of the map v in order.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
