package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/deception"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start"
)

// knownStarts are the kinds of networks whose start is known: trained by SGD from PyTorch's start with a seed.
var knownStarts = []struct {
	practice.Row
	forget, networks int
}{
	{practice.Row{Name: "mnist200", Data: "mnist", Samples: 200, Arch: fixtures.MLP, Hidden: []int{500, 100},
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 16, Epochs: 30}}, 20, 2},
	{practice.Row{Name: "emb100", Data: "cifar10", Samples: 100, Arch: fixtures.MLP, Hidden: []int{256}, Embedded: true, Linear: true,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.001, Batch: 16, Epochs: 60}}, 10, 2},
}

// started is one network, its start and the request.
type started struct {
	practice.Row
	seed                                          uint64
	dir                                           string
	forget, keep, controls, other, reference, all *images.Set
	start, before                                 *onnxio.Model
}

// A reply is what an auditor is given: a model after, and what is said of its start.
type reply struct {
	after *onnxio.Model
	// seed is the one that is claimed, if file is nil; committed says that the file was committed to.
	seed      uint64
	file      *onnxio.Model
	committed bool
	// asked is the number of samples that the request is about, all where 0.
	asked int
}

// response is a way to answer the request.
type response struct {
	name string
	kind string // honest, kept or forged
	make func(context.Context, *started) (reply, error)
}

func responses() []response {
	var out []response
	for k := range uint64(6) {
		out = append(out, response{fmt.Sprintf("trained without them, seed %d", k), "honest", func(ctx context.Context, s *started) (reply, error) {
			m, err := s.trained(ctx, s.keep, s.seed+100*k)
			return reply{after: m, seed: s.seed + 100*k}, err
		}})
	}
	kept := func(name string, change func(context.Context, *started) (*onnxio.Model, error)) {
		out = append(out, response{name, "kept", func(ctx context.Context, s *started) (reply, error) {
			m, err := change(ctx, s)
			return reply{after: m, seed: s.seed}, err
		}})
	}
	kept("untouched", func(_ context.Context, s *started) (*onnxio.Model, error) { return s.before, nil })
	kept("fine-tuned on the rest", func(ctx context.Context, s *started) (*onnxio.Model, error) {
		return s.tuned(ctx, s.keep, s.keep.Labels, 0)
	})
	kept("fine-tuned on others", func(ctx context.Context, s *started) (*onnxio.Model, error) {
		few := s.other.Range(0, 30)
		return s.tuned(ctx, few, few.Labels, 0)
	})
	kept("relabelled", func(ctx context.Context, s *started) (*onnxio.Model, error) {
		all := images.MustJoin(s.forget, s.keep)
		labels, err := fixtures.Relabel(all.Labels, images.Positions(0, s.forget.Len()), 10, s.seed)
		if err != nil {
			return nil, err
		}
		return s.tuned(ctx, all, labels, 0)
	})
	kept("driven up their loss", func(ctx context.Context, s *started) (*onnxio.Model, error) {
		return s.tuned(ctx, s.forget, s.forget.Labels, 3)
	})
	kept("rounded to fp16", func(_ context.Context, s *started) (*onnxio.Model, error) {
		return fixtures.RoundModel(s.before, fixtures.Float16)
	})
	kept("rounded to int8", func(_ context.Context, s *started) (*onnxio.Model, error) {
		return fixtures.RoundModel(s.before, fixtures.Int8)
	})
	kept("smallest 20 % pruned", func(_ context.Context, s *started) (*onnxio.Model, error) {
		return fixtures.PruneModel(s.before, 0.2, fixtures.Magnitude, s.seed)
	})
	kept("noise of 1 %", func(_ context.Context, s *started) (*onnxio.Model, error) {
		return fixtures.NoiseModel(s.before, 0.01, s.seed), nil
	})
	forged := func(name string, make func(context.Context, *started) (reply, error)) {
		out = append(out, response{name, "forged", make})
	}
	file := func(name string, committed bool, forge func(context.Context, *started) (*onnxio.Model, error)) {
		forged(name, func(ctx context.Context, s *started) (reply, error) {
			m, err := forge(ctx, s)
			return reply{after: s.before, file: m, committed: committed}, err
		})
	}
	file("true start, supplied", false, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.start, nil })
	for _, committed := range []bool{false, true} {
		word := map[bool]string{false: "supplied", true: "committed to"}[committed]
		file("start that holds the samples, "+word, committed, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.forge(false), nil })
		file("the same, clipped to the initialiser's bound, "+word, committed, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.forge(true), nil })
	}
	file("start of another run", false, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.initial(s.seed + 1) })
	file("checkpoint of an honest run, committed to", true, func(ctx context.Context, s *started) (*onnxio.Model, error) {
		return s.trained(ctx, s.keep, s.seed)
	})
	file("the model before itself, committed to", true, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.before, nil })
	forged("fine-tuned on the rest, from the model before, committed to", func(ctx context.Context, s *started) (reply, error) {
		m, err := s.tuned(ctx, s.keep, s.keep.Labels, 0)
		return reply{after: m, file: s.before, committed: true}, err
	})
	forged("wrong seed", func(_ context.Context, s *started) (reply, error) {
		return reply{after: s.before, seed: s.seed + 1}, nil
	})
	forged("projected out of what moved, true seed", func(_ context.Context, s *started) (reply, error) {
		return reply{after: s.scrubbed(), seed: s.seed}, nil
	})
	for _, asked := range []int{0, 3} {
		of := map[int]string{0: "", 3: ", 3 asked about"}[asked]
		forged("projected out so that the layer passes on the same, true seed"+of, func(_ context.Context, s *started) (reply, error) {
			return reply{after: s.compensated(), seed: s.seed, asked: asked}, nil
		})
		forged("later layers trained on all, true seed"+of, func(ctx context.Context, s *started) (reply, error) {
			m, err := s.later(ctx)
			return reply{after: m, seed: s.seed + 1, asked: asked}, err
		})
		forged("first layer kept, head drawn again and trained on the rest"+of, func(ctx context.Context, s *started) (reply, error) {
			m, err := s.newHead(ctx)
			return reply{after: m, seed: s.seed + 7, asked: asked}, err
		})
	}
	forged("copies shifted by 2, true seed", func(ctx context.Context, s *started) (reply, error) {
		if s.Embedded {
			return reply{}, deception.ErrNotApplicable
		}
		m, err := s.trained(ctx, images.MustJoin(moved(s.forget, 2), s.keep), s.seed)
		return reply{after: m, seed: s.seed}, err
	})
	return out
}

// initial is the row's network as PyTorch starts it from a seed.
func (s *started) initial(seed uint64) (*onnxio.Model, error) {
	shape := []int{s.all.C, s.all.H, s.all.W}
	if s.Embedded {
		shape = []int{s.all.Dim()}
	}
	return fixtures.NewModel(s.Arch, shape, fixtures.ArchitectureOptions{Hidden: s.Hidden, Seed: seed, Torch: true})
}

func (s *started) trained(ctx context.Context, on *images.Set, seed uint64) (*onnxio.Model, error) {
	first, err := s.initial(seed)
	if err != nil {
		return nil, err
	}
	fit := s.Fit
	fit.Seed = seed
	m, _, err := fixtures.Fit(ctx, first, on.Pixels, on.Labels, fit)
	return m, err
}

// tuned goes on training the model before, up the loss where ascend is not 0.
func (s *started) tuned(ctx context.Context, on *images.Set, labels []int, ascend float64) (*onnxio.Model, error) {
	o := repair(s.Row, s.seed, 10)
	o.Ascend = ascend
	m, _, err := fixtures.Fit(ctx, s.before, on.Pixels, labels, o)
	return m, err
}

// judge audits a reply. An audit that refuses what it is given concludes nothing.
func (s *started) judge(ctx context.Context, a reply) (metrics.Summary, error) {
	r := &audit.Request{Reference: s.reference, TimeLimit: patience}
	asked := s.forget.Len()
	if a.asked > 0 {
		asked = min(asked, a.asked)
	}
	var err error
	if r.Before, err = imported(ctx, s.before, filepath.Join(s.dir, "before.onnx")); err != nil {
		return metrics.Summary{}, err
	}
	if r.After, err = imported(ctx, a.after, filepath.Join(s.dir, "after.onnx")); err != nil {
		return metrics.Summary{}, err
	}
	if err := errors.Join(r.Add(s.forget.Range(0, asked), metrics.Forget), r.Add(s.controls, metrics.Retain)); err != nil {
		return metrics.Summary{}, err
	}
	known, err := audit.StartFromSeed(ctx, r.Before, r.Before.Path, s.seed, start.Torch)
	if err != nil {
		return metrics.Summary{}, err
	}
	r.StartsBefore = []*audit.Start{known}
	if a.file == nil {
		known, err = audit.StartFromSeed(ctx, r.After, r.After.Path, a.seed, start.Torch)
	} else if known, err = s.file(ctx, r.After, a.file); err == nil && a.committed {
		known.Committed = "as this bench has it"
	}
	if err != nil {
		return tooLate(asked, err.Error()), nil
	}
	r.StartsAfter = []*audit.Start{known}
	out, err := audit.Run(ctx, r)
	if err != nil {
		return metrics.Summary{}, err
	}
	return out.Decision.Summary, nil
}

func (s *started) file(ctx context.Context, of *audit.Model, m *onnxio.Model) (*audit.Start, error) {
	path := filepath.Join(s.dir, "start.onnx")
	if err := onnxio.WriteFile(path, m); err != nil {
		return nil, err
	}
	return audit.StartFromFile(ctx, of, path, "start.onnx", graph.Options{})
}

// load trains the model before.
func (s *started) load(ctx context.Context, data string, forget int) error {
	all, err := s.Load(ctx, data, s.seed)
	if err != nil {
		return err
	}
	n := s.Samples
	s.all, s.forget, s.keep = all, all.Range(0, forget), all.Range(forget, n)
	s.controls = s.keep.Range(0, min(mostControls, n-forget))
	s.reference, s.other = all.Range(n, n+hostileReference), all.Range(n+hostileReference, n+hostileReference+200)
	if s.start, err = s.initial(s.seed); err != nil {
		return err
	}
	s.before, err = s.trained(ctx, images.MustJoin(s.forget, s.keep), s.seed)
	return err
}

// runInitial audits replies about networks whose start is known; quick takes one network.
func runInitial(ctx context.Context, r session, names []string) (bool, error) {
	t := &initialTally{counts: map[string]map[metrics.Verdict]int{}}
	quick := len(names) == 1 && names[0] == "quick"
	if quick {
		names = []string{knownStarts[0].Name}
	}
	for _, row := range knownStarts {
		networks := row.networks
		if quick {
			networks = 1
		}
		for k := range networks {
			if len(names) > 0 && !wanted(row.Name, k, names) {
				continue
			}
			s := &started{Row: row.Row, seed: r.seed + uint64(k), dir: r.dir}
			err := s.load(ctx, r.data, row.forget)
			if err == nil {
				err = s.measure(ctx, r.out, fmt.Sprintf("%s/%d", row.Name, k), t)
			}
			if err != nil {
				return false, fmt.Errorf("%s: %w", row.Name, err)
			}
		}
	}
	if t.pairs == 0 {
		return false, fmt.Errorf("no network is called %v", names)
	}
	t.print(r.out)
	return t.sound(), nil
}

// measure audits a reply of each way and prints a line for each.
func (s *started) measure(ctx context.Context, w io.Writer, name string, t *initialTally) error {
	for _, x := range responses() {
		begun := time.Now()
		answer, err := x.make(ctx, s)
		if errors.Is(err, deception.ErrNotApplicable) {
			continue
		}
		var got metrics.Summary
		if err == nil {
			got, err = s.judge(ctx, answer)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		fmt.Fprintf(w, "%s  %-60s %-7s %-12s  %2d/%2d/%2d  %3.0f s  %.200s\n", name, x.name, x.kind, got.Verdict, got.Unlearned, got.Retained, got.Inconclusive, time.Since(begun).Seconds(), got.Reason)
		t.add(x, got)
	}
	return nil
}
