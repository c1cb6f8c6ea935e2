package akt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/aktgo/akt"
)

// Account is an actor: an ordinary struct. One message at a time reaches it, so Balance needs no
// lock.
type Account struct{ Balance uint32 }

// HandleDeposit handles Deposit.
func (a *Account) HandleDeposit(_ akt.Context, m Deposit) (uint32, error) {
	a.Balance += m.Amount
	return a.Balance, nil
}

// HandleWithdraw handles Withdraw.
func (a *Account) HandleWithdraw(_ akt.Context, m Withdraw) (uint32, error) {
	if a.Balance < m.Amount {
		return 0, InsufficientFunds{Requested: m.Amount, Available: a.Balance}
	}
	a.Balance -= m.Amount
	return a.Balance, nil
}

// Deposit and Withdraw are messages; both are answered with the new balance.
type (
	Deposit  struct{ Amount uint32 }
	Withdraw struct{ Amount uint32 }
)

// InsufficientFunds is the account's own error. It reaches the sender unchanged.
type InsufficientFunds struct{ Requested, Available uint32 }

func (e InsufficientFunds) Error() string { return "insufficient funds" }

// An account that starts with 50.
func Example() {
	ctx := context.Background()
	account, err := akt.Run(&Account{Balance: 50}) // finds the two handlers
	if err != nil {
		fmt.Println(err)
		return
	}
	defer account.Release()

	reply, err := account.Send(ctx, Withdraw{20}) // untyped
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.(uint32))

	balance, err := akt.Ask[uint32](ctx, account, Deposit{40}) // typed
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(balance)

	_, err = account.Send(ctx, Withdraw{100})
	var short InsufficientFunds
	if errors.As(err, &short) && short.Requested == 100 && short.Available == 70 {
		fmt.Println(short)
	}

	other := account.Clone() // another reference to the same actor
	defer other.Release()
	for range 2 {
		balance, err := akt.Ask[uint32](ctx, other, Withdraw{10})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(balance)
	}
	// Output:
	// 30
	// 70
	// insufficient funds
	// 60
	// 50
}

// Greeter greets, once it was told how.
type Greeter struct{ Greeting string }

func (g *Greeter) OnStart(akt.Context) error {
	if g.Greeting == "" {
		return errors.New("there is no greeting")
	}
	return nil
}

func (g *Greeter) HandleGreet(_ akt.Context, m Greet) (string, error) {
	if m.Name == "" {
		return "", errors.New("nobody to greet")
	}
	return g.Greeting + ", " + m.Name, nil
}

// Greet is answered with a greeting.
type Greet struct{ Name string }

// OnStart has returned when Run does, and its error is Run's: an actor that was run is ready.
func ExampleRun() {
	greeter, err := akt.Run(&Greeter{Greeting: "Hello"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer greeter.Release()
	fmt.Println(greeter.Send(context.Background(), Greet{"Ann"}))

	_, err = akt.Run(&Greeter{})
	fmt.Println(err)
	// Output:
	// Hello, Ann <nil>
	// there is no greeting
}

// MustRun is for what a program cannot do without.
func ExampleMustRun() {
	greeter := akt.MustRun(&Greeter{Greeting: "Hello"})
	defer greeter.Release()
	fmt.Println(greeter.Send(context.Background(), Greet{"Ann"}))
	// Output: Hello, Ann <nil>
}

// Parser counts what it has parsed, and panics on an empty text.
type Parser struct{ parsed int }

func (p *Parser) HandleParse(_ akt.Context, m Parse) string {
	p.parsed++
	return fmt.Sprintf("%c, the text no. %d", m.Text[0], p.parsed)
}

// Parse is answered with the first byte and how many texts were parsed.
type Parse struct{ Text string }

// An actor that was run from a Spawner goes on after a panic, with a fresh state. One that was run
// from a value stops.
func ExampleSpawner() {
	newParser := akt.Spawner[*Parser](func() *Parser { return &Parser{} })
	// Panics are logged, with their stack.
	parser, err := newParser.Run(akt.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer parser.Release()

	ctx := context.Background()
	fmt.Println(parser.Send(ctx, Parse{"one"}))
	fmt.Println(parser.Send(ctx, Parse{"two"}))
	_, err = parser.Send(ctx, Parse{""})
	var panicked *akt.PanicError
	if errors.As(err, &panicked) {
		fmt.Println(panicked.Value)
	}
	fmt.Println(parser.Send(ctx, Parse{"three"}))
	// Output:
	// o, the text no. 1 <nil>
	// t, the text no. 2 <nil>
	// runtime error: index out of range [0] with length 0
	// t, the text no. 1 <nil>
}

// An actor can belong to something that has a context, such as a program that is to end: it stops
// when the context ends.
func ExampleWithContext() {
	ctx, cancel := context.WithCancel(context.Background())
	greeter := akt.MustRun(&Greeter{Greeting: "Hello"}, akt.WithContext(ctx))
	fmt.Println("closed:", greeter.IsClosed())
	cancel()
	<-greeter.Done()
	fmt.Println("closed:", greeter.IsClosed())
	// Output:
	// closed: false
	// closed: true
}

// Describe shows what a type can do as an actor, without running it.
func ExampleDescribe() {
	description, err := akt.Describe(&Greeter{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, handler := range description.Handlers {
		fmt.Println(handler.Name, "takes", handler.Message, "and replies with", handler.Reply)
	}
	// Output: Greet takes akt_test.Greet and replies with string
}

// Bind makes a handler that is called very often faster. Nothing else changes.
func ExampleBind() {
	if err := akt.Bind((*Greeter).HandleGreet); err != nil {
		fmt.Println(err)
		return
	}
	greeter := akt.MustRun(&Greeter{Greeting: "Hello"})
	defer greeter.Release()
	fmt.Println(greeter.Send(context.Background(), Greet{"Ann"}))
	// Output: Hello, Ann <nil>
}

// Misfit has handlers that do not fit.
type Misfit struct{}

func (*Misfit) HandleGreet(Greet) string { return "" }

func (*Misfit) HandleParse(akt.Context, Parse) (string, bool) { return "", false }

func (*Misfit) HandlePrint(_ context.Context, _ ...string) struct{} { return struct{}{} }

func (*Misfit) Handled() bool { return true } // not meant as a handler

// Run reports all that is wrong with a type at once. The text of the error has the place of each
// method, too.
func ExampleRegistrationError() {
	_, err := akt.Run(&Misfit{})
	var refused *akt.RegistrationError
	if errors.As(err, &refused) {
		for _, fault := range refused.Faults {
			fmt.Printf("%s: %s: %s\n", fault.Method, fault.Found, fault.Cure)
		}
	}
	// Output:
	// HandleGreet: it has no context: declare it as HandleGreet(ctx akt.Context, msg akt_test.Greet); if it is no handler, rename or unexport it
	// HandleParse: its second result is bool, not error: make error its last result
	// HandlePrint: it is variadic: take one message, such as a struct with a slice in it
}

// Shelf holds some pieces of one good.
type Shelf struct{ Pieces int }

func (s *Shelf) HandlePut(_ akt.Context, m Put) int {
	s.Pieces += m.Pieces
	return s.Pieces
}

func (s *Shelf) HandleTake(_ akt.Context, m Take) (int, error) {
	if s.Pieces < m.Pieces {
		return 0, errSoldOut
	}
	s.Pieces -= m.Pieces
	return s.Pieces, nil
}

type (
	// Put is answered with the number of pieces then.
	Put struct{ Pieces int }
	// Take is answered with the number of pieces left.
	Take struct{ Pieces int }
)

var errSoldOut = errors.New("sold out")

// Ask is a Send whose reply has a type. A type that the handler does not reply with is an error
// before anything happens.
func ExampleAsk() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{Pieces: 5})
	defer shelf.Release()

	left, err := akt.Ask[int](ctx, shelf, Take{2})
	fmt.Println(left, err)

	_, err = akt.Ask[string](ctx, shelf, Take{2})
	var mismatch *akt.ReplyTypeError
	if errors.As(err, &mismatch) {
		fmt.Println(mismatch)
	}

	left, err = akt.Ask[int](ctx, shelf, Take{2})
	fmt.Println(left, err)
	// Output:
	// 3 <nil>
	// akt: akt_test.Shelf.HandleTake replies with int, not with string
	// 1 <nil>
}

// Any value can be sent. The handler's own error comes back as it is; what nobody handles is an
// error at once.
func ExampleAddress_Send() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{Pieces: 5})
	defer shelf.Release()

	reply, err := shelf.Send(ctx, Take{2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.(int) == 3)

	_, err = shelf.Send(ctx, Take{100})
	fmt.Println(err == errSoldOut) //nolint:errorlint // unchanged is the point

	_, err = shelf.Send(ctx, "two, please")
	var unhandled *akt.UnhandledError
	if errors.As(err, &unhandled) {
		fmt.Println(unhandled)
	}
	// Output:
	// true
	// true
	// akt: *akt_test.Shelf does not handle string; it accepts akt_test.Put, akt_test.Take
}

// Notify does not wait for the handler. The messages of one sender are handled in the order sent,
// its requests included.
func ExampleAddress_Notify() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{})
	defer shelf.Release()
	for pieces := range 5 {
		if err := shelf.Notify(ctx, Put{pieces}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(akt.Ask[int](ctx, shelf, Take{1})) // after 0+1+2+3+4 were put there
	// Output: 9 <nil>
}

// A Recipient sends messages of one type, and its owner need not know what else the actor does. The
// types are checked once.
func ExampleRecipientOf() {
	shelf := akt.MustRun(&Shelf{Pieces: 5})
	defer shelf.Release()

	supplier := func(deliver akt.Recipient[Put, int]) {
		fmt.Println(deliver.Send(context.Background(), Put{20}))
	}
	recipient, err := akt.RecipientOf[Put, int](shelf)
	if err != nil {
		fmt.Println(err)
		return
	}
	supplier(recipient)

	_, err = akt.RecipientOf[Put, string](shelf)
	fmt.Println(err != nil)
	// Output:
	// 25 <nil>
	// true
}

// A Recipient of a weak address does not keep the actor alive, so it may be kept for as long as one
// likes.
func ExampleRecipientOf_weakAddress() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{Pieces: 5})
	deliver, err := akt.RecipientOf[Put, int](shelf.Downgrade())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(deliver.Send(ctx, Put{20}))
	shelf.Release()
	_, err = deliver.Send(ctx, Put{20})
	fmt.Println("gone:", errors.Is(err, akt.ErrStopped))
	// Output:
	// 25 <nil>
	// gone: true
}

// Every failure but the handler's own error is a SendError. It says whether it is safe to send the
// message again, or to somebody else.
func ExampleSendError() {
	ctx := context.Background()
	closed, open := akt.MustRun(&Shelf{Pieces: 5}), akt.MustRun(&Shelf{Pieces: 5})
	defer open.Release()
	closed.Release()

	for _, shelf := range []*akt.Address{closed, open} {
		left, err := akt.Ask[int](ctx, shelf, Take{1})
		var failed *akt.SendError
		if errors.As(err, &failed) && failed.Handled == akt.NotHandled {
			fmt.Println("nothing was taken:", errors.Is(err, akt.ErrStopped))
			continue
		}
		fmt.Println(left, err)
	}
	// Output:
	// nothing was taken: true
	// 4 <nil>
}

// A message whose Go type the sender does not have, such as one from a file or the network, is
// named by its handler. Its fields have to fit exactly; the error never shows the value.
func ExampleRaw() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{Pieces: 5})
	defer shelf.Release()

	for _, text := range []string{`{"pieces": 2}`, `{"pieces": "two"}`, `{"peices": 2}`} {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			fmt.Println(err)
			continue
		}
		reply, err := shelf.Send(ctx, akt.Raw{Name: "Take", Fields: fields})
		var wrong *akt.DecodeError
		if errors.As(err, &wrong) {
			fmt.Printf("%s: %s\n", wrong.Path, wrong.Found)
			continue
		}
		fmt.Println(reply, err)
	}
	// Output:
	// 3 <nil>
	// Pieces: string
	// peices: unknown field
}

// A Raw reads itself from JSON. Its numbers keep all their digits.
func ExampleRaw_UnmarshalJSON() {
	ctx := context.Background()
	shelf := akt.MustRun(&Shelf{})
	defer shelf.Release()

	var msg akt.Raw
	text := []byte(`{"name": "Put", "fields": {"pieces": 2147483647}}`)
	if err := json.Unmarshal(text, &msg); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(shelf.Send(ctx, msg))
	// Output: 2147483647 <nil>
}

// Dictionary looks words up elsewhere, and keeps what it has found.
type Dictionary struct{ known map[string]string }

func (d *Dictionary) HandleLookUp(ctx akt.Context, m LookUp) *akt.Future[string] {
	self := ctx.Private()
	return akt.Go(ctx, func(context.Context) (string, error) {
		// This is not in the actor's turn: d must not be touched.
		meaning := strings.ToUpper(m.Word)
		err := self.Do(func(akt.Context) { d.known[m.Word] = meaning }) // in its turn
		return meaning, err
	})
}

func (d *Dictionary) HandleKnown(akt.Context, Known) int { return len(d.known) }

type (
	// LookUp is answered with the meaning of a word, which takes a while.
	LookUp struct{ Word string }
	// Known is answered with how many words are known, at once.
	Known struct{}
)

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

type (
	// Use keeps the session alive.
	Use struct{}
	// Expire ends it.
	Expire struct{}
)

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

// Stroke is a stroke of the oars.
type Stroke struct{ Number int }

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

type (
	// Paint is answered when the picture is dry.
	Paint struct{ Subject string }
	// Chat is answered at once.
	Chat struct{}
)

// A slow job goes beside the message loop, and the actor answers others meanwhile. Ask with the
// type of the value would wait for it; with the type of the Future, it does not.
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

type (
	// Want is answered when there is something.
	Want struct{}
	// Give goes to the first who wants.
	Give struct{ What string }
)

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

// Camera develops pictures. In these examples, the first one takes it until the program says so.
type Camera struct {
	busy chan struct{} // closed when the camera has begun with the first picture
	free chan struct{} // closed by the program
}

func (c *Camera) HandlePicture(_ akt.Context, p Picture) {
	if p.Number == 1 {
		close(c.busy)
	}
	<-c.free
}

// Picture is to be developed.
type Picture struct{ Number int }

// A mailbox has a capacity, which does not count the message that is being handled. Who sends to a
// full one waits for room, as long as the context allows.
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

// Diary is written until it is closed.
type Diary struct{}

func (*Diary) HandleEntry(_ akt.Context, e Entry) { fmt.Println("written:", e.Text) }

func (*Diary) OnStopped(akt.Context) { fmt.Println("closed") }

// Entry is written into the diary.
type Entry struct{ Text string }

// An actor lives as long as somebody has an address of it. When the last one is released, it
// handles what it has accepted, and stops.
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

// Stop stops an actor whoever else has an address of it. It handles what it has accepted first, but
// takes nothing new.
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

// A weak address is for those who use an actor while it is there, such as a cache of actors: it
// does not keep it alive.
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

func (t *Tickets) HandleBuy(ctx akt.Context, _ Buy) int {
	number := t.Left
	t.Left--
	if t.Left == 0 {
		ctx.Stop()
	}
	return number
}

// Buy is answered with the number of the ticket.
type Buy struct{}

// An actor can stop itself when its work is done. The reply of its last message arrives all the
// same.
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

func (*Nurse) HandleLookAfter(ctx akt.Context, m LookAfter) { ctx.Watch(m.Patient) }

func (*Nurse) HandleTerminated(ctx akt.Context, t akt.Terminated) {
	fmt.Printf("%s is gone, of: %v\n", t.Name, t.Err)
	ctx.Stop()
}

// LookAfter has the nurse watch another actor.
type LookAfter struct{ Patient *akt.Address }

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

type (
	// Drink is to be served.
	Drink struct{ What string }
	// LastRound is the last that is ordered.
	LastRound struct{ Drinks []string }
)

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

func (*Watchman) HandleSleep(ctx akt.Context, _ Sleep) {
	<-ctx.Done()
	fmt.Println("woken:", ctx.Err())
}

// Sleep is what he does.
type Sleep struct{}

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

var errLine = errors.New("the line is broken")

// Line is an actor whose state may become useless.
type Line struct{ sent int }

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

// Text is sent over a Line.
type Text struct{ Text string }

// A Supervisor decides by the failure: a text that the handler does not stand is no reason to
// forget the state, a broken line is one for a fresh state, and one that breaks again and again is
// given up.
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

func (*Kettle) HandleBoil(_ akt.Context, m Boil) {
	if m.Litres == 0 {
		panic("boiled dry")
	}
}

func (*Kettle) OnStopped(ctx akt.Context) { fmt.Println("this kettle is done:", ctx.StopCause()) }

// Boil is answered when so much water has boiled.
type Boil struct{ Litres int }

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

func (n *Neighbour) HandleMeet(_ akt.Context, m Meet) { n.other = m.Other }

func (n *Neighbour) HandleVisit(ctx akt.Context, _ Visit) error {
	_, err := n.other.Send(ctx, Ring{})
	return err // also ErrDeadlock: the other waits until this handler has returned
}

func (*Neighbour) HandleRing(akt.Context, Ring) {}

type (
	// Meet tells a neighbour of the other.
	Meet struct{ Other *akt.WeakAddress }
	// Visit has a neighbour go to the other.
	Visit struct{}
	// Ring is answered when the door is opened.
	Ring struct{}
)

// Two neighbours who visit each other at the same moment would wait at closed doors for ever. One
// of them is told, and goes home: then the other's visit succeeds. Whoever has sent it tries again,
// after a pause that grows.
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
			// A part is random, so that they do not meet again.
			case <-time.After(pause/2 + rand.N(pause)):
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

// Clerk files letters.
type Clerk struct{ filed []string }

func (c *Clerk) HandleLetter(ctx context.Context, m Letter) error {
	if m.Text == "" {
		return errEmpty
	}
	c.filed = append(c.filed, m.Text)
	trace(ctx, "filed "+m.Text)
	return nil
}

// Letter is to be filed.
type Letter struct{ Text string }

var errEmpty = errors.New("the letter is empty")

// trace stands for code that knows nothing of actors, but is called by them.
func trace(ctx context.Context, what string) {
	who := "somebody"
	if c, ok := akt.FromContext(ctx); ok {
		who = c.Address().Name()
	}
	fmt.Printf("%s: %s\n", who, what)
}

// A named actor is found by its name. Its system holds it until it is stopped, so nobody has to
// keep an address of it.
func ExampleSystem_Lookup() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clerk.Stop()

	if found, ok := office.Lookup("clerk"); ok {
		fmt.Println(found.Send(ctx, Letter{"a bill"}))
		found.Release()
	}
	_, err = office.Run(&Clerk{}, akt.WithName("clerk"))
	fmt.Println(err)
	// Output:
	// clerk: filed a bill
	// <nil> <nil>
	// akt: the name is taken: "clerk"
}

// Shutdown ends a whole system: what was accepted is handled, then its actors stop.
func ExampleSystem_Shutdown() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"a bill", "a postcard"} {
		if err := clerk.Notify(ctx, Letter{text}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	_, err = office.Run(&Clerk{})
	fmt.Println(err)
	// Output:
	// clerk: filed a bill
	// clerk: filed a postcard
	// all has ended: <nil>
	// akt: the actor has stopped: the system was shut down (inside it, pass the handler's ctx on)
}

// Archive keeps what it is given.
type Archive struct{ files int }

func (a *Archive) HandleFile(_ akt.Context, m File) {
	a.files++
	fmt.Println("kept:", m.Letters)
}

// File is kept for good.
type File struct{ Letters []string }

// Desk collects letters, to file many at once.
type Desk struct {
	archive *akt.WeakAddress
	letters []string
}

func (d *Desk) HandleLetter(_ akt.Context, m Letter) { d.letters = append(d.letters, m.Text) }

func (d *Desk) OnStopping(ctx akt.Context) bool { // told again if more letters come
	if len(d.letters) == 0 {
		return true
	}
	// ctx says that it comes from inside.
	if err := d.archive.Notify(ctx, File{d.letters}); err != nil {
		ctx.Logger().Error("letters are lost", "error", err)
	}
	d.letters = nil
	return true
}

// While Shutdown calls OnStopping all actors still serve each other, so a buffer can be flushed to
// another actor, whichever of the two was run first.
func ExampleSystem_Shutdown_flush() {
	ctx := context.Background()
	office := akt.NewSystem()
	archive, err := office.Run(&Archive{})
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := office.Run(&Desk{archive: archive.Downgrade()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"a bill", "a postcard"} {
		if err := desk.Notify(ctx, Letter{text}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	// Output:
	// kept: [a bill a postcard]
	// all has ended: <nil>
}

// Nobody waits for what becomes of a notification. Where its handling fails, the system is told.
func ExampleWithDeadLetters() {
	ctx := context.Background()
	office := akt.NewSystem(
		akt.WithDeadLetters(func(d akt.DeadLetter) {
			fmt.Printf("%s could not handle %s: %v\n", d.Actor, d.Message, d.Err)
		}),
		akt.WithDefaults(akt.WithLogger(slog.New(slog.DiscardHandler))), // it would be logged, too
	)
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := clerk.Notify(ctx, Letter{}); err != nil {
		fmt.Println(err) // it was not accepted
	}
	fmt.Println("all has ended:", office.Shutdown(ctx))
	// Output:
	// clerk could not handle akt_test.Letter: the letter is empty
	// all has ended: <nil>
}

// Code that only has a context.Context finds out which actor it runs in: here trace, far from the
// handler.
func ExampleFromContext() {
	ctx := context.Background()
	office := akt.NewSystem()
	clerk, err := office.Run(&Clerk{}, akt.WithName("clerk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clerk.Stop()
	trace(ctx, "brought a bill")
	fmt.Println(clerk.Send(ctx, Letter{"a bill"}))
	// Output:
	// somebody: brought a bill
	// clerk: filed a bill
	// <nil> <nil>
}

// Till holds the money of one shop.
type Till struct {
	Shop  string `json:"shop"`
	Cents uint   `json:"cents"`
}

func (t *Till) HandlePayIn(_ akt.Context, m PayIn) (uint, error) {
	t.Cents += m.Cents
	return t.Cents, nil
}

func (t *Till) HandlePayOut(_ akt.Context, m PayOut) (uint, error) {
	if m.Cents > t.Cents {
		return 0, errors.New("the till is short")
	}
	t.Cents -= m.Cents
	return t.Cents, nil
}

type (
	// PayIn puts money in.
	PayIn struct{ Cents uint }
	// PayOut takes money out.
	PayOut struct{ Cents uint }
)

// Actors tells how each actor is doing.
func ExampleSystem_Actors() {
	ctx := context.Background()
	shops := akt.NewSystem()
	for _, name := range []string{"bakery", "butcher"} {
		till, err := shops.Run(&Till{}, akt.WithName(name))
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := till.Send(ctx, PayIn{500}); err != nil {
			fmt.Println(err)
		}
	}
	if till, ok := shops.Lookup("butcher"); ok {
		_, err := till.Send(ctx, PayOut{900})
		fmt.Println(err)
		till.Release()
	}

	for info := range shops.Actors() {
		fmt.Printf("%s (%s) is %v: %d handled, %d failed, last error: %v\n",
			info.Name, info.Type, info.State, info.Handled, info.Failed, info.LastError)
	}
	fmt.Println(shops.Shutdown(ctx))
	// Output:
	// the till is short
	// bakery (*akt_test.Till) is started: 1 handled, 0 failed, last error: <nil>
	// butcher (*akt_test.Till) is started: 2 handled, 1 failed, last error: the till is short
	// <nil>
}

// An interceptor is called around every handler call. This one refuses payments while the shop is
// closed, and logs the others.
func ExampleWithInterceptor() {
	ctx := context.Background()
	open := true
	hours := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		if !open {
			return nil, errors.New("the shop is closed")
		}
		reply, err := next(ctx, msg)
		fmt.Printf("%s: %T%+v → %v\n", ctx.Address().Name(), msg, msg, reply)
		return reply, err
	}

	till, err := akt.Run(&Till{}, akt.WithName("bakery"), akt.WithInterceptor(hours))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer till.Stop()
	fmt.Println(akt.Ask[uint](ctx, till, PayIn{250}))
	open = false
	fmt.Println(akt.Ask[uint](ctx, till, PayIn{250}))
	// Output:
	// bakery: akt_test.PayIn{Cents:250} → 250
	// 250 <nil>
	// 0 the shop is closed
}

// Delivery tells an interceptor what it is called for: enough for a trace of all messages.
func ExampleContext_Delivery() {
	ctx := context.Background()
	trace := func(ctx akt.Context, msg any, next akt.Next) (any, error) {
		d := ctx.Delivery()
		fmt.Printf("%s takes a %s, notification: %v\n", d.Handler, d.Message, d.Notification)
		return next(ctx, msg)
	}
	till, err := akt.Run(&Till{}, akt.WithInterceptor(trace))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer till.Release()
	raw := akt.Raw{Name: "PayIn", Fields: map[string]any{"cents": 250}}
	fmt.Println(till.Notify(ctx, raw))
	fmt.Println(akt.Ask[uint](ctx, till, PayOut{200}))
	// Unordered output:
	// <nil>
	// HandlePayIn takes a akt.Raw, notification: true
	// HandlePayOut takes a akt_test.PayOut, notification: false
	// 50 <nil>
}

// One actor for each key, run when it is first needed. ctx says how long to wait for it.
func ExampleSystem_LookupOrRun() {
	ctx := context.Background()
	shops := akt.NewSystem()
	payIn := func(shop string, cents uint) {
		till, loaded, err := shops.LookupOrRun(ctx, shop, func() any { return &Till{Shop: shop} })
		if err != nil {
			fmt.Println(err)
			return
		}
		defer till.Release()
		total, err := akt.Ask[uint](ctx, till, PayIn{cents})
		fmt.Println(shop, "loaded:", loaded, "total:", total, err)
	}
	payIn("bakery", 300)
	payIn("butcher", 1000)
	payIn("bakery", 200)
	fmt.Println(shops.Shutdown(ctx))
	// Output:
	// bakery loaded: false total: 300 <nil>
	// butcher loaded: false total: 1000 <nil>
	// bakery loaded: true total: 500 <nil>
	// <nil>
}

// Kinds of actors, and the fields they are run with, may come from a file.
func ExampleSystem_Spawn() {
	ctx := context.Background()
	shops := akt.NewSystem()
	if err := shops.Register("till", func() any { return &Till{} }); err != nil {
		fmt.Println(err)
		return
	}

	fields := map[string]any{"shop": "bakery", "cents": 120}
	till, err := shops.Spawn("till", fields, akt.WithName("bakery"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(akt.Ask[uint](ctx, till, PayIn{30}))
	_, err = shops.Spawn("till", map[string]any{"cent": 120})
	fmt.Println(err)
	_, err = shops.Spawn("tille", nil)
	fmt.Println(err)
	fmt.Println(shops.Shutdown(ctx))
	// Output:
	// 150 <nil>
	// akt: Spawn("till"): cent of type akt_test.Till: found unknown field, wanted a field of akt_test.Till; did you mean "cents"?
	// akt: Spawn("tille"): there is no such kind; the kinds are "till"; did you mean "till"
	// <nil>
}

// The logger of all actors of a system is a default, as any other option.
func ExampleWithDefaults_logger() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	plain := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	shops := akt.NewSystem(akt.WithDefaults(akt.WithLogger(slog.New(plain))))
	till, err := shops.Run(&Till{}, akt.WithName("bakery"))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Nobody waits for the answer, so the failure is logged.
	fmt.Println(till.TryNotify(context.Background(), PayOut{100}))
	fmt.Println(shops.Shutdown(context.Background()))
	// Unordered output:
	// <nil>
	// level=ERROR msg="akt: a notification failed" actor=bakery type=*akt_test.Till message=akt_test.PayOut error="the till is short"
	// <nil>
}
