// Package typecache is a map by a type, for those who look something up with every call: a look-up
// takes no lock, and mostly one cache line.
package typecache

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// ID tells types apart: it is the address of the type's description, as an interface value has it.
// IDOf has that of a value's type. No type has 0.
type ID uintptr

// Cache is a map from types to values. It is a hash table with open addressing and linear probing,
// which readers read without a lock: when it is half full it is replaced by one of twice its size.
// It is used after Init only.
//
// Invariant:
//
//   - Filled-Once: a slot is written by the holder of mu, its key after all else, and then never
//     again. So whoever has seen the key may read the rest.
type Cache[V any] struct {
	slots atomic.Pointer[slots[V]]

	mu sync.Mutex // held while adding
	n  int
}

// slots are as many as a power of two, and never full.
type slots[V any] struct {
	list  []slot[V]
	shift uint8 // turns a hash of 32 bits into an index
}

// slot has a value beside its key. So a value of three words is found in half a cache line: with
// many types, each line that is looked at is missed.
type slot[V any] struct {
	key   atomic.Uintptr // an ID, 0 where the slot is empty
	value V
}

// Init makes an empty cache.
func (c *Cache[V]) Init() { c.slots.Store(newSlots[V](8)) }

func newSlots[V any](size int) *slots[V] {
	return &slots[V]{list: make([]slot[V], size), shift: uint8(33 - bits.Len(uint(size)))}
}

// Find returns the value of a type, or nil. It stays as it is for ever.
func (c *Cache[V]) Find(key ID) *V {
	s := c.slots.Load()
	for i := s.first(key); ; i++ {
		switch at := &s.list[i&uint(len(s.list)-1)]; ID(at.key.Load()) {
		case 0:
			return nil
		case key:
			return &at.value
		}
	}
}

// first is where to look for a key first. Types are described by data of similar sizes side by
// side, whose addresses so spread evenly: a thousand types in 2,048 slots are all found at once.
// See Knuth, The Art of Computer Programming, volume 3, 6.4, on multiplying by the golden ratio.
func (s *slots[V]) first(key ID) uint {
	const golden = 0x9E3779B9
	return uint(uint32(key) * golden >> (s.shift & 31))
}

// Add enters the value of a type, unless it has one.
func (c *Cache[V]) Add(key ID, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Find(key) != nil {
		return
	}
	s := c.slots.Load()
	if c.n++; 2*c.n > len(s.list) {
		s = s.doubled()
	}
	s.put(key, value)
	c.slots.Store(s)
}

// doubled is a copy with twice as many slots.
func (s *slots[V]) doubled() *slots[V] {
	bigger := newSlots[V](2 * len(s.list))
	for i := range s.list {
		if key := s.list[i].key.Load(); key != 0 {
			bigger.put(ID(key), s.list[i].value)
		}
	}
	return bigger
}

// put fills a slot.
func (s *slots[V]) put(key ID, value V) {
	i := s.first(key)
	for s.list[i&uint(len(s.list)-1)].key.Load() != 0 {
		i++
	}
	at := &s.list[i&uint(len(s.list)-1)]
	at.value = value
	at.key.Store(uintptr(key)) // Filled-Once
}
