package report

import (
	"context"
	"fmt"
	"html"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// browse runs a headless Chromium over a page, and skips the test where there is none.
func browse(t *testing.T, page string, arguments ...string) string {
	t.Helper()
	var binary string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			binary = path
			break
		}
	}
	if binary == "" {
		t.Skip("no chromium to look at the page with")
	}
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}, arguments...)
	out, err := exec.CommandContext(ctx, binary, append(all, "file://"+path)...).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

func examplePage(t *testing.T) string {
	t.Helper()
	r := example(t, 4, 2, 200)
	r.Samples[0].Source = "a/very/long/path/that/nobody/wrapped/" + strings.Repeat("x", 90) + ".png"
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// Nothing may be wider than the window, on a phone or on a desk, except within boxes that scroll by themselves.
func TestPageFitsTheWindow(t *testing.T) {
	for name, page := range map[string]string{"pictures": examplePage(t), "known images": pageOf(t, known(t, 30)), "no images": pageOf(t, asVectors(known(t, 0)))} {
		t.Run(name, func(t *testing.T) { fitsTheWindow(t, page) })
	}
}

func fitsTheWindow(t *testing.T, page string) {
	t.Helper()
	var frames strings.Builder
	widths := []int{360, 390, 768, 1280}
	for _, w := range widths {
		fmt.Fprintf(&frames, `<iframe style="width:%dpx;height:600px;border:0" srcdoc="%s"></iframe>`, w, html.EscapeString(page))
	}
	out := browse(t, `<!DOCTYPE html><body>`+frames.String()+`<script>
onload = () => {
  let said = "";
  for (const f of document.querySelectorAll("iframe")) {
    const d = f.contentDocument, wide = [];
    for (const e of d.querySelectorAll("body *")) {
      if (!e.closest(".scroll, svg") && e.getBoundingClientRect().right > f.clientWidth + 0.5) wide.push(e.tagName + "." + e.className);
    }
    said += f.clientWidth + ":" + d.documentElement.scrollWidth + ":" + [...new Set(wide)].join(",") + ";";
  }
  document.body.innerHTML = "<p>said " + said + "</p>";
};
</script>`, "--dump-dom", "--window-size=1400,900")
	found := regexp.MustCompile(`(\d+):(\d+):([^;]*);`).FindAllStringSubmatch(out, -1)
	if len(found) != len(widths) {
		t.Fatalf("the browser said %.300s", out)
	}
	for i, f := range found {
		window, _ := strconv.Atoi(f[1])
		content, _ := strconv.Atoi(f[2])
		if window != widths[i] || content > window || f[3] != "" {
			t.Errorf("in a window of %d pixels the page is %d wide; too wide: %s", window, content, f[3])
		}
	}
}

func TestPageIsLightOrDarkAsTheReaderWants(t *testing.T) {
	page := examplePage(t)
	brightness := map[string]int{}
	for name, scheme := range map[string]string{"dark": "0", "light": "1"} {
		shot := filepath.Join(t.TempDir(), "shot.png")
		browse(t, page, "--screenshot="+shot, "--window-size=600,400", "--blink-settings=preferredColorScheme="+scheme)
		f, err := os.Open(shot)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		brightness[name] = corner(m)
	}
	if brightness["dark"] > 60 || brightness["light"] < 240 {
		t.Errorf("the page's background has brightness %v of 255", brightness)
	}
}

func corner(m image.Image) int {
	r, g, b, _ := m.At(3, 3).RGBA()
	return int(r+g+b) / 3 >> 8
}
