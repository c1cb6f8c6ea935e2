package akt

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/aktgo/akt/internal/typename"
)

// Bind makes akt call a handler directly, with no unsafe code, for all actors of type A, also those
// that run already. It helps handlers that would be called by reflection, see Cost in the package
// documentation: those of messages such as structs of floats, with Go 1.27, on architectures other
// than amd64 and arm64, and under the build tag akt_safe.
//
// It takes a method expression of the full shape, from which all four types are inferred:
//
//	akt.Bind((*Account).HandleDeposit)
//
// It is optional, and changes speed, never behaviour. The error is the type's *[RegistrationError],
// or says that the function is not a handler of A; then nothing has changed. Bind may be called at
// any time and from any goroutine.
func Bind[A any, C context.Context, M, R any](method func(A, C, M) (R, error)) error {
	t := reflect.TypeFor[A]()
	if t.Kind() == reflect.Interface {
		return fmt.Errorf("akt: Bind: %s is an interface; pass a method expression of the actor's own type, "+
			"such as (*Account).HandleDeposit", typename.Short(t))
	}
	tbl, err := tableFor(t)
	if err != nil {
		pointer := "(*" + typename.Short(t) + ")"
		return withPointerCure(err, t, "bind the methods of the pointer, as in "+pointer+".HandleDeposit")
	}
	h := tbl.exact[reflect.TypeFor[M]()]
	own, ok := expressionOf(h, t, method)
	if !ok {
		return fmt.Errorf("akt: Bind: %s is not a handler of %s; pass a method expression, such as "+
			"(*Account).HandleDeposit", funcName(method), typename.Short(t))
	}
	switch f := own.(type) {
	case func(A, Context, M) (R, error):
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(f(stateOf[A](self), ctx, msg.(M)))
		})
	case func(A, context.Context, M) (R, error):
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(f(stateOf[A](self), ctx, msg.(M)))
		})
	}
	return nil
}

// expressionOf is the handler's method expression as reflection has it, if method is the same one.
// In a generic function a method expression is wrapped, and cannot be compared; as it is not
// called, that does no harm.
func expressionOf[F any](h *handler, t reflect.Type, method F) (any, bool) {
	if h == nil || reflect.ValueOf(method).IsNil() {
		return nil, false
	}
	own, _ := t.MethodByName(h.method)
	f, ok := own.Func.Interface().(F)
	same := own.Func.Pointer() == reflect.ValueOf(method).Pointer() || strings.Contains(fullName(method), "[...]")
	return f, ok && same
}

// stateOf is an actor's state as the type that was passed to Run: itself, or what it points to.
func stateOf[A any](self any) A {
	if a, ok := self.(A); ok {
		return a
	}
	return *self.(*A)
}

// boxed is a reply as Send returns it: a reply or an error, never both.
func boxed[R any](reply R, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// funcName is the last part of a function's name: the method's, for a method expression.
func funcName(f any) string {
	name := fullName(f)
	return name[strings.LastIndexByte(name, '.')+1:]
}

func fullName(f any) string {
	v := reflect.ValueOf(f)
	if v.IsNil() {
		return "nil"
	}
	return runtime.FuncForPC(v.Pointer()).Name()
}
