package report

import (
	"regexp"
	"strings"
	"testing"
)

// The page must stand alone: nothing in it may make a browser ask a network.
func TestPageNeedsNoNetwork(t *testing.T) {
	for name, r := range examples(t) {
		page, err := HTML(r)
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		for _, pattern := range []string{`(?i)<script`, `(?i)<link`, `(?i)@import`, `(?i)<iframe`, `(?i)url\(`, `(?i)src="[^d]`, `(?i)href="h`, `<\?xml`} {
			if at := regexp.MustCompile(pattern).FindStringIndex(text); at != nil {
				t.Errorf("%s: %q in …%s…", name, pattern, text[at[0]:min(len(text), at[1]+60)])
			}
		}
		if strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "%!") || strings.Contains(text, "NaN") {
			t.Errorf("%s: a value was refused by the template", name)
		}
		if at := regexp.MustCompile(`#0[1-5]000[1-5]`).FindString(text); at != "" {
			t.Errorf("%s: a plot keeps the stand-in colour %s", name, at)
		}
	}
}

func TestPageSaysWhatTheReportSays(t *testing.T) {
	r := example(t, 4, 2, 200)
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, want := range []string{r.Summary.Reason, r.Models.Before.SHA256, "What this does not mean", "How to repeat it", r.Samples[0].Source, "homogeneous of degree 2", "fill:var(--forget)", "stroke:var(--control)", "fill:var(--null)", "fill:var(--ink)", "stroke:var(--muted)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(text, `<article class="card`); n != 4 {
		t.Errorf("%d cards for 4 samples", n)
	}
	if n := strings.Count(text, "<svg"); n != 1+2*4 {
		t.Errorf("%d plots", n)
	}
	first, second := strings.Index(text, r.Samples[0].Source), strings.Index(text, r.Samples[3].Source)
	if first > second {
		t.Error("a sample that is gone stands before one that is still there")
	}
}

// What a file is called must not change what the page does.
func TestPageEscapesNames(t *testing.T) {
	r := example(t, 1, 0, 50)
	r.Samples[0].Source = `<script>alert(1)</script>`
	r.Models.After.Path = `"><img src=x onerror=alert(1)>`
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script>alert") || strings.Contains(string(page), "<img src=x") {
		t.Error("a name is taken for markup")
	}
}
