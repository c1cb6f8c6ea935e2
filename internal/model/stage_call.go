package model

import (
	"context"
	"strings"

	"github.com/aktgo/akt"
)

// The ways to send.
const (
	wayPublic = iota
	wayAsk
	wayUnpack
	wayPrivate
	wayWeak
	wayTry
	wayDo
)

var (
	sendWays   = []int{wayPublic, wayAsk, wayUnpack, wayPrivate, wayWeak, wayPublic}
	notifyWays = []int{wayPublic, wayPublic, wayTry, wayPrivate, wayDo, wayWeak}
	wayNames   = []string{"", "Ask ", "SendUnpack ", "private ", "weak ", "TryNotify ", "Do "}
)

// performer is who makes a call: a handler, or a function of Go.
type performer struct {
	run     *run
	who     string
	strings chan<- order
}

// call makes a call to an actor, by a goroutine of its own or by a handler.
func (s *stage) call(st step, h *handle, by *performer) bool {
	c := &call{id: len(s.calls) + 1, act: acts[st.b%len(acts)]}
	c.request = st.verb == doSend || st.verb == hSend || st.verb == doGoSend
	ways, selector := notifyWays, st.c
	if c.request {
		ways = sendWays
	}
	if by != nil {
		c.act, selector = acts[st.c%len(acts)], st.c/len(acts)
	}
	way := ways[selector%len(ways)]
	c.private, c.unpack = way == wayPrivate || way == wayDo, way == wayUnpack || way == wayAsk
	c.try, c.do = way == wayTry, way == wayDo
	if c.do {
		c.act = actReply
	}
	ctx, ctxName := context.Background(), ""
	switch kind := selector / len(ways) % 5; {
	case by != nil:
		c.from = by.run
		c.endless = by.run.endless
		c.over = by.run.ctxOver() && !c.try && !c.do
	case kind == 4 && !c.try && !c.do:
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx, ctxName, c.over = ended, " with a ctx that has ended", true
	case kind >= 2 && !c.try && !c.do:
		ctx, c.cancel = context.WithCancel(ctx)
		ctxName = " with a ctx that can end"
	default:
		c.endless = true
	}
	closed := h.released && way != wayPrivate && way != wayWeak && way != wayDo
	who, kind := "a client:", "Notify"
	if by != nil {
		who = by.who
	}
	if c.request {
		kind = "Send"
	}
	s.say("%s call %d, %s(%s)%s to a%d%s, whose handler %s", who, c.id, kind,
		strings.TrimSpace(wayNames[way]), ctxName, h.on.id, h, c.act)
	s.calls = append(s.calls, c)
	if closed {
		c.becomes(gotRefused)
	} else {
		h.on.send(c)
	}
	do := func(ctx context.Context) {
		finished := false
		defer func() {
			if !finished {
				s.seen()
				c.got = gotExit
			}
		}()
		got := s.really(ctx, c, h, way)
		s.seen()
		c.got, finished = got, true
	}
	if by == nil {
		go do(ctx)
		return true
	}
	by.strings <- order{do: func(ctx akt.Context) { do(ctx) }}
	return true
}

// burst has a client notify an actor many times in a row, while that does not go on by itself: it
// then has all of them to handle at once.
func (s *stage) burst(st step, h *handle) bool {
	if h.on.run == nil && !h.on.resting {
		return false
	}
	var burst []*call
	for i := range 2 + st.c%8 {
		c := &call{id: len(s.calls) + 1, try: true, endless: true}
		c.act = acts[(st.b+i*(1+st.c/8))%len(acts)]
		s.calls, burst = append(s.calls, c), append(burst, c)
		s.say("a client: call %d, Notify(TryNotify) to a%d%s, whose handler %s",
			c.id, h.on.id, h, c.act)
		if h.released {
			c.becomes(gotRefused)
		} else {
			h.on.send(c)
		}
	}
	go func() {
		for _, c := range burst {
			got := s.really(context.Background(), c, h, wayTry)
			s.seen()
			c.got = got
		}
	}()
	return true
}

// really makes a call and puts what came of it into words.
func (s *stage) really(ctx context.Context, c *call, h *handle, way int) string {
	d := s.diaries[h.on.id]
	if way == wayDo {
		return outcomeOf(nil, d.ctx.Private().Do(func(akt.Context) {
			s.seen()
			d.Begun = append(d.Begun, c.id)
		}))
	}
	m := msg{ID: c.id, Act: c.act}.wire()
	if c.request {
		return request(ctx, way, h.addr, d.ctx, m)
	}
	return notify(ctx, way, h.addr, d.ctx, m)
}

// request sends a request to an actor that has this address and Context.
func request(ctx context.Context, way int, addr *akt.Address, of akt.Context, m any) string {
	switch way {
	case wayAsk:
		reply, err := akt.Ask[int](ctx, addr, m)
		return outcomeOf(reply, err)
	case wayUnpack:
		return outcomeOf(addr.SendUnpack(ctx, m))
	}
	return outcomeOf(sender(way, addr, of).Send(ctx, m))
}

// notify is request for a notification.
func notify(ctx context.Context, way int, addr *akt.Address, of akt.Context, m any) string {
	if way == wayTry {
		return outcomeOf(nil, addr.TryNotify(ctx, m))
	}
	return outcomeOf(nil, sender(way, addr, of).Notify(ctx, m))
}

func sender(way int, addr *akt.Address, of akt.Context) akt.Sender {
	switch way {
	case wayPrivate, wayDo:
		return of.Private()
	case wayWeak:
		return of.Address()
	}
	return addr
}
