package tests_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about methods that were nearly handlers or hooks, and the cures that faults name.

// Each type has methods whose names are nearly those of handlers or hooks.
type (
	nearHandlers struct{}
	nearHooks    struct{}
	nearNames    struct{}
	nearPromoted struct{ *nearBase }
	nearBase     struct{}
	nearCode     struct{}
)

func (nearHandlers) HandleFine(akt.Context, string)       {}
func (nearHandlers) Handle(akt.Context, nearCode)         {}
func (nearHandlers) Handle2FA(akt.Context, int)           {}
func (nearHandlers) HandleLow(akt.Context, int8)          {}
func (nearHandlers) Handle_Ping(akt.Context, int16)       {}
func (nearHandlers) Handle_pong(akt.Context, int32) error { return nil }
func (nearHandlers) Handleé(akt.Context, int64)           {}
func (nearHandlers) Handle订单(akt.Context, [2]int)         {}
func (nearHandlers) HandlelowCase(akt.Context, uint)      {}
func (nearHandlers) Handler(akt.Context) http.Handler     { return nil }
func (nearHandlers) HandlersOf(akt.Context, uint8)        {}
func (nearHandlers) Handleslow(akt.Context, uint16)       {}
func (nearHandlers) HandlesPair(*akt.Context, [2]int)     {}
func (*nearHandlers) HandlesLow(akt.Context, int8)        {}

func (nearHooks) OnFlush(akt.Context)              {}
func (nearHooks) OnFlushed(akt.Context) error      { return nil }
func (nearHooks) OnStarted(akt.Context) error      { return nil }
func (nearHooks) OnStarting(akt.Context)           {}
func (nearHooks) OnStop(akt.Context)               {}
func (nearHooks) OnStopp(akt.Context) bool         { return true }
func (nearHooks) OnStops(*akt.Context)             {}
func (nearHooks) OnStoppingü(akt.Context) error    { return nil }
func (nearHooks) OnStopOrder(akt.Context)          {}
func (nearHooks) OnStarted2(akt.Context)           {}
func (nearHooks) OnStartedBy(akt.Context, string)  {}
func (nearHooks) HandleFine(akt.Context, nearCode) {}

func (nearNames) Handle_A(akt.Context, string)  {}
func (nearNames) HandlesA(akt.Context, *string) {}
func (nearNames) HandleB(akt.Context, int)      {}
func (nearNames) HandlesB(akt.Context, [1]int)  {}

func (nearBase) Handle_X(akt.Context, int) {}
func (*nearBase) OnStop(akt.Context)       {}

// faultsOf are the faults of an actor as "Method: Found: Cure".
func faultsOf(t *testing.T, actor any) []string {
	t.Helper()
	_, err := akt.Describe(actor)
	var refused *akt.RegistrationError
	require.ErrorAs(t, err, &refused)
	lines := make([]string, len(refused.Faults))
	for i, f := range refused.Faults {
		lines[i] = fmt.Sprintf("%s: %s: %s", f.Method, f.Found, f.Cure)
		require.True(t, strings.HasSuffix(f.File, "_test.go") && f.Line > 0, "%v", f)
	}
	return lines
}

// H1: a method that takes an akt.Context and whose name begins with Handle is a fault where no
// upper-case letter follows; the cure is a name that no other method has.
func TestNearHandlerNames(t *testing.T) {
	t.Parallel()
	const (
		found = ": no upper-case letter follows Handle in its name: rename it"
		other = "; if it is no handler, begin its name otherwise, or unexport it"
	)
	require.Equal(t, []string{
		"Handle" + found + " to HandleNearCode" + other,
		"Handle2FA" + found + " to HandleInt" + other,
		"Handle_Ping" + found + " to HandlePing" + other,
		"Handle_pong" + found + " to HandlePong" + other,
		"HandlelowCase" + found + " to HandleLowCase" + other,
		"Handler: no upper-case letter follows Handle in its name, and it has a context and " +
			"no message: " +
			"rename it, as in HandleDeposit, and declare it as HandleDeposit(ctx akt.Context, " +
			"msg Deposit), " +
			"with an empty struct for a message without data" + other,
		"HandlersOf" + found + " to HandleOf" + other,
		"HandlesLow" + found + " to HandleInt8" + other,
		"HandlesPair: no upper-case letter follows Handle in its name, and it has no " +
			"context: its " +
			"first parameter is *akt.Context: " +
			"rename it to HandlePair, and take the akt.Context by value: declare it as " +
			"HandlePair(ctx akt.Context, msg [2]int)" + other,
		"Handleslow" + found + " to HandleSlow" + other,
		"Handleé" + found + " to HandleÉ" + other,
		"Handle订单" + found + ", as in HandleDeposit" + other,
	}, faultsOf(t, &nearHandlers{}))
	require.Equal(t, []string{
		"Handle_A" + found + " to HandleA" + other,
		"HandlesA" + found + " to HandleString" + other,
		"HandlesB" + found + ", as in HandleDeposit" + other,
	}, faultsOf(t, &nearNames{}))
}

// H1: a method that takes an akt.Context alone is a fault where its name is that of a hook but for
// lower-case letters at its end; others are nobody's business.
func TestNearHookNames(t *testing.T) {
	t.Parallel()
	const (
		found = ": there is no hook of this name: "
		other = "; if it is no hook, give it another name, or unexport it"
	)
	require.Equal(t, []string{
		"OnFlush" + found + "give it another name, or unexport it",
		"OnFlushed" + found + "give it another name, or unexport it",
		"OnStarted" + found + "rename it to OnStart" + other,
		"OnStarting" + found + "declare it as OnStart(akt.Context) error" + other,
		"OnStop" + found + "rename it to OnStopped" + other,
		"OnStopp" + found + "rename it to OnStopping" + other,
		"OnStoppingü" + found + "declare it as OnStopping(akt.Context) bool" + other,
		"OnStops" + found + "declare it as OnStopped(akt.Context)" + other,
	}, faultsOf(t, nearHooks{}))
	_, err := akt.Describe(nearHooks{})
	require.ErrorContains(t, err, "akt: tests_test.nearHooks.OnStop ("+
		placeOf(t, "dispatch_faults_test.go", "func (nearHooks) OnStop(")+
		") is not a lifecycle hook: there is no hook of this name; want OnStopped(akt.Context) or "+
		"OnStopping(akt.Context) bool: ")
}

// H1: an embedded field brings near misses like all else; their place is that of the declaration.
func TestPromotedNearMisses(t *testing.T) {
	t.Parallel()
	_, err := akt.Describe(&nearPromoted{&nearBase{}})
	require.ErrorContains(t, err, "akt: tests_test.nearBase.Handle_X ("+
		placeOf(t, "dispatch_faults_test.go", "func (nearBase) Handle_X(")+")")
	require.ErrorContains(t, err, "akt: tests_test.nearBase.OnStop ("+
		placeOf(t, "dispatch_faults_test.go", "func (*nearBase) OnStop(")+")")
	require.Len(t, faultsOf(t, &nearPromoted{&nearBase{}}), 2)
}

// Bases whose methods do not fit, and strangers.
type (
	misfitBase  struct{}
	misfitOf    struct{ misfitBase }
	misfitDeep  struct{ *misfitOf }
	misfitStill struct{ strangerBase }
	misfitHides struct{ misfitBase }

	strangerBase struct{}
)

func (misfitBase) HandlePong(*akt.Context, int) error        { return nil }
func (misfitBase) HandleSwap(int64, akt.Context) error       { return nil }
func (misfitBase) HandleMany(string, ...akt.Context)         {}
func (misfitBase) HandleMake(string) *akt.Context            { return nil }
func (misfitBase) HandleTwo(context.Context, int, int) error { return nil }
func (misfitBase) OnStart() error                            { return nil }
func (misfitBase) OnStopped(string)                          {}
func (misfitBase) OnStopping(akt.Context)                    {}

func (misfitDeep) HandleHop(akt.Context, bool) {}

func (misfitOf) HandleHop(akt.Context, bool) {}

func (misfitHides) HandleFine(akt.Context, bool)          {}
func (misfitHides) HandlePong(akt.Context, int) error     { return nil }
func (misfitHides) HandleSwap(akt.Context, int64) error   { return nil }
func (misfitHides) HandleMany(akt.Context, []string)      {}
func (misfitHides) HandleMake(akt.Context, string)        {}
func (misfitHides) HandleTwo(context.Context, int8) error { return nil }
func (misfitHides) OnStart(akt.Context) error             { return nil }
func (misfitHides) OnStopped(akt.Context)                 {}
func (misfitHides) OnStopping(akt.Context) bool           { return true }

func (strangerBase) HandleHTTP(http.ResponseWriter, *http.Request) {}
func (strangerBase) HandleFunc(string, func(akt.Context))          {}

func (strangerBase) HandleLast(string, context.Context) {} //nolint:revive // not first

func (strangerBase) HandleAll()                           {}
func (strangerBase) Handle(context.Context, string) error { return nil }

func (misfitStill) HandleHop(akt.Context, bool) {}

// H4: a promoted method that has to do with akt and does not fit is a fault like an own one; so is
// one with a hook's name, whatever it takes. Strangers are none, nor is what the actor hides.
func TestMisfitsOfABase(t *testing.T) {
	t.Parallel()
	for _, actor := range []any{misfitOf{}, &misfitDeep{&misfitOf{}}} {
		_, err := akt.Describe(actor)
		var refused *akt.RegistrationError
		require.ErrorAs(t, err, &refused)
		var methods []string
		for _, f := range refused.Faults {
			require.Equal(t, "tests_test.misfitBase", f.Type)
			require.Equal(t, placeOf(t, "dispatch_faults_test.go", "func (misfitBase) "+
				f.Method+"("), fmt.Sprintf("dispatch_faults_test.go:%d", f.Line))
			methods = append(methods, f.Method)
		}
		require.Equal(t, []string{
			"HandleMake", "HandleMany", "HandlePong", "HandleSwap", "HandleTwo", "OnStart",
			"OnStopped", "OnStopping",
		}, methods, "%T", actor)
	}
	for _, actor := range []any{misfitHides{}, misfitStill{}} {
		_, err := akt.Describe(actor)
		require.NoError(t, err, "%T", actor)
	}
}

type (
	curedWeb   struct{}
	curedTwice struct{ curedBase }
	curedBase  struct{}
)

func (curedWeb) HandleHTTP(http.ResponseWriter, *http.Request)        {}
func (curedWeb) HandleLogin(http.ResponseWriter, *http.Request) error { return nil }
func (curedWeb) HandleSignal(os.Signal)                               {}
func (curedWeb) HandleBoth(string, int) (int, bool)                   { return 0, false }
func (curedWeb) HandleNone(*akt.Context)                              {}

func (curedTwice) HandleA(akt.Context, int) {}

func (curedBase) HandleB(akt.Context, int) {}

// H3: a cure helps whoever follows it: a method that serves HTTP is renamed, one that needs a
// message gets one, and all that is wrong with a method is told at once.
func TestCuresThatHelp(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		"HandleBoth: it has no context: its first parameter is string, and its second result is " +
			"bool, not error: " +
			"declare it as HandleBoth(ctx akt.Context, msg Both), with a struct that has a field " +
			"for each value; " +
			"make error its last result; if it is no handler, rename or unexport it",
		"HandleHTTP: it serves HTTP, not messages: rename it, to ServeHTTP for example, " +
			"or unexport it",
		"HandleLogin: it serves HTTP, not messages: rename it, to ServeLogin for example, " +
			"or unexport it",
		"HandleNone: it has no message, and its context is a *akt.Context: declare it as " +
			"HandleNone(ctx akt.Context, msg None)" +
			", with an empty struct for a message without data",
		"HandleSignal: it has no context: declare it as HandleSignal(ctx akt.Context, " +
			"msg os.Signal)" +
			"; if it is no handler, rename or unexport it",
	}, faultsOf(t, curedWeb{}))
	require.Equal(t, []string{
		"HandleA: it handles int, and so does tests_test.curedBase.HandleB (" +
			placeOf(t, "dispatch_faults_test.go", "func (curedBase) HandleB(") +
			"): merge them, or give each a message type of its own",
	}, faultsOf(t, curedTwice{}))
}

type (
	boxed[T any] struct{ V T }
	number       int
	numbers      map[string]int
	callback     func()
)

func (*boxed[T]) HandleSet(akt.Context, T) {}

func (*number) HandleSet(akt.Context, int) {}

func (numbers) HandleSet(akt.Context, int) {}

func (callback) HandleSet(akt.Context, int)  {}
func (*callback) HandleGet(akt.Context, int) {}

// H3: where a pointer is wanted, the cure is an expression that makes one, and fits where the value
// came from: Run, a Spawner, a Spawner of an interface type, or Bind.
func TestCureWhereAPointerIsWanted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		actor any
		cure  string
	}{
		"a struct":       {boxed[http.Request]{}, "pass &tests_test.boxed[http.Request]{}"},
		"a number":       {number(0), "pass new(tests_test.number)"},
		"a nameless one": {struct{ number }{}, "pass a pointer to it"},
		"a Spawner": {akt.Spawner[number](func() number { return 0 }),
			"use an akt.Spawner[*tests_test.number]"},
		"a Spawner of any": {akt.Spawner[any](func() any { return number(0) }),
			"have the Spawner return new(tests_test.number)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				_, err := akt.NewSystem().Run(row.actor)
				require.ErrorContains(t, err, "; want a pointer: "+row.cure)
				require.True(t, strings.HasSuffix(err.Error(), row.cure), "%v", err)
			}
		})
	}
	err := akt.Bind(func(number, akt.Context, int) (int, error) { return 0, nil })
	require.ErrorContains(t, err,
		"bind the methods of the pointer, as in (*tests_test.number).HandleDeposit")
}

// H3: what has no state to run is refused with what to pass instead.
func TestNothingToRun(t *testing.T) {
	t.Parallel()
	var itself akt.Spawner[any]
	itself = func() any { return itself }
	made := akt.Spawner[*doll](func() *doll { return &doll{} })
	for text, actor := range map[string]any{
		"the map is nil: pass " +
			"one that is not": numbers(nil),
		"the func is nil: pass " +
			"one that is not": callback(nil),
		"the pointer is nil: pass a pointer to a value, such as " +
			"&tests_test.doll": (*doll)(nil),
		"the pointer is nil: pass a pointer to a value, such as " +
			"new(tests_test.number)": (*number)(nil),
		"pass the Spawner itself":                        &made,
		"pass the Spawner itself ":                       (*akt.Spawner[*doll])(nil),
		"the Spawner made a Spawner: have it return an ": itself,
		"the Spawner made a nil: have it return a value": akt.Spawner[numbers](func() numbers {
			return nil
		}),
		"pass the value whose method it is":         (&doll{}).HandleAct,
		"call it, and pass the actor that it makes": func(int) *doll { return nil },
	} {
		_, err := akt.NewSystem().Run(actor)
		var refused *akt.RegistrationError
		require.ErrorAs(t, err, &refused, "%T", actor)
		require.ErrorContains(t, err, strings.TrimSpace(text))
	}
	_, err := akt.Describe(itself)
	require.ErrorContains(t, err, "the Spawner made a Spawner")
	_, err = akt.Describe(akt.Spawner[any](func() any { panic("no state") }))
	require.ErrorContains(t, err, "no state")
}

type pooled struct{ akt.Spawner[*doll] }

func (pooled) HandleSize(akt.Context, int) int { return 7 }

// A struct that embeds a Spawner has its methods, and is still an actor of its own.
func TestEmbeddedSpawner(t *testing.T) {
	t.Parallel()
	reply, err := run(t, pooled{}).Send(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 7, reply)
}

var _ = misfitHides{}.misfitBase // a base that only reflection looks at

type (
	nearStart          struct{}
	nearStartInherited struct {
		nearStart
		byValue
	}
)

func (nearStart) OnStart(akt.Context) {}

// H3: a promoted hook of the wrong signature that takes an akt.Context is meant as a hook, and
// never skipped in silence.
func TestPromotedHookOfWrongSignature(t *testing.T) {
	t.Parallel()
	_, err := akt.Describe(nearStartInherited{})
	require.Error(t, err)
}
