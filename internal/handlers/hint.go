package handlers

import (
	"reflect"

	"github.com/aktgo/akt/internal/nearest"
	"github.com/aktgo/akt/internal/typename"
)

// Hint suggests the message that was probably meant, where one of a type was sent that is none of
// those there are; texts are theirs. It is empty where none is near. What generic types have in
// their brackets is compared apart from their names: nobody who sends a Created[User] means a
// Deleted[User].
func Hint(sent reflect.Type, messages []reflect.Type, texts []string) string {
	name, arguments := typename.Parts(sent)
	if name == "" {
		return ""
	}
	predeclared := func(t reflect.Type) bool { return typename.Base(t).PkgPath() == "" }
	near := func(a, b string) bool { return a == b || nearest.Of(a, []string{b}) != "" }
	parts := make([][2]string, len(messages))
	var names []string
	for i, m := range messages {
		n, args := typename.Parts(m)
		if predeclared(m) == predeclared(sent) && near(args, arguments) {
			parts[i] = [2]string{n, args}
			names = append(names, n)
		}
	}
	best, meant := nearest.Of(name, names), -1
	for i, p := range parts {
		if best != "" && p[0] == best && (meant < 0 || p[1] == arguments) {
			meant = i
		}
	}
	if meant < 0 {
		return ""
	}
	hint := "did you mean " + texts[meant]
	a, b := typename.Base(messages[meant]), typename.Base(sent)
	if a != b && typename.Full(a) == typename.Full(b) {
		hint += ", which is another type of that name: one of them is declared in a function"
	}
	return hint
}
