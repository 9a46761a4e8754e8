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

// garbage is the share of what is in use that may be garbage besides. The usual 100 % would double the gigabyte that a deep
// network's evidence takes.
const garbage = 40

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks the work to end, with a checkpoint; the second one ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
