package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages show the figures of results.md, and no others.
func TestPagesShowTheResults(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	results := readFile(t, filepath.Join("..", "..", "results.md"))
	_, after, _ := strings.Cut(
		readFile(t, filepath.Join(root, "docs", "performance.md")),
		blockBegin,
	)
	block, _, _ := strings.Cut(after, blockEnd)
	for line := range strings.Lines(block) {
		if (line[0] == '|' || line[0] == '-') && !strings.Contains(results, line) {
			t.Errorf("results.md has no line %q as docs/performance.md has", line)
		}
	}
	_, after, _ = strings.Cut(readFile(t, filepath.Join(root, "README.md")), blockBegin)
	block, _, _ = strings.Cut(after, blockEnd)
	figures := regexp.MustCompile(`[\d.,]*\d (ns|B|×|rounds)|go1[.\d]+\d`).FindAllString(block, -1)
	if len(figures) < 9 {
		t.Errorf("README.md has the figures %q only", figures)
	}
	for _, figure := range figures {
		if !strings.Contains(results, strings.TrimSuffix(figure, " ×")) {
			t.Errorf("results.md has no %q as README.md has", figure)
		}
	}
}

// Each page has its block, from the same results.
func TestBlocksOfThePages(t *testing.T) {
	t.Parallel()
	res := made(t, func(name string, _ int) float64 {
		if strings.Contains(name, "lib=akt") {
			return 25
		}
		return 100
	})
	for want, block := range map[string]string{
		"A request to an idle actor takes 25 ns, 0.25 × as long": res.readme(),
		"An idle actor takes 25 B and no goroutine.":             res.readme(),
		"on\na CPU <x>, ":                                              res.readme(),
		"| ask, idle actor | **0.25** |":                               res.performance(),
		"## Where a peer wins\n\nNowhere.\n":                           res.performance(),
		"Medians of 3 rounds, written here by\n\n```sh\ncd benchmarks": res.performance(),
	} {
		if !strings.Contains(block, want) {
			t.Errorf("%q lacks %q", block, want)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// A page's block is replaced, and nothing else; a file without one is left alone, and said to be.
func TestReplaceBlock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ name, text, want string }{
		{
			"a block", "before\n" + blockBegin + "old\n" + blockEnd + "after\n",
			"before\n" + blockBegin + "\nnew\n\n" + blockEnd + "after\n",
		},
		{"none", "before\n", ""},
		{"one without an end", "before\n" + blockBegin + "old\n", ""},
	} {
		write(row.text)
		err := replaceBlock(file, "new\n")
		got, readErr := os.ReadFile(file)
		if readErr != nil {
			t.Fatal(readErr)
		}
		switch {
		case row.want == "" && (err == nil || string(got) != row.text):
			t.Errorf("%s: the error is %v, and the file %q", row.name, err, got)
		case row.want != "" && (err != nil || string(got) != row.want):
			t.Errorf("%s: the error is %v, and the file %q; want %q", row.name, err, got, row.want)
		}
	}
}
