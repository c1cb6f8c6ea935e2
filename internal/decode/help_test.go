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
	"runtime"
	"strings"
	"sync"
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

// testRole checks itself.
type testRole string

func (r *testRole) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"user"`, `"guest"`:
		return json.Unmarshal(text, (*string)(r))
	case `"panic"`:
		panic("cannot be " + string(text))
	case `"exit"`:
		runtime.Goexit()
	}
	return fmt.Errorf("no role %s", text)
}

// testByte checks itself.
type testByte byte

func (b *testByte) UnmarshalJSON(text []byte) error {
	if string(text) != "1" && string(text) != "2" {
		return errors.New("neither 1 nor 2")
	}
	*b = testByte(text[0] - '0')
	return nil
}

func ptrTo[T any](v T) *T { return &v }

func bigNumber(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

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
	Role      testRole
	RolePtr   *testRole
	Roles     []testRole
	RoleMap   map[testRole]int
	DurKeys   map[time.Duration]int
	BadKeys   map[bool]int
	Checked   []testByte
	Hash      [2]byte
	Lock      testLock
	LockPtr   *sync.Mutex
	Timer     *time.Timer
}

// testLock is opaque.
type testLock struct{ held bool }

// plain builds whatever can be built.
var plain = New(nil)

// decodeTo is Message with the type as a parameter.
func decodeTo[T any](fields map[string]any) (T, error) {
	v, err := plain.Message(fields, reflect.TypeFor[T]())
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
