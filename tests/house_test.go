// The house: which package knows which, and how much there is to see at once.
package tests_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Packages depend on each other one way only, each on what it needs to know and on no more.
func TestDependenciesGoOneWay(t *testing.T) {
	t.Parallel()
	rooms := []string{
		"bubble", "call", "decode", "guard", "handlers", "lifetime", "mailbox", "names", "nearest",
		"restarts", "typecache", "typename", "values", "waitgraph", "words",
	}
	allowed := map[string][]string{
		".":                 rooms,
		"internal/call":     {"handlers", "typecache"},
		"internal/decode":   {"nearest"},
		"internal/handlers": {"nearest", "typename", "words"},
		"internal/lifetime": {"guard"},
		"internal/mailbox":  {"bubble"},
		"internal/values":   {"lifetime"},
		"internal/model":    {"."}, // for tests alone, like the next two
		"internal/doccheck": nil,
		"internal/leaktest": nil,
	}
	for _, room := range rooms {
		if _, listed := allowed["internal/"+room]; !listed {
			allowed["internal/"+room] = nil
		}
	}
	found := map[string]map[string]bool{}
	for _, file := range allSources(t) {
		parsed, err := parser.ParseFile(
			token.NewFileSet(),
			filepath.Join(repository, file),
			nil,
			parser.ImportsOnly,
		)
		require.NoError(t, err)
		from := path.Dir(file)
		if found[from] == nil {
			found[from] = map[string]bool{}
		}
		for _, spec := range parsed.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			if imported == "github.com/aktgo/akt" {
				found[from]["."] = true
			} else if room, ours := strings.CutPrefix(imported, "github.com/aktgo/akt/internal/"); ours {
				found[from][room] = true
			}
		}
	}
	for from, imports := range found {
		require.Contains(t, allowed, from, "a package that this test does not know")
		require.ElementsMatch(t, allowed[from], slices.Collect(maps.Keys(imports)), from)
	}
	require.Len(t, found, len(allowed), "packages that are not there")
}

// The root folder can be taken in at a glance, and each file read at a sitting.
func TestFilesAreFewAndShort(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(repository)
	require.NoError(t, err)
	shown, goFiles := 0, 0
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			shown++
		}
		if strings.HasSuffix(e.Name(), ".go") {
			goFiles++
		}
	}
	require.LessOrEqual(t, shown, 36)
	require.LessOrEqual(t, goFiles, 24)
	for _, file := range allSources(t) {
		require.LessOrEqual(t, strings.Count(readPage(t, file), "\n"), 500, file)
	}
}
