package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// MostAttempts is how often a job is begun before it counts as failed.
const MostAttempts = 3

// attempt is what is known of the attempts at a job.
type attempt struct {
	// N counts those that came to nothing, and the present one.
	N int `json:"n"`
	// ID and Worker are of the last one.
	ID     string `json:"id"`
	Worker string `json:"worker"`
	// Reason is why the last one came to nothing, empty where it did not say.
	Reason string `json:"reason,omitempty"`

	key      string
	revision uint64
}

// errTaken says that another worker has begun the job since.
var errTaken = errors.New("another worker has begun it")

// begin counts one more attempt. It returns the one before where there were too many. Most jobs are begun once, so that the first
// try takes it that there is no record.
func (q *Queue) begin(ctx context.Context, key string) (a attempt, tooMany bool, err error) {
	id, first := rand.Text(), true
	err = q.insist(ctx, func(ctx context.Context) error {
		if first {
			first = false
			a = attempt{key: key}
			if err := q.again(ctx, &a, id); !errors.Is(err, errTaken) {
				return err
			}
		}
		var err error
		if a, err = q.record(ctx, key); err != nil {
			return err
		}
		switch {
		case a.ID == id: // stored by a try whose confirmation was lost
			return nil
		case a.N >= MostAttempts:
			tooMany = true
			return nil
		}
		return q.again(ctx, &a, id)
	})
	return a, tooMany, err
}

// record reads the attempts on record, none where there are none.
func (q *Queue) record(ctx context.Context, key string) (attempt, error) {
	a := attempt{key: key}
	entry, err := q.attempts.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	a.revision = entry.Revision()
	err = json.Unmarshal(entry.Value(), &a)
	return a, err
}

// again stores one more attempt than a.
func (q *Queue) again(ctx context.Context, a *attempt, id string) error {
	a.N, a.ID, a.Worker, a.Reason = a.N+1, id, q.name, ""
	return q.store(ctx, a)
}

// store replaces the attempts on record, or fails with errTaken where they are not those that a was made of.
func (q *Queue) store(ctx context.Context, a *attempt) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	var revision uint64
	if a.revision == 0 {
		revision, err = q.attempts.Create(ctx, a.key, text)
	} else {
		revision, err = q.attempts.Update(ctx, a.key, text, a.revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) {
		return errTaken
	}
	if err == nil {
		a.revision = revision
	}
	return err
}

// amend changes the attempt on record while it is still the last one.
func (q *Queue) amend(ctx context.Context, a *attempt, change func(*attempt)) error {
	change(a)
	err := q.insist(ctx, func(ctx context.Context) error { return q.store(ctx, a) })
	if errors.Is(err, errTaken) {
		return nil // the record is somebody else's now
	}
	return err
}

// reason words why a job is given up.
func (a attempt) reason() string {
	if a.Reason == "" {
		return fmt.Sprintf("begun %d times and never brought to an end; the last worker, %s, ended without a word", a.N, a.Worker)
	}
	return fmt.Sprintf("%s (tried %d times)", a.Reason, a.N)
}
