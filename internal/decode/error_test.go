package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is wanted names the cure.
func TestNamesTheCure(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		field string
		in    any
		want  string
	}{
		"the range of an int":                  {"Int8", 300, "a whole number from -128 to 127"},
		"the range of the largest int":         {"Int64", 1.5, "a whole number from -9223372036854775808 to 9223372036854775807"},
		"the range of a uint":                  {"Uint16", -1, "a whole number from 0 to 65535"},
		"the range of the largest uint":        {"Uint64", -1, "a whole number from 0 to 18446744073709551615"},
		"the size of a float":                  {"Float32", 1e300, "a finite number that a float32 holds"},
		"quotes for a string":                  {"String", 1, "a string, in quotes"},
		"a unit for a duration":                {"Duration", 5, `a string with a unit such as "1.5s" or a time.Duration, because a bare number would be nanoseconds`},
		"the format of a time":                 {"Time", 5, `a time.Time or an RFC 3339 string such as "2006-01-02T15:04:05Z"`},
		"the length of an array":               {"Pair", []any{1}, "a list of exactly 2"},
		"leaving out null":                     {"Bool", nil, "a bool, true or false; leave the field out for its zero value"},
		"leaving out a func":                   {"Func", 1, "no value, because a func cannot be set from fields; leave the field out"},
		"other keys":                           {"BadKeys", map[string]any{}, "a map field whose keys are strings or whole numbers, or read themselves from text"},
		"a map by the names of its keys":       {"IntKeys", 1, "a map by the names of its keys"},
		"the type that an interface asks for":  {"Reader", 1, "a Go value that implements io.Reader"},
		"base64 for bytes":                     {"Bytes", 1, "a []byte or a base64 string"},
		"what a type's own code accepts":       {"Role", "root", "what the UnmarshalJSON of decode.testRole accepts, or a value of its type"},
		"no value for a lock":                  {"Lock", map[string]any{}, "a Go value of its type, because it has no fields that could be set; leave the field out"},
		"the fields of a struct":               {"Item", 1, "a map of its fields by name, or a value of its type"},
		"a string for text that reads itself":  {"Color", 1, "a string that the UnmarshalText of decode.testColor accepts, or a value of its type"},
		"what a pointer points to":             {"ItemPtr", new(int), "a *decode.testItem or what it points to"},
		"the value itself for a complex field": {"Complex", 1, "a complex128"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testKinds](map[string]any{row.field: row.in})
			require.Equal(t, row.want, refusal(t, err).Wanted)
		})
	}
}

// The path leads through lists, maps and structs to the field.
func TestPath(t *testing.T) {
	t.Parallel()
	bad := map[string]any{"amount": "x"}
	for name, row := range map[string]struct {
		fields map[string]any
		path   string
	}{
		"a list of structs":     {map[string]any{"Items": []any{testItem{}, testItem{}, bad}}, "Items[2].amount"},
		"a list of pointers":    {map[string]any{"ItemPtrs": []any{bad}}, "ItemPtrs[0].amount"},
		"a list of lists":       {map[string]any{"Matrix": []any{[]any{1}, []any{1, "x"}}}, "Matrix[1][1]"},
		"an array":              {map[string]any{"Pair": []any{1, "x"}}, "Pair[1]"},
		"a map":                 {map[string]any{"Limits": map[string]any{"eu": "x"}}, `Limits["eu"]`},
		"a map of structs":      {map[string]any{"ItemMap": map[string]any{"a b": bad}}, `ItemMap["a b"].amount`},
		"a struct in a struct":  {map[string]any{"Item": map[string]any{"next": bad}}, "Item.next.amount"},
		"the field's own name":  {map[string]any{"ITEM": map[string]any{"AMOUNT": 1.5}}, "Item.amount"},
		"an unknown field":      {map[string]any{"Item": map[string]any{"colour": 1}}, "Item.colour"},
		"an odd unknown field":  {map[string]any{"a\nb": 1}, `"a\nb"`},
		"an empty name":         {map[string]any{"": 1}, `""`},
		"a name with a dot":     {map[string]any{"a.b": 1}, `"a.b"`},
		"a name without an end": {map[string]any{strings.Repeat("é", 99): 1}, `"` + strings.Repeat("é", 64) + `…"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testKinds](row.fields)
			require.Equal(t, row.path, refusal(t, err).Path)
		})
	}
}

// Every refusal is reported, ordered by path, up to a limit.
func TestReportsAll(t *testing.T) {
	t.Parallel()
	fields := map[string]any{
		"String": 1, "Bool": 1, "nothing": 1,
		"Items": []any{map[string]any{"amount": 300, "tags": []any{1}}},
	}
	for range 20 {
		_, err := decodeTo[testKinds](fields)
		var paths []string
		for _, e := range refusals(t, err) {
			paths = append(paths, e.Path)
		}
		require.Equal(
			t,
			[]string{"Bool", "Items[0].amount", "Items[0].tags[0]", "String", "nothing"},
			paths,
		)
		require.Equal(t, 4, strings.Count(err.Error(), "; "), err.Error())
		var first *Error
		require.ErrorAs(t, err, &first)
		require.Equal(t, "Bool", first.Path)
	}

	_, err := decodeTo[testKinds](map[string]any{"string": 1, "Uint": -1})
	got := refusals(t, err)
	require.Equal(
		t,
		[]string{"String", "Uint"},
		[]string{got[0].Path, got[1].Path},
		"not the order of the keys",
	)

	_, err = decodeTo[testKinds](map[string]any{"Strings": make([]any, 1<<20)})
	require.Len(t, refusals(t, err), maxErrors)

	many := map[string]any{}
	for i := range 2 * maxErrors {
		many[fmt.Sprintf("zz%02d", i)] = 1
	}
	_, err = decodeTo[testKinds](many)
	for i, e := range refusals(t, err) {
		require.Equal(t, fmt.Sprintf("zz%02d", i), e.Path, "always the same ones")
	}
}

// Without a field name the error speaks of the type.
func TestErrorText(t *testing.T) {
	t.Parallel()
	e := &Error{Path: "items[2].amount", Target: "int8", Found: "string", Wanted: "a number"}
	require.EqualError(t, e, "items[2].amount of type int8: found string, wanted a number")
	e.Path = ""
	require.EqualError(t, e, "value of type int8: found string, wanted a number")
	require.EqualError(
		t,
		errorList{e, e},
		"value of type int8: found string, wanted a number; value of type int8: found string, wanted a number",
	)
}

// No error quotes a value, wherever a secret was put.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	secrets := map[string]any{
		"text":                   secretText,
		"named text":             testLabel(secretText),
		"a number":               secretNumber,
		"a negative number":      -secretNumber,
		"a number with fraction": secretNumber + 0.5,
		"a large number":         float64(secretNumber) * 1e290,
		"a JSON number":          json.Number("987654321.5"),
		"a broken JSON number":   json.Number(secretText),
		"a huge JSON number":     json.Number("987654321e987654321"),
		"bytes":                  []byte(secretText),
		"a list":                 []any{secretText, secretNumber},
		"a list in a list":       []any{[]any{secretText}, secretNumber},
		"a map":                  map[string]any{"key": secretText, "amount": secretText},
		"a map of maps": map[string]any{
			"amount": map[string]any{"x": secretText},
			"key":    secretNumber,
		},
		"a map with integer keys": map[int]string{secretNumber: secretText},
		"a map of any keys":       map[any]any{"key": secretText, 1: secretText},
		"a struct":                struct{ X string }{secretText},
		"a pointer":               &struct{ X string }{secretText},
		"an error":                errors.New(secretText),
		"a duration":              time.Duration(secretNumber),
		"a complex number":        complex(secretNumber, 0),
		"a reader":                strings.NewReader(secretText),
	}
	typ := reflect.TypeFor[testKinds]()
	refused := 0
	for name, secret := range secrets {
		for i := range typ.NumField() {
			fields := map[string]any{typ.Field(i).Name: secret, "unknown": secret}
			_, err := plain.Message(fields, typ)
			refusals(t, err)
			require.NotContains(t, err.Error(), secretText, name)
			require.NotContains(t, err.Error(), "987654321", name)
			for _, e := range refusals(t, err) {
				for _, part := range []string{e.Path, e.Target, e.Found, e.Wanted} {
					require.NotContains(t, part, secretText, name)
					require.NotContains(t, part, "987654321", name)
				}
			}
			refused += len(refusals(t, err)) - 1

			err = plain.Into(fields, &testKinds{})
			require.NotContains(t, err.Error(), secretText, name)
			require.NotContains(t, err.Error(), "987654321", name)
		}
	}
	require.Greater(t, refused, 800, "most places are wrong ones")
}
