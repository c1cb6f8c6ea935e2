package reliability

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/aktgo/akt"
)

// stage plays a program step by step, in a synctest bubble, so that after each step everything that can happen has happened. Then
// all that can be seen of the actors, of all calls ever made and of Shutdown must be what the model says.
//
// Handlers that hold their actor are puppets on strings: they do what later steps say. So at any time only one handler does
// something of its own choice, and what follows is determined, but for what the model calls loose.
type stage struct {
	*model
	*problems
	system  *akt.System
	diaries []*diary
	handles []*handle
	timers  []*akt.Timer
	natures []nature
	program program

	end      context.CancelFunc // of the ctx of Shutdown
	ended    bool               // Shutdown has returned
	endError error

	torn atomic.Bool // down: nobody looks at dead letters any more, and Shutdown's and an actor's may come at the same time

	tell  bool     // keep a script
	lines []string // what was done, in words
}

// handle is one strong address.
type handle struct {
	addr     *akt.Address
	on       *mActor
	released bool
}

// problems are what cannot be foretold in a record. They are found on any goroutine.
type problems struct {
	mu    sync.Mutex
	list  []string
	names map[string]int
	told  map[[2]int]string // whom it was told of whose end, and why that one died
	reads atomic.Int64
}

// seen comes before whatever the stage looks at is written. Its looks are before it, which the race detector would not know where time
// alone lies between. It puts writers into no order among themselves: that is akt's to do.
func (p *problems) seen() { p.reads.Load() }

func (p *problems) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, fmt.Sprintf(format, args...))
}

func (p *problems) terminated(to, of int, t akt.Terminated) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, twice := p.told[[2]int{to, of}]; twice {
		p.list = append(p.list, fmt.Sprintf("a%d is told twice that a%d has ended", to, of))
	}
	p.told[[2]int{to, of}] = causes(t.Err)
}

func (p *problems) idOf(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, known := p.names[name]
	if !known {
		p.list = append(p.list, fmt.Sprintf("nobody is called %q", name))
	}
	return id
}

func goexit() { runtime.Goexit() }

// play plays a program, in a bubble, and returns what went wrong and, if it is to tell, what was done.
func play(p program, tell bool) (wrong []string, script []string) {
	s := &stage{
		model: &model{}, program: p, tell: tell,
		problems: &problems{names: map[string]int{}, told: map[[2]int]string{}},
	}
	s.system = akt.NewSystem(
		akt.WithDefaults(akt.WithMailbox(p.capacity), akt.WithLogger(slog.New(slog.DiscardHandler))),
		akt.WithDeadLetters(s.letter))
	for _, n := range p.actors {
		s.run(nil, akt.Context{}, n, 0)
	}
	ok := s.compare()
	for _, st := range p.steps {
		if !ok {
			break
		}
		s.step++
		if !s.take(st) {
			continue
		}
		s.endStep()
		ok = s.ambiguous || s.compare()
		if s.ambiguous {
			break
		}
	}
	if ok && !s.ambiguous {
		s.finish()
	}
	s.tearDown()
	return s.list, s.lines
}

func (s *stage) letter(l akt.DeadLetter) {
	if s.torn.Load() {
		return
	}
	s.seen()
	d := s.diaries[s.idOf(l.Actor)]
	switch m := l.Msg.(type) {
	case msg:
		d.Letters = append(d.Letters, m.ID)
	case akt.Terminated:
		d.Letters = append(d.Letters, terminatedID-s.idOf(m.Name))
	case nil:
		d.Letters = append(d.Letters, 0)
	default:
		d.Letters = append(d.Letters, functionID)
	}
}

func (s *stage) say(format string, args ...any) {
	if s.tell {
		s.lines = append(s.lines, fmt.Sprintf("%2d  ", len(s.lines)+1)+fmt.Sprintf(format, args...))
	}
}

// run runs an actor, as a child if there is a parent, and enters it in the model.
func (s *stage) run(parent *mActor, ctx akt.Context, n nature, faults int) {
	id := len(s.actors)
	d := newDiary(id, s.problems)
	d.faults, d.panics = faults, n&spawner != 0
	var what any = puppet{d}
	if n&spawner != 0 {
		what = akt.Spawner[puppet](func() puppet { return puppet{d} })
	}
	var options []akt.Option
	if n&inline != 0 {
		options = append(options, akt.WithInlineSend())
	}
	if n&named != 0 {
		options = append(options, akt.WithName(fmt.Sprintf("a%d", id)))
	}
	supervisor := akt.Supervisor{MaxRestarts: -1, Window: window, BackoffMin: backoff(id), BackoffMax: backoff(id)}
	if n&strict != 0 {
		supervisor.MaxRestarts = maxRestarts
	}
	if n&decided != 0 {
		supervisor.Decide = d.decide
		d.policy = n.policy()
	}
	options = append(options, akt.WithSupervisor(supervisor))
	s.diaries = append(s.diaries, d)
	var addr *akt.Address
	var err error
	if parent == nil {
		addr, err = s.system.Run(what, options...)
	} else {
		addr, err = ctx.Run(what, options...)
	}
	want := ""
	switch {
	case s.closing && parent == nil, s.cut:
		want = "stopped"
	case faults > 0:
		want = diedOfStart
	}
	if got := causes(err); got != want || (err == nil) != (want == "") {
		s.add("running a%d gives %v, not %q", id, err, want)
	}
	if err != nil {
		if d.Stopped != 0 {
			s.add("OnStopped was called of a state that was not started")
		}
		s.diaries = s.diaries[:id]
		return
	}
	s.mu.Lock()
	s.names[addr.Name()] = id
	s.mu.Unlock()
	m := &mActor{
		model: s.model, id: id, name: addr.Name(), parent: parent, capacity: s.program.capacity, spawner: n&spawner != 0, inline: n&inline != 0, named: n&named != 0,
		refs: 1, watching: map[*mActor]bool{}, toldOf: map[*mActor]bool{}, loose: map[int]bool{}, activeAt: -1, shutAt: -1, diedAt: -1,
	}
	m.strict = n&strict != 0
	if n&decided != 0 {
		m.policy = &d.policy
	}
	m.Started = 1
	if m.named || parent != nil {
		m.refs++
	}
	if parent != nil {
		parent.children = append(parent.children, m)
		s.diaries[parent.id].kids = append(s.diaries[parent.id].kids, d)
	}
	s.actors = append(s.actors, m)
	s.natures = append(s.natures, n)
	s.handles = append(s.handles, &handle{addr: addr, on: m})
}

// take takes one step: first in the model, then in the world. It reports false where the step makes no sense.
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

// policies are what a Decide may say. The last but one is no directive, and the last is a panic: both mean Stop.
var policies = []akt.Directive{akt.Resume, akt.Restart, akt.Stop, akt.Escalate, akt.Escalate, akt.Escalate + 1, akt.Escalate + 2}

func (h *handle) String() string {
	if h.released {
		return " by a released address"
	}
	return ""
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
	var calls []*mCall
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
	time.Sleep(d)
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
	var held []*mActor
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
		return s.call(st, h, m)
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
	default:
		return false
	}
	return true
}

// timer has a handler start a timer. No two are due at the same time: the microseconds of each are its own.
func (s *stage) timer(st step, m *mActor, d *diary, who string) {
	n := len(s.timers) + 1
	own := time.Duration(n*n) * time.Microsecond
	t := &mTimer{id: n * 1000, act: acts[st.c%len(acts)]}
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
	m.later(t, after)
	s.model.every = append(s.model.every, t)
	done := make(chan *akt.Timer, 1)
	d.strings <- order{do: func(ctx akt.Context) {
		if t.every == 0 {
			done <- ctx.Private().NotifyLater(msg{ID: t.id, Act: t.act}, after)
			return
		}
		ticks := 0
		done <- ctx.Private().NotifyInterval(func() any {
			ticks++
			return msg{ID: t.id + ticks, Act: t.act}
		}, t.every)
	}}
	s.timers = append(s.timers, <-done)
}

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

// call makes a call to an actor, by a goroutine of its own or by a handler.
func (s *stage) call(st step, h *handle, by *mActor) bool {
	c := &mCall{id: len(s.calls) + 1, act: acts[st.b%len(acts)], request: st.verb == doSend || st.verb == hSend}
	ways, selector := notifyWays, st.c
	if c.request {
		ways = sendWays
	}
	if by != nil {
		c.act, selector = acts[st.c%len(acts)], st.c/len(acts)
	}
	way := ways[selector%len(ways)]
	c.private, c.try, c.do, c.unpack = way == wayPrivate || way == wayDo, way == wayTry, way == wayDo, way == wayUnpack
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
		who = fmt.Sprintf("a%d, handling %d:", by.id, by.run.call.id)
	}
	if c.request {
		kind = "Send"
	}
	s.say("%s call %d, %s(%s)%s to a%d%s, whose handler %s", who, c.id, kind, strings.TrimSpace(wayNames[way]), ctxName, h.on.id, h, c.act)
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
	s.diaries[by.id].strings <- order{do: func(ctx akt.Context) { do(ctx) }}
	return true
}

// burst has a client notify an actor many times in a row, while that does not go on by itself: it then has all of them to handle at once.
func (s *stage) burst(st step, h *handle) bool {
	if h.on.run == nil && !h.on.resting {
		return false
	}
	var burst []*mCall
	for i := range 2 + st.c%8 {
		c := &mCall{id: len(s.calls) + 1, act: acts[(st.b+i*(1+st.c/8))%len(acts)], try: true, endless: true}
		s.calls, burst = append(s.calls, c), append(burst, c)
		s.say("a client: call %d, Notify(TryNotify) to a%d%s, whose handler %s", c.id, h.on.id, h, c.act)
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
func (s *stage) really(ctx context.Context, c *mCall, h *handle, way int) string {
	m := msg{ID: c.id, Act: c.act}
	d := s.diaries[h.on.id]
	var to akt.Sender = h.addr
	switch way {
	case wayPrivate:
		to = d.ctx.Private()
	case wayWeak:
		to = d.ctx.Address()
	}
	if !c.request {
		switch way {
		case wayTry:
			return outcomeOf(nil, h.addr.TryNotify(ctx, m))
		case wayDo:
			return outcomeOf(nil, d.ctx.Private().Do(func(akt.Context) {
				s.seen()
				d.Begun = append(d.Begun, c.id)
			}))
		}
		return outcomeOf(nil, to.Notify(ctx, m))
	}
	switch way {
	case wayAsk:
		reply, err := akt.Ask[int](ctx, h.addr, m)
		return outcomeOf(reply, err)
	case wayUnpack:
		return outcomeOf(h.addr.SendUnpack(ctx, m))
	}
	return outcomeOf(to.Send(ctx, m))
}

// finish shuts the system down, lets every handler return, and sees that nothing is left.
func (s *stage) finish() {
	for i := 0; i < 10000; i++ {
		s.step++
		switch {
		case !s.closing:
			s.say("(the end) Shutdown")
			s.startShutdown()
		case s.handler(step{verb: hEnd}):
		case !s.over && i < 100 && s.advance():
		case !s.over:
			s.say("(the end) the ctx of Shutdown ends")
			s.patienceEnds()
			s.end()
		default:
			s.nothingLeft()
			return
		}
		s.endStep()
		if s.ambiguous || !s.compare() {
			return
		}
	}
	s.add("it does not come to an end")
}

func (s *stage) nothingLeft() {
	for _, c := range s.calls {
		if c.got == "" {
			s.add("the sender of %d waits for ever", c.id)
		}
	}
	for _, m := range s.actors {
		if !m.ended {
			s.add("a%d never ends", m.id)
		}
	}
	for _, h := range s.handles {
		before := len(s.diaries[h.on.id].Begun)
		_, err := h.addr.Send(context.Background(), msg{})
		if !errors.Is(err, akt.ErrStopped) {
			s.add("a request to a%d after its end gives %v", h.on.id, err)
		}
		synctest.Wait()
		if len(s.diaries[h.on.id].Begun) != before {
			s.add("a%d handles a message after its end", h.on.id)
		}
	}
}

// tearDown ends what is left after a failure, so that the bubble can end.
func (s *stage) tearDown() {
	s.torn.Store(true)
	for _, d := range s.diaries {
		close(d.strings)
	}
	for _, c := range s.calls {
		if c.cancel != nil {
			c.cancel()
		}
	}
	if s.end == nil {
		s.startShutdown()
	}
	s.end()
	synctest.Wait()
}

// compare waits until nothing happens any more, and holds the world against the model.
func (s *stage) compare() bool {
	synctest.Wait()
	for i, m := range s.actors {
		s.compareActor(m, s.diaries[i])
	}
	for _, c := range s.calls {
		if c.want == nil && c.got != "" || c.want != nil && !slices.Contains(c.want, c.got) {
			s.add("call %d: %q, not %q", c.id, c.got, strings.Join(c.want, " or "))
		}
	}
	for _, h := range s.handles {
		s.compareHandle(h)
	}
	s.compareTold()
	s.compareShutdown()
	for i, m := range s.actors {
		m.heard(slices.Concat(s.diaries[i].Begun, s.diaries[i].Letters)...)
	}
	s.reads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) == 0
}

func (s *stage) compareActor(m *mActor, d *diary) {
	got, want := d.record, m.record
	if more := got.Asked - want.Asked; more > 0 && more <= m.mayAsk {
		want.Asked = got.Asked
	}
	got.Begun, want.Begun = m.exact(got.Begun), m.exact(want.Begun)
	slices.Sort(got.Decided)
	slices.Sort(want.Decided)
	got.Letters, want.Letters = sorted(m.exact(got.Letters)), sorted(m.exact(want.Letters))
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		s.add("a%d is\n\t%s, not\n\t%s", m.id, g, w)
	}
	if got, want := d.ctx.State(), m.state(); got != want {
		s.add("a%d is %s, not %s", m.id, got, want)
	}
	for id, must := range m.loose {
		n := 0
		for _, b := range d.Begun {
			if b == id {
				n++
			}
		}
		if n > 1 || n == 0 && must && !m.busy() {
			s.add("a%d was told %d times that a%d has ended", m.id, n, terminatedID-id)
		}
	}
}

// exact leaves out what may come at any moment, and brings into order what may come in any.
func (m *mActor) exact(ids []int) []int {
	list := slices.DeleteFunc(slices.Clone(ids), func(id int) bool {
		_, loose := m.loose[id]
		return loose
	})
	for from := 0; from < len(list); from++ {
		to := from
		for to < len(list) && list[to] <= terminatedID {
			to++
		}
		slices.Sort(list[from:to])
		from = to
	}
	return slices.Clip(list)
}

func sorted(ids []int) []int {
	slices.Sort(ids)
	return ids
}

func (s *stage) compareHandle(h *handle) {
	m := h.on
	if got, want := h.addr.IsClosed(), h.released || m.shut; got != want {
		s.add("IsClosed of a%d is %t", m.id, got)
	}
	select {
	case <-h.addr.Done():
		if !m.ended {
			s.add("a%d has ended", m.id)
		}
	default:
		if m.ended {
			s.add("a%d has not ended", m.id)
		}
	}
	why := ""
	if m.ended {
		why = m.why
	}
	if got := causes(h.addr.Err()); got != why || (h.addr.Err() == nil) != (why == "") {
		s.add("Err of a%d is %v, not %q", m.id, h.addr.Err(), why)
	}
	if !m.named {
		return
	}
	found, ok := s.system.Lookup(h.addr.Name())
	if ok == m.shut {
		s.add("Lookup of a%d gives %t", m.id, ok)
	}
	if ok {
		found.Release()
	}
}

func (s *stage) compareTold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, why := range s.told {
		if want := s.actors[of[1]].why; why != want {
			s.list = append(s.list, fmt.Sprintf("a%d was told that a%d died of %q, not %q", of[0], of[1], why, want))
		}
	}
}

func (s *stage) compareShutdown() {
	if s.ended != s.over {
		s.add("Shutdown has returned: %t", s.ended)
	}
	if !s.ended {
		return
	}
	if (s.endError != nil) != s.cut {
		s.add("Shutdown returns %v", s.endError)
	}
	if !s.cut {
		return
	}
	if !errors.Is(s.endError, context.Canceled) {
		s.add("Shutdown returns %v, which is not that its ctx has ended", s.endError)
	}
	_, list, _ := strings.Cut(s.endError.Error(), ": not quiet: ")
	named := strings.Split(list, "; ")
	if list == "" {
		named = nil
	}
	for _, in := range s.stuck {
		i := slices.IndexFunc(named, in.isNamedIn)
		switch {
		case i >= 0:
			named = slices.Delete(named, i, i+1)
		case in.runs || in.queued > in.less:
			s.add("Shutdown returns %v, without %+v", s.endError, in)
		}
	}
	if len(named) > 0 {
		s.add("Shutdown returns %v, which names %q, not %+v", s.endError, named, s.stuck)
	}
}

// isNamedIn reports whether this is what Shutdown's error says of the actor.
func (in stuckIn) isNamedIn(text string) bool {
	what := in.name
	switch {
	case in.runs:
		what += " in HandleMsg"
	case in.rests:
		what += " waiting for its restart"
	}
	rest, found := strings.CutPrefix(text, what+" (")
	var n int
	_, err := fmt.Sscanf(rest, "%d queued)", &n)
	return found && err == nil && n >= in.queued-in.less && n <= in.queued+in.more
}

func (n nature) policy() akt.Directive { return policies[int(n>>policyShift)%len(policies)] }

func (n nature) String() string {
	var list []string
	for i, name := range []string{"from a Spawner", "with inline sends", "named", "with a limit of restarts"} {
		if n&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	if n&decided != 0 {
		list = append(list, fmt.Sprintf("with a Decide that says %s", n.policy()))
	}
	if len(list) == 0 {
		return "from a value"
	}
	return strings.Join(list, ", ")
}
