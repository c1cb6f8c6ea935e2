package decode

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
)

// copied is a copy of a Go value of any type that shares with it only what cannot be copied; nil
// after a refusal. Errors are what they are by identity, and stay the same.
func (w *walk) copied(in any) any {
	if w.stop {
		return nil
	}
	switch v := in.(type) {
	case nil, string, bool, json.Number, int, int64:
		return in
	case float64:
		w.checkFloat(reflect.TypeFor[float64](), v)
		return in
	case map[string]any:
		return w.copiedMap(v)
	case []any:
		return w.copiedList(v)
	case error:
		return in
	}
	v := reflect.ValueOf(in)
	if w.still(v.Type()) {
		return in
	}
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	w.detach(fresh)
	return fresh.Interface()
}

func (w *walk) copiedMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	fresh := make(map[string]any, len(m))
	for key, value := range w.entries(m) {
		w.push(step{kind: stepEntry, name: key})
		fresh[key] = w.copied(value)
		w.pop()
	}
	return fresh
}

func (w *walk) copiedList(list []any) []any {
	if list == nil {
		return nil
	}
	fresh := make([]any, len(list))
	for i, value := range list {
		w.push(step{kind: stepItem, index: i})
		fresh[i] = w.copied(value)
		w.pop()
	}
	return fresh
}

// detach replaces what v, which can be set, refers to by copies: lists, maps, what is in interfaces
// and behind pointers. Structs are copied as an assignment does it, and then their exported fields
// are detached. So v shares with the value that it was copied from:
//
//   - what is behind pointers to structs without exported fields, and to closed ones: addresses,
//     locks, files, buffers;
//   - functions, channels, and errors in interfaces;
//   - keys of maps, and what is behind unexported fields.
//
// Floats that are not finite are refused.
func (w *walk) detach(v reflect.Value) {
	t := v.Type()
	if w.stop || w.still(t) {
		return
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		w.checkFloat(t, v.Float())
	case reflect.Interface:
		if in := w.copied(v.Interface()); in != nil {
			v.Set(reflect.ValueOf(in))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		fresh := reflect.New(t.Elem())
		fresh.Elem().Set(v.Elem())
		w.push(step{})
		w.detach(fresh.Elem())
		w.pop()
		v.Set(fresh.Convert(t))
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(fresh, v)
		v.Set(fresh)
		w.detachItems(v)
	case reflect.Array:
		w.detachItems(v)
	case reflect.Map:
		w.detachMap(v)
	case reflect.Struct:
		w.detachFields(v)
	}
}

func (w *walk) detachItems(v reflect.Value) {
	if w.still(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		w.push(step{kind: stepItem, index: i})
		w.detach(v.Index(i))
		w.pop()
	}
}

func (w *walk) detachMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
	elem := reflect.New(v.Type().Elem()).Elem()
	for iter := v.MapRange(); iter.Next() && !w.stop; {
		at := step{}
		if iter.Key().Kind() == reflect.String {
			at = step{kind: stepEntry, name: iter.Key().String()}
		}
		w.push(at)
		elem.Set(iter.Value())
		w.detach(elem)
		fresh.SetMapIndex(iter.Key(), elem)
		w.pop()
	}
	v.Set(fresh)
}

func (w *walk) detachFields(v reflect.Value) {
	switch v.Type() {
	case bigIntType:
		old := v.Interface().(big.Int)
		v.Set(reflect.ValueOf(*new(big.Int).Set(&old)))
		return
	case bigFloatType:
		old := v.Interface().(big.Float)
		v.Set(reflect.ValueOf(*new(big.Float).Copy(&old)))
		return
	case bigRatType:
		old := v.Interface().(big.Rat)
		v.Set(reflect.ValueOf(*new(big.Rat).Set(&old)))
		return
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); isReachable(f) {
			w.push(step{kind: stepField, name: f.Name})
			w.detach(v.Field(i))
			w.pop()
		}
	}
}

// isReachable tells whether reflection can set the field f, or fields in it.
func isReachable(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
}

// still tells whether a copy of a t by assignment has nothing to detach.
func (d *Decoder) still(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Interface, reflect.Slice, reflect.Map:
		return false
	case reflect.Pointer:
		e := t.Elem()
		return d.isHandle(e)
	case reflect.Array:
		return d.still(t.Elem())
	case reflect.Struct:
	default:
		return true
	}
	if known, ok := d.stills.Load(t); ok {
		return known.(bool)
	}
	still := true
	switch {
	case t == bigIntType || t == bigFloatType || t == bigRatType:
		still = false
	case d.isHandle(t):
	default:
		for i := range t.NumField() {
			if f := t.Field(i); isReachable(f) && !d.still(f.Type) {
				still = false
			}
		}
	}
	d.stills.Store(t, still)
	return still
}

// isHandle tells whether a struct, behind a pointer, is one that only its own package could copy.
func (d *Decoder) isHandle(t reflect.Type) bool {
	number := t == bigIntType || t == bigFloatType || t == bigRatType
	return t.Kind() == reflect.Struct && !number && (d.closed(t) || isOpaque(t))
}

func (w *walk) checkFloat(t reflect.Type, f float64) {
	switch {
	case w.trusted:
	case math.IsNaN(f):
		w.refuse(t, foundNaN)
	case math.IsInf(f, 0):
		w.refuse(t, foundInfinite)
	}
}
