//go:build !akt_safe

package typecache

import "unsafe"

// IDOf returns the ID of a value's type, 0 for nil. It rests on an interface value being two words,
// of which the first is the type's; TestIDOf compares it with reflection.
func IDOf(v any) ID { return *(*ID)(unsafe.Pointer(&v)) }
