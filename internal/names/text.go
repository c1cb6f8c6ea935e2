package names

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Text returns the name of a holder: the one it was given or the made-up one, and for a holder that has a parent the path to
// it, such as "/bank/account-7". It needs no lock, and takes time in proportion to the text.
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
	for i, a := range slices.Backward(line) {
		own := part(a)
		if i < len(line)-1 || !strings.HasPrefix(own, "/") {
			text.WriteByte('/')
		}
		text.WriteString(own)
	}
	return text.String()
}

// part is the part of a name that is the holder's own.
func part[A Holder[A]](a A) string {
	if given := a.Own().Given; given != "" {
		return given
	}
	return a.Kind() + strconv.FormatUint(a.Entry().serial, 10)
}

// is reports whether a holder has this name. It makes no text.
func is[A Holder[A]](a A, name string) bool {
	var nobody A
	parent := a.Parent()
	if parent == nobody {
		return name == part(a)
	}
	for ; parent != nobody; a, parent = parent, parent.Parent() {
		above, ends := strings.CutSuffix(name, part(a))
		if !ends {
			return false
		}
		if name, ends = strings.CutSuffix(above, "/"); !ends {
			return false
		}
	}
	top := part(a)
	if !strings.HasPrefix(top, "/") { // a path begins with a slash, and the first name perhaps not
		if name == "" || name[0] != '/' {
			return false
		}
		name = name[1:]
	}
	return name == top
}

// seed keeps those who choose names from choosing hashes.
var seed = maphash.MakeSeed()

// hashOf is the hash of a holder's name.
func hashOf[A Holder[A]](a A) uint64 {
	var nobody A
	if own := a.Own(); own.Given != "" || a.Parent() != nobody {
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

// hashOn is the hash of a text that goes on after a slash, from the hash of what is before it. It goes from slash to slash,
// so it does not matter where a text was taken apart.
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
