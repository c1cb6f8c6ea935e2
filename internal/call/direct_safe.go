//go:build akt_safe

package call

import "github.com/aktgo/akt/internal/handlers"

// Built with the tag akt_safe, the package has no unsafe code: every method is called by
// reflection.

// Receiver is a *T in an interface value.
type Receiver = any

// ReceiverOf returns the receiver of a Typed call.
func ReceiverOf(self any) Receiver { return self }

// Opaque is a Typed.
type Opaque = any

// ToOpaque returns a call without its type.
func ToOpaque[C, M, R any](f Typed[C, M, R]) Opaque { return f }

// FromOpaque gives a call its type again.
func FromOpaque[C, M, R any](f Opaque) Typed[C, M, R] { return f.(Typed[C, M, R]) }

// TypedFor returns nil: there is no other way than reflection.
func TypedFor[C, M, R any](handlers.Method) Typed[C, M, R] { return nil }
