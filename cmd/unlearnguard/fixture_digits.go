package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures/digits"
)

func (a *app) fixtureDigits() *cobra.Command {
	var n int
	var seed uint64
	var out string
	c := &cobra.Command{
		Use:   "digits -o FOLDER",
		Short: "Draw labelled images of digits",
		Long: `Digits draws images of the digits 0 to 9, in turn, each set in a typeface and bent, scaled, turned and blurred in its own
way, and writes them with their labels as MNIST's files are: FOLDER is then a data set idx:FOLDER. Two folders drawn with
different seeds have no image in common.`,
		Example: `  unlearnguard fixture digits -n 400 -o digits
  unlearnguard fixture train --data idx:digits --samples 20 -o before.onnx`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runDigits(n, seed, out) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVarP(&n, "number", "n", 400, "`number` of images")
	f.Uint64Var(&seed, "seed", 0, "`seed` of the drawing")
	f.StringVarP(&out, "out", "o", "", "`FOLDER` to write to")
	require(c, "out")
	return c
}

func (a *app) runDigits(n int, seed uint64, out string) error {
	if err := within("number", n, 1, 1<<20); err != nil {
		return err
	}
	dir, err := openOut(out)
	if err != nil {
		return err
	}
	defer dir.Close()
	set := digits.Draw(n, seed)
	if err := dir.Finish(func(stage string) error { return set.WriteIDX(stage) }); err != nil {
		return err
	}
	a.term.say("drew %d digits: %s", n, fmt.Sprintf("idx:%s#0-%d", out, n-1))
	return nil
}
