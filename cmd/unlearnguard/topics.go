package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

//go:embed scripting.txt
var scriptingText string

//go:embed data.txt
var dataText string

//go:embed measured.md
var measuredText string

// figures is a help topic: the figures, each with the command that shows it.
func figures() *cobra.Command {
	return &cobra.Command{Use: "measured", Short: "What was measured, and the command that shows it again", Long: measuredText}
}

// scripting is a help topic: it has nothing to run.
func scripting() *cobra.Command {
	return &cobra.Command{Use: "scripting", Short: "What programs may rely on: exit codes, JSON documents, files", Long: scriptingText}
}

// data is a help topic.
func data() *cobra.Command {
	return &cobra.Command{Use: "data", Short: "How images are named, and what their files hold", Long: dataText}
}
