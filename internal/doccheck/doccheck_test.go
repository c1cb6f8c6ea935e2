package doccheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/doccheck"
)

// block is a Go block that is what its file is.
const block = "<!-- a/main.go -->\n```go\npackage main\n```\n"

// repository is one with this README.
func repository(readme string) fstest.MapFS {
	return fstest.MapFS{
		"README.md":    {Data: []byte(readme)},
		"a/main.go":    {Data: []byte("package main\n")},
		"a/output.txt": {Data: []byte("| a | b |\n|---|---|\n| one | `x`: why |\n| two | `y` |\n")},
		"docs/page.md": {Data: []byte("# A page, with `code`\n\n```text\n# none\n```\n## B\n")},
		"b/main.go": {Data: []byte("package main\n\nfunc main() {\n" +
			"\t// region loop\n\tfor {\n\t\twork()\n\n\t\tif done {\n\t\t\tbreak\n\t\t}\n\t}\n" +
			"\t// endregion\n}\n" +
			"// region far\n\nvar x int\n\n// endregion\n\n" +
			"// region twice\n// endregion\n// region twice\n// endregion\n// region open\n")},
	}
}

// A page may look like this.
func TestAcceptsWhatIsTrue(t *testing.T) {
	t.Parallel()
	const output = "<!-- a/output.txt -->\n" +
		"| a | b |\n|---|---|\n| one | `x`: why |\n| two | `y` |\n"
	for name, readme := range map[string]string{
		"a whole file": block,
		"a region, unindented": "<!-- b/main.go#loop -->\n" +
			"```go\nfor {\n\twork()\n\n\tif done {\n\t\tbreak\n\t}\n}\n```\n",
		"a region with empty lines around": "<!-- b/main.go#far -->\n```go\nvar x int\n```\n",
		"an empty line in between":         "<!-- a/main.go -->\n\n```go\npackage main\n```\n",
		"a block in a list": "- see\n\n  <!-- a/main.go -->\n" +
			"  ```go\n  package main\n  ```\n",
		"another fence": "<!-- a/main.go -->\n" +
			"~~~~ Go title=x\npackage main\n~~~~\n",
		"line ends of Windows":        strings.ReplaceAll(block, "\n", "\r\n"),
		"blocks that are not Go":      "```sh\ngo test\n```\n\n```\nfunc\n```\n",
		"a Go block quoted in a text": "````text\n```go\nx\n```\n````\n",
		"what a program prints":       output + "\ntext\n",
		"the same, at the end":        output,
		"the same, in a block":        fenced(output),
		"some rows, in other words": "<!-- a/output.txt: rows -->\n" +
			"| a | why |\n|---|---|\n| two | it is `y` |\n",
		"links that lead somewhere": "[a](a) [`b`](a/main.go#L1) ![c](</a/main.go>)\n\n" +
			"[d]: docs/page.md\n<img src=\"a\">\n",
		"links to headings": "[a](docs/page.md#a-page-with-code) [b](/docs/page.md#b) [c](#d)\n" +
			"### D ###\n",
		"links to other places": "[a](https://example.org/x#y) <a href='mailto:a@example.org'>\n",
		"links that are none": "`[a](nowhere)` <!-- [b](nowhere) -->\n\n" +
			"```text\n[c](nowhere)\n```\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, doccheck.Problems(repository(readme)))
		})
	}
}

// fenced puts what follows a comment into a block.
func fenced(output string) string {
	comment, text, _ := strings.Cut(output, "\n")
	return comment + "\n```text\n" + text + "```\n"
}

// Each way in which a page can be wrong is found, and its line told.
func TestFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const head = "<!-- a/output.txt: rows -->\n| a |\n|---|\n"
	for name, row := range map[string]struct{ readme, want string }{
		"a block without its comment": {
			block + "\n```go\npackage main\n```\n", "README.md:6: no comment such as",
		},
		"text after the comment": {
			"<!-- a/main.go --> is this:\n```go\npackage main\n```\n",
			"README.md:2: no comment such as",
		},
		"one comment for two blocks": {
			block + "```go\npackage main\n```\n", "README.md:5: no comment such as",
		},
		"a comment about all else": {
			"<!-- see below -->\n```go\npackage main\n```\n", "README.md:2: no comment such as",
		},
		"a comment in another block": {
			block + "```html\n<!-- a/main.go -->\n```\n```go\npackage main\n```\n",
			"README.md:8: no comment such as",
		},
		"a region without a name": {
			"<!-- b/main.go# -->\n```go\nx\n```\n", "README.md:2: no comment such as",
		},
		"a comment without a block": {
			block + "<!-- a/main.go -->\n```sh\nls\n```\n",
			"README.md:5: no Go block follows <!-- a/main.go -->",
		},
		"a comment at the end": {
			block + "<!-- a/main.go -->\n", "README.md:5: no Go block follows <!-- a/main.go -->",
		},
		"a file that is not there": {
			"<!-- a/other.go -->\n```go\npackage main\n```\n",
			"README.md:1: open a/other.go: file does not exist",
		},
		"another text than the file's": {
			"<!-- a/main.go -->\n```go\npackage maim\n```\n",
			`README.md:3: "package maim", but a/main.go has "package main"`,
		},
		"a line too few": {
			"<!-- a/main.go -->\n```go\n```\n",
			`README.md:3: the end, but a/main.go has "package main"`,
		},
		"a line too many": {
			"<!-- a/main.go -->\n```go\npackage main\n\nx\n```\n",
			`README.md:4: "", but a/main.go has the end`,
		},
		"only a part of the file": {
			"<!-- b/main.go -->\n```go\npackage main\n```\n",
			`README.md:4: the end, but b/main.go has ""`,
		},
		"another indentation": {
			"<!-- a/main.go -->\n```go\n\tpackage main\n```\n",
			`README.md:3: "\tpackage main", but`,
		},
		"a region that is not there": {
			"<!-- b/main.go#lop -->\n```go\nx\n```\n",
			`README.md:1: b/main.go has no line "// region lop"`,
		},
		"a region without an end": {
			"<!-- b/main.go#open -->\n```go\nx\n```\n",
			`README.md:1: b/main.go: region open has no "// endregion"`,
		},
		"a region that is there twice": {
			"<!-- b/main.go#twice -->\n```go\nx\n```\n",
			`README.md:1: b/main.go has 2 lines "// region twice"`,
		},
		"another output": {
			"<!-- a/output.txt -->\n| b |\n|---|\n",
			`README.md:2: "| b |", but a/output.txt has "| a | b |"`,
		},
		"an output with a line less": {
			"<!-- a/output.txt -->\n| a | b |\n|---|---|\n| one | `x`: why |\n\ntext\n",
			"README.md:5: the end, but a/output.txt has \"| two | `y` |\"",
		},
		"another output in a block": {
			"<!-- a/output.txt -->\n```text\n| b |\n```\n",
			`README.md:3: "| b |", but a/output.txt has "| a | b |"`,
		},
		"no output": {
			"<!-- a/output.txt -->\n", `README.md:2: the end, but a/output.txt has "| a | b |"`,
		},
		"an output that is not there": {
			"<!-- a/out.txt -->\n| a |\n", "README.md:1: open a/out.txt: file does not exist",
		},
		"a row that is not there": {
			head + "| three |\n", `README.md:4: a/output.txt has no row "three"`,
		},
		"a row with another code": {
			head + "| one | `z` |\n", `README.md:4: a/output.txt has no "z" in this row`,
		},
		"no rows": {
			head, "README.md:2: no table with rows follows",
		},
		"rows of what is not there": {
			"<!-- a/out.txt: rows -->\n| a |\n", "README.md:2: open a/out.txt: file does not exist",
		},
		"a fence without an end": {
			block + "```sh\nls\n", "README.md:5: this block has no end",
		},
		"a dead link": {
			block + "\n[a](a) and [b](nowhere)\n", "README.md:6: the link nowhere leads to no file",
		},
		"a dead picture": {
			"![a](nowhere.png)\n", "README.md:1: the link nowhere.png leads to no file",
		},
		"a dead reference": {
			"[a]: nowhere.md \"title\"\n", "README.md:1: the link nowhere.md leads to no file",
		},
		"a dead link in HTML": {
			"<a href=\"nowhere\">\n", "README.md:1: the link nowhere leads to no file",
		},
		"a dead link with a fragment": {
			"[a](nowhere.md#x)\n", "README.md:1: the link nowhere.md#x leads to no file",
		},
		"a heading that is not there": {
			"[a](docs/page.md#none)\n",
			"README.md:1: the link docs/page.md#none leads to no heading",
		},
		"a heading that this page lacks": {
			"# a\n[a](#b)\n", "README.md:2: the link #b leads to no heading",
		},
		"a link out of the repository": {
			"[a](../x)\n", "README.md:1: the link ../x leads to no file",
		},
		"a link to nothing": {
			"[a]()\n", "README.md:1: the link  leads to no file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := doccheck.Problems(repository(row.readme))
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], row.want)
		})
	}
}

// All pages are checked alike: links are taken from where the page is, sources from the root.
func TestReadsAllPages(t *testing.T) {
	t.Parallel()
	files := repository(block)
	files["CONTRIBUTING.md"] = &fstest.MapFile{Data: []byte("[a](a/main.go) [b](page.md)\n")}
	files["docs/page.md"] = &fstest.MapFile{Data: []byte(
		"[a](../a/main.go) [b](page.md)\n[c](a/main.go)\n" + block + "```go\nfree()\n```\n")}
	problems := doccheck.Problems(files)
	require.Len(t, problems, 3)
	require.Equal(t, "CONTRIBUTING.md:1: the link page.md leads to no file", problems[0])
	require.Equal(t, "docs/page.md:2: the link a/main.go leads to no file", problems[1])
	require.Contains(t, problems[2], "docs/page.md:7: no comment such as")
}

// What holds for files in memory holds for a directory: the block has to change with its file.
func TestComparesFilesOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("README.md", "# x\n\n<!-- main.go#run -->\n```go\nrun(1)\n```\n")
	write("main.go", "package main\r\n\r\nfunc main() {\r\n"+
		"\t// region run\r\n\trun(1)\r\n\t// endregion\r\n}\r\n")
	require.Empty(t, doccheck.Problems(os.DirFS(dir)))
	write("main.go", "package main\n\nfunc main() {\n"+
		"\t// region run\n\trun(2)\n\t// endregion\n}\n")
	require.Equal(t, []string{`README.md:5: "run(1)", but main.go#run has "run(2)"`},
		doccheck.Problems(os.DirFS(dir)))
}
