package experiment

import (
	"context"
	"math"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// prior is the radius of phase 2 that helped most where it was tried: see [reconstruct.PublishedPrior].
const prior = 0.1

// poisonedShares are the parts of the training set that a backdoor is tried with.
var poisonedShares = []float64{0.1, 0.2, 0.4}

// reach is how far verification reaches in one network.
type reach struct {
	Names   []string  // of the training samples
	Margins []float64 // of the network for them
	Phases  [2]phase
	// Accuracy is that on images never trained on.
	Accuracy  float64
	Originals []metrics.Image
	Backdoors []backdoor
}

// phase is what one phase of the reconstruction gave: the SSIM of each training sample and of each never-trained image.
type phase struct {
	SSIM, Null []float64
	Nearest    []metrics.Image
}

// backdoor is a network with one.
type backdoor struct {
	Poisoned int
	// With is its success, Without that of a network trained without the poisoned samples, over as many images.
	With, Without float64
	Queries       int
	Accuracy      float64
}

// verifiableRange reproduces figures 11 and 12: how well each training sample is recovered, against its distance to the
// decision boundary, and how many can be verified: by their SSIM here, and by a backdoor those alone that were poisoned.
func verifiableRange(ctx context.Context, r *runner) (*Result, error) {
	all, err := each(ctx, r, func(ctx context.Context, t *trial) (*reach, error) {
		t.task = fixtures.OddEven // of two classes, as published
		out, err := t.reach(ctx)
		if err != nil {
			return nil, err
		}
		for _, share := range poisonedShares {
			b, err := t.backdoor(ctx, int(math.Round(share*float64(r.Scale.Samples))))
			if err != nil {
				return nil, err
			}
			out.Backdoors = append(out.Backdoors, b)
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return reaches(all).result(), nil
}

// reach reconstructs from a network and scores its training samples.
func (t *trial) reach(ctx context.Context) (*reach, error) {
	samples := images.MustJoin(t.forget, t.keep)
	net, err := t.train(ctx, "the model", samples, 0)
	if err != nil {
		return nil, err
	}
	found, err := t.recover(ctx, "the model", net)
	if err != nil {
		return nil, err
	}
	out := &reach{Names: samples.Names, Originals: audit.Pictures(samples)}
	if out.Accuracy, err = correct(net, t.reference); err != nil {
		return nil, err
	}
	if out.Margins, err = margins(net, samples); err != nil {
		return nil, err
	}
	problem, err := found.model.Problem(samples.C, samples.H, samples.W, net.Normalisation())
	if err != nil {
		return nil, err
	}
	moved, err := reconstruct.PublishedPrior{Radius: prior}.Move(ctx, problem, found.result)
	if err != nil {
		return nil, err
	}
	for k, result := range []*reconstruct.Result{found.result, moved} {
		if out.Phases[k], err = t.phase(ctx, result); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *trial) phase(ctx context.Context, result *reconstruct.Result) (phase, error) {
	nearest, pictures, err := audit.Nearest(ctx, result, images.MustJoin(t.forget, t.keep), metrics.SSIMOptions{})
	if err != nil {
		return phase{}, err
	}
	null, _, err := audit.Nearest(ctx, result, t.reference, metrics.SSIMOptions{})
	return phase{SSIM: scores(nearest), Null: scores(null), Nearest: pictures}, err
}

func scores(matches []metrics.Match) []float64 {
	out := make([]float64, len(matches))
	for i, m := range matches {
		out[i] = m.Score
	}
	return out
}

// margins are what a network of one output gives images, in favour of their labels.
func margins(n *specimen.Network, set *images.Set) ([]float64, error) {
	logits, err := n.Logits(set)
	if err != nil {
		return nil, err
	}
	out := logits.RawMatrix().Data
	for i, y := range specimen.Labels(set, n.Task) {
		out[i] *= float64(2*y - 1)
	}
	return out, nil
}

// backdoor plants one with so many of the training samples poisoned, and leaves these out again.
func (t *trial) backdoor(ctx context.Context, count int) (backdoor, error) {
	b := backdoor{Poisoned: count}
	marked, clean := split(images.MustJoin(t.forget, t.keep), count)
	marked, err := poisoned(marked, target)
	if err != nil {
		return b, err
	}
	with, err := t.train(ctx, "a model with a backdoor", images.MustJoin(marked, clean), 0)
	if err != nil {
		return b, err
	}
	without, err := t.train(ctx, "a model without it", clean, 1)
	if err != nil {
		return b, err
	}
	if b.With, b.Queries, err = attack(with, t.reference, target); err != nil {
		return b, err
	}
	if b.Without, _, err = attack(without, t.reference, target); err != nil {
		return b, err
	}
	b.Accuracy, err = correct(with, t.reference)
	return b, err
}

// verifiable is the number of samples that the backdoor speaks of: the poisoned ones, if it can be told from none.
func (b *backdoor) verifiable() float64 {
	if distinguished(b.With, b.Without, b.Queries) {
		return float64(b.Poisoned)
	}
	return 0
}
