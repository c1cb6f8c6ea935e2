//go:build akt_safe

package akt

import "reflect"

// Built with the tag akt_safe, the package has no unsafe code: every handler is called by
// reflection, or as Bind says.

type receiver = any

func receiverOf(self any) receiver { return self }

type typeID uintptr

func dynamicType(v any) typeID {
	if v == nil {
		return 0
	}
	return idOf(reflect.TypeOf(v))
}

// someCall is a typedCall.
type someCall = any

func forgotten[M, R any](call typedCall[M, R]) someCall { return call }

func recalled[M, R any](call someCall) typedCall[M, R] { return call.(typedCall[M, R]) }

// idOf is the address of the type's description, by which reflect tells types apart too.
func idOf(t reflect.Type) typeID { return typeID(reflect.ValueOf(t).Pointer()) }

func typedFor[M, R any](*handler) typedCall[M, R] { return nil }
