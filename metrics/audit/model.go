package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct"
)

// Model is an imported network.
type Model struct {
	Path     string
	SHA256   string
	Size     int64
	Producer string
	// External are the files beside it that hold weights.
	External []onnxio.ExternalFile
	// Network is what the file computes.
	Network *graph.Network
	// Unfit says why samples cannot be reconstructed from it, or is nil.
	Unfit *ScopeError
	// Net is the network where it is fit and fully connected, Convolutional where it is fit and has convolutions; the other is
	// nil.
	Net           *chain.Dense
	Convolutional *chain.Convolutional
	// Homogeneity is that of the whole model, by its structure; Deviation is the measured one, where it is fit.
	Homogeneity *graph.Homogeneity
	Deviation   float64

	told int // see distinguishable; -1 before it is known
}

// ScopeError says that a model was read but that the method does not apply to it.
type ScopeError struct {
	Path string
	Err  error
}

// Error names the file and the reason.
func (e *ScopeError) Error() string {
	return fmt.Sprintf("%s: the method does not apply to this model: %v", e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *ScopeError) Unwrap() error { return e.Err }

// Open imports the model at path, of which samples are to be reconstructed; opts say what it leaves open. The error is a
// *ScopeError when the file is a sound model of a kind that samples cannot be reconstructed from.
func Open(ctx context.Context, path string, opts graph.Options) (*Model, error) {
	m, err := Import(ctx, path, opts)
	if err == nil && m.Unfit != nil {
		return nil, m.Unfit
	}
	return m, err
}

// Import is Open for any classifier, of which known images may be asked about: the model says whether samples can be
// reconstructed from it. The error is a *ScopeError when the file holds nodes that cannot be computed.
func Import(ctx context.Context, path string, opts graph.Options) (*Model, error) {
	file, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return nil, err
	}
	file.Path = "" // the errors of package graph would name it a second time
	network, err := graph.Compile(file, opts)
	if err != nil {
		return nil, &ScopeError{Path: path, Err: err}
	}
	if err := network.Classifier(); err != nil {
		return nil, fmt.Errorf("%s: it is no classifier: %w", path, err)
	}
	m := &Model{told: -1, Path: path, SHA256: file.SHA256, Size: file.Size, Network: network, Homogeneity: network.Homogeneity(), External: file.External,
		Producer: strings.TrimSpace(file.Producer + " " + file.ProducerVersion)}
	if err := m.unfit(network); err != nil {
		if damage := finite(file); damage != nil {
			return nil, fmt.Errorf("%s: %w", path, damage)
		}
		m.Unfit, m.Net, m.Convolutional = &ScopeError{Path: path, Err: err}, nil, nil
		return m, nil
	}
	m.Deviation, err = network.MeasureHomogeneity(ctx, m.Homogeneity, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Rename gives the model another name in reports and errors than the path that it was read from.
func (m *Model) Rename(path string) {
	m.Path = path
	if m.Unfit != nil {
		m.Unfit.Path = path
	}
}

// Alone says whether a model can be audited without reference images: samples must be reconstructed then.
func (m *Model) Alone() error {
	if m.Unfit == nil {
		return nil
	}
	return &ScopeError{Path: m.Path, Err: fmt.Errorf("%w; known images can be asked about beside images that were never trained on (--reference)", m.Unfit.Err)}
}

// unfit says why samples cannot be reconstructed.
func (m *Model) unfit(network *graph.Network) error {
	if err := m.extract(network); err != nil {
		return err
	}
	if len(m.chain().Layers) == 1 {
		return errors.New("it has a single layer, which holds one combination of all samples for each class")
	}
	if m.Homogeneity.Verdict == graph.NotHomogeneous {
		return fmt.Errorf("it is not homogeneous in its parameters: %s", m.Homogeneity.Findings[0])
	}
	return nil
}

// extract finds out which kind of network it is. The error is about the fully connected kind where the network has no
// convolutions, and of either kind otherwise.
func (m *Model) extract(network *graph.Network) error {
	var err error
	if m.Net, err = chain.DenseOf(network); err == nil {
		m.Net = m.Net.Reduced()
		return nil
	}
	m.Net = nil
	var other error
	if m.Convolutional, other = chain.ConvolutionalOf(network); other != nil {
		return errors.Join(err, other)
	}
	return nil
}

// chain is the network, of either kind; nil where it is neither.
func (m *Model) chain() *chain.Convolutional {
	switch {
	case m.Convolutional != nil:
		return m.Convolutional
	case m.Net != nil:
		return m.Net.Convolutional()
	}
	return nil
}

// Dense is the network for what can be done to a fully connected one alone.
func (m *Model) Dense() (*chain.Dense, error) {
	if m.Net == nil {
		return nil, fmt.Errorf("%s: it has convolutions: this operation is for fully connected networks", m.Path)
	}
	return m.Net, nil
}

// finite refuses weights that nothing can be computed with.
func finite(file *onnxio.Model) error {
	for _, t := range file.Initializers {
		for i, v := range t.Float32s {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("tensor %q holds the value %v at position %d: the file is damaged, or training diverged", t.Name, v, i)
			}
		}
		for i, v := range t.Float64s {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("tensor %q holds the value %v at position %d: the file is damaged, or training diverged", t.Name, v, i)
			}
		}
	}
	return nil
}

// Architecture is the network's widths, input first: 784-1000-1, or 784-16x169-128x25-1 for two convolutions of 16 and 128
// channels at 169 and 25 positions; empty where it is no such chain.
func (m *Model) Architecture() string {
	if m.chain() == nil {
		return ""
	}
	out := strconv.Itoa(m.chain().Inputs())
	for _, l := range m.chain().Layers {
		rows, _ := l.W.Dims()
		out += "-" + strconv.Itoa(rows)
		if n := l.Positions(); n > 1 {
			out += "x" + strconv.Itoa(n)
		}
	}
	return out
}

// Input is the shape of the images that the model takes: channels, rows and columns, or their number where it takes a
// plain vector. Dimensions of 1 in the file's shape say nothing: 28 x 28, 1 x 28 x 28 and 28 x 28 x 1 are the same.
func (m *Model) Input() []int {
	var sides []int
	for _, n := range m.inputShape() {
		if n != 1 {
			sides = append(sides, n)
		}
	}
	if len(sides) == 2 {
		return []int{1, sides[0], sides[1]}
	}
	return sides
}

func (m *Model) inputShape() []int {
	if c := m.chain(); c != nil {
		return c.InputShape
	}
	return m.Network.InputShape
}

// Channels is the number of channels of the images that the model takes, 0 where its input does not say so.
func (m *Model) Channels() int {
	if s := m.Input(); len(s) == 3 && (s[0] == 1 || s[0] == 3) {
		return s[0]
	}
	return 0
}

// normalization is what the model does to an image before its first layer, nil for nothing.
func (m *Model) normalization() *chain.InputNormalization {
	if m.Net != nil {
		return m.Net.Input
	}
	return m.Convolutional.Input
}

// Problem is the reconstruction problem of the model for images of the size c x h x w that were normalised by norm before
// they were fed to it.
func (m *Model) Problem(c, h, w int, norm images.Normalisation) (reconstruct.Problem, error) {
	mean, std, err := norm.PerPixel(c, h, w)
	if err != nil {
		return reconstruct.Problem{}, fmt.Errorf("%s: %w", m.Path, err)
	}
	if in := m.normalization(); in != nil {
		// The first layer sees scale (p - mean)/std + shift = (p - mean')/std'.
		for i, scale := range in.Scale {
			if !(scale > 0) {
				return reconstruct.Problem{}, &ScopeError{Path: m.Path, Err: fmt.Errorf(
					"it multiplies input %d by %g before the first layer; export it without its own normalisation", i, scale)}
			}
			mean[i] -= in.Shift[i] * std[i] / scale
			std[i] /= scale
		}
	}
	net := m.Net
	if net != nil {
		low, high := make([]float64, len(mean)), make([]float64, len(mean))
		for i := range mean {
			low[i], high[i] = -mean[i]/std[i], (1-mean[i])/std[i] // pixels are from 0 to 1
		}
		net = net.WithoutSilent(low, high)
	}
	p := reconstruct.Problem{Net: net, Convolutional: m.Convolutional, Channels: c, Height: h, Width: w, Mean: mean, Std: std}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("%s: %w", m.Path, err)
	}
	return p, nil
}
