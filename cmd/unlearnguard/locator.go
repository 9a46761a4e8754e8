package main

import (
	"context"

	"unlearnguard/graph"
	"unlearnguard/metrics/audit"
)

// locator says where the file or folder lies that a flag names; nil stands for where the name itself says. A report holds the
// names, so that it is the same wherever the files lie.
type locator func(name string) string

func (l locator) path(name string) string {
	if l == nil {
		return name
	}
	return l(name)
}

// model imports the model that a flag names.
func (l locator) model(ctx context.Context, name string, o graph.Options) (*audit.Model, error) {
	m, err := audit.Import(ctx, l.path(name), o)
	if err == nil {
		m.Rename(name)
	}
	return m, err
}
