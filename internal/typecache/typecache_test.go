package typecache

import (
	"reflect"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// sample is a value as large as what akt keeps: three words.
type sample struct {
	a, b *int
	n    int
}

// samples are keys as types have them, with a value for each that tells which it is.
func samples(n int, stride ID) (keys []ID, values []sample) {
	for i := range n {
		keys = append(keys, 0x8e2f40+ID(i)*stride)
		values = append(values, sample{a: &i, b: &i, n: i + 1})
	}
	return keys, values
}

func emptyCache() *Cache[sample] {
	c := &Cache[sample]{}
	c.Init()
	return c
}

// An ID tells types apart, and is that of the type whatever the value: a pointer, a scalar, a func.
func TestIDOf(t *testing.T) {
	t.Parallel()
	type own int
	f := func() {}
	values := []any{0, own(0), "", &f, f, map[string]int(nil), map[string]int{}, struct{}{}, own(1)}
	for _, a := range values {
		for _, b := range values {
			same := reflect.TypeOf(a) == reflect.TypeOf(b)
			require.Equal(t, same, IDOf(a) == IDOf(b), "%T, %T", a, b)
		}
		require.NotZero(t, IDOf(a))
		require.Equal(t, reflect.ValueOf(reflect.TypeOf(a)).Pointer(), uintptr(IDOf(a)))
	}
	require.Zero(t, IDOf(nil))
}

// What was added is found, while others are added and the table grows, and whoever finds it sees
// all of it.
func TestCacheIsReadWhileItGrows(t *testing.T) {
	t.Parallel()
	for range 20 {
		c := emptyCache()
		keys, values := samples(500, 64)
		var ended sync.WaitGroup
		for who := range 4 {
			ended.Go(func() {
				for i := range keys {
					mine := (i + who*len(keys)/8) % len(keys) // two by two at the same ones
					c.Add(keys[mine], values[mine])
					for _, at := range []int{mine, i} {
						found := c.Find(keys[at])
						if found == nil && at == mine || found != nil && *found != values[at] {
							t.Errorf("what was found for %d is %v", at, found)
							return
						}
					}
				}
			})
		}
		ended.Wait()
		require.Equal(t, len(keys), c.n, "each is there once")
		size := len(c.slots.Load().list)
		require.GreaterOrEqual(t, size, 2*c.n, "half of it is empty, so that a look-up ends")
	}
}

// What was not added is not found, nor is the type of nil, not even beside others.
func TestCacheFindsNothingElse(t *testing.T) {
	t.Parallel()
	c := emptyCache()
	require.Nil(t, c.Find(0))
	keys, values := samples(100, 64)
	for i, key := range keys {
		require.Nil(t, c.Find(key))
		c.Add(key, values[i])
	}
	require.Nil(t, c.Find(0))
}

// Speed: types that are described side by side, as those of one package are, are nearly all found
// at the first look, and any others soon.
func TestCacheSpreadsTypes(t *testing.T) {
	t.Parallel()
	most := map[ID]float64{64: 1.05, 128: 1.05, 32: 2, 96: 2, 160: 2, 192: 2, 416: 2}
	for stride, most := range most {
		for _, n := range []int{10, 100, 1000} {
			c := emptyCache()
			keys, values := samples(n, stride)
			for i, key := range keys {
				c.Add(key, values[i])
			}
			s, looks := c.slots.Load(), 0
			for _, key := range keys {
				for i := s.first(key); ; i++ {
					looks++
					if &s.list[i&uint(len(s.list)-1)].value == c.Find(key) {
						break
					}
				}
			}
			each := float64(looks) / float64(n)
			require.LessOrEqual(t, each, most, "of %d types, %d bytes apart", n, stride)
		}
	}
}

// Speed: two slots with values of three words fit a cache line.
func TestCacheSlotIsSmall(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(slot[sample]{}), uintptr(32))
}

// Filled-Once: whoever sees a slot's key sees the rest, also in a table that was loaded before. The
// race detector tells.
func TestCacheKeyComesLast(t *testing.T) {
	t.Parallel()
	c := emptyCache()
	keys, values := samples(1, 64)
	s := c.slots.Load()
	at := &s.list[s.first(keys[0])]
	seen := make(chan sample)
	go func() {
		for at.key.Load() == 0 {
			runtime.Gosched()
		}
		seen <- at.value
	}()
	c.Add(keys[0], values[0])
	require.Equal(t, values[0], <-seen)
}
