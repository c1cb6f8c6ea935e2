// Package examples_test runs every example and compares what it prints with its output.txt.
package examples_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	// so that go test runs this again, not from its cache, when the library has changed
	_ "github.com/aktgo/akt"
)

var update = flag.Bool("update", false, "rewrite every output.txt with what the example prints")

// Every directory here is a program whose output is the same each time, and is written down in its
// output.txt.
func TestExamplesPrintTheirOutput(t *testing.T) {
	t.Parallel()
	names := directories(t)
	require.NotEmpty(t, names)
	binaries := build(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join(name, "output.txt")
			got := output(t, filepath.Join(binaries, executable(name)))
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o644))
				return
			}
			want, err := os.ReadFile(golden)
			if errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s is missing; go test ./examples -update writes it", golden)
			}
			require.NoError(t, err)
			require.Equal(t, string(lf(want)), string(got))
		})
	}
}

// directories are the examples' names. It looks into each, so that go test runs this again when a
// file there has changed.
func directories(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		_, err := os.ReadDir(entry.Name())
		require.NoError(t, err)
		names = append(names, entry.Name())
	}
	return names
}

// build builds all examples at once, and returns the directory that they are in.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(
		t.Context(),
		"go",
		"build",
		"-o",
		dir+string(filepath.Separator),
		"./...",
	).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// output is what a program prints to its standard output. What it logs is shown only when it fails.
func output(t *testing.T, program string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	return lf(stdout.Bytes())
}

// lf makes all line ends those that Go prints: a checkout on Windows may have others.
func lf(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }
