package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// A ratio is taken within a round, and its median over the rounds.
func TestRatiosAreTakenPerRound(t *testing.T) {
	t.Parallel()
	res := made(t, func(name string, round int) float64 {
		if strings.Contains(name, "lib=akt/") {
			return []float64{10, 400, 9000}[round]
		}
		return []float64{100, 1000, 10000}[round]
	})
	if got := median(rows[0].ratios(res, "akt")); got != .4 {
		t.Errorf("the median of .1, .4 and .9 is %v", got)
	}
	if got := rows[0].best(res); got != "akt" {
		t.Errorf("the best is %s; want akt", got)
	}
}

// The targets that hold are told from those that do not, and a peer that wins is named.
func TestWhatIsMissedIsSaid(t *testing.T) {
	t.Parallel()
	res := made(t, func(name string, _ int) float64 {
		switch {
		case name == "Ask/lib=akt/ctx=background":
			return 5
		case name == "PingPong/lib=phony":
			return 50
		}
		return 100
	})
	held := map[string]bool{}
	for _, v := range res.verdicts() {
		held[v.what] = v.holds
	}
	for what, want := range map[string]bool{
		"ask, idle actor: akt, × chan": true, "ask, idle actor: akt-send, × chan": false, "ping-pong: akt, × chan": false,
		"ask, 1 → 1,000 message types, large ÷ small": true,
	} {
		if got, ok := held[what]; !ok || got != want {
			t.Errorf("%s: holds is %v, %v; want %v", what, got, ok, want)
		}
	}
	page := res.markdown()
	for _, want := range []string{"| ask, idle actor | **0.050** |", "- ping-pong: phony needs 0.50 × chan, akt 1.00 × chan, which is 2 × as much."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// The chart is well-formed XML with every row.
func TestTheChartIsWellFormed(t *testing.T) {
	t.Parallel()
	chart := made(t, func(string, int) float64 { return 100 }).svg()
	for dec := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rows {
		if !strings.Contains(chart, ">"+r.title+"</text>") {
			t.Errorf("the chart lacks %s", r.title)
		}
	}
}

// A process that has not run its benchmark is an error.
func TestAMissingBenchmarkIsAnError(t *testing.T) {
	t.Parallel()
	res := &results{figures: map[string][]float64{}}
	if err := res.add(
		"Ask/lib=akt/ctx=background",
		"BenchmarkAsk/lib=akt/ctx=background2-2 1 5 ns/op\nPASS\n",
	); err == nil {
		t.Error("another benchmark was taken for it")
	}
}

// The pattern selects the benchmark alone.
func TestPattern(t *testing.T) {
	t.Parallel()
	b := benchmark{name: "AskAll/lib=buffered-chan/actors=1"}
	if got, want := b.pattern(), `^BenchmarkAskAll$/^lib=buffered-chan$/^actors=1$`; got != want {
		t.Errorf("it is %s; want %s", got, want)
	}
}

// made are results of three rounds in which each benchmark has the figure that is given for it.
func made(t *testing.T, figure func(name string, round int) float64) *results {
	t.Helper()
	res := &results{rounds: 3, figures: map[string][]float64{}, cpu: "a CPU <x>", command: "go run"}
	for round := range res.rounds {
		for _, b := range benchmarks(regexp.MustCompile("")) {
			v := figure(b.name, round)
			line := fmt.Sprintf(
				"Benchmark%s-2 \t 100\t %g ns/op\t %g B/actor\t 0 B/op\t 0 allocs/op\n",
				b.name,
				v,
				v,
			)
			if err := res.add(b.name, line); err != nil {
				t.Fatal(err)
			}
		}
	}
	return res
}
