package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue"
)

// collectOptions are the flags of collect.
type collectOptions struct {
	queue         queueFlags
	manifest, out string
	wait          bool
}

// collectEvery is how often collect --wait looks for what is new.
const collectEvery = 2 * time.Second

func (a *app) collect() *cobra.Command {
	var o collectOptions
	c := &cobra.Command{
		Use:   "collect --manifest FILE -o FOLDER --queue URL --token-file FILE",
		Short: "Bring the reports of a manifest's audits from a queue",
		Long: `Collect fills the folder named by --out as unlearnguard audit does, with the reports of those audits of the manifest that are done,
and an index of all. What was collected before is skipped. With --wait it ends when every audit is done or has failed.

The exit code is that of the worst audit, as of unlearnguard audit; one that is not done counts as an error.
` + queueHelp,
		Example: "  unlearnguard collect --manifest audits.yaml -o audits --queue nats://127.0.0.1:4222 --token-file token --wait",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runCollect(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.manifest, "manifest", "", "`FILE` that lists the audits (YAML)")
	f.StringVarP(&o.out, "out", "o", "audits", "`FOLDER` for the reports and the index")
	o.queue.add(c)
	f.BoolVar(&o.wait, "wait", false, "wait until every audit has ended")
	require(c, "manifest")
	return c
}

func (a *app) runCollect(ctx context.Context, o collectOptions) error {
	m, jobs, q, err := a.openJobs(ctx, o.manifest, &o.queue)
	if err != nil {
		return err
	}
	defer q.Close()
	dir, err := openOut(o.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	records, err := a.collectFrom(ctx, q, jobs, o)
	if err != nil {
		return err
	}
	a.term.say("the index is %s", filepath.Join(o.out, "index.html"))
	return worst(m, records)
}

// collectFrom brings what is done, until everything is if it is to wait.
func (a *app) collectFrom(ctx context.Context, q *queue.Queue, jobs []batch.Job, o collectOptions) ([]batch.Record, error) {
	var audits []batch.Audit
	for _, job := range jobs {
		audits = append(audits, batch.Audit{Name: job.Name,
			Job: func(context.Context) (batch.Job, error) { return job, nil },
			Do: func(ctx context.Context, job batch.Job, dir string) (batch.Verdict, error) {
				return q.Fetch(ctx, job, dir)
			}})
	}
	for {
		records, err := batch.Run(ctx, batch.Options{Folder: o.out, Audits: audits, Code: exitCode})
		waiting := countWaiting(records)
		if err != nil || waiting == 0 || !o.wait {
			return records, err
		}
		a.term.stage("collecting")(1-float64(waiting)/float64(len(jobs)), fmt.Sprintf("%d of %d", len(jobs)-waiting, len(jobs)))
		select {
		case <-ctx.Done():
			return records, ctx.Err()
		case <-time.After(collectEvery):
		}
	}
}

func countWaiting(records []batch.Record) int {
	n := 0
	for _, r := range records {
		if r.State == batch.Waiting {
			n++
		}
	}
	return n
}
