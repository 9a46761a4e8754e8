package experiment

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures/images"
	"unlearnguard/fixtures/inversion"
	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
)

// farewell is the history of a network that was to forget a class.
type farewell struct {
	History *history
	Class   int
	// Means is each class's training samples, on average, less the average of all, and Inverted what model inversion makes
	// of each class, less what the network's inputs are centred by: one row a model, one picture a class.
	Means    [][]float64
	Inverted [][][]float64
}

// classLevel reproduces figures 6 to 8: a request to forget a class, another one in each network, is honoured by training
// again without it. Beside the methods of the sample level there is model inversion, which shows what a network makes of
// each class. The backdoor leads to the class, so that its poisoned samples are to be forgotten too.
func classLevel(ctx context.Context, r *runner) (*Result, error) {
	all, err := each(ctx, r, func(ctx context.Context, t *trial) (*farewell, error) {
		f := &farewell{Class: t.number % t.classes()}
		t.forget, t.keep = ofClass(images.MustJoin(t.forget, t.keep), f.Class)
		stamped, _ := split(t.other, t.forget.Len())
		marked, err := poisoned(stamped, f.Class)
		if err != nil {
			return nil, err
		}
		r, err := t.request(ctx, images.MustJoin(t.forget, marked), f.Class)
		if err != nil {
			return nil, err
		}
		f.History = r.history
		return f, t.invert(ctx, f, r.before, r.after)
	})
	if err != nil {
		return nil, err
	}
	var h histories
	for _, f := range all {
		h = append(h, f.History)
	}
	measures := []string{similarity, retained, unlearned, inferred, attackSuccess, inverted, accuracy}
	out := h.result(measures, []string{inferred, attackSuccess, inverted, accuracy, similarity})
	out.Pictures = append(out.Pictures, Picture{"representatives", all[0].representatives()})
	return out, nil
}

// ofClass divides a set into the images of a class and the others.
func ofClass(set *images.Set, class int) (these, others *images.Set) {
	var in, out []int
	for i, c := range set.Labels {
		if c == class {
			in = append(in, i)
		} else {
			out = append(out, i)
		}
	}
	return set.Subset(in), set.Subset(out)
}

// invert adds what model inversion says: the correlation of a class's representative with the average of its training
// samples, each less what is common to all classes. Of the classes that remain it is their mean.
func (t *trial) invert(ctx context.Context, f *farewell, networks ...*specimen.Network) error {
	samples := images.MustJoin(t.forget, t.keep)
	whole := images.Mean(samples)
	for c := range t.classes() {
		these, _ := ofClass(samples, c)
		f.Means = append(f.Means, difference(images.Mean(these), whole))
	}
	for k, n := range networks {
		shown, err := t.representatives(ctx, f.History.States[k].Model, n)
		if err != nil {
			return err
		}
		f.Inverted = append(f.Inverted, shown)
		values := [groupCount]float64{never: math.NaN()}
		for c, of := range shown {
			if like := stat.Correlation(of, f.Means[c], nil); c == f.Class {
				values[forgotten] = like
			} else {
				values[remaining] += like / float64(len(shown)-1)
			}
		}
		f.History.States[k].Measures[inverted] = values
	}
	return nil
}

// representatives are the inputs that stand for each class.
func (t *trial) representatives(ctx context.Context, model string, n *specimen.Network) ([][]float64, error) {
	mean, std, err := n.Normalisation().PerPixel(t.keep.C, t.keep.H, t.keep.W)
	if err != nil {
		return nil, err
	}
	done := t.step("inverting the model " + model)
	inputs, err := inversion.Representatives(ctx, n.Net, inversion.Options{Mean: mean, Std: std,
		Progress: func(step, total int) { done(float64(step) / float64(total)) }})
	if err != nil {
		return nil, err
	}
	out := make([][]float64, t.classes())
	for c := range out {
		out[c] = inputs.RawRowView(c)
	}
	return out, nil
}

func difference(a, b []float64) []float64 {
	return floats.SubTo(make([]float64, len(a)), a, b)
}

// representatives shows the classes by their training samples and as each model has them, all less what is common to all
// classes and with their contrast stretched.
func (f *farewell) representatives() grid.Table {
	like := f.History.Originals[0]
	t := grid.Table{Title: fmt.Sprintf("Classes by model inversion; class %d was to be forgotten", f.Class),
		Subtitle: "less what is common to all classes, contrast stretched; the first network",
		Rows:     []grid.Row{{Title: "training samples"}}}
	for c, mean := range f.Means {
		t.Columns = append(t.Columns, []string{fmt.Sprintf("class %d", c)})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{Image: stretched(mean, like)})
	}
	for k, shown := range f.Inverted {
		row := grid.Row{Title: f.History.States[k].Model}
		for c, of := range shown {
			row.Cells = append(row.Cells, grid.Cell{Image: stretched(of, like),
				Caption: fmt.Sprintf("corr. %.2f", stat.Correlation(of, f.Means[c], nil))})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// stretched is a deviation as a picture of the size of another: none is grey, the largest black or white.
func stretched(deviation []float64, like metrics.Image) metrics.Image {
	m := metrics.NewImage(like.Channels, like.Height, like.Width)
	largest := floats.Norm(deviation, math.Inf(1))
	for i, v := range deviation {
		m.Pix[i] = 0.5
		if largest > 0 {
			m.Pix[i] += v / largest / 2
		}
	}
	return m
}
