package decode

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

type testNames struct {
	Plain   int
	Tagged  int `json:"other"`
	Options int `json:",omitempty"`
	Quoted  int `json:"quoted,string"`
	//lint:ignore SA5008 squash is an option of mapstructure only
	Squash testItem `json:"squash,squash"`
	//lint:ignore SA5008 remain is an option of mapstructure only
	Remain map[string]any `json:"remain,remain"`
	Hidden int            `json:"-"`
	//lint:ignore SA5008 "-," names a field by a dash in encoding/json
	Dash int `json:"-,"`
	//lint:ignore SA5008 a name that encoding/json does not take
	Invalid  int `json:"a\"b"`
	Lower    int `json:"case"`
	Upper    int `json:"CASE"`
	Snake    int `json:"max_retries"`
	Weiß     int
	Mapped   int `mapstructure:"elsewhere"`
	unexport int
}

// Fields go by the name in the json tag, else by the Go name; case counts only where it has to.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		key  string
		in   any
		want testNames
	}{
		"the Go name":                     {"Plain", 1, testNames{Plain: 1}},
		"the Go name in another case":     {"pLAIN", 1, testNames{Plain: 1}},
		"the tag name":                    {"other", 1, testNames{Tagged: 1}},
		"the tag name in another case":    {"OTHER", 1, testNames{Tagged: 1}},
		"a tag with an option only":       {"options", 1, testNames{Options: 1}},
		"a tag with the string option":    {"quoted", 1, testNames{Quoted: 1}},
		"an option of mapstructure":       {"squash", map[string]any{"amount": 1}, testNames{Squash: testItem{Amount: 1}}},
		"another option of mapstructure":  {"remain", map[string]any{"a": 1}, testNames{Remain: map[string]any{"a": 1}}},
		"a field named by a dash":         {"-", 1, testNames{Dash: 1}},
		"a tag with a name that is not":   {"Invalid", 1, testNames{Invalid: 1}},
		"one of two, by exact case":       {"case", 1, testNames{Lower: 1}},
		"the other of two, by exact case": {"CASE", 1, testNames{Upper: 1}},
		"a name that is not ASCII":        {"weiß", 1, testNames{Weiß: 1}},
		"a tag that is not json":          {"Mapped", 1, testNames{Mapped: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeTo[testNames](map[string]any{row.key: row.in})
			require.NoError(t, err)
			require.Equal(t, row.want, got)
		})
	}
	require.Zero(t, testNames{}.unexport)
}

// Keys that name no field, or no single one, are refused.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fields map[string]any
		path   string
		found  string
		wanted string
	}{
		"an unknown field":               {map[string]any{"zzz": 1}, "zzz", "unknown field", "a field of decode.testNames"},
		"a near miss":                    {map[string]any{"plian": 1}, "plian", "unknown field", `a field of decode.testNames; did you mean "Plain"?`},
		"another spelling":               {map[string]any{"maxRetries": 1}, "maxRetries", "unknown field", `a field of decode.testNames; did you mean "max_retries"?`},
		"the Go name of a tagged field":  {map[string]any{"Tagged": 1}, "Tagged", "unknown field", "a field of decode.testNames"},
		"a hidden field":                 {map[string]any{"Hidden": 1}, "Hidden", "unknown field", "a field of decode.testNames"},
		"an unexported field":            {map[string]any{"unexport": 1}, "unexport", "unknown field", "a field of decode.testNames"},
		"the name in a mapstructure tag": {map[string]any{"elsewhere": 1}, "elsewhere", "unknown field", "a field of decode.testNames"},
		"the inside of a squash option":  {map[string]any{"amount": 1}, "amount", "unknown field", "a field of decode.testNames"},
		"a key that fits two fields":     {map[string]any{"Case": 1}, "Case", "a key that fits two fields", `the exact name: "CASE" or "case"`},
		"two keys for one field":         {map[string]any{"Plain": 1, "plain": 1}, "Plain", `two keys for one field, "Plain" and "plain"`, "one of them"},
		"two keys in wrong cases":        {map[string]any{"PLAIN": 1, "plain": 1}, "Plain", `two keys for one field, "PLAIN" and "plain"`, "one of them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testNames](row.fields)
			got := refusal(t, err)
			require.Equal(t, row.path, got.Path)
			require.Equal(t, row.found, got.Found)
			require.Equal(t, row.wanted, got.Wanted)
		})
	}
}

type (
	TestBase struct {
		ID    int    `json:"id"`
		Name  string // hidden by the Name of testEmbeds
		Label string // also in testInner, so that neither counts
	}
	testInner struct {
		Deep  int
		Label string
	}
	TestFar     struct{ TestFarther }
	TestFarther struct{ Far []int }
	testLost    struct{ Lost int }
	TestNest    struct{ In int }
	TestInt     int
	testEmbeds  struct {
		TestBase
		testInner
		*TestFar
		*testLost
		TestNest `json:"nest"`
		TestInt
		Name string
	}
)

// Embedded structs flatten as in encoding/json; with a tag name they nest.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	fields := map[string]any{
		"id": 1, "Name": "n", "Deep": 2, "Far": []any{3},
		"nest": map[string]any{"In": 4}, "TestInt": 5,
	}
	got, err := decodeTo[testEmbeds](fields)
	require.NoError(t, err)
	want := testEmbeds{
		TestBase:  TestBase{ID: 1},
		testInner: testInner{Deep: 2},
		TestFar: &TestFar{
			TestFarther{Far: []int{3}},
		},
		TestNest: TestNest{In: 4},
		TestInt:  5,
		Name:     "n",
	}
	require.Equal(t, want, got)

	text, err := json.Marshal(fields)
	require.NoError(t, err)
	var same testEmbeds
	require.NoError(t, json.Unmarshal(text, &same))
	require.Equal(t, same, got)

	none, err := decodeTo[testEmbeds](map[string]any{"id": 1})
	require.NoError(t, err)
	require.Nil(t, none.TestFar, "an embedded pointer is made only for a field behind it")

	for _, unknown := range []string{"Label", "Lost", "In", "TestBase", "TestFar", "testInner", "TestNest"} {
		_, err := decodeTo[testEmbeds](map[string]any{unknown: 1})
		require.Equal(t, "unknown field", refusal(t, err).Found, unknown)
	}
}

type testTie struct {
	TestTieA
	TestTieB
}
type TestTieA struct{ X int }
type TestTieB struct {
	Y int `json:"X"`
}

type TestSelf struct {
	*TestSelf
	Value int
}

// A struct that embeds a pointer to its own type has the fields of the first.
func TestEmbeddedItself(t *testing.T) {
	t.Parallel()
	got, err := decodeTo[TestSelf](map[string]any{"Value": 1})
	require.NoError(t, err)
	require.Equal(t, TestSelf{Value: 1}, got)
}

// Of two fields with one name at one depth the tagged one counts.
func TestEmbeddedTie(t *testing.T) {
	t.Parallel()
	got, err := decodeTo[testTie](map[string]any{"X": 1})
	require.NoError(t, err)
	require.Equal(t, testTie{TestTieB: TestTieB{Y: 1}}, got)
}
