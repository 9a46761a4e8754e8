package reconstruct

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// checkpointEvery is how much work a crash may cost.
const checkpointEvery = 10 * time.Second

// checkpoint keeps the state of all restarts in a file, so that an interrupted or killed run goes on from there and ends
// with the same bytes. A nil checkpoint keeps nothing.
type checkpoint struct {
	path string

	mu    sync.Mutex
	state checkpointState
	due   map[int]time.Time // when each restart was last kept
}

type checkpointState struct {
	// Run identifies the problem and the options: the SHA-256 of everything the result depends on.
	Run      [sha256.Size]byte
	Restarts map[int]*trajectory
}

// ErrCheckpoint is wrapped by the error for a checkpoint that cannot be gone on from.
var ErrCheckpoint = errors.New("not the checkpoint of this run")

// openCheckpoint returns the checkpoint of a run, with what its file holds if the run is to be resumed.
func openCheckpoint(d *descent, o Options) (*checkpoint, error) {
	if o.Checkpoint == "" {
		return nil, nil
	}
	c := &checkpoint{path: o.Checkpoint, due: map[int]time.Time{},
		state: checkpointState{Run: fingerprint(d, o), Restarts: map[int]*trajectory{}}}
	if !o.Resume {
		return c, nil
	}
	data, err := os.ReadFile(o.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil // interrupted before the first was written
	}
	if err != nil {
		return nil, err
	}
	var state checkpointState
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&state); err != nil {
		return nil, fmt.Errorf("%s: %w (it cannot be read: %v); delete it or start without resuming", o.Checkpoint, ErrCheckpoint, err)
	}
	if state.Run != c.state.Run {
		return nil, fmt.Errorf("%s: %w: the model or the options have changed; delete it or start without resuming", o.Checkpoint, ErrCheckpoint)
	}
	c.state = state
	return c, nil
}

// fingerprint covers everything that the trajectories depend on.
func fingerprint(d *descent, o Options) [sha256.Size]byte {
	h := sha256.New()
	e := gob.NewEncoder(h)
	// Encoding these cannot fail: they are numbers, and a hash takes everything.
	for _, l := range d.problem.Net.Layers {
		rows, cols := l.W.Dims()
		_ = e.Encode([]int{rows, cols})
		for i := range rows {
			_ = e.Encode(l.W.RawRowView(i))
		}
		_ = e.Encode(l.B)
	}
	_ = e.Encode(d.problem.Net.Slope)
	_ = e.Encode(d.space.mean)
	_ = e.Encode(d.space.std)
	_ = e.Encode([]uint64{o.Seed, uint64(o.Restarts), uint64(o.Steps)})
	_ = e.Encode(o.Float64)
	_ = e.Encode(o.Kernel)
	return [sha256.Size]byte(h.Sum(nil))
}

// restart returns the state that restart k had, or nil.
func (c *checkpoint) restart(k int) *trajectory {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.state.Restarts[k]; t != nil {
		return t.clone()
	}
	return nil
}

// steps counts those already done.
func (c *checkpoint) steps() int {
	if c == nil {
		return 0
	}
	n := 0
	for _, t := range c.state.Restarts {
		n += t.Step
	}
	return n
}

// keep takes a copy of a restart's state when one is due or the restart is at its end.
func (c *checkpoint) keep(k int, t *trajectory, end bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	due := time.Since(c.due[k]) >= checkpointEvery
	if !due && !end {
		return
	}
	c.due[k] = time.Now()
	c.state.Restarts[k] = t.clone()
	_ = c.write() // a failure is reported when the run is interrupted, the one time that it matters
}

// flush writes the file.
func (c *checkpoint) flush() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.write(); err != nil {
		return fmt.Errorf("the checkpoint was not written: %w", err)
	}
	return nil
}

// remove deletes the file after a run that came to its end.
func (c *checkpoint) remove() error {
	if c == nil {
		return nil
	}
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// write replaces the file in one step, so that a kill leaves the old one or the new one.
func (c *checkpoint) write() error {
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(c.state); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".checkpoint-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data.Bytes())
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func (t *trajectory) clone() *trajectory {
	c := *t
	for _, v := range []*[]float64{&c.Z, &c.Log, &c.Gain} {
		*v = append([]float64(nil), *v...)
	}
	for _, a := range []**adam{&c.ByZ, &c.ByLog} {
		*a = &adam{First: append([]float64(nil), (*a).First...), Second: append([]float64(nil), (*a).Second...), Step: (*a).Step}
	}
	return &c
}
