package reconstruct

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
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
	net.Layers[0] = graph.Affine{W: &w, B: net.Layers[0].B}
	return Problem{Net: net, Channels: 1, Height: 5, Width: 8}
}

func archive(t *testing.T, p Problem, o Options) []byte {
	t.Helper()
	r, err := Run(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteNPZ(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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

func TestResumeEndsWithTheSameBytes(t *testing.T) {
	p := smallProblem(1)
	o := Options{Seed: 5, Restarts: 3, Steps: 60, Threads: 2}
	want := archive(t, p, o)
	for _, stop := range []int{1, 50, 100, 170} {
		o := o
		o.Checkpoint = filepath.Join(t.TempDir(), "state")
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		o.Progress = func(Progress) {
			if seen++; seen == stop {
				cancel()
			}
		}
		if _, err := Run(ctx, p, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d steps: error %v, want a cancellation", stop, err)
		}
		kept, err := os.ReadFile(o.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		o.Progress, o.Resume = nil, true
		if !bytes.Equal(archive(t, p, o), want) {
			t.Errorf("stopped after %d steps: resuming gives other bytes than an undisturbed run", stop)
		}
		if _, err := os.Stat(o.Checkpoint); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("stopped after %d steps: the checkpoint is still there after the run: %v", stop, err)
		}
		// The same file again, for another model, for other options, and damaged.
		if err := os.WriteFile(o.Checkpoint, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), smallProblem(2), o); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("another model went on from the checkpoint: %v", err)
		}
		other := o
		other.Seed++
		if _, err := Run(context.Background(), p, other); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("another seed went on from the checkpoint: %v", err)
		}
		if err := os.WriteFile(o.Checkpoint, kept[:len(kept)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), p, o); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("half a checkpoint was gone on from: %v", err)
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
