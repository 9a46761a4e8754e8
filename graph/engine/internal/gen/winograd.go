package main

import (
	"fmt"
	"slices"
)

// A transform is one of Winograd's: L x L^T for a square x of vectors, every element of which is a vector, and a small
// integer matrix L.
type transform struct {
	name, doc string
	matrix    [][]int
	// accumulate adds to the result instead of setting it; scale multiplies it by a quarter.
	accumulate, quarter bool
}

// The transforms of F(2x2, 3x3) (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.1),
// with the signs of the last rows of B^T and A changed, so that every row has a positive element to begin with. G is here
// twice the paper's, whence the quarter.
var (
	matrixB = [][]int{{1, 0, 0, 0}, {0, 1, -1, -1}, {-1, 1, 1, 0}, {0, 0, 0, 1}}
	matrixA = [][]int{{1, 0}, {1, 1}, {1, -1}, {0, 1}}
	matrixG = [][]int{{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}}

	transforms = []transform{
		{name: "winogradInput", doc: "sets dst, 4x4, to B^T src B.", matrix: transposed(matrixB)},
		{name: "winogradInputAdjoint", doc: "adds B src B^T to dst, 4x4.", matrix: matrixB, accumulate: true},
		{name: "winogradOutput", doc: "sets dst, 2x2, to A^T src A.", matrix: transposed(matrixA)},
		{name: "winogradOutputAdjoint", doc: "sets dst, 4x4, to A src A^T.", matrix: matrixA},
		{name: "winogradWeight", doc: "sets dst, 4x4, to G src G^T.", matrix: matrixG, quarter: true},
		{name: "winogradWeightAdjoint", doc: "sets dst, 3x3, to G^T src G.", matrix: transposed(matrixG), quarter: true},
	}
)

func transposed(m [][]int) [][]int {
	out := make([][]int, len(m[0]))
	for _, row := range m {
		for j, v := range row {
			out[j] = append(out[j], v)
		}
	}
	return out
}

func (t target) winograd() {
	for _, w := range transforms {
		t.transform(w)
	}
}

// Registers: pointers to the rows of a square, and its column stride once and three times.
type square struct {
	rows        []string
	once, three string
}

// at is the address of element (i, j).
func (s square) at(i, j int) string {
	if j == 0 {
		return "(" + s.rows[i] + ")"
	}
	return fmt.Sprintf("(%s)(%s)", s.rows[i], []string{s.once + "*1", s.once + "*2", s.three + "*1"}[j-1])
}

// transform generates w, row by row of the result: the rows of x that it is made of are combined as they are loaded, and
// the combination's elements are combined into the result's. The addends outnumber what a transform in place would have,
// but all stay in few registers.
func (t target) transform(w transform) {
	args := t.function(w.name, w.doc+" Element (i, j) of square s begins at s*step + i*row + j*col; n is a multiple of 16.",
		"squares int, n int, src *T, step int, row int, col int, dst *T, dstStep int, dstRow int, dstCol int", "")
	size := len(w.matrix[0])
	src := square{[]string{"AX", "BX", "CX", "DX"}[:size], "SI", "R8"}
	dst := square{[]string{"DI", "R9", "R10", "R11"}[:len(w.matrix)], "R12", "R13"}
	t.point(src, args["src"], args["row"], args["col"])
	t.point(dst, args["dst"], args["dstRow"], args["dstCol"])
	const quarter = 15
	if w.quarter {
		bits := uint64(0x3e800000)
		if t.size == 8 {
			bits = 0x3fd0000000000000
		}
		t.op("VMOVU%s %s, %s", t.s, t.constant("quarter"+t.elem.name, bits, t.size), t.v(quarter))
	}
	next, loop := t.label("square"), t.label("loop")
	t.mark(next)
	t.op("MOVQ %s, R14", args["n"])
	t.mark(loop)
	for i, row := range w.matrix {
		var combined []string // by turns in registers 0 to 3 and 4 to 7
		for j := range size {
			r := t.v(i%2*4 + j)
			t.combine(row, r, func(k int) string { return src.at(k, j) })
			combined = append(combined, r)
		}
		for p, column := range w.matrix {
			r := t.v(8 + (i*len(w.matrix)+p)%7)
			t.combine(column, r, func(k int) string { return combined[k] })
			if w.quarter {
				t.packed("VMUL", t.v(quarter), r, r)
			}
			if w.accumulate {
				t.packed("VADD", dst.at(i, p), r, r)
			}
			t.op("VMOVU%s %s, %s", t.s, r, dst.at(i, p))
		}
	}
	for _, r := range slices.Concat(src.rows, dst.rows) {
		t.op("ADDQ $%d, %s", t.bytes, r)
	}
	t.op("SUBQ $%d, R14", t.lanes())
	t.op("JGT %s", loop)
	t.advance(src.rows, args["step"], args["n"])
	t.advance(dst.rows, args["dstStep"], args["n"])
	t.op("DECQ %s", args["squares"])
	t.op("JGT %s", next)
	t.end()
}

// advance moves the pointers to a square's rows, which are past its n channels, to the next square.
func (t target) advance(rows []string, step, n string) {
	t.op("MOVQ %s, R14", step)
	t.op("SUBQ %s, R14", n)
	t.op("SHLQ $%d, R14", t.shift)
	for _, r := range rows {
		t.op("ADDQ R14, %s", r)
	}
}

// point sets the registers of a square.
func (t target) point(s square, first, row, col string) {
	t.op("MOVQ %s, %s", first, s.rows[0])
	t.op("MOVQ %s, %s", row, s.three)
	t.op("MOVQ %s, %s", col, s.once)
	for i, r := range s.rows[1:] {
		t.op("LEAQ (%s)(%s*%d), %s", s.rows[i], s.three, t.size, r)
	}
	t.op("SHLQ $%d, %s", t.shift, s.once)
	t.op("LEAQ (%s)(%s*2), %s", s.once, s.once, s.three)
}

// combine sets a register to the sum of the addends times the factors.
func (t target) combine(factors []int, to string, addend func(k int) string) {
	var add, subtract []string
	for k, f := range factors {
		for range max(f, 0) {
			add = append(add, addend(k))
		}
		for range max(-f, 0) {
			subtract = append(subtract, addend(k))
		}
	}
	t.op("VMOVU%s %s, %s", t.s, add[0], to)
	for _, a := range add[1:] {
		t.packed("VADD", a, to, to)
	}
	for _, a := range subtract {
		t.packed("VSUB", a, to, to)
	}
}
