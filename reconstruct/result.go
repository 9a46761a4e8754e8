package reconstruct

import "math"

// Result is what a run recovered from the parameters.
type Result struct {
	// Samples are the recovered samples, most credible first. Near copies from different restarts are one sample.
	Samples []Sample `json:"samples"`
	// Rank is the number of directions of the first layer above its noise, close to the number of training samples
	// while that is well under the input's width, and Edge the singular value that separates them. Of a network with
	// convolutions they are those of the layer that samples were looked for in, and tell nothing of their number.
	Rank int     `json:"rank"`
	Edge float64 `json:"edge"`
	// Parameters counts the network's parameters.
	Parameters int `json:"parameters"`
	// Restarts holds what became of each.
	Restarts []Restart `json:"restarts"`
	// Repeated is the number of samples that more than half of the restarts found.
	Repeated int `json:"repeated"`
	// Distinct is the mean number of a restart's particles that did not converge to one point. Fewer than Rank cannot be the samples.
	Distinct float64 `json:"distinct"`
	// Floor says whether the images of this model lie at the bottom of the pixel range in many of their pixels.
	Floor Floor `json:"floor"`
	// Pruning says whether weights were pruned, and what was done about it.
	Pruning Pruning `json:"pruning"`
	// Balance says whether somebody scaled the network's neurons.
	Balance Balance `json:"balance"`
	// Explained says whether the stationarity residual came low enough, and with convolutions whether the restarts agree. It is
	// enough for an audit, which measures on known samples what a run misses.
	Explained bool `json:"explained"`
	// Converged says whether a sample's absence from the result is evidence by itself: the parameters were explained, and by the
	// same samples in most restarts. Reason tells why not.
	Converged bool   `json:"converged"`
	Reason    string `json:"reason,omitempty"`
	// Confidence in [0, 1] ranks runs by how close what they recovered is to the training images, without any of them: the
	// mean of Stability times Agreement over the Rank most credible samples, about as many as there are to recover. Below
	// LowConfidence the run is doubtful.
	Confidence float64 `json:"confidence"`

	span  *span
	space space
	unit  [][]float64 // the samples as network inputs, of norm 1
}

// Residual is the least of the restarts' residuals; +Inf where none is finite.
func (r *Result) Residual() float64 {
	best := math.Inf(1)
	for _, restart := range r.Restarts {
		if finite(restart.Residual) {
			best = min(best, restart.Residual)
		}
	}
	return best
}

// Width is the number of columns of the layer that Rank is of: the most that it can be.
func (r *Result) Width() int {
	w := r.span.net.Layers[r.span.layer].W
	if r.span.first != nil {
		w = r.span.first
	}
	_, d := w.Dims()
	return d
}

// Sample is one recovered sample.
type Sample struct {
	// Pixels has length d, channel by channel and row by row, mapped back by the problem's mean and standard deviation;
	// nominally in [0, 1], not clipped.
	Pixels []float64 `json:"-"`
	// Label is the class whose margin the sample supports; 0 or 1 when binary.
	Label int `json:"label"`
	// Multiplier is the sample's lambda, summed over rival classes.
	Multiplier float64 `json:"multiplier"`
	// Support is the number of restarts that found it.
	Support int `json:"support"`
	// Stability is how well the restarts agree on it: the mean over the other restarts of the cosine with the nearest
	// candidate of each.
	Stability float64 `json:"stability"`
	// Agreement is the cosine of what the stationarity residual alone led to with the image that was made of it: 1 where
	// the parameters and what images have in common say the same.
	Agreement float64 `json:"agreement"`
	// AtFloor is the share of pixels at the bottom of the range.
	AtFloor float64 `json:"at_floor"`
	// Confidence in [0, 1] predicts, without any training data, how close the sample is to a training image: its
	// stability beyond what restarts with nothing in common would have, times the share of its pixels at the floor beyond
	// chance where the images have a floor. In a network with convolutions it is stability times contrast times the root of
	// the multiplier, the latter two against the most.
	Confidence float64 `json:"confidence"`
}

// Restart is the outcome of one descent.
type Restart struct {
	// Residual is the final relative residual of the stationarity condition on the layer that samples were looked for in:
	// 0.03-0.1 where recovery is good, above 0.2 where it is not.
	Residual float64 `json:"residual"`
	// Attempts counts starts: a dead one (residual near 1) is drawn again.
	Attempts int `json:"attempts"`
}

// Floor is what the pursuit of images says about the bottom of the pixel range.
type Floor struct {
	// Used says that samples were drawn to it.
	Used bool `json:"used"`
	// Share is the median share of pixels at the floor after the pursuit.
	Share float64 `json:"share"`
	// Chance is the share that any point pushed there would have: r / d.
	Chance float64 `json:"chance"`
}
