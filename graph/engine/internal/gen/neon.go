package main

import (
	"fmt"
	"go/format"
	"log"
	"strings"
)

// neon writes the matrix kernel for arm64, the only one that is worth it there: Go's assembler knows few of NEON's
// floating-point instructions beside the fused multiplication. It computes whole tiles of 8 rows by 3 vectors, in
// registers 8 to 31; registers 0 to 2 hold a row of B and 3 to 7 broadcast elements of A by turns.
func neon() (text, declarations []byte) {
	var code, decl strings.Builder
	code.WriteString(banner + "#include \"textflag.h\"\n\n")
	decl.WriteString(banner + "package engine\n\n")
	for _, e := range elems {
		lanes := 16 / e.size
		n := neonKernel{elem: e, arrangement: map[int]string{4: "S4", 2: "D2"}[lanes], code: &code}
		fmt.Fprintf(&decl, "// gemmNEON%s sets c[:8, :%d] to alpha a b + beta c for packed panels a and b of depth k > 0.\n//\n"+
			"//go:noescape\nfunc gemmNEON%s(k int, a *%s, b *%s, c *%s, ldc int, alpha %s, beta %s)\n\n",
			e.name, 3*lanes, e.name, e.goType, e.goType, e.goType, e.goType, e.goType)
		n.write()
	}
	d, err := format.Source([]byte(decl.String()))
	if err != nil {
		log.Fatal(err)
	}
	return []byte(strings.TrimRight(code.String(), "\n") + "\n"), d
}

type neonKernel struct {
	elem
	arrangement string // of a vector register's lanes
	code        *strings.Builder
}

func (n neonKernel) op(format string, args ...any) { fmt.Fprintf(n.code, "\t"+format+"\n", args...) }

func (n neonKernel) v(i int) string { return fmt.Sprintf("V%d.%s", i, n.arrangement) }

func (n neonKernel) accumulator(row, vector int) int { return 8 + row*3 + vector }

// three names registers i to i+2 as a list.
func (n neonKernel) three(i int) string {
	return fmt.Sprintf("[%s, %s, %s]", n.v(i), n.v(i+1), n.v(i+2))
}

func (n neonKernel) zero(i int) { n.op("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i) }

func (n neonKernel) write() {
	const rows = 8
	fmt.Fprintf(n.code, "TEXT ·gemmNEON%s(SB), NOSPLIT, $0-%d\n", n.name, 40+2*n.size)
	n.op("MOVD k+0(FP), R0")
	n.op("MOVD a+8(FP), R1")
	n.op("MOVD b+16(FP), R2")
	n.op("MOVD c+24(FP), R3")
	n.op("MOVD ldc+32(FP), R4")
	n.op("LSL $%d, R4, R4", n.shift)
	for i := 8; i < 32; i++ {
		n.zero(i)
	}
	fmt.Fprintln(n.code, "loop:")
	n.op("VLD1.P 48(R2), %s", n.three(0))
	for row := range rows {
		a := 3 + row%5
		n.op("VLD1R.P %d(R1), [%s]", n.size, n.v(a))
		for vector := range 3 {
			n.op("VFMLA %s, %s, %s", n.v(vector), n.v(a), n.v(n.accumulator(row, vector)))
		}
	}
	n.op("SUBS $1, R0, R0")
	n.op("BNE loop")
	n.op("MOVD $alpha+40(FP), R5")
	n.op("VLD1R (R5), [%s]", n.v(0))
	n.op("MOVD $beta+%d(FP), R5", 40+n.size)
	n.op("VLD1R (R5), [%s]", n.v(1))
	n.op("FCMP%s $(0.0), F1", n.scalar[1:])
	n.op("BEQ overwrite")
	n.update(rows, true)
	n.op("RET")
	fmt.Fprintln(n.code, "overwrite:")
	n.update(rows, false)
	n.op("RET")
	fmt.Fprintln(n.code)
}

func (n neonKernel) update(rows int, accumulate bool) {
	for row := range rows {
		if accumulate {
			n.op("VLD1 (R3), %s", n.three(2))
		}
		for vector := range 3 {
			n.zero(5 + vector)
			n.op("VFMLA %s, %s, %s", n.v(0), n.v(n.accumulator(row, vector)), n.v(5+vector))
			if accumulate {
				n.op("VFMLA %s, %s, %s", n.v(1), n.v(2+vector), n.v(5+vector))
			}
		}
		n.op("VST1 %s, (R3)", n.three(5))
		if row < rows-1 {
			n.op("ADD R4, R3, R3")
		}
	}
}
