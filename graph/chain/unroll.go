package chain

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
)

// ConvolutionalOf gives the chain of convolutions and fully connected layers that a model amounts to. Biases, and the
// factors and offsets of a BatchNormalization after a layer, are folded into the layer; padding, reshaping, mean pooling
// and maximum pooling into how the next layer reads its input. The error names the first node that does not belong in
// such a network.
func ConvolutionalOf(net *graph.Network) (*Convolutional, error) {
	c, err := convolutionalOf(net)
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net), err)
	}
	return c, nil
}

func convolutionalOf(net *graph.Network) (*Convolutional, error) {
	links, err := net.Links()
	if err != nil {
		return nil, err
	}
	u := &unrolling{
		out:    &Convolutional{InputShape: net.InputShape, Notes: append([]string{}, net.Notes...)},
		owners: map[any]string{},
	}
	u.read(volume(net.InputShape))
	if err := u.walk(links); err != nil {
		return nil, fmt.Errorf("not a chain of convolutions: %w", err)
	}
	if err := u.out.finite(); err != nil {
		return nil, err
	}
	return u.out, u.out.Check()
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
	out      *Convolutional
	elements []element
	layer    *Layer
	biased   bool
	inputs   int // elements a sample that the next layer reads
	maxima   *Maxima
	owners   map[any]string // of each weight: the node that uses it
	// activation is the last one, nil while there has been none.
	activation *graph.Link
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

func (u *unrolling) walk(links iter.Seq2[graph.Link, error]) error {
	if err := each(links, u.take); err != nil {
		return err
	}
	return u.finish()
}

// take adds one link.
func (u *unrolling) take(l graph.Link) error {
	switch o := l.Operation.(type) {
	case graph.ConvolutionLink:
		return u.convolve(l, o)
	case graph.ProductLink:
		return u.connect(l, o)
	case graph.ElementwiseLink:
		return u.affine(l, o)
	case graph.ActivationLink:
		return u.activate(l, o)
	case graph.PoolingLink:
		return u.pool(l, o)
	case graph.ReductionLink:
		return u.average(l, o)
	case graph.PaddingLink:
		if !o.Zeros || u.layer != nil {
			return l.Errorf("only zeros can be padded, and only before a layer")
		}
		u.rearrange(o.Places())
		return nil
	case graph.MovementLink:
		u.rearrange(o.Places())
		return nil
	}
	return l.Errorf("such a layer is no convolution")
}

// rearrange takes the elements at the given places, and zeros at -1.
func (u *unrolling) rearrange(places []int) {
	next := make([]element, len(places))
	for i, place := range places {
		if place >= 0 {
			next[i] = u.elements[place]
		}
	}
	u.elements = next
}

func (u *unrolling) convolve(l graph.Link, o graph.ConvolutionLink) error {
	if o.Computed {
		return l.Errorf("its weight is computed from the sample")
	}
	shape, data, err := u.weight(l, o.Weight)
	if err != nil {
		return err
	}
	if o.Parts != 1 {
		return l.Errorf("it reads %d parts of a sample one by one: only convolutions of a whole sample are known here", o.Parts)
	}
	if o.Groups != 1 {
		return l.Errorf("it has %d groups: only convolutions of all channels are known here", o.Groups)
	}
	places, size, channels, filters := o.Positions, o.Kernel, shape[1], shape[0]
	if places*channels*size > mostRead {
		return l.Errorf("it reads %d values a sample, more than the %d that candidates can be held for", places*channels*size, mostRead)
	}
	offsets := o.Offsets()
	patches := make([]element, 0, places*channels*size)
	for p := range places {
		for c := range channels {
			for _, offset := range offsets[p*size : (p+1)*size] {
				if offset < 0 {
					patches = append(patches, nil)
				} else {
					patches = append(patches, u.elements[c*o.Plane+offset])
				}
			}
		}
	}
	u.begin(o.Weight.Parameter(), mat.NewDense(filters, channels*size, data), patches)
	u.elements = make([]element, filters*places)
	for p := range places {
		for f := range filters {
			u.elements[f*places+p] = element{{from: p*filters + f, weight: 1}}
		}
	}
	return nil
}

func (u *unrolling) connect(l graph.Link, o graph.ProductLink) error {
	shape, data, err := u.weight(l, o.Weight)
	if err != nil {
		return err
	}
	name := o.Weight.Parameter()
	if len(shape) != 2 {
		return l.Errorf("its weight %q has shape %v, not that of a matrix", name, o.Weight.Shape())
	}
	w := matrix(shape, data)
	if o.Transposed {
		w = w.T()
	}
	out, in := w.Dims()
	if in != len(u.elements) {
		return l.Errorf("its weight %q is applied along one axis of shape %v, not to a whole sample", name, l.Input.Shape)
	}
	u.begin(name, mat.DenseCopyOf(w), u.elements)
	u.elements = references(out)
	return nil
}

// weight is a copy of a layer's weight, which nothing else may use.
func (u *unrolling) weight(l graph.Link, c graph.Constant) (shape []int, data []float64, err error) {
	if u.layer != nil {
		return nil, nil, l.Errorf("no activation stands between it and the layer %q before", u.layer.Name)
	}
	if before, used := u.owners[c.Source()]; used {
		return nil, nil, l.Errorf("it shares its weight %q with node %q", c.Parameter(), before)
	}
	u.owners[c.Source()] = l.Node
	shape, data = c.Numbers()
	for _, x := range data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, nil, l.Errorf("its weight %q holds numbers that are not finite", c.Parameter())
		}
	}
	return shape, slices.Clone(data), nil
}

// begin starts a layer that applies w to patches.
func (u *unrolling) begin(name string, w *mat.Dense, patches []element) {
	_, length := w.Dims()
	order := readingOrder(patches, length)
	l := &Layer{Maxima: u.maxima, Affine: Affine{Name: name, W: reorderColumns(w, order)}}
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
func (u *unrolling) affine(l graph.Link, o graph.ElementwiseLink) error {
	if u.layer == nil && len(u.out.Layers) > 0 {
		return l.Errorf("constants can be folded into a layer only after its weight")
	}
	if !o.Fits() {
		return unfit(l, o.Constant)
	}
	if u.layer == nil {
		return u.normalise(l, o)
	}
	c, err := u.perChannel(l, o.Numbers())
	if err != nil {
		return err
	}
	for i, x := range c {
		factor, offset, ok := o.Affine(1, 0, x)
		if !ok {
			return l.Errorf("it is not affine in the values before it")
		}
		u.change(i, factor, offset)
	}
	u.biased = u.biased || o.Adds()
	return nil
}

// normalise combines the samples with constants before the first layer, element by element, at the places where the elements
// stand now.
func (u *unrolling) normalise(l graph.Link, o graph.ElementwiseLink) error {
	if u.maxima != nil || len(u.elements) != u.inputs {
		return l.Errorf("the samples are padded, pooled or cut before they are normalised: normalise them first")
	}
	in := u.out.Input
	if in == nil {
		in = &InputNormalization{ones(u.inputs), make([]float64, u.inputs)}
	}
	c := o.Numbers()
	for j, e := range u.elements {
		if len(e) != 1 || e[0].weight != 1 {
			return l.Errorf("the samples are padded or pooled before they are normalised: normalise them first")
		}
		i := e[0].from
		scale, shift, ok := o.Affine(in.Scale[i], in.Shift[i], c[j])
		if !ok {
			return l.Errorf("it is not affine in the values before it")
		}
		in.Scale[i], in.Shift[i] = scale, shift
	}
	u.out.Input = in
	return nil
}

// perChannel is a constant's number for each output of the layer, which must be the same at every position.
func (u *unrolling) perChannel(l graph.Link, numbers []float64) ([]float64, error) {
	out, _ := u.layer.W.Dims()
	c, set := make([]float64, out), make([]bool, out)
	for j, x := range numbers {
		i := u.elements[j][0].from % out
		if set[i] && c[i] != x {
			return nil, l.Errorf("its constant differs between the positions of a convolution")
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

func (u *unrolling) activate(l graph.Link, f graph.ActivationLink) error {
	switch {
	case f.Function != "Relu" && f.Function != "LeakyRelu":
		return l.Errorf("only Relu and LeakyRelu are known here")
	case u.layer == nil:
		return l.Errorf("no layer stands before it")
	case u.activation != nil && u.out.Slope != f.Slope:
		return l.Errorf("its slope %v differs from that of node %q (%v)", f.Slope, u.activation.Node, u.out.Slope)
	}
	u.out.Slope, u.activation = f.Slope, &l
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

func (u *unrolling) pool(l graph.Link, o graph.PoolingLink) error {
	if u.layer != nil {
		return l.Errorf("no activation stands between it and the layer %q before", u.layer.Name)
	}
	windows, divisors := o.Windows()
	if !o.Mean {
		return u.largest(l, windows)
	}
	u.means(windows, func(i int) int { return divisors[i] })
	return nil
}

// average is a mean over axes.
func (u *unrolling) average(l graph.Link, o graph.ReductionLink) error {
	if !o.Mean || u.layer != nil {
		return l.Errorf("only a mean before a layer is known here")
	}
	windows := o.Windows()
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
func (u *unrolling) largest(l graph.Link, windows [][]int) error {
	if u.maxima != nil {
		return l.Errorf("a second maximum pooling before a layer")
	}
	m := &Maxima{Inputs: u.inputs}
	for _, window := range windows {
		var from []int
		for _, j := range window {
			if len(u.elements[j]) != 1 || u.elements[j][0].weight != 1 {
				return l.Errorf("it takes the maximum of padding or of means")
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
		if u.activation != nil {
			return u.activation.Errorf("an activation follows the last layer: export the model without it")
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
