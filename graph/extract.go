package graph

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/onnxio"
)

// Dense extracts the fully connected network that the model amounts to. Reshaping and permuting are folded into the
// weights, constant factors and offsets (BatchNormalization) into the layer beside them, and those before the first
// layer are given apart. The error names the first node that does not belong into such a network.
func (net *Network) Dense() (*Dense, error) {
	d, err := net.dense()
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net.model), err)
	}
	return d, nil
}

func (net *Network) dense() (*Dense, error) {
	if err := net.classifier(); err != nil {
		return nil, err
	}
	if net.batch != (Size{PerSample: 1}) && net.batch != fixed(1) {
		return nil, fmt.Errorf("the network works on %v samples at a time only: export it with batch size 1", net.batch)
	}
	e := &extraction{
		net:    net,
		dense:  &Dense{InputShape: net.InputShape, Outputs: net.Outputs, Notes: append([]string{}, net.Notes...)},
		users:  net.users(),
		layer:  newPending(volume(net.InputShape)),
		layers: map[*value]string{},
	}
	if err := e.walk(net.input, net.logits); err != nil {
		return nil, fmt.Errorf("not a fully connected ReLU network: %w", err)
	}
	return e.dense, nil
}

// users lists the steps that read each value, among those that the logits depend on.
func (net *Network) users() map[*value][]*step {
	users := map[*value][]*step{}
	needed := map[*value]bool{net.logits: true}
	for i := len(net.steps) - 1; i >= 0; i-- {
		s := net.steps[i]
		if !needed[s.output] {
			continue
		}
		for _, in := range s.inputs {
			needed[in] = true
			users[in] = append(users[in], s)
		}
	}
	return users
}

// extraction walks the chain from the input to the logits.
type extraction struct {
	net   *Network
	dense *Dense
	users map[*value][]*step
	layer *pending
	// layers says which weights have been used, and by which node.
	layers map[*value]string
	slope  *step
}

// pending is the layer under construction: a -> W (scale a + shift) before its weight is known, W a + b after.
type pending struct {
	name         string
	scale, shift []float64
	// order gives the element of the layer's input that stands at each place; nil while they are in order.
	order []int
	w     *mat.Dense
	b     []float64
	// biased says that something was added after the weight, be it zeros.
	biased bool
}

func newPending(inputs int) *pending {
	return &pending{scale: ones(inputs), shift: make([]float64, inputs)}
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

func (e *extraction) walk(from, to *value) error {
	for v := from; v != to; {
		s, err := e.next(v)
		if err != nil {
			return err
		}
		if err := e.take(s, v); err != nil {
			return err
		}
		v = s.output
	}
	return e.finish()
}

func (e *extraction) next(v *value) (*step, error) {
	users := e.users[v]
	switch {
	case len(users) == 0:
		return nil, fmt.Errorf("the output does not depend on %q", v.name)
	case len(users) > 1 && users[0].node == users[1].node:
		return nil, at(users[0].node, "it reads %q more than once: the network branches", v.name)
	case len(users) > 1:
		return nil, at(users[0].node, "it reads %q, which node %q reads too: the network branches", v.name, nodeName(users[1].node))
	}
	return users[0], nil
}

// take adds one step, which reads v, to the network. Values are followed for a single sample: that those of a batch are the
// same was proven when the model was compiled.
func (e *extraction) take(s *step, v *value) error {
	for _, in := range s.inputs {
		if in != v && !in.constant() {
			return at(s.node, "it joins %q and %q: the network branches", v.name, in.name)
		}
	}
	switch o := s.op.(type) {
	case matmul:
		return e.weight(s, v, o)
	case binary:
		return e.elementwise(s, v, o.f)
	case batchNorm:
		return o.each(s, e.take)
	case choice:
		return o.each(s, v, e.take)
	case unary:
		return e.activation(s, o)
	case reshape, transpose, slice, gather, concat, expand:
		return e.plumbing(s, v)
	}
	return at(s.node, "such a layer is not fully connected")
}

func (e *extraction) weight(s *step, v *value, o matmul) error {
	right := s.inputs[0] == v
	other := s.inputs[1]
	if !right {
		other = s.inputs[0]
	}
	if e.layer.w != nil {
		return at(s.node, "no activation stands between it and the layer %q before", e.layer.name)
	}
	if len(other.shape) != 2 {
		return at(s.node, "its weight %q has shape %v, not that of a matrix", weightName(other), other.shape)
	}
	numbers := other.numbers()
	var w mat.Matrix = mat.NewDense(numbers.shape[0], numbers.shape[1], numbers.data)
	if right && !o.transB || !right && o.transA {
		w = w.T()
	}
	if _, inputs := w.Dims(); inputs != volume(v.shape.At(1)) {
		return at(s.node, "its weight %q is applied along one axis of shape %v, not to a whole sample", weightName(other), v.shape)
	}
	source := parameterOf(other)
	if before, used := e.layers[source]; used {
		return at(s.node, "it shares its weight %q with node %q", weightName(other), before)
	}
	e.layers[source] = nodeName(s.node)
	e.layer.setWeight(weightName(other), mat.DenseCopyOf(w), len(e.dense.Layers) == 0)
	return nil
}

// setWeight gives the layer its weight. What stands before the weight of the first layer stays apart; of any other it
// is folded in, W (scale a + shift) = (W diag scale) a + W shift.
func (p *pending) setWeight(name string, w *mat.Dense, first bool) {
	rows, columns := w.Dims()
	p.name, p.b = name, make([]float64, rows)
	if p.order != nil {
		ordered := mat.NewDense(rows, len(p.scale), nil)
		for j, from := range p.order {
			for i := range rows {
				ordered.Set(i, from, w.At(i, j))
			}
		}
		w, columns = ordered, len(p.scale)
	}
	if !first {
		p.biased = anyOther(p.shift, 0)
		for i := range rows {
			row := w.RawRowView(i)
			for j := range columns {
				p.b[i] += row[j] * p.shift[j]
				row[j] *= p.scale[j]
			}
		}
	}
	p.w, p.order = w, nil
}

// weightName is the name of the parameter that a constant value was made from.
func weightName(v *value) string { return parameterOf(v).name }

func parameterOf(v *value) *value {
	for v.step != nil {
		v = v.step.inputs[0]
	}
	return v
}

func (e *extraction) elementwise(s *step, v *value, f binaryFunc) error {
	left := s.inputs[0] == v
	other := s.inputs[1]
	if !left {
		other = s.inputs[0]
	}
	if !s.output.shape.equal(v.shape) {
		return at(s.node, "%q of shape %v does not fit the values of shape %v element by element", other.name, other.shape, v.shape)
	}
	c := broadcastTo(other.numbers(), v.shape.At(1)).data
	p := e.layer
	p.biased = p.biased || p.w != nil && (f == add || f == sub)
	if _, _, ok := affineIn(f, left, 1, 0, 1); !ok {
		return at(s.node, "it is not affine in the values before it")
	}
	p.affine(func(j int, scale, shift float64) (float64, float64) {
		scale, shift, _ = affineIn(f, left, scale, shift, c[j])
		return scale, shift
	})
	return nil
}

// affine changes the map at each of the places where the next step will find its elements. The factors are applied to
// the weight's rows once there is a weight.
func (p *pending) affine(change func(j int, scale, shift float64) (float64, float64)) {
	if p.w == nil {
		for j := range p.places() {
			i := p.element(j)
			p.scale[i], p.shift[i] = change(j, p.scale[i], p.shift[i])
		}
		return
	}
	for j := range p.b {
		var factor float64
		factor, p.b[j] = change(j, 1, p.b[j])
		if factor == 1 {
			continue
		}
		row := p.w.RawRowView(j)
		for i := range row {
			row[i] *= factor
		}
	}
}

// places is how many elements the next step will find, and element the layer's input that stands at place j.
func (p *pending) places() int {
	if p.order != nil {
		return len(p.order)
	}
	return len(p.scale)
}

func (p *pending) element(j int) int {
	if p.order != nil {
		return p.order[j]
	}
	return j
}

// plumbing follows where a step moves each element: into the order in which the coming weight will read them, or into
// the order of the rows of the weight that computed them.
func (e *extraction) plumbing(s *step, v *value) error {
	if len(s.inputs) != 1 {
		return at(s.node, "it joins %q with a constant", v.name)
	}
	from := array[int]{shape: v.shape.At(1)}
	for i := range volume(from.shape) {
		from.data = append(from.data, i)
	}
	moved, _ := move(s.op, []array[int]{from}, s.output.shape.At(1))
	order := moved.data
	if slices.Equal(order, from.data) {
		return nil
	}
	seen := map[int]bool{}
	for _, i := range order {
		if seen[i] {
			return at(s.node, "it repeats elements")
		}
		seen[i] = true
	}
	e.layer.reorder(order)
	return nil
}

func (p *pending) reorder(order []int) {
	if p.w == nil {
		next := make([]int, len(order))
		for j, i := range order {
			next[j] = p.element(i)
		}
		p.order = next
		return
	}
	_, columns := p.w.Dims()
	w, b := mat.NewDense(len(order), columns, nil), make([]float64, len(order))
	for j, i := range order {
		w.SetRow(j, p.w.RawRowView(i))
		b[j] = p.b[i]
	}
	p.w, p.b = w, b
}

func (e *extraction) activation(s *step, f unary) error {
	switch {
	case f.name == "Neg":
		e.layer.affine(func(_ int, scale, shift float64) (float64, float64) { return -scale, -shift })
		return nil
	case f.name != "Relu" && f.name != "LeakyRelu":
		return at(s.node, "only Relu and LeakyRelu are known here")
	case e.layer.w == nil:
		return at(s.node, "no layer stands before it")
	case e.slope != nil && e.dense.Slope != f.slope:
		return at(s.node, "its slope %v differs from that of node %q (%v)", f.slope, nodeName(e.slope.node), e.dense.Slope)
	}
	e.dense.Slope, e.slope = f.slope, s
	return e.close()
}

// close ends a layer.
func (e *extraction) close() error {
	p := e.layer
	for _, numbers := range [][]float64{p.w.RawMatrix().Data, p.b, p.scale, p.shift} {
		for _, x := range numbers {
			if !(math.Abs(x) < absurd) {
				return fmt.Errorf("layer %q holds the number %v", p.name, x)
			}
		}
	}
	layer := Affine{Name: p.name, W: p.w}
	if p.biased {
		layer.B = p.b
	}
	if len(e.dense.Layers) == 0 && (anyOther(p.scale, 1) || anyOther(p.shift, 0)) {
		e.dense.Input = &InputNormalization{p.scale, p.shift}
		e.dense.Notes = append(e.dense.Notes, "the model normalises its input; the layers' input is the sample after that")
	}
	e.dense.Layers = append(e.dense.Layers, layer)
	e.layer = newPending(len(p.b))
	return nil
}

// absurd is beyond any trained number, and its square does not overflow.
const absurd = 1e100

func anyOther[E comparable](numbers []E, than E) bool {
	for _, x := range numbers {
		if x != than {
			return true
		}
	}
	return false
}

func (e *extraction) finish() error {
	if e.layer.w == nil {
		if e.slope != nil {
			return at(e.slope.node, "an activation follows the last layer: export the model without it")
		}
		return fmt.Errorf("no node is a layer")
	}
	return e.close()
}

// at says which node an error is about.
func at(n *onnxio.Node, format string, args ...any) error {
	return fmt.Errorf("node %q (%s): %w", nodeName(n), operatorName(n), fmt.Errorf(format, args...))
}
