package akt

import (
	"fmt"
	"testing"

	"github.com/aktgo/akt/internal/leaktest"
)

// TestMain fails the run also if a wait is left in the graph, though nobody waits any more.
func TestMain(m *testing.M) {
	leaktest.Main(m, func() string {
		if n := waiters.Len(); n > 0 {
			return fmt.Sprintf("\n\n%d nodes in the graph of those who wait", n)
		}
		return ""
	})
}
