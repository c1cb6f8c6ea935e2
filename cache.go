package akt

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// cache is what a dispatch table has resolved, found by one word for a type. It is a hash table
// with open addressing and linear probing, which readers read without a lock: when it is half full
// it is replaced by one of twice its size.
//
// Invariant:
//
//   - Filled-Once: a slot is written by who holds mu, its key after all else, and then never again.
//     So whoever has seen the key may read the rest.
type cache struct {
	slots atomic.Pointer[slots]

	mu sync.Mutex // held while adding
	n  int
}

// slots are as many as a power of two, and never full.
type slots struct {
	list  []slot
	shift uint8 // turns a hash of 32 bits into an index
}

// slot has what a call needs, in half a cache line: with many message types, each line that is
// looked at is missed.
type slot struct {
	key atomic.Uintptr // a typeID, 0 where the slot is empty
	resolved
}

// resolved is where messages of one type go.
type resolved struct {
	call  someCall // at a typed call site, the typedCall whose type is the key
	to    *handler
	adapt adaptation
	index uint16 // the handler's
}

func (r *resolved) route() route { return route{r.to, r.adapt} }

func newSlots(size int) *slots {
	return &slots{list: make([]slot, size), shift: uint8(33 - bits.Len(uint(size)))}
}

// find returns the slot of a key, or nil.
func (c *cache) find(key typeID) *slot {
	s := c.slots.Load()
	for i := s.first(key); ; i++ {
		switch at := &s.list[i&uint(len(s.list)-1)]; typeID(at.key.Load()) {
		case 0:
			return nil
		case key:
			return at
		}
	}
}

// first is where to look for a key first. Types are described by data of similar sizes side by
// side, whose addresses so spread evenly: a thousand types in 2,048 slots are all found at once.
// See Knuth, The Art of Computer Programming, volume 3, 6.4, on multiplying by the golden ratio.
func (s *slots) first(key typeID) uint {
	const golden = 0x9E3779B9
	return uint(uint32(key) * golden >> (s.shift & 31))
}

// add enters what a key resolves to, unless there is an entry for it.
func (c *cache) add(key typeID, r resolved) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.find(key) != nil {
		return
	}
	s := c.slots.Load()
	if c.n++; 2*c.n > len(s.list) {
		s = s.doubled()
	}
	s.put(key, r)
	c.slots.Store(s)
}

// doubled is a copy with twice as many slots.
func (s *slots) doubled() *slots {
	bigger := newSlots(2 * len(s.list))
	for i := range s.list {
		if key := s.list[i].key.Load(); key != 0 {
			bigger.put(typeID(key), s.list[i].resolved)
		}
	}
	return bigger
}

// put fills a slot.
func (s *slots) put(key typeID, r resolved) {
	i := s.first(key)
	for s.list[i&uint(len(s.list)-1)].key.Load() != 0 {
		i++
	}
	at := &s.list[i&uint(len(s.list)-1)]
	at.resolved = r
	at.key.Store(uintptr(key)) // Filled-Once
}
