// Command table runs the benchmarks of this module and writes what they say: all figures into
// results.md, a chart into results.svg, the main table into docs/performance.md, and the figures
// that one asks for first into README.md.
//
//	go run ./cmd/table [-rounds 6] [-benchtime 100ms] [-only regexp] [-check] [-raw file]
//
// The test binary is built once. Each library and benchmark is then run in a process of its own,
// all of them once a round and in turn, so that what disturbs the machine for a while disturbs all
// alike. A ratio is taken within a round, and the figure in the table is the median of those of all
// rounds. With -only, nothing is written but to the terminal.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const module = "github.com/aktgo/akt/benchmarks/peers"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	if stop(); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 6, "how often everything is run")
	benchtime := flag.String(
		"benchtime",
		"100ms",
		"as of go test; spawn runs 100000x and memory 1x whatever it is",
	)
	only := flag.String(
		"only",
		"",
		"run the benchmarks whose names, as in Ask/lib=akt/ctx=background, match this, and write no files",
	)
	check := flag.Bool("check", false, "print which targets hold")
	raw := flag.String(
		"raw",
		"",
		"also write the benchmarks' output to this file, for benchstat -col /lib",
	)
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		return errors.New("want no arguments, and at least one round")
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	dir, err := moduleDir(ctx)
	if err != nil {
		return err
	}
	res, err := measure(ctx, benchmarks(wanted), *rounds, *benchtime)
	if err != nil {
		return err
	}
	res.command = fmt.Sprintf("go run ./cmd/table -rounds %d -benchtime %s", *rounds, *benchtime)
	if *raw != "" {
		if err := os.WriteFile(*raw, []byte(res.raw.String()), 0o644); err != nil {
			return err
		}
	}
	if *check || *only != "" {
		fmt.Print(res.summary(), "\n", res.growth(), "\n", res.targets())
	}
	if *only != "" {
		return nil
	}
	root := filepath.Join(dir, "..", "..")
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "results.md"), []byte(res.markdown()), 0o644),
		os.WriteFile(filepath.Join(dir, "results.svg"), []byte(res.svg()), 0o644),
		replaceBlock(filepath.Join(root, "README.md"), res.readme()),
		replaceBlock(filepath.Join(root, "docs", "performance.md"), res.performance()),
	)
}

// What is between these lines of a page is written by this command.
const (
	blockBegin = "<!-- benchmarks/peers: begin -->\n"
	blockEnd   = "<!-- benchmarks/peers: end -->\n"
)

// replaceBlock writes the block of a file.
func replaceBlock(file, block string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), blockBegin)
	_, after, ends := strings.Cut(rest, blockEnd)
	if !begins || !ends {
		return fmt.Errorf(
			"%s has no lines %q and %q",
			file,
			strings.TrimSpace(blockBegin),
			strings.TrimSpace(blockEnd),
		)
	}
	return os.WriteFile(file, []byte(before+blockBegin+"\n"+block+"\n"+blockEnd+after), 0o644)
}

// moduleDir is where this module is, and where its results go.
func moduleDir(ctx context.Context) (string, error) {
	out, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	return strings.TrimSpace(out), err
}

// measure runs benchmarks in rounds.
func measure(
	ctx context.Context,
	names []benchmark,
	rounds int,
	benchtime string,
) (_ *results, err error) {
	if len(names) == 0 {
		return nil, errors.New("no benchmark matches")
	}
	tmp, err := os.MkdirTemp("", "akt-peers")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	bin := filepath.Join(tmp, "peers.test")
	fmt.Fprintln(os.Stderr, "building the benchmarks")
	if _, err := output(ctx, "go", "test", "-c", "-o", bin, module); err != nil {
		return nil, err
	}
	res := &results{rounds: rounds, figures: map[string][]float64{}, goVersion: runtime.Version()}
	if res.versions, err = versions(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	for round := range rounds {
		for _, b := range names {
			out, err := output(ctx, bin, "-test.run=^$", "-test.timeout=5m",
				"-test.benchtime="+cmp.Or(b.benchtime, benchtime), "-test.bench="+b.pattern())
			if err != nil {
				return nil, err
			}
			if err := res.add(b.name, out); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(
			os.Stderr,
			"round %d of %d, %d benchmarks each, after %s\n",
			round+1,
			rounds,
			len(names),
			time.Since(began).Round(time.Second),
		)
	}
	return res, nil
}

// versions are those of the peers.
func versions(ctx context.Context) ([]string, error) {
	out, err := output(
		ctx,
		"go",
		"list",
		"-m",
		"github.com/asynkron/protoactor-go",
		"github.com/Arceliar/phony",
	)
	return strings.Split(strings.TrimSpace(out), "\n"), err
}

// output runs a command. Where it fails, its output is part of the error.
func output(ctx context.Context, name string, args ...string) (string, error) {
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf(
			"%s %s: %w\n%s%s",
			name,
			strings.Join(args, " "),
			err,
			out.String(),
			errs.String(),
		)
	}
	return out.String(), nil
}
