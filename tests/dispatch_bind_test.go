package tests_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about Bind, which makes calls faster and changes nothing else.

type (
	BindAdd     struct{ N int }
	bindStdlib  struct{ N int }
	BindPointer struct{ N int }
	bindFail    struct{ Err error }
	bindPanic   struct{ Value any }
	bindNothing struct{}
	bindLater   struct{}
	bindFar     struct{}
	bindNamed   struct{}
)

func (bindNamed) String() string { return "named" }

// Tags of the actor that is bound, and of the one that is not.
type (
	bindYes struct{}
	bindNo  struct{}
)

// bindState has handlers of the shape that Bind takes; for each tag it is an actor type of its own.
type bindState[Tag any] struct{ sum int }

func (s *bindState[Tag]) HandleAdd(_ akt.Context, m BindAdd) (int, error) {
	s.sum += m.N
	return s.sum, nil
}

func (s *bindState[Tag]) HandleStdlib(ctx context.Context, m bindStdlib) (string, error) {
	_, isActors := akt.FromContext(ctx)
	return fmt.Sprint(m.N, isActors), nil
}

func (s *bindState[Tag]) HandlePointer(_ akt.Context, m *BindPointer) (*BindPointer, error) {
	if m != nil {
		m.N++
	}
	return m, nil
}

func (s *bindState[Tag]) HandleFail(_ akt.Context, m bindFail) (int, error) { return s.sum, m.Err }

func (s *bindState[Tag]) HandlePanic(_ akt.Context, m bindPanic) (int, error) {
	panic(m.Value)
}

func (s *bindState[Tag]) HandleNothing(akt.Context, bindNothing) (fmt.Stringer, error) {
	return nil, nil
}

func (s *bindState[Tag]) HandleLater(akt.Context, bindLater) (*akt.Future[int], error) {
	promise, future := akt.NewPromise[int](context.Background())
	promise.Resolve(s.sum)
	return future, nil
}

func (s *bindState[Tag]) HandleFar(ctx akt.Context, _ bindFar) (int, error) {
	_, err := ctx.Address().Send(ctx, "not handled")
	return 0, err
}

func (s *bindState[Tag]) HandleStringer(_ akt.Context, m fmt.Stringer) (fmt.Stringer, error) {
	return m, nil
}

// bindInherited and bindValues reach the same through promotion and by value.
type (
	bindInherited struct{ *bindState[bindYes] }
	bindValues    struct{ sum int }
)

func (v bindValues) HandleAdd(_ akt.Context, m BindAdd) (int, error) { return v.sum + m.N, nil }

// bindAll binds all handlers of the types that the tests compare with bindState[bindNo].
var bindAll = sync.OnceValue(func() error {
	return errors.Join(
		akt.Bind((*bindState[bindYes]).HandleAdd),
		akt.Bind((*bindState[bindYes]).HandleStdlib),
		akt.Bind((*bindState[bindYes]).HandlePointer),
		akt.Bind((*bindState[bindYes]).HandleFail),
		akt.Bind((*bindState[bindYes]).HandlePanic),
		akt.Bind((*bindState[bindYes]).HandleNothing),
		akt.Bind((*bindState[bindYes]).HandleLater),
		akt.Bind((*bindState[bindYes]).HandleFar),
		akt.Bind((*bindState[bindYes]).HandleStringer),
		akt.Bind(bindInherited.HandleAdd),
		akt.Bind(bindInherited.HandleStdlib),
		akt.Bind(bindInherited.HandlePointer),
		akt.Bind(bindInherited.HandleFail),
		akt.Bind(bindInherited.HandlePanic),
		akt.Bind(bindInherited.HandleNothing),
		akt.Bind(bindInherited.HandleLater),
		akt.Bind(bindInherited.HandleFar),
		akt.Bind(bindInherited.HandleStringer),
		akt.Bind(bindValues.HandleAdd),
		akt.Bind((*bindValues).HandleAdd),
	)
})

// bindOutcome is what can be seen of a reply and an error, without the names of actor types.
func bindOutcome(reply any, err error) string {
	if err == nil {
		if p, ok := reply.(*BindPointer); ok && p != nil {
			return fmt.Sprintf("reply &%+v", *p)
		}
		return fmt.Sprintf("reply %T %v", reply, reply)
	}
	text := fmt.Sprintf("reply %v, error %T: %s", reply, err, err)
	for _, own := range []any{bindInherited{}, &bindState[bindYes]{}, &bindState[bindNo]{}} {
		long := fmt.Sprintf("%T", own)
		for _, name := range []string{long, strings.ReplaceAll(long, "github.com/aktgo/akt/", "")} {
			text = strings.ReplaceAll(text, name, "*actor")
			text = strings.ReplaceAll(text, strings.TrimPrefix(name, "*"), "actor")
		}
	}
	return strings.ReplaceAll(text, "*actor", "actor")
}

// H8: a handler behaves the same whether it is bound or not, on the sender's goroutine and queued,
// by Send, Ask, Raw and Notify.
func TestBoundBehavesTheSame(t *testing.T) {
	t.Parallel()
	require.NoError(t, bindAll())
	failure := errors.New("the handler's own")
	ask := func(ctx context.Context, a *akt.Address) string {
		return bindOutcome(akt.Ask[int](ctx, a, bindLater{}))
	}
	mismatch := func(ctx context.Context, a *akt.Address) string {
		return bindOutcome(akt.Ask[string](ctx, a, BindAdd{5}))
	}
	notify := func(ctx context.Context, a *akt.Address) string {
		return bindOutcome(nil, a.Notify(ctx, BindAdd{5})) +
			bindOutcome(a.Send(t.Context(), BindAdd{}))
	}
	send := func(msg any) func(context.Context, *akt.Address) string {
		return func(ctx context.Context, a *akt.Address) string {
			return bindOutcome(a.Send(ctx, msg))
		}
	}
	pointer := func(ctx context.Context, a *akt.Address) string {
		return bindOutcome(a.Send(ctx, &BindPointer{5}))
	}
	tests := []struct {
		name string
		do   func(context.Context, *akt.Address) string
	}{
		{"a reply", send(BindAdd{5})},
		{"a pointer for a handler of values", send(&BindAdd{5})},
		{"a nil pointer for a handler of values", send((*BindAdd)(nil))},
		{"a context.Context", send(bindStdlib{5})},
		{"a pointer", pointer},
		{"a value for a handler of pointers", send(BindPointer{5})},
		{"a nil pointer for a handler of pointers", send((*BindPointer)(nil))},
		{"no error", send(bindFail{})},
		{"an error beside a reply", send(bindFail{failure})},
		{"a nil pointer for an error", send(bindFail{(*faultError)(nil)})},
		{"a panic", send(bindPanic{"oh"})},
		{"a panic with an error", send(bindPanic{failure})},
		{"a nil interface for a reply", send(bindNothing{})},
		{"a deferred reply, by Ask", ask},
		{"a mismatch, by Ask", mismatch},
		{"an error of a send that the handler made", send(bindFar{})},
		{"a message that implements an interface", send(bindNamed{})},
		{"what is not handled", send(bindNo{})},
		{"nil", send(nil)},
		{"a message by name", send(akt.Raw{Name: "Add", Fields: map[string]any{"N": 5}})},
		{"a message by name, for a handler of pointers",
			send(akt.Raw{Name: "Pointer", Fields: map[string]any{"N": 5}})},
		{"a notification", notify},
	}
	newBound := map[string]func() any{
		"methods of a pointer": func() any { return &bindState[bindYes]{sum: 10} },
		"promoted methods":     func() any { return bindInherited{&bindState[bindYes]{sum: 10}} },
	}
	for _, tt := range tests {
		for kind, bound := range newBound {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				for _, ctx := range []context.Context{context.Background(), t.Context()} {
					want := tt.do(ctx, run(t, &bindState[bindNo]{sum: 10}, akt.WithName("one")))
					got := tt.do(ctx, run(t, bound(), akt.WithName("one")))
					require.Equal(t, want, got)
				}
			})
		}
	}
}

// H8: a method of a value can be bound for the value and for its pointer.
func TestBindMethodOfValue(t *testing.T) {
	t.Parallel()
	require.NoError(t, bindAll())
	for _, actor := range []any{bindValues{1}, &bindValues{1}} {
		sum, err := akt.Ask[int](t.Context(), run(t, actor), BindAdd{2})
		require.NoError(t, err)
		require.Equal(t, 3, sum)
	}
}

type bindDirect struct{}

func (*bindDirect) HandlePanic(_ akt.Context, m bindPanic) (int, error) { panic(m.Value) }

// H8: a bound method is called directly, also by an actor that runs already: its stack shows no
// call by reflection.
func TestBindCallsDirectly(t *testing.T) {
	t.Parallel()
	addr := run(t, akt.Spawner[*bindDirect](func() *bindDirect { return &bindDirect{} }))
	require.NoError(t, akt.Bind((*bindDirect).HandlePanic))
	require.NoError(t, akt.Bind((*bindDirect).HandlePanic), "binding again changes nothing")
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		_, err := addr.Send(ctx, bindPanic{"oh"})
		var panicked *akt.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Contains(t, string(panicked.Stack), "(*bindDirect).HandlePanic")
		require.NotContains(t, string(panicked.Stack), "reflect.Value")
	}
}

// H8: handlers can be bound while they are being called.
func TestBindMeanwhile(t *testing.T) {
	t.Parallel()
	type tag struct{}
	addr := run(t, &bindState[tag]{})
	bound := make(chan error, 1)
	go func() { bound <- akt.Bind((*bindState[tag]).HandleAdd) }()
	for i := range 100 {
		sum, err := akt.Ask[int](context.Background(), addr, BindAdd{1})
		require.NoError(t, err)
		require.Equal(t, i+1, sum)
	}
	require.NoError(t, <-bound)
}

type (
	bindMisused struct{}
	bindFaulty  struct{}
	bindAdder   interface {
		HandleAdd(akt.Context, BindAdd) (int, error)
	}
	bindOwnContext struct{ context.Context }
)

func (*bindMisused) HandleAdd(_ akt.Context, m BindAdd) (int, error)     { return m.N, nil }
func (*bindMisused) HandleAlso(_ akt.Context, m bindStdlib) (int, error) { return m.N, nil }
func (*bindMisused) Add(akt.Context, BindAdd) (int, error)               { return -1, nil }
func (*bindMisused) OnContext(bindOwnContext, BindAdd) (int, error)      { return -1, nil }

func (bindFaulty) HandleAdd(akt.Context, BindAdd) (int, error)   { return 0, nil }
func (bindFaulty) HandleAgain(akt.Context, BindAdd) (int, error) { return 0, nil }

func (bindMisused) handles(akt.Context, BindAdd) (int, error) { return -1, nil }

func bindFunction(*bindMisused, akt.Context, BindAdd) (int, error) { return -1, nil }

func bindNoHandler(*bindMisused, akt.Context, bindFail) (int, error) { return -1, nil }

// H8: what is not a handler of its first parameter's type is refused, with the cure, and changes
// nothing.
func TestBindMisuse(t *testing.T) {
	t.Parallel()
	const cure = " is not a handler of *tests_test.bindMisused; pass a method " +
		"expression, such as " +
		"(*Account).HandleDeposit"
	const misused = "akt: Bind: "
	literal := func(*bindMisused, akt.Context, BindAdd) (int, error) { return -1, nil }
	tests := []struct {
		name string
		err  error
		text string // the beginning
	}{
		{"a method that is not a handler", akt.Bind((*bindMisused).Add), misused + "Add" + cure},
		{"a method with another context", akt.Bind((*bindMisused).OnContext),
			misused + "OnContext" + cure},
		{"a function", akt.Bind(bindFunction), misused + "bindFunction" + cure},
		{"a function for a message that is not handled", akt.Bind(bindNoHandler),
			misused + "bindNoHandler" + cure},
		{"a function literal", akt.Bind(literal), misused + "func1" + cure},
		{"nil", akt.Bind[*bindMisused, akt.Context, BindAdd, int](nil), misused + "nil" + cure},
		{"a handler by a type that does not have it", akt.Bind(bindMisused.handles),
			"akt: tests_test.bindMisused is not an actor: HandleAdd ("},
		{"a method of an interface", akt.Bind(bindAdder.HandleAdd),
			"akt: Bind: tests_test.bindAdder is an interface" +
				"; pass a method expression of the actor's own type, such as " +
				"(*Account).HandleDeposit"},
		{"a handler of a type with faults", akt.Bind(bindFaulty.HandleAdd),
			"akt: tests_test.bindFaulty.HandleAdd ("},
	}
	for _, tt := range tests {
		require.Error(t, tt.err, tt.name)
		require.True(t, strings.HasPrefix(tt.err.Error(), tt.text), "%s: %v", tt.name, tt.err)
	}
	addr := run(t, &bindMisused{})
	for _, msg := range []any{BindAdd{5}, bindStdlib{5}} {
		reply, err := addr.Send(t.Context(), msg)
		require.NoError(t, err)
		require.Equal(t, 5, reply)
	}
}

// H8: a function that only has the name of a handler is refused, and changes nothing.
func TestBindOfFunctionWithAHandlersName(t *testing.T) {
	t.Parallel()
	err := akt.Bind(HandleMsg)
	reply, sendErr := run(t, &bindNamesake{}).Send(t.Context(), plainMsg{})
	require.NoError(t, sendErr)
	require.Equal(t, 7, reply)
	require.Error(t, err)
}

func bindInGeneric[T any]() error { return akt.Bind((*bindGeneric[T]).HandleMsg) }

// H8: a method expression of a generic type can be bound in a generic function.
func TestBindInGenericFunction(t *testing.T) {
	t.Parallel()
	require.NoError(t, bindInGeneric[string]())
}

type bindGeneric[T any] struct{ made T }

func (g *bindGeneric[T]) HandleMsg(akt.Context, plainMsg) (T, error) { return g.made, nil }
