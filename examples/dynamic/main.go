// Dynamic sends messages whose Go types the sender does not know: they come from a JSON file, as a
// name and fields. Raw builds the handler's message from them, strictly: whatever does not fit
// exactly is an error, which says what was wanted, and never shows the value, as it may be a
// secret.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/aktgo/akt"
)

// Account starts with what it is given.
type Account struct{ balance uint32 }

// The fields of a message have the names of their json tags, or else of the Go fields.
type (
	Deposit  struct{ Amount uint32 }
	Withdraw struct {
		Amount  uint32
		Purpose string `json:"purpose"`
	}
	Balance struct{}
)

// HandleDeposit answers with the new balance.
func (a *Account) HandleDeposit(_ akt.Context, m Deposit) (uint32, error) {
	a.balance += m.Amount
	return a.balance, nil
}

// HandleWithdraw answers with the new balance.
func (a *Account) HandleWithdraw(_ akt.Context, m Withdraw) (uint32, error) {
	if a.balance < m.Amount {
		return 0, errors.New("insufficient funds")
	}
	a.balance -= m.Amount
	return a.balance, nil
}

// HandleBalance answers with the balance.
func (a *Account) HandleBalance(akt.Context, Balance) uint32 { return a.balance }

//go:embed messages.json
var file []byte

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	account, err := akt.Run(&Account{balance: 50}, akt.WithName("account"))
	if err != nil {
		return err
	}
	defer account.Stop()

	// region send
	var messages []akt.Raw // from a list of {"name": …, "fields": {…}}
	if err := json.Unmarshal(file, &messages); err != nil {
		return err
	}
	for _, m := range messages {
		reply, err := account.Send(ctx, m)
		if err != nil {
			fmt.Printf("%s: error: %v\n", m.Name, err)
			continue
		}
		fmt.Printf("%s: %v\n", m.Name, reply)
	}
	// endregion
	return nil
}
