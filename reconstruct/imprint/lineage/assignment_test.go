package lineage

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// best tries all assignments of rows from i on to the columns that are free.
func best(gains []float64, rows, columns, i int, taken []bool, skips int) float64 {
	if i == rows {
		return 0
	}
	most := math.Inf(-1)
	for j := range columns {
		if !taken[j] {
			taken[j] = true
			most = max(most, gains[i*columns+j]+best(gains, rows, columns, i+1, taken, skips))
			taken[j] = false
		}
	}
	if skips > 0 {
		most = max(most, best(gains, rows, columns, i+1, taken, skips-1))
	}
	return most
}

func TestAssignAgainstAllAssignments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for trial := range 400 {
		rows, columns := 1+rng.IntN(6), 1+rng.IntN(6)
		gains := make([]float64, rows*columns)
		for i := range gains {
			gains[i] = rng.NormFloat64()
			if trial%2 == 0 { // many alike
				gains[i] = float64(rng.IntN(3))
			}
		}
		want := best(gains, rows, columns, 0, make([]bool, columns), max(rows-columns, 0))
		got, count, taken := 0.0, 0, map[int]bool{}
		for i, j := range assign(gains, rows, columns) {
			if j >= 0 {
				got, count = got+gains[i*columns+j], count+1
				taken[j] = true
			}
		}
		if math.Abs(got-want) > 1e-12 || count != min(rows, columns) || len(taken) != count {
			t.Fatalf("%d x %d: the sum of %d gains is %v, the best %v", rows, columns, count, got, want)
		}
	}
}

// A matrix of 600 x 800 without structure, the hardest of its kind, is a matter of a fraction of a second.
func TestAssignIsFast(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	gains := make([]float64, 600*800)
	for i := range gains {
		gains[i] = rng.NormFloat64()
	}
	start := time.Now()
	assign(gains, 600, 800)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func BenchmarkAssign2000(b *testing.B) {
	rng := rand.New(rand.NewPCG(2, 1))
	gains := make([]float64, 2000*2000)
	for i := range gains {
		gains[i] = rng.NormFloat64()
	}
	for b.Loop() {
		assign(gains, 2000, 2000)
	}
}
