package whitebox

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Training is what the inverse Hessian attack is told of the training.
type Training struct {
	// Rate is the learning rate, Samples the number of training samples.
	Rate    float64
	Samples int
	// References are the images that the Hessian is taken from, Known some that the network was trained on.
	References, Known []int
	// Damping is added to the Hessian's diagonal. If 0, it is 0.002: of this, 0.02 and the published 0.2, which is for the
	// parameters of whole networks, it did best on mlp200 (AUC 0.73, 0.73 and 0.61).
	Damping float64
}

// InverseHessian scores all images by the inverse Hessian attack on the weight of the last layer, which must give the logits:
//
//	loss - (|H^-1 g|^2 / n + 2 <H^-1 g0, H^-1 g>) / rate
//
// for the gradient g of the image's loss, the mean gradient g0 of the known training samples' and the Hessian H of the mean
// loss of the reference images: higher for training samples.
func (o *Observations) InverseHessian(t Training) ([]float64, error) {
	if t.Damping == 0 {
		t.Damping = 0.002
	}
	last := o.layers[len(o.layers)-1]
	_, width := last.inputs.Dims()
	if _, outputs := last.signals.Dims(); outputs != o.logits() {
		return nil, fmt.Errorf("whitebox: layer %s has %d outputs, the network %d logits", last.name, outputs, o.logits())
	}
	var chol mat.Cholesky
	if !chol.Factorize(o.hessian(t.References, t.Damping)) {
		return nil, errNotPositive
	}
	steps := mat.NewDense(o.logits()*width, len(o.Losses), nil) // H^-1 g, a column an image
	if err := chol.SolveTo(steps, o.lossGradients().T()); err != nil {
		return nil, err
	}
	return o.attack(steps, t), nil
}

func (o *Observations) logits() int { return o.probabilities.RawMatrix().Cols }

// attack is the score for the columns H^-1 g of all images.
func (o *Observations) attack(steps *mat.Dense, t Training) []float64 {
	dims, _ := steps.Dims()
	known := mat.NewVecDense(dims, nil) // H^-1 g0
	for _, i := range t.Known {
		known.AddScaledVec(known, 1/float64(len(t.Known)), steps.ColView(i))
	}
	out := make([]float64, len(o.Losses))
	for i, loss := range o.Losses {
		step := steps.ColView(i)
		out[i] = loss - (mat.Dot(step, step)/float64(t.Samples)+2*mat.Dot(known, step))/t.Rate
	}
	return out
}

// lossGradients has a row for each image: the gradient of its loss by the last layer's weight, logit after logit.
func (o *Observations) lossGradients() *mat.Dense {
	inputs := o.layers[len(o.layers)-1].inputs
	n, width := inputs.Dims()
	out := mat.NewDense(n, o.logits()*width, nil)
	for i := range n {
		for c, p := range o.probabilities.RawRowView(i) {
			if c == o.classes[i] {
				p--
			}
			floats.ScaleTo(out.RawRowView(i)[c*width:(c+1)*width], p, inputs.RawRowView(i))
		}
	}
	return out
}

// hessian is that of the mean loss of images by the last layer's weight, mean of (diag(p) - p p') x (a a') for probabilities p
// and input a, plus damping. As the logits are linear in the weight, it is the Gauss-Newton matrix and exact.
func (o *Observations) hessian(of []int, damping float64) *mat.SymDense {
	inputs := o.layers[len(o.layers)-1].inputs
	_, width := inputs.Dims()
	a := mat.NewDense(len(of), width, nil)
	for k, i := range of {
		a.SetRow(k, inputs.RawRowView(i))
	}
	h := mat.NewSymDense(o.logits()*width, nil)
	weighted, block := mat.NewDense(len(of), width, nil), mat.NewDense(width, width, nil)
	for c := range o.logits() {
		for d := c; d < o.logits(); d++ {
			for k, i := range of {
				floats.ScaleTo(weighted.RawRowView(k), o.curvature(i, c, d)/float64(len(of)), a.RawRowView(k))
			}
			block.Mul(weighted.T(), a)
			place(h, block, c*width, d*width)
		}
	}
	for i := range o.logits() * width {
		h.SetSym(i, i, h.At(i, i)+damping)
	}
	return h
}

// curvature is the second derivative of an image's loss by two logits.
func (o *Observations) curvature(image, c, d int) float64 {
	p := o.probabilities.RawRowView(image)
	if c == d {
		return p[c] * (1 - p[c])
	}
	return -p[c] * p[d]
}

// place puts a block at a place in the upper triangle.
func place(h *mat.SymDense, block *mat.Dense, row, column int) {
	n, _ := block.Dims()
	for i := range n {
		for j, v := range block.RawRowView(i) {
			if row+i <= column+j {
				h.SetSym(row+i, column+j, v)
			}
		}
	}
}
