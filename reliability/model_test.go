package reliability

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aktgo/akt/internal/model"
)

var (
	seeds  = flag.Uint64("seeds", 1000, "how many programs TestModel plays")
	seed   = flag.Uint64("seed", 1, "the first seed of TestModel")
	replay = flag.String("program", "",
		"the only program that TestModel plays, as a failure has printed it")
	trace = flag.Bool("trace", false,
		"print each program of TestModel before it is played: for one that ends the process")
)

// TestModel: whatever is done to a few actors, their children, watchers and timers, and to their
// system, every sender gets the answer that the promises give it (D2 to D6, E1, E2), and every
// actor does and becomes what L1 to L5 say.
func TestModel(t *testing.T) {
	t.Parallel()
	if *replay != "" {
		p, err := model.Parse(*replay)
		if err != nil {
			t.Fatal(err)
		}
		report := model.Play(t, p)
		t.Logf("%s", report)
		if len(report.Wrong) > 0 {
			t.Fail()
		}
		return
	}
	began := time.Now()
	var next, cutShort atomic.Uint64
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
				p := model.Random(n)
				if *trace {
					fmt.Fprintf(os.Stderr, "seed %d: %s\n", n, p)
				}
				report := model.Play(t, p)
				if report.CutShort {
					cutShort.Add(1)
				}
				if len(report.Wrong) > 0 && !failed.Swap(true) {
					t.Errorf("seed %d fails: %s\n%s", n, p, report)
					shrink(t, p, report)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d programs in %v, of which %d were cut short",
		min(next.Load()-*seed, *seeds), time.Since(began), cutShort.Load())
}

// shrink reports a program that fails as small as it can be made. The last report of a failure is
// kept, as one that is a race may not come again.
func shrink(t *testing.T, p model.Program, last model.Report) {
	t.Helper()
	small := model.Shrink(p, func(p model.Program) bool {
		report := model.Play(t, p)
		if len(report.Wrong) > 0 {
			last = report
		}
		return len(report.Wrong) > 0
	})
	t.Errorf("shrunk:\n%s\nreplay it with\n\tgo test -run TestModel -v . -program='%s'",
		last, small)
}
