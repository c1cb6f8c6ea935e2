package akt

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aktgo/akt/internal/lifetime"
)

// An actor's family is what ends with it: its timers, its children, and its watches.

// endFamily ends timers and watches, then the children, and waits until they have ended.
func (a *actor) endFamily() {
	a.endRest()
	a.endTimers()
	a.endWatching()
	a.endChildren()
	a.box.Lock()
	unbase := a.extras.unbase
	a.box.Unlock()
	if unbase != nil {
		unbase()
	}
}

// endWith stops the actor when the context of WithContext ends.
func (a *actor) endWith(life context.Context) {
	if life == nil {
		return
	}
	heard := false
	defer func() {
		if !heard { // a method of life has panicked, on the goroutine of who runs the actor
			a.end(nil)
		}
	}()
	undo := lifetime.AfterEnd(life, a.stop)
	heard = true
	a.box.Lock()
	defer a.box.Unlock()
	a.extra().unbase = undo
}

// endTimers stops the timers that the actor's state has started.
func (a *actor) endTimers() {
	a.box.Lock()
	defer a.box.Unlock()
	if a.extras == nil {
		return
	}
	for t := range a.extras.timers {
		if t.message.InList() { // the tick of an interval
			a.count().dropped++
		}
		t.end()
	}
	a.extras.timers = nil
}

// endChildren stops the children, all at once, and waits for the last. Where a child waits for a meanwhile, as it may at a restart,
// when the mailbox stays open, one of that ring is told.
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
	if a.extras == nil {
		return nil
	}
	for c := range a.extras.children {
		children = append(children, c)
	}
	return children
}

// adopt makes a the parent of child, as a run of it wants. The error says why it takes none: it has ended, or the state of that run has.
func (a *actor) adopt(child *actor, by Context) error {
	a.box.Lock()
	defer a.box.Unlock()
	x := a.extra()
	switch {
	case x.ending:
		return stopped(x.err)
	case x.replacing, x.isBefore(by.run):
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
	delete(a.extras.children, child)
}

// watchBy has a told of the end of the actor behind an address. Where it will not be told, the log is.
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
		a.log(slog.LevelWarn, "akt: a watch that nobody will hear of", "watched", watched(to), "error", err)
	}
}

// watched is what a text calls the target of a watch.
func watched(to Sender) string {
	if target, _ := actorOf(to); target != nil {
		return target.name()
	}
	return typeName(to)
}

// watch has a told of target's end, as a run of it wants. It reports false where the state of that run has ended, or is about to.
func (a *actor) watch(by Context, target *actor) bool {
	a.box.Lock()
	x := a.extra()
	_, already := x.watching[target]
	if already || x.ending || x.replacing || x.isBefore(by.run) {
		a.box.Unlock()
		return already
	}
	if x.watching == nil {
		x.watching = map[*actor]bool{}
	}
	x.watching[target] = false
	a.box.Unlock()
	target.box.Lock()
	tx := target.extra()
	over := tx.over
	if !over {
		if tx.watchers == nil {
			tx.watchers = map[*actor]struct{}{}
		}
		tx.watchers[a] = struct{}{}
	}
	target.box.Unlock()
	if over {
		a.deliverTerminated(target)
	}
	a.box.Lock()
	ending := x.ending || x.replacing
	a.box.Unlock()
	if ending { // and endWatching may not have seen this watch
		a.unwatch(target)
	}
	return !ending
}

// unwatch undoes watch.
func (a *actor) unwatch(target *actor) {
	a.box.Lock()
	if a.extras != nil {
		delete(a.extras.watching, target)
	}
	a.box.Unlock()
	target.box.Lock()
	if target.extras != nil {
		delete(target.extras.watchers, a)
	}
	target.box.Unlock()
}

// endWatching lets go of everything the actor watches.
func (a *actor) endWatching() {
	a.box.Lock()
	var targets []*actor
	for t := range a.extra().watching {
		targets = append(targets, t)
	}
	a.box.Unlock()
	for _, t := range targets {
		a.unwatch(t)
	}
}

// hears says why a has no handler for Terminated, if so.
func (a *actor) hears() error {
	_, _, err := a.table.route(Terminated{})
	return err
}

// deliverTerminated tells a that an actor it watched has ended, unless it watches no more, or was told.
func (a *actor) deliverTerminated(target *actor) {
	a.box.Lock()
	told, watches := a.extra().watching[target]
	if watches {
		a.extras.watching[target] = true
	}
	a.box.Unlock()
	if !watches || told {
		return
	}
	msg := Terminated{Address: (*WeakAddress)(target), Name: target.name(), Err: target.err()}
	r, routed, err := a.route(msg)
	if err != nil {
		return
	}
	e := notification(context.Background(), routed, r)
	e.Source = &heard{a, target}
	if a.post(e) != nil { // it drains, or has ended meanwhile
		a.countDropped(1)
	}
}

// heard is the source of a Terminated.
type heard struct{ by, of *actor }

// Begins forgets the watch: from now on the same actor can be watched again.
func (h *heard) Begins() {
	h.by.box.Lock()
	defer h.by.box.Unlock()
	delete(h.by.extras.watching, h.of)
}

// Handled is nothing.
func (*heard) Handled() {}
