package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"unlearnguard/fixtures"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
)

// change is an operation on a network that needs no data. Its flags are bound by bind, and read when apply is called.
type change struct {
	name, short, long string
	bind              func(f *pflag.FlagSet) (apply func(*chain.Dense) (*chain.Dense, error))
}

// changesOfAny are the operations that a model of another kind can take as well, by the values of the same flags.
var changesOfAny = map[string]func(f *pflag.FlagSet, m *onnxio.Model) (*onnxio.Model, error){
	"prune": func(f *pflag.FlagSet, m *onnxio.Model) (*onnxio.Model, error) {
		share, _ := f.GetFloat64("share")
		by, _ := f.GetString("by")
		seed, _ := f.GetUint64("seed")
		return fixtures.PruneModel(m, share, fixtures.Pruning(by), seed)
	},
	"noise": func(f *pflag.FlagSet, m *onnxio.Model) (*onnxio.Model, error) {
		share, _ := f.GetFloat64("share")
		seed, _ := f.GetUint64("seed")
		return fixtures.NoiseModel(m, share, seed), within("share", share, 0, 1000)
	},
}

var changes = []change{
	{"prune", "Set a share of a network's weights to zero",
		"Prune sets a share of each layer's weights to zero: the smallest, or any.",
		func(f *pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			share := f.Float64("share", 0.2, "`share` of each layer's weights")
			by := f.String("by", string(fixtures.Magnitude), "which `weights`: magnitude or random")
			seed := seedFlag(f)
			return func(net *chain.Dense) (*chain.Dense, error) {
				if err := within("share", *share, 0, 1); err != nil {
					return nil, err
				}
				if err := chosen("by", *by, string(fixtures.Magnitude), string(fixtures.Random)); err != nil {
					return nil, err
				}
				return fixtures.Prune(net, *share, fixtures.Pruning(*by), *seed)
			}
		}},
	{"noise", "Add noise to a network's parameters",
		"Noise adds normally distributed noise to all parameters.",
		func(f *pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			share := f.Float64("share", 0.01, "standard deviation, as a `share` of the root mean square of each layer's weights")
			seed := seedFlag(f)
			return func(net *chain.Dense) (*chain.Dense, error) {
				if err := within("share", *share, 0, 1000); err != nil {
					return nil, err
				}
				return fixtures.AddNoise(net, *share, *seed), nil
			}
		}},
	{"rescale", "Scale a network's neurons without changing what it computes",
		"Rescale multiplies the weights into each hidden neuron and divides those out of it by a random factor.",
		func(f *pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			most := f.Float64("most", 10, "the `factor` lies between 1/most and most")
			seed := seedFlag(f)
			return func(net *chain.Dense) (*chain.Dense, error) {
				if err := within("most", *most, 1, 1e6); err != nil {
					return nil, err
				}
				return fixtures.RescaleNeurons(net, *most, *seed)
			}
		}},
	{"permute", "Put a network's neurons into another order",
		"Permute puts the neurons of each hidden layer into random order, which does not change what the network computes.",
		func(f *pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			seed := seedFlag(f)
			return func(net *chain.Dense) (*chain.Dense, error) { return fixtures.PermuteNeurons(net, *seed), nil }
		}},
	{"round", "Round a network's parameters to a lower precision",
		"Round gives the parameters the values that they have once they were stored in a lower precision.",
		func(f *pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			to := f.String("to", string(fixtures.Float16), "`precision`: fp16 or int8")
			return func(net *chain.Dense) (*chain.Dense, error) {
				if err := chosen("to", *to, string(fixtures.Float16), string(fixtures.Int8)); err != nil {
					return nil, err
				}
				return fixtures.Round(net, fixtures.Precision(*to))
			}
		}},
	{"export", "Write a network as this tool reads it",
		"Export writes the fully connected network that a model amounts to, without what its exporter put around it.",
		func(*pflag.FlagSet) func(*chain.Dense) (*chain.Dense, error) {
			return func(net *chain.Dense) (*chain.Dense, error) { return net, nil }
		}},
}

func seedFlag(f *pflag.FlagSet) *uint64 { return f.Uint64("seed", 0, "`seed` of all random choices") }

// fixtureChanges are the commands for changes.
func (a *app) fixtureChanges() []*cobra.Command {
	var all []*cobra.Command
	for _, ch := range changes {
		var out, format string
		c := &cobra.Command{
			Use:     ch.name + " MODEL -o OUT.onnx",
			Short:   ch.short,
			Long:    ch.long,
			Example: fmt.Sprintf("  unlearnguard fixture %s before.onnx -o %s.onnx", ch.name, ch.name),
			Args:    cobra.ExactArgs(1),
		}
		c.Flags().SortFlags = false
		apply := ch.bind(c.Flags())
		addModelOut(c, &out, &format)
		c.RunE = func(c *cobra.Command, args []string) error {
			return a.runChange(c, ch.name, args[0], out, format, apply)
		}
		all = append(all, c)
	}
	return all
}

// addModelOut adds the flags of a command that writes a model.
func addModelOut(c *cobra.Command, out, format *string) {
	c.Flags().StringVarP(out, "out", "o", "", "`MODEL` to write")
	c.Flags().StringVar(format, "format", "text", "`format`: text, or json for stdout")
	require(c, "out")
}

func (a *app) runChange(c *cobra.Command, name, path, out, format string, apply func(*chain.Dense) (*chain.Dense, error)) error {
	ctx := c.Context()
	if err := chosen("format", format, "text", "json"); err != nil {
		return err
	}
	if err := checkFile(out); err != nil {
		return err
	}
	from, err := audit.Open(ctx, path, graph.Options{})
	if scope := (*audit.ScopeError)(nil); errors.As(err, &scope) && changesOfAny[name] != nil {
		return a.runChangeOfAny(c, name, path, out, format)
	}
	if err != nil {
		return err
	}
	dense, err := from.Dense()
	if err != nil && changesOfAny[name] != nil {
		return a.runChangeOfAny(c, name, path, out, format)
	}
	if err != nil {
		return err
	}
	net, err := apply(dense)
	if err != nil {
		return err
	}
	return a.finishChange(from, net, out, format, made{Operation: name})
}

// runChangeOfAny changes a model that is no fully connected network.
func (a *app) runChangeOfAny(c *cobra.Command, name, path, out, format string) error {
	from, err := onnxio.ReadFile(c.Context(), path, onnxio.Options{})
	if err != nil {
		return err
	}
	model, err := changesOfAny[name](c.Flags(), from)
	if err != nil {
		return err
	}
	return a.finishModel(path, from, model, out, format, made{Operation: name})
}

// finishChange writes the network that was made of a model and says so.
func (a *app) finishChange(from *audit.Model, net *chain.Dense, out, format string, doc made) error {
	err := place(out, func(stage, name string) error {
		return onnxio.WriteFile(filepath.Join(stage, name), fixtures.Export(net))
	})
	if err != nil {
		return err
	}
	a.term.say("%s: made of %s by %s", out, from.Path, doc.Operation)
	doc.From = &modelFile{Path: from.Path, SHA256: from.SHA256}
	return a.printMade(doc, out, format)
}
