package reliability

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seeds    = flag.Uint64("seeds", 1000, "how many programs TestModel plays")
	seed     = flag.Uint64("seed", 1, "the first seed of TestModel")
	replay   = flag.String("program", "", "the only program that TestModel plays, as a failure has printed it")
	trace    = flag.Bool("trace", false, "print each program of TestModel before it is played: for one that ends the process")
	watchdog = time.Minute
)

// TestModel: whatever is done to a few actors, their children, watchers and timers, and to their
// system, every sender gets the answer that the promises give it (D2 to D6, E1, E2), and every
// actor does and becomes what L1 to L5 say.
func TestModel(t *testing.T) {
	t.Parallel()
	if *replay != "" {
		p, err := parseProgram(*replay)
		if err != nil {
			t.Fatal(err)
		}
		wrong, script := playIn(t, p, true)
		t.Logf("%s", describe(p, wrong, script))
		if len(wrong) > 0 {
			t.Fail()
		}
		return
	}
	began := time.Now()
	var next atomic.Uint64
	var failed atomic.Bool
	next.Store(*seed)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !failed.Load() {
				n := next.Add(1) - 1
				if n >= *seed+*seeds {
					return
				}
				p := newProgram(n)
				if *trace {
					fmt.Fprintf(os.Stderr, "seed %d: %s\n", n, p)
				}
				if wrong, _ := playIn(t, p, false); len(wrong) > 0 && !failed.Swap(true) {
					report(t, n, p, wrong)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d programs in %v, of which %d were cut short", min(next.Load()-*seed, *seeds), time.Since(began), cutShort.Load())
}

// playIn plays a program in a bubble of its own. Outside of it a watchdog waits for one that spins
// for ever.
func playIn(t *testing.T, p program, tell bool) (wrong []string, script []string) {
	t.Helper()
	dog := time.AfterFunc(watchdog, func() { panic("it hangs: go test -run TestModel -v . -program='" + p.String() + "'") })
	defer dog.Stop()
	defer func() {
		if v := recover(); v != nil {
			wrong = append(wrong, fmt.Sprint(v))
		}
	}()
	synctest.Test(t, func(*testing.T) { wrong, script = play(p, tell) })
	return wrong, script
}

func report(t *testing.T, seed uint64, p program, wrong []string) {
	t.Helper()
	_, script := playIn(t, p, true)
	t.Errorf("seed %d fails: %s\n%s", seed, p, describe(p, wrong, script))
	small := shrink(p, func(p program) bool {
		again, sequel := playIn(t, p, true)
		if len(again) > 0 {
			wrong, script = again, sequel // kept, as a failure that is a race may not come again
		}
		return len(again) > 0
	})
	t.Errorf("shrunk from %d steps to %d:\n%s\nreplay it with\n\tgo test -run TestModel -v . -program='%s'",
		len(p.steps), len(small.steps), describe(small, wrong, script), small)
}

// describe puts a program and what is wrong with it into words.
func describe(p program, wrong, script []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "mailboxes of %d\n", p.capacity)
	for i, n := range p.actors {
		fmt.Fprintf(&b, "a%d: %s\n", i, n)
	}
	for _, line := range script {
		fmt.Fprintln(&b, line)
	}
	for _, line := range wrong {
		fmt.Fprintln(&b, "WRONG:", line)
	}
	return b.String()
}
