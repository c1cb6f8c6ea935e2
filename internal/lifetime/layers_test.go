package lifetime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type layerKey struct{}

// Contexts of a user's own types: those that only embed one, those with a Value of their own, and
// one that hides what it was made from.
type (
	embeds  struct{ context.Context }
	limits  struct{ context.Context }
	answers struct{ context.Context }
	behind  struct{ context.Context }
	unseen  struct{ parent context.Context }
)

func (limits) Deadline() (deadline time.Time, ok bool) { return deadline, false }

func (answers) Value(any) any { return "its own" }

func (*behind) Value(any) any { return "its own" }

func (u unseen) Deadline() (time.Time, bool) { return u.parent.Deadline() }
func (u unseen) Done() <-chan struct{}       { return u.parent.Done() }
func (u unseen) Err() error                  { return u.parent.Err() }
func (u unseen) Value(key any) any           { return u.parent.Value(key) }

// What a context adds to the one that it was made from is seen of the contexts of package context,
// and of those that only embed one; of all others nothing is.
func TestUnder(t *testing.T) {
	t.Parallel()
	parent := context.WithValue(context.Background(), layerKey{}, 1)
	canceled, cancel := context.WithCancel(parent)
	defer cancel()
	timed, cancelTimed := context.WithTimeout(parent, time.Hour)
	defer cancelTimed()
	detached := context.WithoutCancel(parent)
	ofDetached := Bare
	if detachedFrom(detached) == nil { // this build cannot look into it
		ofDetached = Unknown
	}
	for _, row := range []struct {
		name string
		ctx  context.Context
		adds Layer
	}{
		{"Background", context.Background(), Bottom},
		{"TODO", context.TODO(), Bottom},
		{"WithCancel", canceled, Bare},
		{"WithTimeout", timed, Bare},
		{"WithValue", context.WithValue(parent, layerKey{}, 2), Valued},
		{"WithoutCancel", detached, ofDetached},
		{"one that embeds it", embeds{parent}, Bare},
		{"a pointer to one that embeds it", &embeds{parent}, Bare},
		{"one that embeds it and has other methods", limits{parent}, Bare},
		{"one that embeds nothing", embeds{}, Unknown},
		{"one with a Value of its own", answers{parent}, Unknown},
		{"one with a Value of its pointer's own", &behind{parent}, Unknown},
		{"one that only its own package can look into", unseen{parent}, Unknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			under, adds := Under(row.ctx)
			require.Equal(t, row.adds, adds)
			if adds == Bare || adds == Valued {
				require.Equal(t, parent, under)
			} else {
				require.Nil(t, under)
			}
		})
	}
}
