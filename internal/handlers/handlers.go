// Package handlers finds the handlers and hooks among the methods of a type, and says what is wrong
// with those that are meant as such and are none: where it is declared, what was found, what was
// wanted, and what to do.
//
// It knows types and methods, and nothing of what calls them: what their contexts are, and which
// hooks there are, it is told by [Rules]. The shape of a handler is its own:
//
//	func (T) Handle<Msg>(context, M) (R, error)
//
// where the context is that of the rules or a context.Context, and R or error or both may be
// missing.
package handlers

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/aktgo/akt/internal/typename"
)

// Rules say what makes a method a handler or a hook.
type Rules struct {
	Context reflect.Type            // what handlers and hooks take first
	Hooks   map[string]reflect.Type // by name: their types without receiver

	// Stems are what the names of hooks begin with, and others that are probably meant as hooks.
	Stems []string

	// Instead is what to do with a type that has neither handler nor hook, where that is more than
	// to declare one; else it is empty.
	Instead func(reflect.Type) string
}

// Method is a handler or a hook.
type Method struct {
	GoName  string // such as "HandleDeposit"
	Name    string // what follows Handle; empty for a hook
	Owner   string // the declaring type, for texts
	File    string // where the method is declared; empty where that is not known
	Line    int
	Message reflect.Type // M; nil for a hook
	Reply   reflect.Type // R; nil without a reply
	Plain   bool         // it takes a context.Context
	Fails   bool         // its last result is an error

	// Expression is the method of a *T as a func value, whose first parameter is the *T, whether a
	// T or a *T was scanned.
	Expression any

	at place
}

// String names the method as in bank.Account.HandleDeposit.
func (m Method) String() string { return m.Owner + "." + m.GoName }

// IsHook reports whether the method is a hook, not a handler.
func (m Method) IsHook() bool { return m.Message == nil }

// TakesAny reports whether the method is a handler that takes every message.
func (m Method) TakesAny() bool {
	return m.Message != nil && m.Message.Kind() == reflect.Interface && m.Message.NumMethod() == 0
}

// Fault is one reason why a type, or one of its methods, cannot be used.
type Fault struct {
	Type   string // the declaring type, or the one that was scanned
	Method string // empty for a fault of the type itself
	File   string // where the method, or the first of those in question, is declared; or empty
	Line   int
	Found  string
	Want   string
	Cure   string
}

// WantPointer is what a [Fault] wants where a value was scanned, some of whose methods only a
// pointer to it has.
const WantPointer = "a pointer"

// At is where something is declared, to follow its name, as in " (account.go:31)"; empty where that
// is not known.
func At(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", filepath.Base(file), line)
}

var (
	typeContext = reflect.TypeFor[context.Context]()
	typeError   = reflect.TypeFor[error]()
	typeAny     = reflect.TypeFor[any]()
)

// newMethod describes a handler or hook that fits.
func newMethod(m reflect.Method, at place) Method {
	t := m.Type
	made := Method{
		GoName: m.Name, Owner: typename.Short(at.typ), File: at.file, Line: at.line,
		Plain: t.In(1) == typeContext, Expression: m.Func.Interface(), at: at,
	}
	if n := t.NumOut(); n > 0 {
		made.Fails = t.Out(n-1) == typeError
		if t.Out(0) != typeError {
			made.Reply = t.Out(0)
		}
	}
	if isHandlerName(m.Name) {
		made.Name, made.Message = strings.TrimPrefix(m.Name, "Handle"), t.In(2)
	}
	return made
}
