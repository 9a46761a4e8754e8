package reconstruct

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"unlearnguard/onnxio/file"
)

// checkpointEvery is how much work a crash may cost.
const checkpointEvery = 10 * time.Second

// checkpointed is the state of one restart.
type checkpointed[S any] interface {
	clone() S
	steps() int // done
	// whole says whether a state that was read has all its parts.
	whole() bool
}

// checkpoint keeps the states S of all restarts in a file, so that an interrupted or killed run goes on from there and ends
// with the same bytes. A nil checkpoint keeps nothing.
type checkpoint[S checkpointed[S]] struct {
	path string

	mu    sync.Mutex
	state checkpointState[S]
	due   map[int]time.Time // when each restart was last kept
}

type checkpointState[S any] struct {
	// Run identifies the problem and the options: the SHA-256 of everything the result depends on.
	Run      [sha256.Size]byte
	Restarts map[int]S
	// Result is that of a run that came to its end, in place of Restarts.
	Result *Result
}

// errOtherSize is for a file that was made up: one of this run has states of its sizes.
var errOtherSize = fmt.Errorf("%w (its states are of another size); delete it or start without resuming", ErrCheckpoint)

// ErrCheckpoint is wrapped by the error for a checkpoint that cannot be gone on from.
var ErrCheckpoint = errors.New("not the checkpoint of this run")

// openCheckpoint returns the checkpoint of a run, with what its file holds if the run is to be resumed. An empty path
// gives none.
func openCheckpoint[S checkpointed[S]](path string, resume bool, run [sha256.Size]byte) (*checkpoint[S], error) {
	if path == "" {
		return nil, nil
	}
	c := &checkpoint[S]{path: path, due: map[int]time.Time{}, state: checkpointState[S]{Run: run, Restarts: map[int]S{}}}
	if !resume {
		return c, nil
	}
	data, err := file.Read(path, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil // interrupted before the first was written
	}
	if err != nil {
		return nil, err
	}
	if c.state, err = decodeCheckpoint[S](data, run); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it or start without resuming", path, err)
	}
	return c, nil
}

// maxCheckpoint bounds the length of the file: 64 restarts of a thousand candidates in a span of a thousand directions.
const maxCheckpoint = 4 << 30

// A file begins with these two: whatever was damaged in it is found before gob, which trusts the sizes that it reads, sees it.
var checkpointMagic = []byte("unlearnguard checkpoint 2\n")

// encodeCheckpoint is what a file holds: the magic words, the SHA-256 of the rest, the run's fingerprint, and the state in gob.
func encodeCheckpoint[S any](state checkpointState[S]) ([]byte, error) {
	content := bytes.NewBuffer(slices.Clone(state.Run[:]))
	if err := gob.NewEncoder(content).Encode(state); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content.Bytes())
	return slices.Concat(checkpointMagic, sum[:], content.Bytes()), nil
}

func decodeCheckpoint[S checkpointed[S]](data []byte, run [sha256.Size]byte) (state checkpointState[S], err error) {
	rest, ok := bytes.CutPrefix(data, checkpointMagic)
	if !ok || len(rest) < 2*sha256.Size {
		return state, fmt.Errorf("%w (it is no checkpoint of this version of the tool)", ErrCheckpoint)
	}
	sum, content := rest[:sha256.Size], rest[sha256.Size:]
	if got := sha256.Sum256(content); !bytes.Equal(sum, got[:]) {
		return state, fmt.Errorf("%w (it was damaged)", ErrCheckpoint)
	}
	if !bytes.HasPrefix(content, run[:]) {
		return state, fmt.Errorf("%w: the model or the options have changed", ErrCheckpoint)
	}
	if err := gob.NewDecoder(bytes.NewReader(content[sha256.Size:])).Decode(&state); err != nil {
		return state, fmt.Errorf("%w (it cannot be read: %v)", ErrCheckpoint, err)
	}
	for _, s := range state.Restarts {
		if !s.whole() {
			return state, fmt.Errorf("%w (a part of a restart is missing)", ErrCheckpoint)
		}
	}
	return state, nil
}

// fingerprint covers everything that the states depend on: the problem, and those options. (Not by gob, whose numbers for
// types depend on what else the process encoded before.)
func fingerprint(p *Problem, options ...any) [sha256.Size]byte {
	h := sha256.New()
	numbers := func(v []float64) { // a hash takes everything, and numbers can be written: there is no error
		_ = binary.Write(h, binary.LittleEndian, int64(len(v)))
		_ = binary.Write(h, binary.LittleEndian, v)
	}
	net := p.chain()
	for _, l := range net.Layers {
		rows, _ := l.W.Dims()
		for i := range rows {
			numbers(l.W.RawRowView(i))
		}
		numbers(l.B)
		if l.Patches != nil || l.Maxima != nil {
			fmt.Fprintf(h, "%+v %+v", l.Patches, l.Maxima)
		}
	}
	s := p.space()
	numbers([]float64{net.Slope})
	numbers(s.mean)
	numbers(s.std)
	fmt.Fprintf(h, "%+v", options)
	return [sha256.Size]byte(h.Sum(nil))
}

// Fingerprint identifies a reconstruction: two of one fingerprint have the same result on machines of one kind, and may share
// a checkpoint.
func Fingerprint(p Problem, o Options) string {
	return fmt.Sprintf("%x", fingerprint(&p, o.Seed, o.Restarts, o.Steps, o.Float64, o.Kernel))
}

// restart returns the state that restart k had, if it had one.
func (c *checkpoint[S]) restart(k int) (state S, ok bool) {
	if c == nil {
		return state, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if state, ok = c.state.Restarts[k]; ok {
		state = state.clone()
	}
	return state, ok
}

// steps counts those already done.
func (c *checkpoint[S]) steps() int {
	if c == nil {
		return 0
	}
	n := 0
	for _, t := range c.state.Restarts {
		n += t.steps()
	}
	return n
}

// keep takes a copy of a restart's state when one is due or the restart is at its end.
func (c *checkpoint[S]) keep(k int, state S, end bool) {
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
	c.state.Restarts[k] = state.clone()
	_ = c.write() // a failure is reported when the run is interrupted, the one time that it matters
}

// flush writes the file.
func (c *checkpoint[S]) flush() error {
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

// finish keeps the result of a run in place of the states.
func (c *checkpoint[S]) finish(r *Result) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.state.Restarts)
	c.state.Result = r
	_ = c.write() // the result is in good hands without it
}

// result returns that of a run that came to its end, or nil. It holds what is exported.
func (c *checkpoint[S]) result() *Result {
	if c == nil {
		return nil
	}
	return c.state.Result
}

// write replaces the file in one step, so that a kill leaves the old one or the new one.
func (c *checkpoint[S]) write() error {
	data, err := encodeCheckpoint(c.state)
	if err != nil {
		return err
	}
	return file.Replace(c.path, data, 0o600)
}

func (t *trajectory) steps() int { return t.Step }

func (t *trajectory) whole() bool {
	return t != nil && t.Step >= 0 && t.ByZ.of(len(t.Z)) && t.ByLog.of(len(t.Log))
}

func (a *adam) of(n int) bool { return a != nil && len(a.First) == n && len(a.Second) == n }

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
