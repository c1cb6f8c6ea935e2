package names

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Text returns the name of a holder: the one it was given or the made-up one, and for a holder that
// has a parent the path to it, such as "/bank/account-7". It needs no lock, and takes time in
// proportion to the text.
func Text[A Holder[A]](a A) string {
	var nobody A
	if a.Parent() == nobody {
		return part(a)
	}
	var line []A // from the holder up
	for ; a != nobody; a = a.Parent() {
		line = append(line, a)
	}
	var text strings.Builder
	var room [partRoom]byte
	for i, a := range slices.Backward(line) {
		own := appendPart(room[:0], a)
		if i < len(line)-1 || own[0] != '/' {
			text.WriteByte('/')
		}
		text.Write(own)
	}
	return text.String()
}

// part is the part of a name that is the holder's own.
func part[A Holder[A]](a A) string {
	if given := a.Part().Given; given != "" {
		return given
	}
	var room [partRoom]byte
	return string(appendPart(room[:0], a))
}

// partRoom is as much as most parts take, so that they need no memory of their own.
const partRoom = 64

// appendPart appends the holder's own part of its name.
func appendPart[A Holder[A]](text []byte, a A) []byte {
	if given := a.Part().Given; given != "" {
		return append(text, given...)
	}
	return strconv.AppendUint(append(text, a.Kind()...), a.Entry().serial, 10)
}

// cutPart takes the holder's own part from the end of a text.
func cutPart[A Holder[A]](text string, a A) (above string, ends bool) {
	if given := a.Part().Given; given != "" {
		return strings.CutSuffix(text, given)
	}
	var room [partRoom]byte
	if own := appendPart(room[:0], a); strings.HasSuffix(text, string(own)) {
		return text[:len(text)-len(own)], true
	}
	return text, false
}

// is reports whether a holder has this name. It makes no text.
func is[A Holder[A]](a A, name string) bool {
	var nobody A
	path := a.Parent() != nobody
	for ; a.Parent() != nobody; a = a.Parent() {
		above, ends := cutPart(name, a)
		if !ends {
			return false
		}
		if name, ends = strings.CutSuffix(above, "/"); !ends {
			return false
		}
	}
	above, ends := cutPart(name, a)
	if path && above == "/" { // a path begins with a slash, the name of who is on top perhaps not
		return ends && name[1] != '/'
	}
	return ends && above == "" && (!path || name[0] == '/')
}

// seed keeps those who choose names from choosing hashes.
var seed = maphash.MakeSeed()

// hashOf is the hash of a holder's name.
func hashOf[A Holder[A]](a A) uint64 {
	var nobody A
	if own := a.Part(); own.Given != "" || a.Parent() != nobody {
		return own.hash
	}
	return hashText(part(a)) // it may share its Own
}

// hashBelow is the hash of a name that continues the parent's with this part.
func hashBelow[A Holder[A]](parent A, own string) uint64 {
	var nobody A
	switch {
	case parent == nobody:
		return hashText(own)
	case parent.Parent() == nobody: // a path begins with a slash, and the parent's name perhaps not
		top := part(parent)
		if !strings.HasPrefix(top, "/") {
			return hashOn(hashOn(hashText(""), top), own)
		}
	}
	return hashOn(hashOf(parent), own)
}

// hashText is the hash of a text.
func hashText(text string) uint64 { return hashOn(0, text) }

// hashOn is the hash of a text that goes on after a slash, from the hash of what is before it. It
// goes from slash to slash, so it does not matter where a text was taken apart.
func hashOn(hash uint64, text string) uint64 {
	for {
		segment, rest, more := strings.Cut(text, "/")
		high, low := bits.Mul64(hash^0x9e3779b97f4a7c15, maphash.String(seed, segment))
		hash = high ^ low
		if !more {
			return hash
		}
		text = rest
	}
}
