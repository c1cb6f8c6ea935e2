package akt_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/aktgo/akt"
)

// stage plays a program step by step, in a synctest bubble, so that after each step everything that can happen has happened.
// Then the actors, and all calls ever made, must be what the model says.
type stage struct {
	t       *testing.T
	program puppetProgram
	models  []*modelActor
	diaries []*puppetDiary
	handles [][]*stageHandle // by actor
	calls   []*modelCall
}

// stageHandle is one strong address.
type stageHandle struct {
	addr     *akt.Address
	released bool
}

// playExactly plays a program whose every outcome the model foretells.
func playExactly(t *testing.T, p puppetProgram) {
	t.Helper()
	s := &stage{t: t, program: p}
	diaries, addrs := newPuppets(t, p)
	s.diaries = diaries
	for _, addr := range addrs {
		s.handles = append(s.handles, []*stageHandle{{addr: addr}})
		m := &modelActor{capacity: p.capacity, spawner: p.spawner, inline: p.inline, refs: 1}
		m.Started = 1
		s.models = append(s.models, m)
	}
	for i, m := range s.models {
		m.other = s.models[len(s.models)-1-i]
	}
	defer s.tearDown()
	for i, step := range p.steps {
		s.take(step)
		if !s.compare("step", i) {
			return
		}
	}
	s.finish()
}

// take takes one step: first in the model, then in the world.
func (s *stage) take(step puppetStep) {
	k := step.arg % len(s.models)
	m, d := s.models[k], s.diaries[k]
	h := s.handles[k][step.arg/2%len(s.handles[k])]
	switch step.verb {
	case doCancel:
		if c := s.cancellable(step.arg); c != nil {
			c.on.cancel(c)
			c.stop()
		}
	case doLetGo:
		s.letGo(k)
	case doStop:
		if !h.released {
			m.stop(true)
		}
		h.addr.Stop()
	case doContextStop:
		m.vetoes = step.arg&2 != 0
		d.vetoes = m.vetoes
		m.contextStop()
		d.ctx.Stop()
	case doClone:
		clone := &stageHandle{addr: h.addr.Clone(), released: h.released || m.shut}
		if !clone.released {
			m.refs++
		}
		s.handles[k] = append(s.handles[k], clone)
	case doUpgrade:
		addr, ok := h.addr.Downgrade().Upgrade()
		assert.Equal(s.t, !m.shut, ok, "Upgrade")
		if ok {
			m.refs++
			s.handles[k] = append(s.handles[k], &stageHandle{addr: addr})
		}
	case doRelease:
		s.release(m, h)
	default:
		s.send(step, m, d, h)
	}
}

func (s *stage) release(m *modelActor, h *stageHandle) {
	if !h.released {
		m.release()
	}
	h.released = true
	h.addr.Release()
}

func (s *stage) letGo(k int) {
	if s.models[k].running != nil {
		s.models[k].letGo()
		s.diaries[k].gate <- struct{}{}
	}
}

// cancellable picks a call whose ctx can end.
func (s *stage) cancellable(arg int) *modelCall {
	var calls []*modelCall
	for _, c := range s.calls {
		if !c.endless && !c.over && c.on != nil {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	return calls[len(calls)-1-arg/2%min(len(calls), 4)]
}

// send makes a call, on a goroutine of its own.
func (s *stage) send(step puppetStep, m *modelActor, d *puppetDiary, h *stageHandle) {
	verb := string(step.verb)
	c := &modelCall{
		id:      len(s.calls) + 1,
		act:     step.act,
		request: strings.Contains(verb, "Send"),
		private: strings.Contains(verb, "private"),
		try:     step.verb == doTryNotify,
	}
	c.victim = s.cancellable(step.arg)
	ctx, cancel := context.Background(), func() {}
	switch {
	case step.verb == doSendCancellable, step.verb == doNotifyCancellable, step.verb == doPrivateSend && step.arg&2 != 0:
		ctx, cancel = context.WithCancel(ctx)
	case step.verb == doSendEnded && !h.released && !m.shut:
		ctx, cancel = context.WithCancel(ctx)
		cancel()
		c.over = true
	default:
		c.endless = true
	}
	c.stop = cancel
	s.calls = append(s.calls, c)
	switch {
	case !c.private && h.released:
		c.want = gotRefused
	case c.over:
		c.want = gotEnded
	default:
		m.send(c)
	}
	msg := puppetMsg{ID: c.id, Act: c.act, Undo: func() {
		if c.cancels {
			c.victim.stop()
		}
	}}
	var to akt.Sender = h.addr
	if c.private {
		to = d.ctx.Private()
	}
	go func() {
		switch {
		case c.request:
			c.got = outcomeOf(to.Send(ctx, msg))
		case c.try:
			c.got = outcomeOf(nil, h.addr.TryNotify(context.Background(), msg))
		default:
			c.got = outcomeOf(nil, to.Notify(ctx, msg))
		}
	}()
}

// compare waits until nothing happens any more, and holds the world against the model.
func (s *stage) compare(what string, i int) bool {
	standstill()
	same := true
	for k, m := range s.models {
		d := s.diaries[k]
		same = assert.Equal(s.t, m.puppetRecord, d.puppetRecord, "%s %d: actor %d", what, i, k) && same
		same = assert.Equal(s.t, m.state(), d.ctx.State(), "%s %d: state of actor %d", what, i, k) && same
		for _, h := range s.handles[k] {
			same = assert.Equal(s.t, h.released || m.shut, h.addr.IsClosed(), "%s %d: IsClosed of actor %d", what, i, k) && same
		}
	}
	for _, c := range s.calls {
		if c.want == wantNever {
			same = assert.NotContains(s.t, c.got, "reply") && assert.NotEmpty(s.t, c.got) && same
			continue
		}
		same = assert.Equal(s.t, c.want, c.got, "%s %d: call %d", what, i, c.id) && same
	}
	return same
}

// finish lets the actors end, and sees that they have.
func (s *stage) finish() {
	for k, m := range s.models {
		if !s.program.release {
			s.take(puppetStep{verb: doUpgrade, arg: k})
			s.take(puppetStep{verb: doStop, arg: k + 2*(len(s.handles[k])-1)})
		}
		for _, h := range s.handles[k] {
			s.release(m, h)
		}
		for i := 0; s.compare("end", i) && m.running != nil; i++ {
			s.letGo(k)
		}
	}
	for k, m := range s.models {
		s.take(puppetStep{verb: doSend, act: actReply, arg: k})
		s.take(puppetStep{verb: doPrivateNotify, act: actReply, arg: k})
		addr := s.handles[k][0].addr
		select {
		case <-addr.Done():
		default:
			s.t.Errorf("actor %d has not ended", k)
		}
		assert.Equal(s.t, m.died, errors.As(addr.Err(), new(*akt.PanicError)), "actor %d died of a panic", k)
		assert.Equal(s.t, m.Started, m.Stopped, "actor %d: one OnStopped for each OnStart", k)
	}
	s.compare("after the end", 0)
}

// tearDown ends what is left after a failure, so that the bubble can end.
func (s *stage) tearDown() {
	if !s.t.Failed() {
		return
	}
	s.t.Log(s.program)
	for _, c := range s.calls {
		c.stop()
	}
	for k, d := range s.diaries {
		close(d.gate)
		for _, h := range slices.Concat(s.handles[k]) {
			h.addr.Stop()
		}
	}
}
