package main

import "fmt"

// The kernels here take the maxima of 2x2 squares of a matrix and lead gradients back to them. The elements at even and at
// odd places of a row are brought apart within the 128-bit lanes of two registers, and so stand in an order of their own,
// by pairs of elements of float32 and by elements of float64; a permutation of 64-bit elements leads to and from it.

// Predicates of comparisons.
const equal, unordered = 0, 3

func (t target) squares() {
	t.maxSquares()
	t.maxSquaresGrad()
}

func (t target) maxSquares() {
	args := t.function("maxSquares", "sets y, rows x cols, to the maxima of squares of 2x2 elements of x, whose rows are ld "+
		"apart; a NaN is the maximum of its square.",
		"rows int, cols int, x *T, ld int, y *T", "")
	t.loadOrder(false)
	t.eachSquares(args, []string{"y"}, func(whole bool) {
		for i := range 2 {
			t.loadPart(whole, "AX", i, i)
			t.loadPart(whole, "BX", i, 2+i)
		}
		t.maximum(0, 2)
		t.maximum(1, 3)
		t.apart(0, 1, 4, 5)
		t.maximum(4, 5)
		t.reorder(4)
		t.storePart(whole, 4, "DI", 0)
	})
}

// maximum sets register a to the larger of a and b, and to NaN where one is. It spoils register 12.
func (t target) maximum(a, b int) {
	if t.masks {
		t.op("VCMP%s $%d, %s, %s, K4", t.s, unordered, t.v(b), t.v(a))
		t.op("VADD%s %s, %s, %s", t.s, t.v(b), t.v(a), t.v(12))
		t.packed("VMAX", t.v(b), t.v(a), t.v(a))
		t.op("VMOVA%s %s, K4, %s", t.s, t.v(12), t.v(a))
		return
	}
	t.op("VCMP%s $%d, %s, %s, %s", t.s, unordered, t.v(b), t.v(a), t.v(12))
	t.packed("VMAX", t.v(b), t.v(a), t.v(a))
	t.packed("VOR", t.v(12), t.v(a), t.v(a)) // all bits are a NaN
}

func (t target) maxSquaresGrad() {
	args := t.function("maxSquaresGrad", "sets the first element of each 2x2 square of dx whose element of x is the maximum, in y, or "+
		"else a NaN, to that of grad, rows x cols, and the others to zero.",
		"rows int, cols int, x *T, ld int, y *T, grad *T, dx *T", "")
	t.loadOrder(true)
	t.eachSquares(args, []string{"y", "grad"}, func(whole bool) {
		const y, g = 10, 11
		for i := range 2 {
			t.loadPart(whole, "AX", i, i)
			t.loadPart(whole, "BX", i, 2+i)
		}
		t.loadPart(whole, "DI", 0, y)
		t.loadPart(whole, "R9", 0, g)
		t.reorder(y)
		t.reorder(g)
		t.apart(0, 1, 4, 5)
		t.apart(2, 3, 6, 7)
		for x := 4; x < 8; x++ {
			t.take(x, y, g)
		}
		t.storeRow(whole, "R10", 4, 5)
		t.storeRow(whole, "R11", 6, 7)
	})
}

// storeRow stores even and odd elements of a row.
func (t target) storeRow(whole bool, row string, even, odd int) {
	t.packed("VUNPCKL", t.v(odd), t.v(even), t.v(0))
	t.packed("VUNPCKH", t.v(odd), t.v(even), t.v(1))
	t.storePart(whole, 0, row, 0)
	t.storePart(whole, 1, row, 1)
}

// take sets x to g where it is y or a NaN, and to zero elsewhere; what it takes is g's no longer. It spoils registers 8 and 9.
func (t target) take(x, y, g int) {
	if t.masks {
		t.op("VCMP%s $%d, %s, %s, K4", t.s, equal, t.v(y), t.v(x))
		t.op("VCMP%s $%d, %s, %s, K5", t.s, unordered, t.v(x), t.v(x))
		t.op("KORW K4, K5, K4")
		t.op("KNOTW K4, K5")
		t.op("VMOVA%s.Z %s, K4, %s", t.s, t.v(g), t.v(x))
		t.op("VMOVA%s.Z %s, K5, %s", t.s, t.v(g), t.v(g))
		return
	}
	t.op("VCMP%s $%d, %s, %s, %s", t.s, equal, t.v(y), t.v(x), t.v(8))
	t.op("VCMP%s $%d, %s, %s, %s", t.s, unordered, t.v(x), t.v(x), t.v(9))
	t.packed("VOR", t.v(8), t.v(9), t.v(8))
	t.packed("VAND", t.v(g), t.v(8), t.v(x))
	t.packed("VANDN", t.v(g), t.v(8), t.v(g))
}

// apart brings the elements at even and at odd places of the registers a and b apart.
func (t target) apart(a, b, even, odd int) {
	if t.size == 8 {
		t.op("VUNPCKLPD %s, %s, %s", t.v(b), t.v(a), t.v(even))
		t.op("VUNPCKHPD %s, %s, %s", t.v(b), t.v(a), t.v(odd))
		return
	}
	t.op("VSHUFPS $0x88, %s, %s, %s", t.v(b), t.v(a), t.v(even))
	t.op("VSHUFPS $0xdd, %s, %s, %s", t.v(b), t.v(a), t.v(odd))
}

// loadOrder loads what reorder needs: to the order of apart, or from it.
func (t target) loadOrder(to bool) {
	if !t.masks {
		return
	}
	name, order := "fromApart", []int{0, 2, 4, 6, 1, 3, 5, 7}
	if to {
		name, order = "toApart", []int{0, 4, 1, 5, 2, 6, 3, 7}
	}
	t.op("VMOVUPD %s, Z16", t.indices(name, order))
}

// reorder permutes a register's 64-bit elements; under AVX2 to the order of apart and from it are the same.
func (t target) reorder(i int) {
	if t.masks {
		t.op("VPERMPD Z%d, Z16, Z%d", i, i)
		return
	}
	t.op("VPERMPD $0xd8, Y%d, Y%d", i, i)
}

// indices is the address of 64-bit numbers.
func (a *assembly) indices(name string, numbers []int) string {
	if !a.constants[name] {
		a.constants[name] = true
		for i, n := range numbers {
			fmt.Fprintf(&a.data, "DATA %s<>+%d(SB)/8, $%d\n", name, 8*i, n)
		}
		fmt.Fprintf(&a.data, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n\n", name, 8*len(numbers))
	}
	return name + "<>(SB)"
}

// eachSquares runs the body for each vector of results: with the two rows of x at AX and BX, those of dx at R10 and R11 where
// the function has it, and the results, of the given names, at DI and R9. whole says that all of the vector's elements are
// there; otherwise they are under the masks.
func (t target) eachSquares(args map[string]string, results []string, body func(whole bool)) {
	rows := [][2]string{{"AX", "BX"}}
	t.op("MOVQ %s, CX", args["cols"])
	t.op("ANDQ $%d, CX", t.lanes()-1)
	t.setMasks()
	t.op("MOVQ %s, AX", args["x"])
	if args["dx"] != "" {
		rows = append(rows, [2]string{"R10", "R11"})
		t.op("MOVQ %s, R10", args["dx"])
	}
	registers := []string{"DI", "R9"}[:len(results)]
	for i, r := range registers {
		t.op("MOVQ %s, %s", args[results[i]], r)
	}
	t.op("MOVQ %s, R12", args["cols"])
	t.op("MOVQ %s, R13", args["rows"])
	t.op("MOVQ %s, R8", args["ld"])
	t.op("MOVQ R8, DX") // from the end of a row's squares to the next row but one
	t.op("SUBQ R12, DX")
	t.op("SHLQ $%d, DX", t.shift+1)
	t.op("SHLQ $%d, R8", t.shift)
	row, loop, tail, next := t.label("row"), t.label("loop"), t.label("tail"), t.label("next")
	t.mark(row)
	for _, r := range rows {
		t.op("LEAQ (%s)(R8*1), %s", r[0], r[1])
	}
	t.op("MOVQ R12, CX")
	t.mark(loop)
	t.op("CMPQ CX, $%d", t.lanes())
	t.op("JLT %s", tail)
	body(true)
	for _, r := range registers {
		t.op("ADDQ $%d, %s", t.bytes, r)
	}
	for _, r := range rows {
		t.op("ADDQ $%d, %s", 2*t.bytes, r[0])
		t.op("ADDQ $%d, %s", 2*t.bytes, r[1])
	}
	t.op("SUBQ $%d, CX", t.lanes())
	t.op("JMP %s", loop)
	t.mark(tail)
	t.op("TESTQ CX, CX")
	t.op("JLE %s", next)
	body(false)
	t.op("SHLQ $%d, CX", t.shift)
	for _, r := range registers {
		t.op("ADDQ CX, %s", r)
	}
	for _, r := range rows {
		t.op("LEAQ (%s)(CX*2), %s", r[0], r[0])
	}
	t.mark(next)
	for _, r := range rows {
		t.op("ADDQ DX, %s", r[0])
	}
	t.op("DECQ R13")
	t.op("JGT %s", row)
	t.end()
}

// setMasks makes the masks for CX squares: of their results, and of their elements in the first and the second vector of a
// row. They are mask registers 1 to 3, or vector registers 13 to 15. It spoils AX, BX and DX.
func (t target) setMasks() {
	t.op("LEAQ (CX)(CX*1), DX")
	t.op("MOVQ DX, BX")
	t.op("SUBQ $%d, BX", t.lanes()) // elements in the second vector
	if t.masks {
		t.op("MOVL $1, AX")
		t.op("SHLL CX, AX")
		t.op("DECL AX")
		t.op("KMOVW AX, K1")
		t.op("MOVQ DX, CX")
		t.op("MOVL $1, AX")
		t.op("SHLL CX, AX")
		t.op("DECL AX")
		t.op("KMOVW AX, K2")
		t.op("SHRL $%d, AX", t.lanes())
		t.op("KMOVW AX, K3")
		return
	}
	// Ones begin as many elements before the table's middle.
	t.op("XORQ AX, AX")
	t.op("CMPQ BX, AX")
	t.op("CMOVQLT AX, BX")
	t.op("SUBQ BX, DX")
	t.op("LEAQ %s, AX", t.tailMask())
	for i, count := range []string{"CX", "DX", "BX"} {
		t.op("NEGQ %s", count)
		t.op("VMOVDQU 32(AX)(%s*%d), Y%d", count, t.size, 13+i)
	}
}

// partMask is the mask of a vector at a register.
func partMask(register string, vector int) int {
	if register == "DI" || register == "R9" { // results
		return 0
	}
	return 1 + vector
}

// loadPart and storePart move a vector of a row or of the results.
func (t target) loadPart(whole bool, register string, vector, to int) {
	at, mask := fmt.Sprintf("%d(%s)", vector*t.bytes, register), partMask(register, vector)
	switch {
	case whole:
		t.op("VMOVU%s %s, %s", t.s, at, t.v(to))
	case t.masks:
		t.op("VMOVU%s.Z %s, K%d, %s", t.s, at, 1+mask, t.v(to))
	default:
		t.op("VMASKMOV%s %s, %s, %s", t.s, at, t.v(13+mask), t.v(to))
	}
}

func (t target) storePart(whole bool, from int, register string, vector int) {
	at, mask := fmt.Sprintf("%d(%s)", vector*t.bytes, register), partMask(register, vector)
	switch {
	case whole:
		t.op("VMOVU%s %s, %s", t.s, t.v(from), at)
	case t.masks:
		t.op("VMOVU%s %s, K%d, %s", t.s, t.v(from), 1+mask, at)
	default:
		t.op("VMASKMOV%s %s, %s, %s", t.s, t.v(from), t.v(13+mask), at)
	}
}
