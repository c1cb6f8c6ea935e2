package model

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aktgo/akt"
)

// take takes one step: first in the model, then in the world. It reports false where the step makes
// no sense.
func (s *stage) take(st step) bool {
	if len(s.actors) == 0 {
		return false
	}
	m := s.actors[st.a%len(s.actors)]
	d := s.diaries[m.id]
	h := s.handles[st.a%len(s.handles)]
	switch st.verb {
	case doSend, doNotify:
		return s.call(st, h, nil)
	case doBurst:
		return s.burst(st, h)
	case doCancel:
		return s.cancel(st)
	case doStop:
		s.say("Address.Stop of a%d%s", h.on.id, h)
		if !h.released {
			h.on.stop(true)
		}
		h.addr.Stop()
	case doAsk:
		s.say("Context.Stop of a%d from outside; OnStopping vetoes: %t", m.id, st.b&1 != 0)
		m.vetoes, d.vetoes = st.b&1 != 0, st.b&1 != 0
		m.contextStop()
		d.ctx.Stop()
	case doClone:
		s.say("Clone of an address of a%d%s", h.on.id, h)
		clone := &handle{addr: h.addr.Clone(), on: h.on, released: h.released || h.on.shut}
		if !clone.released {
			h.on.refs++
		}
		s.handles = append(s.handles, clone)
	case doUpgrade:
		s.say("Upgrade of a weak address of a%d", h.on.id)
		addr, ok := h.addr.Downgrade().Upgrade()
		if ok == h.on.shut {
			s.add("Upgrade of a%d gives %t", h.on.id, ok)
		}
		if ok {
			h.on.refs++
			s.handles = append(s.handles, &handle{addr: addr, on: h.on})
		}
	case doRelease:
		if h.released {
			return false
		}
		s.say("Release of an address of a%d", h.on.id)
		h.released = true
		h.on.release()
		h.addr.Release()
	case doFault:
		s.say("the next start of a%d fails; with a panic: %t", m.id, st.b&1 != 0)
		m.faults++
		d.faults, d.panics = m.faults, st.b&1 != 0
	case doPolicy:
		if m.policy == nil {
			return false
		}
		d.policy = policies[st.b%len(policies)]
		s.say("the Decide of a%d says %s from now on", m.id, d.policy)
	case doAdvance:
		return s.advance()
	case hTimer:
		return s.stopTimer(st)
	case doSettle:
		return s.settle(st)
	case doOwed:
		return s.sendOwed(st, h)
	case doGoSend:
		return s.sendOfFunction(st)
	case doFlush:
		return s.setFlush(st, m, h)
	case doWait, doLookup:
		return s.await(st, h, nil)
	case doShutdown:
		if s.closing {
			return false
		}
		s.say("Shutdown")
		s.startShutdown()
	case doPatience:
		if !s.closing || s.over {
			return false
		}
		s.say("the ctx of Shutdown ends")
		s.patienceEnds()
		s.end()
	default:
		return s.handler(st)
	}
	return true
}

// policies are what a Decide may say. The last but one is no directive, and the last is a panic:
// both mean Stop.
var policies = []akt.Directive{
	akt.Resume, akt.Restart, akt.Stop, akt.Escalate, akt.Escalate,
	akt.Escalate + 1, akt.Escalate + 2,
}

func (s *stage) startShutdown() {
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	s.shutdown()
	go func() {
		err := s.system.Shutdown(ctx)
		s.seen()
		s.ended, s.endError = true, err
	}()
}

func (s *stage) cancel(st step) bool {
	var calls []*call
	for _, c := range s.calls {
		if c.cancel != nil && !c.over {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		return false
	}
	c := calls[len(calls)-1-st.a%min(len(calls), 4)]
	s.say("the ctx of call %d ends", c.id)
	c.ends()
	c.cancel()
	return true
}

func (s *stage) advance() bool {
	e, tie := s.next()
	if e == nil || tie {
		return false
	}
	d := e.due - s.now
	s.say("time goes on by %v, to the %s", d, e.what)
	s.now = e.due
	e.happen()
	s.sleep(d)
	return true
}

func (s *stage) stopTimer(st step) bool {
	if len(s.timers) == 0 {
		return false
	}
	i := st.a % len(s.timers)
	t := s.model.every[i]
	s.say("Stop of timer %d", t.id)
	want := t.stop()
	if got := s.timers[i].Stop(); got != want {
		s.add("Stop of timer %d gives %t", t.id, got)
	}
	return true
}

// handler has a handler that holds its actor do something, or end.
func (s *stage) handler(st step) bool {
	var held []*actor
	for _, m := range s.actors {
		if m.run != nil && m.run.pending == nil {
			held = append(held, m)
		}
	}
	if len(held) == 0 {
		return false
	}
	m := held[st.a%len(held)]
	d := s.diaries[m.id]
	h := s.handles[st.b%len(s.handles)]
	who := fmt.Sprintf("a%d, handling %d:", m.id, m.run.call.id)
	switch st.verb {
	case hEnd:
		as := verdicts[st.b%len(verdicts)]
		s.say("%s %s", who, as)
		m.conclude(as)
		m.settle()
		d.strings <- order{end: as}
		return true
	case hSend, hNotify:
		return s.call(st, h, &performer{m.run, who, d.strings})
	case hRun:
		faults := 0
		if st.c%8 == 7 {
			faults = 1
		}
		n := nature(st.b+64*st.c) % natures
		s.say("%s runs a child a%d %s; starts that fail: %d", who, len(s.actors), n, faults)
		done := make(chan struct{})
		d.strings <- order{do: func(ctx akt.Context) {
			defer close(done)
			s.run(m, ctx, n, faults)
		}}
		<-done
	case hWatch:
		if m.toldOf[h.on] {
			return false // a second Terminated would be right after that
		}
		s.say("%s watches a%d", who, h.on.id)
		m.watch(h.on)
		d.strings <- order{do: func(ctx akt.Context) { ctx.Watch(h.addr) }}
	case hUnwatch:
		s.say("%s unwatches a%d", who, h.on.id)
		m.unwatch(h.on)
		d.strings <- order{do: func(ctx akt.Context) { ctx.Unwatch(h.addr) }}
	case hStop:
		veto := st.b&1 != 0
		s.say("%s calls Context.Stop; OnStopping vetoes: %t", who, veto)
		m.vetoes, m.ask = veto, true
		d.strings <- order{do: func(ctx akt.Context) {
			d.vetoes = veto
			ctx.Stop()
		}}
	case hLater, hInterval:
		s.timer(st, m, d, who)
	case hDrain:
		s.say("%s calls Context.Drain", who)
		m.stop(true)
		d.strings <- order{do: func(ctx akt.Context) { ctx.Drain() }}
	case hWait, hLookup:
		return s.await(st, h, m)
	case hCancel:
		return s.cancelBehind(st, m, who)
	default:
		return false
	}
	return true
}

// cancelBehind has a handler end the ctx of a request that is queued behind it, and return before
// the sender can leave. Where others wait for room, or an OnStopping is to send, whether there is
// room before the next handler runs is not said.
func (s *stage) cancelBehind(st step, m *actor, who string) bool {
	var queued []*call
	for _, c := range slices.Concat(m.private, m.public) {
		if c.request && c.cancel != nil && !c.over {
			queued = append(queued, c)
		}
	}
	sends := func(a *actor) bool { return a.flushes != nil }
	if len(queued) == 0 || len(m.waiting) > 0 || slices.ContainsFunc(s.actors, sends) {
		return false
	}
	c := queued[st.b%len(queued)]
	s.say("%s ends the ctx of call %d, and replies", who, c.id)
	c.ends()
	m.conclude(actReply)
	m.settle()
	m.ambiguous = m.ambiguous || m.shut || m.stateless // whether it was still queued then
	s.diaries[m.id].strings <- order{do: func(akt.Context) { c.cancel() }, end: actReply}
	return true
}

// timer has a handler start a timer. No two are due at the same time: the microseconds of each are
// its own.
func (s *stage) timer(st step, m *actor, d *diary, who string) {
	n := len(s.timers) + 1
	own := time.Duration(n*n) * time.Microsecond
	t := &timer{id: n * 1000, act: acts[st.c%len(acts)]}
	after := time.Duration(0)
	if st.verb == hInterval {
		t.every = time.Duration(1+st.b%4)*time.Second + own
		s.say("%s NotifyInterval every %v: %d, whose handler %s", who, t.every, t.id, t.act)
	} else {
		if st.b%8 > 0 {
			after = time.Duration(st.b%8)*time.Second + own
		}
		s.say("%s NotifyLater after %v: %d, whose handler %s", who, after, t.id, t.act)
	}
	m.startTimer(t, after)
	s.model.every = append(s.model.every, t)
	done := make(chan *akt.Timer, 1)
	d.strings <- order{do: func(ctx akt.Context) {
		if t.every == 0 {
			done <- ctx.Private().NotifyLater(msg{ID: t.id, Act: t.act}.wire(), after)
			return
		}
		ticks := 0
		done <- ctx.Private().NotifyInterval(func() any {
			ticks++
			return msg{ID: t.id + ticks, Act: t.act}.wire()
		}, t.every)
	}}
	s.timers = append(s.timers, <-done)
}
