package akt

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/aktgo/akt/internal/bubble"
	"github.com/aktgo/akt/internal/mailbox"
)

// Info is what is known of an actor at one moment. Keeping it costs a message nothing: Handled
// comes from a count that the actor keeps anyway, and the others change only when something goes
// wrong.
type Info struct {
	Name  string
	Type  string // the actor's type, such as "*bank.Account"
	State State

	// Queued are the messages that were accepted and whose handling has not begun, in both lanes.
	Queued uint64
	// Handled are those whose handling has ended, failed ones and functions of Do included. It
	// starts again at 2⁴⁰.
	Handled uint64
	// Failed are those of them whose handler returned an error or a Future that failed, panicked,
	// or called runtime.Goexit.
	Failed uint64
	// Dropped are those that were accepted and never handled: the actor has stopped, or the state
	// that they belong to has ended, the sender's context has, or the sender was told of a
	// deadlock; and timers and Terminated that came while the actor drained.
	Dropped uint64
	// Restarts is how often the actor was given a fresh state.
	Restarts uint64

	Handling  string    // the handler or hook that runs, such as "HandleDeposit", or nothing
	Started   time.Time // when Run made the actor
	LastError error     // of the last message that failed; nil before
}

// Actors returns what is known of each living actor, children included, the oldest first. Those
// that are run while the sequence is read are not in it, and those that end meanwhile may be left
// out. Each Info is of one moment, and each of its own. Nothing is locked while the caller has its
// turn: it may be a handler, and do anything.
func (s *System) Actors() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, a := range slices.Backward(s.all()) {
			if info, lives := a.info(); lives && !yield(info) {
				return
			}
		}
	}
}

// info reports what is known of the actor, and whether it lives.
func (a *actor) info() (i Info, lives bool) {
	i = Info{Name: a.name(), Type: a.table.typ.String(), Started: bubble.At(a.started)}
	a.box.Lock()
	defer a.box.Unlock()
	word := a.box.Word()
	i.State = State(a.phase.Load())
	i.Queued = uint64(a.box.Queued())
	i.Handled = a.handledIn(word)
	i.Handling = a.runningIn(word.Link())
	if x := a.rare; x != nil {
		i.Restarts = x.restarts
		if x.mishaps != nil {
			i.Failed, i.Dropped, i.LastError = x.mishaps.failed, x.mishaps.dropped, x.mishaps.last
		}
	}
	return i, i.State != Stopped
}

// handledIn is how many messages were handled, by the runs that the state word counts, with mu
// held: runs of a hook change only under it. The run of a message that has not ended is not
// counted.
func (a *actor) handledIn(word mailbox.Word) uint64 {
	runs := a.box.Begun(word)
	if index := word.Handler(); index != 0 && !isHookRun(index) {
		runs--
	}
	return runs & (1<<(64-mailbox.RunShift) - 1)
}

// isHookRun reports whether a run is of a hook: those come first of the constants from runStart on.
func isHookRun(index uint16) bool { return index >= runStopped }

// countTick counts a tick of an interval, after its run has ended.
func (a *actor) countTick() {
	a.box.Lock()
	a.rarely().ticks++
	a.box.Unlock()
}

// mishaps count what goes wrong with an actor's messages. Guarded by the mailbox's lock.
type mishaps struct {
	failed, dropped uint64
	last            error
}

// count returns the mishaps, with the lock held.
func (a *actor) count() *mishaps {
	x := a.rarely()
	if x.mishaps == nil {
		x.mishaps = &mishaps{}
	}
	return x.mishaps
}

// countFailed counts a message whose handler failed, after its run has ended: so Failed is never
// more than Handled.
func (a *actor) countFailed(err error) {
	a.box.Lock()
	defer a.box.Unlock()
	t := a.count()
	t.failed++
	t.last = err
}

// countDropped counts accepted messages that are not going to be handled. It is for whoever has
// taken them out of their lane.
func (a *actor) countDropped(n int) {
	if n == 0 {
		return
	}
	a.box.Lock()
	defer a.box.Unlock()
	a.count().dropped += uint64(n)
}

// ownFailure is ownError, and counts the failure.
//
//go:noinline
func ownFailure(err error, a *actor, message func() label) error {
	a.countFailed(err)
	return ownError(err, a, message)
}

// logger returns the actor's logger.
func (a *actor) logger() *slog.Logger {
	l := a.config.logger
	if l == nil {
		l = slog.Default()
	}
	return l.With("actor", a.name(), "type", a.table.typ.String())
}

// log writes a record to the actor's logger.
func (a *actor) log(level slog.Level, text string, args ...any) {
	a.logBy(text, func(l *slog.Logger) { l.Log(context.Background(), level, text, args...) })
}

// logBy has write use the actor's logger. It is for what calls the user's code to make its
// arguments. Where that fails, the default logger is told, if the actor has another one.
func (a *actor) logBy(text string, write func(*slog.Logger)) {
	failure := detached(func() { write(a.logger()) })
	if failure == nil || a.config.logger == nil {
		return
	}
	_ = detached(func() { // there is nobody left to tell
		slog.Error("akt: the actor's logger failed",
			"actor", a.name(), "record", text, "panic", failure.shown())
	})
}

// logPanic reports a panic with the place where it happened.
func (a *actor) logPanic(in string, failure *PanicError) {
	const text = "akt: panic"
	a.logBy(text, func(l *slog.Logger) {
		l.Error(text, "in", in, "panic", failure.shown(), "stack", failure.frames())
	})
}

// noteDropped reports notifications that were accepted, or due, and will never be handled.
func (a *actor) noteDropped(err error, msgs ...any) {
	if len(msgs) == 0 {
		return
	}
	a.log(slog.LevelWarn, "akt: notifications were dropped",
		"count", len(msgs), "first", typeName(msgs[0]), "error", err)
	for _, msg := range msgs {
		a.system.deadLetter(a, msg, err)
	}
}
