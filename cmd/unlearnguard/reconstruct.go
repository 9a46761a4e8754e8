package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/metrics/grid"
	"unlearnguard/reconstruct"
)

// reconstructSchema names the layout of samples.json.
const reconstructSchema = "unlearnguard/reconstruct/v1"

// The files that reconstruct writes.
const (
	samplesJSON = "samples.json"
	samplesNPZ  = "samples.npz"
	samplesPNG  = "samples.png"
)

// recovered is the content of samples.json.
type recovered struct {
	Schema string    `json:"schema"`
	Model  modelFile `json:"model"`
	// Shape is that of an image: channels, rows and columns.
	Shape [3]int `json:"shape"`
	Seed  uint64 `json:"seed"`
	// Method is span or published.
	Method    string `json:"method"`
	Published *sweep `json:"published,omitempty"`
	*reconstruct.Result
}

// modelFile identifies a model.
type modelFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// reconstructOptions are the flags of reconstruct.
type reconstructOptions struct {
	model, out, shape, format, method string
	norm                              normFlags
	file                              modelFlags
	run                               runFlags
	published                         publishedFlags
	shown                             int
}

func (a *app) reconstruct() *cobra.Command {
	var o reconstructOptions
	c := &cobra.Command{
		Use:   "reconstruct MODEL",
		Short: "Recover training samples from a model's parameters",
		Long: fmt.Sprintf(`Reconstruct recovers training samples from the parameters of MODEL, an ONNX file, and writes them to the folder named by
--out as %s (the images), %s (the most credible ones) and %s. No training data is used; every
sample comes with a confidence in [0,1] that needs none either.

The method span needs no setting. The method published is the one to compare with (Haim et al. 2022, Buzaglo et al. 2023): it
has five hyper-parameters, which are drawn at random where they are not given, offers no confidence, and takes minutes to
hours. With --settings several settings are tried; the samples are those of the setting with the least residual, which need
not be the best, and the subfolder %s has those of all.
%s

Without a mean image the pictures are deviations from an unknown mean.
%s`, samplesNPZ, samplesPNG, samplesJSON, settingsFolder, normHelp, resumeHelp),
		Example: `  unlearnguard reconstruct model.onnx --mean model.mean.npy -o recovered
  unlearnguard reconstruct model.onnx --mean model.mean.npy --method published --samples 20 --settings 6 -o published`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.model = args[0]
			return resumable(a.runReconstruct(c.Context(), o), o.out)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&o.out, "out", "o", "recovered", "`FOLDER` to write to")
	f.StringVar(&o.shape, "shape", "", "size of an image as `CxHxW`: channels, rows, columns (default the model's input, or a square)")
	o.file.add(c)
	o.norm.add(c, "", "the model")
	f.IntVar(&o.shown, "show", 60, "`number` of samples in the picture")
	f.StringVar(&o.format, "format", "text", "`format`: text, or json to write "+samplesJSON+" to stdout as well")
	f.StringVar(&o.method, "method", spanMethod, "`method`: "+spanMethod+", or "+publishedMethod)
	o.run.add(c, "random starts")
	o.published.add(c)
	return c
}

func (a *app) runReconstruct(ctx context.Context, o reconstructOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	in, err := o.read(ctx)
	if err != nil {
		return err
	}
	if err := enough(in.model.Memory(o.run.options())); err != nil {
		return err
	}
	dir, err := openOut(o.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	checkpoints, err := a.checkpoints(dir, o.run.resume)
	if err != nil {
		return err
	}
	doc, err := a.recover(ctx, in, o, filepath.Join(checkpoints, "model"))
	if err != nil {
		return err
	}
	if err := dir.Finish(func(stage string) error { return o.write(stage, doc) }, samplesJSON); err != nil {
		return err
	}
	a.term.say("%d samples of %s are in %s", len(doc.Samples), o.model, o.out)
	if n := o.published.settings; doc.Published != nil && n > 1 {
		a.term.say("they are those of setting %d of 0 to %d, which has the least residual and need not be the best; those of all are in %s",
			doc.Published.Chosen, n-1, filepath.Join(o.out, settingsFolder))
	}
	if !doc.Converged {
		a.term.say("flagged as not converged: %s", doc.Reason)
	} else if doc.Published == nil && doc.Confidence < reconstruct.LowConfidence {
		a.term.say("they may be training samples only in part: the run's confidence is %.2f, under %.2f", doc.Confidence, reconstruct.LowConfidence)
	}
	if o.format == "json" {
		return a.print(filepath.Join(o.out, samplesJSON))
	}
	return nil
}

// recover reconstructs by the method that was asked for.
func (a *app) recover(ctx context.Context, in subject, o reconstructOptions, checkpoint string) (recovered, error) {
	doc := recovered{Schema: reconstructSchema, Model: modelFile{o.model, in.model.SHA256}, Shape: in.shape, Seed: o.run.seed, Method: o.method}
	var err error
	if o.method == publishedMethod {
		if doc.Published, err = a.recoverPublished(ctx, in, o, checkpoint); err == nil {
			doc.Result = doc.Published.results[doc.Published.Chosen]
		}
		return doc, err
	}
	options := o.run.options()
	options.Checkpoint = checkpoint
	options.Progress = a.reconstruction("reconstructing")
	doc.Result, err = audit.Recover(ctx, in.model, in.shape[0], in.shape[1], in.shape[2], in.norm, options)
	return doc, err
}

func (o *reconstructOptions) check() error {
	if err := chosen("format", o.format, "text", "json"); err != nil {
		return err
	}
	if err := within("show", o.shown, 1, 10000); err != nil {
		return err
	}
	if err := chosen("method", o.method, spanMethod, publishedMethod); err != nil {
		return err
	}
	return cmp.Or(o.run.check(), o.published.check(o.method))
}

// subject is what to reconstruct from: a model, and the images that it was fed.
type subject struct {
	model *audit.Model
	shape [3]int // of an image: channels, rows and columns
	norm  images.Normalisation
}

// read opens the model and finds out what its inputs went through.
func (o *reconstructOptions) read(ctx context.Context) (subject, error) {
	var s subject
	opts, err := o.file.options()
	if err != nil {
		return s, err
	}
	if s.model, err = audit.Open(ctx, o.model, opts); err != nil {
		return s, err
	}
	if s.shape, err = imageShape(o.shape, s.model.Input()); err != nil {
		return s, fmt.Errorf("%s: %w", o.model, err)
	}
	c, h, w := s.shape[0], s.shape[1], s.shape[2]
	if s.norm, _, err = o.norm.read(nil, c, h, w); err != nil {
		return s, err
	}
	_, err = s.model.Problem(c, h, w, s.norm)
	return s, err
}

// write makes the files of the output.
func (o *reconstructOptions) write(dir string, doc recovered) error {
	if err := createNPZ(filepath.Join(dir, samplesNPZ), doc.Result); err != nil {
		return err
	}
	if err := doc.Published.write(dir); err != nil {
		return err
	}
	if len(doc.Samples) > 0 {
		if err := grid.Write(filepath.Join(dir, samplesPNG), doc.table(o.shown)); err != nil {
			return err
		}
	}
	return createJSON(filepath.Join(dir, samplesJSON), doc)
}

// table shows the first n samples.
func (r *recovered) table(n int) grid.Table {
	n = min(n, len(r.Samples))
	order := "most credible first"
	if r.Method == publishedMethod {
		order = "largest multiplier first"
	}
	t := grid.Table{Title: "Samples recovered from " + filepath.Base(r.Model.Path),
		Subtitle: fmt.Sprintf("%d of %d, %s; rank %d", n, len(r.Samples), order, r.Rank),
		Rows:     []grid.Row{{Title: "recovered"}}}
	for i, s := range r.Samples[:n] {
		caption := fmt.Sprintf("%.2f", s.Confidence)
		if r.Method == publishedMethod { // which knows no confidence
			caption = fmt.Sprintf("%.2g", s.Multiplier)
		}
		t.Columns = append(t.Columns, []string{fmt.Sprintf("#%d", i), fmt.Sprintf("class %d", s.Label)})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{
			Image:   metrics.Image{Channels: r.Shape[0], Height: r.Shape[1], Width: r.Shape[2], Pix: s.Pixels}.Clip(),
			Caption: caption})
	}
	return t
}

// imageShape finds an image's channels, rows and columns from the flag, or from the model's input: [C H W], or a vector of
// a square image's length with one or three channels.
func imageShape(flag string, input []int) ([3]int, error) {
	values := 1
	for _, n := range input {
		values *= n
	}
	switch {
	case flag != "":
		return flagShape(flag, values)
	case len(input) == 3:
		return [3]int(input), nil
	}
	for _, c := range []int{1, 3} {
		if side := int(math.Sqrt(float64(values / c))); c*side*side == values {
			return [3]int{c, side, side}, nil
		}
	}
	return [3]int{}, fmt.Errorf("its input of %d values is no square image: give --shape", values)
}

// flagShape parses --shape for an input of so many values.
func flagShape(flag string, values int) ([3]int, error) {
	var c, h, w int
	var rest string
	if n, _ := fmt.Sscanf(flag+" .", "%dx%dx%d %s", &c, &h, &w, &rest); n != 4 || rest != "." || c < 1 || h < 1 || w < 1 {
		return [3]int{}, fmt.Errorf("--shape %q: give CHANNELSxROWSxCOLUMNS, such as 1x28x28", flag)
	}
	if c*h*w != values {
		return [3]int{}, fmt.Errorf("--shape %s has %d values, the model's input has %d", flag, c*h*w, values)
	}
	return [3]int{c, h, w}, nil
}
