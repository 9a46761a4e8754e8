package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"unlearnguard/metrics"
)

// known is an audit of networks that nothing can be reconstructed from: thirty samples to forget, of which the first kept
// are still in the model after, as many controls, and invented answers of layers.
func known(t testing.TB, kept int) Report {
	t.Helper()
	const each, references = 30, 400
	rng := rand.New(rand.NewPCG(20, 27))
	in := metrics.Input{Before: passed(), After: passed()}
	draw := func(in func(i int) float64) metrics.Scores {
		var s metrics.Scores
		for i := range 2 * each {
			s.Samples = append(s.Samples, in(i)+rng.NormFloat64())
		}
		for range references {
			s.Null = append(s.Null, rng.NormFloat64())
		}
		return s
	}
	for i := range 2 * each {
		s := metrics.Sample{Source: fmt.Sprintf("digits/train#%d", 17+31*i), Role: metrics.Retain, Label: i % 10}
		if i < each {
			s.Role = metrics.Forget
		}
		in.Samples = append(in.Samples, s)
	}
	for i := range references {
		in.ReferenceLabels = append(in.ReferenceLabels, i%10)
	}
	nothing := func(int) float64 { return 0 }
	in.Statistics = []metrics.Statistic{
		{Name: "imprint", Title: "layers' response to the image", Use: metrics.ForBoth, Before: draw(func(int) float64 { return 1.8 }), After: draw(func(i int) float64 {
			if i < kept || i >= each {
				return 1.8
			}
			return 0
		})},
		{Name: "rival", Title: "layers' response by another class", Use: metrics.AsGuard, Before: draw(nothing), After: draw(nothing)},
	}
	r := decided(t, in)
	minusOne := -1
	for i := range r.Samples {
		r.Samples[i].Before.Nearest, r.Samples[i].After.Nearest = &minusOne, &minusOne
		r.Pictures = append(r.Pictures, Pictures{Original: ring(i)})
	}
	return r
}

// decided is the report of an audit by known images, without pictures.
func decided(t testing.TB, in metrics.Input) Report {
	t.Helper()
	d, err := metrics.Decide(in, metrics.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := New(in, d)
	r.Tool = Tool{Name: "unlearnguard", Version: "v0.0.0-test"}
	for m, path := range map[*Model]string{&r.Models.Before: "before.onnx", &r.Models.After: "after.onnx"} {
		m.Path, m.SHA256, m.Layers = path, strings.Repeat("0123456789abcdef", 4), []string{"linear.0.weight", "linear.2.weight"}
		m.Reconstruction = Reconstruction{Method: "none: it has branches", Residuals: []float64{}}
	}
	return r
}

func pageOf(t *testing.T, r Report) string {
	t.Helper()
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// asVectors leaves out what is said of images.
func asVectors(r Report) Report {
	r.Pictures = nil
	for i := range r.Samples {
		r.Samples[i].Before.Nearest, r.Samples[i].After.Nearest = nil, nil
	}
	return r
}

func TestPageSaysWhatTheSamplesShowTogether(t *testing.T) {
	for name, c := range map[string]struct {
		kept    int
		verdict metrics.Verdict
		says    []string
	}{
		"honest": {0, metrics.Unlearned, []string{"It is about the samples as a group and not about any single one", "one by one: ",
			"of the 30 samples, if kept ones score as the controls do (95 % confidence)"}},
		"kept": {30, metrics.Retained, []string{"<dt>Still there</dt><dd>at least ", "<dt>Can have been kept</dt><dd>they show in the model after</dd>"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := known(t, c.kept)
			g := r.Decision.Together
			if g.Verdict != c.verdict || r.Summary.Verdict != c.verdict {
				t.Fatalf("%s, together %s: %s", r.Summary.Verdict, g.Verdict, g.Reason)
			}
			text := pageOf(t, r)
			says := append(c.says, "What the samples show together", tie(g.Reason), "Here they are in evidence in both models", "measured from the parameters",
				fmt.Sprintf("from %d kept samples on", g.NoticedFrom),
				"below, as relabelled samples do", "rival: layers&#39; response by another class", "<td>guard</td>", "Guards (rival)", "No picture can be drawn from these models. The reason: it has branches.",
				"nothing was reconstructed, so there is no convergence to check", "linear.0.weight, linear.2.weight", r.Samples[0].Source, `aria-label="imprint score"`)
			for _, want := range says {
				if !strings.Contains(text, want) && !strings.Contains(text, strings.ReplaceAll(want, " %", "\u00a0%")) {
					t.Errorf("the page does not say %q", want)
				}
			}
			for _, lie := range []string{"recoverable", "earest", "none found", "can be recovered", "reconstruction converged", "no sign of tampering"} {
				if at := strings.Index(text, lie); at >= 0 {
					t.Errorf("nothing was reconstructed, and the page says …%s…", text[max(0, at-60):at+60])
				}
			}
			// The overview, and pairs for the group, the single samples and the guard.
			if n := strings.Count(text, "<svg"); n != 1+2*3 {
				t.Errorf("%d plots", n)
			}
			if n := strings.Count(text, "<img"); n != 60 {
				t.Errorf("%d pictures of 60 originals", n)
			}
			if _, err := r.grids(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Without controls the page does not say that absence means something, nor how many can have been kept.
func TestTogetherWithoutControls(t *testing.T) {
	in := known(t, 0).Evidence()
	in.Samples = in.Samples[:30]
	for k := range in.Statistics {
		s := &in.Statistics[k]
		s.Before.Samples, s.After.Samples = s.Before.Samples[:30], s.After.Samples[:30]
	}
	text := pageOf(t, decided(t, in))
	for _, want := range []string{"No controls were given here, so absence would say nothing.", "any number: it takes controls to know", "<dt>Controls</dt><dd>none</dd>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, lie := range []string{"in evidence in both models", "95\u00a0% confidence) can", "at most 30"} {
		if strings.Contains(text, lie) {
			t.Errorf("the page says %q", lie)
		}
	}
}

// Layers that tell nothing leave the reason alone: no plot of zeros, no tests.
func TestTogetherWithoutPower(t *testing.T) {
	in := known(t, 0).Evidence()
	in.Statistics[0].After.NoPower = "no layer fits the memory"
	text := pageOf(t, decided(t, in))
	if !strings.Contains(text, "no layer fits the memory") || strings.Contains(text, `aria-label="imprint score"`) || strings.Contains(text, "The verdict does not need one") ||
		strings.Contains(text, "<dt>Can have been kept</dt>") {
		t.Error("a statistic without power is shown as if it had some")
	}
}

func TestPageOfInputsThatAreNoImages(t *testing.T) {
	text := pageOf(t, asVectors(known(t, 0)))
	if !strings.Contains(text, "The inputs of these models are no images but lists of numbers") || strings.Contains(text, "<img") || strings.Contains(text, "No picture can be drawn") ||
		strings.Contains(text, `class="sheet"`) {
		t.Error("the page does not say that there is nothing to draw, or draws something")
	}
}

func TestKnownImagesFollowTheSchema(t *testing.T) {
	s := compiledSchema(t)
	for name, r := range map[string]Report{"honest": known(t, 0), "kept": known(t, 30), "no images": asVectors(known(t, 0))} {
		text, err := Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(`"together"`)) || !bytes.Contains(text, []byte(`"ssim": null`)) {
			t.Errorf("%s: the report does not hold what the samples show together, or an SSIM", name)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The first version of the schema stays as it was published, and describes the report of its time; that report's samples are
// decided as they were.
func TestFirstVersionStaysAsPublished(t *testing.T) {
	s, err := jsonschema.NewCompiler().Compile("verify-v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "report-v1.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Error(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := metrics.Decide(r.Evidence(), r.Decision.Parameters)
	if err != nil {
		t.Fatal(err)
	}
	again := New(r.Evidence(), d)
	for i, x := range again.Samples {
		x.Reason = r.Samples[i].Reason // words may get better
		if !reflect.DeepEqual(x, r.Samples[i]) {
			t.Errorf("%s: %+v, was %+v", x.Source, x, r.Samples[i])
		}
	}
	written, err := Encode(again)
	if err != nil || !bytes.Contains(written, []byte(SchemaV3)) {
		t.Errorf("decided again it is not of the second version: %v", err)
	}
}

// Altered copies and the descent of the model after are in the page, whatever names they carry, and in the JSON, from which
// the decision is taken again.
func TestCopiesAreReported(t *testing.T) {
	in := known(t, 0).Evidence()
	in.Lineage = &metrics.Lineage{Relation: "derived", Reason: "made from <i>the model before</i>"}
	c := &metrics.Copies{Versions: []string{"flipped", "shifted by (2, 0) pixels"}}
	rng := rand.New(rand.NewPCG(1, 2))
	row := func(by float64) []float64 { return []float64{rng.NormFloat64(), by + rng.NormFloat64()} }
	for _, s := range in.Samples {
		if s.Role == metrics.Forget {
			c.Samples, c.Best = append(c.Samples, row(5)), append(c.Best, c.Versions[1])
		}
	}
	for range 100 {
		c.Null = append(c.Null, row(0))
	}
	c.Pictures, c.NullPictures = make([]float64, len(c.Samples)), make([]float64, len(c.Null))
	in.Copies = c
	d, err := metrics.Decide(in, metrics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Summary.Verdict != metrics.Retained || !strings.Contains(d.Summary.Reason, "shifted by (2, 0) pixels") {
		t.Errorf("%s: %s", d.Summary.Verdict, d.Summary.Reason)
	}
	r := New(in, d)
	r.Pictures = nil
	again, err := metrics.Decide(r.Evidence(), d.Options)
	if err != nil || again.Summary != d.Summary {
		t.Errorf("decided again: %+v, %v", again.Summary, err)
	}
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in 2 versions of each sample in the model after, by the layers&#39; answers and by the likeness to what was reconstructed", "made from &lt;i&gt;the model before", "copies: shifted by (2, 0) pixels"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
