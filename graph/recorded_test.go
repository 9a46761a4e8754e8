package graph

import (
	"context"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"unlearnguard/onnxio"
)

// recorded is a model and what another runtime computed from samples x, one of the cases of an archive in testdata.
type recorded struct {
	name string
	net  *Network
	x, y []float64
}

func readRecorded(t *testing.T, path string) []recorded {
	t.Helper()
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var cases []recorded
	for _, name := range caseNames(r) {
		m, err := onnxio.Decode(context.Background(), modelFile(t, r, name), onnxio.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		net, err := Compile(m, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var x, y []float32
		if err := r.Read(name+".x.npy", &x); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := r.Read(name+".y.npy", &y); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		cases = append(cases, recorded{name, net, converted[float64](x), converted[float64](y)})
	}
	if len(cases) < 100 {
		t.Errorf("%s holds only %d cases", path, len(cases))
	}
	return cases
}

func caseNames(r *npz.Reader) []string {
	var names []string
	for _, key := range r.Keys() {
		if name, ok := strings.CutSuffix(key, ".model.npy"); ok {
			names = append(names, name)
		}
	}
	return names
}

func modelFile(t *testing.T, r *npz.Reader, name string) []byte {
	t.Helper()
	var file []byte
	if err := r.Read(name+".model.npy", &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

func modelFiles(t *testing.T, path string) [][]byte {
	t.Helper()
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var files [][]byte
	for _, name := range caseNames(r) {
		files = append(files, modelFile(t, r, name))
	}
	return files
}

// Single operators compute what onnxruntime computes, and modules what PyTorch computes: in both precisions, sample by
// sample, in batches that do not fit, and again.
func TestRecordedOutputs(t *testing.T) {
	ctx := context.Background()
	for _, path := range []string{"testdata/operators.npz", "testdata/exports.npz"} {
		for _, c := range readRecorded(t, path) {
			for _, opts := range []EvaluatorOptions{{}, {Float64: true, Batch: 1}, {Batch: 5}} {
				e, err := c.net.Evaluator(opts)
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
					break
				}
				for range 2 {
					got, err := e.Run(ctx, c.x)
					if err != nil {
						t.Errorf("%s: %v", c.name, err)
					} else if len(got) != len(c.y) {
						t.Errorf("%s: %d numbers, want %d", c.name, len(got), len(c.y))
					} else if e := scaledError(got, c.y); !(e <= 1e-4) {
						t.Errorf("%s, %+v: error %.3g", c.name, opts, e)
					}
				}
			}
		}
	}
}

// What the structure says of homogeneity is what a measurement finds, for every operator and module.
func TestRecordedHomogeneityAgreesWithMeasurement(t *testing.T) {
	for _, path := range []string{"testdata/operators.npz", "testdata/exports.npz"} {
		for _, c := range readRecorded(t, path) {
			h := c.net.Homogeneity()
			deviation, err := c.net.MeasureHomogeneity(context.Background(), h, 1)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if (h.Verdict != NotHomogeneous) != (deviation < agreed) {
				t.Errorf("%s: %s of degree %v with findings %v, but measured deviation %g", c.name, h.Verdict, h.Degree, h.Findings, deviation)
			}
		}
	}
}
