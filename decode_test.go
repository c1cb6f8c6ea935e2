package akt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

const (
	secretText   = "hunter2"
	secretNumber = 987654321
)

type (
	testCount  int16
	testFactor float32
	testLabel  string
	testFlag   bool
	testBlob   []byte
	testKey    string
	testLists  []testLists
	testLoop   *testLoop
)

// testColor reads itself from its name.
type testColor int

func (c *testColor) UnmarshalText(text []byte) error {
	switch string(text) {
	case "red":
		*c = 1
		return nil
	case "panic":
		panic("cannot paint " + string(text))
	}
	return fmt.Errorf("no colour %q", text)
}

// testTextKey is a string that reads itself.
type testTextKey string

func (k *testTextKey) UnmarshalText(text []byte) error { *k = "read"; return nil }

type testItem struct {
	Amount int8              `json:"amount"`
	Tags   []string          `json:"tags,omitempty"`
	Notes  map[string]string `json:"notes"`
	Next   *testItem         `json:"next"`
}

type testKinds struct {
	Bool      bool
	Int       int
	Int8      int8
	Int16     int16
	Int32     int32
	Int64     int64
	Uint      uint
	Uint8     uint8
	Uint16    uint16
	Uint32    uint32
	Uint64    uint64
	Uintptr   uintptr
	Float32   float32
	Float64   float64
	String    string
	Count     testCount
	Factor    testFactor
	Label     testLabel
	Flag      testFlag
	Number    json.Number
	Complex   complex128
	Duration  time.Duration
	Time      time.Time
	Color     testColor
	IP        net.IP
	Addr      netip.Addr
	Big       big.Int
	Bytes     []byte
	Blob      testBlob
	Raw       json.RawMessage
	Item      testItem
	ItemPtr   *testItem
	IntPtr    *int
	IntPtrPtr **int
	Strings   []string
	Items     []testItem
	ItemPtrs  []*testItem
	Floats    []float64
	Anys      []any
	Matrix    [][]int
	Pair      [2]int
	Pairs     [2][]int
	FloatPair [2]float64
	ItemPair  [1]testItem
	Limits    map[string]int
	ItemMap   map[string]testItem
	ListMap   map[string][]int
	Named     map[testKey]bool
	AnyMap    map[string]any
	IntKeys   map[int]string
	TextKeys  map[testTextKey]string
	Any       any
	Reader    io.Reader
	Err       error
	Func      func()
	Chan      chan int
	Unsafe    unsafe.Pointer
	Lists     testLists
	Loop      testLoop
}

// decodeTo is decodeMessage with the type as a parameter.
func decodeTo[T any](fields map[string]any) (T, error) {
	v, err := decodeMessage(fields, reflect.TypeFor[T]())
	if err != nil {
		var zero T
		return zero, err
	}
	return v.Interface().(T), nil
}

// refusals is every DecodeError in err.
func refusals(t *testing.T, err error) []*DecodeError {
	t.Helper()
	require.Error(t, err)
	require.True(t, strings.HasPrefix(err.Error(), "akt: "), err.Error())
	require.NotContains(t, err.Error(), "\n")
	require.False(t, strings.HasSuffix(err.Error(), "."), err.Error())
	if one, ok := err.(*DecodeError); ok {
		return []*DecodeError{one}
	}
	many, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%T", err)
	var all []*DecodeError
	for _, e := range many.Unwrap() {
		one, ok := e.(*DecodeError)
		require.True(t, ok, "%T", e)
		all = append(all, one)
	}
	return all
}

// refusal is the only DecodeError in err.
func refusal(t *testing.T, err error) *DecodeError {
	t.Helper()
	all := refusals(t, err)
	require.Len(t, all, 1, err.Error())
	return all[0]
}

// Values that fit a field are set, whatever Go type they come in.
func TestDecodeAccepts(t *testing.T) {
	t.Parallel()
	five := 5
	fivePtr := &five
	item := testItem{Amount: 3, Tags: []string{"a"}}
	now := time.Now()
	reader := strings.NewReader("")
	for name, row := range map[string]struct {
		field string
		in    any
		want  any
	}{
		"a bool":                               {"Bool", true, true},
		"a named bool":                         {"Flag", true, testFlag(true)},
		"a bool from a named bool":             {"Bool", testFlag(true), true},
		"a string":                             {"String", "x", "x"},
		"a named string":                       {"Label", "x", testLabel("x")},
		"a string from a named string":         {"String", testLabel("x"), "x"},
		"an int from an int":                   {"Int", -7, -7},
		"an int from an int8":                  {"Int", int8(-7), -7},
		"an int from an int16":                 {"Int", int16(-7), -7},
		"an int from an int32":                 {"Int", int32(-7), -7},
		"an int from an int64":                 {"Int", int64(-7), -7},
		"an int from a uint":                   {"Int", uint(7), 7},
		"an int from a uint8":                  {"Int", uint8(7), 7},
		"an int from a uint16":                 {"Int", uint16(7), 7},
		"an int from a uint32":                 {"Int", uint32(7), 7},
		"an int from a uint64":                 {"Int", uint64(7), 7},
		"an int from a uintptr":                {"Int", uintptr(7), 7},
		"an int from a whole float32":          {"Int", float32(3), 3},
		"an int from a whole float64":          {"Int", 3.0, 3},
		"an int from minus zero":               {"Int", math.Copysign(0, -1), 0},
		"a uint from minus zero":               {"Uint", math.Copysign(0, -1), uint(0)},
		"an int from a named int":              {"Int", testCount(7), 7},
		"an int from a named float":            {"Int", testFactor(7), 7},
		"a named int":                          {"Count", 7, testCount(7)},
		"a named float":                        {"Factor", 7, testFactor(7)},
		"the least int8":                       {"Int8", -128, int8(-128)},
		"the greatest int8":                    {"Int8", 127.0, int8(127)},
		"the greatest uint8":                   {"Uint8", 255, uint8(255)},
		"the least int64":                      {"Int64", int64(math.MinInt64), int64(math.MinInt64)},
		"the least int64 as a float":           {"Int64", -0x1p63, int64(math.MinInt64)},
		"the greatest float below 2^63":        {"Int64", 0x1p63 - 1024, int64(math.MaxInt64 - 1023)},
		"the greatest uint64":                  {"Uint64", uint64(math.MaxUint64), uint64(math.MaxUint64)},
		"the greatest float below 2^64":        {"Uint64", 0x1p64 - 2048, uint64(math.MaxUint64 - 2047)},
		"a uintptr":                            {"Uintptr", 7, uintptr(7)},
		"a JSON number in an int":              {"Int", json.Number("-7"), -7},
		"the least int64 as a JSON number":     {"Int64", json.Number("-9223372036854775808"), int64(math.MinInt64)},
		"the greatest int64 as a JSON number":  {"Int64", json.Number("9223372036854775807"), int64(math.MaxInt64)},
		"the greatest uint64 as a JSON number": {"Uint64", json.Number("18446744073709551615"), uint64(math.MaxUint64)},
		"a whole JSON number with a fraction":  {"Int", json.Number("3.0"), 3},
		"a JSON number with an exponent":       {"Int", json.Number("1.5e3"), 1500},
		"a JSON number with a minus exponent":  {"Int", json.Number("1500e-2"), 15},
		"a JSON zero with a huge exponent":     {"Int", json.Number("-0.0e999999999999"), 0},
		"a JSON number in a float":             {"Float64", json.Number("0.1"), 0.1},
		"a JSON number in a float32":           {"Float32", json.Number("0.1"), float32(0.1)},
		"a JSON number as it is":               {"Number", json.Number("0.10"), json.Number("0.10")},
		"a float from an int":                  {"Float64", 7, 7.0},
		"a float from a uint":                  {"Float64", uint8(7), 7.0},
		"a float32 from a float64":             {"Float32", 1.5, float32(1.5)},
		"a float64 from a float32":             {"Float64", float32(1.5), 1.5},
		"a complex number as it is":            {"Complex", 1 + 2i, 1 + 2i},
		"a duration from a string":             {"Duration", "1.5s", 1500 * time.Millisecond},
		"a duration as it is":                  {"Duration", time.Hour, time.Hour},
		"a time from a string":                 {"Time", "2024-02-03T04:05:06.7Z", time.Date(2024, 2, 3, 4, 5, 6, 7e8, time.UTC)},
		"a time as it is":                      {"Time", now, now},
		"text that reads itself":               {"Color", "red", testColor(1)},
		"text that reads itself, as it is":     {"Color", testColor(9), testColor(9)},
		"an IP from a string":                  {"IP", "10.0.0.1", net.ParseIP("10.0.0.1")},
		"an IP as it is":                       {"IP", net.IP{10, 0, 0, 1}, net.IP{10, 0, 0, 1}},
		"an address from a string":             {"Addr", "::1", netip.IPv6Loopback()},
		"a big number from a string":           {"Big", "12", *big.NewInt(12)},
		"bytes as they are":                    {"Bytes", []byte{1, 2}, []byte{1, 2}},
		"bytes from base64":                    {"Bytes", "aGk=", []byte("hi")},
		"bytes from numbers":                   {"Bytes", []any{1, 2.0}, []byte{1, 2}},
		"named bytes":                          {"Blob", []byte{1}, testBlob{1}},
		"named bytes from base64":              {"Blob", "aGk=", testBlob("hi")},
		"empty bytes":                          {"Bytes", "", []byte{}},
		"raw JSON from bytes":                  {"Raw", []byte("{}"), json.RawMessage("{}")},
		"raw JSON as it is":                    {"Raw", json.RawMessage("{}"), json.RawMessage("{}")},
		"a struct from fields":                 {"Item", map[string]any{"amount": 3, "tags": []any{"a"}}, item},
		"a struct from typed fields":           {"Item", map[testKey]int{"amount": 3}, testItem{Amount: 3}},
		"a struct as it is":                    {"Item", item, item},
		"a pointer from fields":                {"ItemPtr", map[string]any{"amount": 3, "tags": []string{"a"}}, &item},
		"a pointer from a struct":              {"ItemPtr", item, &item},
		"a pointer from a number":              {"IntPtr", 5, &five},
		"a pointer to a pointer":               {"IntPtrPtr", 5, &fivePtr},
		"a pointer in the second degree":       {"IntPtrPtr", fivePtr, &fivePtr},
		"a list":                               {"Strings", []any{"a", "b"}, []string{"a", "b"}},
		"a list from an array":                 {"Strings", [2]string{"a", "b"}, []string{"a", "b"}},
		"an empty list":                        {"Strings", []any{}, []string{}},
		"a list that is nil":                   {"Strings", []any(nil), []string(nil)},
		"a list of structs":                    {"Items", []any{map[string]any{"amount": 3}, item}, []testItem{{Amount: 3}, item}},
		"a list of pointers":                   {"ItemPtrs", []any{map[string]any{"amount": 3}, nil, &item}, []*testItem{{Amount: 3}, nil, &item}},
		"a list of anything":                   {"Anys", []any{1, "a", nil}, []any{1, "a", nil}},
		"a list of lists":                      {"Matrix", []any{[]any{1}, nil, []int{2}}, [][]int{{1}, nil, {2}}},
		"a list of itself":                     {"Lists", []any{[]any{}, nil}, testLists{{}, nil}},
		"an array":                             {"Pair", []any{1, 2}, [2]int{1, 2}},
		"an array as it is":                    {"Pair", [2]int{1, 2}, [2]int{1, 2}},
		"an array of lists":                    {"Pairs", []any{[]any{1}, []any{2}}, [2][]int{{1}, {2}}},
		"an array of structs":                  {"ItemPair", []any{map[string]any{"amount": 3}}, [1]testItem{{Amount: 3}}},
		"a map":                                {"Limits", map[string]any{"a": 1}, map[string]int{"a": 1}},
		"an empty map":                         {"Limits", map[string]any{}, map[string]int{}},
		"a map that is nil":                    {"Limits", map[string]any(nil), map[string]int(nil)},
		"a map of structs":                     {"ItemMap", map[string]any{"a": map[string]any{"amount": 3}}, map[string]testItem{"a": {Amount: 3}}},
		"a map of lists":                       {"ListMap", map[string]any{"a": []any{1}}, map[string][]int{"a": {1}}},
		"a map with named keys":                {"Named", map[string]any{"a": true}, map[testKey]bool{"a": true}},
		"a map of anything":                    {"AnyMap", map[string]any{"a": nil, "b": 1}, map[string]any{"a": nil, "b": 1}},
		"anything from a number":               {"Any", 1.5, 1.5},
		"anything from a map":                  {"Any", map[string]any{"a": 1}, map[string]any{"a": 1}},
		"anything from NaN in a pointer":       {"Any", (*float64)(nil), (*float64)(nil)},
		"an interface":                         {"Reader", reader, reader},
		"an error":                             {"Err", io.EOF, io.EOF},
		"null for a pointer":                   {"ItemPtr", nil, (*testItem)(nil)},
		"null for a map":                       {"Limits", nil, map[string]int(nil)},
		"null for a list":                      {"Strings", nil, []string(nil)},
		"null for bytes":                       {"Bytes", nil, []byte(nil)},
		"null for anything":                    {"Any", nil, nil},
		"null for an interface":                {"Reader", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeTo[testKinds](map[string]any{row.field: row.in})
			require.NoError(t, err)
			require.Equal(t, row.want, reflect.ValueOf(got).FieldByName(row.field).Interface())

			var want testKinds
			if row.want != nil {
				reflect.ValueOf(&want).Elem().FieldByName(row.field).Set(reflect.ValueOf(row.want))
			}
			require.Equal(t, want, got, "fields left out stay zero")
		})
	}
}

// Values that do not fit are refused with the path, the type and the kind.
func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	cyclic := map[string]any{}
	cyclic["next"] = cyclic
	endless := make(testLists, 2)
	endless[0], endless[1] = endless, endless
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
		"a number in a JSON number":              {"Number", 1, "number"},
		"bytes in a string":                      {"String", []byte("x"), "list"},
		"a number in a complex number":           {"Complex", 1, "number"},
		"a complex number in a float":            {"Float64", 1i, "Go value of type complex128"},
		"a bare number in a duration":            {"Duration", 5, "number"},
		"a bare int64 in a duration":             {"Duration", int64(5), "number"},
		"a JSON number in a duration":            {"Duration", json.Number("5"), "number"},
		"a string without a unit in a duration":  {"Duration", "5", "string that is not a duration"},
		"a number in a time":                     {"Time", 5, "number"},
		"a string that is no time":               {"Time", "yesterday", "string that was not accepted"},
		"a map in a time":                        {"Time", map[string]any{}, "map"},
		"text that is not accepted":              {"Color", "blue", "string that was not accepted"},
		"text that panics":                       {"Color", "panic", "string that was not accepted"},
		"a number in text that reads itself":     {"Color", 1, "number"},
		"a number in a big number":               {"Big", 1, "number"},
		"a string that is not base64":            {"Bytes", "?", "string that is not base64"},
		"a string in raw JSON":                   {"Raw", "aGk=", "string"},
		"a number in bytes":                      {"Bytes", 1, "number"},
		"a list in a struct":                     {"Item", []any{}, "list"},
		"another struct in a struct":             {"Item", struct{ Amount int8 }{1}, "Go value of type struct { Amount int8 }"},
		"a pointer in a struct":                  {"Item", &testItem{}, "Go value of type *akt.testItem"},
		"a map without string keys in a struct":  {"Item", map[any]any{"amount": 1}, "map without string keys"},
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
		"a map without string keys":              {"Limits", map[int]int{1: 1}, "map without string keys"},
		"a map into integer keys":                {"IntKeys", map[string]any{"1": "a"}, "map"},
		"a map of its type into integer keys":    {"IntKeys", map[int]string{1: "a"}, "map without string keys"},
		"a map into keys that read themselves":   {"TextKeys", map[string]any{"1": "a"}, "map"},
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
		"a null time":                            {"Time", nil, "null"},
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
			var target *DecodeError
			require.ErrorAs(t, err, &target)
		})
	}
}

// What is wanted names the cure.
func TestDecodeNamesTheCure(t *testing.T) {
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
		"string keys":                          {"IntKeys", map[string]any{}, "a map field with plain string keys, because the keys of fields are names; declare it with string keys"},
		"the type that an interface asks for":  {"Reader", 1, "a Go value that implements io.Reader"},
		"base64 for bytes":                     {"Bytes", 1, "a []byte or a base64 string"},
		"bytes for raw JSON":                   {"Raw", "x", "a []byte"},
		"the fields of a struct":               {"Item", 1, "a map of its fields by name, or a akt.testItem"},
		"a string for text that reads itself":  {"Color", 1, "a string that the UnmarshalText of akt.testColor accepts, or a akt.testColor"},
		"what a pointer points to":             {"ItemPtr", new(int), "a *akt.testItem or what it points to"},
		"the value itself for a complex field": {"Complex", 1, "a complex128"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testKinds](map[string]any{row.field: row.in})
			if row.field == "ItemPtr" {
				require.Equal(t, "Go value of type *int", refusal(t, err).Found)
				return
			}
			require.Equal(t, row.want, refusal(t, err).Wanted)
		})
	}
}

// The path leads through lists, maps and structs to the field.
func TestDecodePath(t *testing.T) {
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
		"a name without an end": {map[string]any{strings.Repeat("é", 99): 1}, strings.Repeat("é", 64) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeTo[testKinds](row.fields)
			require.Equal(t, row.path, refusal(t, err).Path)
		})
	}
}

// Every refusal is reported, ordered by path, up to a limit.
func TestDecodeReportsAll(t *testing.T) {
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
		require.Equal(t, []string{"Bool", "Items[0].amount", "Items[0].tags[0]", "String", "nothing"}, paths)
		require.Equal(t, 1, strings.Count(err.Error(), "akt: "))
		var first *DecodeError
		require.ErrorAs(t, err, &first)
		require.Equal(t, "Bool", first.Path)
	}

	_, err := decodeTo[testKinds](map[string]any{"Strings": make([]any, 1<<20)})
	require.Len(t, refusals(t, err), decodeErrorLimit)
}

// Without a field name the error speaks of the type.
func TestDecodeErrorText(t *testing.T) {
	t.Parallel()
	e := &DecodeError{Path: "items[2].amount", Target: "int8", Found: "string", Wanted: "a number"}
	require.EqualError(t, e, "akt: items[2].amount of type int8: found string, wanted a number")
	e.Path = ""
	require.EqualError(t, e, "akt: value of type int8: found string, wanted a number")
	require.EqualError(t, decodeErrors{e, e}, "akt: value of type int8: found string, wanted a number; value of type int8: found string, wanted a number")
}

type testNames struct {
	Plain    int
	Tagged   int            `json:"other"`
	Options  int            `json:",omitempty"`
	Quoted   int            `json:"quoted,string"`
	Squash   testItem       `json:"squash,squash"`
	Remain   map[string]any `json:"remain,remain"`
	Hidden   int            `json:"-"`
	Dash     int            `json:"-,"`
	Invalid  int            `json:"a\"b"`
	Lower    int            `json:"case"`
	Upper    int            `json:"CASE"`
	Snake    int            `json:"max_retries"`
	Weiß     int
	Mapped   int `mapstructure:"elsewhere"`
	unexport int
}

// Fields go by the name in the json tag, else by the Go name; case counts only
// where it has to.
func TestDecodeNames(t *testing.T) {
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
func TestDecodeUnknownNames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fields map[string]any
		path   string
		found  string
		wanted string
	}{
		"an unknown field":               {map[string]any{"zzz": 1}, "zzz", "unknown field", "a field of akt.testNames"},
		"a near miss":                    {map[string]any{"plian": 1}, "plian", "unknown field", `a field of akt.testNames; did you mean "Plain"?`},
		"another spelling":               {map[string]any{"maxRetries": 1}, "maxRetries", "unknown field", `a field of akt.testNames; did you mean "max_retries"?`},
		"the Go name of a tagged field":  {map[string]any{"Tagged": 1}, "Tagged", "unknown field", "a field of akt.testNames"},
		"a hidden field":                 {map[string]any{"Hidden": 1}, "Hidden", "unknown field", "a field of akt.testNames"},
		"an unexported field":            {map[string]any{"unexport": 1}, "unexport", "unknown field", "a field of akt.testNames"},
		"the name in a mapstructure tag": {map[string]any{"elsewhere": 1}, "elsewhere", "unknown field", "a field of akt.testNames"},
		"the inside of a squash option":  {map[string]any{"amount": 1}, "amount", "unknown field", "a field of akt.testNames"},
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
		*testEmbeds
		TestNest `json:"nest"`
		TestInt
		Name string
	}
)

// Embedded structs flatten as in encoding/json; with a tag name they nest.
func TestDecodeEmbedded(t *testing.T) {
	t.Parallel()
	fields := map[string]any{
		"id": 1, "Name": "n", "Deep": 2, "Far": []any{3},
		"nest": map[string]any{"In": 4}, "TestInt": 5,
	}
	got, err := decodeTo[testEmbeds](fields)
	require.NoError(t, err)
	want := testEmbeds{
		TestBase: TestBase{ID: 1}, testInner: testInner{Deep: 2},
		TestFar: &TestFar{TestFarther{Far: []int{3}}}, TestNest: TestNest{In: 4}, TestInt: 5, Name: "n",
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

// Of two fields with one name at one depth the tagged one counts.
func TestDecodeEmbeddedTie(t *testing.T) {
	t.Parallel()
	got, err := decodeTo[testTie](map[string]any{"X": 1})
	require.NoError(t, err)
	require.Equal(t, testTie{TestTieB: TestTieB{Y: 1}}, got)
}

// A message is a struct, a pointer to one or a map with string keys.
func TestDecodeMessageTypes(t *testing.T) {
	t.Parallel()
	fields := map[string]any{"amount": 3}

	one, err := decodeTo[testItem](fields)
	require.NoError(t, err)
	require.Equal(t, testItem{Amount: 3}, one)

	first, err := decodeTo[*testItem](fields)
	require.NoError(t, err)
	require.Equal(t, &testItem{Amount: 3}, first)
	second, err := decodeTo[*testItem](fields)
	require.NoError(t, err)
	require.NotSame(t, first, second)

	numbers, err := decodeTo[map[string]int8](fields)
	require.NoError(t, err)
	require.Equal(t, map[string]int8{"amount": 3}, numbers)
	_, err = decodeTo[map[string]int8](map[string]any{"eu": 300})
	require.Equal(t, `["eu"]`, refusal(t, err).Path)

	empty, err := decodeTo[map[testKey]any](nil)
	require.NoError(t, err)
	require.Equal(t, map[testKey]any{}, empty)
	zero, err := decodeTo[*testItem](nil)
	require.NoError(t, err)
	require.Equal(t, &testItem{}, zero)

	type namedPointer *testItem
	named, err := decodeTo[namedPointer](fields)
	require.NoError(t, err)
	require.Equal(t, int8(3), named.Amount)

	anonymous, err := decodeTo[struct{ Amount int }](fields)
	require.NoError(t, err)
	require.Equal(t, 3, anonymous.Amount)
}

// Other types cannot be built from fields.
func TestDecodeMessageRefusesTypes(t *testing.T) {
	t.Parallel()
	for _, typ := range []reflect.Type{
		nil, reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[[]int](), reflect.TypeFor[any](),
		reflect.TypeFor[**testItem](), reflect.TypeFor[*int](), reflect.TypeFor[map[int]int](),
		reflect.TypeFor[*map[string]int](), reflect.TypeFor[func()](), reflect.TypeFor[[1]int](),
	} {
		v, err := decodeMessage(map[string]any{"a": 1}, typ)
		require.False(t, v.IsValid())
		got := refusal(t, err)
		require.Equal(t, "", got.Path)
		require.Equal(t, goTypeName(typ), got.Target)
		require.Contains(t, got.Wanted, "cannot be built from fields")
	}
}

// A message that reads itself from text is still built from its fields.
func TestDecodeMessageThatReadsText(t *testing.T) {
	t.Parallel()
	type message struct {
		time.Time
		*big.Int
		Amount int
	}
	got, err := decodeTo[message](map[string]any{"Amount": 1})
	require.NoError(t, err)
	require.Equal(t, message{Amount: 1}, got)
}

type testActor struct {
	Name   string
	Limits map[string]int
	Tags   []string
	Item   testItem
	Shown  any
	Pair   [2]int
	*TestFar
	testInner
	private int
}

// Fields are set on the target; those left out keep what they hold.
func TestDecodeInto(t *testing.T) {
	t.Parallel()
	far := &TestFar{}
	tags := []string{"a", "b"}
	limits := map[string]int{"a": 1}
	actor := testActor{
		Name: "old", Limits: limits, Tags: tags, Item: testItem{Amount: 1, Tags: tags}, Shown: 1,
		Pair: [2]int{1, 2}, TestFar: far, private: 7,
	}
	err := decodeInto(map[string]any{
		"tags": []any{"c"}, "limits": map[string]any{"b": 2}, "item": map[string]any{"amount": 2},
		"shown": "text", "far": []any{1}, "pair": []any{3, 4}, "deep": 5,
	}, &actor)
	require.NoError(t, err)
	require.Equal(t, testActor{
		Name: "old", Limits: map[string]int{"b": 2}, Tags: []string{"c"}, Item: testItem{Amount: 2}, Shown: "text",
		Pair: [2]int{3, 4}, TestFar: &TestFar{TestFarther{[]int{1}}}, testInner: testInner{Deep: 5}, private: 7,
	}, actor)
	require.Same(t, far, actor.TestFar)
	require.Equal(t, []string{"a", "b"}, tags, "old lists are not written to")
	require.Equal(t, map[string]int{"a": 1}, limits, "old maps are not written to")

	require.NoError(t, decodeInto(map[string]any{"tags": nil, "shown": nil}, &actor))
	require.Nil(t, actor.Tags)
	require.Nil(t, actor.Shown)
	require.NoError(t, decodeInto(nil, &actor))
	require.Equal(t, "old", actor.Name)
}

// With an error the target is as it was.
func TestDecodeIntoIsAllOrNothing(t *testing.T) {
	t.Parallel()
	far := &TestFar{TestFarther{[]int{1}}}
	before := testActor{Name: "old", Tags: []string{"a"}, Limits: map[string]int{"a": 1}, TestFar: far}
	for _, bad := range []map[string]any{
		{"Name": "new", "Zzz": 1},
		{"Name": "new", "Limits": map[string]any{"a": 2, "b": "x"}},
		{"Name": "new", "Tags": []any{"b", 1}},
		{"Name": "new", "Far": []any{2, "x"}},
		{"Name": "new", "Pair": []any{1}},
		{"Deep": 1, "name": "new", "Name": "newer"},
	} {
		actor := before
		refusal(t, decodeInto(bad, &actor))
		require.Equal(t, before, actor)
		require.Equal(t, testActor{
			Name: "old", Tags: []string{"a"}, Limits: map[string]int{"a": 1}, TestFar: &TestFar{TestFarther{[]int{1}}},
		}, actor)
	}
	fresh := testActor{}
	refusal(t, decodeInto(map[string]any{"Far": []any{2}, "Name": 1}, &fresh))
	require.Zero(t, fresh)
}

// Only a pointer to a struct has fields to set.
func TestDecodeIntoRefusesTargets(t *testing.T) {
	t.Parallel()
	n := 1
	for _, target := range []any{nil, testItem{}, (*testItem)(nil), &n, map[string]any{}, new(*testItem), "hunter2"} {
		err := decodeInto(map[string]any{"amount": 1}, target)
		require.Equal(t, "a pointer to a struct that is not nil", refusal(t, err).Wanted)
		require.NotContains(t, err.Error(), secretText)
	}
}

// Lists and maps of typed fields are copies; interfaces, pointers and structs
// of the field's type are the caller's.
func TestDecodeSharing(t *testing.T) {
	t.Parallel()
	in := struct {
		strings []string
		bytes   []byte
		limits  map[string]int
		matrix  [][]int
		anys    []any
		pairs   [2][]int
		any     map[string]any
		item    *testItem
	}{
		[]string{"a"}, []byte{1}, map[string]int{"a": 1}, [][]int{{1}}, []any{1}, [2][]int{{1}, {2}},
		map[string]any{"a": 1}, &testItem{Amount: 1},
	}
	got, err := decodeTo[testKinds](map[string]any{
		"Strings": in.strings, "Bytes": in.bytes, "Blob": in.bytes, "Limits": in.limits, "Matrix": in.matrix,
		"Anys": in.anys, "AnyMap": in.any, "Pairs": in.pairs, "Any": in.any, "ItemPtr": in.item,
		"ItemPtrs": []*testItem{in.item},
	})
	require.NoError(t, err)
	in.strings[0], in.bytes[0], in.limits["a"], in.matrix[0][0] = "b", 9, 9, 9
	in.anys[0], in.pairs[0][0], in.any["a"] = 9, 9, 9
	require.Equal(t, []string{"a"}, got.Strings)
	require.Equal(t, []byte{1}, got.Bytes)
	require.Equal(t, testBlob{1}, got.Blob)
	require.Equal(t, map[string]int{"a": 1}, got.Limits)
	require.Equal(t, [][]int{{1}}, got.Matrix)
	require.Equal(t, []any{1}, got.Anys)
	require.Equal(t, [2][]int{{1}, {2}}, got.Pairs)
	require.Equal(t, map[string]any{"a": 1}, got.AnyMap)
	require.Equal(t, map[string]any{"a": 9}, got.Any, "shared")
	require.Same(t, in.item, got.ItemPtr)
	require.Same(t, in.item, got.ItemPtrs[0])
}

// A pointer's type is kept in an interface even if it is nil.
func TestDecodeKeepsTypedNil(t *testing.T) {
	t.Parallel()
	var deep any = 1
	got, err := decodeTo[testKinds](map[string]any{"Any": (*int)(nil), "Anys": []any{(*int)(nil), &deep}})
	require.NoError(t, err)
	require.Equal(t, (*int)(nil), got.Any)
	require.Equal(t, []any{(*int)(nil), &deep}, got.Anys)
}

// Floats are looked at wherever they lie in a typed field.
func TestDecodeRefusesNaNInside(t *testing.T) {
	t.Parallel()
	_, err := decodeTo[testKinds](map[string]any{"Floats": []float64{1, math.NaN()}, "FloatPair": [2]float64{math.Inf(1), 1}})
	got := refusals(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "FloatPair[0]", got[0].Path)
	require.Equal(t, "Floats[1]", got[1].Path)
}

type testTree struct {
	Left, Right *testTree
	Children    map[string]testTree
	List        []testTree
}

// Input that holds itself comes to an end with an error; deep input does not.
func TestDecodeDepth(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		loop := map[string]any{}
		loop["Left"], loop["Right"] = loop, loop
		loop["Children"] = map[string]any{"a": loop, "b": loop}
		loop["List"] = []any{loop, loop}
		_, err := decodeTo[testTree](loop)
		got := refusal(t, err)
		require.Equal(t, "a value nested too deep", got.Found)
		require.Contains(t, got.Wanted, "1000 levels")
		require.Less(t, len(got.Path), 1000)

		endless := make(testLists, 2)
		endless[0], endless[1] = endless, endless
		_, err = decodeTo[testKinds](map[string]any{"Lists": endless})
		require.Equal(t, "a value nested too deep", refusal(t, err).Found)

		got2, err := decodeTo[testKinds](map[string]any{"Any": loop})
		require.NoError(t, err, "an interface takes what it is given")
		require.NotNil(t, got2.Any)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		require.Fail(t, "no end")
	}

	deep := map[string]any{}
	for range decodeDepth - 1 {
		deep = map[string]any{"Left": deep}
	}
	_, err := decodeTo[testTree](map[string]any{"Left": deep})
	require.NoError(t, err)
	_, err = decodeTo[testTree](map[string]any{"Left": map[string]any{"Left": deep}})
	require.Error(t, err)
}

// No error quotes a value, wherever a secret was put.
func TestDecodeErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	secrets := map[string]any{
		"text":                    secretText,
		"named text":              testLabel(secretText),
		"a number":                secretNumber,
		"a negative number":       -secretNumber,
		"a number with fraction":  secretNumber + 0.5,
		"a large number":          float64(secretNumber) * 1e290,
		"a JSON number":           json.Number("987654321.5"),
		"a broken JSON number":    json.Number(secretText),
		"a huge JSON number":      json.Number("987654321e987654321"),
		"bytes":                   []byte(secretText),
		"a list":                  []any{secretText, secretNumber},
		"a list in a list":        []any{[]any{secretText}, secretNumber},
		"a map":                   map[string]any{"key": secretText, "amount": secretText},
		"a map of maps":           map[string]any{"amount": map[string]any{"x": secretText}, "key": secretNumber},
		"a map with integer keys": map[int]string{secretNumber: secretText},
		"a map of any keys":       map[any]any{secretText: secretNumber},
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
			_, err := decodeMessage(fields, typ)
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

			err = decodeInto(fields, &testKinds{})
			require.NotContains(t, err.Error(), secretText, name)
			require.NotContains(t, err.Error(), "987654321", name)
		}
	}
	require.Greater(t, refused, 800, "most places are wrong ones")
}

// An error of mapstructure is told without its text.
func TestDecodeDropsTheTextOfMapstructure(t *testing.T) {
	t.Parallel()
	w := &decodeWalk{}
	out := reflect.New(reflect.TypeFor[testItem]()).Elem()
	require.False(t, w.transfer(map[string]any{"Amount": secretText}, out, nil))
	got := refusal(t, w.err())
	require.Equal(t, "values that could not be assigned", got.Found)
	require.NotContains(t, got.Error(), secretText)

	w = &decodeWalk{}
	require.False(t, w.transfer(map[string]any{"amount": 1}, out, nil), "names have to be exact")
	require.Error(t, w.err())
}

// Messages are decoded at once by many goroutines.
func TestDecodeConcurrently(t *testing.T) {
	t.Parallel()
	type message struct {
		TestBase
		Items []testItem
	}
	for range 8 {
		t.Run("a goroutine", func(t *testing.T) {
			t.Parallel()
			for range 100 {
				got, err := decodeTo[message](map[string]any{"id": 1, "Items": []any{map[string]any{"amount": 2}}})
				require.NoError(t, err)
				require.Equal(t, message{TestBase{ID: 1}, []testItem{{Amount: 2}}}, got)
			}
		})
	}
}
