//go:build !akt_safe && (amd64 || arm64) && !go1.27

package call

import (
	"context"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/aktgo/akt/internal/handlers"
	"github.com/aktgo/akt/internal/typecache"
)

// A Func knows the message's type only as a reflect.Type. This file calls such a method without
// reflect.Value.Call where message and reply are of a kind whose passing is understood:
//
//   - Go's internal ABI (https://go.dev/s/regabi) passes each scalar field of a parameter in an
//     integer register of its own, in order, as long as there are any. A func(…, M) may therefore
//     be called as a func(…, uintptr, uintptr), with the fields loaded into the words. Their upper
//     bits do not matter.
//   - The context is passed as the C that it is, and spareWords finds how many registers that
//     takes: of the nine on amd64, receiver and a context of four words leave four.
//   - The words are uintptrs only between the load and the call, and msg is kept alive over both.
//     In the callee they are its own parameters, with their own types.
// Invariant:
//
//   - Enough-Room: the caller reserves the memory into which the callee may spill its parameters,
//     by the type that it knows. A message with a field of size zero at its end is larger than the
//     registers it takes; so it is passed in as many words as it has in memory, of which the callee
//     ignores the last.
//   - Results come back in registers the same way, so (R, error) may be received as a struct of an
//     R-like field and an error. A result that is a pointer is received as an unsafe.Pointer, never
//     as a uintptr.
//
// A result of size zero takes no register. Everything else – floats, arrays of several elements,
// blank fields, interfaces with methods, replies of several scalars – stays with reflection, and so
// do other architectures, Go versions not tried, and the build tag akt_safe. TestErased compares
// every kind with reflection.

// erases says that this file is in the build.
const erases = true

// erased returns a call of a method without reflection, or nil.
func erased[C context.Context](method handlers.Method) Func[C] {
	t, spare := method.Message, spareWords(reflect.TypeFor[C]())
	words, ok := flatten(t, 0, nil)
	if !ok || spare < 0 || t.Size() > uintptr(spare)*wordSize {
		return nil
	}
	if t.Kind() == reflect.Interface && t.NumMethod() > 0 {
		return nil
	}
	for uintptr(len(words))*wordSize < t.Size() {
		words = append(words, scalarAt{0, 1}) // Enough-Room
	}
	if len(words) > spare {
		return nil
	}
	m := erasedMessage{words: words}
	switch {
	case t.Kind() == reflect.Interface:
		m.held = byItself
	case isDirect(t):
		m.held = inDataWord
	}
	switch {
	case method.Reply != nil:
		return erasedReply[C](method, m)
	case method.Fails:
		return erase[failure, C](method, m)
	default:
		return erase[nothing, C](method, m)
	}
}

// spareWords is how many words a message may have at most, so that it is passed in registers after
// a receiver and a context of type t. It is negative where the context itself is not.
func spareWords(t reflect.Type) int {
	const registers = 9 // for integers, on amd64; arm64 has more
	words, ok := flatten(t, 0, nil)
	if !ok {
		return -1
	}
	return min(maxWords, registers-1-len(words))
}

// maxWords is how many words a message may have for whatever context: erasedWith has a case for
// each number.
const maxWords = 4

// erasedReply is erased for a method with a reply.
func erasedReply[C context.Context](method handlers.Method, m erasedMessage) Func[C] {
	switch t := method.Reply; {
	case t.Size() == 0 && !isDirect(t):
		return eraseWith[empty, emptyOrError, C](method, m)
	case t.Kind() == reflect.String:
		return eraseWith[text, textOrError, C](method, m)
	case t.Kind() == reflect.Slice:
		return eraseWith[slice, sliceOrError, C](method, m)
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return eraseWith[dynamic, dynamicOrError, C](method, m)
	case isScalar(t):
		return eraseWith[scalar, scalarOrError, C](method, m)
	case isPointer(t):
		return eraseWith[pointer, pointerOrError, C](method, m)
	}
	return nil
}

// eraseWith chooses between a result with an error and one without.
func eraseWith[R, E result, C context.Context](method handlers.Method, m erasedMessage) Func[C] {
	if method.Fails {
		return erase[E, C](method, m)
	}
	return erase[R, C](method, m)
}

func erase[R result, C context.Context](method handlers.Method, m erasedMessage) Func[C] {
	var reply typecache.ID
	if method.Reply != nil {
		reply = typecache.IDOf(reflect.Zero(method.Reply).Interface())
	}
	if method.Plain {
		plain := func(ctx C) context.Context { return ctx }
		return erasedWith[R](method.Expression, m, reply, plain)
	}
	return erasedWith[R](method.Expression, m, reply, func(ctx C) C { return ctx })
}

// erasedWith makes the call for a form of result, what the method has of a context, and as many
// words as the message has. The closures have what they need in themselves, which is a cache line
// or little more.
func erasedWith[R result, C, As context.Context](
	method any, m erasedMessage, reply typecache.ID, as func(C) As,
) Func[C] {
	var w [maxWords]scalarAt
	copy(w[:], m.words)
	a, b, c, d, held := w[0], w[1], w[2], w[3], m.held
	switch len(m.words) {
	case 0:
		call := retyped[func(Receiver, As) R](method)
		return func(self any, ctx C, msg any) (any, error) {
			return call(ReceiverOf(self), as(ctx)).box(reply)
		}
	case 1:
		call := retyped[func(Receiver, As, uintptr) R](method)
		return func(self any, ctx C, msg any) (any, error) {
			p := held.in(&msg)
			r := call(ReceiverOf(self), as(ctx), a.load(p))
			runtime.KeepAlive(msg)
			return r.box(reply)
		}
	case 2:
		call := retyped[func(Receiver, As, uintptr, uintptr) R](method)
		return func(self any, ctx C, msg any) (any, error) {
			p := held.in(&msg)
			r := call(ReceiverOf(self), as(ctx), a.load(p), b.load(p))
			runtime.KeepAlive(msg)
			return r.box(reply)
		}
	case 3:
		call := retyped[func(Receiver, As, uintptr, uintptr, uintptr) R](method)
		return func(self any, ctx C, msg any) (any, error) {
			p := held.in(&msg)
			r := call(ReceiverOf(self), as(ctx), a.load(p), b.load(p), c.load(p))
			runtime.KeepAlive(msg)
			return r.box(reply)
		}
	default:
		call := retyped[func(Receiver, As, uintptr, uintptr, uintptr, uintptr) R](method)
		return func(self any, ctx C, msg any) (any, error) {
			p := held.in(&msg)
			r := call(ReceiverOf(self), as(ctx), a.load(p), b.load(p), c.load(p), d.load(p))
			runtime.KeepAlive(msg)
			return r.box(reply)
		}
	}
}

// erasedMessage says how a message is passed.
type erasedMessage struct {
	words []scalarAt
	held  held
}

// scalarAt is a scalar in a message, or in what holds it. A message of no more than four words is
// small.
type scalarAt struct{ offset, size uint16 }

// held says where the message is in an interface value that has it.
type held uint8

const (
	behindDataWord held = iota // the second word points to it
	inDataWord                 // it is the second word
	byItself                   // the message is the interface value
)

// in is where the message's scalars are.
func (h held) in(msg *any) unsafe.Pointer {
	switch data := &(*[2]unsafe.Pointer)(unsafe.Pointer(msg))[1]; h {
	case behindDataWord:
		return *data
	case inDataWord:
		return unsafe.Pointer(data)
	}
	return unsafe.Pointer(msg)
}

// load reads a scalar.
func (s scalarAt) load(p unsafe.Pointer) uintptr {
	switch p = unsafe.Add(p, uintptr(s.offset)); s.size {
	case 1:
		return uintptr(*(*uint8)(p))
	case 2:
		return uintptr(*(*uint16)(p))
	case 4:
		return uintptr(*(*uint32)(p))
	}
	return *(*uintptr)(p)
}

const wordSize = unsafe.Sizeof(uintptr(0))

// flatten appends the scalars of a type in the order in which they are passed, if all of them are
// passed in integer registers.
func flatten(t reflect.Type, offset uintptr, to []scalarAt) ([]scalarAt, bool) {
	const word = uint16(wordSize)
	at := uint16(offset)
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil, false
	case reflect.String, reflect.Interface:
		return append(to, scalarAt{at, word}, scalarAt{at + word, word}), true
	case reflect.Slice:
		to = append(to, scalarAt{at, word}, scalarAt{at + word, word})
		return append(to, scalarAt{at + 2*word, word}), true
	case reflect.Array:
		return to, t.Len() == 0
	case reflect.Struct:
		ok := true
		for i := 0; ok && i < t.NumField(); i++ {
			f := t.Field(i)
			if f.Name == "_" {
				return nil, false
			}
			to, ok = flatten(f.Type, offset+f.Offset, to)
		}
		return to, ok
	}
	return append(to, scalarAt{at, uint16(t.Size())}), true
}

// isScalar reports whether a type is one scalar without a pointer.
func isScalar(t reflect.Type) bool {
	if t.Kind() == reflect.Struct {
		return t.NumField() == 1 && t.Field(0).Name != "_" && isScalar(t.Field(0).Type)
	}
	return reflect.Bool <= t.Kind() && t.Kind() <= reflect.Uintptr
}

// isPointer reports whether a type is one pointer, which an interface value holds as its second
// word.
func isPointer(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		return t.NumField() == 1 && t.Field(0).Name != "_" && isPointer(t.Field(0).Type)
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return isDirect(t)
	}
	return false
}

// isDirect reports whether the second word of an interface value is a value of the type itself: for
// the zero value it is nil then.
func isDirect(t reflect.Type) bool {
	zero := reflect.Zero(t).Interface()
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&zero))[1] == nil
}

// boxOf makes an interface value of a type's word and its second one.
func boxOf(t typecache.ID, data unsafe.Pointer) (v any) {
	words := (*struct {
		t    typecache.ID
		data unsafe.Pointer
	})(unsafe.Pointer(&v))
	words.t, words.data = t, data
	return v
}

// result is what a method returns, as its registers: box makes of it what a Func returns.
type result interface {
	box(reply typecache.ID) (any, error)
}

type (
	nothing       struct{}
	failure       struct{ err error }
	scalar        struct{ w uintptr }
	scalarOrError struct {
		scalar
		err error
	}
	pointer        struct{ p unsafe.Pointer }
	pointerOrError struct {
		pointer
		err error
	}
	text        struct{ s string }
	textOrError struct {
		text
		err error
	}
	slice        struct{ s []byte } // of whatever element: only its three words are copied
	sliceOrError struct {
		slice
		err error
	}
	empty          struct{} // in no register
	emptyOrError   struct{ err error }
	dynamic        struct{ v any }
	dynamicOrError struct {
		dynamic
		err error
	}
)

func (nothing) box(typecache.ID) (any, error)   { return nil, nil }
func (empty) box(t typecache.ID) (any, error)   { return boxOf(t, unsafe.Pointer(&empty{})), nil }
func (r failure) box(typecache.ID) (any, error) { return nil, r.err }

// The bytes of a smaller scalar come first in the word: both architectures are little-endian.
func (r scalar) box(t typecache.ID) (any, error) {
	w := r.w
	return boxOf(t, unsafe.Pointer(&w)), nil
}
func (r pointer) box(t typecache.ID) (any, error) { return boxOf(t, r.p), nil }
func (r text) box(t typecache.ID) (any, error) {
	s := r.s
	return boxOf(t, unsafe.Pointer(&s)), nil
}
func (r slice) box(t typecache.ID) (any, error) {
	s := r.s
	return boxOf(t, unsafe.Pointer(&s)), nil
}
func (r dynamic) box(typecache.ID) (any, error) { return r.v, nil }

func (r emptyOrError) box(t typecache.ID) (any, error)   { return orError(empty{}, t, r.err) }
func (r scalarOrError) box(t typecache.ID) (any, error)  { return orError(r.scalar, t, r.err) }
func (r pointerOrError) box(t typecache.ID) (any, error) { return orError(r.pointer, t, r.err) }
func (r textOrError) box(t typecache.ID) (any, error)    { return orError(r.text, t, r.err) }
func (r sliceOrError) box(t typecache.ID) (any, error)   { return orError(r.slice, t, r.err) }
func (r dynamicOrError) box(t typecache.ID) (any, error) { return orError(r.dynamic, t, r.err) }

func orError[R result](r R, t typecache.ID, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return r.box(t)
}
