// Unlearnguard says whether given training samples are still inside a trained network that was received as an ONNX file,
// from its parameters alone. Run it without arguments for its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// garbage is the percentage of what is in use that may be garbage besides. A pair of ResNet-18 takes 3.2 GB at the usual 100, and
// 1.8 at this, and no longer: buffers are used again, so that little is ever collected.
const garbage = 12

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
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
