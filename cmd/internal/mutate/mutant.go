package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is one change of one file.
type mutant struct {
	file     string
	line     int
	from, to int // bytes of the file that are replaced
	was, is  string
	// text is the line as it stands.
	text string
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s becomes %s in: %s", m.file, m.line, m.was, m.is, m.text)
}

// key names a mutant in equivalent.txt: without the line's number, which moves.
func (m mutant) key() string { return fmt.Sprintf("%s | %s | %s -> %s", m.file, m.text, m.was, m.is) }

// others are what a comparison becomes: the same but for equality, and its opposite.
var others = map[token.Token][]string{
	token.LSS: {"<=", ">="},
	token.LEQ: {"<", ">"},
	token.GTR: {">=", "<="},
	token.GEQ: {">", "<"},
	token.EQL: {"!="},
	token.NEQ: {"=="},
}

// mutantsOf lists the mutants of the package in a folder.
func mutantsOf(dir string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var out []mutant
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		found, err := mutantsIn(filepath.ToSlash(f))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no Go files", dir)
	}
	return out, nil
}

func mutantsIn(file string) ([]mutant, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(source), "\n")
	var out []mutant
	replace := func(from, to token.Pos, by string) {
		at, end := set.Position(from), set.Position(to)
		out = append(out, mutant{file: file, line: at.Line, from: at.Offset, to: end.Offset, was: string(source[at.Offset:end.Offset]), is: by,
			text: strings.TrimSpace(lines[at.Line-1])})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if comparesNil(n) {
				break
			}
			for _, op := range others[n.Op] {
				replace(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), op)
			}
		case *ast.ValueSpec:
			for _, v := range bounds(n.Doc.Text()) {
				replace(n.Values[0].Pos(), n.Values[0].End(), v)
			}
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b mutant) int { return cmp.Compare(a.from, b.from) })
	return out, nil
}

// comparesNil reports whether a comparison is with nil: what it guards fails without it, or is an error that is passed on.
func comparesNil(n *ast.BinaryExpr) bool {
	id, ok := n.Y.(*ast.Ident)
	return ok && id.Name == "nil"
}

var (
	safe      = regexp.MustCompile(`Safe: (\S+) to (\S+)\.\n$`)
	safeAbove = regexp.MustCompile(`Safe: above (\S+)\.\n$`)
)

// bounds are the values in a constant's comment that the tests must refuse.
func bounds(doc string) []string {
	for _, r := range []*regexp.Regexp{safe, safeAbove} {
		if found := r.FindStringSubmatch(doc); found != nil {
			return found[1:]
		}
	}
	return nil
}

// parseReasons reads equivalent.txt: a mutant's key in a line, its reason in the next, indented.
func parseReasons(text string) (map[string]string, error) {
	out := map[string]string{}
	key := ""
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			key = line
		case key == "":
			return nil, fmt.Errorf("equivalent.txt:%d: a reason without a mutant", i+1)
		default:
			out[key], key = strings.TrimSpace(line), ""
		}
	}
	if key != "" {
		return nil, fmt.Errorf("equivalent.txt: no reason for %s", key)
	}
	return out, nil
}
