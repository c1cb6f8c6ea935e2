package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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

// Kettle boils water.
type Kettle struct{}

// Boil is answered when so much water has boiled.
type Boil struct{ Litres int }

func (*Kettle) HandleBoil(_ akt.Context, m Boil) {
	if m.Litres == 0 {
		panic("boiled dry")
	}
}

func (*Kettle) OnStopped(ctx akt.Context) { fmt.Println("this kettle is done:", ctx.StopCause()) }

// OnStopped is called on each state of an actor. StopCause says why that one ends.
func ExampleContext_StopCause() {
	kettle, err := akt.Spawner[*Kettle](func() *Kettle { return &Kettle{} }).Run(
		akt.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, dry := kettle.Send(ctx, Boil{0})
	_, again := kettle.Send(ctx, Boil{1}) // by a fresh kettle
	fmt.Println("failed:", dry != nil, again != nil)
	kettle.Stop()
	fmt.Println(kettle.Wait(ctx))
	// Output:
	// this kettle is done: akt: panic: boiled dry
	// failed: true false
	// this kettle is done: <nil>
	// <nil>
}

// Neighbour visits another one.
type Neighbour struct{ other *akt.WeakAddress }

type (
	// Meet tells a neighbour of the other.
	Meet struct{ Other *akt.WeakAddress }
	// Visit has a neighbour go to the other.
	Visit struct{}
	// Ring is answered when the door is opened.
	Ring struct{}
)

func (n *Neighbour) HandleMeet(_ akt.Context, m Meet) { n.other = m.Other }

func (n *Neighbour) HandleVisit(ctx akt.Context, _ Visit) error {
	_, err := n.other.Send(ctx, Ring{})
	return err // also ErrDeadlock: the other waits until this handler has returned
}

func (*Neighbour) HandleRing(akt.Context, Ring) {}

// Two neighbours who visit each other at the same moment would wait at closed doors for ever. One of
// them is told, and goes home: then the other's visit succeeds. Whoever has sent it tries again, after
// a pause that grows.
func ExampleErrDeadlock() {
	ctx := context.Background()
	ann, bob := akt.MustRun(&Neighbour{}), akt.MustRun(&Neighbour{})
	defer ann.Release()
	defer bob.Release()
	fmt.Println(ann.Notify(ctx, Meet{bob.Downgrade()}), bob.Notify(ctx, Meet{ann.Downgrade()}))

	visit := func(by *akt.Address) error {
		for pause := time.Millisecond; ; pause *= 2 {
			_, err := by.Send(ctx, Visit{})
			if !errors.Is(err, akt.ErrDeadlock) {
				return err
			}
			select {
			case <-time.After(pause/2 + rand.N(pause)): // a part is random, so that they do not meet again
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	failures := make(chan error)
	for _, by := range []*akt.Address{ann, bob} {
		go func() {
			var failed error
			for range 50 {
				failed = errors.Join(failed, visit(by))
			}
			failures <- failed
		}()
	}
	fmt.Println(<-failures, <-failures)
	// Output:
	// <nil> <nil>
	// <nil> <nil>
}
