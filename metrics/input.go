package metrics

import (
	"errors"
	"fmt"
	"math"
)

// Sample is one queried image, by name.
type Sample struct {
	// Source says where the image came from, for people.
	Source string
	Role   Role
	// Label is the class, or -1 where it is not known.
	Label int
}

// Scores are one statistic of one model. Larger means more evidence that the image was trained on: a distance is given
// with its sign changed.
type Scores struct {
	// Samples has one score a sample of the input, in its order.
	Samples []float64
	// Null has one score a reference image: images of the same kind that were never trained on. Empty means that
	// there is no reference set.
	Null []float64
	// NoPower says why the statistic has no power for this model: then it is reported and takes no part in the decision. Empty
	// means that it takes part. It must not depend on the scores.
	NoPower string
}

// Statistic is a measure of how far a sample can be recovered from either model.
type Statistic struct {
	// Name is a short key such as "ssim"; Title names it in a sentence, such as "structural similarity (SSIM)".
	Name, Title string
	// Distance says that the scores are distances with their sign changed: reports print them without it.
	Distance bool
	// Use says what the statistic takes part in.
	Use           Use
	Before, After Scores
}

// Use says which decisions a statistic takes part in. The zero value is for single samples.
type Use string

// The uses.
const (
	// ForSamples: it joins the score of single samples.
	ForSamples Use = ""
	// ForRequest: it decides about the request as a whole ([Together]).
	ForRequest Use = "request"
	// ForBoth: it does both, where no other statistic has power for single samples.
	ForBoth Use = "both"
	// AsGuard: its presence is evidence that samples are still in the model after, its absence means nothing.
	AsGuard Use = "guard"
	// ForRetained: its presence shows by itself that a sample is in the model after, its absence means nothing. It rests on what
	// a party supplied, such as a start, which may be forged to hide samples.
	ForRetained Use = "retained"
	// AsLayer: it is the score of one layer of the network. All of these together are one test of the request.
	AsLayer Use = "layer"
)

// Check is the outcome of one examination of a model. The zero value has not been passed.
type Check struct {
	OK bool `json:"ok"`
	// Reason says what was found, in words; it is needed where OK is false.
	Reason string `json:"reason,omitempty"`
}

// Diagnosis says whether a sample's absence from one model is evidence. A check that is not passed rules out [Unlearned]. It does
// not rule out [Retained]: a sample that was found was found.
type Diagnosis struct {
	// Scope: the model is of the kind that the method's theory covers.
	Scope Check `json:"scope"`
	// Convergence: the reconstruction converged and explains the parameters.
	Convergence Check `json:"convergence"`
	// Integrity: the parameters show no sign of having been altered without changing what the model computes.
	Integrity Check `json:"integrity"`
	// Misstated says what was stated of the model and is not so, or is empty.
	Misstated string `json:"misstated,omitempty"`
}

// Input is the evidence of one audit.
type Input struct {
	Samples    []Sample
	Statistics []Statistic
	// ReferenceLabels has the class of each reference image, -1 where it is not known. It may be left out.
	ReferenceLabels []int
	// Incomparable says why the reference images are no sample of what the queried ones are drawn from; empty where they are.
	// P-values then mean nothing, and nothing is called retained or unlearned by them.
	Incomparable string
	// Copies are altered copies of the samples to forget; nil where none were looked for.
	Copies *Copies
	// Lineage is how the model after came from the one before; nil where that is not known.
	Lineage       *Lineage
	Before, After Diagnosis
}

// Lineage says whether the model after was made from the model before.
type Lineage struct {
	// Relation is "same", "derived", "independent" or "unknown".
	Relation string `json:"relation"`
	// Reason says what was found, in words.
	Reason string `json:"reason"`
}

func (in Input) validate() error {
	forget := 0
	for i, s := range in.Samples {
		if s.Role != Forget && s.Role != Retain {
			return fmt.Errorf("sample %d (%s) has role %q: use %q or %q", i, s.Source, s.Role, Forget, Retain)
		}
		if s.Role == Forget {
			forget++
		}
	}
	if forget == 0 {
		return errors.New("no sample to forget was given: there is nothing to decide")
	}
	if len(in.Statistics) == 0 {
		return errors.New("no statistic was given: there is nothing to decide by")
	}
	k := len(in.Statistics[0].Before.Null)
	for _, s := range in.Statistics {
		if err := s.Before.validate(len(in.Samples), k); err != nil {
			return fmt.Errorf("statistic %s of the model before: %w", s.Name, err)
		}
		if err := s.After.validate(len(in.Samples), k); err != nil {
			return fmt.Errorf("statistic %s of the model after: %w", s.Name, err)
		}
	}
	if k == 0 && in.ssim() < 0 {
		return errors.New("without reference images the decision needs the statistic ssim")
	}
	if err := in.Copies.validate(forget); err != nil {
		return err
	}
	if n := len(in.ReferenceLabels); n != 0 && n != k {
		return fmt.Errorf("%d reference labels for %d reference images", n, k)
	}
	return nil
}

func (s Scores) validate(samples, references int) error {
	if len(s.Samples) != samples {
		return fmt.Errorf("%d scores for %d samples", len(s.Samples), samples)
	}
	if len(s.Null) != references {
		return fmt.Errorf("%d scores for %d reference images", len(s.Null), references)
	}
	for i, v := range s.Samples {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the score of sample %d is %v", i, v)
		}
	}
	for i, v := range s.Null {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the score of reference image %d is %v", i, v)
		}
	}
	return nil
}

// ssim is the index of the statistic of that name, or -1.
func (in Input) ssim() int {
	for i, s := range in.Statistics {
		if s.Name == "ssim" {
			return i
		}
	}
	return -1
}
