package modeltest

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

// Corpus lists the ONNX files of a folder of the shared data set, which UNLEARNGUARD_SHARED or ../shared beside the
// repository may hold.
func Corpus(t *testing.T, folder string) []string {
	t.Helper()
	shared := os.Getenv("UNLEARNGUARD_SHARED")
	for up := ".."; shared == "" && len(up) < 16; up = filepath.Join(up, "..") {
		if info, err := os.Stat(filepath.Join(up, "go.mod")); err == nil && !info.IsDir() {
			shared = filepath.Join(up, "..", "shared")
		}
	}
	files, _ := filepath.Glob(filepath.Join(shared, "onnx", folder, "*.onnx"))
	if len(files) == 0 {
		t.Skipf("no ONNX files in %s: set UNLEARNGUARD_SHARED to the shared folder", filepath.Join(shared, "onnx", folder))
	}
	return files
}

// Arrays reads an .npz file as float64.
func Arrays(path string) (map[string][]float64, error) {
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
			data = wide(narrow)
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

// ScaledError is the largest error, each scaled by max(1, |want|).
func ScaledError(got, want []float64) float64 {
	worst := 0.0
	for i := range want {
		e := math.Abs(got[i]-want[i]) / max(1, math.Abs(want[i]))
		if !(e <= worst) {
			worst = e
		}
	}
	return worst
}

// Recorded is a model and what another runtime computed from samples X, one of the cases of an archive in testdata.
type Recorded struct {
	Name  string
	Model *onnxio.Model
	X, Y  []float64
}

// ReadRecorded reads the cases of an archive.
func ReadRecorded(t *testing.T, path string) []Recorded {
	t.Helper()
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var cases []Recorded
	for _, name := range caseNames(r) {
		m, err := onnxio.Decode(context.Background(), modelFile(t, r, name), onnxio.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var x, y []float32
		if err := r.Read(name+".x.npy", &x); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := r.Read(name+".y.npy", &y); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		cases = append(cases, Recorded{name, m, wide(x), wide(y)})
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

// ModelFiles are the files of the models of an archive.
func ModelFiles(t *testing.T, path string) [][]byte {
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

func wide(from []float32) []float64 {
	to := make([]float64, len(from))
	for i, x := range from {
		to[i] = float64(x)
	}
	return to
}
