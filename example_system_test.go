package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aktgo/akt"
)

// Clerk files letters.
type Clerk struct{ filed []string }

// Letter is to be filed.
type Letter struct{ Text string }

var errEmpty = errors.New("the letter is empty")

func (c *Clerk) HandleLetter(ctx context.Context, m Letter) error {
	if m.Text == "" {
		return errEmpty
	}
	c.filed = append(c.filed, m.Text)
	trace(ctx, "filed "+m.Text)
	return nil
}

// trace stands for code that knows nothing of actors, but is called by them.
func trace(ctx context.Context, what string) {
	who := "somebody"
	if c, ok := akt.FromContext(ctx); ok {
		who = c.Address().Name()
	}
	fmt.Printf("%s: %s\n", who, what)
}

// A named actor is found by its name. Its system holds it until it is stopped, so nobody has to keep an address of it.
func ExampleSystem_Lookup() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clerk.Stop()

	if found, ok := office.Lookup("clerk"); ok {
		fmt.Println(found.Send(ctx, Letter{"a bill"}))
		found.Release()
	}
	_, err = office.Run(&Clerk{}, akt.WithName("clerk"))
	fmt.Println(err)
	// Output:
	// clerk: filed a bill
	// <nil> <nil>
	// akt: the name is taken: "clerk"
}

// Shutdown ends a whole system: what was accepted is handled, then its actors stop.
func ExampleSystem_Shutdown() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"a bill", "a postcard"} {
		if err := clerk.Notify(ctx, Letter{text}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	_, err = office.Run(&Clerk{})
	fmt.Println(err)
	// Output:
	// clerk: filed a bill
	// clerk: filed a postcard
	// all has ended: <nil>
	// akt: the actor has stopped: the system was shut down (inside it, pass the handler's ctx on)
}

// Archive keeps what it is given.
type Archive struct{ files int }

// File is kept for good.
type File struct{ Letters []string }

func (a *Archive) HandleFile(_ akt.Context, m File) {
	a.files++
	fmt.Println("kept:", m.Letters)
}

// Desk collects letters, to file many at once.
type Desk struct {
	archive *akt.WeakAddress
	letters []string
}

func (d *Desk) HandleLetter(_ akt.Context, m Letter) { d.letters = append(d.letters, m.Text) }

func (d *Desk) OnStopping(ctx akt.Context) bool { // told again if more letters come
	if len(d.letters) == 0 {
		return true
	}
	if err := d.archive.Notify(ctx, File{d.letters}); err != nil { // ctx says that it comes from inside
		ctx.Logger().Error("letters are lost", "error", err)
	}
	d.letters = nil
	return true
}

// While Shutdown calls OnStopping all actors still serve each other, so a buffer can be flushed to
// another actor, whichever of the two was run first.
func ExampleSystem_Shutdown_flush() {
	ctx := context.Background()
	office := akt.NewSystem()
	archive, err := office.Run(&Archive{})
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := office.Run(&Desk{archive: archive.Downgrade()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"a bill", "a postcard"} {
		if err := desk.Notify(ctx, Letter{text}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	// Output:
	// kept: [a bill a postcard]
	// all has ended: <nil>
}

// Nobody waits for what becomes of a notification. Where its handling fails, the system is told.
func ExampleWithDeadLetters() {
	ctx := context.Background()
	office := akt.NewSystem(
		akt.WithDeadLetters(func(d akt.DeadLetter) {
			fmt.Printf("%s could not handle %s: %v\n", d.Actor, d.Message, d.Err)
		}),
		akt.WithDefaults(akt.WithLogger(slog.New(slog.DiscardHandler))), // it would be logged, too
	)
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := clerk.Notify(ctx, Letter{}); err != nil {
		fmt.Println(err) // it was not accepted
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	// Output:
	// clerk could not handle akt_test.Letter: the letter is empty
	// all has ended: <nil>
}

// Code that only has a context.Context finds out which actor it runs in: here trace, far from the handler.
func ExampleFromContext() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clerk.Stop()
	trace(ctx, "brought a bill")
	fmt.Println(clerk.Send(ctx, Letter{"a bill"}))
	// Output:
	// somebody: brought a bill
	// clerk: filed a bill
	// <nil> <nil>
}
