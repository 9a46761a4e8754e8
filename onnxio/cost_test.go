//go:build linux

package onnxio

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	onnx "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	"gorgonia.org/tensor"
)

// The cost of an import is measured in a process of its own: the test binary, which finds these variables set, does that one
// thing and exits.
const (
	readEnv = "ONNXIO_TEST_READ" // paths to read, one a line
	rawEnv  = "ONNXIO_TEST_RAW"  // a path that onnx-go alone decodes
)

func TestMain(m *testing.M) {
	if paths := os.Getenv(readEnv); paths != "" {
		for path := range strings.Lines(paths) {
			m, err := ReadFile(context.Background(), strings.TrimSuffix(path, "\n"), Options{})
			if err != nil {
				os.Stderr.WriteString(err.Error() + "\n")
			}
			runtime.KeepAlive(m)
		}
		return
	}
	if path := os.Getenv(rawEnv); path != "" {
		data, err := os.ReadFile(path)
		if err == nil {
			err = onnx.NewModel(newPlainBackend()).UnmarshalBinary(data)
		}
		if err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// cost is what a process used.
type cost struct {
	cpu  time.Duration
	peak int64 // resident memory, in bytes
}

// measure runs the test binary with an environment variable set, and returns what it used and wrote to stderr.
func measure(tb testing.TB, variable, value string) (cost, string) {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+value)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s=%.200s: %v\n%s", variable, value, err, stderr.String())
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10}, stderr.String()
}

// writeLargeModel writes a dense network of about size bytes.
func writeLargeModel(tb testing.TB, size int) string {
	tb.Helper()
	const width = 3500
	m := NewModel("large", "1")
	m.Inputs = []Value{FloatValue("x", Symbolic("N"), Fixed(width))}
	x := "x"
	for i := 0; size > 0; i++ {
		w := make([]float32, width*width)
		for j := range w {
			w[j] = float32(j%1000) - 500
		}
		y := string(rune('a' + i))
		m.Initializers = append(m.Initializers, FloatTensor(y+".weight", w, width, width))
		m.Nodes = append(m.Nodes, Gemm("", x, y+".weight", "", y))
		x = y
		size -= 4 * len(w)
	}
	m.Outputs = []Value{FloatValue(x, Symbolic("N"), Fixed(width))}
	path := filepath.Join(tb.TempDir(), "large.onnx")
	if err := WriteFile(path, m); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkLargeModel compares the import of a 200 MB network with onnx-go's raw decoding of the same file, in CPU time and in
// peak resident memory, interleaved:
//
//	go test -run '^$' -bench LargeModel -benchtime 5x ./onnxio
func BenchmarkLargeModel(b *testing.B) {
	path := writeLargeModel(b, 200_000_000)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	var times, rawTimes, peaks, rawPeaks []float64
	for b.Loop() {
		raw, _ := measure(b, rawEnv, path)
		rawTimes = append(rawTimes, raw.cpu.Seconds())
		rawPeaks = append(rawPeaks, float64(raw.peak))
		own, stderr := measure(b, readEnv, path)
		if stderr != "" {
			b.Fatal(stderr)
		}
		times = append(times, own.cpu.Seconds())
		peaks = append(peaks, float64(own.peak))
	}
	size := float64(info.Size())
	b.ReportMetric(median(times), "cpu-s")
	b.ReportMetric(median(rawTimes), "onnx-go-cpu-s")
	b.ReportMetric(median(times)/median(rawTimes), "x-onnx-go")
	b.ReportMetric(median(peaks)/size, "peak/size")
	b.ReportMetric(median(rawPeaks)/size, "onnx-go-peak/size")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// plainBackend is a graph that keeps the tensors onnx-go decodes and applies no operation.
type plainBackend struct{ *simple.WeightedDirectedGraph }

func newPlainBackend() *plainBackend {
	return &plainBackend{simple.NewWeightedDirectedGraph(0, 0)}
}

func (b *plainBackend) NewNode() graph.Node {
	return &plainNode{Node: b.WeightedDirectedGraph.NewNode()}
}

func (b *plainBackend) ApplyOperation(onnx.Operation, ...graph.Node) error { return nil }

type plainNode struct {
	graph.Node
	t tensor.Tensor
}

func (n *plainNode) SetTensor(t tensor.Tensor) error { n.t = t; return nil }
func (n *plainNode) GetTensor() tensor.Tensor        { return n.t }
