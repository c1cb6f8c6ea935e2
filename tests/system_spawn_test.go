package tests_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These tests are about actors that are run by the name of their kind, with fields.

// sysConfigured is an actor with fields to set.
type sysConfigured struct {
	Name  string `json:"name"`
	Level int8
	Tags  []string
	Keep  int
	start func(*sysConfigured)
}

func (c *sysConfigured) OnStart(akt.Context) error {
	if c.start != nil {
		c.start(c)
	}
	return nil
}

func (c *sysConfigured) HandleBreak(akt.Context, Stray) { c.Name = "spoilt"; panic("broken") }

func (c *sysConfigured) HandleNote(akt.Context, Note) string {
	return fmt.Sprintf("%s%d%v%d", c.Name, c.Level, c.Tags, c.Keep)
}

// Spawn sets the fields on a fresh actor before OnStart; those left out keep what they were made
// with.
func TestSpawn(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	var seen []string
	started := func(c *sysConfigured) { seen = append(seen, fmt.Sprint(c.Name, c.Level)) }
	kinds := map[string]func() any{
		"pointer": func() any { return &sysConfigured{Keep: 7, Level: 1, start: started} },
		"spawner": func() any {
			return akt.Spawner[*sysConfigured](func() *sysConfigured {
				return &sysConfigured{Keep: 7, start: started}
			})
		},
		"spawner of any": func() any {
			return akt.Spawner[any](func() any { return &sysConfigured{Keep: 7, start: started} })
		},
	}
	for kind, newActor := range kinds {
		require.NoError(t, system.Register(kind, newActor))
		seen = nil
		addr, err := system.Spawn(kind,
			map[string]any{"name": "ann", "level": 5, "Tags": []any{"x"}}, akt.WithName(kind))
		require.NoError(t, err)
		require.Equal(t, kind, addr.Name())
		reply, err := addr.Send(t.Context(), Note{})
		require.NoError(t, err)
		require.Equal(t, "ann5[x]7", reply)
		require.Equal(t, []string{"ann5"}, seen)
		_, err = addr.Send(t.Context(), Stray{})
		require.ErrorAs(t, err, new(*akt.PanicError))
		if kind == "pointer" {
			<-addr.Done()
			continue
		}
		reply, err = addr.Send(t.Context(), Note{})
		require.NoError(t, err)
		require.Equal(t, "ann5[x]7", reply, "a fresh state has the fields too")
		require.Equal(t, []string{"ann5", "ann5"}, seen)
	}
	addr, err := system.Spawn("pointer", nil)
	require.NoError(t, err)
	reply, err := addr.Send(t.Context(), Note{})
	require.NoError(t, err)
	require.Equal(t, "1[]7", reply)
	shutDown(t, system)
	_, err = system.Spawn("pointer", nil)
	require.ErrorIs(t, err, akt.ErrStopped)
}

// sysValue is an actor that is run as a value.
type sysValue struct{ N int }

func (v sysValue) HandleNote(akt.Context, Note) int { return v.N }

// Spawn takes a struct, or a Spawner of one, as well as a pointer.
func TestSpawnOfValues(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	require.NoError(t, system.Register("value", func() any { return sysValue{1} }))
	require.NoError(t, system.Register("spawner", func() any {
		return akt.Spawner[sysValue](func() sysValue { return sysValue{1} })
	}))
	for _, kind := range []string{"value", "spawner"} {
		addr, err := system.Spawn(kind, map[string]any{"n": 2})
		require.NoError(t, err)
		reply, err := akt.Ask[int](t.Context(), addr, Note{})
		require.NoError(t, err)
		require.Equal(t, 2, reply)
	}
	shutDown(t, system)
}

// Dynamic messages are strict, and so are Spawn's fields: the error names the path, never the
// value; nothing was run.
func TestSpawnIsStrict(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	ran := false
	newActor := func() *sysConfigured {
		return &sysConfigured{start: func(*sysConfigured) { ran = true }}
	}
	require.NoError(t, system.Register("pointer", func() any { return newActor() }))
	require.NoError(t, system.Register("spawner", func() any {
		return akt.Spawner[*sysConfigured](newActor)
	}))
	for _, kind := range []string{"pointer", "spawner"} {
		for _, row := range []struct {
			name, path string
			fields     map[string]any
		}{
			{"unknown", "titel", map[string]any{"titel": "secret"}},
			{"unexported", "start", map[string]any{"start": "secret"}},
			{"type", "name", map[string]any{"name": 4711}},
			{"overflow", "Level", map[string]any{"level": 4711}},
			{"fraction", "Level", map[string]any{"level": 47.11}},
			{"not a number", "Keep", map[string]any{"keep": math.NaN()}},
			{"in a list", "Tags[1]", map[string]any{"tags": []any{"a", 4711}}},
		} {
			_, err := system.Spawn(kind, row.fields)
			var fault *akt.DecodeError
			require.ErrorAs(t, err, &fault, row.name)
			require.Equal(t, row.path, fault.Path)
			require.ErrorContains(t, err, fmt.Sprintf("akt: Spawn(%q): %s of type", kind, row.path))
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "4711")
		}
	}
	require.False(t, ran)
	require.Empty(t, slices.Collect(system.Actors()))
	shutDown(t, system)
}

// Spawn of an unknown kind lists those there are, and what was probably meant; what cannot be an
// actor with fields is refused.
func TestSpawnErrors(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	_, err := system.Spawn("account", nil)
	require.EqualError(t, err,
		`akt: Spawn("account"): there is no such kind; no kind is registered`)
	require.NoError(t, system.Register("bank", func() any { return &doll{} }))
	require.NoError(t, system.Register("account", func() any { return &doll{} }))
	_, err = system.Spawn("acount", nil)
	require.EqualError(t, err,
		`akt: Spawn("acount"): there is no such kind; `+
			`the kinds are "account", "bank"; did you mean "account"`)
	for kind, row := range map[string]struct {
		newActor func() any
		text     string
	}{
		"nil":         {func() any { return nil }, "newActor made a <nil>"},
		"nil pointer": {func() any { return (*doll)(nil) }, "newActor made a *tests_test.doll"},
		"number":      {func() any { return 7 }, "newActor made a int, which has no fields"},
		"nil Spawner": {func() any { return akt.Spawner[*doll](nil) },
			"newActor returned a nil Spawner"},
		"Spawner of nil": {func() any { return akt.Spawner[*doll](func() *doll { return nil }) },
			"the Spawner made a nil"},
		"panic": {func() any { panic("broken") }, "panic: broken"},
		"its Spawner": {func() any { return akt.Spawner[*doll](func() *doll { panic("broken") }) },
			"panic: broken"},
	} {
		require.NoError(t, system.Register(kind, row.newActor))
		_, err := system.Spawn(kind, nil)
		require.ErrorContains(t, err, row.text)
		require.ErrorContains(t, err, fmt.Sprintf("Spawn(%q)", kind))
	}
	require.Empty(t, slices.Collect(system.Actors()))
	shutDown(t, system)
}

// sysNested has fields below the first level.
type (
	sysNested struct {
		Limits  sysLimits
		Shared  *sysLimits
		Weights map[string]int
		Free    any
	}
	sysLimits struct{ Max, Min int }
)

func (s *sysNested) HandleNote(akt.Context, Note) string {
	return fmt.Sprint(s.Limits, *s.Shared, s.Weights, s.Free)
}

func (*sysNested) HandleBreak(akt.Context, Stray) { panic("broken") }

// Spawn: fields are merged into what newActor made, in a Spawner's later states too, as they were
// at the call; and what all actors of a kind share is not written to.
func TestSpawnMerges(t *testing.T) {
	t.Parallel()
	system := sysQuiet()
	shared, weights := &sysLimits{10, 1}, map[string]int{"a": 1}
	newState := func() *sysNested { return &sysNested{sysLimits{10, 1}, shared, weights, nil} }
	require.NoError(t, system.Register("pointer", func() any { return newState() }))
	require.NoError(t, system.Register("value", func() any {
		return akt.Spawner[*sysNested](newState)
	}))
	for _, kind := range []string{"pointer", "value"} {
		free := []any{1}
		fields := map[string]any{
			"limits": map[string]any{"max": 20}, "shared": map[string]any{"max": 30},
			"weights": map[string]any{"b": 2}, "free": free,
		}
		const want = "{20 1} {30 1} map[a:1 b:2] [1]"
		addr, err := system.Spawn(kind, fields)
		require.NoError(t, err)
		free[0] = 9
		fields["limits"] = "spoilt"
		reply, err := addr.Send(t.Context(), Note{})
		require.NoError(t, err)
		require.Equal(t, want, reply)
		if kind == "value" {
			_, err = addr.Send(t.Context(), Stray{})
			require.ErrorAs(t, err, new(*akt.PanicError))
			reply, err = addr.Send(t.Context(), Note{})
			require.NoError(t, err)
			require.Equal(t, want, reply)
		}
		_, err = system.Spawn(kind, map[string]any{
			"shared": map[string]any{"max": 30}, "weights": map[string]any{"b": 2},
			"limits": map[string]any{"mux": 1},
		})
		var fault *akt.DecodeError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "Limits.mux", fault.Path)
		require.Equal(t, &sysLimits{10, 1}, shared)
		require.Equal(t, map[string]int{"a": 1}, weights)
	}
	shutDown(t, system)
}

// Register: a kind has a name and a function, and is registered once.
func TestRegisterErrors(t *testing.T) {
	t.Parallel()
	system, some := sysQuiet(), func() any { return &doll{} }
	require.EqualError(t, system.Register("", some), "akt: Register: the kind is empty")
	require.EqualError(t, system.Register("a", nil), `akt: Register("a"): newActor is nil`)
	require.NoError(t, system.Register("a", some))
	require.EqualError(t, system.Register("a", some),
		`akt: Register("a"): the kind is registered already`)
}
