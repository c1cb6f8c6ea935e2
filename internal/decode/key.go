package decode

import (
	"reflect"
	"strconv"
	"time"
)

// keyForm is how the keys of a map are read from names, as encoding/json reads them.
type keyForm uint8

const (
	keyNone keyForm = iota
	keyString
	keyInt
	keyUint
	keyDuration
	keyJSON // from here on by the type's own code
	keyText
)

func keyFormOf(t reflect.Type) keyForm {
	switch {
	case readsText(t):
		return keyText
	case readsJSON(t) && (t.Kind() == reflect.String || isInt(t.Kind()) || isUint(t.Kind())):
		return keyJSON
	case t.Kind() == reflect.String:
		return keyString
	case t == durationType:
		return keyDuration
	case isInt(t.Kind()):
		return keyInt
	case isUint(t.Kind()):
		return keyUint
	}
	return keyNone
}

// isNumber tells whether keys of type t are read from whole numbers.
func (k keyForm) isNumber(t reflect.Type) bool {
	return k == keyInt || k == keyUint || k == keyJSON && t.Kind() != reflect.String
}

// mapping makes a map from what m has by name.
func (w *walk) mapping(p *plan, m map[string]any, dst reflect.Value) {
	if m == nil {
		return
	}
	out := reflect.MakeMapWithSize(p.typ, len(m))
	key, elem := reflect.New(p.typ.Key()).Elem(), reflect.New(p.elem.typ).Elem()
	for name, in := range w.entries(m) {
		if w.stop {
			return
		}
		w.push(step{kind: stepEntry, name: name})
		key.SetZero()
		elem.SetZero()
		before := len(w.errs)
		w.key(p, name, key)
		w.value(p.elem, in, elem)
		if len(w.errs) == before && !w.stop {
			if p.key != keyString && out.MapIndex(key).IsValid() {
				w.refuseFor(p.typ, "two names for one key", "one of them")
			}
			out.SetMapIndex(key, elem)
		}
		w.pop()
	}
	dst.Set(out)
}

// key sets a map's key to what name stands for.
func (w *walk) key(p *plan, name string, key reflect.Value) {
	t := p.typ.Key()
	switch p.key {
	case keyString:
		key.SetString(name)
	case keyInt:
		n, err := strconv.ParseInt(name, 10, t.Bits())
		if err != nil {
			w.refuseFor(p.typ,
				"a key that is no such number", "keys that are each "+wantedNumber(t))
		}
		key.SetInt(n)
	case keyUint:
		n, err := strconv.ParseUint(name, 10, t.Bits())
		if err != nil {
			w.refuseFor(p.typ,
				"a key that is no such number", "keys that are each "+wantedNumber(t))
		}
		key.SetUint(n)
	case keyDuration:
		d, err := time.ParseDuration(name)
		if err != nil {
			w.refuseFor(p.typ, "a key that is not a duration", `keys with a unit, such as "1.5s"`)
		}
		key.SetInt(int64(d))
	default:
		if !w.readKey(p.key, name, key) {
			w.refuseFor(p.typ, "a key that was not accepted", "keys that "+t.String()+" accepts")
		}
	}
}
