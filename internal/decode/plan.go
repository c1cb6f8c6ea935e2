package decode

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"sync"
	"time"
)

// form is how values of a type are made.
type form uint8

const (
	formNone      form = iota // not at all
	formOpaque                // only from a Go value of that very type
	formExact                 // likewise: complex numbers
	formJSON                  // by its UnmarshalJSON
	formText                  // by its UnmarshalText
	formDuration              // a time.Duration
	formNumber                // a json.Number
	formBool                  //
	formString                //
	formInt                   //
	formUint                  //
	formFloat                 //
	formPointer               //
	formStruct                //
	formMap                   //
	formBytes                 // a slice of bytes, which is base64 too
	formList                  // any other slice
	formArray                 //
	formInterface             //
)

// plan is what there is to know of a type before its values are made. It does not change once it is
// in use.
type plan struct {
	typ    reflect.Type
	form   form
	closed bool    // with formOpaque: not even without any field
	elem   *plan   // of a pointer, list, array or map
	key    keyForm // of a map
	fields []field // of a struct, in order of their names
	byName map[string]int
	byFold map[string]int // by the name without case; ambiguous where several fields have it

	foreignOnce sync.Once
	foreign     bool
}

var (
	durationType        = reflect.TypeFor[time.Duration]()
	timeType            = reflect.TypeFor[time.Time]()
	jsonNumberType      = reflect.TypeFor[json.Number]()
	rawJSONType         = reflect.TypeFor[json.RawMessage]()
	bigIntType          = reflect.TypeFor[big.Int]()
	bigFloatType        = reflect.TypeFor[big.Float]()
	bigRatType          = reflect.TypeFor[big.Rat]()
	jsonMarshalerType   = reflect.TypeFor[json.Marshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// planOf is the plan of a type, made at first need.
func (d *Decoder) planOf(t reflect.Type) *plan {
	if p, ok := d.plans.Load(t); ok {
		return p.(*plan)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.build(t)
	for t, p := range d.building { // only now all that they lead to is complete
		d.plans.Store(t, p)
	}
	clear(d.building)
	return p
}

// build makes the plan of a type and of all that it leads to. The caller holds mu.
func (d *Decoder) build(t reflect.Type) *plan {
	if p, ok := d.plans.Load(t); ok {
		return p.(*plan)
	}
	if p := d.building[t]; p != nil {
		return p
	}
	p := &plan{typ: t}
	d.building[t] = p
	p.form = d.formOf(t)
	switch p.form {
	case formOpaque:
		p.closed = d.closed(t)
	case formPointer, formList, formArray:
		p.elem = d.build(t.Elem())
	case formBytes:
		p.elem = d.build(t.Elem())
	case formMap:
		p.key, p.elem = keyFormOf(t.Key()), d.build(t.Elem())
	case formStruct:
		p.fields = d.fieldsOf(t)
		p.byName, p.byFold = index(p.fields)
		for i := range p.fields {
			p.fields[i].plan = d.build(p.fields[i].typ)
		}
	}
	return p
}

// formOf decides how values of type t are made: first of all by the type's own code.
func (d *Decoder) formOf(t reflect.Type) form {
	switch {
	case t.Kind() == reflect.Struct && d.closed(t):
		return formOpaque
	case readsJSON(t):
		return formJSON
	case readsText(t):
		return formText
	case t == durationType:
		return formDuration
	case t == jsonNumberType:
		return formNumber
	case isInt(t.Kind()):
		return formInt
	case isUint(t.Kind()):
		return formUint
	case isFloat(t.Kind()):
		return formFloat
	}
	switch t.Kind() {
	case reflect.Bool:
		return formBool
	case reflect.String:
		return formString
	case reflect.Complex64, reflect.Complex128:
		return formExact
	case reflect.Interface:
		return formInterface
	case reflect.Pointer:
		if isEndless(t) {
			return formNone
		}
		return formPointer
	case reflect.Struct:
		if isOpaque(t) {
			return formOpaque
		}
		return formStruct
	case reflect.Map:
		if keyFormOf(t.Key()) == keyNone {
			return formNone
		}
		return formMap
	case reflect.Array:
		return formArray
	case reflect.Slice:
		if e := t.Elem(); e.Kind() == reflect.Uint8 && !readsJSON(e) && !readsText(e) {
			return formBytes
		}
		return formList
	}
	return formNone
}

// readsJSON tells whether a t reads itself from JSON, by a method of its own or of what it embeds.
func readsJSON(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(jsonUnmarshalerType)
}

// readsText tells whether a t reads itself from a string.
func readsText(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(textUnmarshalerType)
}

// isEndless tells whether a pointer type leads to nothing but pointers.
func isEndless(t reflect.Type) bool {
	for slow, step := t, false; t.Kind() == reflect.Pointer; step = !step {
		if t = t.Elem(); t == slow {
			return true
		}
		if step {
			slow = slow.Elem()
		}
	}
	return false
}

// isOpaque tells whether a struct is for its own package to make: it has unexported fields, and
// none that JSON could set. A sync.Mutex, a time.Timer or a strings.Builder are such. Of these a
// zero value behind a pointer, which {} would make, is often worse than none.
func isOpaque(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	settable, hidden := lookInto(t, map[reflect.Type]bool{})
	return hidden && !settable
}

// lookInto tells whether the struct t, or one embedded in it, has a field that JSON could set, and
// one that is hidden.
func lookInto(t reflect.Type, seen map[reflect.Type]bool) (settable, hidden bool) {
	if seen[t] {
		return false, false
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		embedded := embeddedStruct(f)
		switch kind := f.Type.Kind(); {
		case f.Name == "_":
		case embedded != nil:
			s, h := lookInto(embedded, seen)
			settable, hidden = settable || s, hidden || h
		case !f.IsExported():
			hidden = true
		case kind == reflect.Func, kind == reflect.Chan, kind == reflect.UnsafePointer:
		case kind == reflect.Interface && f.Type.NumMethod() > 0:
		default:
			settable = true
		}
	}
	return settable, hidden
}

// takesFields tells whether a message of the type can be built from fields.
func (p *plan) takesFields() bool {
	for p != nil && p.form == formPointer {
		p = p.elem
	}
	if p == nil {
		return false
	}
	switch p.form {
	case formStruct, formMap, formJSON:
		return true
	case formOpaque:
		return !p.closed
	}
	return false
}

// safePackages have types whose own code does not end the goroutine.
var safePackages = map[string]bool{
	"time": true, "net": true, "net/netip": true, "math/big": true, "encoding/json": true,
}

// isForeign tells whether making a value may call code of the users.
func (p *plan) isForeign() bool {
	p.foreignOnce.Do(func() { p.foreign = p.leadsToForeign(map[*plan]bool{}) })
	return p.foreign
}

func (p *plan) leadsToForeign(seen map[*plan]bool) bool {
	if p == nil || seen[p] {
		return false
	}
	seen[p] = true
	if (p.form == formJSON || p.form == formText) && !safePackages[p.typ.PkgPath()] {
		return true
	}
	if p.form == formMap && p.key >= keyJSON && !safePackages[p.typ.Key().PkgPath()] {
		return true
	}
	for i := range p.fields {
		if p.fields[i].plan.leadsToForeign(seen) {
			return true
		}
	}
	return p.elem.leadsToForeign(seen)
}
