package akt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aktgo/akt"
)

// Shelf holds some pieces of one good.
type Shelf struct{ Pieces int }

type (
	// Put is answered with the number of pieces then.
	Put struct{ Pieces int }
	// Take is answered with the number of pieces left.
	Take struct{ Pieces int }
)

var errSoldOut = errors.New("sold out")

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

// Ask is a Send whose reply has a type. A type that the handler does not reply with is an error before anything happens.
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

// Any value can be sent. The handler's own error comes back as it is; what nobody handles is an error at once.
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

// Notify does not wait for the handler. The messages of one sender are handled in the order sent, its requests included.
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

// A Recipient sends messages of one type, and its owner need not know what else the actor does. The types are checked once.
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

// Every failure but the handler's own error is a SendError. It says whether it is safe to send the message again, or to
// somebody else.
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

// A message whose Go type the sender does not have, such as one from a file or the network, is named by its handler. Its
// fields have to fit exactly; the error never shows the value.
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
	if err := json.Unmarshal([]byte(`{"name": "Put", "fields": {"pieces": 2147483647}}`), &msg); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(shelf.Send(ctx, msg))
	// Output: 2147483647 <nil>
}
