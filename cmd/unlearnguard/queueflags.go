package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/queue"
	"unlearnguard/onnxio/file"
)

const queueHelp = `
The queue is NATS JetStream: that of unlearnguard serve, or a cluster that is there already. --token-file names a file with the
secret that its server asks for, --creds one with NATS credentials; tls:// in place of nats:// insists on encryption.`

// queueFlags say where the queue is.
type queueFlags struct {
	url, tokenFile, creds, ca string
	replicas                  int
}

func (q *queueFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&q.url, "queue", "nats://127.0.0.1:4222", "`URL` of the queue; several, separated by commas, of a cluster")
	addSecret(c, &q.tokenFile, &q.creds)
	f.StringVar(&q.ca, "tls-ca", "", "`FILE` with the certificate that the server's must be signed by (PEM)")
	f.IntVar(&q.replicas, "replicas", 1, "`number` of copies that a cluster keeps of everything")
}

func addSecret(c *cobra.Command, tokenFile, creds *string) {
	c.Flags().StringVar(tokenFile, "token-file", "", "`FILE` with the secret that clients give")
	c.Flags().StringVar(creds, "creds", "", "`FILE` with NATS credentials, or with a user's seed")
	c.MarkFlagsMutuallyExclusive("token-file", "creds")
}

// open connects to the queue.
func (q *queueFlags) open(ctx context.Context, a *app) (*queue.Queue, error) {
	token, err := readToken(q.tokenFile)
	if err != nil {
		return nil, err
	}
	if err := within("replicas", q.replicas, 1, 5); err != nil {
		return nil, err
	}
	opened, err := queue.Open(ctx, queue.Options{URL: q.url, Token: token, Creds: q.creds, CA: q.ca, Name: workerName(), Replicas: q.replicas,
		Lost: func(err error) {
			if err != nil {
				a.term.say("the queue does not answer as it should (%v): waiting for it", err)
			} else {
				a.term.say("the queue is back")
			}
		}})
	switch {
	case errors.Is(err, queue.ErrRefused):
		err = &hinted{err, "give the secret of the server with --token-file or --creds"}
	case err != nil && ctx.Err() == nil:
		err = &hinted{fmt.Errorf("--queue: %w", err), "unlearnguard serve starts a server of one's own"}
	}
	return opened, err
}

// maxToken bounds the length of a secret's file.
const maxToken = 4 << 10

// readToken reads the secret in a file; there is none where no file is named.
func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := file.Read(path, maxToken)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("--token-file %s: give a file with one word, the secret", path)
	}
	return token, nil
}

// workerName names this process for people.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
