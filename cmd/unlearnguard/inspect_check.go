package main

import (
	"context"
	"fmt"
	"strings"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/onnxio"
)

// checkFlags name what another runtime computed, and bound what is read of it.
type checkFlags struct {
	path      string
	maxImages int
}

// run runs the model on x of an .npz file and compares with y, or with the array named for the output. Where the model leaves
// its input open, x says what the report is about. The check is nil for a model that cannot be run, of which the report says
// why.
func (f checkFlags) run(ctx context.Context, model *onnxio.Model, rep *chain.Report, opts graph.Options) (*chain.Report, *graph.Check, error) {
	arrays, err := images.OpenArrays(f.path)
	if err != nil {
		return rep, nil, fmt.Errorf("--check: %w", err)
	}
	shape, err := arrays.Shape("x")
	if err != nil {
		return rep, nil, fmt.Errorf("--check: %w", err)
	}
	network, err := graph.Compile(model, opts)
	if err != nil && opts.InputShape == nil && len(shape) > 1 {
		opts.InputShape = shape[1:]
		if network, err = graph.Compile(model, opts); err == nil {
			if rep, err = chain.Inspect(ctx, model, opts); err != nil {
				return rep, nil, fmt.Errorf("%s: %w", model.Path, err)
			}
			rep.Notes = append(rep.Notes, fmt.Sprintf("the model leaves the shape of its input open; one sample of x of %s has the shape %v", f.path, shape[1:]))
		}
	}
	if err != nil {
		rep.Notes = append(rep.Notes, fmt.Sprintf("--check %s: nothing was compared, as the model cannot be run", f.path))
		return rep, nil, nil
	}
	check, err := f.compare(ctx, network, arrays, max(parametersOf(model), rep.Parameters))
	return rep, check, err
}

// parametersOf counts the constants that a model holds.
func parametersOf(model *onnxio.Model) int {
	n := 0
	for _, t := range model.Initializers {
		n += t.Len()
	}
	return n
}

// compare reads no array that states more than the network can give for the samples.
func (f checkFlags) compare(ctx context.Context, network *graph.Network, arrays *images.Arrays, parameters int) (*graph.Check, error) {
	x, _, err := arrays.Read(f.maxImages*network.InputElements(), "x")
	if err != nil {
		return nil, fmt.Errorf("--check: %w", err)
	}
	outputs := network.OutputElements(len(x) / max(1, network.InputElements()))
	y, _, err := arrays.Read(outputs, "y", network.OutputName)
	if err != nil {
		return nil, fmt.Errorf("--check: %w", err)
	}
	check, err := network.Check(ctx, x, y)
	if err == nil {
		err = checkGradients(ctx, network, check, arrays, x, outputs, parameters)
	}
	if err != nil {
		return nil, fmt.Errorf("--check %s: %w", f.path, err)
	}
	return check, nil
}

// checkGradients compares gradients where the file has any: as many numbers as there are outputs, inputs and parameters.
func checkGradients(ctx context.Context, network *graph.Network, check *graph.Check, from *images.Arrays, x []float64, outputs, parameters int) error {
	arrays := map[string][]float64{}
	var err error
	for _, name := range from.Names() {
		key, most := name, parameters
		switch {
		case name == "dy":
			most = outputs
		case name == "dx":
			key, most = "x", len(x)
		case !strings.HasPrefix(name, "d:"):
			continue
		}
		if arrays[key], _, err = from.Read(most, name); err != nil {
			return err
		}
		if strings.HasPrefix(name, "d:") {
			parameters -= len(arrays[key])
		}
	}
	dy, ok := arrays["dy"]
	if !ok {
		return nil
	}
	delete(arrays, "dy")
	if check.Gradients, err = network.CheckGradients(ctx, x, dy, arrays); err != nil {
		return err
	}
	check.GradientTolerance = network.GradientTolerance()
	for _, e := range check.Gradients {
		check.Passed = check.Passed && e.MaxScaledError <= check.GradientTolerance
	}
	return nil
}
