package tests_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// advNil panics with nil in its OnStopping.
type advNil struct{ stopped chan struct{} }

func (*advNil) HandlePing(ctx akt.Context, _ advPing) { ctx.Stop() }

func (*advNil) OnStopping(akt.Context) bool { panic(nil) } //nolint:govet // that is the point

func (n *advNil) OnStopped(akt.Context) { n.stopped <- struct{}{} }

// L5: a panic in OnStopping counts as true and ends the actor once, also panic(nil) where GODEBUG lets that look like a Goexit.
func TestAdvNilPanicInOnStopping(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for range 20 {
		for name, stop := range map[string]func(*akt.Address){
			"asked": func(a *akt.Address) { require.NoError(t, a.TryNotify(context.Background(), advPing{})) },
			"told":  (*akt.Address).Stop,
		} {
			n := &advNil{make(chan struct{}, 2)}
			addr, err := sysQuiet().Run(n)
			require.NoError(t, err)
			stop(addr)
			<-addr.Done()
			require.NoError(t, addr.Err(), name)
			require.Len(t, n.stopped, 1, name)
		}
	}
}
