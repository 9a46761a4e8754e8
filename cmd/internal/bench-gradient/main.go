//go:build unix

// Bench-gradient times the forward and reverse pass of networks, for .ci/bench-gradient.
//
//	bench-gradient [-threads N] [-rounds N] MODEL.onnx BATCH
//
// It prints four numbers: the median CPU milliseconds of a pass, the least milliseconds of one by the clock, the process's
// peak memory in MB, and the network's output for the last sample, so that nothing can be left out unseen. A pass computes
// the output and the gradients by the input and by all parameters, which stay as they are.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"strconv"
	"syscall"
	"time"

	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench-gradient: ")
	threads := flag.Int("threads", 1, "threads to compute with")
	rounds := flag.Int("rounds", 5, "passes to time, after one that is not")
	flag.Parse()
	batch, err := strconv.Atoi(flag.Arg(1))
	if flag.NArg() != 2 || err != nil || batch < 1 || *rounds < 1 {
		log.Fatal("give a model and a batch size")
	}
	if err := measure(flag.Arg(0), batch, *threads, *rounds); err != nil {
		log.Fatal(err)
	}
}

func measure(path string, batch, threads, rounds int) error {
	ctx := context.Background()
	run, err := network(ctx, path, batch, threads)
	if err != nil {
		return err
	}
	var cpu, wall []float64
	var last float32
	for range rounds + 1 {
		start, used := time.Now(), usage()
		if last, err = run(); err != nil {
			return err
		}
		cpu = append(cpu, usage().cpu-used.cpu)
		wall = append(wall, float64(time.Since(start).Microseconds())/1e3)
	}
	cpu, wall = cpu[1:], wall[1:]
	slices.Sort(cpu)
	fmt.Printf("%.2f %.2f %.0f %g\n", cpu[len(cpu)/2], slices.Min(wall), usage().peak, last)
	return nil
}

// network prepares a network, and gives what runs it once forward and in reverse on the same random samples.
func network(ctx context.Context, path string, batch, threads int) (func() (float32, error), error) {
	model, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return nil, err
	}
	net, err := graph.Compile(model, graph.Options{})
	if err != nil {
		return nil, err
	}
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Output: true, Input: true, Parameters: true, Batch: batch, Threads: threads})
	if err != nil {
		return nil, err
	}
	source := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, batch*net.InputElements())
	for i := range x {
		x[i] = source.Float32()
	}
	var weights []float32
	weigh := func(_, _ int, y, weight []float32) {
		for len(weights) < len(weight) {
			weights = append(weights, float32(source.NormFloat64()))
		}
		copy(weight, weights)
	}
	return func() (last float32, err error) {
		r.ZeroGradients()
		err = r.Run(ctx, x, weigh, func(p graph.Pass[float32]) error {
			last = p.Output[len(p.Output)-1]
			return nil
		})
		return last, err
	}, nil
}

// resources are what the process has used: CPU milliseconds and its peak memory in MB.
type resources struct{ cpu, peak float64 }

func usage() resources {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a bad pointer only
	return resources{float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6, float64(u.Maxrss) / 1024}
}
