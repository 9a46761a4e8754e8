package graph

// Layer is a product or a convolution with what depends on parameters alone.
type Layer struct {
	// Name is that of the weight in the file, Node that of the node.
	Name, Node string
	// Input and Output are the shapes of what the layer reads and of its result, for the batch.
	Input, Output []int
}

func (l *layerOperands[T]) describe() *Layer {
	if l.layer == nil {
		samples, weight, _ := l.step.layer()
		l.layer = &Layer{
			Name: weightName(l.step.inputs[weight]), Node: nodeName(l.step.node),
			Input: l.step.inputs[samples].shape.At(l.batch), Output: l.out.shape,
		}
	}
	return l.layer
}
