package decode

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const fuzzSecret = "hunter2"

type FuzzBase struct {
	ID   uint64 `json:"id"`
	Note *string
}

type fuzzMessage struct {
	FuzzBase
	*TestFar
	Bool     bool             `json:"bool"`
	Int      int              `json:"int,omitempty"`
	Int8     int8             `json:"int8"`
	Uint     uint             `json:"uint"`
	Float32  float32          `json:"float32"`
	Float64  float64          `json:"float64"`
	String   string           `json:"string"`
	Number   json.Number      `json:"number"`
	Time     time.Time        `json:"time"`
	Duration time.Duration    `json:"duration"`
	Color    testColor        `json:"color"`
	Bytes    []byte           `json:"bytes"`
	Pair     [2]int           `json:"pair"`
	Pairs    [1][]int         `json:"pairs"`
	Ints     []int32          `json:"ints"`
	Ptr      **uint8          `json:"ptr"`
	Map      map[string]int   `json:"map"`
	Named    map[testKey]bool `json:"named"`
	Any      any              `json:"any"`
	Anys     []any            `json:"anys"`
	AnyMap   map[string]any   `json:"anymap"`
	Next     *fuzzMessage     `json:"next"`
	List     []fuzzMessage    `json:"list"`
	Nest     testItem         `json:"nest"`
	Hidden   string           `json:"-"`
	Case     int              `json:"case"`
	CASE     int              `json:"CASE"`
}

// Whatever the JSON, decoding comes to an end without a panic, agrees with encoding/json where both
// succeed, and no error quotes a secret.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"int":1,"INT":2}`, `{"Case":1}`, `{"int8":300}`, `{"uint":-1}`, `{"int":3.0,"float32":1e300}`,
		`{"id":18446744073709551615,"Note":"n","Far":[1,2]}`, `{"Far":null,"Note":null}`,
		`{"bool":true,"int":-5,"int8":1,"uint":7,"float32":0.1,"float64":1e-7,"string":"s","number":12.50}`,
		`{"time":"2024-02-03T04:05:06+02:00","duration":"1.5s","color":"red","bytes":"aGk="}`,
		`{"time":"yesterday","duration":5,"color":"hunter2","bytes":"hunter2"}`,
		`{"pair":[1,2],"pairs":[[1]],"ints":[1,null],"ptr":7,"map":{"a":1},"named":{"a":true}}`,
		`{"any":{"a":[1,"x",null]},"anys":[1,{}],"anymap":{"a":1}}`,
		`{"next":{"next":{"int":1}},"list":[{"int":1},{"next":null}],"nest":{"amount":3,"tags":["a"],"notes":{"a":"b"}}}`,
		`{"int":"hunter2","bool":"hunter2","map":{"a":"hunter2"},"next":"hunter2","zzz":"hunter2","number":"hunter2"}`,
		`{"list":["hunter2",{"nest":{"amount":"hunter2","tags":"hunter2"}}],"pair":["hunter2"],"ints":["hunter2",1e99]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, exact := range []bool{true, false} {
			fields, ok := fuzzFields(data, exact)
			if !ok {
				t.Skip()
			}
			v, err := plain.Message(fields, reflect.TypeFor[fuzzMessage]())
			target := fuzzMessage{Hidden: "kept"}
			intoErr := plain.Into(fields, &target)
			require.Equal(t, err, intoErr)
			if err != nil {
				require.Equal(t, fuzzMessage{Hidden: "kept"}, target)
				fuzzRefused(t, err, fields)
				continue
			}
			got := v.Interface().(fuzzMessage)
			target.Hidden = ""
			require.Equal(t, got, target)
			if exact {
				fuzzCompare(t, data, got)
			}
		}
	})
}

// fuzzFields is the JSON object in data, with json.Number if exact.
func fuzzFields(data []byte, exact bool) (map[string]any, bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if exact {
		decoder.UseNumber()
	}
	var fields map[string]any
	if decoder.Decode(&fields) != nil {
		return nil, false
	}
	_, err := decoder.Token()
	return fields, err == io.EOF
}

// fuzzRefused looks at the form of err and for the secret in it.
func fuzzRefused(t *testing.T, err error, fields map[string]any) {
	t.Helper()
	refusals(t, err)
	if !fuzzKeyed(fields) {
		require.NotContains(t, err.Error(), fuzzSecret)
	}
}

// fuzzKeyed tells whether a key, which errors may show, has the secret in it.
func fuzzKeyed(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if strings.Contains(key, fuzzSecret) || fuzzKeyed(value) {
				return true
			}
		}
	case []any:
		for _, value := range v {
			if fuzzKeyed(value) {
				return true
			}
		}
	}
	return false
}

// fuzzCompare decodes data with encoding/json and expects the same. Objects with a key twice are
// left out: encoding/json merges what a map has lost.
func fuzzCompare(t *testing.T, data []byte, got fuzzMessage) {
	t.Helper()
	if fuzzDoubled(json.NewDecoder(bytes.NewReader(data))) {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	var want fuzzMessage
	if decoder.Decode(&want) == nil {
		require.Equal(t, want, got)
	}
}

// fuzzDoubled tells whether an object in the next JSON value has a key twice.
func fuzzDoubled(decoder *json.Decoder) bool {
	token, err := decoder.Token()
	if err != nil {
		return false
	}
	doubled := false
	switch token {
	case json.Delim('{'):
		seen := map[json.Token]bool{}
		for decoder.More() {
			key, _ := decoder.Token()
			doubled = doubled || seen[key]
			seen[key] = true
			doubled = fuzzDoubled(decoder) || doubled
		}
		_, _ = decoder.Token()
	case json.Delim('['):
		for decoder.More() {
			doubled = fuzzDoubled(decoder) || doubled
		}
		_, _ = decoder.Token()
	}
	return doubled
}
