package reconstruct

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"slices"
	"testing"
)

// keptState is a checkpoint of one restart in words.
func keptState(t testing.TB, run [sha256.Size]byte) []byte {
	t.Helper()
	s := &trajectory{Step: 3, Z: []float64{1, 2}, Log: []float64{3}, Gain: []float64{4},
		ByZ: newAdam(2), ByLog: newAdam(1)}
	data, err := encodeCheckpoint(checkpointState[*trajectory]{Run: run, Restarts: map[int]*trajectory{0: s}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// No file that was cut short or altered is gone on from.
func TestDamagedCheckpoints(t *testing.T) {
	run := [sha256.Size]byte{1}
	data := keptState(t, run)
	if _, err := decodeCheckpoint[*trajectory](data, run); err != nil {
		t.Fatal(err)
	}
	for n := range len(data) {
		if _, err := decodeCheckpoint[*trajectory](data[:n], run); !errors.Is(err, ErrCheckpoint) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
		other := slices.Clone(data)
		other[n] ^= 4
		if _, err := decodeCheckpoint[*trajectory](other, run); !errors.Is(err, ErrCheckpoint) {
			t.Fatalf("byte %d altered: %v", n, err)
		}
	}
	if _, err := decodeCheckpoint[*trajectory](data, [sha256.Size]byte{2}); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("another run: %v", err)
	}
}

// A file that was made up, digest and all, holds states with all their parts or is refused.
func TestForgedCheckpoint(t *testing.T) {
	run := [sha256.Size]byte{1}
	for name, s := range map[string]*trajectory{
		"no optimiser":    {Z: []float64{1}},
		"short optimiser": {Z: []float64{1, 2}, ByZ: newAdam(1), ByLog: newAdam(0)},
		"negative steps":  {Step: -1, ByZ: newAdam(0), ByLog: newAdam(0)},
	} {
		data, err := encodeCheckpoint(checkpointState[*trajectory]{Run: run, Restarts: map[int]*trajectory{0: s}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeCheckpoint[*trajectory](data, run); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCheckpoint mutates what lies behind the digest, which mutations of a file would not get past.
func FuzzCheckpoint(f *testing.F) {
	run := [sha256.Size]byte{1}
	whole := keptState(f, run)
	f.Add(whole[len(checkpointMagic)+2*sha256.Size:])
	var empty bytes.Buffer
	if err := gob.NewEncoder(&empty).Encode(checkpointState[*trajectory]{Run: run, Result: &Result{}}); err != nil {
		f.Fatal(err)
	}
	f.Add(empty.Bytes())
	f.Fuzz(func(t *testing.T, state []byte) {
		content := slices.Concat(run[:], state)
		sum := sha256.Sum256(content)
		got, err := decodeCheckpoint[*trajectory](slices.Concat(checkpointMagic, sum[:], content), run)
		if err != nil {
			return
		}
		for _, s := range got.Restarts {
			if s.clone(); len(s.ByZ.First) != len(s.Z) {
				t.Fatal("a state without all its parts")
			}
		}
	})
}
