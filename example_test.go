package akt_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aktgo/akt"
)

// Account is an actor: an ordinary struct. One message at a time reaches it, so Balance needs no lock.
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
