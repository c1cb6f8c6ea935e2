package tests_test

import (
	"context"
	"fmt"
	htmltemplate "html/template"
	"path/filepath"
	"reflect"
	"testing"
	texttemplate "text/template"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about the handler that a message goes to, and what its sender hears where there
// is none.

// dispatchCount is a message that is sent as a value and by pointer; both implement fmt.Stringer,
// and the pointer dispatchAdder.
type dispatchCount struct{ N int }

func (dispatchCount) String() string { return "count" }
func (c *dispatchCount) Add()        { c.N++ }

type (
	dispatchAdder  interface{ Add() }
	dispatchEmpty  interface{}
	dispatchNumber int
	dispatchNamed  struct{}
)

func (dispatchNamed) String() string { return "named" }

// One actor for each combination of handlers. A reply names the handler and what it got.
type (
	byValue        struct{}
	byPointer      struct{}
	byBoth         struct{ byValue }
	byStringer     struct{}
	byValueFirst   struct{ byStringer }
	byTwo          struct{ byStringer }
	byAny          struct{}
	byEverything   struct{ byTwo }
	byNamedEmpty   struct{}
	byStringerAny  struct{ byStringer }
	byNumber       struct{}
	byPointerAlone struct{ byAny }
)

func (byValue) HandleValue(_ akt.Context, m dispatchCount) string {
	return fmt.Sprint("value ", m.N)
}

func (byPointer) HandlePointer(_ akt.Context, m *dispatchCount) string {
	if m == nil {
		return "nil pointer"
	}
	return fmt.Sprint("pointer ", m.N)
}

func (byBoth) HandlePointer(c akt.Context, m *dispatchCount) string {
	return byPointer{}.HandlePointer(c, m)
}

func (byStringer) HandleStringer(_ akt.Context, m fmt.Stringer) string {
	return fmt.Sprintf("Stringer %T", m)
}

func (byValueFirst) HandleCount(_ akt.Context, m dispatchCount) string {
	return fmt.Sprint("exact ", m.N)
}

func (byTwo) HandleAdder(_ akt.Context, m dispatchAdder) string {
	return fmt.Sprintf("Adder %T", m)
}

func (byAny) HandleRest(_ akt.Context, m any) string { return fmt.Sprintf("any %T", m) }

func (byEverything) HandleZzz(_ akt.Context, m any) string { return fmt.Sprintf("any %T", m) }

func (byNamedEmpty) HandleAaa(_ akt.Context, m dispatchEmpty) string {
	return fmt.Sprintf("empty %T", m)
}

func (byStringerAny) HandleAaa(_ akt.Context, m any) string { return fmt.Sprintf("any %T", m) }

func (byNumber) HandleNumber(_ akt.Context, m dispatchNumber) string {
	return fmt.Sprint("number ", m)
}

func (byPointerAlone) HandlePointer(c akt.Context, m *dispatchCount) string {
	return byPointer{}.HandlePointer(c, m)
}

// H5: the dynamic type of a message decides: the exact type, then value and pointer for each other,
// then the one interface that it implements, last the empty interface.
func TestDispatch(t *testing.T) {
	t.Parallel()
	value, pointer, none := dispatchCount{1}, &dispatchCount{2}, (*dispatchCount)(nil)
	tests := []struct {
		name  string
		actor any
		msg   any
		reply string
	}{
		{"a value for a handler of values", byValue{}, value, "value 1"},
		{"a pointer for a handler of values", byValue{}, pointer, "value 2"},
		{"a pointer for a handler of pointers", byPointer{}, pointer, "pointer 2"},
		{"a nil pointer for a handler of pointers", byPointer{}, none, "nil pointer"},
		{"a value for a handler of pointers", byPointer{}, value, "pointer 1"},
		{"a value where both are handled", byBoth{}, value, "value 1"},
		{"a pointer where both are handled", byBoth{}, pointer, "pointer 2"},
		{"a nil pointer where both are handled", byBoth{}, none, "nil pointer"},
		{"a value that implements an interface", byStringer{}, value,
			"Stringer tests_test.dispatchCount"},
		{"a pointer that implements an interface", byStringer{}, pointer,
			"Stringer *tests_test.dispatchCount"},
		{"another type that implements an interface", byStringer{}, dispatchNamed{},
			"Stringer tests_test.dispatchNamed"},
		{"a nil pointer that implements an interface", byStringer{}, none,
			"Stringer *tests_test.dispatchCount"},
		{"the exact type before an interface", byValueFirst{}, value, "exact 1"},
		{"the value of a pointer before an interface", byValueFirst{}, pointer, "exact 2"},
		{"an interface for what has no exact handler", byValueFirst{}, dispatchNamed{},
			"Stringer tests_test.dispatchNamed"},
		{"the only one of two interfaces", byTwo{}, value, "Stringer tests_test.dispatchCount"},
		{"anything", byAny{}, value, "any tests_test.dispatchCount"},
		{"anything of a type without a name", byAny{}, []string{"a"}, "any []string"},
		{"anything, with a named empty interface", byNamedEmpty{}, 7, "empty int"},
		{"an interface before anything that comes first", byStringerAny{}, value,
			"Stringer tests_test.dispatchCount"},
		{"anything that no interface fits", byStringerAny{}, 7, "any int"},
		{"the pointer to a value before anything", byPointerAlone{}, value, "pointer 1"},
		{"a defined type", byNumber{}, dispatchNumber(3), "number 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, tt.actor)
			for _, ctx := range []context.Context{context.Background(), t.Context()} {
				for range 2 { // found out, then known
					reply, err := addr.Send(ctx, tt.msg)
					require.NoError(t, err)
					require.Equal(t, tt.reply, reply)
				}
			}
		})
	}
}

// H5: what nothing fits, a nil pointer where the value is wanted, and what two interfaces fit, is
// an UnhandledError and never reaches a handler.
func TestDispatchRefuses(t *testing.T) {
	t.Parallel()
	pointer, none := &dispatchCount{}, (*dispatchCount)(nil)
	const two = "it implements the messages of HandleAdder (tests_test.dispatchAdder) and of " +
		"HandleStringer (fmt.Stringer)"
	tests := []struct {
		name  string
		actor any
		msg   any
		want  akt.UnhandledError
	}{
		{"an unknown type", byValue{}, "text", akt.UnhandledError{Message: "string"}},
		{"nil", byValue{}, nil,
			akt.UnhandledError{Message: "nil", Reason: "a message cannot be nil"}},
		{"nil, where anything is handled", byAny{}, nil,
			akt.UnhandledError{Message: "nil", Reason: "a message cannot be nil"}},
		{"a nil pointer for a handler of values", byValue{}, none, akt.UnhandledError{
			Message: "*tests_test.dispatchCount",
			Reason:  "the pointer is nil, and HandleValue takes the value",
		}},
		{"a nil pointer for a handler of values, where an interface fits", byValueFirst{}, none,
			akt.UnhandledError{
				Message: "*tests_test.dispatchCount",
				Reason:  "the pointer is nil, and HandleCount takes the value",
			}},
		{"a pointer that two interfaces fit", byTwo{}, pointer, akt.UnhandledError{
			Message: "*tests_test.dispatchCount", Reason: two,
			Hint: "add a handler for *tests_test.dispatchCount itself",
		}},
		{"a pointer that two interfaces fit, where anything is handled", byEverything{}, pointer,
			akt.UnhandledError{
				Message: "*tests_test.dispatchCount", Reason: two,
				Hint: "add a handler for *tests_test.dispatchCount itself",
			}},
		{"a pointer to an interface that is handled", byStringer{}, new(fmt.Stringer),
			akt.UnhandledError{
				Message: "*fmt.Stringer", Hint: "did you mean fmt.Stringer",
			}},
		{"a pointer to a pointer", byValue{}, &pointer, akt.UnhandledError{
			Message: "**tests_test.dispatchCount", Hint: "did you mean tests_test.dispatchCount",
		}},
		{"the type that a defined type is made of", byNumber{}, 7,
			akt.UnhandledError{Message: "int"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := run(t, tt.actor)
			description, err := akt.Describe(tt.actor)
			require.NoError(t, err)
			tt.want.Type = fmt.Sprintf("%T", tt.actor)
			for _, h := range description.Handlers {
				tt.want.Accepts = append(tt.want.Accepts, h.Message.String())
			}
			for range 2 { // a refusal stays one
				reply, err := addr.Send(t.Context(), tt.msg)
				require.Nil(t, reply)
				var unhandled *akt.UnhandledError
				require.ErrorAs(t, err, &unhandled)
				require.Equal(t, tt.want, *unhandled)
			}
		})
	}
}

type (
	dispatchDeposit  struct{}
	dispatchWithdraw struct{}
	dispatchDeposti  struct{}
	dispatchTime     struct{}

	dispatchAccount struct{}
	dispatchTimed   struct{}
	dispatchSilent  struct{}
)

func (dispatchAccount) HandleDeposit(akt.Context, dispatchDeposit)   {}
func (dispatchAccount) HandleWithdraw(akt.Context, dispatchWithdraw) {}

func (dispatchTimed) HandleCount(akt.Context, *dispatchCount) {}

func (dispatchSilent) OnStopped(akt.Context) {}

// E2: the text of an UnhandledError lists what the actor accepts, and suggests what was nearly
// right.
func TestUnhandledErrorText(t *testing.T) {
	t.Parallel()
	type dispatchCount struct{} // of the same name as the one that is handled
	const accepts = "; it accepts tests_test.dispatchDeposit, tests_test.dispatchWithdraw"
	tests := []struct {
		name  string
		actor any
		msg   any
		text  string
	}{
		{"a slip", dispatchAccount{}, dispatchDeposti{},
			"tests_test.dispatchAccount does not handle tests_test.dispatchDeposti" +
				accepts + "; did you mean tests_test.dispatchDeposit"},
		{"a slip, by pointer", dispatchAccount{}, &dispatchDeposti{},
			"tests_test.dispatchAccount does not handle *tests_test.dispatchDeposti" +
				accepts + "; did you mean tests_test.dispatchDeposit"},
		{"nothing near", dispatchAccount{}, 7,
			"tests_test.dispatchAccount does not handle int" + accepts},
		{"another type of the same name", &dispatchTimed{}, dispatchCount{},
			"*tests_test.dispatchTimed does not handle tests_test.dispatchCount" +
				"; it accepts *tests_test.dispatchCount; did you mean *tests_test.dispatchCount" +
				", which is another type of that name: one of them is declared in a function"},
		{"an actor without handlers", dispatchSilent{}, dispatchTime{},
			"tests_test.dispatchSilent does not handle tests_test.dispatchTime; it " +
				"accepts no messages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var unhandled *akt.UnhandledError
			require.ErrorAs(t, run(t, tt.actor).Notify(t.Context(), tt.msg), &unhandled)
			require.EqualError(t, unhandled, "akt: "+tt.text)
		})
	}
}

// These change the messages they get.
type (
	dispatchValues   struct{}
	dispatchPointers struct{ kept []*dispatchCount }
)

func (dispatchValues) HandleCount(_ akt.Context, m dispatchCount) int { m.N++; return m.N }

func (p *dispatchPointers) HandleCount(_ akt.Context, m *dispatchCount) int {
	m.N++
	p.kept = append(p.kept, m)
	return m.N
}

// H5: a message that is adapted is copied: what a handler does to it is not seen by the sender, nor
// by the next handling.
func TestAdaptionCopies(t *testing.T) {
	t.Parallel()

	t.Run("a pointer for a handler of values", func(t *testing.T) {
		t.Parallel()
		addr, msg := run(t, dispatchValues{}), &dispatchCount{1}
		for range 2 {
			reply, err := addr.Send(t.Context(), msg)
			require.NoError(t, err)
			require.Equal(t, 2, reply)
		}
		require.Equal(t, 1, msg.N)
	})

	t.Run("a queued pointer that its sender changes", func(t *testing.T) {
		t.Parallel()
		g, addr := runHeld(t)
		msg := &Note{1}
		require.NoError(t, addr.Notify(t.Context(), msg))
		msg.N = 2
		close(g.leave)
		recorded, err := akt.Ask[[]int](t.Context(), addr, Notes{})
		require.NoError(t, err)
		require.Equal(t, []int{1}, recorded)
	})

	t.Run("a value for a handler of pointers", func(t *testing.T) {
		t.Parallel()
		actor := &dispatchPointers{}
		addr := run(t, actor)
		var msg any = dispatchCount{1}
		for range 2 {
			reply, err := addr.Send(t.Context(), msg)
			require.NoError(t, err)
			require.Equal(t, 2, reply)
		}
		require.Equal(t, dispatchCount{1}, msg)
		require.NotSame(t, actor.kept[0], actor.kept[1])
	})

	t.Run("a pointer for a handler of pointers is the sender's own", func(t *testing.T) {
		t.Parallel()
		actor, msg := &dispatchPointers{}, &dispatchCount{1}
		_, err := run(t, actor).Send(t.Context(), msg)
		require.NoError(t, err)
		require.Same(t, msg, actor.kept[0])
	})
}

type (
	created[T any] struct{ V T }
	deleted[T any] struct{ V T }
	user           struct{ N int }
	usr            struct{ N int }
	creatd[T any]  struct{ V T }

	hintGenerics struct{}
	hintDeleted  struct{}
	hintText     struct{}
	hintUser     struct{}
	hintBoth     struct{}
	hintCreated  struct{}
)

func (hintCreated) HandleA(akt.Context, created[usr])  {}
func (hintCreated) HandleB(akt.Context, created[user]) {}

func (hintGenerics) HandleDeleted(akt.Context, deleted[user]) {}
func (hintGenerics) HandleCreated(akt.Context, created[usr])  {}

func (hintDeleted) HandleDeleted(akt.Context, deleted[user]) {}

func (hintText) HandleText(akt.Context, texttemplate.Template) {
}

func (hintUser) HandleUser(akt.Context, user) {}

func (hintBoth) HandleText(akt.Context, *texttemplate.Template)    {}
func (hintBoth) HandleHTML(akt.Context, []*htmltemplate.Template)  {}
func (hintBoth) HandleList(akt.Context, created[htmltemplate.URL]) {}

// E2: a message is compared by its name, and by what it has in brackets: neither stands for the
// other.
func TestHintsOfGenericTypes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		actor, msg any
		hint       string
	}{
		"another argument": {hintGenerics{}, created[user]{},
			"did you mean tests_test.created[tests_test.usr]"},
		"a pointer to it": {hintGenerics{}, &created[user]{},
			"did you mean tests_test.created[tests_test.usr]"},
		"another type":              {hintDeleted{}, created[user]{}, ""},
		"an argument that fits":     {hintUser{}, created[user]{}, ""},
		"another argument entirely": {hintDeleted{}, deleted[int]{}, ""},
		"the argument itself":       {hintGenerics{}, user{}, ""},
		"the same argument before a slip": {hintCreated{}, creatd[user]{},
			"did you mean tests_test.created[tests_test.user]"},
		"a predeclared type": {byStringer{}, "text", ""},
		"one of another package": {hintText{}, htmltemplate.Template{},
			"did you mean text/template.Template"},
		"a pointer of another one": {hintText{}, &htmltemplate.Template{},
			"did you mean text/template.Template"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var unhandled *akt.UnhandledError
			require.ErrorAs(t, run(t, row.actor).Notify(t.Context(), row.msg), &unhandled)
			require.Equal(t, row.hint, unhandled.Hint)
		})
	}
}

// E2: two types of one name that meet in a text have their packages in it, all others are short.
func TestTypesOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	require.EqualError(t, unhandledBy(t, hintText{}, htmltemplate.Template{}),
		"akt: tests_test.hintText does not handle "+
			"html/template.Template; it accepts text/template.Template; did you mean "+
			"text/template.Template")
	require.EqualError(t, unhandledBy(t, hintBoth{}, 7),
		"akt: tests_test.hintBoth does not handle int; it accepts "+
			"[]*html/template.Template, tests_test.created[template.URL], *text/template.Template")
	require.EqualError(t, unhandledBy(t, hintUser{}, created[user]{}),
		"akt: tests_test.hintUser does not handle tests_test.created[tests_test.user]; it accepts "+
			"tests_test.user")
}

func unhandledBy(t *testing.T, actor, msg any) error {
	t.Helper()
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, run(t, actor).Notify(t.Context(), msg), &unhandled)
	return unhandled
}

type (
	describeOpen  struct{}
	describeClose struct{}

	describeBase    struct{}
	describeAccount struct{ describeBase }
	describeIdle    struct{}
	describeLater   = *akt.Future[uint32]
)

// The methods are not declared in the order of their names.
func (*describeAccount) HandleZero(akt.Context, *describeOpen)                  {}
func (*describeAccount) HandleOpen(akt.Context, describeOpen) (d describeLater) { return }
func (*describeAccount) HandleNote(context.Context, fmt.Stringer) error         { return nil }
func (*describeAccount) HandleAnything(akt.Context, any) any                    { return nil }

func (describeBase) HandleClose(context.Context, describeClose) (n int, e error) { return }

func (*describeAccount) Handle(context.Context, int) {}
func (*describeAccount) OnStopped(akt.Context)       {}

func (describeIdle) OnStopped(akt.Context) {}

// H7: Describe returns the type and all handlers, sorted by name, each with message, reply, method
// and place; and makes and starts nothing for it.
func TestDescribe(t *testing.T) {
	t.Parallel()
	type row struct {
		name, method   string
		message, reply reflect.Type
		place          string
	}
	declared := func(declaration string) string {
		return placeOf(t, "dispatch_test.go", "func ("+declaration+"(")
	}
	want := []row{
		{"Anything", "HandleAnything", reflect.TypeFor[any](), reflect.TypeFor[any](),
			declared("*describeAccount) HandleAnything")},
		{"Close", "HandleClose", reflect.TypeFor[describeClose](), reflect.TypeFor[int](),
			declared("describeBase) HandleClose")},
		{"Note", "HandleNote", reflect.TypeFor[fmt.Stringer](), nil,
			declared("*describeAccount) HandleNote")},
		{"Open", "HandleOpen", reflect.TypeFor[describeOpen](), reflect.TypeFor[describeLater](),
			declared("*describeAccount) HandleOpen")},
		{"Zero", "HandleZero", reflect.TypeFor[*describeOpen](), nil,
			declared("*describeAccount) HandleZero")},
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
				got = append(got, row{h.Name, h.Method, h.Message, h.Reply,
					fmt.Sprintf("%s:%d", filepath.Base(h.File), h.Line)})
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

// A nil pointer is no message for a handler that takes the value: its sender hears so, and nothing
// is dereferenced.
func TestNilPointerMessage(t *testing.T) {
	t.Parallel()
	addr := run(t, newGate())
	var unhandled *akt.UnhandledError
	for range 2 { // the second time, the way is known
		reply, err := addr.Send(t.Context(), &Note{7})
		require.NoError(t, err)
		require.Equal(t, 7, reply)
		_, err = addr.Send(t.Context(), (*Note)(nil))
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, &unhandled)
		err = addr.Notify(t.Context(), (*Note)(nil))
		requireSendError(t, err, akt.NotHandled, akt.ErrFailedToDeliver)
		require.ErrorAs(t, err, &unhandled)
	}
	notes, err := akt.Ask[[]int](t.Context(), addr, Notes{})
	require.NoError(t, err)
	require.Equal(t, []int{7, 7}, notes)
}
