package handlers

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aktgo/akt/internal/typename"
)

// scanner finds and checks the handlers and hooks of one type.
type scanner struct {
	Rules
	typ     reflect.Type // what was passed
	all     reflect.Type // the type with the largest method set: *T for a T
	methods []Method     // those that fit, sorted by name
	beyond  []place      // of the methods that only a pointer to the value has
	faults  []finding
	names   map[string]bool // that near misses were told to take
}

// finding is a fault, whose Type is written when all are known: of two types of one name the text
// has the packages.
type finding struct {
	Fault
	of reflect.Type // the declaring type, or that of the value
}

// Scan returns the handlers and hooks of a type, sorted by name, and everything that is wrong with
// it: where there are faults, the methods are of no use. It finds the methods of *T for a T too, so
// that those out of reach are a fault. A type that has neither handler nor hook is a fault.
func (r Rules) Scan(t reflect.Type) ([]Method, []Fault) {
	s := &scanner{Rules: r, typ: t, all: methodSet(t), names: map[string]bool{}}
	for i := range s.all.NumMethod() {
		switch m := s.all.Method(i); {
		case isHandlerName(m.Name):
			s.handler(m)
		case s.isHook(m.Name):
			s.hook(m)
		case s.isNearHandler(m):
			s.nearHandler(m)
		case s.isNearHook(m):
			s.nearHook(m)
		}
	}
	s.onPointer()
	s.ambiguous()
	s.duplicates()
	if len(s.methods) == 0 && len(s.faults) == 0 {
		s.nothing()
	}
	return s.methods, s.written()
}

// isHandlerName reports whether a method of this name is meant as a handler.
func isHandlerName(name string) bool {
	rest, ok := strings.CutPrefix(name, "Handle")
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && unicode.IsUpper(first)
}

func (r Rules) isHook(name string) bool { return r.Hooks[name] != nil }

// handler checks one method whose name says that it is meant as a handler.
func (s *scanner) handler(m reflect.Method) {
	at, sig := locate(s.all, m.Name), signatureOf(m.Type, true)
	if at.promoted && !s.concerns(sig) {
		return // such as (*http.ServeMux).HandleFunc, which came with an embedded field
	}
	found, cure := s.misfit(sig, m.Name)
	if found != "" {
		s.fault(at, found, s.wantHandler(), cure)
	}
	if s.reaches(at) && found == "" {
		s.methods = append(s.methods, newMethod(m, at))
	}
}

// hook checks a method with the name of a hook.
func (s *scanner) hook(m reflect.Method) {
	at := locate(s.all, m.Name)
	is, want := signatureOf(m.Type, true).function(), s.Hooks[m.Name]
	if is != want {
		s.fault(at, "it is a "+typename.Short(is), want.String(),
			"change its signature, or its name")
		return
	}
	if s.reaches(at) {
		s.methods = append(s.methods, newMethod(m, at))
	}
}

// reaches reports whether what was passed has a method, and not only a pointer to it has.
func (s *scanner) reaches(at place) bool {
	_, ok := s.typ.MethodByName(at.method)
	if !ok {
		s.beyond = append(s.beyond, at)
	}
	return ok
}

// wantHandler is the shape of a handler.
func (r Rules) wantHandler() string { return "func" + r.handlerShape() }

// wantNamed is the declaration of a handler.
func (r Rules) wantNamed() string { return "Handle<Msg>" + r.handlerShape() }

func (r Rules) handlerShape() string { return fmt.Sprintf("(%s, M) (R, error)", r.Context) }

// fault notes a fault of a method. One that came with a field of another module's type is not for
// the reader to change.
func (s *scanner) fault(at place, found, want, cure string) {
	if in, field, ok := at.foreign(s.typ); ok {
		cure = fmt.Sprintf("hold the %s in a named field of %s instead of embedding it",
			typename.Short(field.Type), structName(in))
		if s.isHook(at.method) {
			cure += fmt.Sprintf(", or declare %s on %s", at.method, structName(in))
		}
	}
	s.add(at.typ, Fault{
		Method: at.method, File: at.file, Line: at.line, Found: found, Want: want, Cure: cure,
	})
}

func (s *scanner) add(of reflect.Type, f Fault) { s.faults = append(s.faults, finding{f, of}) }

// structName is a type's name, for cures; a type without one may be long.
func structName(t reflect.Type) string {
	if t.Name() == "" {
		return "the struct"
	}
	return typename.Short(t)
}

// written are the faults with the texts of their types.
func (s *scanner) written() []Fault {
	types, faults := make([]reflect.Type, len(s.faults)), make([]Fault, len(s.faults))
	for i, f := range s.faults {
		types[i], faults[i] = f.of, f.Fault
	}
	for i, text := range typename.All(types...) {
		faults[i].Type = text
	}
	return faults
}
