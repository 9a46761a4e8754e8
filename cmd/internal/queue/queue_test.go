package queue

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
	"time"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue/server"
	"unlearnguard/onnxio/file"
)

// host is a server with a store that outlives it.
type host struct {
	t      *testing.T
	store  string
	listen string
	s      *server.Server
}

func newHost(t *testing.T) *host {
	h := &host{t: t, store: t.TempDir(), listen: "127.0.0.1:0"}
	h.start()
	h.listen = strings.TrimPrefix(h.s.URL(), "nats://")
	t.Cleanup(func() { h.s.Stop() })
	return h
}

func (h *host) start() {
	h.t.Helper()
	var err error
	if h.s, err = server.Start(server.Options{Store: h.store, Listen: h.listen, Token: "secret"}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) open(name string) *Queue {
	h.t.Helper()
	q, err := Open(context.Background(), Options{URL: h.s.URL(), Token: "secret", Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(q.Close)
	return q
}

const tool = "v1"

func jobs(n int) []batch.Job {
	var out []batch.Job
	for i := range n {
		name := fmt.Sprintf("job-%d", i)
		out = append(out, batch.Job{Name: name, Tool: tool, Flags: map[string][]string{"seed": {name}}})
	}
	return out
}

// crew is what workers do in a test: they write their job's name, once do has nothing against it.
type crew struct {
	t    *testing.T
	do   func(ctx context.Context, t Task) error
	mu   sync.Mutex
	runs map[string]int
}

func newCrew(t *testing.T) *crew { return &crew{t: t, runs: map[string]int{}} }

var errFinal = errors.New("final")

func (c *crew) options() WorkOptions {
	return WorkOptions{Tool: tool, Folder: c.t.TempDir(), Cache: c.t.TempDir(), UntilEmpty: true, Lease: 500 * time.Millisecond,
		Code: func(error) int { return 7 }, Final: func(err error) bool { return errors.Is(err, errFinal) },
		Do: func(ctx context.Context, t Task) (batch.Verdict, error) {
			c.mu.Lock()
			c.runs[t.Job.Name]++
			c.mu.Unlock()
			if c.do != nil {
				if err := c.do(ctx, t); err != nil {
					return batch.Verdict{}, err
				}
			}
			return batch.Verdict{Verdict: "unlearned", Reason: t.Job.Name}, os.WriteFile(filepath.Join(t.Dir, "report.json"), []byte(t.Job.Name), 0o644)
		}}
}

func (c *crew) work(q *Queue) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := q.Work(ctx, c.options()); err != nil {
		c.t.Error(err)
	}
}

func submit(t *testing.T, q *Queue, all []batch.Job, o SubmitOptions) Submitted {
	t.Helper()
	s, err := q.Submit(context.Background(), all, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fetched is the report of a job.
func fetched(t *testing.T, q *Queue, job batch.Job) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := q.Fetch(context.Background(), job, dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Jobs are done once, however often they are submitted, before, while and after they are done.
func TestEachJobIsDoneOnce(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	all := jobs(20)
	if s := submit(t, q, all, SubmitOptions{}); s != (Submitted{Queued: 20}) {
		t.Errorf("submitted %+v", s)
	}
	if s := submit(t, q, all, SubmitOptions{}); s != (Submitted{Waiting: 20}) {
		t.Errorf("submitted again %+v", s)
	}
	if _, err := q.Fetch(context.Background(), all[0], t.TempDir()); !errors.Is(err, batch.ErrWaiting) {
		t.Errorf("a job that waits: %v", err)
	}
	c := newCrew(t)
	c.work(q)
	if s := submit(t, q, all, SubmitOptions{}); s != (Submitted{Done: 20}) {
		t.Errorf("submitted when done %+v", s)
	}
	c.work(q)
	for _, job := range all {
		if c.runs[job.Name] != 1 {
			t.Errorf("%s was done %d times", job.Name, c.runs[job.Name])
		}
		if got := fetched(t, q, job); got != job.Name {
			t.Errorf("%s has the report of %s", job.Name, got)
		}
	}
	s, err := q.Status(context.Background())
	if err != nil || s.Done != 20 || s.Queued != 0 || s.Verdicts["unlearned"] != 20 {
		t.Errorf("status %+v (%v)", s, err)
	}
}

// An error is tried three times, and a final one once. Then they stand among the failed with the reason, until they are submitted
// for another try.
func TestFailures(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	all := jobs(3)
	submit(t, q, all, SubmitOptions{})
	c := newCrew(t)
	c.do = func(_ context.Context, t Task) error {
		switch t.Job.Name {
		case "job-0":
			return fmt.Errorf("%s: broken", t.Locate("before.onnx"))
		case "job-1":
			return errFinal
		}
		return nil
	}
	c.work(q)
	if c.runs["job-0"] != 3 || c.runs["job-1"] != 1 || c.runs["job-2"] != 1 {
		t.Errorf("runs %v", c.runs)
	}
	var failure *Failure
	if _, err := q.Fetch(context.Background(), all[0], t.TempDir()); !errors.As(err, &failure) ||
		failure.Reason != "before.onnx: broken (tried 3 times)" || failure.Code != 7 {
		t.Errorf("failure %+v", failure)
	}
	if s := submit(t, q, all, SubmitOptions{}); s != (Submitted{Failed: 2, Done: 1}) {
		t.Errorf("submitted again %+v", s)
	}
	c.do = nil
	if s := submit(t, q, all, SubmitOptions{Retry: true}); s != (Submitted{Queued: 2, Done: 1}) {
		t.Errorf("submitted for another try %+v", s)
	}
	c.work(q)
	if got := fetched(t, q, all[0]); got != "job-0" {
		t.Errorf("report %s", got)
	}
}

// A job that takes its worker down counts as tried, whatever it says, and does not come back for ever.
func TestJobsThatKillWorkers(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	q := h.open("one")
	all := jobs(1)
	submit(t, q, all, SubmitOptions{})
	for range MostAttempts {
		dying := h.open("dying")
		c := newCrew(t)
		o := c.options()
		o.Do = func(context.Context, Task) (batch.Verdict, error) {
			dying.Close() // what a worker that is killed says: nothing
			return batch.Verdict{}, errors.New("unheard")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := dying.Work(ctx, o); err == nil || ctx.Err() != nil {
			t.Fatalf("the worker did not die: %v", err)
		}
		cancel()
	}
	newCrew(t).work(q)
	var failure *Failure
	if _, err := q.Fetch(context.Background(), all[0], t.TempDir()); !errors.As(err, &failure) ||
		!strings.Contains(failure.Reason, "begun 3 times") || !strings.Contains(failure.Reason, "dying") {
		t.Errorf("failure %+v", failure)
	}
}

// A worker that is silent beyond its lease loses the job to another; when it wakes up and is done as well, the first result stays.
func TestFirstResultStays(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	slow, fast := h.open("slow"), h.open("fast")
	all := jobs(1)
	submit(t, fast, all, SubmitOptions{})
	begun, wake := make(chan struct{}), make(chan struct{})
	sleepy := newCrew(t)
	o := sleepy.options()
	o.Lease = time.Hour // its heart beats by this, and the other worker sets the lease: it is silent for too long
	o.Do = func(_ context.Context, t Task) (batch.Verdict, error) {
		close(begun)
		<-wake
		return batch.Verdict{Verdict: "late"}, os.WriteFile(filepath.Join(t.Dir, "report.json"), []byte("late"), 0o644)
	}
	ended := make(chan error, 1)
	go func() { ended <- slow.Work(context.Background(), o) }()
	<-begun
	quick := newCrew(t)
	quick.work(fast)
	close(wake)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if quick.runs["job-0"] != 1 {
		t.Errorf("the second worker did it %d times", quick.runs["job-0"])
	}
	if got := fetched(t, fast, all[0]); got != "job-0" {
		t.Errorf("the report is %q", got)
	}
}

// A worker that is told to end gives its job back as one that was not begun.
func TestInterruptedWorkIsGivenBack(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	all := jobs(1)
	submit(t, q, all, SubmitOptions{})
	for range MostAttempts + 1 {
		ctx, cancel := context.WithCancel(context.Background())
		c := newCrew(t)
		c.do = func(ctx context.Context, _ Task) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		if err := q.Work(ctx, c.options()); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	c := newCrew(t)
	c.work(q)
	if got := fetched(t, q, all[0]); got != "job-0" || c.runs["job-0"] != 1 {
		t.Errorf("report %q", got)
	}
}

// Workers outlive a restart of the server, and nothing that was confirmed is lost.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	q := h.open("one")
	all := jobs(30)
	submit(t, q, all, SubmitOptions{})
	c := newCrew(t)
	var once sync.Once
	c.do = func(_ context.Context, t Task) error {
		if t.Job.Name == "job-10" {
			once.Do(func() {
				h.s.Stop()
				h.start()
			})
		}
		return nil
	}
	c.work(q)
	for _, job := range all {
		if got := fetched(t, q, job); got != job.Name {
			t.Errorf("%s has the report %q", job.Name, got)
		}
	}
}

// Files travel by their digests, are checked, and lie where the job looks for them, whatever they are called.
func TestFilesTravel(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	source := t.TempDir()
	var job batch.Job
	job.Tool, job.Name = tool, "files"
	for i, name := range []string{"a.onnx", "../b/../b.npy", "/c/d.png", `C:\e.bin`} {
		path := filepath.Join(source, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		sum, err := file.Digest(path)
		if err != nil {
			t.Fatal(err)
		}
		job.Files = append(job.Files, batch.File{Name: name, SHA256: sum, Size: int64(len(name))})
	}
	located := func(name string) string {
		i := slices.IndexFunc(job.Files, func(f batch.File) bool { return f.Name == name })
		return filepath.Join(source, fmt.Sprint(i))
	}
	submit(t, q, []batch.Job{job}, SubmitOptions{Locate: located})
	// A file that is not the one that was submitted is in the way, at the worker.
	c := newCrew(t)
	o := c.options()
	o.Data = t.TempDir()
	if err := os.WriteFile(filepath.Join(o.Data, "a.onnx"), []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.do = func(_ context.Context, t Task) error {
		for _, f := range job.Files {
			if text, err := os.ReadFile(t.Locate(f.Name)); err != nil || string(text) != f.Name {
				return fmt.Errorf("%s holds %q (%w)", f.Name, text, err)
			}
		}
		return nil
	}
	if err := q.Work(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if got := fetched(t, q, job); got != "files" {
		t.Errorf("report %q", got)
	}

	// Without files in the queue, they are taken from --data alone.
	job.Name, job.Flags = "data", map[string][]string{"seed": {"1"}}
	submit(t, q, []batch.Job{job}, SubmitOptions{})
	if got := fetchedAfter(t, q, c, job); got != "data" {
		t.Errorf("report %q", got)
	}
	missing := batch.Job{Name: "missing", Tool: tool, Files: []batch.File{{Name: "x", SHA256: strings.Repeat("0", 64)}}}
	submit(t, q, []batch.Job{missing}, SubmitOptions{})
	c.work(q)
	var failure *Failure
	if _, err := q.Fetch(context.Background(), missing, t.TempDir()); !errors.As(err, &failure) || !strings.HasPrefix(failure.Reason, "x: the queue does not have it") {
		t.Errorf("failure %+v (%v)", failure, err)
	}
}

func fetchedAfter(t *testing.T, q *Queue, c *crew, job batch.Job) string {
	t.Helper()
	c.work(q)
	return fetched(t, q, job)
}

// Workers of another version leave jobs alone.
func TestVersionsDoNotMix(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	all := jobs(1)
	submit(t, q, all, SubmitOptions{})
	c := newCrew(t)
	o := c.options()
	o.Tool = "v2"
	if err := q.Work(context.Background(), o); err != nil || len(c.runs) != 0 {
		t.Errorf("done: %v (%v)", c.runs, err)
	}
	if s, err := q.Status(context.Background()); err != nil || s.Queued != 1 {
		t.Errorf("status %+v (%v)", s, err)
	}
}

// What is no job of a submitter is dropped.
func TestForeignMessages(t *testing.T) {
	t.Parallel()
	q := newHost(t).open("one")
	forged := jobs(1)[0]
	text, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range map[string]string{"other": string(text), "noise": "{"} {
		if _, err := q.js.Publish(context.Background(), subject(tool, key), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	c := newCrew(t)
	c.work(q)
	if len(c.runs) != 0 {
		t.Errorf("done: %v", c.runs)
	}
}

func TestWrongToken(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, token := range []string{"", "guess"} {
		if _, err := Open(context.Background(), Options{URL: h.s.URL(), Token: token}); !errors.Is(err, ErrRefused) {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

// A server that is there and does not do what is asked is told of once, and once when it does.
func TestTroubleIsToldOf(t *testing.T) {
	t.Parallel()
	var told []error
	q, err := Open(context.Background(), Options{URL: newHost(t).s.URL(), Token: "secret", Lost: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	full, begun := errors.New("no space"), time.Now()
	err = q.insist(context.Background(), func(context.Context) error {
		if time.Since(begun) < 2*toldAfter {
			return full
		}
		return nil
	})
	if err != nil || !slices.Equal(told, []error{full, nil}) {
		t.Errorf("told %v (%v)", told, err)
	}
}

// An archive writes nothing outside its folder.
func TestArchive(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "grids"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", "grids/a.png"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := pack(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := unpack(strings.NewReader(string(content)), to); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", "grids/a.png"} {
		if text, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(text) != name {
			t.Errorf("%s holds %q (%v)", name, text, err)
		}
	}
	if err := unpack(strings.NewReader(string(content)), to); err == nil {
		t.Error("files were replaced")
	}
}
