package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Program is a few actors and what is done with them, step by step. Any numbers make a program: a
// step picks what it is done to among what there is, and a step that makes no sense is left out.
type Program struct {
	capacity int      // of every public mailbox
	actors   []nature // those that are run at the start
	steps    []step
}

// nature is how an actor is run.
type nature int

const (
	spawner     nature = 1 << iota // from a Spawner: it is restarted
	inline                         // WithInlineSend
	named                          // held by the system
	strict                         // with a limit of restarts
	decided                        // with a Supervisor.Decide, which a step may change
	intercepted                    // with an interceptor
	limited                        // WithStopTimeout

	policyShift = iota // what it says at first
	natures     = 1 << 10
)

// step is one operation. What a, b and c mean is up to the verb.
type step struct {
	verb    verb
	a, b, c int
}

// verb says what a step does.
type verb string

const (
	doSend     verb = "send"
	doNotify   verb = "notify"
	doBurst    verb = "burst"
	doCancel   verb = "cancel"
	doStop     verb = "stop"
	doAsk      verb = "askstop"
	doClone    verb = "clone"
	doUpgrade  verb = "upgrade"
	doRelease  verb = "release"
	doFault    verb = "fault"
	doPolicy   verb = "policy"
	doAdvance  verb = "advance"
	doShutdown verb = "shutdown"
	doPatience verb = "patience"
	doSettle   verb = "settle"
	doOwed     verb = "owed"
	doGoSend   verb = "gosend"
	doFlush    verb = "flush"
	doWait     verb = "wait"
	doLookup   verb = "lookup"

	// By a handler that holds its actor.
	hEnd      verb = "end"
	hSend     verb = "hsend"
	hNotify   verb = "hnotify"
	hRun      verb = "hrun"
	hWatch    verb = "hwatch"
	hUnwatch  verb = "hunwatch"
	hStop     verb = "hstop"
	hLater    verb = "hlater"
	hInterval verb = "hinterval"
	hTimer    verb = "htimerstop"
	hDrain    verb = "hdrain"
	hWait     verb = "hwait"
	hLookup   verb = "hlookup"
	hCancel   verb = "hcancel"
)

// verbs has each verb as often as a program should.
var verbs = weighted(map[verb]int{
	doSend: 14, doNotify: 12, doBurst: 4, doCancel: 4, doStop: 2, doAsk: 1, doClone: 1,
	doUpgrade: 1, doRelease: 3, doFault: 1, doPolicy: 3, doAdvance: 4, doShutdown: 1,
	doPatience: 1, doSettle: 6, doOwed: 1, doGoSend: 3, doFlush: 1, doWait: 1, doLookup: 1,
	hEnd: 18, hSend: 6, hNotify: 4, hRun: 4, hWatch: 4, hUnwatch: 1, hStop: 2, hLater: 3,
	hInterval: 2, hTimer: 1, hDrain: 1, hWait: 1, hLookup: 2, hCancel: 2,
})

// everyVerb is the order of the verbs, for what has to be the same every time.
var everyVerb = []verb{
	doSend, doNotify, doBurst, doCancel, doStop, doAsk, doClone, doUpgrade, doRelease, doFault,
	doPolicy, doAdvance, doShutdown, doPatience, doSettle, doOwed, doGoSend, doFlush, doWait,
	doLookup,
	hEnd, hSend, hNotify, hRun, hWatch, hUnwatch, hStop, hLater, hInterval, hTimer, hDrain, hWait,
	hLookup, hCancel,
}

func weighted(of map[verb]int) (list []verb) {
	for _, v := range everyVerb {
		for range of[v] {
			list = append(list, v)
		}
	}
	return list
}

// Random makes the program of a seed: the same one each time.
func Random(seed uint64) Program {
	r := rand.New(rand.NewPCG(seed, 4))
	p := Program{capacity: 1 + r.IntN(3)}
	if r.IntN(4) == 0 {
		p.capacity = 4 + r.IntN(8)
	}
	for range 1 + r.IntN(3) {
		p.actors = append(p.actors, nature(r.IntN(natures)))
	}
	for range 4 + r.IntN(50) {
		v := verbs[r.IntN(len(verbs))]
		p.steps = append(p.steps, step{v, r.IntN(64), r.IntN(64), r.IntN(64)})
	}
	return p
}

// String is what Parse reads, on one line.
func (p Program) String() string {
	words := []string{fmt.Sprint(p.capacity)}
	for _, n := range p.actors {
		words[0] += fmt.Sprintf(".%d", n)
	}
	for _, s := range p.steps {
		words = append(words, fmt.Sprintf("%s.%d.%d.%d", s.verb, s.a, s.b, s.c))
	}
	return strings.Join(words, " ")
}

// Parse makes the program of a text: first the capacity and the actors, then a word for each step.
func Parse(text string) (p Program, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return p, fmt.Errorf("the program is empty")
	}
	for i, number := range strings.Split(words[0], ".") {
		var n int
		if _, err := fmt.Sscan(number, &n); err != nil {
			return p, fmt.Errorf("%q: %w", words[0], err)
		}
		if i == 0 {
			p.capacity = max(1, n)
		} else {
			p.actors = append(p.actors, nature(n))
		}
	}
	for _, word := range words[1:] {
		name, numbers, _ := strings.Cut(word, ".")
		s := step{verb: verb(name)}
		if _, err := fmt.Sscanf(numbers, "%d.%d.%d", &s.a, &s.b, &s.c); err != nil {
			return p, fmt.Errorf("%q: %w", word, err)
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// mostSteps is how many steps Decode reads.
const mostSteps = 64

// Decode makes the program of any bytes, for a fuzz target: the capacity, the actors, and then four
// bytes for each step.
func Decode(data []byte) Program {
	next := func() (b int) {
		if len(data) > 0 {
			b, data = int(data[0]), data[1:]
		}
		return b
	}
	p := Program{capacity: 1 + next()%12}
	for range 1 + next()%3 {
		p.actors = append(p.actors, nature(next()+next()<<8)%natures)
	}
	for len(data) > 0 && len(p.steps) < mostSteps {
		p.steps = append(p.steps, step{verbs[next()%len(verbs)], next(), next(), next()})
	}
	return p
}

// Encode is the inverse of [Decode], for the seeds of a fuzz target.
func (p Program) Encode() []byte {
	data := []byte{byte(p.capacity - 1), byte(len(p.actors) - 1)}
	for _, n := range p.actors {
		data = append(data, byte(n), byte(n>>8))
	}
	for _, s := range p.steps {
		data = append(data, byte(slices.Index(verbs, s.verb)), byte(s.a), byte(s.b), byte(s.c))
	}
	return data
}
