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
	id           int // from 1, within its package
	file         string
	line, column int
	// from and to are the bytes of the operator, or of the constant's value; was and is what stands there.
	from, to int
	was, is  string
	// text is the line as it stands.
	text string
	// nth counts the mutants of the same text, from 1: a line may have a comparison twice.
	nth int
	// left and right are the ends of a comparison's operands; 0 for a constant.
	left, right int
}

func (m mutant) comparison() bool { return m.right > 0 }

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s becomes %s in: %s", m.file, m.line, m.column, m.was, m.is, m.text)
}

// key names a mutant in files, without the line's number, which moves.
func (m mutant) key() string {
	return fmt.Sprintf("%s | %s | %s -> %s | %d", m.file, m.text, m.was, m.is, m.nth)
}

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
	same := map[string]int{}
	for i := range out {
		m := &out[i]
		m.id = i + 1
		text := m.key() // with an nth of 0
		same[text]++
		m.nth = same[text]
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
	offset := func(p token.Pos) int { return set.Position(p).Offset }
	var out []mutant
	add := func(from, to token.Pos, m mutant) {
		at := set.Position(from)
		m.file, m.line, m.column, m.from, m.to = file, at.Line, at.Column, at.Offset, offset(to)
		m.was, m.text = string(source[m.from:m.to]), strings.TrimSpace(lines[m.line-1])
		out = append(out, m)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if comparesNil(n) {
				break
			}
			for _, op := range others[n.Op] {
				add(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), mutant{is: op, left: offset(n.X.Pos()), right: offset(n.Y.End())})
			}
		case *ast.ValueSpec:
			for _, v := range bounds(n.Doc.Text()) {
				add(n.Values[0].Pos(), n.Values[0].End(), mutant{is: v})
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
