package graph

import (
	"testing"

	"unlearnguard/graph/internal/modeltest"
)

var (
	model       = modeltest.Model
	node        = modeltest.Node
	floats      = modeltest.Floats
	ints        = modeltest.Ints
	in          = modeltest.In
	intAttr     = modeltest.IntAttr
	floatAttr   = modeltest.FloatAttr
	intsAttr    = modeltest.IntsAttr
	staticBatch = modeltest.StaticBatch
	corpus      = modeltest.Corpus
	arrays      = modeltest.Arrays
	scaledError = modeltest.ScaledError
)

// recorded is a case of an archive in testdata, read.
type recorded struct {
	name string
	net  *Network
	x, y []float64
}

func readRecorded(t *testing.T, path string) []recorded {
	t.Helper()
	var cases []recorded
	for _, c := range modeltest.ReadRecorded(t, path) {
		net, err := Compile(c.Model, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		cases = append(cases, recorded{c.Name, net, c.X, c.Y})
	}
	return cases
}
