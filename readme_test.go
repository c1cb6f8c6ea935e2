package akt_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// README.md shows code that compiles and runs, as each Go block is a file of the repository or a region of one, and a table of
// failures that is what the example prints; and no page has a link to a file that is not there.
func TestDocumentationIsTrue(t *testing.T) {
	t.Parallel()
	require.Empty(t, strings.Join(docProblems(os.DirFS(".")), "\n"))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	if !strings.Contains(string(readme), "<!-- examples/failures/output.txt -->") {
		t.Error("README.md does not show examples/failures/output.txt")
	}
}

// The check accepts what a README may look like.
func TestDocumentationCheckAcceptsWhatIsTrue(t *testing.T) {
	t.Parallel()
	const block = "<!-- a/main.go -->\n```go\npackage main\n```\n"
	for name, readme := range map[string]string{
		"a whole file":                block,
		"a region, unindented":        "<!-- b/main.go#loop -->\n```go\nfor {\n\twork()\n\n\tif done {\n\t\tbreak\n\t}\n}\n```\n",
		"an empty line in between":    "<!-- a/main.go -->\n\n```go\npackage main\n```\n",
		"a block in a list":           "- see\n\n  <!-- a/main.go -->\n  ```go\n  package main\n  ```\n",
		"another fence":               "<!-- a/main.go -->\n~~~~ Go title=x\npackage main\n~~~~\n",
		"line ends of Windows":        strings.ReplaceAll(block, "\n", "\r\n"),
		"blocks that are not Go":      block + "```sh\ngo test\n```\n\n```\nfunc\n```\n",
		"a Go block quoted in a text": block + "````text\n```go\nx\n```\n````\n",
		"what a program prints":       block + "<!-- a/output.txt -->\n| a |\n|---|\n\ntext\n",
		"the same, at the end":        block + "<!-- a/output.txt -->\n\n| a |\n|---|\n",
		"links that lead somewhere":   block + "[a](a) [`b`](a/main.go#L1) ![c](</a/main.go>)\n\n[d]: docs/design.md\n<img src=\"a\">\n",
		"links to other places":       block + "[a](https://example.org/x) [b](#b) <a href='mailto:a@example.org'>\n",
		"links that are none":         block + "`[a](nowhere)` <!-- [b](nowhere) -->\n\n```text\n[c](nowhere)\n```\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, docProblems(docFiles(readme)))
		})
	}
}

// The check finds each way in which a README can be wrong, and says where.
func TestDocumentationCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const block = "<!-- a/main.go -->\n```go\npackage main\n```\n"
	for name, row := range map[string]struct{ readme, want string }{
		"no Go block":                  {"# akt\n\n```sh\nls\n```\n", "README.md: it has no Go block"},
		"a block without its comment":  {block + "\n```go\npackage main\n```\n", "README.md:6: no comment such as"},
		"text after the comment":       {"<!-- a/main.go --> is this:\n```go\npackage main\n```\n", "README.md:2: no comment such as"},
		"one comment for two blocks":   {block + "```go\npackage main\n```\n", "README.md:5: no comment such as"},
		"a comment about all else":     {"<!-- see below -->\n```go\npackage main\n```\n", "README.md:2: no comment such as"},
		"a comment in another block":   {block + "```html\n<!-- a/main.go -->\n```\n```go\npackage main\n```\n", "README.md:8: no comment such as"},
		"a comment without a block":    {block + "<!-- a/main.go -->\n```sh\nls\n```\n", "README.md:5: no Go block follows <!-- a/main.go -->"},
		"a comment at the end":         {block + "<!-- a/main.go -->\n", "README.md:5: no Go block follows <!-- a/main.go -->"},
		"a file that is not there":     {"<!-- a/other.go -->\n```go\npackage main\n```\n", "README.md:2: open a/other.go: file does not exist"},
		"another text than the file's": {"<!-- a/main.go -->\n```go\npackage maim\n```\n", `README.md:3: "package maim", but a/main.go has "package main"`},
		"a line too few":               {"<!-- a/main.go -->\n```go\n```\n", `README.md:3: the end, but a/main.go has "package main"`},
		"a line too many":              {"<!-- a/main.go -->\n```go\npackage main\n\nx\n```\n", `README.md:4: "", but a/main.go has the end`},
		"only a part of the file":      {"<!-- b/main.go -->\n```go\npackage main\n```\n", `README.md:4: the end, but b/main.go has ""`},
		"another indentation":          {"<!-- a/main.go -->\n```go\n\tpackage main\n```\n", `README.md:3: "\tpackage main", but`},
		"a region that is not there":   {"<!-- b/main.go#lop -->\n```go\nx\n```\n", `README.md:2: b/main.go has no line "// region lop"`},
		"a region without an end":      {"<!-- b/main.go#open -->\n```go\nx\n```\n", `README.md:2: b/main.go: region open has no "// endregion"`},
		"a region that is there twice": {"<!-- b/main.go#twice -->\n```go\nx\n```\n", `README.md:2: b/main.go has 2 lines "// region twice"`},
		"a region without a name":      {"<!-- b/main.go# -->\n```go\nx\n```\n", "README.md:2: no comment such as"},
		"another output":               {block + "<!-- a/output.txt -->\n| b |\n|---|\n", `README.md:6: "| b |", but a/output.txt has "| a |"`},
		"an output with a line less":   {block + "<!-- a/output.txt -->\n| a |\n\ntext\n", `README.md:7: the end, but a/output.txt has "|---|"`},
		"an output with a line more":   {block + "<!-- a/output.txt -->\n| a |\n|---|\n| b |\n", `README.md:8: "| b |", but a/output.txt has the end`},
		"no output":                    {block + "<!-- a/output.txt -->\n", `README.md:6: the end, but a/output.txt has "| a |"`},
		"an output that is not there":  {block + "<!-- a/out.txt -->\n| a |\n", "README.md:5: open a/out.txt: file does not exist"},
		"a fence without an end":       {block + "```sh\nls\n", "README.md:5: this block has no end"},
		"a dead link":                  {block + "\n[a](a) and [b](nowhere)\n", "README.md:6: the link nowhere leads to no file"},
		"a dead picture":               {block + "![a](nowhere.png)\n", "README.md:5: the link nowhere.png leads to no file"},
		"a dead reference":             {block + "[a]: nowhere.md \"title\"\n", "README.md:5: the link nowhere.md leads to no file"},
		"a dead link in HTML":          {block + "<a href=\"nowhere\">\n", "README.md:5: the link nowhere leads to no file"},
		"a dead link with a fragment":  {block + "[a](nowhere.md#x)\n", "README.md:5: the link nowhere.md#x leads to no file"},
		"a link out of the repository": {block + "[a](../x)\n", "README.md:5: the link ../x leads to no file"},
		"a link to nothing":            {block + "[a]()\n", "README.md:5: the link  leads to no file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := docProblems(docFiles(row.readme))
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], row.want)
		})
	}
}

// All pages have their links checked, from where they are; a README has to be there.
func TestDocumentationCheckReadsAllPages(t *testing.T) {
	t.Parallel()
	files := docFiles("<!-- a/main.go -->\n```go\npackage main\n```\n")
	files["CONTRIBUTING.md"] = &fstest.MapFile{Data: []byte("[a](a/main.go) [b](design.md)\n")}
	files["docs/design.md"] = &fstest.MapFile{Data: []byte("[a](../a/main.go) [b](design.md)\n[c](a/main.go)\n```go\nfree()\n```\n")}
	require.Equal(t, []string{
		"CONTRIBUTING.md:1: the link design.md leads to no file",
		"docs/design.md:2: the link a/main.go leads to no file",
	}, docProblems(files))

	delete(files, "README.md")
	require.Equal(t, "open README.md: file does not exist", docProblems(files)[0])
}

// What holds for files in memory holds for a directory: the block has to change with its file.
func TestDocumentationCheckComparesFilesOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("README.md", "# x\n\n<!-- main.go#run -->\n```go\nrun(1)\n```\n")
	write("main.go", "package main\r\n\r\nfunc main() {\r\n\t// region run\r\n\trun(1)\r\n\t// endregion\r\n}\r\n")
	require.Empty(t, docProblems(os.DirFS(dir)))
	write("main.go", "package main\n\nfunc main() {\n\t// region run\n\trun(2)\n\t// endregion\n}\n")
	require.Equal(t, []string{`README.md:5: "run(1)", but main.go#run has "run(2)"`}, docProblems(os.DirFS(dir)))
}

// docFiles is a repository with this README.
func docFiles(readme string) fstest.MapFS {
	return fstest.MapFS{
		"README.md":      {Data: []byte(readme)},
		"a/main.go":      {Data: []byte("package main\n")},
		"a/output.txt":   {Data: []byte("| a |\n|---|\n")},
		"docs/design.md": {Data: []byte("# Design\n")},
		"b/main.go": {Data: []byte("package main\n\nfunc main() {\n\t// region loop\n\tfor {\n\t\twork()\n\n\t\tif done {\n\t\t\tbreak\n\t\t}\n\t}\n\t// endregion\n}\n" +
			"// region twice\n// endregion\n// region twice\n// endregion\n// region open\n")},
	}
}

// docProblems are the faults of the documentation in fsys, page by page: Go blocks and outputs of README.md that are not what a file
// of fsys contains, and links of all pages to files that are not there.
func docProblems(fsys fs.FS) (problems []string) {
	if _, err := fs.Stat(fsys, "README.md"); err != nil {
		problems = append(problems, err.Error())
	}
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, _ := fs.Glob(fsys, pattern) // fails for a bad pattern only
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := fs.ReadFile(fsys, page)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		p := &docPage{fsys: fsys, name: page, prose: docLines(text)}
		p.findBlocks()
		if page == "README.md" {
			p.checkBlocks()
			p.checkOutputs()
		}
		p.checkLinks()
		problems = append(problems, p.problems...)
	}
	return problems
}

// docPage is a page of Markdown.
type docPage struct {
	fsys     fs.FS
	name     string
	prose    []string // its lines; those of code blocks are made empty by findBlocks
	blocks   []docBlock
	problems []string
}

// docBlock is a fenced code block.
type docBlock struct {
	fence    int // the index of its first line, the fence
	language string
	lines    []string
}

func (p *docPage) problem(index int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d: %s", p.name, index+1, fmt.Sprintf(format, args...)))
}

var docFence = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([^ \t`]*)[^`]*$")

// findBlocks takes the code blocks out of the prose.
func (p *docPage) findBlocks() {
	for i := 0; i < len(p.prose); i++ {
		open := docFence.FindStringSubmatch(p.prose[i])
		if open == nil {
			continue
		}
		indent, fence := open[1], open[2]
		b := docBlock{fence: i, language: strings.ToLower(open[3])}
		p.prose[i] = ""
		for i++; i < len(p.prose); i++ {
			line := p.prose[i]
			p.prose[i] = ""
			if end := strings.TrimSpace(line); len(end) >= len(fence) && strings.Trim(end, fence[:1]) == "" {
				break
			}
			b.lines = append(b.lines, strings.TrimPrefix(line, indent))
		}
		if i == len(p.prose) {
			p.problem(b.fence, "this block has no end")
		}
		p.blocks = append(p.blocks, b)
	}
}

var docSource = regexp.MustCompile(`^\s*<!--\s*([^\s#]+\.go)(?:#([\w-]+))?\s*-->\s*$`)

// checkBlocks compares the Go blocks with their sources.
func (p *docPage) checkBlocks() {
	shown, used := false, map[int]bool{}
	for _, b := range p.blocks {
		if b.language != "go" && b.language != "golang" {
			continue
		}
		shown = true
		above := b.fence - 1
		for above > 0 && strings.TrimSpace(p.prose[above]) == "" && !p.endsBlock(above) {
			above--
		}
		var source []string
		if above >= 0 {
			source = docSource.FindStringSubmatch(p.prose[above])
		}
		if source == nil {
			p.problem(b.fence, "no comment such as <!-- examples/bank/main.go --> or <!-- examples/bank/main.go#region --> is above this Go block")
			continue
		}
		used[above] = true
		p.compare(b, source[1], source[2])
	}
	for i, line := range p.prose {
		if docSource.MatchString(line) && !used[i] {
			p.problem(i, "no Go block follows %s", strings.TrimSpace(line))
		}
	}
	if !shown {
		p.problems = append(p.problems, p.name+": it has no Go block")
	}
}

// endsBlock reports whether the last line of a code block is at this index.
func (p *docPage) endsBlock(index int) bool {
	for _, b := range p.blocks {
		if b.fence+len(b.lines)+1 == index {
			return true
		}
	}
	return false
}

// compare reports the first line in which a block differs from its source.
func (p *docPage) compare(b docBlock, file, region string) {
	text, err := fs.ReadFile(p.fsys, file)
	if err != nil {
		p.problem(b.fence, "%v", err)
		return
	}
	want, source := docLines(text), file
	if region != "" {
		source += "#" + region
		if want, err = docRegion(want, region); err != nil {
			p.problem(b.fence, "%s%v", file, err)
			return
		}
	}
	p.sameLines(b.fence+1, b.lines, source, want)
}

// sameLines reports the first line in which lines of the page, from an index on, differ from those of their source.
func (p *docPage) sameLines(index int, lines []string, source string, want []string) {
	for i := range max(len(lines), len(want)) {
		if got, want := docLineAt(lines, i), docLineAt(want, i); got != want {
			p.problem(index+i, "%s, but %s has %s", got, source, want)
			return
		}
	}
}

var docOutput = regexp.MustCompile(`^\s*<!--\s*(\S+\.txt)\s*-->\s*$`)

// checkOutputs compares the paragraphs below comments such as <!-- examples/failures/output.txt --> with those files.
func (p *docPage) checkOutputs() {
	for i, line := range p.prose {
		source := docOutput.FindStringSubmatch(line)
		if source == nil {
			continue
		}
		text, err := fs.ReadFile(p.fsys, source[1])
		if err != nil {
			p.problem(i, "%v", err)
			continue
		}
		first := i + 1
		if first < len(p.prose) && p.prose[first] == "" {
			first++
		}
		end := first
		for end < len(p.prose) && p.prose[end] != "" {
			end++
		}
		p.sameLines(first, p.prose[first:end], source[1], docLines(text))
	}
}

// docRegion is what lies between the lines "// region name" and "// endregion", without the indentation of the former.
func docRegion(lines []string, name string) (region []string, err error) {
	begin, times := 0, 0
	for i, line := range lines {
		if strings.TrimSpace(line) == "// region "+name {
			begin = i
			times++
		}
	}
	switch {
	case times == 0:
		return nil, fmt.Errorf(` has no line "// region %s"`, name)
	case times > 1:
		return nil, fmt.Errorf(` has %d lines "// region %s"`, times, name)
	}
	indent, _, _ := strings.Cut(lines[begin], "//")
	for _, line := range lines[begin+1:] {
		if strings.TrimSpace(line) == "// endregion" {
			return region, nil
		}
		region = append(region, strings.TrimPrefix(line, indent))
	}
	return nil, fmt.Errorf(`: region %s has no "// endregion"`, name)
}

var (
	docCode    = regexp.MustCompile("`[^`]+`|<!--.*?-->")
	docTargets = []*regexp.Regexp{
		regexp.MustCompile(`\]\(\s*(<[^>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)`), // [text](target "title")
		regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s*(<[^>]*>|\S+)`),                // [name]: target
		regexp.MustCompile(`(?:href|src)\s*=\s*["']([^"']*)["']`),
	}
)

// checkLinks looks for the files that the page's links lead to.
func (p *docPage) checkLinks() {
	for i, line := range p.prose {
		line = docCode.ReplaceAllString(line, "")
		for _, pattern := range docTargets {
			for _, match := range pattern.FindAllStringSubmatch(line, -1) {
				if target := strings.Trim(match[1], "<>"); !p.leadsSomewhere(target) {
					p.problem(i, "the link %s leads to no file", target)
				}
			}
		}
	}
}

// leadsSomewhere reports whether a link's target is a file or a directory; of links to elsewhere it knows nothing.
func (p *docPage) leadsSomewhere(target string) bool {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return false
	case u.Scheme != "" || u.Host != "" || u.Path == "" && u.Fragment != "":
		return true
	case u.Path == "":
		return false
	}
	name := path.Join(path.Dir(p.name), u.Path)
	if strings.HasPrefix(u.Path, "/") {
		name = path.Clean(strings.TrimPrefix(u.Path, "/"))
	}
	_, err = fs.Stat(p.fsys, name)
	return err == nil
}

// docLines are a text's lines, without the empty one after the last line's end.
func docLines(text []byte) []string {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// docLineAt is a line in quotes, or what says that there is none.
func docLineAt(lines []string, i int) string {
	if i >= len(lines) {
		return "the end"
	}
	return fmt.Sprintf("%q", lines[i])
}
