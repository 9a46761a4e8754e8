package stationarity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// BenchmarkStep measures a step over all parameters of a network d-1000-1000-1 with a bias in the first layer, hinges
// included. "direct" calls the kernels without gorgonia.
func BenchmarkStep(b *testing.B) {
	for _, d := range []int{784, 3072} {
		for _, m := range []int{40, 200, 1000} {
			b.Run(fmt.Sprintf("d=%d/m=%d/float32", d, m), func(b *testing.B) { benchmarkStep[float32](b, d, m, 1, false) })
			b.Run(fmt.Sprintf("d=%d/m=%d/float64", d, m), func(b *testing.B) { benchmarkStep[float64](b, d, m, 1, false) })
			b.Run(fmt.Sprintf("d=%d/m=%d/direct", d, m), func(b *testing.B) { benchmarkStep[float32](b, d, m, 1, true) })
		}
		b.Run(fmt.Sprintf("d=%d/m=1000/threads=2", d), func(b *testing.B) { benchmarkStep[float32](b, d, 1000, 2, false) })
	}
}

// BenchmarkReducedStep is a step on the first layer's block with r = 50 coordinates a candidate, m = 2 (r+1) of them.
func BenchmarkReducedStep(b *testing.B) {
	for hidden := 1; hidden <= 2; hidden++ {
		b.Run(fmt.Sprintf("hidden=%d", hidden), func(b *testing.B) {
			o := Options{Engine: engine.Options{Threads: 1}, Alpha: 30, Weights: []float64{1, 0, 0}[:hidden+1]}
			s := benchmarkProblem[float32](b, 50, hidden, 102, o)
			measureStep(b, s, func() error { _, err := s.Step(); return err })
		})
	}
}

// benchmarkProblem is the problem that the peer measures, for one or two hidden layers.
func benchmarkProblem[T engine.Float](b *testing.B, d, hidden, m int, o Options) *Loss[T] {
	b.Helper()
	const h = 1000
	r := rand.New(rand.NewPCG(1, 1))
	normal := func(out, in int) *mat.Dense {
		w := make([]float64, out*in)
		for i := range w {
			w[i] = r.NormFloat64() / math.Sqrt(float64(in))
		}
		return mat.NewDense(out, in, w)
	}
	bias := make([]float64, h)
	for i := range bias {
		bias[i] = 0.1 * r.NormFloat64()
	}
	net := &chain.Dense{Layers: []chain.Affine{{W: normal(h, d), B: bias}, {W: normal(h, h)}, {W: normal(1, h)}}}
	if hidden == 1 {
		net.Layers = append(net.Layers[:1], net.Layers[2])
	}
	labels := make([]int, m)
	for i := range labels {
		labels[i] = 1 - 2*(i%2)
	}
	s, err := New[T](net.Convolutional(), labels, o)
	if err != nil {
		b.Fatal(err)
	}
	for i := range s.X() {
		s.X()[i] = T(0.3 * r.NormFloat64())
	}
	for i := range s.Multipliers() {
		s.Multipliers()[i] = T(0.1 * r.Float64())
	}
	return s
}

func benchmarkStep[T engine.Float](b *testing.B, d, m, threads int, direct bool) {
	s := benchmarkProblem[T](b, d, 2, m, Options{
		Engine: engine.Options{Threads: threads}, Alpha: 30,
		Samples:     Hinge{Weight: 1, Low: -1, High: 1},
		Multipliers: Hinge{Weight: 1, Low: 0.05, High: math.Inf(1)},
	})
	step := func() error { _, err := s.Step(); return err }
	if direct {
		step = func() error { s.fused.run(s.X(), s.Multipliers()); return nil }
	}
	measureStep(b, s, step)
}

// measureStep reports the fastest and the median step in milliseconds of the process's time, which other processes
// disturb less than the clock's, the fastest by the clock, and the operations of a step.
func measureStep[T engine.Float](b *testing.B, s *Loss[T], step func() error) {
	var cpu, clock []float64
	if err := step(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start, at := cpuMilliseconds(), time.Now()
		if err := step(); err != nil {
			b.Fatal(err)
		}
		cpu = append(cpu, cpuMilliseconds()-start)
		clock = append(clock, float64(time.Since(at))/1e6)
	}
	slices.Sort(cpu)
	b.ReportMetric(cpu[0], "min")
	b.ReportMetric(cpu[len(cpu)/2], "median")
	b.ReportMetric(slices.Min(clock), "clock-min")
	b.ReportMetric(operations(s.fused)*1e-9, "GFLOP")
}

// operations counts the additions and multiplications in a step's products, a symmetric product by half.
func operations[T engine.Float](f *fusedLoss[T]) float64 {
	var n float64
	m := float64(f.m)
	for i, l := range f.layers {
		product := 2 * m * float64(l.in) * float64(l.out)
		last := i == len(f.layers)-1
		if !last {
			n += 2 * product // Z, and Abar from Zbar
		}
		if i > 0 {
			n += 2 * product // U, and D from Ubar
		}
		switch {
		case l.gram:
			n += 3 * m * m * float64(l.in+l.out)
		case l.weight != 0:
			n += 3 * product
		}
	}
	return n
}

func cpuMilliseconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
