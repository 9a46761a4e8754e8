package main

import (
	"context"
	"errors"

	"unlearnguard/cmd/internal/audit"
)

// The exit codes, in one place. 2 is left to a crash of the Go runtime, so that a panic never reads as a verdict.
const (
	exitDone         = 0
	exitError        = 1
	exitRetained     = 10
	exitInconclusive = 11
	exitOutOfScope   = 12
	exitInterrupted  = 130
)

const exitHelp = `
Exit status:
  0    done
  1    error
  10   a sample is still recoverable, and --fail-on retained was given
  11   inconclusive, and --fail-on inconclusive was given
  12   the model is outside what the method applies to
  130  interrupted`

// verdictError ends a command that did its work with the exit code that --fail-on asks for.
type verdictError struct {
	code   int
	reason string
}

func (e *verdictError) Error() string { return e.reason }

// exitCode maps what a command returned to the process's exit code.
func exitCode(err error) int {
	var verdict *verdictError
	var scope *audit.ScopeError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &verdict):
		return verdict.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &scope):
		return exitOutOfScope
	default:
		return exitError
	}
}
