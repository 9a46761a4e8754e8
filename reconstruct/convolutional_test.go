package reconstruct_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/reconstruct"
)

// filters are convolutions of 3 x 3 and 5 x 5 with so many channels.
func filters(first, second int) []fixtures.Convolution {
	return []fixtures.Convolution{{Channels: first, Size: 3, Stride: 2}, {Channels: second, Size: 5, Stride: 2}}
}

// convolved returns drawn digits and the problem of a network with two convolutions trained on them.
func convolved(t *testing.T, n int, o fixtures.Options) (*images.Set, reconstruct.Problem) {
	t.Helper()
	set, x, labels, mean := lesson(t, n, fixtures.OddEven)
	net, _, err := fixtures.TrainConvolutional(context.Background(), x, labels, [3]int{1, set.H, set.W}, o)
	if err != nil {
		t.Fatal(err)
	}
	return set, reconstruct.Problem{Convolutional: net, Channels: 1, Height: set.H, Width: set.W, Mean: mean}
}

func TestRunRecoversFromConvolutions(t *testing.T) {
	set, p := convolved(t, 8, fixtures.Options{Convolutions: filters(16, 128), Margin: 30})
	r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 2, Steps: 400})
	if err != nil {
		t.Fatal(err)
	}
	in, out := stat.Mean(cosines(set, r), nil), stat.Mean(cosines(digits.Draw(50, 99), r), nil)
	if !r.Converged {
		t.Errorf("the run says that it failed: %s", r.Reason)
	}
	if in < 0.75 || out > 0.5 {
		t.Errorf("mean cosine %.2f of training samples and %.2f of others, want over 0.75 and under 0.5", in, out)
	}
}

// TestConvolutionsThatHoldNoSamples trains networks that explain the data with a few directions, or that keep their start:
// what is found must not pass for samples.
func TestConvolutionsThatHoldNoSamples(t *testing.T) {
	for name, o := range map[string]fixtures.Options{
		"all layers started small": {Convolutions: filters(8, 16), Scales: []float64{0.1, 0.1, 0.1}, Margin: 5},
		"PyTorch's start":          {Convolutions: filters(8, 16), DefaultInit: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := convolved(t, 10, o)
			r, err := reconstruct.Run(context.Background(), p, reconstruct.Options{Restarts: 2, Steps: 100})
			if err != nil {
				t.Fatal(err)
			}
			if r.Converged || r.Reason == "" {
				t.Errorf("said to have converged at residual %.3f (%q)", r.Restarts[0].Residual, r.Reason)
			}
		})
	}
}

func TestConvolutionsRepeatAndResume(t *testing.T) {
	_, p := convolved(t, 6, fixtures.Options{Convolutions: filters(4, 16), Margin: 5})
	archive := func(ctx context.Context, o reconstruct.Options) ([]byte, error) {
		o.Seed, o.Restarts, o.Steps = 5, 2, 20
		r, err := reconstruct.Run(ctx, p, o)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = r.WriteNPZ(&b)
		return b.Bytes(), err
	}
	want, err := archive(context.Background(), reconstruct.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen, o := 0, reconstruct.Options{Threads: 2, Checkpoint: filepath.Join(t.TempDir(), "state")}
	o.Progress = func(reconstruct.Progress) {
		if seen++; seen == 15 {
			cancel()
		}
	}
	if _, err := archive(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want a cancellation", err)
	}
	o.Progress, o.Resume = nil, true
	got, err := archive(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("two threads and an interruption give other bytes than one thread without")
	}
}

func TestPublishedMethodRefusesConvolutions(t *testing.T) {
	_, p := convolved(t, 4, fixtures.Options{Convolutions: filters(2, 2), Steps: 1})
	if _, err := reconstruct.SweepPublished(context.Background(), p, 1, reconstruct.PublishedOptions{}); err == nil {
		t.Error("no error")
	}
}
