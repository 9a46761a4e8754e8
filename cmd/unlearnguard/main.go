// Unlearnguard says whether given training samples are still inside a trained network that was received as an ONNX file,
// from its parameters alone. Run it without arguments for its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if os.Getenv("GOGC") == "" {
		limitGarbage()
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away is an error of what it read, and does not end work whose messages it read
	ctx, stop := signal.NotifyContext(context.Background(), ending()...)
	// The first signal asks the work to end, with a checkpoint; the second one ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// ending are the signals that ask the work to end. A closed terminal (SIGHUP) is one, but for a process that nohup started.
func ending() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
