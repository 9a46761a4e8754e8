package graph

import (
	"errors"
	"fmt"
	"slices"

	"unlearnguard/onnxio"
)

func (c *compiler) chooseOutput(name string) error {
	if len(c.model.Outputs) == 0 {
		return errors.New("the model has no outputs")
	}
	if name == "" {
		name = c.model.Outputs[0].Name
	}
	if !slices.Contains(outputNames(c.model), name) {
		return fmt.Errorf("the model has no output %q: it has %q", name, outputNames(c.model))
	}
	c.output = name
	return nil
}

func outputNames(m *onnxio.Model) []string {
	names := make([]string, len(m.Outputs))
	for i, o := range m.Outputs {
		names[i] = o.Name
	}
	return names
}

// reading is what came of reading a model for one of its outputs.
type reading struct {
	c   *compiler
	net *Network
	err error
}

func readFor(m *onnxio.Model, opts Options, output string) reading {
	opts.Output = output
	c, net, err := readOutput(m, opts)
	return reading{c, net, err}
}

// read reads a model for the output that was asked for or, of several, the one that is a classifier's, and makes sure that
// samples are computed alike alone and among others.
func read(m *onnxio.Model, opts Options) (*compiler, *Network, error) {
	var r reading
	if opts.Output != "" || len(m.Outputs) < 2 {
		r = readFor(m, opts, opts.Output)
	} else {
		r = chosenReading(m, opts)
	}
	if r.err != nil || r.net == nil {
		return r.c, nil, r.err
	}
	differ := r.net.compareAlone()
	if differ == nil {
		return r.c, r.net, nil
	}
	opts.Output = r.net.OutputName
	still, err := loweredAtOneSize(m, opts)
	if err != nil || len(still.findings) > 0 {
		return r.c, nil, differ
	}
	still.noteSize(differ.Error())
	net, err := still.network()
	return still, net, err
}

// mostOutputs bounds the outputs that are tried.
const mostOutputs = 16

// chosenReading reads a model for its first output, unless that is no classifier's and exactly one other is: scikit-learn
// puts the predicted class first, feature extractors put the features.
func chosenReading(m *onnxio.Model, opts Options) reading {
	names := outputNames(m)
	readings := make([]reading, min(len(names), mostOutputs))
	var classifiers []int
	for i := range readings {
		readings[i] = readFor(m, opts, names[i])
		if readings[i].classifies() && !slices.ContainsFunc(names, func(other string) bool { return feeds(m, names[i], other) }) {
			classifiers = append(classifiers, i)
		}
	}
	first := readings[0]
	switch {
	case len(classifiers) > 0 && (classifiers[0] == 0 || sameLogits(readings, classifiers)):
		chosen := readings[classifiers[0]]
		why := "the first"
		if classifiers[0] > 0 {
			why = fmt.Sprintf("which is a classifier's, unlike %q", names[:classifiers[0]])
		}
		chosen.net.Notes = slices.Insert(slices.Clone(chosen.net.Notes), 0, fmt.Sprintf("the model has %d outputs; %q, %s, is used", len(names), names[classifiers[0]], why))
		chosen.c.notes = chosen.net.Notes
		return chosen
	case first.net == nil && first.c != nil:
		first.c.note("the model has the outputs %q, and %q, the first, cannot be read: choose another one with Options.Output (--output)", names, names[0])
	case first.net != nil:
		first.net.Notes = append(first.net.Notes, fmt.Sprintf("the model has the outputs %q; %q, the first, is used: choose another one with Options.Output (--output)", names, names[0]))
	default:
		first.err = fmt.Errorf("%w; the model has the outputs %q: choose one with Options.Output (--output)", first.err, names)
	}
	return first
}

// classifies says whether the output is a classifier's logits or probabilities, and not its choice of a class.
func (r reading) classifies() bool {
	return r.err == nil && r.net != nil && r.net.classifier() == nil && !slices.Contains(r.net.Head, "ArgMax")
}

// sameLogits says whether outputs are the same logits, with one head or another.
func sameLogits(all []reading, which []int) bool {
	source := func(i int) string {
		if s := all[i].net.logits.step; s != nil {
			return nodeName(s.node)
		}
		return ""
	}
	return !slices.ContainsFunc(which, func(i int) bool { return source(i) != source(which[0]) })
}

// feeds says whether an output is an inner value of the network of another one, with layers in between.
func feeds(m *onnxio.Model, output, other string) bool {
	if output == other {
		return false
	}
	needed := (&compiler{model: m, output: other}).needed()
	behind := map[string]bool{output: true}
	layers := map[string]bool{}
	for i, n := range m.Nodes {
		if !needed[i] {
			continue
		}
		for _, in := range n.Inputs {
			if !behind[in] {
				continue
			}
			weighted := layers[in] || n.Op == "Gemm" || n.Op == "MatMul" || n.Op == "Conv"
			for _, out := range n.Outputs {
				behind[out] = true
				layers[out] = layers[out] || weighted
			}
		}
	}
	return layers[other]
}
