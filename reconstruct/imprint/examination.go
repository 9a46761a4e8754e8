package imprint

import (
	"context"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// Examination is a network with the scores of images by its layers.
type Examination struct {
	// Result has the scores.
	Result *Result

	net                 *graph.Network
	references, queried Images
	opts                Options
	// runner serves all passes in reverse, as planning one and its memory cost as much as running a small network.
	runner *graph.Runner[float32]
	passes passes
	judges []*judge
	goal   goal
	// done of so many images have been run.
	done, total int
}

// passMemory bounds what a runner holds of a batch: larger batches are no faster here.
const passMemory = 128 << 20

func (x *Examination) examine(ctx context.Context) error {
	n := len(x.references.Labels)
	shifts := neighbourShifts(x.net.InputShape)
	each := n + len(x.queried.Labels)
	x.total = min(n, temperatureImages) + (2+len(shifts))*each
	var err error
	if x.runner, err = graph.NewRunner[float32](x.net, graph.RunOptions{Layers: true, Threads: x.opts.Threads, Memory: passMemory}); err != nil {
		return err
	}
	if x.goal.temperature, err = x.temperature(ctx); err != nil {
		return err
	}
	if err := x.pass(ctx, x.goal, shift{}); err != nil {
		return err
	}
	p := &x.passes
	x.Result = &Result{LeftOut: p.leftOut, ReferenceMargins: p.margins[:n], QueriedMargins: p.margins[n:], ReferenceLosses: p.gains[:n], QueriedLosses: p.gains[n:]}
	if err := x.judge(ctx); err != nil {
		return err
	}
	if p.convolutional {
		x.total -= len(shifts) * each
		shifts = nil
	}
	if err := x.compare(ctx, shifts); err != nil {
		return err
	}
	for _, j := range x.judges {
		if j != nil {
			x.Result.Scores = append(x.Result.Scores, j.scores()...)
		}
	}
	return nil
}

// Convolutional reports whether a layer reads more than a vector of a sample.
func (x *Examination) Convolutional() bool { return x.passes.convolutional }

// judge measures the metrics of all layers, and their scores of the images as they are.
func (x *Examination) judge(ctx context.Context) error {
	// One engine serves all: each keeps memory to pack matrices in.
	e, err := engine.New[float64](engine.Options{Threads: x.opts.Threads})
	if err != nil {
		return err
	}
	for _, l := range x.passes.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		j, err := newJudge(e, l, len(x.references.Labels), x.opts)
		if err != nil {
			return err
		}
		x.judges = append(x.judges, j)
	}
	return nil
}

// compare scores the images' neighbours, and the images by their strongest other class.
func (x *Examination) compare(ctx context.Context, shifts []shift) error {
	for _, s := range shifts {
		if err := x.pass(ctx, x.goal, s); err != nil {
			return err
		}
		x.each((*judge).addNeighbours)
	}
	if err := x.pass(ctx, goal{temperature: x.goal.temperature, rival: true}, shift{}); err != nil {
		return err
	}
	x.each((*judge).addRival)
	return nil
}

func (x *Examination) each(do func(*judge, *layer)) {
	for k, l := range x.passes.layers {
		if x.judges[k] != nil {
			do(x.judges[k], l)
		}
	}
}

// report counts images that have been run.
func (x *Examination) report(n int) {
	x.done += n
	if x.opts.Progress != nil {
		x.opts.Progress(x.done, x.total)
	}
}

// temperature is what competing logits are divided by: a share of the mean standard deviation of a reference image's logits.
func (x *Examination) temperature(ctx context.Context) (float64, error) {
	sum, logits := 0.0, 0
	forward, err := graph.NewRunner[float32](x.net, graph.RunOptions{Threads: x.opts.Threads, Memory: passMemory})
	if err != nil {
		return 0, err
	}
	n := min(len(x.references.Labels), temperatureImages)
	err = forward.Run(ctx, x.references.X[:n*(len(x.references.X)/len(x.references.Labels))], nil, func(p graph.Pass[float32]) error {
		width := len(p.Output) / p.Samples
		for at := 0; at < len(p.Output); at += width {
			sum += deviation(p.Output[at : at+width])
			logits++
		}
		x.report(p.Samples)
		return nil
	})
	return max(sum/float64(max(logits, 1))/x.opts.Sharpness, 1e-12), err
}

// shift moves an image by pixels.
type shift struct{ down, right int }

// neighbourShifts are those by one pixel, where the input is an image. They raise the power for fully connected networks. A
// convolution answers to a shifted image as to the image itself, so that subtracting the neighbours' scores costs power there, and
// four more passes of a deep network are most of the work.
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
