//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"unlearnguard/cmd/internal/queue"
	"unlearnguard/cmd/internal/untimed"
)

// baseline has all audits done by audit, as a whole and as two shards side by side, which must give the same.
func (b *bench) baseline(ctx context.Context, p plan) error {
	if _, err := b.must(ctx, 1, "audit", "--manifest", "audits.yaml", "-o", "whole", "--jobs", "2"); err != nil {
		return err
	}
	if err := os.Mkdir(b.path("shards"), 0o755); err != nil {
		return err
	}
	errs := make(chan error, 2)
	for i := range 2 {
		code := 0
		if p.audits%2 == i { // the shard with the poison, the last audit
			code = 1
		}
		go func() {
			_, err := b.must(ctx, code, "audit", "--manifest", "audits.yaml", "-o", "shards", "--shard", fmt.Sprintf("%d/2", i))
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		return err
	}
	return b.agree("whole", "shards", p.audits)
}

// agree requires that a folder has so many reports, those of audit on one machine in another folder.
func (b *bench) agree(alone, folder string, want int) error {
	n, err := untimed.Same(b.path(alone), b.path(folder))
	if err == nil && n != want {
		err = fmt.Errorf("%s holds %d reports, want %d", folder, n, want)
	}
	if err == nil {
		fmt.Printf("   %s: %d reports, identical but for times to those of audit on one machine\n", folder, n)
	}
	return err
}

// trial has the audits done over a queue while workers and the server die.
func (b *bench) trial(ctx context.Context, p plan) error {
	server, address, err := b.serve(ctx, "store", "")
	if err != nil {
		return err
	}
	// Twice at the same time, and once with a wrong secret.
	twice := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := b.must(ctx, 0, with(at(address), "submit", "--manifest", "audits.yaml")...)
			twice <- err
		}()
	}
	if err := errors.Join(<-twice, <-twice); err != nil {
		return err
	}
	if said, err := b.must(ctx, 1, "submit", "--manifest", "audits.yaml", "--queue", "nats://"+address, "--token-file", "wrong"); err != nil || !strings.Contains(said, "refuses") {
		return fmt.Errorf("a wrong token: %s (%w)", said, err)
	}
	var workers []*process
	for range p.workers {
		w, err := b.worker(address, p)
		if err != nil {
			return err
		}
		workers = append(workers, w)
	}
	if server, err = b.disturb(ctx, p, server, address, workers); err != nil {
		return err
	}
	if _, err := b.must(ctx, 1, with(at(address), "collect", "--manifest", "audits.yaml", "-o", "collected", "--wait")...); err != nil {
		return err
	}
	if err := b.agree("whole", "collected", p.audits); err != nil {
		return err
	}
	err = b.settled(ctx, p, address)
	for _, w := range workers {
		w.kill()
	}
	server.kill()
	return err
}

func (b *bench) worker(address string, p plan) (*process, error) {
	return b.start(nil, with(at(address), "work", "--cache", "cache", "--lease", p.lease.String())...)
}

// disturb kills workers and the server by turns and suspends one worker, while jobs are being done. What is killed is started again.
func (b *bench) disturb(ctx context.Context, p plan, server *process, address string, workers []*process) (*process, error) {
	random := rand.New(rand.NewPCG(1, 2))
	if err := b.suspend(ctx, p, workers[0]); err != nil {
		return server, err
	}
	for i := range max(p.kills, p.restarts) {
		if err := sleep(ctx, p.between); err != nil {
			return server, err
		}
		if i < p.kills {
			k := random.IntN(len(workers))
			workers[k].kill()
			var err error
			if workers[k], err = b.worker(address, p); err != nil {
				return server, err
			}
		}
		if i < p.restarts {
			server.kill()
			var err error
			if server, _, err = b.serve(ctx, "store", address); err != nil {
				return server, err
			}
		}
	}
	fmt.Printf("   %d workers; killed: %d workers, %d times the server; one worker suspended for two leases\n", p.workers, p.kills, p.restarts)
	return server, nil
}

// suspend stops a worker in its work for longer than its lease and lets it go on.
func (b *bench) suspend(ctx context.Context, p plan, w *process) error {
	if err := sleep(ctx, p.between); err != nil {
		return err
	}
	if err := w.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	err := sleep(ctx, 2*p.lease)
	return errors.Join(err, w.Process.Signal(syscall.SIGCONT))
}

// settled requires one result a job, the poison among the failed, and nothing left.
func (b *bench) settled(ctx context.Context, p plan, address string) error {
	text, _, err := b.do(ctx, with(at(address), "status", "--format", "json")...)
	if err != nil {
		return err
	}
	var s queue.Status
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	if s.Done != p.audits || s.Queued != 0 || len(s.Failed) != 1 || s.Failed[0].Name != "poison" {
		return fmt.Errorf("not as it should be: %s", text)
	}
	fmt.Printf("   %d audits submitted twice: %d results, none left; %d begun and ended (%d more than needed); failed: %s, %s\n",
		p.audits, s.Done, b.executions(), b.executions()-p.audits, s.Failed[0].Name, s.Failed[0].Reason)
	return nil
}

// executions counts the audits that workers brought to an end with a verdict.
func (b *bench) executions() int {
	n := 0
	for _, p := range b.running {
		if text, err := os.ReadFile(p.log); err == nil && p.Args[1] == "work" {
			n += strings.Count(string(text), " s)\n")
		}
	}
	return n
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
