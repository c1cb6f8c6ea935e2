package model_test

import (
	"testing"

	"github.com/aktgo/akt/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
