package audit

import (
	"testing"

	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint"

	"gonum.org/v1/gonum/mat"
)

// What .ci/load measured, in megabytes, is never more than a seventh above what is stated, and at least half of it.
func TestMemoryIsNearWhatWasMeasured(t *testing.T) {
	for _, c := range []struct {
		name                       string
		inputs, hidden             int
		queried, references, found int
	}{
		{"784-300-10", 784, 300, 200, 800, 244},
		{"twice the images", 784, 300, 400, 1600, 512},
		{"four times", 784, 300, 800, 3200, 1517},
		{"eight times", 784, 300, 1600, 6400, 1566},
		{"14,000 images", 784, 300, 4000, 10000, 3484},
		{"twice the inputs", 1568, 300, 200, 800, 338},
		{"four times the inputs", 3136, 300, 200, 800, 696},
		{"eight times the inputs", 6272, 300, 200, 800, 759},
	} {
		n := c.queried + c.references
		layers := []imprint.Layer{{Name: "1", Width: c.inputs}, {Name: "2", Width: c.hidden}}
		stated := (programMemory + imprint.Memory(layers, c.references, c.queried, imprint.Options{}) + int64(pixelMemory*n*c.inputs)) >> 20
		near(t, c.name, stated, c.found)
	}
	for _, c := range []struct{ inputs, hidden, samples, found int }{
		{784, 300, 20, 52}, {784, 300, 160, 56}, {6272, 300, 20, 150}, {784, 2400, 20, 135},
	} {
		net := &chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(c.hidden, c.inputs, nil)}, {W: mat.NewDense(1, c.hidden, nil)}}}
		near(t, "a reconstruction", (programMemory+reconstruct.Memory(net, c.samples, reconstruct.Options{Threads: 2, Restarts: 1}))>>20, c.found)
	}
}

func near(t *testing.T, what string, stated int64, found int) {
	t.Helper()
	if ratio := float64(stated) / float64(found); ratio < 1/1.15 || ratio > 2 {
		t.Errorf("%s: %d MB are stated, and %d were measured", what, stated, found)
	}
}
