package handlers

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Context is what the handlers of these tests take.
type Context struct{ context.Context }

// testRules have other hooks than any program that uses the package.
var testRules = Rules{
	Context: reflect.TypeFor[Context](),
	Hooks: map[string]reflect.Type{
		"OnBegin": reflect.TypeFor[func(Context) error](),
		"OnBegun": reflect.TypeFor[func(Context)](),
	},
	Stems: []string{"OnBeg", "OnMove"},
	Instead: func(t reflect.Type) string {
		if t == reflect.TypeFor[*os.File]() {
			return "read it"
		}
		return ""
	},
}

type (
	base    struct{ N int }
	lending struct {
		_ int
		*base
		io.Closer
	}
	deep struct {
		Name string
		lending
	}
	abstract  interface{ HandleText(Context, string) }
	borrowing struct{ abstract }
)

func (*base) HandleText(Context, string)                   {}
func (base) HandleSum(context.Context, []int) (int, error) { return 0, nil }
func (base) HandleAny(Context, any) error                  { return nil }
func (base) HandleNumber(Context, int) fmt.Stringer        { return nil }
func (base) OnBegin(Context) error                         { return nil }
func (*base) OnBegun(Context)                              {}
func (base) Handler() string                               { return "" }
func (base) OnMove(int)                                    {}

// A method has all that it takes to call it, and to speak of it.
func TestScanFindsMethods(t *testing.T) {
	t.Parallel()
	type row struct {
		goName, name    string
		message, reply  reflect.Type
		plain, fails    bool
		isHook, takeAny bool
		expression      any
	}
	methods, faults := testRules.Scan(reflect.TypeFor[*base]())
	require.Empty(t, faults)
	found := make([]row, len(methods))
	for i, m := range methods {
		require.Equal(t, "handlers.base."+m.GoName, m.String())
		require.Equal(t, lineOf(t, "base) "+m.GoName+"("), At(m.File, m.Line))
		found[i] = row{
			m.GoName, m.Name, m.Message, m.Reply, m.Plain, m.Fails, m.IsHook(), m.TakesAny(),
			reflect.TypeOf(m.Expression),
		}
	}
	integer, text := reflect.TypeFor[int](), reflect.TypeFor[string]()
	list, anything := reflect.TypeFor[[]int](), reflect.TypeFor[any]()
	stringer := reflect.TypeFor[fmt.Stringer]()
	require.Equal(t, []row{
		{"HandleAny", "Any", anything, nil, false, true, false, true,
			reflect.TypeFor[func(*base, Context, any) error]()},
		{"HandleNumber", "Number", integer, stringer, false, false, false, false,
			reflect.TypeFor[func(*base, Context, int) fmt.Stringer]()},
		{"HandleSum", "Sum", list, integer, true, true, false, false,
			reflect.TypeFor[func(*base, context.Context, []int) (int, error)]()},
		{"HandleText", "Text", text, nil, false, false, false, false,
			reflect.TypeFor[func(*base, Context, string)]()},
		{"OnBegin", "", nil, nil, false, true, true, false,
			reflect.TypeFor[func(*base, Context) error]()},
		{"OnBegun", "", nil, nil, false, false, true, false,
			reflect.TypeFor[func(*base, Context)]()},
	}, found)
}

// lineOf is where a method is declared in this file, as At writes it.
func lineOf(t *testing.T, declaration string) string {
	t.Helper()
	source, err := os.ReadFile("scan_test.go")
	require.NoError(t, err)
	for i, line := range strings.Split(string(source), "\n") {
		if strings.HasPrefix(line, "func (") && strings.Contains(line, declaration) {
			return fmt.Sprintf(" (%s:%d)", "scan_test.go", i+1)
		}
	}
	require.Fail(t, "not declared", declaration)
	return ""
}

// A method that is promoted has the place of its declaration; that of an interface has none.
func TestPromotedMethodsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	methods, faults := testRules.Scan(reflect.TypeFor[*deep]())
	require.Empty(t, faults)
	require.Len(t, methods, 6)
	for _, m := range methods {
		require.Equal(t, "handlers.base."+m.GoName, m.String())
		require.Equal(t, "scan_test.go", filepath.Base(m.File))
	}
	methods, faults = testRules.Scan(reflect.TypeFor[*borrowing]())
	require.Empty(t, faults)
	require.Len(t, methods, 1)
	require.Equal(t, "handlers.abstract.HandleText", methods[0].String())
	require.Empty(t, At(methods[0].File, methods[0].Line))
}

type (
	faulty struct{}
	Left   struct{}
	Right  struct{}
	both   struct {
		Left
		Right
	}
	twice     struct{}
	nearly    struct{}
	unmeant   struct{}
	misnaming struct{}
)

func (faulty) HandleAlone(string)                     {}
func (faulty) HandleMany(Context, int, int)           {}
func (faulty) HandlePointer(*Context, int)            {}
func (faulty) HandleWrong(Context, int) (int, string) { return 0, "" }
func (faulty) OnBegin(Context)                        {}

func (Left) HandleText(Context, string)  {}
func (Right) HandleText(Context, string) {}

func (twice) HandleA(Context, any) {}
func (twice) HandleB(Context, any) {}

func (nearly) Handle_text(Context, string) {}
func (nearly) OnBeginning(Context) error   { return nil }
func (nearly) OnMove(Context)              {}

func (unmeant) Add(int) int { return 0 }

func (misnaming) OnText(Context, string) {}

// Every fault has what was found, and what to do; its texts have the context of the rules.
func TestScanFindsFaults(t *testing.T) {
	t.Parallel()
	const (
		want  = "func(handlers.Context, M) (R, error)"
		named = "Handle<Msg>(handlers.Context, M) (R, error)"
	)
	for _, row := range []struct {
		typ  reflect.Type
		want []Fault
	}{
		{reflect.TypeFor[faulty](), []Fault{
			{Method: "HandleAlone", Found: "it has no context", Want: want,
				Cure: "declare it as HandleAlone(ctx handlers.Context, msg string)" +
					"; if it is no handler, rename or unexport it"},
			{Method: "HandleMany", Found: "it has 3 parameters", Want: want,
				Cure: "take a context and one message, " +
					"such as a struct with a field for each value"},
			{Method: "HandlePointer", Want: want,
				Found: "it has no context: its first parameter is *handlers.Context",
				Cure: "take the handlers.Context by value: " +
					"declare it as HandlePointer(ctx handlers.Context, msg int)"},
			{Method: "HandleWrong", Found: "its second result is string, not error", Want: want,
				Cure: "make error its last result"},
			{Method: "OnBegin", Found: "it is a func(handlers.Context)",
				Want: "func(handlers.Context) error", Cure: "change its signature, or its name"},
		}},
		{reflect.TypeFor[base](), []Fault{{
			Found: "HandleText" + lineOf(t, "base) HandleText(") + " and OnBegun" +
				lineOf(t, "base) OnBegun(") +
				" are methods of *handlers.base, and a value was passed",
			Want: WantPointer, Cure: "pass &handlers.base{}",
		}}},
		{reflect.TypeFor[*both](), []Fault{{
			Method: "HandleText", Want: "one method of this name",
			Found: "it is promoted from handlers.Left and from handlers.Right, and so from neither",
			Cure:  "declare HandleText on handlers.both",
		}}},
		{reflect.TypeFor[twice](), []Fault{{
			Method: "HandleA", Want: "one handler for each message type",
			Found: "it handles interface {}, and so does HandleB" + lineOf(t, "twice) HandleB("),
			Cure:  "merge them, or give each a message type of its own",
		}}},
		{reflect.TypeFor[nearly](), []Fault{
			{Method: "Handle_text", Found: "no upper-case letter follows Handle in its name",
				Want: named, Cure: "rename it to HandleText" +
					"; if it is no handler, begin its name otherwise, or unexport it"},
			{Method: "OnBeginning", Found: "there is no hook of this name",
				Want: "OnBegin(handlers.Context) error or OnBegun(handlers.Context)",
				Cure: "rename it to OnBegin" +
					"; if it is no hook, give it another name, or unexport it"},
			{Method: "OnMove", Found: "there is no hook of this name",
				Want: "OnBegin or OnBegun", Cure: "give it another name, or unexport it"},
		}},
		{reflect.TypeFor[unmeant](), []Fault{{Cure: declareOne}}},
		{reflect.TypeFor[misnaming](), []Fault{
			{Cure: "rename OnText to HandleText, or declare one"}}},
		{reflect.TypeFor[*os.File](), []Fault{{Cure: "read it"}}},
		{reflect.TypeFor[func(Context)](), []Fault{
			{Cure: "pass the value whose method it is, or a struct with methods"}}},
		{reflect.TypeFor[func(int) base](), []Fault{
			{Cure: "call it, and pass the actor that it makes"}}},
		{reflect.TypeFor[**base](), []Fault{{Cure: "pass a pointer to the struct itself"}}},
	} {
		_, faults := testRules.Scan(row.typ)
		for i := range faults {
			if faults[i].Method != "" && faults[i].Method != "HandleText" {
				declared := lineOf(t, row.typ.Name()+") "+faults[i].Method+"(")
				require.Equal(t, declared, At(faults[i].File, faults[i].Line))
			}
			faults[i].Type, faults[i].File, faults[i].Line = "", "", 0
			if strings.HasPrefix(faults[i].Found, "it has neither") {
				require.Equal(t, "an exported method "+named+" on a struct", faults[i].Want)
				faults[i].Found, faults[i].Want = "", ""
			}
		}
		require.Equal(t, row.want, faults, row.typ)
	}
}
