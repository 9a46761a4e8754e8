package chain

import "fmt"

// Convolutional is a (leaky) ReLU network of convolutions and fully connected layers, one after the other, without an
// activation after the last one. Layer l applies its weight to every patch of its input.
//
// The input of the first layer is a sample in the order of InputShape; that of another layer is the activations of the
// layer before, position by position, with the channels of a position side by side.
type Convolutional struct {
	Layers []Layer
	// Slope is the activation's slope for negative arguments: 0 for ReLU.
	Slope float64
	// Input is what the model does to a sample before its first layer, nil for nothing, as in [Dense].
	Input *InputNormalization
	// InputShape is the shape of one sample, without the batch.
	InputShape []int
	// Notes say in words what was removed from the model or folded to come here.
	Notes []string
}

// Layer is one layer of a chain: Affine has a row of W for each output channel and a column for each element of a
// patch.
type Layer struct {
	Affine
	// Maxima is a maximum pooling before the layer, nil for none.
	Maxima *Maxima
	// Patches is nil where the layer reads its whole input, or all of its maxima, as one patch in order: a fully
	// connected layer.
	Patches *Patches
}

// Patches says what a layer reads: at each of its positions a patch. An element of a patch is an element of the layer's
// input, or a sum of some (a mean pooling before the layer), or 0 where no run writes it (padding).
type Patches struct {
	// Positions is the number of patches a sample, Length the number of elements in each.
	Positions, Length int
	// Inputs is the number of elements a sample that the patches are made of.
	Inputs int
	// Runs are added up into the patches, which lie one after another. They are sorted by To.
	Runs []Run
}

// Run adds Weight times elements [From, From+Count) of the input to elements [To, To+Count) of the patches.
type Run struct {
	To, From, Count int
	Weight          float64
}

// Maxima is a maximum pooling: Windows lists, for each element of the result, the elements of the input of which it is
// the largest. Inputs is the number of elements a sample of the input.
type Maxima struct {
	Inputs  int
	Windows [][]int
}

// Convolutional is the network as a chain of layers that read their whole input. It shares d's parameters.
func (d *Dense) Convolutional() *Convolutional {
	c := &Convolutional{Slope: d.Slope, InputShape: d.InputShape, Notes: d.Notes}
	for _, l := range d.Layers {
		c.Layers = append(c.Layers, Layer{Affine: l})
	}
	return c
}

// Inputs is the number of elements of a sample.
func (c *Convolutional) Inputs() int { return c.Layers[0].inputs() }

// inputs is the number of elements of a sample that the layer reads.
func (l Layer) inputs() int {
	switch {
	case l.Maxima != nil:
		return l.Maxima.Inputs
	case l.Patches != nil:
		return l.Patches.Inputs
	}
	_, in := l.W.Dims()
	return in
}

// Positions is the number of patches of a sample.
func (l Layer) Positions() int {
	if l.Patches == nil {
		return 1
	}
	return l.Patches.Positions
}

// Check says what does not fit. The errors name layers.
func (c *Convolutional) Check() error {
	if len(c.Layers) == 0 {
		return fmt.Errorf("the network has no layers")
	}
	if c.Slope < 0 || c.Slope >= 1 {
		return fmt.Errorf("activation of slope %v; it must be at least 0 and less than 1", c.Slope)
	}
	inputs := c.Inputs()
	for _, l := range c.Layers {
		if err := l.check(inputs); err != nil {
			return fmt.Errorf("layer %q: %w", l.Name, err)
		}
		out, _ := l.W.Dims()
		inputs = out * l.Positions()
	}
	if last := c.Layers[len(c.Layers)-1]; last.Positions() != 1 {
		return fmt.Errorf("layer %q: the last layer has %d positions; an output must be one number a class", last.Name, last.Positions())
	}
	return nil
}

// check says whether the layer fits an input of that many elements a sample.
func (l Layer) check(inputs int) error {
	out, in := l.W.Dims()
	if l.B != nil && len(l.B) != out {
		return fmt.Errorf("%d biases for %d outputs", len(l.B), out)
	}
	if l.Maxima != nil {
		if err := l.Maxima.check(inputs); err != nil {
			return err
		}
		inputs = len(l.Maxima.Windows)
	}
	if l.Patches != nil {
		return l.Patches.check(inputs, in)
	}
	if in != inputs {
		return fmt.Errorf("a weight of %d columns for %d inputs", in, inputs)
	}
	return nil
}

// check says what is wrong with the patches of a layer that reads a sample of `inputs` elements into rows of length in.
func (p *Patches) check(inputs, in int) error {
	if p.Positions < 1 || p.Length != in || p.Inputs != inputs {
		return fmt.Errorf("%d patches of %d elements of %d do not fit a weight of %d columns and an input of %d elements",
			p.Positions, p.Length, p.Inputs, in, inputs)
	}
	for _, r := range p.Runs {
		if r.Count < 1 || r.To < 0 || r.To+r.Count > p.Positions*p.Length || r.From < 0 || r.From+r.Count > inputs {
			return fmt.Errorf("run %+v lies outside %d patches of %d elements or an input of %d", r, p.Positions, p.Length, inputs)
		}
	}
	return nil
}

func (m *Maxima) check(inputs int) error {
	if m.Inputs != inputs {
		return fmt.Errorf("maxima of %d elements do not fit an input of %d", m.Inputs, inputs)
	}
	for j, window := range m.Windows {
		if len(window) == 0 {
			return fmt.Errorf("window %d of the maxima is empty", j)
		}
		for _, at := range window {
			if at < 0 || at >= inputs {
				return fmt.Errorf("window %d of the maxima has element %d of %d", j, at, inputs)
			}
		}
	}
	return nil
}
