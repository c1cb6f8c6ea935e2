package benchmarks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that answers a request wrongly, or fails it, fails the benchmark, with one client and
// with many.
func TestABrokenServerFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]*brokenServer{
		"a wrong reply":               {reply: func(_, n uint64) (uint64, error) { return answer(n) + 1, nil }},
		"the reply of the one before": {reply: func(_, n uint64) (uint64, error) { return answer(n - 1), nil }},
		"a wrong reply, late":         {reply: func(call, n uint64) (uint64, error) { return answer(n) + call/50, nil }},
		"no reply":                    {reply: func(_, _ uint64) (uint64, error) { return 0, nil }},
		"an error beside the reply":   {reply: func(_, n uint64) (uint64, error) { return answer(n), errBroken }},
	} {
		for clients, l := range map[string]load{"one client": oneClient, "all clients": allClients} {
			t.Run(name+", "+clients, func(t *testing.T) {
				require.True(t, fails(requests{broken.open, l}.measure))
			})
		}
	}
}

// A request that was answered and not handled fails the benchmark.
func TestARequestThatIsNotHandledFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	broken := &brokenServer{
		reply: func(_, n uint64) (uint64, error) { return answer(n), nil },
		loses: 1,
	}
	require.True(t, fails(requests{broken.open, allClients}.measure))
}

// Notifications that are lost, doubled, or handled out of order fail the benchmark, and so does a
// Notify that fails.
func TestABrokenNotificationFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]brokenNotifier{
		"lost": func(seen *tally, call uint64, m note) error {
			if call != seen.want {
				seen.enter(m)
			}
			return nil
		},
		"doubled": func(seen *tally, call uint64, m note) error {
			seen.enter(m)
			if call == 1 {
				seen.enter(m)
			}
			return nil
		},
		"out of order": func(seen *tally, call uint64, m note) error {
			if call == 1 {
				m.N++
			}
			seen.enter(m)
			return nil
		},
		"handled, with an error": func(seen *tally, _ uint64, m note) error {
			seen.enter(m)
			return errBroken
		},
	} {
		for clients, l := range map[string]load{"one client": oneClient, "all clients": allClients} {
			t.Run(name+", "+clients, func(t *testing.T) {
				require.True(t, fails(notifications{broken.open, l, time.Nanosecond}.measure))
			})
		}
	}
}

// A message that is dispatched to another type's handler fails the benchmark.
func TestAWrongDispatchFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	samples := sampleOf(10, true)
	require.NoError(t, dispatched(&switchServer{}, samples[0]))
	samples[7].want = sampleOf(10, true)[8].want
	require.True(t, fails(dispatches{openSwitchServer, samples}.measure))
	require.Error(
		t,
		dispatched(&switchServer{}, sample{messageTypes[10].make(1), 1}),
		"a type without a handler",
	)
}

// A spawned actor that does not work, or could not be spawned, fails the benchmark.
func TestABrokenSpawnFailsTheBenchmark(t *testing.T) {
	t.Parallel()
	mute := func() (spawned, error) {
		return &brokenServer{reply: func(_, _ uint64) (uint64, error) { return 0, nil }}, nil
	}
	require.True(t, fails(spawner(mute).measureStart))
	refused := func() (spawned, error) { return nil, errBroken }
	require.True(t, fails(spawner(refused).measureStart))
	require.True(t, fails(spawner(refused).measureLife))
}

// The thousand message types are a thousand.
func TestMessageTypesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[any]bool{}
	for _, m := range messageTypes {
		seen[m.typ] = true
		require.Equal(t, uint64(7), m.value(m.make(7)))
	}
	require.Len(t, seen, 1000)
}

// fails runs a benchmark, for up to -test.benchtime, and reports whether it failed.
func fails(measure func(*testing.B)) (failed bool) {
	testing.Benchmark(func(b *testing.B) {
		b.Helper()
		defer func() { failed = failed || b.Failed() }()
		measure(b)
	})
	return failed
}

var (
	oneClient  = load{"one", forever, false}
	allClients = load{"all", forever, true}
)

var errBroken = errors.New("broken")

// brokenServer answers the request that is its call-th with what reply returns, and does not count
// so many of them.
type brokenServer struct {
	reply func(call, n uint64) (uint64, error)
	loses uint64
	calls atomic.Uint64
}

func (s *brokenServer) open(testing.TB) (requester, func() uint64) {
	fresh := &brokenServer{reply: s.reply}
	return fresh, func() uint64 { return fresh.calls.Load() - s.loses }
}

func (s *brokenServer) Add(_ context.Context, m add) (uint64, error) {
	return s.reply(s.calls.Add(1), m.N)
}

func (s *brokenServer) end() {}

// brokenNotifier enters the message that is its call-th in a tally, or does not.
type brokenNotifier func(seen *tally, call uint64, m note) error

func (f brokenNotifier) open(_ testing.TB, seen *tally) (notifier, func()) {
	return &brokenNotes{enter: f, seen: seen}, func() {}
}

type brokenNotes struct {
	mu    sync.Mutex
	enter brokenNotifier
	seen  *tally
	calls uint64
}

func (s *brokenNotes) Note(_ context.Context, m note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.enter(s.seen, s.calls, m)
}
