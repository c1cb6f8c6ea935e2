package akt

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// link is one run of one actor, as a Context carries it.
type link struct {
	actor *actor
	run   uint64
}

// Shutdown ends the system, in four steps.
//
//  1. What comes from outside is refused with ErrStopped: sends, Run, Spawn, LookupOrRun. It is from
//     inside when its ctx, or the Context whose Run is called, is that of a running handler, hook or
//     [Go] function of this system, or of a run that owes a [Promise] which somebody waits for. Timers
//     and functions of Do are inside.
//  2. What was accepted, and what comes from inside, is handled, until nothing is queued, running or
//     deferred.
//  3. OnStopping of all is called for notice, while all go on serving what comes from inside: so a
//     buffer can be flushed to another actor. Whoever has handled a message since is told again.
//  4. The actors end, children before their parents. From then on an actor can run another one only
//     as its child.
//
// It returns nil when Done of all is closed. Called from inside, where it would wait for itself, it is
// ErrDeadlock, and does nothing.
//
// When ctx ends before, Shutdown cancels the contexts of handlers and functions that run, answers everybody who waits in a queue or
// for another goroutine's handler with ErrStopped, stops the actors – one that is stuck in a handler when that returns – and
// returns at once. The error then wraps that of ctx and names each actor that was not quiet: the handler that ran, what was queued, and
// how many Promises it owes to somebody who waits.
func (s *System) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	if c, ok := s.inside(ctx); ok {
		return deadlock(c.actor.name() + "." + c.actor.runningIn(c.run) + " → Shutdown")
	}
	s.close()
	for told := 1; told > 0; {
		if !s.await(ctx, s.quiet) {
			return s.cut(ctx)
		}
		told = s.tellAll()
	}
	for _, a := range s.allThatEnd() {
		if a.config.parent == nil {
			a.stop()
		}
	}
	if !s.await(ctx, s.empty) {
		return s.cut(ctx)
	}
	return nil
}

// close refuses what comes from outside. The guard keeps senders from taking an idle actor without being looked at.
func (s *System) close() {
	s.mu.Lock()
	s.closing.Store(true)
	if s.changed == nil {
		s.changed, s.active = make(chan struct{}), map[*actor]struct{}{}
		for a := range s.names.All() {
			if a.guard(); !isIdle(a.word.Load()) {
				s.active[a] = struct{}{}
			}
		}
	}
	s.mu.Unlock()
}

// tellAll has OnStopping of each actor called for notice, but where it was told and has handled no
// message since. It returns how many there were to tell.
func (s *System) tellAll() (told int) {
	for _, a := range s.all() {
		if !a.knowsOfStop() {
			told++
			a.tellOfStop()
		}
	}
	return told
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

// empty reports whether all actors have ended.
func (s *System) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive == 0
}

// quiet reports whether nothing is queued, running or deferred. It looks twice: an actor whose word
// has not changed, its count of runs included, was idle all the time between, so all were idle at
// once; and between the looks nobody waited for a Promise, which only a run or a function can change.
func (s *System) quiet() bool {
	first, idle := s.look()
	if !idle || s.owes() {
		return false
	}
	second, idle := s.look()
	return idle && slices.Equal(first, second)
}

// seen is an actor and its state word.
type seen struct {
	actor *actor
	word  uint64
}

// look returns the state words of all actors, and whether all are idle and no function runs. Those that
// are known to have been busy come first: so looking again and again costs no more than what was
// started meanwhile, however many actors there are.
func (s *System) look() (words []seen, idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.active {
		if !isIdle(a.word.Load()) {
			return nil, false
		}
		delete(s.active, a)
	}
	for a := range s.names.All() {
		word := a.word.Load()
		if !isIdle(word) {
			s.active[a] = struct{}{}
			return nil, false
		}
		words = append(words, seen{a, word})
	}
	return words, len(s.functions) == 0
}

// noteStart tells Shutdown, if it is under way, of an actor that was idle and is not any more.
func (s *System) noteStart(a *actor) {
	if !s.closing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active != nil {
		s.active[a] = struct{}{}
	}
}

// isIdle reports whether an actor with this word handles nothing and has nothing to do. One that rests
// before its restart does not, if nothing is queued.
func isIdle(word uint64) bool {
	return word&flagWork == 0 && word&(flagBusy|flagRest) != flagBusy
}

// owes reports whether an actor owes a Promise that somebody waits for.
func (s *System) owes() bool {
	return slices.ContainsFunc(s.all(), func(a *actor) bool { return a.owed(nil) > 0 })
}

// cut ends what has not ended when the patience has.
func (s *System) cut(ctx context.Context) error {
	var unquiet []string
	s.life.End()
	for _, a := range s.allThatEnd() {
		running, owed := a.running(), a.owed(nil)
		resting := a.word.Load()&flagRest != 0
		a.phase.CompareAndSwap(uint32(Started), uint32(Stopping))
		queue, current, start := a.shutOff()
		if running != "" || owed > 0 || len(queue) > 0 {
			unquiet = append(unquiet, unquietAs(a.name(), running, resting, len(queue), owed))
		}
		if current != nil && current.kind == request {
			current.cut()
		}
		a.refuseQueue(queue)
		if start {
			a.hire()
		}
	}
	var err error = &annotated{"shutdown", ended(ctx)}
	if len(unquiet) > 0 {
		err = fmt.Errorf("%w: not quiet: %s", err, strings.Join(unquiet, "; "))
	}
	if n := s.deferred(); n > 0 {
		err = fmt.Errorf("%w: functions started with Go that have not returned: %d", err, n)
	}
	return err
}

// unquietAs is what a text says of an actor that was not quiet.
func unquietAs(name, running string, resting bool, queued, owed int) string {
	text := name
	switch {
	case running != "":
		text += " in " + running
	case resting:
		text += " waiting for its restart"
	}
	if owed > 0 {
		text += fmt.Sprintf(" owing %d %s", owed, plural(owed, "Promise", "Promises"))
	}
	return text + fmt.Sprintf(" (%d queued)", queued)
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

// allThatEnd returns all actors, which the caller is about to end. From then on nobody is run but as
// a child of theirs: a new actor would be one that nobody ends.
func (s *System) allThatEnd() []*actor {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	return s.all()
}

// refuses reports whether what comes with ctx comes from outside while the system shuts down.
func (s *System) refuses(ctx context.Context) bool {
	if !s.closing.Load() {
		return false
	}
	_, inside := s.inside(ctx)
	return !inside
}

// inside finds the run of this system that ctx comes from: one that lasts, or that has something left
// to do, as a function that Go started in it runs, or somebody waits for a Promise that it owes.
func (s *System) inside(ctx context.Context) (Context, bool) {
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		a := c.actor
		if a.system == s && (a.runs(c.run) || s.defers(c) || a.owed(&c) > 0) {
			return c, true
		}
	}
	return Context{}, false
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
