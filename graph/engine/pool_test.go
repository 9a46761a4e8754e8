package engine

import (
	"testing"
	"time"
)

// A panic on any thread is one of the caller's, and the engine works on.
func TestRangePanics(t *testing.T) {
	e, err := New[float32](Options{Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		func() {
			defer func() {
				if r := recover(); r != "part" {
					t.Errorf("recovered %v", r)
				}
			}()
			e.Range(6, 1, func(lo, _ int) {
				if lo == 3 {
					panic("part")
				}
			})
		}()
	}
	done := make([]bool, 6)
	e.Range(6, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			done[i] = true
		}
	})
	for i, d := range done {
		if !d {
			t.Errorf("part %d was left out", i)
		}
	}
}

// Every part is taken once, whether the workers sleep when a job comes or look out for it, and a thread's memory is its own.
func TestSpread(t *testing.T) {
	const threads = 4
	e, err := New[float32](Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 300 {
		if round%100 == 0 {
			time.Sleep(5 * patience)
		}
		n, grain := 1+round%37, 1+round%5
		var counts [threads][37]int
		e.Spread(n, grain, func(thread, lo, hi int) {
			if hi-lo > grain && n > grain || lo%grain != 0 {
				t.Errorf("part [%d, %d) of %d by %d", lo, hi, n, grain)
			}
			for i := lo; i < hi; i++ {
				counts[thread][i]++
			}
		})
		for i := range n {
			sum := 0
			for thread := range threads {
				sum += counts[thread][i]
			}
			if sum != 1 {
				t.Fatalf("item %d of %d was visited %d times", i, n, sum)
			}
		}
	}
}
