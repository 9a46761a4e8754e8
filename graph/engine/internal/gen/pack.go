package main

// Packing moves vectors of an operand beside each other: element l of vector i goes to dst[l*width+i]. Where the vectors
// are columns of a row-major matrix that is a copy of short pieces of its rows; where they are rows it is a
// transposition.

// pack generates both. They are bound by memory, so AVX2 serves AVX-512 as well.
func (t target) pack() {
	if t.masks {
		return
	}
	t.transpose()
	t.copyColumns()
}

// transpose interleaves a group of rows, 8 of float32 or 4 of float64, which fill one register. The two halves of each
// register are loaded from rows half a group apart, so that transposing the halves gives whole columns.
func (t target) transpose() {
	args := t.function("transpose", "sets dst[l*width+i] to src[i*ld+l] for i in one vector, and l < k, a multiple of half "+
		"a vector. From row `rows` on it takes the last one again.",
		"k int, src *T, ld int, rows int, dst *T, width int", "")
	group, half := t.lanes(), t.lanes()/2
	rows := []string{"SI", "AX", "BX", "CX", "R8", "R9", "R10", "R11"}[:group]
	t.op("MOVQ %s, SI", args["src"])
	t.op("MOVQ %s, R13", args["ld"])
	t.op("SHLQ $%d, R13", t.shift)
	t.op("MOVQ %s, DI", args["rows"])
	t.op("XORQ DX, DX")
	for i, r := range rows[1:] {
		t.op("CMPQ DI, $%d", i+1)
		t.op("CMOVQLE DX, R13")
		t.op("LEAQ (%s)(R13*1), %s", rows[i], r)
	}
	t.op("MOVQ %s, DI", args["dst"])
	t.op("MOVQ %s, R12", args["width"])
	t.op("SHLQ $%d, R12", t.shift)
	t.op("MOVQ %s, R13", args["k"])
	loop, done := t.label("loop"), t.label("done")
	t.mark(loop)
	t.op("SUBQ $%d, R13", half)
	t.op("JLT %s", done)
	for i := range half {
		t.op("VMOVU%s (%s)(DX*1), X%d", t.s, rows[i], i)
		t.op("VINSERTF128 $1, (%s)(DX*1), Y%d, Y%d", rows[i+half], i, i)
	}
	for _, column := range t.transposeHalves() {
		t.op("VMOVU%s Y%d, (DI)", t.s, column)
		t.op("ADDQ R12, DI")
	}
	t.op("ADDQ $16, DX")
	t.op("JMP %s", loop)
	t.mark(done)
	t.end()
}

// transposeHalves transposes the two halves of registers 0 and 1, or 0 to 3, and returns the registers of the result.
func (t target) transposeHalves() []int {
	if t.size == 8 {
		t.op("VUNPCKLPD Y1, Y0, Y2")
		t.op("VUNPCKHPD Y1, Y0, Y3")
		return []int{2, 3}
	}
	t.op("VUNPCKLPS Y1, Y0, Y4") // a0 b0 a1 b1
	t.op("VUNPCKHPS Y1, Y0, Y5") // a2 b2 a3 b3
	t.op("VUNPCKLPS Y3, Y2, Y6") // c0 d0 c1 d1
	t.op("VUNPCKHPS Y3, Y2, Y7") // c2 d2 c3 d3
	t.op("VUNPCKLPD Y6, Y4, Y8") // a0 b0 c0 d0
	t.op("VUNPCKHPD Y6, Y4, Y9")
	t.op("VUNPCKLPD Y7, Y5, Y10")
	t.op("VUNPCKHPD Y7, Y5, Y11")
	return []int{8, 9, 10, 11}
}

// copyColumns copies pieces of `width` elements.
func (t target) copyColumns() {
	const mask = 12
	args := t.function("copyColumns", "sets dst[l*width+i] to src[l*ld+i] for i < width and l < k.",
		"k int, src *T, ld int, dst *T, width int", "")
	t.op("MOVQ %s, SI", args["src"])
	t.op("MOVQ %s, R9", args["ld"])
	t.op("SHLQ $%d, R9", t.shift)
	t.op("MOVQ %s, DI", args["dst"])
	t.op("MOVQ %s, R12", args["width"])
	t.op("MOVQ %s, R13", args["k"])
	t.op("MOVQ R12, CX")
	t.op("ANDQ $%d, CX", t.lanes()-1)
	t.setTail(mask)
	t.op("SUBQ CX, R12") // elements in whole vectors
	t.op("SHLQ $%d, R12", t.shift)
	t.op("SHLQ $%d, CX", t.shift)
	row, next, vector, tail, done := t.label("row"), t.label("next"), t.label("vector"), t.label("tail"), t.label("done")
	t.mark(row)
	t.op("DECQ R13")
	t.op("JLT %s", done)
	t.op("XORQ DX, DX")
	t.mark(vector)
	t.op("CMPQ DX, R12")
	t.op("JGE %s", tail)
	t.op("VMOVU%s (SI)(DX*1), Y0", t.s)
	t.op("VMOVU%s Y0, (DI)(DX*1)", t.s)
	t.op("ADDQ $%d, DX", t.bytes)
	t.op("JMP %s", vector)
	t.mark(tail)
	t.op("ADDQ R12, DI")
	t.op("TESTQ CX, CX")
	t.op("JZ %s", next)
	t.loadTail("(SI)(DX*1)", "Y0", mask)
	t.storeTail("Y0", "(DI)", mask)
	t.op("ADDQ CX, DI")
	t.mark(next)
	t.op("ADDQ R9, SI")
	t.op("JMP %s", row)
	t.mark(done)
	t.end()
}
