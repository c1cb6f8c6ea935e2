package model

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt"
)

// extra is an actor of a crowd: it does what its messages say. A restart makes a new one, with the
// same member.
type extra struct{ *member }

// member is the record of one extra, kept over restarts. No lock guards it: a broken D1 is a data
// race.
type member struct {
	*crowd
	record
	ctx      akt.Context   // of the first OnStart
	gate     chan struct{} // a handler that holds the actor waits for it
	vetoes   bool
	mortal   bool // it is run from a value, so it dies of a panic
	inside   atomic.Int32
	accepted atomic.Int64 // notifications that the public mailbox is known to have accepted
	notes    int64        // those that were begun
}

// crowdMsg is what a member handles.
type crowdMsg struct {
	ID   int
	Act  act
	Note bool   // a notification by the public lane
	Undo func() // of actUndo
}

// What the handler of a crowdMsg may do besides the acts of Play.
const (
	actForward act = "notifies another actor"
	actUndo    act = "ends the ctx of its own request"
)

// crowdActs has each act as often as a program should.
var crowdActs = []act{
	actReply, actReply, actReply, actReply, actReply, actReply,
	actHold, actHold, actHold, actHold, actHold, actHold, actUndo, actUndo, actUndo,
	actFail, actFail, actTell, actTell, actForward, actForward, actVeto, actStop, actPanic,
}

func (m extra) OnStart(ctx akt.Context) error {
	if m.Started == 0 {
		m.ctx = ctx
	}
	m.Started++
	return nil
}

func (m extra) OnStopping(akt.Context) bool { return !m.vetoes }

func (m extra) OnStopped(akt.Context) { m.Stopped++ }

// HandleCrowdMsg does what the message says, and replies with its ID.
func (m extra) HandleCrowdMsg(ctx akt.Context, msg crowdMsg) (int, error) {
	if m.inside.Add(1) != 1 {
		m.add("message %d is handled together with another one", msg.ID)
	}
	defer m.inside.Add(-1)
	m.Begun = append(m.Begun, msg.ID)
	if msg.Note {
		m.notes++
	}
	if queued := m.accepted.Load() - m.notes; queued > int64(m.program.capacity) {
		m.add("a mailbox of %d has accepted %d messages that were not begun",
			m.program.capacity, queued)
	}
	switch msg.Act {
	case actHold:
		m.Holding = msg.ID
		<-m.gate
		m.Holding = 0
	case actFail:
		return 0, ownError{msg.ID}
	case actTell:
		m.tell(ctx, m.member, msg.ID)
	case actForward:
		m.tell(ctx, m.next(), msg.ID)
	case actUndo:
		msg.Undo()
	case actStop, actVeto:
		m.vetoes = msg.Act == actVeto
		ctx.Stop()
	case actPanic:
		panic(ownError{msg.ID})
	}
	return msg.ID, nil
}

// tell notifies a member. What a message tells has its ID, negative.
func (m *member) tell(ctx akt.Context, to *member, id int) {
	err := to.ctx.Private().Notify(ctx, crowdMsg{ID: -id, Act: actReply})
	m.Told = append(m.Told, outcomeOf(nil, err))
}

// next is the member after this one.
func (m *member) next() *member {
	for i, other := range m.members {
		if other == m {
			return m.members[(i+1)%len(m.members)]
		}
	}
	return m
}

// client is one goroutine with its own addresses.
type client struct {
	*crowd
	n       int              // from 1
	handles [][]*akt.Address // by actor
	steps   []step
	calls   []*crowdCall
	next    int // ID
	done    bool
}

// crowdCall is a call and what came of it.
type crowdCall struct {
	id      int
	actor   int
	act     act
	request bool
	private bool
	got     string
}

// crowdIDs is how many IDs each client has.
const crowdIDs = 10000

func (c *client) run() {
	for i, st := range c.steps {
		if i < len(c.rounds) {
			c.rounds[i].attend()
			for range i * c.n % 16 * 20 { // some microseconds: an actor goes idle in less
				c.rounds[i].missing.Load()
			}
		}
		c.take(st)
	}
	for i := len(c.steps); i < len(c.rounds); i++ {
		c.rounds[i].attend()
	}
	c.done = true
}

func (c *client) take(st step) {
	k := st.a % len(c.members)
	addr := c.handles[k][st.a/4%len(c.handles[k])]
	switch st.verb {
	case doCancel, doAdvance, doSettle, doShutdown, doPatience, hEnd:
		runtime.Gosched()
	case doStop:
		addr.Stop()
	case doAsk:
		c.members[k].ctx.Stop()
	case doClone:
		c.handles[k] = append(c.handles[k], addr.Clone())
	case doUpgrade:
		if addr, ok := addr.Downgrade().Upgrade(); ok {
			c.handles[k] = append(c.handles[k], addr)
		}
	case doRelease:
		addr.Release()
	case doNotify, hNotify:
		c.call(st, k, addr, false)
	case doBurst:
		n := 2 + st.c%8
		for st.c = slices.Index(notifyWays, wayTry); n > 0; n-- {
			st.b++
			c.call(st, k, addr, false)
		}
	default:
		c.call(st, k, addr, true)
	}
}

// call makes a call. A ctx that can end does so at some moment: at once, at the end of the handler,
// or now and then in between.
func (c *client) call(st step, k int, addr *akt.Address, asks bool) {
	ways := notifyWays
	if asks {
		ways = sendWays
	}
	way, m := ways[st.c%len(ways)], c.members[k]
	made := &crowdCall{
		id: c.next, actor: k, act: crowdActs[st.b%len(crowdActs)],
		request: asks, private: way == wayPrivate || way == wayDo,
	}
	c.next++
	c.calls = append(c.calls, made)
	ctx, undo := context.Background(), func() {}
	if kind := st.c / len(ways) % 5; kind >= 2 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		var canceller sync.WaitGroup
		switch {
		case kind == 4:
			cancel()
		case made.act == actUndo:
			undo = cancel
		case kind == 3:
			canceller.Go(func() {
				for range st.a / 4 % 16 {
					runtime.Gosched()
				}
				cancel()
			})
		}
		defer canceller.Wait()
	}
	msg := crowdMsg{made.id, made.act, !made.request && !made.private, undo}
	if asks {
		made.got = request(ctx, way, addr, m.ctx, msg)
	} else {
		made.got = notify(ctx, way, addr, m.ctx, msg)
	}
	if msg.Note && made.got == gotAccepted {
		m.accepted.Add(1)
	}
}
