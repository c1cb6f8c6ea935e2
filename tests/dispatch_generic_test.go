//go:build go1.27

package tests_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// genericMethods is a program, as older versions of gofmt cannot read it.
const genericMethods = `//go:build go1.27

package main

import (
	"fmt"

	"github.com/aktgo/akt"
)

type (
	Alone struct{}
	Other struct{}
)

func (Alone) HandleAny[M any](akt.Context, M) {}
func (Other) HandleAny[M any](akt.Context, M) {}
func (Other) HandleInt(akt.Context, int)      {}

func main() {
	Alone{}.HandleAny(akt.Context{}, 7)
	Other{}.HandleAny(akt.Context{}, 7)
	_, err := akt.Run(Alone{})
	fmt.Println(err)
	description, err := akt.Describe(Other{})
	fmt.Println(len(description.Handlers), err)
}
`

// H1: reflection does not see a method with type parameters of its own: a type with nothing else is
// refused, and told so; any other has its other handlers.
func TestMethodsWithTypeParameters(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sums, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": genericMethods,
		"go.sum":  string(sums),
		"go.mod": fmt.Sprintf(
			"module generic\n%s\nrequire github.com/aktgo/akt v0.0.0\nreplace "+
				"github.com/aktgo/akt => %q\n",
			module[len("module github.com/aktgo/akt\n"):], root),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Equal(t,
		"akt: main.Alone is not an actor: it has neither a handler nor a lifecycle hook; want an "+
			"exported method "+
			"Handle<Msg>(akt.Context, M) (R, error) on a struct: declare one, without type "+
			"parameters of its own, "+
			"as reflection does not see such methods\n1 <nil>\n", string(output))
}
