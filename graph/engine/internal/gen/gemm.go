package main

import "fmt"

// gemm generates the kernel at the heart of every product. It multiplies rows of A, whose elements may lie at any
// distances, by a panel of B, whose rows may lie at any distance, into a strip of C:
//
//	C[0:rows, 0:cols] = alpha A B + beta C
//
// It goes down the strip tile by tile, and a whole tile lives in registers. B's panel is as wide as the vectors that hold
// cols, so that a product's last columns cost no more than the vectors they fill. The code for each width follows the
// other; beta = 0 never reads C.
func (t target) gemm() {
	args := t.function("gemm", fmt.Sprintf("sets c[:rows, :cols] to alpha a b + beta c, where element (i, l) of a is "+
		"a[i/%d*step+i%%%d*di+l*dl] and row l of b, in whole vectors, begins at b[l*ldb], both of depth k, and prefetches the "+
		"panel at next.", t.rows, t.rows),
		"k int, a *T, step int, di int, dl int, b *T, ldb int, next *T, c *T, ldc int, alpha T, beta T, rows int, cols int", "")
	t.op("MOVQ %s, R8", args["next"])
	narrower := make([]string, t.vectors+1)
	for width := t.vectors; width >= 1; width-- {
		if width < t.vectors {
			t.mark(narrower[width])
		}
		if width > 1 {
			narrower[width-1] = t.label("narrower")
			t.op("CMPQ %s, $%d", args["cols"], (width-1)*t.lanes())
			t.op("JLE %s", narrower[width-1])
		}
		tile := t.label("tile")
		t.mark(tile)
		t.tile(width, args)
		t.nextTile(width, tile, args)
		t.end()
	}
}

// nextTile moves on to the next tile, if there is one. When the panel at next has been asked for, A is.
func (t target) nextTile(width int, tile string, args map[string]string) {
	last := t.label("last")
	t.op("SUBQ $%d, %s", t.rows, args["rows"])
	t.op("JLE %s", last)
	t.op("MOVQ %s, SI", args["step"])
	t.op("SHLQ $%d, SI", t.shift)
	t.op("ADDQ %s, SI", args["a"])
	t.op("MOVQ SI, %s", args["a"])
	t.op("MOVQ %s, DX", args["ldc"])
	t.op("IMULQ $%d, DX", t.rows*t.size)
	t.op("ADDQ DX, %s", args["c"])
	t.op("MOVQ %s, AX", args["k"])
	t.op("IMULQ $%d, AX", width*t.bytes)
	t.op("ADDQ %s, AX", args["next"])
	t.op("CMPQ R8, AX")
	t.op("CMOVQCC SI, R8")
	t.op("JMP %s", tile)
	t.mark(last)
}

// prefetchTile asks for the tile of C, which is needed when the panels are through. Rows past the last may be asked
// for as well: a prefetch never faults.
func (t target) prefetchTile(width int, args map[string]string) {
	t.op("MOVQ %s, DX", args["c"])
	t.op("MOVQ %s, R9", args["ldc"])
	t.op("SHLQ $%d, R9", t.shift)
	for row := range t.rows {
		for at := 0; at < width*t.bytes; at += 64 {
			t.op("PREFETCHT0 %d(DX)", at)
		}
		if row < t.rows-1 {
			t.op("ADDQ R9, DX")
		}
	}
}

// rowRegisters point to the first elements of A's rows. Rows past the last are the last again.
var rowRegisters = []string{"SI", "AX", "BX", "CX", "DX", "R9", "R10", "R11"}

func (t target) rowPointers(args map[string]string) {
	t.op("MOVQ %s, SI", args["a"])
	t.op("MOVQ %s, R13", args["di"])
	t.op("SHLQ $%d, R13", t.shift)
	t.op("MOVQ %s, DI", args["rows"])
	t.op("XORQ R12, R12")
	for i, r := range rowRegisters[1:t.rows] {
		t.op("CMPQ DI, $%d", i+1)
		t.op("CMOVQLE R12, R13")
		t.op("LEAQ (%s)(R13*1), %s", rowRegisters[i], r)
	}
}

// Registers of the matrix kernel: the accumulators are the last rows*vectors ones, the first `vectors` hold a row of B
// and what lies between takes broadcast elements of A by turns.
func (t target) accumulator(row, vector int) string {
	total := 32
	if !t.masks {
		total = 16
	}
	return t.v(total - t.rows*t.vectors + row*t.vectors + vector)
}

func (t target) broadcastRegisters() int {
	if t.masks {
		return 32 - t.rows*t.vectors - t.vectors
	}
	return 16 - t.rows*t.vectors - t.vectors
}

func (t target) tile(width int, args map[string]string) {
	t.prefetchTile(width, args)
	t.rowPointers(args)
	t.op("MOVQ %s, R12", args["k"])
	t.op("MOVQ %s, DI", args["b"])
	t.op("MOVQ %s, R15", args["ldb"])
	t.op("SHLQ $%d, R15", t.shift)
	t.op("MOVQ %s, R14", args["dl"])
	t.op("SHLQ $%d, R14", t.shift)
	t.op("XORQ R13, R13")
	for row := range t.rows {
		for vector := range width {
			r := t.accumulator(row, vector)
			t.packed("VXOR", r, r, r)
		}
	}
	const unroll = 4
	loop, rest, one, done := t.label("loop"), t.label("rest"), t.label("one"), t.label("done")
	t.op("SUBQ $%d, R12", unroll)
	t.op("JLT %s", rest)
	t.mark(loop)
	for u := range unroll {
		t.rankOne(width, u)
	}
	t.op("ADDQ $%d, R8", unroll*64)
	t.op("SUBQ $%d, R12", unroll)
	t.op("JGE %s", loop)
	t.mark(rest)
	t.op("ADDQ $%d, R12", unroll)
	t.op("JLE %s", done)
	t.mark(one)
	t.rankOne(width, 0)
	t.op("ADDQ $64, R8")
	t.op("DECQ R12")
	t.op("JGT %s", one)
	t.mark(done)
	t.update(width, args)
}

// rankOne adds the product of one column of A and one row of B, and moves to the next ones. It is the u-th since R8, where
// the next panel is, was moved.
func (t target) rankOne(width, u int) {
	for vector := range width {
		t.op("VMOVU%s %d(DI), %s", t.s, vector*t.bytes, t.v(vector))
	}
	t.op("PREFETCHT0 %d(R8)", u*64)
	for row := range t.rows {
		a := t.v(t.vectors + row%t.broadcastRegisters())
		t.op("VBROADCAST%s (%s)(R13*1), %s", t.scalar, rowRegisters[row], a)
		for vector := range width {
			t.packed("VFMADD231", t.v(vector), a, t.accumulator(row, vector))
		}
	}
	t.op("ADDQ R14, R13")
	t.op("ADDQ R15, DI")
}

// update writes the accumulators to C, row by row until the rows asked for are done.
func (t target) update(width int, args map[string]string) {
	const alpha, beta, mask, old = 0, 1, 2, 3
	t.op("VBROADCAST%s %s, %s", t.scalar, args["alpha"], t.v(alpha))
	t.op("VBROADCAST%s %s, %s", t.scalar, args["beta"], t.v(beta))
	t.op("MOVQ %s, CX", args["cols"])
	if width > 1 {
		t.op("SUBQ $%d, CX", (width-1)*t.lanes())
	}
	t.setTail(mask)
	t.op("MOVQ %s, DX", args["c"])
	t.op("MOVQ %s, R9", args["ldc"])
	t.op("SHLQ $%d, R9", t.shift)
	t.op("MOVQ %s, R10", args["rows"])
	accumulate, done := t.label("accumulate"), t.label("written")
	t.zero(old)
	t.op("VUCOMI%s X%d, X%d", t.scalar, old, beta)
	t.op("JNE %s", accumulate)
	t.op("JPS %s", accumulate) // beta is NaN
	t.writeRows(width, done, false)
	t.op("JMP %s", done)
	t.mark(accumulate)
	t.writeRows(width, done, true)
	t.mark(done)
}

func (t target) writeRows(width int, done string, accumulate bool) {
	const alpha, beta, mask, old = 0, 1, 2, 3
	for row := range t.rows {
		for vector := range width {
			acc, at := t.accumulator(row, vector), fmt.Sprintf("%d(DX)", vector*t.bytes)
			t.packed("VMUL", t.v(alpha), acc, acc)
			last := vector == width-1
			if accumulate && last {
				t.loadTail(at, t.v(old), mask)
				t.packed("VFMADD231", t.v(old), t.v(beta), acc)
			} else if accumulate {
				t.packed("VFMADD231", at, t.v(beta), acc)
			}
			if last {
				t.storeTail(acc, at, mask)
			} else {
				t.op("VMOVU%s %s, %s", t.s, acc, at)
			}
		}
		if row < t.rows-1 {
			t.op("DECQ R10")
			t.op("JLE %s", done)
			t.op("ADDQ R9, DX")
		}
	}
}
