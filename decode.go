package akt

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/mitchellh/mapstructure"
)

// Raw is a message by name: one whose Go type the sender does not have at
// hand. Name is the name of the message type and Fields holds its fields by
// name, in the shape that encoding/json decodes an object into. Nil Fields
// stand for a message with no field set.
//
// The receiver's message is built from Fields strictly: an unknown field, a
// value of another kind or a number that does not fit is a [DecodeError].
type Raw struct {
	Name   string
	Fields map[string]any
}

const (
	// decodeDepth is how many lists, maps and structs may lie in each other.
	decodeDepth = 1000
	// decodeErrorLimit is how many refusals are collected before giving up.
	decodeErrorLimit = 20
	// decodePointers is how many pointers may point to each other in a type.
	decodePointers = 16
)

var (
	durationType        = reflect.TypeFor[time.Duration]()
	timeType            = reflect.TypeFor[time.Time]()
	jsonNumberType      = reflect.TypeFor[json.Number]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decodeMessage builds a value of type t from fields. The type t is a struct,
// a pointer to a struct (a fresh one is made), or a map with string keys;
// every other type is refused. Fields that are left out stay zero, and nil
// fields stand for none.
//
// Lists and maps are copied when the field names their type. What stays
// shared with the caller is what is taken as it is: values in interface
// fields, pointers, and struct values of the field's own type.
//
// The error holds one *DecodeError for each refusal, ordered by path; then the
// value is the zero reflect.Value.
func decodeMessage(fields map[string]any, t reflect.Type) (reflect.Value, error) {
	if fields == nil {
		fields = map[string]any{}
	}
	in := reflect.ValueOf(fields)
	w := &decodeWalk{}
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
		w.refuseFor(nil, t, "fields", "a message type that is a struct, a pointer to a struct or a map with string keys; such a message cannot be built from fields")
	}
	if err := w.err(); err != nil {
		return reflect.Value{}, err
	}
	return out, nil
}

// decodeInto sets fields on the struct that target points to, by the rules of
// decodeMessage. A field that is named is replaced as a whole, nested structs
// included; fields left out keep what they hold. It is all or nothing: with an
// error the struct is unchanged.
func decodeInto(fields map[string]any, target any) error {
	w := &decodeWalk{}
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

// decodeWalk goes through the wanted type and the input side by side. It
// checks every value and makes it exact before mapstructure sees it, because
// only here the path is known, and because mapstructure wraps numbers around
// and quotes values in its errors.
type decodeWalk struct {
	errs []*DecodeError
	stop bool
}

// list makes a slice or an array of type t, element by element.
func (w *decodeWalk) list(v reflect.Value, t reflect.Type, at *decodePath) (reflect.Value, bool) {
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
func (w *decodeWalk) mapping(v reflect.Value, t reflect.Type, at *decodePath) (reflect.Value, bool) {
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
func (w *decodeWalk) structure(v reflect.Value, t reflect.Type, at *decodePath) (reflect.Value, bool) {
	set, ok := w.settings(v, t, at)
	if !ok {
		return reflect.Value{}, false
	}
	out := reflect.New(t).Elem()
	return out, w.fill(out, set, at)
}

// decodeSetting is a field and the exact value that it gets.
type decodeSetting struct {
	field *decodeField
	value reflect.Value
}

// settings makes the values of the fields of t that the map v names.
func (w *decodeWalk) settings(v reflect.Value, t reflect.Type, at *decodePath) ([]decodeSetting, bool) {
	before := len(w.errs)
	fields := fieldsOf(t)
	set := make([]decodeSetting, 0, v.Len())
	taken := make(map[*decodeField]string, v.Len())
	for _, key := range sortedKeys(v) {
		if w.stop {
			break
		}
		field := w.field(fields, key.String(), t, at)
		if field == nil {
			continue
		}
		if first, double := taken[field]; double {
			w.refuseFor(at.field(field.name), field.typ, "two keys for one field, "+quoteKey(first)+" and "+quoteKey(key.String()), "one of them")
			continue
		}
		taken[field] = key.String()
		if value, ok := w.value(v.MapIndex(key).Interface(), field.typ, at.field(field.name)); ok {
			set = append(set, decodeSetting{field, value})
		}
	}
	return set, len(w.errs) == before && !w.stop
}

// field is the field of t that key names, or nil after a refusal.
func (w *decodeWalk) field(fields []decodeField, key string, t reflect.Type, at *decodePath) *decodeField {
	exact, folded := matchField(fields, key)
	switch {
	case exact != nil:
		return exact
	case len(folded) == 1:
		return folded[0]
	case len(folded) > 1:
		w.refuseFor(at.field(key), t, "a key that fits two fields", "the exact name: "+quoteKey(folded[0].name)+" or "+quoteKey(folded[1].name))
		return nil
	}
	wanted := "a field of " + goTypeName(t)
	if name := nearestField(fields, key); name != "" {
		wanted += "; did you mean " + quoteKey(name) + "?"
	}
	w.refuseFor(at.field(key), t, "unknown field", wanted)
	return nil
}

// fill puts the values into their fields of dst. Mapstructure fills a fresh
// struct for dst and for each struct embedded in it; only when all of these
// are done the named fields of dst are set, so that a failure leaves dst as it
// was.
func (w *decodeWalk) fill(dst reflect.Value, set []decodeSetting, at *decodePath) bool {
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

// isCarried tells whether mapstructure brings a value of type t over
// unchanged. It copies what a pointer points to, drops the type of a nil in an
// interface, and has no complex numbers or uintptr: those, and lists and maps,
// which are complete by then, are set without it.
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
func (w *decodeWalk) transfer(parts any, out reflect.Value, at *decodePath) bool {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		ErrorUnused: true,
		// No struct tag has a colon for a key, so that mapstructure goes by Go
		// names. It reads json tags in its own way: "-" is a name to it, and
		// an embedded struct with a name is flattened all the same.
		TagName:   ":",
		MatchName: func(key, name string) bool { return key == name },
		Result:    out.Addr().Interface(),
	})
	if err == nil {
		err = decoder.Decode(parts)
	}
	if err != nil { // its text quotes values
		w.refuseFor(at, out.Type(), "values that could not be assigned", decodeWanted(out.Type()))
	}
	return err == nil
}

// sortedKeys is the keys of the map v in order.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
