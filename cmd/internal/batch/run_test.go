package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// trial is a folder with audits that write their job's key.
type trial struct {
	Options
	t    *testing.T
	mu   sync.Mutex
	done []string
}

func newTrial(t *testing.T, names ...string) *trial {
	r := &trial{t: t, Options: Options{Folder: t.TempDir(), Code: func(error) int { return 1 }}}
	for _, name := range names {
		r.Audits = append(r.Audits, Audit{Name: name,
			Job: func(context.Context) (Job, error) { return Job{Name: name, Tool: name}, nil },
			Do: func(_ context.Context, j Job, dir string) (Verdict, error) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.done = append(r.done, name)
				return Verdict{Verdict: "unlearned", Reason: "because"}, os.WriteFile(filepath.Join(dir, reportFile), []byte(j.Key()), 0o644)
			}})
	}
	return r
}

// run does the audits and says which were done, in the order of their names.
func (r *trial) run(ctx context.Context) (string, error) {
	r.t.Helper()
	r.done = nil
	_, err := Run(ctx, r.Options)
	slices.Sort(r.done)
	return strings.Join(r.done, " "), err
}

// want runs and requires that these were done.
func (r *trial) want(done string) {
	r.t.Helper()
	if got, err := r.run(context.Background()); err != nil || got != done {
		r.t.Errorf("done %q (%v), want %q", got, err, done)
	}
}

// index reads index.json as outcomes by name, in its order.
func (r *trial) index() string {
	r.t.Helper()
	var x Index
	text, err := os.ReadFile(filepath.Join(r.Folder, "index.json"))
	if err == nil {
		err = json.Unmarshal(text, &x)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, a := range x.Audits {
		out = append(out, a.Name+":"+a.Outcome())
	}
	return strings.Join(out, " ")
}

func TestRunSkipsWhatIsDone(t *testing.T) {
	r := newTrial(t, "a", "b", "c")
	r.Jobs = 2
	r.want("a b c")
	r.want("")
	if got := r.index(); got != "a:unlearned b:unlearned c:unlearned" {
		t.Errorf("index %s", got)
	}
	// Other inputs: only that audit is done again.
	r.Audits[1].Job = func(context.Context) (Job, error) { return Job{Tool: "other"}, nil }
	r.want("b")
	// A report that is not the one on record is made again, and so is one whose record is gone or damaged.
	if err := os.WriteFile(filepath.Join(r.Folder, "a", reportFile), []byte("forged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Folder, stateFolder, "records", "c.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.want("a c")
	r.want("")
}

func TestRunByShards(t *testing.T) {
	r := newTrial(t, "a", "b", "c")
	r.Shard = Shard{1, 2}
	r.want("b")
	if got := r.index(); got != "b:unlearned a:waiting c:waiting" {
		t.Errorf("index %s", got)
	}
	r.Shard = Shard{0, 2}
	r.want("a c")
	if got := r.index(); got != "a:unlearned b:unlearned c:unlearned" {
		t.Errorf("index %s", got)
	}
}

// An audit that fails leaves no folder, stands first and is tried again; the others are done.
func TestRunGoesOnAfterFailures(t *testing.T) {
	r := newTrial(t, "a", "b", "c")
	r.want("a b c")
	good := r.Audits[1]
	r.Audits[1].Job = func(context.Context) (Job, error) { return Job{Tool: "new"}, nil }
	r.Audits[1].Do = func(_ context.Context, _ Job, dir string) (Verdict, error) {
		return Verdict{}, errors.Join(os.WriteFile(filepath.Join(dir, reportFile), nil, 0o644), errors.New("broken <b>"))
	}
	r.want("")
	if got := r.index(); got != "b:failed a:unlearned c:unlearned" {
		t.Errorf("index %s", got)
	}
	if _, err := os.Stat(filepath.Join(r.Folder, "b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a failed audit has a folder: %v", err)
	}
	page, err := os.ReadFile(filepath.Join(r.Folder, "index.html"))
	if err != nil || !strings.Contains(string(page), "broken &lt;b&gt;") || strings.Contains(string(page), "<b>") {
		t.Errorf("the page does not hold the reason as text (%v)", err)
	}
	r.Audits[1] = good
	r.want("b")
}

// An interruption costs what is in flight, and nothing else.
func TestRunInterrupted(t *testing.T) {
	r := newTrial(t, "a", "b", "c")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	do := r.Audits[1].Do
	r.Audits[1].Do = func(ctx context.Context, _ Job, _ string) (Verdict, error) {
		cancel()
		return Verdict{}, fmt.Errorf("wrapped: %w", ctx.Err())
	}
	if got, err := r.run(ctx); !errors.Is(err, context.Canceled) || got != "a" {
		t.Errorf("done %s, error %v", got, err)
	}
	if got := r.index(); got != "a:unlearned b:waiting c:waiting" {
		t.Errorf("index %s", got)
	}
	r.Audits[1].Do = do
	r.want("b c")
}

// A kill between the rename and the record, or while the stage is filled, costs that audit alone.
func TestRunAfterKill(t *testing.T) {
	r := newTrial(t, "a", "b")
	r.want("a b")
	if err := os.Remove(filepath.Join(r.Folder, stateFolder, "records", "a.json")); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(r.Folder, stateFolder, "stage", r.Shard.String(), "a")
	if err := os.MkdirAll(half, 0o755); err != nil {
		t.Fatal(err)
	}
	r.want("a")
}

// A folder that is nobody's report is not deleted for one.
func TestRunKeepsOthersFolders(t *testing.T) {
	r := newTrial(t, "a")
	mine := filepath.Join(r.Folder, "a", "notes.txt")
	if err := errors.Join(os.Mkdir(filepath.Dir(mine), 0o755), os.WriteFile(mine, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.run(context.Background()); err == nil || !strings.Contains(err.Error(), "is no report") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
