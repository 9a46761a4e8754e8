package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue"
)

// submitOptions are the flags of submit.
type submitOptions struct {
	queue          queueFlags
	manifest       string
	noFiles, retry bool
}

func (a *app) submit() *cobra.Command {
	var o submitOptions
	c := &cobra.Command{
		Use:   "submit --manifest FILE --queue URL --token-file FILE",
		Short: "Put the audits of a manifest into a queue",
		Long: `Submit puts every audit of a manifest into the queue, with its models and images, each file once. It may be repeated: what is in
the queue, or done, is not done again, since an audit is known by the digests of all that it depends on. When it ends without an
error, the queue has everything for good. unlearnguard audit --help says what a manifest is.

With --no-files nothing but the digests is sent: workers then need the files under --data. What must not travel, such as the
private key of attest, is refused.
` + queueHelp,
		Example: "  unlearnguard submit --manifest audits.yaml --queue nats://127.0.0.1:4222 --token-file token",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runSubmit(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.manifest, "manifest", "", "`FILE` that lists the audits (YAML)")
	o.queue.add(c)
	f.BoolVar(&o.noFiles, "no-files", false, "send no models and images: the workers have them")
	f.BoolVar(&o.retry, "retry", false, "give audits that failed another chance")
	require(c, "manifest")
	return c
}

func (a *app) runSubmit(ctx context.Context, o submitOptions) error {
	m, jobs, q, err := a.openJobs(ctx, o.manifest, &o.queue)
	if err != nil {
		return err
	}
	defer q.Close()
	stage := a.term.stage("submitting")
	how := queue.SubmitOptions{Locate: m.Locate, Retry: o.retry, Progress: func(done, total int) {
		stage(float64(done)/float64(total), fmt.Sprintf("%d of %d", done, total))
	}}
	if o.noFiles {
		how.Locate = nil
	}
	s, err := q.Submit(ctx, jobs, how)
	if err != nil {
		return err
	}
	a.term.say("new in the queue: %d; there already: %d waiting, %d done, %d failed", s.Queued, s.Waiting, s.Done, s.Failed)
	if s.Failed > 0 {
		a.term.say("those that failed are tried again with --retry")
	}
	return nil
}

// openJobs reads a manifest and its jobs, and then connects to the queue that they are for.
func (a *app) openJobs(ctx context.Context, manifest string, to *queueFlags) (*batch.Manifest, []batch.Job, *queue.Queue, error) {
	m, err := readManifest(ctx, manifest)
	if err != nil {
		return nil, nil, nil, err
	}
	jobs, err := jobsOf(ctx, m)
	if err != nil {
		return nil, nil, nil, err
	}
	q, err := to.open(ctx, a)
	return m, jobs, q, err
}

// jobsOf are the jobs of a manifest for a queue.
func jobsOf(ctx context.Context, m *batch.Manifest) ([]batch.Job, error) {
	known := newDigests()
	var out []batch.Job
	for _, e := range m.Audits {
		if _, ok := e.Flags["attest"]; ok {
			return nil, batch.Errors{{Path: m.Path, Line: e.Line, Err: fmt.Errorf(
				"audit %q: attest: a private key does not travel: leave it out, and sign what is collected with unlearnguard compare FOLDER --attest KEY", e.Name)}}
		}
		job, err := known.jobOf(ctx, m, e)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", e.Name, err)
		}
		out = append(out, job)
	}
	return out, nil
}
