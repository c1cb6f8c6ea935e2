package main

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// results are the figures of all rounds.
type results struct {
	rounds    int
	figures   map[string][]float64 // by benchmark and unit, as in "Ask/lib=akt/ctx=background ns/op", one for each round
	raw       strings.Builder
	versions  []string // of the peers
	cpu       string
	goVersion string
	command   string
}

// add enters the output of a process that has run one benchmark.
func (res *results) add(name, out string) error {
	found := false
	for line := range strings.Lines(out) {
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			res.cpu = strings.TrimSpace(cpu)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !isBenchmark(fields[0], name) {
			continue
		}
		found = true
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("%s: %w in %q", name, err, line)
			}
			key := name + " " + fields[i+1]
			res.figures[key] = append(res.figures[key], v)
		}
	}
	if !found {
		return fmt.Errorf("there is no benchmark %s; the output was\n%s", name, out)
	}
	res.raw.WriteString(out)
	return nil
}

// isBenchmark reports whether a line's first field is a benchmark's name, without or with
// GOMAXPROCS.
func isBenchmark(field, name string) bool {
	rest, ok := strings.CutPrefix(field, "Benchmark"+name)
	if ok && rest != "" {
		_, err := strconv.ParseUint(strings.TrimPrefix(rest, "-"), 10, 32)
		return err == nil
	}
	return ok
}

// of are the figures of a benchmark, one for each round; none where it was not run.
func (res *results) of(name, unit string) []float64 { return res.figures[name+" "+unit] }

// ratios are those of two benchmarks, one for each round.
func (res *results) ratios(name, over, unit string) []float64 {
	a, b := res.of(name, unit), res.of(over, unit)
	if len(a) != len(b) {
		return nil
	}
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return ratios
}

// ratios are a column's in relation to the base.
func (r row) ratios(res *results, column string) []float64 {
	return res.ratios(r.name(column), r.name(base), r.unit)
}

// median of a list that is not empty.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// best is the column of the actor with the least median; "" where none was run.
func (r row) best(res *results) string {
	var ran []string
	for _, column := range columns[:actors] {
		if len(r.ratios(res, column)) > 0 {
			ran = append(ran, column)
		}
	}
	if len(ran) == 0 {
		return ""
	}
	return slices.MinFunc(ran, func(a, b string) int {
		return cmp.Compare(median(r.ratios(res, a)), median(r.ratios(res, b)))
	})
}

// ownBest is the better of akt's columns.
func (r row) ownBest(res *results) string {
	if a, b := r.ratios(
		res,
		"akt",
	), r.ratios(
		res,
		"akt-send",
	); len(a) == 0 ||
		len(b) > 0 && median(b) < median(a) {
		return "akt-send"
	}
	return "akt"
}

// verdict is whether a target holds.
type verdict struct {
	what  string
	is    float64
	low   float64
	high  float64
	most  float64
	holds bool
}

// verdicts are those of the targets whose benchmarks were run.
func (res *results) verdicts() (all []verdict) {
	enter := func(what string, list []float64, most float64) {
		if len(list) > 0 {
			is := median(list)
			all = append(
				all,
				verdict{what, is, slices.Min(list), slices.Max(list), most, is <= most},
			)
		}
	}
	for _, r := range rows {
		for _, t := range r.targets {
			if t.over != "" {
				what := fmt.Sprintf("%s: %s, × %s", r.title, t.lib, t.over)
				enter(what, res.ratios(r.name(t.lib), r.name(t.over), t.unit), t.most)
			} else {
				enter(
					fmt.Sprintf("%s: %s, %s", r.title, t.lib, t.unit),
					res.of(r.name(t.lib), t.unit),
					t.most,
				)
			}
		}
	}
	for _, g := range growths {
		if g.most > 0 {
			enter(g.title+", large ÷ small", res.ratios(g.large, g.small, g.unit), g.most)
		}
	}
	return all
}

// machine is one line about where the figures are from.
func (res *results) machine() string {
	return fmt.Sprintf(
		"%s, %d cores, %s/%s, %s",
		res.cpu,
		runtime.NumCPU(),
		runtime.GOOS,
		runtime.GOARCH,
		res.goVersion,
	)
}

// digits writes a figure with as many digits as are worth reading.
func digits(v float64) string {
	switch {
	case v == math.Trunc(v) && v != 1: // a ratio of 1.00 is not a count
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case v < .0995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return thousands(strconv.FormatFloat(v, 'f', 0, 64))
}

func thousands(n string) string {
	if len(n) <= 3 {
		return n
	}
	return thousands(n[:len(n)-3]) + "," + n[len(n)-3:]
}

// most writes a target.
func most(v float64) string { return "≤ " + strconv.FormatFloat(v, 'g', -1, 64) }
