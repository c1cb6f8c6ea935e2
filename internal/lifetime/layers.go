// Package lifetime has contexts that end with another one or with a system, and what is known of
// the contexts that package context makes. It knows nothing of actors.
package lifetime

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"time"
)

// Layer is what a context adds to the one that it was made from.
type Layer uint8

// What a layer adds.
const (
	Unknown Layer = iota // of a type of the user's own: it may do anything
	Bottom               // Background or TODO: there is nothing below
	Bare                 // no values
	Valued               // a value, by context.WithValue
)

// kinds are the types of package context, and where their parents are. They are learned from
// specimens, and one that is not as it is expected to be stays nil, so that its contexts are
// Unknown.
type kinds struct {
	canceled, timed, valued, detached reflect.Type
	parentOf                          map[reflect.Type][]int // of canceled, timed and valued
	cancelKey                         any                    // finds the context that ends one
}

var known = learn()

var contextType = reflect.TypeFor[context.Context]()

// specimen is the parent of the specimens. It answers with the key it is asked for.
type specimen struct{ context.Context }

func (specimen) Err() error        { return context.Canceled }
func (specimen) Value(key any) any { return key }

// asked notes the key by which context.Cause looks for the context that was canceled.
type asked struct {
	specimen
	key *any
}

func (a asked) Value(key any) any {
	*a.key = key
	return nil
}

type specimenKey struct{}

func learn() (k kinds) {
	k.parentOf = map[reflect.Type][]int{}
	parent := specimen{context.Background()}
	canceled, cancel := context.WithCancel(parent)
	defer cancel()
	// in the past: there is no timer
	timed, cancelTimed := context.WithDeadline(parent, time.Unix(0, 0))
	defer cancelTimed()
	valued := context.WithValue(parent, specimenKey{}, 1)
	detached := context.WithoutCancel(parent)
	k.canceled = k.learn(canceled, parent)
	k.timed = k.learn(timed, parent)
	k.valued = k.learn(valued, parent)
	if k.valued != nil && !k.rebases(valued) {
		delete(k.parentOf, k.valued)
		k.valued = nil
	}
	if t := reflect.TypeOf(detached); t.Kind() == reflect.Struct && t.NumField() == 1 &&
		t.Field(0).Type == contextType && detachedFrom(detached) == context.Context(parent) {
		k.detached = t
	}
	var key any
	_ = context.Cause(asked{parent, &key})
	if key != nil && reflect.TypeOf(key).Kind() == reflect.Pointer &&
		canceled.Value(key) == canceled {
		k.cancelKey = key
	}
	return k
}

// learn returns the type of a specimen in which its parent was found, else nil.
func (k *kinds) learn(child, parent context.Context) reflect.Type {
	t := reflect.TypeOf(child)
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	f, ok := t.Elem().FieldByName("Context")
	if !ok || !f.IsExported() || f.Type != contextType || parentAt(child, f.Index) != parent {
		return nil
	}
	k.parentOf[t] = f.Index
	return t
}

// parentAt is the parent of a context, behind a pointer, in a field.
func parentAt(ctx context.Context, index []int) context.Context {
	parent, _ := reflect.ValueOf(ctx).Elem().FieldByIndex(index).Interface().(context.Context)
	return parent
}

// rebases tries whether a value keeps its key on another parent.
func (k kinds) rebases(valued context.Context) bool {
	moved := k.rebase(valued, specimen{context.Background()})
	return moved != nil && moved.Value(specimenKey{}) == 1 && moved.Value("other") == "other" &&
		valued.Value("other") == "other"
}

// rebase copies a Valued layer onto another parent.
func (k kinds) rebase(layer, parent context.Context) context.Context {
	moved := reflect.New(k.valued.Elem())
	moved.Elem().Set(reflect.ValueOf(layer).Elem())
	field := moved.Elem().FieldByIndex(k.parentOf[k.valued])
	if !field.CanSet() {
		return nil
	}
	field.Set(reflect.ValueOf(parent))
	return moved.Interface().(context.Context)
}

// Under returns what a context was made from, and what it adds to that. Under an Unknown one it
// sees nothing.
func Under(ctx context.Context) (parent context.Context, l Layer) {
	switch t := reflect.TypeOf(ctx); t {
	case known.canceled, known.timed:
		return parentAt(ctx, known.parentOf[t]), Bare
	case known.valued:
		return parentAt(ctx, known.parentOf[t]), Valued
	case known.detached:
		return detachedFrom(ctx), Bare
	case backgroundType, todoType:
		return nil, Bottom
	default:
		if promotes(t) {
			if parent := Embedded(ctx); parent != nil {
				return parent, Bare
			}
		}
	}
	return nil, Unknown
}

var (
	backgroundType = reflect.TypeOf(context.Background())
	todoType       = reflect.TypeOf(context.TODO())
)

// Rebase copies layers that are Valued, the newest first, onto another parent.
func Rebase(parent context.Context, layers []context.Context) context.Context {
	for i := len(layers) - 1; i >= 0; i-- {
		parent = known.rebase(layers[i], parent)
	}
	return parent
}

// Origin returns the context of package context that ctx ends with, at the same moment and with the
// same error; nil where code of a user's own may have a say.
func Origin(ctx context.Context) context.Context {
	for {
		switch t := reflect.TypeOf(ctx); {
		case t == known.canceled && t != nil, t == known.timed && t != nil:
			return ctx
		case t == known.valued && t != nil:
			ctx = parentAt(ctx, known.parentOf[t])
		default:
			return nil
		}
	}
}

// Embedded is the context that one of a user's own type has embedded; nil where there is none that
// can be seen.
func Embedded(ctx context.Context) context.Context {
	v := reflect.ValueOf(ctx)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	f, ok := embeddedIn(v.Type())
	if !ok {
		return nil
	}
	parent, _ := v.FieldByIndex(f.Index).Interface().(context.Context)
	return parent
}

func embeddedIn(t reflect.Type) (reflect.StructField, bool) {
	f, ok := t.FieldByName("Context")
	return f, ok && f.Anonymous && f.IsExported() && f.Type == contextType && len(f.Index) == 1
}

var promoted sync.Map // reflect.Type → bool

// promotes reports whether a type has its Value from the context that it embeds, and from nowhere
// else: it adds no values. A method that is promoted is one that the compiler has made.
func promotes(t reflect.Type) bool {
	if t == nil {
		return false
	}
	if p, ok := promoted.Load(t); ok {
		return p.(bool)
	}
	p := isPromoted(t)
	promoted.Store(t, p)
	return p
}

func isPromoted(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem() // a method of the pointer's own is not among those of the value
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	own, ok := embeddedIn(t)
	if !ok {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous || i == own.Index[0] {
			continue
		}
		if _, ok := reflect.PointerTo(f.Type).MethodByName("Value"); ok {
			return false
		}
		if _, ok := f.Type.MethodByName("Value"); ok {
			return false
		}
	}
	m, ok := t.MethodByName("Value")
	if !ok {
		return false
	}
	f := runtime.FuncForPC(m.Func.Pointer())
	if f == nil {
		return false
	}
	file, _ := f.FileLine(f.Entry())
	return file == "<autogenerated>"
}
