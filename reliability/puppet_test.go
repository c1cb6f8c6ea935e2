package reliability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aktgo/akt"
)

// record is what can be seen of an actor: the puppet writes it down, the model foretells it.
type record struct {
	Begun   []int    // the messages whose handling began, in order
	Late    []int    // those whose ctx had ended when their handling did
	Told    []string // what came of notifying itself
	Letters []int    // dead letters
	Holding int      // the message whose handler holds the actor
	Started int      // calls of OnStart that succeeded
	Asked   int      // calls of OnStopping
	Stopped int      // calls of OnStopped
	Decided []string // what Supervisor.Decide was asked, in any order
}

// What numbers mean in a record, besides the messages'.
const (
	functionID   = -1     // a function given to Do
	terminatedID = -1000  // less the number of the actor that has ended
	tellID       = 100000 // plus the message whose handler has notified its own actor
)

// act is what the handler of a message does.
type act string

const (
	actReply act = "replies"
	actFail  act = "returns an error"
	actPanic act = "panics"
	actExit  act = "calls Goexit"
	actHold  act = "holds the actor"
	actTell  act = "notifies itself"
	actStop  act = "calls Context.Stop"
	actVeto  act = "calls Context.Stop, and OnStopping vetoes"
)

// acts has each act as often as a program should.
var acts = []act{
	actReply, actReply, actReply, actHold, actHold, actHold, actHold, actHold, actHold, actFail, actTell, actPanic, actExit, actStop, actVeto,
}

// verdicts are how a handler that holds the actor may end.
var verdicts = []act{actReply, actReply, actReply, actReply, actReply, actFail, actPanic, actPanic, actExit}

// msg is what a puppet handles.
type msg struct {
	ID  int
	Act act
}

type (
	ownError   struct{ ID int }
	startError struct{ Actor int }
)

func (e ownError) Error() string   { return fmt.Sprintf("own error %d", e.ID) }
func (e startError) Error() string { return fmt.Sprintf("actor %d does not start", e.Actor) }

// puppet is an actor that does what its messages say, and what it is told while it holds itself. Its diary has no lock: a broken D1
// is a data race.
type puppet struct{ *diary }

// diary is the record of one actor, kept over restarts.
type diary struct {
	record
	id       int
	ctx      akt.Context // of the first OnStart
	strings  chan order
	vetoes   bool
	faults   int
	panics   bool // a start that fails panics
	inside   atomic.Int32
	kids     []*diary
	policy   akt.Directive
	deciding sync.Mutex
	problems *problems
}

// What the supervisors of all puppets have.
const (
	maxRestarts = 2 // of a strict one; the others have no limit
	window      = 10 * time.Second
	aMoment     = time.Second // the backoff, and some nanoseconds by which actors differ
)

func backoff(id int) time.Duration { return aMoment + time.Duration(id) }

// decide notes what it is asked, and does as it was told.
func (d *diary) decide(f akt.Failure) akt.Directive {
	d.problems.seen()
	d.deciding.Lock()
	defer d.deciding.Unlock()
	what := "a start"
	if m, ok := f.Msg.(msg); ok {
		what = fmt.Sprint(m.ID)
	}
	d.Decided = append(d.Decided, fmt.Sprintf("%s of a%d, %d restarts", what, d.problems.idOf(f.Name), f.Restarts))
	if d.policy > akt.Escalate+1 {
		panic("no decision")
	}
	return d.policy
}

// order is what a handler that holds the actor is told: to do something, or to end.
type order struct {
	do  func(akt.Context)
	end act
}

func newDiary(id int, p *problems) *diary {
	return &diary{id: id, strings: make(chan order), problems: p}
}

func (p puppet) OnStart(ctx akt.Context) error {
	p.problems.seen()
	if p.faults > 0 {
		p.faults--
		if p.panics {
			panic(startError{p.id})
		}
		return startError{p.id}
	}
	if p.Started == 0 {
		p.ctx = ctx
	}
	p.Started++
	return nil
}

func (p puppet) OnStopping(ctx akt.Context) bool {
	p.problems.seen()
	p.Asked++
	ctx.Stop() // has no effect here
	return !p.vetoes
}

func (p puppet) OnStopped(akt.Context) {
	p.problems.seen()
	p.Stopped++
	for _, kid := range p.kids {
		if kid.Stopped != kid.Started || kid.ctx.State() != akt.Stopped {
			p.problems.add("OnStopped of a%d runs before its child a%d has ended (%d starts, %d stops, %s)",
				p.id, kid.id, kid.Started, kid.Stopped, kid.ctx.State())
		}
	}
	p.kids = nil
}

func (p puppet) HandleTerminated(_ akt.Context, t akt.Terminated) {
	p.problems.seen()
	of := p.problems.idOf(t.Name)
	p.Begun = append(p.Begun, terminatedID-of)
	p.problems.terminated(p.id, of, t)
}

// HandleMsg does what the message says, and replies with its ID.
func (p puppet) HandleMsg(ctx akt.Context, m msg) (int, error) {
	p.problems.seen()
	if p.inside.Add(1) != 1 {
		p.problems.add("a%d handles %d together with another message", p.id, m.ID)
	}
	defer p.inside.Add(-1)
	p.Begun = append(p.Begun, m.ID)
	switch m.Act {
	case actHold:
		return p.hold(ctx, m.ID)
	case actTell:
		p.Told = append(p.Told, outcomeOf(nil, ctx.Private().Notify(ctx, msg{ID: tellID + m.ID, Act: actReply})))
	case actStop, actVeto:
		p.vetoes = m.Act == actVeto
		ctx.Stop()
	}
	return m.ends(m.Act)
}

func (p puppet) hold(ctx akt.Context, id int) (int, error) {
	p.Holding = id
	defer func() { p.Holding = 0 }()
	for {
		o := <-p.strings
		if o.do != nil {
			o.do(ctx)
			continue
		}
		if ctx.Err() != nil {
			p.Late = append(p.Late, id)
		}
		return msg{ID: id}.ends(o.end)
	}
}

func (m msg) ends(as act) (int, error) {
	switch as {
	case actFail:
		return 0, ownError{m.ID}
	case actPanic:
		panic(ownError{m.ID})
	case actExit:
		goexit()
	}
	return m.ID, nil
}

// What may come of a call, besides "reply 7" and "error 7".
const (
	gotAccepted = "accepted"
	gotEnded    = "not handled, not delivered: its ctx ended"
	gotFull     = "not handled, not delivered: full"
	gotRefused  = "not handled, not delivered: stopped"
	gotDeadlock = "not handled, not delivered: deadlock"
	gotRing     = "not handled, no response: deadlock"
	gotDropped  = "not handled, no response: stopped"
	gotTaken    = "not handled, no response: its ctx ended"
	gotLeft     = "maybe handled, no response: its ctx ended"
	gotCut      = "maybe handled, no response: stopped"
	gotPanic    = "maybe handled, no response: panic"
	gotExit     = "Goexit"

	// After gotRefused and gotDropped: what the actor died of.
	diedOfPanic = "panic"
	diedOfStart = "start"
	diedOfLimit = "limit"
)

// outcomeOf puts everything that is promised of a call's results into words.
func outcomeOf(reply any, err error) string {
	switch e := any(err).(type) { // unchanged, not wrapped (E1)
	case nil:
		if reply == nil {
			return gotAccepted
		}
		return fmt.Sprintf("reply %v", reply)
	case ownError:
		return fmt.Sprintf("error %d", e.ID)
	case *akt.SendError:
		if reply != nil && reply != 0 {
			return fmt.Sprintf("reply %v together with %v", reply, err)
		}
		return e.Handled.String() + failureOf(err)
	}
	return "not a SendError: " + err.Error()
}

func failureOf(err error) string {
	layer := ""
	if errors.Is(err, akt.ErrFailedToDeliver) {
		layer += ", not delivered"
	}
	if errors.Is(err, akt.ErrFailedToGetResponse) {
		layer += ", no response"
	}
	return layer + ": " + causes(err)
}

func causes(err error) string {
	var list []string
	panicked, unstarted := errors.As(err, new(*akt.PanicError)), errors.As(err, new(startError))
	for _, cause := range []struct {
		is   bool
		text string
	}{
		{errors.Is(err, akt.ErrMailboxFull), "full"},
		{errors.Is(err, akt.ErrStopped), "stopped"},
		{panicked && !unstarted, diedOfPanic},
		{unstarted, diedOfStart},
		{err != nil && strings.Contains(err.Error(), "restart limit"), diedOfLimit},
		{errors.Is(err, context.Canceled), "its ctx ended"},
		{errors.Is(err, akt.ErrDeadlock), "deadlock"},
	} {
		if cause.is {
			list = append(list, cause.text)
		}
	}
	return strings.Join(list, ", ")
}
