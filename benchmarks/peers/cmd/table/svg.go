package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The chart's measures, in pixels.
const (
	width     = 900.0
	left      = 240.0 // where the bars begin
	right     = 70.0  // room for the figure beside the longest bar
	top       = 118.0
	barHeight = 11.0
	barStep   = 13.0
	groupGap  = 13.0
)

// style has the colours: for a light page, and for a dark one. The chart has a ground of its own,
// so that it can be read even where the page and the reader's setting differ.
const style = `
.ground{fill:#fff;stroke:#d0d7de}
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328;paint-order:stroke;stroke:#fff;stroke-width:3px}
.title{font-size:16px;font-weight:600}
.small{font-size:10px}
.quiet{fill:#59636e}
.grid{stroke:#d0d7de;stroke-width:1}
.one{stroke:#59636e;stroke-width:1.5;stroke-dasharray:4 3}
.mark{stroke:#1f2328;stroke-width:2.5}
.akt{fill:#0969da}
.akt-send{fill:#7db6f5}
.phony{fill:#bc4c00}
.protoactor{fill:#8250df}
.mutex{fill:#8c959f}
.buffered-chan{fill:#b9c0c7}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117;stroke:#3d444d}
text{fill:#f0f6fc;stroke:#0d1117}
.quiet{fill:#9198a1}
.grid{stroke:#262c36}
.one{stroke:#9198a1}
.mark{stroke:#f0f6fc}
.akt{fill:#4493f8}
.akt-send{fill:#1f4f8f}
.phony{fill:#f0883e}
.protoactor{fill:#ab7df8}
.mutex{fill:#7d8590}
.buffered-chan{fill:#4b535d}
}
`

// svg is the whole of results.svg: a group of bars for each row, on a logarithmic scale.
func (res *results) svg() string {
	scale := res.scale()
	var bars strings.Builder
	y := top
	for _, r := range rows {
		if r.best(res) != "" {
			y = res.group(&bars, r, y, scale) + groupGap
		}
	}
	lines := append(strings.Split(strings.TrimSpace(footnotes), "\n"),
		res.machine(), res.command+" in benchmarks/peers", strings.Join(res.versions, ", "))
	height := y + 22 + 14*float64(len(lines))
	var out strings.Builder
	fmt.Fprintf(
		&out,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n",
		width,
		height,
		width,
		height,
	)
	fmt.Fprintf(
		&out,
		"<title>akt and its peers, as multiples of a request over channels</title>\n<style>%s</style>\n",
		style,
	)
	fmt.Fprintf(
		&out,
		`<rect class="ground" x=".5" y=".5" width="%.0f" height="%.0f" rx="6"/>`+"\n",
		width-1,
		height-1,
	)
	label(
		&out,
		20,
		30,
		"title",
		"",
		"The cost of an actor, as a multiple of the same work over unbuffered channels",
	)
	label(
		&out,
		20,
		50,
		"quiet",
		"",
		fmt.Sprintf(
			"Median of the ratios of %d rounds; less is better; the scale is logarithmic",
			res.rounds,
		),
	)
	legend(&out, 74)
	scale.grid(&out, top-8, y-groupGap+6)
	out.WriteString(bars.String())
	for i, line := range lines {
		label(&out, 20, y+22+14*float64(i), "small quiet", "", line)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// group draws a row from y on, and returns where it ends.
func (res *results) group(out *strings.Builder, r row, y float64, s scale) float64 {
	begin := y
	for _, column := range columns[:len(columns)-1] {
		ratios := r.ratios(res, column)
		if len(ratios) == 0 {
			continue
		}
		ratio := median(ratios)
		end := s.at(ratio)
		fmt.Fprintf(
			out,
			`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.0f"><title>%s, %s: %s × chan</title></rect>`+"\n",
			column,
			left,
			y,
			end-left,
			barHeight,
			html.EscapeString(r.title),
			column,
			digits(ratio),
		)
		mark, ok := r.mark(res, column)
		if ok {
			fmt.Fprintf(
				out,
				`<line class="mark" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"><title>target: %s × chan</title></line>`+"\n",
				s.at(mark),
				s.at(mark),
				y-1.5,
				y+barHeight+1.5,
				digits(mark),
			)
		}
		if at := s.at(mark); ok && at > end-2 && at < end+40 {
			end = at // the figure goes beside the mark, not under it
		}
		label(out, end+5, y+barHeight-1.5, "small", "", r.figure(res, column)+r.notes.of(column))
		y += barStep
	}
	label(out, left-12, (begin+y-barStep+barHeight)/2+4, "", "end", r.title)
	return y
}

// mark is a column's target, as a multiple of the base.
func (r row) mark(res *results, column string) (float64, bool) {
	for _, t := range r.targets {
		switch {
		case t.lib != column || t.unit != r.unit:
		case t.over == base:
			return t.most, true
		case t.over == "":
			if list := res.of(r.name(base), r.unit); len(list) > 0 {
				return t.most / median(list), true
			}
		}
	}
	return 0, false
}

// legend explains the bars and lines, in one row.
func legend(out *strings.Builder, y float64) {
	x := 20.0
	for _, column := range columns[:len(columns)-1] {
		fmt.Fprintf(
			out,
			`<rect class="%s" x="%.0f" y="%.0f" width="12" height="12"/>`+"\n",
			column,
			x,
			y,
		)
		label(out, x+17, y+10, "", "", column)
		x += 38 + 7*float64(len(column))
	}
	fmt.Fprintf(
		out,
		`<line class="one" x1="%.0f" x2="%.0f" y1="%.0f" y2="%.0f"/>`+"\n",
		x+4,
		x+4,
		y-2,
		y+14,
	)
	label(out, x+12, y+10, "", "", "chan = 1")
	x += 84
	fmt.Fprintf(
		out,
		`<line class="mark" x1="%.0f" x2="%.0f" y1="%.0f" y2="%.0f"/>`+"\n",
		x+4,
		x+4,
		y-1,
		y+13,
	)
	label(out, x+12, y+10, "", "", "target for akt")
}

// label writes a text.
func label(out *strings.Builder, x, y float64, class, anchor, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(
		out,
		`<text%s%s x="%.1f" y="%.1f">%s</text>`+"\n",
		class,
		anchor,
		x,
		y,
		html.EscapeString(text),
	)
}

// scale is logarithmic.
type scale struct{ from, to float64 }

// scale has room for all ratios.
func (res *results) scale() scale {
	list := []float64{.1, 1}
	for _, r := range rows {
		for _, column := range columns[:len(columns)-1] {
			if ratios := r.ratios(res, column); len(ratios) > 0 {
				list = append(list, median(ratios))
			}
			if mark, ok := r.mark(res, column); ok {
				list = append(list, mark)
			}
		}
	}
	return scale{slices.Min(list) * .6, slices.Max(list)}
}

// at is the place of a figure.
func (s scale) at(v float64) float64 {
	return left + (width-left-right)*math.Log(v/s.from)/math.Log(s.to/s.from)
}

// grid draws a line for each power of ten.
func (s scale) grid(out *strings.Builder, y1, y2 float64) {
	for power := math.Ceil(math.Log10(s.from)); power <= math.Log10(s.to); power++ {
		v, class := math.Pow(10, power), "grid"
		if power == 0 {
			class = "one"
		}
		fmt.Fprintf(
			out,
			`<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`+"\n",
			class,
			s.at(v),
			s.at(v),
			y1,
			y2,
		)
		label(out, s.at(v), y1-5, "small quiet", "middle", strconv.FormatFloat(v, 'g', 3, 64))
	}
}
