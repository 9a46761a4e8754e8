package queue

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
)

// Result is how a job ended that was done.
type Result struct {
	Name    string  `json:"name"`
	Verdict string  `json:"verdict"`
	Reason  string  `json:"reason"`
	Worker  string  `json:"worker"`
	Started string  `json:"started"`
	Seconds float64 `json:"seconds"`
	// Report is the SHA-256 of the archive of the report, and its name in the object store; empty for none.
	Report string `json:"report"`
}

// Failure is how a job ended that was not.
type Failure struct {
	Name     string `json:"name"`
	Reason   string `json:"reason"`
	Worker   string `json:"worker"`
	Attempts int    `json:"attempts"`
	// Code is the exit code that verify ends with for the reason.
	Code int `json:"code"`
}

// Error is the reason.
func (f *Failure) Error() string { return f.Reason }

// ended returns how a job ended. The error is [batch.ErrWaiting] where it has not.
func (q *Queue) ended(ctx context.Context, key string) (*Result, *Failure, error) {
	var result Result
	err := get(ctx, q.results, key, &result)
	if err == nil {
		return &result, nil, nil
	}
	if !errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil, err
	}
	var failure Failure
	if err = get(ctx, q.failed, key, &failure); err == nil {
		return nil, &failure, nil
	}
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		err = batch.ErrWaiting
	}
	return nil, nil, err
}

// Fetch leaves in the empty folder dir what the job made. The error is [batch.ErrWaiting] where it is not done yet, and a
// *[Failure] where it failed.
func (q *Queue) Fetch(ctx context.Context, job batch.Job, dir string) (batch.Verdict, error) {
	result, failure, err := q.ended(ctx, job.Key())
	if err != nil {
		return batch.Verdict{}, err
	}
	if failure != nil {
		return batch.Verdict{}, failure
	}
	if err := q.unpackReport(ctx, result.Report, dir); err != nil {
		return batch.Verdict{}, err
	}
	return batch.Verdict{Verdict: result.Verdict, Reason: result.Reason, Started: result.Started, Seconds: result.Seconds}, nil
}

func get(ctx context.Context, bucket jetstream.KeyValue, key string, into any) error {
	entry, err := bucket.Get(ctx, key)
	if err != nil {
		return err
	}
	return json.Unmarshal(entry.Value(), into)
}

// createOnce stores a value under a key that nobody has. Where somebody has, nothing happens: the first one counts.
func (q *Queue) createOnce(ctx context.Context, bucket jetstream.KeyValue, key string, value any) (first bool, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	err = q.insist(ctx, func(ctx context.Context) error {
		_, err := bucket.Create(ctx, key, text)
		return err
	})
	if errors.Is(err, jetstream.ErrKeyExists) {
		return false, nil
	}
	return err == nil, err
}
