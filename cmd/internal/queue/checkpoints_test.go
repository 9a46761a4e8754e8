package queue

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What one worker has of a reconstruction, another one goes on with.
func TestCheckpointsTravel(t *testing.T) {
	t.Parallel()
	ctx, h := context.Background(), newHost(t)
	one, err := newCheckpoints(h.open("one"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const id = "fingerprint"
	one.begin(ctx, id)
	if err := os.WriteFile(filepath.Join(one.recoveries.Folder, id), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if one.send(ctx) {
		t.Error("a reconstruction that has only begun was sent")
	}
	one.begun[id] = time.Now().Add(-worthKeeping)
	if !one.send(ctx) {
		t.Error("a checkpoint was not sent")
	}
	if one.send(ctx) {
		t.Error("a checkpoint was sent twice")
	}
	two, err := newCheckpoints(h.open("two"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	two.begin(ctx, id)
	if text, err := os.ReadFile(filepath.Join(two.recoveries.Folder, id)); err != nil || string(text) != "half" {
		t.Errorf("the other worker has %q (%v)", text, err)
	}
}

// What a killed worker said last does not make a job run that has ended.
func TestStatusOfRunning(t *testing.T) {
	t.Parallel()
	ctx, q := context.Background(), newHost(t).open("one")
	all := jobs(2)
	submit(t, q, all[:1], SubmitOptions{})
	newCrew(t).work(q)
	submit(t, q, all[1:], SubmitOptions{})
	for _, job := range all {
		text, err := json.Marshal(Running{Key: job.Key(), Name: job.Name, Worker: "w", Share: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.running.Put(ctx, job.Key(), text); err != nil {
			t.Fatal(err)
		}
	}
	s, err := q.Status(ctx)
	if err != nil || s.Queued != 0 || s.Done != 1 || len(s.Running) != 1 || s.Running[0].Name != "job-1" || s.Running[0].Share != 0.5 {
		t.Errorf("status %+v (%v)", s, err)
	}
}
