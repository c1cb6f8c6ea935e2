package akt

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/lifetime"
)

// An actor's family is what ends with it: its timers, its children, and its watches.

// endFamily ends a rest, timers and watches, then the children, and waits until they have ended.
func (a *actor) endFamily() {
	a.endRest()
	a.endTimers()
	a.endWatching()
	a.endChildren()
	a.box.Lock()
	unbase := a.rare.unbase
	a.box.Unlock()
	if unbase != nil {
		unbase()
	}
}

// endWith stops the actor when the context of WithContext ends.
func (a *actor) endWith(until context.Context) {
	if until == nil {
		return
	}
	var undo func()
	guard.Notice(func() { undo = lifetime.AfterEnd(until, a.stop) }, func() {
		a.end(nil) // a method of until has panicked, in the caller's Run
	})
	a.box.Lock()
	defer a.box.Unlock()
	a.rarely().unbase = undo
}

// endTimers stops the timers that the actor's state has started.
func (a *actor) endTimers() {
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return
	}
	for t := range a.rare.timers {
		if t.message.InList() { // the tick of an interval
			a.count().dropped++
		}
		t.end()
	}
	a.rare.timers = nil
}

// endChildren stops the children, all at once, and waits for the last. At a restart, when the
// mailbox stays open, a child may wait for its parent meanwhile: one of that ring gets ErrDeadlock.
func (a *actor) endChildren() {
	children := a.children()
	for _, c := range children {
		c.stop()
	}
	a.waitForEnds(children)
}

func (a *actor) children() (children []*actor) {
	a.box.Lock()
	defer a.box.Unlock()
	if a.rare == nil {
		return nil
	}
	for c := range a.rare.children {
		children = append(children, c)
	}
	return children
}

// adopt makes a the parent of child, as a run of it wants. The error says why it takes none: it has
// ended, or the state of that run has.
func (a *actor) adopt(child *actor, by Context) error {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.rarely()
	switch {
	case x.stage >= stageEnding:
		return stopped(x.err)
	case x.stage == stageReplacing, x.isBefore(by.run):
		return errStateEnded
	}
	if x.children == nil {
		x.children = map[*actor]struct{}{}
	}
	x.children[child] = struct{}{}
	return nil
}

// disown forgets a child that has ended.
func (a *actor) disown(child *actor) {
	a.box.Lock()
	defer a.box.Unlock()
	delete(a.rare.children, child)
}

// Terminated is what a watcher receives, exactly once, when an actor it watches has ended.
type Terminated struct {
	Address *WeakAddress // of the actor that ended
	Name    string
	Err     error // why it died; nil for an actor that was stopped
}

// watchBy begins to watch the actor behind an address. Where a Terminated would not be heard, that
// is logged.
func (a *actor) watchBy(by Context, to Sender) {
	target, _ := actorOf(to)
	err := a.hears()
	switch {
	case to == nil:
		err = errNilSender
	case target == nil:
		err = fmt.Errorf("akt: a %T is no address of this package", to)
	case err == nil && !a.watch(by, target):
		err = errStateEnded
	}
	if err != nil {
		a.log(slog.LevelWarn, "akt: a watch that nobody will hear of", "watched", watched(to),
			"error", err)
	}
}

// watched is what a text calls the target of a watch.
func watched(to Sender) string {
	if target, _ := actorOf(to); target != nil {
		return target.name()
	}
	return typeName(to)
}

// watch has a Terminated sent to a when target ends, as a run of a wants. It reports false where
// the state of that run has ended, or is about to.
func (a *actor) watch(by Context, target *actor) bool {
	a.box.Lock()
	x := a.rarely()
	_, already := x.watching[target]
	if already || x.stage != stageLiving || x.isBefore(by.run) {
		a.box.Unlock()
		return already
	}
	if x.watching == nil {
		x.watching = map[*actor]bool{}
	}
	x.watching[target] = false
	a.box.Unlock()
	target.box.Lock()
	tx := target.rarely()
	late := tx.stage == stageOver
	if !late {
		if tx.watchers == nil {
			tx.watchers = map[*actor]struct{}{}
		}
		tx.watchers[a] = struct{}{}
	}
	target.box.Unlock()
	if late {
		a.deliverTerminated(target)
	}
	a.box.Lock()
	lives := x.stage == stageLiving
	a.box.Unlock()
	if !lives { // and endWatching may not have seen this watch
		a.unwatch(target)
	}
	return lives
}

// unwatch undoes watch.
func (a *actor) unwatch(target *actor) {
	a.box.Lock()
	if a.rare != nil {
		delete(a.rare.watching, target)
	}
	a.box.Unlock()
	target.box.Lock()
	if target.rare != nil {
		delete(target.rare.watchers, a)
	}
	target.box.Unlock()
}

// endWatching lets go of everything the actor watches.
func (a *actor) endWatching() {
	a.box.Lock()
	var targets []*actor
	for t := range a.rarely().watching {
		targets = append(targets, t)
	}
	a.box.Unlock()
	for _, t := range targets {
		a.unwatch(t)
	}
}

// hears returns nil where the actor has a handler for Terminated, else why it has none.
func (a *actor) hears() error {
	_, _, err := a.table.route(Terminated{})
	return err
}

// deliverTerminated sends a the Terminated of an actor that it watches, unless it was sent already.
func (a *actor) deliverTerminated(target *actor) {
	msg := Terminated{Address: (*WeakAddress)(target), Name: target.name(), Err: target.err()}
	r, routed, err := a.route(msg)
	if err != nil {
		return
	}
	e := notification(context.Background(), routed, r)
	e.Source = &heard{a, target}
	a.box.Lock() // until it is queued, as what is queued when a state ends is not the next one's
	told, watches := a.rarely().watching[target]
	if !watches || told {
		a.box.Unlock()
		return
	}
	a.rare.watching[target] = true
	if a.box.IsShut() {
		a.box.Unlock()
		a.countDropped(1)
	} else if a.box.PutAndUnlock(e) {
		a.box.Start(a)
	}
}

// heard is the source of a Terminated.
type heard struct{ by, of *actor }

// Begins forgets the watch: from now on the same actor can be watched again.
func (h *heard) Begins() {
	h.by.box.Lock()
	defer h.by.box.Unlock()
	delete(h.by.rare.watching, h.of)
}

// Handled is nothing.
func (*heard) Handled() {}
