package akt

import (
	"reflect"
	"slices"
)

// ambiguities returns the handlers and hooks of which Go promotes none, as several embedded types
// of the same depth have one, and none is less deep: for each name where those come from.
func ambiguities(t reflect.Type) map[string][]reflect.Type {
	torn := map[string][]reflect.Type{}
	decided := map[string]bool{}                   // by a less deep level, as Go does
	seen := map[reflect.Type]bool{elemOf(t): true} // at a less deep level, which is where Go looks
	for level := []embedded{{typ: t}}; len(level) > 0; {
		for name, found := range originsIn(level) {
			if !decided[name] && found.fault() {
				torn[name] = found.types()
			}
			decided[name] = true
		}
		level = below(level, seen)
	}
	return torn
}

// embedded is a type that is embedded somewhere in an actor's, or the actor's itself.
type embedded struct {
	typ  reflect.Type
	path []reflect.Type // the embedded types that lead to it, itself the last
}

// below is what is embedded in the types of a level, and was not seen yet.
func below(level []embedded, seen map[reflect.Type]bool) (next []embedded) {
	for _, e := range level {
		for _, f := range e.fields() {
			if f.Anonymous && !seen[elemOf(f.Type)] {
				next = append(next, embedded{f.Type, append(slices.Clip(e.path), f.Type)})
			}
		}
	}
	for _, e := range next {
		seen[elemOf(e.typ)] = true
	}
	return next
}

// origin is where something of the name of a handler or hook comes from: a method, or a field,
// which keeps methods of its depth from being promoted too.
type origin struct {
	typ   reflect.Type
	meant bool // it is meant as a handler or hook: see concerns
}

type origins []origin

// originsIn finds what the types of a level declare themselves.
func originsIn(level []embedded) map[string]origins {
	found := map[string]origins{}
	for _, e := range level {
		set := methodSet(e.typ)
		for i := range set.NumMethod() {
			m := set.Method(i)
			if !isHandlerName(m.Name) && !isHook(m.Name) {
				continue
			}
			first := 1
			if set.Kind() == reflect.Interface {
				first = 0 // without a receiver
			}
			if _, own := declared(elemOf(e.typ), m.Name); own {
				from := origin{e.origin(m.Name), concerns(m.Type, first)}
				found[m.Name] = append(found[m.Name], from)
			}
		}
		for _, f := range e.fields() {
			found[f.Name] = append(found[f.Name], origin{typ: e.typ})
		}
	}
	return found
}

// fault reports whether a handler or hook is not promoted because of the others.
func (o origins) fault() bool {
	return len(o) > 1 && slices.ContainsFunc(o, func(o origin) bool { return o.meant })
}

// types are the origins' types without pointers, each once.
func (o origins) types() (types []reflect.Type) {
	for _, from := range o {
		if t := elemOf(from.typ); !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types
}

// origin is where a method that e declares comes from, for the reader of a text: the least deep
// type on the way to e that has it.
func (e embedded) origin(method string) reflect.Type {
	for _, t := range e.path {
		if _, has := methodSet(t).MethodByName(method); has {
			return t
		}
	}
	return e.typ
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
