package batch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// Recoveries makes every reconstruction once, however many audits need it, and goes on with those that were interrupted. It
// keeps them as the checkpoints of package reconstruct, which hold the result of a run that came to its end.
type Recoveries struct {
	// Folder holds one file for each, named by [reconstruct.Fingerprint].
	Folder string
	// Begin, if not nil, is called before a reconstruction and may bring its file from elsewhere; End after it, when the file
	// is there.
	Begin func(ctx context.Context, id string)
	End   func(ctx context.Context, id string)

	mu   sync.Mutex
	busy map[string]chan struct{}
}

// Recover is [audit.Recover] for the field of that name of a request.
func (s *Recoveries) Recover(ctx context.Context, m *audit.Model, c, h, w int, norm images.Normalisation, o reconstruct.Options) (*reconstruct.Result, error) {
	p, err := m.Problem(c, h, w, norm)
	if err != nil {
		return nil, err
	}
	id := reconstruct.Fingerprint(p, o)
	leave, err := s.enter(ctx, id)
	if err != nil {
		return nil, err
	}
	defer leave()
	if s.Begin != nil {
		s.Begin(ctx, id)
	}
	if s.End != nil {
		defer s.End(ctx, id)
	}
	o.Checkpoint, o.Resume = filepath.Join(s.Folder, id), true
	found, err := audit.Recover(ctx, m, c, h, w, norm, o)
	if errors.Is(err, reconstruct.ErrCheckpoint) {
		// The file is named by what it is of, so it is damaged.
		if err := os.Remove(o.Checkpoint); err != nil {
			return nil, err
		}
		found, err = audit.Recover(ctx, m, c, h, w, norm, o)
	}
	return found, err
}

// enter waits until nobody else works on the reconstruction.
func (s *Recoveries) enter(ctx context.Context, id string) (leave func(), err error) {
	for {
		s.mu.Lock()
		other := s.busy[id]
		if other == nil {
			if s.busy == nil {
				s.busy = map[string]chan struct{}{}
			}
			mine := make(chan struct{})
			s.busy[id] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.busy, id)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
