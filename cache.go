package akt

import (
	"sync"
	"sync/atomic"
)

// cache is what a dispatch table has resolved, found by one word for the message's type and one for the reply's. It is a hash
// table with open addressing and linear probing, which readers read without a lock: a slot is filled once, and a table that is
// half full is replaced by one of twice its size.
type cache struct {
	slots atomic.Pointer[[]atomic.Pointer[cached]]

	mu sync.Mutex // held while adding
	n  int
}

// cached is where messages of one type go. Its fields are not changed.
type cached struct {
	msg   typeID
	reply typeID // of a typed call site; 0 for an untyped one
	route
	call any // at a typed call site, a typedCall of its types
}

func newCache() *cache {
	c := &cache{}
	slots := make([]atomic.Pointer[cached], 8)
	c.slots.Store(&slots)
	return c
}

// find returns the entry for these types, or nil.
func (c *cache) find(msg, reply typeID) *cached {
	slots := *c.slots.Load()
	for i := hashOf(msg, reply); ; i++ {
		e := slots[i&uintptr(len(slots)-1)].Load()
		if e == nil || e.msg == msg && e.reply == reply {
			return e
		}
	}
}

// hashOf spreads types, whose ids are addresses of aligned data.
func hashOf(msg, reply typeID) uintptr {
	h := uintptr(msg) ^ uintptr(reply)<<1
	return h>>5 ^ h>>13
}

// add enters an entry, unless there is one for its types.
func (c *cache) add(e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.find(e.msg, e.reply) != nil {
		return
	}
	slots := *c.slots.Load()
	if c.n++; 2*c.n > len(slots) {
		bigger := make([]atomic.Pointer[cached], 2*len(slots))
		for i := range slots {
			if old := slots[i].Load(); old != nil {
				put(bigger, old)
			}
		}
		slots = bigger
	}
	put(slots, e)
	c.slots.Store(&slots)
}

func put(slots []atomic.Pointer[cached], e *cached) {
	i := hashOf(e.msg, e.reply)
	for slots[i&uintptr(len(slots)-1)].Load() != nil {
		i++
	}
	slots[i&uintptr(len(slots)-1)].Store(e)
}
