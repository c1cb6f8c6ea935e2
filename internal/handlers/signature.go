package handlers

import (
	"reflect"
	"slices"
)

// signature is the type of a method without its receiver, or that of a function.
type signature struct {
	in, out  []reflect.Type
	variadic bool
}

// signatureOf is that of a function's type, or that of a method, as a type has it or, without a
// receiver among its parameters, an interface.
func signatureOf(function reflect.Type, hasReceiver bool) signature {
	sig := signature{variadic: function.IsVariadic()}
	for i := range function.NumIn() {
		if i > 0 || !hasReceiver {
			sig.in = append(sig.in, function.In(i))
		}
	}
	for i := range function.NumOut() {
		sig.out = append(sig.out, function.Out(i))
	}
	return sig
}

// function is the signature as a type, which reads as the method's declaration does.
func (sig signature) function() reflect.Type {
	return reflect.FuncOf(sig.in, sig.out, sig.variadic)
}

// servesHTTP reports whether a method takes what that of an http.Handler does.
func (sig signature) servesHTTP() bool {
	return len(sig.in) == 2 && sig.in[0].PkgPath() == "net/http" &&
		sig.in[0].Name() == "ResponseWriter"
}

// concerns reports whether a method was written for the rules: a context is its first parameter, or
// their own one is a parameter or a result.
func (r Rules) concerns(sig signature) bool {
	if len(sig.in) > 0 && r.isContext(sig.in[0]) {
		return true
	}
	if sig.variadic && r.isOwn(sig.in[len(sig.in)-1].Elem()) {
		return true
	}
	return slices.ContainsFunc(sig.in, r.isOwn) || slices.ContainsFunc(sig.out, r.isOwn)
}

// isContext reports whether a handler may take a context of this type.
func (r Rules) isContext(t reflect.Type) bool { return t == typeContext || t == r.Context }

// isOwn reports whether a type is the rules' context, or a pointer to it, which nothing takes but
// what was written for them.
func (r Rules) isOwn(t reflect.Type) bool { return elemOf(t) == r.Context }
