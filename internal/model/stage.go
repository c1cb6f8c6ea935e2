package model

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"

	"github.com/aktgo/akt"
)

// stage plays a program step by step, in a synctest bubble, so that after each step everything that
// can happen has happened. Then all that can be seen of the actors, of all calls ever made and of
// Shutdown must be what the model says.
//
// Handlers that hold their actor are puppets on strings: they do what later steps say. So at any
// time only one handler does something of its own choice, and what follows is determined, but for
// what the model calls loose.
type stage struct {
	*model
	*problems
	system  *akt.System
	diaries []*diary
	handles []*handle
	timers  []*akt.Timer
	natures []nature
	program Program

	end      context.CancelFunc // of the ctx of Shutdown
	ended    bool               // Shutdown has returned
	endError error

	// Down: nobody looks at dead letters any more, and Shutdown's and an actor's may come at the
	// same time.
	torn atomic.Bool

	lines []string // the script: what was done, in words
}

// handle is one strong address.
type handle struct {
	addr     *akt.Address
	on       *actor
	released bool
}

// problems are what cannot be foretold in a record. They are found on any goroutine.
type problems struct {
	mu       sync.Mutex
	list     []string
	names    map[string]int
	weak     map[*akt.WeakAddress]int
	promised map[int]int       // by whom a reply to a message was
	told     map[[2]int]string // whom it was told of whose end, and why that one died
	reads    atomic.Int64
	down     chan struct{} // closed when the stage is torn down
}

func newProblems() *problems {
	return &problems{
		names:    map[string]int{},
		weak:     map[*akt.WeakAddress]int{},
		promised: map[int]int{},
		told:     map[[2]int]string{},
		down:     make(chan struct{}),
	}
}

// seen comes before whatever the stage looks at is written. Its looks are before it, which the race
// detector would not know where time alone lies between. It puts writers into no order among
// themselves: that is akt's to do.
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

// idOfAddress is idOf for an actor whose name may be another one's now.
func (p *problems) idOfAddress(a *akt.WeakAddress) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, known := p.weak[a]
	if !known {
		p.list = append(p.list, fmt.Sprintf("nobody has the address of %q", a.Name()))
	}
	return id
}

// promises notes who is to reply later to a message. When that has failed, another actor may have
// the name.
func (p *problems) promises(id, msg int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised[msg] = id
}

// promisedBy says who that was.
func (p *problems) promisedBy(msg int, id *int) (known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*id, known = p.promised[msg]
	return known
}

// quiet has nobody read a log.
var quiet = akt.WithLogger(slog.New(slog.DiscardHandler))

func goexit() { runtime.Goexit() }

// play is Play in its bubble.
func play(p Program) Report {
	s := &stage{model: &model{}, program: p, problems: newProblems()}
	s.found = s.finds
	s.system = akt.NewSystem(
		akt.WithDefaults(akt.WithMailbox(p.capacity), quiet),
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
		s.quiet()
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
	return Report{Wrong: s.list, CutShort: s.ambiguous, script: s.lines}
}

func (s *stage) letter(l akt.DeadLetter) {
	if s.torn.Load() {
		return
	}
	s.seen()
	id := 0
	if m, ok := l.Msg.(laterMsg); !ok || !s.promisedBy(m.ID, &id) {
		id = s.idOf(l.Actor)
	}
	switch m := l.Msg.(type) {
	case msg:
		s.note(id, m.ID)
	case laterMsg:
		s.note(id, m.ID)
	case akt.Terminated:
		s.note(id, terminatedID-s.idOfAddress(m.Address))
	case nil:
		s.note(id, 0)
	default:
		s.note(id, functionID)
	}
}

// note enters a dead letter of an actor. What it was to reply later may fail on any goroutine.
func (s *stage) note(id, letter int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.diaries[id]
	d.Letters = append(d.Letters, letter)
}

func (s *stage) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf("%2d  ", len(s.lines)+1)+fmt.Sprintf(format, args...))
}

// prepare is what is run for an actor of a nature, with which options, and its diary.
func (s *stage) prepare(id int, n nature, faults int, name string) (
	what any, options []akt.Option, d *diary,
) {
	d = newDiary(id, s.problems)
	d.faults, d.panics = faults, n&spawner != 0
	what = puppet{d}
	if n&spawner != 0 {
		what = akt.Spawner[puppet](func() puppet { return puppet{d} })
	}
	if n&inline != 0 {
		options = append(options, akt.WithInlineSend())
	}
	if n&named != 0 {
		options = append(options, akt.WithName(name))
	}
	if n&intercepted != 0 {
		d.intercepted = true
		options = append(options, akt.WithInterceptor(d.intercept))
	}
	if n&limited != 0 {
		options = append(options, akt.WithStopTimeout(stopLimit(id)))
	}
	supervisor := akt.Supervisor{
		MaxRestarts: -1, Window: window, BackoffMin: backoff(id), BackoffMax: backoff(id),
	}
	if n&strict != 0 {
		supervisor.MaxRestarts = maxRestarts
	}
	if n&decided != 0 {
		supervisor.Decide = d.decide
		d.policy = n.policy()
	}
	return what, append(options, akt.WithSupervisor(supervisor)), d
}

// enter enters an actor in the model, with its first address.
func (s *stage) enter(parent *actor, n nature, name string, d *diary, h *handle) *actor {
	m := &actor{
		model: s.model, id: d.id, pause: d.id, name: name, parent: parent,
		capacity: s.program.capacity,
		spawner:  n&spawner != 0, inline: n&inline != 0, named: n&named != 0,
		strict: n&strict != 0, limited: n&limited != 0,
		refs: 1, watching: map[*actor]bool{}, toldOf: map[*actor]bool{}, loose: map[int]bool{},
		activeAt: -1, shutAt: -1, diedAt: -1, endedWatches: -1, flushedAt: -1,
	}
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
	h.on = m
	s.handles = append(s.handles, h)
	return m
}

// known notes whose address this is.
func (p *problems) known(id int, name string, addr *akt.WeakAddress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[name], p.weak[addr] = id, id
}

// run runs an actor, as a child if there is a parent, and enters it in the model.
func (s *stage) run(parent *actor, ctx akt.Context, n nature, faults int) {
	id := len(s.actors)
	what, options, d := s.prepare(id, n, faults, fmt.Sprintf("a%d", id))
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
	s.known(id, addr.Name(), addr.Downgrade())
	s.enter(parent, n, addr.Name(), d, &handle{addr: addr})
}

func (h *handle) String() string {
	if h.released {
		return " by a released address"
	}
	return ""
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
		case s.settle(step{}):
		case !s.over && i < 100 && s.advance():
		case !s.over:
			s.say("(the end) the ctx of Shutdown ends")
			s.patienceEnds()
			s.end()
		default:
			s.nothingLeft()
			return
		}
		s.quiet()
		s.endStep()
		if s.ambiguous || !s.compare() {
			return
		}
	}
	s.add("it does not come to an end")
}

// tearDown ends what is left after a failure, so that the bubble can end.
func (s *stage) tearDown() {
	s.torn.Store(true)
	close(s.down)
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

func (n nature) policy() akt.Directive { return policies[int(n>>policyShift)%len(policies)] }

func (n nature) String() string {
	var list []string
	names := []string{"from a Spawner", "with inline sends", "named", "with a limit of restarts"}
	for i, name := range names {
		if n&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	if n&intercepted != 0 {
		list = append(list, "with an interceptor")
	}
	if n&limited != 0 {
		list = append(list, "with a limit of its end")
	}
	if n&decided != 0 {
		list = append(list, fmt.Sprintf("with a Decide that says %s", n.policy()))
	}
	if len(list) == 0 {
		return "from a value"
	}
	return strings.Join(list, ", ")
}
