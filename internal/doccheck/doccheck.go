// Package doccheck checks the pages of a repository: README.md and its like, and those in docs.
//
// A page shows code and output of files that are compiled and run. A comment on a line of its own
// says which, by their path from the root:
//
//	<!-- examples/bank/main.go -->          the Go block that follows is this file
//	<!-- examples/bank/main.go#errors -->   it is what lies between its lines "// region errors"
//	                                        and "// endregion"
//	<!-- examples/bank/output.txt -->       the block, or the table, that follows is this file
//	<!-- examples/bank/output.txt: rows --> the table that follows has some rows of this file's
//	                                        table, told in other words: a row's first cell is the
//	                                        same, and each `code` in it is found in that row
//
// Every Go block needs such a comment, and every link has to lead to a file, and to a heading if it
// names one. Links to other places are not followed.
package doccheck

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Problems returns what is wrong with the pages in fsys, page by page, each with its line.
func Problems(fsys fs.FS) (problems []string) {
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, _ := fs.Glob(fsys, pattern) // fails for a bad pattern only
		names = append(names, found...)
	}
	for _, name := range names {
		p, err := readPage(fsys, name)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		p.checkBlocks()
		p.checkLinks()
		slices.SortStableFunc(p.problems, func(a, b problem) int {
			return cmp.Compare(a.index, b.index)
		})
		for _, found := range p.problems {
			problems = append(problems, fmt.Sprintf("%s:%d: %s", name, found.index+1, found.text))
		}
	}
	return problems
}

// page is a page of Markdown.
type page struct {
	fsys     fs.FS
	name     string
	prose    []string // its lines; those of code blocks are inCode
	blocks   []block
	problems []problem
}

// block is a fenced code block.
type block struct {
	fence    int // the index of its first line, the fence
	language string
	lines    []string
}

// problem is what is wrong with a line.
type problem struct {
	index int
	text  string
}

// inCode stands for a line of a code block. No line of a text file is like it.
const inCode = "\x00"

func (p *page) problem(index int, format string, args ...any) {
	p.problems = append(p.problems, problem{index, fmt.Sprintf(format, args...)})
}

// readPage reads a page and takes the code blocks out of its prose.
func readPage(fsys fs.FS, name string) (*page, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	p := &page{fsys: fsys, name: name, prose: splitLines(text)}
	for i := 0; i < len(p.prose); i++ {
		if open := fenceLine.FindStringSubmatch(p.prose[i]); open != nil {
			i = p.readBlock(i, open[1], open[2], strings.ToLower(open[3]))
		}
	}
	return p, nil
}

var fenceLine = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([^ \t`]*)[^`]*$")

// readBlock reads the block whose fence is at an index, and returns the index of its last line.
func (p *page) readBlock(index int, indent, fence, language string) int {
	b := block{fence: index, language: language}
	p.prose[index] = inCode
	for index++; index < len(p.prose); index++ {
		line := p.prose[index]
		p.prose[index] = inCode
		end := strings.TrimSpace(line)
		if len(end) >= len(fence) && strings.Trim(end, fence[:1]) == "" {
			break
		}
		b.lines = append(b.lines, strings.TrimPrefix(line, indent))
	}
	if index == len(p.prose) {
		p.problem(b.fence, "this block has no end")
	}
	p.blocks = append(p.blocks, b)
	return index
}

// marker is a comment that names the source of what follows: path, region, and whether it is rows.
var marker = regexp.MustCompile(
	`^\s*<!--\s*([^\s#:]+\.(?:go|txt))(?:#([\w-]+))?(: rows)?\s*-->\s*$`)

// checkBlocks compares blocks and tables with the files that they are from.
func (p *page) checkBlocks() {
	compared := map[int]bool{} // by the block's fence
	for i, line := range p.prose {
		found := marker.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		file, region, rows := found[1], found[2], found[3] != ""
		first := i + 1
		for first < len(p.prose) && strings.TrimSpace(p.prose[first]) == "" {
			first++
		}
		b, isBlock := p.blockAt(first)
		switch {
		case strings.HasSuffix(file, ".go") && !(isBlock && b.isGo()):
			p.problem(i, "no Go block follows %s", strings.TrimSpace(line))
		case isBlock:
			compared[b.fence] = true
			p.compare(i, b.fence+1, b.lines, file, region)
		case rows:
			p.checkRows(first, p.paragraph(first), file)
		default:
			p.compare(i, first, p.paragraph(first), file, region)
		}
	}
	for _, b := range p.blocks {
		if b.isGo() && !compared[b.fence] {
			p.problem(b.fence, "no comment such as <!-- examples/bank/main.go --> or "+
				"<!-- examples/bank/main.go#region --> is above this Go block")
		}
	}
}

func (b block) isGo() bool { return b.language == "go" || b.language == "golang" }

// blockAt finds the block whose fence is at an index.
func (p *page) blockAt(index int) (block, bool) {
	i := slices.IndexFunc(p.blocks, func(b block) bool { return b.fence == index })
	if i < 0 {
		return block{}, false
	}
	return p.blocks[i], true
}

// paragraph returns the lines from an index to the next empty one.
func (p *page) paragraph(first int) []string {
	end := first
	for end < len(p.prose) && p.prose[end] != "" && p.prose[end] != inCode {
		end++
	}
	return p.prose[first:end]
}

// compare reports the first line that differs from the file, or the region of it, that the comment
// at an index names.
func (p *page) compare(comment, first int, lines []string, file, region string) {
	text, err := fs.ReadFile(p.fsys, file)
	if err != nil {
		p.problem(comment, "%v", err)
		return
	}
	want, source := splitLines(text), file
	if region != "" {
		source += "#" + region
		if want, err = readRegion(want, region); err != nil {
			p.problem(comment, "%s%v", file, err)
			return
		}
	}
	for i := range max(len(lines), len(want)) {
		if got, want := lineAt(lines, i), lineAt(want, i); got != want {
			p.problem(first+i, "%s, but %s has %s", got, source, want)
			return
		}
	}
}

// readRegion returns what lies between the lines "// region name" and "// endregion", without the
// indentation of the former, and without empty lines at both ends.
func readRegion(lines []string, name string) (region []string, err error) {
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
			return splitLines([]byte(strings.Trim(strings.Join(region, "\n"), "\n"))), nil
		}
		region = append(region, strings.TrimPrefix(line, indent))
	}
	return nil, fmt.Errorf(`: region %s has no "// endregion"`, name)
}

var inlineCode = regexp.MustCompile("`([^`]+)`")

// checkRows looks for each row of a table in the table of a file. The first two lines are the head.
func (p *page) checkRows(first int, table []string, file string) {
	text, err := fs.ReadFile(p.fsys, file)
	if err != nil {
		p.problem(first, "%v", err)
		return
	}
	if len(table) < 3 {
		p.problem(first, "no table with rows follows")
		return
	}
	rows := map[string]string{}
	for _, line := range splitLines(text) {
		rows[firstCell(line)] = line
	}
	for i, line := range table[2:] {
		row, ok := rows[firstCell(line)]
		if !ok {
			p.problem(first+2+i, "%s has no row %q", file, firstCell(line))
			continue
		}
		for _, code := range inlineCode.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(row, code[1]) {
				p.problem(first+2+i, "%s has no %q in this row", file, code[1])
			}
		}
	}
}

// firstCell returns the text of a row's first cell.
func firstCell(row string) string {
	cell, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(row), "|"), "|")
	return strings.TrimSpace(cell)
}

var (
	noLinks = regexp.MustCompile("`[^`]+`|<!--.*?-->")
	links   = []*regexp.Regexp{
		// [text](target "title"), where the target may have parentheses
		regexp.MustCompile(`\]\(\s*(<[^>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)`),
		// [name]: target
		regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s*(<[^>]*>|\S+)`),
		regexp.MustCompile(`(?:href|src)\s*=\s*["']([^"']*)["']`),
	}
)

// checkLinks looks for what the page's links lead to.
func (p *page) checkLinks() {
	for i, line := range p.prose {
		line = noLinks.ReplaceAllString(line, "")
		for _, pattern := range links {
			for _, match := range pattern.FindAllStringSubmatch(line, -1) {
				target := strings.Trim(match[1], "<>")
				if missing := p.missing(target); missing != "" {
					p.problem(i, "the link %s leads to no %s", target, missing)
				}
			}
		}
	}
}

// missing says what a link's target lacks, the file or the heading; nothing for one that is there,
// or that is another site's.
func (p *page) missing(target string) string {
	u, err := url.Parse(target)
	if err != nil || target == "" {
		return "file"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	name := p.name
	switch {
	case strings.HasPrefix(u.Path, "/"):
		name = path.Clean(strings.TrimPrefix(u.Path, "/"))
	case u.Path != "":
		name = path.Join(path.Dir(p.name), u.Path)
	}
	if _, err := fs.Stat(p.fsys, name); err != nil {
		return "file"
	}
	if u.Fragment == "" || path.Ext(name) != ".md" {
		return ""
	}
	to := p
	if name != p.name {
		if to, err = readPage(p.fsys, name); err != nil {
			return "file"
		}
	}
	if !slices.Contains(to.anchors(), u.Fragment) {
		return "heading"
	}
	return ""
}

var heading = regexp.MustCompile(`^#{1,6}\s+(.*?)[\s#]*$`)

// anchors returns what links to the page's headings end with, as code hosts make it: in lower case,
// with hyphens for spaces and without other punctuation.
func (p *page) anchors() (anchors []string) {
	for _, line := range p.prose {
		found := heading.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, found[1]))
	}
	return anchors
}

// splitLines returns a text's lines, without the empty one after the last line's end.
func splitLines(text []byte) []string {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// lineAt returns a line in quotes, or what says that there is none.
func lineAt(lines []string, i int) string {
	if i >= len(lines) {
		return "the end"
	}
	return fmt.Sprintf("%q", lines[i])
}
