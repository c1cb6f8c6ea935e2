// Package model plays random programs against akt and compares what can be seen with a model of
// what akt promises. It is for tests only: the fuzz targets of tests/model and the long runs of the
// module reliability share it.
//
// A [Program] is a few actors, the puppets, and a list of steps: clients and handlers send, notify,
// cancel, stop, watch, run children, set timers, shut the system down. Programs come from
// [Random], from bytes ([Decode]) or from text ([Parse]), and are played in one of two ways:
//
//   - [Play] takes one step after the other and waits after each until nothing moves any more. The
//     model is told of the step first and foretells what must be seen then: what each sender was
//     told, what was handled in which order, the calls of the hooks, dead letters, the states.
//   - [PlayAtOnce] has all clients take their steps at the same time. The order is up to the
//     scheduler, so nothing is foretold: what was seen must keep the invariants, and nobody may be
//     forgotten. Its place is the race detector.
//
// Where things are:
//
//	program.go                     programs, made and read       shrink.go   makes one smaller
//	actor.go life.go wait.go       the model: an actor's lanes and runs; failures, restarts and
//	later.go time.go shutdown.go   ends; rings; Promises and functions; timers; Shutdown
//	puppet.go outcome.go           the actors that do what a program says; results in words
//	stage.go stage_*.go            Play: each step in the model and in the world; the comparison
//	crowd.go crowd_*.go            PlayAtOnce
package model

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Report is what came of playing a program.
type Report struct {
	Wrong    []string // what is not as it should be; none if all is well
	CutShort bool     // the model could not say how it goes on, so the rest was not played

	program Program
	script  []string // what was done, in words
}

// String is what was done and what is wrong with it, in words.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mailboxes of %d\n", r.program.capacity)
	for i, n := range r.program.actors {
		fmt.Fprintf(&b, "a%d: %s\n", i, n)
	}
	for _, line := range r.script {
		fmt.Fprintln(&b, line)
	}
	for _, line := range r.Wrong {
		fmt.Fprintln(&b, "WRONG:", line)
	}
	return b.String()
}

// Play plays a program step by step and compares akt with the model after each one. It leaves it to
// the caller to fail t.
func Play(t *testing.T, p Program) Report {
	t.Helper()
	return inBubble(t, p, func() Report { return play(p) })
}

// inBubble plays in a bubble of its own, which ends when all goroutines have. Outside of it a
// watchdog waits for a program that spins or blocks for ever.
func inBubble(t *testing.T, p Program, play func() Report) (r Report) {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { panic("it hangs: " + p.String()) })
	defer watchdog.Stop()
	defer func() {
		if v := recover(); v != nil { // such as a deadlock in the bubble
			r.Wrong = append(r.Wrong, fmt.Sprint(v))
		}
		r.program = p
	}()
	synctest.Test(t, func(*testing.T) { r = play() })
	return r
}
