package onnxio

import (
	"strings"
	"testing"

	onnx "github.com/owulveryck/onnx-go"
)

// TestCrossCheckSeesDifferences changes what was read after the fact: the second reading must not agree any more.
func TestCrossCheckSeesDifferences(t *testing.T) {
	for name, change := range map[string]func(n *Node){
		"operator":        func(n *Node) { n.Op = "MatMul" },
		"input":           func(n *Node) { n.Inputs[0] = n.Inputs[1] },
		"input order":     func(n *Node) { n.Inputs[0], n.Inputs[1] = n.Inputs[1], n.Inputs[0] },
		"lost input":      func(n *Node) { n.Inputs = n.Inputs[:1] },
		"output":          func(n *Node) { n.Outputs[0] = "other" },
		"attribute":       func(n *Node) { n.Attributes[0].Int = 0 },
		"attribute name":  func(n *Node) { n.Attributes[0].Name = "transA" },
		"attribute kind":  func(n *Node) { n.Attributes[0].Kind = KindFloat },
		"lost attribute":  func(n *Node) { n.Attributes = nil },
		"another of them": func(n *Node) { n.Attributes = append(n.Attributes, Attribute{Name: "a", Kind: KindInts}) },
	} {
		m, err := Decode(t.Context(), sample(flaw{}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := m.canonical()
		e, err := encodeModel(c)
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		for _, p := range e.parts {
			data = append(data, p.bytes...)
		}
		r := &recorder{}
		if err := onnx.NewModel(r).UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if err := c.Nodes[0].same(&r.nodes[0]); err != nil {
			t.Fatalf("before the change: %v", err)
		}
		change(&c.Nodes[0])
		if c.Nodes[0].same(&r.nodes[0]) == nil {
			t.Errorf("a change of %s goes unseen", name)
		}
	}
}

func TestCrossCheckSeesElements(t *testing.T) {
	w := FloatTensor("W", []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	file, err := w.appendRaw(nil, 0, 6)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.crossCheck(0, 6, file); err != nil {
		t.Fatal(err)
	}
	if err := w.crossCheck(1, 3, file[4:12]); err != nil {
		t.Fatal(err)
	}
	w.Float32s[2] = -3
	if err := w.crossCheck(0, 6, file); err == nil || !strings.Contains(err.Error(), "other elements") {
		t.Errorf("another element: got %v", err)
	}
	w.Float32s[2] = 3
	if err := w.crossCheck(0, 6, file[:20]); err == nil {
		t.Error("too few elements go unseen")
	}
}

// TestOnnxGoPanicIsAnError hands onnx-go data that it panics on.
func TestOnnxGoPanicIsAnError(t *testing.T) {
	w := FloatTensor("W", make([]float32, 6), 2, 3)
	err := w.crossCheck(0, 6, make([]byte, 20)) // shape 2 x 3, five elements
	if err == nil || !strings.Contains(err.Error(), "onnx-go panics") {
		t.Errorf("got %v", err)
	}
}
