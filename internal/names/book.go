// Package names keeps who has which name, so that no two have the same.
//
// A name is given or made up. A holder may have a parent, and then its name is a path: that of the
// parent and its own part. No path is kept: a holder has its own part, its parent, and a hash that
// continues the parent's, so that a chain of holders takes as much memory as there are of them,
// however deep it is. The text is made by [Text] for whoever asks. The hash is one of the text,
// whatever parts it is made of, so two ways to one text meet.
package names

import (
	"iter"
	"strconv"
	"strings"
)

// Holder is who may have a name. What its methods return, and Own.Given, are fixed once it is in a
// [Book].
type Holder[A any] interface {
	comparable
	Parent() A        // whose name the holder's continues; the zero A for nobody's
	Kind() string     // of a made-up name, such as "Account-": no slash, and a hyphen at its end
	Part() *Own       // its own part
	Entry() *Entry[A] // what the book keeps in it
}

// Own is the part of a name that is the holder's own. Holders that have neither a parent nor a
// given name may share one.
type Own struct {
	Given string // "" where it is to be made up
	hash  uint64 // of the whole text; not of holders that may share it
}

// Entry is what a [Book] keeps in each holder. It saves the book a place to look the holder up in.
type Entry[A any] struct {
	before, after A      // in the list of all
	serial        uint64 // the number of a made-up name
}

// Book is who has which name, and who has claimed one: C is what stands for the latter. The zero
// Book is empty and ready to use. Its user locks: no two of its methods may run at a time, and no
// method of it while All is read.
type Book[A Holder[A], C comparable] struct {
	first    A               // all holders, the newest first
	given    index[A]        // those whose name was given
	claims   index[claim[C]] // of names that nobody has yet
	serial   uint64          // the last number of a made-up name
	reserved map[uint64]int  // how many given names end in a number: made-up ones do not use it
	kinds    map[string]bool // what made-up names begin with
	made     map[uint64]A    // holders of made-up names, by the number: see madeWith
	until    A               // the newest holder that was looked at for made
}

type claim[C comparable] struct {
	name string
	by   C
}

// Give enters a holder under the name it was given, or makes one up. It reports false where
// somebody has that name, or has claimed it, other than by: nothing has changed then. The holder's
// parent has to have its name already.
func (b *Book[A, C]) Give(a A, by C) bool {
	own, entry := a.Part(), a.Entry()
	var nobody A
	parent := a.Parent()
	if own.Given != "" {
		hash := hashBelow(parent, own.Given)
		if b.taken(a, hash, by) {
			return false
		}
		own.hash = hash
		b.given.add(hash, a)
		b.reserve(own.Given, 1)
	} else {
		entry.serial = b.nextSerial(a.Kind())
		if parent != nobody {
			var room [partRoom]byte
			own.hash = hashBelow(parent, string(appendPart(room[:0], a)))
		}
	}
	entry.after = b.first
	if b.first != nobody {
		b.first.Entry().before = a
	}
	b.first = a
	return true
}

// taken reports whether the name that a was given, of this hash, is not free for it. Its text is
// made only where a hash is the same, as it hardly ever is but for the same text.
func (b *Book[A, C]) taken(a A, hash uint64, by C) bool {
	if _, found := b.given.find(hash, func(other A) bool { return is(other, Text(a)) }); found {
		return true
	}
	claimed, found := b.claims.find(hash, func(c claim[C]) bool { return c.name == Text(a) })
	if found && claimed.by != by {
		return true
	}
	other, found := b.madeLike(a.Part().Given)
	return found && hashOf(other) == hash && is(other, Text(a))
}

// Free takes a holder, and its name, out of the book.
func (b *Book[A, C]) Free(a A) {
	own, entry := a.Part(), a.Entry()
	var nobody A
	if own.Given == "" {
		delete(b.made, entry.serial)
	} else if b.given.remove(own.hash, a) {
		b.reserve(own.Given, -1)
	}
	if b.until == a {
		b.until = entry.after
	}
	if entry.before != nobody {
		entry.before.Entry().after = entry.after
	} else if b.first == a {
		b.first = entry.after
	}
	if entry.after != nobody {
		entry.after.Entry().before = entry.before
	}
	entry.before, entry.after = nobody, nobody
}

// Find returns who was given a name, the zero A for nobody. A made-up name is not found.
func (b *Book[A, C]) Find(name string) A {
	a, _ := b.given.find(hashText(name), func(a A) bool { return is(a, name) })
	return a
}

// Claim keeps a name for by: until Unclaim nobody else is given it. It must not be claimed already.
func (b *Book[A, C]) Claim(name string, by C) {
	b.claims.add(hashText(name), claim[C]{name, by})
}

// Unclaim ends a claim.
func (b *Book[A, C]) Unclaim(name string, by C) {
	b.claims.remove(hashText(name), claim[C]{name, by})
}

// Claimed returns who has claimed a name, the zero C for nobody.
func (b *Book[A, C]) Claimed(name string) C {
	c, _ := b.claims.find(hashText(name), func(c claim[C]) bool { return c.name == name })
	return c.by
}

// All returns all holders, the newest first.
func (b *Book[A, C]) All() iter.Seq[A] {
	return func(yield func(A) bool) {
		var nobody A
		for a := b.first; a != nobody; a = a.Entry().after {
			if !yield(a) {
				return
			}
		}
	}
}

// nextSerial is the number of a new made-up name: one in which no given name ends.
func (b *Book[A, C]) nextSerial(kind string) uint64 {
	b.serial++
	for b.reserved[b.serial] > 0 {
		b.serial++
	}
	if !b.kinds[kind] {
		if b.kinds == nil {
			b.kinds = map[string]bool{}
		}
		b.kinds[kind] = true
	}
	return b.serial
}

// reserve counts the given names that end in the same number as this one.
func (b *Book[A, C]) reserve(given string, n int) {
	_, serial, ok := cutSerial(given)
	if !ok {
		return
	}
	if b.reserved == nil {
		b.reserved = map[uint64]int{}
	}
	if b.reserved[serial] += n; b.reserved[serial] == 0 {
		delete(b.reserved, serial)
	}
}

// madeLike finds the holder of a made-up name that ends as this given one does. There is none where
// no holder is of such a kind: so names such as "user-42" have nothing looked at, unless there are
// holders of a kind "user-".
func (b *Book[A, C]) madeLike(given string) (a A, found bool) {
	kind, serial, ok := cutSerial(given)
	if !ok || serial > b.serial || !b.kinds[kind] {
		return a, false
	}
	return b.madeWith(serial)
}

// madeWith is the holder whose made-up name has this number. They are indexed when first asked for,
// each once, so that a holder costs nothing more where nobody asks; Free takes them out again.
func (b *Book[A, C]) madeWith(serial uint64) (a A, found bool) {
	if b.made == nil {
		b.made = map[uint64]A{}
	}
	for a := b.first; a != b.until; a = a.Entry().after {
		if a.Part().Given == "" {
			b.made[a.Entry().serial] = a
		}
	}
	b.until = b.first
	a, found = b.made[serial]
	return a, found
}

// cutSerial takes a given name apart as if it were made up: "room/user-42" is of the kind "user-",
// with the number 42.
func cutSerial(given string) (kind string, serial uint64, ok bool) {
	hyphen := strings.LastIndexByte(given, '-')
	serial, err := strconv.ParseUint(given[hyphen+1:], 10, 64)
	if hyphen < 0 || err != nil {
		return "", 0, false
	}
	return given[strings.LastIndexByte(given, '/')+1 : hyphen+1], serial, true
}
