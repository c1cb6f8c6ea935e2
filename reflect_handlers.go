package akt

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/typename"
)

// RegistrationError lists everything that keeps a value from being run as an actor. Its text has a
// line for each fault, with place, fault and cure.
type RegistrationError struct {
	Type   string // the type of the value, such as "*bank.Account"
	Faults []Fault
}

// Fault is one reason why a type, or one of its methods, cannot be used.
type Fault struct {
	Type   string // the declaring type, such as "bank.Account"
	Method string // such as "HandlePing"; empty for a fault of the type itself
	File   string // where the method, or the first of those in question, is declared; empty where that is not known
	Line   int
	Found  string // what was found, such as "it has no context"
	Want   string // what was wanted, such as "func(akt.Context, M) (R, error)"
	Cure   string // what to do
}

func (e *RegistrationError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// String returns the fault as a line such as
//
//	akt: bank.Account.HandlePing (account.go:31) is not a handler: it has no context; want func(akt.Context, M) (R, error): …
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString("akt: " + f.Type)
	switch {
	case f.Method == "":
		b.WriteString(" is not an actor: ")
	default:
		b.WriteString("." + f.Method + f.place())
		if strings.HasPrefix(f.Method, "Handle") {
			b.WriteString(" is not a handler: ")
		} else {
			b.WriteString(" is not a lifecycle hook: ")
		}
	}
	b.WriteString(f.Found)
	if f.Want != "" {
		b.WriteString("; want " + f.Want)
	}
	if f.Cure != "" {
		b.WriteString(": " + f.Cure)
	}
	return b.String()
}

// place is where the method is declared, as in " (account.go:31)"; empty where that is not known.
func (f Fault) place() string { return inBrackets(f.File, f.Line) }

func inBrackets(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", filepath.Base(file), line)
}

const (
	wantHandler = "func(akt.Context, M) (R, error)"
	wantNamed   = "Handle<Msg>(akt.Context, M) (R, error)"
)

var (
	typeContext    = reflect.TypeFor[context.Context]()
	typeAktContext = reflect.TypeFor[Context]()
	typeError      = reflect.TypeFor[error]()
	typeSpawner    = reflect.TypeFor[spawner]()
)

// scanner finds and checks the handlers of one type.
type scanner struct {
	typ    reflect.Type // what was passed
	all    reflect.Type // the type with the largest method set: *T for a T
	faults []finding
	found  []candidate
	hooks  []candidate // without a handler
	beyond []Fault     // for each method that only a pointer to the value has, where it is
	names  map[string]bool
}

// finding is a fault, whose Type is written when all are known: of two types of one name the text
// has the packages.
type finding struct {
	Fault
	of reflect.Type // the declaring type, or that of the value
}

// candidate is a handler or hook that fits.
type candidate struct {
	*handler
	method string
	at     place
}

// scan builds the dispatch table of t, or says everything that is wrong with it.
func scan(t reflect.Type) (*table, error) {
	s := &scanner{typ: t, all: t, names: map[string]bool{}}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		s.all = reflect.PointerTo(t)
	}
	for i := range s.all.NumMethod() {
		switch m := s.all.Method(i); {
		case isHandlerName(m.Name):
			s.handler(m)
		case isHook(m.Name):
			s.hook(m)
		case isNearHandler(m):
			s.nearHandler(m)
		case isNearHook(m):
			s.nearHook(m)
		}
	}
	s.onPointer()
	s.ambiguous()
	s.duplicates()
	if len(s.found) == 0 && len(s.hooks) == 0 && len(s.faults) == 0 {
		s.nothing()
	}
	if len(s.faults) > 0 {
		return nil, s.refused()
	}
	handlers := make([]*handler, len(s.found))
	for i, c := range s.found {
		handlers[i] = c.handler
	}
	tbl := newTable(t, handlers)
	tbl.lenders = lendersOf(append(s.found, s.hooks...))
	return tbl, nil
}

// refused is the error with all faults.
func (s *scanner) refused() *RegistrationError {
	types := make([]reflect.Type, len(s.faults))
	for i, f := range s.faults {
		types[i] = f.of
	}
	e := &RegistrationError{Type: s.typ.String(), Faults: make([]Fault, len(s.faults))}
	for i, text := range typename.All(types...) {
		e.Faults[i] = s.faults[i].Fault
		e.Faults[i].Type = text
	}
	return e
}

// fault notes a fault of a method. One that came with a field of another module's type is not for
// the reader to change.
func (s *scanner) fault(m reflect.Method, at place, found, want, cure string) {
	f := Fault{
		Method: m.Name, File: at.file, Line: at.line,
		Found: found, Want: want, Cure: cure,
	}
	if in, field, ok := at.foreign(s.typ); ok {
		f.Cure = fmt.Sprintf("hold the %s in a named field of %s instead of embedding it",
			typename.Short(field.Type), structName(in))
		if isHook(m.Name) {
			f.Cure += fmt.Sprintf(", or declare %s on %s", m.Name, structName(in))
		}
	}
	s.faults = append(s.faults, finding{f, at.typ})
}

// structName is a type's name, for cures; a type without one may be long.
func structName(t reflect.Type) string {
	if t.Name() == "" {
		return "the struct"
	}
	return typename.Short(t)
}

// handler checks one method whose name says that it is meant as a handler.
func (s *scanner) handler(m reflect.Method) {
	at := locate(s.all, m)
	if at.promoted && !concerns(m.Type, 1) {
		return // a stranger's, such as (*http.ServeMux).HandleFunc, that came with an embedded field
	}
	found, cure := misfit(m, m.Name)
	if found != "" {
		s.fault(m, at, found, wantHandler, cure)
	}
	if s.reaches(m, at) && found == "" {
		s.found = append(s.found, candidate{newHandler(m, at), m.Name, at})
	}
}

// hook checks a method with the name of a lifecycle hook.
func (s *scanner) hook(m reflect.Method) {
	at := locate(s.all, m)
	is, want := withoutReceiver(m.Type), hookShapes[m.Name]
	if is != want {
		s.fault(m, at, "it is a "+typename.Short(is), want.String(), "change its signature, or its name")
		return
	}
	if s.reaches(m, at) {
		s.hooks = append(s.hooks, candidate{method: m.Name, at: at})
	}
}

// reaches reports whether what was passed has a method, and not only a pointer to it has.
func (s *scanner) reaches(m reflect.Method, at place) bool {
	_, ok := s.typ.MethodByName(m.Name)
	if !ok {
		s.beyond = append(s.beyond, Fault{Method: m.Name, File: at.file, Line: at.line})
	}
	return ok
}

// onPointer faults a value that was passed instead of a pointer to it: once, for all the methods
// that it lacks.
func (s *scanner) onPointer() {
	if len(s.beyond) == 0 {
		return
	}
	methods := make([]string, len(s.beyond))
	for i, f := range s.beyond {
		methods[i] = f.Method + f.place()
	}
	s.faults = append(s.faults, finding{Fault{
		File: s.beyond[0].File, Line: s.beyond[0].Line,
		Found: fmt.Sprintf("%s %s of *%s, and a value was passed", listed(methods),
			plural(len(methods), "is a method", "are methods"), typename.Short(s.typ)),
		Want: "a pointer",
		Cure: passPointer(s.typ),
	}, s.typ})
}

// passPointer is the cure where a value of type t was passed to Run instead of a pointer.
func passPointer(t reflect.Type) string {
	if made := newOf(t); made != "" {
		return "pass " + made
	}
	return "pass a pointer to it"
}

// newOf is how a program makes a pointer to a new value of a type: &bank.Account{}. It is empty for
// a type without a name.
func newOf(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return "&" + typename.Short(t) + "{}"
	}
	return "new(" + typename.Short(t) + ")"
}

// withPointerCure is the error of a type of which something else than a value was passed to Run: it
// has another cure where a pointer is wanted.
func withPointerCure(err error, t reflect.Type, cure string) error {
	refused, ok := err.(*RegistrationError) //nolint:errorlint // as scan has made it
	if !ok {
		return err
	}
	other := *refused
	other.Faults = slices.Clone(refused.Faults)
	for i := range other.Faults {
		if f := &other.Faults[i]; f.Method == "" && f.Cure == passPointer(t) {
			f.Cure = cure
		}
	}
	return &other
}

// withoutReceiver is a method's type as its declaration shows it.
func withoutReceiver(method reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := 1; i < method.NumIn(); i++ {
		in = append(in, method.In(i))
	}
	for i := range method.NumOut() {
		out = append(out, method.Out(i))
	}
	return reflect.FuncOf(in, out, method.IsVariadic())
}

// newHandler makes the table's entry for a method that fits.
func newHandler(m reflect.Method, at place) *handler {
	h := &handler{
		name:   strings.TrimPrefix(m.Name, "Handle"),
		method: m.Name,
		owner:  typename.Short(at.typ),
		file:   at.file,
		line:   at.line,
		msg:    m.Type.In(2),
		plain:  m.Type.In(1) == typeContext,
		fails:  m.Type.NumOut() > 0 && m.Type.Out(m.Type.NumOut()-1) == typeError,

		expression: m.Func.Interface(),
	}
	if m.Type.NumOut() > 0 && m.Type.Out(0) != typeError {
		h.reply = m.Type.Out(0)
		h.defers = mayDefer(h.reply)
	}
	h.bind(call.FuncFor[Context](h.callee()))
	return h
}

// ambiguous faults handlers that several embedded fields of the same depth bring: Go promotes none
// of them.
func (s *scanner) ambiguous() {
	for name, types := range ambiguities(s.all) {
		if _, has := s.all.MethodByName(name); has {
			continue
		}
		from := typename.All(types...)
		for i := range from {
			from[i] = "from " + from[i]
		}
		s.faults = append(s.faults, finding{Fault{
			Method: name,
			Found: "it is promoted " + listed(from) + ", and so from " +
				plural(len(from)-1, "neither", "none"),
			Want: "one method of this name",
			Cure: fmt.Sprintf("declare %s on %s", name, structName(elemOf(s.typ))),
		}, elemOf(s.typ)})
	}
	slices.SortStableFunc(s.faults, func(a, b finding) int {
		return strings.Compare(a.Method, b.Method)
	})
}

// duplicates faults all handlers that share a message type. All empty interfaces count as one type.
func (s *scanner) duplicates() {
	byType := map[reflect.Type][]candidate{}
	for _, c := range s.found {
		key := c.msg
		if isEmptyInterface(key) {
			key = typeAny
		}
		byType[key] = append(byType[key], c)
	}
	for _, c := range s.found {
		same := byType[c.msg]
		if isEmptyInterface(c.msg) {
			same = byType[typeAny]
		}
		if len(same) < 2 || same[0].handler != c.handler {
			continue
		}
		owners := make([]reflect.Type, len(same))
		for i, other := range same {
			owners[i] = other.at.typ
		}
		texts := typename.All(owners...)
		others := make([]string, 0, len(same))
		for i, other := range same[1:] {
			text := other.method + inBrackets(other.file, other.line)
			if other.at.typ != c.at.typ {
				text = texts[i+1] + "." + text
			}
			others = append(others, text)
		}
		s.faults = append(s.faults, finding{Fault{
			Method: c.method, File: c.file, Line: c.line,
			Found: fmt.Sprintf("it handles %s, and so %s %s", typename.Short(c.msg),
				plural(len(others), "does", "do"), strings.Join(others, " and ")),
			Want: "one handler for each message type",
			Cure: "merge them, or give each a message type of its own",
		}, c.at.typ})
	}
}

// listed is a list as one reads it: "a, b and c".
func listed(parts []string) string { return joined(parts, "and") }

func joined(parts []string, last string) string {
	n := len(parts) - 1
	if n < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:n], ", ") + " " + last + " " + parts[n]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func isEmptyInterface(t reflect.Type) bool {
	return t.Kind() == reflect.Interface && t.NumMethod() == 0
}

// nothing faults a type with neither handler nor hook, and looks for what was probably meant.
func (s *scanner) nothing() {
	t := s.typ
	f := Fault{
		Found: "it has neither a handler nor a lifecycle hook",
		Want:  "an exported method " + wantNamed + " on a struct",
		Cure:  "declare one, without type parameters of its own, as reflection does not see such methods",
	}
	switch elem := elemOf(t); {
	case elem.PkgPath() == thisPackage && elem.Kind() == reflect.Struct:
		f.Cure = "pass a state of your own, such as &Account{}: this is part of akt itself"
	case elem.Implements(typeSpawner) && elem.Kind() == reflect.Func:
		f.Cure = "pass the Spawner itself"
	case t.Kind() == reflect.Func && t.NumIn() == 0 && t.NumOut() == 1:
		f.Cure = fmt.Sprintf("convert the constructor: akt.Spawner[%s](…)", typename.Short(t.Out(0)))
	case t.Kind() == reflect.Func && t.Name() == "" && (concerns(t, 0) || t.NumOut() == 0):
		f.Cure = "pass the value whose method it is, or a struct with methods"
	case t.Kind() == reflect.Func && t.NumOut() > 0:
		f.Cure = "call it, and pass the actor that it makes"
	case elem != t && (elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface):
		f.Cure = "pass a pointer to the struct itself"
	default:
		for i := range s.all.NumMethod() {
			m := s.all.Method(i)
			name := s.handlerName(m)
			if found, _ := misfit(m, name); found == "" && name != "" && !locate(s.all, m).promoted {
				f.Cure = fmt.Sprintf("rename %s to %s, or declare one", m.Name, name)
				break
			}
		}
	}
	s.faults = append(s.faults, finding{f, t})
}

// notRunnable is the error for a value that has no type, or no state, to run.
func notRunnable(typ, found, cure string) error {
	return &RegistrationError{Type: typ, Faults: []Fault{{Type: typ, Found: found, Cure: cure}}}
}
