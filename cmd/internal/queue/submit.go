package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

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

// submitters is how many jobs are submitted at a time: most of the time is that of the server's disk.
const submitters = 8

// Submit puts jobs in the queue, with their files. When it returns without an error, the queue has all of them for good. To submit
// a job again changes nothing.
func (q *Queue) Submit(ctx context.Context, jobs []batch.Job, o SubmitOptions) (Submitted, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &submission{q: q, o: o, sending: map[string]*sync.Mutex{}}
	next := make(chan batch.Job)
	var group sync.WaitGroup
	for range submitters {
		group.Go(func() {
			for job := range next {
				if err := s.submit(ctx, job); err != nil {
					cancel(fmt.Errorf("audit %s: %w", job.Name, err))
				} else {
					s.tell(len(jobs))
				}
			}
		})
	}
	for _, job := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- job
	}
	close(next)
	group.Wait()
	return s.count, context.Cause(ctx)
}

// submission is one call of Submit.
type submission struct {
	q *Queue
	o SubmitOptions

	mu      sync.Mutex
	count   Submitted
	done    int
	sending map[string]*sync.Mutex // one for each file, by its digest
}

func (s *submission) tell(total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	if s.o.Progress != nil {
		s.o.Progress(s.done, total)
	}
}

func (s *submission) add(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *submission) submit(ctx context.Context, job batch.Job) error {
	key := job.Key()
	switch _, failure, err := s.q.ended(ctx, key); {
	case err == nil && failure == nil:
		s.add(&s.count.Done)
		return nil
	case err == nil && !s.o.Retry:
		s.add(&s.count.Failed)
		return nil
	case err == nil:
		if err := s.q.forget(ctx, key); err != nil {
			return err
		}
	case !errors.Is(err, batch.ErrWaiting):
		return err
	}
	if s.o.Locate != nil {
		for _, f := range job.Files {
			if err := s.send(ctx, f); err != nil {
				return err
			}
		}
	}
	text, err := json.Marshal(job)
	if err != nil {
		return err
	}
	_, err = s.q.js.Publish(ctx, subject(job.Tool, key), text)
	if taken(err) {
		s.add(&s.count.Waiting)
		return nil
	}
	if err == nil {
		s.add(&s.count.Queued)
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

// send puts a file into the object store unless one of its digest is there. What several jobs need is sent once.
func (s *submission) send(ctx context.Context, f batch.File) error {
	s.mu.Lock()
	lock, known := s.sending[f.SHA256]
	if !known {
		lock = &sync.Mutex{}
		s.sending[f.SHA256] = lock
	}
	s.mu.Unlock()
	lock.Lock()
	defer lock.Unlock()
	if _, err := s.q.files.GetInfo(ctx, f.SHA256); !errors.Is(err, jetstream.ErrObjectNotFound) {
		return err
	}
	from, err := os.Open(s.o.Locate(f.Name))
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = s.q.files.Put(ctx, jetstream.ObjectMeta{Name: f.SHA256}, from)
	return err
}
