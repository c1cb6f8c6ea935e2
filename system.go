package akt

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/lifetime"
)

// System is a group of actors that start, are found and are shut down together. [Run] uses [Default].
type System struct {
	defaults    []Option
	deadLetters func(DeadLetter)

	closing atomic.Bool   // Shutdown was called
	life    lifetime.Life // ends when the patience of Shutdown does: see lifetime

	mu        sync.Mutex
	active    map[*actor]struct{} // those that may be busy; made by Shutdown
	changed   chan struct{}       // closed and renewed when an actor goes idle or ends, or a function returns, during Shutdown
	functions map[link]int        // those that Go has started and that have not returned, by the run they belong to
	serial    uint64
	names     map[string]*actor // actors that were given a name
	kinds     map[string]bool   // what made-up names begin with
	reserved  map[uint64]int    // how many of those names end in a number: made-up names do not use it
	first     *actor            // all actors, the newest first

	made      map[uint64]*actor // actors with a made-up name, by the number in it: see madeUp
	madeUntil *actor            // the newest actor that was looked at for made

	creations  map[string]*creation // of LookupOrRun, by name
	registered map[string]func() any
}

var defaultSystem = NewSystem()

// Default returns the system that [Run] uses. Once shut down it runs nothing more: tests and libraries should use NewSystem.
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

// NewSystem makes a system of its own, apart from Default. It starts no goroutine.
func NewSystem(opts ...SystemOption) *System {
	s := &System{}
	for _, o := range opts {
		if o != nil {
			o.applySystem(s)
		}
	}
	return s
}

// WithDefaults has options applied to every actor of the system. An actor's own options win, but for interceptors, which add up: see
// [WithInterceptor]. A system's logger is a default too:
//
//	akt.NewSystem(akt.WithDefaults(akt.WithLogger(logger)))
func WithDefaults(opts ...Option) SystemOption {
	return systemOption{fmt.Sprintf("WithDefaults%v", opts), func(s *System) { s.defaults = append(s.defaults, opts...) }}
}

// DeadLetter is a message that nobody will answer for: a notification whose handling failed, or that was accepted and never
// handled.
type DeadLetter struct {
	Actor   string // the actor's name
	Message string // the message's type, as %T prints it
	Msg     any
	Err     error // why
}

// WithDeadLetters has f called for every dead letter of the system's actors, besides the log. The actor
// waits for it, so it should not block; a panic in it is logged.
func WithDeadLetters(f func(DeadLetter)) SystemOption {
	return systemOption{"WithDeadLetters", func(s *System) { s.deadLetters = f }}
}

// deadLetter reports a dead letter to the hook. Where there is no message, as an interval's function has failed, there is no letter.
func (s *System) deadLetter(a *actor, msg any, err error) {
	if s.deadLetters == nil || msg == nil {
		return
	}
	failure := detached(func() { s.deadLetters(DeadLetter{Actor: a.name(), Message: typeName(msg), Msg: msg, Err: err}) })
	if failure != nil && !failure.exited() {
		a.logPanic("the dead-letter hook", failure)
	}
}

// Run runs an actor in this system, as [Run] does in Default. A name in use is ErrNameTaken; after Shutdown it fails with
// ErrStopped.
func (s *System) Run(actor any, opts ...Option) (*Address, error) {
	return s.run(context.Background(), actor, nil, opts)
}

// Lookup finds an actor by the name it was given, and returns a new strong reference to it. An actor that is stopping is
// not found.
func (s *System) Lookup(name string) (*Address, bool) {
	s.mu.Lock()
	a := s.names[name]
	s.mu.Unlock()
	if a == nil {
		return nil, false
	}
	return (*WeakAddress)(a).Upgrade()
}

// add enters a new actor, and gives it to its parent. from is the ctx that it is run with.
func (s *System) add(a *actor, from context.Context, parent *actor) error {
	c := a.config
	closing := s.closing.Load()
	if closing && s.refuses(from) {
		return errShutDown
	}
	s.mu.Lock()
	switch {
	case s.closing.Load() && !closing: // since it was asked
		s.mu.Unlock()
		return s.add(a, from, parent)
	case closing:
		a.guard()
		s.active[a] = struct{}{}
	}
	if err := s.nameLocked(a, parent); err != nil {
		s.mu.Unlock()
		return err
	}
	a.after = s.first
	if s.first != nil {
		s.first.before = a
	}
	s.first = a
	s.mu.Unlock()
	if c.named || parent != nil {
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

// nameLocked gives a new actor its name, with mu held.
func (s *System) nameLocked(a, parent *actor) error {
	c := a.config
	if !c.named {
		s.serial++
		for s.reserved[s.serial] > 0 {
			s.serial++
		}
		a.serial = s.serial
		if !s.kinds[a.table.kind] {
			if s.kinds == nil {
				s.kinds = map[string]bool{}
			}
			s.kinds[a.table.kind] = true
		}
	}
	if parent != nil {
		own := c.name
		if !c.named {
			own = a.table.kind + strconv.FormatUint(a.serial, 10)
		}
		c.name = "/" + strings.TrimPrefix(parent.name(), "/") + "/" + own
	}
	if !c.named {
		return nil
	}
	if s.names[c.name] != nil || s.creations[c.name] != c.claim || s.madeUp(c.name) {
		return fmt.Errorf("%w: %q", ErrNameTaken, c.name)
	}
	if s.names == nil {
		s.names, s.reserved = map[string]*actor{}, map[uint64]int{}
	}
	s.names[c.name] = a
	if serial, ok := serialOf(c.name); ok {
		s.reserved[serial]++
	}
	return nil
}

// serialOf is the number at the end of a name, which a made-up name of the same type could have.
func serialOf(name string) (uint64, bool) {
	serial, err := strconv.ParseUint(name[strings.LastIndexByte(name, '-')+1:], 10, 64)
	return serial, err == nil
}

// madeUp reports whether some actor has this name as its made-up one.
func (s *System) madeUp(name string) bool {
	serial, ok := serialOf(name)
	if !ok || serial > s.serial {
		return false
	}
	kind := name[strings.LastIndexByte(name, '/')+1 : strings.LastIndexByte(name, '-')+1]
	if !s.kinds[kind] {
		return false // such as "user-42", where no actor is of a type User
	}
	a := s.madeWith(serial)
	return a != nil && a.name() == name
}

// madeWith is the actor whose made-up name has this number. They are indexed when first asked for, each once, so that running an
// actor costs nothing more; remove takes them out again.
func (s *System) madeWith(serial uint64) *actor {
	if s.made == nil {
		s.made = map[uint64]*actor{}
	}
	for a := s.first; a != s.madeUntil; a = a.after {
		if a.serial != 0 && State(a.phase.Load()) != Stopped {
			s.made[a.serial] = a
		}
	}
	s.madeUntil = s.first
	return s.made[serial]
}

// free makes the name of an actor that has ended free for another one.
func (s *System) free(a *actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.config.named && s.names[a.config.name] == a {
		delete(s.names, a.config.name)
		if serial, ok := serialOf(a.config.name); ok {
			if s.reserved[serial]--; s.reserved[serial] == 0 {
				delete(s.reserved, serial)
			}
		}
	}
	if s.made != nil {
		delete(s.made, a.serial)
	}
}

// remove forgets an actor that has ended, and whose end is known to everybody.
func (s *System) remove(a *actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, a)
	if s.madeUntil == a {
		s.madeUntil = a.after
	}
	if a.before != nil {
		a.before.after = a.after
	} else if s.first == a {
		s.first = a.after
	}
	if a.after != nil {
		a.after.before = a.before
	}
	a.before, a.after = nil, nil
}
