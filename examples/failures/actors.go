package main

import (
	"context"
	"errors"

	"github.com/aktgo/akt"
)

// Account is an actor with two ways to fail.
type Account struct{ Balance uint32 }

type (
	// Deposit puts money in: 0 is too much for the handler.
	Deposit struct {
		Amount uint32 `json:"amount"`
	}
	// Withdraw takes money out, if there is enough.
	Withdraw struct {
		Amount uint32 `json:"amount"`
	}
	// Withdrawal is a message that nobody handles.
	Withdrawal struct{ Amount uint32 }
)

var (
	errShort    = errors.New("insufficient funds")
	errHarmless = errors.New("nothing has happened")
)

// HandleDeposit handles Deposit.
func (a *Account) HandleDeposit(_ akt.Context, m Deposit) uint32 {
	if m.Amount == 0 {
		panic("a deposit of nothing")
	}
	a.Balance += m.Amount
	return a.Balance
}

// HandleWithdraw handles Withdraw.
func (a *Account) HandleWithdraw(_ akt.Context, m Withdraw) (uint32, error) {
	if a.Balance < m.Amount {
		return 0, errShort
	}
	a.Balance -= m.Amount
	return a.Balance, nil
}

// Watcher is told of the end of an actor.
type Watcher struct {
	target *akt.Address
	heard  chan<- akt.Terminated
}

// OnStart begins to watch.
func (w *Watcher) OnStart(ctx akt.Context) error {
	ctx.Watch(w.target)
	return nil
}

// HandleTerminated is called once, however the actor has ended.
func (w *Watcher) HandleTerminated(_ akt.Context, t akt.Terminated) { w.heard <- t }

// Teller has a handler that was written wrong.
type Teller struct{ seen int }

// HandleWithdraw has no context.
func (t *Teller) HandleWithdraw(Withdraw) error {
	t.seen++
	return errShort
}

// Ledger handles letters, for those who embed it.
type Ledger struct{ letters int }

// HandleLetter handles Letter.
func (l *Ledger) HandleLetter(akt.Context, Letter) { l.letters++ }

// Branch has its handler from a Ledger, if it has one.
type Branch struct{ *Ledger }

// Clerk is an actor that is kept busy, and one that sends to another.
type Clerk struct {
	self, peer     *akt.Address
	entered, leave chan struct{} // of the handlers that keep it busy
	told           chan error    // what it was told when it sent to its peer
	owed           *akt.Promise[string]
}

type (
	// Letter costs no time.
	Letter struct{}
	// Serve keeps the clerk busy until it is let go.
	Serve struct{}
	// Quit does the same, and stops the clerk.
	Quit struct{}
	// Forward is sent to the clerk's peer, so many times.
	Forward struct{ Times int }
	// Pass has the clerk notify its peer.
	Pass struct{}
	// Call has the clerk send its peer a request.
	Call struct{}
	// Stray has the clerk notify its peer with a ctx that is not the handler's.
	Stray struct{}
	// Owe is answered later, or never.
	Owe struct{}
	// Reject is answered later, with an error.
	Reject struct{}
)

// HandleLetter handles Letter.
func (c *Clerk) HandleLetter(akt.Context, Letter) {}

// HandleServe handles Serve. It does not look at its ctx: it is stuck.
func (c *Clerk) HandleServe(akt.Context, Serve) { c.beBusy() }

// HandleQuit handles Quit.
func (c *Clerk) HandleQuit(ctx akt.Context, _ Quit) {
	c.beBusy()
	ctx.Stop()
}

// HandleForward handles Forward.
func (c *Clerk) HandleForward(ctx akt.Context, m Forward) {
	if m.Times > 0 {
		_, err := c.peer.Send(ctx, Forward{m.Times - 1})
		c.told <- err
	}
}

// HandlePass handles Pass.
func (c *Clerk) HandlePass(ctx akt.Context, _ Pass) {
	c.beBusy()
	c.told <- c.peer.Notify(ctx, Letter{})
	<-c.leave
}

// HandleCall handles Call.
func (c *Clerk) HandleCall(ctx akt.Context, _ Call) {
	c.beBusy()
	_, err := c.peer.Send(ctx, Letter{})
	c.told <- err
}

// HandleStray handles Stray.
func (c *Clerk) HandleStray(akt.Context, Stray) {
	c.beBusy()
	c.told <- c.peer.Notify(context.Background(), Letter{})
}

// HandleOwe handles Owe. The clerk keeps the Promise, and does nothing about it.
func (c *Clerk) HandleOwe(ctx akt.Context, _ Owe) *akt.Future[string] {
	promise, future := akt.NewPromise[string](ctx)
	c.owed = promise
	return future
}

// HandleReject handles Reject.
func (c *Clerk) HandleReject(ctx akt.Context, _ Reject) *akt.Future[string] {
	promise, future := akt.NewPromise[string](ctx)
	promise.Reject(errShort)
	return future
}

func (c *Clerk) beBusy() {
	c.entered <- struct{}{}
	<-c.leave
}

func runClerk(s *scene, name string, opts ...akt.Option) (*Clerk, error) {
	c := &Clerk{
		entered: make(chan struct{}, 1), leave: make(chan struct{}), told: make(chan error, 1),
	}
	var err error
	c.self, err = s.Run(c, append(opts, akt.WithName(name))...)
	return c, err
}

// busyClerk runs a clerk and returns when it is busy with a message.
func busyClerk(ctx context.Context, s *scene, with any, opts ...akt.Option) (*Clerk, error) {
	c, err := runClerk(s, "clerk", opts...)
	if err != nil {
		return nil, err
	}
	err = c.begin(ctx, with)
	return c, err
}

// twoClerks are each other's peers.
func twoClerks(s *scene, opts ...akt.Option) (a, b *Clerk, err error) {
	if a, err = runClerk(s, "a", opts...); err != nil {
		return nil, nil, err
	}
	if b, err = runClerk(s, "b", opts...); err != nil {
		return nil, nil, err
	}
	a.peer, b.peer = b.self, a.self
	return a, b, nil
}

// begin gives the clerk a message that keeps it busy, and returns when it is.
func (c *Clerk) begin(ctx context.Context, with any) error {
	if err := c.self.Notify(ctx, with); err != nil {
		return err
	}
	<-c.entered
	return nil
}

// send sends a request in a goroutine of its own, and returns what becomes of it.
func (c *Clerk) send(ctx context.Context, msg any) <-chan error {
	became := make(chan error, 1)
	go func() {
		_, err := c.self.Send(ctx, msg)
		became <- err
	}()
	return became
}

// unpack does the same, and waits for a deferred reply.
func (c *Clerk) unpack(ctx context.Context, msg any) <-chan error {
	became := make(chan error, 1)
	go func() {
		_, err := c.self.SendUnpack(ctx, msg)
		became <- err
	}()
	return became
}

// notify does the same with a notification.
func (c *Clerk) notify(ctx context.Context, msg any) <-chan error {
	became := make(chan error, 1)
	go func() { became <- c.self.Notify(ctx, msg) }()
	return became
}
