package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// BenchmarkStep measures a step over all parameters of a network d-1000-1000-1 with a bias in the first layer, hinges
// included, in CPU time a step: "min" and "median" in milliseconds. "direct" calls the kernels without gorgonia.
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
	s := benchmarkProblem[float32](b, 50, 102, StationarityOptions{
		Engine: engine.Options{Threads: 1}, Alpha: 30, Weights: []float64{1, 0, 0},
	})
	measureCPU(b, func() error { _, err := s.Step(); return err })
}

// benchmarkProblem is the problem that the peer measures.
func benchmarkProblem[T engine.Float](b *testing.B, d, m int, o StationarityOptions) *Stationarity[T] {
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
	net := &Dense{Layers: []Affine{{W: normal(h, d), B: bias}, {W: normal(h, h)}, {W: normal(1, h)}}}
	labels := make([]int, m)
	for i := range labels {
		labels[i] = 1 - 2*(i%2)
	}
	s, err := NewStationarity[T](net, labels, o)
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
	s := benchmarkProblem[T](b, d, m, StationarityOptions{
		Engine: engine.Options{Threads: threads}, Alpha: 30,
		Samples:     Hinge{Weight: 1, Low: -1, High: 1},
		Multipliers: Hinge{Weight: 1, Low: 0.05, High: math.Inf(1)},
	})
	step := func() error { _, err := s.Step(); return err }
	if direct {
		step = func() error { s.fused.run(s.X(), s.Multipliers()); return nil }
	}
	measureCPU(b, step)
}

// measureCPU reports the process's time a call, which other processes disturb less than the clock's.
func measureCPU(b *testing.B, step func() error) {
	var times []float64
	if err := step(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start := cpuMilliseconds()
		if err := step(); err != nil {
			b.Fatal(err)
		}
		times = append(times, cpuMilliseconds()-start)
	}
	slices.Sort(times)
	b.ReportMetric(times[0], "min")
	b.ReportMetric(times[len(times)/2], "median")
}

func cpuMilliseconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
