package akt

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// decodeField is a field that a key can name.
type decodeField struct {
	name      string // json tag name, else Go name
	goName    string
	typ       reflect.Type
	index     []int        // from the outermost struct
	owner     string       // index of the struct that declares it
	ownerType reflect.Type // type of the struct that declares it
	tagged    bool
}

// of is the field in the struct v. Nil pointers to embedded structs on the way
// are made.
func (f *decodeField) of(v reflect.Value) reflect.Value {
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

// decodeFields holds the result of fieldsOf by type.
var decodeFields sync.Map // reflect.Type to []decodeField

// fieldsOf is the fields of the struct t in order of their names. Embedded
// structs without a tag name are flattened as encoding/json does it: of fields
// with one name the least deep counts, then the tagged one, else none.
// Unexported fields, fields tagged "-" and fields behind an embedded pointer
// to an unexported struct, which cannot be made, are left out.
func fieldsOf(t reflect.Type) []decodeField {
	if known, ok := decodeFields.Load(t); ok {
		return known.([]decodeField)
	}
	all := collectFields(nil, t, nil, map[reflect.Type]bool{})
	slices.SortStableFunc(all, func(a, b decodeField) int {
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
	fields := make([]decodeField, 0, len(all))
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
	known, _ := decodeFields.LoadOrStore(t, fields)
	return known.([]decodeField)
}

// collectFields appends the fields of t, which lies at index, and of the
// structs embedded in it. The types in open are being collected.
func collectFields(all []decodeField, t reflect.Type, index []int, open map[reflect.Type]bool) []decodeField {
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
			all = append(all, decodeField{
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

// tagName is the name in a json tag, or "" if it has none that encoding/json
// would take.
func tagName(tag string) string {
	name, _, _ := strings.Cut(tag, ",")
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return ""
		}
	}
	return name
}

// matchField is the field whose name is key, or else the fields whose names
// differ from key in case only.
func matchField(fields []decodeField, key string) (exact *decodeField, folded []*decodeField) {
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

// nearestField is the name most like key, or "" if none is near.
func nearestField(fields []decodeField, key string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	key = strings.ToLower(plain.Replace(cutKey(key)))
	nearest, least := "", 3
	for _, f := range fields {
		name := strings.ToLower(plain.Replace(f.name))
		limit := max(1, min(len(name), len(key))/3)
		if n := editDistance([]rune(key), []rune(name)); n <= limit && n < least && n < len(name) {
			nearest, least = f.name, n
		}
	}
	return nearest
}

// editDistance is how many runes have to be put in, taken out or changed to
// make b of a.
func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, ra := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, rb := range b {
			change := diagonal
			if ra != rb {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
