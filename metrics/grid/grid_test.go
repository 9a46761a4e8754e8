package grid

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unlearnguard/metrics"
)

func disc(channels, side int, radius float64) metrics.Image {
	m := metrics.NewImage(channels, side, side)
	for c := range channels {
		for i := range side {
			for j := range side {
				if math.Hypot(float64(i)-float64(side)/2, float64(j)-float64(side)/2) < radius {
					m.Pix[(c*side+i)*side+j] = 1 - 0.4*float64(c)
				}
			}
		}
	}
	return m
}

func example(columns, channels int) Table {
	t := Table{Title: "Samples named in the request", Subtitle: "retrained.onnx against original.onnx",
		Rows: []Row{{Title: "original"}, {Title: "nearest before"}, {Title: "nearest after"}}}
	for k := range columns {
		t.Columns = append(t.Columns, []string{"mnist/train#" + strings.Repeat("1", k+1), "label 3"})
		t.Footers = append(t.Footers, Footer{Text: "unlearned", Color: color.NRGBA{20, 110, 60, 255}})
		for r := range t.Rows {
			cell := Cell{Image: disc(channels, 28, float64(4+2*r+k%3)), Caption: "SSIM 0.83"}
			if r == 2 && k == 1 {
				cell = Cell{Caption: "none found"}
			}
			t.Rows[r].Cells = append(t.Rows[r].Cells, cell)
		}
	}
	return t
}

func TestWriteStoresWhatDrawShows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grid.png")
	table := example(13, 3)
	if err := Write(path, table); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := table.Draw()
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("stored %v, drawn %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if a, b := color.NRGBAModel.Convert(got.At(x, y)), want.NRGBAAt(x, y); a != color.Color(b) {
				t.Fatalf("pixel %d,%d: stored %v, drawn %v", x, y, a, b)
			}
		}
	}
}

// Every picture stands on the page pixel for pixel, enlarged by a whole number, and none covers another.
func TestEveryPictureIsOnThePage(t *testing.T) {
	table := example(7, 1)
	table.PerBand = 3
	for r := range table.Rows { // make every picture unlike all others
		for c := range table.Rows[r].Cells {
			m := metrics.NewImage(1, 9, 7)
			for i := range m.Pix {
				m.Pix[i] = float64((i*i*(3+r)+i*c+11*r+5*c)%256) / 255
			}
			table.Rows[r].Cells[c].Image = m
		}
	}
	canvas, err := table.Draw()
	if err != nil {
		t.Fatal(err)
	}
	found := map[image.Point]bool{}
	for _, r := range table.Rows {
		for _, c := range r.Cells {
			at, ok := find(canvas, enlarge(Picture(c.Image), 112))
			if !ok {
				t.Fatalf("a picture of row %q is not on the page", r.Title)
			}
			found[at] = true
		}
	}
	if len(found) != 21 {
		t.Errorf("21 pictures stand at %d places", len(found))
	}
}

func find(canvas, picture *image.NRGBA) (image.Point, bool) {
	b, c := picture.Bounds(), canvas.Bounds()
	for y := 0; y+b.Dy() <= c.Dy(); y++ {
		for x := 0; x+b.Dx() <= c.Dx(); x++ {
			if covers(canvas, picture, x, y) {
				return image.Pt(x, y), true
			}
		}
	}
	return image.Point{}, false
}

func covers(canvas, picture *image.NRGBA, x, y int) bool {
	for i := range picture.Bounds().Dy() {
		row := canvas.Pix[canvas.PixOffset(x, y+i):]
		if string(row[:4*picture.Bounds().Dx()]) != string(picture.Pix[i*picture.Stride:(i+1)*picture.Stride]) {
			return false
		}
	}
	return true
}

func TestPicture(t *testing.T) {
	m := metrics.Image{Channels: 3, Height: 1, Width: 2, Pix: []float64{0, 1.5, 0.5, 1, -1, 1}}
	want := []uint8{0, 128, 0, 255, 255, 255, 255, 255}
	if got := Picture(m); string(got.Pix) != string(want) {
		t.Errorf("%v, want %v", got.Pix, want)
	}
}

func TestWriteLeavesNothingBehindOnFailure(t *testing.T) {
	dir := t.TempDir()
	for name, table := range map[string]Table{
		"empty":  {},
		"ragged": {Columns: [][]string{{"a"}, {"b"}}, Rows: []Row{{Title: "r", Cells: make([]Cell, 1)}}},
		"broken": {Columns: [][]string{{"a"}}, Rows: []Row{{Cells: []Cell{{Image: metrics.Image{Channels: 1, Height: 2, Width: 2, Pix: []float64{1}}}}}}},
	} {
		if err := Write(filepath.Join(dir, name+".png"), table); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
