// The pages of the repository: what they show is so.
package tests_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/doccheck"
)

// repository is its root folder, from here.
const repository = ".."

// The pages show code that compiles and runs and output that programs print, and their links lead
// somewhere.
func TestDocumentationIsTrue(t *testing.T) {
	t.Parallel()
	require.Empty(t, strings.Join(doccheck.Problems(os.DirFS(repository)), "\n"))
	for page, shows := range map[string]string{
		"README.md":        "<!-- examples/hello/main.go -->",
		"docs/failures.md": "<!-- examples/failures/output.txt -->",
	} {
		require.Contains(t, readPage(t, page), shows, page)
	}
}

// README.md is short enough to be read.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	require.Less(t, strings.Count(readPage(t, "README.md"), "\n"), 250)
}

// docs/design.md names every invariant that the comments state, and no other; and a comment at a
// line names one that there is.
func TestDesignNamesTheInvariants(t *testing.T) {
	t.Parallel()
	told := submatches(`\*\*([A-Z][A-Za-z-]+)\*\*`, readPage(t, "docs/design.md"))
	var named []string
	for _, file := range allSources(t) {
		named = append(named, invariantsOf(readPage(t, file))...)
	}
	require.ElementsMatch(t, named, told)
	for _, file := range allSources(t) {
		for _, name := range submatches(`// ([A-Z][a-z]+(?:-[A-Z][a-z]+)+)`, readPage(t, file)) {
			require.Contains(t, named, name, file)
		}
	}
}

// docs/design.md says of every file of package akt what lives there, and has a chapter for each of
// the packages below it.
func TestDesignShowsTheHouse(t *testing.T) {
	t.Parallel()
	design := readPage(t, "docs/design.md")
	require.ElementsMatch(t, sources(t), submatches("(?m)^\\| `([a-z_]+\\.go)` ", design))
	var rooms []string
	for _, file := range allSources(t) {
		if dir := filepath.ToSlash(filepath.Dir(file)); dir != "." && !slices.Contains(rooms, dir) {
			rooms = append(rooms, dir)
		}
	}
	require.ElementsMatch(t, rooms, submatches("`(internal/[a-z]+)`", design))
}

// Each promise of docs/promises.md is guarded by a test that names it, and no test names another.
func TestPromisesAreGuarded(t *testing.T) {
	t.Parallel()
	promised := submatches(`(?m)^- \*\*([A-Z][0-9])\*\* – `, readPage(t, "docs/promises.md"))
	guarded := map[string]bool{}
	visit := func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, "_test.go") {
			for _, names := range submatches(`(?m)^// ((?:[HDEL][0-9](?:, )?)+): `, readPage(t, path)) {
				for name := range strings.SplitSeq(names, ", ") {
					guarded[name] = true
				}
			}
		}
		return err
	}
	require.NoError(t, fs.WalkDir(os.DirFS(repository), ".", visit))
	require.ElementsMatch(t, promised, slices.Collect(maps.Keys(guarded)))
}

// invariantsOf are the names in the lists of invariants in a file's comments.
func invariantsOf(file string) (names []string) {
	for {
		_, list, found := strings.Cut(file, "nvariant")
		if !found {
			return names
		}
		comment, rest, _ := strings.Cut(list, "\n\n") // as far as a comment can reach
		for line := range strings.Lines(comment) {
			names = append(names, submatches(`^//   - ([A-Z][A-Za-z -]*)[:.] `, line)...)
		}
		file = rest
	}
}

// allSources are the files of the library, those of its rooms among them.
func allSources(t *testing.T) []string {
	t.Helper()
	files := sources(t)
	visit := func(path string, _ fs.DirEntry, err error) error {
		if isSource(path) {
			files = append(files, path)
		}
		return err
	}
	require.NoError(t, fs.WalkDir(os.DirFS(repository), "internal", visit))
	return files
}

// sources are the files of package akt.
func sources(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS(repository), "*.go")
	require.NoError(t, err)
	return slices.DeleteFunc(files, func(file string) bool { return !isSource(file) })
}

func isSource(file string) bool {
	return strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go")
}

// submatches are what the parentheses of a pattern match.
func submatches(pattern, text string) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// readPage reads a text file, with line ends as Go has them.
func readPage(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
