package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aktgo/akt"
)

// Greeter greets, once it was told how.
type Greeter struct{ Greeting string }

// Greet is answered with a greeting.
type Greet struct{ Name string }

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

// Parse is answered with the first byte and how many texts were parsed.
type Parse struct{ Text string }

func (p *Parser) HandleParse(_ akt.Context, m Parse) string {
	p.parsed++
	return fmt.Sprintf("%c, the text no. %d", m.Text[0], p.parsed)
}

// An actor that was run from a Spawner goes on after a panic, with a fresh state. One that was run from a value stops.
func ExampleSpawner() {
	newParser := akt.Spawner[*Parser](func() *Parser { return &Parser{} })
	parser, err := newParser.Run(akt.WithLogger(slog.New(slog.DiscardHandler))) // panics are logged, with their stack
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

// An actor can belong to something that has a context, such as a program that is to end: it stops when the context ends.
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

func (*Misfit) HandleGreet(Greet) string                            { return "" }
func (*Misfit) HandleParse(akt.Context, Parse) (string, bool)       { return "", false }
func (*Misfit) HandlePrint(_ context.Context, _ ...string) struct{} { return struct{}{} }
func (*Misfit) Handled() bool                                       { return true } // not meant as a handler

// Run reports all that is wrong with a type at once. The text of the error has the place of each method, too.
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
