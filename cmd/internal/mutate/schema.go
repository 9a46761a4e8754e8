package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// instrumented is a file with every comparison replaced by a call that makes it, in the way that the environment says.
func instrumented(source string, of []mutant) string {
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	done := map[int]bool{}
	for _, m := range of {
		if !m.comparison() || done[m.from] {
			continue
		}
		done[m.from] = true
		// x < y becomes mutantLSS(ID, x, y).
		edits = append(edits, edit{m.left, fmt.Sprintf("%s(%d, ", functions[m.was], m.id)}, edit{m.from, ","}, edit{m.right, ")"})
	}
	// Where a comparison ends another may begin only after it, and one that begins within another comes first.
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(source[at:e.at])
		out.WriteString(e.text)
		at = e.at
		if e.text == "," { // in the place of the operator
			at += operatorLength(source[at:])
		}
	}
	out.WriteString(source[at:])
	return out.String()
}

// functions make a comparison.
var functions = map[string]string{"<": "mutantLSS", "<=": "mutantLEQ", ">": "mutantGTR", ">=": "mutantGEQ", "==": "mutantEQL", "!=": "mutantNEQ"}

func operatorLength(s string) int {
	if s[1] == '=' {
		return 2
	}
	return 1
}

// runtimeFile is added to the package: how an instrumented comparison is made. MUTANT is the number of the mutant that is in
// force; to REACHED, a file, the numbers of the comparisons are appended that a run comes to.
func runtimeFile(name string, mutants []mutant) string {
	var table strings.Builder
	first := map[string]int{} // the number by which a comparison calls
	for _, m := range mutants {
		if !m.comparison() {
			continue
		}
		place := fmt.Sprint(m.file, m.from)
		if first[place] == 0 {
			first[place] = m.id
		}
		fmt.Fprintf(&table, "\t%d: {%d, %q},\n", m.id, first[place], m.is)
	}
	out := fmt.Sprintf(runtimeSource, path.Base(name), len(mutants)+1, table.String())
	for _, op := range slices.Sorted(maps.Keys(functions)) {
		types, slow := "mutantCmp.Ordered", "mutantOrdered"
		if op == "==" || op == "!=" {
			types, slow = "comparable", "mutantEqual"
		}
		out += fmt.Sprintf(functionSource, functions[op], types, slow, op)
	}
	return out
}

const functionSource = `
func %[1]s[T %[2]s](id int, a, b T) bool {
	if mutantHot == id || mutantHot < 0 {
		return %[3]s(id, "%[4]s", a, b)
	}
	return a %[4]s b
}
`

const runtimeSource = `package %s

import (
	mutantCmp "cmp"
	mutantFmt "fmt"
	mutantOS "os"
	mutantConv "strconv"
	mutantAtomic "sync/atomic"
)

type mutantChange struct {
	at int
	op string
}

var (
	mutantInForce, _ = mutantConv.Atoi(mutantOS.Getenv("MUTANT"))
	mutantLog        = mutantOS.Getenv("REACHED")
	mutantReached    [%d]mutantAtomic.Bool
	mutantNow        = map[int]mutantChange{
%s	}[mutantInForce]
	mutantHot = mutantChosen() // the comparison that is changed, or -1 to note which are reached
)

func mutantChosen() int {
	if mutantLog != "" {
		return -1
	}
	return mutantNow.at
}

// mutantOp is the operator of a comparison.
func mutantOp(id int, op string) string {
	if mutantLog == "" {
		return mutantNow.op
	}
	if !mutantReached[id].Swap(true) {
		f, err := mutantOS.OpenFile(mutantLog, mutantOS.O_APPEND|mutantOS.O_CREATE|mutantOS.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		mutantFmt.Fprintln(f, id)
		f.Close()
	}
	return op
}

func mutantOrdered[T mutantCmp.Ordered](id int, op string, a, b T) bool {
	switch mutantOp(id, op) {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

func mutantEqual[T comparable](id int, op string, a, b T) bool {
	return (a == b) == (mutantOp(id, op) == "==")
}
`
