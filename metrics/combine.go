package metrics

import (
	"math"
	"slices"
	"sort"
)

// A combiner joins several statistics of one model into one score with an exactly valid conformal p-value.
//
// The sample is put among the K reference images. Within these K+1, every statistic is centred on its median and divided
// by its median absolute deviation. The score is a weighted sum of the standardised statistics, with the weights that
// separate the controls best from the K+1 (Fisher's linear discriminant, 1936, with weights that cannot be
// negative). Every step treats the K+1 images alike, so that a sample that was never trained on is still
// exchangeable with the reference images, and its p-value as valid as that of a single statistic fixed beforehand.
//
// Over ten models each, trained on 50 samples, it found 75 % of the controls on CIFAR-10 (the largest standardised
// statistic 64 %, the span alone 60 %) and 68 % on Fashion-MNIST (60 % and 68 %).
type combiner struct {
	// nulls and sorted have one list a statistic, over the same reference images in the same order.
	nulls, sorted [][]float64
	// controls has one list a control: its statistics.
	controls [][]float64
}

func newCombiner(nulls, controls [][]float64) *combiner {
	c := &combiner{nulls: nulls, controls: controls}
	for _, null := range nulls {
		s := slices.Clone(null)
		sort.Float64s(s)
		c.sorted = append(c.sorted, s)
	}
	return c
}

// combined is what a combiner makes of one sample.
type combined struct {
	score float64
	// strongest is the statistic that adds most to the score.
	strongest int
	pValue    float64
	// height is how far the score lies above the median of the reference images' scores, in their spreads.
	height float64
}

// evaluate scores one sample, of which values holds one number a statistic. A sample that is itself one of the controls
// is left out of the weights: control is its index among them, -1 for other samples.
func (c *combiner) evaluate(values []float64, control int) combined {
	scales := make([]scale, len(values))
	z := make([]float64, len(values))
	for s, v := range values {
		at := sort.SearchFloat64s(c.sorted[s], v)
		scales[s] = scaleOf(slices.Insert(slices.Clone(c.sorted[s]), at, v))
		z[s] = scales[s].of(v)
	}
	null := c.standardised(scales)
	w := c.weights(scales, append(null, z), control)
	out := combined{score: score(w, z), strongest: strongest(w, z)}
	nulls := scores(w, null)
	out.pValue = ConformalPValue(out.score, nulls)
	sort.Float64s(nulls)
	out.height = scaleOf(nulls).of(out.score)
	return out
}

// ofNull returns the scores of the reference images by themselves, and the weights behind them: nil where the score is
// the largest statistic.
func (c *combiner) ofNull() (null, weights []float64) {
	scales := make([]scale, len(c.sorted))
	for s := range scales {
		scales[s] = scaleOf(c.sorted[s])
	}
	z := c.standardised(scales)
	w := c.weights(scales, z, -1)
	return scores(w, z), w
}

// standardised returns one row a reference image.
func (c *combiner) standardised(scales []scale) [][]float64 {
	out := make([][]float64, len(c.nulls[0]))
	flat := make([]float64, len(out)*len(scales))
	for i := range out {
		out[i], flat = flat[:len(scales):len(scales)], flat[len(scales):]
		for s, sc := range scales {
			out[i][s] = sc.of(c.nulls[s][i])
		}
	}
	return out
}

// weights returns the weights for a pool of standardised images; nil stands for the largest statistic.
func (c *combiner) weights(scales []scale, pool [][]float64, leaveOut int) []float64 {
	controls := c.controls
	if leaveOut >= 0 {
		controls = slices.Delete(slices.Clone(controls), leaveOut, leaveOut+1)
	}
	if len(controls) < enoughControls {
		return nil
	}
	return discriminant(standardised(scales, controls), pool)
}

// ridge is added to the variances of the standardised statistics, which are about 1: it keeps the weights of two nearly collinear
// statistics stable.
const ridge = 0.1

// discriminant returns weights w >= 0 of sum 1 that maximise the difference between the means of members and pool along
// w, in units of the standard deviation along w (the root of the mean of their variances); nil where no statistic is
// higher for members.
func discriminant(members, pool [][]float64) []float64 {
	centre, covariance := centreAndCovariance(pool)
	lift, among := centreAndCovariance(members)
	for s := range lift {
		lift[s] -= centre[s]
		for t := range lift {
			covariance[s][t] = (covariance[s][t] + among[s][t]) / 2
		}
		covariance[s][s] += ridge
	}
	return along(lift, covariance)
}

// along returns the weights w >= 0 of sum 1 that maximise lift.w in units of the root of w.covariance.w; nil where no lift is
// positive.
func along(lift []float64, covariance [][]float64) []float64 {
	// Up to scale, w maximises lift.w - w.covariance.w/2 over w >= 0: a convex problem, solved one weight at a time.
	w := make([]float64, len(lift))
	for moved := math.Inf(1); moved > 1e-12; {
		moved = 0
		for s := range w {
			rest := lift[s]
			for t := range w {
				if t != s {
					rest -= covariance[s][t] * w[t]
				}
			}
			next := max(0, rest/covariance[s][s])
			moved, w[s] = max(moved, math.Abs(next-w[s])), next
		}
	}
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	if sum == 0 {
		return nil
	}
	for s := range w {
		w[s] /= sum
	}
	return w
}

// centreAndCovariance returns the mean and covariance of rows, each value cut off.
func centreAndCovariance(rows [][]float64) (mean []float64, covariance [][]float64) {
	n := len(rows[0])
	cut := func(v float64) float64 { return min(max(v, -certain), certain) }
	mean, covariance = make([]float64, n), make([][]float64, n)
	for _, r := range rows {
		for s, v := range r {
			mean[s] += cut(v) / float64(len(rows))
		}
	}
	for s := range covariance {
		covariance[s] = make([]float64, n)
		for _, r := range rows {
			for t, v := range r {
				covariance[s][t] += (cut(r[s]) - mean[s]) * (cut(v) - mean[t]) / float64(len(rows))
			}
		}
	}
	return mean, covariance
}

// score is the weighted sum, or the largest value where there are no weights.
func score(w, z []float64) float64 {
	if w == nil {
		return slices.Max(z)
	}
	sum := 0.0
	for s, v := range z {
		sum += w[s] * v
	}
	return sum
}

func scores(w []float64, rows [][]float64) []float64 {
	out := make([]float64, len(rows))
	for i, z := range rows {
		out[i] = score(w, z)
	}
	return out
}

// strongest is the statistic that adds most to the score.
func strongest(w, z []float64) int {
	best, most := 0, math.Inf(-1)
	for s, v := range z {
		if w != nil {
			v *= w[s]
		}
		if v > most {
			best, most = s, v
		}
	}
	return best
}

// A scale is a centre and a spread.
type scale struct{ centre, spread float64 }

// madToSigma makes the median absolute deviation estimate a normal distribution's standard deviation: 1/Phi^-1(3/4).
const madToSigma = 1.4826

// scaleOf measures sorted values. Where more than half of them are equal it uses the standard deviation; where all are
// equal the spread is 0, and so is every standardised score.
func scaleOf(sorted []float64) scale {
	centre := medianOfSorted(sorted)
	spread := madToSigma * medianDeviation(sorted, centre)
	if spread == 0 {
		squares := 0.0
		for _, v := range sorted {
			squares += (v - centre) * (v - centre)
		}
		spread = math.Sqrt(squares / float64(len(sorted)))
	}
	return scale{centre, spread}
}

// medianDeviation is the median of |v - centre| over sorted values. It merges the deviations to either side, which are
// in order already: scaleOf runs once a sample and statistic, and sorting took most of its time.
func medianDeviation(sorted []float64, centre float64) float64 {
	right := sort.SearchFloat64s(sorted, centre)
	left, n := right-1, len(sorted)
	var last, current float64
	for range n/2 + 1 {
		last = current
		if left < 0 || right < n && sorted[right]-centre < centre-sorted[left] {
			current, right = sorted[right]-centre, right+1
		} else {
			current, left = centre-sorted[left], left-1
		}
	}
	if n%2 == 1 {
		return current
	}
	return (last + current) / 2
}

func (s scale) of(v float64) float64 {
	if s.spread == 0 {
		return 0
	}
	return (v - s.centre) / s.spread
}

func medianOfSorted(v []float64) float64 {
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}
