package graph

import (
	"fmt"
	"strings"

	"unlearnguard/onnxio"
)

// Finding is one node that stands in the way, and what to do about it.
type Finding struct {
	// Node is the node's name, or the name of its first output where it has none.
	Node string `json:"node"`
	// Op is the ONNX operator, with its domain unless that is the standard one.
	Op string `json:"op"`
	// Reason says what is wrong, Advice what whoever exports or trains the model can do.
	Reason string `json:"reason"`
	Advice string `json:"advice,omitempty"`
}

// String writes the finding on one line.
func (f Finding) String() string {
	text := fmt.Sprintf("node %q (%s): %s", f.Node, f.Op, f.Reason)
	if f.Advice != "" {
		text += "; " + f.Advice
	}
	return text
}

// UnsupportedError lists every node of a model that cannot be read.
type UnsupportedError struct {
	// Path names the file; it is empty for a model that was decoded from memory.
	Path     string
	Findings []Finding
}

// Error gives the findings, one a line.
func (e *UnsupportedError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	prefix := ""
	if e.Path != "" {
		prefix = e.Path + ": "
	}
	return prefix + strings.Join(lines, "\n")
}

// refusal is why one node cannot be lowered; the compiler adds the node.
type refusal struct {
	reason, advice string
	// mixes says that the node joins the samples of a batch of any size.
	mixes bool
}

func (r *refusal) Error() string { return r.reason }

func refuse(advice, format string, args ...any) error {
	return &refusal{reason: fmt.Sprintf(format, args...), advice: advice}
}

// at says which node an error is about.
func at(n *onnxio.Node, format string, args ...any) error {
	return fmt.Errorf("node %q (%s): %w", nodeName(n), operatorName(n), fmt.Errorf(format, args...))
}
