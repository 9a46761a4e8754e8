package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"unlearnguard/metrics/report"
)

// tool is what writes reports.
func tool() report.Tool { return report.Tool{Name: "unlearnguard", Version: build()} }

// repetition is how a command's outcome can be had again.
type repetition struct {
	command string
	// configuration has the value of every flag that was given, a list where it may be repeated.
	configuration map[string]any
}

// repetitionOf describes the command line that c runs on.
func repetitionOf(c *cobra.Command, args []string) repetition {
	r := repetition{configuration: map[string]any{}}
	words := append(strings.Fields(c.CommandPath()), args...)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed || isIncidental(f.Name) {
			return
		}
		values := []string{f.Value.String()}
		r.configuration[f.Name] = values[0]
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
			r.configuration[f.Name] = values
		}
		for _, v := range values {
			words = append(words, "--"+f.Name, v)
		}
	})
	for i, w := range words {
		words[i] = quoted(w)
	}
	r.command = strings.Join(words, " ")
	return r
}

// plain are the arguments that no shell takes apart. A # begins a comment only where a word begins.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-][A-Za-z0-9_@%+=:,./#-]*$`)

// quoted protects an argument from a shell.
func quoted(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
