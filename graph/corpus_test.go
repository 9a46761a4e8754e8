package graph

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"unlearnguard/onnxio"
)

// corpus lists the ONNX files of a folder of the shared data set, which UNLEARNGUARD_SHARED or ../shared beside the
// repository may hold.
func corpus(t *testing.T, folder string) []string {
	t.Helper()
	shared := os.Getenv("UNLEARNGUARD_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	files, _ := filepath.Glob(filepath.Join(shared, "onnx", folder, "*.onnx"))
	if len(files) == 0 {
		t.Skipf("no ONNX files in %s: set UNLEARNGUARD_SHARED to the shared folder", filepath.Join(shared, "onnx", folder))
	}
	return files
}

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

// arrays reads an .npz file as float64.
func arrays(path string) (map[string][]float64, error) {
	r, err := npz.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := map[string][]float64{}
	for _, key := range r.Keys() {
		var data []float64
		switch dtype := strings.Trim(r.Header(key).Descr.Type, "'"); dtype {
		case "<f8":
			err = r.Read(key, &data)
		case "<f4":
			var narrow []float32
			err = r.Read(key, &narrow)
			data = converted[float64](narrow)
		default:
			err = fmt.Errorf("array %s is of type %s", key, dtype)
		}
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(key, ".npy")] = data
	}
	return out, nil
}

// scaledError is the largest error, each scaled by max(1, |want|).
func scaledError(got, want []float64) float64 {
	worst := 0.0
	for i := range want {
		e := math.Abs(got[i]-want[i]) / max(1, math.Abs(want[i]))
		if !(e <= worst) {
			worst = e
		}
	}
	return worst
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
