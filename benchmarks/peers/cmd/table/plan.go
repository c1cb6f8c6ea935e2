package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// columns are the libraries, in the order of the table. The first actors of them are actors, the
// others baselines, and all are measured by the last.
var columns = []string{"akt", "akt-send", "phony", "protoactor", "mutex", "buffered-chan", "chan"}

const (
	actors = 4
	base   = "chan"
)

// ownColumn reports whether a column is one of akt's.
func ownColumn(column string) bool { return strings.HasPrefix(column, "akt") }

// row is a workload, and a row of the table.
type row struct {
	title     string
	bench     string // the name of its benchmarks, with %s for the library
	unit      string // what is compared
	benchtime string // "" for that of the command line
	send      bool   // it has the column akt-send
	// libraries that stand in a column with another name, or with a name of their own
	alias   map[string]string
	notes   note
	targets []target
}

// note is a mark behind the figures of some columns, which footnotes explains.
type note struct {
	mark    string
	columns []string
}

var (
	noDeadline = note{"¹", []string{"phony", "mutex"}}
	unbounded  = note{"²", []string{"phony", "protoactor"}}
	onlyStruct = note{"³", []string{"phony", "mutex"}}
)

const footnotes = `¹ It has no deadlines, and ignores the context.
² Its mailbox is unbounded: a sender never waits for room.
³ It is a struct that nothing starts, names, supervises or ends.
`

// of is the mark of a column, or nothing.
func (n note) of(column string) string {
	if slices.Contains(n.columns, column) {
		return n.mark
	}
	return ""
}

// target is what a library's figure must not exceed.
type target struct {
	lib  string // a column
	unit string
	over string // the column that it is divided by; "" for none
	most float64
}

var rows = []row{
	{
		title: "ask, idle actor", bench: "Ask/lib=%s/ctx=background", unit: "ns/op", send: true,
		targets: []target{
			{
				"akt",
				"ns/op",
				base,
				.06,
			},
			{"akt", "ns/op", "mutex", 2.5},
			{"akt", "allocs/op", "", 0},
			{
				"akt-send",
				"ns/op",
				base,
				.12,
			},
			{"akt-send", "ns/op", "mutex", 6},
			{"akt-send", "allocs/op", "", 2},
		},
	},
	{
		title:   "ask, with a deadline",
		bench:   "Ask/lib=%s/ctx=deadline",
		unit:    "ns/op",
		send:    true,
		notes:   noDeadline,
		targets: []target{{"akt", "ns/op", base, .95}},
	},
	{
		title:   "ask, all cores → 1 actor",
		bench:   "AskAll/lib=%s/actors=1",
		unit:    "ns/op",
		send:    true,
		targets: []target{{"akt", "ns/op", base, .15}},
	},
	{
		title:   "ask, all cores → 1,024 actors",
		bench:   "AskAll/lib=%s/actors=1024",
		unit:    "ns/op",
		send:    true,
		targets: []target{{"akt", "ns/op", base, .06}},
	},
	{
		title:   "notify, one producer",
		bench:   "Notify/lib=%s/producers=one",
		unit:    "ns/op",
		notes:   unbounded,
		targets: []target{{"akt", "ns/op", base, .30}},
	},
	{
		title:   "notify, all cores",
		bench:   "Notify/lib=%s/producers=all",
		unit:    "ns/op",
		notes:   unbounded,
		targets: []target{{"akt", "ns/op", base, .25}},
	},
	{
		title: "ping-pong", bench: "PingPong/lib=%s", unit: "ns/op",
		targets: []target{{"akt", "ns/op", base, .9}},
	},
	{
		title: "ring of 1,000", bench: "Ring/lib=%s/actors=1000", unit: "ns/op",
		targets: []target{{"akt", "ns/op", base, .9}},
	},
	{
		title:     "spawn (akt: own system)",
		bench:     "Spawn/lib=%s",
		unit:      "ns/op",
		benchtime: "100000x",
		notes:     onlyStruct,
		targets:   []target{{"akt", "ns/op", base, .25}},
	},
	{
		title:     "spawn (akt: default system)",
		bench:     "Spawn/lib=%s",
		unit:      "ns/op",
		benchtime: "100000x",
		notes:     onlyStruct,
		alias:     map[string]string{"akt": "akt-default"},
		targets:   []target{{"akt", "ns/op", base, 1}},
	},
	{
		title:     "bytes an idle actor (own)",
		bench:     "Memory/lib=%s/actors=100000",
		unit:      "B/actor",
		benchtime: "1x",
		notes:     onlyStruct,
		targets:   []target{{"akt", "B/actor", "", 256}},
	},
	{
		title:     "bytes an idle actor (default)",
		bench:     "Memory/lib=%s/actors=100000",
		unit:      "B/actor",
		benchtime: "1x",
		notes:     onlyStruct,
		alias:     map[string]string{"akt": "akt-default"},
		targets:   []target{{"akt", "B/actor", "", 512}},
	},
}

// name is that of the benchmark of a column; "" where the row has none.
func (r row) name(column string) string {
	if column == "akt-send" && !r.send {
		return ""
	}
	if lib := r.alias[column]; lib != "" {
		column = lib
	}
	name := fmt.Sprintf(r.bench, column)
	if strings.HasPrefix(name, "Memory/lib=buffered-chan/") {
		return "Memory/lib=buffered-chan/actors=10000"
	}
	return name
}

// growth compares a large case with a small one.
type growth struct {
	title        string
	small, large string // names of benchmarks
	unit         string
	benchtime    string
	most         float64 // 0: there is no target
}

var growths = []growth{
	{
		"ask one actor beside 1,000,000 others",
		"Actors/lib=akt/actors=1/asked=one",
		"Actors/lib=akt/actors=1000000/asked=one",
		"ns/op",
		"",
		1.5,
	},
	{
		"ask, 1 → 1,000 message types",
		"Types/lib=akt/types=1",
		"Types/lib=akt/types=1000",
		"ns/op",
		"",
		1.5,
	},
	{
		"send, 1 → 1,000 message types",
		"Types/lib=akt-send/types=1",
		"Types/lib=akt-send/types=1000",
		"ns/op",
		"",
		1.5,
	},
	{
		"1 → 1,000 methods called under a mutex",
		"Types/lib=mutex/types=1",
		"Types/lib=mutex/types=1000",
		"ns/op",
		"",
		0,
	},
	{
		"bytes an idle actor (own), 100,000 → 1,000,000 actors",
		"Memory/lib=akt/actors=100000",
		"Memory/lib=akt/actors=1000000",
		"B/actor",
		"1x",
		1.5,
	},
	{
		"bytes an idle actor (default), 100,000 → 1,000,000 actors",
		"Memory/lib=akt-default/actors=100000",
		"Memory/lib=akt-default/actors=1000000",
		"B/actor",
		"1x",
		1.5,
	},
	{
		"ask 1,000,000 actors in turn",
		"Actors/lib=akt/actors=1/asked=all",
		"Actors/lib=akt/actors=1000000/asked=all",
		"ns/op",
		"",
		0,
	},
	{
		"1,000,000 mutexes in turn",
		"Actors/lib=mutex/actors=1/asked=all",
		"Actors/lib=mutex/actors=1000000/asked=all",
		"ns/op",
		"",
		0,
	},
}

// benchmark is one that is run in a process of its own.
type benchmark struct {
	name      string
	benchtime string
}

// benchmarks are all that rows and growths need, once each, in order, if their names match.
func benchmarks(wanted *regexp.Regexp) (all []benchmark) {
	seen := map[string]bool{"": true}
	add := func(name, benchtime string) {
		if !seen[name] && wanted.MatchString(name) {
			all = append(all, benchmark{name, benchtime})
		}
		seen[name] = true
	}
	for _, r := range rows {
		for _, column := range columns {
			add(r.name(column), r.benchtime)
		}
	}
	for _, g := range growths {
		add(g.small, g.benchtime)
		add(g.large, g.benchtime)
	}
	return all
}

// pattern selects the benchmark and no other.
func (b benchmark) pattern() string {
	parts := strings.Split("Benchmark"+b.name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
