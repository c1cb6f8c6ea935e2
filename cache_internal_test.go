package akt

import (
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// cacheSamples are keys as types have them, with a handler for each that tells which it is.
func cacheSamples(n int, stride typeID) (keys []typeID, entries []resolved) {
	for i := range n {
		keys = append(keys, 0x8e2f40+typeID(i)*stride)
		h := &handler{index: uint16(i + 1)}
		entries = append(entries, resolved{to: h, index: h.index})
	}
	return keys, entries
}

func emptyCache() *cache {
	c := &cache{}
	c.slots.Store(newSlots(8))
	return c
}

// H5: what was resolved is found, while others are added and the table grows, and whoever finds it sees all of it.
func TestCacheIsReadWhileItGrows(t *testing.T) {
	t.Parallel()
	for range 20 {
		c := emptyCache()
		keys, entries := cacheSamples(500, 64)
		var ended sync.WaitGroup
		for who := range 4 {
			ended.Go(func() {
				for i := range keys {
					mine := (i + who*len(keys)/8) % len(keys) // two by two at the same ones
					c.add(keys[mine], entries[mine])
					for _, at := range []int{mine, i} {
						found := c.find(keys[at])
						if found == nil && at == mine || found != nil && (found.to != entries[at].to || found.index != uint16(at+1)) {
							t.Errorf("what was found for %d is %v", at, found)
							return
						}
					}
				}
			})
		}
		ended.Wait()
		require.Equal(t, len(keys), c.n, "each is there once")
		require.GreaterOrEqual(t, len(c.slots.Load().list), 2*c.n, "half of it is empty, so that a look-up ends")
	}
}

// H5: what was not added is not found, nor is the type of nil, not even beside others.
func TestCacheFindsNothingElse(t *testing.T) {
	t.Parallel()
	c := emptyCache()
	require.Nil(t, c.find(0))
	keys, entries := cacheSamples(100, 64)
	for i, key := range keys {
		require.Nil(t, c.find(key))
		c.add(key, entries[i])
	}
	require.Nil(t, c.find(0))
}

// Speed: types that are described side by side, as those of one package are, are nearly all found at the first look, and any others
// soon.
func TestCacheSpreadsTypes(t *testing.T) {
	t.Parallel()
	for stride, most := range map[typeID]float64{64: 1.05, 128: 1.05, 32: 2, 96: 2, 160: 2, 192: 2, 416: 2} {
		for _, n := range []int{10, 100, 1000} {
			c := emptyCache()
			keys, entries := cacheSamples(n, stride)
			for i, key := range keys {
				c.add(key, entries[i])
			}
			s, looks := c.slots.Load(), 0
			for _, key := range keys {
				for i := s.first(key); ; i++ {
					looks++
					if &s.list[i&uint(len(s.list)-1)] == c.find(key) {
						break
					}
				}
			}
			require.LessOrEqual(t, float64(looks)/float64(n), most, "of %d types, %d bytes apart", n, stride)
		}
	}
}

// Speed: two slots fit a cache line.
func TestCacheSlotIsSmall(t *testing.T) {
	t.Parallel()
	if !erases {
		t.Skip("the call of a typed call site is larger, or there is none")
	}
	require.LessOrEqual(t, unsafe.Sizeof(slot{}), uintptr(32))
}

// Filled-Once: whoever sees a slot's key sees the rest, also in a table that was loaded before. The race detector tells.
func TestCacheKeyComesLast(t *testing.T) {
	t.Parallel()
	c := emptyCache()
	keys, entries := cacheSamples(1, 64)
	s := c.slots.Load()
	at := &s.list[s.first(keys[0])]
	seen := make(chan resolved)
	go func() {
		for at.key.Load() == 0 {
			runtime.Gosched()
		}
		seen <- at.resolved
	}()
	c.add(keys[0], entries[0])
	require.Equal(t, entries[0], <-seen)
}
