package graph

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

func compiled(t *testing.T, path string) *Network {
	t.Helper()
	m, err := onnxio.ReadFile(context.Background(), path, onnxio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	net, err := Compile(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Every file's output equals what the reference runtime computed, in both precisions, also when the samples are run one
// by one, many at once and again.
func TestCorpusMatchesReference(t *testing.T) {
	ctx := context.Background()
	for folder, want := range map[string]int{"torch": 93, "third-party": 18} {
		compared := 0
		for _, path := range corpus(t, folder) {
			ref, err := arrays(strings.TrimSuffix(path, ".onnx") + ".npz")
			if err != nil {
				t.Fatal(err)
			}
			if ref["y"] == nil {
				continue
			}
			compared++
			t.Run(filepath.Base(path), func(t *testing.T) {
				net := compiled(t, path)
				for _, opts := range []EvaluatorOptions{{}, {Float64: true, Batch: 1}, {Batch: 5}} {
					e, err := net.Evaluator(opts)
					if err != nil {
						t.Fatal(err)
					}
					for _, copies := range []int{1, 3} {
						x, y := repeat(ref["x"], copies), repeat(ref["y"], copies)
						got, err := e.Run(ctx, x)
						if err != nil {
							t.Fatal(err)
						}
						if len(got) != len(y) {
							t.Fatalf("%d numbers, want %d", len(got), len(y))
						}
						if e := scaledError(got, y); !(e <= tolerance(net)) {
							t.Errorf("%+v, %d copies: error %.3g", opts, copies, e)
						}
					}
				}
			})
		}
		if compared != want {
			t.Errorf("%s: %d files compared, want %d", folder, compared, want)
		}
	}
}

// tolerance is 1e-4, but for bfloat16: there the reference is the float32 network's, before its weights were rounded to
// 8 bits.
func tolerance(net *Network) float64 {
	if net.model.Inputs[0].DType == onnxio.BFloat16 {
		return 1. / (1 << 8)
	}
	return 1e-4
}

func repeat(x []float64, times int) []float64 {
	var out []float64
	for range times {
		out = append(out, x...)
	}
	return out
}
