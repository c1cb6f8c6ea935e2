package tests_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about what is a handler, what is wrong with those that are none, and where a
// handler is declared.

// A message for each shape of a handler, with each type of context.
type (
	shapeReplyError  struct{ Err error }
	shapeError       struct{ Err error }
	shapeReply       struct{}
	shapeNothing     struct{}
	shapeReplyError2 struct{ Err error }
	shapeError2      struct{ Err error }
	shapeReply2      struct{}
	shapeNothing2    struct{}
)

// shapeLog is what the handlers write to: the message that was handled last, and what its context
// was.
type shapeLog struct {
	handled string
	value   any  // the sender's, for shapeKey
	actors  bool // the context was an actor's
}

func (l *shapeLog) note(ctx context.Context, msg any) {
	_, actors := ctx.(akt.Context)
	*l = shapeLog{fmt.Sprintf("%T", msg), ctx.Value(shapeKey{}), actors}
}

type shapeKey struct{}

// shapeOnPointer has all accepted shapes on its pointer, shapeOnValue on its value.
type (
	shapeOnPointer struct{ log *shapeLog }
	shapeOnValue   struct{ log *shapeLog }
)

func (s *shapeOnPointer) HandleA(c ctxA, m shapeReplyError) (int, error) {
	s.log.note(c, m)
	return 1, m.Err
}

func (s *shapeOnPointer) HandleB(c ctxA, m shapeError) error { s.log.note(c, m); return m.Err }
func (s *shapeOnPointer) HandleC(c ctxA, m shapeReply) int   { s.log.note(c, m); return 2 }
func (s *shapeOnPointer) HandleD(c ctxA, m shapeNothing)     { s.log.note(c, m) }

func (s *shapeOnPointer) HandleE(c ctxS, m shapeReplyError2) (int, error) {
	s.log.note(c, m)
	return 3, m.Err
}

func (s *shapeOnPointer) HandleF(c ctxS, m shapeError2) error { s.log.note(c, m); return m.Err }
func (s *shapeOnPointer) HandleG(c ctxS, m shapeReply2) int   { s.log.note(c, m); return 4 }
func (s *shapeOnPointer) HandleH(c ctxS, m shapeNothing2)     { s.log.note(c, m) }

func (s shapeOnValue) HandleA(c ctxA, m shapeReplyError) (int, error) {
	s.log.note(c, m)
	return 1, m.Err
}

func (s shapeOnValue) HandleB(c ctxA, m shapeError) error { s.log.note(c, m); return m.Err }
func (s shapeOnValue) HandleC(c ctxA, m shapeReply) int   { s.log.note(c, m); return 2 }
func (s shapeOnValue) HandleD(c ctxA, m shapeNothing)     { s.log.note(c, m) }

func (s shapeOnValue) HandleE(c ctxS, m shapeReplyError2) (int, error) {
	s.log.note(c, m)
	return 3, m.Err
}

func (s shapeOnValue) HandleF(c ctxS, m shapeError2) error { s.log.note(c, m); return m.Err }
func (s shapeOnValue) HandleG(c ctxS, m shapeReply2) int   { s.log.note(c, m); return 4 }
func (s shapeOnValue) HandleH(c ctxS, m shapeNothing2)     { s.log.note(c, m) }

type (
	ctxA = akt.Context
	ctxS = context.Context
)

// H2: all four shapes work with both types of context, on values and pointers, on the sender's
// goroutine and queued; without an R the reply is nil.
func TestHandlerShapes(t *testing.T) {
	t.Parallel()
	actors := map[string]func(*shapeLog) any{
		"methods of a pointer": func(l *shapeLog) any {
			return &shapeOnPointer{l}
		},
		"methods of a value": func(l *shapeLog) any {
			return shapeOnValue{l}
		},
		"methods of a value, reached by a pointer": func(l *shapeLog) any {
			return &shapeOnValue{l}
		},
	}
	errRefused := errors.New("refused by the handler")
	messages := []struct {
		msg   any
		reply any
		err   error
	}{
		{shapeReplyError{}, 1, nil},
		{shapeReplyError{errRefused}, nil, errRefused},
		{shapeError{}, nil, nil},
		{shapeError{errRefused}, nil, errRefused},
		{shapeReply{}, 2, nil},
		{shapeNothing{}, nil, nil},
		{shapeReplyError2{}, 3, nil},
		{shapeReplyError2{errRefused}, nil, errRefused},
		{shapeError2{}, nil, nil},
		{shapeError2{errRefused}, nil, errRefused},
		{shapeReply2{}, 4, nil},
		{shapeNothing2{}, nil, nil},
	}
	contexts := map[string]context.Context{
		"on the sender's goroutine": context.WithValue(context.Background(), shapeKey{}, "value"),
		"queued":                    context.WithValue(t.Context(), shapeKey{}, "value"),
	}
	for name, newActor := range actors {
		for how, ctx := range contexts {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				var log shapeLog
				addr := run(t, newActor(&log))
				for _, m := range messages {
					log = shapeLog{}
					reply, err := addr.Send(ctx, m.msg)
					require.Equal(t, shapeLog{handled: fmt.Sprintf("%T", m.msg), value: "value",
						actors: true}, log)
					require.Equal(t, m.reply, reply, "%#v", m.msg)
					require.Equal(t, m.err, err, "%#v", m.msg)
				}
			})
		}
	}
}

// named has one handler, and methods whose names are near those of handlers and hooks, but take no
// akt.Context, or are those of no hook.
type (
	named    struct{}
	namedMsg struct{}
)

func (named) HandleÄnderung(akt.Context, namedMsg) {}
func (named) Handle(context.Context, int)          {}
func (named) Handler() http.Handler                { return nil }
func (named) Handles(string) bool                  { return false }
func (named) Handle1(context.Context, int16)       {}

func (named) Handle_Msg(int32, akt.Context) {} // not first

func (named) Handlemsg(...akt.Context)                {}
func (named) PreHandleMsg(akt.Context, uint8)         {}
func (named) HandlersOf(func(akt.Context))            {}
func (named) OnStopOrder(akt.Context)                 {}
func (named) OnStop2(akt.Context)                     {}
func (named) OnStop() error                           { return nil }
func (named) OnStarted(akt.Context, namedMsg)         {}
func (named) OnStarts(context.Context) error          { return nil }
func (named) OnFlushed()                              {}
func (named) OnOpen(akt.Context)                      {}
func (named) NotHandled(akt.Context, namedMsg) string { return "" }

// H1: what is named Handle and an upper-case letter is exposed, and nothing else can be reached.
// What has nothing to do with akt may have any other name.
func TestHandlerNames(t *testing.T) {
	t.Parallel()
	description, err := akt.Describe(named{})
	require.NoError(t, err)
	require.Len(t, description.Handlers, 1)
	require.Equal(t, "Änderung", description.Handlers[0].Name)

	addr := run(t, named{})
	for _, msg := range []any{0, "", int16(0), int32(0), int64(0), uint8(0), uint16(0)} {
		var unhandled *akt.UnhandledError
		require.ErrorAs(t, addr.Notify(t.Context(), msg), &unhandled, "%T", msg)
		require.Equal(t, []string{"tests_test.namedMsg"}, unhandled.Accepts)
	}
}

// faultMsg is the message of handlers that have a fault; faultError is an error that some of them
// reply with.
type (
	faultMsg   struct{}
	faultOther struct{}
	faultError struct{ error }
	faultCoded interface {
		error
		Code() int
	}
	faultFunc  func()
	faultCtx   interface{ context.Context }
	faultEmpty interface{}
)

// Each has one fault.
type (
	faultNoContext    struct{}
	faultNoParameters struct{}
	faultNoMessage    struct{}
	faultTwoMessages  struct{}
	faultContextLast  struct{}
	faultContextByPtr struct{}
	faultOwnContext   struct{}
	faultThree        struct{}
	faultVariadic     struct{}
	faultFuncMsg      struct{}
	faultChanMsg      struct{}
	faultPointerMsg   struct{}
	faultThreeResults struct{}
	faultSecondResult struct{}
	faultErrorType    struct{}
	faultErrorReply   struct{}
	faultTwoErrors    struct{}
	faultInterfaceErr struct{}
	faultTwice        struct{}
	faultThrice       struct{}
	faultTwoEmpty     struct{}
	faultValue        struct{}
	faultValueHook    struct{}
	faultValues       struct{}
	faultStart        struct{}
	faultStartContext struct{}
	faultStopping     struct{}
	faultStopped      struct{}
	faultServeMuxOwn  struct{ *http.ServeMux }
	faultNothing      struct{}
	faultMisnamedOn   struct{}
	faultMany         struct{}
)

func (faultNoContext) HandlePing(faultMsg) {}

func (faultNoParameters) HandlePing() {}

func (faultNoMessage) HandlePing(akt.Context) error { return nil }

func (faultTwoMessages) HandlePing(faultMsg, int) {}

func (faultContextLast) HandlePing(faultMsg, context.Context) {} //nolint:revive // the fault

func (faultContextByPtr) HandlePing(*akt.Context, faultMsg) {}

func (faultOwnContext) HandlePing(faultCtx, faultMsg) {}

func (faultThree) HandlePing(akt.Context, faultMsg, int) error { return nil }

func (faultVariadic) HandlePing(akt.Context, ...faultMsg) error { return nil }

func (faultFuncMsg) HandlePing(akt.Context, faultFunc) {}

func (faultChanMsg) HandlePing(akt.Context, <-chan int) {}

func (faultPointerMsg) HandlePing(akt.Context, unsafe.Pointer) {}

func (faultThreeResults) HandlePing(akt.Context, faultMsg) (a, b int, err error) {
	return 0, 0, nil
}

func (faultSecondResult) HandlePing(akt.Context, faultMsg) (int, bool) { return 0, false }

func (faultErrorType) HandlePing(akt.Context, faultMsg) (int, *faultError) { return 0, nil }

func (faultErrorReply) HandlePing(akt.Context, faultMsg) *faultError { return nil }

func (faultTwoErrors) HandlePing(akt.Context, faultMsg) (error, error) { return nil, nil }

func (faultInterfaceErr) HandlePing(akt.Context, faultMsg) (faultCoded, error) { return nil, nil }

func (faultTwice) HandlePing(akt.Context, faultMsg)         {}
func (faultTwice) HandlePong(context.Context, faultMsg) int { return 0 }

func (faultThrice) HandlePing(akt.Context, faultMsg) {}
func (faultThrice) HandlePong(akt.Context, faultMsg) {}
func (faultThrice) HandlePung(akt.Context, faultMsg) {}

func (faultTwoEmpty) HandlePing(akt.Context, any)        {}
func (faultTwoEmpty) HandlePong(akt.Context, faultEmpty) {}

func (*faultValue) HandlePing(akt.Context, faultMsg) {}

func (*faultValues) HandlePing(akt.Context, faultMsg)   {}
func (*faultValues) HandlePong(akt.Context, faultOther) {}
func (*faultValues) OnStart(akt.Context) error          { return nil }
func (faultValues) HandlePung(akt.Context, int)         {}

func (*faultValueHook) OnStopped(akt.Context) {}

func (faultStart) OnStart(akt.Context) {}

func (faultStartContext) OnStart(context.Context) error { return nil }

func (faultStopping) OnStopping(akt.Context) {}

func (faultStopped) OnStopped() {}

func (faultServeMuxOwn) HandleFunc(string, func(http.ResponseWriter, *http.Request)) {}

func (faultMisnamedOn) OnPing(akt.Context, faultMsg) error { return nil }

func (faultMany) HandleBoth(akt.Context, faultMsg)                {}
func (faultMany) HandleFine(akt.Context, int)                     {}
func (faultMany) HandleMsg(akt.Context, faultMsg)                 {}
func (faultMany) HandlePing(faultOther)                           {}
func (faultMany) HandlePong(akt.Context, faultOther) (int, int)   { return 0, 0 }
func (*faultMany) HandleTwoFaults(akt.Context, ...faultOther) int { return 0 }
func (faultMany) OnStart(akt.Context)                             {}

// faulty is the text for a method of a type, declared in this file.
func faulty(t *testing.T, typ, method, rest string) string {
	t.Helper()
	return fmt.Sprintf("akt: tests_test.%s.%s (%s) %s", typ, method,
		placeOf(t, "dispatch_handlers_test.go", "func ("+typ+") "+method+"("), rest)
}

// H3: each way in which a handler or a hook can be wrong has a text of its own, with place, fault
// and cure.
func TestMethodFaults(t *testing.T) {
	t.Parallel()
	const (
		is      = "is not a handler: "
		want    = "; want func(akt.Context, M) (R, error): "
		sample  = "HandlePing(ctx akt.Context, msg Ping)"
		isError = " is itself an error, which would be ambiguous" +
			want + "return it as the error, or wrap it in a struct"
		once = "; want one handler for each message type: merge them, or give each a message " +
			"type of its own"
		isHook  = "is not a lifecycle hook: "
		hook    = ": change its signature, or its name"
		other   = "; if it is no handler, rename or unexport it"
		message = "(ctx akt.Context, msg tests_test.faultMsg)"
	)
	also := func(typ, method string) string {
		return method + " (" +
			placeOf(t, "dispatch_handlers_test.go", "func ("+typ+") "+method+"(") + ")"
	}
	tests := []struct {
		name   string
		actor  any
		method string
		text   string
	}{
		{"no context", faultNoContext{}, "HandlePing",
			is + "it has no context" + want + "declare it as HandlePing" + message + other},
		{"no parameters", faultNoParameters{}, "HandlePing",
			is + "it has neither context nor message" + want + "declare it as " + sample + other},
		{"no message", faultNoMessage{}, "HandlePing",
			is + "it has a context and no message" + want +
				"declare it as " + sample + ", with an empty struct for a message without data"},
		{"a message for a context", faultTwoMessages{}, "HandlePing",
			is + "it has no context: its first parameter is tests_test.faultMsg" + want +
				"declare it as " + sample +
				", with a struct that has a field for each value" + other},
		{"the context last", faultContextLast{}, "HandlePing",
			is + "it has no context: its first parameter is tests_test.faultMsg" +
				want + "put the context first: declare it as HandlePing" +
				message + other},
		{"the context by pointer", faultContextByPtr{}, "HandlePing",
			is + "it has no context: its first parameter is *akt.Context" + want +
				"take the akt.Context by value: declare it as HandlePing" + message},
		{"a context of another type", faultOwnContext{}, "HandlePing",
			is + "it has no context: its first parameter is tests_test.faultCtx" + want +
				"take an akt.Context or a context.Context: declare it as HandlePing" +
				message + other},
		{"three parameters", faultThree{}, "HandlePing",
			is + "it has 3 parameters" + want +
				"take a context and one message, such as a struct with a field for each value"},
		{"variadic", faultVariadic{}, "HandlePing",
			is + "it is variadic" + want + "take one message, such as a struct with a slice in it"},
		{"a func message", faultFuncMsg{}, "HandlePing",
			is + "its message is a func (tests_test.faultFunc)" +
				want + "send data, such as a struct; a struct may have that as a field"},
		{"a chan message", faultChanMsg{}, "HandlePing",
			is + "its message is a chan (<-chan int)" +
				want + "send data, such as a struct; a struct may have that as a field"},
		{"an unsafe.Pointer message", faultPointerMsg{}, "HandlePing",
			is + "its message is a unsafe.Pointer (unsafe.Pointer)" +
				want + "send data, such as a struct; a struct may have that as a field"},
		{"three results", faultThreeResults{}, "HandlePing",
			is + "it has 3 results" +
				want + "return one reply and an error; a struct holds several values"},
		{"a second result that is no error", faultSecondResult{}, "HandlePing",
			is + "its second result is bool, not error" + want + "make error its last result"},
		{"a second result of an error's type", faultErrorType{}, "HandlePing",
			is + "its second result is *tests_test.faultError, not error" +
				want + "make error its last result"},
		{"a reply that is an error", faultErrorReply{}, "HandlePing",
			is + "its reply *tests_test.faultError" + isError},
		{"two errors", faultTwoErrors{}, "HandlePing", is + "its reply error" + isError},
		{"a reply of an interface with Error", faultInterfaceErr{}, "HandlePing",
			is + "its reply tests_test.faultCoded" + isError},
		{"two handlers for a message", faultTwice{}, "HandlePing",
			is + "it handles tests_test.faultMsg, and so does " +
				also("faultTwice", "HandlePong") + once},
		{"three handlers for a message", faultThrice{}, "HandlePing",
			is + "it handles tests_test.faultMsg, and so do " + also("faultThrice", "HandlePong") +
				" and " + also("faultThrice", "HandlePung") + once},
		{"two handlers for everything", faultTwoEmpty{}, "HandlePing",
			is + "it handles interface {}, and so does " +
				also("faultTwoEmpty", "HandlePong") + once},
		{"OnStart without a result", faultStart{}, "OnStart",
			isHook + "it is a func(akt.Context); want func(akt.Context) error" + hook},
		{"OnStart with another context", faultStartContext{}, "OnStart",
			isHook + "it is a func(context.Context) error; want func(akt.Context) error" + hook},
		{"OnStopping without a result", faultStopping{}, "OnStopping",
			isHook + "it is a func(akt.Context); want func(akt.Context) bool" + hook},
		{"OnStopped without a context", faultStopped{}, "OnStopped",
			isHook + "it is a func(); want func(akt.Context)" + hook},
		{"an own method that hides a promoted stranger", faultServeMuxOwn{}, "HandleFunc",
			is + "it has no context: its first parameter is string" + want +
				"declare it as HandleFunc(ctx akt.Context, msg Func), with a struct that has a " +
				"field for each value" + other},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, tt.actor,
				faulty(t, strings.TrimPrefix(fmt.Sprintf("%T", tt.actor), "tests_test."), tt.method,
					tt.text))
		})
	}
}

// H3: a value whose handlers or hooks are on the pointer is one fault, which names them all with
// their places, and the cure.
func TestValueInsteadOfPointer(t *testing.T) {
	t.Parallel()
	at := func(typ, method string) string {
		return fmt.Sprintf("%s (%s)", method,
			placeOf(t, "dispatch_handlers_test.go", "func (*"+typ+") "+method+"("))
	}
	for _, tt := range []struct {
		typ     string
		actor   any
		methods string
	}{
		{"faultValue", faultValue{}, at("faultValue", "HandlePing") + " is a method"},
		{"faultValueHook", faultValueHook{}, at("faultValueHook", "OnStopped") + " is a method"},
		{"faultValues", faultValues{},
			at("faultValues", "HandlePing") + ", " + at("faultValues", "HandlePong") + " and " +
				at("faultValues", "OnStart") + " are methods"},
	} {
		t.Run(tt.typ, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, tt.actor,
				fmt.Sprintf("akt: tests_test.%s is not an actor: %s of *tests_test.%[1]s, and a "+
					"value was passed"+
					"; want a pointer: pass &tests_test.%[1]s{}", tt.typ, tt.methods))
		})
	}
	_, err := akt.Describe(faultValues{})
	var refused *akt.RegistrationError
	require.ErrorAs(t, err, &refused)
	require.Empty(t, refused.Faults[0].Method)
	require.Contains(t, refused.Faults[0].File, "dispatch_handlers_test.go")
	require.Positive(t, refused.Faults[0].Line)
}

// H3: what cannot be an actor at all is refused with what to pass instead.
func TestNoActor(t *testing.T) {
	t.Parallel()
	const nothing = " is not an actor: it has neither a handler nor a lifecycle hook; want an " +
		"exported method " +
		"Handle<Msg>(akt.Context, M) (R, error) on a struct: "
	const declare = "declare one, without type parameters of its own, as reflection does not see " +
		"such methods"
	var noPointer *shapeOnPointer
	constructor := func() *shapeOnPointer { return nil }
	tests := []struct {
		name  string
		actor any
		text  string
	}{
		{"nil", nil, "nil is not an actor: it has no type: pass an actor, such as &Account{}"},
		{"a nil pointer", noPointer,
			"*tests_test.shapeOnPointer is not an actor: the pointer is nil: pass a pointer to a " +
				"value, such as &tests_test.shapeOnPointer{}"},
		{"a nil Spawner", akt.Spawner[named](nil),
			"akt.Spawner[tests_test.named] is not an actor: the Spawner is nil: give it a " +
				"function that makes an actor"},
		{"a number", 7, "int" + nothing + declare},
		{"a struct without methods", faultNothing{}, "tests_test.faultNothing" + nothing + declare},
		{"a pointer to a struct without methods", &faultNothing{},
			"*tests_test.faultNothing" + nothing + declare},
		{"a stranger with a Handle method that was embedded", composedServer{},
			"tests_test.composedServer" + nothing + declare},
		{"a method with the prefix of hooks", faultMisnamedOn{},
			"tests_test.faultMisnamedOn" + nothing + "rename OnPing to HandlePing, or declare one"},
		{"a pointer to a pointer", &noPointer,
			"**tests_test.shapeOnPointer" + nothing + "pass a pointer to the struct itself"},
		{"a function", constructor,
			"func() *tests_test.shapeOnPointer" +
				nothing + "convert the constructor: akt.Spawner[*tests_test.shapeOnPointer](…)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, tt.actor, "akt: "+tt.text)
		})
	}
}

// H3: all faults of a type are in one error, a method with two faults twice, and nothing is said of
// what fits.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	at := func(receiver, method string) string {
		return fmt.Sprintf("akt: tests_test.faultMany.%s (%s) ", method,
			placeOf(t, "dispatch_handlers_test.go", "func ("+receiver+") "+method+"("))
	}
	const want = "; want func(akt.Context, M) (R, error): "
	requireRefused(t, faultMany{}, strings.Join([]string{
		"akt: tests_test.faultMany is not an actor: HandleTwoFaults (" +
			placeOf(t, "dispatch_handlers_test.go", "func (*faultMany) HandleTwoFaults(") +
			") is a method of *tests_test.faultMany, and a value was passed; want a " +
			"pointer: pass " +
			"&tests_test.faultMany{}",
		at("faultMany", "HandlePing") + "is not a handler: it has no context" +
			want + "declare it as HandlePing(ctx akt.Context, msg tests_test.faultOther)" +
			"; if it is no handler, rename or unexport it",
		at("faultMany", "HandlePong") + "is not a handler: its second result is int, not error" +
			want + "make error its last result",
		at("*faultMany", "HandleTwoFaults") + "is not a handler: it is variadic" +
			want + "take one message, such as a struct with a slice in it",
		at("faultMany", "OnStart") +
			"is not a lifecycle hook: it is a func(akt.Context); want func(akt.Context) error: " +
			"change its signature, or its name",
		at("faultMany", "HandleBoth") +
			"is not a handler: it handles tests_test.faultMsg, and so does HandleMsg (" +
			placeOf(t, "dispatch_handlers_test.go", "func (faultMany) HandleMsg(") + ")" +
			"; want one handler for each message type: merge them, or give each a message " +
			"type of its own",
	}, "\n"))
}

type (
	placeA struct{}
	placeB struct{}

	placeValue   struct{}
	placePointer struct{ n int }

	placeGeneric[T any] struct{ made T }

	// placeSeveral has embedded fields, each at another offset, so that the compiler writes
	// wrappers of all kinds.
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

func (placeValue) HandleA(akt.Context, placeA) int { return os.Getpid() }

func (p *placePointer) HandleB(akt.Context, placeB) int { p.n += os.Getpid(); return p.n }

func (p placeGeneric[T]) HandleA(akt.Context, placeA) T      { return p.made }
func (p *placeGeneric[T]) HandleB(_ akt.Context, _ placeB) T { return p.made }

func (placeOwn) HandleA(akt.Context, placeA) string { return "own" }

func (placeFaulty) HandleA(akt.Context, placeA, placeB) {}

// H3: the position of a handler is that of its declaration, never that of a wrapper which the
// compiler wrote.
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
		{"promoted from an embedded value and an embedded pointer", placeSeveral{},
			[]string{value, pointer}},
		{"promoted, and reached through a pointer", &placeSeveral{}, []string{value, pointer}},
		{"promoted from a pointer in an embedded field", placeMiddle{}, []string{value, pointer}},
		{"promoted through three levels", &placeDeeper{}, []string{value, pointer}},
		{"a method of a generic type", &placeGeneric[int]{},
			[]string{genericValue, genericPointer}},
		{"a method of a generic type of pointers", &placeGeneric[*placeOwn]{},
			[]string{genericValue, genericPointer}},
		{"promoted from a generic type", placeOfGeneric{}, []string{genericValue, genericPointer}},
		{"an own method that hides a promoted one", &placeOwn{},
			[]string{"func (placeOwn) HandleA("}},
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
				want = append(want, placeOf(t, "dispatch_handlers_test.go", declaration))
			}
			require.Equal(t, want, got)
		})
	}
}

// H3: a method that an embedded interface promises has no declaration, and no position is made up
// for it.
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
	requireRefused(t, placeOfFaultyAbstract{},
		"akt: tests_test.placeFaultyInterface.HandleA is not a handler: it has a context "+
			"and no message"+
			"; want func(akt.Context, M) (R, error): declare it as HandleA(ctx akt.Context, msg "+
			"A), with an empty struct for a message without data")
}

// H3: a fault of a promoted method names the type that declares it, and the line there.
func TestPositionOfPromotedFault(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{
		placeFaulty{}, &placeFaulty{}, placeFaultyPromoted{}, &placeFaultyPromoted{},
	} {
		_, err := akt.Describe(actor)
		var refused *akt.RegistrationError
		require.ErrorAs(t, err, &refused, "%T", actor)
		require.Equal(t, fmt.Sprintf("%T", actor), refused.Type)
		require.Len(t, refused.Faults, 1)
		fault := refused.Faults[0]
		require.Equal(t, "tests_test.placeFaulty", fault.Type)
		require.Equal(t, placeOf(t, "dispatch_handlers_test.go", "func (placeFaulty) HandleA("),
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

func (b composedBase) HandleMsg(akt.Context, composedMsg) string { return "base of " + b.name }

func (b *composedBase) HandleOther(akt.Context, composedOther) string {
	return "other of " + b.name
}

func (g *composedGeneric[T]) HandleMsg(akt.Context, composedMsg) T { return g.made }

func (composedOwn) HandleMsg(akt.Context, composedMsg) string { return "own" }

func (composedPing) HandlePing(akt.Context, composedMsg) string { return "pong" }

func (h *composedHooks) OnStart(akt.Context) error { h.started = true; return nil }

type shortLines struct{}

func (shortLines) HandleMsg(
	akt.Context,
	plainMsg,
) {
}

func (*shortLines) HandleOther(akt.Context, shapeReply) int {

	return 5
}

// H3: the line of a short handler, which the compiler gives no prologue, is that of its
// declaration, not that of its first statement.
func TestLineOfShortHandler(t *testing.T) {
	t.Parallel()
	description, err := akt.Describe(&shortLines{})
	require.NoError(t, err)
	for i, declaration := range []string{
		"func (shortLines) HandleMsg(", "func (*shortLines) HandleOther(",
	} {
		h := description.Handlers[i]
		require.Equal(t, placeOf(t, "dispatch_handlers_test.go", declaration),
			fmt.Sprintf("%s:%d", filepath.Base(h.File), h.Line))
	}
}
