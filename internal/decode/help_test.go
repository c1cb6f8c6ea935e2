package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// decodeTo is Message with the type as a parameter.
func decodeTo[T any](fields map[string]any) (T, error) {
	v, err := Message(fields, reflect.TypeFor[T]())
	if err != nil {
		var zero T
		return zero, err
	}
	return v.Interface().(T), nil
}

// refusals is every Error in err.
func refusals(t *testing.T, err error) []*Error {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	require.False(t, strings.HasSuffix(err.Error(), "."), err.Error())
	faults := []error{err}
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		faults = several.Unwrap()
	}
	all := make([]*Error, len(faults))
	for i, fault := range faults {
		require.ErrorAs(t, fault, &all[i])
	}
	return all
}

// refusal is the only Error in err.
func refusal(t *testing.T, err error) *Error {
	t.Helper()
	all := refusals(t, err)
	require.Len(t, all, 1, err.Error())
	return all[0]
}
