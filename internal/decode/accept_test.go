package decode

import (
	"encoding/json"
	"io"
	"math"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Values that fit a field are set, whatever Go type they come in.
func TestAccepts(t *testing.T) {
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
		"a big number":                         {"Big", 12, *big.NewInt(12)},
		"a big JSON number":                    {"Big", json.Number("18446744073709551617"), *bigNumber("18446744073709551617")},
		"bytes as they are":                    {"Bytes", []byte{1, 2}, []byte{1, 2}},
		"bytes from base64":                    {"Bytes", "aGk=", []byte("hi")},
		"bytes from numbers":                   {"Bytes", []any{1, 2.0}, []byte{1, 2}},
		"named bytes":                          {"Blob", []byte{1}, testBlob{1}},
		"named bytes from base64":              {"Blob", "aGk=", testBlob("hi")},
		"empty bytes":                          {"Bytes", "", []byte{}},
		"raw JSON from bytes":                  {"Raw", []byte("{}"), json.RawMessage("{}")},
		"raw JSON as it is":                    {"Raw", json.RawMessage("{}"), json.RawMessage("{}")},
		"raw JSON from a map":                  {"Raw", map[string]any{"b": json.Number("1.50"), "a": "<"}, json.RawMessage(`{"a":"<","b":1.50}`)},
		"raw JSON from a string":               {"Raw", "aGk=", json.RawMessage(`"aGk="`)},
		"raw JSON from null":                   {"Raw", nil, json.RawMessage("null")},
		"null that a type itself takes":        {"Time", nil, time.Time{}},
		"what reads itself from JSON":          {"Role", "user", testRole("user")},
		"what reads itself, as it is":          {"Role", testRole("root"), testRole("root")},
		"a pointer to what reads itself":       {"RolePtr", "user", ptrTo(testRole("user"))},
		"null for a pointer to such":           {"RolePtr", nil, (*testRole)(nil)},
		"a list of what reads itself":          {"Roles", []string{"user", "guest"}, []testRole{"user", "guest"}},
		"keys that read themselves":            {"RoleMap", map[string]any{"user": 1}, map[testRole]int{"user": 1}},
		"keys that read themselves from text":  {"TextKeys", map[string]any{"x": "a"}, map[testTextKey]string{"read": "a"}},
		"keys that are numbers":                {"IntKeys", map[string]any{"-1": "a", "2": "b"}, map[int]string{-1: "a", 2: "b"}},
		"keys that are numbers, of Go":         {"IntKeys", map[uint8]any{1: "a"}, map[int]string{1: "a"}},
		"keys that are numbers, as they are":   {"IntKeys", map[int]string{1: "a"}, map[int]string{1: "a"}},
		"keys that are durations":              {"DurKeys", map[string]any{"1.5s": 1}, map[time.Duration]int{1500 * time.Millisecond: 1}},
		"a struct by keys of any type":         {"Item", map[any]any{"amount": 3}, testItem{Amount: 3}},
		"a JSON number from a float":           {"Number", 1.5, json.Number("1.5")},
		"a JSON number from a large float":     {"Number", 1e21, json.Number("1e+21")},
		"a JSON number from an int":            {"Number", int8(-7), json.Number("-7")},
		"the greatest float32":                 {"Float32", math.MaxFloat32, float32(math.MaxFloat32)},
		"a float64 that rounds to it":          {"Float32", 3.4028235e38, float32(math.MaxFloat32)},
		"a JSON number that rounds to it":      {"Float32", json.Number("3.4028235e38"), float32(math.MaxFloat32)},
		"a JSON number rounded once":           {"Float32", json.Number("1.00000017881393432617187499"), float32(1.0000001)},
		"a JSON number beside that":            {"Float32", json.Number("1.00000017881393432617187500001"), float32(1.0000002)},
		"an int64 rounded once":                {"Float32", int64(1<<60 + 1<<36 + 1), float32(1<<60 + 1<<37)},
		"the least int64 as a float32":         {"Float32", int64(math.MinInt64), float32(math.MinInt64)},
		"minus zero as a JSON number":          {"Uint", json.Number("-0.0"), uint(0)},
		"a lock as it is":                      {"LockPtr", (*sync.Mutex)(nil), (*sync.Mutex)(nil)},
		"an array of bytes":                    {"Hash", []any{1, 2}, [2]byte{1, 2}},
		"bytes that read themselves":           {"Checked", []any{1, 2}, []testByte{1, 2}},
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

// What a message has is a copy, in interfaces and behind pointers too.
func TestSharing(t *testing.T) {
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
		[]string{
			"a",
		},
		[]byte{1},
		map[string]int{"a": 1},
		[][]int{{1}},
		[]any{1},
		[2][]int{{1}, {2}},
		map[string]any{"a": 1},
		&testItem{Amount: 1},
	}
	got, err := decodeTo[testKinds](map[string]any{
		"Strings":  in.strings,
		"Bytes":    in.bytes,
		"Blob":     in.bytes,
		"Limits":   in.limits,
		"Matrix":   in.matrix,
		"Anys":     in.anys,
		"AnyMap":   in.any,
		"Pairs":    in.pairs,
		"Any":      in.any,
		"ItemPtr":  in.item,
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
	require.Equal(t, map[string]any{"a": 1}, got.Any)
	in.item.Amount = 9
	require.Equal(t, &testItem{Amount: 1}, got.ItemPtr)
	require.Equal(t, &testItem{Amount: 1}, got.ItemPtrs[0])
}

// A pointer's type is kept in an interface even if it is nil.
func TestKeepsTypedNil(t *testing.T) {
	t.Parallel()
	var deep any = 1
	got, err := decodeTo[testKinds](
		map[string]any{"Any": (*int)(nil), "Anys": []any{(*int)(nil), &deep}},
	)
	require.NoError(t, err)
	require.Equal(t, (*int)(nil), got.Any)
	require.Equal(t, []any{(*int)(nil), &deep}, got.Anys)
}
