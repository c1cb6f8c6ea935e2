package decode

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

type (
	testConfig struct {
		Limits  testLimits
		Ptr     *testLimits
		Any     any
		Iface   interface{ isLimits() }
		Pair    [2]testLimits
		Map     map[string]testLimits
		PtrMap  *map[string]int
		List    []testLimits
		Guarded TestGuarded
		Default testDefault
		Nested  struct{ Inner testLimits }
		*TestDeep
		hidden int
	}
	testLimits struct {
		Max, Min int
		Tags     map[string]int
		hidden   int
	}
	// TestDeep is embedded by a pointer.
	TestDeep    struct{ DeepA, DeepB int }
	testDefault struct{ A, B float64 }
)

func (*testLimits) isLimits() {}

func (d *testDefault) UnmarshalJSON(text []byte) error {
	type plain testDefault
	if err := json.Unmarshal(text, (*plain)(d)); err != nil {
		return err
	}
	if d.A < 0 {
		return errors.New("negative")
	}
	return nil
}

func newTestConfig() *testConfig {
	return &testConfig{
		Limits: testLimits{
			10,
			1,
			map[string]int{"a": 1},
			7,
		},
		Ptr:    &testLimits{10, 1, nil, 7},
		Any:    &testLimits{10, 1, nil, 7},
		Iface:  &testLimits{10, 1, nil, 7},
		Pair:   [2]testLimits{{Min: 1}, {Min: 2}},
		Map:    map[string]testLimits{"a": {Min: 1}, "b": {Min: 1}},
		PtrMap: &map[string]int{"a": 1},
		List: []testLimits{
			{Min: 1},
		},
		Guarded: TestGuarded{1, 2},
		Default: testDefault{1, math.Inf(1)},
		Nested: struct{ Inner testLimits }{
			testLimits{Min: 1},
		},
		TestDeep: &TestDeep{1, 2},
		hidden:   7,
	}
}

// Fields that are left out keep what they hold, at each level.
func TestIntoMerges(t *testing.T) {
	t.Parallel()
	got := newTestConfig()
	err := plain.Into(map[string]any{
		"limits": map[string]any{
			"max":  20,
			"tags": map[string]any{"b": 2},
		},
		"ptr":    map[string]any{"max": 20},
		"any":    map[string]any{"max": 20},
		"iface":  map[any]any{"max": 20},
		"pair":   []any{map[string]any{"max": 20}, map[string]any{}},
		"map":    map[string]any{"a": map[string]any{"max": 20}},
		"ptrmap": map[string]any{"b": 2},
		"list": []any{
			map[string]any{"max": 20},
		},
		"guarded": map[string]any{"high": 3},
		"default": map[string]any{"a": 2},
		"nested":  map[string]any{"inner": map[string]any{"max": 20}},
		"deepa":   20,
	}, got)
	require.NoError(t, err)
	want := newTestConfig()
	want.Limits.Max, want.Limits.Tags["b"] = 20, 2
	want.Ptr.Max, want.Any.(*testLimits).Max, want.Iface.(*testLimits).Max = 20, 20, 20
	want.Pair[0].Max, want.Map["a"], (*want.PtrMap)["b"] = 20, testLimits{Max: 20}, 2
	want.List = []testLimits{{Max: 20}}
	want.Guarded, want.Default.A, want.Nested.Inner.Max, want.DeepA = TestGuarded{1, 3}, 2, 20, 20
	require.Equal(t, want, got)

	require.NoError(
		t,
		plain.Into(
			map[string]any{"ptr": nil, "any": nil, "map": nil, "limits": testLimits{Max: 5}},
			got,
		),
	)
	require.Nil(t, got.Ptr)
	require.Nil(t, got.Any)
	require.Nil(t, got.Map)
	require.Equal(t, testLimits{Max: 5}, got.Limits, "a Go value of its type is all of it")
	require.NoError(
		t,
		plain.Into(
			map[string]any{"ptr": map[string]any{"max": 5}, "any": map[string]any{"max": 5}},
			got,
		),
	)
	require.Equal(t, &testLimits{Max: 5}, got.Ptr)
	require.Equal(t, map[string]any{"max": 5}, got.Any)
}

// What the target refers to is never written to, with an error or without: others may have it too.
func TestIntoWritesToNothingElse(t *testing.T) {
	t.Parallel()
	for _, bad := range []any{nil, "x"} {
		original := newTestConfig()
		target := *original
		fields := map[string]any{
			"limits": map[string]any{
				"tags": map[string]any{"a": 9},
			},
			"ptr": map[string]any{"max": 9},
			"any": map[string]any{
				"max": 9,
			},
			"iface": map[string]any{"max": 9},
			"map":   map[string]any{"a": map[string]any{}},
			"ptrmap": map[string]any{
				"a": 9,
			},
			"list":    []any{map[string]any{"max": 9}},
			"deepa":   9,
			"deepb":   9,
			"default": map[string]any{"a": 9},
		}
		if bad != nil {
			fields["guarded"] = bad
		}
		err := plain.Into(fields, &target)
		if bad != nil {
			require.Error(t, err)
			require.Equal(t, newTestConfig(), &target, "all or nothing")
		} else {
			require.NoError(t, err)
			require.Equal(t, &TestDeep{9, 9}, target.TestDeep)
		}
		require.Equal(t, newTestConfig(), original)
	}
}
