package audit

import (
	"context"

	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint"
)

const (
	// programMemory is what the program takes for nothing, in bytes.
	programMemory = 60 << 20
	// fileMemory is what a byte of a model's files takes: as it was read, and in double precision for its layers' spans and for
	// comparing two models.
	fileMemory = 9
	// pixelMemory is what a pixel of an image takes: as it was read, joined with others, as the networks are fed it, and shifted.
	pixelMemory = 16
)

// Memory is about the most memory, in bytes, that [Run] takes for the request, with what was read for it. It follows what is allocated, and
// exceeds what was measured (.ci/load) by up to a half.
func (r *Request) Memory(ctx context.Context) (int64, error) {
	total := int64(programMemory)
	for _, m := range []*Model{r.Before, r.After} {
		total += fileMemory * m.size()
	}
	n, d := int64(r.Queried.Len()), int64(r.Queried.Dim())
	if r.Reference != nil {
		n += int64(r.Reference.Len())
	}
	total += n * d * pixelMemory
	work := int64(0)
	if r.copyable() {
		forget := int64(len(r.positions(metrics.Forget)))
		work = 8 * (n*d + forget*(n+d)) // the search for repeated images
	}
	for _, m := range []*Model{r.Before, r.After} {
		asked, err := r.layersMemory(ctx, m)
		if err != nil {
			return 0, err
		}
		work = max(work, asked)
		if r.unreconstructed() == "" && m.Net != nil {
			work = max(work, reconstruct.Memory(m.Net, m.distinguishable(), r.Reconstruct))
		}
	}
	return total + work, nil
}

// Memory is about the least memory, in bytes, that [Recover] takes: how much more follows from what it finds in the first layer.
func (m *Model) Memory(o reconstruct.Options) int64 {
	total := programMemory + fileMemory*m.size()
	if m.Net != nil {
		total += reconstruct.Memory(m.Net, 1, o)
	}
	return total
}

// size is that of all of a model's files.
func (m *Model) size() int64 {
	n := m.Size
	for _, f := range m.External {
		n += f.Size
	}
	return n
}

// layersMemory is what asking a model's layers takes.
func (r *Request) layersMemory(ctx context.Context, m *Model) (int64, error) {
	if r.whyNotScored() != "" {
		return 0, nil
	}
	layers, err := imprint.Layers(ctx, m.Network)
	if err != nil {
		return 0, err
	}
	return imprint.Memory(layers, r.Reference.Len(), r.Queried.Len(), imprint.Options{Threads: r.Reconstruct.Threads}), nil
}
