package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/aktgo/akt"
)

// Till holds the money of one shop.
type Till struct {
	Shop  string `json:"shop"`
	Cents uint   `json:"cents"`
}

type (
	// PayIn puts money in.
	PayIn struct{ Cents uint }
	// PayOut takes money out.
	PayOut struct{ Cents uint }
)

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

// An interceptor is called around every handler call. This one refuses payments while the shop is closed, and logs the others.
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

	till, err := shops.Spawn("till", map[string]any{"shop": "bakery", "cents": 120}, akt.WithName("bakery"))
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
	plain := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	shops := akt.NewSystem(akt.WithDefaults(akt.WithLogger(slog.New(plain))))
	till, err := shops.Run(&Till{}, akt.WithName("bakery"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(till.TryNotify(context.Background(), PayOut{100})) // nobody waits for the answer, so the failure is logged
	fmt.Println(shops.Shutdown(context.Background()))
	// Unordered output:
	// <nil>
	// level=ERROR msg="akt: a notification failed" actor=bakery type=*akt_test.Till message=akt_test.PayOut error="the till is short"
	// <nil>
}
