package tests_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These helpers run actors, and send to them by each way there is.

// run runs an actor in a system of its own, which is shut down with the test.
func run(t *testing.T, actor any, opts ...akt.Option) *akt.Address {
	t.Helper()
	system := akt.NewSystem()
	addr, err := system.Run(actor, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutDown(t, system) })
	return addr
}

func shutDown(t *testing.T, system *akt.System) {
	t.Helper()
	if err := system.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// runNamed runs dolls in one system.
func runNamed(t *testing.T, names ...string) []*akt.Address {
	t.Helper()
	system := akt.NewSystem()
	t.Cleanup(func() { shutDown(t, system) })
	var addrs []*akt.Address
	for _, name := range names {
		addr, err := system.Run(&doll{}, akt.WithName(name), quiet())
		require.NoError(t, err)
		addrs = append(addrs, addr)
	}
	return addrs
}

// sysRun runs an actor and returns a function that tells what its system says of it.
func sysRun(
	t *testing.T, system *akt.System, actor any, opts ...akt.Option,
) (*akt.Address, func() akt.Info) {
	t.Helper()
	addr, err := system.Run(actor, opts...)
	require.NoError(t, err)
	return addr, func() akt.Info {
		for info := range system.Actors() {
			if info.Name == addr.Name() {
				return info
			}
		}
		t.Errorf("%v is not among the actors", addr)
		return akt.Info{}
	}
}

func sysQuiet(opts ...akt.Option) *akt.System {
	return akt.NewSystem(akt.WithDefaults(append(opts, quiet())...))
}

// quiet keeps expected failures out of the tests' output.
func quiet() akt.Option { return akt.WithLogger(slog.New(slog.DiscardHandler)) }

// supAlways is a Supervisor's Decide that always decides the same.
func supAlways(d akt.Directive) func(akt.Failure) akt.Directive {
	return func(akt.Failure) akt.Directive { return d }
}

// supOption is the option of a Supervisor that always decides the same, and waits for no restart.
func supOption(d akt.Directive) akt.Option {
	return akt.WithSupervisor(
		akt.Supervisor{Decide: supAlways(d), MaxRestarts: -1, BackoffMin: 1, BackoffMax: 1})
}

// later starts a call and returns what its error will be.
func later(call func() error) <-chan error {
	err := make(chan error, 1)
	go func() { err <- call() }()
	synctest.Wait()
	return err
}

// sendLater starts a Send that cannot be cancelled.
func sendLater(to akt.Sender, msg any) <-chan error {
	return later(func() error { _, err := to.Send(context.Background(), msg); return err })
}

// sendPath is a way in which a request gets to its handler. All promises hold on all paths.
type sendPath struct {
	name   string
	inline bool // the handler runs on the sender's goroutine, where the actor is idle
	opts   []akt.Option
	ctx    func(t *testing.T) context.Context
	way    func(context.Context, *akt.Address, any) (any, error)
}

// send sends a request on this path.
func (p sendPath) send(t *testing.T, to *akt.Address, msg any) (any, error) {
	t.Helper()
	return p.way(p.ctx(t), to, msg)
}

func (p sendPath) run(t *testing.T, actor any) *akt.Address {
	t.Helper()
	return run(t, actor, append([]akt.Option{quiet()}, p.opts...)...)
}

// runWith is run with more options.
func (p sendPath) runWith(t *testing.T, actor any, opts ...akt.Option) *akt.Address {
	t.Helper()
	return run(t, actor, append(append([]akt.Option{quiet()}, p.opts...), opts...)...)
}

// typedSend sends with Ask or a Recipient, as a call site does that knows the types.
func typedSend(ctx context.Context, to *akt.Address, msg any) (any, error) {
	switch msg := msg.(type) {
	case dollAct:
		return akt.Ask[any](ctx, to, msg)
	case Note:
		recipient, err := akt.RecipientOf[Note, int](to)
		if err != nil {
			return nil, err
		}
		reply, err := recipient.Send(ctx, msg)
		if err != nil {
			return nil, err
		}
		return reply, nil
	case Stray:
		_, err := akt.Ask[struct{}](ctx, to, msg)
		return nil, err
	}
	return nil, fmt.Errorf("typedSend does not know %T", msg)
}

func sendPaths() []sendPath {
	endless := func(*testing.T) context.Context { return context.Background() }
	canEnd := func(t *testing.T) context.Context { t.Helper(); return t.Context() }
	untyped := func(ctx context.Context, to *akt.Address, msg any) (any, error) {
		return to.Send(ctx, msg)
	}
	return []sendPath{
		{name: "queued", ctx: canEnd, way: untyped},
		{name: "queued, typed", ctx: canEnd, way: typedSend},
		{name: "inline, with a ctx that cannot end", inline: true, ctx: endless, way: untyped},
		{name: "inline, typed", inline: true, ctx: endless, way: typedSend},
		{name: "inline, by WithInlineSend", inline: true, ctx: canEnd, way: untyped,
			opts: []akt.Option{akt.WithInlineSend()}},
	}
}

// asBatch queues acts behind a busy handler of the doll, which handles them as a batch. It returns
// at once; over is closed when all were handled, and what came meanwhile is not among them.
func asBatch(t *testing.T, addr akt.Sender, acts ...dollAct) (over chan struct{}) {
	t.Helper()
	over = make(chan struct{})
	leave := hold(t, addr)
	for i, act := range acts {
		if last := act; i == len(acts)-1 {
			act = play(func(ctx akt.Context) (any, error) {
				defer close(over)
				return last.f(ctx)
			})
		}
		require.NoError(t, addr.Notify(context.Background(), act))
	}
	leave()
	return over
}
