package queue

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue/server"
)

// BenchmarkQueue submits jobs that do nothing and has four workers end them.
func BenchmarkQueue(b *testing.B) {
	s, err := server.Start(server.Options{Store: b.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Stop()
	open := func() *Queue {
		q, err := Open(context.Background(), Options{URL: s.URL()})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(q.Close)
		return q
	}
	var all []batch.Job
	for i := range b.N {
		all = append(all, batch.Job{Name: fmt.Sprint(i), Tool: tool, Flags: map[string][]string{"seed": {fmt.Sprint(i)}}})
	}
	b.ResetTimer()
	if _, err := open().Submit(context.Background(), all, SubmitOptions{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submitted/s")
	var workers sync.WaitGroup
	for range 4 {
		o := WorkOptions{Tool: tool, Folder: b.TempDir(), Cache: b.TempDir(), UntilEmpty: true, Jobs: 4,
			Code: func(error) int { return 1 }, Final: func(error) bool { return true },
			Do: func(context.Context, Task) (batch.Verdict, error) { return batch.Verdict{Verdict: "unlearned"}, nil }}
		workers.Go(func() {
			if err := open().Work(context.Background(), o); err != nil {
				b.Error(err)
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
