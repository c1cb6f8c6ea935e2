// Warehouse shows one actor for each key, and an actor that asks others. The shop has a shelf for
// each good, an actor that is run when the good is first ordered.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aktgo/akt"
)

// Shop takes orders.
type Shop struct{ warehouse *akt.System }

// Order is answered with the number of pieces that are left.
type Order struct {
	Good   string
	Pieces int
}

// Shelf holds the pieces of one good.
type Shelf struct{ pieces int }

// Take is answered with the number of pieces that are left.
type Take struct{ Pieces int }

// HandleTake takes pieces from the shelf, if there are enough.
func (s *Shelf) HandleTake(_ akt.Context, m Take) (int, error) {
	if m.Pieces > s.pieces {
		return 0, fmt.Errorf("only %d left", s.pieces)
	}
	s.pieces -= m.Pieces
	return s.pieces, nil
}

// region order

// HandleOrder asks the shelf of the good. A shelf is run when it is first asked for.
func (s *Shop) HandleOrder(ctx akt.Context, m Order) (int, error) {
	newShelf := func() any { return &Shelf{pieces: 10} }
	shelf, _, err := s.warehouse.LookupOrRun(ctx, m.Good, newShelf)
	if err != nil {
		return 0, err
	}
	defer shelf.Release()                           // the system holds it, by its name
	return akt.Ask[int](ctx, shelf, Take{m.Pieces}) // the customer's ctx, passed on
}

// endregion

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	system := akt.NewSystem()
	shop, err := system.Run(&Shop{warehouse: system})
	if err != nil {
		return err
	}
	for _, order := range []Order{{"tea", 4}, {"honey", 1}, {"tea", 5}, {"tea", 2}} {
		left, err := akt.Ask[int](ctx, shop, order)
		if err != nil {
			fmt.Printf("%d × %s: %v\n", order.Pieces, order.Good, err)
			continue
		}
		fmt.Printf("%d × %s: %d left\n", order.Pieces, order.Good, left)
	}
	for info := range system.Actors() {
		fmt.Printf("%s (%s) has handled %d\n", info.Name, info.Type, info.Handled)
	}
	return system.Shutdown(ctx)
}
