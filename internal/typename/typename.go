// Package typename writes types as people read them.
package typename

import (
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

// Short is a type as %T prints it, but for the package paths in the brackets of a generic one, of
// which the name is enough: events.Created[user.ID], not
// events.Created[github.com/acme/shop/user.ID].
func Short(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return readable(t.String())
}

// Full is a type with the path of its package, such as *github.com/acme/shop/user.ID.
func Full(t reflect.Type) string {
	switch {
	case t == nil:
		return "nil"
	case t.PkgPath() != "":
		return t.PkgPath() + "." + t.Name()
	case t.Name() != "":
		return t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + Full(t.Elem())
	case reflect.Slice:
		return "[]" + Full(t.Elem())
	case reflect.Map:
		return "map[" + Full(t.Key()) + "]" + Full(t.Elem())
	case reflect.Array, reflect.Chan:
		before, _ := strings.CutSuffix(t.String(), t.Elem().String())
		return before + Full(t.Elem())
	}
	return t.String()
}

// All are the texts of several types that stand in one message: Short, and Full for each with a
// name in it that a type of another package has too. Of two types of one name that functions of one
// package declare, nothing tells which is which.
func All(types ...reflect.Type) []string {
	owners := map[string]reflect.Type{} // by the text of a named type
	shared := map[string]bool{}         // texts of several types
	for _, t := range types {
		for _, part := range named(t) {
			text := Short(part)
			if other, known := owners[text]; known && Full(other) != Full(part) {
				shared[text] = true
			}
			owners[text] = part
		}
	}
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = Short(t)
		for _, part := range named(t) {
			if shared[Short(part)] {
				texts[i] = Full(t)
			}
		}
	}
	return texts
}

// Parts are the name of a type, or of what it points to, without its package, and what it has in
// brackets. Both are empty for types without a name.
func Parts(t reflect.Type) (name, arguments string) {
	name, arguments, _ = strings.Cut(Base(t).Name(), "[")
	return name, readable(strings.TrimSuffix(arguments, "]"))
}

// New is how a program makes a pointer to a new value of a type: &bank.Account{}. It is empty for a
// type without a name.
func New(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return "&" + Short(t) + "{}"
	}
	return "new(" + Short(t) + ")"
}

// Base is the type that a pointer, or a pointer to one, leads to.
func Base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return t
}

// named are the types with a name that a type is made of: itself, or those of its elements.
func named(t reflect.Type) []reflect.Type {
	if t == nil {
		return nil
	}
	if t.Name() != "" {
		return []reflect.Type{t}
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		return named(t.Elem())
	case reflect.Map:
		return append(named(t.Key()), named(t.Elem())...)
	}
	return nil
}

// qualified is a type's name with the path of its package, as it stands in brackets; or a quoted
// tag, which is left as it is.
var qualified = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^\s\[\](){},;*"<]+`)

// version is what the last element of a module's path may be, and its package's name is not.
var version = regexp.MustCompile(`^v[0-9]+$`)

// readable shortens what stands in the brackets of a generic type.
func readable(text string) string {
	if !strings.ContainsAny(text, "/·") {
		return text
	}
	return qualified.ReplaceAllStringFunc(text, func(name string) string {
		if name[0] == '"' {
			return name
		}
		name, _, _ = strings.Cut(name, "·") // the number of a type that is declared in a function
		if !strings.Contains(name, "/") {
			return name
		}
		dots := name[:len(name)-len(strings.TrimLeft(name, "."))] // of a variadic parameter
		elements := strings.Split(name, "/")
		// dots of the path are escaped
		escaped, typ, _ := strings.Cut(elements[len(elements)-1], ".")
		path, err := url.PathUnescape(escaped)
		if err != nil {
			path = escaped
		}
		pkg, suffix, versioned := strings.Cut(path, ".")
		switch {
		case versioned && !version.MatchString(suffix):
			pkg = path
		case version.MatchString(pkg):
			pkg = elements[len(elements)-2]
		}
		return dots + pkg + "." + typ
	})
}
