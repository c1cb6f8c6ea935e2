package decode

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is a field that a key can name.
type field struct {
	name   string // json tag name, else Go name
	typ    reflect.Type
	plan   *plan
	index  []int // from the outermost struct
	tagged bool
	quoted bool // by the option string of its tag
}

// What find returns instead of a field's index.
const (
	unknown   = -1
	ambiguous = -2
)

// index is fields by name, and by name without case.
func index(fields []field) (byName, byFold map[string]int) {
	byName, byFold = make(map[string]int, len(fields)), make(map[string]int, len(fields))
	for i, f := range fields {
		byName[f.name] = i
		folded := string(appendFolded(nil, f.name))
		if _, several := byFold[folded]; several {
			byFold[folded] = ambiguous
		} else {
			byFold[folded] = i
		}
	}
	return byName, byFold
}

// find is the index of the field that key names: in its exact case, or else, where only one field
// differs in nothing but case, that one.
func (p *plan) find(key string) int {
	if i, ok := p.byName[key]; ok {
		return i
	}
	var room [64]byte
	if i, ok := p.byFold[string(appendFolded(room[:0], key))]; ok {
		return i
	}
	return unknown
}

// appendFolded appends s with each rune replaced by the least that differs from it in case only, so
// that strings are the same for which strings.EqualFold is true.
func appendFolded(to []byte, s string) []byte {
	for _, r := range s {
		if r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			to = append(to, byte(r))
			continue
		}
		for next := unicode.SimpleFold(r); ; next = unicode.SimpleFold(next) {
			if next <= r {
				r = next
				break
			}
		}
		to = utf8.AppendRune(to, r)
	}
	return to
}

// fieldsOf is the fields of the struct t in order of their names. Embedded structs without a tag
// name are flattened as encoding/json does it: of fields with one name the least deep counts, then
// the tagged one, else none. Unexported fields, fields tagged "-" and fields behind an embedded
// pointer to an unexported struct, which cannot be made, are left out.
func (d *Decoder) fieldsOf(t reflect.Type) []field {
	all := d.collectFields(nil, t, nil, map[reflect.Type]bool{})
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
	return fields
}

// collectFields appends the fields of t, which lies at index, and of the structs embedded in it.
// The types in open are being collected. An embedded type that reads itself, where its method is
// not that of the whole struct – as two of them have one – gives no fields: they would bypass it.
func (d *Decoder) collectFields(
	all []field, t reflect.Type, index []int, open map[reflect.Type]bool,
) []field {
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
			if reads := readsJSON(embedded) || readsText(embedded); reads || d.closed(embedded) {
				break
			}
			if f.IsExported() || f.Type.Kind() == reflect.Struct {
				all = d.collectFields(all, embedded, at, open)
			}
		case f.IsExported():
			all = append(all, field{
				name: cmp.Or(name, f.Name), typ: f.Type, index: at,
				tagged: name != "", quoted: isQuoted(f.Type, tag),
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
		const marks = "!#$%&()*+-./:;<=>?@[]^_{|}~ "
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(marks, r) {
			return ""
		}
	}
	return name
}

// isQuoted tells whether encoding/json writes a field of type t in a string, for the option of its
// tag.
func isQuoted(t reflect.Type, tag string) bool {
	_, options, _ := strings.Cut(tag, ",")
	if !slices.Contains(strings.Split(options, ","), "string") {
		return false
	}
	if t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	p := reflect.PointerTo(t)
	if p.Implements(jsonMarshalerType) || p.Implements(textMarshalerType) {
		return false // the type's own code writes it, which knows of no tag
	}
	return t.Kind() == reflect.Bool || t.Kind() == reflect.String || isNumber(t.Kind())
}

// seen is a set of fields.
type seen struct {
	first uint64
	more  map[int]bool
}

// add reports whether i was not in the set yet.
func (s *seen) add(i int) bool {
	if i < 64 {
		before := s.first
		s.first |= 1 << i
		return s.first != before
	}
	if s.more == nil {
		s.more = map[int]bool{}
	}
	before := s.more[i]
	s.more[i] = true
	return !before
}
