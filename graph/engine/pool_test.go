package engine

import "testing"

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
