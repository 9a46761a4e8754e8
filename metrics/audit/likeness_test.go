package audit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// crowd draws vectors of three classes: so many about the class's centre, which is moved by shift along what the class's controls
// have in common.
func crowd(rng *rand.Rand, n int, shift float32) *images.Set {
	const d = 12
	out := &images.Set{C: 1, H: 1, W: d, Names: make([]string, n)}
	for i := range n {
		class := i % 3
		out.Labels = append(out.Labels, class)
		for k := range d {
			v := float32(rng.NormFloat64())
			if k == class {
				v += 3
			}
			if k == 3+class {
				v += shift
			}
			out.Pixels = append(out.Pixels, v)
		}
	}
	return out
}

// likened has images to forget and controls of one source, and reference images of another.
func likened(t *testing.T, rng *rand.Rand, references, forget, controls int) (*Request, *likeness) {
	t.Helper()
	r := &Request{Reference: crowd(rng, references, 0)}
	if err := r.Add(crowd(rng, forget, 1), metrics.Forget); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(crowd(rng, controls, 1), metrics.Retain); err != nil {
		t.Fatal(err)
	}
	if err := r.compareImages(); err != nil {
		t.Fatal(err)
	}
	for i, v := range slices.Concat(r.Queried.Pixels, r.Reference.Pixels) {
		if got := r.views().pixels.RawMatrix().Data[i]; got != float64(v) {
			t.Fatalf("comparing the images changed a pixel from %v to %v", v, got)
		}
	}
	return r, r.alike
}

// What is a sum of covariates, and differs between the sources by that alone, is the same for all images of a class afterwards; a trace
// of training in the scores of some queried images stays.
func TestLikenessIsTakenAway(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	_, l := likened(t, rng, 300, 30, 60)
	owed := func(m *mat.Dense, i int) float64 { return floats.Dot([]float64{0.5, 2, -1, 3}, m.RawRowView(i)) }
	s := imprint.Score{Kind: imprint.Matched}
	differ := 0.0
	for i, class := range l.classes {
		s.References = append(s.References, float64(class)+owed(l.references, i))
	}
	for i := range 90 {
		trace := float64(max(0, i-80))
		s.Queried = append(s.Queried, float64(i%3)+owed(l.queried, i)+trace)
		differ += owed(l.queried, i) / 90
	}
	if differ < 0.1 {
		t.Fatalf("the sources differ by %g", differ)
	}
	scores := []imprint.Score{s}
	l.takeAway(scores)
	for i, class := range l.classes {
		if got := scores[0].References[i]; math.Abs(got-float64(class)) > 1e-9 {
			t.Fatalf("reference image %d: %g, want %d", i, got, class)
		}
	}
	for i, got := range scores[0].Queried {
		want := float64(i%3) + float64(max(0, i-80))
		if !l.within[i] {
			want += max(0, owed(l.queried, i))
		}
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("queried image %d (within %v): %g, want %g", i, l.within[i], got, want)
		}
	}
}

// A reference image's own score has no part in what is foretold of it: the closed form is that of a regression without it.
func TestReferencesAreForetoldByTheOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, p, left = 120, 4, 17
	x, y := mat.NewDense(n, p, nil), make([]float64, n)
	for i := range n {
		for k := range p {
			x.Set(i, k, rng.NormFloat64())
		}
		y[i] = rng.NormFloat64() + x.At(i, 1)
	}
	floats.AddConst(-floats.Sum(y)/n, y) // as if of a class whose mean is known
	none := mat.NewDense(1, p, nil)
	l := &likeness{references: x, classes: make([]int, n), queried: none, within: []bool{true}}
	l.regress()
	got, _ := l.adjusted(y, []float64{0})
	var rest, gram, with mat.Dense
	target := mat.NewVecDense(n-1, nil)
	rest.Stack(x.Slice(0, left, 0, p), x.Slice(left+1, n, 0, p))
	for i := range n - 1 {
		at := i
		if i >= left {
			at++
		}
		target.SetVec(i, y[at])
	}
	gram.Mul(rest.T(), &rest)
	with.Mul(rest.T(), target)
	var slope mat.Dense
	if err := slope.Solve(&gram, &with); err != nil {
		t.Fatal(err)
	}
	want := y[left] - floats.Dot(x.RawRowView(left), mat.Col(nil, 0, &slope))
	if math.Abs(got[left]-want) > 1e-9 {
		t.Errorf("%g, want %g", got[left], want)
	}
}

// Copies of the images to forget among the controls take no evidence away: no reference image is as like a control as these are.
func TestPlantedControlsTakeNothingAway(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	r := &Request{Reference: crowd(rng, 300, 0)}
	forget := crowd(rng, 12, 0)
	planted := *forget
	planted.Pixels = append([]float32{}, forget.Pixels...)
	for i := range planted.Pixels {
		planted.Pixels[i] += 0.05 * float32(rng.NormFloat64())
	}
	for _, err := range []error{r.Add(forget, metrics.Forget), r.Add(&planted, metrics.Retain)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.compareImages(); err != nil {
		t.Fatal(err)
	}
	l := r.alike
	scores := []imprint.Score{{Queried: make([]float64, 24), References: mat.Col(nil, 0, l.references)}}
	l.takeAway(scores)
	for i, got := range scores[0].Queried[:12] {
		if got < 0 {
			t.Errorf("image %d lost %g", i, -got)
		}
	}
}

// Without enough images nothing is taken away.
func TestFewImagesAreLeftAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct{ references, controls int }{{fewestAlike - 1, 30}, {200, fewestControlsAlike - 1}} {
		if _, l := likened(t, rng, c.references, 9, c.controls); l != nil {
			t.Errorf("%+v: there is a regression", c)
		}
	}
	if _, l := likened(t, rng, fewestAlike, 9, fewestControlsAlike); l == nil {
		t.Error("there is none with enough")
	}
	scores := []imprint.Score{{Queried: []float64{1}, References: []float64{2}}}
	(*likeness)(nil).takeAway(scores)
	if scores[0].Queried[0] != 1 || scores[0].References[0] != 2 {
		t.Errorf("%+v", scores)
	}
}
