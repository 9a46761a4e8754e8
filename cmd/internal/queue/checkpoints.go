package queue

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/onnxio/file"
)

// worthKeeping is how long a reconstruction takes before it is sent to the queue: what takes less is made again sooner.
const worthKeeping = 10 * time.Second

// checkpoints shares reconstructions, finished or not, with the other workers.
type checkpoints struct {
	q          *Queue
	recoveries *batch.Recoveries

	mu sync.Mutex
	// begun has the reconstructions that are being made, sent the time of each file that was sent last.
	begun map[string]time.Time
	sent  map[string]time.Time
}

func newCheckpoints(q *Queue, folder string) (*checkpoints, error) {
	c := &checkpoints{q: q, begun: map[string]time.Time{}, sent: map[string]time.Time{}}
	c.recoveries = &batch.Recoveries{Folder: folder, Begin: c.begin, End: c.end}
	return c, os.MkdirAll(folder, 0o755)
}

// begin brings what another worker left. A file that is damaged is noticed by package reconstruct, and made again.
func (c *checkpoints) begin(ctx context.Context, id string) {
	c.mu.Lock()
	c.begun[id] = time.Now()
	c.mu.Unlock()
	path := filepath.Join(c.recoveries.Folder, id)
	if exists(path) {
		return
	}
	content, err := c.q.checkpoints.GetBytes(ctx, id)
	if err != nil {
		return // there is none, as a rule
	}
	if file.Replace(path, content, 0o644) == nil {
		c.note(id, path)
	}
}

// note remembers that the queue has the file as it is.
func (c *checkpoints) note(id, path string) {
	if info, err := os.Stat(path); err == nil {
		c.mu.Lock()
		c.sent[id] = info.ModTime()
		c.mu.Unlock()
	}
}

// end sends the result, or what there is of it.
func (c *checkpoints) end(ctx context.Context, id string) {
	if ctx.Err() != nil { // interrupted: the last checkpoint is the one to send
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
	}
	c.sendOne(ctx, id)
	c.mu.Lock()
	delete(c.begun, id)
	c.mu.Unlock()
}

// send sends those that are being made and have changed, and reports whether there was one.
func (c *checkpoints) send(ctx context.Context) bool {
	c.mu.Lock()
	var ids []string
	for id := range c.begun {
		ids = append(ids, id)
	}
	c.mu.Unlock()
	any := false
	for _, id := range ids {
		any = c.sendOne(ctx, id) || any
	}
	return any
}

func (c *checkpoints) sendOne(ctx context.Context, id string) bool {
	path := filepath.Join(c.recoveries.Folder, id)
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	c.mu.Lock()
	skip := time.Since(c.begun[id]) < worthKeeping || c.sent[id].Equal(info.ModTime())
	c.mu.Unlock()
	if skip {
		return false
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	_, err = c.q.checkpoints.PutBytes(ctx, id, content)
	if errors.Is(err, jetstream.ErrObjectAlreadyExists) {
		err = nil
	}
	if err != nil {
		return false
	}
	c.mu.Lock()
	c.sent[id] = info.ModTime()
	c.mu.Unlock()
	return true
}
