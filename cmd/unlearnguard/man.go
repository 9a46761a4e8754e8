package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// man writes manual pages: one for the program, and one for every command.
func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write manual pages",
		Long: `Man writes a manual page for the program and one for every command, to be read with "man FOLDER/unlearnguard.1" or put
into a folder of MANPATH.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return writePages(c.Root(), args[0])
		},
	}
}

func writePages(c *cobra.Command, folder string) error {
	if c.Name() == "help" || c.Hidden {
		return nil
	}
	err := create(filepath.Join(folder, pageOf(c)+".1"), func(f *os.File) error {
		_, err := f.WriteString(manual(c))
		return err
	})
	for _, sub := range c.Commands() {
		if err == nil {
			err = writePages(sub, folder)
		}
	}
	return err
}

// pageOf is the name of a command's page, such as unlearnguard-verify.
func pageOf(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manual is a command's page, in the macros of man(7).
func manual(c *cobra.Command) string {
	var out strings.Builder
	section := func(title, text string) {
		if text = strings.Trim(text, "\n"); text != "" {
			fmt.Fprintf(&out, ".SH %s\n.nf\n%s\n.fi\n", title, roff(text))
		}
	}
	fmt.Fprintf(&out, ".TH %q 1 \"\" %q\n", strings.ToUpper(pageOf(c)), "unlearnguard "+version())
	fmt.Fprintf(&out, ".SH NAME\n%s \\- %s\n", roff(pageOf(c)), roff(c.Short))
	section("SYNOPSIS", c.UseLine())
	section("DESCRIPTION", c.Long)
	section("EXAMPLES", c.Example)
	if options := optionsOf(c); options != "" {
		fmt.Fprintf(&out, ".SH OPTIONS\n%s", options)
	}
	section("EXIT STATUS", strings.TrimPrefix(strings.TrimSpace(exitHelp), "Exit status:"))
	var also []string
	if c.HasParent() {
		also = append(also, pageOf(c.Parent())+"(1)")
	}
	for _, sub := range c.Commands() {
		if sub.Name() != "help" && !sub.Hidden {
			also = append(also, pageOf(sub)+"(1)")
		}
	}
	section("SEE ALSO", strings.Join(slices.Compact(also), ", "))
	return out.String()
}

func optionsOf(c *cobra.Command) string {
	var out strings.Builder
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(&out, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(name+" "+value)), roff(usage))
	})
	return out.String()
}

// roff protects what troff would take for commands.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
