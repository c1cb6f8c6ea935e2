package handlers

import (
	"reflect"
	"slices"
)

// ambiguities returns the handlers and hooks of which Go promotes none, as several embedded types
// of the same depth have one, and none is less deep: for each name where those come from.
func (r Rules) ambiguities(t reflect.Type) map[string][]reflect.Type {
	torn := map[string][]reflect.Type{}
	decided := map[string]bool{} // by a less deep level, as Go does
	for level := range levels(t) {
		for name, found := range r.originsIn(level) {
			if !decided[name] && found.fault() {
				torn[name] = found.types()
			}
			decided[name] = true
		}
	}
	return torn
}

// origin is where something of the name of a handler or hook comes from: a method, or a field,
// which keeps methods of its depth from being promoted too.
type origin struct {
	typ   reflect.Type
	meant bool // it is meant as a handler or hook: see concerns
}

type origins []origin

// originsIn finds what the types of a level declare themselves.
func (r Rules) originsIn(level []embedded) map[string]origins {
	found := map[string]origins{}
	for _, e := range level {
		set := methodSet(e.typ)
		for i := range set.NumMethod() {
			m := set.Method(i)
			if !isHandlerName(m.Name) && !r.isHook(m.Name) {
				continue
			}
			if _, own := declared(elemOf(e.typ), m.Name); own {
				sig := signatureOf(m.Type, set.Kind() != reflect.Interface)
				from := origin{e.origin(m.Name), r.concerns(sig)}
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
	for _, f := range e.path {
		if _, has := methodSet(f.Type).MethodByName(method); has {
			return f.Type
		}
	}
	return e.typ
}
