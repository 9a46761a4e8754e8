// Gen writes the kernels of package engine: Go assembly for AVX-512 and for AVX2 with FMA, in float32 and float64, and the
// Go declarations that go with it. For arm64 it writes the matrix kernel, in neon.go.
//
//	go run ./internal/gen [folder]
//
// One description of each kernel serves the four variants for amd64: an [isa] knows what its registers are called and how it
// loads part of a vector, an [elem] knows the instructions of its precision. The matrix kernel is in gemm.go, packing
// in pack.go, the elementwise kernels in maps.go and their exponential in exp.go, Winograd's transforms in winograd.go, and
// pooling in squares.go.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	folder := "."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	for name, text := range files() {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// files are the generated files by name.
func files() map[string][]byte {
	a := newAssembly()
	for _, e := range elems {
		for _, i := range isas {
			t := target{isa: i, elem: e, assembly: a}
			t.gemm()
			t.maps()
			t.pack()
			t.winograd()
			t.squares()
		}
	}
	text, declarations := neon()
	return map[string][]byte{
		"kernels_amd64.s": a.text(), "kernels_amd64.go": a.declarations(),
		"kernels_arm64.s": text, "kernels_arm64.go": declarations,
	}
}
