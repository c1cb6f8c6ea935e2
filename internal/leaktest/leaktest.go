// Package leaktest runs the tests of a package and fails where they leave something behind.
package leaktest

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// module is part of the stack of every goroutine that runs code of this module.
const module = "aktgo/akt"

// Main is the body of a TestMain. It fails the run if a goroutine of this module outlives the
// tests, because an idle or ended actor owns none, or if one of checks says what else is left.
func Main(m *testing.M, checks ...func() string) {
	code := m.Run()
	if code == 0 {
		left := Goroutines(5 * time.Second)
		for _, check := range checks {
			left += check()
		}
		if left != "" {
			fmt.Fprintf(os.Stderr, "left behind by the tests:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// Goroutines returns the stacks of the goroutines that run code of this module, but for those of
// TestMain. Those that are about to end have until patience is over.
func Goroutines(patience time.Duration) string {
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		runtime.GC() // so that what the collector releases has been released
		var dump bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&dump, 2); err != nil {
			return err.Error()
		}
		var left []string
		for stack := range strings.SplitSeq(dump.String(), "\n\n") {
			if strings.Contains(stack, module) && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}
