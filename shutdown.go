package akt

import (
	"context"
	"fmt"
	"strings"
)

// link is one run of one actor, as a Context carries it.
type link struct {
	actor *actor
	run   uint64
}

// Shutdown ends the system, in three steps. First, Run and what is sent from outside are refused with ErrStopped; a send is from
// inside when its ctx is that of a running handler or [Go] function of this system, and so are timers and Do. Second, what was
// accepted, and what is sent from inside, is handled, until nothing is queued, running or deferred by Go. Third, the actors are
// stopped, children before their parents, and Shutdown returns nil when all have ended.
//
// When ctx ends before, Shutdown cancels the contexts of handlers and functions that run, answers everybody who waits in a queue or
// for another goroutine's handler with ErrStopped, stops the actors – one that is stuck in a handler when that returns – and
// returns at once. The error then wraps that of ctx and names each actor that was in a handler, the handler, and what was queued.
func (s *System) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	s.close()
	if !s.await(ctx, s.quiet) {
		return s.cut(ctx)
	}
	for _, a := range s.all() {
		if a.config.parent == nil {
			a.stop()
		}
	}
	if !s.await(ctx, func() bool { return len(s.all()) == 0 }) {
		return s.cut(ctx)
	}
	return nil
}

// close refuses what comes from outside. The guard keeps senders from taking an idle actor without being looked at.
func (s *System) close() {
	s.mu.Lock()
	s.closing.Store(true)
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	s.mu.Unlock()
	for _, a := range s.all() {
		a.guard()
	}
}

// await waits until what is asked for holds, and reports false when ctx ends before.
func (s *System) await(ctx context.Context, holds func() bool) bool {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if holds() { // asked after changed was read, so that no change is missed
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return holds()
		}
	}
}

// note tells Shutdown, if it is under way, that something may have come to its end.
func (s *System) note() {
	if !s.closing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// quiet reports whether nothing is queued, running or deferred. It looks twice: an actor whose word has not changed, its count of
// runs included, was idle all the time between, so all were idle at once.
func (s *System) quiet() bool {
	first, idle := s.words()
	if !idle {
		return false
	}
	second, idle := s.words()
	if !idle || len(first) != len(second) {
		return false
	}
	for a, word := range first {
		if second[a] != word {
			return false
		}
	}
	return true
}

// words returns the state words of all actors, and whether all are idle and no function runs.
func (s *System) words() (words map[*actor]uint64, idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words = map[*actor]uint64{}
	for a := range s.names.All() {
		words[a] = a.word.Load()
		if w := words[a]; w&flagWork != 0 || w&(flagBusy|flagRest) == flagBusy {
			return nil, false
		}
	}
	return words, len(s.functions) == 0
}

// cut ends what has not ended when the patience has.
func (s *System) cut(ctx context.Context) error {
	var stuck []string
	s.cutLife()
	for _, a := range s.all() {
		running := a.running()
		a.phase.CompareAndSwap(uint32(Started), uint32(Stopping))
		queue, current, start := a.shutOff()
		if running != "" {
			stuck = append(stuck, fmt.Sprintf("%s in %s (%d queued)", a.name(), running, len(queue)))
		}
		if current != nil && current.kind == request {
			current.cut()
		}
		a.refuseQueue(queue)
		if start {
			a.hire()
		}
	}
	err := fmt.Errorf("akt: shutdown: %w", ended(ctx))
	if len(stuck) > 0 {
		err = fmt.Errorf("%w: still in a handler: %s", err, strings.Join(stuck, "; "))
	}
	if n := s.deferred(); n > 0 {
		err = fmt.Errorf("%w: functions started with Go that have not returned: %d", err, n)
	}
	return err
}

// all returns the actors of the system.
func (s *System) all() (actors []*actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.names.All() {
		actors = append(actors, a)
	}
	return actors
}

// refuses reports whether a send with ctx comes from outside while the system shuts down.
func (s *System) refuses(ctx context.Context) bool {
	if !s.closing.Load() {
		return false
	}
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		if c.actor.system == s && (c.actor.runs(c.run) || s.defers(c)) {
			return false
		}
	}
	return true
}

// begin counts a function that Go starts, until end.
func (s *System) begin(c Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions == nil {
		s.functions = map[link]int{}
	}
	s.functions[c.link()]++
}

func (s *System) end(c Context) {
	s.mu.Lock()
	l := c.link()
	if s.functions[l]--; s.functions[l] == 0 {
		delete(s.functions, l)
	}
	s.mu.Unlock()
	s.note()
}

// deferred is how many functions run that Go started.
func (s *System) deferred() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.functions {
		n += of
	}
	return n
}

// defers reports whether a function runs that Go started in this run.
func (s *System) defers(c Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.functions[c.link()] > 0
}
