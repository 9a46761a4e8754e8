//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// fixtures makes a pair of networks of eight digits, a damaged one, the right and a wrong token, and the manifest of the trial.
func (b *bench) fixtures(ctx context.Context, p plan) error {
	for _, args := range [][]string{
		{"fixture", "digits", "-n", "40", "-o", "digits"},
		{"fixture", "digits", "-n", "40", "--seed", "1", "-o", "others"},
		{"fixture", "train", "--data", "idx:digits", "--samples", "8", "--hidden", "20", "-o", "before.onnx"},
		{"fixture", "train", "--data", "idx:digits", "--samples", "8", "--hidden", "20", "--drop", "0", "--seed", "1", "-o", "after.onnx"},
	} {
		if _, err := b.must(ctx, 0, args...); err != nil {
			return err
		}
	}
	if err := os.WriteFile(b.path("token"), []byte("secret\n"), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(b.path("wrong"), []byte("guess\n"), 0o600); err != nil {
		return err
	}
	whole, err := os.ReadFile(b.path("before.onnx"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.path("poison.onnx"), whole[:len(whole)/3], 0o644); err != nil {
		return err
	}
	return b.manifest("audits.yaml", p.audits, 0, true)
}

// manifest writes a list of n audits, whose seeds begin at first, and with poison one whose model is damaged.
func (b *bench) manifest(name string, n, first int, poison bool) error {
	var text strings.Builder
	text.WriteString(`defaults:
  restarts: 1
  before: before.onnx
  mean-before: before.mean.npy
  after: after.onnx
  mean-after: after.mean.npy
  reference: idx:others#0-9
audits:
`)
	for i := range n {
		text.WriteString(entry(i, first))
	}
	if poison {
		text.WriteString("  - {name: poison, after: poison.onnx, forget: 'idx:digits#0'}\n")
	}
	return os.WriteFile(b.path(name), []byte(text.String()), 0o644)
}

// entry is one audit. Its seed makes it differ from all others.
func entry(i, first int) string {
	return fmt.Sprintf("  - {name: audit-%04d, seed: %d, forget: 'idx:digits#%d', retain: 'idx:digits#8-9'}\n", i, first+i, i%8)
}
