package akt_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aktgo/akt"
)

// Diary is written until it is closed.
type Diary struct{}

// Entry is written into the diary.
type Entry struct{ Text string }

func (*Diary) HandleEntry(_ akt.Context, e Entry) { fmt.Println("written:", e.Text) }

func (*Diary) OnStopped(akt.Context) { fmt.Println("closed") }

// An actor lives as long as somebody has an address of it. When the last one is released, it handles what it has accepted,
// and stops.
func ExampleAddress_Release() {
	diary := akt.MustRun(&Diary{})
	other := diary.Clone()
	diary.Release()
	fmt.Println("still open:", other.IsConnected())

	if err := other.Notify(context.Background(), Entry{"the last words"}); err != nil {
		fmt.Println(err)
	}
	other.Release()
	<-other.Done()
	// Output:
	// still open: true
	// written: the last words
	// closed
}

// Stop stops an actor whoever else has an address of it. It handles what it has accepted first, but takes nothing new.
func ExampleAddress_Stop() {
	ctx := context.Background()
	diary := akt.MustRun(&Diary{})
	defer diary.Release()
	if err := diary.Notify(ctx, Entry{"the last words"}); err != nil {
		fmt.Println(err)
	}
	diary.Stop()
	late := diary.Notify(ctx, Entry{"a postscript"})
	<-diary.Done()
	fmt.Println("too late:", errors.Is(late, akt.ErrStopped))
	// Output:
	// written: the last words
	// closed
	// too late: true
}

// A weak address is for those who use an actor while it is there, such as a cache of actors: it does not keep it alive.
func ExampleWeakAddress_Upgrade() {
	diary := akt.MustRun(&Diary{})
	weak := diary.Downgrade()

	strong, ok := weak.Upgrade()
	fmt.Println("there:", ok)
	strong.Release()

	diary.Release()
	<-diary.Done()
	_, ok = weak.Upgrade()
	fmt.Println("there:", ok)
	// Output:
	// there: true
	// closed
	// there: false
}

// Tickets are sold until there are none left.
type Tickets struct{ Left int }

// Buy is answered with the number of the ticket.
type Buy struct{}

func (t *Tickets) HandleBuy(ctx akt.Context, _ Buy) int {
	number := t.Left
	t.Left--
	if t.Left == 0 {
		ctx.Stop()
	}
	return number
}

// An actor can stop itself when its work is done. The reply of its last message arrives all the same.
func ExampleContext_Stop() {
	ctx := context.Background()
	tickets := akt.MustRun(&Tickets{Left: 2})
	defer tickets.Release()

	fmt.Println(tickets.Send(ctx, Buy{}))
	fmt.Println(tickets.Send(ctx, Buy{}))
	_, err := tickets.Send(ctx, Buy{})
	fmt.Println("sold out:", errors.Is(err, akt.ErrStopped))
	// Output:
	// 2 <nil>
	// 1 <nil>
	// sold out: true
}

// Ship has a crew.
type Ship struct{}

func (*Ship) OnStart(ctx akt.Context) error {
	_, err := ctx.Run(&Sailor{}) // the ship holds it, so the address may be forgotten
	return err
}

func (*Ship) OnStopped(akt.Context) { fmt.Println("the ship is in the harbour") }

// Sailor lives on a ship.
type Sailor struct{}

func (*Sailor) OnStart(ctx akt.Context) error {
	fmt.Println("on board:", ctx.Address().Name())
	return nil
}

func (*Sailor) OnStopped(akt.Context) { fmt.Println("the sailor is ashore") }

// Children end with their parent, and before it.
func ExampleContext_Run() {
	ship := akt.MustRun(&Ship{}, akt.WithSystem(akt.NewSystem()), akt.WithName("ship"))
	ship.Stop()
	<-ship.Done()
	// Output:
	// on board: /ship/Sailor-1
	// the sailor is ashore
	// the ship is in the harbour
}

// Nurse looks after others.
type Nurse struct{}

// LookAfter has the nurse watch another actor.
type LookAfter struct{ Patient *akt.Address }

func (*Nurse) HandleLookAfter(ctx akt.Context, m LookAfter) { ctx.Watch(m.Patient) }

func (*Nurse) HandleTerminated(ctx akt.Context, t akt.Terminated) {
	fmt.Printf("%s is gone, of: %v\n", t.Name, t.Err)
	ctx.Stop()
}

// A watcher is told when another actor has ended, and of what.
func ExampleContext_Watch() {
	ctx := context.Background()
	system := akt.NewSystem()
	patient := akt.MustRun(&Diary{}, akt.WithSystem(system), akt.WithName("diary"))
	nurse := akt.MustRun(&Nurse{}, akt.WithSystem(system))

	if _, err := nurse.Send(ctx, LookAfter{patient}); err != nil {
		fmt.Println(err)
		return
	}
	patient.Stop()
	<-nurse.Done()
	// Output:
	// closed
	// diary is gone, of: <nil>
}

// Wait is for those who have to know that an actor has ended. It does not stop it.
func ExampleAddress_Wait() {
	ctx := context.Background()
	diary := akt.MustRun(&Diary{})
	if err := diary.Notify(ctx, Entry{"the last words"}); err != nil {
		fmt.Println(err)
	}
	diary.Release()
	fmt.Println("it has ended:", diary.Wait(ctx))
	fmt.Println("it died of:", diary.Err())
	// Output:
	// written: the last words
	// closed
	// it has ended: <nil>
	// it died of: <nil>
}

// Bar serves until the last round.
type Bar struct{}

type (
	// Drink is to be served.
	Drink struct{ What string }
	// LastRound is the last that is ordered.
	LastRound struct{ Drinks []string }
)

func (*Bar) HandleDrink(_ akt.Context, m Drink) { fmt.Println("served:", m.What) }

func (*Bar) HandleLastRound(ctx akt.Context, m LastRound) error {
	for _, what := range m.Drinks {
		if err := ctx.Private().Notify(ctx, Drink{what}); err != nil {
			return err
		}
	}
	ctx.Drain() // Stop would leave them unserved
	return nil
}

// Drain stops an actor from inside, when it has handled what was accepted.
func ExampleContext_Drain() {
	ctx := context.Background()
	bar := akt.MustRun(&Bar{})
	defer bar.Release()
	if err := bar.Notify(ctx, LastRound{[]string{"tea", "cider"}}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("closed:", bar.Wait(ctx))
	// Output:
	// served: tea
	// served: cider
	// closed: <nil>
}

// Watchman sleeps until he is woken.
type Watchman struct{}

// Sleep is what he does.
type Sleep struct{}

func (*Watchman) HandleSleep(ctx akt.Context, _ Sleep) {
	<-ctx.Done()
	fmt.Println("woken:", ctx.Err())
}

// An end waits for the handler that runs, but no longer than this: then the handler's Context ends.
func ExampleWithStopTimeout() {
	ctx := context.Background()
	watchman := akt.MustRun(&Watchman{}, akt.WithStopTimeout(10*time.Millisecond))
	if err := watchman.Notify(ctx, Sleep{}); err != nil {
		fmt.Println(err)
	}
	watchman.Stop()
	fmt.Println("ended:", watchman.Wait(ctx))
	// Output:
	// woken: context canceled
	// ended: <nil>
}
