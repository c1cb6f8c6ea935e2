package model

import (
	"context"
	"fmt"
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
	actLater act = "returns a Future, and keeps its Promise"
	actGo    act = "returns the Future of a function"
)

// acts has each act as often as a program should.
var acts = []act{
	actReply, actReply, actReply, actHold, actHold, actHold, actHold, actHold, actHold, actFail,
	actTell, actPanic, actExit, actStop, actVeto, actLater, actLater, actGo,
}

// verdicts are how a handler that holds the actor may end.
var verdicts = []act{
	actReply, actReply, actReply, actReply, actReply, actFail, actPanic, actPanic, actExit,
}

// msg is what a puppet handles.
type msg struct {
	ID  int
	Act act
}

// laterMsg is a msg whose handler replies with a Future.
type laterMsg msg

// wire is what is sent for a message.
func (m msg) wire() any {
	if m.Act == actLater || m.Act == actGo {
		return laterMsg(m)
	}
	return m
}

type (
	ownError   struct{ ID int }
	startError struct{ Actor int }
)

func (e ownError) Error() string   { return fmt.Sprintf("own error %d", e.ID) }
func (e startError) Error() string { return fmt.Sprintf("actor %d does not start", e.Actor) }

// puppet is an actor that does what its messages say, and what it is told while it holds itself.
// Its diary has no lock: a broken D1 is a data race.
type puppet struct{ *diary }

// diary is the record of one actor, kept over restarts.
type diary struct {
	record
	id          int
	ctx         akt.Context // of the first OnStart
	strings     chan order
	vetoes      bool
	faults      int
	panics      bool // a start that fails panics
	inside      atomic.Int32
	kids        []*diary
	policy      akt.Directive
	deciding    sync.Mutex
	problems    *problems
	owed        map[int]owed
	flush       func(akt.Context) string // what OnStopping sends
	through     int                      // the message that an interceptor has passed on
	intercepted bool
}

// owed is a reply that comes later, and the ctx of its handler.
type owed struct {
	ctx     context.Context
	promise *akt.Promise[int]
	strings chan order // of a function
}

// What the supervisors of all puppets have.
const (
	maxRestarts = 2 // of a strict one; the others have no limit
	window      = 10 * time.Second
	aMoment     = time.Second // the backoff, and some nanoseconds by which actors differ
)

func backoff(id int) time.Duration { return aMoment + time.Duration(id) }

// stopLimit is how long an end may last.
func stopLimit(id int) time.Duration { return 2*aMoment + time.Duration(id) }

// decide notes what it is asked, and does as it was told.
func (d *diary) decide(f akt.Failure) akt.Directive {
	d.problems.seen()
	d.deciding.Lock()
	defer d.deciding.Unlock()
	what := "a start"
	if m, ok := f.Msg.(msg); ok {
		what = fmt.Sprint(m.ID)
	}
	d.Decided = append(d.Decided, decision(what, d.problems.idOf(f.Name), f.Restarts))
	if d.policy > akt.Escalate+1 {
		panic("no decision")
	}
	return d.policy
}

// decision is what a decision is noted as.
func decision(what string, id, restarts int) string {
	return fmt.Sprintf("%s of a%d, %d restarts", what, id, restarts)
}

// order is what a handler that holds the actor is told: to do something, to end, or both.
type order struct {
	do  func(akt.Context)
	end act
}

func newDiary(id int, p *problems) *diary {
	return &diary{id: id, strings: make(chan order), problems: p, owed: map[int]owed{}}
}

func (p puppet) OnStart(ctx akt.Context) error {
	p.problems.seen()
	if p.id < 0 {
		p.problems.add("LookupOrRun runs an actor")
	}
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
	if flush := p.flush; flush != nil {
		p.flush = nil
		p.Told = append(p.Told, flush(ctx))
	}
	return !p.vetoes
}

func (p puppet) OnStopped(akt.Context) {
	p.problems.seen()
	p.Stopped++
	for _, kid := range p.kids {
		if kid.Stopped != kid.Started || kid.ctx.State() != akt.Stopped {
			p.problems.add("OnStopped of a%d runs before its child a%d has ended "+
				"(%d starts, %d stops, %s)",
				p.id, kid.id, kid.Started, kid.Stopped, kid.ctx.State())
		}
	}
	p.kids = nil
}

func (p puppet) HandleTerminated(_ akt.Context, t akt.Terminated) {
	p.problems.seen()
	of := p.problems.idOfAddress(t.Address)
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
	p.begin(m.ID)
	switch m.Act {
	case actHold:
		return p.hold(ctx, m.ID)
	case actTell:
		err := ctx.Private().Notify(ctx, msg{ID: tellID + m.ID, Act: actReply})
		p.Told = append(p.Told, outcomeOf(nil, err))
	case actStop, actVeto:
		p.vetoes = m.Act == actVeto
		ctx.Stop()
	}
	return m.ends(m.Act)
}

// begin notes that the handling of a message has begun.
func (p puppet) begin(id int) {
	p.Begun = append(p.Begun, id)
	if p.intercepted && p.through != id {
		p.problems.add("a%d handles %d, which no interceptor has passed on", p.id, id)
	}
}

// owe notes what is owed for a message.
func (d *diary) owe(id int, o owed) {
	d.problems.mu.Lock()
	defer d.problems.mu.Unlock()
	d.owed[id] = o
}

// owes is what is owed for a message whose handling has begun.
func (d *diary) owes(id int) (o owed, known bool) {
	d.problems.mu.Lock()
	defer d.problems.mu.Unlock()
	o, known = d.owed[id]
	return o, known
}

// HandleLater replies with a Future.
func (p puppet) HandleLater(ctx akt.Context, m laterMsg) (*akt.Future[int], error) {
	p.problems.seen()
	p.begin(m.ID)
	p.problems.promises(p.id, m.ID)
	if m.Act == actLater {
		promise, future := akt.NewPromise[int](ctx)
		p.owe(m.ID, owed{ctx: ctx, promise: promise})
		return future, nil
	}
	o := owed{strings: make(chan order, 1)}
	started := make(chan context.Context)
	future := akt.Go(ctx, func(ctx context.Context) (int, error) {
		started <- ctx
		for {
			var next order
			select {
			case next = <-o.strings:
			case <-p.problems.down:
			}
			if next.do == nil {
				return msg{ID: m.ID}.ends(next.end)
			}
			c, _ := akt.FromContext(ctx)
			next.do(c)
		}
	})
	o.ctx = <-started
	p.owe(m.ID, o)
	return future, nil
}

// intercept passes messages on, and sees what is said of them.
func (d *diary) intercept(ctx akt.Context, m any, next akt.Next) (any, error) {
	d.problems.seen()
	id, handler := 0, ""
	switch m := m.(type) {
	case msg:
		id, handler = m.ID, "HandleMsg"
	case laterMsg:
		id, handler = m.ID, "HandleLater"
	default:
		return next(ctx, m)
	}
	if got := ctx.Delivery().Handler; got != handler {
		d.problems.add("the Delivery of %d to a%d is to %q", id, d.id, got)
	}
	d.through = id
	return next(ctx, m)
}

func (p puppet) hold(ctx akt.Context, id int) (int, error) {
	p.Holding = id
	defer func() { p.Holding = 0 }()
	for {
		o := <-p.strings
		if o.do != nil {
			o.do(ctx)
		}
		if o.end == "" && o.do != nil {
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
