package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	store, listen, tokenFile, creds, cert, key string
}

func (a *app) serve() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve --store FOLDER --token-file FILE",
		Short: "A queue of one's own, for submit and work",
		Long: `Serve runs a NATS server with JetStream, which keeps the queue, its files and its reports in the folder named by --store, until it is
interrupted. Everything is on the disk before it is confirmed, so that a kill or a crash loses nothing that was. It ends with an error where the folder
can no longer be written, as on a full disk; workers wait until it is started again.

By default only this machine can reach it. An address that others can reach takes --tls-cert and --tls-key, and --token-file or
--creds; it is refused otherwise. Whoever has the secret may read and write everything in the queue.

A token file holds one word, such as one made by

  head -c 24 /dev/urandom | base64 >token`,
		Example: `  unlearnguard serve --store queue --token-file token
  unlearnguard serve --store queue --listen 0.0.0.0:4222 --token-file token --tls-cert server.pem --tls-key server.key`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runServe(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.store, "store", "", "`FOLDER` that keeps everything; it is made if it is not there")
	f.StringVar(&o.listen, "listen", "127.0.0.1:4222", "`ADDRESS` to listen on, HOST:PORT; port 0 is any that is free")
	addSecret(c, &o.tokenFile, &o.creds)
	f.StringVar(&o.cert, "tls-cert", "", "certificate `FILE` (PEM)")
	f.StringVar(&o.key, "tls-key", "", "private key `FILE` of the certificate (PEM)")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	require(c, "store")
	return c
}

// serving is a server that runs.
type serving interface {
	URL() string
	// Broken delivers the reason when the store can no longer be written.
	Broken() <-chan error
	Stop()
}

func (a *app) runServe(ctx context.Context, o serveOptions) error {
	token, err := readToken(o.tokenFile)
	if err != nil {
		return err
	}
	s, err := startServer(o, token, func(line string) { a.term.say("%s", line) })
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	a.term.say("the queue is at %s", s.URL())
	defer s.Stop()
	select {
	case <-ctx.Done():
		return nil // to be interrupted is how it ends
	case err := <-s.Broken():
		return &hinted{fmt.Errorf("--store %s cannot be written: %w", o.store, err), "nothing that was confirmed is lost, and workers wait: make room, and start serve again"}
	}
}
