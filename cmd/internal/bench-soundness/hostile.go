package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"unlearnguard/fixtures/deception"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct"
)

// hostileRow is a kind of network whose provider deceives.
type hostileRow struct {
	name     string
	networks int
	// every says that each network is tried with every so many of the ways, by turns.
	every int
	// make trains the model before of one network.
	make func(ctx context.Context, data string, seed uint64) (*victim, error)
}

// The numbers are such that all of it takes an hour on two cores.
var hostileRows = []hostileRow{
	{"small30", 3, 3, smallStart{samples: 30, forget: 6, task: "classes"}.victim},
	{"small20", 2, 2, smallStart{samples: 20, forget: 4, task: "odd-even"}.victim},
	{"mlp100", 2, 2, usualKind{"mlp100", 20}.victim},
	{"mlp200", 1, 2, usualKind{"mlp200", 30}.victim},
	{"vgg200", 1, 3, usualKind{"vgg200", 20}.victim},
}

const (
	hostileReference = 400
	// quickEvery is the share of the ways that quick tries.
	quickEvery = 6
	// honestStarts are the honest answers that each network gives as well.
	honestStarts = 3
	// patience is the time that an audit may take; one that takes longer is inconclusive. Quick has less.
	patience, quickPatience = 2 * time.Minute, 20 * time.Second
)

// victim is a model before and the request about it.
type victim struct {
	provider *deception.Provider
	// forget, controls and reference have the classes of the data set for labels, as an auditor's images have.
	forget, controls, reference *images.Set
	name                        string
	session                     session
	patience                    time.Duration
}

// hostilePair is a model after and what was said of it.
type hostilePair struct {
	way     deception.Way
	summary metrics.Summary
	seconds float64
}

// tooLate is the verdict on an audit that gave no answer.
func tooLate(samples int, reason string) metrics.Summary {
	return metrics.Summary{Verdict: metrics.Inconclusive, Reason: reason, Inconclusive: samples}
}

// judge makes the model after and audits it. The error is deception.ErrNotApplicable where there is none.
func (v *victim) judge(ctx context.Context, w deception.Way) (hostilePair, error) {
	out := hostilePair{way: w}
	after, err := w.Make(ctx, v.provider)
	if err != nil {
		return out, err
	}
	begun := time.Now()
	// Answers that come late are none, but for what a stage takes to notice.
	limited, cancel := context.WithTimeout(ctx, v.patience+v.patience/2)
	defer cancel()
	out.summary, err = v.audit(limited, after)
	out.seconds = time.Since(begun).Seconds()
	switch {
	case ctx.Err() != nil:
		return out, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) || limited.Err() != nil:
		out.summary = tooLate(v.forget.Len(), "no answer in time")
	case err != nil:
		out.summary = tooLate(v.forget.Len(), err.Error())
	}
	return out, nil
}

func (v *victim) audit(ctx context.Context, after *deception.Network) (metrics.Summary, error) {
	r := &audit.Request{NormBefore: v.provider.Before.Norm, NormAfter: after.Norm, Reference: v.reference,
		Reconstruct: reconstruct.Options{Seed: v.provider.Seed}, TimeLimit: v.patience, Recover: v.session.recoveries.Recover}
	var err error
	if r.Before, err = imported(ctx, v.provider.Before.Model, filepath.Join(v.session.dir, "before.onnx")); err != nil {
		return metrics.Summary{}, err
	}
	if r.After, err = imported(ctx, after.Model, filepath.Join(v.session.dir, "after.onnx")); err != nil {
		return metrics.Summary{}, err
	}
	if err := r.Add(v.forget, metrics.Forget); err != nil {
		return metrics.Summary{}, err
	}
	if err := r.Add(v.controls, metrics.Retain); err != nil {
		return metrics.Summary{}, err
	}
	out, err := audit.Run(ctx, r)
	if err != nil {
		return metrics.Summary{}, err
	}
	return out.Decision.Summary, nil
}

// imported writes a model and imports it as a stranger's.
func imported(ctx context.Context, m *onnxio.Model, path string) (*audit.Model, error) {
	if err := onnxio.WriteFile(path, m); err != nil {
		return nil, err
	}
	return audit.Import(ctx, path, graph.Options{})
}

// honestly trains without the samples, from so many starts.
func (v *victim) honestly(starts int) []deception.Way {
	var out []deception.Way
	for k := range uint64(starts) {
		out = append(out, deception.Way{Name: fmt.Sprintf("trained without them, start %d", k), Family: retrainedHonestly,
			Make: func(ctx context.Context, p *deception.Provider) (*deception.Network, error) {
				return p.Train(ctx, p.Keep, deception.Training{Start: p.Seed + 100*k})
			}})
	}
	return out
}

// retrainedHonestly marks the answers that deserve the verdict unlearned.
const retrainedHonestly deception.Family = "retrained"

// turn picks every so many of the ways.
func turn(ways []deception.Way, k, every int) []deception.Way {
	var out []deception.Way
	for i, w := range ways {
		if i%every == k%every {
			out = append(out, w)
		}
	}
	return out
}

// measure audits one model after of each way and prints a line a pair.
func (v *victim) measure(ctx context.Context, w io.Writer, ways []deception.Way, t *hostileTally) error {
	for _, way := range ways {
		pair, err := v.judge(ctx, way)
		if errors.Is(err, deception.ErrNotApplicable) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", way.Name, err)
		}
		pair.print(w, v.name)
		t.add(pair)
	}
	return nil
}

// runHostile measures the networks of these names (row, or row/k for one network), or all; quick takes one network.
func runHostile(ctx context.Context, s session, names []string) (bool, error) {
	t := newHostileTally()
	quick := len(names) == 1 && names[0] == "quick"
	if quick {
		names = []string{"small20/0"}
	}
	turns := 0
	for _, row := range hostileRows {
		for k := range row.networks {
			turns++
			if len(names) > 0 && !wanted(row.name, k, names) {
				continue
			}
			every, starts, limit := row.every, honestStarts, patience
			if quick {
				every, starts, limit = quickEvery, 1, quickPatience
			}
			v, err := row.make(ctx, s.data, s.seed+uint64(k))
			if err != nil {
				return false, fmt.Errorf("%s/%d: %w", row.name, k, err)
			}
			v.name, v.session, v.patience = fmt.Sprintf("%s/%d", row.name, k), s, limit
			err = v.measure(ctx, s.out, append(v.honestly(starts), turn(deception.Ways, turns, every)...), t)
			if err != nil {
				t.print(s.out)
				return false, fmt.Errorf("%s: %w", v.name, err)
			}
		}
	}
	if t.pairs == 0 {
		return false, fmt.Errorf("no network is called %v", names)
	}
	t.print(s.out)
	return t.sound(), nil
}
