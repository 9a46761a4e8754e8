package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/metrics/attest"
	"unlearnguard/onnxio"
	"unlearnguard/onnxio/file"
)

// commitOptions are the flags of attest commit.
type commitOptions struct {
	models   []string
	key, out string
}

func (a *app) attestCommit() *cobra.Command {
	var o commitOptions
	c := &cobra.Command{
		Use:   "commit MODEL... --key PRIVATE.pem",
		Short: "Sign the digests of models, such as initial weights before training",
		Long: `Commit signs the SHA-256 digests of models, and of files beside them that hold weights, with the present time: an in-toto
statement in a DSSE envelope. Signed by somebody whom the parties trust, before anybody knows what will have to be
forgotten, a commitment to a network's initial weights lets verify --initial-commitment take them for genuine.`,
		Example: "  unlearnguard attest commit initial.onnx --key notary.pem --out initial.commitment.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.models = args
			return a.runAttestCommit(c.Context(), o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.key, "key", "", "private `KEY` (PEM)")
	f.StringVarP(&o.out, "out", "o", "commitment.json", "`FILE` to write")
	require(c, "key")
	return c
}

func (a *app) runAttestCommit(ctx context.Context, o commitOptions) error {
	key, err := file.Read(o.key, attest.MaxKeyBytes)
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	files := map[string]string{}
	add := func(name, sum string) error {
		if was, ok := files[name]; ok && was != sum {
			return fmt.Errorf("two different files are named %s", name)
		}
		files[name] = sum
		return nil
	}
	for _, path := range o.models {
		m, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
		if err != nil {
			return err
		}
		if err := add(filepath.Base(path), m.SHA256); err != nil {
			return err
		}
		for _, f := range m.External {
			if err := add(f.Location, f.SHA256); err != nil {
				return err
			}
		}
	}
	envelope, err := attest.Commit(ctx, files, time.Now(), key)
	if err != nil {
		return err
	}
	if err := create(o.out, func(f *os.File) error { _, err := f.Write(envelope); return err }); err != nil {
		return err
	}
	a.term.say("%s: %d files committed to", o.out, len(files))
	return nil
}
