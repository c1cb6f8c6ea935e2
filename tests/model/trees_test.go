package model_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/aktgo/akt"
)

// forest is some trees of actors that fail and decide at random, and what is counted of their
// states.
type forest struct {
	t       *testing.T
	random  *rand.Rand // guarded by the turns that chance takes
	turn    chan struct{}
	started atomic.Int64
	stopped atomic.Int64
	sent    atomic.Int64
	settled atomic.Int64
}

func (w *forest) chance(n int) int {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	return w.random.IntN(n)
}

// treeNode is one state of one of the actors. Nothing in it has a lock.
type treeNode struct {
	*forest
	depth   int
	running bool // between the end of OnStart and the beginning of OnStopped
	touched int
}

// What a treeNode handles: TreeMsg may fail, and TreeWork has a child handle a TreeMsg.
type (
	TreeMsg  struct{ Depth int }
	TreeWork struct{ Child *akt.Address }
)

func (w *forest) spawner(depth int) akt.Spawner[*treeNode] {
	return func() *treeNode {
		if w.chance(30) == 0 {
			panic("no state")
		}
		return &treeNode{forest: w, depth: depth}
	}
}

// options are those of an actor, each of them with a chance of its own to decide this or that.
func (w *forest) options() []akt.Option {
	return []akt.Option{quiet, akt.WithMailbox(3), akt.WithSupervisor(akt.Supervisor{
		Decide: func(akt.Failure) akt.Directive {
			switch n := w.chance(12); {
			case n == 0:
				panic("undecided")
			case n < 3:
				return akt.Resume
			case n < 8:
				return akt.Restart
			case n < 11:
				return akt.Escalate
			}
			return akt.Stop
		},
		MaxRestarts: 4, BackoffMax: time.Second,
	})}
}

func (s *treeNode) OnStart(ctx akt.Context) error {
	if s.running {
		s.t.Error("OnStart twice")
	}
	var err error
	if s.depth < 2 {
		for range 1 + s.chance(2) {
			var child any = s.spawner(s.depth + 1)
			if s.chance(3) == 0 {
				child = &treeNode{forest: s.forest, depth: s.depth + 1}
			}
			addr, childErr := ctx.Run(child, s.options()...)
			if childErr != nil {
				continue
			}
			ctx.Private().NotifyInterval(func() any { return TreeWork{addr} }, time.Second)
		}
	}
	switch s.chance(20) {
	case 0:
		err = errors.New("not now")
	case 1:
		panic("not now")
	}
	if err == nil {
		s.running = true
		s.started.Add(1)
	}
	return err
}

func (s *treeNode) OnStopped(akt.Context) {
	if !s.running {
		s.t.Error("OnStopped of a state that was not started, or twice")
	}
	s.running = false
	s.stopped.Add(1)
}

// HandleWork sends a message to a child, or fails itself.
func (s *treeNode) HandleWork(ctx akt.Context, m TreeWork) {
	s.touch()
	var err error
	if s.chance(2) == 0 {
		_, err = m.Child.Send(ctx, TreeMsg{s.depth + 1})
	} else {
		err = m.Child.TryNotify(context.Background(), TreeMsg{s.depth + 1})
	}
	if err != nil && !errors.As(err, new(*akt.SendError)) {
		s.t.Errorf("not a SendError: %v", err)
	}
}

func (s *treeNode) HandleTree(akt.Context, TreeMsg) int {
	s.touch()
	return s.touched
}

func (s *treeNode) touch() {
	if !s.running {
		s.t.Error("a message is handled by a state that is not started")
	}
	s.touched++
	switch s.chance(10) {
	case 0:
		panic("oh")
	case 1:
		if s.chance(10) == 0 {
			runtime.Goexit()
		}
	}
}

// L5: whatever fails and is decided, in a tree of actors, each state that was started is stopped
// once, every sender has its answer, nothing is handled without a started state, and everything
// ends with Shutdown.
func TestTrees(t *testing.T) {
	t.Parallel()
	first := uint64(time.Now().UnixNano())
	for seed := first; seed < first+150 && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			w := &forest{t: t, random: rand.New(rand.NewPCG(seed, 0)), turn: make(chan struct{}, 1)}
			system := akt.NewSystem()
			var roots []*akt.Address
			for range 3 {
				if addr, err := system.Run(w.spawner(0), w.options()...); err == nil {
					roots = append(roots, addr)
				}
			}
			for range w.chance(60) {
				for _, root := range roots {
					w.sent.Add(1)
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					if w.chance(2) == 0 {
						ctx = context.Background()
					}
					go func() {
						defer cancel()
						defer w.settled.Add(1) // also where a Goexit ends this goroutine
						_, _ = root.Send(ctx, TreeMsg{})
					}()
				}
				time.Sleep(time.Duration(w.chance(400)) * time.Millisecond)
			}
			if len(roots) > 0 && w.chance(2) == 0 {
				roots[0].Stop()
			}
			patience := time.Duration(w.chance(100)) * time.Second
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			impatient := system.Shutdown(ctx)
			synctest.Wait()
			for _, root := range roots {
				<-root.Done()
			}
			time.Sleep(time.Hour)
			assert.Equal(t, w.started.Load(), w.stopped.Load())
			assert.Equal(t, w.sent.Load(), w.settled.Load())
			if t.Failed() {
				t.Logf("seed %d, Shutdown: %v", seed, impatient)
			}
		})
	}
}
