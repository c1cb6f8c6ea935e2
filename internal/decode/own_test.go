package decode

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A type's own code is asked wherever a value of it is made, whatever Go type the value comes in.
func TestOwnCodeCannotBeBypassed(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]map[string]any{
		"a value":                       {"Role": "root"},
		"a named string":                {"Role": testLabel("root")},
		"behind a pointer":              {"RolePtr": "root"},
		"a pointer to a string":         {"RolePtr": ptrTo("root")},
		"in a list":                     {"Roles": []any{"user", "root"}},
		"in a list of strings":          {"Roles": []string{"root"}},
		"in an array of strings":        {"Roles": [1]string{"root"}},
		"as a key":                      {"RoleMap": map[string]any{"root": 1}},
		"as a key of a Go map":          {"RoleMap": map[string]int{"root": 1}},
		"as a key of a Go map of named": {"RoleMap": map[testLabel]int{"root": 1}},
		"a byte in base64":              {"Checked": "CQk="},
		"a byte in bytes":               {"Checked": []byte{9}},
		"a text in a list of numbers":   {"Colors": []int{9}},
	} {
		_, err := decodeTo[struct {
			testKinds
			Colors []testColor
		}](fields)
		require.Error(t, err, name)
	}
}

type (
	// testBytes checks itself, and []byte could be assigned to it.
	testBytes []byte
	// TestGuarded checks all its fields at once.
	TestGuarded  struct{ Low, High int }
	testPromoted struct {
		TestGuarded
		More int
	}
	testTwice struct {
		TestGuarded
		TestOther
		Free int
	}
	TestOther struct{ Name string }
)

func (b *testBytes) UnmarshalText(text []byte) error {
	if string(text) != "ok" {
		return errors.New("not ok")
	}
	*b = []byte("ok")
	return nil
}

func (g *TestGuarded) UnmarshalJSON(text []byte) error {
	type plain TestGuarded
	if err := json.Unmarshal(text, (*plain)(g)); err != nil {
		return err
	}
	if g.Low > g.High {
		return errors.New("the low is higher")
	}
	return nil
}

func (*TestOther) UnmarshalJSON([]byte) error { return nil }

// Only a Go value of the very type is taken without asking; one that Go could assign to it is not.
func TestOwnCodeAndAssignableValues(t *testing.T) {
	t.Parallel()
	type message struct{ B testBytes }
	got, err := decodeTo[message](map[string]any{"B": testBytes("any")})
	require.NoError(t, err)
	require.Equal(t, message{testBytes("any")}, got)
	_, err = decodeTo[message](map[string]any{"B": []byte("any")})
	require.Equal(t, "list", refusal(t, err).Found)
	got, err = decodeTo[message](map[string]any{"B": "ok"})
	require.NoError(t, err)
	require.Equal(t, message{testBytes("ok")}, got)
}

// The message's own code decides, be it that of an embedded struct, as in encoding/json.
func TestOwnCodeOfTheMessage(t *testing.T) {
	t.Parallel()
	got, err := decodeTo[*TestGuarded](map[string]any{"low": 1, "high": json.Number("2")})
	require.NoError(t, err)
	require.Equal(t, &TestGuarded{1, 2}, got)
	_, err = decodeTo[TestGuarded](map[string]any{"low": 3, "high": 2})
	require.Equal(t, "map that was not accepted", refusal(t, err).Found)

	promoted, err := decodeTo[testPromoted](map[string]any{"low": 1, "high": 2})
	require.NoError(t, err)
	require.Equal(t, testPromoted{TestGuarded: TestGuarded{1, 2}}, promoted)
	_, err = decodeTo[struct{ P testPromoted }](map[string]any{"P": map[string]any{"low": 3}})
	require.Equal(t, "P", refusal(t, err).Path)

	_, err = decodeTo[testTwice](map[string]any{"Free": 1, "Low": 3})
	require.Equal(
		t,
		"Low",
		refusal(t, err).Path,
		"of two neither is asked, so that neither has fields",
	)

	_, err = decodeTo[struct{ netip.Addr }](nil)
	require.Equal(t, "fields", refusal(t, err).Found, "text is not fields")

	var numbers map[string]any
	_, err = decodeTo[testNumberMessage](numbers)
	require.NoError(t, err, "no fields are an empty object")
}

type testNumberMessage int

func (n *testNumberMessage) UnmarshalJSON(text []byte) error {
	*n = testNumberMessage(len(text))
	if string(text) != "{}" {
		return errors.New("not empty")
	}
	return nil
}

// A panic or a Goexit of a type's own code is a refusal, which names the field; the caller goes on.
func TestOwnCodeThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for _, fields := range []map[string]any{
		{"Roles": []any{"user", "exit"}}, {"Roles": []any{"user", "panic"}},
	} {
		_, err := decodeTo[testKinds](fields)
		require.Equal(t, "Roles[1]", refusal(t, err).Path)
		require.Equal(t, "decode.testRole", refusal(t, err).Target)
		require.NotContains(t, err.Error(), "exit")
	}
	_, err := decodeTo[struct{ Role testRole }](map[string]any{"Role": "exit"})
	require.Equal(t, "a value at which the type's own code ended its goroutine",
		refusal(t, err).Found)
	_, err = decodeTo[testKinds](map[string]any{"RoleMap": map[string]any{"exit": 1}})
	require.Error(t, err)
	err = plain.Into(map[string]any{"Role": "exit"}, &testKinds{})
	require.Equal(t, "Role", refusal(t, err).Path)
	_, err = decodeTo[struct{ Raw json.RawMessage }](map[string]any{"Raw": testExits{}})
	require.Equal(t, "Raw", refusal(t, err).Path, "what is given may have code, too")
	_, err = decodeTo[struct{ K map[testSliceKey]int }](map[string]any{"K": map[string]any{"a": 1}})
	require.Equal(t, "a key that was not accepted", refusal(t, err).Found, "it cannot be hashed")
}

// testExits ends the goroutine when it is written.
type testExits struct{}

func (testExits) MarshalJSON() ([]byte, error) { runtime.Goexit(); return nil, nil }

// testSliceKey makes itself something that no map can have as a key.
type testSliceKey struct{ v any }

func (k *testSliceKey) UnmarshalText(text []byte) error { k.v = text; return nil }

// Structs that only their package can make are not made by fields, wherever they lie; closed ones
// not even as messages.
func TestOpaque(t *testing.T) {
	t.Parallel()
	type message struct {
		Lock  testLock
		Ptr   *testLock
		Timer *time.Timer
		List  []testLock
		Map   map[string]*strings.Builder
		Pair  [1]testLock
		Item  testItem
		Empty struct{}
	}
	for path, fields := range map[string]map[string]any{
		"Lock":     {"Lock": map[string]any{}},
		"Ptr":      {"Ptr": map[string]any{}},
		"Timer":    {"Timer": map[string]any{"C": nil}},
		"List[1]":  {"List": []any{testLock{}, map[string]any{}}},
		`Map["a"]`: {"Map": map[string]any{"a": map[string]any{}}},
		"Pair[0]":  {"Pair": []any{nil}},
	} {
		_, err := decodeTo[message](fields)
		got := refusal(t, err)
		require.Equal(t, path, got.Path)
		require.Contains(t, got.Wanted, "no fields that could be set")
	}
	lock := &testLock{held: true}
	got, err := decodeTo[message](
		map[string]any{"Ptr": lock, "Lock": *lock, "Empty": map[string]any{}, "Timer": nil},
	)
	require.NoError(t, err)
	require.Same(t, lock, got.Ptr, "a lock that was copied would be another one")
	require.Equal(t, message{Ptr: lock, Lock: *lock}, got)

	whole, err := decodeTo[testLock](nil)
	require.NoError(t, err, "a message may have all its fields left out")
	require.Zero(t, whole)
	_, err = decodeTo[testLock](map[string]any{"held": true})
	require.Equal(t, "unknown field", refusal(t, err).Found)

	closing := New(
		func(t reflect.Type) bool { return t == reflect.TypeFor[testItem]() || t == reflect.TypeFor[TestNest]() },
	)
	for _, typ := range []reflect.Type{reflect.TypeFor[message](), reflect.TypeFor[struct{ Item []*testItem }]()} {
		_, err := closing.Message(map[string]any{"Item": []any{map[string]any{}}}, typ)
		require.Error(t, err)
	}
	_, err = closing.Message(nil, reflect.TypeFor[testItem]())
	require.Equal(t, "fields", refusal(t, err).Found)
	_, err = closing.Message(map[string]any{"amount": 1}, reflect.TypeFor[struct{ *testItem }]())
	require.Equal(t, "unknown field", refusal(t, err).Found)
	_, err = closing.Message(map[string]any{"In": 1}, reflect.TypeFor[struct{ TestNest }]())
	require.Equal(t, "unknown field", refusal(t, err).Found)
	item := &testItem{}
	v, err := closing.Message(
		map[string]any{"Item": item},
		reflect.TypeFor[struct{ Item *testItem }](),
	)
	require.NoError(t, err)
	require.Same(t, item, v.Field(0).Interface())
}

// What was given is copied at every depth, and what was copied is unchanged by what becomes of the
// original.
func TestSharesNothing(t *testing.T) {
	t.Parallel()
	type deep struct {
		List  [][]int
		Map   map[string][]int
		Any   any
		Ptr   **int
		Array [1][]int
		Inner struct{ testInside }
		Big   *big.Int
		Time  time.Time
	}
	type message struct {
		Any     any
		Deep    deep
		DeepPtr *deep
		Stringy interface{ String() string }
	}
	build := func() deep {
		p := ptrTo(1)
		d := deep{
			List: [][]int{
				{1},
			},
			Map:   map[string][]int{"a": {1}},
			Any:   []any{map[string]any{"a": []int{1}}, &[]int{1}},
			Ptr:   &p,
			Array: [1][]int{{1}},
			Big:   big.NewInt(1),
			Time:  time.Unix(1, 0),
		}
		d.Inner.Inside = []int{1}
		return d
	}
	spoil := func(d *deep) {
		d.List[0][0], d.Map["a"][0], **d.Ptr, d.Array[0][0], d.Inner.Inside[0] = 9, 9, 9, 9, 9
		list := d.Any.([]any)
		list[0].(map[string]any)["a"].([]int)[0] = 9
		(*list[1].(*[]int))[0] = 9
		d.Big.SetInt64(9)
		list[0], d.List[0] = 9, nil
		delete(d.Map, "a")
	}
	first, second, third := build(), build(), build()
	text := &testText{[]string{"a"}}
	fields := map[string]any{
		"Any":     map[string]any{"x": &third},
		"Deep":    first,
		"DeepPtr": &second,
		"Stringy": text,
	}
	got, err := decodeTo[message](fields)
	require.NoError(t, err)
	spoil(&first)
	spoil(&second)
	spoil(&third)
	text.Words[0] = "b"
	want := build()
	require.Equal(t, message{
		Any: map[string]any{
			"x": &want,
		},
		Deep:    build(),
		DeepPtr: &want,
		Stringy: &testText{[]string{"a"}},
	}, got)

	failed := &testFailure{[]int{1}}
	got, err = decodeTo[message](map[string]any{"Any": failed})
	require.NoError(t, err)
	require.Same(t, failed, got.Any, "an error is what it is by identity")
}

type testInside struct{ Inside []int }

type testText struct{ Words []string }

func (t *testText) String() string { return strings.Join(t.Words, " ") }

type testFailure struct{ Codes []int }

func (*testFailure) Error() string { return "failed" }

// A float that is not finite is found wherever it lies in what is given.
func TestFindsNaNEverywhere(t *testing.T) {
	t.Parallel()
	nan := slices.Repeat([]float64{0}, 2)
	nan[1] /= nan[0]
	for path, in := range map[string]any{
		"Any":                nan[1],
		"Any[1]":             nan,
		`Any["a"][0]`:        map[string]any{"a": []any{nan[1]}},
		`Any["b"].F`:         map[string]struct{ F float64 }{"b": {nan[1]}},
		"Any.F":              &struct{ F float32 }{float32(nan[1])},
		"Any[0]":             [1]any{nan[1]},
		`Any["a"]`:           map[testKey]float64{"a": nan[1]},
		"Any.Inside[0].Deep": struct{ Inside []any }{[]any{struct{ Deep float64 }{nan[1]}}},
	} {
		_, err := decodeTo[testKinds](map[string]any{"Any": in})
		got := refusal(t, err)
		require.Equal(t, path, got.Path)
		require.Equal(t, foundNaN, got.Found)
	}
}

// A refusal shows at most 64 characters of what was sent, however it is written and wherever it
// lies.
func TestShowsLittleOfWhatWasSent(t *testing.T) {
	t.Parallel()
	const sent = "\x01\xffé\"\\ x\u2028😀k"
	long := strings.Repeat(sent, 100)
	nested := map[string]any{"Name": 1}
	for range 40 {
		nested = map[string]any{
			"Maps": map[string]any{long: nested, strings.Repeat("k", 65): nested},
		}
		if len(nested) > 1000 {
			break
		}
		nested["Maps"] = map[string]any{long: nested["Maps"].(map[string]any)[long]}
	}
	type tree struct {
		Name string
		Maps map[string]tree
	}
	for name, fields := range map[string]map[string]any{
		"an unknown field":       {long: 1},
		"letters only":           {strings.Repeat("é", 65): 1},
		"the key of a map":       {"Maps": map[string]any{long: 1}},
		"an unknown one in it":   {"Maps": map[string]any{long: map[string]any{long: 1}}},
		"keys in keys":           nested,
		"a duplicate in a key":   {"Maps": map[string]any{long: map[string]any{"name": "", "NAME": ""}}},
		"control characters":     {strings.Repeat("\x01", 40): 1},
		"bytes that are no rune": {strings.Repeat("\xff", 64): 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[tree](fields)
			e := refusal(t, err)
			shown := e.Path + e.Found
			for _, own := range []string{"Maps", "two keys for one field, ", " and ", "unknown field", "Name", "map", "string", "number"} {
				shown = strings.ReplaceAll(shown, own, "")
			}
			shown = strings.NewReplacer(`[`, "", `]`, "", `"`, "", ".", "", "…", "").Replace(shown)
			require.LessOrEqual(t, len([]rune(shown)), maxShown, err)
		})
	}
	require.Equal(t, `"Deposit"`, Quote("Deposit"))
	require.Equal(t, `"`+strings.Repeat(`\x01`, 16)+`…"`, Quote(strings.Repeat("\x01", 64)))
}

// A number of megabytes costs what its length says, and none panics.
func TestLongNumbers(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("0", 1<<22)
	for text, found := range map[string]string{
		"1" + zeros:                        foundRange,
		"0." + zeros + "1":                 foundFraction,
		"1e" + zeros + "1":                 "",
		"1" + zeros + "e-4194304":          "",
		"0." + zeros[1:] + "1e4194304":     "",
		"1." + zeros + "e0":                "",
		"10e2147483647":                    foundRange,
		"1e2147483647":                     foundRange,
		"1.5e-2147483648":                  foundFraction,
		"1e-2147483649":                    foundFraction,
		"1e9223372036854775807":            foundRange,
		"1e-9223372036854775808":           foundFraction,
		"0e99999999999999999999999":        "",
		"1e+" + strings.Repeat("9", 1<<20): foundRange,
		"1e-" + strings.Repeat("9", 1<<20): foundFraction,
		"-" + strings.Repeat("9", 1<<20):   foundRange,
		strings.Repeat("1", 1<<20) + "x":   foundNoNumber,
		"1e":                               foundNoNumber,
		"1e+":                              foundNoNumber,
		"-":                                foundNoNumber,
		"1.":                               foundNoNumber,
		".5":                               foundNoNumber,
		"+1":                               foundNoNumber,
		"01":                               foundNoNumber,
		"1_0":                              foundNoNumber,
		"Inf":                              foundNoNumber,
	} {
		begun := time.Now()
		_, err := decodeTo[testKinds](map[string]any{"Int64": json.Number(text)})
		require.Less(t, time.Since(begun), 5*time.Second)
		name := text[:min(len(text), 20)]
		if found == "" {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, found, refusal(t, err).Found, name)
		}
		_, err = decodeTo[testKinds](map[string]any{"Float32": json.Number(text)})
		if found == foundNoNumber {
			require.Equal(t, foundNoNumber, refusal(t, err).Found, name)
		}
	}
}

// Bytes that are JSON already are copied, too.
func TestSharesNoRawJSON(t *testing.T) {
	t.Parallel()
	given := []byte(`{"a":1}`)
	got, err := decodeTo[struct{ Raw json.RawMessage }](map[string]any{"Raw": given})
	require.NoError(t, err)
	given[0] = 'x'
	require.Equal(t, `{"a":1}`, string(got.Raw))
}
