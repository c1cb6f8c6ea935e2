package peers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// protoRoot is the root context of one actor system for the process, whose log is discarded.
var protoRoot = sync.OnceValue(func() *actor.RootContext {
	silent := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	return actor.NewActorSystem(actor.WithLoggerFactory(silent)).Root
})

// protoLibrary makes actors of props: they are made once, as in a program.
type protoLibrary struct{ counters *actor.Props }

func openProtoactor(testing.TB) library {
	return protoLibrary{actor.PropsFromProducer(func() actor.Actor { return &protoCounter{} })}
}

func (l protoLibrary) Counter() (asker, error) {
	return (*protoAsker)(protoRoot().Spawn(l.counters)), nil
}

func (protoLibrary) Listener(seen *tally) (teller, error) {
	props := actor.PropsFromProducer(func() actor.Actor { return &protoListener{seen} })
	return (*protoNotes)(protoRoot().Spawn(props)), nil
}

func (protoLibrary) Relay(leg *leg) (teller, error) {
	props := actor.PropsFromProducer(func() actor.Actor { return &protoRelay{leg} })
	return (*protoPasses)(protoRoot().Spawn(props)), nil
}

type protoCounter struct{ counter }

func (c *protoCounter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *add:
		ctx.Respond(c.add(m.N))
	case *count:
		ctx.Respond(c.handled)
	}
}

type protoListener struct{ seen *tally }

func (l *protoListener) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*note); ok {
		l.seen.enter(m.N)
	}
}

type protoRelay struct{ leg *leg }

func (r *protoRelay) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*pass); ok {
		r.leg.run(context.Background(), m.N)
	}
}

// The clients.
type (
	protoAsker  actor.PID
	protoNotes  actor.PID
	protoPasses actor.PID
)

func (c *protoAsker) Ask(ctx context.Context, n uint64) (uint64, error) {
	return protoRequest((*actor.PID)(c), &add{n}, timeoutOf(ctx))
}

func (c *protoNotes) Tell(_ context.Context, n uint64) error {
	protoRoot().Send((*actor.PID)(c), &note{n})
	return nil
}

func (c *protoPasses) Tell(_ context.Context, n uint64) error {
	protoRoot().Send((*actor.PID)(c), &pass{n})
	return nil
}

func (c *protoAsker) End() uint64 {
	handled, err := protoRequest((*actor.PID)(c), &count{}, time.Minute)
	if protoEnd((*actor.PID)(c)); err != nil {
		return ^uint64(0)
	}
	return handled
}

func (c *protoNotes) End()  { protoEnd((*actor.PID)(c)) }
func (c *protoPasses) End() { protoEnd((*actor.PID)(c)) }

func protoRequest(pid *actor.PID, m any, timeout time.Duration) (uint64, error) {
	reply, err := protoRoot().RequestFuture(pid, m, timeout).Result()
	if err != nil {
		return 0, err
	}
	n, ok := reply.(uint64)
	if !ok {
		return 0, fmt.Errorf("the reply is a %T", reply)
	}
	return n, nil
}

// timeoutOf is the time left; negative, which to the library means no timeout, where ctx has no
// deadline.
func timeoutOf(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return -1
}

// protoEnd stops an actor and waits for it; the library gives up after ten seconds.
func protoEnd(pid *actor.PID) {
	if err := protoRoot().StopFuture(pid).Wait(); err != nil {
		panic(err)
	}
}
