package chain

import (
	"errors"
	"fmt"

	"unlearnguard/graph"
)

// Applicability says whether samples can be reconstructed from a model, and how hard it is.
type Applicability struct {
	// InScope says that the model is of a kind that samples can be reconstructed from: a homogeneous chain of layers.
	InScope bool `json:"in_scope"`
	// Applicable says that its weights determine samples as well.
	Applicable bool `json:"applicable"`
	// Reason says why not, or what makes it easy or hard.
	Reason string `json:"reason"`
	// ParametersPerElement is the number of parameters for each number (pixel) of a sample. A sample and its multiplier
	// are InputElements + 1 unknowns, so no more than SampleBound samples are determined by the parameters.
	InputElements        int     `json:"input_elements,omitempty"`
	ParametersPerElement float64 `json:"parameters_per_element,omitempty"`
	SampleBound          int     `json:"sample_bound,omitempty"`
	// FirstLayer is where the samples' span shows.
	FirstLayer *FirstLayer `json:"first_layer,omitempty"`
}

// FirstLayer is the spectrum of a fully connected network's first weight.
type FirstLayer struct {
	Name    string `json:"name"`
	Outputs int    `json:"outputs"`
	Inputs  int    `json:"inputs"`
	// Rank is the number of singular values above Edge, that of noise; Largest is the first of them.
	Rank    int     `json:"rank"`
	Edge    float64 `json:"edge"`
	Largest float64 `json:"largest"`
}

// applicabilityOf says whether samples can be reconstructed from a network, given how that scales and how many parameters it has.
func applicabilityOf(net *graph.Network, h *graph.Homogeneity, parameters int) Applicability {
	a := Applicability{InputElements: volume(net.InputShape)}
	a.ParametersPerElement = float64(parameters) / float64(a.InputElements)
	a.SampleBound = parameters / (a.InputElements + 1)
	if h.Verdict == graph.NotHomogeneous {
		a.Reason = fmt.Sprintf("the network is not homogeneous: node %q (%s): %s", h.Findings[0].Node, h.Findings[0].Op, h.Findings[0].Reason)
		return a
	}
	dense, err := denseOf(net)
	if err != nil {
		a.ofConvolutions(net, err)
		return a
	}
	first := dense.Layers[0]
	rows, columns := first.W.Dims()
	spectrum := NoiseRank(first.W)
	a.FirstLayer = &FirstLayer{first.Name, rows, columns, spectrum.Rank, spectrum.Edge, spectrum.Singular[0]}
	if len(dense.Layers) == 1 {
		a.Reason = "the network has a single layer, whose weight is one combination of all samples for each class"
		return a
	}
	a.InScope, a.Applicable = true, a.FirstLayer.Largest > a.FirstLayer.Edge
	a.Reason = a.FirstLayer.difficulty()
	return a
}

// ofConvolutions says whether samples can be reconstructed from a network with convolutions; notDense is why it is no
// fully connected one.
func (a *Applicability) ofConvolutions(net *graph.Network, notDense error) {
	c, err := convolutionalOf(net)
	switch {
	case err != nil:
		a.Reason = bothReasons(notDense, err)
		return
	case len(c.Layers) == 1:
		a.Reason = "the network has a single layer, whose weight is one combination of all samples for each class"
		return
	}
	layer, _, conditions := c.Informative()
	name, n := c.Layers[layer].Name, c.Determined(conditions)
	a.InScope, a.Applicable = true, Enough(n)
	a.Reason = fmt.Sprintf("layer %q, the most informative one, determines %d samples: ", name, n)
	if a.Applicable {
		a.Reason += "had the network more, they are hard to find"
	} else {
		a.Reason += "its weights have few directions, or are mostly those that it started from"
	}
}

// bothReasons joins why a network is no chain of either kind; one that is the same for both is said once.
func bothReasons(dense, convolutional error) string {
	cause := func(err error) string {
		if inner := errors.Unwrap(err); inner != nil {
			return inner.Error()
		}
		return err.Error()
	}
	if dense.Error() == convolutional.Error() {
		return dense.Error()
	}
	if cause(dense) == cause(convolutional) {
		return "neither a fully connected ReLU network nor a chain of convolutions: " + cause(dense)
	}
	return dense.Error() + "; and " + convolutional.Error()
}

// difficulty says in words what the spectrum means for finding the samples.
func (l *FirstLayer) difficulty() string {
	if l.Largest <= l.Edge {
		return "nothing in the first layer stands above its noise: the samples are hidden in the initial weights, if there are any"
	}
	most := min(l.Outputs, l.Inputs)
	text := fmt.Sprintf("the first layer has rank %d of %d above its noise: ", l.Rank, most)
	if float64(l.Rank) >= nearlyFull*float64(most) {
		return text + "it excludes nothing, and few samples or none may be found"
	}
	return text + fmt.Sprintf("about %d samples can be told apart in it, so that a network trained on no more gives them up, "+
		"and one trained on many more gives up few or none", l.Rank)
}
