package chain

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unlearnguard/graph/internal/modeltest"
)

// outputs runs the chain on one sample.
func outputs(c *Convolutional, x []float64) []float64 {
	if c.Input != nil {
		x = slices.Clone(x)
		for i := range x {
			x[i] = c.Input.Scale[i]*x[i] + c.Input.Shift[i]
		}
	}
	for k, l := range c.Layers {
		if l.Maxima != nil {
			var next []float64
			for _, window := range l.Maxima.Windows {
				largest := math.Inf(-1)
				for _, at := range window {
					largest = max(largest, x[at])
				}
				next = append(next, largest)
			}
			x = next
		}
		out, in := l.W.Dims()
		patches := x
		if l.Patches != nil {
			patches = make([]float64, l.Patches.Positions*in)
			for _, r := range l.Patches.Runs {
				for i := range r.Count {
					patches[r.To+i] += r.Weight * x[r.From+i]
				}
			}
		}
		var next []float64
		for p := range l.Positions() {
			for o := range out {
				z := 0.0
				if l.B != nil {
					z = l.B[o]
				}
				for j := range in {
					z += l.W.At(o, j) * patches[p*in+j]
				}
				if k < len(c.Layers)-1 {
					z = max(z, c.Slope*z)
				}
				next = append(next, z)
			}
		}
		x = next
	}
	return x
}

// Every chain of convolutions among the published files comes out with the reference's outputs.
func TestConvolutionalCorpus(t *testing.T) {
	read := 0
	for _, path := range corpus(t, "torch") {
		name := filepath.Base(path)
		if !strings.HasPrefix(name, "cnn") {
			continue
		}
		net := compiledFile(t, path)
		c, err := ConvolutionalOf(net)
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		read++
		ref, err := modeltest.Arrays(strings.TrimSuffix(path, ".onnx") + ".npz")
		if err != nil {
			t.Fatal(err)
		}
		size := volume(c.InputShape)
		var got []float64
		for at := 0; at < len(ref["x"]); at += size {
			got = append(got, outputs(c, ref["x"][at:at+size])...)
		}
		want := logits(t, net, ref["x"])
		if worst := modeltest.ScaledError(got, want); !(worst < 1e-6) {
			t.Errorf("%s: largest error %v", name, worst)
		}
	}
	if read < 20 {
		t.Errorf("%d files are chains of convolutions", read)
	}
}
