package akt_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aktgo/akt"
)

// Dictionary looks words up elsewhere, and keeps what it has found.
type Dictionary struct{ known map[string]string }

type (
	// LookUp is answered with the meaning of a word, which takes a while.
	LookUp struct{ Word string }
	// Known is answered with how many words are known, at once.
	Known struct{}
)

func (d *Dictionary) HandleLookUp(ctx akt.Context, m LookUp) *akt.Future[string] {
	self := ctx.Private()
	return akt.Go(ctx, func(context.Context) (string, error) { // not in the actor's turn: d must not be touched
		meaning := strings.ToUpper(m.Word)
		err := self.Do(func(akt.Context) { d.known[m.Word] = meaning }) // in its turn
		return meaning, err
	})
}

func (d *Dictionary) HandleKnown(akt.Context, Known) int { return len(d.known) }

// What runs beside an actor comes back to its state with Do.
func ExamplePrivateAddress_Do() {
	ctx := context.Background()
	dictionary := akt.MustRun(&Dictionary{known: map[string]string{}})
	defer dictionary.Release()
	fmt.Println(akt.Ask[string](ctx, dictionary, LookUp{"actor"}))
	fmt.Println(akt.Ask[int](ctx, dictionary, Known{}))
	// Output:
	// ACTOR <nil>
	// 1 <nil>
}

// Session ends when it is not used.
type Session struct{ expiry *akt.Timer }

type (
	// Use keeps the session alive.
	Use struct{}
	// Expire ends it.
	Expire struct{}
)

func (s *Session) OnStart(ctx akt.Context) error {
	s.expiry = ctx.Private().NotifyLater(Expire{}, time.Hour)
	return nil
}

func (s *Session) HandleUse(ctx akt.Context, _ Use) bool {
	stopped := s.expiry.Stop()
	s.expiry = ctx.Private().NotifyLater(Expire{}, 10*time.Millisecond)
	return stopped
}

func (s *Session) HandleExpire(ctx akt.Context, _ Expire) {
	fmt.Println("expired")
	ctx.Stop()
}

// A timeout is a message that comes later, unless its timer is stopped.
func ExamplePrivateAddress_NotifyLater() {
	session := akt.MustRun(&Session{})
	defer session.Release()
	reply, err := session.Send(context.Background(), Use{})
	fmt.Println("the first timer was stopped:", reply, err)
	<-session.Done()
	// Output:
	// the first timer was stopped: true <nil>
	// expired
}

// Rower rows three strokes.
type Rower struct {
	strokes int
	rhythm  *akt.Timer
}

// Stroke is a stroke of the oars.
type Stroke struct{ Number int }

func (r *Rower) OnStart(ctx akt.Context) error {
	r.rhythm = ctx.Private().NotifyInterval(func() any {
		r.strokes++ // called in the actor's turn, so this needs no lock
		return Stroke{r.strokes}
	}, time.Millisecond)
	return nil
}

func (r *Rower) HandleStroke(ctx akt.Context, s Stroke) {
	fmt.Println("stroke", s.Number)
	if s.Number == 3 {
		r.rhythm.Stop()
		ctx.Stop()
	}
}

// An interval begins at once. Each tick waits until the one before was handled.
func ExamplePrivateAddress_NotifyInterval() {
	rower := akt.MustRun(&Rower{})
	defer rower.Release()
	<-rower.Done()
	// Output:
	// stroke 1
	// stroke 2
	// stroke 3
}

// Painter takes long for a picture.
type Painter struct{ dry <-chan struct{} }

type (
	// Paint is answered when the picture is dry.
	Paint struct{ Subject string }
	// Chat is answered at once.
	Chat struct{}
)

func (p *Painter) HandlePaint(ctx akt.Context, m Paint) *akt.Future[string] {
	dry := p.dry
	return akt.Go(ctx, func(ctx context.Context) (string, error) {
		select {
		case <-dry:
			return "a picture of " + m.Subject, nil
		case <-ctx.Done(): // the sender has left
			return "", ctx.Err()
		}
	})
}

func (p *Painter) HandleChat(akt.Context, Chat) string { return "nice weather" }

// A slow job goes beside the message loop, and the actor answers others meanwhile. Ask with the type of the value would wait
// for it; with the type of the Future, it does not.
func ExampleGo() {
	ctx := context.Background()
	dry := make(chan struct{})
	painter := akt.MustRun(&Painter{dry})
	defer painter.Release()

	picture, err := akt.Ask[*akt.Future[string]](ctx, painter, Paint{"a cat"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(akt.Ask[string](ctx, painter, Chat{}))
	close(dry)
	fmt.Println(picture.Wait(ctx))
	// Output:
	// nice weather <nil>
	// a picture of a cat <nil>
}

// Exchange hands what is given to who asks for it.
type Exchange struct{ waiting []*akt.Promise[string] }

type (
	// Want is answered when there is something.
	Want struct{}
	// Give goes to the first who wants.
	Give struct{ What string }
)

func (e *Exchange) HandleWant(ctx akt.Context, _ Want) *akt.Future[string] {
	promise, future := akt.NewPromise[string](ctx) // it fails if the exchange ends before
	e.waiting = append(e.waiting, promise)
	return future
}

func (e *Exchange) HandleGive(_ akt.Context, m Give) error {
	if len(e.waiting) == 0 {
		return fmt.Errorf("nobody wants %s", m.What)
	}
	e.waiting[0].Resolve(m.What)
	e.waiting = e.waiting[1:]
	return nil
}

// A request can be answered by a later message: the actor keeps the Promise until then.
func ExampleNewPromise() {
	ctx := context.Background()
	exchange := akt.MustRun(&Exchange{})
	defer exchange.Release()

	wanted, err := akt.Ask[*akt.Future[string]](ctx, exchange, Want{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exchange.Send(ctx, Give{"a bicycle"}))
	fmt.Println(wanted.Wait(ctx))
	fmt.Println(exchange.Send(ctx, Give{"a piano"}))

	wanted, err = akt.Ask[*akt.Future[string]](ctx, exchange, Want{})
	if err != nil {
		fmt.Println(err)
		return
	}
	exchange.Stop()
	fmt.Println(wanted.Wait(ctx)) // nobody can give anything any more
	// Output:
	// <nil> <nil>
	// a bicycle <nil>
	// <nil> nobody wants a piano
	//  akt: the actor has stopped before its Promise was settled
}
