package leaktest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A goroutine of the module is found while it is there, and named by its stack.
//
//nolint:paralleltest // goroutines of other tests would be found, too
func TestGoroutines(t *testing.T) {
	stay, gone := make(chan struct{}), make(chan struct{})
	go linger(stay, gone)
	require.Contains(t, leaktest.Goroutines(0), "leaktest_test.linger")
	close(stay)
	<-gone
}

func linger(stay, gone chan struct{}) {
	<-stay
	close(gone)
}
