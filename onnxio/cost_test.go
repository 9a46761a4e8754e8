//go:build linux

package onnxio

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	onnx "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	"google.golang.org/protobuf/encoding/protowire"
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
		reportPeak()
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
		reportPeak()
		return
	}
	os.Exit(m.Run())
}

// reportPeak prints the peak of this process's resident memory in kB. The parent's rusage would not do: it counts what the
// process held before it became this program.
func reportPeak() {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(status)) {
		if peak, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			os.Stdout.WriteString(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(peak), "kB")))
		}
	}
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
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s=%.200s: %v\n%s", variable, value, err, stderr.String())
	}
	peak, err := strconv.ParseInt(string(out), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak << 10}, stderr.String()
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

// TestHostileMemory reads all hostile files in one process, which must stay under 256 MB.
func TestHostileMemory(t *testing.T) {
	paths := slices.Concat(corpus(t, "hostile/load"), corpus(t, "hostile/refuse"), corpus(t, "hostile/panics"))
	used, _ := measure(t, readEnv, strings.Join(paths, "\n"))
	t.Logf("%d files: peak %d MB", len(paths), used.peak>>20)
	if used.peak > 256<<20 {
		t.Errorf("reading the hostile files takes %d MB", used.peak>>20)
	}
}

// TestAmplification reads files that make as much as they can of few bytes. Whether they load or are refused, they must not
// take more than 256 MB beside their own size.
func TestAmplification(t *testing.T) {
	const many = 1 << 20
	repeat := func(w writer) writer {
		one := string(build(w))
		return func(e *message) {
			e.append(func(b []byte) []byte { return append(b, strings.Repeat(one, many)...) })
		}
	}
	names := func(prefix string, count int) (out []string) {
		for i := range count {
			out = append(out, prefix+strconv.Itoa(i))
		}
		return out
	}
	packed := strings.Repeat("\x01", 8*many)
	for name, f := range map[string]flaw{
		"nodes":            {graph: repeat(func(e *message) { e.sub(graphNode, func(*message) {}) })},
		"nodes in a chain": {graph: chain(60_000)},
		"initializers":     {graph: repeat(func(e *message) { e.sub(graphInitializer, func(*message) {}) })},
		"values":           {graph: repeat(func(e *message) { e.sub(graphValueInfo, func(*message) {}) })},
		"attributes": {node: repeat(func(e *message) {
			e.sub(nodeAttribute, func(e *message) { e.string(attributeName, "a"); e.varint(attributeI, 1) })
		})},
		"inputs":        {node: repeat(func(e *message) { e.string(nodeInput, "") })},
		"strings":       {attribute: repeat(func(e *message) { e.string(attributeStrings, "") })},
		"floats":        {attribute: repeat(func(e *message) { e.fixed32(attributeFloats, 1) })},
		"packed ints":   {attribute: func(e *message) { e.string(attributeInts, packed) }},
		"allowed ints":  {node: attributeOf(attributeInts, packed[:15*many/8])},
		"allowed names": {graph: node("Sum", slices.Repeat([]string{"h"}, 600_000), []string{"s"})},
		"dimensions":    {dims: repeat(func(e *message) { e.varint(tensorDims, 1) })},
		"declared shape": {graph: func(e *message) {
			e.sub(graphValueInfo, func(e *message) {
				e.sub(valueType, func(e *message) {
					e.sub(typeTensor, func(e *message) {
						e.sub(tensorTypeShape, repeat(func(e *message) { e.sub(shapeDim, func(*message) {}) }))
					})
				})
			})
		}},
		"metadata":       {model: repeat(func(e *message) { e.sub(modelMetadataProps, func(*message) {}) })},
		"opsets":         {model: repeat(func(e *message) { e.sub(modelOpsetImport, func(e *message) { e.varint(opsetVersion, 17) }) })},
		"annotations":    {graph: repeat(func(e *message) { e.sub(graphQuantization, func(*message) {}) })},
		"external data":  {weight: repeat(func(e *message) { e.sub(tensorExternalData, func(*message) {}) })},
		"unknown fields": {model: repeat(func(e *message) { e.varint(1000, 1) })},
		"outputs":        {graph: node("Split", []string{"h"}, names("s", many/8))},
		"connections":    {graph: node("Split", slices.Repeat([]string{"h"}, 2000), names("s", 2000))},
		"typed bytes": {dims: func(e *message) { e.varint(tensorDims, 8*many) },
			weight: weightOf(Uint8, func(e *message) { e.string(tensorInt32Data, packed) })},
		"doc": {model: func(e *message) { e.string(modelDocString, strings.Repeat("d", 40*many)) }},
	} {
		t.Run(name, func(t *testing.T) {
			data := sample(f)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			used, stderr := measure(t, readEnv, path)
			t.Logf("%d MB of file, peak %d MB, %.1f s CPU: %.200s", len(data)>>20, used.peak>>20, used.cpu.Seconds(), strings.TrimPrefix(stderr, path))
			if used.peak > 256<<20+int64(len(data)) {
				t.Errorf("%d bytes take %d MB", len(data), used.peak>>20)
			}
		})
	}
}

// attributeOf adds an attribute of one field.
func attributeOf(num protowire.Number, value string) writer {
	return func(e *message) {
		e.sub(nodeAttribute, func(e *message) {
			e.string(attributeName, "a")
			e.string(num, value)
		})
	}
}

// chain adds nodes that read each other's outputs, last first.
func chain(count int) writer {
	return func(e *message) {
		for i := count; i > 0; i-- {
			node("Relu", []string{"c" + strconv.Itoa(i-1)}, []string{"c" + strconv.Itoa(i)})(e)
		}
		node("Relu", []string{"x"}, []string{"c0"})(e)
	}
}
