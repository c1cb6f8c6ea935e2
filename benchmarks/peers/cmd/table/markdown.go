package main

import (
	"fmt"
	"slices"
	"strings"
)

// markdown is the whole of results.md.
func (res *results) markdown() string {
	var out strings.Builder
	out.WriteString("# akt and its peers\n\n")
	fmt.Fprintf(&out, "Generated in benchmarks/peers by `%s`. Do not edit.\n\n", res.command)
	fmt.Fprintf(&out, "%s. %s.\n\n", res.machine(), strings.Join(res.versions, ", "))
	fmt.Fprintf(
		&out,
		"A figure is a time, as a multiple of what the same work takes over unbuffered channels (`lib=chan`): the median "+
			"of the ratios in %d rounds. Less is better; the best of the actors is bold. Bytes are bytes. Differences of less than 1.5 × "+
			"mean little, as the spread at the end shows. What each name stands for is in [doc.go](doc.go).\n\n",
		res.rounds,
	)
	out.WriteString(res.summary())
	out.WriteString(
		"\n" + strings.ReplaceAll(
			footnotes,
			".\n",
			".  \n",
		) + "\n![the same as a chart](results.svg)\n\n## Where a peer wins\n\n" + res.peersWin(),
	)
	out.WriteString("\n## As things grow\n\n" + res.growth())
	out.WriteString("\n## Targets\n\n" + res.targets())
	out.WriteString(
		"\n## All figures\n\nThe medians of all rounds, with the ratio to `chan` in the round where it was lowest and highest.\n\n" + res.all(),
	)
	return out.String()
}

// performance is the block of docs/performance.md: the main table, and where a peer wins.
func (res *results) performance() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s. Medians of %d rounds, written here by\n\n", res.machine(), res.rounds)
	fmt.Fprintf(&out, "```sh\ncd benchmarks/peers\n%s\n```\n\n", res.command)
	out.WriteString(res.summary())
	out.WriteString("\n" + strings.ReplaceAll(footnotes, ".\n", ".  \n"))
	out.WriteString("\n## Where a peer wins\n\n" + res.peersWin())
	return out.String()
}

// readme is the block of README.md: the chart, and the figures of akt that one asks for first.
func (res *results) readme() string {
	var out strings.Builder
	out.WriteString(
		"![akt and its peers, as multiples of channels](benchmarks/peers/results.svg)\n\n",
	)
	ask, notify := rowOf("ask, idle actor"), rowOf("notify, one producer")
	spawn, bytes := rowOf("spawn (akt: own system)"), rowOf("bytes an idle actor (own)")
	fmt.Fprintf(&out, "A request to an idle actor takes %s, %s × as long as over channels; "+
		"a notification takes\n",
		ask.absolute(res, "akt"), ask.figure(res, "akt"))
	fmt.Fprintf(&out, "%s (%s ×), and running an actor %s (%s ×). "+
		"An idle actor takes %s and no goroutine.\n",
		notify.absolute(res, "akt"), notify.figure(res, "akt"),
		spawn.absolute(res, "akt"), spawn.figure(res, "akt"), bytes.figure(res, "akt"))
	fmt.Fprintf(&out, "Medians of %d rounds of `%s` in benchmarks/peers, on\n%s.\n",
		res.rounds, res.command, res.machine())
	return out.String()
}

// rowOf finds a row by its title.
func rowOf(title string) row {
	return rows[slices.IndexFunc(rows, func(r row) bool { return r.title == title })]
}

// summary is the main table; nothing where none of its rows was run.
func (res *results) summary() string {
	var out strings.Builder
	if !slices.ContainsFunc(rows, func(r row) bool { return r.best(res) != "" }) {
		return ""
	}
	out.WriteString(
		"| × chan | " + strings.Join(columns[:len(columns)-1], " | ") + " | chan is | target |\n",
	)
	out.WriteString("|---|" + strings.Repeat("---:|", len(columns)) + "---|\n")
	for _, r := range rows {
		if r.best(res) == "" {
			continue
		}
		fmt.Fprintf(&out, "| %s |", r.title)
		for _, column := range columns[:len(columns)-1] {
			out.WriteString(" " + r.cell(res, column) + " |")
		}
		fmt.Fprintf(&out, " %s | %s |\n", r.absolute(res, base), r.targetText())
	}
	return out.String()
}

// cell is what the table has in a column.
func (r row) cell(res *results, column string) string {
	text := r.figure(res, column)
	if text == "" {
		return "–"
	}
	if column == r.best(res) {
		text = "**" + text + "**"
	}
	return text + r.notes.of(column)
}

// figure is a column's ratio, or its bytes; nothing where it was not run.
func (r row) figure(res *results, column string) string {
	switch ratios := r.ratios(res, column); {
	case len(ratios) == 0:
		return ""
	case r.unit != "ns/op":
		return r.absolute(res, column)
	default:
		return digits(median(ratios))
	}
}

// absolute is the median of a column's own figures.
func (r row) absolute(res *results, column string) string {
	list := res.of(r.name(column), r.unit)
	if len(list) == 0 {
		return "–"
	}
	unit, _, _ := strings.Cut(r.unit, "/")
	return digits(median(list)) + " " + unit
}

// targetText has the targets in relation to the base, or in bytes.
func (r row) targetText() string {
	var texts []string
	for _, t := range r.targets {
		if t.unit == r.unit && (t.over == base || t.over == "") {
			text := most(t.most)
			if t.lib != "akt" {
				text += " " + t.lib
			}
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}

// peersWin lists the rows whose best actor is not akt.
func (res *results) peersWin() string {
	var out strings.Builder
	for _, r := range rows {
		best, own := r.best(res), r.ownBest(res)
		if best == "" || ownColumn(best) || len(r.ratios(res, own)) == 0 {
			continue
		}
		apart := median(res.ratios(r.name(own), r.name(best), r.unit))
		fmt.Fprintf(
			&out,
			"- %s: %s%s needs %s, %s %s, which is %s × as much.",
			r.title,
			best,
			r.notes.of(best),
			r.figure(res, best)+r.times(),
			own,
			r.figure(res, own)+r.times(),
			digits(apart),
		)
		if apart < 1.5 {
			out.WriteString(" That is less than this measurement can tell apart.")
		}
		out.WriteString("\n")
	}
	if out.Len() == 0 {
		return "Nowhere.\n"
	}
	return out.String()
}

// times is what comes after a ratio in a sentence.
func (r row) times() string {
	if r.unit == "ns/op" {
		return " × chan"
	}
	return ""
}

// growth is the table of large cases and small ones.
func (res *results) growth() string {
	var out strings.Builder
	out.WriteString(
		"| growth | small | large | large ÷ small | target |\n|---|---:|---:|---:|---|\n",
	)
	for _, g := range growths {
		ratios := res.ratios(g.large, g.small, g.unit)
		if len(ratios) == 0 {
			continue
		}
		unit, _, _ := strings.Cut(g.unit, "/")
		target := "–"
		if g.most > 0 {
			target = most(g.most)
		}
		fmt.Fprintf(
			&out,
			"| %s | %s %s | %s %s | %s | %s |\n",
			g.title,
			digits(median(res.of(g.small, g.unit))),
			unit,
			digits(median(res.of(g.large, g.unit))),
			unit,
			digits(median(ratios)),
			target,
		)
	}
	return out.String()
}

// targets is the table of verdicts.
func (res *results) targets() string {
	var out strings.Builder
	out.WriteString(
		"| target | at most | is | lowest – highest round | holds |\n|---|---:|---:|---:|---|\n",
	)
	for _, v := range res.verdicts() {
		holds := "yes"
		if !v.holds {
			holds = "**no**"
		}
		fmt.Fprintf(
			&out,
			"| %s | %s | %s | %s – %s | %s |\n",
			v.what,
			strings.TrimPrefix(most(v.most), "≤ "),
			digits(v.is),
			digits(v.low),
			digits(v.high),
			holds,
		)
	}
	return out.String()
}

// all is the table of all benchmarks.
func (res *results) all() string {
	var out strings.Builder
	out.WriteString(
		"| benchmark | median | B/op | allocs/op | × chan, lowest – highest |\n|---|---:|---:|---:|---:|\n",
	)
	seen := map[string]bool{"": true}
	line := func(name, unit string, ratios []float64) {
		list := res.of(name, unit)
		if seen[name] || len(list) == 0 {
			return
		}
		seen[name] = true
		spread := "–"
		if len(ratios) > 0 {
			spread = digits(slices.Min(ratios)) + " – " + digits(slices.Max(ratios))
		}
		fmt.Fprintf(&out, "| %s | %s %s | %s | %s | %s |\n", name, digits(median(list)), unit,
			res.integer(name, "B/op"), res.integer(name, "allocs/op"), spread)
	}
	for _, r := range rows {
		for _, column := range columns {
			line(r.name(column), r.unit, r.ratios(res, column))
		}
	}
	for _, g := range growths {
		line(g.small, g.unit, nil)
		line(g.large, g.unit, nil)
	}
	return out.String()
}

// integer is the median of figures that are whole numbers; a dash where there are none.
func (res *results) integer(name, unit string) string {
	list := res.of(name, unit)
	if len(list) == 0 {
		return "–"
	}
	return thousands(fmt.Sprintf("%.0f", median(list)))
}
