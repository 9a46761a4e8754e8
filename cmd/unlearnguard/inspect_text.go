package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"unlearnguard/graph"
)

// writeInspection writes an inspection for people.
func writeInspection(w io.Writer, r inspection) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	writeFileFacts(t, r.File)
	printf(t, "parameters\t%d\n", r.Parameters)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nnode\toperator\toutput\tparameters")
	for _, n := range r.Nodes {
		printf(t, "%s\t%s\t%s\t%d\n", n.Name, n.Op, n.Shape, n.Parameters)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	writeFindings(w, "unsupported", r.Unsupported)
	writeHomogeneity(w, r.Homogeneity)
	for _, n := range r.Notes {
		printf(w, "note: %s\n", n)
	}
	applicable := "not applicable"
	if r.Applicability.Applicable {
		applicable = "applicable"
	}
	_, err := printf(w, "\nreconstruction: %s: %s\n", applicable, r.Applicability.Reason)
	for _, k := range r.Evidence {
		if k.Kind != "reconstruction" && err == nil {
			_, err = printf(w, "%s: %s: %s\n", k.Kind, availability(k), k.Reason)
		}
	}
	if c := r.Check; c != nil {
		_, err = printf(w, "check: %d samples, largest absolute error %.3g, relative %.3g\n", c.Samples, c.MaxAbsError, c.MaxRelError)
		for _, name := range slices.Sorted(maps.Keys(c.Gradients)) {
			_, err = printf(w, "gradient by %s: largest absolute error %.3g, scaled %.3g\n", name, c.Gradients[name].MaxAbsError, c.Gradients[name].MaxScaledError)
		}
	}
	return err
}

func writeFileFacts(w io.Writer, f graph.FileReport) {
	printf(w, "file\t%s\nsize\t%d bytes\nsha256\t%s\n", f.Path, f.Size, f.SHA256)
	printf(w, "producer\t%s\nir version\t%d\n", strings.TrimSpace(f.Producer+" "+f.ProducerVersion), f.IRVersion)
	var opsets []string
	for _, o := range f.Opsets {
		opsets = append(opsets, strings.TrimSpace(fmt.Sprintf("%s %d", o.Domain, o.Version)))
	}
	printf(w, "opsets\t%s\n", strings.Join(opsets, ", "))
	for _, v := range f.Inputs {
		printf(w, "input\t%s\n", v)
	}
	for _, v := range f.Outputs {
		printf(w, "output\t%s\n", v)
	}
	for _, e := range f.External {
		printf(w, "weights in\t%s\n", e.Location)
	}
	for _, s := range f.Ignored {
		printf(w, "ignored\t%s\n", s)
	}
}

func writeHomogeneity(w io.Writer, h *graph.HomogeneityReport) {
	if h == nil {
		return
	}
	printf(w, "\nhomogeneity: %s", h.Verdict)
	if h.Verdict != graph.NotHomogeneous {
		printf(w, " of degree %g", h.Degree)
	}
	if h.Deviation != nil {
		printf(w, " (measured deviation %.1e)", *h.Deviation)
	}
	fmt.Fprintln(w)
	if h.Verdict == graph.QuasiHomogeneous {
		for _, e := range h.Exponents {
			printf(w, "  %s scales as a^%g\n", e.Parameter, e.Exponent)
		}
	}
	writeFindings(w, "what stands in the way", h.Findings)
}

func writeFindings(w io.Writer, title string, findings []graph.Finding) {
	if len(findings) == 0 {
		return
	}
	printf(w, "\n%s:\n", title)
	for _, f := range findings {
		printf(w, "  %s\n", f)
	}
}

// availability says what a kind of evidence may show of the model.
func availability(k evidenceKind) string {
	switch {
	case !k.Available:
		return "not available"
	case k.Shows == "retained":
		return "may show retained alone"
	case k.Shows == "context":
		return "says what other evidence is worth"
	}
	return "may show retained and unlearned"
}
