package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

//go:embed scripting.txt
var scriptingText string

// scripting is a help topic: it has nothing to run.
func scripting() *cobra.Command {
	return &cobra.Command{Use: "scripting", Short: "What programs may rely on: exit codes, JSON documents, files", Long: scriptingText}
}
