package names

import "slices"

// index finds values by a hash, and by what tells those of the same hash apart. The zero index is
// empty.
type index[V comparable] struct {
	one  map[uint64]V
	more map[uint64][]V // those whose hash another one has in one: hardly ever any
}

// find returns the value of this hash that is the one looked for.
func (x *index[V]) find(hash uint64, is func(V) bool) (v V, found bool) {
	if v, found = x.one[hash]; !found || is(v) {
		return v, found
	}
	for _, v := range x.more[hash] {
		if is(v) {
			return v, true
		}
	}
	var none V
	return none, false
}

// add enters a value that is not there yet.
func (x *index[V]) add(hash uint64, v V) {
	if x.one == nil {
		x.one, x.more = map[uint64]V{}, map[uint64][]V{}
	}
	if _, used := x.one[hash]; used {
		x.more[hash] = append(x.more[hash], v)
		return
	}
	x.one[hash] = v
}

// remove takes a value out, and reports whether it was there.
func (x *index[V]) remove(hash uint64, v V) bool {
	one, found := x.one[hash]
	more := x.more[hash]
	at := slices.Index(more, v)
	switch {
	case found && one == v && len(more) == 0:
		delete(x.one, hash)
		return true
	case found && one == v:
		x.one[hash], at = more[0], 0
	case at < 0:
		return false
	}
	if more = slices.Delete(more, at, at+1); len(more) == 0 {
		delete(x.more, hash)
	} else {
		x.more[hash] = more
	}
	return true
}
