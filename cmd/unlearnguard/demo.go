package main

import (
	"context"
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
	c.Flags().StringVarP(&out, "out", "o", "unlearnguard-demo", "folder to write to")
	c.Flags().Uint64Var(&seed, "seed", 2, "seed of everything that is drawn")
	return c
}

func (a *app) runDemo(ctx context.Context, dir string, seed uint64) error {
	samples := digits.Draw(demoSamples, 2*seed)
	if err := writeDemoImages(dir, samples, digits.Draw(demoReference, 2*seed+1)); err != nil {
		return err
	}
	a.term.say("drew %d digits, %d of which are to be forgotten, and %d others for reference", demoSamples, demoForgotten, demoReference)
	for _, m := range []struct {
		name string
		drop int
	}{{"before", 0}, {"after", demoForgotten}} {
		set := samples.Subset(sequence(m.drop, demoSamples))
		// The request is honoured by training from scratch, so the second network starts elsewhere.
		model, err := a.trainModel(ctx, set, fixtures.OddEven, "training the network "+m.name,
			fixtures.Options{Hidden: []int{demoHidden}, Seed: seed + uint64(m.drop)})
		if err != nil {
			return err
		}
		path := filepath.Join(dir, m.name)
		if err := model.write(path+".onnx", path+".mean.npy"); err != nil {
			return err
		}
		a.term.say("trained the network %s on %d digits: %s.onnx", m.name, set.Len(), path)
	}
	a.term.say("\nwas the request honoured?")
	if err := a.runVerify(ctx, demoRequest(dir, "after", "report", seed)); err != nil {
		return err
	}
	a.term.say("\ncounter-check: the network before, given twice")
	return a.runVerify(ctx, demoRequest(dir, "before", "report-unchanged", seed))
}

// demoRequest is the audit of the demo's files, as its user would ask for it.
func demoRequest(dir, after, report string, seed uint64) verifyOptions {
	path := func(name string) string { return filepath.Join(dir, name) }
	return verifyOptions{
		before: path("before.onnx"), normBefore: normFlags{mean: path("before.mean.npy")},
		after: path(after + ".onnx"), normAfter: normFlags{mean: path(after + ".mean.npy")},
		forget:     []string{fmt.Sprintf("idx:%s#0-%d", path("samples"), demoForgotten-1)},
		retain:     []string{fmt.Sprintf("idx:%s#%d-%d", path("samples"), demoForgotten, demoSamples-1)},
		reference:  []string{"idx:" + path("reference")},
		out:        path(report),
		format:     "text",
		ssimWindow: "uniform",
		seed:       seed,
	}
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

// sequence returns from, from+1 ... to-1.
func sequence(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}
