package imprint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

func TestZZ(t *testing.T) {
	files, _ := filepath.Glob(os.Getenv("EV") + "*.onnx")
	for _, f := range files {
		m, err := onnxio.ReadFile(context.Background(), f, onnxio.Options{})
		if err != nil {
			t.Fatal(err)
		}
		net, err := graph.Compile(m, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		read := func(k string) Images {
			x, _, err := images.ReadArray(f[:len(f)-5]+".npz", k+"x")
			if err != nil {
				t.Fatal(err)
			}
			y, _, _ := images.ReadArray(f[:len(f)-5]+".npz", k+"y")
			var im Images
			for _, v := range x {
				im.X = append(im.X, float32(v))
			}
			for _, v := range y {
				im.Labels = append(im.Labels, int(v))
			}
			return im
		}
		M, R, N := read("M"), read("R"), read("N")
		q := Images{append(slices.Clone(M.X), N.X...), append(slices.Clone(M.Labels), N.Labels...)}
		start := time.Now()
		r, err := Examine(context.Background(), net, q, R, Options{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(filepath.Base(f), time.Since(start).Round(time.Millisecond), r.LeftOut)
		n := len(M.Labels)
		show := func(name string, s, ref []float64) {
			null := slices.Clone(s[n:])
			slices.Sort(null)
			th := null[len(null)*99/100]
			hit, auc := 0, 0.0
			for _, v := range s[:n] {
				if v > th {
					hit++
				}
				k, _ := slices.BinarySearch(null, v)
				auc += float64(k) / float64(len(null))
			}
			// p-values of never-trained images against the references
			rs := slices.Clone(ref)
			slices.Sort(rs)
			small, large := 0, 0
			for _, v := range s[n:] {
				k, _ := slices.BinarySearch(rs, v)
				p := float64(len(rs)-k+1) / float64(len(rs)+1)
				if p <= 0.05 {
					small++
				}
				if p <= 0.01 {
					large++
				}
			}
			fmt.Printf("  %-28s TPR1 %.3f AUC %.3f | null p<=.05 %.3f p<=.01 %.3f\n", name, float64(hit)/float64(n), auc/float64(n), float64(small)/float64(len(null)), float64(large)/float64(len(null)))
		}
		for _, s := range r.Scores {
			show(s.Layer+" "+string(s.Kind), s.Queried, s.References)
		}
		show("margin", r.QueriedMargins, r.ReferenceMargins)
	}
}
