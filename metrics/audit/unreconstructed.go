package audit

import (
	"fmt"
	"math"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct/imprint"
)

// unreconstructed says why nothing is reconstructed, or is empty. Where there are reference images, what the layers answer
// takes its place.
func (r *Request) unreconstructed() string {
	if r.late != "" {
		return r.late
	}
	for _, m := range []*Model{r.Before, r.After} {
		if m.Unfit != nil {
			return m.Unfit.Error()
		}
	}
	switch {
	case r.Reference == nil || r.Reference.Len() < imprint.FewestReferences:
		return ""
	case r.vectors():
		return "its inputs are no images"
	}
	// The model before was trained on all queried images, so it says whether they can be told apart at all.
	if told := r.Before.distinguishable(); 2*told < r.Queried.Len() {
		return fmt.Sprintf("%s: its weights tell about %d samples apart, and it was trained on %d at least", r.Before.Path, told, r.Queried.Len())
	}
	return ""
}

// distinguishable is the number of samples that the weights tell apart: the rank of the first layer above its noise, or what
// the layer with the highest effective rank determines of a network with convolutions.
func (m *Model) distinguishable() int {
	if m.told < 0 {
		if m.Net != nil {
			m.told = chain.NoiseRank(m.Net.Layers[0].W).Rank
		} else {
			_, _, conditions := m.Convolutional.Informative()
			if m.told = m.Convolutional.Determined(conditions); !chain.Enough(m.told) {
				m.told = 0
			}
		}
	}
	return m.told
}

// vectors reports whether the inputs are no images: the models take plain vectors, and the values are no pixels, or too few in
// a row for a picture.
func (r *Request) vectors() bool {
	if len(r.Before.Input()) != 1 || len(r.After.Input()) != 1 {
		return false
	}
	if min(r.Queried.H, r.Queried.W) < r.SSIM.WithDefaults().Size {
		return true
	}
	return pixels(r.Queried) != nil && numbers(r.Queried) == nil
}

// numbers refuses what is not finite.
func numbers(s *images.Set) error {
	for i, name := range s.Names {
		for _, v := range s.Image(i) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%s holds the value %v", name, v)
			}
		}
	}
	return nil
}
