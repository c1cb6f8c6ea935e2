package benchmarks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// decodeSize is how many structs, or entries of a map, the message of BenchmarkDecode has.
const decodeSize = 1000

// Batch is the message of BenchmarkDecode, of which one field is set; its tagged names are those of
// the keys, the others differ in case.
type (
	Batch struct {
		Lines  []Line
		Lower  []Lower
		Counts map[string]int
		Texts  map[string]string
		Named  map[string]Line
		Any    map[string]any
	}
	Line struct {
		ID    int64    `json:"id"`
		Name  string   `json:"name"`
		Price float64  `json:"price"`
		Tags  []string `json:"tags"`
		OK    bool     `json:"ok"`
	}
	Lower struct {
		ID    int64
		Name  string
		Price float64
		Tags  []string
		OK    bool
	}
)

// batchActor counts what it was sent.
type batchActor struct{}

func (batchActor) HandleBatch(_ akt.Context, m Batch) int { return m.size() }

func (m Batch) size() int {
	return len(m.Lines) + len(m.Lower) + len(m.Counts) + len(m.Texts) + len(m.Named) + len(m.Any)
}

// BenchmarkDecode times making a message of a thousand structs or entries of what came from
// outside, and handling it: lib=akt sends an akt.Raw, whose fields were read from JSON before,
// lib=akt-json one that is read from its JSON each time, and lib=json has json.Unmarshal read the
// same text into the same type.
func BenchmarkDecode(b *testing.B) {
	for field, value := range decodeFields() {
		text, err := json.Marshal(map[string]any{field: value})
		require.NoError(b, err)
		for _, lib := range []struct {
			name string
			open func(testing.TB, []byte) func() (int, error)
		}{{"akt", decodeRaw}, {"akt-json", decodeRawFromJSON}, {"json", decodeJSON}} {
			b.Run(fmt.Sprintf("lib=%s/field=%s", lib.name, field), func(b *testing.B) {
				decode := lib.open(b, text)
				b.ReportAllocs()
				for b.Loop() {
					if n, err := decode(); err != nil || n != decodeSize {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

// decodeFields are the fields of a Batch, each of a thousand.
func decodeFields() map[string]any {
	lines, named := []Line{}, map[string]Line{}
	counts, texts, anything := map[string]int{}, map[string]string{}, map[string]any{}
	for i := range decodeSize {
		key, line := fmt.Sprint(
			"key",
			i,
		), Line{
			int64(i),
			fmt.Sprint("name ", i),
			1.5,
			[]string{"a", "b"},
			true,
		}
		lines = append(lines, line)
		counts[key], texts[key], named[key], anything[key] = i, key, line, line
	}
	return map[string]any{
		"Lines":  lines,
		"Lower":  lines,
		"Counts": counts,
		"Texts":  texts,
		"Named":  named,
		"Any":    anything,
	}
}

func decodeRaw(tb testing.TB, text []byte) func() (int, error) {
	tb.Helper()
	addr := runBatch(tb)
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(tb, decoder.Decode(&fields))
	return func() (int, error) { return akt.Ask[int](forever, addr, akt.Raw{Name: "Batch", Fields: fields}) }
}

func decodeRawFromJSON(tb testing.TB, text []byte) func() (int, error) {
	tb.Helper()
	addr := runBatch(tb)
	text = fmt.Appendf(nil, `{"name":"Batch","fields":%s}`, text)
	return func() (int, error) {
		var raw akt.Raw
		if err := json.Unmarshal(text, &raw); err != nil {
			return 0, err
		}
		return akt.Ask[int](forever, addr, raw)
	}
}

func decodeJSON(_ testing.TB, text []byte) func() (int, error) {
	return func() (int, error) {
		var m Batch
		err := json.Unmarshal(text, &m)
		return m.size(), err
	}
}

func runBatch(tb testing.TB) *akt.Address {
	tb.Helper()
	addr, err := akt.Run(batchActor{})
	require.NoError(tb, err)
	tb.Cleanup(func() { endActor(addr) })
	return addr
}
