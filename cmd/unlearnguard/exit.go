package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/queue"
	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/graph"
	"unlearnguard/metrics/audit"
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
  130  interrupted
Any other is a failure. "unlearnguard help scripting" has more for programs.`

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
	var defect *graph.DefectError
	var elsewhere *queue.Failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &defect):
		return exitError
	case errors.As(err, &verdict):
		return verdict.code
	case errors.As(err, &elsewhere):
		return max(elsewhere.Code, exitError)
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &scope):
		return exitOutOfScope
	default:
		return exitError
	}
}

// hinted is an error with what its user can do, in a line of its own.
type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }

// resumable adds to the error of a command that was interrupted, or had no space left, that a checkpoint is in dir, if one is.
func resumable(err error, dir string) error {
	if (errors.Is(err, context.Canceled) || errors.Is(err, syscall.ENOSPC)) && outdir.Kept(dir) {
		return &hinted{err, fmt.Sprintf("what is done so far is kept in %s: the same command with --resume goes on from there", dir)}
	}
	return err
}

// messages words an error for people, in one message for each thing that is wrong.
func messages(err error) []string {
	var several batch.Errors
	switch {
	case err == nil:
		return nil
	case exitCode(err) == exitInterrupted:
		return []string{"interrupted"}
	case errors.As(err, &several):
		return strings.Split(several.Error(), "\n")
	}
	return []string{strings.TrimSpace(err.Error())}
}

// hint says what can be done about an error, where that is not in its message.
func hint(err error) string {
	var h *hinted
	var scope *audit.ScopeError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &scope):
		return fmt.Sprintf("unlearnguard inspect %s says what it is", quoted(scope.Path))
	case errors.Is(err, fs.ErrNotExist):
		return "check the spelling; paths are relative to the folder that the command runs in"
	}
	return ""
}
