package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// app is what the commands share: where data and messages go.
type app struct {
	out  io.Writer
	term *terminal
}

// run executes one command line and returns the process's exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{out: stdout, term: newTerminal(stderr)}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		a.term.say("unlearnguard: %s", strings.TrimSpace(message(err)))
	}
	return exitCode(err)
}

// message words an error for people.
func message(err error) string {
	if exitCode(err) == exitInterrupted {
		return "interrupted"
	}
	return err.Error()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "unlearnguard",
		Short: "Are these training samples still inside this network?",
		Long: `Unlearnguard says whether given training samples are still inside a trained network that was received as an ONNX
file, from its parameters alone.

Start with "unlearnguard demo": it needs nothing and shows everything.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.demo(), a.inspect(), a.reconstruct(), a.verify(), a.compare(), a.fixture())
	for _, c := range root.Commands() {
		c.Long += "\n" + exitHelp
	}
	return root
}

// chosen checks a flag that takes one of a few words.
func chosen(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("--%s %q: give one of %s", flag, value, strings.Join(allowed, ", "))
}
