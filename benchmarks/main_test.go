package benchmarks

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

// TestMain fails the run if a goroutine of this module outlives the tests and benchmarks.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that run code of this module. Those that are about to end get some time for it.
func leaked() string {
	for deadline := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		var dump bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&dump, 2); err != nil {
			return err.Error()
		}
		var left []string
		for stack := range strings.SplitSeq(dump.String(), "\n\n") {
			if strings.Contains(stack, "aktgo/akt") && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}
