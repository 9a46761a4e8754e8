package torch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// What PyTorch 1.13 drew, as testdata/pytorch.py wrote it.
func TestInitialiseAsPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/pytorch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name    string
		Seed    uint64
		Layers  []Layer
		Tensors []struct {
			Name   string
			First  []float32
			Last   float32
			SHA256 string
		}
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		var drawn [][]float32
		for _, p := range Initialise(c.Seed, c.Layers) {
			drawn = append(drawn, p.Weight)
			if p.Bias != nil {
				drawn = append(drawn, p.Bias)
			}
		}
		at := 0
		for _, want := range c.Tensors {
			if want.Name == "1.weight" || want.Name == "1.bias" { // of a BatchNorm2d, which draws nothing
				continue
			}
			got := drawn[at]
			at++
			var raw bytes.Buffer
			if err := binary.Write(&raw, binary.LittleEndian, got); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(raw.Bytes())
			if hex.EncodeToString(sum[:]) != want.SHA256 {
				t.Errorf("%s, %s: begins with %v and ends with %v; PyTorch's with %v and %v", c.Name, want.Name, got[:min(3, len(got))], got[len(got)-1], want.First, want.Last)
			}
		}
		if at != len(drawn) || at == 0 {
			t.Errorf("%s: %d tensors for %d of PyTorch's", c.Name, len(drawn), at)
		}
	}
}
