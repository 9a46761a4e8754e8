//go:build noserve

package main

import "errors"

// startServer says that this program was built without the server.
func startServer(serveOptions, string, func(string)) (serving, error) {
	return nil, errors.New("this program was built without the server (-tags noserve): use another build, or an existing NATS server with JetStream")
}
