package reconstruct

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"unlearnguard/graph/engine"
)

// publishedEpochs is the length of phase 1 in the authors' sweeps.
const publishedEpochs = 50000

// PublishedOptions tune [SweepPublished]. The zero value is the published method with hyper-parameters drawn at random.
type PublishedOptions struct {
	// Setting holds the hyper-parameters. Those that are 0 are drawn from the published ranges by Seed.
	Setting PublishedSetting
	// Seed makes the run repeatable; runs with one seed give the same bytes for any number of Threads.
	Seed uint64
	// Samples is n, the number of training samples: 2n candidates are reconstructed, as published. An auditor does not
	// know it; if 0, the rank of the first layer above its noise stands in for it.
	Samples int
	// Epochs is the length of phase 1. If 0, the published 50,000.
	Epochs int
	// Prior is phase 2, which the zero value leaves out.
	Prior PublishedPrior
	// Threads is how many threads work, on several settings where there are several. If 0, GOMAXPROCS.
	Threads int
	// Checkpoint, if not empty, names a file that the state is kept in every few seconds, when ctx ends, and at the end:
	// it is for the caller to delete once the result is safe.
	Checkpoint string
	// Resume goes on from Checkpoint where it exists, also after a kill, to the same bytes as an undisturbed run. A run
	// that came to its end is not repeated.
	Resume bool
	// Progress, if not nil, is called after every epoch, from one goroutine at a time. Its Restart is the number of the
	// setting and its Residual relative to all parameters.
	Progress func(Progress)
}

// PublishedRun is what one setting of a sweep gave.
type PublishedRun struct {
	// Setting holds the hyper-parameters used.
	Setting PublishedSetting `json:"setting"`
	// Epochs is how far phase 1 came: less than was asked for if it diverged.
	Epochs int `json:"epochs"`
	// Residual is what remained of all parameters, relative to them, before the last epoch.
	Residual float64 `json:"residual"`
	// Result is what was recovered.
	Result *Result `json:"result"`
}

// SweepPublished recovers training samples by the published method, the baseline that [Run] is to be compared with: the
// reconstruction of Haim et al. (arXiv 2206.07758), extended to several classes by Buzaglo et al. (arXiv 2307.01827),
// which is phase 1 of Algorithm 2 of arXiv 2410.10120 (its eq. 3), with phase 2 (its eqs. 4 and 5) as an option.
//
// # Phase 1
//
// It looks for candidates x_1 ... x_m, m = 2n, as many of each label as of any other, and multipliers lambda_i by descent
// with momentum 0.9, over all of them at a time, on
//
//	|| theta - 1/m sum_i lambda_i grad M(theta; x_i) ||^2 + sum relu(|x| - 1)^2 + 5 sum_i relu(lambda_min - lambda_i)^2
//
// with all parameters theta, biases among them. x is what the network is fed: images less their mean. M is the output,
// signed by the label, of a network of one, and else the label's logit less the largest of the others (Buzaglo et al., eq.
// 6). ReLUs are exact and their derivative is sigmoid(alpha z). x starts normally distributed with standard deviation
// sigma, lambda uniformly on [0, 1]. The 1/m, the 5 and the starts are those of the authors' programs. These compute in
// float64; here the loss is in float32, and x, lambda and their velocities in float64.
//
// The first term is the stationarity of the KKT conditions, the last one dual feasibility, lambda_i >= 0, with a distance
// lambda_min that keeps candidates from being dropped. Primal feasibility and complementary slackness are not used. The
// text of eqs. 10 to 12, 21 and 22 of arXiv 2410.10120 was not at hand; margins of two and of several classes are as in the
// two papers that it builds on.
//
// # Its result
//
// Every candidate is a sample, the one of the largest multiplier first. The method offers no confidence, which is 0, and
// does not know whether it failed: Converged is by the first layer's residual, as for [Run], and low residuals do not
// tell good settings from bad ones. A setting with too large rates diverges and gives no samples. Rank, Pruning,
// Balance and [Result.Traces] are as for Run, but the method is run on the network as it is. Errors are those of Run.
//
// # Settings
//
// It is run with k random settings. Their authors choose the best by the training data, from a hundred or so; an auditor has nothing
// but the residuals to choose by.
func SweepPublished(ctx context.Context, p Problem, k int, o PublishedOptions) ([]PublishedRun, error) {
	if err := errors.Join(p.Validate(), o.validate()); err != nil {
		return nil, err
	}
	if p.Net == nil {
		return nil, errors.New("reconstruct: the published method is here for fully connected networks alone; this one has convolutions")
	}
	if k < 1 {
		return nil, fmt.Errorf("reconstruct: a sweep of %d settings; give one or more", k)
	}
	known := newEvidence(&p)
	o = o.withDefaults(known.Rank)
	saved, err := openCheckpoint[*publishedState](o.Checkpoint, o.Resume,
		fingerprint(&p, "published", k, o.Setting, o.Seed, o.Samples, o.Epochs, o.Prior))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	runs := make([]PublishedRun, k)
	report := &reporter{state: Progress{Done: saved.steps(), Total: k * o.Epochs}, call: o.Progress}
	engine.Share(o.Threads, k, func(next func() (int, bool)) {
		for i, ok := next(); ok && ctx.Err() == nil; i, ok = next() {
			var err error
			if runs[i], err = runSetting(ctx, &p, o, k, i, known, saved, report); err != nil {
				cancel(err)
			}
		}
	})
	if err := context.Cause(ctx); err != nil {
		return nil, errors.Join(err, saved.flush())
	}
	return runs, nil
}

// runSetting runs setting i of k, from where the checkpoint left it.
func runSetting(ctx context.Context, p *Problem, o PublishedOptions, k, i int, known Result, saved *checkpoint[*publishedState], report *reporter) (PublishedRun, error) {
	d, err := newPublishedDescent(p, o, i, max(1, o.Threads/k))
	if err != nil {
		return PublishedRun{}, err
	}
	if state, ok := saved.restart(i); ok {
		if len(state.X) != len(d.X) || len(state.Lambda) != len(d.Lambda) {
			return PublishedRun{}, errOtherSize
		}
		d.publishedState = state
	}
	run, err := d.run(ctx, o, known, func(loss float64) {
		report.step(i, loss, d.Residual)
		saved.keep(i, d.publishedState, false)
	})
	saved.keep(i, d.publishedState, true)
	return run, err
}

// newEvidence is what a result says of the model by whatever method.
func newEvidence(p *Problem) Result {
	net, pruning, balance := undone(p.Net)
	s := newSpan(net)
	return Result{Rank: s.rank(), Edge: s.spectrum.Edge, Parameters: parameters(p), Pruning: pruning, Balance: balance,
		span: s, space: p.space()}
}

func (o PublishedOptions) validate() error {
	if o.Samples < 0 || o.Epochs < 0 || o.Threads < 0 {
		return errors.New("reconstruct: samples, epochs and threads must not be negative")
	}
	return errors.Join(o.Setting.validate(), o.Prior.validate())
}

func (o PublishedOptions) withDefaults(rank int) PublishedOptions {
	if o.Samples == 0 {
		o.Samples = max(rank, 1)
	}
	if o.Epochs == 0 {
		o.Epochs = publishedEpochs
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return o
}
