//go:build !akt_safe && (amd64 || arm64) && !go1.27

package tests_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	allocCounter struct{ n int }
	allocAdd     struct{ N int }
	allocAsk     struct{ To *akt.Address }
)

func (c *allocCounter) HandleAdd(_ akt.Context, m allocAdd) (int, error) {
	c.n += m.N
	return c.n, nil
}

// HandleAsk passes its Context on.
func (c *allocCounter) HandleAsk(ctx akt.Context, m allocAsk) (int, error) {
	return akt.Ask[int](ctx, m.To, allocAdd{1})
}

// Speed: a call of an idle actor costs no more allocations than these. Where Send has one, it is
// the reply's box; the message's own is the caller's.
//
//nolint:paralleltest // AllocsPerRun counts those of the whole process
func TestAllocations(t *testing.T) {
	ctx := context.Background()
	addr, other := run(t, &allocCounter{}), run(t, &allocCounter{})
	recipient, err := akt.RecipientOf[allocAdd, int](addr)
	require.NoError(t, err)
	var boxed any = allocAdd{1000}
	for _, row := range []struct {
		name   string
		budget float64
		call   func() error
	}{
		{"Ask", 0, func() error { _, err := akt.Ask[int](ctx, addr, allocAdd{1000}); return err }},
		{"Recipient.Send", 0, func() error {
			_, err := recipient.Send(ctx, allocAdd{1000})
			return err
		}},
		{"Ask of a handler that passes its Context on", 1, func() error {
			_, err := akt.Ask[int](ctx, addr, allocAsk{other})
			return err
		}},
		{"Send", 1, func() error { _, err := addr.Send(ctx, boxed); return err }},
		{"Send of a message that is boxed for it", 2, func() error {
			_, err := addr.Send(ctx, allocAdd{1000})
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var failed error
			allocs := testing.AllocsPerRun(1000, func() {
				if err := row.call(); err != nil {
					failed = err
				}
			})
			require.NoError(t, failed)
			require.LessOrEqual(t, allocs, row.budget)
		})
	}
}
