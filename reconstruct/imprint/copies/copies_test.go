package copies

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

const size = 12

func picture() []float32 {
	rng := rand.New(rand.NewPCG(1, 1))
	out := make([]float32, 3*size*size)
	for i := range out {
		out[i] = rng.Float32()
	}
	return out
}

func TestExactVersions(t *testing.T) {
	p := picture()
	at := func(x []float32, c, i, j int) float32 { return x[c*size*size+i*size+j] }
	shifted := Version{Down: 2, Right: -1}.Of(p, 3, size, size)
	flipped := Version{Flip: true}.Of(p, 3, size, size)
	quarter := Version{Turn: 90}.Of(p, 3, size, size)
	inverted := Version{Invert: true}.Of(p, 3, size, size)
	half := Version{Part: LowerHalf}.Of(p, 3, size, size)
	for c := range 3 {
		for i := 2; i < size; i++ {
			for j := 0; j < size-1; j++ {
				for _, x := range []struct {
					name      string
					got, want float32
				}{
					{"shifted", at(shifted, c, i, j), at(p, c, i-2, j+1)},
					{"flipped", at(flipped, c, i, j), at(p, c, i, size-1-j)},
					{"turned by 90 degrees", at(quarter, c, i, j), at(p, c, size-1-j, i)},
					{"inverted", at(inverted, c, i, j), 1 - at(p, c, i, j)},
				} {
					if math.Abs(float64(x.got-x.want)) > 1e-5 {
						t.Fatalf("%s: pixel %d,%d,%d is %v, want %v", x.name, c, i, j, x.got, x.want)
					}
				}
			}
		}
	}
	for i := range size {
		if want := at(p, 0, i, 3); i >= size/2 && at(half, 0, i, 3) != want || i < size/2 && at(half, 0, i, 3) != 0 {
			t.Errorf("row %d of the lower half is %v", i, at(half, 0, i, 3))
		}
	}
	if got := (Version{}).Of(p, 3, size, size); !slices.Equal(got, p) {
		t.Error("the zero version changes the image")
	}
}

// Every shift, turn and scale that is promised has a version near it, the image itself being one.
func TestCoarseCovers(t *testing.T) {
	all := append(Coarse(false), Version{})
	near := func(distance func(Version) float64) float64 {
		best := math.Inf(1)
		for _, v := range all {
			if !v.Flip && !v.Invert && v.Part == Whole {
				best = min(best, distance(v))
			}
		}
		return best
	}
	for down := -3.0; down <= 3; down++ {
		for right := -3.0; right <= 3; right++ {
			if d := near(func(v Version) float64 {
				return max(math.Abs(v.Down-down), math.Abs(v.Right-right)) + math.Abs(v.Turn) + math.Abs(v.Log)
			}); d > 1 {
				t.Errorf("shift (%g, %g) is %g from the nearest", down, right, d)
			}
		}
	}
	for turn := -20.0; turn <= 20; turn++ {
		if d := near(func(v Version) float64 {
			return math.Abs(v.Turn-turn) + math.Abs(v.Down) + math.Abs(v.Right) + math.Abs(v.Log)
		}); d > 4 {
			t.Errorf("turn %g is %g from the nearest", turn, d)
		}
	}
	for scale := 0.8; scale <= 1.25; scale += 0.05 {
		if d := near(func(v Version) float64 { return math.Abs(v.Log-math.Log(scale)) + math.Abs(v.Down) + math.Abs(v.Turn) }); d > 0.1 {
			t.Errorf("scale %g is %g from the nearest", scale, d)
		}
	}
}

func TestNames(t *testing.T) {
	for _, list := range [][]Version{Coarse(false), Version{}.Finer()} {
		seen := map[string]bool{}
		for _, v := range list {
			name := v.String()
			if seen[name] || name == "as it is" {
				t.Errorf("version %+v is named %q", v, name)
			}
			seen[name] = true
		}
	}
	if got := len(Version{}.Finer()); got != finer {
		t.Errorf("%d finer versions, want %d", got, finer)
	}
	if got, want := (Version{Flip: true, Down: 1, Right: 2}).String(), "flipped, shifted by (1, 2) pixels"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
