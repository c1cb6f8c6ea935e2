package handlers

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aktgo/akt/internal/typename"
)

// misfit says what keeps a method from being a handler of the given name, and the cure; nothing for
// one that fits.
func (r Rules) misfit(sig signature, name string) (found, cure string) {
	found, cure = r.badParameters(sig, name)
	also, alsoCure := badResults(sig.out)
	switch {
	case found == "":
		return also, alsoCure
	case also != "":
		found, cure = found+", and "+also, cure+"; "+alsoCure
	}
	if !r.concerns(sig) && !sig.servesHTTP() {
		cure += "; if it is no handler, rename or unexport it"
	}
	return found, cure
}

// badParameters is misfit for the parameters.
func (r Rules) badParameters(sig signature, name string) (found, cure string) {
	params := sig.in
	declare := func(msg string) string {
		return fmt.Sprintf("declare it as %s(ctx %s, msg %s)", name, r.Context, msg)
	}
	message := strings.TrimPrefix(name, "Handle") // of a type that is to be declared, too
	switch {
	case sig.variadic:
		return "it is variadic", "take one message, such as a struct with a slice in it"
	case len(params) == 0:
		return "it has neither context nor message", declare(message)
	case len(params) == 1 && (r.isContext(params[0]) || r.isOwn(params[0])):
		found = "it has a context and no message"
		if !r.isContext(params[0]) {
			found = "it has no message, and its context is a *" + r.Context.String()
		}
		return found, declare(message) + ", with an empty struct for a message without data"
	case len(params) == 1:
		return "it has no context", declare(typename.Short(params[0]))
	case sig.servesHTTP():
		return "it serves HTTP, not messages",
			fmt.Sprintf("rename it, to Serve%s for example, or unexport it", message)
	case len(params) == 2 && !r.isContext(params[0]):
		found = "it has no context: its first parameter is " + typename.Short(params[0])
		return found, r.contextCure(params, message, declare)
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
func (r Rules) contextCure(
	params []reflect.Type, message string, declare func(msg string) string,
) string {
	switch {
	case r.isContext(params[1]), r.isOwn(params[1]):
		return "put the context first: " + declare(typename.Short(params[0]))
	case r.isOwn(params[0]):
		return fmt.Sprintf("take the %s by value: %s", r.Context,
			declare(typename.Short(params[1])))
	case params[0].Implements(typeContext):
		return fmt.Sprintf("take an %s or a context.Context: %s", r.Context,
			declare(typename.Short(params[1])))
	default:
		return declare(message) + ", with a struct that has a field for each value"
	}
}

// badResults is misfit for the results.
func badResults(out []reflect.Type) (found, cure string) {
	switch {
	case len(out) > 2:
		return fmt.Sprintf("it has %d results", len(out)),
			"return one reply and an error; a struct holds several values"
	case len(out) == 2 && out[1] != typeError:
		return fmt.Sprintf("its second result is %s, not error",
			typename.Short(out[1])), "make error its last result"
	case len(out) == 1 && out[0] == typeError:
		return "", ""
	case len(out) > 0 && out[0].Implements(typeError):
		return fmt.Sprintf("its reply %s is itself an error, which would be ambiguous",
			typename.Short(out[0])), "return it as the error, or wrap it in a struct"
	}
	return "", ""
}
