package chain

// Informative is the hidden layer whose weight determines most samples of a network with convolutions, with its spectrum
// and the number of conditions that it is worth: each direction above its noise is one of so many outputs and inputs;
// directions count by their share of the energy, (sum s^2)^2 / sum s^4 of them, and all of them by what is not noise. A sample
// and its multiplier are one unknown more than the sample has elements.
//
// The first layer of such a network has too few numbers to hold samples, and a layer that kept the noise that it started
// from holds them worse than one that grew from next to nothing.
func (c *Convolutional) Informative() (layer int, s Spectrum, conditions float64) {
	conditions = -1
	for l, candidate := range c.Layers[:max(1, len(c.Layers)-1)] {
		spectrum := NoiseRank(candidate.W)
		if n := spectrum.conditions(candidate.Affine); n > conditions {
			layer, s, conditions = l, spectrum, n
		}
	}
	return layer, s, conditions
}

// Determined is the number of samples that so many conditions determine.
func (c *Convolutional) Determined(conditions float64) int {
	return int(conditions / float64(c.Inputs()+1))
}

// Enough says whether a layer of a network with convolutions determines so many samples that what is found are samples.
func Enough(samples int) bool { return samples >= fewestDetermined }

func (s Spectrum) conditions(layer Affine) float64 {
	var all, signal, squared float64
	for k, v := range s.Singular {
		all += v * v
		if k < s.Rank {
			signal += v * v
			squared += v * v * v * v
		}
	}
	if squared == 0 {
		return 0
	}
	out, in := layer.W.Dims()
	return signal * signal / squared * float64(out+in) * signal / all
}
