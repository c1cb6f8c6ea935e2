package benchmarks

import (
	"context"
	"testing"
	"time"
)

// load is the condition under which a library is measured.
type load struct {
	name string // as in ctx=background/clients=one
	ctx  context.Context
	all  bool // one client for each of GOMAXPROCS, instead of one
}

// everyLoad returns all conditions. Their contexts are good until b ends.
func everyLoad(b *testing.B) []load {
	b.Helper()
	soon, cancel := farDeadline()
	b.Cleanup(cancel)
	return []load{
		{"ctx=background/clients=one", forever, false},
		{"ctx=background/clients=all", forever, true},
		{"ctx=deadline/clients=one", soon, false},
		{"ctx=deadline/clients=all", soon, true},
	}
}

// forever can never end, as opposed to the context of a test.
var forever = context.Background()

// farDeadline can end, and will not.
func farDeadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(forever, time.Hour)
}
