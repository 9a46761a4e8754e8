package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue"
	"unlearnguard/metrics/audit"
)

// workOptions are the flags of work.
type workOptions struct {
	queue       queueFlags
	data, cache string
	jobs        int
	lease       time.Duration
	untilEmpty  bool
}

func (a *app) work() *cobra.Command {
	var o workOptions
	c := &cobra.Command{
		Use:   "work --queue URL --token-file FILE",
		Short: "Do audits from a queue",
		Long: `Work does one audit after the other from the queue, until it is interrupted, or until none is left with --until-empty. It may be
killed at any time: an audit whose worker is silent for longer than --lease goes to another one, which goes on with its
reconstructions. An audit that was begun three times and never came to an end is put aside as failed. When it is interrupted
(Ctrl-C), it gives back what it has in hand at once. While the queue cannot be reached, it goes on and waits with what it has.

Models and images are looked for under --data first, by the manifest's names, and else come from the queue; both are checked by
their digests. They are kept in the folder of --cache, which may be deleted.

Workers do the audits that were submitted by the same version of the program.
` + queueHelp,
		Example: `  unlearnguard work --queue nats://127.0.0.1:4222 --token-file token
  unlearnguard work --queue tls://queue.example.org:4222 --tls-ca server.pem --token-file token --data /mnt/models --until-empty`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runWork(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	o.queue.add(c)
	f.StringVar(&o.data, "data", "", "`FOLDER` in which the manifest's files may be found")
	f.StringVar(&o.cache, "cache", "", "`FOLDER` for files from the queue (default that of the user)")
	f.IntVar(&o.jobs, "jobs", 1, "`number` of audits at a time")
	f.DurationVar(&o.lease, "lease", queue.DefaultLease, "`time` of silence after which another worker takes an audit over; the last worker to start sets it for all")
	f.BoolVar(&o.untilEmpty, "until-empty", false, "end when no audit is left")
	return c
}

func (a *app) runWork(ctx context.Context, o workOptions) error {
	if err := within("jobs", o.jobs, 1, 1<<10); err != nil {
		return err
	}
	if o.lease < time.Second {
		return fmt.Errorf("--lease %s: give a second or more", o.lease)
	}
	folder, cache, err := o.folders()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	q, err := o.queue.open(ctx, a)
	if err != nil {
		return err
	}
	defer q.Close()
	return q.Work(ctx, queue.WorkOptions{
		Tool: build(), Folder: folder, Cache: cache, Data: o.data, Jobs: o.jobs, Lease: o.lease, UntilEmpty: o.untilEmpty,
		Code: exitCode, Final: isScope, Ended: a.worked,
		Do: func(ctx context.Context, t queue.Task) (batch.Verdict, error) {
			p := performer{files: t.Locate, recoveries: t.Recoveries, threads: threadsOf(o.jobs), progress: t.Progress}
			return p.safely(ctx, t.Job.Flags, t.Dir)
		},
	})
}

// isScope reports whether an error is that of a model which the method does not apply to: it will not apply another time.
func isScope(err error) bool {
	var scope *audit.ScopeError
	return errors.As(err, &scope)
}

// abandonedAfter is how long a worker's folder is left alone after the last change in it.
const abandonedAfter = 7 * 24 * time.Hour

// folders makes one for this process and one for files that later ones may need, and deletes what killed workers left.
func (o *workOptions) folders() (folder, cache string, err error) {
	root := o.cache
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", "", fmt.Errorf("--cache: name a folder: %w", err)
		}
		root = filepath.Join(user, "unlearnguard")
	}
	cache = filepath.Join(root, "files")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", "", fmt.Errorf("--cache: %w", err)
	}
	const mine = "worker-"
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", "", err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), mine) && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.RemoveAll(filepath.Join(root, e.Name())) // another worker may be doing the same
		}
	}
	folder, err = os.MkdirTemp(root, mine)
	return folder, cache, err
}

// worked says how an audit ended.
func (a *app) worked(job batch.Job, v batch.Verdict, err error) {
	switch {
	case errors.Is(err, context.Canceled):
		a.term.say("  %-12s %s", "given back", job.Name)
	case err != nil:
		a.term.say("  %-12s %s: %v", batch.Failed, job.Name, err)
	default:
		a.term.say("  %-12s %s (%.1f s)", v.Verdict, job.Name, v.Seconds)
	}
}
