package decode

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aktgo/akt/internal/nearest"
)

// value sets dst, which is zero, to what in gives for the type of p. With a refusal dst may have
// any value.
func (w *walk) value(p *plan, in any, dst reflect.Value) {
	if w.stop {
		return
	}
	if in == nil {
		w.null(p, dst)
		return
	}
	ok := false
	switch p.form {
	case formString:
		ok = w.string(in, dst)
	case formBool:
		if v := reflect.ValueOf(in); v.Kind() == reflect.Bool {
			dst.SetBool(v.Bool())
			ok = true
		}
	case formInt, formUint, formFloat:
		if found := setNumber(in, dst); found != "" {
			w.refuse(p.typ, found)
		}
		return
	case formNumber:
		w.jsonNumber(p, in, dst)
		return
	case formDuration:
		ok = w.duration(p, in, dst)
	case formJSON:
		w.json(p, in, dst)
		return
	case formText:
		w.text(p, in, dst)
		return
	case formPointer:
		ok = w.pointer(p, in, dst)
	case formStruct:
		w.fieldsOrTaken(p, in, dst, false, w.structure)
		return
	case formMap:
		w.fieldsOrTaken(p, in, dst, p.key.isNumber(p.typ.Key()), w.mapping)
		return
	case formBytes:
		ok = w.bytes(p, in, dst) || w.list(p, in, dst)
	case formList, formArray:
		ok = w.list(p, in, dst)
	case formInterface:
		if p.typ.NumMethod() == 0 || reflect.TypeOf(in).Implements(p.typ) {
			if in = w.copied(in); in != nil {
				dst.Set(reflect.ValueOf(in))
			}
			ok = true
		}
	case formOpaque, formExact:
		ok = w.taken(p, in, dst)
	}
	if !ok {
		w.refuse(p.typ, kindOf(in))
	}
}

// taken copies a Go value of the type of p, which was made in Go and is not checked again. It
// reports false for another type. A type that reads itself takes no other that Go could assign to
// it, for that would bypass its own code.
func (w *walk) taken(p *plan, in any, dst reflect.Value) bool {
	t := reflect.TypeOf(in)
	if t != p.typ && (p.form == formJSON || p.form == formText || !t.AssignableTo(p.typ)) {
		return false
	}
	dst.Set(reflect.ValueOf(in))
	w.detach(dst)
	return true
}

// null is the value for a JSON null: nil where the type has a nil.
func (w *walk) null(p *plan, dst reflect.Value) {
	if p.form == formJSON {
		w.json(p, nil, dst)
		return
	}
	switch p.typ.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		dst.SetZero()
		return
	}
	wanted := wantedOf(p.typ)
	if !strings.Contains(wanted, "leave the field out") {
		wanted += "; leave the field out for its zero value"
	}
	w.refuseFor(p.typ, "null", wanted)
}

func (w *walk) string(in any, dst reflect.Value) bool {
	if s, ok := in.(string); ok {
		dst.SetString(s)
		return true
	}
	v := reflect.ValueOf(in)
	if !isString(v) {
		return false
	}
	dst.SetString(v.String())
	return true
}

// duration reads a string such as "1.5s".
func (w *walk) duration(p *plan, in any, dst reflect.Value) bool {
	v := reflect.ValueOf(in)
	if !isString(v) {
		return w.taken(p, in, dst)
	}
	d, err := time.ParseDuration(v.String())
	if err != nil { // its text quotes the value
		w.refuse(p.typ, "string that is not a duration")
		return true
	}
	dst.SetInt(int64(d))
	return true
}

// bytes copies a byte slice or reads a base64 string, as encoding/json does.
func (w *walk) bytes(p *plan, in any, dst reflect.Value) bool {
	v := reflect.ValueOf(in)
	switch {
	case isString(v):
		b, err := base64.StdEncoding.DecodeString(v.String())
		if err != nil {
			w.refuse(p.typ, "string that is not base64")
		}
		dst.SetBytes(b)
		return true
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		dst.SetBytes(slices.Clone(v.Bytes()))
		return true
	}
	return false
}

// pointer makes a fresh pointer to what in gives.
func (w *walk) pointer(p *plan, in any, dst reflect.Value) bool {
	if w.taken(p, in, dst) {
		return true
	}
	if reflect.TypeOf(in).Kind() == reflect.Pointer {
		switch p.elem.form {
		case formPointer, formInterface, formJSON: // which may take it
		default:
			return false
		}
	}
	fresh := reflect.New(p.elem.typ)
	w.value(p.elem, in, fresh.Elem())
	dst.Set(fresh.Convert(p.typ))
	return true
}

// fieldsOrTaken has build make a struct or map of what in has by name, takes a value of the type of
// p as it is, and refuses all else.
func (w *walk) fieldsOrTaken(
	p *plan, in any, dst reflect.Value, numbers bool,
	build func(*plan, map[string]any, reflect.Value),
) {
	m, ok := in.(map[string]any)
	if !ok {
		if w.taken(p, in, dst) {
			return
		}
		var found string
		if m, found = named(in, numbers); found != "" {
			w.refuse(p.typ, found)
			return
		}
	}
	build(p, m, dst)
}

// structure sets the fields of the struct dst that m names.
func (w *walk) structure(p *plan, m map[string]any, dst reflect.Value) {
	var taken seen
	if w.sorted {
		for key, in := range w.entries(m) {
			w.field(p, m, key, in, dst, &taken)
		}
		return
	}
	for key, in := range m { // by itself, as an iterator costs two allocations
		w.field(p, m, key, in, dst, &taken)
	}
}

// field sets the field of the struct dst that key names.
func (w *walk) field(
	p *plan, m map[string]any, key string, in any, dst reflect.Value, taken *seen,
) {
	if w.stop {
		return
	}
	i := p.find(key)
	if i < 0 {
		w.refuseKey(p, key, i)
		return
	}
	f := &p.fields[i]
	w.push(step{kind: stepField, name: f.name})
	switch {
	case !taken.add(i):
		w.refuseTwice(f, m)
	case f.quoted && w.unquote(f.plan, &in): // refused
	case w.merging:
		w.merge(f.plan, in, w.reach(f, dst))
	case len(f.index) == 1:
		w.value(f.plan, in, dst.Field(f.index[0]))
	default:
		w.value(f.plan, in, w.reach(f, dst))
	}
	w.pop()
}

// reach is the field in the struct v. Nil pointers to embedded structs on the way are made.
func (w *walk) reach(f *field, v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			switch {
			case w.merging:
				v = w.open(v)
			case v.IsNil():
				v.Set(reflect.New(v.Type().Elem()))
				fallthrough
			default:
				v = v.Elem()
			}
		}
		v = v.Field(i)
	}
	return v
}

// refuseKey notes that key names no field, or several.
func (w *walk) refuseKey(p *plan, key string, why int) {
	w.push(step{kind: stepKey, name: key})
	defer w.pop()
	var names []string
	for i := range p.fields {
		if why != ambiguous || strings.EqualFold(key, p.fields[i].name) {
			names = append(names, p.fields[i].name)
		}
	}
	if why == ambiguous {
		w.refuseFor(p.typ, "a key that fits two fields",
			"the exact name: "+Quote(names[0])+" or "+Quote(names[1]))
		return
	}
	wanted := "a field of " + typeName(p.typ)
	if name := nearest.Of(key, names); name != "" {
		wanted += "; did you mean " + Quote(name) + "?"
	}
	w.refuseFor(p.typ, "unknown field", wanted)
}

// refuseTwice notes that several keys of m name the field f.
func (w *walk) refuseTwice(f *field, m map[string]any) {
	var keys []string
	for key := range m {
		if strings.EqualFold(key, f.name) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	e, left := w.fault(f.typ, "", "one of them")
	first, used := quote(keys[0], left/2)
	second, _ := quote(keys[1], left-used)
	e.Found = "two keys for one field, " + first + " and " + second
}

// unquote replaces what encoding/json writes in a string, for the option of a field's tag, by what
// is in it. It reports true after a refusal. What is not in a string is left as it is.
func (w *walk) unquote(p *plan, in *any) (refused bool) {
	t := p
	if t.form == formPointer {
		t = t.elem
	}
	v := reflect.ValueOf(*in)
	if !v.IsValid() || !isString(v) {
		return false
	}
	s, kind := v.String(), t.typ.Kind()
	switch {
	case t.form == formDuration:
	case kind == reflect.String && t.form != formNumber:
		var inner *string
		if json.Unmarshal([]byte(s), &inner) != nil || inner == nil {
			w.refuseFor(p.typ, "string without quotes in it",
				`a JSON string in a string, such as "\"a\"", for the tag's option string`)
			return true
		}
		*in = *inner
	case kind == reflect.Bool:
		if s != "true" && s != "false" {
			w.refuse(p.typ, "string that is not a bool")
			return true
		}
		*in = s == "true"
	default:
		if _, ok := scanNumber(s); !ok {
			w.refuse(p.typ, "string that is not a number")
			return true
		}
		*in = json.Number(s)
	}
	return false
}

// list makes a slice or an array, element by element. It reports false where in is no list.
func (w *walk) list(p *plan, in any, dst reflect.Value) bool {
	items, ok := in.([]any)
	if !ok || items == nil {
		if w.taken(p, in, dst) {
			return true
		}
		v := reflect.ValueOf(in)
		if !isList(v) {
			return false
		}
		if p.form != formArray && v.Kind() == reflect.Slice && v.IsNil() {
			return true
		}
		items = make([]any, v.Len())
		for i := range items {
			items[i] = v.Index(i).Interface()
		}
	}
	switch {
	case p.form != formArray:
		dst.Set(reflect.MakeSlice(p.typ, len(items), len(items)))
	case len(items) != p.typ.Len():
		w.refuse(p.typ, "list of another length")
		return true
	}
	for i, item := range items {
		if w.stop {
			break
		}
		w.push(step{kind: stepItem, index: i})
		w.value(p.elem, item, dst.Index(i))
		w.pop()
	}
	return true
}
