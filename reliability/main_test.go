package reliability

import (
	"bytes"
	"runtime"
	"runtime/pprof"
)

// goroutines is how many there are.
func goroutines() int { return runtime.NumGoroutine() }

// stacks are those of all goroutines, equal ones together.
func stacks() string {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return err.Error()
	}
	return b.String()
}
