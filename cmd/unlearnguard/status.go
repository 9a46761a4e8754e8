package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"unlearnguard/cmd/internal/queue"
)

// statusOptions are the flags of status.
type statusOptions struct {
	queue  queueFlags
	format string
	once   bool
}

// statusEvery is how often the table on a terminal is drawn.
const statusEvery = time.Second

func (a *app) status() *cobra.Command {
	var o statusOptions
	c := &cobra.Command{
		Use:   "status --queue URL --token-file FILE",
		Short: "How far the audits in a queue are",
		Long: `Status shows how many audits are queued, running, done and failed, who does the running ones and how far they are, and why others
failed. On a terminal the table is drawn again every second until nothing is left to do; Ctrl-C ends it too.
` + queueHelp,
		Example: `  unlearnguard status --queue nats://127.0.0.1:4222 --token-file token
  unlearnguard status --queue nats://127.0.0.1:4222 --token-file token --format json | jq .queued`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runStatus(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	o.queue.add(c)
	f.StringVar(&o.format, "format", "text", "`format`: text, or json for stdout")
	f.BoolVar(&o.once, "once", false, "show it once, on a terminal too")
	return c
}

func (a *app) runStatus(ctx context.Context, o statusOptions) error {
	if err := chosen("format", o.format, "text", "json"); err != nil {
		return err
	}
	q, err := o.queue.open(ctx, a)
	if err != nil {
		return err
	}
	defer q.Close()
	screen, height := isScreen(a.out) && !o.once, 0
	for {
		s, err := q.Status(ctx)
		if err != nil {
			return err
		}
		if o.format == "json" {
			return encode(a.out, s)
		}
		table := statusTable(s)
		if height > 0 {
			fmt.Fprintf(a.out, "\x1b[%dA\x1b[J", height) // up, and clear what is below
		}
		if _, err := io.WriteString(a.out, table); err != nil {
			return err
		}
		if !screen || s.Queued == 0 && len(s.Running) == 0 {
			return nil
		}
		height = strings.Count(table, "\n")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(statusEvery):
		}
	}
}

func isScreen(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// rowsShown bounds the lists on a terminal: a table that is higher cannot be drawn again.
const rowsShown = 15

// statusTable lays a status out for people.
func statusTable(s queue.Status) string {
	var out strings.Builder
	printf(&out, "queued %d   running %d   done %d   failed %d\n", s.Queued, len(s.Running), s.Done, len(s.Failed))
	for _, verdict := range slices.Sorted(maps.Keys(s.Verdicts)) {
		printf(&out, "  %-12s %d\n", verdict, s.Verdicts[verdict])
	}
	for i, r := range s.Running {
		if i == rowsShown {
			printf(&out, "  and %d more\n", len(s.Running)-i)
			break
		}
		printf(&out, "  running      %-20s %3.0f %%  %-24s %s\n", short(r.Name, 20), 100*r.Share, short(r.What, 24), short(r.Worker, 30))
	}
	for i, f := range s.Failed {
		if i == rowsShown {
			printf(&out, "  and %d more\n", len(s.Failed)-i)
			break
		}
		printf(&out, "  failed       %-20s %s\n", short(f.Name, 20), short(f.Reason, 70))
	}
	return out.String()
}

// short cuts a text to so many characters.
func short(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
