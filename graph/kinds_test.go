package graph

import (
	"context"
	"strings"
	"testing"

	"unlearnguard/graph/internal/modeltest"
)

// What files of many exporters do with the batch, their inputs and their outputs: how each kind is read, and what is said of it.
func TestKindsOfFiles(t *testing.T) {
	for name, c := range modeltest.Kinds() {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, c.Model)
			said := strings.Join(r.Notes, "\n") + r.Unreadable
			for _, f := range r.Unsupported {
				said += "\n" + f.String()
			}
			if !strings.Contains(said, c.Says) {
				t.Errorf("it says %q, want %q", said, c.Says)
			}
			net, err := Compile(c.Model, Options{})
			if c.Batch == modeltest.Refused {
				if err == nil {
					t.Errorf("it is read, with a batch of %v", net.batch)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := fixed(c.Batch)
			if c.Batch == modeltest.AnySize {
				want = Size{PerSample: 1}
			}
			if net.batch != want {
				t.Errorf("batch of %v, want %v", net.batch, want)
			}
			// Three samples, alone and in a batch.
			x := make([]float64, 3*volume(net.InputShape))
			for i := range x {
				x[i] = float64(i*i%7) - 2
			}
			var results [2][]float64
			for i := range results {
				e, err := net.Evaluator(EvaluatorOptions{Batch: 1 + 2*i})
				if err != nil {
					t.Fatal(err)
				}
				if results[i], err = e.Run(context.Background(), x); err != nil {
					t.Fatal(err)
				}
			}
			if !same(results[1], results[0]) {
				t.Errorf("%v in a batch, %v alone", results[1], results[0])
			}
		})
	}
}
