package akt_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/aktgo/akt"
)

// TestMain fails the run if a goroutine of the package outlives the tests: an idle or ended actor owns none; or a wait is in the graph,
// though nobody waits.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		left := leaked()
		if n := akt.Waiting(); n > 0 {
			left += fmt.Sprintf("\n\n%d nodes in the graph of those who wait", n)
		}
		if left != "" {
			fmt.Fprintf(os.Stderr, "left behind by the tests:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that run code of this module. Those that are about to end get some time for it.
func leaked() string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		runtime.GC() // so that what the collector releases has been released
		var dump bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&dump, 2); err != nil {
			return err.Error()
		}
		var left []string
		for _, stack := range strings.Split(dump.String(), "\n\n") {
			if strings.Contains(stack, "aktgo/akt") && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
		runtime.Gosched()
	}
}
