package tests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// TestParity has everything that the crate akt 0.1.2 has, by the rows of the list of what it has.
func TestParity(t *testing.T) {
	t.Parallel()
	t.Run("the program of the documentation", parityProgram)
	t.Run("Actor::run", parityRun)
	t.Run("hooks: on_start, on_stopping with veto, on_stopped", parityHooks)
	t.Run("ActorSpawner: from, spawn, spawn_run", paritySpawner)
	t.Run("Handler, Message::Result", parityHandler)
	t.Run("Address: send, send_unpack, is_closed, is_connected, downgrade, clone; bounded mailbox",
		parityAddress)
	t.Run("WeakAddress: upgrade", parityWeakAddress)
	t.Run("UnboundedAddress: send, send_unpack, notify, notify_later, notify_at, "+
		"notify_interval, is_closed", parityPrivateAddress)
	t.Run("Context: address, private_address, stop; ActorState", parityContext)
	t.Run("a handler's computation is dropped when its sender goes away", paritySenderGone)
	t.Run("unpackable results: a receiver, or a result holding one", parityUnpack)
	t.Run("stops when the last address is dropped: Release", parityRelease)
	t.Run("stops when the last address is dropped: the garbage collector", parityCollected)
	t.Run("ActorSendError: FailedToDeliver, FailedToGetResponse", paritySendError)
	t.Run("error-stack: context at either layer of an error", parityErrorLayers)
}

// parityAccount is the account of the crate's documentation.
type parityAccount struct{ balance uint32 }

func (a *parityAccount) HandleDeposit(_ akt.Context, m parityDeposit) (uint32, error) {
	a.balance += m.Amount
	return a.balance, nil
}

func (a *parityAccount) HandleWithdraw(_ akt.Context, m parityWithdraw) (uint32, error) {
	if a.balance < m.Amount {
		return 0, parityShortage{m.Amount, a.balance}
	}
	a.balance -= m.Amount
	return a.balance, nil
}

type (
	parityDeposit  struct{ Amount uint32 }
	parityWithdraw struct{ Amount uint32 }
)

// parityShortage is the account's own error.
type parityShortage struct{ Requested, Available uint32 }

func (e parityShortage) Error() string { return "insufficient funds" }

// The program gives the answers that the crate's documentation shows.
func parityProgram(t *testing.T) {
	t.Parallel()
	addr, ctx := run(t, &parityAccount{balance: 50}), t.Context()
	reply, err := addr.Send(ctx, parityWithdraw{20})
	require.NoError(t, err)
	require.Equal(t, uint32(30), reply)
	reply, err = addr.Send(ctx, parityDeposit{40})
	require.NoError(t, err)
	require.Equal(t, uint32(70), reply)
	_, err = addr.Send(ctx, parityWithdraw{100})
	require.EqualError(t, err, "insufficient funds")
	var shortage parityShortage
	require.ErrorAs(t, err, &shortage)
	require.Equal(t, parityShortage{Requested: 100, Available: 70}, shortage)
	clone := addr.Clone()
	reply, err = clone.Send(ctx, parityWithdraw{10})
	require.NoError(t, err)
	require.Equal(t, uint32(60), reply)
	reply, err = addr.Send(ctx, parityWithdraw{10})
	require.NoError(t, err)
	require.Equal(t, uint32(50), reply)
}

// Run makes an actor of a value and returns its address.
func parityRun(t *testing.T) {
	t.Parallel()
	addr, err := akt.Run(&parityAccount{balance: 1})
	require.NoError(t, err)
	balance, err := akt.Ask[uint32](t.Context(), addr, parityDeposit{1})
	require.NoError(t, err)
	require.Equal(t, uint32(2), balance)
	addr.Release()
	<-addr.Done()
}

// OnStart comes first, OnStopping may veto, OnStopped comes last.
func parityHooks(t *testing.T) {
	t.Parallel()
	probe := &parityProbe{}
	veto := true
	probe.stopping = func(akt.Context) bool {
		probe.log = append(probe.log, fmt.Sprintf("OnStopping, veto %t", veto))
		return !veto
	}
	addr := run(t, probe)
	_, err := addr.Send(t.Context(), parityStop)
	require.NoError(t, err)
	_, err = addr.Send(t.Context(), parityNote("alive"))
	require.NoError(t, err)
	_, err = addr.Send(t.Context(),
		parityDo{func(ctx akt.Context) (any, error) { veto = false; ctx.Stop(); return nil, nil }})
	require.NoError(t, err)
	<-addr.Done()
	require.Equal(t, []string{"OnStart", "OnStopping, veto true", "alive", "OnStopping, veto false",
		"OnStopped"}, probe.log)
}

// A Spawner is a value that makes actors: it can be stored, and each Spawn and each Run has a state
// of its own.
func paritySpawner(t *testing.T) {
	t.Parallel()
	made := 0
	stored := []akt.Spawner[*parityAccount]{func() *parityAccount {
		made++
		return &parityAccount{balance: uint32(made)}
	}}
	spawner := stored[0]
	require.Equal(t, uint32(1), spawner.Spawn().balance)
	system := akt.NewSystem()
	t.Cleanup(func() { shutDown(t, system) })
	for want := uint32(2); want < 4; want++ {
		addr, err := spawner.Run(akt.WithSystem(system))
		require.NoError(t, err)
		balance, err := akt.Ask[uint32](t.Context(), addr, parityDeposit{10})
		require.NoError(t, err)
		require.Equal(t, want+10, balance, "a state of its own")
	}
}

// A handler's message type and reply type are those of its declaration.
func parityHandler(t *testing.T) {
	t.Parallel()
	d, err := akt.Describe(&parityAccount{})
	require.NoError(t, err)
	require.Len(t, d.Handlers, 2)
	for i, want := range []string{"Deposit", "Withdraw"} {
		require.Equal(t, want, d.Handlers[i].Name)
		require.Equal(t, "tests_test.parity"+want, d.Handlers[i].Message.String())
		require.Equal(t, "uint32", d.Handlers[i].Reply.String())
	}
	addr := run(t, &parityAccount{})
	_, err = akt.Ask[string](t.Context(), addr, parityDeposit{1})
	require.ErrorAs(t, err, new(*akt.ReplyTypeError))
	_, err = addr.Send(t.Context(), "a string")
	require.ErrorAs(t, err, new(*akt.UnhandledError))
}

// An Address has a bounded mailbox, of any size, and all that the crate's has.
func parityAddress(t *testing.T) {
	t.Parallel()
	g, addr := runHeld(t, akt.WithMailbox(16))
	for n := range 16 {
		require.NoError(t, addr.TryNotify(context.Background(), Note{n}))
	}
	require.ErrorIs(t, addr.TryNotify(context.Background(), Note{16}), akt.ErrMailboxFull)
	close(g.leave)
	reply, err := addr.Send(t.Context(), Note{17})
	require.NoError(t, err)
	require.Equal(t, 17, reply)

	probe := run(t, &parityProbe{})
	reply, err = probe.SendUnpack(t.Context(), parityDo{func(akt.Context) (any, error) {
		promise, future := akt.NewPromise[int](context.Background())
		promise.Resolve(7)
		return future, nil
	}})
	require.NoError(t, err)
	require.Equal(t, 7, reply)

	clone, weak := addr.Clone(), addr.Downgrade()
	addr.Release()
	require.True(t, addr.IsClosed())
	require.False(t, addr.IsConnected())
	require.True(t, clone.IsConnected())
	require.False(t, clone.IsClosed())
	_, err = weak.Send(t.Context(), Note{18})
	require.NoError(t, err)
}

// Upgrade makes a strong address of a weak one while the actor lives, and none after.
func parityWeakAddress(t *testing.T) {
	t.Parallel()
	addr := run(t, &parityProbe{})
	weak := addr.Downgrade()
	strong, ok := weak.Upgrade()
	require.True(t, ok)
	addr.Release()
	_, err := strong.Send(t.Context(), parityNote("kept alive"))
	require.NoError(t, err)
	strong.Release()
	<-strong.Done()
	_, ok = weak.Upgrade()
	require.False(t, ok)
	require.True(t, weak.IsClosed())
}

// A PrivateAddress never waits for room, goes first, and sends now and later.
func parityPrivateAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{log: nil, start: func(akt.Context) error { return nil }},
			akt.WithMailbox(1))
		private := privateOf(t, addr)
		entered, leave := make(chan struct{}), make(chan struct{})
		require.NoError(t, addr.Notify(t.Context(), parityDo{func(akt.Context) (any, error) {
			close(entered)
			<-leave
			return nil, nil
		}}))
		<-entered
		require.NoError(t, addr.Notify(t.Context(), parityNote("public")))
		for range 20 {
			require.NoError(t, private.Notify(t.Context(), parityNote("private")))
		}
		close(leave)
		log, err := akt.Ask[[]string](t.Context(), addr, parityNote("end"))
		require.NoError(t, err)
		require.Len(t, log, 22)
		require.Equal(t, []string{"private", "public", "end"}, log[19:])

		private.NotifyLater(parityNote("later"), 3*time.Second)
		private.NotifyAt(parityNote("at"), time.Now().Add(2*time.Second))
		ticks := private.NotifyInterval(func() any { return parityNote("tick") }, 5*time.Second)
		time.Sleep(6 * time.Second)
		require.True(t, ticks.Stop())
		reply, err := private.Send(t.Context(), parityNote("now"))
		require.NoError(t, err)
		require.Equal(t, []string{"tick", "at", "later", "tick", "now"}, reply.([]string)[22:])
		reply, err = private.SendUnpack(t.Context(), parityDo{func(akt.Context) (any, error) {
			promise, future := akt.NewPromise[int](context.Background())
			promise.Resolve(7)
			return future, nil
		}})
		require.NoError(t, err)
		require.Equal(t, 7, reply)
		require.False(t, private.IsClosed())
		addr.Stop()
		<-addr.Done()
		require.True(t, private.IsClosed())
	})
}

// A Context knows the actor's addresses and its state, and stops it.
func parityContext(t *testing.T) {
	t.Parallel()
	var states []akt.State
	see := func(ctx akt.Context) { states = append(states, ctx.State()) }
	probe := &parityProbe{
		start:    func(ctx akt.Context) error { see(ctx); return nil },
		stopping: func(ctx akt.Context) bool { see(ctx); return true },
		stopped:  see,
	}
	addr := run(t, probe)
	var kept akt.Context
	_, err := addr.Send(t.Context(), parityDo{func(ctx akt.Context) (any, error) {
		see(ctx)
		kept = ctx
		if err := ctx.Private().Notify(ctx, parityNote("private")); err != nil {
			return nil, err
		}
		return nil, ctx.Address().Notify(ctx, parityNote("weak"))
	}})
	require.NoError(t, err)
	log, err := akt.Ask[[]string](t.Context(), addr, parityNote("end"))
	require.NoError(t, err)
	require.Equal(t, []string{"private", "weak", "end"}, log)
	kept.Stop()
	<-addr.Done()
	require.Equal(t, []akt.State{akt.Starting, akt.Started, akt.Stopping, akt.Stopping}, states)
	require.Equal(t, akt.Stopped, kept.State())
}

// The sender is free at once when its ctx ends, and the handler's ctx ends too.
func paritySenderGone(t *testing.T) {
	t.Parallel()
	addr := run(t, &parityProbe{})
	ctx, cancel := context.WithCancel(t.Context())
	free, ended := make(chan struct{}), make(chan error, 1)
	_, err := addr.Send(ctx, parityDo{func(ctx akt.Context) (any, error) {
		cancel()
		<-ctx.Done()
		<-free
		ended <- ctx.Err()
		return nil, nil
	}})
	close(free)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, context.Canceled, <-ended)
}

// A reply that comes later is a Future: SendUnpack and Ask wait for it, also one that comes as an
// error; Send returns it.
func parityUnpack(t *testing.T) {
	t.Parallel()
	addr, own := run(t, &parityProbe{}), errors.New("its own")
	later := func(value int, err error) parityDo {
		return parityDo{func(ctx akt.Context) (any, error) {
			return akt.Go(ctx, func(context.Context) (int, error) { return value, err }), nil
		}}
	}
	reply, err := addr.SendUnpack(t.Context(), later(7, nil))
	require.NoError(t, err)
	require.Equal(t, 7, reply)
	value, err := akt.Ask[int](t.Context(), addr, later(8, nil))
	require.NoError(t, err)
	require.Equal(t, 8, value)
	_, err = addr.SendUnpack(t.Context(), later(0, own))
	require.Equal(t, own, err)
	_, err = addr.SendUnpack(t.Context(),
		parityDo{func(akt.Context) (any, error) { return nil, own }})
	require.Equal(t, own, err, "no reply to wait for")
	reply, err = addr.Send(t.Context(), later(9, nil))
	require.NoError(t, err)
	value, err = reply.(*akt.Future[int]).Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 9, value)
}

// The actor stops when its last address is released, and not before.
func parityRelease(t *testing.T) {
	t.Parallel()
	probe := &parityProbe{}
	addr := run(t, probe)
	clone := addr.Clone()
	addr.Release()
	addr.Release()
	_, err := clone.Send(t.Context(), parityNote("alive"))
	require.NoError(t, err)
	clone.Release()
	<-clone.Done()
	require.Equal(t, []string{"OnStart", "alive", "OnStopped"}, probe.log)
}

// An actor of the default system stops when its last address was forgotten.
func parityCollected(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	func() {
		_, err := akt.Run(&parityProbe{stopped: func(akt.Context) { close(ended) }})
		require.NoError(t, err)
	}()
	for {
		select {
		case <-ended:
			return
		default:
			runtime.GC()
		}
	}
}

// A SendError says which layer failed, and why.
func paritySendError(t *testing.T) {
	t.Parallel()
	probe := run(t, &parityProbe{}, new(parityLog).option())
	_, err := probe.Send(t.Context(), Note{1})
	require.ErrorIs(t, err, akt.ErrFailedToDeliver)
	require.NotErrorIs(t, err, akt.ErrFailedToGetResponse)
	_, err = probe.Send(t.Context(), parityDo{func(akt.Context) (any, error) { panic("oh") }})
	require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
	require.NotErrorIs(t, err, akt.ErrFailedToDeliver)
	<-probe.Done()
	_, err = probe.Send(t.Context(), parityNote("late"))
	require.ErrorIs(t, err, akt.ErrFailedToDeliver)
	require.ErrorIs(t, err, akt.ErrStopped)
	var failure *akt.SendError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, akt.NotHandled, failure.Handled)
}

// errors.Is and errors.As reach the layer, the cause, and what the cause wraps; and the handler's
// own error through %w.
func parityErrorLayers(t *testing.T) {
	t.Parallel()
	addr, own := run(t, &parityProbe{}, new(parityLog).option()), parityShortage{1, 2}
	_, err := addr.Send(t.Context(),
		parityDo{func(akt.Context) (any, error) { return nil, fmt.Errorf("withdrawing: %w", own) }})
	require.EqualError(t, err, "withdrawing: insufficient funds")
	require.ErrorIs(t, err, own)
	_, err = addr.Send(t.Context(),
		parityDo{func(akt.Context) (any, error) { panic(fmt.Errorf("withdrawing: %w", own)) }})
	err = fmt.Errorf("asking the bank: %w", err)
	require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
	require.ErrorAs(t, err, new(*akt.PanicError))
	require.ErrorAs(t, err, new(parityShortage))
}

// parityProbe is an actor made of functions: its hooks, and what its one message says.
type parityProbe struct {
	start    func(akt.Context) error
	stopping func(akt.Context) bool
	stopped  func(akt.Context)
	log      []string // of parityNote, and of the hooks that are nil
}

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

type (
	// parityDo is answered with what f returns.
	parityDo struct {
		f func(akt.Context) (any, error)
	}
	// parityNote is written down, and answered with everything that was.
	parityNote string
)

// parityStop is a message whose handler stops its actor, and replies.
var parityStop = parityDo{func(ctx akt.Context) (any, error) { ctx.Stop(); return "bye", nil }}

// privateOf returns the private address of an actor that is a parityProbe.
func privateOf(t *testing.T, addr *akt.Address) *akt.PrivateAddress {
	t.Helper()
	private, err := addr.Send(t.Context(),
		parityDo{func(ctx akt.Context) (any, error) { return ctx.Private(), nil }})
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

func (l *parityLog) option() akt.Option {
	return akt.WithLogger(slog.New(slog.NewTextHandler(l, nil)))
}
