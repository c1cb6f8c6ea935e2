package reliability

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aktgo/akt"
)

var rounds = flag.Int("rounds", 100, "how many histories TestAccount checks, of each kind")

// account is an actor that keeps a copy of what its store has. It is run from a Spawner: after a
// panic a fresh one reads the store.
type account struct {
	store   *store
	balance int
}

// store outlives the account's states. Nothing guards it: two handlers at the same time (D1) lose
// money.
type store struct{ balance int }

// transaction is what the clients ask for: to deposit, to withdraw a negative amount, or, with 0,
// for the balance.
type transaction struct {
	Amount int
	Crash  crash
	Slow   int // how often the handler lets others run meanwhile
}

// crash says whether and where the handler panics.
type crash int

const (
	noCrash     crash = iota
	crashBefore       // the store has the transaction
	crashAfter
)

// insufficient is the account's own error.
type insufficient struct{ Balance int }

func (e insufficient) Error() string { return fmt.Sprintf("the balance is %d", e.Balance) }

func (a *account) OnStart(akt.Context) error {
	a.balance = a.store.balance
	return nil
}

// HandleTransaction replies with the new balance.
func (a *account) HandleTransaction(_ akt.Context, t transaction) (int, error) {
	balance := a.balance + t.Amount
	if balance < 0 {
		return 0, insufficient{a.balance}
	}
	for range t.Slow {
		runtime.Gosched()
	}
	a.balance = balance
	if t.Crash == crashBefore {
		panic("before")
	}
	a.store.balance = balance
	if t.Crash == crashAfter {
		panic("after")
	}
	return balance, nil
}

// result is what a client saw of a transaction.
type result struct {
	how     ending
	balance int
}

type ending string

const (
	replied  ending = "replied"
	refused  ending = "insufficient funds"
	panicked ending = "panicked"
	maybe    ending = "maybe handled"
	never    ending = "not handled"
)

// accountModel is an account in one thread. Its state is the balance.
var accountModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{0} },
	Step: func(state, input, output any) []any {
		balance, t, r := state.(int), input.(transaction), output.(result)
		after := balance + t.Amount
		switch {
		case r.how == never: // E2: certainly no effect
			return []any{balance}
		case r.how == refused && after < 0 && r.balance == balance:
			return []any{balance}
		case r.how == replied && after >= 0 && r.balance == after && t.Crash == noCrash:
			return []any{after}
		case r.how == panicked && after >= 0 && t.Crash == crashBefore: // L5: the fresh state is what the store has
			return []any{balance}
		case r.how == panicked && after >= 0 && t.Crash == crashAfter:
			return []any{after}
		case r.how == maybe && (after < 0 || t.Crash == crashBefore):
			return []any{balance}
		case r.how == maybe:
			return []any{balance, after}
		}
		return nil
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
	DescribeState:     func(state any) string { return fmt.Sprint(state) },
}

// TestAccount: what concurrent clients see of an account, with panics, restarts and requests that
// are cancelled at any moment, is what they could have seen of one that does one thing after the
// other (D1, D4, E2, L5), on both ways of sending.
func TestAccount(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		crowd   crowd
		options []akt.Option
	}{
		{"on the sender's goroutine", crowd{}, nil},
		{"on the sender's goroutine, two at the same moment", crowd{pair: true}, nil},
		{"queued", crowd{cancellable: 100}, nil},
		{"on the sender's goroutine, with a ctx that ends", crowd{cancellable: 100}, []akt.Option{akt.WithInlineSend()}},
		{"both, with a full mailbox", crowd{cancellable: 50}, []akt.Option{akt.WithMailbox(1)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			seen := map[ending]int{}
			rounds := *rounds
			if row.crowd.pair {
				rounds = 1 + rounds/5
			}
			for i := range rounds {
				history := row.crowd.history(t, uint64(i), row.options)
				for _, op := range history {
					seen[op.Output.(result).how]++
				}
				if verdict := porcupine.CheckOperationsTimeout(
					accountModel.ToModel(),
					history,
					20*time.Second,
				); verdict != porcupine.Ok {
					t.Fatalf(
						"round %d: %s: no order of these explains what the clients saw:\n%s",
						i,
						verdict,
						list(history),
					)
				}
			}
			t.Log(seen)
			if !row.crowd.pair &&
				(seen[replied] == 0 || seen[refused] == 0 || seen[panicked] == 0 || row.crowd.cancellable > 0 && seen[maybe]+seen[never] == 0) {
				t.Error("the histories show too little")
			}
		})
	}
}

// crowd is how the clients are.
type crowd struct {
	cancellable int // how many of a hundred requests have a ctx that may end
	// two that only deposit, again and again at the same moment; otherwise there are four
	pair bool
}

// meeting is where clients meet before a step, on the spot: those who are woken come one after the
// other.
type meeting struct{ arrived atomic.Int64 }

func (m *meeting) attend(all int64) {
	m.arrived.Add(1)
	for i := 0; m.arrived.Load() < all; i++ {
		if i%100 == 99 {
			runtime.Gosched()
		}
	}
}

// history has some clients use an account at the same time, and returns what they saw.
func (c crowd) history(
	t *testing.T,
	seed uint64,
	options []akt.Option,
) (all []porcupine.Operation) {
	t.Helper()
	kept := &store{}
	system := akt.NewSystem(akt.WithDefaults(
		akt.WithLogger(slog.New(slog.DiscardHandler)),
		akt.WithSupervisor(
			akt.Supervisor{
				MaxRestarts: -1,
				BackoffMin:  time.Microsecond,
				BackoffMax:  time.Millisecond,
			},
		),
	))
	addr, err := system.Run(
		akt.Spawner[*account](func() *account { return &account{store: kept} }),
		options...)
	if err != nil {
		t.Fatal(err)
	}
	var clock atomic.Int64
	var door meeting
	var clients sync.WaitGroup
	n, steps := 4, 20
	if c.pair {
		n, steps = 2, 100
	}
	histories := make([][]porcupine.Operation, n)
	for i := range n {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for step := range steps {
				if c.pair ||
					seed%2 == 0 { // all at once, so that they meet an actor that is idle, or is about to be
					door.attend(int64(n * (step + 1)))
				}
				histories[i] = append(histories[i], c.operate(addr, i, random, &clock))
			}
		})
	}
	clients.Wait()
	if err := system.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	ended := clock.Add(1) // and so has every handler for which nobody waited
	all = slices.Concat(histories...)
	for i := range all {
		all[i].Return = min(all[i].Return, ended)
	}
	return append(all, porcupine.Operation{
		ClientId: n,
		Input:    transaction{},
		Call:     clock.Add(1),
		Output:   result{replied, kept.balance},
		Return:   clock.Add(1),
	})
}

// transaction makes one up.
func (c crowd) transaction(random *rand.Rand) transaction {
	if c.pair {
		return transaction{Amount: 1}
	}
	m := transaction{Slow: random.IntN(4)}
	switch n := random.IntN(10); {
	case n < 4:
		m.Amount = 1 + random.IntN(9)
	case n < 8:
		m.Amount = -1 - random.IntN(9)
	}
	if random.IntN(20) == 0 {
		m.Crash = crashBefore + crash(random.IntN(2))
	}
	return m
}

// operate makes one request.
func (c crowd) operate(
	addr *akt.Address,
	client int,
	random *rand.Rand,
	clock *atomic.Int64,
) porcupine.Operation {
	m := c.transaction(random)
	ctx := context.Background()
	if random.IntN(100) < c.cancellable {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		if random.IntN(3) == 0 {
			wait := random.IntN(6)
			go func() {
				for range wait {
					runtime.Gosched()
				}
				cancel()
			}()
		}
	}
	op := porcupine.Operation{ClientId: client, Input: m, Call: clock.Add(1)}
	var balance int
	var err error
	if random.IntN(2) == 0 {
		balance, err = akt.Ask[int](ctx, addr, m)
	} else {
		var reply any
		if reply, err = addr.Send(ctx, m); err == nil {
			balance = reply.(int)
		}
	}
	op.Return = clock.Add(1)
	var own insufficient
	var failure *akt.SendError
	switch {
	case err == nil:
		op.Output = result{replied, balance}
	case errors.As(err, &own):
		op.Output = result{refused, own.Balance}
	case errors.As(err, new(*akt.PanicError)):
		op.Output = result{how: panicked}
	case errors.As(err, &failure) && failure.Handled == akt.NotHandled:
		op.Output = result{how: never}
	default:
		op.Output = result{how: maybe}
		op.Return = math.MaxInt64 // its handler may still be running
	}
	return op
}

func list(history []porcupine.Operation) (text string) {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, op := range history {
		text += fmt.Sprintf(
			"client %d, from %d to %d: %+v: %+v\n",
			op.ClientId,
			op.Call,
			op.Return,
			op.Input,
			op.Output,
		)
	}
	return text
}
