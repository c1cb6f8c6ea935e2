package akt_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/aktgo/akt"
)

// crowd plays a program with all its clients at the same time. What comes of it is up to the scheduler, within the invariants
// that check holds it to. The bubble tells when nothing moves any more: then a handler holds an actor, or a wake-up was lost.
type crowd struct {
	t       *testing.T
	program puppetProgram
	diaries []*puppetDiary
	clients []*crowdClient
	abrupt  bool // some step may end an actor that has messages queued
	rounds  []*meeting
}

// meeting is where clients in lock step meet after a step, so that they take the next one at the same moment: again and again
// a few messages come to an actor that is idle, or is about to be.
type meeting struct {
	missing atomic.Int64
	all     chan struct{}
}

func (m *meeting) attend() {
	if m.missing.Add(-1) == 0 {
		close(m.all)
	}
	for i := 0; i < 100 && m.missing.Load() > 0; i++ {
		runtime.Gosched() // on the spot, it starts sooner than one that is woken
	}
	<-m.all
}

// crowdClient is one goroutine with its own addresses.
type crowdClient struct {
	*crowd
	n       int              // from 1
	handles [][]*stageHandle // by actor
	steps   []puppetStep
	calls   []*crowdCall
	next    int // ID
	done    bool
}

// crowdCall is a call and what came of it.
type crowdCall struct {
	id      int
	actor   int
	act     puppetAct
	request bool
	private bool
	got     string
}

// crowdIDs is how many IDs each client has.
const crowdIDs = 1000

// playConcurrently plays a program whose clients do not wait for each other.
func playConcurrently(t *testing.T, p puppetProgram) {
	t.Helper()
	c := &crowd{t: t, program: p}
	diaries, addrs := newPuppets(t, p)
	c.diaries = diaries
	for n := 1; n <= p.clients; n++ {
		client := &crowdClient{crowd: c, n: n, next: crowdIDs * n}
		for _, addr := range addrs {
			client.handles = append(client.handles, []*stageHandle{{addr: addr.Clone()}})
		}
		c.clients = append(c.clients, client)
	}
	for _, addr := range addrs {
		addr.Release()
	}
	for i, s := range p.steps {
		client := c.clients[(i+s.arg/16)%p.clients]
		client.steps = append(client.steps, s)
		c.abrupt = c.abrupt || s.act == actStop || s.act == actPanic && !p.spawner || s.verb == doContextStop
	}
	if p.lockStep {
		for range p.steps {
			m := &meeting{all: make(chan struct{})}
			m.missing.Store(int64(p.clients))
			c.rounds = append(c.rounds, m)
		}
	}
	defer c.tearDown()
	for _, client := range c.clients {
		go client.run()
	}
	if c.keepGoing(func() bool { return !c.busy() }) && c.finish() {
		c.check()
	}
}

func (c *crowd) busy() bool {
	for _, client := range c.clients {
		if !client.done {
			return true
		}
	}
	return false
}

// keepGoing lets go of handlers until nothing moves any more and it is over. It reports false, and fails the test, where
// nothing moves before.
func (c *crowd) keepGoing(over func() bool) bool {
	c.t.Helper()
	for {
		standstill()
		held := false
		for _, d := range c.diaries {
			if d.Holding {
				d.gate <- struct{}{}
				held = true
				standstill()
			}
		}
		switch {
		case held:
		case over():
			return true
		default:
			c.t.Errorf("somebody waits for ever: a wake-up or an answer was lost")
			return false
		}
	}
}

// finish ends the actors, and sees that they have ended, for good.
func (c *crowd) finish() bool {
	var dones []<-chan struct{}
	for k := range c.diaries {
		dones = append(dones, c.clients[0].handles[k][0].addr.Done())
		for _, client := range c.clients {
			if !c.program.release {
				client.handles[k][0].addr.Stop()
			}
			for _, h := range client.handles[k] {
				h.addr.Release()
			}
		}
	}
	if !c.keepGoing(func() bool {
		for _, done := range dones {
			select {
			case <-done:
			default:
				return false
			}
		}
		return true
	}) {
		return false
	}
	for k, d := range c.diaries {
		begun := len(d.Begun)
		assert.Contains(c.t, outcomeOf(nil, d.ctx.Address().TryNotify(context.Background(), puppetMsg{})), gotRefused, "TryNotify after the end of actor %d", k)
		assert.Contains(c.t, outcomeOf(d.ctx.Private().Send(context.Background(), puppetMsg{})), gotRefused, "Send after the end of actor %d", k)
		standstill()
		assert.Len(c.t, d.Begun, begun, "actor %d handles nothing after its end", k)
		assert.Equal(c.t, d.Started, d.Stopped, "actor %d: one OnStopped for each OnStart", k)
	}
	return true
}

func (c *crowdClient) run() {
	for i, s := range c.steps {
		if i < len(c.rounds) {
			c.rounds[i].attend()
			for range i * c.n % 16 * 20 { // up to some microseconds: the moment at which an actor goes idle is short
				c.rounds[i].missing.Load()
			}
		}
		k := s.arg % len(c.diaries)
		h := c.handles[k][s.arg/2%len(c.handles[k])]
		switch s.verb {
		case doCancel, doLetGo:
			runtime.Gosched()
		case doStop:
			h.addr.Stop()
		case doContextStop:
			c.diaries[k].ctx.Stop()
		case doClone:
			c.handles[k] = append(c.handles[k], &stageHandle{addr: h.addr.Clone()})
		case doUpgrade:
			if addr, ok := h.addr.Downgrade().Upgrade(); ok {
				c.handles[k] = append(c.handles[k], &stageHandle{addr: addr})
			}
		case doRelease:
			h.addr.Release()
		default:
			c.call(s, k, h.addr)
		}
	}
	for i := len(c.steps); i < len(c.rounds); i++ {
		c.rounds[i].attend()
	}
	c.done = true
}

// call makes a call. A ctx that can end does so at some moment: at once, at the end of the handler, or now and then in between.
func (c *crowdClient) call(s puppetStep, k int, addr *akt.Address) {
	verb, d := string(s.verb), c.diaries[k]
	call := &crowdCall{
		id: c.next, actor: k, act: s.act,
		request: strings.Contains(verb, "Send"),
		private: strings.Contains(verb, "private"),
	}
	c.next++
	c.calls = append(c.calls, call)
	ctx, undo := context.Background(), func() {}
	if strings.Contains(verb, "ctx") || call.private && s.arg&4 != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		var canceller sync.WaitGroup
		switch {
		case s.verb == doSendEnded:
			cancel()
		case s.act == actCancel:
			undo = cancel
		case s.arg&8 != 0:
			canceller.Go(func() {
				for range s.arg / 16 {
					runtime.Gosched()
				}
				cancel()
			})
		}
		defer canceller.Wait()
	}
	msg := puppetMsg{ID: call.id, Act: call.act, Note: !call.request && !call.private, Undo: undo}
	var to akt.Sender = addr
	if call.private {
		to = d.ctx.Private()
	}
	switch {
	case call.request:
		call.got = outcomeOf(to.Send(ctx, msg))
	case s.verb == doTryNotify:
		call.got = outcomeOf(nil, addr.TryNotify(context.Background(), msg))
	default:
		call.got = outcomeOf(nil, to.Notify(ctx, msg))
	}
	if msg.Note && call.got == gotAccepted {
		d.accepted.Add(1)
	}
}

// check holds the diaries and all calls to the invariants.
func (c *crowd) check() {
	for k, d := range c.diaries {
		begun, letters := map[int]int{}, map[int]int{}
		for _, id := range d.Begun {
			begun[id]++
		}
		for _, id := range d.Letters {
			letters[id]++
		}
		told := 0
		for id, n := range begun {
			assert.Equal(c.t, 1, n, "actor %d: message %d was handled more than once", k, id)
			if id < 0 {
				told++
			}
		}
		for _, client := range c.clients {
			for _, call := range client.calls {
				if call.actor == k {
					c.checkCall(call, begun[call.id], letters[call.id])
				}
			}
			c.checkOrder(client, k)
		}
		for id := range letters {
			if id < 0 {
				assert.Zero(c.t, begun[id], "actor %d: message %d was both handled and dropped", k, id)
				told++
			}
		}
		assert.Equal(c.t, c.acceptedTells(k), told, "actor %d: the messages that handlers sent", k)
	}
}

// acceptedTells counts what handlers sent to actor k.
func (c *crowd) acceptedTells(k int) int {
	accepted := 0
	for from, d := range c.diaries {
		i := 0
		for _, id := range d.Begun {
			to := from
			switch c.actOf(id) {
			case actForward:
				to = len(c.diaries) - 1 - from
			case actTell:
			default:
				continue
			}
			if d.Told[i] == gotAccepted && to == k {
				accepted++
			}
			i++
		}
	}
	return accepted
}

func (c *crowd) actOf(id int) puppetAct {
	if id < crowdIDs {
		return actReply
	}
	return c.clients[id/crowdIDs-1].calls[id%crowdIDs].act
}

// checkCall checks one call against how often its message was begun and was a dead letter.
func (c *crowd) checkCall(call *crowdCall, begun, letters int) {
	c.t.Helper()
	what := fmt.Sprintf("call %d (request %t, %s): %q; begun %d times, a dead letter %d times", call.id, call.request, call.act, call.got, begun, letters)
	fails := call.act == actFail || call.act == actPanic
	switch {
	case call.got == fmt.Sprintf("reply %d", call.id):
		assert.True(c.t, begun == 1 && !fails, what)
	case call.got == fmt.Sprintf("error %d", call.id):
		assert.True(c.t, begun == 1 && call.act == actFail, what)
	case call.got == gotPanic:
		assert.True(c.t, begun == 1 && call.act == actPanic, what)
	case call.got == gotLeft, call.got == gotTaken:
		assert.True(c.t, call.request && (call.got == gotLeft || begun == 0), what)
	case call.got == gotAccepted && begun == 0:
		assert.True(c.t, c.abrupt && letters == 1, what)
	case call.got == gotAccepted:
		assert.Equal(c.t, fails, letters == 1, what)
	case call.got == gotDropped, call.got == gotDropped+ofPanic:
		assert.True(c.t, c.abrupt && begun == 0, what)
	case call.got == gotRefused, call.got == gotRefused+ofPanic, call.got == gotEnded, call.got == gotFull:
		assert.Zero(c.t, begun, what)
	default:
		assert.Fail(c.t, "not an outcome: "+what)
	}
	assert.True(c.t, letters == 0 || letters == 1 && !call.request && call.got == gotAccepted, what)
}

// checkOrder sees that what one client sent to one lane was begun in that order (D2).
func (c *crowd) checkOrder(client *crowdClient, k int) {
	lanes := map[int]bool{} // by ID: private
	for _, call := range client.calls {
		lanes[call.id] = call.private
	}
	last := map[bool]int{}
	for _, id := range c.diaries[k].Begun {
		private, mine := lanes[id]
		if mine {
			assert.Greater(c.t, id, last[private], "actor %d: messages of one lane (private: %t) overtake each other", k, private)
			last[private] = id
		}
	}
}

// tearDown ends what is left after a failure, so that the bubble can end.
func (c *crowd) tearDown() {
	if !c.t.Failed() {
		return
	}
	c.t.Log(c.program)
	for _, client := range c.clients {
		for _, call := range client.calls {
			c.t.Logf("call %d to actor %d: %q", call.id, call.actor, call.got)
		}
	}
	for _, d := range c.diaries {
		close(d.gate)
	}
	for _, client := range c.clients {
		for _, handles := range client.handles {
			handles[0].addr.Stop()
		}
	}
}
