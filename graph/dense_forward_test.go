package graph

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// forward computes the logits of one sample from the definition of Dense.
func (d *Dense) forward(x []float64) []float64 {
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

func checkDense(t *testing.T, net *Network) bool {
	t.Helper()
	d, err := net.Dense()
	if err != nil {
		return false
	}
	e, err := net.Evaluator(EvaluatorOptions{Float64: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		x := make([]float64, volume(d.InputShape))
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		want, err := e.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		got := d.forward(x)
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
	for _, path := range []string{"testdata/operators.npz", "testdata/exports.npz"} {
		for _, c := range readRecorded(t, path) {
			t.Run(c.name, func(t *testing.T) {
				if checkDense(t, c.net) {
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
				if checkDense(t, compiled(t, path)) {
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
