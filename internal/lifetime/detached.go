//go:build !akt_safe

package lifetime

import (
	"context"
	"reflect"
)

// detachedFrom is the parent of what context.WithoutCancel has made. Its field is not exported: it
// is read by its address, in a copy, as what it is.
func detachedFrom(ctx context.Context) context.Context {
	v := reflect.New(reflect.TypeOf(ctx)).Elem()
	v.Set(reflect.ValueOf(ctx))
	f := v.Field(0)
	field := reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
	parent, _ := field.Interface().(context.Context)
	return parent
}
