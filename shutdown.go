package akt

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/aktgo/akt/internal/mailbox"
	"github.com/aktgo/akt/internal/words"
)

// link is one run of one actor, as a Context carries it.
type link struct {
	actor *actor
	run   uint64
}

// Shutdown ends the system, in four steps.
//
//  1. What comes from outside is refused with ErrStopped: sends, Run, Spawn, LookupOrRun. It is
//     from inside when its ctx, or the Context whose Run is called, is that of a running handler,
//     hook or [Go] function of this system, or of a run that owes a [Promise] which somebody waits
//     for. Timers and functions of Do are inside.
//  2. What was accepted, and what comes from inside, is handled, until nothing is queued, running
//     or deferred.
//  3. OnStopping of all is called for notice, while all go on serving what comes from inside: so a
//     buffer can be flushed to another actor. Whoever has handled a message since is told again,
//     but not for ever: hooks that send each other something whenever they are told get a limit,
//     and a warning in the log.
//  4. The actors end, children before their parents. From then on an actor can run another one only
//     as its child.
//
// It returns nil when Done of all is closed. Called from inside, where it would wait for itself, it
// is ErrDeadlock, and does nothing.
//
// It waits for functions of [Go], and for Promises that somebody waits for, also where an actor
// rests before its restart and something is queued. It does not wait for timers that are still to
// come, for the ticks of intervals, which go on until the actors end, nor for goroutines of your
// own: what they send is from outside, unless they have the ctx of a handler that still runs. A
// handler that sends with context.Background() meanwhile gets ErrStopped, with a text that says so.
//
// When ctx ends before, Shutdown cancels the contexts of handlers and functions that run, answers
// everybody who waits in a queue or for another goroutine's handler with ErrStopped, stops the
// actors – one that is stuck in a handler when that returns – and returns at once. The error then
// wraps that of ctx and names each actor that was not quiet: the handler that ran, what was queued,
// and how many Promises it owes to somebody who waits.
func (s *System) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	if c, ok := s.inside(ctx); ok {
		return deadlock(c.actor.name() + "." + c.actor.runningIn(c.run) + " → Shutdown")
	}
	most := mostRounds + s.close()
	for rounds := 0; ; rounds++ {
		if !s.await(ctx, s.quiet) {
			return s.cut(ctx)
		}
		if !s.tellAll(rounds == most) || rounds == most {
			break
		}
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

// mostRounds is how often OnStopping is called for notice again, besides once for each actor: what
// is flushed may pass through all of them, but a hook that always sends would go on for ever.
const mostRounds = 1000

// close refuses what comes from outside, and returns how many actors there are. The guard keeps
// senders from taking an idle actor without being looked at.
func (s *System) close() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Store(true)
	if s.draining != nil {
		return s.alive
	}
	s.draining = newDraining()
	for a := range s.names.All() {
		a.box.Guard()
		s.draining.add(a)
	}
	return s.alive
}

// draining is what a Shutdown that is under way knows of the actors, so that looking again and
// again costs no more than what was started meanwhile, however many there are. Guarded by
// System.mu.
//
// By Noted-First, see internal/mailbox, an actor that is not among the active is idle.
type draining struct {
	changed chan struct{} // closed and renewed when an actor goes idle or ends, or a function ends
	active  actorSet      // those that may be busy, and those that rest
	unaware actorSet      // those whose OnStopping may have to be called for notice
	owing   actorSet      // those that may owe a Promise
}

// actorSet is a set that is looked through again and again. As a map never gets smaller, it is made
// anew when most are gone: so looking costs what there is, and not what there was.
type actorSet struct {
	of   map[*actor]struct{}
	most int // since it was made
}

func (s *actorSet) add(a *actor) {
	if s.of == nil {
		s.of = map[*actor]struct{}{}
	}
	s.of[a] = struct{}{}
	s.most = max(s.most, len(s.of))
}

func (s *actorSet) delete(a *actor) { delete(s.of, a) }

// all returns the actors, which may be deleted meanwhile.
func (s *actorSet) all() map[*actor]struct{} {
	if s.most > 32 && len(s.of) < s.most/4 {
		smaller := make(map[*actor]struct{}, len(s.of))
		maps.Copy(smaller, s.of)
		s.of, s.most = smaller, len(smaller)
	}
	return s.of
}

func newDraining() *draining {
	return &draining{changed: make(chan struct{})}
}

// add notes an actor that may be busy.
func (d *draining) add(a *actor) {
	d.active.add(a)
	if a.table.stopping {
		d.unaware.add(a)
	}
	d.owing.add(a)
}

// forget forgets an actor that has ended.
func (d *draining) forget(a *actor) {
	d.active.delete(a)
	d.unaware.delete(a)
	d.owing.delete(a)
}

// tellAll has OnStopping of each actor called for notice, but where it was told and has handled no
// message since. It reports whether there was one to tell. The last time it tells the log instead.
func (s *System) tellAll(last bool) (told bool) {
	for _, a := range s.toTell() {
		told = true
		if last {
			a.log(slog.LevelWarn, "akt: OnStopping is not called for notice again: "+
				"whenever it was, new messages came of it")
			continue
		}
		a.tellOfStop()
	}
	return told
}

// toTell returns the actors that have not been told, or have handled a message since.
func (s *System) toTell() (actors []*actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.draining.unaware.all() {
		switch {
		case !a.knowsOfStop(true):
			actors = append(actors, a)
		case a.box.Word().IsIdle():
			s.draining.unaware.delete(a) // until it is started again
		}
	}
	return actors
}

// await waits until what is asked for holds, and reports false when ctx ends before.
func (s *System) await(ctx context.Context, holds func() bool) bool {
	for {
		s.mu.Lock()
		changed := s.draining.changed
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
	if d := s.draining; d != nil {
		close(d.changed)
		d.changed = make(chan struct{})
	}
}

// empty reports whether all actors have ended.
func (s *System) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive == 0
}

// quiet reports whether nothing is queued, running or deferred, but for ticks of intervals. With mu
// held no idle actor is started, by Noted-First; so those that are found idle stay so. Only an
// actor that rests or is in a tick can get a message without being started: those are looked at
// last, when no other is left that could send one.
func (s *System) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.draining
	var rest []*actor
	for a := range d.active.all() {
		switch word := a.box.Word(); {
		case word.IsSuspended() || word.IsTick():
			rest = append(rest, a)
		case word.IsIdle():
			d.active.delete(a)
		default:
			return false
		}
	}
	if len(s.functions) > 0 || s.owes() {
		return false
	}
	return !slices.ContainsFunc(rest, func(a *actor) bool {
		word := a.box.Word()
		return !word.IsIdle() && (!word.IsTick() || a.box.HasWork())
	})
}

// noteStart tells Shutdown, if it is under way, of an actor that was idle and is not any more.
func (s *System) noteStart(a *actor) {
	if !s.closing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining != nil {
		s.draining.add(a) // Noted-First
	}
}

// owes reports whether an actor owes a Promise that somebody waits for, with mu held.
func (s *System) owes() bool {
	for a := range s.draining.owing.all() {
		switch promises, awaited := a.owed(nil); {
		case awaited > 0:
			return true
		case promises == 0:
			s.draining.owing.delete(a) // until it is started again
		}
	}
	return false
}

// cut ends what has not ended when the patience has.
func (s *System) cut(ctx context.Context) error {
	var unquiet []string
	s.life.End()
	s.endFunctions()
	actors := s.allThatEnd()
	for _, a := range actors { // all, before the first of them ends, which makes others busy
		if text := a.unquiet(); text != "" {
			unquiet = append(unquiet, text)
		}
	}
	for _, a := range actors {
		a.phase.CompareAndSwap(uint32(Started), uint32(Stopping))
		if own := a.config.within().life; own != nil {
			own.End()
		}
		queue, current, owns := a.box.ShutOff(mailbox.OrderDrain | mailbox.OrderNotice)
		if current != nil && current.Kind == mailbox.Request {
			current.Cut()
		}
		a.refuseQueue(queue)
		if owns {
			a.box.Start(a)
		}
	}
	var err error = &annotated{"shutdown", ended(ctx)}
	if len(unquiet) > 0 {
		err = fmt.Errorf("%w: not quiet: %s", err, strings.Join(unquiet, "; "))
	}
	if n, of := s.deferred(); n > 0 {
		err = fmt.Errorf("%w: functions started with Go that have not returned: %d (%s)", err, n,
			strings.Join(of, ", "))
	}
	return err
}

// unquiet is what a text says of an actor that is not quiet; nothing of one that is.
func (a *actor) unquiet() string {
	word := a.box.Word()
	running := a.runningIn(word.Link())
	if running == "" && !word.IsIdle() && !word.IsSuspended() {
		running = "no handler"
	}
	_, owed := a.owed(nil)
	a.box.Lock()
	queued := a.box.Queued()
	a.box.Unlock()
	if running == "" && owed == 0 && queued == 0 {
		return ""
	}
	text := a.name()
	switch {
	case running != "":
		text += " in " + running
	case word.IsSuspended():
		text += " waiting for its restart"
	}
	if owed > 0 {
		text += fmt.Sprintf(" owing %d %s", owed, words.Plural(owed, "Promise", "Promises"))
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

// allThatEnd returns all actors, which the caller is about to end. From then on actors are run only
// as their children, as no one would end another.
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

// inside finds the run of this system that ctx comes from: one that lasts, or that has something
// left to do, as a function that Go started in it runs, or somebody waits for a Promise that it
// owes.
func (s *System) inside(ctx context.Context) (Context, bool) {
	for c, ok := FromContext(ctx); ok; c, ok = FromContext(c.sender()) {
		a := c.actor
		if a.system == s && (a.box.Runs(c.run) || s.defers(c) || a.owes(c)) {
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

// endFunctions ends the Contexts of functions whose actors have a life of their own: those may have
// ended.
func (s *System) endFunctions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.functions {
		if own := l.actor.config.within().life; own != nil {
			own.End()
		}
	}
}

// deferred is how many functions run that Go started, and of which handlers.
func (s *System) deferred() (n int, of []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l, running := range s.functions {
		n += running
		of = append(of, l.actor.name()+"."+l.actor.runningIn(l.run))
	}
	slices.Sort(of)
	return n, slices.Compact(of)
}

// defers reports whether a function runs that Go started in this run.
func (s *System) defers(c Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.functions[c.link()] > 0
}
