package main

import (
	"fmt"
	"strings"
)

// A mapping is an elementwise kernel. Its body finds the k-th input vector in register k and the scalars by name, may
// use registers up to 11, and returns the registers that hold the outputs.
type mapping struct {
	name, doc string
	outs, ins []string // vectors; a name in both is updated in place
	scalars   []string
	body      func(t target, scalar map[string]string) []int
}

// The elementwise kernels of a step. s is the surrogate derivative: slope + (1 - slope) sigmoid(alpha z).
var mappings = []mapping{
	{
		name: "exp", doc: "sets dst to e^x; results below four times the smallest normal number are 0.",
		outs: []string{"dst"}, ins: []string{"x"},
		body: func(t target, _ map[string]string) []int { return []int{t.exp(0, 1, 2, 3)} },
	},
	{
		name: "sigmoid", doc: "sets dst to 1/(1+e^(-alpha z)), and to 0 where alpha z <= -40.",
		outs: []string{"dst"}, ins: []string{"z"}, scalars: []string{"alpha"},
		body: func(t target, c map[string]string) []int { return []int{t.sigmoid(c["alpha"], 0, 1, 2, 3)} },
	},
	{
		name: "relu", doc: "sets dst to max(z, slope z).",
		outs: []string{"dst"}, ins: []string{"z"}, scalars: []string{"slope"},
		body: func(t target, c map[string]string) []int {
			t.packed("VMUL", c["slope"], t.v(0), t.v(1))
			t.packed("VMAX", t.v(0), t.v(1), t.v(1))
			return []int{1}
		},
	},
	{
		name: "activate",
		doc:  "sets h to max(z+b, slope (z+b)) and s to slope + rise sigmoid(alpha (z+b)), where rise is 1 - slope.",
		outs: []string{"h", "s"}, ins: []string{"z", "b"}, scalars: []string{"alpha", "slope", "rise"},
		body: func(t target, c map[string]string) []int {
			t.packed("VADD", t.v(1), t.v(0), t.v(0))
			t.packed("VMUL", c["slope"], t.v(0), t.v(4))
			t.packed("VMAX", t.v(0), t.v(4), t.v(4))
			s := t.sigmoid(c["alpha"], 0, 1, 2, 3)
			t.packed("VMUL", c["rise"], t.v(s), t.v(s))
			t.packed("VADD", c["slope"], t.v(s), t.v(s))
			return []int{4, s}
		},
	},
	{
		name: "tangent",
		doc:  "sets ubar to grad s and zbar to grad u scale (s-slope) (1-s): the reverse of delta = u s for grad = dL/ddelta.",
		outs: []string{"ubar", "zbar"}, ins: []string{"grad", "u", "s"}, scalars: []string{"scale", "slope"},
		body: func(t target, c map[string]string) []int {
			t.packed("VSUB", c["slope"], t.v(2), t.v(3)) // s - slope
			t.packed("VMUL", t.v(3), t.v(2), t.v(4))
			t.packed("VSUB", t.v(4), t.v(3), t.v(3)) // (s - slope)(1 - s)
			t.packed("VMUL", c["scale"], t.v(3), t.v(3))
			t.packed("VMUL", t.v(1), t.v(3), t.v(3))
			t.packed("VMUL", t.v(0), t.v(3), t.v(3))
			t.packed("VMUL", t.v(0), t.v(2), t.v(4))
			return []int{4, 3}
		},
	},
	{
		name: "excess", doc: "sets dst to what x lies above high, or, negative, below low.",
		outs: []string{"dst"}, ins: []string{"x"}, scalars: []string{"low", "high"},
		body: func(t target, c map[string]string) []int {
			t.packed("VMAX", t.v(0), c["low"], t.v(1))
			t.packed("VMIN", t.v(1), c["high"], t.v(1))
			t.packed("VSUB", t.v(1), t.v(0), t.v(1))
			return []int{1}
		},
	},
	{
		name: "reluGrad", doc: "sets dst to grad where y > 0, and to slope grad elsewhere.",
		outs: []string{"dst"}, ins: []string{"grad", "y"}, scalars: []string{"slope"},
		body: func(t target, c map[string]string) []int {
			t.zero(2)
			t.packed("VMUL", c["slope"], t.v(0), t.v(3))
			const greater = 0x1e
			if t.masks {
				t.op("VCMP%s $%d, %s, %s, K2", t.s, greater, t.v(2), t.v(1))
				t.op("VBLENDM%s %s, %s, K2, %s", t.s, t.v(0), t.v(3), t.v(3))
			} else {
				t.op("VCMP%s $%d, %s, %s, %s", t.s, greater, t.v(2), t.v(1), t.v(2))
				t.op("VBLENDV%s %s, %s, %s, %s", t.s, t.v(2), t.v(0), t.v(3), t.v(3))
			}
			return []int{3}
		},
	},
	{
		name: "affine", doc: "sets dst to factor x + offset.",
		outs: []string{"dst"}, ins: []string{"x"}, scalars: []string{"factor", "offset"},
		body: func(t target, c map[string]string) []int {
			t.packed("VMUL", c["factor"], t.v(0), t.v(1))
			t.packed("VADD", c["offset"], t.v(1), t.v(1))
			return []int{1}
		},
	},
	{
		name: "add", doc: "sets dst to x + y.",
		outs: []string{"dst"}, ins: []string{"x", "y"},
		body: func(t target, _ map[string]string) []int {
			t.packed("VADD", t.v(0), t.v(1), t.v(1))
			return []int{1}
		},
	},
	{
		name: "mul", doc: "sets dst to x y.",
		outs: []string{"dst"}, ins: []string{"x", "y"},
		body: func(t target, _ map[string]string) []int {
			t.packed("VMUL", t.v(0), t.v(1), t.v(1))
			return []int{1}
		},
	},
	{
		name: "mulAdd", doc: "adds x y to dst.",
		outs: []string{"dst"}, ins: []string{"dst", "x", "y"},
		body: func(t target, _ map[string]string) []int {
			t.packed("VFMADD231", t.v(1), t.v(2), t.v(0))
			return []int{0}
		},
	},
	{
		name: "axpy", doc: "adds alpha x to dst.",
		outs: []string{"dst"}, ins: []string{"dst", "x"}, scalars: []string{"alpha"},
		body: func(t target, c map[string]string) []int {
			t.packed("VFMADD231", c["alpha"], t.v(1), t.v(0))
			return []int{0}
		},
	},
}

// maps generates the elementwise kernels and the inner product.
func (t target) maps() {
	for _, m := range mappings {
		t.mapping(m)
	}
	t.dot("dot", "returns the inner product of x and y, accumulated in float64.", true)
	t.dot("sum", "returns the sum of x, accumulated in float64.", false)
}

// mapping generates m: whole vectors, then what is left under a mask.
func (t target) mapping(m mapping) {
	const mask = 12
	streams := append([]string{}, m.outs...)
	for _, in := range m.ins {
		if !contains(streams, in) {
			streams = append(streams, in)
		}
	}
	list := "n int, " + strings.Join(streams, " *T, ") + " *T"
	if len(m.scalars) > 0 {
		list += ", " + strings.Join(m.scalars, " T, ") + " T"
	}
	args := t.function(m.name, m.doc, list, "")
	pointer := map[string]string{}
	for i, s := range streams {
		pointer[s] = []string{"SI", "DI", "R8", "R9", "R10"}[i]
		t.op("MOVQ %s, %s", args[s], pointer[s])
	}
	scalar := map[string]string{}
	for i, s := range m.scalars {
		scalar[s] = t.v(15 - i)
		t.op("VBROADCAST%s %s, %s", t.scalar, args[s], scalar[s])
	}
	t.op("MOVQ %s, CX", args["n"])
	loop, tail, done := t.label("loop"), t.label("tail"), t.label("done")
	t.mark(loop)
	t.op("CMPQ CX, $%d", t.lanes())
	t.op("JLT %s", tail)
	for i, in := range m.ins {
		t.op("VMOVU%s (%s), %s", t.s, pointer[in], t.v(i))
	}
	for i, r := range m.body(t, scalar) {
		t.op("VMOVU%s %s, (%s)", t.s, t.v(r), pointer[m.outs[i]])
	}
	for _, s := range streams {
		t.op("ADDQ $%d, %s", t.bytes, pointer[s])
	}
	t.op("SUBQ $%d, CX", t.lanes())
	t.op("JMP %s", loop)
	t.mark(tail)
	t.op("TESTQ CX, CX")
	t.op("JLE %s", done)
	t.setTail(mask)
	for i, in := range m.ins {
		t.loadTail(fmt.Sprintf("(%s)", pointer[in]), t.v(i), mask)
	}
	for i, r := range m.body(t, scalar) {
		t.storeTail(t.v(r), fmt.Sprintf("(%s)", pointer[m.outs[i]]), mask)
	}
	t.mark(done)
	t.end()
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// dot generates the inner product, or the sum of x alone. Float32 elements are widened first, so that sums of squares over millions of
// elements keep their digits. Four accumulators hide the addition's latency.
func (t target) dot(name, doc string, product bool) {
	list := "n int, x *T"
	if product {
		list += ", y *T"
	}
	args := t.function(name, doc, list, "float64")
	t.op("MOVQ %s, CX", args["n"])
	t.op("MOVQ %s, SI", args["x"])
	if product {
		t.op("MOVQ %s, DI", args["y"])
	}
	for i := range 4 {
		t.op("VXORPD %s, %s, %s", t.v(i), t.v(i), t.v(i))
	}
	wide := target{isa: t.isa, elem: elems[1], assembly: t.assembly}
	loop, rest, one, done := t.label("loop"), t.label("rest"), t.label("one"), t.label("done")
	step := wide.lanes() // elements of x for one vector of float64
	t.op("SUBQ $%d, CX", 4*step)
	t.op("JLT %s", rest)
	t.mark(loop)
	for i := range 4 {
		at := i * step * t.size
		t.widen(fmt.Sprintf("%d(SI)", at), t.v(4+i))
		if product {
			t.widen(fmt.Sprintf("%d(DI)", at), t.v(8+i))
			wide.packed("VFMADD231", t.v(4+i), t.v(8+i), t.v(i))
		} else {
			wide.packed("VADD", t.v(4+i), t.v(i), t.v(i))
		}
	}
	t.op("ADDQ $%d, SI", 4*step*t.size)
	if product {
		t.op("ADDQ $%d, DI", 4*step*t.size)
	}
	t.op("SUBQ $%d, CX", 4*step)
	t.op("JGE %s", loop)
	t.mark(rest)
	wide.packed("VADD", t.v(1), t.v(0), t.v(0))
	wide.packed("VADD", t.v(3), t.v(2), t.v(2))
	wide.packed("VADD", t.v(2), t.v(0), t.v(0))
	if t.masks {
		t.op("VEXTRACTF64X4 $1, Z0, Y1")
		t.op("VADDPD Y1, Y0, Y0")
	}
	t.op("VEXTRACTF128 $1, Y0, X1")
	t.op("VADDPD X1, X0, X0")
	t.op("VPERMILPD $1, X0, X1")
	t.op("VADDSD X1, X0, X0")
	t.op("ADDQ $%d, CX", 4*step)
	t.mark(one)
	t.op("TESTQ CX, CX")
	t.op("JLE %s", done)
	t.widenOne("(SI)", 4)
	if product {
		t.widenOne("(DI)", 5)
		t.op("VFMADD231SD X4, X5, X0")
		t.op("ADDQ $%d, DI", t.size)
	} else {
		t.op("VADDSD X4, X0, X0")
	}
	t.op("ADDQ $%d, SI", t.size)
	t.op("DECQ CX")
	t.op("JMP %s", one)
	t.mark(done)
	t.op("VMOVSD X0, %s", args["ret"])
	t.end()
}

// widen loads a vector of float64 from as many elements.
func (t target) widen(from, to string) {
	if t.size == 4 {
		t.op("VCVTPS2PD %s, %s", from, to)
	} else {
		t.op("VMOVUPD %s, %s", from, to)
	}
}

// widenOne loads a float64 from one element.
func (t target) widenOne(from string, to int) {
	t.op("VMOV%s %s, X%d", t.scalar, from, to)
	if t.size == 4 {
		t.op("VCVTSS2SD X%d, X%d, X%d", to, to, to)
	}
}
