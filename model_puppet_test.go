package akt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aktgo/akt"
)

// puppet is an actor that does what its messages say, and keeps a diary. Nothing in the diary has a lock: a promise broken
// (D1) is a data race.
type puppet struct{ *puppetDiary }

// puppetMsg is what a puppet handles.
type puppetMsg struct {
	ID   int
	Act  puppetAct
	Note bool   // a notification by the public lane
	Undo func() // of actCancel
}

// puppetError is a handler's own error, and what a handler panics with.
type puppetError struct{ ID int }

func (e puppetError) Error() string { return fmt.Sprintf("puppet error %d", e.ID) }

// puppetRecord is what can be seen of an actor: the puppet writes it down, the model foretells it.
type puppetRecord struct {
	Begun   []int    // the messages whose handling began, in order
	Late    []int    // those whose ctx had ended when their handling did
	Told    []string // what came of notifying itself, or the other actor
	Letters []int    // dead letters
	Holding bool     // in a handler that holds the actor
	Started int      // calls of OnStart
	Asked   int      // calls of OnStopping
	Stopped int      // calls of OnStopped
}

// puppetDiary is the record of one actor, kept over restarts, and what its handlers need.
type puppetDiary struct {
	puppetRecord
	t        *testing.T
	ctx      akt.Context // of the first OnStart
	other    *akt.PrivateAddress
	gate     chan struct{} // a handler that holds the actor waits for it
	vetoes   bool
	inside   atomic.Int32
	capacity int
	accepted atomic.Int64 // notifications that the public mailbox is known to have accepted
	notes    int64        // those that were begun
}

func (p puppet) OnStart(ctx akt.Context) error {
	if p.Started == 0 {
		p.ctx = ctx
	}
	p.Started++
	return nil
}

func (p puppet) OnStopping(akt.Context) bool {
	p.Asked++
	return !p.vetoes
}

func (p puppet) OnStopped(akt.Context) { p.Stopped++ }

// HandlePuppetMsg does what the message says, and replies with its ID.
func (p puppet) HandlePuppetMsg(ctx akt.Context, m puppetMsg) (int, error) {
	if p.inside.Add(1) != 1 {
		p.t.Errorf("message %d is handled together with another one", m.ID)
	}
	defer p.inside.Add(-1)
	p.Begun = append(p.Begun, m.ID)
	if m.Note {
		p.notes++
	}
	if queued := p.accepted.Load() - p.notes; queued > int64(p.capacity) {
		p.t.Errorf("a mailbox of %d has accepted %d messages that were not begun", p.capacity, queued)
	}
	switch m.Act {
	case actHold:
		p.Holding = true
		<-p.gate
		p.Holding = false
	case actFail:
		return 0, puppetError{m.ID}
	case actTell:
		p.tell(ctx, ctx.Private(), m.ID)
	case actForward:
		p.tell(ctx, p.other, m.ID)
	case actCancel:
		m.Undo()
	case actStop, actVeto:
		p.vetoes = m.Act == actVeto
		ctx.Stop()
	case actPanic:
		panic(puppetError{m.ID})
	}
	if ctx.Err() != nil {
		p.Late = append(p.Late, m.ID)
	}
	return m.ID, nil
}

// tell notifies a private address. What a message tells has its ID, negative.
func (p puppet) tell(ctx akt.Context, to *akt.PrivateAddress, id int) {
	p.Told = append(p.Told, outcomeOf(nil, to.Notify(ctx, puppetMsg{ID: -id, Act: actReply})))
}

// What may come of a call, besides "reply 7" and "error 7".
const (
	gotAccepted = "accepted"
	gotEnded    = "not handled, not delivered: its ctx ended"
	gotFull     = "not handled, not delivered: full"
	gotRefused  = "not handled, not delivered: stopped"
	gotDropped  = "not handled, no response: stopped"
	gotTaken    = "not handled, no response: its ctx ended"
	gotLeft     = "maybe handled, no response: its ctx ended"
	gotPanic    = "maybe handled, no response: panic"
	ofPanic     = ", panic" // after gotRefused and gotDropped: the actor died of one
)

// outcomeOf puts everything that is promised of a call's results into words.
func outcomeOf(reply any, err error) string {
	switch e := any(err).(type) { // unchanged, not wrapped (E1)
	case nil:
		if reply == nil {
			return gotAccepted
		}
		return fmt.Sprintf("reply %v", reply)
	case puppetError:
		return fmt.Sprintf("error %d", e.ID)
	case *akt.SendError:
		if reply != nil {
			return fmt.Sprintf("reply %v together with %v", reply, err)
		}
		return e.Handled.String() + failureOf(err)
	}
	return "not a SendError: " + err.Error()
}

func failureOf(err error) string {
	var causes []string
	for _, cause := range []struct {
		is   bool
		text string
	}{
		{errors.Is(err, akt.ErrMailboxFull), "full"},
		{errors.Is(err, akt.ErrStopped), "stopped"},
		{errors.As(err, new(*akt.PanicError)), "panic"},
		{errors.Is(err, context.Canceled), "its ctx ended"},
		{errors.Is(err, akt.ErrDeadlock), "deadlock"},
	} {
		if cause.is {
			causes = append(causes, cause.text)
		}
	}
	layer := ""
	if errors.Is(err, akt.ErrFailedToDeliver) {
		layer += ", not delivered"
	}
	if errors.Is(err, akt.ErrFailedToGetResponse) {
		layer += ", no response"
	}
	return layer + ": " + strings.Join(causes, ", ")
}

// newPuppets runs the actors of a program and returns their diaries and first addresses.
func newPuppets(t *testing.T, p puppetProgram) ([]*puppetDiary, []*akt.Address) {
	t.Helper()
	var diaries []*puppetDiary
	var names []string
	system := akt.NewSystem(
		akt.WithDefaults(akt.WithMailbox(p.capacity), akt.WithLogger(slog.New(slog.DiscardHandler))),
		akt.WithDeadLetters(func(l akt.DeadLetter) {
			d := diaries[slices.Index(names, l.Actor)]
			d.Letters = append(d.Letters, l.Msg.(puppetMsg).ID)
		}))
	options := []akt.Option{akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: 1, BackoffMax: 1})}
	if p.inline {
		options = append(options, akt.WithInlineSend())
	}
	var addrs []*akt.Address
	for range p.actors {
		d := &puppetDiary{t: t, gate: make(chan struct{}), capacity: p.capacity}
		var actor any = puppet{d}
		if p.spawner {
			actor = akt.Spawner[puppet](func() puppet { return puppet{d} })
		}
		addr, err := system.Run(actor, options...)
		if err != nil {
			t.Fatal(err)
		}
		diaries, names, addrs = append(diaries, d), append(names, addr.Name()), append(addrs, addr)
	}
	for i, d := range diaries {
		d.other = diaries[len(diaries)-1-i].ctx.Private()
	}
	return diaries, addrs
}

// standstill waits until nothing can happen any more. Restarts of puppets wait for a nanosecond.
func standstill() {
	time.Sleep(time.Millisecond)
	synctest.Wait()
}
