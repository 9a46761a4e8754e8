package audit

import (
	"context"
	"errors"
	"time"
)

// errLate says that something took longer than it may.
var errLate = errors.New("too late")

// deadline is when a part of the time limit has passed, one of so many from now; the zero time for never.
func (r *Request) deadline(parts int) time.Time {
	if r.TimeLimit == 0 {
		return time.Time{}
	}
	return time.Now().Add(r.TimeLimit / time.Duration(parts))
}

// until does something that must end by the deadline, or any time where that is zero. What is interrupted from outside is not
// late.
func until(ctx context.Context, deadline time.Time, do func(context.Context) error) error {
	if deadline.IsZero() {
		return do(ctx)
	}
	if !time.Now().Before(deadline) {
		return errLate
	}
	limited, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	err := do(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return errLate
	}
	return err
}
