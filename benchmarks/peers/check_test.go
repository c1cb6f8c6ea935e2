package peers

import (
	"context"
	"errors"
	"flag"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestMain has the tests run a hundred operations of a benchmark; benchmarks run as long as they
// are told to.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		if err := flag.Set("test.benchtime", "100x"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// Every library does what the benchmarks want of it.
func TestEveryLibraryPasses(t *testing.T) {
	t.Parallel()
	for _, lib := range append([]named{{"akt-default", openAktDefault}, {"akt-send", openAktSend}}, everyLibrary...) {
		t.Run(lib.name, func(t *testing.T) {
			t.Parallel()
			soon, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			for name, measure := range map[string]func(*testing.B){
				"ask":               asks{lib.open, context.Background(), 1, false}.measure,
				"ask with deadline": asks{lib.open, soon, 1, false}.measure,
				"ask all":           asks{lib.open, soon, 3, true}.measure,
				"notify":            tells{lib.open, false, patience}.measure,
				"notify all":        tells{lib.open, true, patience}.measure,
				"ring":              passes{lib.open, 3, patience}.measure,
				"spawn":             spawns{lib.open}.measure,
				"actors":            crowd{lib.open, 5, 3}.measure,
			} {
				if fails(measure) {
					t.Errorf("%s failed", name)
				}
			}
		})
	}
}

// An adapter whose actors answer wrongly, or fail, fails every benchmark with requests.
func TestAWrongReplyFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]brokenLibrary{
		"a wrong reply":               {ask: func(_, n uint64) (uint64, error) { return answer(n) + 1, nil }},
		"the reply of the one before": {ask: func(_, n uint64) (uint64, error) { return answer(n - 1), nil }},
		"a wrong reply, late":         {ask: func(call, n uint64) (uint64, error) { return answer(n) + call/20, nil }},
		"no reply":                    {ask: func(_, _ uint64) (uint64, error) { return 0, nil }},
		"an error beside the reply":   {ask: func(_, n uint64) (uint64, error) { return answer(n), errBroken }},
	} {
		for _, actors := range []int{1, 3} {
			for clients, all := range map[string]bool{"one client": false, "all clients": true} {
				t.Run(name+", "+clients+", "+strconv.Itoa(actors)+" actors", func(t *testing.T) {
					t.Parallel()
					mustFail(t, asks{broken.open, context.Background(), actors, all}.measure)
				})
			}
		}
	}
	broken := brokenLibrary{ask: func(_, n uint64) (uint64, error) { return answer(n) + 1, nil }}
	mustFail(t, spawns{broken.open}.measure)
	mustFail(t, population{broken.open, 10}.measure)
	mustFail(t, crowd{broken.open, 10, 3}.measure)
}

// A request that was answered and not handled fails the benchmark.
func TestAnUnhandledRequestFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	broken := brokenLibrary{
		ask:   func(_, n uint64) (uint64, error) { return answer(n), nil },
		loses: 1,
	}
	mustFail(t, asks{broken.open, context.Background(), 1, false}.measure)
	mustFail(t, spawns{broken.open}.measure)
	mustFail(t, population{broken.open, 10}.measure)
	mustFail(t, crowd{broken.open, 10, 3}.measure)
}

// Messages that are lost, doubled or handled out of order fail the benchmark, and so does a Tell
// that fails.
func TestABrokenMessageFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]brokenLibrary{
		"lost": {tell: func(call, n uint64, handle func(uint64)) error {
			if call != 1 {
				handle(n)
			}
			return nil
		}},
		"doubled": {tell: func(call, n uint64, handle func(uint64)) error {
			handle(n)
			if call == 1 {
				handle(n)
			}
			return nil
		}},
		"changed": {tell: func(call, n uint64, handle func(uint64)) error {
			if call == 1 {
				n++
			}
			handle(n)
			return nil
		}},
		"handled, with an error": {tell: func(_, n uint64, handle func(uint64)) error {
			handle(n)
			return errBroken
		}},
	} {
		for producers, all := range map[string]bool{"one producer": false, "all producers": true} {
			t.Run(name+", "+producers, func(t *testing.T) {
				t.Parallel()
				mustFail(t, tells{broken.open, all, time.Nanosecond}.measure)
			})
		}
		if name == "doubled" {
			// in a ring, the second token may still be on its way when the first has arrived
			continue
		}
		t.Run(name+", to pass it on", func(t *testing.T) {
			t.Parallel()
			mustFail(t, passes{broken.open, 2, time.Nanosecond}.measure)
		})
	}
}

// A library that cannot make an actor fails the benchmark.
func TestARefusedActorFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	broken := brokenLibrary{refuses: errBroken}
	mustFail(t, asks{broken.open, context.Background(), 1, false}.measure)
	mustFail(t, tells{broken.open, false, time.Nanosecond}.measure)
	mustFail(t, passes{broken.open, 2, time.Nanosecond}.measure)
	mustFail(t, spawns{broken.open}.measure)
	mustFail(t, population{broken.open, 10}.measure)
	mustFail(t, crowd{broken.open, 10, 3}.measure)
}

// A message that gets to another type's handler fails the benchmark.
func TestAWrongDispatchFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	swapped := []message{everyMessage[0], everyMessage[2], everyMessage[1]}
	mustFail(t, variety{"akt", byAsk(&thousand{}), swapped}.measure)
	mustFail(t, variety{"akt-send", bySend(&thousandSend{}), swapped}.measure)
	mustFail(t, variety{"mutex", byMutex, swapped}.measure)
}

// mustFail runs a benchmark, and wants it to fail.
func mustFail(t *testing.T, measure func(*testing.B)) {
	t.Helper()
	if !fails(measure) {
		t.Error("the benchmark did not fail")
	}
}

// fails runs a benchmark, and reports whether it failed.
func fails(measure func(*testing.B)) (failed bool) {
	testing.Benchmark(func(b *testing.B) {
		b.Helper()
		defer func() { failed = failed || b.Failed() }()
		measure(b)
	})
	return failed
}

var errBroken = errors.New("broken")

// brokenLibrary makes actors that do with the request or message that is their call-th what these
// functions do.
type brokenLibrary struct {
	ask     func(call, n uint64) (uint64, error)
	tell    func(call, n uint64, handle func(uint64)) error
	loses   uint64 // so many requests are not counted
	refuses error  // instead of an actor
}

func (l brokenLibrary) open(testing.TB) library { return l }

func (l brokenLibrary) Counter() (asker, error) { return &brokenActor{brokenLibrary: l}, l.refuses }

func (l brokenLibrary) Listener(seen *tally) (teller, error) {
	a := &brokenActor{brokenLibrary: l}
	a.handle = func(n uint64) {
		a.mu.Lock()
		defer a.mu.Unlock()
		seen.enter(n)
	}
	return brokenTeller{a}, l.refuses
}

func (l brokenLibrary) Relay(leg *leg) (teller, error) {
	handle := func(n uint64) { leg.run(context.Background(), n) }
	return brokenTeller{&brokenActor{brokenLibrary: l, handle: handle}}, l.refuses
}

// brokenActor runs on its callers' goroutines.
type brokenActor struct {
	brokenLibrary
	handle func(uint64)
	mu     sync.Mutex
	calls  uint64
}

func (a *brokenActor) call() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	return a.calls
}

func (a *brokenActor) Ask(_ context.Context, n uint64) (uint64, error) { return a.ask(a.call(), n) }

func (a *brokenActor) End() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls - a.loses
}

type brokenTeller struct{ *brokenActor }

func (t brokenTeller) Tell(_ context.Context, n uint64) error {
	return t.tell(t.call(), n, t.handle)
}

func (t brokenTeller) End() {}
