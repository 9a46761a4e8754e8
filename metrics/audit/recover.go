package audit

import (
	"context"
	"fmt"
	"math"

	"unlearnguard/fixtures/images"
	"unlearnguard/reconstruct"
)

// Recover reconstructs from a model that is fed images of the size c x h x w, normalised by norm. Errors name the model's
// file.
func Recover(ctx context.Context, m *Model, c, h, w int, norm images.Normalisation, o reconstruct.Options) (*reconstruct.Result, error) {
	p, err := m.Problem(c, h, w, norm)
	if err != nil {
		return nil, err
	}
	r, err := reconstruct.Run(ctx, p, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	discardUnsound(r)
	return r, nil
}

// SweepPublished is [Recover] by the published method, with k settings.
func SweepPublished(ctx context.Context, m *Model, c, h, w int, norm images.Normalisation, k int, o reconstruct.PublishedOptions) ([]reconstruct.PublishedRun, error) {
	p, err := m.Problem(c, h, w, norm)
	if err != nil {
		return nil, err
	}
	runs, err := reconstruct.SweepPublished(ctx, p, k, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	for _, r := range runs {
		discardUnsound(r.Result)
	}
	return runs, nil
}

// sound reports whether every number of a result is one.
func sound(r *reconstruct.Result) bool {
	sum := 0.0 // not finite as soon as one of its terms is not
	for _, s := range r.Restarts {
		sum += s.Residual
	}
	for _, s := range r.Samples {
		sum += s.Multiplier + s.Confidence
		for _, v := range s.Pixels {
			sum += v
		}
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// discardUnsound empties a result whose descents diverged, as they do on parameters without samples. It is no evidence of
// absence.
func discardUnsound(r *reconstruct.Result) {
	if sound(r) {
		return
	}
	r.Samples = nil
	for i := range r.Restarts {
		r.Restarts[i].Residual = 1
	}
	r.Explained, r.Converged = false, false
	r.Reason = "the reconstruction diverged: the parameters are not those of a trained network, or they hold no trace of samples"
}
