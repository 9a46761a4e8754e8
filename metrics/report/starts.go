package report

import (
	"fmt"
	"math"
)

// words say what a model's starts are and what they found.
func (s *Starts) words() string {
	out := s.Standing
	if s.NoPower != "" {
		return out + "; here they tell nothing: " + s.NoPower
	}
	if s.Layer == "" {
		return out
	}
	out += fmt.Sprintf("; since then about %.0f directions of at most %d moved the layer %s", s.Directions, s.Limit, s.Layer)
	for k, c := range s.Decay {
		if math.Abs(c-1) > 1e-4 && len(s.Decay) == 1 {
			out += fmt.Sprintf(", and weight decay left %.4g of the start", c)
		} else if math.Abs(c-1) > 1e-4 {
			out += fmt.Sprintf(", and weight decay left %.4g of start %d", c, k+1)
		}
	}
	return out
}
