package graph

import (
	"fmt"

	"unlearnguard/onnxio"
)

// Network is a model that has been read: what it computes, from parameters and a batch of samples to its output.
type Network struct {
	// InputName and InputShape are those of the model's input; the shape is that of one sample, without the batch.
	InputName  string
	InputShape []int
	// OutputName is the model's output; Outputs is the number of logits a sample (1 for a binary classifier), 0 where the
	// model is no classifier.
	OutputName string
	Outputs    int
	// Head names the operators between the logits and the output, in order: Softmax, LogSoftmax, Sigmoid. It is empty
	// where the output is the logits.
	Head []string
	// Notes say in words what was decided in reading the model.
	Notes []string

	// batch is the first dimension of the input: open, or fixed where the network works at one size only.
	batch Size
	// sample is the shape of one sample where the caller gave it.
	sample []int
	model  *onnxio.Model
	input  *value
	output *value
	logits *value
	steps  []*step
}

// InputElements is the number of elements of one sample.
func (net *Network) InputElements() int { return volume(net.InputShape) }

// stripHead finds the logits: the output without the function that turns them into probabilities or into a choice.
func (net *Network) stripHead() {
	v := net.output
	for {
		below, head := headOf(v)
		if head == nil {
			break
		}
		net.Head = append([]string{head.node.Op}, net.Head...)
		net.Notes = append(net.Notes, fmt.Sprintf("%s node %q at the end is the head; the logits before it are the network's outputs",
			head.node.Op, nodeName(head.node)))
		v = below
	}
	net.logits = net.beforeReshape(v)
	if net.classifier() == nil {
		shape, _ := net.sampleShape(net.logits)
		net.Outputs = volume(shape)
	}
}

// beforeReshape gives a classifier's logits that are laid out at the end as one vector for the whole batch. An output that is
// given more axes is an image, not logits.
func (net *Network) beforeReshape(v *value) *value {
	if len(v.shape) != 1 {
		return v
	}
	for w := v; ; w = w.step.inputs[0] {
		if net.classifies(w) == nil {
			if w != v {
				net.Notes = append(net.Notes, fmt.Sprintf("the output is reshaped at the end, from %v to %v", w.shape, v.shape))
			}
			return w
		}
		if w.step == nil {
			return v
		}
		if _, ok := w.step.op.(reshape); !ok {
			return v
		}
	}
}

// sampleShape is the shape of one sample's part of a value, whose samples must lie one after the other.
func (net *Network) sampleShape(v *value) ([]int, bool) {
	s := v.shape
	switch {
	case net.batch.PerSample != 0 && !v.inOrder():
		return nil, false
	case len(s) > 0 && s[0] == net.batch:
		return s[1:].At(1), true
	}
	return s.At(1), net.batch.PerSample != 0 || net.batch == fixed(1)
}

// oneRow says whether a shape that keeps the samples apart has one row for each.
func (net *Network) oneRow(s Shape) bool {
	return net.batch == fixed(1) || len(s) > 0 && s[0] == net.batch
}

// Classifier says why the model is none: its logits must have the shape [batch, classes], or [batch] for a binary one.
func (net *Network) Classifier() error {
	if err := net.classifier(); err != nil {
		return fmt.Errorf("%s%w", prefix(net.model), err)
	}
	return nil
}

func (net *Network) classifier() error { return net.classifies(net.logits) }

func (net *Network) classifies(logits *value) error {
	s := logits.shape
	shape, ok := net.sampleShape(logits)
	ok = ok && net.oneRow(s) && volume(shape) > 0
	for i, d := range shape {
		ok = ok && (i == 0 || d == 1)
	}
	if !ok {
		return fmt.Errorf("output %q has shape %v: a classifier's is [batch, classes]", net.OutputName, s)
	}
	return nil
}
