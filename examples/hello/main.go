// Hello is the first program of the README.
package main

import (
	"context"
	"fmt"

	"github.com/aktgo/akt"
)

type Account struct{ Balance uint32 }

type Deposit struct{ Amount uint32 }

func (a *Account) HandleDeposit(_ akt.Context, m Deposit) (uint32, error) {
	a.Balance += m.Amount // one message at a time: no lock
	return a.Balance, nil
}

func main() {
	account := akt.MustRun(&Account{Balance: 50}) // handlers are found by reflection, and checked
	defer account.Release()

	balance, err := akt.Ask[uint32](context.Background(), account, Deposit{Amount: 40})
	fmt.Println(balance, err)

	_, err = account.Send(context.Background(), "forty")
	fmt.Println(err)
}
