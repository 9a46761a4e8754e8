package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"unlearnguard/onnxio/file"
)

// app is what the commands share: where data and messages go.
type app struct {
	out  io.Writer
	term *terminal
}

// run executes one command line and returns the process's exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{out: stdout, term: newTerminal(stderr)}
	stop := a.term.beating()
	err := a.execute(ctx, args...)
	stop()
	for _, line := range messages(err) {
		a.term.complain("unlearnguard: %s", line)
	}
	if h := hint(err); h != "" {
		a.term.complain("unlearnguard: hint: %s", h)
	}
	return exitCode(err)
}

// defectError is a panic: a defect of this program, whatever it was given.
type defectError struct {
	value any
	stack []byte
}

func (e *defectError) Error() string {
	text := fmt.Sprintf("%v: this is a defect, please report it with the command and, if you can, its files", e.value)
	if os.Getenv("UNLEARNGUARD_DEBUG") != "" {
		text += "\n" + string(e.stack)
	}
	return text
}

// caught, deferred, turns a panic into an error.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = &defectError{r, debug.Stack()}
	}
}

// execute runs one command line. No panic leaves it: the exit code of a crash could be taken for another.
func (a *app) execute(ctx context.Context, args ...string) (err error) {
	defer caught(&err)
	root := a.root()
	root.SetArgs(args)
	shown := &outlet{w: a.out}
	root.SetOut(shown)
	root.SetErr(a.term.w)
	return cmp.Or(root.ExecuteContext(ctx), shown.err)
}

// outlet keeps the first error of what cobra shows, help and the version, which it would print itself and forget.
type outlet struct {
	w   io.Writer
	err error
}

func (o *outlet) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(p)
	}
	return len(p), nil
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "unlearnguard",
		Short: "Are these training samples still inside this network?",
		Long: `Unlearnguard says whether given training samples are still inside a trained network that was received as an ONNX
file, from its parameters alone.

Start with "unlearnguard demo": it needs nothing and shows everything.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate(versionLine() + "\n")
	root.PersistentFlags().BoolVarP(&a.term.quiet, "quiet", "q", a.term.quiet, "print errors only, and what --format asks for")
	root.SetHelpTemplate(root.HelpTemplate() + "{{if or .Runnable .HasSubCommands}}" + exitHelp + "\n{{end}}")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &hinted{err, fmt.Sprintf("%s --help lists the flags", c.CommandPath())}
	})
	root.AddCommand(a.demo(), a.inspect(), a.reconstruct(), a.verify(), a.audit(), a.serve(), a.submit(), a.work(), a.status(), a.collect(), a.compare(), a.attest(), a.fixture(), a.experiment(), data(), scripting(), figures(), a.man())
	refuseUnknownTopics(root)
	sayWhatIsTaken(root)
	return root
}

// refuseUnknownTopics makes help for what there is no help for an error.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		return
	}
	show := help.Run
	help.Run, help.RunE = nil, func(c *cobra.Command, args []string) error {
		if _, _, err := root.Find(args); err != nil {
			return &hinted{err, "unlearnguard --help lists commands and topics"}
		}
		show(c, args)
		return nil
	}
}

// sayWhatIsTaken names the command in errors about its arguments, with a hint.
func sayWhatIsTaken(c *cobra.Command) {
	if check := c.Args; check != nil && c.HasParent() {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err != nil && hint(err) == "" {
				return &hinted{fmt.Errorf("%s: %w", strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "), err), c.CommandPath() + " --help says what it takes"}
			}
			return err
		}
	}
	for _, sub := range c.Commands() {
		sayWhatIsTaken(sub)
	}
}

// group is a command that only holds others.
func group(use, short, long string, of ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(of...)
	return c
}

// require marks flags that must be given.
func require(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// chosen checks a flag that takes one of a few words.
func chosen(flag, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("--%s %q: give one of %s", flag, value, strings.Join(allowed, ", "))
	}
	return nil
}

// within checks a flag that takes a number from least to most.
func within[T int | float64](flag string, value, least, most T) error {
	if !(least <= value && value <= most) {
		return fmt.Errorf("--%s %v: give a number from %v to %v", flag, value, least, most)
	}
	return nil
}

// versionLine is what --version prints: the version, the commit and the build.
func versionLine() string {
	commit, changed := "of unknown commit", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = "of commit " + s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("unlearnguard version %s, %s%s, built with %s for %s/%s", version(), commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the module's version, made from the commit where the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// build is the version, with the digest of the program where no commit tells it from others: what was done by another build is
// done again, and workers of different builds do not share jobs.
var build = sync.OnceValue(func() string {
	v := version()
	if stamped := v != "unknown" && v != "(devel)" && !strings.HasSuffix(v, "+dirty"); stamped {
		return v
	}
	path, err := os.Executable()
	if err != nil {
		return v
	}
	sum, err := file.Digest(path)
	if err != nil {
		return v
	}
	return v + " sha256:" + sum[:16]
})
