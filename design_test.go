package akt_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/design.md has every invariant that the comments name, and no other; and a comment at a line names one that there is.
func TestDesignNamesTheInvariants(t *testing.T) {
	t.Parallel()
	design := readDesign(t, "docs/design.md")
	_, section, found := strings.Cut(design, "\n## Invariants\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	told := designMatches(`(?m)^- \*\*(.+?)\.\*\*`, section)

	var named []string
	places := []string{
		"mailbox.go", "worker.go", "internal/waitgraph/waitgraph.go", "internal/call/erased.go",
		"shutdown.go", "internal/typecache/typecache.go",
	}
	for _, file := range places {
		found := designMatches(`(?m)^//   - ([A-Z][A-Za-z -]*)[:.] `, readDesign(t, file))
		require.NotEmpty(t, found, file)
		named = append(named, found...)
	}
	require.ElementsMatch(t, named, told)
	for _, file := range append(designSources(t), places...) {
		for _, name := range designMatches(`// ([A-Z][a-z]+(?:-[A-Z][a-z]+)+)`, readDesign(t, file)) {
			require.Contains(t, named, name, file)
		}
	}
}

// docs/design.md says of every file what lives there, and of none that there is not.
func TestDesignListsTheFiles(t *testing.T) {
	t.Parallel()
	_, section, found := strings.Cut(readDesign(t, "docs/design.md"), "\n## Files\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	listed := designMatches("`([a-z_]+\\.go)`", section)
	require.ElementsMatch(t, designSources(t), listed)
}

// designSources are the files of the library.
func designSources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	return slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
}

func designMatches(pattern, text string) (names []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

func readDesign(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
