package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start"
)

// initialRow is a kind of network whose start is known.
type initialRow struct {
	practice.Row
	// normalised puts a BatchNormalization behind the first layer.
	normalised bool
	// powerless says that the evidence may say that it tells nothing.
	powerless bool
	// variants are the ways in which the start is known, all where nil.
	variants []string
}

func known(name, data string, samples, epochs int, hidden ...int) initialRow {
	return initialRow{Row: practice.Row{Name: name, Data: data, Samples: samples, Arch: fixtures.MLP, Hidden: hidden, Single: 0.99,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.01, Batch: 32, Epochs: epochs}}}
}

// initialRows are what must be found, and what must be said to be without power.
func initialRows() []initialRow {
	only := func(r initialRow, variants ...string) initialRow { r.variants = variants; return r }
	without := func(r initialRow) initialRow { r.powerless = true; return only(r, "plain") }
	normalised := known("fashion200bn", "fashion-mnist", 200, 40, 1000, 100)
	normalised.normalised = true
	embedded := known("emb100", "cifar10", 100, 60, 256)
	embedded.Embedded, embedded.Linear, embedded.Fit.Rate = true, true, 0.001
	adam := without(known("adam", "mnist", 100, 40, 1000))
	adam.Fit.Optimizer, adam.Fit.Rate = fixtures.Adam, 1e-3
	adamW := adam
	adamW.Name, adamW.Fit.Optimizer, adamW.Fit.WeightDecay = "adamw", fixtures.AdamW, 0.01
	shifted := without(known("shifted", "mnist", 200, 40, 1000))
	shifted.Fit.Shift = 2
	int8 := only(known("int8", "mnist", 100, 60, 1000), "int8")
	int8.powerless = true
	return []initialRow{known("mnist100", "mnist", 100, 60, 1000), known("mnist500", "mnist", 500, 10, 1000), normalised,
		only(known("thin", "mnist", 400, 10, 200), "stacked"),
		known("cifar500", "cifar10", 500, 30, 1000), known("cifar1500", "cifar10", 1500, 10, 2000), embedded,
		adam, adamW, shifted, int8, without(known("many", "mnist", 1000, 20, 300))}
}

// honestly is the share of the training samples that a row without power must find if it does not say that it has none.
const honestly = 0.5

var initialVariants = []string{"plain", "decay", "fp16", "checkpoint 20 %", "checkpoint 80 %"}

// runInitial measures how many training samples known starts find at no false alarm among never-trained images.
func runInitial(ctx context.Context, data string, seeds int, names []string) error {
	missed := false
	fmt.Printf("%-13s %-16s %4s  %-5s %-10s %-10s %-8s %-11s %-6s %s\n", "row", "start", "seed", "TPR", "members", "strangers", "decay", "directions", "even", "seconds, without power because")
	for _, r := range initialRows() {
		if len(names) > 0 && !slices.Contains(names, r.Name) {
			continue
		}
		for seed := range seeds {
			runs, err := r.runs(ctx, data, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", r.Name, seed, err)
			}
			for _, x := range runs {
				o, err := x.measure(ctx)
				if err != nil {
					return fmt.Errorf("%s, seed %d, %s: %w", r.Name, seed, x.variant, err)
				}
				word := ""
				if r.powerless && o.why == "" && o.found < honestly || !r.powerless && (o.why != "" || o.found < r.Single) {
					word, missed = "MISSED ", true
				}
				fmt.Printf("%-13s %-16s %4d  %-5.3f %-10.2g %-10.2g %-8.5f %5.0f/%-5d %-6.2f %.1f %s%s\n", r.Name, x.variant, seed, o.found, o.member, o.stranger, o.decay, o.directions, o.limit, o.evenness, o.seconds, word, o.why)
			}
		}
	}
	if missed {
		return errMissed
	}
	return nil
}

// initialRun is a network with its start.
type initialRun struct {
	variant         string
	model           *onnxio.Model
	starts          []*onnxio.Model
	members, others *images.Set
}

// runs trains the networks of a row.
func (r initialRow) runs(ctx context.Context, data string, seed uint64) ([]initialRun, error) {
	all, err := r.Load(ctx, data, seed)
	if err != nil {
		return nil, err
	}
	trained, others := all.Range(0, r.Samples), all.Range(r.Samples, r.Samples+references)
	first, err := r.Start(all, seed)
	if err != nil {
		return nil, err
	}
	if r.normalised {
		normalise(first, r.Hidden[0])
	}
	// A run in parts, with two checkpoints on its way.
	at := []*onnxio.Model{first}
	for k, share := range []float64{0.2, 0.6, 0.2} {
		fit := r.Fit
		fit.Epochs, fit.Seed = int(share*float64(fit.Epochs)), seed+uint64(k)
		m, _, err := fixtures.Fit(ctx, at[k], trained.Pixels, trained.Labels, fit)
		if err != nil {
			return nil, err
		}
		at = append(at, m)
	}
	variants := r.variants
	if variants == nil {
		variants = initialVariants
	}
	var out []initialRun
	for _, v := range variants {
		x := initialRun{variant: v, model: at[3], starts: at[:1], members: trained, others: others}
		switch v {
		case "decay":
			fit := r.Fit
			fit.Seed, fit.WeightDecay = seed, 5e-4
			if x.model, _, err = fixtures.Fit(ctx, first, trained.Pixels, trained.Labels, fit); err != nil {
				return nil, err
			}
		case "fp16", "int8":
			if x.model, err = fixtures.RoundModel(at[3], fixtures.Precision(v)); err != nil {
				return nil, err
			}
		case "checkpoint 20 %":
			x.starts = at[1:2]
		case "checkpoint 80 %":
			x.starts = at[2:3]
		case "stacked":
			x.starts = at[:3]
		}
		out = append(out, x)
	}
	return out, nil
}

// initialOutcome is what was found: the share of members nearer than any stranger, the median of the former and the least of the latter.
type initialOutcome struct {
	found, member, stranger, decay, directions, evenness, seconds float64
	limit                                                         int
	why                                                           string
}

func (x initialRun) measure(ctx context.Context) (o initialOutcome, err error) {
	net, err := graph.Compile(x.model, graph.Options{})
	if err != nil {
		return o, err
	}
	var from []start.Values
	for _, s := range x.starts {
		earlier, err := graph.Compile(s, graph.Options{})
		if err != nil {
			return o, err
		}
		values, err := start.ValuesOf(net, earlier)
		if err != nil {
			return o, err
		}
		from = append(from, values)
	}
	begun := time.Now()
	known := start.Known{Trained: images.Positions(0, controls), Never: images.Positions(x.members.Len(), x.members.Len()+x.others.Len())}
	f, err := start.Find(ctx, net, from, append(slices.Clone(x.members.Pixels), x.others.Pixels...), known)
	if err != nil {
		return o, err
	}
	o.seconds = time.Since(begun).Seconds()
	o.why = f.Powerless()
	if f.Span == nil {
		return o, nil
	}
	members, others := f.Distances[:x.members.Len()], f.Distances[x.members.Len():]
	o.stranger, o.decay, o.directions, o.limit, o.evenness = slices.Min(others), f.Span.Decay[0], f.Span.Directions, f.Span.Limit, f.Span.Evenness
	for _, d := range members {
		if d < o.stranger {
			o.found += 1 / float64(len(members))
		}
	}
	slices.Sort(members)
	o.member = members[len(members)/2]
	return o, nil
}

// normalise puts a BatchNormalization behind the first layer of a fully connected network.
func normalise(m *onnxio.Model, width int) {
	ones := slices.Repeat([]float32{1}, width)
	zeros := make([]float32, width)
	relu := slices.IndexFunc(m.Nodes, func(n onnxio.Node) bool { return n.Op == "Relu" })
	n := onnxio.Node{Name: "bn", Op: "BatchNormalization", Inputs: []string{m.Nodes[relu].Inputs[0], "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}, Outputs: []string{"bn.out"}}
	for i, values := range [][]float32{ones, zeros, zeros, ones} {
		m.Initializers = append(m.Initializers, onnxio.FloatTensor(n.Inputs[i+1], slices.Clone(values), width))
	}
	m.Nodes[relu].Inputs = []string{"bn.out"}
	m.Nodes = slices.Insert(m.Nodes, relu, n)
}
