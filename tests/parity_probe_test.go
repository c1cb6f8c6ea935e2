package tests_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// parityProbe is an actor made of functions: its hooks, and what its one message says.
type parityProbe struct {
	start    func(akt.Context) error
	stopping func(akt.Context) bool
	stopped  func(akt.Context)
	log      []string // of parityNote, and of the hooks that are nil
}

type (
	// parityDo is answered with what f returns.
	parityDo struct {
		f func(akt.Context) (any, error)
	}
	// parityNote is written down, and answered with everything that was.
	parityNote string
)

func (*parityProbe) HandleDo(ctx akt.Context, m parityDo) (any, error) { return m.f(ctx) }

func (p *parityProbe) HandleNote(_ akt.Context, m parityNote) []string {
	p.log = append(p.log, string(m))
	return p.log
}

func (p *parityProbe) OnStart(ctx akt.Context) error {
	if p.start != nil {
		return p.start(ctx)
	}
	p.log = append(p.log, "OnStart")
	return nil
}

func (p *parityProbe) OnStopping(ctx akt.Context) bool {
	if p.stopping != nil {
		return p.stopping(ctx)
	}
	p.log = append(p.log, "OnStopping")
	return true
}

func (p *parityProbe) OnStopped(ctx akt.Context) {
	if p.stopped != nil {
		p.stopped(ctx)
		return
	}
	p.log = append(p.log, "OnStopped")
}

// parityStop is a message whose handler stops its actor, and replies.
var parityStop = parityDo{func(ctx akt.Context) (any, error) { ctx.Stop(); return "bye", nil }}

// privateOf returns the private address of an actor that is a parityProbe.
func privateOf(t *testing.T, addr *akt.Address) *akt.PrivateAddress {
	t.Helper()
	private, err := addr.Send(t.Context(), parityDo{func(ctx akt.Context) (any, error) { return ctx.Private(), nil }})
	require.NoError(t, err)
	return private.(*akt.PrivateAddress)
}

// parityLog is a log to look into.
type parityLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *parityLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *parityLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *parityLog) option() akt.Option { return akt.WithLogger(slog.New(slog.NewTextHandler(l, nil))) }
