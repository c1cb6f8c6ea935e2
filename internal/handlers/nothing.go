package handlers

import (
	"cmp"
	"fmt"
	"reflect"
)

// nothing faults a type with neither handler nor hook, and looks for what was probably meant.
func (s *scanner) nothing() {
	s.add(s.typ, Fault{
		Found: "it has neither a handler nor a lifecycle hook",
		Want:  "an exported method " + s.wantNamed() + " on a struct",
		Cure:  cmp.Or(s.Instead(s.typ), s.otherValue(), s.otherName(), declareOne),
	})
}

const declareOne = "declare one, without type parameters of its own, " +
	"as reflection does not see such methods"

// otherValue is the cure where something else than the actor was probably passed.
func (s *scanner) otherValue() string {
	t, elem := s.typ, elemOf(s.typ)
	switch {
	case t.Kind() == reflect.Func && t.Name() == "" &&
		(t.NumOut() == 0 || s.concerns(signatureOf(t, false))):
		return "pass the value whose method it is, or a struct with methods"
	case t.Kind() == reflect.Func && t.NumOut() > 0:
		return "call it, and pass the actor that it makes"
	case elem != t && (elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface):
		return "pass a pointer to the struct itself"
	}
	return ""
}

// otherName is the cure where a method would be a handler but for its name.
func (s *scanner) otherName() string {
	for i := range s.all.NumMethod() {
		m := s.all.Method(i)
		name := s.handlerName(m)
		if name == "" || locate(s.all, m.Name).promoted {
			continue
		}
		if found, _ := s.misfit(signatureOf(m.Type, true), name); found == "" {
			return fmt.Sprintf("rename %s to %s, or declare one", m.Name, name)
		}
	}
	return ""
}
