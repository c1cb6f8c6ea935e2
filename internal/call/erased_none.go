//go:build akt_safe || !(amd64 || arm64) || go1.27

package call

import (
	"context"

	"github.com/aktgo/akt/internal/handlers"
)

// erases says that erased.go is not in the build.
const erases = false

// erased is for architectures and Go versions whose calls are understood; see erased.go.
func erased[C context.Context](handlers.Method) Func[C] { return nil }
