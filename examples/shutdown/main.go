// Shutdown ends a program without losing what was accepted: the printer still prints the jobs that
// are queued when the program is told to end. It ends itself here; interrupt it, and it does the
// same.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/aktgo/akt"
)

// Printer prints one job after the other.
type Printer struct{ quit func() }

// Job is something to print. The third is the last before the program ends.
type Job struct{ Page int }

// HandleJob handles Job.
func (p *Printer) HandleJob(_ akt.Context, job Job) {
	fmt.Println("printed page", job.Page)
	if job.Page == 3 {
		p.quit()
	}
}

// OnStopped is the last call.
func (p *Printer) OnStopped(akt.Context) { fmt.Println("the printer is off") }

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	// region shutdown
	ctx, quit := signal.NotifyContext(context.Background(), os.Interrupt)
	defer quit()

	system := akt.NewSystem()
	printer, err := system.Run(&Printer{quit: quit})
	if err != nil {
		return err
	}
	for page := range 5 {
		if err := printer.Notify(context.Background(), Job{page + 1}); err != nil {
			return err
		}
	}

	<-ctx.Done() // interrupted
	patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return system.Shutdown(patience)
	// endregion
}
