package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"unlearnguard/onnxio/file"
)

// Audit is one of the audits of a run.
type Audit struct {
	Name string
	// Job returns the job, for which the files are read. An error is that of the audit.
	Job func(ctx context.Context) (Job, error)
	// Do carries it out and leaves in the empty folder dir what verify writes.
	Do func(ctx context.Context, job Job, dir string) (Verdict, error)
}

// ErrWaiting is what Do returns for an audit that is not done and did not fail either, as one that is done elsewhere.
var ErrWaiting = errors.New("not done yet")

// Verdict is what an audit came to.
type Verdict struct {
	Verdict, Reason string
	// Started and Seconds are when and how long it was worked on, where that was not here and now.
	Started string
	Seconds float64
}

// Options of a run.
type Options struct {
	// Folder receives everything. It must be there.
	Folder string
	// Audits are all of the manifest, of which those of Shard are done.
	Audits []Audit
	Shard  Shard
	// Jobs is how many are done at a time. If 0, one.
	Jobs int
	// Code is the exit code that verify ends with for an error.
	Code func(error) int
	// Progress, if not nil, is called for every audit of the shard that has come to an end, from one goroutine at a time.
	Progress func(Event)
}

// Event says that an audit came to an end, now or in an earlier run.
type Event struct {
	Record      Record
	Skipped     bool
	Done, Total int
}

// Reconstructions is the folder for those that the audits in folder share.
func Reconstructions(folder string) string { return store{folder}.state("reconstructions") }

// Run does the audits of a shard that are not done and writes the index of all. It returns the records of the shard in the order
// of the manifest. Its error is that of ctx, or says that results could not be kept; audits that fail are in the records.
func Run(ctx context.Context, o Options) ([]Record, error) {
	r := &runner{o: o, store: store{o.Folder}}
	if err := r.store.open(); err != nil {
		return nil, err
	}
	stage := r.store.state("stage", o.Shard.String())
	release, err := file.Claim(stage + ".claim")
	if errors.Is(err, file.ErrClaimed) {
		return nil, fmt.Errorf("another process is doing these audits in %s: wait for it, or name another folder", o.Folder)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	if err := os.RemoveAll(stage); err != nil { // what a killed run of this shard left
		return nil, err
	}
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(stage)
	err = r.all(ctx, stage)
	var names []string
	var records []Record
	for i, a := range o.Audits {
		names = append(names, a.Name)
		if o.Shard.Has(i) {
			records = append(records, r.store.read(a.Name))
		}
	}
	finished, indexErr := WriteIndex(o.Folder, names)
	if finished && err == nil && indexErr == nil {
		indexErr = os.RemoveAll(r.store.state("reconstructions")) // nothing is left that could need them
	}
	return records, errors.Join(err, indexErr)
}

// runner is a run that is going on.
type runner struct {
	o     Options
	store store

	mu   sync.Mutex
	done int
}

// all does the audits of the shard, several at a time. An error of the folder ends the run, one of an audit does not.
func (r *runner) all(ctx context.Context, stage string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mine []Audit
	for i, a := range r.o.Audits {
		if r.o.Shard.Has(i) {
			mine = append(mine, a)
		}
	}
	next := make(chan Audit)
	var workers sync.WaitGroup
	for range max(1, r.o.Jobs) {
		workers.Go(func() {
			for a := range next {
				if err := r.one(ctx, a, stage, len(mine)); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, a := range mine {
		select {
		case next <- a:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// one does an audit unless it is done.
func (r *runner) one(ctx context.Context, a Audit, stage string, total int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begun := time.Now()
	record := Record{Name: a.Name, State: Failed, Started: begun.UTC().Format(time.RFC3339)}
	job, err := a.Job(ctx)
	if err == nil {
		record.Key = job.Key()
		if old := r.store.read(a.Name); r.store.done(old, record.Key) {
			r.tell(old, true, total)
			return nil
		}
	}
	folder := ""
	if err == nil {
		folder = filepath.Join(stage, a.Name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		var v Verdict
		if v, err = a.Do(ctx, job, folder); err == nil {
			record.State, record.Verdict, record.Reason = Done, v.Verdict, v.Reason
			record.Started, record.Seconds = cmp.Or(v.Started, record.Started), v.Seconds
		}
	}
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // interrupted: it is not its own error
	}
	if errors.Is(err, ErrWaiting) {
		return errors.Join(os.RemoveAll(folder), r.store.forget(a.Name, record.Key))
	}
	if err != nil {
		record.Reason, record.Code, folder = err.Error(), r.o.Code(err), ""
	}
	if record.Seconds == 0 {
		record.Seconds = time.Since(begun).Seconds()
	}
	if err := r.store.keep(record, folder, filepath.Join(stage, ".away-"+a.Name)); err != nil {
		return err
	}
	r.tell(record, false, total)
	return nil
}

func (r *runner) tell(record Record, skipped bool, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if r.o.Progress != nil {
		r.o.Progress(Event{Record: record, Skipped: skipped, Done: r.done, Total: total})
	}
}
