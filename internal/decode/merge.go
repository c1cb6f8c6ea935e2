package decode

import "reflect"

// setting is a value that is set when nothing was refused.
type setting struct{ dst, value reflect.Value }

// Into sets fields on the struct that target points to, by the rules of Message, and merges them
// into what it holds as encoding/json does: fields that are left out keep their value, in structs
// within structs too, and behind pointers and in arrays; a map keeps the entries that are not
// named; a list, and a map's entry, is replaced as a whole.
//
// It never writes to what target refers to: a struct behind a pointer and a map are replaced by
// copies that were changed. And it is all or nothing: with an error the struct is as it was.
func (d *Decoder) Into(fields map[string]any, target any) error {
	v := reflect.ValueOf(target)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		w := &walk{Decoder: d}
		w.refuseFor(reflect.TypeOf(target), "a target without fields to set",
			"a pointer to a struct that is not nil")
		return w.err()
	}
	if len(fields) == 0 {
		return nil
	}
	p := d.planOf(v.Elem().Type())
	var sets []setting
	err := d.run(p, func(w *walk) {
		w.merging = true
		if p.form == formOpaque && !p.closed {
			w.structure(p, fields, v.Elem())
		} else {
			w.merge(p, fields, v.Elem())
		}
		sets = w.sets
	})
	if err != nil {
		return err
	}
	for _, s := range sets {
		s.dst.Set(s.value)
	}
	return nil
}

// merge notes what dst, which may hold something, is set to for what in gives.
func (w *walk) merge(p *plan, in any, dst reflect.Value) {
	if w.stop {
		return
	}
	if in != nil && reflect.TypeOf(in) != p.typ {
		switch p.form {
		case formStruct:
			if m, found := named(in, false); found == "" {
				w.structure(p, m, dst)
				return
			}
		case formPointer:
			if reflect.TypeOf(in).Kind() != reflect.Pointer && !dst.IsNil() {
				w.mergeBehind(p.elem, in, dst, dst)
				return
			}
		case formInterface:
			if w.mergesInterface(in, dst) {
				return
			}
		case formArray:
			if items, ok := in.([]any); ok && len(items) == dst.Len() {
				w.mergeItems(p, items, dst)
				return
			}
		}
	}
	fresh := reflect.New(p.typ).Elem()
	w.merging = false
	if p.form == formJSON && in != nil && !hidesReferences(p.typ) {
		w.trusted = true // what dst holds is not what was sent
		fresh.Set(dst)
		w.detach(fresh)
		w.trusted = false
	}
	w.value(p, in, fresh)
	w.merging = true
	if p.form == formMap && in != nil && !fresh.IsNil() && !dst.IsNil() {
		for iter := dst.MapRange(); iter.Next(); {
			if !fresh.MapIndex(iter.Key()).IsValid() {
				fresh.SetMapIndex(iter.Key(), iter.Value())
			}
		}
	}
	w.sets = append(w.sets, setting{dst, fresh})
}

// mergeBehind merges into a copy of what the pointer old points to, and notes that dst is to be a
// pointer to that.
func (w *walk) mergeBehind(p *plan, in any, old, dst reflect.Value) {
	fresh := reflect.New(p.typ)
	fresh.Elem().Set(old.Elem())
	w.push(step{})
	w.merge(p, in, fresh.Elem())
	w.pop()
	w.sets = append(w.sets, setting{dst, fresh.Convert(old.Type())})
}

// mergesInterface is mergeBehind for an interface that holds a pointer to a struct, where in is
// fields.
func (w *walk) mergesInterface(in any, dst reflect.Value) bool {
	old := dst.Elem()
	if !old.IsValid() || old.Kind() != reflect.Pointer || old.IsNil() {
		return false
	}
	inner := w.planOf(old.Type().Elem())
	if _, found := named(in, false); found != "" || inner.form != formStruct {
		return false
	}
	w.mergeBehind(inner, in, old, dst)
	return true
}

func (w *walk) mergeItems(p *plan, items []any, dst reflect.Value) {
	for i, item := range items {
		w.push(step{kind: stepItem, index: i})
		w.merge(p.elem, item, dst.Index(i))
		w.pop()
	}
}

// open is the struct that the embedded pointer v is to point to: a copy of the one that it points
// to, or a new one; the same one each time.
func (w *walk) open(v reflect.Value) reflect.Value {
	at := v.Addr().Pointer()
	if fresh, ok := w.opened[at]; ok {
		return fresh
	}
	fresh := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		fresh.Elem().Set(v.Elem())
	}
	if w.opened == nil {
		w.opened = map[uintptr]reflect.Value{}
	}
	w.opened[at] = fresh.Elem()
	w.sets = append(w.sets, setting{v, fresh.Convert(v.Type())})
	return fresh.Elem()
}

// hidesReferences tells whether a t has unexported fields behind which something may lie, so that a
// copy of it could not be changed alone.
func hidesReferences(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return hidesReferences(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !isReachable(f) && !isPlainData(f.Type) || hidesReferences(f.Type) {
				return true
			}
		}
	}
	return false
}

// isPlainData tells whether a t refers to nothing.
func isPlainData(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return isPlainData(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !isPlainData(t.Field(i).Type) {
				return false
			}
		}
		return true
	case reflect.Bool, reflect.String, reflect.Complex64, reflect.Complex128:
		return true
	}
	return isNumber(t.Kind())
}
