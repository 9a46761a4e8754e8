package audit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
)

func TestUntil(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if err := until(context.Background(), time.Now().Add(20*time.Millisecond), wait); !errors.Is(err, errLate) {
		t.Errorf("what takes too long is %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := until(ctx, time.Now().Add(time.Hour), wait); !errors.Is(err, context.Canceled) {
		t.Errorf("what is interrupted is %v", err)
	}
	other := errors.New("other")
	if err := until(context.Background(), time.Now().Add(time.Hour), func(context.Context) error { return other }); err != other {
		t.Errorf("what fails by itself is %v", err)
	}
	if err := until(context.Background(), time.Time{}, func(ctx context.Context) error {
		if _, limited := ctx.Deadline(); limited {
			t.Error("no limit is one")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// With a time limit that nothing can keep there is still an answer, and it accuses and absolves nobody.
func TestNoTimeAtAll(t *testing.T) {
	set, reference := digits.Draw(12, 1), digits.Draw(60, 2)
	net, norm := trained(t, set, 1)
	before := opened(t, net)
	other, _ := trained(t, set, 2)
	after := opened(t, other)
	for name, null := range map[string]*images.Set{"with references": reference, "without": nil} {
		r := ask(t, before, after, norm, set, null)
		r.TimeLimit = time.Nanosecond
		out, err := Run(context.Background(), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s := out.Decision.Summary; s.Verdict != metrics.Inconclusive || s.Unlearned+s.Retained > 0 || !strings.Contains(s.Reason, "time limit") {
			t.Errorf("%s: %s, %s", name, s.Verdict, s.Reason)
		}
		encoded(t, out.Report(r))
	}
}
