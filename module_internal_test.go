package akt

import (
	"context"
	htmltemplate "html/template"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// A package is of the module whose path is the longest that it begins with; without a name to go by, of
// the standard library, or of its repository.
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

// H4: what another module's type brings is cured where the user's own type embeds it.
func TestForeignFields(t *testing.T) {
	t.Parallel()
	field := func(of reflect.Type, i int) reflect.StructField { return of.Field(i) }
	own, base := reflect.TypeFor[foreignOwn](), reflect.TypeFor[foreignBase]()
	at := place{path: []reflect.StructField{field(own, 0), field(base, 0)}}
	for _, actor := range []reflect.Type{own, reflect.PointerTo(own)} {
		in, f, ok := at.foreign(actor)
		require.True(t, ok)
		require.Equal(t, base, in)
		require.Equal(t, "Server", f.Name)
	}
	_, _, ok := place{path: []reflect.StructField{field(own, 0)}}.foreign(own)
	require.False(t, ok)
	_, _, ok = place{}.foreign(own)
	require.False(t, ok)

	s := &scanner{typ: reflect.TypeFor[*foreignOther]()}
	in := place{path: []reflect.StructField{field(reflect.TypeFor[foreignOther](), 0)}}
	s.fault(reflect.Method{Name: "HandleX"}, in, "found", "wanted", "change it")
	s.fault(reflect.Method{Name: "OnStart"}, in, "found", "wanted", "change it")
	const named = "hold the template.Template in a named field of akt.foreignOther instead of embedding it"
	require.Equal(t, named, s.faults[0].Cure)
	require.Equal(t, named+", or declare OnStart on akt.foreignOther", s.faults[1].Cure)
}

// A new hook needs a line in hookShapes and nothing else: then its name is no near miss any more.
func TestHooksAreDeclaredOnce(t *testing.T) {
	t.Parallel()
	for name, shape := range hookShapes {
		require.NotEmpty(t, hookStem(name), "what is nearly its name is found by its stem")
		require.Equal(t, typeAktContext, shape.In(0))
		require.Equal(t, 1, shape.NumIn())
	}
	require.Equal(t, "OnStart(akt.Context) error", hookDeclaration("OnStart"))
}

// H4: a type whose embedded fields cannot be nil costs nothing at a start: there is nothing to look at.
func TestLendersAreFoundOnce(t *testing.T) {
	t.Parallel()
	type value struct{ scannedActor }
	type pointer struct{ *scannedActor }
	type deep struct {
		_ int
		pointer
	}
	tbl, err := tableFor(reflect.TypeFor[*value]())
	require.NoError(t, err)
	require.Empty(t, tbl.lenders)
	tbl, err = tableFor(reflect.TypeFor[deep]())
	require.NoError(t, err)
	require.Len(t, tbl.lenders, 1)
	require.Equal(t, "pointer.scannedActor", tbl.lenders[0].name())
	require.True(t, tbl.lenders[0].isNil(&deep{}))
	require.False(t, tbl.lenders[0].isNil(&deep{pointer: pointer{&scannedActor{}}}))
}

// The state that was to be replaced is let go as soon as another one is made, and at the end.
func TestFormerStateIsLetGo(t *testing.T) {
	t.Parallel()
	system := NewSystem(WithDefaults(WithLogger(slog.New(slog.DiscardHandler))))
	former := func(a *actor) any {
		a.box.Lock()
		defer a.box.Unlock()
		return a.extras.last
	}
	addr, err := system.Run(Spawner[*formerState](func() *formerState { return &formerState{} }))
	require.NoError(t, err)
	_, err = addr.Send(context.Background(), 0)
	require.Error(t, err)
	_, err = addr.Send(t.Context(), 1)
	require.NoError(t, err)
	require.Nil(t, former(addr.actor))

	same := &formerState{}
	addr, err = system.Run(Spawner[*formerState](func() *formerState { return same }), WithSupervisor(Supervisor{
		MaxRestarts: 1,
	}))
	require.NoError(t, err)
	require.NoError(t, addr.Notify(t.Context(), 0))
	<-addr.Done()
	require.ErrorContains(t, addr.Err(), "the Spawner returned the state again")
	require.Nil(t, former(addr.actor))
	require.NoError(t, system.Shutdown(context.Background()))
}

type formerState struct{ N int }

func (*formerState) HandleInt(_ Context, n int) int { return 1 / n }
