package reconstruct

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// publishedReference is a run of testdata/published.py, in float64 by double back-propagation.
type publishedReference struct {
	Widths     []int
	Parameters [][]float64 // weights and biases, layer by layer
	Alpha      float64
	MinLambda  float64 `json:"min_lambda"`
	RateX      float64 `json:"rate_x"`
	RateLambda float64 `json:"rate_lambda"`
	Epochs     int
	Loss       float64 // before the first epoch
	Start, End struct{ X, Lambda []float64 }
}

func (r *publishedReference) net() *chain.Dense {
	net := &chain.Dense{}
	for l, out := range r.Widths[1:] {
		net.Layers = append(net.Layers, chain.Affine{W: mat.NewDense(out, r.Widths[l], r.Parameters[2*l]), B: r.Parameters[2*l+1]})
	}
	return net
}

func TestPublishedDescentIsPyTorchs(t *testing.T) {
	data, err := os.ReadFile("testdata/published.json")
	if err != nil {
		t.Fatal(err)
	}
	var references []publishedReference
	if err := json.Unmarshal(data, &references); err != nil {
		t.Fatal(err)
	}
	for _, r := range references {
		p := Problem{Net: r.net(), Channels: 1, Height: 1, Width: r.Widths[0]}
		d, err := newPublishedDescent(&p, PublishedOptions{Samples: len(r.Start.Lambda) / 2, Setting: PublishedSetting{
			RateX: r.RateX, RateLambda: r.RateLambda, Scale: 1, MinLambda: r.MinLambda, Alpha: r.Alpha}}, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		copy(d.X, r.Start.X)
		copy(d.Lambda, r.Start.Lambda)
		loss, err := d.gradient()
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(loss-r.Loss) > 1e-5*r.Loss {
			t.Errorf("widths %v: loss %v, PyTorch's %v", r.Widths, loss, r.Loss)
		}
		if _, err := d.run(context.Background(), PublishedOptions{Epochs: r.Epochs}, newEvidence(&p), func(float64) {}); err != nil {
			t.Fatal(err)
		}
		if off := relativeDistance(d.X, r.End.X); off > 1e-6 {
			t.Errorf("widths %v: candidates end %.1e from PyTorch's", r.Widths, off)
		}
		if off := relativeDistance(d.Lambda, r.End.Lambda); off > 1e-6 {
			t.Errorf("widths %v: multipliers end %.1e from PyTorch's", r.Widths, off)
		}
	}
}

func relativeDistance(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return math.Sqrt(sum / dot(b, b))
}

// oneSample is a network that satisfies the KKT conditions with the single sample x of the positive class: all neurons
// are active, W = mu v x^T, b = mu v and v = mu (W x + b), so that mu = 1 / sqrt(|x|^2 + 1).
func oneSample(x []float64, hidden int) (p Problem, mu float64) {
	mu = 1 / math.Sqrt(dot(x, x)+1)
	w, b, v := mat.NewDense(hidden, len(x), nil), make([]float64, hidden), mat.NewDense(1, hidden, nil)
	for j := range hidden {
		out := 0.3 + float64(j)/float64(hidden)
		v.Set(0, j, out)
		b[j] = mu * out
		for k, value := range x {
			w.Set(j, k, mu*out*value)
		}
	}
	net := &chain.Dense{Layers: []chain.Affine{{W: w, B: b}, {W: v}}}
	return Problem{Net: net, Channels: 1, Height: 1, Width: len(x)}, mu
}

func TestPublishedLossVanishesAtTheSample(t *testing.T) {
	x := []float64{0.5, -0.25, 0.75, 0.1}
	p, mu := oneSample(x, 5)
	d, err := newPublishedDescent(&p, PublishedOptions{Samples: 1, Setting: PublishedSetting{MinLambda: 0.3, Alpha: 400}}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	copy(d.X[4:], x) // the second candidate is the one of the positive class
	d.Lambda = []float64{0, 2 * mu}
	loss, err := d.gradient()
	if err != nil {
		t.Fatal(err)
	}
	if want := 5 * 0.3 * 0.3; math.Abs(loss-want) > 1e-6 {
		t.Errorf("loss %v, want the %v of the unused multiplier", loss, want)
	}
	for i, g := range d.gradX {
		if math.Abs(g) > 1e-5 {
			t.Errorf("gradient %v by x[%d]", g, i)
		}
	}
	if math.Abs(d.gradLambda[1]) > 1e-5 {
		t.Errorf("gradient %v by the sample's multiplier", d.gradLambda[1])
	}
	residual, err := d.firstLayer()
	if err != nil || residual > 1e-3 {
		t.Errorf("residual %v of the first layer, error %v", residual, err)
	}
}

// runPublished runs the published method with one setting.
func runPublished(ctx context.Context, p Problem, o PublishedOptions) (*Result, error) {
	runs, err := SweepPublished(ctx, p, 1, o)
	if err != nil {
		return nil, err
	}
	return runs[0].Result, nil
}

// With all ReLUs on, a candidate of the other class may take away what the right one has too much of; what the network
// determines is sum_i y_i mu_i (x_i, 1), which is mu (x, 1).
func TestPublishedExplainsTheNetwork(t *testing.T) {
	x := []float64{0.5, -0.25, 0.75, 0.1}
	p, mu := oneSample(x, 5)
	p.Mean, p.Std = []float64{0.5}, []float64{2}
	r, err := runPublished(context.Background(), p, PublishedOptions{Samples: 1, Epochs: 10000,
		Setting: PublishedSetting{RateX: 0.01, RateLambda: 0.1, Scale: 0.01, MinLambda: 0.01, Alpha: 50}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Samples) != 2 || !r.Converged || r.Restarts[0].Residual > 0.01 {
		t.Fatalf("%d samples, converged %v, residual %v: %s", len(r.Samples), r.Converged, r.Restarts[0].Residual, r.Reason)
	}
	sum := make([]float64, len(x)+1)
	for _, s := range r.Samples {
		signed := float64(2*s.Label-1) * s.Multiplier
		for k, v := range s.Pixels {
			sum[k] += signed * (v - 0.5) / 2
		}
		sum[len(x)] += signed
	}
	for k, want := range append(append([]float64(nil), x...), 1) {
		if math.Abs(sum[k]-mu*want) > 0.01 {
			t.Errorf("the candidates' weighted sum has %v at %d, want %v", sum[k], k, mu*want)
		}
	}
	if cosine, at := r.NearestCosine(r.Samples[1].Pixels); cosine < 1-1e-9 || at != 1 {
		t.Errorf("the second sample is nearest to sample %d, at cosine %v", at, cosine)
	}
}

func publishedArchive(ctx context.Context, p Problem, k int, o PublishedOptions) ([]byte, error) {
	runs, err := SweepPublished(ctx, p, k, o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, run := range runs {
		err = errors.Join(err, run.Result.WriteNPZ(&b), json.NewEncoder(&b).Encode(run))
	}
	return b.Bytes(), err
}

func TestPublishedRepeats(t *testing.T) {
	sweep := func(k int, o PublishedOptions) []byte {
		b, err := publishedArchive(context.Background(), smallProblem(1), k, o)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	o := PublishedOptions{Seed: 5, Epochs: 40, Threads: 1, Setting: PublishedSetting{RateX: 0.01, RateLambda: 0.01},
		Prior: PublishedPrior{Radius: 0.1, Epochs: 5}}
	one, two, three := sweep(1, o), sweep(2, o), sweep(3, o)
	if !bytes.HasPrefix(three, two) || !bytes.HasPrefix(two, one) {
		t.Error("a shorter sweep has other settings")
	}
	if bytes.HasPrefix(two[len(one):], one[:len(one)/2]) {
		t.Error("two settings give the same bytes")
	}
	o.Threads = 4
	if !bytes.Equal(sweep(3, o), three) {
		t.Error("four threads give other bytes than one")
	}
	o.Seed = 6
	if bytes.Equal(sweep(1, o), one) {
		t.Error("another seed gives the same bytes")
	}
}

func TestPublishedCandidates(t *testing.T) {
	p := smallProblem(1)
	for _, samples := range []int{0, 5} {
		r, err := runPublished(context.Background(), p, PublishedOptions{Samples: samples, Epochs: 1,
			Setting: PublishedSetting{RateX: 1e-3, RateLambda: 1e-3}})
		if err != nil {
			t.Fatal(err)
		}
		want := 2 * samples
		if samples == 0 {
			want = 2 * r.Rank
		}
		positive := 0
		for i, s := range r.Samples {
			positive += s.Label
			if i > 0 && s.Multiplier > r.Samples[i-1].Multiplier {
				t.Errorf("sample %d has a larger multiplier than the one before", i)
			}
		}
		if len(r.Samples) != want || positive != want/2 {
			t.Errorf("n = %d: %d candidates, %d of them positive; want %d and half of them", samples, len(r.Samples), positive, want)
		}
	}
}

func TestPublishedDivergenceIsAResult(t *testing.T) {
	runs, err := SweepPublished(context.Background(), smallProblem(1), 1, PublishedOptions{Epochs: 500,
		Setting: PublishedSetting{RateX: 100, RateLambda: 100}})
	if err != nil {
		t.Fatal(err)
	}
	r := runs[0].Result
	if r.Converged || len(r.Samples) > 0 || !strings.Contains(r.Reason, "diverged") || runs[0].Epochs == 500 {
		t.Errorf("converged %v with %d samples after %d epochs: %q", r.Converged, len(r.Samples), runs[0].Epochs, r.Reason)
	}
	if _, err := json.Marshal(runs); err != nil {
		t.Error(err)
	}
}

func TestPublishedStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := runPublished(ctx, smallProblem(1), PublishedOptions{Progress: func(p Progress) {
		if calls++; p.Done != calls || p.Total != 50000 {
			t.Errorf("call %d of progress is %+v", calls, p)
		}
		if calls == 3 {
			cancel()
		}
	}, Setting: PublishedSetting{RateX: 1e-3, RateLambda: 1e-3}})
	if !errors.Is(err, context.Canceled) || calls != 3 {
		t.Errorf("error %v after %d epochs, want a cancellation after 3", err, calls)
	}
}

func TestPublishedRefuses(t *testing.T) {
	p := smallProblem(1)
	for name, o := range map[string]PublishedOptions{
		"rate of x":  {Setting: PublishedSetting{RateX: -1}},
		"scale of x": {Setting: PublishedSetting{Scale: math.NaN()}},
		"alpha":      {Setting: PublishedSetting{Alpha: math.Inf(1)}},
		"prior":      {Prior: PublishedPrior{Radius: -1}},
		"epochs":     {Epochs: -1},
	} {
		if _, err := runPublished(context.Background(), p, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one about the %s", err, name)
		}
	}
	if _, err := SweepPublished(context.Background(), p, 0, PublishedOptions{}); err == nil {
		t.Error("a sweep of no settings ran")
	}
}

func TestPublishedRanges(t *testing.T) {
	const n = 4000
	sums := make([]float64, 5)
	for k := range n {
		s := PublishedSetting{}.drawn(rand.New(rand.NewPCG(1, uint64(k))))
		// Each in units of its range, where the distribution is uniform.
		for i, u := range []float64{math.Log10(s.RateX)/5 + 1, math.Log10(s.RateLambda)/5 + 1, (math.Log10(s.Scale) + 6) / 5,
			(s.MinLambda - 0.01) / 0.49, (s.Alpha - 10) / 490} {
			if u < 0 || u > 1 {
				t.Fatalf("%+v is out of the ranges", s)
			}
			sums[i] += u
		}
	}
	for i, sum := range sums {
		// The mean of n uniform draws has a standard deviation of 1/sqrt(12 n).
		if math.Abs(sum/n-0.5) > 5/math.Sqrt(12*n) {
			t.Errorf("value %d of a setting lies at %v of its range on average", i, sum/n)
		}
	}
	given := PublishedSetting{RateLambda: 3}.drawn(rand.New(rand.NewPCG(1, 0)))
	want := PublishedSetting{}.drawn(rand.New(rand.NewPCG(1, 0)))
	want.RateLambda = 3
	if given != want {
		t.Errorf("with a rate of 3 given the setting is %+v, want %+v", given, want)
	}
}

func TestMomentum(t *testing.T) {
	// Under a constant gradient g the velocity is g (1 - 0.9^k) / 0.1 after k steps.
	m, x, want := newMomentum(1), []float64{2}, 2.0
	for k := 1; k <= 20; k++ {
		m.update(x, []float64{3}, 0.01)
		want -= 0.01 * 3 * (1 - math.Pow(0.9, float64(k))) / 0.1
		if math.Abs(x[0]-want) > 1e-12 {
			t.Fatalf("step %d leads to %v, want %v", k, x[0], want)
		}
	}
}
