package tests_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	describeOpen  struct{}
	describeClose struct{}

	describeBase    struct{}
	describeAccount struct{ describeBase }
	describeIdle    struct{}
	describeLater   = *akt.Future[uint32]
)

// The methods are not declared in the order of their names.
func (*describeAccount) HandleZero(akt.Context, *describeOpen)                   {}
func (*describeAccount) HandleOpen(akt.Context, describeOpen) (d describeLater)  { return }
func (*describeAccount) HandleNote(context.Context, fmt.Stringer) error          { return nil }
func (*describeAccount) HandleAnything(akt.Context, any) any                     { return nil }
func (describeBase) HandleClose(context.Context, describeClose) (n int, e error) { return }
func (*describeAccount) Handle(context.Context, int)                             {}
func (*describeAccount) OnStopped(akt.Context)                                   {}
func (describeIdle) OnStopped(akt.Context)                                       {}

// H7: Describe returns the type and all handlers, sorted by name, each with message, reply, method and place; and makes and
// starts nothing for it.
func TestDescribe(t *testing.T) {
	t.Parallel()
	type row struct {
		name, method   string
		message, reply reflect.Type
		place          string
	}
	declared := func(declaration string) string { return placeOf(t, "describe_test.go", "func ("+declaration+"(") }
	want := []row{
		{"Anything", "HandleAnything", reflect.TypeFor[any](), reflect.TypeFor[any](), declared("*describeAccount) HandleAnything")},
		{"Close", "HandleClose", reflect.TypeFor[describeClose](), reflect.TypeFor[int](), declared("describeBase) HandleClose")},
		{"Note", "HandleNote", reflect.TypeFor[fmt.Stringer](), nil, declared("*describeAccount) HandleNote")},
		{"Open", "HandleOpen", reflect.TypeFor[describeOpen](), reflect.TypeFor[describeLater](), declared("*describeAccount) HandleOpen")},
		{"Zero", "HandleZero", reflect.TypeFor[*describeOpen](), nil, declared("*describeAccount) HandleZero")},
	}
	unused := akt.Spawner[*describeAccount](func() *describeAccount {
		t.Error("a Spawner was asked for an actor, though its type says all")
		return nil
	})
	made := akt.Spawner[any](func() any { return &describeAccount{} })
	for _, actor := range []any{&describeAccount{}, unused, made} {
		t.Run(fmt.Sprintf("%T", actor), func(t *testing.T) {
			t.Parallel()
			description, err := akt.Describe(actor)
			require.NoError(t, err)
			require.Equal(t, reflect.TypeFor[*describeAccount](), description.Type)
			var got []row
			for _, h := range description.Handlers {
				got = append(got, row{h.Name, h.Method, h.Message, h.Reply, fmt.Sprintf("%s:%d", filepath.Base(h.File), h.Line)})
			}
			require.Equal(t, want, got)
		})
	}
}

// H7: an actor with lifecycle hooks alone has a description without handlers.
func TestDescribeWithoutHandlers(t *testing.T) {
	t.Parallel()
	description, err := akt.Describe(describeIdle{})
	require.NoError(t, err)
	require.Equal(t, reflect.TypeFor[describeIdle](), description.Type)
	require.Empty(t, description.Handlers)
}

// H7: a description is the caller's own: changing it changes neither the next one nor the actor.
func TestDescriptionIsACopy(t *testing.T) {
	t.Parallel()
	first, err := akt.Describe(byValue{})
	require.NoError(t, err)
	first.Handlers[0].Name, first.Handlers[0].Message = "changed", nil
	again, err := akt.Describe(byValue{})
	require.NoError(t, err)
	require.Equal(t, "Value", again.Handlers[0].Name)
	reply, err := run(t, byValue{}).Send(t.Context(), dispatchCount{})
	require.NoError(t, err)
	require.Equal(t, "value 0", reply)
}
