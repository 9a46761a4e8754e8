package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DefaultLease is how long a worker may be silent before its job goes to another.
const DefaultLease = 30 * time.Second

// Options say where the queue is. The zero value of all but URL is useful.
type Options struct {
	URL string
	// Token, if not empty, is the secret that the server asks for.
	Token string
	// Creds, if not empty, names a file of NATS credentials, or with a user's seed alone.
	Creds string
	// CA, if not empty, names a file with the certificate that the server's must be signed by.
	CA string
	// Name is that of this party, for people.
	Name string
	// Replicas is the number of copies that a cluster keeps. If 0, one.
	Replicas int
	// Lost, if not nil, is called when the connection is lost or the server has not done for a while what is asked, as with a full
	// disk (with the reason), and when all is well again (with nil). It may be called by several goroutines at a time.
	Lost func(error)
}

// Queue is a connection to a queue.
type Queue struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	name string
	lost func(error)

	jobs                               jetstream.Stream
	results, failed, attempts, running jetstream.KeyValue
	files, reports, checkpoints        jetstream.ObjectStore
	closed                             chan struct{}
}

// ErrRefused is wrapped by the error for credentials that the server does not take.
var ErrRefused = errors.New("the server refuses these credentials")

// Open connects and makes what is not there yet. It fails where there is no server.
func Open(ctx context.Context, o Options) (*Queue, error) {
	q := &Queue{name: o.Name, lost: o.Lost, closed: make(chan struct{})}
	settings := []nats.Option{
		nats.Name(o.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(200 * time.Millisecond),
		nats.ClosedHandler(func(*nats.Conn) { close(q.closed) }),
	}
	if o.Lost != nil {
		settings = append(settings,
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				if err != nil {
					o.Lost(err)
				}
			}),
			nats.ReconnectHandler(func(*nats.Conn) { o.Lost(nil) }))
	}
	credentials, err := o.credentials()
	if err != nil {
		return nil, err
	}
	if q.nc, err = nats.Connect(o.URL, append(settings, credentials...)...); err != nil {
		if errors.Is(err, nats.ErrAuthorization) {
			err = ErrRefused
		}
		return nil, fmt.Errorf("%s: %w", o.URL, err)
	}
	if err := q.prepare(ctx, max(1, o.Replicas)); err != nil {
		q.Close()
		return nil, fmt.Errorf("%s: %w", o.URL, err)
	}
	return q, nil
}

func (o Options) credentials() ([]nats.Option, error) {
	var out []nats.Option
	if o.Token != "" {
		out = append(out, nats.Token(o.Token))
	}
	if o.CA != "" {
		out = append(out, nats.RootCAs(o.CA))
	}
	if o.Creds == "" {
		return out, nil
	}
	text, err := os.ReadFile(o.Creds)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(text), "BEGIN NATS USER JWT") {
		return append(out, nats.UserCredentials(o.Creds)), nil
	}
	seed, err := nats.NkeyOptionFromSeed(o.Creds)
	if err != nil {
		return nil, fmt.Errorf("%s: it holds neither NATS credentials nor a seed: %w", o.Creds, err)
	}
	return append(out, seed), nil
}

// Close ends the connection.
func (q *Queue) Close() { q.nc.Close() }

const prefix = "unlearnguard"

func (q *Queue) prepare(ctx context.Context, replicas int) error {
	var err error
	if q.js, err = jetstream.New(q.nc); err != nil {
		return err
	}
	q.jobs, err = q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: prefix + "-jobs", Subjects: []string{prefix + ".jobs.*.*"}, Retention: jetstream.WorkQueuePolicy,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, Replicas: replicas,
	})
	if err != nil {
		return err
	}
	for _, b := range []struct {
		name  string
		store *jetstream.KeyValue
		kept  jetstream.KeyValueConfig
	}{
		{"results", &q.results, jetstream.KeyValueConfig{}},
		{"failed", &q.failed, jetstream.KeyValueConfig{}},
		{"attempts", &q.attempts, jetstream.KeyValueConfig{}},
		{"running", &q.running, jetstream.KeyValueConfig{TTL: time.Minute}},
	} {
		b.kept.Bucket, b.kept.Replicas = prefix+"-"+b.name, replicas
		if *b.store, err = q.js.CreateOrUpdateKeyValue(ctx, b.kept); err != nil {
			return err
		}
	}
	for _, b := range []struct {
		name  string
		store *jetstream.ObjectStore
	}{{"files", &q.files}, {"reports", &q.reports}, {"checkpoints", &q.checkpoints}} {
		*b.store, err = q.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: prefix + "-" + b.name, Replicas: replicas})
		if err != nil {
			return err
		}
	}
	return nil
}

// versionToken is a word for a version of the program that a subject may hold. Workers take the jobs of their own version alone:
// another version may write another report.
func versionToken(tool string) string {
	sum := sha256.Sum256([]byte(tool))
	return hex.EncodeToString(sum[:8])
}

func subject(tool, key string) string { return prefix + ".jobs." + versionToken(tool) + "." + key }

// final are errors that another try does not change.
func final(err error) bool {
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrObjectNotFound) ||
		errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, errTaken) || errors.Is(err, nats.ErrConnectionClosed)
}

// toldAfter is for how long the server may fail before Options.Lost is called.
const toldAfter = 5 * time.Second

// insist does something small until it succeeds, fails for good, or ctx ends: the server may be away for a while.
func (q *Queue) insist(ctx context.Context, do func(ctx context.Context) error) error {
	return q.insistOn(ctx, 0, do)
}

// insistOn is insist for a transfer of so many bytes, which is given a second for each MB.
func (q *Queue) insistOn(ctx context.Context, bytes int64, do func(ctx context.Context) error) error {
	patience := 5*time.Second + time.Duration(bytes)*time.Microsecond
	begun, told := time.Now(), false
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		once, cancel := context.WithTimeout(ctx, patience)
		err := do(once)
		cancel()
		if err == nil || final(err) || ctx.Err() != nil {
			if told && err == nil {
				q.lost(nil)
			}
			return err
		}
		if !told && q.lost != nil && q.nc.IsConnected() && time.Since(begun) > toldAfter { // a lost connection has been told of
			told = true
			q.lost(err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-q.closed:
			return err
		case <-time.After(wait):
		}
	}
}
