package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The README's block is replaced, and nothing else; a file without one is left alone, and said to be.
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
		{"a block", "before\n" + blockBegin + "old\n" + blockEnd + "after\n", "before\n" + blockBegin + "\nnew\n\n" + blockEnd + "after\n"},
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
