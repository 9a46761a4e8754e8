package reconstruct

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// smallProblem is a network whose first layer has four directions above its noise.
func smallProblem(seed uint64) Problem {
	rng := rand.New(rand.NewPCG(seed, 1))
	net := balancedNet(rng, 40, 30, 1)
	images, mix := blobs(rng, 4, 40), mat.NewDense(30, 4, nil)
	mix.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, mix)
	var w mat.Dense
	w.Mul(mix, images)
	w.Add(&w, func() *mat.Dense { n := mat.DenseCopyOf(net.Layers[0].W); n.Scale(1e-3, n); return n }())
	net.Layers[0] = chain.Affine{W: &w, B: net.Layers[0].B}
	return Problem{Net: net, Channels: 1, Height: 5, Width: 8}
}

func archive(t *testing.T, p Problem, o Options) []byte {
	t.Helper()
	b, err := spanArchive(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func spanArchive(ctx context.Context, p Problem, o Options) ([]byte, error) {
	r, err := Run(ctx, p, o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = errors.Join(r.WriteNPZ(&b), json.NewEncoder(&b).Encode(r))
	fmt.Fprint(&b, r.unit)
	return b.Bytes(), err
}

func TestRunRepeatsForAnyNumberOfThreads(t *testing.T) {
	p := smallProblem(1)
	one := archive(t, p, Options{Seed: 5, Restarts: 3, Steps: 60, Threads: 1})
	if !bytes.Equal(one, archive(t, p, Options{Seed: 5, Restarts: 3, Steps: 60, Threads: 3})) {
		t.Error("three threads give other bytes than one")
	}
	if bytes.Equal(one, archive(t, p, Options{Seed: 6, Restarts: 3, Steps: 60})) {
		t.Error("another seed gives the same bytes")
	}
}

// methods run either method of reconstruction, 180 steps in three parts, with what the options say that the methods share.
var methods = map[string]func(ctx context.Context, p Problem, o Options) ([]byte, error){
	"span": func(ctx context.Context, p Problem, o Options) ([]byte, error) {
		o.Restarts, o.Steps = 3, 60
		return spanArchive(ctx, p, o)
	},
	"published": func(ctx context.Context, p Problem, o Options) ([]byte, error) {
		return publishedArchive(ctx, p, 3, PublishedOptions{Seed: o.Seed, Epochs: 60, Threads: o.Threads, Progress: o.Progress,
			Checkpoint: o.Checkpoint, Resume: o.Resume, Prior: PublishedPrior{Radius: 0.1, Epochs: 5},
			Setting: PublishedSetting{RateX: 0.01, RateLambda: 0.01}})
	},
}

func TestResumeEndsWithTheSameBytes(t *testing.T) {
	p := smallProblem(1)
	for name, run := range methods {
		o := Options{Seed: 5, Threads: 2}
		want, err := run(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, stop := range []int{1, 50, 100, 170} {
			o.Checkpoint = filepath.Join(t.TempDir(), "state")
			ctx, cancel := context.WithCancel(context.Background())
			seen := 0
			o.Progress, o.Resume = func(Progress) {
				if seen++; seen == stop {
					cancel()
				}
			}, false
			if _, err := run(ctx, p, o); !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, stopped after %d steps: error %v, want a cancellation", name, stop, err)
			}
			kept, err := os.ReadFile(o.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			first := 0
			o.Progress, o.Resume = func(p Progress) {
				if first == 0 {
					first = p.Done
				}
			}, true
			if got, err := run(context.Background(), p, o); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, stopped after %d steps: resuming gives other bytes than an undisturbed run: %v", name, stop, err)
			}
			if stop > 1 && first <= 1 {
				t.Errorf("%s, stopped after %d steps: it started again", name, stop)
			}
			o.Progress = func(Progress) { t.Errorf("%s, stopped after %d steps: the finished run was repeated", name, stop) }
			if got, err := run(context.Background(), p, o); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, stopped after %d steps: resuming after the end gives other bytes: %v", name, stop, err)
			}
			refuses := func(what string, content []byte, p Problem, o Options) {
				if err := os.WriteFile(o.Checkpoint, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := run(context.Background(), p, o); !errors.Is(err, ErrCheckpoint) {
					t.Errorf("%s: %s went on from the checkpoint: %v", name, what, err)
				}
			}
			refuses("another model", kept, smallProblem(2), o)
			refuses("half a file", kept[:len(kept)/2], p, o)
			o.Seed++
			refuses("another seed", kept, p, o)
			o.Seed--
		}
	}
}

func TestPrecisionsAgree(t *testing.T) {
	p := smallProblem(1)
	residuals := func(o Options) []float64 {
		o.Seed, o.Restarts, o.Steps = 5, 2, 20
		r, err := Run(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		var out []float64
		for _, s := range r.Restarts {
			out = append(out, s.Residual)
		}
		return out
	}
	single, double := residuals(Options{}), residuals(Options{Float64: true})
	for i := range single {
		if d := math.Abs(single[i]-double[i]) / double[i]; d > 1e-3 || d == 0 {
			t.Errorf("restart %d: residual %v in single and %v in double precision", i, single[i], double[i])
		}
	}
	if _, err := Run(context.Background(), p, Options{Kernel: "abacus"}); err == nil {
		t.Error("an unknown kernel was accepted")
	}
}
