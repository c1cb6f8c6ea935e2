package akt_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aktgo/akt"
)

// Camera develops pictures. In these examples, the first one takes it until the program says so.
type Camera struct {
	busy chan struct{} // closed when the camera has begun with the first picture
	free chan struct{} // closed by the program
}

// Picture is to be developed.
type Picture struct{ Number int }

func (c *Camera) HandlePicture(_ akt.Context, p Picture) {
	if p.Number == 1 {
		close(c.busy)
	}
	<-c.free
}

// A mailbox has a capacity, which does not count the message that is being handled. Who sends to a full one waits for room,
// as long as the context allows.
func ExampleWithMailbox() {
	ctx := context.Background()
	busy, free := make(chan struct{}), make(chan struct{})
	camera := akt.MustRun(&Camera{busy, free}, akt.WithMailbox(1))
	defer camera.Release()

	fmt.Println("1:", camera.Notify(ctx, Picture{1}))
	<-busy
	fmt.Println("2:", camera.Notify(ctx, Picture{2})) // fills the mailbox

	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	err := camera.Notify(short, Picture{3})
	fmt.Println("3: in time:", !errors.Is(err, context.DeadlineExceeded))

	close(free)
	fmt.Println("3:", camera.Notify(ctx, Picture{3}))
	// Output:
	// 1: <nil>
	// 2: <nil>
	// 3: in time: false
	// 3: <nil>
}

// TryNotify is for what is not worth waiting for.
func ExampleAddress_TryNotify() {
	busy, free := make(chan struct{}), make(chan struct{})
	camera := akt.MustRun(&Camera{busy, free}, akt.WithMailbox(1))
	defer camera.Release()
	defer close(free)

	fmt.Println("1:", camera.TryNotify(context.Background(), Picture{1}))
	<-busy
	fmt.Println("2:", camera.TryNotify(context.Background(), Picture{2}))
	err := camera.TryNotify(context.Background(), Picture{3})
	fmt.Println("3: skipped:", errors.Is(err, akt.ErrMailboxFull))
	// Output:
	// 1: <nil>
	// 2: <nil>
	// 3: skipped: true
}
