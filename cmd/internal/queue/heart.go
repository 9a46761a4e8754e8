package queue

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
)

// Running is a job that is being done.
type Running struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	Worker string `json:"worker"`
	// What is being done, and the Share of that.
	What    string  `json:"what,omitempty"`
	Share   float64 `json:"share"`
	Started string  `json:"started"`
	// Heard is when the worker last said so.
	Heard string `json:"heard"`
}

// heart renews the lease of a job while it is done, and tells its progress.
type heart struct {
	q     *Queue
	mu    sync.Mutex
	now   Running
	told  bool
	end   context.CancelFunc
	beats sync.WaitGroup
}

// keepEvery is how often checkpoints are looked at.
const keepEvery = 5 * time.Second

// heart starts one. Now and then keep is called, beside the beats: it may take longer than a lease.
func (q *Queue) heart(m jetstream.Msg, job batch.Job, lease time.Duration, keep func(context.Context)) *heart {
	ctx, cancel := context.WithCancel(context.Background())
	h := &heart{q: q, end: cancel}
	h.now = Running{Key: job.Key(), Name: job.Name, Worker: q.name, Started: time.Now().UTC().Format(time.RFC3339)}
	h.beats.Go(func() {
		every(ctx, min(lease/4, 5*time.Second), func() {
			_ = m.InProgress() // fire and forget; a lease that is lost costs a second run
			h.tell(ctx)
		})
	})
	h.beats.Go(func() { every(ctx, keepEvery, func() { keep(ctx) }) })
	return h
}

// every does something at an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

func (h *heart) tell(ctx context.Context) {
	h.mu.Lock()
	h.now.Heard = time.Now().UTC().Format(time.RFC3339)
	text, err := json.Marshal(h.now)
	h.mu.Unlock()
	if err != nil {
		return
	}
	once, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, _ = h.q.running.Put(once, h.now.Key, text)
	h.told = true
}

func (h *heart) progress(what string, share float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.What, h.now.Share = what, share
}

// stop ends the beats and waits for the last.
func (h *heart) stop() {
	h.end()
	h.beats.Wait()
	if !h.told {
		return
	}
	once, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = h.q.running.Purge(once, h.now.Key) // progress is for people: what fails does no harm
}

// folderError is an error without the folder that a job happened to be in.
type folderError struct {
	error
	folder string
}

func withoutFolder(err error, folder string) error { return &folderError{err, folder} }

// Error names files as the manifest does.
func (e *folderError) Error() string {
	return strings.ReplaceAll(strings.ReplaceAll(e.error.Error(), e.folder+"/", ""), e.folder+`\`, "")
}

// Unwrap returns the error with the folder.
func (e *folderError) Unwrap() error { return e.error }
