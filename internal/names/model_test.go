package names

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A model is a book of full texts.
type model struct {
	texts  map[*holder]string
	given  map[string]*holder
	made   map[string]*holder
	claims map[string]string
	all    []*holder // the oldest first
}

// path is the text of a child's name.
func path(parent, own string) string { return "/" + strings.TrimPrefix(parent, "/") + "/" + own }

// Whatever is given, made up, claimed, looked up and freed, the book says what one of full texts
// would, at every depth.
func TestBookIsAsOneOfFullTexts(t *testing.T) {
	t.Parallel()
	parts := []string{
		"a", "b", "a/b", "/", "/x", "x/", "//", "-", "k-",
		"k-1", "k-2", "k-7", "k-20", "b/k-3", "other-4", "other-9",
	}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 0))
		var b book
		m := model{
			texts: map[*holder]string{},
			given: map[string]*holder{}, made: map[string]*holder{},
			claims: map[string]string{},
		}
		for range 600 {
			m.step(t, &b, random, parts)
		}
		require.Equal(t, reversed(m.all), slices.Collect(b.All()))
		for len(m.all) > 0 {
			m.free(&b, random.IntN(len(m.all)))
		}
		for name, by := range m.claims {
			b.Unclaim(name, by)
		}
		for _, left := range []any{
			b.given.one, b.given.more, b.claims.one, b.claims.more, b.reserved, b.made,
		} {
			require.Empty(t, left)
		}
		require.Nil(t, b.first)
		require.Nil(t, b.until)
	}
}

// step does something with the book and the model, and compares what comes of it.
func (m *model) step(t *testing.T, b *book, random *rand.Rand, parts []string) {
	t.Helper()
	some := func() string { // some text, of a name that there is or was, or of another
		text := parts[random.IntN(len(parts))]
		if len(m.all) > 0 && random.IntN(4) > 0 {
			text = m.texts[m.all[random.IntN(len(m.all))]]
		}
		if random.IntN(8) == 0 {
			text = path(text, parts[random.IntN(len(parts))])
		}
		return text
	}
	by := []string{"", "us", "them"}[random.IntN(3)]
	switch random.IntN(8) {
	case 0, 1, 2: // below the newest, so that it gets deep; below any other; or below nobody
		m.give(t, b, random, parts, by)
	case 3:
		if len(m.all) > 0 {
			m.free(b, random.IntN(len(m.all)))
		}
	case 4:
		if name := some(); by != "" && m.claims[name] == "" {
			b.Claim(name, by)
			m.claims[name] = by
		}
	case 5:
		for name, by := range m.claims {
			b.Unclaim(name, by)
			delete(m.claims, name)
			break
		}
	case 6, 7:
		name := some()
		require.Same(t, m.given[name], b.Find(name), name)
		require.Equal(t, m.claims[name], b.Claimed(name), name)
	}
}

func (m *model) give(t *testing.T, b *book, random *rand.Rand, parts []string, by string) {
	t.Helper()
	h := &holder{kind: []string{"k-", "other-"}[random.IntN(2)]}
	if n := len(m.all); n > 0 {
		h.parent = []*holder{nil, m.all[random.IntN(n)], m.all[n-1], m.all[n-1]}[random.IntN(4)]
	}
	if random.IntN(3) > 0 {
		h.own.Given = parts[random.IntN(len(parts))]
		text := h.own.Given
		if h.parent != nil {
			text = path(m.texts[h.parent], text)
		}
		claimed := m.claims[text] != "" && m.claims[text] != by
		free := m.given[text] == nil && m.made[text] == nil && !claimed
		require.Equal(t, free, b.Give(h, by), text)
		if !free {
			return
		}
		m.given[text] = h
		m.texts[h] = text
		require.Equal(t, text, Text(h))
	} else {
		require.True(t, b.Give(h, by))
		own, text := part(h), Text(h)
		require.Regexp(t, `^`+h.kind+`\d+$`, own)
		if h.parent != nil {
			own = path(m.texts[h.parent], own)
		}
		require.Equal(t, own, text)
		require.Nil(t, m.given[text], text)
		require.Nil(t, m.made[text], text)
		m.made[text] = h
		m.texts[h] = text
	}
	m.all = append(m.all, h)
}

func (m *model) free(b *book, i int) {
	h := m.all[i]
	b.Free(h)
	delete(m.given, m.texts[h])
	if m.made[m.texts[h]] == h {
		delete(m.made, m.texts[h])
	}
	m.all = slices.Delete(m.all, i, i+1)
}

func reversed(all []*holder) []*holder {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

// An index keeps apart what has one hash, in whatever order it comes and goes.
func TestIndexOfOneHash(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		var x index[int]
		there := map[int]bool{}
		for range 400 {
			v := random.IntN(20)
			hash := uint64(v % 3)
			found, ok := x.find(hash, func(other int) bool { return other == v })
			require.Equal(t, there[v], ok)
			if ok {
				require.Equal(t, v, found)
			}
			if random.IntN(2) > 0 {
				require.Equal(t, there[v], x.remove(hash, v))
				delete(there, v)
			} else if !ok {
				x.add(hash, v)
				there[v] = true
			}
			require.False(t, x.remove(3, v), "a hash that nothing has")
		}
		for v := range there {
			require.True(t, x.remove(uint64(v%3), v))
		}
		require.Empty(t, x.one)
		require.Empty(t, x.more)
	}
}
