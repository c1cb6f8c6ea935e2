package handlers

import (
	htmltemplate "html/template"
	"net/http"
	"reflect"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// A package is of the module whose path is the longest that it begins with; without a name to go
// by, of the standard library, or of its repository.
func TestModuleOfAPackage(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		Main: debug.Module{Path: "example.com/shop"},
		Deps: []*debug.Module{{Path: "example.com/shop/api"}, {Path: "gopkg.in/yaml.v3"}},
	}
	for pkg, want := range map[string]string{
		"main":                      "example.com/shop",
		"":                          "example.com/shop",
		"example.com/shop":          "example.com/shop",
		"example.com/shop_test":     "example.com/shop",
		"example.com/shop/order":    "example.com/shop",
		"example.com/shop/api":      "example.com/shop/api",
		"example.com/shop/api/v1":   "example.com/shop/api",
		"example.com/shopping":      "example.com/shopping",
		"gopkg.in/yaml.v3":          "gopkg.in/yaml.v3",
		"github.com/some/other/sub": "github.com/some/other",
		"net/http":                  "std",
		"net/http/httptest":         "std",
	} {
		require.Equal(t, want, moduleOf(info, pkg), pkg)
	}
	require.Empty(t, moduleOf(&debug.BuildInfo{}, "main"))
	require.Equal(t, "std", moduleOf(&debug.BuildInfo{}, "cases"))
}

type (
	foreignOwn   struct{ foreignBase }
	foreignBase  struct{ *http.Server }
	foreignOther struct{ htmltemplate.Template }
)

// What another module's type brings is cured where the user's own type embeds it.
func TestForeignFields(t *testing.T) {
	t.Parallel()
	field := func(of reflect.Type, i int) reflect.StructField { return of.Field(i) }
	own, base := reflect.TypeFor[foreignOwn](), reflect.TypeFor[foreignBase]()
	at := place{path: []reflect.StructField{field(own, 0), field(base, 0)}}
	for _, scanned := range []reflect.Type{own, reflect.PointerTo(own)} {
		in, f, ok := at.foreign(scanned)
		require.True(t, ok)
		require.Equal(t, base, in)
		require.Equal(t, "Server", f.Name)
	}
	_, _, ok := place{path: []reflect.StructField{field(own, 0)}}.foreign(own)
	require.False(t, ok)
	_, _, ok = place{}.foreign(own)
	require.False(t, ok)

	s := &scanner{Rules: testRules, typ: reflect.TypeFor[*foreignOther]()}
	path := []reflect.StructField{field(reflect.TypeFor[foreignOther](), 0)}
	s.fault(place{method: "HandleX", path: path}, "found", "wanted", "change it")
	s.fault(place{method: "OnBegin", path: path}, "found", "wanted", "change it")
	const named = "hold the template.Template in a named field of handlers.foreignOther " +
		"instead of embedding it"
	require.Equal(t, named, s.faults[0].Cure)
	require.Equal(t, named+", or declare OnBegin on handlers.foreignOther", s.faults[1].Cure)
}
