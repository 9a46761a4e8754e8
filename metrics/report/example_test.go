package report_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// A decision over one sample, on too few reference images for any other verdict, is written and read again.
func Example() {
	passed := metrics.Check{OK: true}
	in := metrics.Input{
		Before:  metrics.Diagnosis{Scope: passed, Convergence: passed, Integrity: passed},
		After:   metrics.Diagnosis{Scope: passed, Convergence: passed, Integrity: passed},
		Samples: []metrics.Sample{{Source: "digits#17", Role: metrics.Forget, Label: -1}},
		Statistics: []metrics.Statistic{{Name: "ncc", Title: "correlation",
			Before: metrics.Scores{Samples: []float64{0.9}, Null: []float64{0.3, 0.4, 0.5}},
			After:  metrics.Scores{Samples: []float64{0.4}, Null: []float64{0.3, 0.4, 0.5}},
		}},
	}
	decision, err := metrics.Decide(in, metrics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "report")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := report.Write(context.Background(), folder, report.New(in, decision)); err != nil {
		log.Fatal(err)
	}
	r, err := report.Read(filepath.Join(folder, "report.json"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Summary.Verdict, r.Samples[0].Source)
	// Output: inconclusive digits#17
}
