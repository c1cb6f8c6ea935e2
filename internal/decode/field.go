package decode

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// field is a field that a key can name.
type field struct {
	name      string // json tag name, else Go name
	goName    string
	typ       reflect.Type
	index     []int        // from the outermost struct
	owner     string       // index of the struct that declares it
	ownerType reflect.Type // type of the struct that declares it
	tagged    bool
}

// of is the field in the struct v. Nil pointers to embedded structs on the way are made.
func (f *field) of(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// fieldsByType holds the result of fieldsOf.
var fieldsByType sync.Map // reflect.Type to []field

// fieldsOf is the fields of the struct t in order of their names. Embedded structs without a tag name are flattened as
// encoding/json does it: of fields with one name the least deep counts, then the tagged one, else none. Unexported
// fields, fields tagged "-" and fields behind an embedded pointer to an unexported struct, which cannot be made, are
// left out.
func fieldsOf(t reflect.Type) []field {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]field)
	}
	all := collectFields(nil, t, nil, map[reflect.Type]bool{})
	slices.SortStableFunc(all, func(a, b field) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		if c := len(a.index) - len(b.index); c != 0 {
			return c
		}
		switch {
		case a.tagged && !b.tagged:
			return -1
		case b.tagged && !a.tagged:
			return 1
		}
		return 0
	})
	fields := make([]field, 0, len(all))
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].name == all[0].name {
			n++
		}
		if n == 1 || len(all[1].index) > len(all[0].index) || all[0].tagged && !all[1].tagged {
			fields = append(fields, all[0])
		}
		all = all[n:]
	}
	known, _ := fieldsByType.LoadOrStore(t, fields)
	return known.([]field)
}

// collectFields appends the fields of t, which lies at index, and of the structs embedded in it. The types in open are
// being collected.
func collectFields(all []field, t reflect.Type, index []int, open map[reflect.Type]bool) []field {
	if open[t] {
		return all
	}
	open[t] = true
	defer delete(open, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name := tagName(tag)
		at := append(slices.Clone(index), i)
		switch embedded := embeddedStruct(f); {
		case tag == "-":
		case embedded != nil && name == "":
			if f.IsExported() || f.Type.Kind() == reflect.Struct {
				all = collectFields(all, embedded, at, open)
			}
		case f.IsExported():
			all = append(all, field{
				name: cmp.Or(name, f.Name), goName: f.Name, typ: f.Type, index: at,
				owner: fmt.Sprint(index), ownerType: t, tagged: name != "",
			})
		}
	}
	return all
}

// embeddedStruct is the struct type that f embeds, or nil.
func embeddedStruct(f reflect.StructField) reflect.Type {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !f.Anonymous || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// tagName is the name in a json tag, or "" if it has none that encoding/json would take.
func tagName(tag string) string {
	name, _, _ := strings.Cut(tag, ",")
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return ""
		}
	}
	return name
}

// matchField is the field whose name is key, or else the fields whose names differ from key in case only.
func matchField(fields []field, key string) (exact *field, folded []*field) {
	for i := range fields {
		switch f := &fields[i]; {
		case f.name == key:
			return f, nil
		case strings.EqualFold(f.name, key):
			folded = append(folded, f)
		}
	}
	return nil, folded
}
