package names

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// holder is the simplest Holder there is.
type holder struct {
	parent *holder
	kind   string
	own    Own
	entry  Entry[*holder]
}

func (h *holder) Parent() *holder        { return h.parent }
func (h *holder) Kind() string           { return h.kind }
func (h *holder) Part() *Own             { return &h.own }
func (h *holder) Entry() *Entry[*holder] { return &h.entry }

type book = Book[*holder, string]

// child is a holder below a parent, which may be nil. Where given is empty its name is to be made
// up.
func child(parent *holder, given string) *holder {
	return &holder{parent: parent, kind: "holder-", own: Own{Given: given}}
}

// enter gives a new holder its name.
func enter(t *testing.T, b *book, parent *holder, given string) *holder {
	t.Helper()
	h := child(parent, given)
	require.True(t, b.Give(h, ""), "%q below a parent: %v", given, parent != nil)
	return h
}

// A name is a path of its parents' names and its own, which begins with one slash.
func TestText(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		line []string
		want string
	}{
		"a name":                        {[]string{"bank"}, "bank"},
		"a name that looks like a path": {[]string{"/bank/a"}, "/bank/a"},
		"a child":                       {[]string{"bank", "a"}, "/bank/a"},
		"a child of a path":             {[]string{"/bank", "a"}, "/bank/a"},
		"a grandchild":                  {[]string{"bank", "a", "b"}, "/bank/a/b"},
		"a made-up name":                {[]string{""}, "holder-1"},
		"a child of a made-up name":     {[]string{"", "a"}, "/holder-1/a"},
		"made-up names only":            {[]string{"", "", ""}, "/holder-1/holder-2/holder-3"},
		"slashes in all of them":        {[]string{"//a", "/b/", "/"}, "//a//b///"},
		"a slash alone":                 {[]string{"/", "/"}, "///"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b book
			var last *holder
			for _, given := range row.line {
				last = enter(t, &b, last, given)
			}
			require.Equal(t, row.want, Text(last))
			require.True(t, is(last, row.want))
			for i := range row.want {
				require.False(t, is(last, row.want[i+1:]), "without its first %d bytes", i+1)
			}
			require.False(t, is(last, "/"+row.want))
			require.Equal(t, hashText(row.want), hashOf(last))
			if row.line[len(row.line)-1] != "" {
				require.Same(t, last, b.Find(row.want))
			} else {
				require.Nil(t, b.Find(row.want))
			}
		})
	}
}

// Two ways to one text are one name, wherever the slashes come from.
func TestSameTextOtherParts(t *testing.T) {
	t.Parallel()
	const text = "/a/b//c"
	ways := [][]string{
		{text}, {"a", "b//c"}, {"a", "b/", "c"}, {"/a", "b", "/c"}, {"a/b", "/c"}, {"/a/b/", "c"},
	}
	for _, first := range ways {
		for _, second := range ways {
			var b book
			below := func(parts []string) (parent *holder) { // they may have their names already
				for _, part := range parts[:len(parts)-1] {
					h := child(parent, part)
					if parent = h; !b.Give(h, "") {
						parent = b.Find(Text(h))
					}
				}
				return parent
			}
			h := enter(t, &b, below(first), first[len(first)-1])
			require.Equal(t, text, Text(h))
			require.Same(t, h, b.Find(text))
			other := child(below(second), second[len(second)-1])
			require.False(t, b.Give(other, ""), "%q after %q", second, first)
			require.Equal(t, text, Text(other))
			b.Free(h)
			require.Nil(t, b.Find(text))
			require.True(t, b.Give(other, ""))
			require.Same(t, other, b.Find(text))
		}
	}
}

// A chain takes as much memory as it has children, and as much for each of them at any depth; so
// does giving a name to one.
//
//nolint:paralleltest // it counts the bytes of the whole process
func TestChainTakesMemoryByItsChildren(t *testing.T) {
	perChild := func(n int, given string) float64 {
		var b book
		parent := enter(t, &b, nil, "root")
		b.given.one = make(map[uint64]*holder, n+1) // else it grows in leaps
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			parent = child(parent, given)
			b.Give(parent, "")
		}
		runtime.ReadMemStats(&after)
		text := Text(parent)
		require.Equal(t, n, strings.Count(text, "/")-1)
		if given != "" {
			require.Same(t, parent, b.Find(text))
			require.False(t, b.Give(child(parent.parent, given), ""))
		}
		return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	}
	for _, given := range []string{"child", ""} {
		flat, deep := perChild(1000, given), perChild(8000, given)
		require.Less(t, flat, 300.0)
		require.Less(t, deep, 300.0, "%g at an eighth of the depth", flat)
	}
}

// Whether a given name is a made-up one is found without looking at all holders for each, also as
// they come and go.
func TestMadeUpNamesAreIndexed(t *testing.T) {
	t.Parallel()
	var b book
	taken := func(name string) bool {
		h := child(nil, name)
		given := b.Give(h, "")
		if given {
			b.Free(h)
		}
		return !given
	}
	first, second := enter(t, &b, nil, ""), enter(t, &b, nil, "")
	require.True(t, taken("holder-1"))
	require.Len(t, b.made, 2)
	require.Same(t, second, b.until)
	b.Free(second)
	require.Same(t, first, b.until)
	require.False(t, taken("holder-2"))
	third := enter(t, &b, nil, "")
	require.True(t, taken("holder-3"))
	require.False(t, taken("other-3"))
	b.Free(first)
	b.Free(third)
	require.Nil(t, b.until)
	require.Empty(t, b.made)
	fourth := enter(t, &b, nil, "")
	require.Equal(t, "holder-4", Text(fourth))
	require.True(t, taken("holder-4"))
	require.False(t, taken("holder-5"))
	require.Equal(t, "holder-5", Text(enter(t, &b, nil, "")), "a name that was given up is free")
}

// A made-up child's name is in use below its parent, and nowhere else.
func TestMadeUpNamesOfChildren(t *testing.T) {
	t.Parallel()
	var b book
	room := enter(t, &b, nil, "room")
	made := enter(t, &b, room, "")
	require.Equal(t, "/room/holder-1", Text(made))
	require.False(t, b.Give(child(room, "holder-1"), ""))
	require.False(t, b.Give(child(nil, "/room/holder-1"), ""))
	enter(t, &b, nil, "holder-1")
	enter(t, &b, nil, "room/holder-1")
	enter(t, &b, made, "holder-1")
	b.Free(made)
	enter(t, &b, room, "holder-1")
}

// A made-up name leaves out every number in which a given name ends, as long as that has it.
func TestNumbersAreReserved(t *testing.T) {
	t.Parallel()
	var b book
	two, more := enter(t, &b, nil, "holder-2"), enter(t, &b, nil, "other-2")
	enter(t, &b, enter(t, &b, nil, "room"), "any-3")
	require.Equal(t, "holder-1", Text(enter(t, &b, nil, "")))
	b.Free(two)
	require.Equal(t, map[uint64]int{2: 1, 3: 1}, b.reserved)
	require.Equal(t, "holder-4", Text(enter(t, &b, nil, "")))
	b.Free(more)
	require.Equal(t, map[uint64]int{3: 1}, b.reserved)
	for _, given := range []string{
		"7", "holder-", "holder-x", "holder-7/a", "holder--", "holder-18446744073709551616",
	} {
		enter(t, &b, nil, given)
	}
	require.Equal(t, map[uint64]int{3: 1}, b.reserved)
}

// Names such as "user-1" have nothing looked at, unless there are holders of a kind "user-".
func TestGivenNamesAreNotSearchedFor(t *testing.T) {
	t.Parallel()
	var b book
	enter(t, &b, nil, "")
	enter(t, &b, nil, "user-1")
	require.Nil(t, b.made)
	enter(t, &b, nil, "room/user-1")
	require.Nil(t, b.made)
	require.False(t, b.Give(child(nil, "holder-1"), ""))
	require.NotNil(t, b.made)
}

// A claimed name is given to nobody but who has claimed it; by whichever way others come to it.
func TestClaims(t *testing.T) {
	t.Parallel()
	var b book
	room := enter(t, &b, nil, "room")
	b.Claim("/room/ann", "us")
	b.Claim("bob", "them")
	require.Equal(t, "us", b.Claimed("/room/ann"))
	require.Equal(t, "them", b.Claimed("bob"))
	require.Empty(t, b.Claimed("ann"))
	require.False(t, b.Give(child(room, "ann"), ""))
	require.False(t, b.Give(child(nil, "/room/ann"), "them"))
	require.Nil(t, b.Find("/room/ann"))
	ann := child(nil, "/room/ann")
	require.True(t, b.Give(ann, "us"))
	require.Same(t, ann, b.Find("/room/ann"))
	b.Unclaim("/room/ann", "us")
	require.Empty(t, b.Claimed("/room/ann"))
	require.False(t, b.Give(child(room, "ann"), "us"), "she has it")
	b.Free(ann)
	enter(t, &b, room, "ann")
}

// All goes from the newest to the oldest, without those that were taken out, and no further than it
// is read.
func TestAll(t *testing.T) {
	t.Parallel()
	var b book
	require.Empty(t, slices.Collect(b.All()))
	var all []*holder
	for _, given := range []string{"a", "", "b", ""} {
		all = slices.Insert(all, 0, enter(t, &b, nil, given))
	}
	require.Equal(t, all, slices.Collect(b.All()))
	for first := range b.All() {
		require.Same(t, all[0], first)
		break
	}
	for _, i := range []int{1, 0, 1, 0} { // from the middle, the front, the end, and the last one
		b.Free(all[i])
		all = slices.Delete(all, i, i+1)
		require.Equal(t, all, append([]*holder{}, slices.Collect(b.All())...))
	}
}
