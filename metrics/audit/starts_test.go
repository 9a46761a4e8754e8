package audit

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/start"
)

// A start that was regenerated decides both ways; one that a party supplies shows what is there and supports nothing else, and
// one that holds the samples itself, committed to or not, hides them from nobody.
func TestStarts(t *testing.T) {
	ctx := context.Background()
	all, reference := digits.Draw(40, 1), digits.Draw(80, 2)
	forget, keep := all.Range(0, 8), all.Range(8, 40)
	dir := t.TempDir()
	fit := func(name string, seed uint64, on *images.Set) (model, first *Model) {
		t.Helper()
		m, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{80}, Seed: seed, Torch: true})
		if err != nil {
			t.Fatal(err)
		}
		first = written(t, filepath.Join(dir, name+".start.onnx"), m)
		m, _, err = fixtures.Fit(ctx, m, on.Pixels, on.Labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 20})
		if err != nil {
			t.Fatal(err)
		}
		return written(t, filepath.Join(dir, name+".onnx"), m), first
	}
	before, first := fit("before", 1, all)
	after, afterFirst := fit("after", 2, keep)
	seeded := func(m *Model, seed uint64) []*Start {
		s, err := StartFromSeed(ctx, m, m.Path, seed, start.Torch)
		if err != nil {
			t.Fatal(err)
		}
		return []*Start{s}
	}
	supplied := func(m, from *Model, committed string) []*Start {
		s, err := StartFromFile(ctx, m, from.Path, from.Path, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Committed = committed
		return []*Start{s}
	}
	for _, c := range []struct {
		name          string
		after         *Model
		before, since []*Start
		want          metrics.Verdict
		trusted       bool
	}{
		{"honest, from seeds", after, seeded(before, 1), seeded(after, 2), metrics.Unlearned, true},
		{"kept, from a seed", before, seeded(before, 1), seeded(before, 1), metrics.Retained, true},
		{"kept, supplied", before, supplied(before, first, ""), supplied(before, first, ""), metrics.Retained, false},
		{"honest, committed to", after, supplied(before, first, "signed"), supplied(after, afterFirst, "signed"), metrics.Unlearned, true},
		{"a trained model committed to as a start", before, seeded(before, 1), supplied(before, after, "signed"), metrics.Retained, false},
	} {
		r := &Request{Before: before, After: c.after, Reference: reference, StartsBefore: c.before, StartsAfter: c.since,
			Reconstruct: reconstruct.Options{Restarts: 1}}
		if err := r.Add(forget, metrics.Forget); err != nil {
			t.Fatal(err)
		}
		if err := r.Add(keep, metrics.Retain); err != nil {
			t.Fatal(err)
		}
		out, err := Run(ctx, r)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		s := out.Decision.Summary
		if s.Verdict != c.want {
			t.Errorf("%s: %s; %s", c.name, s.Verdict, s.Reason)
		}
		rep := out.Report(r)
		if got := rep.Models.After.Starts; got == nil || got.Trusted != c.trusted || got.Standing == "" {
			t.Errorf("%s: the report says of the starts %+v", c.name, got)
		}
		if p := rep.Pictures[0]; len(p.SpanBefore.Pix) != digits.Side*digits.Side || apart(p.Original, p.SpanBefore) > 0.01 {
			t.Errorf("%s: of a training sample %.3f lies outside the span that is drawn", c.name, apart(p.Original, p.SpanBefore))
		}
		again, err := Decide(rep, rep.Decision.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		if again.Summary.Verdict != s.Verdict {
			t.Errorf("%s: decided again from the report: %s", c.name, again.Summary.Verdict)
		}
	}
}

// apart is the largest difference of two images.
func apart(a, b metrics.Image) float64 {
	most := 0.0
	for i, v := range a.Pix {
		most = max(most, math.Abs(v-b.Pix[i]))
	}
	return most
}

func written(t *testing.T, path string, m *onnxio.Model) *Model {
	t.Helper()
	if err := onnxio.WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
	out, err := Import(context.Background(), path, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
