package metrics

import (
	"fmt"
	"math"
	"slices"
)

// Copies are the scores of altered copies of the samples to forget in the model after, and of copies of reference images that
// were altered in the same way. A model that was trained on a copy of a sample still holds the sample.
//
// Copies of never-trained samples are exchangeable with those of the reference images, however the version with the highest
// score is found, as long as the same is done to all of them.
type Copies struct {
	// Versions name the alterations.
	Versions []string `json:"versions"`
	// Samples has one row a sample to forget, in their order, Null one a reference image: the scores of its versions.
	Samples [][]float64 `json:"samples"`
	Null    [][]float64 `json:"null"`
	// NullLabels are the classes of the reference images, -1 where they are not known, or nil.
	NullLabels []int `json:"null_labels,omitempty"`
	// Best names, for each sample to forget, the version that scores highest.
	Best []string `json:"best"`
	// Pictures has for each sample to forget, NullPictures for each reference image, the highest cosine that one of its versions has with
	// what was reconstructed from the model after; both are nil where nothing was.
	Pictures     []float64 `json:"pictures,omitempty"`
	NullPictures []float64 `json:"null_pictures,omitempty"`
}

// OwnVersion names the version that was fitted to each image by its own scores.
const OwnVersion = "each altered in its own way"

// copiesStatistic is the name of tests of altered copies by the layers' answers, picturesStatistic of that by what was reconstructed.
const (
	copiesStatistic   = "copies"
	picturesStatistic = "pictures of copies"
)

func (c *Copies) validate(forget int) error {
	if c == nil {
		return nil
	}
	if len(c.Samples) != forget || len(c.Best) != forget || len(c.Null) == 0 || len(c.NullLabels) != 0 && len(c.NullLabels) != len(c.Null) {
		return fmt.Errorf("copies of %d samples and %d reference images for %d samples to forget", len(c.Samples), len(c.Null), forget)
	}
	if c.Pictures != nil && (len(c.Pictures) != forget || len(c.NullPictures) != len(c.Null)) {
		return fmt.Errorf("pictures of copies of %d samples and %d reference images, for %d and %d", len(c.Pictures), len(c.NullPictures), forget, len(c.Null))
	}
	for _, v := range slices.Concat(c.Pictures, c.NullPictures) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the cosine of a copy is %v", v)
		}
	}
	for _, rows := range [][][]float64{c.Samples, c.Null} {
		for _, r := range rows {
			if len(r) != len(c.Versions) || len(r) == 0 {
				return fmt.Errorf("%d scores for %d versions of an image", len(r), len(c.Versions))
			}
			for _, v := range r {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("the score of a copy is %v", v)
				}
			}
		}
	}
	return nil
}

// standard are the scores, each version centred and scaled over all images, samples first: all images are treated alike.
func (c *Copies) standard() [][]float64 {
	all := append(append([][]float64{}, c.Samples...), c.Null...)
	return standardised(scalesOf(all), all)
}

// highest are the highest standard scores of each image's versions.
func (c *Copies) highest() Scores {
	var out Scores
	for i, r := range c.standard() {
		if i < len(c.Samples) {
			out.Samples = append(out.Samples, slices.Max(r))
		} else {
			out.Null = append(out.Null, slices.Max(r))
		}
	}
	return out
}

// pictures are the cosines with what was reconstructed.
func (c *Copies) pictures() Scores { return Scores{Samples: c.Pictures, Null: c.NullPictures} }

// copyTests are those of the samples as a group: by one version of all of them, by the version fitted to each, and by what was reconstructed.
func (a *audit) copyTests() []GroupTail {
	c := a.in.Copies
	if c == nil {
		return nil
	}
	labels := make([]int, len(a.forget))
	for k, i := range a.forget {
		labels[k] = a.in.Samples[i].Label
	}
	g := newGroup(upTo(len(a.forget)), labels, c.NullLabels, len(c.Null))
	tests := []GroupTail{
		scan{copiesStatistic, c.Versions, c.standard(), len(c.Samples)}.test(g, a.Options),
		{Statistic: copiesStatistic, Version: OwnVersion, PValue: g.pValue(c.highest(), false, a.Options)},
	}
	if c.Pictures != nil {
		tests = append(tests, GroupTail{Statistic: picturesStatistic, Version: OwnVersion, PValue: g.pValue(c.pictures(), false, a.Options)})
	}
	return tests
}

// copiesGuard says which of the samples to forget do not count as absent for one of their versions: what was reconstructed resembles it, or
// layers answer to it and, where samples are judged by what was reconstructed, nothing speaks against it there.
func (a *audit) copiesGuard() []bool {
	c := a.in.Copies
	if c == nil {
		return nil
	}
	high, pictures := c.highest(), c.pictures()
	byPictures := c.Pictures != nil && !a.judgesKnown() && !a.started()
	out := make([]bool, len(c.Samples))
	for i := range out {
		seen := 1.0
		if c.Pictures != nil {
			seen = ConformalPValue(pictures.Samples[i], pictures.Null)
		}
		answered := ConformalPValue(high.Samples[i], high.Null) <= guardLevel && !(byPictures && seen > unseenAbove)
		out[i] = answered || seen <= guardLevel
	}
	return out
}
