package audit

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// likeness says how much images resemble the controls. A layer answers more to an image that resembles its training samples,
// trained on or not; and images to forget resemble these more than reference images do where all are of one source and the reference
// images are of another, such as the test set of MNIST, whose digits are by other writers. What a score owes to the likeness is found
// by regression on the reference images and taken away. What it owes to training on the image itself stays.
//
// Measured on a network trained on 400 of 6,000 digits of MNIST, with 80 controls and 800 reference images of its test set: 300 other
// digits of the training set answered above these with p = 0.0009, and with p = 0.053 once the likeness was taken away; of the
// scores' variance it is a twentieth.
type likeness struct {
	// references and queried have a row of covariates an image, less the mean of the reference images of its class.
	references, queried *mat.Dense
	classes             []int // of the reference images; all the same where they are not known
	// within says of each queried image that no covariate is larger than any reference image's: beyond them nothing is known, and
	// controls that are copies of an image must not take its evidence away.
	within []bool
	// directions are the left singular vectors of references, and slopes what a unit along each of them is in the covariates; none
	// where there are too few reference images for a regression.
	directions, slopes [][]float64
	// leverage is how much each reference image's own score has to do with what is foretold of it.
	leverage []float64
}

// likeness compares all images with the controls: by the largest and the mean cosine, less the mean reference image, with those of the
// image's class and with the others. It is nil where there are too few images for a regression.
func (r *Request) likeness(e *engine.Engine[float64], queried, references *mat.Dense) *likeness {
	controls := r.positions(metrics.Retain)
	if r.Reference.Len() < fewestAlike || len(controls) < fewestControlsAlike {
		return nil
	}
	references, queried = unitDeviations(references, queried)
	_, d := queried.Dims()
	known := mat.NewDense(len(controls), d, nil)
	for k, i := range controls {
		known.SetRow(k, queried.RawRowView(i))
	}
	of, at := r.Reference.Labels, r.Queried.Labels
	if of == nil || at == nil {
		of, at = make([]int, r.Reference.Len()), make([]int, r.Queried.Len())
	}
	knownOf := make([]int, len(controls))
	own := map[int]int{} // the place of a queried image among the controls
	for k, i := range controls {
		knownOf[k], own[i] = at[i], k
	}
	l := &likeness{classes: of}
	l.references = covariates(cosines(e, references, known), of, knownOf, nil)
	l.queried = covariates(cosines(e, queried, known), at, knownOf, own)
	l.bound()
	l.centre(at)
	l.regress()
	return l
}

// of is the likeness of some of the queried and of the reference images.
func (l *likeness) of(queried, references []int) *likeness {
	out := &likeness{queried: rowsAt(l.queried, queried), references: rowsAt(l.references, references)}
	for _, i := range queried {
		out.within = append(out.within, l.within[i])
	}
	for _, i := range references {
		out.classes = append(out.classes, l.classes[i])
	}
	out.regress()
	return out
}

func rowsAt(m *mat.Dense, positions []int) *mat.Dense {
	_, p := m.Dims()
	out := mat.NewDense(len(positions), p, nil)
	for k, i := range positions {
		out.SetRow(k, m.RawRowView(i))
	}
	return out
}

// unitDeviations are the images less the mean reference image, at length one.
func unitDeviations(references, queried *mat.Dense) (of, asked *mat.Dense) {
	n, d := references.Dims()
	mean := make([]float64, d)
	for i := range n {
		floats.AddScaled(mean, 1/float64(n), references.RawRowView(i))
	}
	of, asked = mat.DenseCopyOf(references), mat.DenseCopyOf(queried)
	for _, m := range []*mat.Dense{of, asked} {
		rows, _ := m.Dims()
		for i := range rows {
			row := m.RawRowView(i)
			floats.Sub(row, mean)
			if length := floats.Norm(row, 2); length > 0 {
				floats.Scale(1/length, row)
			}
		}
	}
	return of, asked
}

func cosines(e *engine.Engine[float64], rows, known *mat.Dense) *mat.Dense {
	n, d := rows.Dims()
	m, _ := known.Dims()
	out := mat.NewDense(n, m, nil)
	e.Gemm(false, true, n, m, d, 1, rows.RawMatrix().Data, d, known.RawMatrix().Data, d, 0, out.RawMatrix().Data, m)
	return out
}

// covariates are the largest and the mean cosine of each image with the controls of its class, and with the others; 0 where there are
// none. Own is the place among the controls of those images that are controls.
func covariates(cosines *mat.Dense, classes, known []int, own map[int]int) *mat.Dense {
	out := mat.NewDense(len(classes), 4, nil)
	for i, class := range classes {
		most, sum, count := [2]float64{-1, -1}, [2]float64{}, [2]float64{}
		itself, control := own[i]
		for k, c := range cosines.RawRowView(i) {
			if control && k == itself {
				continue
			}
			side := 1
			if known[k] == class {
				side = 0
			}
			most[side], sum[side], count[side] = max(most[side], c), sum[side]+c, count[side]+1
		}
		for side := range 2 {
			if count[side] > 0 {
				out.Set(i, 2*side, most[side])
				out.Set(i, 2*side+1, sum[side]/count[side])
			}
		}
	}
	return out
}

// bound sets within.
func (l *likeness) bound() {
	n, p := l.references.Dims()
	most := make([]float64, p)
	copy(most, l.references.RawRowView(0))
	for i := range n {
		for k, v := range l.references.RawRowView(i) {
			most[k] = max(most[k], v)
		}
	}
	m, _ := l.queried.Dims()
	for i := range m {
		inside := true
		for k, v := range l.queried.RawRowView(i) {
			inside = inside && v <= most[k]
		}
		l.within = append(l.within, inside)
	}
}

// centre subtracts the mean of the reference images of an image's class, that of all where there are none.
func (l *likeness) centre(queried []int) {
	_, p := l.references.Dims()
	for k := range p {
		column := mat.Col(nil, k, l.references)
		means, all := byClass(column, l.classes)
		for i, c := range l.classes {
			l.references.Set(i, k, column[i]-means[c])
		}
		for i, c := range queried {
			mean, some := means[c]
			if !some {
				mean = all
			}
			l.queried.Set(i, k, l.queried.At(i, k)-mean)
		}
	}
}

// byClass are the mean values of the classes, and of all.
func byClass(values []float64, classes []int) (means map[int]float64, all float64) {
	means, counts := map[int]float64{}, map[int]float64{}
	for i, v := range values {
		means[classes[i]] += v
		counts[classes[i]]++
		all += v / float64(len(values))
	}
	for c := range means {
		means[c] /= counts[c]
	}
	return means, all
}

// regress prepares the regression of scores on the covariates.
func (l *likeness) regress() {
	n, _ := l.references.Dims()
	l.leverage = make([]float64, n)
	var svd mat.SVD
	if n < fewestAlike || !svd.Factorize(l.references, mat.SVDThin) {
		return
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	values := svd.Values(nil)
	for k, value := range values {
		if value <= rounding*values[0] { // no image differs from others of its class in this
			continue
		}
		direction, slope := mat.Col(nil, k, &u), mat.Col(nil, k, &v)
		floats.Scale(1/value, slope)
		l.directions, l.slopes = append(l.directions, direction), append(l.slopes, slope)
		for i, x := range direction {
			l.leverage[i] += x * x
		}
	}
}

// takeAway takes from the scores by the layers what they owe to the likeness.
func (l *likeness) takeAway(scores []imprint.Score) {
	if l == nil {
		return
	}
	for k := range scores {
		s := &scores[k]
		s.References, s.Queried = l.adjusted(s.References, s.Queried)
	}
}

// adjusted are the scores of the reference images, each less what the regression on the others of them foretells, and those of the
// queried images less what the regression on all of these foretells.
func (l *likeness) adjusted(null, samples []float64) (outNull, outSamples []float64) {
	means, _ := byClass(null, l.classes)
	centred, foretold := make([]float64, len(null)), make([]float64, len(null))
	for i, s := range null {
		centred[i] = s - means[l.classes[i]]
	}
	_, p := l.queried.Dims()
	slope := make([]float64, p)
	for k, direction := range l.directions {
		along := floats.Dot(centred, direction)
		floats.AddScaled(foretold, along, direction)
		floats.AddScaled(slope, along, l.slopes[k])
	}
	for i, s := range null {
		without := foretold[i] - l.leverage[i]/(1-l.leverage[i])*(centred[i]-foretold[i])
		outNull = append(outNull, s-without)
	}
	for i, s := range samples {
		owed := floats.Dot(slope, l.queried.RawRowView(i))
		if !l.within[i] {
			owed = min(owed, 0)
		}
		outSamples = append(outSamples, s-owed)
	}
	return outNull, outSamples
}
