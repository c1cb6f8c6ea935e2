package akt

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/names"
)

// System is a group of actors that start, are found and are shut down together. [Run] uses [Default].
type System struct {
	defaults    []Option
	deadLetters func(DeadLetter)

	closing atomic.Bool   // Shutdown was called
	life    lifetime.Life // ends when the patience of Shutdown does: see lifetime

	mu        sync.Mutex
	draining  *draining                     // made by Shutdown
	functions map[link]int                  // those that Go has started and that have not returned, by the run they belong to
	names     names.Book[*actor, *creation] // all actors; a name is claimed by LookupOrRun
	alive     int                           // actors of which not everybody knows yet that they have ended
	ending    bool                          // Shutdown ends all: nobody is run any more but children

	registered map[string]func() any
}

var defaultSystem = NewSystem()

// Default returns the system that Run uses. Once shut down it runs nothing more: tests and
// libraries should use NewSystem. Only there does the garbage collector release the addresses of
// unnamed actors without a parent that nobody has any more.
func Default() *System { return defaultSystem }

// SystemOption changes how a system works. Its String says what it does.
type SystemOption interface {
	fmt.Stringer
	applySystem(*System)
}

type systemOption struct {
	text string
	set  func(*System)
}

func (o systemOption) String() string        { return o.text }
func (o systemOption) applySystem(s *System) { o.set(s) }

// NewSystem makes a system of its own, apart from Default. It starts no goroutine. An actor of it
// whose addresses were all forgotten, not released, lives until Shutdown.
func NewSystem(opts ...SystemOption) *System {
	s := &System{}
	for _, o := range opts {
		if o != nil {
			o.applySystem(s)
		}
	}
	return s
}

// WithDefaults has options applied to every actor of the system. An actor's own options win, but
// for interceptors, which add up: see [WithInterceptor]. A system's logger is a default too:
//
//	akt.NewSystem(akt.WithDefaults(akt.WithLogger(logger)))
func WithDefaults(opts ...Option) SystemOption {
	return systemOption{fmt.Sprintf("WithDefaults%v", opts), func(s *System) { s.defaults = append(s.defaults, opts...) }}
}

// DeadLetter is a message that nobody will answer for: a notification whose handling failed, or
// whose Future did, and one that was accepted and never handled; messages of timers and functions
// of Do included.
type DeadLetter struct {
	Actor   string // the actor's name
	Message string // the message's type, as %T prints it
	Msg     any
	Err     error // why
}

// WithDeadLetters has f called for every dead letter of the system's actors, besides the log. The
// actor waits for it, so it should not block; a panic in it is logged.
func WithDeadLetters(f func(DeadLetter)) SystemOption {
	return systemOption{"WithDeadLetters", func(s *System) { s.deadLetters = f }}
}

// deadLetter reports a dead letter to the hook. Where there is no message, as an interval's function
// has failed, there is no letter.
func (s *System) deadLetter(a *actor, msg any, err error) {
	if s.deadLetters == nil || msg == nil {
		return
	}
	failure := detached(func() { s.deadLetters(DeadLetter{Actor: a.name(), Message: typeName(msg), Msg: msg, Err: err}) })
	if failure != nil {
		a.logPanic("the dead-letter hook", failure)
	}
}

// Run runs an actor in this system, as [Run] does in Default. A name in use is ErrNameTaken; once
// Shutdown was called it fails with ErrStopped, as it has no ctx that could tell that it comes from
// inside. [Context.Run] and [System.LookupOrRun] have.
func (s *System) Run(actor any, opts ...Option) (*Address, error) {
	return s.run(context.Background(), actor, nil, opts)
}

// Lookup finds an actor by the name it was given, and returns a new strong reference to it, to be
// released on its own. An actor that is stopping is not found.
func (s *System) Lookup(name string) (*Address, bool) {
	s.mu.Lock()
	a := s.names.Find(name)
	s.mu.Unlock()
	if a == nil {
		return nil, false
	}
	return (*WeakAddress)(a).Upgrade()
}

// add enters a new actor, and gives it to its parent. from is the ctx that it is run with.
func (s *System) add(from context.Context, a, parent *actor) error {
	c := a.config
	closing := s.closing.Load()
	if closing && s.refuses(from) {
		return errOutside
	}
	s.mu.Lock()
	if s.closing.Load() && !closing { // since it was asked
		s.mu.Unlock()
		return s.add(from, a, parent)
	}
	if s.ending && parent == nil { // nobody would end it
		s.mu.Unlock()
		return errShutDown
	}
	if s.life.Over() { // what is run now is not among those that Shutdown has stopped
		s.mu.Unlock()
		return errShutDown
	}
	given := s.names.Give(a, c.claim)
	if given {
		s.alive++
		if c.claim != nil {
			c.claim.isRun(a)
		}
	}
	if given && closing {
		a.box.Guard()
		s.draining.add(a)
	}
	s.mu.Unlock()
	if !given {
		return fmt.Errorf("%w: %q", ErrNameTaken, a.name())
	}
	if c.named() || parent != nil {
		a.refs.Add(1) // held by the system, or by the parent
	}
	if parent != nil {
		by, _ := from.(Context)
		if err := parent.adopt(a, by); err != nil {
			a.neverStarted(nil)
			return err
		}
	}
	return nil
}

// remove forgets an actor that has ended: its name is free.
func (s *System) remove(a *actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names.Free(a)
	if s.draining != nil {
		s.draining.forget(a)
	}
}

// bury notes that an actor has ended and everybody knows.
func (s *System) bury() {
	s.mu.Lock()
	s.alive--
	s.mu.Unlock()
	s.note()
}
