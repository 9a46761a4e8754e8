package imprint

import (
	"context"

	"unlearnguard/graph"
)

// examination is an [Examine] under way.
type examination struct {
	net                 *graph.Network
	references, queried Images
	temperature         float64
	opts                Options
	judges              []*judge
}

func (x *examination) run(ctx context.Context) (*Result, error) {
	shifts := neighbourShifts(x.net.InputShape)
	p, err := x.passes(ctx, 0, len(shifts)+1, shift{})
	if err != nil {
		return nil, err
	}
	n := len(x.references.Labels)
	r := &Result{LeftOut: p.leftOut, ReferenceMargins: p.margins[:n], QueriedMargins: p.margins[n:]}
	for _, l := range p.layers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		j, err := newJudge(l, n, x.opts)
		if err != nil {
			return nil, err
		}
		x.judges = append(x.judges, j)
	}
	for i, s := range shifts {
		if p, err = x.passes(ctx, i+1, len(shifts)+1, s); err != nil {
			return nil, err
		}
		for k, l := range p.layers {
			if x.judges[k] != nil {
				x.judges[k].addNeighbours(l)
			}
		}
	}
	for _, j := range x.judges {
		if j != nil {
			r.Scores = append(r.Scores, j.scores()...)
		}
	}
	return r, nil
}

// passes runs all images, shifted; it is the given one of so many times.
func (x *examination) passes(ctx context.Context, round, rounds int, s shift) (*passes, error) {
	o := x.opts
	if report := o.Progress; report != nil {
		o.Progress = func(done, total int) { report(round*total+done, rounds*total) }
	}
	return runPasses(ctx, x.net, x.references.shifted(x.net.InputShape, s), x.queried.shifted(x.net.InputShape, s), x.temperature, o)
}

// shift moves an image by pixels.
type shift struct{ down, right int }

// neighbourShifts are those by one pixel, where the input is an image.
func neighbourShifts(input []int) []shift {
	if len(input) != 3 || input[0] != 1 && input[0] != 3 || min(input[1], input[2]) < 8 {
		return nil
	}
	return []shift{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}
}

// shifted moves all images; what comes in from outside is the pixel at the edge.
func (i Images) shifted(input []int, s shift) Images {
	if s == (shift{}) {
		return i
	}
	h, w := input[1], input[2]
	out := Images{X: make([]float32, len(i.X)), Labels: i.Labels}
	for plane := 0; plane < len(i.X); plane += h * w {
		for y := range h {
			from := plane + min(max(y-s.down, 0), h-1)*w
			for x := range w {
				out.X[plane+y*w+x] = i.X[from+min(max(x-s.right, 0), w-1)]
			}
		}
	}
	return out
}
