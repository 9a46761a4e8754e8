package audit

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"unlearnguard/fixtures/digits"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// A request that was honoured is not called unlearned where the parties describe the images wrongly: reference images of another
// kind or of other classes, controls that were never trained on. With references of another kind nothing is called retained either.
func TestWrongInputsNeverUnlearn(t *testing.T) {
	set, reference := digits.Draw(24, 1), digits.Draw(120, 2)
	net, norm := trained(t, set, 1)
	before := opened(t, net)
	kept := set.Range(2, set.Len())
	other, afterNorm := trained(t, kept, 2)
	after := opened(t, other)
	honest := func() *Request {
		r := ask(t, before, after, norm, set, reference)
		r.NormAfter = afterNorm
		return r
	}
	noise := *reference
	noise.Pixels = make([]float32, len(reference.Pixels))
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range noise.Pixels {
		noise.Pixels[i] = rng.Float32()
	}
	var ones []int
	for i, l := range reference.Labels {
		if l != set.Labels[0] && l != set.Labels[1] {
			ones = append(ones, i)
		}
	}
	strangers := digits.Draw(24, 9)
	for _, c := range []struct {
		name  string
		spoil func(*Request)
		says  string
	}{
		{"as it is", func(*Request) {}, ""},
		{"nothing unlearned, references of another kind", func(r *Request) { r.After, r.NormAfter, r.Reference = before, norm, &noise }, "another kind"},
		{"references of another kind", func(r *Request) { r.Reference = &noise }, "another kind"},
		{"references of other classes", func(r *Request) { r.Reference = reference.Subset(ones) }, "classes that no reference image"},
		{"controls never trained on", func(r *Request) {
			r.Queried, r.Roles = nil, nil
			for _, err := range []error{r.Add(set.Range(0, 2), metrics.Forget), r.Add(strangers, metrics.Retain)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}, ""},
	} {
		r := honest()
		c.spoil(r)
		out, err := Run(context.Background(), r)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		s := out.Decision.Summary
		t.Logf("%s: %s, %d unlearned; %.200s", c.name, s.Verdict, s.Unlearned, s.Reason)
		if c.name != "as it is" && (s.Verdict == metrics.Unlearned || s.Unlearned > 0) ||
			strings.Contains(c.says, "kind") && (s.Verdict == metrics.Retained || s.Retained > 0) {
			t.Errorf("%s: %s", c.name, s.Reason)
		}
		if c.says != "" && !strings.Contains(strings.Join(out.Decision.Troubles, "; "), c.says) {
			t.Errorf("%s: troubles %q", c.name, out.Decision.Troubles)
		}
		if c.says == "" && len(out.Decision.Troubles) > 0 && c.name == "as it is" {
			t.Errorf("%s: troubles %q", c.name, out.Decision.Troubles)
		}
	}
}

// A network that gives most of its controls other classes is fed otherwise than it was trained.
func TestMisfit(t *testing.T) {
	r := &Request{Roles: []metrics.Role{metrics.Forget, metrics.Retain, metrics.Retain, metrics.Retain, metrics.Retain}}
	for _, c := range []struct {
		margins []float64
		fits    bool
	}{{[]float64{-1, 2, 3, -1, 4}, true}, {[]float64{5, -2, 3, -1, 4}, false}} {
		if got := misfit(r, &imprint.Result{QueriedMargins: c.margins}); (got == "") != c.fits {
			t.Errorf("margins %v: %q", c.margins, got)
		}
	}
}
