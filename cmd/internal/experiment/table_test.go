package experiment

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Means are over the networks that have a number, and what is no number is left out in every form.
func TestTables(t *testing.T) {
	none := math.NaN()
	l := &ledger{subjects: []string{"model", "samples"}, measures: []string{"SSIM", "ASR"}, networks: [][]line{
		{{[]string{"before", "a, b"}, []float64{0.25, none}}, {[]string{"after", "c"}, []float64{1, none}}},
		{{[]string{"before", "a, b"}, []float64{0.75, 1.0 / 3}}, {[]string{"after", "c"}, []float64{0, none}}},
	}}
	means, all := l.means(), l.all()
	for _, c := range []struct {
		of    *Table
		write func(*Table, *strings.Builder) error
		want  string
	}{
		{&means, func(t *Table, w *strings.Builder) error { return t.WriteText(w) }, `model   samples  SSIM  ASR
before  a, b     0.50  0.33
after   c        0.50  
`},
		{&all, func(t *Table, w *strings.Builder) error { return t.WriteCSV(w) }, `network,model,samples,SSIM,ASR
0,before,"a, b",0.25,
0,after,c,1,
1,before,"a, b",0.75,0.3333333333333333
1,after,c,0,
`},
	} {
		var got strings.Builder
		if err := c.write(c.of, &got); err != nil || got.String() != c.want {
			t.Errorf("%v\n%swant\n%s", err, &got, c.want)
		}
	}
}

func TestNamesOfBarsAreBroken(t *testing.T) {
	got := level(wrapped([]string{"before", "phase 1, above 95 % of never trained", "retrained, fine-tuned"}))
	want := []string{"before\n \n \n ", "phase 1,\nabove 95 %\nof never\ntrained", "retrained,\nfine-tuned\n \n "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A backdoor is told from none by more than chance: at a level of 0.05, over 400 images, from 10 % on some 14 %.
func TestDistinguished(t *testing.T) {
	for _, c := range []struct {
		with, without float64
		queries       int
		want          bool
	}{{0.13, 0.1, 400, false}, {0.14, 0.1, 400, true}, {0.14, 0.1, 40, false}, {0.1, 0.9, 400, false}, {1, 0, 3, true}, {0, 0, 400, false}} {
		if got := distinguished(c.with, c.without, c.queries); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
}
