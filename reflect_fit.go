package akt

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aktgo/akt/internal/nearest"
	"github.com/aktgo/akt/internal/typename"
)

// isHandlerName reports whether a method of this name is meant as a handler.
func isHandlerName(name string) bool {
	rest, ok := strings.CutPrefix(name, "Handle")
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && unicode.IsUpper(first)
}

// isNearHandler reports whether a method is probably meant as a handler, though its name does not
// say so: what takes an akt.Context was written for akt.
func isNearHandler(m reflect.Method) bool {
	return strings.HasPrefix(m.Name, "Handle") && m.Type.NumIn() > 1 && isOwnContext(m.Type.In(1))
}

// hookStems are what the names of methods begin with that are probably meant as hooks; only
// lower-case letters follow.
var hookStems = []string{"OnStart", "OnStop", "OnFlush"}

// isNearHook is isNearHandler for hooks, which take nothing else.
func isNearHook(m reflect.Method) bool {
	return m.Type.NumIn() == 2 && isOwnContext(m.Type.In(1)) && hookStem(m.Name) != ""
}

// hookStem is what the name of a hook, or one that is near, begins with.
func hookStem(name string) string {
	for _, stem := range hookStems {
		rest, ok := strings.CutPrefix(name, stem)
		if ok && strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLower(r) }) < 0 {
			return stem
		}
	}
	return ""
}

// concerns reports whether a method has to do with akt: an akt.Context is a parameter or a result,
// or a context its first parameter. Parameters begin with the given one, as the receiver is among
// those of a type's method, and not among those of an interface's.
func concerns(method reflect.Type, first int) bool {
	if method.NumIn() > first && isContext(method.In(first)) {
		return true
	}
	for i := first; i < method.NumIn(); i++ {
		t := method.In(i)
		if method.IsVariadic() && i == method.NumIn()-1 {
			t = t.Elem()
		}
		if isOwnContext(t) {
			return true
		}
	}
	for i := range method.NumOut() {
		if isOwnContext(method.Out(i)) {
			return true
		}
	}
	return false
}

func isContext(t reflect.Type) bool { return t == typeContext || t == typeAktContext }

// isOwnContext reports whether a type is akt.Context, or a pointer to one, which nothing takes but
// what was written for akt.
func isOwnContext(t reflect.Type) bool { return elemOf(t) == typeAktContext }

// nearHandler faults a method that is probably meant as a handler.
func (s *scanner) nearHandler(m reflect.Method) {
	at := locate(s.all, m)
	found := "no upper-case letter follows Handle in its name"
	rename := "rename it, as in HandleDeposit"
	name := s.handlerName(m)
	if name != "" {
		s.names[name] = true
		rename = "rename it to " + name
	}
	if also, cure := misfit(m, cmp.Or(name, "HandleDeposit")); also != "" {
		found, rename = found+", and "+also, rename+", and "+cure
	}
	s.fault(m, at, found, wantNamed,
		rename+"; if it is no handler, begin its name otherwise, or unexport it")
}

// handlerName is what a method that was probably meant as a handler should be called; empty where
// nothing suggests itself.
func (s *scanner) handlerName(m reflect.Method) string {
	rest := m.Name
	for _, prefix := range []string{"Handlers", "Handles", "Handler", "Handle", "On"} {
		after, ok := strings.CutPrefix(rest, prefix)
		first, _ := utf8.DecodeRuneInString(after)
		if ok && (prefix == "Handle" || !unicode.IsLower(first)) {
			rest = after
			break
		}
	}
	candidates := []string{strings.TrimLeft(rest, "_")}
	if m.Type.NumIn() > 2 {
		message, _ := typename.Parts(m.Type.In(2))
		candidates = append(candidates, message)
	}
	for _, name := range candidates {
		first, size := utf8.DecodeRuneInString(name)
		name = "Handle" + string(unicode.ToUpper(first)) + name[size:]
		if _, taken := s.all.MethodByName(name); isHandlerName(name) && !taken && !s.names[name] {
			return name
		}
	}
	return ""
}

// nearHook faults a method that is probably meant as a hook.
func (s *scanner) nearHook(m reflect.Method) {
	at := locate(s.all, m)
	is, stem := withoutReceiver(m.Type), hookStem(m.Name)
	var wanted []string // declarations
	best, hooks := "", slices.Sorted(maps.Keys(hookShapes))
	for _, hook := range hooks {
		if hookStem(hook) != stem {
			continue
		}
		wanted = append(wanted, hookDeclaration(hook))
		if best == "" || hookShapes[best] != is && (hookShapes[hook] == is ||
			nearest.Distance(hook, m.Name) < nearest.Distance(best, m.Name)) {
			best = hook
		}
	}
	cure := "give it another name, or unexport it"
	switch {
	case best == "":
		wanted = hooks
	case hookShapes[best] == is:
		cure = "rename it to " + best + "; if it is no hook, " + cure
	default:
		cure = "declare it as " + hookDeclaration(best) + "; if it is no hook, " + cure
	}
	s.fault(m, at, "there is no hook of this name", joined(wanted, "or"), cure)
}

// hookDeclaration is a hook's name with its signature.
func hookDeclaration(name string) string {
	return name + strings.TrimPrefix(hookShapes[name].String(), "func")
}

// misfit says what keeps a method from being a handler of the given name, and the cure; nothing for
// one that fits.
func misfit(m reflect.Method, name string) (found, cure string) {
	found, cure = badParameters(m.Type, name)
	also, alsoCure := badResults(m.Type)
	switch {
	case found == "":
		return also, alsoCure
	case also != "":
		found, cure = found+", and "+also, cure+"; "+alsoCure
	}
	if !concerns(m.Type, 1) && !servesHTTP(m.Type) {
		cure += "; if it is no handler, rename or unexport it"
	}
	return found, cure
}

// servesHTTP reports whether a method takes what that of an http.Handler does.
func servesHTTP(method reflect.Type) bool {
	if method.NumIn() != 3 {
		return false
	}
	first := method.In(1)
	return first.PkgPath() == "net/http" && first.Name() == "ResponseWriter"
}

// badParameters is misfit for the parameters.
func badParameters(t reflect.Type, name string) (found, cure string) {
	params := make([]reflect.Type, 0, t.NumIn())
	for i := 1; i < t.NumIn(); i++ {
		params = append(params, t.In(i))
	}
	declare := func(msg string) string {
		return fmt.Sprintf("declare it as %s(ctx akt.Context, msg %s)", name, msg)
	}
	message := strings.TrimPrefix(name, "Handle") // of a type that is to be declared, too
	switch {
	case t.IsVariadic():
		return "it is variadic", "take one message, such as a struct with a slice in it"
	case len(params) == 0:
		return "it has neither context nor message", declare(message)
	case len(params) == 1 && (isContext(params[0]) || isOwnContext(params[0])):
		found = "it has a context and no message"
		if !isContext(params[0]) {
			found = "it has no message, and its context is a *akt.Context"
		}
		return found, declare(message) + ", with an empty struct for a message without data"
	case len(params) == 1:
		return "it has no context", declare(typename.Short(params[0]))
	case servesHTTP(t):
		return "it serves HTTP, not messages",
			fmt.Sprintf("rename it, to Serve%s for example, or unexport it", message)
	case len(params) == 2 && !isContext(params[0]):
		found = "it has no context: its first parameter is " + typename.Short(params[0])
		return found, contextCure(params, name, declare)
	case len(params) > 2:
		return fmt.Sprintf("it has %d parameters", len(params)),
			"take a context and one message, such as a struct with a field for each value"
	}
	switch kind := params[1].Kind(); kind {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return fmt.Sprintf("its message is a %s (%s)", kind, typename.Short(params[1])),
			"send data, such as a struct; a struct may have that as a field"
	}
	return "", ""
}

// contextCure is what to do about two parameters of which the first is no context.
func contextCure(params []reflect.Type, name string, declare func(string) string) string {
	switch msg := strings.TrimPrefix(name, "Handle"); {
	case isContext(params[1]), isOwnContext(params[1]):
		return "put the context first: " + declare(typename.Short(params[0]))
	case isOwnContext(params[0]):
		return "take the akt.Context by value: " + declare(typename.Short(params[1]))
	case params[0].Implements(typeContext):
		return "take an akt.Context or a context.Context: " + declare(typename.Short(params[1]))
	default:
		return declare(msg) + ", with a struct that has a field for each value"
	}
}

// badResults is misfit for the results.
func badResults(t reflect.Type) (found, cure string) {
	switch {
	case t.NumOut() > 2:
		return fmt.Sprintf("it has %d results", t.NumOut()),
			"return one reply and an error; a struct holds several values"
	case t.NumOut() == 2 && t.Out(1) != typeError:
		return fmt.Sprintf("its second result is %s, not error",
			typename.Short(t.Out(1))), "make error its last result"
	case t.NumOut() == 1 && t.Out(0) == typeError:
		return "", ""
	case t.NumOut() > 0 && t.Out(0).Implements(typeError):
		return fmt.Sprintf("its reply %s is itself an error, which would be ambiguous",
			typename.Short(t.Out(0))), "return it as the error, or wrap it in a struct"
	}
	return "", ""
}
