// Spawner shows an actor that is run from a recipe instead of a value. Whoever has the Spawner can
// run as many actors of it as needed, without knowing how they are made; and an actor that panics
// goes on with a fresh state, behind the same address.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"

	"github.com/aktgo/akt"
)

// Mill grinds grain into flour.
type Mill struct {
	Stone  string
	ground int
}

// Grind is answered with all that was ground with this stone.
type Grind struct{ Kilos int }

// HandleGrind breaks the stone when there is nothing to grind.
func (m *Mill) HandleGrind(_ akt.Context, g Grind) string {
	if g.Kilos == 0 {
		panic("the stone broke")
	}
	m.ground += g.Kilos
	return fmt.Sprintf("%d kg with %s", m.ground, m.Stone)
}

// Village runs mills. How a mill is made is not its business.
type Village struct {
	newMill akt.Spawner[*Mill]
}

// Build runs another mill.
func (v Village) Build(name string) (*akt.Address, error) {
	return v.newMill.Run(akt.WithName(name))
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	var stones atomic.Int32 // a Spawner is called wherever an actor is run or restarted
	village := Village{newMill: func() *Mill {
		return &Mill{Stone: fmt.Sprintf("stone %d", stones.Add(1))}
	}}

	windmill, err := village.Build("windmill")
	if err != nil {
		return err
	}
	defer windmill.Stop() // a named actor is held by its system until it is stopped
	watermill, err := village.Build("watermill")
	if err != nil {
		return err
	}
	defer watermill.Stop()
	grind(ctx, windmill, 40)
	grind(ctx, watermill, 30)

	// The sender learns of a panic at once. The log, on stderr, has the stack.
	_, err = windmill.Send(ctx, Grind{0})
	var panicked *akt.PanicError
	if !errors.As(err, &panicked) {
		return err
	}
	fmt.Println("windmill panicked:", panicked.Value)
	grind(ctx, windmill, 5) // the same address, a fresh state

	// An actor that was run from a value stops instead: its state cannot be trusted, and there is
	// no recipe for another.
	handmade, err := akt.Run(village.newMill.Spawn(), akt.WithName("handmade mill"))
	if err != nil {
		return err
	}
	grind(ctx, handmade, 0)
	<-handmade.Done()
	grind(ctx, handmade, 5)
	return nil
}

// grind prints what comes of a Grind.
func grind(ctx context.Context, mill *akt.Address, kilos int) {
	ground, err := akt.Ask[string](ctx, mill, Grind{kilos})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s\n", mill.Name(), ground)
}
