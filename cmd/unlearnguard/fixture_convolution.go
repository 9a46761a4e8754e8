package main

import (
	"context"
	"fmt"
	"strings"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// convolutions parses 16x3/2,128x5/2: channels, size and stride of each, where a stride of 1 may be left out.
func convolutions(text string) ([]fixtures.Convolution, error) {
	var out []fixtures.Convolution
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		c := fixtures.Convolution{Stride: 1}
		var rest string
		if !strings.Contains(part, "/") {
			part += "/1"
		}
		n, _ := fmt.Sscanf(strings.TrimSpace(part)+" .", "%dx%d/%d %s", &c.Channels, &c.Size, &c.Stride, &rest)
		if n != 4 || rest != "." || min(c.Channels, c.Size, c.Stride) < 1 || max(c.Channels, c.Size, c.Stride) > 1<<12 {
			return nil, fmt.Errorf("--convolutions %q: give CHANNELSxSIZE/STRIDE for each, such as 16x3/2,128x5/2", text)
		}
		out = append(out, c)
	}
	return out, nil
}

// trainConvolutional trains a network that begins with convolutions on a set about its mean image.
func trainConvolutional(ctx context.Context, set *images.Set, task fixtures.Task, o fixtures.Options) (*trained, error) {
	mean := images.Mean(set)
	x, err := images.Normalisation{Mean: mean}.Apply(set)
	if err != nil {
		return nil, err
	}
	net, info, err := fixtures.TrainConvolutional(ctx, x, specimen.Labels(set, task), [3]int{set.C, set.H, set.W}, o)
	if err != nil {
		return nil, err
	}
	return &trained{model: fixtures.ExportConvolutional(net, o.Convolutions), mean: mean, info: info}, nil
}
