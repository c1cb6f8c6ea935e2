// Failures makes go wrong what can go wrong in production, and prints what becomes of it: what
// happened, what the sender was told, and what the log says. docs/failures.md shows the table that
// it prints, and README.md some rows of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime"
	"time"

	"github.com/aktgo/akt"
)

func main() {
	fmt.Println("| what happens | what the sender sees " +
		"| what the log says, and the dead-letter hook |")
	fmt.Println("|---|---|---|")
	for _, failure := range []struct {
		what    string
		provoke func(context.Context, *scene) error
	}{
		{"Run finds a method that is meant as a handler, and is none", misfit},
		{"Run finds an embedded pointer nil that brings handlers", nilEmbedded},
		{"A handler returns an error", handlerFails},
		{"A handler panics; the actor was run from a value, and stops", valuePanics},
		{"A handler panics; the actor was run from a Spawner, and restarts", spawnerPanics},
		{"It panics again and again, up to the restart limit", restartLimit},
		{"The handler of a notification returns an error", notificationFails},
		{"The handler of a notification panics", notificationPanics},
		{"The handler of a notification returns a Future that fails", futureFails},
		{"An unknown message, a near miss", unknownMessage},
		{"A dynamic message that does not fit", badFields},
		{"Ask wants another type than the handler replies with", wrongReply},
		{"A cycle of requests: a → b → a", cycle},
		{"Two actors send each other a request at the same time", crossing},
		{"Two actors are blocked, each on the other's full mailbox", fullMailboxes},
		{"TryNotify finds the mailbox full", noRoom},
		{"ctx ends while the sender waits for room", endsOutside},
		{"ctx ends while the request is queued", endsQueued},
		{"ctx ends while the handler runs", endsRunning},
		{"The actor has stopped, or this address of it was released", stopped},
		{"Context.Stop with messages queued", dropped},
		{"A Promise is owed, and its actor ends", promiseEnds},
		{"A handler sends with context.Background() while its system shuts down", strays},
		{"Shutdown runs out of patience, as a handler is stuck", stuck},
		{"Shutdown runs out of patience, as a Promise is owed", owes},
	} {
		row, err := play(failure.provoke)
		if err != nil {
			log.Fatalf("%s: %v", failure.what, err)
		}
		fmt.Printf("| %s | %s |\n", failure.what, row)
	}
}

func misfit(_ context.Context, s *scene) error {
	_, err := s.Run(&Teller{}, akt.WithName("teller"))
	s.sees("who runs it", err)
	return nil
}

func nilEmbedded(_ context.Context, s *scene) error {
	_, err := s.Run(&Branch{}, akt.WithName("branch"))
	s.sees("who runs it", err)
	return nil
}

func handlerFails(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{Balance: 50}, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = account.Send(ctx, Withdraw{100})
	s.sees("", err)
	balance, err := account.Send(ctx, Deposit{1})
	s.replies("the next request", balance, err)
	return nil
}

func valuePanics(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{Balance: 50}, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = account.Send(ctx, Deposit{0})
	s.sees("", err)
	<-account.Done()
	_, err = account.Send(ctx, Deposit{1})
	s.sees("the next request", err)
	return nil
}

// newAccount makes accounts, and anew.
var newAccount akt.Spawner[*Account] = func() *Account { return &Account{} }

func spawnerPanics(ctx context.Context, s *scene) error {
	account, err := s.Run(newAccount, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = account.Send(ctx, Deposit{0})
	s.sees("", err)
	balance, err := account.Send(ctx, Deposit{1})
	s.replies("the next request", balance, err)
	return nil
}

func restartLimit(ctx context.Context, s *scene) error {
	system := s.System
	// region supervisor
	supervisor := akt.Supervisor{
		Decide: func(f akt.Failure) akt.Directive {
			if errors.Is(f.Err, errHarmless) {
				return akt.Resume // the state is as good as before
			}
			return akt.Restart
		},
		MaxRestarts: 2, // within Window, a minute: the third failure in it is the end
		BackoffMin:  time.Millisecond,
	}
	account, err := system.Run(newAccount,
		akt.WithName("account"), akt.WithSupervisor(supervisor))
	// endregion
	if err != nil {
		return err
	}
	heard := make(chan akt.Terminated, 1)
	if _, err := s.Run(&Watcher{account, heard}, akt.WithName("watcher")); err != nil {
		return err
	}
	for range 3 {
		_, err = account.Send(ctx, Deposit{0})
	}
	s.sees("each of three requests", err)
	s.sees("a watcher, in Terminated", (<-heard).Err)
	_, err = account.Send(ctx, Deposit{1})
	s.sees("the next request", err)
	return nil
}

func notificationFails(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{Balance: 50}, akt.WithName("account"))
	if err != nil {
		return err
	}
	s.sees("", account.Notify(ctx, Withdraw{100}))
	return nil
}

func notificationPanics(ctx context.Context, s *scene) error {
	account, err := s.Run(newAccount, akt.WithName("account"))
	if err != nil {
		return err
	}
	s.sees("", account.Notify(ctx, Deposit{0}))
	return nil
}

func futureFails(ctx context.Context, s *scene) error {
	clerk, err := runClerk(s, "clerk")
	if err != nil {
		return err
	}
	s.sees("", clerk.self.Notify(ctx, Reject{}))
	return nil
}

func unknownMessage(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{}, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = account.Send(ctx, Withdrawal{10})
	s.sees("", err)
	return nil
}

func badFields(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{}, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = account.Send(ctx, akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": -5}})
	s.sees("", err)
	return nil
}

func wrongReply(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{}, akt.WithName("account"))
	if err != nil {
		return err
	}
	_, err = akt.Ask[string](ctx, account, Deposit{1})
	s.sees("", err)
	return nil
}

func cycle(ctx context.Context, s *scene) error {
	a, b, err := twoClerks(s)
	if err != nil {
		return err
	}
	if _, err := a.self.Send(ctx, Forward{2}); err != nil {
		return err
	}
	s.sees("b's handler", <-b.told)
	return nil
}

func crossing(ctx context.Context, s *scene) error {
	a, b, err := twoClerks(s)
	if err != nil {
		return err
	}
	for _, clerk := range []*Clerk{a, b} {
		if err := clerk.begin(ctx, Call{}); err != nil {
			return err
		}
	}
	close(a.leave)
	time.Sleep(100 * time.Millisecond) // a waits for b, before b for a
	close(b.leave)
	s.sees("b's handler", <-b.told)
	s.replies("a's handler, when b's has returned", nil, <-a.told)
	return nil
}

func fullMailboxes(ctx context.Context, s *scene) error {
	a, b, err := twoClerks(s, akt.WithMailbox(1))
	if err != nil {
		return err
	}
	for _, clerk := range []*Clerk{a, b} {
		if err := clerk.begin(ctx, Pass{}); err != nil {
			return err
		}
		if err := clerk.self.Notify(ctx, Letter{}); err != nil { // its mailbox is full now
			return err
		}
	}
	a.leave <- struct{}{}
	time.Sleep(100 * time.Millisecond) // a waits for room in b's mailbox, before b for room in a's
	b.leave <- struct{}{}
	s.sees("b's handler", <-b.told)
	close(b.leave) // it returns, and there is room
	if err := <-a.told; err != nil {
		return err
	}
	close(a.leave)
	s.tell("a's handler", "its letter is let in")
	return nil
}

func noRoom(ctx context.Context, s *scene) error {
	clerk, err := busyClerk(ctx, s, Serve{}, akt.WithMailbox(1))
	if err != nil {
		return err
	}
	defer close(clerk.leave)
	if err := clerk.self.TryNotify(context.Background(), Letter{}); err != nil {
		return err
	}
	s.sees("", clerk.self.TryNotify(context.Background(), Letter{}))
	return nil
}

func endsOutside(ctx context.Context, s *scene) error {
	clerk, err := busyClerk(ctx, s, Serve{}, akt.WithMailbox(1))
	if err != nil {
		return err
	}
	defer close(clerk.leave)
	if err := clerk.self.TryNotify(context.Background(), Letter{}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	seen := make(chan struct{})
	waits := clerk.notify(observed{ctx, seen}, Letter{})
	<-seen // it waits for room, or for the end of its ctx
	cancel()
	s.sees("", <-waits)
	return nil
}

func endsQueued(ctx context.Context, s *scene) error {
	clerk, err := busyClerk(ctx, s, Serve{})
	if err != nil {
		return err
	}
	defer close(clerk.leave)
	ctx, cancel := context.WithCancel(ctx)
	waits := clerk.send(ctx, Letter{})
	s.awaitQueued("clerk", 1)
	cancel()
	s.sees("", <-waits)
	return nil
}

func endsRunning(ctx context.Context, s *scene) error {
	clerk, err := runClerk(s, "clerk")
	if err != nil {
		return err
	}
	defer close(clerk.leave)
	ctx, cancel := context.WithCancel(ctx)
	waits := clerk.send(ctx, Serve{})
	<-clerk.entered
	cancel()
	s.sees("at once, though the handler goes on", <-waits)
	return nil
}

func stopped(ctx context.Context, s *scene) error {
	account, err := s.Run(&Account{}, akt.WithName("account"))
	if err != nil {
		return err
	}
	other := account.Clone()
	other.Release()
	_, err = other.Send(ctx, Deposit{1})
	s.sees("by the released address", err)
	account.Stop()
	_, err = account.Send(ctx, Deposit{1})
	s.sees("by any, after Stop", err)
	return nil
}

func dropped(ctx context.Context, s *scene) error {
	clerk, err := busyClerk(ctx, s, Quit{})
	if err != nil {
		return err
	}
	for range 2 {
		if err := clerk.self.Notify(ctx, Letter{}); err != nil {
			return err
		}
	}
	waits := clerk.send(ctx, Letter{})
	s.awaitQueued("clerk", 3)
	close(clerk.leave)
	s.sees("a request that is queued", <-waits)
	return nil
}

func promiseEnds(ctx context.Context, s *scene) error {
	clerk, err := runClerk(s, "clerk")
	if err != nil {
		return err
	}
	waits := clerk.unpack(ctx, Owe{})
	s.awaitHandled("clerk", 1)
	clerk.self.Stop()
	s.sees("who waits for it", <-waits)
	return nil
}

func strays(ctx context.Context, s *scene) error {
	a, b, err := twoClerks(s)
	if err != nil {
		return err
	}
	if err := a.begin(ctx, Stray{}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(ctx) }()
	// Until Shutdown refuses what comes from outside.
	for !errors.Is(b.self.TryNotify(ctx, Letter{}), akt.ErrStopped) {
		runtime.Gosched()
	}
	close(a.leave)
	s.sees("that handler", <-a.told)
	return <-ended
}

func owes(ctx context.Context, s *scene) error {
	clerk, err := runClerk(s, "clerk")
	if err != nil {
		return err
	}
	waits := clerk.unpack(ctx, Owe{})
	s.awaitHandled("clerk", 1)
	patience, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	err = s.Shutdown(patience)
	s.sees("who waits for it", <-waits)
	s.sees("Shutdown itself", err)
	<-clerk.self.Done()
	return nil
}

func stuck(ctx context.Context, s *scene) error {
	clerk, err := runClerk(s, "clerk")
	if err != nil {
		return err
	}
	requests, end := context.WithCancel(ctx)
	defer end()
	// a ctx that can end: else the handler might run on the sender's own goroutine
	running := clerk.send(requests, Serve{})
	<-clerk.entered
	queued := clerk.send(ctx, Letter{})
	s.awaitQueued("clerk", 1)

	patience, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	err = s.Shutdown(patience)
	s.sees("the request that is being handled", <-running)
	s.sees("a request that is queued", <-queued)
	s.sees("Shutdown itself", err)
	close(clerk.leave)
	<-clerk.self.Done()
	return nil
}

// observed is a context that tells when somebody begins to wait for its end.
type observed struct {
	context.Context
	seen chan<- struct{}
}

// Done is called once here.
func (o observed) Done() <-chan struct{} {
	close(o.seen)
	return o.Context.Done()
}

// awaitQueued waits until so many messages are in the mailbox of an actor.
func (s *scene) awaitQueued(name string, n uint64) {
	s.await(name, func(info akt.Info) bool { return info.Queued == n })
}

// awaitHandled waits until an actor has handled so many messages.
func (s *scene) awaitHandled(name string, n uint64) {
	s.await(name, func(info akt.Info) bool { return info.Handled == n })
}

func (s *scene) await(name string, holds func(akt.Info) bool) {
	for {
		for info := range s.Actors() {
			if info.Name == name && holds(info) {
				return
			}
		}
		runtime.Gosched()
	}
}
