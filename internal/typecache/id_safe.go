//go:build akt_safe

package typecache

import "reflect"

// IDOf returns the ID of a value's type, 0 for nil: the address by which reflect tells types apart.
func IDOf(v any) ID {
	if v == nil {
		return 0
	}
	return ID(reflect.ValueOf(reflect.TypeOf(v)).Pointer())
}
