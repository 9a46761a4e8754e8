package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

// A trial is a primitive with operands, drawn at random.
type trial struct {
	op op
	in []array[float64]
	// fixed are operands that gradients do not reach.
	fixed []int
}

// draws are random trials of every primitive whose gradient is that of its value: all but rounding.
var primitives = map[string]func(*rand.Rand) trial{
	"binary":      drawBinary,
	"unary":       drawUnary,
	"matmul":      drawMatmul,
	"convolution": drawConvolution,
	"pooling":     drawPooling,
	"reduction":   drawReduction,
	"softmax":     drawSoftmax,
	"batchNorm":   drawBatchNorm,
	"padding":     drawPadding,
	"transpose":   drawTranspose,
	"slice":       drawSlice,
	"concat":      drawConcat,
	"gather":      drawGather,
	"expand":      drawExpand,
	"choice":      drawChoice,
}

func normal(rng *rand.Rand, shape ...int) array[float64] {
	a := newArray[float64](shape)
	for i := range a.data {
		a.data[i] = rng.NormFloat64()
	}
	return a
}

func randomShape(rng *rand.Rand, rank int) []int {
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1 + rng.IntN(4)
	}
	return shape
}

// repeated is a shape that broadcasts to the given one.
func broadcastable(rng *rand.Rand, shape []int) []int {
	from := append([]int{}, shape[rng.IntN(len(shape)+1):]...)
	for i := range from {
		if rng.IntN(3) == 0 {
			from[i] = 1
		}
	}
	return from
}

func drawBinary(rng *rand.Rand) trial {
	f := []binaryFunc{add, sub, mul, div, maximum, minimum, power, prelu}[rng.IntN(8)]
	shape := randomShape(rng, 1+rng.IntN(4))
	a, b := normal(rng, shape...), normal(rng, broadcastable(rng, shape)...)
	if rng.IntN(2) == 0 && f != prelu {
		a, b = b, a
	}
	if f == power || f == div {
		for _, x := range [][]float64{a.data, b.data} {
			for i, v := range x {
				x[i] = 0.5 + math.Abs(v)
			}
		}
	}
	return trial{op: binary{f}, in: []array[float64]{a, b}}
}

// unaries are the elementwise functions that have a derivative, in order of their names.
func unaries() []unary {
	var all []unary
	for name, f := range functions {
		switch name {
		case "Ceil", "Floor", "Round": // straight through
		default:
			all = append(all, unary{name: name, function: f})
		}
	}
	k := &call{Node: &onnxio.Node{}}
	for name, choose := range map[string]func(*call) function{
		"Celu": celu, "Elu": elu, "Gelu": gelu, "HardSigmoid": hardSigmoidOf, "Selu": selu, "ThresholdedRelu": thresholdedRelu,
	} {
		all = append(all, unary{name: name, function: choose(k)})
	}
	all = append(all, leaky(0.1), leaky(-0.5), leaky(3), unary{name: "Clip", function: clamp(-0.7, 0.4)})
	slices.SortStableFunc(all, func(a, b unary) int { return strings.Compare(a.name, b.name) })
	return all
}

func drawUnary(rng *rand.Rand) trial {
	all := unaries()
	return argument(rng, all[rng.IntN(len(all))])
}

// argument draws one for a function.
func argument(rng *rand.Rand, o unary) trial {
	x := normal(rng, randomShape(rng, 1+rng.IntN(3))...)
	for i, v := range x.data {
		if o.name == "Log" || o.name == "Sqrt" || o.name == "Reciprocal" {
			x.data[i] = 0.5 + math.Abs(v)
		}
	}
	return trial{op: o, in: []array[float64]{x}}
}

func drawMatmul(rng *rand.Rand) trial {
	o := matmul{rng.IntN(2) == 0, rng.IntN(2) == 0}
	m, k, n := 1+rng.IntN(4), 1+rng.IntN(4), 1+rng.IntN(4)
	batch := randomShape(rng, rng.IntN(3))
	other := broadcastable(rng, batch)
	a, b := []int{m, k}, []int{k, n}
	if o.transA {
		a = []int{k, m}
	}
	if o.transB {
		b = []int{n, k}
	}
	if rng.IntN(2) == 0 {
		batch, other = other, batch
	}
	a, b = append(append([]int{}, batch...), a...), append(append([]int{}, other...), b...)
	switch rng.IntN(6) {
	case 0:
		o.transA, a = false, []int{k}
	case 1:
		o.transB, b = false, []int{k}
	}
	return trial{op: o, in: []array[float64]{normal(rng, a...), normal(rng, b...)}}
}

func drawWindow(rng *rand.Rand, axes int) (w window, spatial []int) {
	for range axes {
		w.kernel = append(w.kernel, 1+rng.IntN(3))
		w.stride = append(w.stride, 1+rng.IntN(2))
		w.dilation = append(w.dilation, 1+rng.IntN(2))
		w.before = append(w.before, rng.IntN(2))
		w.after = append(w.after, rng.IntN(3))
		spatial = append(spatial, 5+rng.IntN(3))
	}
	return w, spatial
}

func drawConvolution(rng *rand.Rand) trial {
	w, spatial := drawWindow(rng, 1+rng.IntN(3))
	groups, channels, filters := 1+rng.IntN(2), 1+rng.IntN(3), 1+rng.IntN(3)
	x := append([]int{1 + rng.IntN(3), groups * channels}, spatial...)
	weight := append([]int{groups * filters, channels}, w.kernel...)
	return trial{op: convolution{w, groups}, in: []array[float64]{normal(rng, x...), normal(rng, weight...)}}
}

func drawPooling(rng *rand.Rand) trial {
	w, spatial := drawWindow(rng, 1+rng.IntN(2))
	for i := range w.before { // a window on padding alone has no maximum
		w.before[i], w.after[i] = min(w.before[i], w.kernel[i]-1), min(w.after[i], w.kernel[i]-1)
	}
	w.ceil = rng.IntN(2) == 0
	x := append([]int{1 + rng.IntN(2), 1 + rng.IntN(2)}, spatial...)
	return trial{op: pooling{w, rng.IntN(2) == 0, rng.IntN(2) == 0}, in: []array[float64]{normal(rng, x...)}}
}

func drawReduction(rng *rand.Rand) trial {
	all := []reducer{reduceMean, reduceSum, reduceMax, reduceMin, reduceProd, reduceL1, reduceL2, reduceSumSquare, reduceLogSum, reduceLogSumExp}
	o := reduction{f: all[rng.IntN(len(all))], keep: rng.IntN(2) == 0}
	x := normal(rng, randomShape(rng, 1+rng.IntN(4))...)
	for i := range x.shape {
		if rng.IntN(2) == 0 {
			o.axes = append(o.axes, i)
		}
	}
	if o.f == reduceLogSum {
		for i, v := range x.data {
			x.data[i] = 0.5 + math.Abs(v)
		}
	}
	return trial{op: o, in: []array[float64]{x}}
}

func drawSoftmax(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(3))
	return trial{op: softmax{rng.IntN(len(shape)), rng.IntN(2) == 0}, in: []array[float64]{normal(rng, shape...)}}
}

func drawBatchNorm(rng *rand.Rand) trial {
	shape := randomShape(rng, 2+rng.IntN(3))
	in := []array[float64]{normal(rng, shape...)}
	for range 4 {
		in = append(in, normal(rng, shape[1]))
	}
	for i, v := range in[normVariance].data {
		in[normVariance].data[i] = 0.5 + math.Abs(v)
	}
	return trial{op: batchNorm{epsilon: 1e-5}, in: in, fixed: []int{normMean, normVariance}}
}

func drawPadding(rng *rand.Rand) trial {
	x := normal(rng, randomShape(rng, 1+rng.IntN(3))...)
	o := padding{mode: []padMode{padConstant, padReflect, padEdge, padWrap}[rng.IntN(4)], fill: 2}
	for _, d := range x.shape {
		most := 3
		if o.mode == padReflect {
			most = d - 1
		}
		o.before, o.after = append(o.before, rng.IntN(most+1)), append(o.after, rng.IntN(most+1))
		if o.mode == padConstant && rng.IntN(3) == 0 {
			o.after[len(o.after)-1] = -rng.IntN(d)
		}
	}
	return trial{op: o, in: []array[float64]{x}}
}

func drawTranspose(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(4))
	return trial{op: transpose{rng.Perm(len(shape))}, in: []array[float64]{normal(rng, shape...)}}
}

func drawSlice(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(3))
	o := wholeOf(fixedShape(shape))
	for i, d := range shape {
		n := 1 + rng.IntN(d)
		o.size[i], o.start[i] = fixed(n), rng.IntN(d-n+1)
		switch {
		case rng.IntN(3) == 0:
			o.start[i], o.step[i] = o.start[i]+n-1, -1
		case n > 1 && (n-1)*2+o.start[i] < d:
			o.step[i] = 2
		}
	}
	return trial{op: o, in: []array[float64]{normal(rng, shape...)}}
}

func drawConcat(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(3))
	o := concat{rng.IntN(len(shape))}
	t := trial{op: o}
	for range 1 + rng.IntN(3) {
		shape := append([]int{}, shape...)
		shape[o.axis] = 1 + rng.IntN(3)
		t.in = append(t.in, normal(rng, shape...))
	}
	return t
}

func drawGather(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(3))
	o := gather{axis: rng.IntN(len(shape)), indices: newArray[int](randomShape(rng, rng.IntN(3)))}
	for i := range o.indices.data {
		o.indices.data[i] = rng.IntN(2*shape[o.axis]) - shape[o.axis]
	}
	return trial{op: o, in: []array[float64]{normal(rng, shape...)}}
}

func drawExpand(rng *rand.Rand) trial {
	to := randomShape(rng, 1+rng.IntN(4))
	return trial{op: expand{fixedShape(to)}, in: []array[float64]{normal(rng, broadcastable(rng, to)...)}}
}

func drawChoice(rng *rand.Rand) trial {
	shape := randomShape(rng, 1+rng.IntN(3))
	condition := newArray[float64](broadcastable(rng, shape))
	for i := range condition.data {
		condition.data[i] = float64(rng.IntN(2))
	}
	return trial{op: choice{}, in: []array[float64]{condition, normal(rng, shape...), normal(rng, broadcastable(rng, shape)...)}, fixed: []int{0}}
}

// Each primitive's reverse is the derivative of its forward, by central differences in float64, and the same in float32.
func TestAdjoints(t *testing.T) {
	for name, draw := range primitives {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				if err := checkAdjoint(draw(rand.New(rand.NewPCG(seed, 7))), seed, false, 1+int(seed%3)); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
}

// Each function, whichever were drawn.
func TestAdjointsOfFunctions(t *testing.T) {
	for _, o := range unaries() {
		for seed := range uint64(5) {
			if err := checkAdjoint(argument(rand.New(rand.NewPCG(seed, 10)), o), seed, false, 1); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
	}
}

// In training, the batch's statistics depend on the input as well.
func TestAdjointOfBatchNormInTraining(t *testing.T) {
	for seed := range uint64(100) {
		d := drawBatchNorm(rand.New(rand.NewPCG(seed, 8)))
		if volume(d.in[0].shape)/d.in[0].shape[1] < 3 {
			continue
		}
		if err := checkAdjoint(d, seed, true, 1); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// checkAdjoint compares the gradients of sum(g * result) with differences, and those in float32 with them.
func checkAdjoint(d trial, seed uint64, training bool, threads int) error {
	single, err := singleGradients(d, seed, training, threads)
	if err != nil {
		return err
	}
	var shapes []Shape
	for _, a := range d.in {
		shapes = append(shapes, fixedShape(a.shape))
	}
	shape, err := d.op.infer(shapes)
	if err != nil {
		return fmt.Errorf("%+v: %w", d.op, err)
	}
	if volume(shape.At(1)) == 0 {
		return nil
	}
	c, err := newCrew[float64](threads)
	if err != nil {
		return err
	}
	s := newSite(c, d.in, newArray[float64](shape.At(1)))
	s.training = training
	g := normal(rand.New(rand.NewPCG(seed, 9)), shape.At(1)...).data
	for i, in := range s.in {
		in.wanted = true
		for _, f := range d.fixed {
			in.wanted = in.wanted && f != i
		}
		in.grad = make([]float64, in.size)
	}
	s.out.grad = g
	k := kernelAt(d.op, s)
	value := func() float64 {
		k.forward()
		sum := 0.0
		for i, v := range s.out.data {
			sum += v * g[i]
		}
		return sum
	}
	value()
	forget(s, k)
	k.reverse()
	for i, in := range s.in {
		if !in.wanted {
			continue
		}
		if err := compareSingle(single[i], in.grad); err != nil {
			return fmt.Errorf("%s of %v: operand %d: %w", described(d.op), shapes, i, err)
		}
		d.in[i] = array[float64]{in.shape, in.data}
		if err := compareAdjoint(in, value); err != nil {
			return fmt.Errorf("%s of %v: operand %d: %w", described(d.op), shapes, i, err)
		}
	}
	return nil
}

// described is a primitive with its attributes; functions have a name.
func described(o op) string {
	if f, ok := o.(unary); ok {
		return fmt.Sprintf("%T %s", o, f.name)
	}
	return fmt.Sprintf("%T %+v", o, o)
}

// singleGradients are the gradients by every operand in float32, which has kernels and formulas of its own; nil for a result without
// elements.
func singleGradients(d trial, seed uint64, training bool, threads int) ([][]float32, error) {
	var shapes []Shape
	var in []array[float32]
	for _, a := range d.in {
		shapes = append(shapes, fixedShape(a.shape))
		in = append(in, array[float32]{a.shape, converted[float32](a.data)})
	}
	shape, err := d.op.infer(shapes)
	if err != nil || volume(shape.At(1)) == 0 {
		return nil, err
	}
	c, err := newCrew[float32](threads)
	if err != nil {
		return nil, err
	}
	s := newSite(c, in, newArray[float32](shape.At(1)))
	s.training = training
	for i, in := range s.in {
		in.wanted = !slices.Contains(d.fixed, i)
		in.grad = make([]float32, in.size)
	}
	s.out.grad = converted[float32](normal(rand.New(rand.NewPCG(seed, 9)), shape.At(1)...).data)
	k := kernelAt(d.op, s)
	k.forward()
	k.reverse()
	var out [][]float32
	for _, in := range s.in {
		out = append(out, in.grad)
	}
	return out, nil
}

// compareSingle compares gradients in float32 with those in float64, beside the largest of these.
func compareSingle(got []float32, want []float64) error {
	top := 1.0
	for _, w := range want {
		top = max(top, math.Abs(w))
	}
	for j, w := range want {
		if e := math.Abs(float64(got[j])-w) / top; !(e < 1e-4) {
			return fmt.Errorf("element %d: gradient %v in float32, %v in float64", j, got[j], w)
		}
	}
	return nil
}

// forget overwrites what a kernel says that its reverse does not read, where reverse has no other use for it.
func forget(s *site[float64], k kernel[float64]) {
	if !retains[float64](k, result) {
		for i := range s.out.data {
			s.out.data[i] = math.NaN()
		}
	}
}

func compareAdjoint(in *operand[float64], value func() float64) error {
	const h = 1e-5
	for j, v := range in.data {
		in.data[j] = v + h
		up := value()
		in.data[j] = v - h
		down := value()
		in.data[j] = v
		middle := value()
		left, right := (middle-down)/h, (up-middle)/h
		want := (up - down) / (2 * h)
		if math.Abs(left-right) > 1e-2*max(1, math.Abs(want)) {
			continue // a kink lies between
		}
		if e := math.Abs(in.grad[j]-want) / max(1, math.Abs(want)); !(e < 1e-6) {
			return fmt.Errorf("element %d: gradient %v, differences give %v", j, in.grad[j], want)
		}
	}
	return nil
}
