// Lifecycle shows how an actor begins and ends: OnStart, which may fail; OnStopping, which may say
// no; OnStopped, which is always the last call. And it shows what those see who send to an actor
// that has stopped.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aktgo/akt"
)

// Shop is an actor with all three hooks. Any of them can be left out.
type Shop struct {
	Key    string
	inside int
}

type (
	// Enter and Leave are answered with the number of customers inside.
	Enter struct{}
	Leave struct{}
	// Close asks the shop to close.
	Close struct{}
)

// OnStart runs before the first message. Its error is the one that Run returns.
func (s *Shop) OnStart(akt.Context) error {
	if s.Key == "" {
		return errors.New("the key is missing")
	}
	fmt.Println("  shop: open")
	return nil
}

// HandleEnter lets a customer in.
func (s *Shop) HandleEnter(akt.Context, Enter) int {
	s.inside++
	return s.inside
}

// HandleLeave lets a customer out.
func (s *Shop) HandleLeave(akt.Context, Leave) int {
	s.inside--
	return s.inside
}

// HandleClose stops the actor after this message, if OnStopping agrees.
func (s *Shop) HandleClose(ctx akt.Context, _ Close) { ctx.Stop() }

// OnStopping is asked after Context.Stop; false is a veto, and the actor goes on. After
// Address.Stop it is told, and its answer does not count. After the last Release it is not called.
func (s *Shop) OnStopping(akt.Context) bool {
	fmt.Println("  shop: to be closed, customers inside:", s.inside)
	return s.inside == 0
}

// OnStopped is the last call, once, however the actor ended. Senders have been told by then.
func (s *Shop) OnStopped(akt.Context) { fmt.Println("  shop: closed") }

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	_, err := akt.Run(&Shop{})
	fmt.Println("without a key:", err)

	fmt.Println("the shop closes itself:")
	if err := closeItself(ctx); err != nil {
		return err
	}
	fmt.Println("the shop is closed by others:")
	if err := closedByOthers(ctx); err != nil {
		return err
	}
	fmt.Println("the shop is given up:")
	return givenUp(ctx)
}

// closeItself is about Context.Stop, the only stop that can be vetoed.
func closeItself(ctx context.Context) error {
	shop, err := akt.Run(&Shop{Key: "brass"}, akt.WithName("corner shop"))
	if err != nil {
		return err
	}
	defer shop.Release()

	for _, msg := range []any{Enter{}, Close{}, Leave{}, Close{}} {
		if err := shop.Notify(ctx, msg); err != nil {
			return err
		}
	}
	<-shop.Done() // the first Close was vetoed, the second was not

	_, err = shop.Send(ctx, Enter{})
	fmt.Println("too late:", err)
	var failed *akt.SendError
	if !errors.Is(err, akt.ErrStopped) ||
		!errors.As(err, &failed) || failed.Handled != akt.NotHandled {
		return err
	}
	fmt.Println("died of:", shop.Err())
	return nil
}

// closedByOthers is about Address.Stop: nothing new is accepted, and what was accepted is handled
// before the stop.
func closedByOthers(ctx context.Context) error {
	shop, err := akt.Run(&Shop{Key: "brass"})
	if err != nil {
		return err
	}
	defer shop.Release()

	for range 3 {
		if err := shop.Notify(ctx, Enter{}); err != nil {
			return err
		}
	}
	shop.Stop() // returns at once
	open := shop.IsConnected()
	<-shop.Done()
	fmt.Println("still open after Stop:", open)
	return nil
}

// givenUp is about Release: an actor lives as long as somebody has an address of it.
func givenUp(ctx context.Context) error {
	shop, err := akt.Run(&Shop{Key: "brass"})
	if err != nil {
		return err
	}
	other := shop.Clone()

	shop.Release()
	_, err = shop.Send(ctx, Enter{})
	fmt.Println("by the released address:", errors.Is(err, akt.ErrStopped))
	inside, err := akt.Ask[int](ctx, other, Enter{})
	if err != nil {
		return err
	}
	fmt.Println("by the other one, customers inside:", inside)

	other.Release() // it was the last
	<-other.Done()
	return nil
}
