package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/plotter"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
	"unlearnguard/reconstruct"
)

const (
	// tau is the SSIM from which the paper counts a sample as recovered.
	tau = 0.4
	// prior is the radius of phase 2 that helped most where it was tried: see reconstruct.PublishedPrior.
	prior = 0.1
	// correlation is the rank correlation of the SSIM with the margin (Kendall's tau).
	correlation = "rank correlation"
)

// poisonedShares are the parts of the training set that a backdoor is tried with.
var poisonedShares = []float64{0.1, 0.2, 0.4}

// The phases of reconstruction.
var phases = [2]string{"phase 1", "with the prior"}

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
	a := reaches(all)
	numbers := a.ledger()
	out := numbers.result(a.samples(), a.pictures())
	out.Figure = a.figure(numbers)
	return out, nil
}

// reach reconstructs from a network and scores its training samples.
func (t *trial) reach(ctx context.Context) (*reach, error) {
	samples := join(t.forget, t.keep)
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
	nearest, pictures, err := audit.Nearest(ctx, result, join(t.forget, t.keep), metrics.SSIMOptions{})
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
	x, err := n.Input(set)
	if err != nil {
		return nil, err
	}
	logits, err := fixtures.Logits(n.Net, x)
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
	marked, clean := split(join(t.forget, t.keep), count)
	marked, err := poisoned(marked, target)
	if err != nil {
		return b, err
	}
	with, err := t.train(ctx, "a model with a backdoor", join(marked, clean), 0)
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

// reaches are those of several networks.
type reaches []*reach

// threshold is a way to say above which SSIM a sample is verified.
type threshold struct {
	name string
	of   func(*phase) float64
}

var thresholds = [2]threshold{
	{fmt.Sprintf("SSIM above %v", tau), func(*phase) float64 { return tau }},
	{"above 95 % of never trained", func(p *phase) float64 {
		return stat.Quantile(0.95, stat.Empirical, slices.Sorted(slices.Values(p.Null)), nil)
	}},
}

// ledger has a line for each phase and threshold, and one for each backdoor.
func (a reaches) ledger() *ledger {
	l := &ledger{subjects: []string{"method"},
		measures: []string{"verifiable", "of", "never trained", similarity, correlation, attackSuccess, attackSuccess + " without",
			accuracy}}
	none := math.NaN()
	for _, one := range a {
		var lines []line
		n := float64(len(one.Names))
		for k := range one.Phases {
			p := &one.Phases[k]
			for _, th := range thresholds {
				at := th.of(p)
				lines = append(lines, line{[]string{phases[k] + ", " + th.name}, []float64{above(p.SSIM, at) * n, n, above(p.Null, at),
					mean(p.SSIM), stat.Kendall(one.Margins, p.SSIM, nil), none, none, one.Accuracy}})
			}
		}
		for _, b := range one.Backdoors {
			lines = append(lines, line{[]string{fmt.Sprintf("backdoor, %d poisoned", b.Poisoned)},
				[]float64{b.verifiable(), n, none, none, none, b.With, b.Without, b.Accuracy}})
		}
		l.networks = append(l.networks, lines)
	}
	return l
}

// above is the share of the values that are above a threshold.
func above(values []float64, threshold float64) float64 {
	n := 0
	for _, v := range values {
		if v > threshold {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

// samples has a row for every network and training sample.
func (a reaches) samples() Table {
	t := Table{Columns: []string{"network", "sample", "margin", "SSIM", "SSIM with the prior"}}
	for i, one := range a {
		for j, name := range one.Names {
			t.add(i, name, one.Margins[j], one.Phases[0].SSIM[j], one.Phases[1].SSIM[j])
		}
	}
	return t
}

// figure has a panel for each of the paper's.
func (a reaches) figure(numbers *ledger) Figure {
	cloud := Points{X: "distance to the decision boundary (margin)", Y: "SSIM", Rule: tau}
	for k, name := range phases {
		var points plotter.XYs
		for _, one := range a {
			for j, m := range one.Margins {
				points = append(points, plotter.XY{X: m, Y: one.Phases[k].SSIM[j]})
			}
		}
		cloud.Series = append(cloud.Series, Cloud{Name: name, XYs: points})
	}
	counts := Bars{Y: "verifiable samples", Series: []Series{{}}}
	for k, of := range numbers.networks[0] {
		counts.Groups = append(counts.Groups, of.about[0])
		var values []float64
		for _, n := range numbers.networks {
			values = append(values, n[k].values[0])
		}
		counts.Series[0].Values = append(counts.Series[0].Values, values)
	}
	return Figure{Panels: []Panel{cloud, counts}}
}

// pictures shows training samples from the nearest to the decision boundary to the farthest.
func (a reaches) pictures() grid.Table {
	one := a[0]
	order := sequence(len(one.Names))
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(one.Margins[i], one.Margins[j]) })
	t := grid.Table{Title: "Training samples",
		Subtitle: "from the nearest to the decision boundary to the farthest; the first network",
		Rows:     []grid.Row{{Title: "original"}, {Title: phases[0]}, {Title: phases[1]}}}
	shown := min(pictured, len(order))
	for k := range shown {
		i := order[k*(len(order)-1)/max(shown-1, 1)]
		t.Columns = append(t.Columns, []string{filepath.Base(one.Names[i]), fmt.Sprintf("margin %.1f", one.Margins[i])})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{Image: one.Originals[i]})
		for j, p := range one.Phases {
			t.Rows[j+1].Cells = append(t.Rows[j+1].Cells, grid.Cell{Image: p.Nearest[i], Caption: fmt.Sprintf("SSIM %.2f", p.SSIM[i])})
		}
	}
	return t
}
