// Package tests_test tests akt from outside: what its documentation promises, file by file and
// theme by theme. What has to see the inside is tested beside the code.
package tests_test

import (
	"testing"

	"github.com/aktgo/akt/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
