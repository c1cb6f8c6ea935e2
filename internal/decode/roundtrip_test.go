package decode

import (
	"bytes"
	"encoding/json"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type (
	// tripMessage has what encoding/json can write, but for a time.Duration, whose number has no
	// unit.
	tripMessage struct {
		TripBase
		*TripFar
		Nested TripBase `json:"nested"`

		Bool    bool     `json:",string"`
		Int     int64    `json:"int,string"`
		Uint    uint8    `json:"uint,omitempty,string"`
		Float   float64  `json:"float,string"`
		Small   float32  `json:",string"`
		Text    string   `json:"text,string"`
		IntPtr  *int     `json:"intptr,string"`
		TextPtr *string  `json:"textptr,string"`
		Role    testRole `json:"role,string,omitempty"`

		Number json.Number     `json:"number,string,omitempty"`
		Plain  json.Number     `json:"plain,omitempty"`
		Raw    json.RawMessage `json:"raw,omitempty"`
		RawPtr *json.RawMessage

		Bytes  []byte
		Hash   [3]byte
		Blob   testBlob
		Float3 float32
		Time   time.Time  `json:"time,omitzero"`
		TimeP  *time.Time `json:"timep"`
		Big    *big.Int
		Rat    *big.Rat
		Addr   netip.Addr
		IP     net.IP
		Ages   []uint16 `json:"ages,omitempty"`

		IntKeys  map[int16]string
		UintKeys map[uint64]*TripBase
		AddrKeys map[netip.Addr]int
		Keys     map[testKey][]string
		Any      any
		Anys     []any
		AnyMap   map[string]any
		Next     *tripMessage
		List     []tripMessage
		PtrList  []*TripBase
		Array    [2]*TripBase
		Empty    struct{}
	}
	// TripBase is embedded, and lies in lists and maps.
	TripBase struct {
		ID   uint64 `json:"id"`
		Name string `json:"Näme,omitempty"`
	}
	// TripFar is embedded by a pointer.
	TripFar struct{ Far []int }
)

// FuzzRoundTrip: what encoding/json writes of a message is read back the same, strictly; and the
// message is not changed by what becomes of the fields.
func FuzzRoundTrip(f *testing.F) {
	full := tripMessage{
		TripBase: TripBase{
			1 << 63,
			"n",
		},
		TripFar: &TripFar{[]int{1}},
		Bool:    true,
		Int:     -1 << 63,
		Uint:    255,
		Float:   1e-7,
		Small:   0.1,
		Text:    `a"<b>`,
		IntPtr:  ptrTo(5),
		TextPtr: ptrTo(""),
		Role:    "user",
		Number:  "12.50",
		Plain:   "1e400",
		Raw: json.RawMessage(
			`{"b":[1,"x"],"a":null}`,
		),
		RawPtr: ptrTo(json.RawMessage(`1.50`)),
		Bytes:  []byte{0, 255},
		Hash:   [3]byte{1, 2, 3},
		Blob: testBlob(
			"x",
		),
		Float3: 3.4028235e38,
		Time:   time.Date(2024, 2, 3, 4, 5, 6, 7, time.UTC),
		TimeP:  &time.Time{},
		Big: bigNumber(
			"123456789012345678901234567890",
		),
		Rat:  big.NewRat(1, 3),
		Addr: netip.IPv6Loopback(),
		IP:   net.IPv4bcast,
		Ages: []uint16{
			1,
		},
		IntKeys:  map[int16]string{-5: "x"},
		UintKeys: map[uint64]*TripBase{1<<64 - 1: {ID: 1}, 0: nil},
		AddrKeys: map[netip.Addr]int{
			netip.IPv6Loopback(): 1,
		},
		Keys: map[testKey][]string{"": {"\x00"}, "k": nil},
		Any: map[string]any{
			"a": []any{json.Number("1.0"), nil, true},
		},
		Anys:    []any{"x"},
		AnyMap:  map[string]any{"b": "c"},
		Next:    &tripMessage{},
		List:    []tripMessage{{Text: "a"}},
		PtrList: []*TripBase{nil, {}},
		Array:   [2]*TripBase{{}, nil},
	}
	for _, seed := range []tripMessage{{}, full} {
		text, err := json.Marshal(seed)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var given tripMessage
		if json.Unmarshal(data, &given) != nil {
			t.Skip()
		}
		text, err := json.Marshal(given)
		if err != nil { // such as a json.Number that is none
			t.Skip()
		}
		var want tripMessage
		if tripDecode(text, &want) != nil { // such as a time beyond the year 9999
			t.Skip()
		}
		tripCanonical(t, reflect.ValueOf(&want))
		var fields map[string]any
		require.NoError(t, tripDecode(text, &fields))

		got, err := decodeTo[tripMessage](fields)
		require.NoError(t, err, "%s", text)
		require.Equal(t, want, got)
		var into tripMessage
		require.NoError(t, plain.Into(fields, &into))
		require.Equal(t, want, into)
		tripSpoil(fields)
		require.Equal(t, want, got, "changed afterwards")
		require.Equal(t, want, into, "changed afterwards")
	})
}

// tripDecode is json.Unmarshal with exact numbers.
func tripDecode(text []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(to)
}

// tripCanonical writes all raw JSON in v in the one way of which its value is left.
func tripCanonical(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			tripCanonical(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tripCanonical(t, v.Field(i))
			}
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok && v.CanSet() && raw != nil {
			var value any
			require.NoError(t, tripDecode(raw, &value))
			var buffer bytes.Buffer
			encoder := json.NewEncoder(&buffer)
			encoder.SetEscapeHTML(false)
			require.NoError(t, encoder.Encode(value))
			v.SetBytes(bytes.TrimSpace(buffer.Bytes()))
			return
		}
		for i := range v.Len() {
			tripCanonical(t, v.Index(i))
		}
	}
}

// tripSpoil changes all that can be changed in v.
func tripSpoil(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			tripSpoil(value)
			v[key] = "spoilt"
		}
	case []any:
		for i, value := range v {
			tripSpoil(value)
			v[i] = "spoilt"
		}
	}
}

// A time.Duration that encoding/json wrote has no unit, and is refused with the cure; in a list and
// in a map too.
func TestDurationsWantTheirText(t *testing.T) {
	t.Parallel()
	type message struct {
		One  time.Duration
		Str  time.Duration `json:",string"`
		List []time.Duration
		Map  map[time.Duration]int
	}
	text, err := json.Marshal(message{1, 2, []time.Duration{3}, map[time.Duration]int{4: 5}})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, tripDecode(text, &fields))
	_, err = decodeTo[message](fields)
	got := refusals(t, err)
	require.Len(t, got, 4)
	for _, e := range got {
		require.Contains(t, e.Wanted, `such as "1.5s"`)
	}
	v, err := decodeTo[message](map[string]any{
		"One": "1ns", "Str": "2ns", "List": []any{"3ns"}, "Map": map[string]any{"4ns": 5},
	})
	require.NoError(t, err)
	require.Equal(t, message{1, 2, []time.Duration{3}, map[time.Duration]int{4: 5}}, v)
}

// The option string of a tag is strict: what is in the string has to be of the field's type.
func TestQuotedFields(t *testing.T) {
	t.Parallel()
	for field, in := range map[string]any{
		"Bool": "yes", "int": "x", "float": "0x1", "text": "a", "intptr": "1.5", "uint": "256", "number": "x", "Small": "1e99",
		"textptr": `1`,
	} {
		_, err := decodeTo[tripMessage](map[string]any{field: in})
		require.Equal(t, field, refusal(t, err).Path)
	}
	got, err := decodeTo[tripMessage](map[string]any{"int": 5, "Bool": true, "intptr": nil})
	require.NoError(t, err, "what is in no string is taken as ever")
	require.Equal(t, tripMessage{Int: 5, Bool: true}, got)
}
