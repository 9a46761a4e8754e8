package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
)

// The demo's size: small enough for a minute, large enough for its controls to carry a verdict.
const (
	demoSamples   = 20
	demoForgotten = 4
	demoReference = 400
	demoHidden    = 300
)

func (a *app) demo() *cobra.Command {
	var out string
	var seed uint64
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole tool on networks and images of its own",
		Long: fmt.Sprintf(`Demo draws %d digits, trains a network on them and another one without %d of them, writes both as ONNX files, and then
does what an auditor would: it imports the files, reconstructs training samples from their parameters, and reports which
of the digits are still in the second network. As a counter-check it gives the first network twice, which must come out
as retained.`, demoSamples, demoForgotten),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runDemo(c.Context(), out, seed) },
	}
	c.Flags().StringVarP(&out, "out", "o", "unlearnguard-demo", "`FOLDER` to write to")
	c.Flags().Uint64Var(&seed, "seed", 2, "`seed` of everything that is drawn")
	return c
}

func (a *app) runDemo(ctx context.Context, path string, seed uint64) error {
	dir, err := openOut(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	samples := digits.Draw(demoSamples, 2*seed)
	if err := writeDemoImages(path, samples, digits.Draw(demoReference, 2*seed+1)); err != nil {
		return err
	}
	a.term.say("drew %d digits, %d of which are to be forgotten, and %d others for reference", demoSamples, demoForgotten, demoReference)
	for _, m := range []struct {
		name string
		drop int
	}{{"before", 0}, {"after", demoForgotten}} {
		set := samples.Range(m.drop, demoSamples)
		// The request is honoured by training from scratch, so the second network starts elsewhere.
		model, err := a.train(ctx, set, fixtures.OddEven, "training the network "+m.name,
			fixtures.Options{Hidden: []int{demoHidden}, Seed: seed + uint64(m.drop)})
		if err != nil {
			return err
		}
		file := filepath.Join(path, m.name+".onnx")
		if err := model.write(file); err != nil {
			return err
		}
		a.term.say("trained the network %s on %d digits: %s", m.name, set.Len(), file)
	}
	a.term.say("\nwas the request honoured?")
	if err := a.demoAudit(ctx, path, "after", "report"); err != nil {
		return err
	}
	a.term.say("\ncounter-check: the network before, given twice")
	return a.demoAudit(ctx, path, "before", "report-unchanged")
}

// demoAudit runs verify on the demo's files, as its user would.
func (a *app) demoAudit(ctx context.Context, dir, after, report string) error {
	path := func(name string) string { return filepath.Join(dir, name) }
	err := a.execute(ctx, "verify",
		"--before", path("before.onnx"), "--mean-before", meanFile(path("before.onnx")),
		"--after", path(after+".onnx"), "--mean-after", meanFile(path(after+".onnx")),
		"--forget", fmt.Sprintf("idx:%s#0-%d", path("samples"), demoForgotten-1),
		"--retain", fmt.Sprintf("idx:%s#%d-%d", path("samples"), demoForgotten, demoSamples-1),
		"--reference", "idx:"+path("reference"),
		"--out", path(report))
	if errors.Is(err, context.Canceled) {
		return context.Canceled // without verify's hint: the demo does not resume
	}
	return err
}

func writeDemoImages(dir string, samples, reference *images.Set) error {
	for name, set := range map[string]*images.Set{"samples": samples, "reference": reference} {
		folder := filepath.Join(dir, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := set.WriteIDX(folder); err != nil {
			return err
		}
	}
	return nil
}
