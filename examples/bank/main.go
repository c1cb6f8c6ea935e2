// Bank is the program of the documentation: an account that starts with 50.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aktgo/akt"
)

// Account is an actor: an ordinary struct. One message at a time reaches it, so Balance needs no
// lock.
type Account struct{ Balance uint32 }

// Deposit and Withdraw are messages; both are answered with the new balance.
type (
	Deposit  struct{ Amount uint32 }
	Withdraw struct{ Amount uint32 }
)

// InsufficientFunds is the account's own error. It reaches the sender unchanged.
type InsufficientFunds struct{ Requested, Available uint32 }

func (e InsufficientFunds) Error() string { return "insufficient funds" }

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

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	account, err := akt.Run(&Account{Balance: 50}) // finds the two handlers
	if err != nil {
		return err
	}
	defer account.Release()

	reply, err := account.Send(ctx, Withdraw{20}) // untyped
	if err != nil {
		return err
	}
	fmt.Println("withdraw 20:", reply.(uint32))

	balance, err := akt.Ask[uint32](ctx, account, Deposit{40}) // typed
	if err != nil {
		return err
	}
	fmt.Println("deposit 40:", balance)

	// region errors
	_, err = account.Send(ctx, Withdraw{100})
	var short InsufficientFunds
	var failed *akt.SendError
	switch {
	case errors.As(err, &short): // the handler's own error, unchanged
		fmt.Printf("withdraw 100: %v (requested %d, available %d)\n",
			short, short.Requested, short.Available)
	case errors.As(err, &failed) && failed.Handled == akt.NotHandled: // safe to send again
		fmt.Println("try again:", failed)
	case err != nil: // it may have been withdrawn
		return err
	}
	// endregion

	other := account.Clone() // another reference to the same actor
	defer other.Release()
	for range 2 {
		balance, err := akt.Ask[uint32](ctx, other, Withdraw{10})
		if err != nil {
			return err
		}
		fmt.Println("withdraw 10:", balance)
	}
	return nil
}
