//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue"
)

// timedSeed and verifySeed are those of the first audits that workers and verify do: none that the trial has.
const timedSeed, verifySeed = 1_000_000, 1_500_000

// throughput measures the queue with jobs that do nothing, four workers with four jobs at a time each.
func (b *bench) throughput(ctx context.Context, p plan) error {
	server, address, err := b.serve(ctx, "store-alone", "")
	if err != nil {
		return err
	}
	defer server.kill()
	open := func(name string) (*queue.Queue, error) {
		return queue.Open(ctx, queue.Options{URL: "nats://" + address, Token: "secret", Name: name})
	}
	var jobs []batch.Job
	for i := range p.noops {
		jobs = append(jobs, batch.Job{Name: strconv.Itoa(i), Tool: "soak", Flags: map[string][]string{"seed": {strconv.Itoa(i)}}})
	}
	q, err := open("submitter")
	if err != nil {
		return err
	}
	defer q.Close()
	begun := time.Now()
	if _, err := q.Submit(ctx, jobs, queue.SubmitOptions{}); err != nil {
		return err
	}
	submitted := time.Now()
	if err := b.noops(ctx, open); err != nil {
		return err
	}
	s, err := q.Status(ctx)
	if err != nil || s.Done != p.noops {
		return errors.Join(err, fmt.Errorf("%d of %d jobs done", s.Done, p.noops))
	}
	rate := func(from, to time.Time) float64 { return float64(p.noops) / to.Sub(from).Seconds() }
	fmt.Printf("   %d jobs: submitted at %.0f jobs/s, done at %.0f jobs/s\n", p.noops, rate(begun, submitted), rate(submitted, time.Now()))
	return nil
}

// noops has four workers do jobs that do nothing until none is left.
func (b *bench) noops(ctx context.Context, open func(string) (*queue.Queue, error)) error {
	var workers sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		folder := b.path("noop-" + strconv.Itoa(i))
		if err := os.MkdirAll(filepath.Join(folder, "cache"), 0o755); err != nil {
			return err
		}
		q, err := open("worker " + strconv.Itoa(i))
		if err != nil {
			return err
		}
		defer q.Close()
		workers.Go(func() {
			errs[i] = q.Work(ctx, queue.WorkOptions{Tool: "soak", Folder: folder, Cache: filepath.Join(folder, "cache"), Jobs: 4, UntilEmpty: true,
				Code: func(error) int { return 1 }, Final: func(error) bool { return true },
				Do: func(context.Context, queue.Task) (batch.Verdict, error) {
					return batch.Verdict{Verdict: "unlearned"}, nil
				}})
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// speedup has one worker, and then two, do the same number of audits, each worker on one thread; and verify without a queue, in one
// process at a time and in two, which is what the machine allows.
func (b *bench) speedup(ctx context.Context, p plan) error {
	server, address, err := b.serve(ctx, "store-speed", "")
	if err != nil {
		return err
	}
	defer server.kill()
	var seconds, alone [2]float64
	for round := range p.rounds { // by turns, since other processes come and go
		for k := range seconds {
			took, _, err := b.timed(ctx, p, address, k+1, (2*round+k)*p.timed)
			if err != nil {
				return err
			}
			seconds[k] += took.Seconds()
			if took, err = b.beside(ctx, p.timed, k+1); err != nil {
				return err
			}
			alone[k] += took.Seconds()
		}
	}
	fmt.Printf("   %d audits: %.1f s with one worker, %.1f s with two: %.2f x\n", p.rounds*p.timed, seconds[0], seconds[1], seconds[0]/seconds[1])
	fmt.Printf("   the same by verify: %.1f s in one process at a time, %.1f s in two: %.2f x\n", alone[0], alone[1], alone[0]/alone[1])
	return nil
}

// beside returns how long so many audits take by verify, in one or more processes at a time.
func (b *bench) beside(ctx context.Context, audits, processes int) (time.Duration, error) {
	begun := time.Now()
	var streams sync.WaitGroup
	errs := make([]error, processes)
	for k := range processes {
		streams.Go(func() {
			for i := k; i < audits && errs[k] == nil; i += processes {
				_, errs[k] = b.verify(ctx, i, "by-verify-"+strconv.Itoa(k))
			}
		})
	}
	streams.Wait()
	return time.Since(begun), errors.Join(errs...)
}

// verify does the i-th audit without a queue, and returns the time of its processor.
func (b *bench) verify(ctx context.Context, i int, out string) (time.Duration, error) {
	v, err := b.start([]string{"GOMAXPROCS=1"}, "verify", "--restarts", "1", "--before", "before.onnx", "--mean-before", "before.mean.npy",
		"--after", "after.onnx", "--mean-after", "after.mean.npy", "--reference", "idx:others#0-9", "--seed", strconv.Itoa(verifySeed+i),
		"--forget", fmt.Sprintf("idx:digits#%d", i%8), "--retain", "idx:digits#8-9", "--threads", "1", "-o", out)
	if err != nil {
		return 0, err
	}
	err = v.succeeded()
	return v.cpu(), err
}

// timed has so many workers do new audits, and returns how long it took and the time of their processors.
func (b *bench) timed(ctx context.Context, p plan, address string, workers, first int) (took, cpu time.Duration, err error) {
	name := fmt.Sprintf("timed-%d.yaml", first)
	if err := b.manifest(name, p.timed, timedSeed+first, false); err != nil {
		return 0, 0, err
	}
	if _, err := b.must(ctx, 0, with(at(address), "submit", "--manifest", name)...); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	var all []*process
	for range workers {
		w, err := b.start([]string{"GOMAXPROCS=1"}, with(at(address), "work", "--cache", "cache", "--until-empty")...)
		if err != nil {
			return 0, 0, err
		}
		all = append(all, w)
	}
	for _, w := range all {
		if err := w.succeeded(); err != nil {
			return 0, 0, fmt.Errorf("a worker ended: %w", err)
		}
		cpu += w.cpu()
	}
	return time.Since(begun), cpu, nil
}

// overhead compares audits over the queue with the same by verify, by the time of the processors: that of other processes does not
// count. The server's is part of it.
func (b *bench) overhead(ctx context.Context, p plan) error {
	var alone time.Duration
	for i := range p.timed {
		took, err := b.verify(ctx, i, "by-verify")
		if err != nil {
			return err
		}
		alone += took
	}
	server, address, err := b.serve(ctx, "store-overhead", "")
	if err != nil {
		return err
	}
	_, cpu, err := b.timed(ctx, p, address, 1, verifySeed-timedSeed)
	server.kill()
	if err != nil {
		return err
	}
	all := cpu + server.cpu()
	fmt.Printf("   CPU seconds for %d audits: %.2f by verify, %.2f by a worker and %.2f by the server: %+.1f %%\n", p.timed,
		alone.Seconds(), cpu.Seconds(), server.cpu().Seconds(), 100*(all.Seconds()/alone.Seconds()-1))
	return nil
}
