package audit

import (
	"context"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
	"unlearnguard/reconstruct/imprint/copies"
)

// effort bounds the search for copies: the number of reference images that they are compared with, at least so many of
// each class, and how often the versions about each image's best one are looked at. P-values of groups need no more references,
// each of which costs as much as a sample for every version.
type effort struct{ references, ofClass, refinements int }

// A deep network is run for every version, which is nearly all of an audit's time; for others, the layers' scores are. Without
// enough images of each class the classes are as many as the samples have in proportion.
var (
	convolutionalEffort = effort{100, 0, 1}
	fullEffort          = effort{200, metrics.FewestOfClass, 2}
)

// A copySearch looks for altered copies of the samples to forget in the layers of one model.
type copySearch struct {
	request *Request
	norm    images.Normalisation
	asked   *imprint.Examination
	// weights are those of the layers' own scores.
	weights map[imprint.Name]float64
	// only are the scores that count.
	only map[imprint.Name]bool
	// subjects are the images that versions are made of: samples to forget, then reference images.
	subjects []subject
	forget   int
	effort   effort
}

// subject is an image, and its position in the examination.
type subject struct {
	pixels []float32
	label  int
	at     int
}

// lookForCopies scores versions of the samples to forget. Which versions are looked at about an image's best one depends on
// that image's own scores alone, for samples and reference images alike. Weights are those of the layers' own scores.
func (e *Evidence) lookForCopies(ctx context.Context, r *Request, norm images.Normalisation, asked *imprint.Examination, weights []float64) error {
	if !r.copyable() {
		return nil
	}
	s := &copySearch{request: r, norm: norm, asked: asked, weights: weightsOf(asked.Result.Own(), weights)}
	if s.effort = fullEffort; asked.Convolutional() {
		s.effort = convolutionalEffort
	}
	s.choose()
	s.only = s.counting()
	coarse := copies.Coarse(asked.Convolutional())
	found, err := s.search(ctx, coarse)
	if err == nil && e.Result != nil && len(e.Result.Samples) > 0 {
		err = s.searchPictures(ctx, e.Result, coarse, found)
	}
	e.Copies = found
	return err
}

// search scores the coarse versions, and then those about each image's best one.
func (s *copySearch) search(ctx context.Context, coarse []copies.Version) (*metrics.Copies, error) {
	s.asked.Expect((1 + len(coarse) + s.effort.refinements*len(copies.Version{}.Finer())) * len(s.subjects))
	out := &metrics.Copies{Samples: make([][]float64, s.forget), Null: make([][]float64, len(s.subjects)-s.forget)}
	best := make([]fitted, len(s.subjects))
	for i, v := range append([]copies.Version{{}}, coarse...) {
		scores, err := s.score(ctx, func(int) copies.Version { return v })
		if err != nil {
			return nil, err
		}
		for k, score := range scores {
			best[k].consider(v, score, v.Part == copies.Whole)
		}
		if i > 0 { // the images as they are have tests of their own
			out.Versions = append(out.Versions, v.String())
			s.add(out, scores)
		}
	}
	for range s.effort.refinements {
		if err := s.refine(ctx, best); err != nil {
			return nil, err
		}
	}
	s.conclude(out, best)
	s.takeAway(out)
	return out, nil
}

// takeAway takes from the scores of each version what they owe to the likeness of the images to the controls.
func (s *copySearch) takeAway(out *metrics.Copies) {
	l := s.request.alike
	if l == nil {
		return
	}
	var asked, others []int
	for _, x := range s.subjects[:s.forget] {
		asked = append(asked, x.at-s.request.Reference.Len())
	}
	for _, x := range s.subjects[s.forget:] {
		others = append(others, x.at)
	}
	l = l.of(asked, others)
	for v := range out.Versions {
		null, samples := l.adjusted(column(out.Null, v), column(out.Samples, v))
		for k := range null {
			out.Null[k][v] = null[k]
		}
		for k := range samples {
			out.Samples[k][v] = samples[k]
		}
	}
}

func column(rows [][]float64, at int) []float64 {
	out := make([]float64, len(rows))
	for k, row := range rows {
		out[k] = row[at]
	}
	return out
}

// conclude adds each image's best version as one more, and names the images.
func (s *copySearch) conclude(out *metrics.Copies, best []fitted) {
	last := make([]float64, len(best))
	for k, b := range best {
		last[k] = b.score
	}
	out.Versions = append(out.Versions, metrics.OwnVersion)
	s.add(out, last)
	for _, b := range best[:s.forget] {
		out.Best = append(out.Best, b.version.String())
	}
	if s.request.Reference.Labels != nil {
		for _, x := range s.subjects[s.forget:] {
			out.NullLabels = append(out.NullLabels, x.label)
		}
	}
}

// fitted is the best version of an image so far.
type fitted struct {
	version copies.Version
	score   float64
	some    bool
}

func (f *fitted) consider(v copies.Version, score float64, eligible bool) {
	if eligible && (!f.some || score > f.score) {
		*f = fitted{v, score, true}
	}
}

// refine looks at the versions about each image's best one.
func (s *copySearch) refine(ctx context.Context, best []fitted) error {
	from := make([]copies.Version, len(best))
	for k, b := range best {
		from[k] = b.version
	}
	for i := range from[0].Finer() {
		finer := func(k int) copies.Version { return from[k].Finer()[i] }
		scores, err := s.score(ctx, finer)
		if err != nil {
			return err
		}
		for k, score := range scores {
			best[k].consider(finer(k), score, true)
		}
	}
	return nil
}

// add appends one version's scores.
func (s *copySearch) add(out *metrics.Copies, scores []float64) {
	for k, v := range scores {
		if k < s.forget {
			out.Samples[k] = append(out.Samples[k], v)
		} else {
			out.Null[k-s.forget] = append(out.Null[k-s.forget], v)
		}
	}
}

// copyable reports whether images can be altered: they are pictures.
func (r *Request) copyable() bool {
	const smallest = 8
	return !r.vectors() && min(r.Queried.H, r.Queried.W) >= smallest
}

// choose takes the samples to forget and as many reference images of their classes as the samples have in proportion, where
// classes are known.
func (s *copySearch) choose() {
	r := s.request
	label := func(set *images.Set, i int) int {
		if set.Labels == nil {
			return -1
		}
		return set.Labels[i]
	}
	wanted := map[int]int{}
	for _, i := range r.positions(metrics.Forget) {
		l := label(r.Queried, i)
		s.subjects = append(s.subjects, subject{r.Queried.Image(i), l, r.Reference.Len() + i})
		wanted[l]++
	}
	s.forget = len(s.subjects)
	for l, n := range wanted {
		wanted[l] = max(s.effort.ofClass, (n*s.effort.references+s.forget-1)/s.forget)
	}
	var rest []int
	for i := range r.Reference.Len() {
		if l := label(r.Reference, i); wanted[l] > 0 {
			wanted[l]--
			s.subjects = append(s.subjects, subject{r.Reference.Image(i), l, i})
		} else {
			rest = append(rest, i)
		}
	}
	for _, i := range rest { // where there are too few of these classes
		if len(s.subjects)-s.forget >= s.effort.references {
			break
		}
		s.subjects = append(s.subjects, subject{r.Reference.Image(i), label(r.Reference, i), i})
	}
}

// score gives one joined score to a version of each image.
func (s *copySearch) score(ctx context.Context, version func(k int) copies.Version) ([]float64, error) {
	q := s.request.Queried
	altered := &images.Set{C: q.C, H: q.H, W: q.W}
	v := imprint.Versions{Only: s.only}
	for k, x := range s.subjects {
		altered.Pixels = append(altered.Pixels, version(k).Of(x.pixels, q.C, q.H, q.W)...)
		altered.Names = append(altered.Names, "")
		// A copy may have been trained on under another label, and then it is the class that the network gives it.
		v.Labels, v.Of = append(v.Labels, -1), append(v.Of, x.at)
	}
	var err error
	if v.X, err = s.norm.Feed(altered); err != nil {
		return nil, err
	}
	found, err := s.asked.Versions(ctx, v)
	if err != nil || len(found) == 0 {
		return make([]float64, len(s.subjects)), err
	}
	return s.joined(found), nil
}

// joined joins the layers' scores by the weights of the same scores of the images as they are, or alike where none of these
// counts.
func (s *copySearch) joined(found []imprint.Score) []float64 {
	weights, total := make([]float64, len(found)), 0.0
	for k, f := range found {
		weights[k] = s.weights[imprint.Name{Layer: f.Layer, Kind: f.Kind}]
		total += weights[k]
	}
	for k := range weights {
		if total == 0 {
			weights[k] = 1 / float64(len(weights))
		} else {
			weights[k] /= total
		}
	}
	_, rows := imprint.Rows(found)
	_, scores := metrics.Weigh(weights, rows, rows)
	return scores
}

func weightsOf(own []imprint.Score, weights []float64) map[imprint.Name]float64 {
	out := map[imprint.Name]float64{}
	for k, s := range own {
		if weights != nil {
			out[imprint.Name{Layer: s.Layer, Kind: s.Kind}] += weights[k]
		}
	}
	return out
}

// counting are the scores that count, or nil for all where none that copies can have does.
func (s *copySearch) counting() map[imprint.Name]bool {
	out := map[imprint.Name]bool{}
	for name, w := range s.weights {
		if imprint.VersionHas(name.Kind) && w >= leastWeight {
			out[name] = true
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
