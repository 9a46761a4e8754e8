package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
)

// Submitted counts what became of jobs that were submitted.
type Submitted struct {
	// Queued are new in the queue, Waiting were in it, and Done and Failed had come to an end.
	Queued, Waiting, Done, Failed int
}

// SubmitOptions say how to submit.
type SubmitOptions struct {
	// Locate says where a file of a job lies; nil sends none, for workers that have their own.
	Locate func(name string) string
	// Retry gives jobs that failed another chance.
	Retry bool
	// Progress, if not nil, is called after every job.
	Progress func(done, total int)
}

// Submit puts jobs in the queue, with their files. When it returns without an error, the queue has all of them for good. To submit
// a job again changes nothing.
func (q *Queue) Submit(ctx context.Context, jobs []batch.Job, o SubmitOptions) (Submitted, error) {
	var out Submitted
	for i, job := range jobs {
		if err := q.submit(ctx, job, o, &out); err != nil {
			return out, fmt.Errorf("audit %s: %w", job.Name, err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(jobs))
		}
	}
	return out, nil
}

func (q *Queue) submit(ctx context.Context, job batch.Job, o SubmitOptions, out *Submitted) error {
	key := job.Key()
	switch _, failure, err := q.ended(ctx, key); {
	case err == nil && failure == nil:
		out.Done++
		return nil
	case err == nil && !o.Retry:
		out.Failed++
		return nil
	case err == nil:
		if err := q.forget(ctx, key); err != nil {
			return err
		}
	case !errors.Is(err, batch.ErrWaiting):
		return err
	}
	if o.Locate != nil {
		for _, f := range job.Files {
			if err := q.send(ctx, f, o.Locate(f.Name)); err != nil {
				return err
			}
		}
	}
	text, err := json.Marshal(job)
	if err != nil {
		return err
	}
	_, err = q.js.Publish(ctx, subject(job.Tool, key), text)
	if taken(err) {
		out.Waiting++
		return nil
	}
	if err == nil {
		out.Queued++
	}
	return err
}

// taken reports whether the stream refused a message since there is one of its subject.
func taken(err error) bool {
	const storeFailed = 10077 // the code of every refusal to store; this one is told by its words
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == storeFailed && api.Description == "maximum messages per subject exceeded"
}

// forget takes a failure back.
func (q *Queue) forget(ctx context.Context, key string) error {
	for _, bucket := range []jetstream.KeyValue{q.attempts, q.failed} {
		if err := bucket.Purge(ctx, key); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
			return err
		}
	}
	return nil
}

// send puts a file into the object store unless one of its digest is there.
func (q *Queue) send(ctx context.Context, f batch.File, path string) error {
	if _, err := q.files.GetInfo(ctx, f.SHA256); !errors.Is(err, jetstream.ErrObjectNotFound) {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = q.files.Put(ctx, jetstream.ObjectMeta{Name: f.SHA256}, from)
	return err
}
