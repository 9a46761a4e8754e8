package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

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
		all := join(s.forget, s.keep)
		labels, err := fixtures.Relabel(all.Labels, positions(s.forget.Len()), 10, s.seed)
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
		file("start that holds the samples, "+word, committed, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.forge(1, false), nil })
		file("the same, clipped to the initialiser's bound, "+word, committed, func(_ context.Context, s *started) (*onnxio.Model, error) { return s.forge(1, true), nil })
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
		m, err := s.trained(ctx, join(moved(s.forget, 2), s.keep), s.seed)
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

// particular projects rows onto what is particular to the samples to forget: their span beyond that of the others.
func (s *started) particular(rows *mat.Dense) *mat.Dense {
	d := s.all.Dim()
	basis := func(set *images.Set, off []*mat.VecDense) []*mat.VecDense {
		for i := range set.Len() {
			v := mat.NewVecDense(d, nil)
			for j, x := range set.Image(i) {
				v.SetVec(j, float64(x))
			}
			length := mat.Norm(v, 2)
			for range 2 {
				for _, b := range off {
					v.AddScaledVec(v, -mat.Dot(v, b), b)
				}
			}
			if rest := mat.Norm(v, 2); rest > 1e-6*length {
				v.ScaleVec(1/rest, v)
				off = append(off, v)
			}
		}
		return off
	}
	others := basis(s.keep, nil)
	all := basis(s.forget, slices.Clone(others))
	h, _ := rows.Dims()
	out := mat.NewDense(h, d, nil)
	for _, b := range all[len(others):] {
		var along mat.VecDense
		along.MulVec(rows, b)
		out.RankOne(out, 1, &along, b)
	}
	return out
}

// first is the first layer's weight.
func first(m *onnxio.Model) *onnxio.Tensor { return m.Initializers[0] }

func rowsOf(t *onnxio.Tensor) *mat.Dense {
	out := mat.NewDense(t.Shape[0], t.Shape[1], nil)
	for i, v := range t.Float32s {
		out.Set(i/t.Shape[1], i%t.Shape[1], float64(v))
	}
	return out
}

// withFirst is a copy of a model with another first weight, clipped to a bound where that is not 0.
func withFirst(m *onnxio.Model, rows *mat.Dense, bound float64) *onnxio.Model {
	out := *m
	out.Initializers = slices.Clone(m.Initializers)
	t := *first(m)
	t.Float32s = make([]float32, len(t.Float32s))
	for i, v := range rows.RawMatrix().Data {
		if bound > 0 {
			v = min(max(v, -bound), bound)
		}
		t.Float32s[i] = float32(v)
	}
	out.Initializers[0] = &t
	return &out
}

// forge is the start with the samples' particular contribution to the model before in it.
func (s *started) forge(share float64, clip bool) *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	part := s.particular(&d)
	part.Scale(share, part)
	from.Add(from, part)
	bound := 0.0
	if clip {
		for _, v := range first(s.start).Float32s {
			bound = max(bound, float64(v), -float64(v))
		}
	}
	return withFirst(s.start, from, bound)
}

// scrubbed is the model before without that contribution.
func (s *started) scrubbed() *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	to.Sub(to, s.particular(&d))
	return withFirst(s.before, to, 0)
}

// compensated is scrubbed, with what was taken out of the layer's answer to each sample given back along the others' span: it
// passes on the same for all samples.
func (s *started) compensated() *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	part := s.particular(&d)
	x := mat.NewDense(s.forget.Len(), s.all.Dim(), nil)
	for i := range s.forget.Len() {
		for j, v := range s.forget.Image(i) {
			x.Set(i, j, float64(v))
		}
	}
	own := s.particular(x)
	var rest, taken mat.Dense
	rest.Sub(x, own)         // of each sample, in the others' span
	taken.Mul(part, x.T())   // of its answers
	var gram, back mat.Dense // the least change along the rests that gives them back
	gram.Mul(&rest, rest.T())
	if err := back.Solve(&gram, &rest); err != nil {
		return s.scrubbed()
	}
	to.Sub(to, part)
	part.Mul(&taken, &back)
	to.Add(to, part)
	return withFirst(s.before, to, 0)
}

// later is trained without the samples, and then its later layers on all.
func (s *started) later(ctx context.Context) (*onnxio.Model, error) {
	honest, err := s.trained(ctx, s.keep, s.seed+1)
	if err != nil {
		return nil, err
	}
	o := repair(s.Row, s.seed, s.Fit.Epochs)
	o.Rate = s.Fit.Rate
	all := join(s.forget, s.keep)
	m, _, err := fixtures.Fit(ctx, honest, all.Pixels, all.Labels, o)
	if err != nil {
		return nil, err
	}
	return withFirst(m, rowsOf(first(honest)), 0), nil
}

// newHead is the model before with later layers that were drawn again and trained on the rest.
func (s *started) newHead(ctx context.Context) (*onnxio.Model, error) {
	fresh, err := s.initial(s.seed + 7)
	if err != nil {
		return nil, err
	}
	fresh = withFirst(fresh, rowsOf(first(s.before)), 0)
	fit := s.Fit
	fit.Seed = s.seed
	m, _, err := fixtures.Fit(ctx, fresh, s.keep.Pixels, s.keep.Labels, fit)
	if err != nil {
		return nil, err
	}
	return withFirst(m, rowsOf(first(s.before)), 0), nil
}

// moved are images shifted to the right, filled up with zeros.
func moved(set *images.Set, by int) *images.Set {
	out := *set
	out.Pixels = make([]float32, len(set.Pixels))
	for at := 0; at < len(set.Pixels); at += set.W {
		copy(out.Pixels[at+by:at+set.W], set.Pixels[at:at+set.W-by])
	}
	return &out
}

// judge audits a reply. An audit that refuses what it is given concludes nothing.
func (s *started) judge(ctx context.Context, a reply) (metrics.Summary, error) {
	r := &audit.Request{Reference: s.reference, TimeLimit: patience}
	asked := s.forget.Len()
	if a.asked > 0 {
		asked = min(asked, a.asked)
	}
	var err error
	if r.Before, err = s.open(ctx, s.before, "before"); err != nil {
		return metrics.Summary{}, err
	}
	if r.After, err = s.open(ctx, a.after, "after"); err != nil {
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

func (s *started) open(ctx context.Context, m *onnxio.Model, name string) (*audit.Model, error) {
	path := filepath.Join(s.dir, name+".onnx")
	if err := onnxio.WriteFile(path, m); err != nil {
		return nil, err
	}
	return audit.Import(ctx, path, graph.Options{})
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
	s.before, err = s.trained(ctx, join(s.forget, s.keep), s.seed)
	return err
}

// runInitial audits replies about networks whose start is known.
func runInitial(ctx context.Context, w io.Writer, data, dir string, names []string, seed uint64) (bool, error) {
	count := map[string]map[metrics.Verdict]int{}
	pairs, falsely := 0, []string{}
	quick := len(names) == 1 && names[0] == "quick"
	for _, row := range knownStarts {
		if len(names) > 0 && !quick && !slices.Contains(names, row.Name) {
			continue
		}
		for k := range row.networks {
			s := &started{Row: row.Row, seed: seed + uint64(k), dir: dir}
			if err := s.load(ctx, data, row.forget); err != nil {
				return false, fmt.Errorf("%s: %w", row.Name, err)
			}
			for _, x := range responses() {
				begun := time.Now()
				answer, err := x.make(ctx, s)
				if errors.Is(err, deception.ErrNotApplicable) {
					continue
				} else if err != nil {
					return false, fmt.Errorf("%s, %s: %w", row.Name, x.name, err)
				}
				got, err := s.judge(ctx, answer)
				if err != nil {
					return false, fmt.Errorf("%s, %s: %w", row.Name, x.name, err)
				}
				fmt.Fprintf(w, "%s/%d  %-60s %-7s %-12s  %2d/%2d/%2d  %3.0f s  %.200s\n", row.Name, k, x.name, x.kind, got.Verdict, got.Unlearned, got.Retained, got.Inconclusive, time.Since(begun).Seconds(), got.Reason)
				if count[x.kind] == nil {
					count[x.kind] = map[metrics.Verdict]int{}
				}
				count[x.kind][got.Verdict]++
				pairs++
				if x.kind != "honest" && (got.Verdict == metrics.Unlearned || got.Unlearned > 0) {
					falsely = append(falsely, x.name)
				}
			}
			if quick {
				break
			}
		}
		if quick {
			break
		}
	}
	if pairs == 0 {
		return false, fmt.Errorf("no network is called %v", names)
	}
	honest, kept := count["honest"], count["kept"]
	share := func(of map[metrics.Verdict]int, v metrics.Verdict) float64 {
		n := 0
		for _, k := range of {
			n += k
		}
		return float64(of[v]) / float64(max(n, 1))
	}
	fmt.Fprintf(w, "\n%d pairs\nkept or forged, unlearned   %d   0\nhonest, unlearned           %.1f %%   >= 95 %%\nkept, retained              %.1f %%   >= 99 %%\nforged, retained            %.1f %%\n",
		pairs, len(falsely), 100*share(honest, metrics.Unlearned), 100*share(kept, metrics.Retained), 100*share(count["forged"], metrics.Retained))
	for _, name := range falsely {
		fmt.Fprintf(w, "falsely unlearned: %s\n", name)
	}
	return len(falsely) == 0 && share(honest, metrics.Unlearned) >= 0.95 && share(kept, metrics.Retained) >= 0.99, nil
}
