// Backpressure shows what a full mailbox does to its senders: Notify waits for room, until its
// context ends, and TryNotify fails at once. Either way the sender is told, and what was accepted
// is handled: nothing is lost in silence.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/aktgo/akt"
)

// Printer prints pages, one at a time. Here it gets stuck with the first one.
type Printer struct {
	stuck   chan struct{} // receives when the printer is stuck
	cleared chan struct{} // closed by who clears the jam
	printed []int
}

type (
	// Page is to be printed.
	Page struct{ Number int }
	// Printed asks for the numbers of all pages that were printed.
	Printed struct{}
)

// HandlePage prints a page.
func (p *Printer) HandlePage(_ akt.Context, page Page) {
	if len(p.printed) == 0 {
		p.stuck <- struct{}{}
		<-p.cleared
	}
	p.printed = append(p.printed, page.Number)
}

// HandlePrinted answers with the pages that were printed: a copy, as the slice itself stays the
// printer's own.
func (p *Printer) HandlePrinted(akt.Context, Printed) []int { return slices.Clone(p.printed) }

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	stuck, cleared := make(chan struct{}), make(chan struct{})
	printer, err := akt.Run(&Printer{stuck: stuck, cleared: cleared}, akt.WithMailbox(2))
	if err != nil {
		return err
	}
	defer printer.Release()

	// The printer is stuck with page 1, which counts no more; pages 2 and 3 fill its mailbox.
	for number := 1; number <= 3; number++ {
		if err := printer.Notify(ctx, Page{number}); err != nil {
			return err
		}
		if number == 1 {
			<-stuck
		}
		fmt.Println("page", number, "accepted")
	}

	// TryNotify never waits.
	err = printer.TryNotify(context.Background(), Page{4})
	fmt.Println("page 4, not waiting:", err)
	if !errors.Is(err, akt.ErrMailboxFull) {
		return err
	}

	// Notify waits, here for 50 milliseconds. Its error says what the sender has to know: the page
	// was not printed.
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = printer.Notify(short, Page{4})
	fmt.Println("page 4, waiting a little:", err)
	var failed *akt.SendError
	if !errors.As(err, &failed) || failed.Handled != akt.NotHandled {
		return err
	}

	// So it is safe to send it again. This time Notify waits until there is room.
	accepted := make(chan error)
	go func() { accepted <- printer.Notify(ctx, Page{4}) }()
	close(cleared)
	if err := <-accepted; err != nil {
		return err
	}
	fmt.Println("page 4, waiting for room: accepted")

	pages, err := akt.Ask[[]int](ctx, printer, Printed{})
	if err != nil {
		return err
	}
	fmt.Println("printed:", pages)
	return nil
}
