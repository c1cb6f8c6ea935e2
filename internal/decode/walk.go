// Package decode builds values from fields by name, strictly: names go by the json tag, every key
// has to name a field, and a value that a field cannot hold exactly is refused. Errors name kinds
// and types, never values, which may be secrets.
//
// A type is looked at once: what its values are made of is a plan, kept by its reflect.Type. A walk
// then goes through the plan and the input side by side, and sets each value where it belongs.
package decode

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
)

const (
	// maxDepth is how many lists, maps, structs and pointers may lie in each other, as in
	// encoding/json.
	maxDepth = 10000
	// maxErrors is how many refusals are collected before giving up.
	maxErrors = 20
)

// Decoder builds values by plans that it keeps.
type Decoder struct {
	closed func(reflect.Type) bool
	plans  sync.Map // reflect.Type → *plan
	stills sync.Map // reflect.Type → bool: see still

	mu       sync.Mutex
	building map[reflect.Type]*plan // guarded by mu; plans that are not complete yet
}

// New makes a Decoder. Besides structs that no fields can build – see opaque – it builds none of
// which closed says so; closed may be nil.
func New(closed func(reflect.Type) bool) *Decoder {
	if closed == nil {
		closed = func(reflect.Type) bool { return false }
	}
	return &Decoder{closed: closed, building: map[reflect.Type]*plan{}}
}

// Message builds a value of type t from fields. The type is a struct, a map whose keys
// encoding/json knows, a type with an UnmarshalJSON of its own, or a pointer to one of those.
// Fields that are left out stay zero, and nil fields stand for none.
//
// The value shares with fields only what cannot be copied: see [walk.detach].
//
// The error is the only *Error, or unwraps to several, ordered by path; then the value is the zero
// reflect.Value.
func (d *Decoder) Message(fields map[string]any, t reflect.Type) (reflect.Value, error) {
	if fields == nil {
		fields = map[string]any{}
	}
	var p *plan
	if t != nil {
		p = d.planOf(t)
	}
	if !p.takesFields() {
		w := &walk{Decoder: d}
		w.refuseFor(t, "fields",
			"a message type that is a struct, a map, or has an UnmarshalJSON, "+
				"or a pointer to one; such a message cannot be built from fields")
		return reflect.Value{}, w.err()
	}
	var out reflect.Value
	err := d.run(p, func(w *walk) {
		out = reflect.New(t).Elem()
		dst, base := out, p
		for ; base.form == formPointer; base = base.elem {
			dst.Set(reflect.New(base.elem.typ))
			dst = dst.Elem()
		}
		if base.form == formOpaque { // all its fields are left out
			w.structure(base, fields, dst)
			return
		}
		w.value(base, fields, dst)
	})
	if err != nil {
		return reflect.Value{}, err
	}
	return out, nil
}

// Clone copies fields deeply, as an interface field of a message takes them, whatever they are.
func (d *Decoder) Clone(fields map[string]any) (clone map[string]any, err error) {
	err = d.run(nil, func(w *walk) {
		w.trusted = true
		clone, _ = w.copied(fields).(map[string]any)
	})
	return clone, err
}

// run has a fresh walk do something that can be done again. Where several refusals come of it, it
// is done once more with all keys in order, so that the same ones are reported each time. Where p
// leads to code of the users, it runs on a goroutine of its own, which that code may end.
func (d *Decoder) run(p *plan, do func(*walk)) error {
	w := &walk{Decoder: d}
	twice := func() {
		do(w)
		if len(w.errs) > 1 {
			*w = walk{Decoder: d, alone: w.alone, sorted: true}
			do(w)
		}
	}
	if p == nil || !p.isForeign() {
		twice()
		return w.err()
	}
	w.alone = true
	if !onOwnGoroutine(twice) {
		w.refuseFor(w.reading, "a value at which the type's own code ended its goroutine",
			wantedOf(w.reading))
	}
	return w.err()
}

// onOwnGoroutine calls f on a goroutine that f may end, and reports whether f returned. A panic
// goes on here.
func onOwnGoroutine(f func()) bool {
	var panicked any
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		f()
		returned = true
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
	return returned
}

// walk is one way through a plan and its input. It checks every value where it is set, because only
// there the path is known.
type walk struct {
	*Decoder
	at      []step // the way to here
	errs    []*Error
	stop    bool
	sorted  bool         // keys are taken in order
	alone   bool         // on a goroutine that users' code may end
	trusted bool         // the copied value was there before, and is not checked
	reading reflect.Type // the type whose own code was called last

	merging bool // see Into
	sets    []setting
	opened  map[uintptr]reflect.Value
}

// entries yields what is in m: in the order of the keys where that counts.
func (w *walk) entries(m map[string]any) func(func(string, any) bool) {
	if !w.sorted {
		return maps.All(m)
	}
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// push goes one step further. Where that is too far, nothing more is done.
func (w *walk) push(s step) {
	w.at = append(w.at, s)
	if len(w.at) > maxDepth {
		w.tooDeep()
	}
}

// tooDeep refuses what is nested too deep. Nothing more is done then.
func (w *walk) tooDeep() {
	if w.stop {
		return
	}
	w.stop = true
	w.refuseFor(reflect.TypeFor[any](), "a value nested too deep",
		fmt.Sprintf("at most %d levels; a map or list that holds itself has no end", maxDepth))
}

// pop goes back by a step.
func (w *walk) pop() { w.at = w.at[:len(w.at)-1] }
