package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

// nd is an array of the naive evaluation below, which shares no code with the package.
type nd struct {
	shape []int
	data  []float64
}

// filled computes each element from its index.
func filled(shape []int, f func(i []int) float64) nd {
	n := 1
	for _, d := range shape {
		n *= d
	}
	out := nd{slices.Clone(shape), make([]float64, n)}
	index := make([]int, len(shape))
	for at := range out.data {
		for k, rest := len(shape)-1, at; k >= 0; k-- {
			index[k] = rest % shape[k]
			rest /= shape[k]
		}
		out.data[at] = f(slices.Clone(index))
	}
	return out
}

func (a nd) at(i []int) float64 {
	place := 0
	for k, d := range a.shape {
		place = place*d + i[k]
	}
	return a.data[place]
}

func with(list []int, k, v int) []int {
	out := slices.Clone(list)
	out[k] = v
	return out
}

// must ends a naive evaluation that the standard does not define.
func must(ok bool) {
	if !ok {
		panic(errUndefined)
	}
}

var errUndefined = errors.New("shapes do not fit")

// link is one node of a chain: what the file says, and what it means.
type link struct {
	op     string
	attrs  []onnxio.Attribute
	consts []*onnxio.Tensor
	// twice reads the value before as second operand, too; left puts the constant first.
	twice, left bool
	mean        func(x nd) nd
	// earlier, where it is not 0, is the link whose result is the second operand, counted from 1; join is what that means.
	earlier int
	join    func(x, y nd) nd
	// filled puts an array of the value's shape, full of ones, behind it.
	filled bool
}

func axisTake(axis int, picks []int) func(nd) nd {
	return func(x nd) nd {
		must(axis < len(x.shape))
		for _, p := range picks {
			must(p >= -x.shape[axis] && p < x.shape[axis])
		}
		return filled(with(x.shape, axis, len(picks)), func(i []int) float64 {
			return x.at(with(i, axis, (picks[i[axis]]+x.shape[axis])%x.shape[axis]))
		})
	}
}

func reshapeTo(x nd, target []int) nd {
	to, open, n := slices.Clone(target), -1, 1
	for i, d := range to {
		switch d {
		case 0:
			must(i < len(x.shape))
			to[i] = x.shape[i]
		case -1:
			open = i
			continue
		}
		n *= to[i]
	}
	if open >= 0 {
		must(n > 0 && len(x.data)%n == 0)
		to[open] = len(x.data) / n
		n *= to[open]
	}
	must(n == len(x.data))
	return nd{to, x.data}
}

func softmaxOf(x nd, axis int, flat bool) nd {
	must(axis < len(x.shape))
	if flat {
		n := 1
		for _, d := range x.shape[:axis] {
			n *= d
		}
		return nd{x.shape, softmaxOf(reshapeTo(x, []int{n, -1}), 1, false).data}
	}
	return filled(x.shape, func(i []int) float64 {
		sum := 0.0
		for j := range x.shape[axis] {
			sum += math.Exp(x.at(with(i, axis, j)))
		}
		return math.Exp(x.at(i)) / sum
	})
}

func reduceOf(x nd, axis int, keep, largest bool) nd {
	must(axis < len(x.shape))
	out := filled(with(x.shape, axis, 1), func(i []int) float64 {
		sum, top := 0.0, math.Inf(-1)
		for j := range x.shape[axis] {
			v := x.at(with(i, axis, j))
			sum, top = sum+v, max(top, v)
		}
		if largest {
			return top
		}
		return sum / float64(x.shape[axis])
	})
	if !keep {
		out.shape = slices.Delete(out.shape, axis, axis+1)
	}
	return out
}

// convOf is a convolution of [n, c, h, w] with [f, c, 2, 2], with padding 1 at the top left and none elsewhere.
func convOf(x, w nd) nd {
	must(len(x.shape) == 4 && x.shape[1] == w.shape[1])
	return filled([]int{x.shape[0], w.shape[0], x.shape[2], x.shape[3]}, func(i []int) (sum float64) {
		for c := range w.shape[1] {
			for a := range 2 {
				for b := range 2 {
					if y, z := i[2]+a-1, i[3]+b-1; y >= 0 && z >= 0 {
						sum += x.at([]int{i[0], c, y, z}) * w.at([]int{i[1], c, a, b})
					}
				}
			}
		}
		return sum
	})
}

// chain is a random model in the making. now is its value for the batch that it is made at.
type chain struct {
	rng   *rand.Rand
	opset int64
	batch int
	open  bool
	now   nd
	links []link
	past  []nd // what now was after each link
}

func (c *chain) random(shape ...int) (*onnxio.Tensor, nd) {
	a := filled(shape, func([]int) float64 { return float64(float32(c.rng.NormFloat64())) })
	data := make([]float32, len(a.data))
	for i, v := range a.data {
		data[i] = float32(v)
	}
	return &onnxio.Tensor{DType: onnxio.Float32, Shape: slices.Clone(shape), Float32s: data}, a
}

func wide(list []int) []int64 {
	out := make([]int64, len(list))
	for i, n := range list {
		out[i] = int64(n)
	}
	return out
}

func constants(list ...int) *onnxio.Tensor { return ints("", wide(list)...) }

// axes states axes as the opset has it.
func (c *chain) axes(op string, mean func(nd) nd, axes ...int) link {
	if c.opset >= 13 {
		return link{op: op, consts: []*onnxio.Tensor{constants(axes...)}, mean: mean}
	}
	return link{op: op, attrs: []onnxio.Attribute{intsAttr("axes", wide(axes)...)}, mean: mean}
}

// target is a random target for a Reshape of the value at hand.
func (c *chain) target() []int {
	n, shape := len(c.now.data), c.now.shape
	switch c.rng.IntN(5) {
	case 0:
		return []int{c.batch, n / c.batch}
	case 1:
		return []int{c.batch, -1}
	case 2:
		return []int{-1, shape[max(len(shape)-1, 0)]}
	case 3:
		if len(shape) > 1 {
			return []int{0, -1}
		}
	}
	var to []int
	for rest := n; len(to) < 4; {
		d := 1 + c.rng.IntN(7)
		if rest%d == 0 {
			to, rest = append(to, d), rest/d
		} else if c.rng.IntN(3) == 0 {
			to, rest = append(to, rest), 1
		}
		if rest == 1 && c.rng.IntN(2) == 0 {
			break
		}
	}
	if product := volumeOf(to); product != n || len(to) == 0 {
		to = append(to, n/product)
	}
	if c.rng.IntN(3) == 0 {
		to[c.rng.IntN(len(to))] = -1
	}
	return to
}

func volumeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// propose makes up a node for the value at hand.
func (c *chain) propose() link {
	rank := len(c.now.shape)
	if rank == 0 {
		return c.axes("Unsqueeze", func(x nd) nd { return nd{[]int{1}, x.data} }, 0)
	}
	axis := c.rng.IntN(rank)
	d := c.now.shape[axis]
	one := func(name string, n int) []onnxio.Attribute { return []onnxio.Attribute{intAttr(name, int64(n))} }
	switch c.rng.IntN(19) {
	case 0, 1:
		perm := c.rng.Perm(rank)
		return link{op: "Transpose", attrs: []onnxio.Attribute{intsAttr("perm", wide(perm)...)}, mean: func(x nd) nd {
			must(len(x.shape) == len(perm))
			shape := make([]int, len(perm))
			for i, p := range perm {
				shape[i] = x.shape[p]
			}
			return filled(shape, func(i []int) float64 {
				from := make([]int, len(i))
				for k, p := range perm {
					from[p] = i[k]
				}
				return x.at(from)
			})
		}}
	case 2, 3, 4:
		to := c.target()
		return link{op: "Reshape", consts: []*onnxio.Tensor{constants(to...)}, mean: func(x nd) nd { return reshapeTo(x, to) }}
	case 5:
		return link{op: "Concat", attrs: one("axis", axis), twice: true, mean: func(x nd) nd {
			must(axis < len(x.shape))
			var picks []int
			for j := range 2 * x.shape[axis] {
				picks = append(picks, j%x.shape[axis])
			}
			return axisTake(axis, picks)(x)
		}}
	case 6:
		repeats := slices.Repeat([]int{1}, rank)
		repeats[axis] = 2
		return link{op: "Tile", consts: []*onnxio.Tensor{constants(repeats...)}, mean: func(x nd) nd {
			must(len(x.shape) == rank)
			return filled(with(x.shape, axis, 2*x.shape[axis]), func(i []int) float64 { return x.at(with(i, axis, i[axis]%x.shape[axis])) })
		}}
	case 7:
		start, end, step := c.rng.IntN(d), 1+c.rng.IntN(d), 1
		if c.rng.IntN(3) == 0 {
			start, end, step = -1, math.MinInt32, -1
		}
		return link{op: "Slice", consts: []*onnxio.Tensor{constants(start), constants(end), constants(axis), constants(step)}, mean: func(x nd) nd {
			must(axis < len(x.shape))
			var picks []int
			for j := range x.shape[axis] {
				if step < 0 {
					picks = append(picks, x.shape[axis]-1-j)
				} else if j >= start && j < end {
					picks = append(picks, j)
				}
			}
			must(len(picks) > 0)
			return axisTake(axis, picks)(x)
		}}
	case 8:
		squeezed := func(x nd, at int) nd {
			must(at < len(x.shape) && x.shape[at] == 1)
			return nd{slices.Delete(slices.Clone(x.shape), at, at+1), x.data}
		}
		if c.rng.IntN(2) == 0 {
			return c.axes("Squeeze", func(x nd) nd { return squeezed(x, axis) }, axis)
		}
		return link{op: "Squeeze", mean: func(x nd) nd {
			return nd{slices.DeleteFunc(slices.Clone(x.shape), func(n int) bool { return n == 1 }), x.data}
		}}
	case 9:
		return c.axes("Unsqueeze", func(x nd) nd {
			must(axis <= len(x.shape))
			return nd{slices.Insert(slices.Clone(x.shape), axis, 1), x.data}
		}, axis)
	case 10:
		picks := []int{c.rng.IntN(d), -1 - c.rng.IntN(d), c.rng.IntN(d)}[:1+c.rng.IntN(3)]
		if c.rng.IntN(3) > 0 {
			return link{op: "Gather", attrs: one("axis", axis), consts: []*onnxio.Tensor{constants(picks...)}, mean: axisTake(axis, picks)}
		}
		index := &onnxio.Tensor{DType: onnxio.Int64, Shape: []int{}, Int64s: []int64{int64(picks[0])}}
		return link{op: "Gather", attrs: one("axis", axis), consts: []*onnxio.Tensor{index}, mean: func(x nd) nd {
			y := axisTake(axis, picks[:1])(x)
			return nd{slices.Delete(y.shape, axis, axis+1), y.data}
		}}
	case 11:
		return c.product()
	case 12:
		if rank == 4 {
			t, w := c.random(1+c.rng.IntN(3), c.now.shape[1], 2, 2)
			return link{op: "Conv", attrs: []onnxio.Attribute{intsAttr("pads", 1, 1, 0, 0)}, consts: []*onnxio.Tensor{t}, mean: func(x nd) nd { return convOf(x, w) }}
		}
		return c.product()
	case 16:
		if len(c.links) > 0 {
			return c.joined(axis)
		}
	case 17:
		return link{op: "Concat", attrs: one("axis", axis), filled: true, mean: func(x nd) nd {
			must(axis < len(x.shape))
			return concatOf(x, filled(x.shape, func([]int) float64 { return 1 }), axis)
		}}
	case 13:
		return link{op: "Relu", mean: func(x nd) nd { return filled(x.shape, func(i []int) float64 { return max(x.at(i), 0) }) }}
	case 14:
		return link{op: "Softmax", attrs: one("axis", axis), mean: func(x nd) nd { return softmaxOf(x, axis, c.opset < 13) }}
	case 15:
		keep, largest := c.rng.IntN(2), c.rng.IntN(2) == 0
		op := "ReduceMean"
		if largest {
			op = "ReduceMax"
		}
		return link{op: op, attrs: append(one("keepdims", keep), intsAttr("axes", int64(axis))), mean: func(x nd) nd { return reduceOf(x, axis, keep == 1, largest) }}
	}
	shape := slices.Repeat([]int{1}, rank)
	shape[axis] = d
	t, b := c.random(shape...)
	return link{op: "Add", consts: []*onnxio.Tensor{t}, mean: func(x nd) nd {
		must(axis < len(x.shape) && len(x.shape) == rank && (x.shape[axis] == d || d == 1 || x.shape[axis] == 1))
		to := x.shape
		if x.shape[axis] == 1 {
			to = with(x.shape, axis, d)
		}
		return filled(to, func(i []int) float64 {
			return x.at(with(i, axis, i[axis]%x.shape[axis])) + b.data[i[axis]%d]
		})
	}}
}

func concatOf(x, y nd, axis int) nd {
	must(len(x.shape) == len(y.shape) && axis < len(x.shape) && slices.Equal(with(x.shape, axis, 0), with(y.shape, axis, 0)))
	return filled(with(x.shape, axis, x.shape[axis]+y.shape[axis]), func(i []int) float64 {
		if i[axis] < x.shape[axis] {
			return x.at(i)
		}
		return y.at(with(i, axis, i[axis]-x.shape[axis]))
	})
}

// joined joins the value at hand with an earlier one.
func (c *chain) joined(axis int) link {
	l := link{earlier: 1 + c.rng.IntN(len(c.links))}
	for range 8 { // preferably with one of its shape
		if slices.Equal(c.past[l.earlier-1].shape, c.now.shape) && l.earlier < len(c.links) {
			break
		}
		l.earlier = 1 + c.rng.IntN(len(c.links))
	}
	switch c.rng.IntN(3) {
	case 0:
		l.op, l.join = "Mul", func(x, y nd) nd {
			for len(x.shape) < len(y.shape) {
				x.shape = slices.Insert(slices.Clone(x.shape), 0, 1)
			}
			for len(y.shape) < len(x.shape) {
				y.shape = slices.Insert(slices.Clone(y.shape), 0, 1)
			}
			to := slices.Clone(x.shape)
			for k := range to {
				must(x.shape[k] == y.shape[k] || x.shape[k] == 1 || y.shape[k] == 1)
				to[k] = max(x.shape[k], y.shape[k])
			}
			within := func(i, shape []int) []int {
				out := slices.Clone(i)
				for k := range out {
					out[k] %= shape[k]
				}
				return out
			}
			return filled(to, func(i []int) float64 { return x.at(within(i, x.shape)) * y.at(within(i, y.shape)) })
		}
	case 1:
		l.op, l.attrs = "Concat", []onnxio.Attribute{intAttr("axis", int64(axis))}
		l.join = func(x, y nd) nd { return concatOf(x, y, axis) }
	case 2:
		l.op, l.join = "MatMul", func(x, y nd) nd {
			r := len(x.shape)
			must(r > 1 && r == len(y.shape) && x.shape[r-1] == y.shape[r-2] && slices.Equal(x.shape[:r-2], y.shape[:r-2]))
			return filled(with(x.shape, r-1, y.shape[r-1]), func(i []int) (sum float64) {
				for k := range x.shape[r-1] {
					sum += x.at(with(i, r-1, k)) * y.at(with(i, r-2, k))
				}
				return sum
			})
		}
	}
	return l
}

// product multiplies by a random matrix from the right or the left.
func (c *chain) product() link {
	rank, out := len(c.now.shape), 1+c.rng.IntN(6)
	left := rank > 1 && c.rng.IntN(3) == 0
	summed := rank - 1
	if left {
		summed = rank - 2
	}
	d := c.now.shape[summed]
	t, w := c.random(d, out)
	if left {
		t, w = c.random(out, d)
	}
	return link{op: "MatMul", consts: []*onnxio.Tensor{t}, left: left, mean: func(x nd) nd {
		summed := len(x.shape) - rank + summed
		must(summed >= 0 && x.shape[summed] == d)
		return filled(with(x.shape, summed, out), func(i []int) (sum float64) {
			for k := range d {
				place := []int{k, i[summed]}
				if left {
					place = []int{i[summed], k}
				}
				sum += x.at(with(i, summed, k)) * w.at(place)
			}
			return sum
		})
	}}
}

// evaluate is false where the standard gives the chain no meaning for a batch of this size.
func (c *chain) evaluate(x nd) (y nd, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != errUndefined {
				panic(r)
			}
			ok = false
		}
	}()
	results := []nd{x}
	for _, l := range c.links {
		if l.join != nil {
			x = l.join(x, results[l.earlier])
		} else {
			x = l.mean(x)
		}
		results = append(results, x)
	}
	return x, true
}

// model writes the chain as a file that fixes its batch or leaves it open.
func (c *chain) model(sample []int) *onnxio.Model {
	m := model(wide(sample), nil)
	m.Opsets[0].Version = c.opset
	if !c.open {
		m = staticBatch(m, int64(c.batch))
	}
	before := "x"
	for i, l := range c.links {
		operands := []string{before}
		if l.twice {
			operands = append(operands, before)
		}
		for j, t := range l.consts {
			t.Name = fmt.Sprintf("c%d_%d", i, j)
			m.Initializers = append(m.Initializers, t)
			operands = append(operands, t.Name)
		}
		if l.earlier > 0 {
			operands = append(operands, fmt.Sprintf("v%d", l.earlier-1))
		}
		if l.filled {
			shape, ones := fmt.Sprintf("s%d", i), fmt.Sprintf("o%d", i)
			value := onnxio.Attribute{Name: "value", Kind: onnxio.KindTensor, Tensor: floats("one", []int{1}, 1)}
			m.Nodes = append(m.Nodes, node("Shape", shape, in(before)), node("ConstantOfShape", ones, in(shape), value))
			operands = append(operands, ones)
		}
		if l.left {
			slices.Reverse(operands)
		}
		before = fmt.Sprintf("v%d", i)
		m.Nodes = append(m.Nodes, node(l.op, before, operands, l.attrs...))
	}
	m.Outputs[0].Name = before
	return m
}

// randomChain makes a chain of nodes that all have a meaning for the batch that it is made at.
func randomChain(rng *rand.Rand) (*chain, []int) {
	c := &chain{rng: rng, opset: []int64{11, 13}[rng.IntN(2)], batch: 1, open: rng.IntN(2) == 0}
	if !c.open && rng.IntN(4) == 0 {
		c.batch = 2
	}
	samples := [][]int{{6}, {4, 3}, {2, 6}, {3, 3}, {2, 3, 3}, {1, 4, 4}, {3, 2, 2}, {1, 6}}
	sample := samples[rng.IntN(len(samples))]
	_, c.now = c.random(slices.Insert(slices.Clone(sample), 0, c.batch)...)
	start := c.now
	for tries := 0; len(c.links) < 2+rng.IntN(7) && tries < 60; tries++ {
		c.links = append(c.links, c.propose())
		y, ok := c.evaluate(start)
		if !ok || len(y.data) > 400 || len(y.shape) > 5 {
			c.links = c.links[:len(c.links)-1]
			continue
		}
		c.now, c.past = y, append(c.past, y)
	}
	return c, sample
}

// outcome is what became of a chain: refused, run at any batch, or at one size.
type outcome int

const (
	refused outcome = iota
	anyBatch
	oneSize
)

// try compares a chain, imported, with its meaning.
func (c *chain) try(sample []int) (outcome, error) {
	m := c.model(sample)
	net, err := Compile(m, Options{})
	if err != nil {
		return refused, nil
	}
	e, err := net.Evaluator(EvaluatorOptions{Float64: true})
	if err != nil {
		return refused, nil
	}
	const samples = 4
	_, x := c.random(slices.Insert(slices.Clone(sample), 0, samples)...)
	got, err := e.Run(context.Background(), x.data)
	if err != nil {
		return refused, fmt.Errorf("it is imported but does not run: %w", err)
	}
	// An open batch is one batch, unless a note says that samples are run one by one.
	each := c.batch
	alone := strings.Contains(strings.Join(net.Notes, "\n"), "each were alone") || net.batch == fixed(1)
	if c.open && !alone {
		each = samples
	}
	var want []float64
	size := len(x.data) / samples
	for s := 0; s < samples; s += each {
		y, ok := c.evaluate(nd{slices.Insert(slices.Clone(sample), 0, each), x.data[s*size : (s+each)*size]})
		if !ok && c.open && each == samples {
			// The file works on single samples only, although it leaves the batch open.
			each, s, want = 1, -1, nil
			continue
		}
		if !ok {
			return refused, errors.New("it is imported without having a meaning")
		}
		want = append(want, y.data...)
	}
	what := anyBatch
	if net.batch.PerSample == 0 {
		what = oneSize
	}
	if len(got) != len(want) {
		return what, fmt.Errorf("%d numbers, want %d", len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= 1e-9*max(1, math.Abs(want[i]))) {
			return what, fmt.Errorf("element %d is %v, want %v; notes %q", i, got[i], want[i], net.Notes)
		}
	}
	return what, nil
}

// Random chains of shape operators and layers, the batch included, are computed as a naive reading of the standard has it, or
// refused. UNLEARNGUARD_CHAINS sets their number.
func TestChains(t *testing.T) {
	n := 200
	if s := os.Getenv("UNLEARNGUARD_CHAINS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	count := map[string]int{}
	for seed := range uint64(n) {
		c, sample := randomChain(rand.New(rand.NewPCG(seed, 13)))
		what, err := c.try(sample)
		kind := fmt.Sprintf("batch of %d", c.batch)
		if c.open {
			kind = "open batch"
		}
		count[kind+": "+[]string{"refused", "run at any batch", "run at one size"}[what]]++
		if err != nil {
			var ops []string
			for _, l := range c.links {
				text := l.op
				for _, a := range l.attrs {
					text += fmt.Sprint(a.Name, a.Int, a.Ints)
				}
				for _, k := range l.consts {
					text += fmt.Sprint(k.Shape, k.Int64s)
				}
				ops = append(ops, text)
			}
			t.Errorf("chain %d, opset %d, %s, sample %v, %s: %v", seed, c.opset, kind, sample, strings.Join(ops, "; "), err)
		}
	}
	t.Log(count)
	if run := n - count["open batch: refused"] - count["batch of 1: refused"] - count["batch of 2: refused"]; run < n/2 {
		t.Errorf("only %d of %d chains were run: the property says little", run, n)
	}
}
