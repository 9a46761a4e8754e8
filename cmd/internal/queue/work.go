package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
)

// WorkOptions say how to work.
type WorkOptions struct {
	// Tool is the version of the program, whose jobs alone are taken.
	Tool string
	// Folder is for what the worker needs while it works, Cache for files that later ones may need too, on the same file system if
	// that can be. Both must be there.
	Folder, Cache string
	// Data, if not empty, is a folder in which files are looked for first, by the names of the manifest.
	Data string
	// Jobs is how many are done at a time. If 0, one.
	Jobs int
	// Lease is how long a worker may be silent before its job goes to another, for all workers of this version. If 0,
	// [DefaultLease].
	Lease time.Duration
	// UntilEmpty ends the work when all jobs have ended; otherwise it waits for more.
	UntilEmpty bool
	// Do carries out a job whose files are where locate says and leaves in the empty folder dir what is to be kept.
	Do func(ctx context.Context, t Task) (batch.Verdict, error)
	// Code is the exit code that verify ends with for an error, Final whether another attempt would end in the same error.
	Code  func(error) int
	Final func(error) bool
	// Ended, if not nil, is called when a job ended here or was given back (with nothing but an error).
	Ended func(job batch.Job, v batch.Verdict, err error)
}

// Task is a job as a worker gets it.
type Task struct {
	Job    batch.Job
	Locate func(name string) string
	Dir    string
	// Recoveries are the reconstructions, which all workers share.
	Recoveries *batch.Recoveries
	// Progress may be called with what is being done and the share of it.
	Progress func(what string, share float64)
}

// worker is one that works.
type worker struct {
	q           *Queue
	o           WorkOptions
	consumer    jetstream.Consumer
	inputs      inputs
	checkpoints *checkpoints
}

// Work does jobs until ctx ends, or until there are none left. A job that is in hand when ctx ends is given back, with its
// checkpoints.
func (q *Queue) Work(ctx context.Context, o WorkOptions) error {
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	w := &worker{q: q, o: o, inputs: inputs{q: q, data: o.Data, cache: o.Cache}}
	var err error
	if w.checkpoints, err = newCheckpoints(q, filepath.Join(o.Folder, "reconstructions")); err != nil {
		return err
	}
	err = q.insist(ctx, func(ctx context.Context) (err error) {
		w.consumer, err = q.jobs.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: "workers-" + versionToken(o.Tool), FilterSubject: subject(o.Tool, "*"),
			AckPolicy: jetstream.AckExplicitPolicy, AckWait: o.Lease, MaxDeliver: -1, MaxAckPending: 100000,
		})
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var slots sync.WaitGroup
	for range max(1, o.Jobs) {
		slots.Go(func() {
			if err := w.loop(ctx); err != nil {
				cancel(err)
			}
		})
	}
	slots.Wait()
	return context.Cause(ctx)
}

// loop takes one job after the other. Only what is being worked on is taken: a message that waited here would lose its lease.
func (w *worker) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		select {
		case <-w.q.closed:
			return fmt.Errorf("the connection was closed: %w", ErrRefused)
		default:
		}
		message, err := w.next(ctx)
		if err != nil {
			continue // the server is away, or there was nothing for a while
		}
		if message == nil {
			if w.o.UntilEmpty && w.empty(ctx) {
				return nil
			}
			continue
		}
		if err := w.take(ctx, message); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// next waits a little for a message.
func (w *worker) next(ctx context.Context) (jetstream.Msg, error) {
	wait := 2 * time.Second
	if w.o.UntilEmpty {
		wait = 200 * time.Millisecond
	}
	batch, err := w.consumer.Fetch(1, jetstream.FetchMaxWait(wait))
	if err != nil {
		select { // without a server, fetching fails at once
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
		return nil, err
	}
	for m := range batch.Messages() {
		return m, nil
	}
	return nil, batch.Error()
}

// empty reports whether no job of this version is left, queued or with another worker.
func (w *worker) empty(ctx context.Context) bool {
	info, err := w.consumer.Info(ctx)
	return err == nil && info.NumPending == 0 && info.NumAckPending == 0
}

// take brings one delivery to an end: a result, a failure, or the job given back.
func (w *worker) take(ctx context.Context, m jetstream.Msg) error {
	var job batch.Job
	if err := json.Unmarshal(m.Data(), &job); err != nil || subject(job.Tool, job.Key()) != m.Subject() {
		_ = m.Term() // whoever wrote this is no submitter, and nobody asks for it
		return nil
	}
	key := job.Key()
	a, tooMany, err := w.q.begin(ctx, key)
	if errors.Is(err, errTaken) {
		later(m, w.o.Lease)
		return nil
	}
	if err != nil {
		return err
	}
	if a.N > 1 || tooMany { // it was begun before: has it ended?
		if _, _, err := w.q.ended(ctx, key); err == nil {
			return w.done(ctx, m)
		}
	}
	if tooMany {
		return w.fail(ctx, m, job, a, errors.New(a.reason()), 1)
	}
	begun := time.Now()
	verdict, report, err := w.attend(ctx, m, job, &a)
	switch {
	case ctx.Err() != nil:
		return w.giveBack(m, job, &a)
	case err == nil:
		return w.succeed(ctx, m, job, Result{Name: job.Name, Verdict: verdict.Verdict, Reason: verdict.Reason, Worker: w.q.name,
			Started: begun.UTC().Format(time.RFC3339), Seconds: time.Since(begun).Seconds(), Report: report})
	case w.o.Final(err):
		return w.fail(ctx, m, job, a, err, w.o.Code(err))
	}
	if err := w.q.amend(ctx, &a, func(a *attempt) { a.Reason = err.Error() }); err != nil {
		return err
	}
	if a.N >= MostAttempts {
		return w.fail(ctx, m, job, a, errors.New(a.reason()), w.o.Code(err))
	}
	w.tell(job, batch.Verdict{}, err)
	later(m, time.Duration(a.N)*time.Second)
	return nil
}

// later has a job delivered again after a while. Where the server does not hear it, the end of the lease does the same.
func later(m jetstream.Msg, after time.Duration) { _ = m.NakWithDelay(after) }

// attend does the job while the lease is renewed and its progress is told, and stores what it made.
func (w *worker) attend(ctx context.Context, m jetstream.Msg, job batch.Job, a *attempt) (batch.Verdict, string, error) {
	dir, err := os.MkdirTemp(w.o.Folder, "job-")
	if err != nil {
		return batch.Verdict{}, "", err
	}
	defer os.RemoveAll(dir)
	tree, made := filepath.Join(dir, "files"), filepath.Join(dir, "report")
	if err := errors.Join(os.Mkdir(tree, 0o755), os.Mkdir(made, 0o755)); err != nil {
		return batch.Verdict{}, "", err
	}
	h := w.q.heart(m, job, w.o.Lease, func(ctx context.Context) { w.keepCheckpoints(ctx, a) })
	defer h.stop()
	if err := w.inputs.lay(ctx, job, tree); err != nil {
		return batch.Verdict{}, "", err
	}
	verdict, err := w.o.Do(ctx, Task{Job: job, Dir: made, Recoveries: w.checkpoints.recoveries, Progress: h.progress,
		Locate: func(name string) string { return filepath.Join(tree, batch.Portable(name)) }})
	if err != nil {
		return verdict, "", withoutFolder(err, tree)
	}
	report, err := w.q.storeReport(ctx, made)
	return verdict, report, err
}

// keepCheckpoints sends those that are new. A job that gets on has not failed.
func (w *worker) keepCheckpoints(ctx context.Context, a *attempt) {
	if w.checkpoints.send(ctx) && a.N > 1 {
		_ = w.q.amend(ctx, a, func(a *attempt) { a.N = 1 })
	}
}

func (w *worker) succeed(ctx context.Context, m jetstream.Msg, job batch.Job, r Result) error {
	first, err := w.q.createOnce(ctx, w.q.results, job.Key(), r)
	if err != nil {
		return err
	}
	if !first && r.Report != "" {
		w.dropUnlessKept(ctx, job.Key(), r.Report)
	}
	w.tell(job, batch.Verdict{Verdict: r.Verdict, Reason: r.Reason, Seconds: r.Seconds}, nil)
	return w.done(ctx, m)
}

// dropUnlessKept deletes the archive of a report that came second.
func (w *worker) dropUnlessKept(ctx context.Context, key, report string) {
	if kept, _, err := w.q.ended(ctx, key); err == nil && kept != nil && kept.Report != report {
		_ = w.q.reports.Delete(ctx, report) // it takes up room, and does no harm
	}
}

func (w *worker) fail(ctx context.Context, m jetstream.Msg, job batch.Job, a attempt, reason error, code int) error {
	_, err := w.q.createOnce(ctx, w.q.failed, job.Key(), Failure{Name: job.Name, Reason: reason.Error(), Worker: a.Worker, Attempts: a.N, Code: code})
	if err != nil {
		return err
	}
	w.tell(job, batch.Verdict{}, reason)
	return w.done(ctx, m)
}

// done takes the job out of the queue, now that its end is stored. Where that is not confirmed, the job will be delivered again and be
// found to have ended.
func (w *worker) done(ctx context.Context, m jetstream.Msg) error {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = m.DoubleAck(once)
	return nil
}

// giveBack leaves an interrupted job to others, as one that was not begun.
func (w *worker) giveBack(m jetstream.Msg, job batch.Job, a *attempt) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	w.checkpoints.send(ctx)
	err := w.q.amend(ctx, a, func(a *attempt) { a.N-- })
	w.tell(job, batch.Verdict{}, context.Canceled)
	return errors.Join(err, m.Nak(), w.q.nc.FlushTimeout(2*time.Second))
}

func (w *worker) tell(job batch.Job, v batch.Verdict, err error) {
	if w.o.Ended != nil {
		w.o.Ended(job, v, err)
	}
}
