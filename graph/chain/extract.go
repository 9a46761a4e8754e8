package chain

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
)

// DenseOf extracts the fully connected network that a model amounts to. Reshaping and permuting are folded into the
// weights, constant factors and offsets (BatchNormalization) into the layer beside them, and those before the first
// layer are given apart. The error names the first node that does not belong in such a network.
func DenseOf(net *graph.Network) (*Dense, error) {
	d, err := denseOf(net)
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net), err)
	}
	return d, nil
}

// prefix names the model's file.
func prefix(net *graph.Network) string {
	if net.Path() == "" {
		return ""
	}
	return net.Path() + ": "
}

func denseOf(net *graph.Network) (*Dense, error) {
	links, err := net.Links()
	if err != nil {
		return nil, err
	}
	e := &extraction{
		dense:  &Dense{InputShape: net.InputShape, Outputs: net.Outputs, Notes: append([]string{}, net.Notes...)},
		layer:  newPending(volume(net.InputShape)),
		owners: map[any]string{},
	}
	if err := e.walk(links); err != nil {
		return nil, fmt.Errorf("not a fully connected ReLU network: %w", err)
	}
	return e.dense, nil
}

// extraction walks the chain from the input to the logits.
type extraction struct {
	dense *Dense
	layer *pending
	// owners says which weights have been used, and by which node.
	owners map[any]string
	// activation is the last one, nil while there has been none.
	activation *graph.Link
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

// each takes a network's links one by one, until one cannot be taken.
func each(links iter.Seq2[graph.Link, error], take func(graph.Link) error) error {
	for l, err := range links {
		if err == nil {
			err = take(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *extraction) walk(links iter.Seq2[graph.Link, error]) error {
	if err := each(links, e.take); err != nil {
		return err
	}
	return e.finish()
}

// take adds one link to the network.
func (e *extraction) take(l graph.Link) error {
	switch o := l.Operation.(type) {
	case graph.ProductLink:
		return e.weight(l, o)
	case graph.ElementwiseLink:
		return e.elementwise(l, o)
	case graph.ActivationLink:
		return e.activate(l, o)
	case graph.MovementLink:
		return e.move(l, o.Places())
	}
	return l.Errorf("such a layer is not fully connected")
}

func (e *extraction) weight(l graph.Link, o graph.ProductLink) error {
	name := o.Weight.Parameter()
	if e.layer.w != nil {
		return l.Errorf("no activation stands between it and the layer %q before", e.layer.name)
	}
	if len(o.Weight.Shape()) != 2 {
		return l.Errorf("its weight %q has shape %v, not that of a matrix", name, o.Weight.Shape())
	}
	w := matrix(o.Weight.Numbers())
	if o.Transposed {
		w = w.T()
	}
	if _, inputs := w.Dims(); inputs != volume(l.Input.Shape.At(1)) {
		return l.Errorf("its weight %q is applied along one axis of shape %v, not to a whole sample", name, l.Input.Shape)
	}
	if before, used := e.owners[o.Weight.Source()]; used {
		return l.Errorf("it shares its weight %q with node %q", name, before)
	}
	e.owners[o.Weight.Source()] = l.Node
	e.layer.setWeight(name, mat.DenseCopyOf(w), len(e.dense.Layers) == 0)
	return nil
}

// matrix is a view of the elements of a matrix.
func matrix(shape []int, data []float64) mat.Matrix { return mat.NewDense(shape[0], shape[1], data) }

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

func (e *extraction) elementwise(l graph.Link, o graph.ElementwiseLink) error {
	if !o.Fits() {
		return unfit(l, o.Constant)
	}
	c := o.Numbers()
	p := e.layer
	p.biased = p.biased || p.w != nil && o.Adds()
	if _, _, ok := o.Affine(1, 0, 1); !ok {
		return l.Errorf("it is not affine in the values before it")
	}
	p.affine(func(j int, scale, shift float64) (float64, float64) {
		scale, shift, _ = o.Affine(scale, shift, c[j])
		return scale, shift
	})
	return nil
}

// unfit is the error for a constant that does not broadcast to the values.
func unfit(l graph.Link, c graph.Constant) error {
	return l.Errorf("%q of shape %v does not fit the values of shape %v element by element", c.Name(), c.Shape(), l.Input.Shape)
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

// move follows where a step moves each element: into the order in which the coming weight will read them, or into
// the order of the rows of the weight that computed them.
func (e *extraction) move(l graph.Link, order []int) error {
	inOrder, seen := len(order) == volume(l.Input.Shape.At(1)), map[int]bool{}
	for place, i := range order {
		inOrder = inOrder && place == i
	}
	if inOrder {
		return nil
	}
	for _, i := range order {
		if seen[i] {
			return l.Errorf("it repeats elements")
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

func (e *extraction) activate(l graph.Link, f graph.ActivationLink) error {
	switch {
	case f.Function == "Neg":
		e.layer.affine(func(_ int, scale, shift float64) (float64, float64) { return -scale, -shift })
		return nil
	case f.Function != "Relu" && f.Function != "LeakyRelu":
		return l.Errorf("only Relu and LeakyRelu are known here")
	case e.layer.w == nil:
		return l.Errorf("no layer stands before it")
	case e.activation != nil && e.dense.Slope != f.Slope:
		return l.Errorf("its slope %v differs from that of node %q (%v)", f.Slope, e.activation.Node, e.dense.Slope)
	}
	e.dense.Slope, e.activation = f.Slope, &l
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

func anyOther(numbers []float64, than float64) bool {
	return slices.ContainsFunc(numbers, func(x float64) bool { return x != than })
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (e *extraction) finish() error {
	if e.layer.w == nil {
		if e.activation != nil {
			return e.activation.Errorf("an activation follows the last layer: export the model without it")
		}
		return fmt.Errorf("no node is a layer")
	}
	return e.close()
}
