package handlers

import (
	"iter"
	"reflect"
	"slices"
)

// embedded is a type that is embedded somewhere in the one that is scanned, or that one itself.
type embedded struct {
	typ  reflect.Type
	path []reflect.StructField // the embedded fields that lead to it, itself the last
}

// levels are the types that are embedded in a type, by their depth, as Go looks for what it
// promotes: first the type itself. Each is at its least depth only, where it may be several times.
func levels(t reflect.Type) iter.Seq[[]embedded] {
	return func(yield func([]embedded) bool) {
		seen := map[reflect.Type]bool{elemOf(t): true}
		level := []embedded{{typ: t}}
		for len(level) > 0 && yield(level) {
			level = below(level, seen)
		}
	}
}

// below is what is embedded in the types of a level, and was not seen yet.
func below(level []embedded, seen map[reflect.Type]bool) (next []embedded) {
	for _, e := range level {
		for _, f := range e.fields() {
			if f.Anonymous && !seen[elemOf(f.Type)] {
				next = append(next, embedded{f.Type, append(slices.Clip(e.path), f)})
			}
		}
	}
	for _, e := range next {
		seen[elemOf(e.typ)] = true
	}
	return next
}

// fields are those of a struct, or of what a pointer to one points to.
func (e embedded) fields() []reflect.StructField {
	elem := elemOf(e.typ)
	if elem.Kind() != reflect.Struct {
		return nil
	}
	fields := make([]reflect.StructField, elem.NumField())
	for i := range fields {
		fields[i] = elem.Field(i)
	}
	return fields
}

// methodSet is the type with all methods that an embedded field of type t brings to an addressable
// struct.
func methodSet(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return t
	}
	return reflect.PointerTo(t)
}

// elemOf is what a pointer points to, and any other type itself.
func elemOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
