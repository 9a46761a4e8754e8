package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// StatusSchema names the layout of a status as JSON.
const StatusSchema = "unlearnguard/status/v1"

// Status is how far the jobs are.
type Status struct {
	Schema string `json:"schema"`
	// Queued counts the jobs that wait for a worker or for another attempt.
	Queued  int       `json:"queued"`
	Running []Running `json:"running"`
	Done    int       `json:"done"`
	// Verdicts counts those that are done by verdict.
	Verdicts map[string]int `json:"verdicts"`
	Failed   []Failure      `json:"failed"`
}

// Status looks at all jobs. What changes while it looks may be counted in either state.
func (q *Queue) Status(ctx context.Context) (Status, error) {
	s := Status{Schema: StatusSchema, Running: []Running{}, Verdicts: map[string]int{}, Failed: []Failure{}}
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return s, err
	}
	ended := map[string]bool{} // what a killed worker said last may outlive its job
	err = all(ctx, q.results, func(key string, r Result) { s.Done++; s.Verdicts[r.Verdict]++; ended[key] = true })
	err = errors.Join(err, all(ctx, q.failed, func(key string, f Failure) { s.Failed = append(s.Failed, f); ended[key] = true }))
	err = errors.Join(err, all(ctx, q.running, func(key string, r Running) {
		if !ended[key] {
			s.Running = append(s.Running, r)
		}
	}))
	slices.SortFunc(s.Failed, func(a, b Failure) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Running, func(a, b Running) int { return cmp.Compare(a.Name, b.Name) })
	s.Queued = max(0, int(info.State.Msgs)-len(s.Running))
	return s, err
}

// all calls see with every value of a bucket.
func all[T any](ctx context.Context, bucket jetstream.KeyValue, see func(key string, value T)) error {
	watch, err := bucket.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return err
	}
	defer watch.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry := <-watch.Updates():
			if entry == nil {
				return nil // all that there was
			}
			var value T
			if err := json.Unmarshal(entry.Value(), &value); err == nil {
				see(entry.Key(), value)
			}
		}
	}
}
