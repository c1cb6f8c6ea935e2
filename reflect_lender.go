package akt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aktgo/akt/internal/typename"
)

// lender is an embedded pointer or interface that brings handlers or hooks, which panic where it is
// nil.
type lender struct {
	path    []reflect.StructField // from the actor's struct to the field, itself the last
	methods []string
}

// lendersOf finds the fields on the way to methods that may be nil. Most types have none.
func lendersOf(methods []candidate) (lenders []lender) {
	for _, m := range methods {
		for i, f := range m.at.path {
			if f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Interface {
				continue
			}
			path := m.at.path[:i+1]
			known := slices.IndexFunc(lenders, func(l lender) bool { return l.is(path) })
			if known < 0 {
				known = len(lenders)
				lenders = append(lenders, lender{path: path})
			}
			lenders[known].methods = append(lenders[known].methods, m.method)
		}
	}
	return lenders
}

func (l lender) is(path []reflect.StructField) bool {
	return slices.EqualFunc(l.path, path, func(a, b reflect.StructField) bool {
		return a.Index[0] == b.Index[0]
	})
}

// isNil reports whether the field is nil in a state. Below a nil pointer there is none.
func (l lender) isNil(state any) bool {
	v := reflect.ValueOf(state)
	for _, f := range l.path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return false
			}
			v = v.Elem()
		}
		v = v.Field(f.Index[0])
	}
	return v.IsNil()
}

// name is the field's, with those that lead to it: "middle.Base".
func (l lender) name() string {
	names := make([]string, len(l.path))
	for i, f := range l.path {
		names[i] = f.Name
	}
	return strings.Join(names, ".")
}

// nilLenders are the embedded fields of a state that bring handlers or hooks and are nil; with a
// method, those that bring it. A state is what the actor has: always a pointer.
func (t *table) nilLenders(state any, method string) (found []lender) {
	for _, l := range t.lenders {
		if (method == "" || slices.Contains(l.methods, method)) && l.isNil(state) {
			found = append(found, l)
		}
	}
	return found
}

// refuseNil is the error for a state that has nil lenders, before or after its OnStart.
func (t *table) refuseNil(lenders []lender, started bool) error {
	e := &RegistrationError{Type: t.typ.String()}
	for _, l := range lenders {
		field := l.path[len(l.path)-1]
		cure := "set it where the actor is made"
		if made := newOf(elemOf(field.Type)); made != "" && field.Type.Kind() == reflect.Pointer {
			cure += ", to " + made + " for example"
		}
		when := ""
		if started {
			when = " when OnStart has returned"
			if t.typ.Kind() == reflect.Pointer { // else OnStart has a copy
				cure += ", or in OnStart"
			}
		}
		e.Faults = append(e.Faults, Fault{
			Type: typename.Short(elemOf(t.typ)),
			Found: fmt.Sprintf("the embedded %s (%s), which brings %s, is nil%s",
				l.name(), typename.Short(field.Type), listed(l.methods), when),
			Want: "a value in it",
			Cure: cure,
		})
	}
	return e
}
