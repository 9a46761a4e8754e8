package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
)

// BenchmarkMultiply has the right operand packed beforehand, as a network's weights are; BenchmarkGemm packs both. They
// report the rate of the fastest and the median run by the process's CPU time, which other processes disturb less than
// the clock.
func BenchmarkMultiply(b *testing.B) {
	for _, kernel := range Kernels() {
		if kernel == "gonum" {
			continue
		}
		for _, m := range []int{40, 200, 1000} {
			b.Run(fmt.Sprintf("float32/%s/m=%d", kernel, m), func(b *testing.B) { benchmarkProduct[float32](b, kernel, 1, m, true) })
			b.Run(fmt.Sprintf("float64/%s/m=%d", kernel, m), func(b *testing.B) { benchmarkProduct[float64](b, kernel, 1, m, true) })
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, kernel := range Kernels() {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("float32/%s/threads=%d", kernel, threads), func(b *testing.B) {
				benchmarkProduct[float32](b, kernel, threads, 1000, false)
			})
		}
	}
}

// benchmarkProduct multiplies m x 1000 by 1000 x 1000.
func benchmarkProduct[T Float](b *testing.B, kernel string, threads, m int, packed bool) {
	const n, k = 1000, 1000
	e, err := New[T](Options{Kernel: kernel, Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	x, w, c := matrix[T](r, m, k, k), matrix[T](r, n, k, k), make([]T, m*n)
	var left Left[T]
	var right Right[T]
	e.PackRight(&right, true, k, n, w, k)
	var seconds []float64
	for b.Loop() {
		start := cpuSeconds()
		if packed {
			e.PackLeft(&left, false, m, k, x, k)
			e.Multiply(1, &left, &right, 0, c, n)
		} else {
			e.Gemm(false, true, m, n, k, 1, x, k, w, k, 0, c, n)
		}
		seconds = append(seconds, cpuSeconds()-start)
	}
	slices.Sort(seconds)
	work := 2e-9 * float64(m) * n * k
	b.ReportMetric(work/seconds[0], "best-GFLOP/s")
	b.ReportMetric(work/seconds[len(seconds)/2], "GFLOP/s")
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
