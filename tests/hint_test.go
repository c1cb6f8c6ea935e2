package tests_test

import (
	htmltemplate "html/template"
	"testing"
	texttemplate "text/template"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

type (
	created[T any] struct{ V T }
	deleted[T any] struct{ V T }
	user           struct{ N int }
	usr            struct{ N int }
	creatd[T any]  struct{ V T }

	hintGenerics struct{}
	hintDeleted  struct{}
	hintText     struct{}
	hintUser     struct{}
	hintBoth     struct{}
	hintCreated  struct{}
)

func (hintCreated) HandleA(akt.Context, created[usr])  {}
func (hintCreated) HandleB(akt.Context, created[user]) {}

func (hintGenerics) HandleDeleted(akt.Context, deleted[user]) {}
func (hintGenerics) HandleCreated(akt.Context, created[usr])  {}
func (hintDeleted) HandleDeleted(akt.Context, deleted[user])  {}
func (hintText) HandleText(akt.Context, texttemplate.Template) {
}
func (hintUser) HandleUser(akt.Context, user)                      {}
func (hintBoth) HandleText(akt.Context, *texttemplate.Template)    {}
func (hintBoth) HandleHTML(akt.Context, []*htmltemplate.Template)  {}
func (hintBoth) HandleList(akt.Context, created[htmltemplate.URL]) {}

// E2: a message is compared by its name, and by what it has in brackets: neither stands for the other.
func TestHintsOfGenericTypes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		actor, msg any
		hint       string
	}{
		"another argument":                {hintGenerics{}, created[user]{}, "did you mean tests_test.created[tests_test.usr]"},
		"a pointer to it":                 {hintGenerics{}, &created[user]{}, "did you mean tests_test.created[tests_test.usr]"},
		"another type":                    {hintDeleted{}, created[user]{}, ""},
		"an argument that fits":           {hintUser{}, created[user]{}, ""},
		"another argument entirely":       {hintDeleted{}, deleted[int]{}, ""},
		"the argument itself":             {hintGenerics{}, user{}, ""},
		"the same argument before a slip": {hintCreated{}, creatd[user]{}, "did you mean tests_test.created[tests_test.user]"},
		"a predeclared type":              {byStringer{}, "text", ""},
		"one of another package":          {hintText{}, htmltemplate.Template{}, "did you mean text/template.Template"},
		"a pointer of another one":        {hintText{}, &htmltemplate.Template{}, "did you mean text/template.Template"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var unhandled *akt.UnhandledError
			require.ErrorAs(t, run(t, row.actor).Notify(t.Context(), row.msg), &unhandled)
			require.Equal(t, row.hint, unhandled.Hint)
		})
	}
}

// E2: two types of one name that meet in a text have their packages in it, all others are short.
func TestTypesOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	require.EqualError(t, unhandledBy(t, hintText{}, htmltemplate.Template{}), "akt: tests_test.hintText does not handle "+
		"html/template.Template; it accepts text/template.Template; did you mean text/template.Template")
	require.EqualError(t, unhandledBy(t, hintBoth{}, 7), "akt: tests_test.hintBoth does not handle int; it accepts "+
		"[]*html/template.Template, tests_test.created[template.URL], *text/template.Template")
	require.EqualError(t, unhandledBy(t, hintUser{}, created[user]{}),
		"akt: tests_test.hintUser does not handle tests_test.created[tests_test.user]; it accepts tests_test.user")
}

func unhandledBy(t *testing.T, actor, msg any) error {
	t.Helper()
	var unhandled *akt.UnhandledError
	require.ErrorAs(t, run(t, actor).Notify(t.Context(), msg), &unhandled)
	return unhandled
}
