package benchmarks

import (
	"context"
	"reflect"
	"sync"
	"testing"

	"github.com/aktgo/akt"
)

// library is one way to make a server for requests.
type library struct {
	name string
	open opener
}

// opener starts a server. end stops it, waits until it has ended, and returns how many requests it
// has handled; it may be called again, and is when b ends.
type opener func(b testing.TB) (server requester, end func() uint64)

// withBaselines puts what akt is compared with behind akt's own rows.
func withBaselines(libs ...library) []library {
	return append(
		libs,
		library{"chan", openChan},
		library{"mutex", openMutex},
		library{"reflect-call", openReflectCall},
	)
}

// counter is the state of the actor, and behind the other servers too.
type counter struct{ handled uint64 }

func (c *counter) HandleAdd(_ akt.Context, m add) (uint64, error) { return c.add(m), nil }

func (c *counter) add(m add) uint64 {
	c.handled++
	return answer(m.N)
}

func (c *counter) count() uint64 { return c.handled }

// boundCounter is a type of its own, because akt.Bind is for all actors of a type and cannot be
// undone.
type boundCounter struct{ counter }

// HandleAdd is not promoted, so that there is no wrapper between akt and the handler.
func (c *boundCounter) HandleAdd(_ akt.Context, m add) (uint64, error) { return c.add(m), nil }

func bindAll(tb testing.TB) {
	tb.Helper()
	if err := akt.Bind((*boundCounter).HandleAdd); err != nil {
		tb.Fatal(err)
	}
}

// actorState is the state of an actor that counts.
type actorState interface{ count() uint64 }

// openAkt returns an opener for actors with such a state, to which requests are sent as client
// does.
func openAkt(fresh func() actorState, client func(*akt.Address) requester) opener {
	return func(tb testing.TB) (requester, func() uint64) {
		tb.Helper()
		bindAll(tb)
		state := fresh()
		addr := runActor(tb, state)
		return client(addr), func() uint64 {
			endActor(addr)
			return state.count()
		}
	}
}

// runActor runs an actor in a system of its own, and ends it with tb.
func runActor(tb testing.TB, actor any) *akt.Address {
	tb.Helper()
	addr, err := akt.NewSystem().Run(actor)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { endActor(addr) })
	return addr
}

// endActor gives up the only reference to an actor and waits for its end, after which its state may
// be read.
func endActor(addr *akt.Address) {
	addr.Release()
	<-addr.Done()
}

// sendClient uses Address.Send, askClient akt.Ask.
type (
	sendClient struct{ *akt.Address }
	askClient  struct{ *akt.Address }
)

func bySend(addr *akt.Address) requester { return sendClient{addr} }
func byAsk(addr *akt.Address) requester  { return askClient{addr} }

func (c sendClient) Add(ctx context.Context, m add) (uint64, error) {
	reply, err := c.Send(ctx, m)
	n, _ := reply.(uint64)
	return n, err
}

func (c askClient) Add(ctx context.Context, m add) (uint64, error) {
	return akt.Ask[uint64](ctx, c.Address, m)
}

// chanServer is a goroutine that owns a counter.
type chanServer struct {
	requests chan chanRequest
	ended    sync.WaitGroup
}

type chanRequest struct {
	add
	reply chan uint64
}

func startChan(state *counter) *chanServer {
	s := &chanServer{requests: make(chan chanRequest)}
	s.ended.Go(func() {
		for r := range s.requests {
			r.reply <- state.add(r.add)
		}
	})
	return s
}

func openChan(tb testing.TB) (requester, func() uint64) {
	tb.Helper()
	state := &counter{}
	s := startChan(state)
	end := sync.OnceValue(func() uint64 {
		s.end()
		return state.handled
	})
	tb.Cleanup(func() { end() })
	return s, end
}

func (s *chanServer) end() {
	close(s.requests)
	s.ended.Wait()
}

func (s *chanServer) Add(ctx context.Context, m add) (uint64, error) {
	r := chanRequest{m, make(chan uint64, 1)}
	if ctx.Done() == nil {
		s.requests <- r
		return <-r.reply, nil
	}
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case n := <-r.reply:
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// mutexServer is a counter behind a mutex: how the same thing is written without actors.
type mutexServer struct {
	mu    sync.Mutex
	state counter
}

func openMutex(testing.TB) (requester, func() uint64) {
	s := &mutexServer{}
	return s, s.handled
}

// Add takes a ctx as every request does. It has no use for it: a mutex cannot be waited for until a
// ctx ends.
func (s *mutexServer) Add(_ context.Context, m add) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.add(m), nil
}

func (s *mutexServer) handled() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.handled
}

// reflectServer calls a method of a mutexServer by reflection, in the plainest way.
type reflectServer struct{ method, self reflect.Value }

func openReflectCall(tb testing.TB) (requester, func() uint64) {
	tb.Helper()
	s := &mutexServer{}
	return reflected(tb, s, "Add"), s.handled
}

// reflected looks the method up, once.
func reflected(tb testing.TB, server any, method string) *reflectServer {
	tb.Helper()
	m, ok := reflect.TypeOf(server).MethodByName(method)
	if !ok {
		tb.Fatalf("%T has no method %s", server, method)
	}
	return &reflectServer{m.Func, reflect.ValueOf(server)}
}

func (s *reflectServer) Add(ctx context.Context, m add) (uint64, error) {
	out := s.method.Call([]reflect.Value{s.self, reflect.ValueOf(ctx), reflect.ValueOf(m)})
	err, _ := out[1].Interface().(error)
	return out[0].Uint(), err
}
