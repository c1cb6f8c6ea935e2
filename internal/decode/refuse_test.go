package decode

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Values that do not fit are refused with the path, the type and the kind.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		field string
		in    any
		found string
	}{
		"300 in an int8":                         {"Int8", 300, foundRange},
		"128 in an int8":                         {"Int8", 128, foundRange},
		"-129 in an int8":                        {"Int8", -129, foundRange},
		"a float out of range in an int8":        {"Int8", 300.0, foundRange},
		"a JSON number out of range in an int8":  {"Int8", json.Number("300"), foundRange},
		"40000 in a named int16":                 {"Count", 40000, foundRange},
		"256 in a uint8":                         {"Uint8", 256, foundRange},
		"-1 in a uint":                           {"Uint", -1, foundNegative},
		"a negative float in a uint":             {"Uint", -1.0, foundNegative},
		"a negative JSON number in a uint":       {"Uint", json.Number("-1"), foundNegative},
		"the greatest uint64 in an int64":        {"Int64", uint64(math.MaxUint64), foundRange},
		"1e30 in an int64":                       {"Int64", 1e30, foundRange},
		"-1e30 in an int64":                      {"Int64", -1e30, foundRange},
		"2^63 in an int64":                       {"Int64", 0x1p63, foundRange},
		"the float below -2^63 in an int64":      {"Int64", -0x1p63 - 2048, foundRange},
		"2^64 in a uint64":                       {"Uint64", 0x1p64, foundRange},
		"2^63 as a JSON number in an int64":      {"Int64", json.Number("9223372036854775808"), foundRange},
		"2^64 as a JSON number in a uint64":      {"Uint64", json.Number("18446744073709551616"), foundRange},
		"a JSON number with a huge exponent":     {"Int64", json.Number("1e999999999999999999999"), foundRange},
		"a JSON number with a large exponent":    {"Int64", json.Number("1e2000000000"), foundRange},
		"a JSON number with a tiny exponent":     {"Int64", json.Number("1e-99999999999999999999"), foundFraction},
		"1.9 in an int":                          {"Int", 1.9, foundFraction},
		"1.9 as a float32 in an int":             {"Int", float32(1.9), foundFraction},
		"1.9 as a JSON number in an int":         {"Int", json.Number("1.9"), foundFraction},
		"1.9 in a uint":                          {"Uint", 1.9, foundFraction},
		"NaN in an int":                          {"Int", math.NaN(), foundNaN},
		"Inf in an int":                          {"Int", math.Inf(1), foundInfinite},
		"NaN in a float":                         {"Float64", math.NaN(), foundNaN},
		"-Inf in a float":                        {"Float64", math.Inf(-1), foundInfinite},
		"Inf in a float32":                       {"Float32", math.Inf(1), foundInfinite},
		"1e300 in a float32":                     {"Float32", 1e300, foundRange},
		"1e300 as a JSON number in a float32":    {"Float32", json.Number("1e300"), foundRange},
		"1e999 as a JSON number in a float64":    {"Float64", json.Number("1e999"), foundRange},
		"a JSON number that is text, in an int":  {"Int", json.Number("hunter2"), foundNoNumber},
		"a JSON number that is empty, in an int": {"Int", json.Number(""), foundNoNumber},
		"a JSON number in hex, in an int":        {"Int", json.Number("0x10"), foundNoNumber},
		"a JSON number with a space, in a float": {"Float64", json.Number("1 "), foundNoNumber},
		"a JSON number NaN, in a float":          {"Float64", json.Number("NaN"), foundNoNumber},
		"a string in an int":                     {"Int", "1", "string"},
		"a string in a float":                    {"Float64", "1", "string"},
		"a string in a bool":                     {"Bool", "true", "string"},
		"a bool in an int":                       {"Int", true, "bool"},
		"a bool in a float":                      {"Float64", true, "bool"},
		"a bool in a string":                     {"String", true, "bool"},
		"a number in a bool":                     {"Bool", 1, "number"},
		"a number in a string":                   {"String", 1, "number"},
		"a JSON number in a string":              {"String", json.Number("1"), "number"},
		"a string in a JSON number":              {"Number", "1", "string"},
		"bytes in a string":                      {"String", []byte("x"), "list"},
		"a number in a complex number":           {"Complex", 1, "number"},
		"a complex number in a float":            {"Float64", 1i, "Go value of type complex128"},
		"a bare number in a duration":            {"Duration", 5, "number"},
		"a bare int64 in a duration":             {"Duration", int64(5), "number"},
		"a JSON number in a duration":            {"Duration", json.Number("5"), "number"},
		"a string without a unit in a duration":  {"Duration", "5", "string that is not a duration"},
		"a number in a time":                     {"Time", 5, "number that was not accepted"},
		"a string that is no time":               {"Time", "yesterday", "string that was not accepted"},
		"a map in a time":                        {"Time", map[string]any{}, "map that was not accepted"},
		"text that is not accepted":              {"Color", "blue", "string that was not accepted"},
		"text that panics":                       {"Color", "panic", "string that was not accepted"},
		"a number in text that reads itself":     {"Color", 1, "number"},
		"a string that is not base64":            {"Bytes", "?", "string that is not base64"},
		"a number in bytes":                      {"Bytes", 1, "number"},
		"a list in a struct":                     {"Item", []any{}, "list"},
		"another struct in a struct":             {"Item", struct{ Amount int8 }{1}, "Go value of type struct { Amount int8 }"},
		"a pointer in a struct":                  {"Item", &testItem{}, "Go value of type *decode.testItem"},
		"another pointer in a pointer":           {"ItemPtr", new(int), "Go value of type *int"},
		"a pointer in an int":                    {"Int", new(int), "Go value of type *int"},
		"a pointer that has no end":              {"Loop", 1, "number"},
		"a string in a list":                     {"Strings", "a", "string"},
		"a map in a list":                        {"Strings", map[string]any{}, "map"},
		"an array too short":                     {"Pair", []any{1}, "list of another length"},
		"an array too long":                      {"Pair", []any{1, 2, 3}, "list of another length"},
		"a string in an array":                   {"Pair", "ab", "string"},
		"null in an array":                       {"Pair", nil, "null"},
		"a list in a map":                        {"Limits", []any{}, "list"},
		"a map without string keys":              {"Limits", map[int]int{1: 1}, "map with other keys"},
		"a map with two keys of one name":        {"IntKeys", map[any]any{1: "a", "1": "b"}, "map with two keys of one name"},
		"a map with a null key":                  {"IntKeys", map[any]any{nil: "a"}, "map with other keys"},
		"a map of bools into integer keys":       {"IntKeys", map[bool]any{true: "a"}, "map with other keys"},
		"a map without string keys in a struct":  {"Item", map[int]any{1: 1}, "map with other keys"},
		"a map into keys that cannot be read":    {"BadKeys", map[string]any{"true": 1}, "map"},
		"a string in a big number":               {"Big", "12", "string that was not accepted"},
		"what is not accepted":                   {"Role", "root", "string that was not accepted"},
		"what is not accepted, of a named kind":  {"Role", testLabel("root"), "string that was not accepted"},
		"a number in what reads itself":          {"Role", 1, "number that was not accepted"},
		"null in what reads itself":              {"Role", nil, "null that was not accepted"},
		"a func in what reads itself":            {"Role", func() {}, "Go value of type func() that has no JSON form"},
		"a JSON panic":                           {"Role", "panic", "string that was not accepted"},
		"an empty JSON number":                   {"Number", json.Number(""), foundNoNumber},
		"a JSON number that is text":             {"Number", json.Number("hunter2"), foundNoNumber},
		"NaN in a JSON number":                   {"Number", math.NaN(), foundNaN},
		"base64 in bytes that read themselves":   {"Checked", "aGk=", "string"},
		"the float32 after the greatest":         {"Float32", 3.4028235677973366e38, foundRange},
		"a lock":                                 {"Lock", map[string]any{}, "map"},
		"a null lock":                            {"Lock", nil, "null"},
		"a number in an interface":               {"Reader", 1, "number"},
		"a map in an error":                      {"Err", map[string]any{}, "map"},
		"a func":                                 {"Func", func() {}, "Go value of type func()"},
		"a null func":                            {"Func", nil, "null"},
		"a chan":                                 {"Chan", make(chan int), "Go value of type chan int"},
		"an unsafe pointer":                      {"Unsafe", unsafe.Pointer(nil), "Go value of type unsafe.Pointer"},
		"a null int":                             {"Int", nil, "null"},
		"a null string":                          {"String", nil, "null"},
		"a null bool":                            {"Bool", nil, "null"},
		"a null struct":                          {"Item", nil, "null"},
		"a null duration":                        {"Duration", nil, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testKinds](map[string]any{row.field: row.in})
			got := refusal(t, err)
			require.Equal(t, row.field, got.Path)
			require.Equal(t, row.found, got.Found)
			typ, _ := reflect.TypeFor[testKinds]().FieldByName(row.field)
			require.Equal(t, typ.Type.String(), got.Target)
			require.NotEmpty(t, got.Wanted)
			for _, part := range []string{got.Path, got.Target, got.Found, got.Wanted} {
				require.Contains(t, err.Error(), part)
			}
			var target *Error
			require.ErrorAs(t, err, &target)
		})
	}
}

// A JSON number costs no more than its text, however large its exponent.
func TestHugeExponent(t *testing.T) {
	t.Parallel()
	for range 1000 {
		_, err := decodeTo[testKinds](map[string]any{"Int64": json.Number("1e2000000000")})
		require.Equal(t, foundRange, refusal(t, err).Found)
	}
}

// Floats are looked at wherever they lie in a typed field.
func TestRefusesNaNInside(t *testing.T) {
	t.Parallel()
	_, err := decodeTo[testKinds](
		map[string]any{"Floats": []float64{1, math.NaN()}, "FloatPair": [2]float64{math.Inf(1), 1}},
	)
	got := refusals(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "FloatPair[0]", got[0].Path)
	require.Equal(t, "Floats[1]", got[1].Path)
}

// Two names that are one key are refused, as two keys for one field are.
func TestRefusesTwoNamesForOneKey(t *testing.T) {
	t.Parallel()
	_, err := decodeTo[testKinds](map[string]any{"IntKeys": map[string]any{"1": "a", "01": "b"}})
	require.Equal(t, "two names for one key", refusal(t, err).Found)
}
