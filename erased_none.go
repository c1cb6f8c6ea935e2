//go:build akt_safe || !(amd64 || arm64) || go1.27

package akt

// erases says that erased.go is not in the build.
const erases = false

// erasedCall is for architectures and Go versions whose calls are understood; see erased.go.
func erasedCall(*handler) callFunc { return nil }
