package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"unlearnguard/metrics"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is an audit of invented evidence: forget samples, of which the first kept are still in the model after, and
// twenty controls.
func example(t testing.TB, forget, kept, references int) Report {
	t.Helper()
	rng := rand.New(rand.NewPCG(20, 26))
	in := metrics.Input{Before: passed(), After: passed()}
	const controls = 20
	n := forget + controls
	for i := range n {
		s := metrics.Sample{Source: fmt.Sprintf("digits/train#%d", 17+31*i), Role: metrics.Retain, Label: i % 10}
		if i < forget {
			s.Role = metrics.Forget
		}
		in.Samples = append(in.Samples, s)
	}
	draw := func(in func(i int) bool, null, member, spread, most float64) metrics.Scores {
		var s metrics.Scores
		score := func(mean float64) float64 { return math.Round(1e4*min(most, mean+spread*rng.NormFloat64())) / 1e4 }
		for i := range n {
			if in(i) {
				s.Samples = append(s.Samples, score(member))
			} else {
				s.Samples = append(s.Samples, score(null))
			}
		}
		for range references {
			s.Null = append(s.Null, score(null))
		}
		return s
	}
	trained := func(int) bool { return true }
	left := func(i int) bool { return i < kept || i >= forget }
	in.Statistics = []metrics.Statistic{
		{Name: "ssim", Title: "structural similarity (SSIM)", Before: draw(trained, 0.37, 0.8, 0.09, 1), After: draw(left, 0.37, 0.8, 0.09, 1)},
		{Name: "ncc", Title: "centred cosine", Before: draw(trained, 0.4, 0.9, 0.12, 1), After: draw(left, 0.4, 0.9, 0.12, 1)},
		{Name: "span", Title: "distance to the span of the first layer", Distance: true,
			Before: draw(trained, -0.8, -0.05, 0.07, 0), After: draw(left, -0.8, -0.05, 0.07, 0)},
	}
	d, err := metrics.Decide(in, metrics.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := New(in, d)
	r.Tool = Tool{Name: "unlearnguard", Version: "v0.0.0-test"}
	r.Seed = 1
	r.Command = "unlearnguard verify --before original.onnx --after retrained.onnx --forget digits/train#17,48 --retain digits/train#79-699 --reference digits/test#0-199 --seed 1 -o audit"
	r.Configuration = map[string]any{"restarts": 4, "level": 0.05}
	deviation := 3.1e-15
	for m, path := range map[*Model]string{&r.Models.Before: "models/original.onnx", &r.Models.After: "models/retrained-from-scratch.onnx"} {
		m.Path, m.SHA256, m.Bytes = path, strings.Repeat("0123456789abcdef", 4), 3_140_123
		m.Architecture, m.Parameters, m.Producer, m.Preprocessing = "784-1000-1", 785001, "pytorch 2.4.0", "pixels in [0, 1], less the mean image in mean.npy"
		m.Homogeneity = Homogeneity{Verdict: "homogeneous", Degree: 2, Deviation: &deviation}
		m.Reconstruction = Reconstruction{Method: "span-kkt", Samples: 40, Rank: 20, Width: 784, Residuals: []float64{0.041, 0.038, 0.052}}
	}
	r.Inputs = []Input{{Use: "forget", Path: "digits/train-images-idx3-ubyte.gz", SHA256: strings.Repeat("ab", 32), Images: forget},
		{Use: "reference", Path: "digits/t10k-images-idx3-ubyte.gz", SHA256: strings.Repeat("cd", 32), Images: references}}
	r.Times = Times{Started: "2026-01-31T12:00:00Z", Seconds: map[string]float64{"reconstruct_before": 12.5, "total": 31}}
	for i, s := range r.Samples {
		original := ring(i)
		r.Pictures = append(r.Pictures, Pictures{Original: original, Before: blend(rng, original, *s.Before.SSIM), After: blend(rng, original, *s.After.SSIM)})
	}
	if forget > 1 && !left(1) {
		r.Pictures[1].After = metrics.Image{}
	}
	return r
}

func passed() metrics.Diagnosis {
	ok := metrics.Check{OK: true}
	return metrics.Diagnosis{Scope: ok, Convergence: ok, Integrity: ok}
}

// ring draws a stroke of its own for every sample.
func ring(k int) metrics.Image {
	m := metrics.NewImage(1, 28, 28)
	for i := range 28 {
		for j := range 28 {
			y, x := float64(i)-13.5, float64(j)-13.5
			angle, radius := math.Atan2(y, x), math.Hypot(x, y)
			edge := 8 + 2.5*math.Sin(float64(1+k%4)*angle+float64(k))
			m.Pix[28*i+j] = math.Exp(-(radius - edge) * (radius - edge) / 3)
		}
	}
	return m
}

// blend drowns an image in noise until about the given share of it is left.
func blend(rng *rand.Rand, m metrics.Image, left float64) metrics.Image {
	out := metrics.NewImage(m.Channels, m.Height, m.Width)
	for i, v := range m.Pix {
		out.Pix[i] = math.Round(255*min(1, max(0, left*v+(1-left)*rng.Float64()))) / 255
	}
	return out
}

// examples are reports that differ in everything that a reader or a program could stumble over.
func examples(t testing.TB) map[string]Report {
	fixed := example(t, 3, 3, 0)
	out := map[string]Report{
		"unlearned": example(t, 4, 0, 200), "retained": example(t, 4, 2, 200), "fixed-threshold": fixed,
	}
	troubled := example(t, 2, 0, 200)
	in := metrics.Input{Samples: []metrics.Sample{{Source: "a", Role: metrics.Forget, Label: -1}}, Statistics: []metrics.Statistic{{Name: "ssim", Title: "SSIM",
		Before: metrics.Scores{Samples: []float64{0.9}, Null: []float64{0.1, 0.2}}, After: metrics.Scores{Samples: []float64{0.1}, Null: []float64{0.3, 0.2}}}}}
	d, err := metrics.Decide(in, metrics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	least := New(in, d)
	least.Models.Before.SHA256, least.Models.After.SHA256 = troubled.Models.Before.SHA256, troubled.Models.After.SHA256
	out["inconclusive"] = least
	return out
}

func TestVerdictsOfTheExamples(t *testing.T) {
	for name, r := range examples(t) {
		want := map[string]metrics.Verdict{"unlearned": metrics.Unlearned, "retained": metrics.Retained,
			"fixed-threshold": metrics.Retained, "inconclusive": metrics.Inconclusive}[name]
		if r.Summary.Verdict != want {
			t.Errorf("%s: %s: %s", name, r.Summary.Verdict, r.Summary.Reason)
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("verify-v3.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("verify-v3.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportsFollowTheirSchema(t *testing.T) {
	s := compiledSchema(t)
	for name, r := range examples(t) {
		text, err := Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A report of the first version is read, and decides as it did.
func TestFirstVersionIsRead(t *testing.T) {
	r, err := Read(filepath.Join("testdata", "report-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := metrics.Decide(r.Evidence(), r.Decision.Parameters)
	if err != nil {
		t.Fatal(err)
	}
	if r.Schema != SchemaV3 || d.Summary != r.Summary {
		t.Errorf("%s: %+v, was %+v", r.Schema, d.Summary, r.Summary)
	}
}

// Known images: the page says what they show together, and that no picture can be drawn.
func TestTogetherOnThePage(t *testing.T) {
	r := example(t, 2, 0, 100)
	r.Models.Before.Reconstruction = Reconstruction{Method: "none: it has branches"}
	r.Models.After.Reconstruction = r.Models.Before.Reconstruction
	r.Decision.Together = &metrics.Together{Statistic: "imprint", Samples: 30, Before: 1e-4, AfterPValue: 0.4, ControlsAfter: 1e-4, KeptAtMost: 3, NoticedFrom: 8,
		After: []metrics.GroupTail{{Statistic: "imprint", PValue: 0.1}, {Statistic: "imprint", Below: true, PValue: 0.9}}, Verdict: metrics.Unlearned, Reason: "gone"}
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"What the samples show together", "at most 3 of the 30", "from 8 kept samples on", "No picture can be drawn", "it has branches"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if bytes.Contains(page, []byte("known start")) {
		t.Error("the page speaks of known starts where there are none")
	}
	for i := range r.Pictures {
		p := &r.Pictures[i]
		p.SpanBefore = p.Original
		p.SpanAfter = metrics.NewImage(p.Original.Channels, p.Original.Height, p.Original.Width)
	}
	if page, err = HTML(r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"away from its known start", "100.0 % of it", "0.0 % of it"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("with known starts the page does not say %q", want)
		}
	}
}

// A schema that accepts anything would pass the test above.
func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	text, err := Encode(example(t, 2, 0, 100))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(map[string]any){
		"another schema": func(m map[string]any) { m["schema"] = "unlearnguard/verify/v9" },
		"no summary":     func(m map[string]any) { delete(m, "summary") },
		"verdict":        func(m map[string]any) { m["summary"].(map[string]any)["verdict"] = "erased" },
		"digest": func(m map[string]any) {
			m["models"].(map[string]any)["after"].(map[string]any)["sha256"] = "none"
		},
		"p-value": func(m map[string]any) {
			m["samples"].([]any)[0].(map[string]any)["before"].(map[string]any)["p_value"] = 1.5
		},
		"role":      func(m map[string]any) { m["samples"].([]any)[0].(map[string]any)["role"] = "keep" },
		"extra key": func(m map[string]any) { m["extra"] = 1 },
	} {
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		spoil(doc)
		if s.Validate(doc) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The stable keys, as published, looked up one by one.
func TestStableKeys(t *testing.T) {
	text, err := Encode(example(t, 2, 0, 100))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Schema  string
		Models  map[string]struct{ Path, SHA256 string }
		Samples []struct {
			Source, Role, Verdict, Reason string
			Before, After                 struct {
				SSIM   *float64
				PValue *float64 `json:"p_value"`
			}
		}
		Summary struct{ Verdict, Reason string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	s := doc.Samples[0]
	if doc.Schema != SchemaV3 || doc.Models["before"].Path == "" || doc.Models["after"].SHA256 == "" || doc.Summary.Verdict != "unlearned" || doc.Summary.Reason == "" ||
		s.Source == "" || s.Role != "forget" || s.Verdict == "" || s.Reason == "" || s.Before.SSIM == nil || s.After.SSIM == nil || s.Before.PValue == nil || s.After.PValue == nil {
		t.Errorf("%+v", doc)
	}
}

func TestGolden(t *testing.T) {
	got, err := Encode(example(t, 2, 1, 100))
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("report.json differs from %s; if that is meant, run go test -update. First difference:\n%s", golden, firstDifference(got, want))
	}
	if strings.Contains(string(got), "NaN") || !regexp.MustCompile(`"combined": \[-?\d`).Match(got) {
		t.Error("lists of numbers are not on one line, or a number is none")
	}
}

func firstDifference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d\n got %.200s\nwant %.200s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(x), len(y))
}

func TestReadGivesBackWhatWasEncoded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	r := example(t, 3, 1, 50)
	text, err := Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, text) {
		t.Errorf("read and written again, the report differs: %s", firstDifference(again, text))
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("verify/v3"), []byte("verify/v9"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "verify/v9") {
		t.Errorf("another schema: error %v", err)
	}
}

// From the reference scores in the report alone, anyone can compute the p-values of its statistics again.
func TestPValuesCanBeComputedFromTheReport(t *testing.T) {
	r := example(t, 3, 1, 150)
	for _, s := range r.Samples {
		for name, p := range s.After.PValues {
			if got := metrics.ConformalPValue(s.After.Scores[name], r.Reference.After.Scores[name]); got != p {
				t.Errorf("%s, %s: %v in the report, %v from it", s.Source, name, p, got)
			}
		}
	}
}

// A report read from its file holds all that its decision was taken from.
func TestTheDecisionCanBeTakenAgainFromTheFile(t *testing.T) {
	for name, r := range examples(t) {
		text, err := Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		read, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := metrics.Decide(read.Evidence(), read.Decision.Parameters)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again := New(read.Evidence(), d)
		for i := range again.Samples {
			if !reflect.DeepEqual(again.Samples[i], read.Samples[i]) {
				t.Errorf("%s, %s: %+v, in the file %+v", name, again.Samples[i].Source, again.Samples[i], read.Samples[i])
			}
		}
		if !reflect.DeepEqual(again.Summary, read.Summary) || !reflect.DeepEqual(again.Decision, read.Decision) || !reflect.DeepEqual(again.Reference, read.Reference) {
			t.Errorf("%s: taken again, the decision differs", name)
		}
	}
}

func list(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "audit")
	r := example(t, 4, 1, 100)
	if err := Write(context.Background(), dir, r); err != nil {
		t.Fatal(err)
	}
	first := list(t, dir)
	for _, name := range []string{"report.json", "report.html", "verify-v3.schema.json", "grids/forget.png", "grids/retain.png"} {
		if first[name] == "" {
			t.Errorf("%s is missing or empty", name)
		}
	}
	if len(first) != 5 {
		t.Errorf("%d files", len(first))
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o055 != 0o055 {
		t.Errorf("the folder cannot be read by others: %v, %v", info.Mode(), err)
	}

	// Again, into the same folder, where somebody else has left a file.
	if err := os.WriteFile(filepath.Join(dir, "before.npz"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(context.Background(), dir, r); err != nil {
		t.Fatal(err)
	}
	second := list(t, dir)
	if second["before.npz"] != "x" {
		t.Error("another's file was touched")
	}
	delete(second, "before.npz")
	if !reflect.DeepEqual(first, second) {
		t.Error("written twice, a report differs")
	}
}

func TestWriteLeavesNothingHalfDone(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "audit")
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Write(canceled, dir, example(t, 2, 0, 50)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	broken := example(t, 2, 0, 50)
	broken.Pictures[1].Original.Pix[0] = math.NaN()
	if err := Write(context.Background(), dir, broken); err == nil {
		t.Error("a broken picture was written")
	}
	if err := Write(context.Background(), dir, Report{}); err == nil {
		t.Error("an empty report was written")
	}
	if left := list(t, parent); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(context.Background(), dir, example(t, 2, 0, 50)); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("onto a file: error %v", err)
	}
}
