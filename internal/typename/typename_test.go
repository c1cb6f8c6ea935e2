package typename_test

import (
	"context"
	htmltemplate "html/template"
	"net/http"
	"reflect"
	"testing"
	texttemplate "text/template"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/typename"
)

type (
	box[T any]     struct{ V T }
	pair[K, V any] struct {
		Key K
		Val V
	}
)

type crate[T any] struct{ V T }

func outer() any {
	type box struct{ N int }
	return box{}
}

func typesOf(values ...any) []reflect.Type {
	types := make([]reflect.Type, len(values))
	for i, v := range values {
		types[i] = reflect.TypeOf(v)
	}
	return types
}

// A type reads as %T prints it, but for package paths in brackets, of which the package's name is
// left.
func TestShort(t *testing.T) {
	t.Parallel()
	type local struct{ N int }
	for want, typ := range map[string]reflect.Type{
		"nil":              nil,
		"int":              reflect.TypeFor[int](),
		"http.Request":     reflect.TypeFor[http.Request](),
		"*http.Request":    reflect.TypeFor[*http.Request](),
		"[2]http.Request":  reflect.TypeFor[[2]http.Request](),
		"map[string]error": reflect.TypeFor[map[string]error](),
		"func(...int)":     reflect.TypeFor[func(...int)](),

		"typename_test.box[int]":                                  reflect.TypeFor[box[int]](),
		"*typename_test.box[*http.Request]":                       reflect.TypeFor[*box[*http.Request]](),
		"typename_test.box[typename_test.local]":                  reflect.TypeFor[box[local]](),
		"typename_test.pair[http.Request,typename_test.box[int]]": reflect.TypeFor[pair[http.Request, box[int]]](),
		"typename_test.box[func(...http.Request) error]":          reflect.TypeFor[box[func(...http.Request) error]](),
		"typename_test.box[<-chan http.Request]":                  reflect.TypeFor[box[<-chan http.Request]](),
		"typename_test.box[struct { R http.Request \"json:\\\"a/b.c\\\"\" }]": reflect.TypeFor[box[struct {
			R http.Request `json:"a/b.c"`
		}]](),
	} {
		require.Equal(t, want, typename.Short(typ))
	}
}

// With its path a type says which of several packages of one name it is from, whatever it is made
// of.
func TestFull(t *testing.T) {
	t.Parallel()
	for want, typ := range map[string]reflect.Type{
		"nil":                             nil,
		"int":                             reflect.TypeFor[int](),
		"error":                           reflect.TypeFor[error](),
		"net/http.Request":                reflect.TypeFor[http.Request](),
		"*net/http.Request":               reflect.TypeFor[*http.Request](),
		"[][2]*net/http.Request":          reflect.TypeFor[[][2]*http.Request](),
		"<-chan net/http.Request":         reflect.TypeFor[<-chan http.Request](),
		"map[net/http.ConnState][]string": reflect.TypeFor[map[http.ConnState][]string](),
		"func(http.Request)":              reflect.TypeFor[func(http.Request)](),
		"github.com/aktgo/akt/internal/typename_test.box[net/http.Request]": reflect.TypeFor[box[http.Request]](),
	} {
		require.Equal(t, want, typename.Full(typ))
	}
}

// Types of one name are told apart by their packages, also where they are only part of a type;
// others stay short.
func TestAllTellsApart(t *testing.T) {
	t.Parallel()
	const path = "github.com/aktgo/akt/internal/typename_test."
	type box struct{}
	for name, row := range map[string]struct {
		types []reflect.Type
		want  []string
	}{
		"nothing in common": {typesOf(1, nil, http.Request{}), []string{"int", "nil", "http.Request"}},
		"the same type":     {typesOf(http.Request{}, &http.Request{}), []string{"http.Request", "*http.Request"}},
		"two packages": {typesOf(htmltemplate.Template{}, texttemplate.Template{}, 1),
			[]string{"html/template.Template", "text/template.Template", "int"}},
		"one behind a pointer": {typesOf(&htmltemplate.Template{}, texttemplate.Template{}),
			[]string{"*html/template.Template", "text/template.Template"}},
		"one in a map": {typesOf(map[int]htmltemplate.Template{}, []texttemplate.Template{}),
			[]string{"map[int]html/template.Template", "[]text/template.Template"}},
		"two of one package, as one is declared in a function": {typesOf(box{}, outer()), []string{"typename_test.box", "typename_test.box"}},
		"in brackets": {typesOf(crate[htmltemplate.Template]{}, crate[texttemplate.Template]{}),
			[]string{path + "crate[html/template.Template]", path + "crate[text/template.Template]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, row.want, typename.All(row.types...))
		})
	}
}

// The parts of a name are what two names are compared by.
func TestParts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		typ             reflect.Type
		name, arguments string
	}{
		{reflect.TypeFor[http.Request](), "Request", ""},
		{reflect.TypeFor[**http.Request](), "Request", ""},
		{reflect.TypeFor[context.Context](), "Context", ""},
		{reflect.TypeFor[*box[http.Request]](), "box", "http.Request"},
		{reflect.TypeFor[pair[int, box[string]]](), "pair", "int,typename_test.box[string]"},
		{reflect.TypeFor[[]http.Request](), "", ""},
		{reflect.TypeFor[struct{}](), "", ""},
	} {
		name, arguments := typename.Parts(row.typ)
		require.Equal(t, row.name, name, "%v", row.typ)
		require.Equal(t, row.arguments, arguments, "%v", row.typ)
	}
}
