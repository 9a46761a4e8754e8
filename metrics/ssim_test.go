package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// reference is one pair of images in testdata/ssim.json with scikit-image's scores of it (testdata/ssim.py).
type reference struct {
	Name                    string
	Channels, Height, Width int
	A, B                    []byte
	Scores                  []struct {
		SSIMOptions
		Population bool
		SSIM       float64
	}
}

func (r reference) images() (a, b Image) {
	return fromBytes(r.Channels, r.Height, r.Width, r.A), fromBytes(r.Channels, r.Height, r.Width, r.B)
}

func fromBytes(channels, height, width int, pix []byte) Image {
	m := NewImage(channels, height, width)
	for i, v := range pix {
		m.Pix[i] = float64(v) / 255
	}
	return m
}

func references(t *testing.T) []reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/ssim.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []reference
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSSIMAgreesWithScikitImage(t *testing.T) {
	compared := 0
	for _, r := range references(t) {
		a, b := r.images()
		for _, s := range r.Scores {
			opts := s.SSIMOptions
			opts.Population = s.Population
			got, err := SSIM(a, b, opts)
			if err != nil {
				t.Fatalf("%s, %+v: %v", r.Name, opts, err)
			}
			if math.Abs(got-s.SSIM) > 1e-9 {
				t.Errorf("%s, %+v: %.9f, scikit-image %.9f", r.Name, opts, got, s.SSIM)
			}
			compared++
		}
	}
	if compared < 100 {
		t.Errorf("only %d scores compared", compared)
	}
}

func TestSSIMDefaultsAreScikitImages(t *testing.T) {
	for _, r := range references(t) {
		a, b := r.images()
		got, err := SSIM(a, b, SSIMOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := r.Scores[0].SSIM; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, scikit-image %v", r.Name, got, want)
		}
	}
}

func noise(rng *rand.Rand, channels, height, width int) Image {
	m := NewImage(channels, height, width)
	for i := range m.Pix {
		m.Pix[i] = rng.Float64()
	}
	return m
}

func TestSSIMProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, opts := range []SSIMOptions{{}, {Window: Gaussian, Population: true}, {Size: 3, Range: 2}} {
		for range 10 {
			a, b := noise(rng, 1+rng.IntN(3), 11+rng.IntN(9), 11+rng.IntN(9)), Image{}
			b = noise(rng, a.Channels, a.Height, a.Width)
			same, _ := SSIM(a, a, opts)
			ab, _ := SSIM(a, b, opts)
			ba, _ := SSIM(b, a, opts)
			if math.Abs(same-1) > 1e-12 {
				t.Errorf("%+v: an image compared with itself scores %v", opts, same)
			}
			if math.Abs(ab-ba) > 1e-12 {
				t.Errorf("%+v: not symmetric: %v and %v", opts, ab, ba)
			}
			if ab > 0.5 || ab < -1 {
				t.Errorf("%+v: two images of noise score %v", opts, ab)
			}
		}
	}
}

func TestSSIMRefuses(t *testing.T) {
	good, small := NewImage(1, 8, 8), NewImage(1, 8, 6)
	broken := NewImage(1, 8, 8)
	broken.Pix[5] = math.NaN()
	for name, c := range map[string]struct {
		a, b Image
		opts SSIMOptions
		want string
	}{
		"sizes":       {good, NewImage(1, 9, 8), SSIMOptions{}, "different sizes"},
		"channels":    {good, NewImage(3, 8, 8), SSIMOptions{}, "different sizes"},
		"window":      {small, small, SSIMOptions{}, "larger than an image"},
		"even":        {good, good, SSIMOptions{Size: 4}, "odd"},
		"unknown":     {good, good, SSIMOptions{Window: "hann"}, "hann"},
		"range":       {good, good, SSIMOptions{Range: -1}, "range"},
		"constants":   {good, good, SSIMOptions{K1: -1}, "k1"},
		"not finite":  {good, broken, SSIMOptions{}, "NaN"},
		"pixel count": {good, Image{Channels: 1, Height: 8, Width: 8}, SSIMOptions{}, "pixels"},
	} {
		if _, err := SSIM(c.a, c.b, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %q", name, err, c.want)
		}
	}
}
