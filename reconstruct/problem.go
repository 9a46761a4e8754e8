package reconstruct

import (
	"errors"
	"fmt"
	"math"

	"unlearnguard/graph/chain"
)

// Problem is what the reconstruction may know: the network and the space its inputs live in. It holds no training data.
type Problem struct {
	// Net is the network, with its head removed: one output (binary) or one an output class.
	Net *chain.Dense
	// Convolutional is the network in place of Net, where it has convolutions.
	Convolutional *chain.Convolutional
	// Channels, Height and Width are the input's; their product is the first layer's input width d.
	Channels, Height, Width int
	// Mean and Std tell how pixels in [0, 1] became inputs: x = (p - Mean) / Std. Each has length d, length Channels
	// or length 1; nil means 0 and 1.
	Mean, Std []float64
}

// Inputs is d, the number of input values of one sample.
func (p *Problem) Inputs() int { return p.Channels * p.Height * p.Width }

// Outputs is the number of logits.
func (p *Problem) Outputs() int {
	layers := p.chain().Layers
	rows, _ := layers[len(layers)-1].W.Dims()
	return rows
}

// chain is the network, of either kind.
func (p *Problem) chain() *chain.Convolutional {
	if p.Convolutional != nil {
		return p.Convolutional
	}
	return p.Net.Convolutional()
}

// Validate reports the first thing that makes the problem unusable.
func (p *Problem) Validate() error {
	if (p.Net == nil) == (p.Convolutional == nil) || len(p.chain().Layers) < 2 {
		return errors.New("reconstruct: give one network, with at least one hidden layer")
	}
	if d := p.chain().Inputs(); d != p.Inputs() {
		return fmt.Errorf("reconstruct: layer %q takes %d values, the images have %d x %d x %d = %d",
			p.chain().Layers[0].Name, d, p.Channels, p.Height, p.Width, p.Inputs())
	}
	if _, err := expand(p.Mean, 0, p); err != nil {
		return fmt.Errorf("reconstruct: mean: %w", err)
	}
	std, err := expand(p.Std, 1, p)
	if err != nil {
		return fmt.Errorf("reconstruct: std: %w", err)
	}
	for _, s := range std {
		if !(s > 0) || math.IsInf(s, 0) {
			return fmt.Errorf("reconstruct: std: %v is not a positive number", s)
		}
	}
	return nil
}

// expand turns a per-pixel, per-channel or scalar setting into one value a pixel.
func expand(v []float64, def float64, p *Problem) ([]float64, error) {
	d := p.Inputs()
	out := make([]float64, d)
	plane := p.Height * p.Width
	for i := range out {
		switch len(v) {
		case 0:
			out[i] = def
		case 1:
			out[i] = v[0]
		case d:
			out[i] = v[i]
		case p.Channels:
			out[i] = v[i/plane]
		default:
			return nil, fmt.Errorf("%d values; give 1, %d (one a channel) or %d (one a pixel)", len(v), p.Channels, d)
		}
	}
	return out, nil
}

// space maps between pixels in [0, 1] and network inputs.
type space struct{ mean, std []float64 }

func (p *Problem) space() space {
	mean, err := expand(p.Mean, 0, p)
	if err != nil {
		panic(err) // Validate ran before
	}
	std, err := expand(p.Std, 1, p)
	if err != nil {
		panic(err)
	}
	return space{mean: mean, std: std}
}

// input returns (pixels - mean) / std.
func (s space) input(pixels []float64) []float64 {
	x := make([]float64, len(pixels))
	for i, v := range pixels {
		x[i] = (v - s.mean[i]) / s.std[i]
	}
	return x
}

// pixels returns x std + mean.
func (s space) pixels(x []float64) []float64 {
	p := make([]float64, len(x))
	for i, v := range x {
		p[i] = v*s.std[i] + s.mean[i]
	}
	return p
}

// scale is the norm that an input of d pixels, uniform on [0, 1] about its mean, would have. It sets the balance between
// the weight and the bias block and the size of the steps, for which the order of magnitude is enough.
func (s space) scale() float64 {
	sum := 0.0
	for _, v := range s.std {
		sum += 1 / (12 * v * v)
	}
	return math.Sqrt(sum)
}
