package chain

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/internal/modeltest"
)

// forward computes the logits of one sample from the definition of Dense.
func forward(d *Dense, x []float64) []float64 {
	a := mat.NewVecDense(len(x), append([]float64{}, x...))
	if d.Input != nil {
		for i := range x {
			a.SetVec(i, d.Input.Scale[i]*x[i]+d.Input.Shift[i])
		}
	}
	for l, layer := range d.Layers {
		rows, _ := layer.W.Dims()
		z := mat.NewVecDense(rows, nil)
		z.MulVec(layer.W, a)
		for i, b := range layer.B {
			z.SetVec(i, z.AtVec(i)+b)
		}
		for i := range rows {
			if v := z.AtVec(i); v < 0 && l < len(d.Layers)-1 {
				z.SetVec(i, d.Slope*v)
			}
		}
		a = z
	}
	return a.RawVector().Data
}

func checkDense(t *testing.T, net *graph.Network) bool {
	t.Helper()
	d, err := DenseOf(net)
	if err != nil {
		return false
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		x := make([]float64, volume(d.InputShape))
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		want := logits(t, net, x)
		got := forward(d, x)
		if len(got) != d.Outputs || len(got) != len(want) {
			t.Fatalf("%d outputs, %d computed, want %d", d.Outputs, len(got), len(want))
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9*max(1, math.Abs(want[i])) {
				t.Errorf("logits %v, want %v", got, want)
			}
		}
	}
	return true
}

// Wherever a fully connected network is extracted, it computes the model's logits.
func TestDenseComputesTheLogits(t *testing.T) {
	extracted := 0
	for _, path := range []string{"../testdata/operators.npz", "../testdata/exports.npz"} {
		for _, c := range modeltest.ReadRecorded(t, path) {
			t.Run(c.Name, func(t *testing.T) {
				if checkDense(t, compiled(t, c.Model)) {
					extracted++
				}
			})
		}
	}
	if extracted < 20 {
		t.Errorf("only %d networks were extracted", extracted)
	}
}

func TestCorpusDenseComputesTheLogits(t *testing.T) {
	for folder, want := range map[string]int{"torch": 50, "third-party": 7} {
		extracted := 0
		for _, path := range corpus(t, folder) {
			t.Run(filepath.Base(path), func(t *testing.T) {
				if checkDense(t, compiledFile(t, path)) {
					extracted++
				}
			})
		}
		if extracted < want {
			t.Errorf("%s: only %d networks were extracted, want %d at least", folder, extracted, want)
		} else {
			t.Log(folder, extracted)
		}
	}
}

// Whatever exporters do with the batch, a chain is extracted or refused, and computes the logits.
func TestKindsOfFiles(t *testing.T) {
	for name, c := range modeltest.Kinds() {
		if c.Batch == modeltest.Refused {
			continue
		}
		t.Run(name, func(t *testing.T) {
			net := compiled(t, c.Model)
			if _, err := ConvolutionalOf(net); err != nil {
				t.Log(err) // but no panic
			}
			checkDense(t, net)
		})
	}
}
