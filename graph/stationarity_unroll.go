package graph

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Convolutional gives the chain of convolutions and fully connected layers that the model amounts to. Biases, and the
// factors and offsets of a BatchNormalization after a layer, are folded into the layer; padding, reshaping, mean pooling
// and maximum pooling into how the next layer reads its input. The error names the first node that does not belong into
// such a network.
func (net *Network) Convolutional() (*Convolutional, error) {
	c, err := net.convolutional()
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net.model), err)
	}
	return c, nil
}

func (net *Network) convolutional() (*Convolutional, error) {
	if err := net.classifier(); err != nil {
		return nil, err
	}
	if net.batch != (Size{PerSample: 1}) && net.batch != fixed(1) {
		return nil, fmt.Errorf("the network works on %v samples at a time only: export it with batch size 1", net.batch)
	}
	u := &unrolling{
		chain: &extraction{net: net, users: net.users()},
		out:   &Convolutional{InputShape: net.InputShape, Notes: append([]string{}, net.Notes...)},
		owner: map[*value]string{},
	}
	u.read(volume(net.InputShape))
	if err := u.walk(net.input, net.logits); err != nil {
		return nil, fmt.Errorf("not a chain of convolutions: %w", err)
	}
	if err := u.out.finite(); err != nil {
		return nil, err
	}
	return u.out, u.out.check()
}

// finite refuses weights, with the constants folded into them, whose fourth powers float64 cannot hold.
func (c *Convolutional) finite() error {
	for _, l := range c.Layers {
		if n := mat.Norm(l.W, 2); !(n < 1e75) {
			return fmt.Errorf("layer %q: its weights, with the constants that multiply them, have the norm %v", l.Name, n)
		}
	}
	return nil
}

// unrolling walks the chain from the input to the logits. It knows where each element of the value at hand comes from:
// from outputs of `layer` while that has its weight and waits for its activation, and otherwise from what the next layer
// reads.
type unrolling struct {
	chain    *extraction
	out      *Convolutional
	elements []element
	layer    *ConvolutionalLayer
	biased   bool
	inputs   int // elements a sample that the next layer reads
	maxima   *Maxima
	owner    map[*value]string // of each weight: the node that uses it
	slope    *step
}

// element is a sum of weighted elements. Padding is the empty sum.
type element []term

type term struct {
	from   int
	weight float64
}

// read makes the value at hand n elements that the next layer reads.
func (u *unrolling) read(n int) {
	u.inputs, u.maxima, u.layer = n, nil, nil
	u.elements = references(n)
}

func references(n int) []element {
	out := make([]element, n)
	for i := range out {
		out[i] = element{{from: i, weight: 1}}
	}
	return out
}

func (u *unrolling) walk(from, to *value) error {
	for v := from; v != to; {
		s, err := u.chain.next(v)
		if err != nil {
			return err
		}
		for _, in := range s.inputs {
			if in != v && !in.constant() {
				return at(s.node, "it joins %q and %q: the network branches", v.name, in.name)
			}
		}
		if err := u.take(s, v); err != nil {
			return err
		}
		v = s.output
	}
	return u.finish()
}

// take adds one step, which reads v.
func (u *unrolling) take(s *step, v *value) error {
	shape := s.output.shape.At(1)
	switch o := s.op.(type) {
	case convolution:
		return u.convolve(s, v, o)
	case matmul:
		return u.connect(s, v, o)
	case binary:
		return u.affine(s, v, o.f)
	case batchNorm:
		return o.each(s, u.take)
	case choice:
		return o.each(s, v, u.take)
	case unary:
		return u.activate(s, o)
	case pooling:
		return u.pool(s, v, o)
	case reduction:
		return u.average(s, v, o)
	case padding:
		if o.mode != padConstant || o.fill != 0 || u.layer != nil {
			return at(s.node, "only zeros can be padded, and only before a layer")
		}
		u.rearrange(compute(o, []array[float64]{numbered[float64](v)}, shape).data)
		return nil
	case reshape, transpose, slice, gather, concat, expand:
		if len(s.inputs) != 1 {
			return at(s.node, "it joins %q with a constant", v.name)
		}
		moved, _ := move(o, []array[float64]{numbered[float64](v)}, shape)
		u.rearrange(moved.data)
		return nil
	}
	return at(s.node, "such a layer is no convolution")
}

// numbered holds, in v's shape, the place of each element counted from 1: 0 is padding.
func numbered[T engine.Float](v *value) array[T] {
	a := newArray[T](v.shape.At(1))
	for i := range a.data {
		a.data[i] = T(i + 1)
	}
	return a
}

// rearrange takes the elements at the given places, counted from 1.
func (u *unrolling) rearrange(places []float64) {
	next := make([]element, len(places))
	for i, place := range places {
		if place > 0 {
			next[i] = u.elements[int(place)-1]
		}
	}
	u.elements = next
}

// mostRead bounds what a convolution reads of a sample, patch by patch: 32 x 32 positions of 5 x 5 x 40 values.
const mostRead = 1 << 20

func (u *unrolling) convolve(s *step, v *value, o convolution) error {
	w, err := u.weight(s, s.inputs[1])
	if err != nil {
		return err
	}
	if s.inputs[0] != v {
		return at(s.node, "its weight is computed from the sample")
	}
	if n := v.shape.At(1)[0]; n != 1 {
		return at(s.node, "it reads %d parts of a sample one by one: only convolutions of a whole sample are known here", n)
	}
	if o.groups != 1 {
		return at(s.node, "it has %d groups: only convolutions of all channels are known here", o.groups)
	}
	spatial, positions := v.shape.At(1)[2:], s.output.shape.At(1)[2:]
	plane, places, size := volume(spatial), volume(positions), volume(o.kernel)
	channels, filters := w.shape[1], w.shape[0]
	if places*channels*size > mostRead {
		return at(s.node, "it reads %d values a sample, more than the %d that candidates can be held for", places*channels*size, mostRead)
	}
	offsets := o.offsets(spatial, positions)
	patches := make([]element, 0, places*channels*size)
	for p := range places {
		for c := range channels {
			for _, offset := range offsets[p*size : (p+1)*size] {
				if offset < 0 {
					patches = append(patches, nil)
				} else {
					patches = append(patches, u.elements[c*plane+offset])
				}
			}
		}
	}
	u.begin(weightName(s.inputs[1]), mat.NewDense(filters, channels*size, w.data), patches)
	u.elements = make([]element, filters*places)
	for p := range places {
		for f := range filters {
			u.elements[f*places+p] = element{{from: p*filters + f, weight: 1}}
		}
	}
	return nil
}

func (u *unrolling) connect(s *step, v *value, o matmul) error {
	right := s.inputs[0] == v
	other := s.inputs[1]
	if !right {
		other = s.inputs[0]
	}
	numbers, err := u.weight(s, other)
	if err != nil {
		return err
	}
	if len(numbers.shape) != 2 {
		return at(s.node, "its weight %q has shape %v, not that of a matrix", weightName(other), other.shape)
	}
	var w mat.Matrix = mat.NewDense(numbers.shape[0], numbers.shape[1], numbers.data)
	if right && !o.transB || !right && o.transA {
		w = w.T()
	}
	out, in := w.Dims()
	if in != len(u.elements) {
		return at(s.node, "its weight %q is applied along one axis of shape %v, not to a whole sample", weightName(other), v.shape)
	}
	u.begin(weightName(other), mat.DenseCopyOf(w), u.elements)
	u.elements = references(out)
	return nil
}

// weight is a layer's weight, which nothing else may use.
func (u *unrolling) weight(s *step, v *value) (array[float64], error) {
	if u.layer != nil {
		return array[float64]{}, at(s.node, "no activation stands between it and the layer %q before", u.layer.Name)
	}
	source := parameterOf(v)
	if before, used := u.owner[source]; used {
		return array[float64]{}, at(s.node, "it shares its weight %q with node %q", weightName(v), before)
	}
	u.owner[source] = nodeName(s.node)
	w := v.numbers()
	w.data = append([]float64(nil), w.data...)
	for _, x := range w.data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return w, at(s.node, "its weight %q holds numbers that are not finite", weightName(v))
		}
	}
	return w, nil
}

// begin starts a layer that applies w to patches.
func (u *unrolling) begin(name string, w *mat.Dense, patches []element) {
	_, length := w.Dims()
	order := readingOrder(patches, length)
	l := &ConvolutionalLayer{Maxima: u.maxima, Affine: Affine{Name: name, W: reorderColumns(w, order)}}
	l.Patches = newPatches(patches, order, u.elementsToRead())
	if l.Patches.whole() {
		l.Patches = nil
	}
	u.layer, u.biased = l, false
}

// elementsToRead is the number of elements a sample that patches are made of.
func (u *unrolling) elementsToRead() int {
	if u.maxima != nil {
		return len(u.maxima.Windows)
	}
	return u.inputs
}

// readingOrder sorts a patch's elements by where they are in the input, so that neighbours are read together. The first
// patch with the fewest zeros stands for all.
func readingOrder(patches []element, length int) []int {
	model, fewest := patches[:length], length+1
	for at := 0; at < len(patches); at += length {
		zeros := 0
		for _, e := range patches[at : at+length] {
			if len(e) == 0 {
				zeros++
			}
		}
		if zeros < fewest {
			model, fewest = patches[at:at+length], zeros
		}
	}
	order := make([]int, length)
	for i := range order {
		order[i] = i
	}
	key := func(i int) int {
		if len(model[i]) == 0 {
			return -1
		}
		return model[i][0].from
	}
	sort.SliceStable(order, func(a, b int) bool { return key(order[a]) < key(order[b]) })
	return order
}

func reorderColumns(w *mat.Dense, order []int) *mat.Dense {
	rows, _ := w.Dims()
	out := mat.NewDense(rows, len(order), nil)
	for j, from := range order {
		for i := range rows {
			out.Set(i, j, w.At(i, from))
		}
	}
	return out
}

// newPatches joins what lies side by side in both input and patches to runs.
func newPatches(patches []element, order []int, inputs int) *Patches {
	length := len(order)
	p := &Patches{Positions: len(patches) / length, Length: length, Inputs: inputs}
	var open []int // the run that a patch element's k-th term may continue
	for to := range patches {
		e := patches[to/length*length+order[to%length]]
		for k, t := range e {
			if k < len(open) {
				if r := &p.Runs[open[k]]; r.To+r.Count == to && r.From+r.Count == t.from && r.Weight == t.weight {
					r.Count++
					continue
				}
			} else {
				open = append(open, 0)
			}
			open[k] = len(p.Runs)
			p.Runs = append(p.Runs, Run{To: to, From: t.from, Count: 1, Weight: t.weight})
		}
	}
	return p
}

// whole reports whether there is one patch, which is the input as it is.
func (p *Patches) whole() bool {
	return p.Positions == 1 && p.Length == p.Inputs && len(p.Runs) == 1 && p.Runs[0] == Run{Count: p.Length, Weight: 1}
}

// affine folds a constant that is added to a layer's output, or multiplies it, into the layer.
func (u *unrolling) affine(s *step, v *value, f binaryFunc) error {
	left := s.inputs[0] == v
	other := s.inputs[1]
	if !left {
		other = s.inputs[0]
	}
	if u.layer == nil && len(u.out.Layers) > 0 {
		return at(s.node, "constants can be folded into a layer only after its weight")
	}
	if !s.output.shape.equal(v.shape) {
		return at(s.node, "%q of shape %v does not fit the values of shape %v element by element", other.name, other.shape, v.shape)
	}
	numbers := broadcastTo(other.numbers(), v.shape.At(1)).data
	if u.layer == nil {
		return u.normalise(s, f, left, numbers)
	}
	c, err := u.perChannel(s, numbers)
	if err != nil {
		return err
	}
	for i, x := range c {
		factor, offset, ok := affineIn(f, left, 1, 0, x)
		if !ok {
			return at(s.node, "it is not affine in the values before it")
		}
		u.change(i, factor, offset)
	}
	u.biased = u.biased || f == add || f == sub
	return nil
}

// normalise combines the samples with constants before the first layer, element by element: c are those at the places where
// the elements stand now.
func (u *unrolling) normalise(s *step, f binaryFunc, left bool, c []float64) error {
	if u.maxima != nil || len(u.elements) != u.inputs {
		return at(s.node, "the samples are padded, pooled or cut before they are normalised: normalise them first")
	}
	in := u.out.Input
	if in == nil {
		in = &InputNormalization{ones(u.inputs), make([]float64, u.inputs)}
	}
	for j, e := range u.elements {
		if len(e) != 1 || e[0].weight != 1 {
			return at(s.node, "the samples are padded or pooled before they are normalised: normalise them first")
		}
		i := e[0].from
		scale, shift, ok := affineIn(f, left, in.Scale[i], in.Shift[i], c[j])
		if !ok {
			return at(s.node, "it is not affine in the values before it")
		}
		in.Scale[i], in.Shift[i] = scale, shift
	}
	u.out.Input = in
	return nil
}

// affineIn is scale x + shift combined with the constant c, on the left or on the right of it.
func affineIn(f binaryFunc, left bool, scale, shift, c float64) (float64, float64, bool) {
	switch {
	case f == add:
		return scale, shift + c, true
	case f == sub && left:
		return scale, shift - c, true
	case f == sub:
		return -scale, c - shift, true
	case f == mul:
		return scale * c, shift * c, true
	case f == div && left:
		return scale / c, shift / c, true
	}
	return 0, 0, false
}

// perChannel is a constant's number for each output of the layer, which must be the same at every position.
func (u *unrolling) perChannel(s *step, numbers []float64) ([]float64, error) {
	out, _ := u.layer.W.Dims()
	c, set := make([]float64, out), make([]bool, out)
	for j, x := range numbers {
		i := u.elements[j][0].from % out
		if set[i] && c[i] != x {
			return nil, at(s.node, "its constant differs between the positions of a convolution")
		}
		c[i], set[i] = x, true
	}
	return c, nil
}

// change maps output i of the layer to scale z + shift.
func (u *unrolling) change(i int, scale, shift float64) {
	l := u.layer
	if l.B == nil {
		out, _ := l.W.Dims()
		l.B = make([]float64, out)
	}
	l.B[i] = scale*l.B[i] + shift
	if scale != 1 {
		row := l.W.RawRowView(i)
		for j := range row {
			row[j] *= scale
		}
	}
}

func (u *unrolling) activate(s *step, f unary) error {
	switch {
	case f.name != "Relu" && f.name != "LeakyRelu":
		return at(s.node, "only Relu and LeakyRelu are known here")
	case u.layer == nil:
		return at(s.node, "no layer stands before it")
	case u.slope != nil && u.out.Slope != f.slope:
		return at(s.node, "its slope %v differs from that of node %q (%v)", f.slope, nodeName(u.slope.node), u.out.Slope)
	}
	u.out.Slope, u.slope = f.slope, s
	u.close()
	return nil
}

// close ends a layer. What follows reads its outputs, wherever they have been moved to.
func (u *unrolling) close() {
	if !u.biased {
		u.layer.B = nil
	}
	u.out.Layers = append(u.out.Layers, *u.layer)
	out, _ := u.layer.W.Dims()
	u.inputs, u.maxima = out*u.layer.Positions(), nil
	u.layer = nil
}

func (u *unrolling) pool(s *step, v *value, o pooling) error {
	if u.layer != nil {
		return at(s.node, "no activation stands between it and the layer %q before", u.layer.Name)
	}
	in, out := v.shape.At(1), s.output.shape.At(1)
	plane, places, size := volume(in[2:]), volume(out[2:]), volume(o.kernel)
	offsets, counts := o.offsets(in[2:], out[2:]), o.padded(in[2:], out[2:])
	windows := make([][]int, volume(out))
	for i := range windows {
		c, p := i/places, i%places
		for _, offset := range offsets[p*size : (p+1)*size] {
			if offset >= 0 {
				windows[i] = append(windows[i], c*plane+offset)
			}
		}
	}
	if !o.mean {
		return u.largest(s, windows)
	}
	u.means(windows, func(i int) int {
		if o.pads {
			return counts[i%places]
		}
		return len(windows[i])
	})
	return nil
}

// average is a mean over axes.
func (u *unrolling) average(s *step, v *value, o reduction) error {
	if o.f != reduceMean || u.layer != nil {
		return at(s.node, "only a mean before a layer is known here")
	}
	in := v.shape.At(1)
	strides, n := rowMajor(in), 0
	for _, axis := range o.axes {
		strides[axis] = 0
	}
	windows, place := [][]int{}, map[int]int{}
	eachIndex(in, func(index []int) {
		kept := 0
		for axis, i := range index {
			kept += i * strides[axis]
		}
		if _, known := place[kept]; !known {
			place[kept] = len(windows)
			windows = append(windows, nil)
		}
		windows[place[kept]] = append(windows[place[kept]], n)
		n++
	})
	u.means(windows, func(i int) int { return len(windows[i]) })
	return nil
}

// means replaces the elements by sums of some of them over a count.
func (u *unrolling) means(windows [][]int, count func(i int) int) {
	next := make([]element, len(windows))
	for i, window := range windows {
		for _, j := range window {
			for _, t := range u.elements[j] {
				next[i] = append(next[i], term{t.from, t.weight / float64(count(i))})
			}
		}
	}
	u.elements = next
}

// largest makes maxima what the next layer reads.
func (u *unrolling) largest(s *step, windows [][]int) error {
	if u.maxima != nil {
		return at(s.node, "a second maximum pooling before a layer")
	}
	m := &Maxima{Inputs: u.inputs}
	for _, window := range windows {
		var from []int
		for _, j := range window {
			if len(u.elements[j]) != 1 || u.elements[j][0].weight != 1 {
				return at(s.node, "it takes the maximum of padding or of means")
			}
			from = append(from, u.elements[j][0].from)
		}
		m.Windows = append(m.Windows, from)
	}
	u.maxima, u.elements = m, references(len(windows))
	return nil
}

func (u *unrolling) finish() error {
	if u.layer == nil {
		if u.slope != nil {
			return at(u.slope.node, "an activation follows the last layer: export the model without it")
		}
		return fmt.Errorf("no node is a layer")
	}
	inOrder := slices.EqualFunc(u.elements, references(len(u.elements)), func(a, b element) bool { return slices.Equal(a, b) })
	if !inOrder {
		return fmt.Errorf("the outputs of the last layer, %q, are not the model's outputs in order", u.layer.Name)
	}
	u.close()
	return nil
}
