package handlers

import (
	"reflect"
	"slices"
	"strings"
)

// Lender is an embedded pointer or interface that brings handlers or hooks, which panic where it is
// nil.
type Lender struct {
	Methods []string // that it brings, such as "HandleDeposit"

	path []reflect.StructField // from the scanned struct to the field, itself the last
}

// Lenders finds the fields on the way to methods that may be nil. Most types have none.
func Lenders(methods []Method) (lenders []Lender) {
	for _, m := range methods {
		for i, f := range m.at.path {
			if f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Interface {
				continue
			}
			path := m.at.path[:i+1]
			known := slices.IndexFunc(lenders, func(l Lender) bool { return l.is(path) })
			if known < 0 {
				known = len(lenders)
				lenders = append(lenders, Lender{path: path})
			}
			lenders[known].Methods = append(lenders[known].Methods, m.GoName)
		}
	}
	return lenders
}

func (l Lender) is(path []reflect.StructField) bool {
	return slices.EqualFunc(l.path, path, func(a, b reflect.StructField) bool {
		return a.Index[0] == b.Index[0]
	})
}

// IsNil reports whether the field is nil in a state. Below a nil pointer there is none.
func (l Lender) IsNil(state any) bool {
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

// Name is the field's name, with those that lead to it: "middle.Base".
func (l Lender) Name() string {
	names := make([]string, len(l.path))
	for i, f := range l.path {
		names[i] = f.Name
	}
	return strings.Join(names, ".")
}

// Type is the field's type.
func (l Lender) Type() reflect.Type { return l.path[len(l.path)-1].Type }
