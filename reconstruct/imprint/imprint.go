package imprint

import (
	"context"
	"errors"
	"fmt"

	"unlearnguard/graph"
)

// Images are inputs of a network, one after the other, as it is fed them, and their classes.
type Images struct {
	// X holds the elements of all samples.
	X []float32
	// Labels has the class of each, or -1 where it is not known: then the class that the network gives counts.
	Labels []int
}

// Options choose how a network is examined. The zero value is a default throughout.
type Options struct {
	// Ridge is the share of the mean variance that is added to every direction of the activations before whitening. If 0, it
	// is 0.1.
	Ridge float64
	// Sharpness divides the temperature at which competing classes are weighed, in units of the mean standard deviation of a
	// reference image's logits. If 0, it is 2.
	Sharpness float64
	// Memory is the budget for activations and gradients in bytes; layers that do not fit are left out, the widest first. If
	// 0, it is 512 MiB, with which a whole process takes four times as much at its peak.
	Memory int
	// Threads is the number of threads; 0 stands for GOMAXPROCS. Results do not depend on it.
	Threads int
	// Progress is told, if set, how many of the images have been run.
	Progress func(done, total int)
}

func (o Options) withDefaults() Options {
	if o.Ridge == 0 {
		o.Ridge = defaultRidge
	}
	if o.Sharpness == 0 {
		o.Sharpness = defaultSharpness
	}
	if o.Memory == 0 {
		o.Memory = 1 << 29
	}
	return o
}

// Kind tells the scores of a layer apart.
type Kind string

// The kinds of score.
const (
	// Matched is the cosine of gradient and activation, whitened by the reference images' activations.
	Matched Kind = "matched"
	// Whitened is the same for the gradient whitened by the reference images' gradients as well.
	Whitened Kind = "whitened"
	// Joint is the residual of the matched score when it is predicted from those of all other images, queried and reference.
	Joint Kind = "joint"
	// Span is the share of the image's activation that lies in the span of a fully connected layer's weight.
	Span Kind = "span"
	// Answer is the size of the layer's answer along the image: the logarithm of the mean square of the reference images'
	// gradients along what is particular to the image, Plain the same along its deviation. Where an image was projected out of
	// a weight, both are far below those of other images.
	Answer Kind = "answer"
	Plain  Kind = "plain answer"
	// Rival is the matched score for the strongest other class: a sample that was relabelled scores high by it.
	Rival Kind = "rival"
	// Local ends the name of either where the score of the image's neighbours, shifted by a pixel, is subtracted.
	Local Kind = " local"
)

// Score is one score of one layer, of all images.
type Score struct {
	// Layer is the name of the layer's weight; Width the number of elements that the layer reads of a sample.
	Layer string
	Width int
	Kind  Kind
	// Queried has one score an image that was asked about, References one a reference image: higher the more the layer
	// answers to what is particular to the image. Cosines are in [-1, 1]; Joint and Local scores are not.
	Queried, References []float64
}

// Rows lays scores out as one row an image, a column a score: those of the reference and of the queried images.
func Rows(scores []Score) (references, queried [][]float64) {
	rows := func(of func(Score) []float64) [][]float64 {
		out := make([][]float64, len(of(scores[0])))
		for i := range out {
			for _, s := range scores {
				out[i] = append(out[i], of(s)[i])
			}
		}
		return out
	}
	return rows(func(s Score) []float64 { return s.References }), rows(func(s Score) []float64 { return s.Queried })
}

// Result has the scores of images by a network's layers.
type Result struct {
	Scores []Score
	// Margins are, for the queried and for the reference images, those of the class over its competitors: the baseline, which
	// does not use the parameters.
	QueriedMargins, ReferenceMargins []float64
	// Losses are minus the cross-entropies of the class.
	QueriedLosses, ReferenceLosses []float64
	// LeftOut names the layers that did not fit the memory.
	LeftOut []string
}

// Own are the scores by the image's own class, Rivals those by the strongest other one, and Answers those of how strongly the
// layers answer.
func (r *Result) Own() []Score {
	return r.ofKind(func(k Kind) bool { return k != Rival && k != Answer && k != Plain })
}
func (r *Result) Rivals() []Score { return r.ofKind(func(k Kind) bool { return k == Rival }) }
func (r *Result) Answers() []Score {
	return r.ofKind(func(k Kind) bool { return k == Answer || k == Plain })
}

func (r *Result) ofKind(is func(Kind) bool) []Score {
	var out []Score
	for _, s := range r.Scores {
		if is(s.Kind) {
			out = append(out, s)
		}
	}
	return out
}

// Examine scores the queried images by each layer of a network. References are images of the same kind that the network was
// never trained on; a reference image's own score is found without it.
func Examine(ctx context.Context, net *graph.Network, queried, references Images, opts Options) (*Result, error) {
	x, err := Begin(ctx, net, queried, references, opts)
	if err != nil {
		return nil, err
	}
	return x.Result, nil
}

// Begin is [Examine] that can go on to versions of the images.
func Begin(ctx context.Context, net *graph.Network, queried, references Images, opts Options) (*Examination, error) {
	o := opts.withDefaults()
	size := net.InputElements()
	switch {
	case len(queried.Labels)*size != len(queried.X) || len(references.Labels)*size != len(references.X):
		return nil, fmt.Errorf("imprint: %d and %d numbers for %d and %d images of %d elements",
			len(queried.X), len(references.X), len(queried.Labels), len(references.Labels), size)
	case len(references.Labels) < FewestReferences:
		return nil, fmt.Errorf("imprint: %d reference images: at least %d are needed", len(references.Labels), FewestReferences)
	case net.Outputs < 1:
		return nil, errors.New("imprint: the network is no classifier")
	}
	x := &Examination{net: net, references: references, queried: queried, opts: o}
	return x, x.examine(ctx)
}
