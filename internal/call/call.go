// Package call calls methods that were found by reflection, without reflection where that can be
// done: reflect.Value.Call costs ten times as much as the call itself.
//
// It has all unsafe code of calls, and none with the build tag akt_safe. There are two ways:
//
//   - A [Typed] is for a caller that knows the types of message and reply. It works everywhere
//     without that tag, and boxes nothing.
//   - A [Func] is for one that has them in interface values. It goes around reflection for the
//     layouts that erased.go knows, on the architectures and Go versions that it knows.
package call

import (
	"context"
	"reflect"

	"github.com/aktgo/akt/internal/handlers"
)

// Func calls a method on a receiver, a *T in an interface value, with a message of exactly the
// method's type. It returns a reply or an error, never both.
type Func[C any] func(self any, ctx C, msg any) (any, error)

// Typed calls a method with a message and a reply that are not boxed. A method without a reply
// returns the zero R, and one without an error nil.
type Typed[C, M, R any] func(self Receiver, ctx C, msg M) (R, error)

// FuncFor makes a call of a method for messages of any type: by reflection only where there is no
// other way. C is the struct that methods take as their context; the more of it than four words,
// the fewer are left for a message that is to go around reflection.
func FuncFor[C context.Context](m handlers.Method) Func[C] {
	if f := erased[C](m); f != nil {
		return f
	}
	return reflected[C](m)
}

// reflected calls a method by reflection.
func reflected[C context.Context](m handlers.Method) Func[C] {
	method, fails, replies := reflect.ValueOf(m.Expression), m.Fails, m.Reply != nil
	return func(self any, ctx C, msg any) (reply any, err error) {
		in := []reflect.Value{reflect.ValueOf(self), reflect.ValueOf(ctx), reflect.ValueOf(msg)}
		out := method.Call(in)
		if fails {
			if err, _ = out[len(out)-1].Interface().(error); err != nil {
				return nil, err
			}
		}
		if replies {
			reply = out[0].Interface()
		}
		return reply, nil
	}
}
