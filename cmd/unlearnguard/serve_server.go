//go:build !noserve

package main

import (
	"fmt"
	"os"

	"github.com/nats-io/nkeys"

	"unlearnguard/cmd/internal/queue/server"
)

// startServer starts the server that the flags ask for. The build tag noserve leaves it out: of 62 MB the server is 15, and what
// clients need is 7 at most. Neither shows in the time that a command takes to start (50 to 70 ms of CPU with and without).
func startServer(o serveOptions, token string, log func(string)) (serving, error) {
	user, err := publicKey(o.creds)
	if err != nil {
		return nil, err
	}
	return server.Start(server.Options{Store: o.store, Listen: o.listen, Token: token, User: user, Cert: o.cert, Key: o.key, Log: log})
}

// publicKey is that of the user whose seed stands in a file; empty where none is named.
func publicKey(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--creds: %w", err)
	}
	pair, err := nkeys.ParseDecoratedUserNKey(text)
	if err != nil {
		return "", fmt.Errorf("--creds %s: %w", path, err)
	}
	defer pair.Wipe()
	return pair.PublicKey()
}
