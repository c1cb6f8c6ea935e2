package akt

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RegistrationError lists everything that keeps a value from being run as an actor. Its text has a line for each fault,
// with place, fault and cure.
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
		if isHook(f.Method) {
			b.WriteString(" is not a lifecycle hook: ")
		} else {
			b.WriteString(" is not a handler: ")
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
func (f Fault) place() string {
	if f.File == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", filepath.Base(f.File), f.Line)
}

const wantHandler = "func(akt.Context, M) (R, error)"

var (
	typeContext    = reflect.TypeFor[context.Context]()
	typeAktContext = reflect.TypeFor[Context]()
	typeError      = reflect.TypeFor[error]()
)

// scanner finds and checks the handlers of one type.
type scanner struct {
	typ    reflect.Type // what was passed
	all    reflect.Type // the type with the largest method set: *T for a T
	faults []Fault
	found  []*handler
	hooks  int
	beyond []Fault // for each method that only a pointer to the value has, where it is
}

// scan builds the dispatch table of t, or says everything that is wrong with it.
func scan(t reflect.Type) (*table, error) {
	s := &scanner{typ: t, all: t}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		s.all = reflect.PointerTo(t)
	}
	for i := range s.all.NumMethod() {
		switch m := s.all.Method(i); {
		case isHandlerName(m.Name):
			s.handler(m)
		case isHook(m.Name):
			s.hook(m)
		}
	}
	s.onPointer()
	s.ambiguous()
	s.duplicates()
	if len(s.found) == 0 && s.hooks == 0 && len(s.faults) == 0 {
		s.nothing()
	}
	if len(s.faults) > 0 {
		return nil, &RegistrationError{Type: t.String(), Faults: s.faults}
	}
	return newTable(t, s.found), nil
}

// isHandlerName reports whether a method of this name is meant as a handler.
func isHandlerName(name string) bool {
	rest, ok := strings.CutPrefix(name, "Handle")
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && unicode.IsUpper(first)
}

// handler checks one method whose name says that it is meant as a handler.
func (s *scanner) handler(m reflect.Method) {
	at := locate(s.all, m)
	if at.promoted && !startsWithContext(m.Type) {
		return // a stranger's method, such as (*http.ServeMux).HandleFunc, that came with an embedded field
	}
	f := Fault{Type: at.typ, Method: m.Name, File: at.file, Line: at.line, Want: wantHandler}
	if found, cure := misfit(m); found != "" {
		f.Found, f.Cure = found, cure
		s.faults = append(s.faults, f)
	}
	if s.reaches(f) && f.Found == "" {
		s.found = append(s.found, newHandler(m, at))
	}
}

// hook checks a method with the name of a lifecycle hook.
func (s *scanner) hook(m reflect.Method) {
	at := locate(s.all, m)
	want := hookShapes[m.Name]
	if fits := withoutReceiver(m.Type) == want; !fits {
		if at.promoted && !startsWithContext(m.Type) {
			return
		}
		s.faults = append(s.faults, Fault{
			Type: at.typ, Method: m.Name, File: at.file, Line: at.line,
			Found: "it is a " + withoutReceiver(m.Type).String(), Want: want.String(), Cure: "change its signature, or its name",
		})
		return
	}
	s.hooks++
	s.reaches(Fault{Type: at.typ, Method: m.Name, File: at.file, Line: at.line})
}

// reaches reports whether what was passed has a method, of which f says where it is, and not only a pointer to it has.
func (s *scanner) reaches(f Fault) bool {
	_, ok := s.typ.MethodByName(f.Method)
	if !ok {
		s.beyond = append(s.beyond, f)
	}
	return ok
}

// onPointer faults a value that was passed instead of a pointer to it: once, for all the methods that it lacks.
func (s *scanner) onPointer() {
	if len(s.beyond) == 0 {
		return
	}
	methods := make([]string, len(s.beyond))
	for i, f := range s.beyond {
		methods[i] = f.Method + f.place()
	}
	s.faults = append(s.faults, Fault{
		Type: s.typ.String(), File: s.beyond[0].File, Line: s.beyond[0].Line,
		Found: fmt.Sprintf("%s %s of *%s, and a value was passed", listed(methods), plural(len(methods), "is a method", "are methods"), s.typ),
		Want:  "a pointer",
		Cure:  fmt.Sprintf("pass &%s{}", s.typ),
	})
}

// misfit says what keeps a method from being a handler, and the cure; nothing for one that fits.
func misfit(m reflect.Method) (found, cure string) {
	if found, cure = badParameters(m); found == "" {
		found, cure = badResults(m.Type)
	}
	return found, cure
}

func badParameters(m reflect.Method) (found, cure string) {
	t := m.Type
	params := make([]reflect.Type, 0, t.NumIn())
	for i := 1; i < t.NumIn(); i++ {
		params = append(params, t.In(i))
	}
	sample := "ctx akt.Context, msg " + strings.TrimPrefix(m.Name, "Handle")
	switch {
	case t.IsVariadic():
		return "it is variadic", "take one message, such as a struct with a slice in it"
	case len(params) == 0:
		return "it has neither context nor message", fmt.Sprintf("declare it as %s(%s)", m.Name, sample)
	case len(params) == 1 && isContext(params[0]):
		return "it has a context and no message", fmt.Sprintf("declare it as %s(%s), with an empty struct for a message without data", m.Name, sample)
	case len(params) == 1:
		return "it has no context", fmt.Sprintf("declare it as %s(ctx akt.Context, msg %s)", m.Name, params[0])
	case len(params) == 2 && !isContext(params[0]):
		return "it has no context: its first parameter is " + params[0].String(), contextCure(params)
	case len(params) > 2:
		return fmt.Sprintf("it has %d parameters", len(params)), "take a context and one message, such as a struct with a field for each value"
	}
	switch params[1].Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return fmt.Sprintf("its message is a %s (%s)", params[1].Kind(), params[1]), "send data, such as a struct; a struct may have that as a field"
	}
	return "", ""
}

func contextCure(params []reflect.Type) string {
	switch {
	case isContext(params[1]):
		return "put the context first"
	case params[0] == reflect.PointerTo(typeAktContext):
		return "take the akt.Context by value"
	default:
		return "make akt.Context or context.Context its first parameter"
	}
}

func badResults(t reflect.Type) (found, cure string) {
	switch {
	case t.NumOut() > 2:
		return fmt.Sprintf("it has %d results", t.NumOut()), "return one reply and an error; a struct holds several values"
	case t.NumOut() == 2 && t.Out(1) != typeError:
		return fmt.Sprintf("its second result is %s, not error", t.Out(1)), "make error its last result"
	case t.NumOut() == 1 && t.Out(0) == typeError:
		return "", ""
	case t.NumOut() > 0 && t.Out(0).Implements(typeError):
		return fmt.Sprintf("its reply %s is itself an error, which would be ambiguous", t.Out(0)), "return it as the error, or wrap it in a struct"
	}
	return "", ""
}

func isContext(t reflect.Type) bool { return t == typeContext || t == typeAktContext }

func startsWithContext(method reflect.Type) bool {
	return method.NumIn() > 1 && isContext(method.In(1))
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
		owner:  at.typ,
		file:   at.file,
		line:   at.line,
		msg:    m.Type.In(2),
		shape: shape{
			plain:   m.Type.In(1) == typeContext,
			replies: m.Type.NumOut() > 0 && m.Type.Out(0) != typeError,
			fails:   m.Type.NumOut() > 0 && m.Type.Out(m.Type.NumOut()-1) == typeError,
		},
		expression: m.Func.Interface(),
	}
	if h.replies {
		h.reply = m.Type.Out(0)
		h.defers = mayDefer(h.reply)
	}
	if call := erasedCall(h); call != nil {
		h.bind(call)
	} else {
		h.bind(reflectCall(m.Func, h.replies, h.fails))
	}
	return h
}

// ambiguous faults handlers that several embedded fields of the same depth bring: Go promotes none of them.
func (s *scanner) ambiguous() {
	for name, types := range ambiguities(s.all) {
		if _, has := s.all.MethodByName(name); has {
			continue
		}
		from := make([]string, len(types))
		for i, t := range types {
			from[i] = "from " + t.String()
		}
		s.faults = append(s.faults, Fault{
			Type: baseName(s.typ), Method: name,
			Found: "it is promoted " + listed(from) + ", and so from " + plural(len(from)-1, "neither", "none"),
			Want:  "one method of this name",
			Cure:  fmt.Sprintf("declare %s on %s", name, baseName(s.typ)),
		})
	}
	slices.SortStableFunc(s.faults, func(a, b Fault) int { return strings.Compare(a.Method, b.Method) })
}

// duplicates faults all handlers that share a message type. All empty interfaces count as one type.
func (s *scanner) duplicates() {
	key := func(h *handler) reflect.Type {
		if isEmptyInterface(h.msg) {
			return typeAny
		}
		return h.msg
	}
	byType := map[reflect.Type][]*handler{}
	for _, h := range s.found {
		byType[key(h)] = append(byType[key(h)], h)
	}
	for _, h := range s.found {
		same := byType[key(h)]
		if len(same) < 2 || same[0] != h {
			continue
		}
		others := make([]string, 0, len(same))
		for _, other := range same[1:] {
			others = append(others, fmt.Sprintf("%s (%s:%d)", other.method, filepath.Base(other.file), other.line))
		}
		s.faults = append(s.faults, Fault{
			Type: h.owner, Method: h.method, File: h.file, Line: h.line,
			Found: fmt.Sprintf("it handles %s, and so %s %s", h.msg, plural(len(others), "does", "do"), strings.Join(others, " and ")),
			Want:  "one handler for each message type",
			Cure:  "merge them, or give each a message type of its own",
		})
	}
}

// listed is a list as one reads it: "a, b and c".
func listed(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
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
	f := Fault{
		Type:  s.typ.String(),
		Found: "it has neither a handler nor a lifecycle hook",
		Want:  "an exported method " + strings.Replace(wantHandler, "func", "Handle<Msg>", 1) + " on a struct",
		Cure:  "declare one",
	}
	switch {
	case s.typ.Kind() == reflect.Func && s.typ.NumIn() == 0 && s.typ.NumOut() == 1:
		f.Cure = fmt.Sprintf("convert the constructor: akt.Spawner[%s](…)", s.typ.Out(0))
	case s.typ.Kind() == reflect.Pointer && (s.typ.Elem().Kind() == reflect.Pointer || s.typ.Elem().Kind() == reflect.Interface):
		f.Cure = "pass a pointer to the struct itself"
	default:
		for i := range s.all.NumMethod() {
			if m := s.all.Method(i); m.Type.NumIn() == 3 && startsWithContext(m.Type) {
				f.Cure = fmt.Sprintf("rename %s to %s, or declare one", m.Name, handlerName(m.Name))
				break
			}
		}
	}
	s.faults = append(s.faults, f)
}

// handlerName is what a method that was probably meant as a handler should be called.
func handlerName(method string) string {
	rest := method
	for _, prefix := range []string{"Handles", "Handle", "On"} {
		rest = strings.TrimPrefix(rest, prefix)
	}
	first, size := utf8.DecodeRuneInString(rest)
	return "Handle" + string(unicode.ToUpper(first)) + rest[size:]
}

// notRunnable is the error for a value that has no type, or no state, to run.
func notRunnable(typ, found, cure string) error {
	return &RegistrationError{Type: typ, Faults: []Fault{{Type: typ, Found: found, Cure: cure}}}
}
