package decode

import (
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A message is a struct, a pointer to one or a map with string keys.
func TestMessageTypes(t *testing.T) {
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
func TestMessageRefusesTypes(t *testing.T) {
	t.Parallel()
	for _, typ := range []reflect.Type{
		nil, reflect.TypeFor[int](), reflect.TypeFor[string](),
		reflect.TypeFor[[]int](), reflect.TypeFor[any](),
		reflect.TypeFor[*any](), reflect.TypeFor[*int](), reflect.TypeFor[map[bool]int](),
		reflect.TypeFor[testLoop](), reflect.TypeFor[func()](),
		reflect.TypeFor[[1]int](), reflect.TypeFor[testColor](),
		reflect.TypeFor[time.Duration](), reflect.TypeFor[*[]byte](),
	} {
		v, err := plain.Message(map[string]any{"a": 1}, typ)
		require.False(t, v.IsValid())
		got := refusal(t, err)
		require.Empty(t, got.Path)
		require.Equal(t, typeName(typ), got.Target)
		require.Contains(t, got.Wanted, "cannot be built from fields")
	}
}

// A message that reads itself from text is still built from its fields.
func TestMessageThatReadsText(t *testing.T) {
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
func TestInto(t *testing.T) {
	t.Parallel()
	far := &TestFar{}
	tags := []string{"a", "b"}
	limits := map[string]int{"a": 1}
	actor := testActor{
		Name: "old", Limits: limits, Tags: tags, Item: testItem{Amount: 1, Tags: tags}, Shown: 1,
		Pair: [2]int{1, 2}, TestFar: far, private: 7,
	}
	err := plain.Into(map[string]any{
		"tags": []any{"c"}, "limits": map[string]any{"b": 2}, "item": map[string]any{"amount": 2},
		"shown": "text", "far": []any{1}, "pair": []any{3, 4}, "deep": 5,
	}, &actor)
	require.NoError(t, err)
	require.Equal(t, testActor{
		Name:   "old",
		Limits: map[string]int{"a": 1, "b": 2},
		Tags:   []string{"c"},
		Item:   testItem{Amount: 2, Tags: tags},
		Shown:  "text",
		Pair: [2]int{
			3,
			4,
		},
		TestFar:   &TestFar{TestFarther{[]int{1}}},
		testInner: testInner{Deep: 5},
		private:   7,
	}, actor)
	require.NotSame(t, far, actor.TestFar)
	require.Equal(t, &TestFar{}, far, "nor is what pointers lead to")
	require.Equal(t, []string{"a", "b"}, tags, "old lists are not written to")
	require.Equal(t, map[string]int{"a": 1}, limits, "old maps are not written to")

	require.NoError(t, plain.Into(map[string]any{"tags": nil, "shown": nil}, &actor))
	require.Nil(t, actor.Tags)
	require.Nil(t, actor.Shown)
	require.NoError(t, plain.Into(nil, &actor))
	require.Equal(t, "old", actor.Name)
}

// With an error the target is as it was.
func TestIntoIsAllOrNothing(t *testing.T) {
	t.Parallel()
	far := &TestFar{TestFarther{[]int{1}}}
	before := testActor{
		Name:    "old",
		Tags:    []string{"a"},
		Limits:  map[string]int{"a": 1},
		TestFar: far,
	}
	for _, bad := range []map[string]any{
		{"Name": "new", "Zzz": 1},
		{"Name": "new", "Limits": map[string]any{"a": 2, "b": "x"}},
		{"Name": "new", "Tags": []any{"b", 1}},
		{"Name": "new", "Far": []any{2, "x"}},
		{"Name": "new", "Pair": []any{1}},
		{"Deep": 1, "name": "new", "Name": "newer"},
	} {
		actor := before
		require.Len(t, refusals(t, plain.Into(bad, &actor)), 1)
		require.Equal(t, before, actor)
		require.Equal(t, testActor{
			Name:    "old",
			Tags:    []string{"a"},
			Limits:  map[string]int{"a": 1},
			TestFar: &TestFar{TestFarther{[]int{1}}},
		}, actor)
	}
	fresh := testActor{}
	require.Len(t, refusals(t, plain.Into(map[string]any{"Far": []any{2}, "Name": 1}, &fresh)), 1)
	require.Zero(t, fresh)
}

// Only a pointer to a struct has fields to set.
func TestIntoRefusesTargets(t *testing.T) {
	t.Parallel()
	n := 1
	for _, target := range []any{nil, testItem{}, (*testItem)(nil), &n, map[string]any{}, new(*testItem), "hunter2"} {
		err := plain.Into(map[string]any{"amount": 1}, target)
		require.Equal(t, "a pointer to a struct that is not nil", refusal(t, err).Wanted)
		require.NotContains(t, err.Error(), secretText)
	}
}

type testTree struct {
	Left, Right *testTree
	Children    map[string]testTree
	List        []testTree
}

// testEndless is a pointer that leads to itself.
func testEndless() *testTree {
	tree := &testTree{}
	tree.Left = tree
	return tree
}

// Input that holds itself comes to an end with an error; deep input does not.
func TestDepth(t *testing.T) {
	t.Parallel()
	loop := map[string]any{}
	loop["Left"], loop["Right"] = loop, loop
	loop["Children"] = map[string]any{"a": loop, "b": loop}
	loop["List"] = []any{loop, loop}
	endless := make(testLists, 2)
	endless[0], endless[1] = endless, endless

	_, treeErr := decodeTo[testTree](loop)
	_, listErr := decodeTo[testKinds](map[string]any{"Lists": endless})
	_, anyErr := decodeTo[testKinds](map[string]any{"Any": loop})
	_, pointerErr := decodeTo[testKinds](map[string]any{"Any": testEndless()})
	for _, err := range []error{treeErr, listErr, anyErr, pointerErr} {
		got := refusal(t, err)
		require.Equal(t, "a value nested too deep", got.Found)
		require.Contains(t, got.Wanted, "10000 levels")
		require.Less(t, len(got.Path), 1000)
	}

	deep := map[string]any{}
	for range maxDepth - 1 {
		deep = map[string]any{"Left": deep}
	}
	_, err := decodeTo[testTree](map[string]any{"Left": deep})
	require.NoError(t, err)
	_, err = decodeTo[testTree](map[string]any{"Left": map[string]any{"Left": deep}})
	require.Error(t, err)
}

// Messages are decoded at once by many goroutines.
func TestMessageConcurrently(t *testing.T) {
	t.Parallel()
	type message struct {
		TestBase
		Items []testItem
	}
	for range 8 {
		t.Run("a goroutine", func(t *testing.T) {
			t.Parallel()
			for range 100 {
				got, err := decodeTo[message](
					map[string]any{"id": 1, "Items": []any{map[string]any{"amount": 2}}},
				)
				require.NoError(t, err)
				require.Equal(t, message{TestBase{ID: 1}, []testItem{{Amount: 2}}}, got)
			}
		})
	}
}
