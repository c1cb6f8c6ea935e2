package model

import (
	"context"
	"fmt"

	"github.com/aktgo/akt"
)

// settle has a Promise kept or broken, or a function of Go return.
func (s *stage) settle(st step) bool {
	open := s.open()
	if len(open) == 0 {
		return false
	}
	l := open[st.a%len(open)]
	o, known := s.diaries[l.run.actor.id].owes(l.id)
	if !known {
		return false // its handler has not begun
	}
	as := []act{actReply, actReply, actFail}[st.b%3]
	if l.function {
		as = []act{actReply, actReply, actFail, actPanic, actExit}[st.b%5]
	}
	s.say("what the handler of %d has promised: %s", l.id, as)
	l.settles(as)
	switch {
	case l.function:
		o.strings <- order{end: as}
	case as == actFail:
		o.promise.Reject(ownError{l.id})
	default:
		o.promise.Resolve(l.id)
	}
	return true
}

// sendOwed sends with the ctx of a handler that has returned a Future.
func (s *stage) sendOwed(st step, h *handle) bool {
	if len(s.laters) == 0 {
		return false
	}
	l := s.laters[len(s.laters)-1-st.b%len(s.laters)]
	o, known := s.diaries[l.run.actor.id].owes(l.id)
	if !known {
		return false
	}
	l.run.later = l
	c := &call{id: len(s.calls) + 1, act: acts[st.c%len(acts)], try: true, from: l.run}
	s.say("with the ctx of the handler of %d: call %d, TryNotify to a%d%s, whose handler %s", l.id,
		c.id, h.on.id, h, c.act)
	s.calls = append(s.calls, c)
	if h.released {
		c.becomes(gotRefused)
	} else {
		h.on.send(c)
	}
	go func() {
		got := s.really(o.ctx, c, h, wayTry)
		s.seen()
		c.got = got
	}()
	return true
}

// sendOfFunction has a function of Go make a request, and wait for the reply.
func (s *stage) sendOfFunction(st step) bool {
	for _, l := range s.open() {
		o, known := s.diaries[l.run.actor.id].owes(l.id)
		if !l.function || !known || !l.run.endless && l.call.from != nil {
			continue // when its ctx ends is beyond the model
		}
		h := s.handles[st.b%len(s.handles)]
		who := fmt.Sprintf("the function of %d:", l.id)
		return s.call(st, h, &performer{l.runs, who, o.strings})
	}
	return false
}

// setFlush has the next OnStopping of an actor send something. Only one actor is to at a time.
func (s *stage) setFlush(st step, m *actor, h *handle) bool {
	if m.ended || h.released {
		return false
	}
	for _, other := range s.actors {
		if other.flushes != nil {
			return false
		}
	}
	if m.closing && !m.stopping && m.lessAsk+m.mayAsk > 0 {
		return false // whether Shutdown has it called once more is not said
	}
	to := h.on
	if st.c%2 == 0 {
		to, h = m, nil
	}
	c := &call{
		id: len(s.calls) + 1, act: acts[st.b%len(acts)], on: to,
		try: true, private: h == nil, flush: true,
	}
	s.calls = append(s.calls, c)
	s.say("the next OnStopping of a%d sends call %d to a%d, whose handler %s",
		m.id, c.id, to.id, c.act)
	m.flushes = c
	s.diaries[m.id].flush = func(ctx akt.Context) string {
		var err error
		if h == nil {
			err = ctx.Private().Notify(ctx, msg{ID: c.id, Act: c.act}.wire())
		} else {
			err = s.diaries[to.id].ctx.Address().TryNotify(ctx, msg{ID: c.id, Act: c.act}.wire())
		}
		s.seen()
		c.got = outcomeOf(nil, err)
		return c.got
	}
	return true
}

// await has a client or a handler wait for an actor's end, by Address.Wait or by LookupOrRun.
func (s *stage) await(st step, h *handle, by *actor) bool {
	c := &call{id: len(s.calls) + 1, await: true, lookup: st.verb == doLookup || st.verb == hLookup}
	on := h.on
	if c.lookup {
		if on = s.called(on.name); !on.named || s.cut || len(on.awaiting) > 0 || h.addr == nil {
			return false
		}
	}
	who, ctx := "a client:", context.Background()
	switch {
	case by != nil:
		who = fmt.Sprintf("a%d, handling %d:", by.id, by.run.call.id)
		c.from, c.over = by.run, by.run.ctxOver()
		c.endless = by.run.endless
	case st.c%3 > 0:
		ctx, c.cancel = context.WithCancel(ctx)
	default:
		c.endless = true
	}
	d := &diary{id: -1}
	call := func(ctx context.Context) error { return s.diaries[on.id].ctx.Address().Wait(ctx) }
	if c.lookup {
		n := nature(st.b+64*st.c)%natures | named
		s.say("%s call %d, LookupOrRun of a%d's name, or an actor %s", who, c.id, on.id, n)
		var what any
		var options []akt.Option
		what, options, d = s.prepare(1000+c.id, n, 0, on.name)
		d.id = -1
		c.runs = &fresh{n, d, nil}
		call = func(ctx context.Context) error {
			addr, loaded, err := s.system.LookupOrRun(ctx, on.name, func() any {
				s.seen()
				return what
			}, options...)
			if err == nil && c.runs.handle != nil {
				s.seen()
				c.runs.handle.addr = addr
				if !loaded {
					s.known(d.id, addr.Name(), addr.Downgrade())
				}
			}
			if err == nil {
				return found(loaded)
			}
			return err
		}
	} else {
		s.say("%s call %d, Wait for the end of a%d", who, c.id, on.id)
	}
	s.calls = append(s.calls, c)
	c.on = on
	switch {
	case c.lookup:
		on.lookUp(c)
	case on.ended:
		c.becomes("ended")
	default:
		on.await(c)
	}
	do := func(ctx context.Context) {
		err := call(ctx)
		s.seen()
		c.got = awaited(err)
	}
	if by == nil {
		go do(ctx)
		return true
	}
	s.diaries[by.id].strings <- order{do: func(ctx akt.Context) { do(ctx) }}
	return true
}

// fresh is what a LookupOrRun runs, if it does.
type fresh struct {
	nature
	*diary
	handle *handle
}

// finds enters the address that LookupOrRun returns.
func (s *stage) finds(c *call, m *actor) {
	c.runs.handle = &handle{on: m}
	if m != nil {
		s.handles = append(s.handles, c.runs.handle)
		return
	}
	d := c.runs.diary
	d.id = len(s.actors)
	s.diaries = append(s.diaries, d)
	s.enter(nil, c.runs.nature, c.on.name, d, c.runs.handle).pause = 1000 + c.id
}

// found is what LookupOrRun reports where there is no error: whether the actor was found.
type found bool

func (found) Error() string { return "" }

// awaited puts what came of a wait for an end into words.
func awaited(err error) string {
	switch how, looked := err.(found); { //nolint:errorlint // no error
	case err == nil:
		return "ended"
	case looked && bool(how):
		return "found"
	case looked:
		return "run"
	}
	return "not awaited: " + causes(err)
}
