package tests_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// placeOf returns "file.go:31" for the one line of a file of this package that starts with a declaration.
func placeOf(t *testing.T, file, declaration string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	place := ""
	for i, line := range strings.Split(string(source), "\n") {
		if strings.HasPrefix(line, declaration) {
			require.Empty(t, place, "%q is declared twice in %s", declaration, file)
			place = fmt.Sprintf("%s:%d", file, i+1)
		}
	}
	require.NotEmpty(t, place, "%q is not declared in %s", declaration, file)
	return place
}

type (
	placeA struct{}
	placeB struct{}

	placeValue   struct{}
	placePointer struct{ n int }

	placeGeneric[T any] struct{ made T }

	// placeSeveral has embedded fields, each at another offset, so that the compiler writes wrappers of all kinds.
	placeSeveral struct {
		_ int
		placeValue
		*placePointer
	}
	placeMiddle    struct{ *placeSeveral }
	placeDeeper    struct{ placeMiddle }
	placeOfGeneric struct{ *placeGeneric[string] }
	//lint:ignore U1000 embedded for its method, which placeOwn shadows
	placeOwn        struct{ placeValue }
	placeInterface  interface{ HandleA(akt.Context, placeA) int }
	placeOfAbstract struct{ placeInterface }

	placeFaulty         struct{}
	placeFaultyPromoted struct {
		_ int
		placeFaulty
	}
)

func (placeValue) HandleA(akt.Context, placeA) int      { return os.Getpid() }
func (p *placePointer) HandleB(akt.Context, placeB) int { p.n += os.Getpid(); return p.n }

func (p placeGeneric[T]) HandleA(akt.Context, placeA) T      { return p.made }
func (p *placeGeneric[T]) HandleB(_ akt.Context, _ placeB) T { return p.made }

func (placeOwn) HandleA(akt.Context, placeA) string { return "own" }

func (placeFaulty) HandleA(akt.Context, placeA, placeB) {}

// H3: the position of a handler is that of its declaration, never that of a wrapper which the compiler wrote.
func TestPositionOfDeclaration(t *testing.T) {
	t.Parallel()
	const (
		value          = "func (placeValue) HandleA("
		pointer        = "func (p *placePointer) HandleB("
		genericValue   = "func (p placeGeneric[T]) HandleA("
		genericPointer = "func (p *placeGeneric[T]) HandleB("
	)
	tests := []struct {
		name         string
		actor        any
		declarations []string // of the handlers, in order of their names
	}{
		{"a method of a value, reached through a value", placeValue{}, []string{value}},
		{"a method of a value, reached through a pointer", &placeValue{}, []string{value}},
		{"a method of a pointer", &placePointer{}, []string{pointer}},
		{"promoted from an embedded value and an embedded pointer", placeSeveral{}, []string{value, pointer}},
		{"promoted, and reached through a pointer", &placeSeveral{}, []string{value, pointer}},
		{"promoted from a pointer in an embedded field", placeMiddle{}, []string{value, pointer}},
		{"promoted through three levels", &placeDeeper{}, []string{value, pointer}},
		{"a method of a generic type", &placeGeneric[int]{}, []string{genericValue, genericPointer}},
		{"a method of a generic type of pointers", &placeGeneric[*placeOwn]{}, []string{genericValue, genericPointer}},
		{"promoted from a generic type", placeOfGeneric{}, []string{genericValue, genericPointer}},
		{"an own method that hides a promoted one", &placeOwn{}, []string{"func (placeOwn) HandleA("}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			description, err := akt.Describe(tt.actor)
			require.NoError(t, err)
			var got, want []string
			for _, h := range description.Handlers {
				got = append(got, fmt.Sprintf("%s:%d", filepath.Base(h.File), h.Line))
			}
			for _, declaration := range tt.declarations {
				want = append(want, placeOf(t, "place_test.go", declaration))
			}
			require.Equal(t, want, got)
		})
	}
}

// H3: a method that an embedded interface promises has no declaration, and no position is made up for it.
func TestPositionOfAnInterfacesMethod(t *testing.T) {
	t.Parallel()
	description, err := akt.Describe(&placeOfAbstract{placeValue{}})
	require.NoError(t, err)
	require.Len(t, description.Handlers, 1)
	require.Empty(t, description.Handlers[0].File)
	require.Zero(t, description.Handlers[0].Line)
}

type (
	placeFaultyInterface  interface{ HandleA(akt.Context) }
	placeOfFaultyAbstract struct{ placeFaultyInterface }
)

// H3: a fault of a method that an embedded interface promises names the interface, without a place.
func TestFaultOfAnInterfacesMethod(t *testing.T) {
	t.Parallel()
	requireRefused(t, placeOfFaultyAbstract{}, "akt: tests_test.placeFaultyInterface.HandleA is not a handler: it has a context and no message"+
		"; want func(akt.Context, M) (R, error): declare it as HandleA(ctx akt.Context, msg A), with an empty struct for a message without data")
}

// H3: a fault of a promoted method names the type that declares it, and the line there.
func TestPositionOfPromotedFault(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{placeFaulty{}, &placeFaulty{}, placeFaultyPromoted{}, &placeFaultyPromoted{}} {
		_, err := akt.Describe(actor)
		var refused *akt.RegistrationError
		require.ErrorAs(t, err, &refused, "%T", actor)
		require.Equal(t, fmt.Sprintf("%T", actor), refused.Type)
		require.Len(t, refused.Faults, 1)
		fault := refused.Faults[0]
		require.Equal(t, "tests_test.placeFaulty", fault.Type)
		require.Equal(t, placeOf(t, "place_test.go", "func (placeFaulty) HandleA("),
			fmt.Sprintf("%s:%d", filepath.Base(fault.File), fault.Line))
		require.NotContains(t, err.Error(), "autogenerated")
	}
}

type (
	composedMsg   struct{}
	composedOther struct{}

	composedBase           struct{ name string }
	composedGeneric[T any] struct{ made T }
	composedContract       interface {
		HandleMsg(akt.Context, composedMsg) string
	}
	composedOwn     struct{ composedBase }
	composedServer  struct{ *http.ServeMux }
	composedPing    struct{ *http.ServeMux }
	composedHooks   struct{ started bool }
	composedStarted struct {
		*composedHooks
		composedBase
	}
)

func (b composedBase) HandleMsg(akt.Context, composedMsg) string      { return "base of " + b.name }
func (b *composedBase) HandleOther(akt.Context, composedOther) string { return "other of " + b.name }
func (g *composedGeneric[T]) HandleMsg(akt.Context, composedMsg) T    { return g.made }
func (composedOwn) HandleMsg(akt.Context, composedMsg) string         { return "own" }
func (composedPing) HandlePing(akt.Context, composedMsg) string       { return "pong" }
func (h *composedHooks) OnStart(akt.Context) error                    { h.started = true; return nil }

// H4: methods promoted from embedded fields of every kind are handlers, an actor's own method hides a promoted one, and
// promoted methods that only look like handlers do no harm.
func TestPromotedHandlers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		actor any
		msg   any
		reply any
	}{
		{"from a value", &struct{ composedBase }{composedBase{"a"}}, composedMsg{}, "base of a"},
		{"from a value whose method is on the pointer", &struct{ composedBase }{composedBase{"a"}}, composedOther{}, "other of a"},
		{"from a pointer", struct{ *composedBase }{&composedBase{"a"}}, composedMsg{}, "base of a"},
		{"from a pointer whose method is on the pointer", struct{ *composedBase }{&composedBase{"a"}}, composedOther{}, "other of a"},
		{"from an interface", struct{ composedContract }{composedBase{"a"}}, composedMsg{}, "base of a"},
		{"from a generic type", &struct{ composedGeneric[int] }{composedGeneric[int]{7}}, composedMsg{}, 7},
		{"through two levels", &struct{ composedOwn }{composedOwn{composedBase{"a"}}}, composedOther{}, "other of a"},
		{"through two levels, hidden in the middle", &struct{ composedOwn }{}, composedMsg{}, "own"},
		{"hidden by the actor's own", &composedOwn{}, composedMsg{}, "own"},
		{"beside the HandleFunc of an embedded *http.ServeMux", composedPing{}, composedMsg{}, "pong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := run(t, tt.actor).Send(t.Context(), tt.msg)
			require.NoError(t, err)
			require.Equal(t, tt.reply, reply)
		})
	}
}

// H4: a promoted lifecycle hook is called.
func TestPromotedHook(t *testing.T) {
	t.Parallel()
	actor := &composedStarted{composedHooks: &composedHooks{}}
	run(t, actor)
	require.True(t, actor.started)
}
