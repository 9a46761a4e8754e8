package reconstruct_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct"
)

// lesson is what a network is trained on: drawn digits, about their mean, with labels by the task.
func lesson(t *testing.T, n int, task fixtures.Task) (set *images.Set, x *mat.Dense, labels []int, mean []float64) {
	t.Helper()
	set = digits.Draw(n, 3)
	norm := images.Normalisation{Mean: images.Mean(set)}
	x, err := norm.Apply(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Labels {
		labels = append(labels, task.Label(c))
	}
	return set, x, labels, norm.Mean
}

// trained returns drawn digits and the problem of a network trained on them.
func trained(t *testing.T, n int, task fixtures.Task, hidden ...int) (*images.Set, reconstruct.Problem) {
	t.Helper()
	set, x, labels, mean := lesson(t, n, task)
	net, _, err := fixtures.Train(context.Background(), x, labels, fixtures.Options{Hidden: hidden, Classes: max(2, slices.Max(labels)+1)})
	if err != nil {
		t.Fatal(err)
	}
	return set, reconstruct.Problem{Net: net, Channels: 1, Height: set.H, Width: set.W, Mean: mean}
}

// cosines are those of a set's images with what was recovered nearest to each.
func cosines(set *images.Set, r *reconstruct.Result) []float64 {
	out := make([]float64, set.Len())
	for i := range out {
		pix := make([]float64, set.Dim())
		for j, v := range set.Image(i) {
			pix[j] = float64(v)
		}
		out[i], _ = r.NearestCosine(pix)
	}
	return out
}

func TestRunRecoversTrainingSamplesAndNoOthers(t *testing.T) {
	for name, c := range map[string]struct {
		n      int
		task   fixtures.Task
		hidden []int
	}{
		"binary, one hidden layer":  {12, fixtures.OddEven, []int{200}},
		"binary, two hidden layers": {12, fixtures.OddEven, []int{150, 150}},
		"ten classes":               {20, fixtures.Classes, []int{200}},
	} {
		t.Run(name, func(t *testing.T) {
			set, p := trained(t, c.n, c.task, c.hidden...)
			r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 4})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Converged {
				t.Errorf("the run says that it failed: %s", r.Reason)
			}
			if r.Rank < c.n-2 || r.Rank > c.n {
				t.Errorf("rank %d for %d samples", r.Rank, c.n)
			}
			in, out := stat.Mean(cosines(set, r), nil), stat.Mean(cosines(digits.Draw(50, 99), r), nil)
			if in < 0.9 || out > 0.6 {
				t.Errorf("mean cosine %.2f of training samples and %.2f of others, want over 0.9 and under 0.6", in, out)
			}
		})
	}
}

// What pruning and rounding take away can be recovered from what they leave.
func TestRunRecoversFromAlteredNetworks(t *testing.T) {
	for name, alter := range map[string]func(*chain.Dense) (*chain.Dense, error){
		"20 % pruned": func(net *chain.Dense) (*chain.Dense, error) { return fixtures.Prune(net, 0.2, fixtures.Random, 1) },
		"int8":        func(net *chain.Dense) (*chain.Dense, error) { return fixtures.Round(net, fixtures.Int8) },
	} {
		t.Run(name, func(t *testing.T) {
			set, p := trained(t, 12, fixtures.OddEven, 200)
			net, err := alter(p.Net)
			if err != nil {
				t.Fatal(err)
			}
			p.Net = net
			r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 4})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Converged || r.Balance.Altered {
				t.Errorf("converged %v %s, altered %v", r.Converged, r.Reason, r.Balance.Altered)
			}
			if r.Rank < 10 || r.Rank > 12 {
				t.Errorf("rank %d for 12 samples", r.Rank)
			}
			if in := stat.Mean(cosines(set, r), nil); in < 0.9 {
				t.Errorf("mean cosine %.2f of training samples, want over 0.9", in)
			}
		})
	}
}

func TestRunSaysSoWhenItFails(t *testing.T) {
	_, p := trained(t, 12, fixtures.OddEven, 200)
	// The same span, but a network that no training on samples has made.
	rng := rand.New(rand.NewPCG(1, 2))
	scrambled := *p.Net
	scrambled.Layers = append([]chain.Affine(nil), p.Net.Layers...)
	first := p.Net.Layers[0]
	rows, _ := first.W.Dims()
	mix := mat.NewDense(rows, rows, nil)
	mix.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() / math.Sqrt(float64(rows)) }, mix)
	var w mat.Dense
	w.Mul(mix, first.W)
	scrambled.Layers[0] = chain.Affine{Name: first.Name, W: &w, B: first.B}
	p.Net = &scrambled
	r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 2, Steps: 200})
	if err != nil {
		t.Fatal(err)
	}
	if r.Converged && !r.Balance.Altered {
		t.Errorf("a scrambled network passes as one that samples were recovered from: residual %.2f", r.Restarts[0].Residual)
	}
}

func TestProblemNamesWhatIsWrong(t *testing.T) {
	_, p := trained(t, 4, fixtures.OddEven, 20)
	for name, change := range map[string]func(*reconstruct.Problem){
		"no network":         func(p *reconstruct.Problem) { p.Net = nil },
		"another image size": func(p *reconstruct.Problem) { p.Height = 27 },
		"mean of two values": func(p *reconstruct.Problem) { p.Mean = []float64{0, 0} },
		"std of zero":        func(p *reconstruct.Problem) { p.Std = []float64{0} },
	} {
		bad := p
		change(&bad)
		if _, err := reconstruct.Run(context.Background(), bad, reconstruct.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRunOnANetworkThatWasNeverTrained(t *testing.T) {
	for name, w := range map[string]*mat.Dense{
		"zero first layer": mat.NewDense(30, 784, nil),
		"one direction":    mat.NewDense(30, 784, repeated(30, 784)),
	} {
		out := mat.NewDense(1, 30, nil)
		out.Apply(func(_, j int, _ float64) float64 { return float64(j) - 15 }, out)
		net := &chain.Dense{Layers: []chain.Affine{{W: w}, {W: out}}}
		p := reconstruct.Problem{Net: net, Channels: 1, Height: 28, Width: 28}
		r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 2, Steps: 20})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Converged && !(r.Restarts[0].Residual < 0.2) {
			t.Errorf("%s: said to have converged at residual %v", name, r.Restarts[0].Residual)
		}
		for _, s := range r.Samples {
			for _, v := range s.Pixels {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: a recovered sample has a pixel of %v", name, v)
				}
			}
		}
	}
}

// repeated is a matrix of equal rows.
func repeated(rows, cols int) []float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	row := make([]float64, cols)
	for j := range row {
		row[j] = rng.NormFloat64()
	}
	var out []float64
	for range rows {
		out = append(out, row...)
	}
	return out
}
