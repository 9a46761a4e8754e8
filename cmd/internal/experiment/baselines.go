package experiment

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"unlearnguard/cmd/internal/experiment/whitebox"
	"unlearnguard/cmd/internal/practice"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// The methods that are compared, in the order of their rows.
var methods = []string{"evidence", "loss", "margin", "margin's residual, all layers", "margin's residual, first layer",
	"inverse Hessian attack"}

// controls is the number of training samples that methods are told of, which are not counted.
const controls = 30

// Practice is what the methods are compared on.
type Practice struct {
	practice.Row
	// References are the never-trained images that methods are given, Strangers others that training samples are held against.
	References, Strangers int
}

// images is how many labelled images are drawn.
func (p *Practice) images() int { return p.Samples + p.References + p.Strangers }

// practised is a row of package practice, measured as bench-evidence does.
func practised(name string) Practice {
	rows, err := practice.Choose([]string{name})
	if err != nil {
		panic(err) // the name is a constant
	}
	return Practice{Row: rows[0], References: 1000, Strangers: 1500}
}

// toyPractice is a network that trains and is examined within seconds.
var toyPractice = Practice{References: 100, Strangers: 200, Row: practice.Row{Name: "mlp400", Samples: 400, Arch: fixtures.MLP,
	Hidden: []int{64}, Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 40}}}

// comparison is what the methods say of one network.
type comparison struct {
	Names []string // of the training samples that are counted
	// Members and Strangers have the scores of each method: of these training samples, and of images that were never trained on.
	Members, Strangers [][]float64
	Accuracy           float64 // on the latter
}

// baselines compares the evidence for known images with other methods, on networks trained as people train them.
func baselines(ctx context.Context, r *runner) (*Result, error) {
	all, err := repeat(ctx, r, r.compare)
	if err != nil {
		return nil, err
	}
	return comparisons(all).result(), nil
}

// compare trains the network of a number and scores its images.
func (r *runner) compare(ctx context.Context, number int) (*comparison, error) {
	p := r.Scale.Practice
	seed := 100*r.Seed + 10*uint64(number)
	pool := &pool{set: r.Images, gone: make([]bool, r.Images.Len()), seed: seed}
	var sets [3]*images.Set
	for k, n := range []int{p.References, p.Samples, p.Strangers} {
		var err error
		if sets[k], err = pool.take(n); err != nil {
			return nil, err
		}
	}
	step := func(what string) func(float64) { return r.step(number, what) }
	net, err := p.train(ctx, sets[1], seed, r.Threads, step("training the model"))
	if err != nil {
		return nil, err
	}
	e := &examined{Practice: p, net: net, all: images.MustJoin(sets[:]...), threads: r.Threads}
	if err := e.run(ctx, step); err != nil {
		return nil, err
	}
	return e.comparison(), nil
}

// train trains a network of the row and reads it as a stranger's.
func (p *Practice) train(ctx context.Context, on *images.Set, seed uint64, threads int, done func(float64)) (*graph.Network, error) {
	row := p.Row
	row.Fit.Threads = threads
	row.Fit.Progress = func(i fixtures.FitInfo) { done(float64(i.Epoch) / float64(i.Epochs)) }
	model, _, err := row.Train(ctx, on, seed)
	if err != nil {
		return nil, err
	}
	return graph.Compile(model, graph.Options{})
}

// examined is a network with its images: the reference images, then its training samples, the controls first, then others.
type examined struct {
	Practice
	net     *graph.Network
	all     *images.Set
	threads int

	imprint  *imprint.Result
	observed *whitebox.Observations
	// residuals are by all layers and by the first, attack is the inverse Hessian attack: of all images.
	residuals [2][]float64
	attack    []float64
}

// run has all methods look at the images.
func (e *examined) run(ctx context.Context, step func(string) func(float64)) error {
	given, asked := split(e.all, e.References)
	done := step("looking for the images")
	var err error
	e.imprint, err = imprint.Examine(ctx, e.net, imprint.Images{X: asked.Pixels, Labels: asked.Labels},
		imprint.Images{X: given.Pixels, Labels: given.Labels},
		imprint.Options{Threads: e.threads, Progress: func(n, total int) { done(float64(n) / float64(total)) }})
	if err != nil {
		return err
	}
	e.observed, err = whitebox.Observe(ctx, e.net, e.all.Pixels, e.all.Labels, whitebox.Options{Threads: e.threads})
	if err != nil {
		return err
	}
	return e.baselines(ctx, step("other methods"))
}

func (e *examined) baselines(ctx context.Context, done func(float64)) error {
	for k, layers := range [][]string{nil, e.observed.Layers()[:1]} {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if e.residuals[k], err = e.observed.Residuals(e.References, layers...); err != nil {
			return err
		}
		done(float64(k+1) / 3)
	}
	var err error
	e.attack, err = e.observed.InverseHessian(whitebox.Training{Rate: e.Fit.Rate, Samples: e.Samples,
		References: images.Positions(0, e.References), Known: images.Positions(0, e.References+controls)[e.References:]})
	done(1)
	return err
}

// comparison leaves reference images and controls out.
func (e *examined) comparison() *comparison {
	c := &comparison{Names: e.all.Names[e.References+controls : e.References+e.Samples], Accuracy: e.accuracy()}
	from := e.References + controls
	losses := make([]float64, len(e.observed.Losses))
	for i, l := range e.observed.Losses {
		losses[i] = -l
	}
	for _, scores := range [][]float64{e.joined(), losses[from:], e.imprint.QueriedMargins[controls:], e.residuals[0][from:],
		e.residuals[1][from:], e.attack[from:]} {
		c.Members = append(c.Members, scores[:e.Samples-controls])
		c.Strangers = append(c.Strangers, scores[e.Samples-controls:])
	}
	return c
}

// accuracy is that on images that were never trained on.
func (e *examined) accuracy() float64 {
	first := e.References + e.Samples
	return metrics.Accuracy(e.observed.Predicted()[first:], e.all.Labels[first:])
}

// joined makes one score of those of all layers, with weights from the controls.
func (e *examined) joined() []float64 {
	references, queried := imprint.Rows(e.imprint.Own()) // no training sample was relabelled
	return metrics.Join(references, queried[:controls], queried[controls:]).Images
}

// comparisons are those of several networks.
type comparisons []*comparison

// The measures of a method: the share of training samples above 99 % of never-trained images, and how often a training sample
// is above a never-trained image.
const (
	found = "found at 1 %"
	auc   = "AUC"
)

func (a comparisons) result() *Result {
	l := &ledger{subjects: []string{"method"}, measures: []string{found, auc, accuracy}}
	for _, c := range a {
		var lines []line
		for m, name := range methods {
			lines = append(lines, line{[]string{name}, []float64{above(c.Members[m], metrics.Quantile(c.Strangers[m], 0.99)),
				mean(c.ranks(m)), c.Accuracy}})
		}
		l.networks = append(l.networks, lines)
	}
	return &Result{Summary: l.means(), Networks: l.all(), Samples: a.samples(), Figure: a.figure(l)}
}

// ranks are the shares of never-trained images that each training sample is above by a method; ties count by half.
func (c *comparison) ranks(method int) []float64 {
	sorted := slices.Sorted(slices.Values(c.Strangers[method]))
	out := make([]float64, len(c.Members[method]))
	for i, v := range c.Members[method] {
		below := sort.SearchFloat64s(sorted, v)
		upTo := sort.Search(len(sorted), func(k int) bool { return sorted[k] > v })
		out[i] = float64(below+upTo) / 2 / float64(len(sorted))
	}
	return out
}

// samples has a row for every network and training sample, with its rank by every method.
func (a comparisons) samples() Table {
	t := Table{Columns: append([]string{"network", "sample"}, methods...)}
	for i, c := range a {
		ranks := make([][]float64, len(methods))
		for m := range methods {
			ranks[m] = c.ranks(m)
		}
		for j, name := range c.Names {
			row := []any{i, name}
			for m := range methods {
				row = append(row, ranks[m][j])
			}
			t.add(row...)
		}
	}
	return t
}

// figure has a panel for each measure of the methods.
func (a comparisons) figure(numbers *ledger) Figure {
	var f Figure
	for k, measure := range []string{found, auc} {
		b := Bars{Y: measure, Groups: methods, Series: []Series{{}}}
		for m := range methods {
			var values []float64
			for _, n := range numbers.networks {
				values = append(values, n[m].values[k])
			}
			b.Series[0].Values = append(b.Series[0].Values, values)
		}
		f.Panels = append(f.Panels, b)
	}
	return f
}

// String is for people.
func (p Practice) String() string {
	return fmt.Sprintf("%s, trained on %d images, with %d reference images and %d others that were never trained on",
		p.Name, p.Samples, p.References, p.Strangers)
}
