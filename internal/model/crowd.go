package model

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aktgo/akt"
)

// crowd plays a program with all its clients at the same time. What comes of it is up to the
// scheduler, within the invariants that check holds it to. The bubble tells when nothing moves any
// more: then a handler holds an actor, or a wake-up was lost.
type crowd struct {
	*problems
	program Program
	members []*member
	clients []*client
	rounds  []*meeting
}

// meeting is where clients in lock step meet after a step, so that they take the next one at the
// same moment: again and again a few messages come to an actor that is idle, or is about to be.
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

// PlayAtOnce has several clients play a program at the same time, each its share of the steps: in
// lock step, or as the scheduler likes. A step of a handler, and one that needs another step to
// follow, means a request here, or a pause. It leaves it to the caller to fail t.
func PlayAtOnce(t *testing.T, p Program, clients int, lockStep bool) Report {
	t.Helper()
	return inBubble(t, p, func() Report {
		c := &crowd{problems: newProblems(), program: p}
		c.gather(clients, lockStep)
		defer c.tearDown()
		for _, one := range c.clients {
			go one.run()
		}
		if c.keepGoing(func() bool { return !c.busy() }) && c.finish() {
			c.check()
		}
		return Report{Wrong: c.list, script: c.script()}
	})
}

// gather runs the actors, and gives each client its addresses and steps.
func (c *crowd) gather(clients int, lockStep bool) {
	system := akt.NewSystem(
		akt.WithDefaults(akt.WithMailbox(c.program.capacity), quiet),
		akt.WithDeadLetters(func(l akt.DeadLetter) {
			m := c.members[c.idOf(l.Actor)]
			m.Letters = append(m.Letters, l.Msg.(crowdMsg).ID)
		}))
	for n := 1; n <= clients; n++ {
		c.clients = append(c.clients, &client{crowd: c, n: n, next: crowdIDs * n})
	}
	for _, n := range c.program.actors {
		c.admit(system, n)
	}
	for i, st := range c.program.steps {
		one := c.clients[(i+st.a/16)%clients]
		one.steps = append(one.steps, st)
	}
	for range c.program.steps {
		if m := (&meeting{all: make(chan struct{})}); lockStep {
			m.missing.Store(int64(clients))
			c.rounds = append(c.rounds, m)
		}
	}
}

// admit runs an actor, and hands an address of it to each client.
func (c *crowd) admit(system *akt.System, n nature) {
	m := &member{crowd: c, gate: make(chan struct{})}
	var actor any = extra{m}
	if n&spawner != 0 {
		actor = akt.Spawner[extra](func() extra { return extra{m} })
	}
	options := []akt.Option{
		akt.WithSupervisor(akt.Supervisor{MaxRestarts: -1, BackoffMin: 1, BackoffMax: 1}),
	}
	if n&inline != 0 {
		options = append(options, akt.WithInlineSend())
	}
	if n&intercepted != 0 {
		pass := func(ctx akt.Context, m any, next akt.Next) (any, error) { return next(ctx, m) }
		options = append(options, akt.WithInterceptor(pass))
	}
	addr, err := system.Run(actor, options...)
	if err != nil {
		panic(err)
	}
	m.mortal = n&spawner == 0
	c.known(len(c.members), addr.Name(), addr.Downgrade())
	c.members = append(c.members, m)
	for _, one := range c.clients {
		one.handles = append(one.handles, []*akt.Address{addr.Clone()})
	}
	addr.Release()
}

func (c *crowd) busy() bool {
	for _, one := range c.clients {
		if !one.done {
			return true
		}
	}
	return false
}

// standstill waits until nothing can happen any more. Restarts wait for a nanosecond.
func standstill() {
	time.Sleep(time.Millisecond)
	synctest.Wait()
}

// keepGoing lets go of handlers until nothing moves any more and it is over. It reports false where
// nothing moves before.
func (c *crowd) keepGoing(over func() bool) bool {
	for {
		standstill()
		held := false
		for _, m := range c.members {
			if m.Holding != 0 {
				m.gate <- struct{}{}
				held = true
				standstill()
			}
		}
		switch {
		case held:
		case over():
			return true
		default:
			c.add("somebody waits for ever: a wake-up or an answer was lost")
			return false
		}
	}
}

// finish ends the actors, every other time by their last Release, and sees that they have ended for
// good.
func (c *crowd) finish() bool {
	for k := range c.members {
		for _, one := range c.clients {
			if len(c.program.steps)%2 == 0 {
				one.handles[k][0].Stop()
			}
			for _, addr := range one.handles[k] {
				addr.Release()
			}
		}
	}
	if !c.keepGoing(func() bool {
		for k := range c.members {
			select {
			case <-c.clients[0].handles[k][0].Done():
			default:
				return false
			}
		}
		return true
	}) {
		return false
	}
	for k, m := range c.members {
		begun := len(m.Begun)
		ctx := context.Background()
		for _, got := range []string{
			outcomeOf(nil, m.ctx.Address().TryNotify(ctx, crowdMsg{})),
			outcomeOf(m.ctx.Private().Send(ctx, crowdMsg{})),
		} {
			if !strings.HasPrefix(got, gotRefused) {
				c.add("a message to a%d after its end is %s", k, got)
			}
		}
		standstill()
		if len(m.Begun) != begun {
			c.add("a%d handles a message after its end", k)
		}
		if m.Started != m.Stopped {
			c.add("a%d: %d calls of OnStart, but %d of OnStopped", k, m.Started, m.Stopped)
		}
	}
	return true
}

// tearDown ends what is left after a failure, so that the bubble can end.
func (c *crowd) tearDown() {
	if len(c.list) == 0 {
		return
	}
	for _, one := range c.clients {
		for _, handles := range one.handles {
			handles[0].Stop()
		}
	}
	for _, m := range c.members {
		close(m.gate)
	}
}

// script lists the calls, in words.
func (c *crowd) script() (lines []string) {
	for _, one := range c.clients {
		for _, made := range one.calls {
			lines = append(lines, fmt.Sprintf("call %d to a%d, whose handler %s: %s",
				made.id, made.actor, made.act, made.got))
		}
	}
	return lines
}
