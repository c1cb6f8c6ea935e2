package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aktgo/akt"
)

var errLine = errors.New("the line is broken")

// Line is an actor whose state may become useless.
type Line struct{ sent int }

// Text is sent over a Line.
type Text struct{ Text string }

func (l *Line) HandleText(_ akt.Context, m Text) int {
	switch m.Text {
	case "":
		panic("an empty text")
	case "!":
		panic(errLine)
	}
	l.sent++
	return l.sent
}

// A Supervisor decides by the failure: a text that the handler does not stand is no reason to forget the state, a broken line is one
// for a fresh state, and one that breaks again and again is given up.
func ExampleWithSupervisor() {
	line, err := akt.Spawner[*Line](func() *Line { return &Line{} }).Run(
		akt.WithLogger(slog.New(slog.DiscardHandler)), // panics are logged, with their stack
		akt.WithSupervisor(akt.Supervisor{
			Decide: func(f akt.Failure) akt.Directive {
				if errors.Is(f.Err, errLine) {
					return akt.Restart
				}
				return akt.Resume
			},
			MaxRestarts: 1,
			Window:      time.Hour,
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer line.Release()

	ctx := context.Background()
	for _, text := range []string{"one", "", "two", "!", "three", "!"} {
		sent, err := akt.Ask[int](ctx, line, Text{text})
		fmt.Printf("%q: %d %t\n", text, sent, err == nil)
	}
	<-line.Done()
	fmt.Println(line.Err())
	// Output:
	// "one": 1 true
	// "": 0 false
	// "two": 2 true
	// "!": 0 false
	// "three": 1 true
	// "!": 0 false
	// akt: restart limit reached: 1 restarts in 1h0m0s: panic: the line is broken
}
