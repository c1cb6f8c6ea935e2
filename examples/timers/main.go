// Timers shows how an actor sends messages to itself: again and again, later, and at a given time.
// It does so by its private address, whose messages are served before all others. Everything that
// happens to the rocket happens in its own turn, so its fields need no lock, and all its timers end
// with it.
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/aktgo/akt"
)

// Rocket counts down, lifts off, and reaches its orbit. Nobody sends it a message but itself.
type Rocket struct {
	count     int
	countdown *akt.Timer
	abort     *akt.Timer
	altitude  int
}

// What the rocket tells itself.
type (
	Count   struct{}
	Liftoff struct{}
	Orbit   struct{}
	Abort   struct{}
)

// region timers

// OnStart starts the countdown. An interval begins at once: Count is the rocket's first message.
func (r *Rocket) OnStart(ctx akt.Context) error {
	r.count = 3
	r.countdown = ctx.Private().NotifyInterval(func() any { return Count{} }, 100*time.Millisecond)
	r.abort = ctx.Private().NotifyLater(Abort{}, time.Hour)
	return nil
}

// endregion

// HandleCount counts down to 1, then stops the interval.
func (r *Rocket) HandleCount(ctx akt.Context, _ Count) {
	fmt.Println(r.count)
	r.count--
	if r.count == 0 {
		r.countdown.Stop()
		ctx.Private().NotifyLater(Liftoff{}, 100*time.Millisecond)
	}
}

// HandleLiftoff stops the timer of Abort, which will not come any more. Then it has the altitude
// measured by a goroutine, which must not touch the rocket: it comes back with Do, whose function
// runs as one of the rocket's messages.
func (r *Rocket) HandleLiftoff(ctx akt.Context, _ Liftoff) {
	fmt.Println("liftoff")
	fmt.Println("abort called off:", r.abort.Stop())

	rocket := ctx.Private()
	go func() {
		km := measure()
		err := rocket.Do(func(akt.Context) {
			r.altitude = km
			fmt.Println("altitude in km:", r.altitude)
			rocket.NotifyAt(Orbit{}, time.Now().Add(100*time.Millisecond))
		})
		if err != nil {
			log.Print(err) // the rocket has stopped
		}
	}()
}

// HandleOrbit ends the flight.
func (r *Rocket) HandleOrbit(ctx akt.Context, _ Orbit) {
	fmt.Println("in orbit")
	ctx.Stop()
}

// HandleAbort would end the flight too.
func (r *Rocket) HandleAbort(ctx akt.Context, _ Abort) {
	fmt.Println("aborted")
	ctx.Stop()
}

// measure stands for a slow instrument.
func measure() int { return 10 }

func main() {
	rocket, err := akt.Run(&Rocket{})
	if err != nil {
		log.Fatal(err)
	}
	<-rocket.Done()
}
