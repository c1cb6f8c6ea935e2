package handlers

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aktgo/akt/internal/nearest"
	"github.com/aktgo/akt/internal/typename"
	"github.com/aktgo/akt/internal/words"
)

// isNearHandler reports whether a method is probably meant as a handler, though its name does not
// say so: what takes the rules' context was written for them.
func (r Rules) isNearHandler(m reflect.Method) bool {
	return strings.HasPrefix(m.Name, "Handle") && m.Type.NumIn() > 1 && r.isOwn(m.Type.In(1))
}

// isNearHook is isNearHandler for hooks, which take nothing else.
func (r Rules) isNearHook(m reflect.Method) bool {
	return m.Type.NumIn() == 2 && r.isOwn(m.Type.In(1)) && r.stem(m.Name) != ""
}

// stem is what the name of a hook, or one that is near, begins with; only lower-case letters
// follow.
func (r Rules) stem(name string) string {
	for _, stem := range r.Stems {
		rest, ok := strings.CutPrefix(name, stem)
		if ok && strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLower(r) }) < 0 {
			return stem
		}
	}
	return ""
}

// nearHandler faults a method that is probably meant as a handler.
func (s *scanner) nearHandler(m reflect.Method) {
	found := "no upper-case letter follows Handle in its name"
	rename := "rename it, as in HandleDeposit"
	name := s.handlerName(m)
	if name != "" {
		s.names[name] = true
		rename = "rename it to " + name
	}
	also, cure := s.misfit(signatureOf(m.Type, true), cmp.Or(name, "HandleDeposit"))
	if also != "" {
		found, rename = found+", and "+also, rename+", and "+cure
	}
	s.fault(locate(s.all, m.Name), found, s.wantNamed(),
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

// nearHook faults a method that is probably meant as a hook: as that of its shape, or else as that
// of the nearest name.
func (s *scanner) nearHook(m reflect.Method) {
	is := signatureOf(m.Type, true).function()
	hooks := slices.Sorted(maps.Keys(s.Hooks))
	alike := slices.DeleteFunc(slices.Clone(hooks), func(hook string) bool {
		return s.stem(hook) != s.stem(m.Name)
	})
	want, cure := words.Or(hooks), "give it another name, or unexport it"
	if len(alike) > 0 {
		far := func(hook string) int {
			if s.Hooks[hook] == is {
				return 0
			}
			return nearest.Distance(hook, m.Name)
		}
		meant := slices.MinFunc(alike, func(a, b string) int { return far(a) - far(b) })
		do := "declare it as " + s.hookDeclaration(meant)
		if s.Hooks[meant] == is {
			do = "rename it to " + meant
		}
		cure = do + "; if it is no hook, " + cure
		for i, hook := range alike {
			alike[i] = s.hookDeclaration(hook)
		}
		want = words.Or(alike)
	}
	s.fault(locate(s.all, m.Name), "there is no hook of this name", want, cure)
}

// hookDeclaration is a hook's name with its signature.
func (r Rules) hookDeclaration(name string) string {
	return name + strings.TrimPrefix(r.Hooks[name].String(), "func")
}
